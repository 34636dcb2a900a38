"""Somebody else for a judge who declined, has a conflict or is late: who comes next by the costs of an assignment, and the exchange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call
from rules.words import Text
from states.case import CaseState
from states.judgement import JudgementState
from states.reach import Actor
from workflow import working_days
from workflow.selection import conflicts, judging, pairing
from workflow.selection.assigning import OPEN, Assignment, language_of, one_judge
from workflow.selection.judging import Invited, WrongInvitation
from workflow.store import judging as stored

AT_ONCE = 50
"""Judgements of one page, each with who could take it."""
BEST = 3
"""How many are proposed for each."""
DAYS_TO_JUDGE, TOO_SHORT = 10, 5
"""Working days that are proposed for scoring, and fewer than which nobody is asked to take over within."""
_GONE = frozenset({JudgementState.DECLINED, JudgementState.CONFLICTED, JudgementState.RELEASED})
_STILL_HELD = frozenset({*OPEN, JudgementState.SCORED})
LATE = Text("逾期未评", "is late")
CONFLICT = Text("查到应当回避的情形", "has a conflict of interest")


@dataclass(frozen=True)
class Candidate:
    """Somebody who could take a judgement over. `cost`: as an assignment counts it; `why`: what speaks for and against."""

    judge: stored.JudgeSide
    cost: int
    why: Text


@dataclass(frozen=True)
class Vacancy:
    """A judgement that needs somebody else. `why`: why; `held`: whether its judge still holds it, and is released."""

    line: stored.Line
    case: stored.ToJudge
    why: Text
    held: bool
    candidates: Sequence[Candidate] = ()


@dataclass(frozen=True)
class Page:
    """`total`: how many judgements need somebody else; `vacancies`: some of them with who could take them."""

    call: Call
    total: int
    vacancies: Sequence[Vacancy]
    next: int | None


def page(session: Session, call: Call, actor: Actor, at: datetime, first: int = 0) -> Page:
    """What needs somebody else under a call: the late and those with a conflict, and whatever was declined and not made good.

    Raises NoSuchJudgement for all but the desk, the director and the auditor.
    """
    judging.check_office(actor)
    asked = Assignment(session, call)
    found = _vacancies(asked, at)
    shown = [replace(one, candidates=_candidates(asked, one)[:BEST]) for one in found[first : first + AT_ONCE]]
    return Page(call, len(found), shown, first + AT_ONCE if first + AT_ONCE < len(found) else None)


def of_judgement(session: Session, number: int, actor: Actor, at: datetime) -> Vacancy:
    """One judgement with everybody who could take it, the best first, whether or not anything is wrong with it.

    Raises NoSuchJudgement, WrongInvitation where it is locked or its case is selected no more.
    """
    judging.check_office(actor)
    row = judging.find(session, number, actor)
    asked = Assignment(session, judging.call_of_judgement(session, row))
    line = next(one for one in asked.lines[row.case_id] if one.id == number)
    vacancy = _vacancy(asked, line, at)
    return replace(vacancy, candidates=_candidates(asked, vacancy))


def proposed_day(given: date | None, at: datetime) -> date:
    """By when somebody who takes over is asked to score: the day that was given before where it leaves time, else
    `DAYS_TO_JUDGE` working days from now; where holidays are not known, two weeks."""
    today = at.astimezone(BEIJING).date()
    if given is not None and given >= (working_days.later(today, TOO_SHORT) or today + timedelta(days=7)):
        return given
    return working_days.later(today, DAYS_TO_JUDGE) or today + timedelta(days=14)


def _vacancies(asked: Assignment, at: datetime) -> list[Vacancy]:
    found: list[Vacancy] = []
    selecting = asked.selecting
    held = [one for case in selecting for one in asked.lines[case] if one.state in _STILL_HELD]
    asked.sides({one.case_id for one in held})
    for line in held:
        if judging.is_late(line, at) or _detected(asked, line):
            found.append(_vacancy(asked, line, at))
    for case in selecting:
        missing = asked.wanted(case)
        found += [_vacancy(asked, one, at) for one in _not_made_good(asked.lines[case])[-missing:] if missing]
    return found


def _not_made_good(lines: Sequence[stored.Line]) -> list[stored.Line]:
    """Judges of a case who left and since whose leaving nobody was invited; each invitation makes one good."""
    invited = sorted(lines, key=lambda one: one.id)
    left = []
    for gone in sorted((one for one in lines if one.state in _GONE), key=lambda one: one.moved_at):
        later = next((one for one in invited if one.id > gone.id and one.invited_at >= gone.moved_at), None)
        if later is None:
            left.append(gone)
        else:
            invited.remove(later)
    return left


def _vacancy(asked: Assignment, line: stored.Line, at: datetime) -> Vacancy:
    case = asked.listed[line.case_id]
    if case.state != CaseState.SUBMITTED or line.state == JudgementState.LOCKED:
        raise WrongInvitation(
            Text("这项评审已经定分，或者案例不在遴选之中，不能改派。", "It is locked, or its case is selected no more.")
        )
    held = line.state in _STILL_HELD
    if not held:
        return Vacancy(line, case, JudgementState.of(line.state).label, held)
    why = CONFLICT if _detected(asked, line) else LATE if judging.is_late(line, at) else Text("", "")
    return Vacancy(line, case, why, held)


def _detected(asked: Assignment, line: stored.Line) -> bool:
    judge = asked.judges.get(line.judge_id)
    return judge is not None and bool(conflicts.detected(asked.sides([line.case_id])[line.case_id], judge))


def _candidates(asked: Assignment, vacancy: Vacancy) -> list[Candidate]:
    """Whoever may judge the case, was never invited to it and has room, by what they cost; then by load and name."""
    number = vacancy.case.id
    side = asked.sides([number])[number]
    case = _without(asked, vacancy, language_of(side))
    problem = asked.light()
    share = pairing.even_share(problem)
    found = []
    for judge in asked.judges.values():
        known = one_judge(judge)
        if asked.invited_before(number, judge.id) or pairing.full(known) or conflicts.detected(side, judge):
            continue
        zh, en = pairing.why(problem, case, known, [(number, judge.id)])
        found.append(Candidate(judge, pairing.one_more(case, known, share), Text(zh, en)))
    return sorted(found, key=lambda one: (one.cost, one.judge.load, one.judge.name, one.judge.id))


def _without(asked: Assignment, vacancy: Vacancy, language: str) -> pairing.OneCase:
    """The case beside the judges who stay."""
    stay = [one for one in asked.at_work(vacancy.case.id) if one.id != vacancy.line.id]
    there = {asked.judges[one.judge_id].region for one in stay if one.judge_id in asked.judges} - {""}
    return replace(asked.one_case(vacancy.case.id, language, 1), provinces=tuple(sorted(there)))


def exchange(
    session: Session,
    number: int,
    judge: int,
    *,
    due_on: date | None,
    remark: str,
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    op: str = "",
) -> Invited:
    """Invite somebody in the place of another, and release that one where they still hold it; both are told by mail.

    Nobody is released unless the other was invited. Raises NotPermitted, NoSuchJudgement, Overtaken, WrongInvitation where
    it is locked, its case is selected no more, or no reason is given for a release.
    """
    judging.check_desk(actor)
    row = judging.find(session, number, actor)
    call = judging.call_of_judgement(session, row)
    if not (op and judging.invited_before(session, op, row.case_id, judge)):
        vacancy = of_judgement(session, number, actor, at)
        if vacancy.held and not remark.strip():
            raise WrongInvitation(Text("请写明为什么改派。", "Say why somebody else is to judge."))
    else:
        vacancy = None
    why = next((one.why.zh for one in (vacancy.candidates if vacancy else ()) if one.judge.id == judge), "")
    pair = judging.Pair(row.case_id, judge, f"接替{row.judge.name}。{why}", number)
    came = judging.invite(session, call, [pair], due_on=due_on, actor=actor, at=at, op=op)
    if came.done and vacancy is not None and vacancy.held:
        judging.act(session, number, "release", actor=actor, at=at, seen=seen, op=op, remark=remark)
    return came
