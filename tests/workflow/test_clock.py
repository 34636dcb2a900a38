"""The demo's clock: another day at the real time of day, and never outside a demo."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.worlds import World
from workflow import clock
from workflow.settings import from_environment

pytestmark = pytest.mark.database

REAL = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)  # 02:30 of the next day in Beijing
PLAIN = from_environment({})
DEMO = replace(PLAIN, demo=True, clock="2021-03-19")


def test_a_real_installation_keeps_real_time(world: World):
    with world.database.transaction() as session:
        clock.move(session, date(2021, 6, 20), actor=world.people["auditor"], at=world.at)
        assert clock.now(session, PLAIN, REAL) == REAL


def test_a_demo_starts_on_its_day_at_the_real_time_of_day_in_beijing(world: World):
    with world.database.reading() as session:
        assert clock.now(session, DEMO, REAL) == datetime(2021, 3, 19, 2, 30, tzinfo=clock.BEIJING)


def test_a_demo_is_moved_for_everybody(world: World):
    with world.database.transaction() as session:
        clock.move(session, date(2021, 6, 20), actor=world.people["auditor"], at=world.at)
        assert clock.now(session, DEMO, REAL) == datetime(2021, 6, 20, 2, 30, tzinfo=clock.BEIJING)
