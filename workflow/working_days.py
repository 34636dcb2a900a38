"""Working days in China, with the weekends that are worked and the days that are off by the State Council's notice (调休).

The days come from the library chinese-calendar. A year that it does not know is not guessed.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate

from rules.call import BEIJING

_DAY = timedelta(days=1)


def working(day: date) -> bool | None:
    """Whether people work on a day; None where the holidays of its year are not known."""
    counted = _year(day.year)
    if counted is None:
        return None
    place = day.timetuple().tm_yday
    return counted[place] > counted[place - 1]


def later(day: date, days: int) -> date | None:
    """The working day so many working days after a day; None where the holidays of a year in between are not known."""
    while days:
        day += _DAY
        counts = working(day)
        if counts is None:
            return None
        days -= counts
    return day


def between(since: datetime, until: datetime) -> timedelta | None:
    """How much of the time between two instants lies on working days, midnight to midnight in Beijing; exact and additive.

    A whole working day counts 24 hours, so two neighbouring times add up to the time that both cover. None where the
    holidays of a year in it are not known. `until` before `since` counts as no time.
    """
    since, until = since.astimezone(BEIJING), until.astimezone(BEIJING)
    if until <= since:
        return timedelta()
    total = timedelta()
    for year in range(since.year, until.year + 1):
        counted = _year(year)
        if counted is None:
            return None
        begins = datetime.combine(date(year, 1, 1), time(), BEIJING)
        ends = datetime.combine(date(year + 1, 1, 1), time(), BEIJING)
        total += _until(counted, min(until, ends), ends) - _until(counted, max(since, begins), ends)
    return total


def _until(counted: tuple[int, ...], at: datetime, ends: datetime) -> timedelta:
    """Working time of a year up to an instant in it, or up to its end."""
    if at == ends:
        return counted[-1] * _DAY
    place = at.timetuple().tm_yday
    into = at - datetime.combine(at.date(), time(), BEIJING)
    return counted[place - 1] * _DAY + (into if counted[place] > counted[place - 1] else timedelta())


@lru_cache
def _year(year: int) -> tuple[int, ...] | None:
    """How many working days lie before each day of a year, and in all of it; None for a year that is not known."""
    from chinese_calendar import is_workday

    days = (date(year, 1, 1) + place * _DAY for place in range(366))
    try:
        return tuple(accumulate((is_workday(day) for day in days if day.year == year), initial=0))
    except NotImplementedError:
        return None
