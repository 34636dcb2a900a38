"""In whose court a case or a batch lay, and for how long: from what the trail says, in calendar and in working time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from rules.roles import Level
from rules.words import Labelled
from states.lifecycle import Lifecycle
from states.onward import court
from workflow import working_days


class Party(Labelled):
    """In whose court something can lie."""

    CENTRE = "centre", "中心", "Centre"
    OFFICE = "office", "省级主管部门", "Provincial office"
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

    @property
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

    A clock that stepped back gives no time, and takes none.
    """
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
