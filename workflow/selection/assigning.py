"""What an assignment is about: cases that need judges, the judges, and who must not judge what. Texts are read only where asked for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy.orm import Session

from rules.call import Call
from rules.words import Text
from states.case import CaseState
from states.judgement import AT_WORK, JudgementState
from workflow.selection import conflicts, judging, pairing
from workflow.store import judging as stored

OPEN = frozenset({JudgementState.INVITED, JudgementState.ACCEPTED})
"""States of what a judge still has to score."""
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


class Assignment:
    """A call's cases and judges as they stand. `instead_of`: a judge whose open cases somebody else is to take; then these alone."""

    def __init__(self, session: Session, call: Call, instead_of: int | None = None) -> None:
        self._session = session
        self._sides: dict[int, stored.CaseSide] = {}
        self.call, self.instead_of = call, instead_of
        self.asked = judging.asked_by(call).judges
        self.listed = {one.id: one for one in stored.cases_of_call(session, call.number)}
        self.judges = stored.judge_sides(session)
        self.lines: dict[int, list[stored.Line]] = defaultdict(list)
        for line in stored.of_call(session, call.number):
            self.lines[line.case_id].append(line)

    @property
    def selecting(self) -> list[int]:
        """Cases that are being selected."""
        return [one.id for one in self.listed.values() if one.state == CaseState.SUBMITTED]

    def sides(self, cases: Iterable[int]) -> dict[int, stored.CaseSide]:
        """These cases with their texts; each is read once."""
        wanted = list(cases)
        if missing := [one for one in wanted if one not in self._sides]:
            self._sides |= stored.case_sides(self._session, missing)
        return {one: self._sides[one] for one in wanted if one in self._sides}

    def given_up(self, case: int) -> stored.Line | None:
        """What the judge who is to be replaced has still to score of a case."""
        found = (one for one in self.lines[case] if one.judge_id == self.instead_of and one.state in OPEN)
        return next(found, None)

    def at_work(self, case: int) -> list[stored.Line]:
        """Judgements of a case that go on."""
        gone = self.given_up(case)
        return [one for one in self.lines[case] if one.state in AT_WORK and one is not gone]

    def wanted(self, case: int) -> int:
        """How many judges a case needs."""
        if self.instead_of is not None:
            return int(self.given_up(case) is not None)
        return max(0, self.asked - len(self.at_work(case)))

    def one_case(self, case: int, language: str = "zh", wanted: int | None = None) -> pairing.OneCase:
        there = {self.judges[one.judge_id].region for one in self.at_work(case) if one.judge_id in self.judges} - {""}
        need = self.wanted(case) if wanted is None else wanted
        return pairing.OneCase(case, self.listed[case].theme, language, need, tuple(sorted(there)))

    def light(self, foreign: Collection[int] = ()) -> pairing.Problem:
        """The problem without conflicts, for counting what pairs come to. `foreign`: cases that are not in Chinese."""
        cases = [one for one in self.selecting if self.instead_of is None or self.wanted(one)]
        return pairing.Problem(
            [self.one_case(one, "en" if one in foreign else "zh") for one in cases],
            [one_judge(one) for one in self.judges.values() if one.id != self.instead_of],
        )

    def problem(self) -> pairing.Problem:
        """The problem with all that must not be, for solving it."""
        cases = [one.id for one in self.light().cases]
        return pairing.Problem(
            self.light(self.foreign(cases)).cases,
            self.light().judges,
            frozenset(
                (case, judge.id)
                for case in cases
                for judge in self.judges.values()
                if self.invited_before(case, judge.id) or self.conflict(case, judge.id) is not None
            ),
        )

    def foreign(self, cases: Sequence[int]) -> list[int]:
        """Which of these cases are not in Chinese."""
        return [one.id for one in self.sides(cases).values() if language_of(one) != "zh"]

    def invited_before(self, case: int, judge: int) -> bool:
        return any(one.judge_id == judge for one in self.lines[case])

    def conflict(self, case: int, judge: int) -> Text | None:
        """Why these two must not be brought together, as far as is known of both sides."""
        kinds = sorted(conflicts.detected(self.sides([case])[case], self.judges[judge]))
        if not kinds:
            return None
        return Text("、".join(one.label.zh for one in kinds), ", ".join(one.label.en for one in kinds))


def one_judge(side: stored.JudgeSide) -> pairing.OneJudge:
    themes, languages = tuple(sorted(side.themes)), tuple(sorted(side.languages))
    return pairing.OneJudge(side.id, side.region, themes, languages, side.load, side.most)


def language_of(case: stored.CaseSide) -> str:
    """ "zh" where a tenth of its signs or more are Chinese, else "en"."""
    text = case.plain
    return "zh" if 10 * len(_CHINESE.findall(text)) >= len(text) else "en"
