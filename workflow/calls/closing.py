"""总结报告: what a call came to, office by office, by centre, theme and phase, with what fell short, took time or was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rules.call import Call
from rules.catalogue import CATALOGUE
from rules.words import Text
from states.case import CaseState
from states.reach import Actor
from workflow import boards, courts
from workflow.calls import deadlines
from workflow.courts import Party, Time
from workflow.store import calls as stored_calls
from workflow.store import closing as stored
from workflow.store import search

CHOSEN = frozenset({CaseState.SHORTLISTED, CaseState.PUBLISHED, CaseState.WIPO_PUSHED, CaseState.RETRACTED})
PUBLIC = frozenset({CaseState.PUBLISHED, CaseState.WIPO_PUSHED})


@dataclass(frozen=True)
class Line:
    """Of one office, centre, theme or phase: cases sent, chosen, published."""

    name: Text
    sent: int
    chosen: int
    published: int


@dataclass(frozen=True)
class Short:
    """An office below the minimum of a phase, or a centre below its own. `reason`: as given; "" where none was."""

    who: str
    what: Text
    missing: int
    reason: str


@dataclass(frozen=True)
class Refused:
    """How often a rule stopped a try on a case."""

    rule: str
    demand: Text
    tries: int


@dataclass(frozen=True)
class Change:
    """One number now, and under the call before."""

    name: Text
    now: int
    before: int

    @property
    def difference(self) -> str:
        """With its sign; "0" where nothing changed."""
        return f"{self.now - self.before:+d}" if self.now != self.before else "0"


@dataclass(frozen=True)
class Report:
    """All of it, as of now. `before`: the call that was opened before this one, where there is any with cases."""

    call: Call
    totals: Line
    centres: int
    offices: Sequence[Line]
    of_centres: Sequence[Line]
    themes: Sequence[Line]
    phases: Sequence[Line]
    short: Sequence[Short]
    times: Mapping[Party, Time]
    timed: int
    refused: Sequence[Refused]
    before: Call | None
    changes: Sequence[Change]
    moved: Sequence[Change] = ()
    """Offices that sent more or fewer than under the call before, those with the largest difference first."""

    @property
    def silent(self) -> int:
        """Offices that sent nothing."""
        return sum(1 for one in self.offices if not one.sent)


def report(session: Session, actor: Actor, call: Call, at: datetime) -> Report:
    """What a call came to by now, for the national office. Raises NoSuchCase for others."""
    boards.check_national(actor)
    cases = stored.counted(session, actor, call.number)
    board = boards.national(session, actor, call.number)
    offices = {row.office.id: row.office.addressee for row in board.rows} if board else {}
    timed = courts.board(session, actor, call, at)
    before = _before(session, call, actor)
    refused = _refused(session, actor, call)
    totals = _line(Text("合计", "In all"), cases)
    return Report(
        call,
        totals,
        len({one.centre for one in cases}),
        [_line(Text(name, name), [one for one in cases if one.office == key]) for key, name in offices.items()],
        _of_centres(cases),
        [_line(theme.label, [one for one in cases if one.theme == key]) for key, theme in call.themes.items()],
        [_line(phase.label, [one for one in cases if one.phase == phase.id]) for phase in call.phases],
        [*_short_offices(session, board, call), *_short_centres(session, cases, call)],
        timed.times,
        timed.cases,
        refused,
        before,
        *(_changes(session, actor, at, before, cases, timed, refused, offices) if before else ((), ())),
    )


def _line(name: Text, cases: Sequence[stored.Some]) -> Line:
    def of(states: frozenset[CaseState]) -> int:
        return sum(one.cases for one in cases if one.state in states)

    return Line(name, sum(one.cases for one in cases), of(CHOSEN), of(PUBLIC))


def _of_centres(cases: Sequence[stored.Some]) -> list[Line]:
    """Centres that sent something, those with most first."""
    names = {one.centre: one.centre_name for one in cases}
    lines = [_line(Text(name, name), [one for one in cases if one.centre == key]) for key, name in names.items()]
    return sorted(lines, key=lambda one: (-one.sent, one.name.zh))


# ---- what fell short -------------------------------------------------------------------------------------------------


def _short_offices(session: Session, board: boards.NationalBoard | None, call: Call) -> list[Short]:
    waived = {(one.office_id, one.phase): one.reason for one in deadlines.waivers(session, call)}
    return [
        Short(row.office.addressee, cell.phase.label, cell.short, waived.get((row.office.id, cell.phase.id), ""))
        for row in (board.rows if board else ())
        for cell in row.cells
        if cell.short
    ]


def _short_centres(session: Session, cases: Sequence[stored.Some], call: Call) -> list[Short]:
    """Centres that an office gave a reason for in its last batch."""
    given = {
        int(key.removeprefix("centre_reports_enough:")): words
        for _, reasons in stored.reasons(session, call.number)
        for key, words in reasons.items()
        if key.startswith("centre_reports_enough:") and key.partition(":")[2].isdigit()
    }
    names = stored.centre_names(session, list(given))
    sent = Counter[int]()
    for one in cases:
        sent[one.centre] += one.cases
    whole = Text("各阶段累计", "All phases together")
    return [
        Short(names[centre], whole, call.minimum_per_centre - sent[centre], words)
        for centre, words in given.items()
        if centre in names and sent[centre] < call.minimum_per_centre
    ]


# ---- refusals, and the call before -----------------------------------------------------------------------------------


def _refused(session: Session, actor: Actor, call: Call) -> list[Refused]:
    found = search.refused_by_rule(session, actor, call.number)
    lines = [Refused(rule, _demand(rule), len(tries)) for rule, tries in found.items()]
    return sorted(lines, key=lambda one: (-one.tries, one.rule))


def _demand(rule: str) -> Text:
    known = CATALOGUE.get(rule)
    return Text(known.demand, rule.replace("_", " ").capitalize()) if known else Text(rule, rule)


def _before(session: Session, call: Call, actor: Actor) -> Call | None:
    """The call that was opened last before this one, of those with cases that count."""
    newest = {one.number: one for _, one in stored_calls.every(session)}
    earlier = sorted((one for one in newest.values() if one.opened < call.opened), key=lambda one: one.opened)
    return next((one for one in reversed(earlier) if stored.counted(session, actor, one.number)), None)


def _changes(
    session: Session,
    actor: Actor,
    at: datetime,
    before: Call,
    cases: Sequence[stored.Some],
    timed: courts.Board,
    refused: Sequence[Refused],
    offices: Mapping[int, str],
) -> tuple[list[Change], list[Change]]:
    """In all, and office by office."""
    then = stored.counted(session, actor, before.number)
    timed_then = courts.board(session, actor, before, at)
    now_line, then_line = (_line(Text("", ""), many) for many in (cases, then))
    stopped = (sum(one.tries for one in many) for many in (refused, _refused(session, actor, before)))
    in_all = [
        Change(Text("报送案例", "Cases sent"), now_line.sent, then_line.sent),
        Change(Text("报送的中心", "Centres that sent"), _different(cases, "centre"), _different(then, "centre")),
        Change(Text("报送的单位", "Offices that sent"), _different(cases, "office"), _different(then, "office")),
        Change(Text("入选案例", "Cases chosen"), now_line.chosen, then_line.chosen),
        Change(Text("公开发布", "Published"), now_line.published, then_line.published),
        Change(Text("平均每个案例用时（天）", "Days for each case, on average"), _days(timed), _days(timed_then)),
        Change(Text("被规则拦下的次数", "Tries that rules stopped"), *stopped),
    ]
    sent, sent_then = _by_office(cases), _by_office(then)
    by_office = [Change(Text(name, name), sent[key], sent_then[key]) for key, name in offices.items()]
    moved = [one for one in by_office if one.now != one.before]
    return in_all, sorted(moved, key=lambda one: (-abs(one.now - one.before), one.name.zh))


def _by_office(cases: Sequence[stored.Some]) -> Counter[int]:
    sent = Counter[int]()
    for one in cases:
        sent[one.office] += one.cases
    return sent


def _days(timed: courts.Board) -> int:
    """Whole days that a case took on average, whoever had it."""
    taken = sum((one.calendar for one in timed.times.values()), timedelta())
    return round(taken / timedelta(days=1) / timed.cases) if timed.cases else 0


def _different(cases: Sequence[stored.Some], what: str) -> int:
    return len({getattr(one, what) for one in cases})
