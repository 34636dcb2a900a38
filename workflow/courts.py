"""In whose court a case or a batch lay, and for how long: from what the trail says, in calendar and in working time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, reduce
from heapq import nsmallest
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call, Route
from rules.roles import Level, Role
from rules.words import Labelled, Text
from states.lifecycle import Lifecycle
from states.onward import court
from states.reach import Actor
from states.route import lifecycle_of
from workflow import boards, working_days
from workflow.cases import NoSuchCase
from workflow.documents import writing
from workflow.office_words import level_word, office_words
from workflow.store import courts as stored
from workflow.store.models import Office


class Party(Labelled):
    """In whose court something can lie."""

    CENTRE = "centre", "中心", "Centre"
    OFFICE = "office", "主管部门", "Office"
    NATIONAL = "national", "国家局", "National office"
    NOBODY = "nobody", "无人待办", "Nobody"


_OF_LEVEL = {Level.CENTRE: Party.CENTRE, Level.OFFICE: Party.OFFICE, Level.NATIONAL: Party.NATIONAL}


@dataclass(frozen=True)
class Time:
    """A stretch of time. `working`: what of it lies on working days; None where holidays are not known."""

    calendar: timedelta = timedelta()
    working: timedelta | None = timedelta()

    def __add__(self, other: Time) -> Time:
        both = None if self.working is None or other.working is None else self.working + other.working
        return Time(self.calendar + other.calendar, both)

    @classmethod
    def between(cls, since: datetime, until: datetime) -> Time:
        return cls(until - since, working_days.between(since, until))


@dataclass(frozen=True)
class Stay:
    """How long something was in one state, and in whose court."""

    state: str
    party: Party
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Course:
    """All of it, from its beginning until it came to rest, or until now.

    `party`: in whose court it is now; `since`: from when on. What rests is in nobody's, and its rest is not counted in.
    """

    stays: tuple[Stay, ...]
    party: Party
    since: datetime

    @cached_property
    def by_party(self) -> Mapping[Party, Time]:
        """Each party's time; the four together are `whole`."""
        return {
            one: summed(Time.between(stay.since, stay.until) for stay in self.stays if stay.party is one)
            for one in Party
        }

    @property
    def whole(self) -> Time:
        if not self.stays:
            return Time()
        return Time.between(self.stays[0].since, self.stays[-1].until)


def summed(times: Iterable[Time]) -> Time:
    return reduce(Time.__add__, times, Time())


def party(lifecycle: Lifecycle, state: str) -> Party:
    """In whose court something is in a state."""
    level = court(lifecycle, state)
    return Party.NOBODY if level is None else _OF_LEVEL.get(level, Party.NOBODY)


def course(lifecycle: Lifecycle, moves: Sequence[tuple[datetime, str]], now: datetime) -> Course | None:
    """What the moves of one thing come to: (when, the state that it then was in), the oldest first; None without any.

    A clock that stepped back gives no time, and takes none; what left it where it was (another version of its call) is no move.
    """
    moves = [one for place, one in enumerate(moves) if place == 0 or one[1] != moves[place - 1][1]]
    if not moves:
        return None
    stays: list[Stay] = []
    latest = moves[0][0]
    for place, (at, state) in enumerate(moves):
        since = latest = max(latest, at)
        here = party(lifecycle, state)
        last = place == len(moves) - 1
        if last and here is Party.NOBODY:
            break
        until = max(since, now if last else moves[place + 1][0])
        stays.append(Stay(state, here, since, until))
    return Course(tuple(stays), party(lifecycle, moves[-1][1]), latest)


# ---- in days ---------------------------------------------------------------------------------------------------------

_TENTH = timedelta(hours=24) / 10


@dataclass(frozen=True)
class Days:
    """Time in days to one place. `working` None: the holidays of a year in it are not known."""

    calendar: float
    working: float | None


def in_days(times: Mapping[Party, Time], among: int = 1) -> tuple[Mapping[Party, Days], Days]:
    """Each party's time, divided `among` so many cases, and the sum of what is said, so that no tenth is missing in it."""
    tenths = {one: round(time.calendar / _TENTH / among) for one, time in times.items()}
    working = {
        one: None if time.working is None else round(time.working / _TENTH / among) for one, time in times.items()
    }
    known = [one for one in working.values() if one is not None]
    whole = Days(sum(tenths.values()) / 10, sum(known) / 10 if len(known) == len(working) else None)
    return {one: Days(tenths[one] / 10, _over_ten(working[one])) for one in times}, whole


def _over_ten(tenths: int | None) -> float | None:
    return None if tenths is None else tenths / 10


# ---- all cases of a call ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OfOffice:
    """One office: how many cases, and how long they lay with whom, all together."""

    office: Office
    cases: int
    times: Mapping[Party, Time]


@dataclass(frozen=True)
class Waiting:
    """One case in somebody's court."""

    case: stored.Named
    course: Course


@dataclass(frozen=True)
class Board:
    """The cases of a call within reach. `longest`: those that have waited longest where they are now."""

    call: Call
    offices: Sequence[OfOffice]
    longest: Sequence[Waiting]

    @property
    def cases(self) -> int:
        return sum(one.cases for one in self.offices)

    @property
    def times(self) -> Mapping[Party, Time]:
        return {party: summed(one.times[party] for one in self.offices) for party in Party}


LONGEST = 20


def chosen(calls: Sequence[Call], number: str) -> Call | None:
    """The call of that number, else the newest; None without any."""
    return next((one for one in calls if one.number == number), calls[0] if calls else None)


def needed(calls: Sequence[Call], number: str) -> Call:
    """The same. Raises NoSuchCase without any."""
    call = chosen(calls, number)
    if call is None:
        raise NoSuchCase(Text("还没有征集通知。", "There is no call yet."))
    return call


def check(actor: Actor) -> None:
    """Raise NoSuchCase for all but offices and the national office: to others the board does not exist."""
    if not actor.roles & (boards.NATIONAL | {Role.REVIEWER, Role.LEADER}):
        raise NoSuchCase(
            Text(
                "没有这个页面，或者它不在您的职责范围内。请从上方菜单进入。",
                "There is no such page within your reach. Use the menu above.",
            )
        )


@dataclass(frozen=True)
class Settled:
    """What is over of a case's course: each party's time until it came where it is, in whose court that is, since when."""

    times: Mapping[Party, Time]
    party: Party
    since: datetime

    def until(self, now: datetime) -> Mapping[Party, Time]:
        """Each party's time until now; what rests is not counted on."""
        if self.party is Party.NOBODY:
            return self.times
        running = Time.between(self.since, max(self.since, now))
        return {**self.times, self.party: self.times[self.party] + running}


_settled: dict[Route, dict[str, Settled | None]] = {}
"""A call's route → the event that put a case where it is → what was over by then, which never changes."""
_REMEMBERED = 100_000


def _remembered(session: Session, call: Call, rows: Sequence[Any]) -> Iterator[tuple[Any, Settled]]:
    """Each case with what is over of its course; the moves are read of those alone that moved since they were last asked."""
    if sum(len(one) for one in _settled.values()) > _REMEMBERED:
        _settled.clear()
    lived, known = lifecycle_of(call.route), _settled.setdefault(call.route, {})
    new = [row for row in rows if row.head not in known]
    moves = stored.moves_of(session, [row.id for row in new])
    for row in new:
        came = moves.get(row.id, [])
        found = course(lived, came, came[-1][0]) if came else None
        known[row.head] = Settled(found.by_party, found.party, found.since) if found else None
    for row in rows:
        settled = known.get(row.head)
        if settled is not None:
            yield row, settled


def board(session: Session, actor: Actor, call: Call, now: datetime) -> Board:
    """In whose court the cases of a call lay, office by office, of what this person reaches. Raises NoSuchCase."""
    check(actor)
    counts: dict[int, int] = {}
    times: dict[int, dict[Party, Time]] = {}
    waiting: list[tuple[datetime, int, Party]] = []
    for row, settled in _remembered(session, call, stored.heads(session, actor, call.number)):
        counts[row.office_id] = counts.get(row.office_id, 0) + 1
        so_far = times.setdefault(row.office_id, dict.fromkeys(Party, Time()))
        for party, time in settled.until(now).items():
            if time.calendar:
                so_far[party] += time
        if settled.party is not Party.NOBODY:
            waiting.append((settled.since, row.id, settled.party))
    offices = [OfOffice(office, counts[office.id], times[office.id]) for office in stored.offices(session, counts)]
    longest = nsmallest(LONGEST, waiting)
    names = stored.named(session, [case for _, case, _ in longest])
    return Board(call, offices, [Waiting(names[case], Course((), party, since)) for since, case, party in longest])


def sheet(session: Session, actor: Actor, call: Call, now: datetime) -> tuple[bytes, int]:
    """The same case by case (.xlsx), and how many cases it holds. Raises NoSuchCase."""
    check(actor)
    names = {one.id: one.addressee for one in stored.offices(session)}
    found = list(_remembered(session, call, stored.heads(session, actor, call.number)))
    cases = stored.named(session, [row.id for row, _ in found])
    rows = [_row(call, cases[row.id], settled, now, names) for row, settled in found]
    office = office_words(call).name.zh
    heads = ["编号", "案例名称", "中心", office, "状态", "现由谁办理", "自（北京时间）"]
    for name in (*(level_word(one, call).zh for one in Party), "合计"):
        heads += [f"{name}（自然日）", f"{name}（工作日）"]
    notes = [
        ("怎样计算", "从新建起，到办结（不再需要谁办理）为止；尚未办结的算到导出时。按北京时间，精确到 0.1 日。"),
        ("工作日", "按国务院办公厅放假安排，含调休；一个工作日按 24 小时计。某年的安排尚未公布时留空。"),
        ("无人待办", "撤回等不需要谁办理、后来又恢复的时间。"),
        ("导出人", actor.name),
        ("导出时间（北京）", f"{now.astimezone(BEIJING):%Y-%m-%d %H:%M}"),
    ]
    return writing.text_table("各方用时", heads, rows, notes), len(rows)


def _row(call: Call, case: stored.Named, one: Settled, now: datetime, offices: Mapping[int, str]) -> list[str]:
    parts = in_days(one.until(now))
    state = next((each.label.zh for each in lifecycle_of(call.route).states if each == case.state), case.state)
    days = [*parts[0].values(), parts[1]]
    return [
        case.number,
        case.title,
        case.centre,
        offices[case.office_id],
        state,
        level_word(one.party, call).zh,
        f"{one.since.astimezone(BEIJING):%Y-%m-%d %H:%M}",
        *(words for each in days for words in (f"{each.calendar:.1f}", _written(each.working))),
    ]


def _written(days: float | None) -> str:
    return "" if days is None else f"{days:.1f}"
