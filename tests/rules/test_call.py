"""Windows of phases: the closing day's own day counts, until midnight in Beijing."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from rules.call import BEIJING, Phase, Window
from rules.roles import Level
from rules.words import Text

OPENED, CLOSES = date(2021, 3, 12), date(2021, 3, 26)
ZONES = [BEIJING, UTC, timezone(timedelta(hours=-9, minutes=-30)), ZoneInfo("Europe/Zurich")]
TICK = timedelta(microseconds=1)


def phase(**changes: object) -> Phase:
    return Phase(**{"id": "first", "label": Text("第一阶段", "Phase 1"), "closes": CLOSES, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_window_holds_its_first_and_its_last_microsecond_in_every_time_zone(zone: timezone) -> None:
    window = phase().window(Level.OFFICE, OPENED)
    opens = datetime(2021, 3, 11, 16, tzinfo=UTC).astimezone(zone)
    closes = datetime(2021, 3, 26, 16, tzinfo=UTC).astimezone(zone)
    assert window == Window(opens, closes)
    assert [window.opens <= at < window.closes for at in (opens - TICK, opens, closes - TICK, closes)] == [
        False,
        True,
        True,
        False,
    ]


def test_beijing_is_the_zone_of_asia_shanghai_on_every_day_since_1992() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    days = [datetime(1992, 1, 1, tzinfo=UTC) + timedelta(days=30 * step) for step in range(600)]
    assert {day.astimezone(shanghai).utcoffset() for day in days} == {BEIJING.utcoffset(None)}


def test_the_last_day_of_a_window_is_the_day_that_people_write() -> None:
    assert phase().window(Level.OFFICE, OPENED).last_day == CLOSES


def test_a_phase_without_opening_day_is_open_from_the_day_the_call_opened() -> None:
    assert phase().window(Level.OFFICE, OPENED).opens == datetime(2021, 3, 12, tzinfo=BEIJING)
    assert phase(opens=date(2021, 3, 20)).window(Level.OFFICE, OPENED).opens == datetime(2021, 3, 20, tzinfo=BEIJING)


def test_a_level_may_have_an_earlier_closing_day() -> None:
    earlier = phase(closes_for={Level.CENTRE: date(2021, 3, 20)})
    days = [earlier.window(level, OPENED).last_day for level in (Level.CENTRE, Level.OFFICE, Level.NATIONAL)]
    assert days == [date(2021, 3, 20), CLOSES, CLOSES]


def test_an_extension_replaces_the_closing_day_of_every_level() -> None:
    earlier = phase(closes_for={Level.CENTRE: date(2021, 3, 20)})
    assert earlier.window(Level.CENTRE, OPENED, last_day=date(2021, 4, 2)).last_day == date(2021, 4, 2)
    assert earlier.window(Level.OFFICE, OPENED, last_day=date(2021, 4, 2)).last_day == date(2021, 4, 2)
