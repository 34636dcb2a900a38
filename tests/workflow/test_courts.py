"""In whose court things lay: the parts sum to the whole, whatever happened, in calendar and in working time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import BEIJING
from rules.roles import Level
from states.batch import BATCH
from states.case import CASE
from states.judgement import JUDGEMENT
from states.lifecycle import Lifecycle
from states.onward import court
from states.push import PUSH
from workflow import courts, working_days
from workflow.courts import Party, Time, course

DAY = timedelta(days=1)
KNOWN = st.datetimes(datetime(2010, 1, 1), datetime(2025, 12, 31), timezones=st.just(UTC))


def beijing(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=BEIJING)


# ---- working days ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2021-03-26", True),
        ("2021-03-27", False),
        ("2021-05-03", False),
        ("2021-05-08", True),
        ("2021-10-09", True),
        ("1999-01-04", None),
        ("2150-01-04", None),
    ],
    ids=["Friday", "Saturday", "holiday", "Saturday worked", "Saturday after the holiday", "long ago", "not known yet"],
)
def test_a_working_day_is_one_by_the_notice_of_its_year(day: str, works: bool | None) -> None:
    assert working_days.working(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("since", "until", "time"),
    [
        ("2021-03-26T18:00", "2021-03-29T06:00", timedelta(hours=12)),
        ("2021-03-26T00:00", "2021-03-27T00:00", DAY),
        ("2021-03-27T09:00", "2021-03-28T09:00", timedelta()),
        ("2021-01-01T00:00", "2022-01-01T00:00", 250 * DAY),
        ("2021-03-29T09:00", "2021-03-26T09:00", timedelta()),
    ],
    ids=["over a weekend", "one day", "a weekend", "a year", "backwards"],
)
def test_working_time_is_what_lies_on_working_days(since: str, until: str, time: timedelta) -> None:
    assert working_days.between(beijing(since), beijing(until)) == time


def test_what_is_not_known_is_not_guessed() -> None:
    assert working_days.between(beijing("2021-01-01T00:00"), beijing("2151-01-01T00:00")) is None


@given(st.lists(KNOWN, min_size=3, max_size=3).map(sorted))
def test_neighbouring_times_add_up(three: list[datetime]) -> None:
    first, middle, last = three
    parts = [working_days.between(first, middle), working_days.between(middle, last)]
    assert sum((one for one in parts if one is not None), timedelta()) == working_days.between(first, last)


@given(KNOWN, st.timedeltas(timedelta(), 40 * DAY))
def test_working_time_is_at_most_all_the_time(since: datetime, length: timedelta) -> None:
    found = working_days.between(since, since + length)
    assert found is not None
    assert timedelta() <= found <= length


# ---- whose court -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "level"),
    [
        ("draft", Level.CENTRE),
        ("returned", Level.CENTRE),
        ("centre_stamped", Level.OFFICE),
        ("province_reviewed", Level.OFFICE),
        ("submitted", Level.NATIONAL),
        ("shortlisted", Level.NATIONAL),
        ("published", None),
        ("withdrawn", None),
        ("not_selected", None),
    ],
)
def test_a_case_lies_with_whoever_has_to_take_the_next_step(state: str, level: Level | None) -> None:
    assert court(CASE, state) is level


@pytest.mark.parametrize("lifecycle", [CASE, BATCH, PUSH, JUDGEMENT], ids=lambda one: one.name)
def test_somebody_has_to_move_on_whatever_may_not_rest(lifecycle: Lifecycle) -> None:
    assert [
        str(one) for one in lifecycle.states if (court(lifecycle, str(one)) is None) != (one in lifecycle.resting)
    ] == []


def moves_of(lifecycle: Lifecycle) -> st.SearchStrategy[list[tuple[datetime, str]]]:
    """Any states at any times: the trail may hold what an older lifecycle allowed, and a demo's clock steps back."""
    states = st.sampled_from([str(one) for one in lifecycle.states])
    return st.lists(st.tuples(KNOWN, states), min_size=1, max_size=12)


@pytest.mark.parametrize("lifecycle", [CASE, BATCH], ids=lambda one: one.name)
@given(data=st.data(), now=KNOWN)
def test_the_parts_sum_to_the_whole(lifecycle: Lifecycle, data: st.DataObject, now: datetime) -> None:
    found = course(lifecycle, data.draw(moves_of(lifecycle)), now)
    assert found is not None
    assert courts.summed(found.by_party.values()) == found.whole
    assert set(found.by_party) == set(Party)
    assert all(one.calendar >= timedelta() for one in found.by_party.values())


@given(data=st.data(), now=KNOWN)
def test_a_course_has_no_gaps_and_no_overlaps(data: st.DataObject, now: datetime) -> None:
    found = course(CASE, data.draw(moves_of(CASE)), now)
    assert found is not None
    assert [one.until for one in found.stays[:-1]] == [one.since for one in found.stays[1:]]


def test_a_case_on_its_way_is_counted_up_to_now() -> None:
    moves = [(beijing("2021-03-22T09:00"), "draft"), (beijing("2021-03-23T09:00"), "centre_stamped")]
    found = course(CASE, moves, beijing("2021-03-25T09:00"))
    assert found is not None
    assert (found.party, found.since) == (Party.OFFICE, moves[1][0])
    assert found.by_party == {
        Party.CENTRE: Time(DAY, DAY),
        Party.OFFICE: Time(2 * DAY, 2 * DAY),
        Party.NATIONAL: Time(),
        Party.NOBODY: Time(),
    }


def test_rest_at_the_end_is_not_counted_but_rest_in_between_is_nobodys() -> None:
    moves = [
        (beijing("2021-03-22T09:00"), "draft"),
        (beijing("2021-03-23T09:00"), "withdrawn"),
        (beijing("2021-03-25T09:00"), "draft"),
        (beijing("2021-03-26T09:00"), "withdrawn"),
    ]
    found = course(CASE, moves, beijing("2022-01-01T00:00"))
    assert found is not None
    assert found.party is Party.NOBODY
    assert found.by_party[Party.CENTRE].calendar == 2 * DAY
    assert found.by_party[Party.NOBODY].calendar == 2 * DAY
    assert found.whole.calendar == 4 * DAY


def test_a_year_that_is_not_known_leaves_the_working_time_open() -> None:
    moves = [(beijing("2021-03-22T09:00"), "draft"), (beijing("2021-03-23T09:00"), "centre_stamped")]
    found = course(CASE, moves, beijing("2151-03-25T09:00"))
    assert found is not None
    assert found.by_party[Party.CENTRE].working == DAY
    assert found.by_party[Party.OFFICE].working is None
    assert found.whole.working is None


def test_nothing_is_said_of_what_has_not_begun() -> None:
    assert course(CASE, [], beijing("2021-03-25T09:00")) is None
