"""逾期: what is late, by how much and at whom, per office and centre, within each one's reach.

Late is computed, never stored: a case is late once the window of the level in whose court it lies has closed. An office
knows drafts of its centres by number alone, and so does the national office until a case is once submitted; the figures
count them, the list names only what is within reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call, Window
from rules.roles import Level, Role
from rules.words import Text
from states.case import CaseState
from states.onward import court
from states.reach import Actor
from states.route import lifecycle_of
from workflow.boards import NATIONAL
from workflow.cases import NoSuchCase
from workflow.courts import Days, Party, Time, in_days
from workflow.documents import writing
from workflow.office_words import level_word, office_words
from workflow.reminders import BEFORE
from workflow.store import calls as stored_calls
from workflow.store import overdue as stored
from workflow.store.facts import Extensions

LISTED = 200
"""Cases that the screen lists; the sheet has up to `MOST`."""
MOST = 100_000

_PARTY = {Level.CENTRE: Party.CENTRE, Level.OFFICE: Party.OFFICE, Level.NATIONAL: Party.NATIONAL}
PARTIES = (Party.CENTRE, Party.OFFICE, Party.NATIONAL)
_EVERYBODY = NATIONAL | {Role.AUTHOR, Role.SEALER, Role.REVIEWER, Role.LEADER}


@dataclass(frozen=True)
class Late:
    """So many cases of one centre, in one party's court since a last day that is over."""

    party: Party
    office: int
    centre: int
    window: Window
    cases: int


@dataclass(frozen=True)
class OfOffice:
    """One office: how many are late in whose court, and the longest of it."""

    id: int
    name: str
    counts: dict[Party, int]
    longest: Days

    @property
    def cases(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class LateCase:
    """One late case within reach. `state`: what it waits in."""

    row: Any
    office: str
    state: Text
    party: Party
    window: Window
    by: Days


@dataclass(frozen=True)
class Board:
    """What is late under a call. `listed`: the cases within reach, the latest first; `more`: whether there are others."""

    call: Call
    offices: Sequence[OfOffice]
    listed: Sequence[LateCase]
    more: bool

    @property
    def cases(self) -> int:
        return sum(one.cases for one in self.offices)

    def of(self, party: Party) -> int:
        return sum(one.counts[party] for one in self.offices)


def check(actor: Actor) -> None:
    """Raise NoSuchCase for all but those who work with cases: to others the board does not exist."""
    if not looks(actor):
        raise NoSuchCase(
            Text(
                "没有这个页面，或者它不在您的职责范围内。请从上方菜单进入。",
                "There is no such page within your reach. Use the menu above.",
            )
        )


def looks(actor: Actor) -> bool:
    return bool(actor.roles & _EVERYBODY)


class _Windows:
    """The window of the level in whose court a case is, by what it has in common with others."""

    def __init__(self, session: Session, call: Call, now: datetime) -> None:
        self._session, self._now = session, now
        self._days = Extensions(session, {call.number})

    def late(self, row: Any) -> tuple[Party, Window] | None:
        """In whose court it is late, and since when; None for what is not."""
        call = stored_calls.call_of(self._session, row.call_version_id)
        phase, level = call.phase(row.phase), court(lifecycle_of(call.route), row.state)
        if phase is None or level not in _PARTY:
            return None
        if level is Level.NATIONAL and Level.NATIONAL not in phase.closes_for:
            return None  # the call sets the national office no day
        window = self._days.window(call, phase, level, row.office_id, row.own_day, row.centre_id)
        return (_PARTY[level], window) if self._now >= window.closes else None


_STATES = tuple(str(one) for one in sorted({*BEFORE, CaseState.SUBMITTED}))


def board(
    session: Session,
    actor: Actor,
    call: Call,
    now: datetime,
    *,
    party: Party | None = None,
    office: int | None = None,
    most: int = LISTED,
) -> Board:
    """What is late of what this person reaches, in one party's court or in any, at one office or at all.

    Raises NoSuchCase.
    """
    check(actor)
    windows = _Windows(session, call, now)
    late: list[Late] = []
    offices = None if actor.roles & NATIONAL else actor.units(Role.REVIEWER, Role.LEADER)
    for row in stored.places(session, call.number, _STATES, offices, actor.units(Role.AUTHOR, Role.SEALER)):
        found = windows.late(row)
        if found and (party is None or found[0] is party) and (office is None or row.office_id == office):
            late.append(Late(found[0], row.office_id, row.centre_id, found[1], row.cases))
    names = stored.names(session, {one.office for one in late})
    rows = [
        _of_office(number, name, [one for one in late if one.office == number], now) for number, name in names.items()
    ]
    listed = _listed(session, actor, call, names, windows, now, party, most + 1)
    return Board(call, sorted(rows, key=lambda one: (-one.cases, one.id)), listed[:most], len(listed) > most)


def _of_office(number: int, name: str, late: Sequence[Late], now: datetime) -> OfOffice:
    counts = {one: sum(each.cases for each in late if each.party is one) for one in PARTIES}
    return OfOffice(number, name, counts, by(min(one.window.closes for one in late), now))


def _listed(
    session: Session,
    actor: Actor,
    call: Call,
    names: dict[int, str],
    windows: _Windows,
    now: datetime,
    party: Party | None,
    most: int,
) -> list[LateCase]:
    found = []
    for row in stored.cases(session, actor, call.number, _STATES, names, MOST):
        late = windows.late(row)
        if late and (party is None or late[0] is party):
            state = CaseState.of(row.state).label
            found.append(LateCase(row, names[row.office_id], state, *late, by(late[1].closes, now)))
    return sorted(found, key=lambda one: (one.window.closes, one.row.id))[:most]


def by(closes: datetime, now: datetime) -> Days:
    """By how much something is late, in calendar and in working days."""
    times, _ = in_days({Party.NOBODY: Time.between(closes, now)})
    return times[Party.NOBODY]


def offices_within(session: Session, actor: Actor, call: Call, now: datetime) -> list[tuple[int, str]]:
    """Offices at which something is late, for the filter."""
    return [(one.id, one.name) for one in board(session, actor, call, now, most=0).offices]


def sheet(
    session: Session, actor: Actor, call: Call, now: datetime, *, party: Party | None = None, office: int | None = None
) -> tuple[bytes, int]:
    """The same case by case (.xlsx), and how many cases it holds. Raises NoSuchCase."""
    found = board(session, actor, call, now, party=party, office=office, most=MOST)
    rows = [
        [
            one.row.number,
            one.row.title,
            one.row.centre,
            one.office,
            one.state.zh,
            level_word(one.party, call).zh,
            f"{one.window.last_day:%Y-%m-%d}",
            f"{one.by.calendar:.1f}",
            "" if one.by.working is None else f"{one.by.working:.1f}",
        ]
        for one in found.listed
    ]
    notes = [
        (
            "怎样计算",
            "从截止日当天 24:00 起，到导出时为止；截止日以该级、该主管部门、该中心和该案例现在的为准，含延期。",
        ),
        ("工作日", "按国务院办公厅放假安排，含调休；一个工作日按 24 小时计。某年的安排尚未公布时留空。"),
        ("导出人", actor.name),
        ("导出时间（北京）", f"{now.astimezone(BEIJING):%Y-%m-%d %H:%M}"),
    ]
    heads = [
        "编号",
        "案例名称",
        "中心",
        office_words(call).name.zh,
        "状态",
        "在谁手里",
        "截止日",
        "逾期（自然日）",
        "逾期（工作日）",
    ]
    return writing.text_table("逾期案例", heads, rows, notes), len(rows)
