"""逾期: late in whose court, by how much, within reach, after extensions; as a board and as a sheet."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from rules.roles import Level
from states.case import CaseState
from tests.worlds import World
from workflow import overdue, working_days
from workflow.calls import deadlines
from workflow.cases import NoSuchCase
from workflow.courts import Party
from workflow.overdue import Board

pytestmark = pytest.mark.database

TWO = timedelta(days=2)


def board(world: World, who: str, late: timedelta = TWO, **filters: object) -> Board:
    with world.database.reading() as session:
        return overdue.board(session, world.people[who], world.call, closes(world) + late, **filters)  # type: ignore[arg-type]


def closes(world: World) -> datetime:
    return world.window(world.phase, Level.CENTRE).closes


@pytest.fixture
def world(world: World) -> World:
    """A draft and a stamped case of the first office, a draft of the second, and one that went on in time."""
    world.case()
    world.case(CaseState.CENTRE_STAMPED)
    world.case(centre="neighbour")
    world.case(CaseState.SUBMITTED)
    return world


def counts(world: World, who: str, **filters: object) -> list[tuple[int, int, int]]:
    found = board(world, who, **filters)
    return [(one.counts[Party.CENTRE], one.counts[Party.OFFICE], one.counts[Party.NATIONAL]) for one in found.offices]


def test_late_is_counted_by_office_in_whose_court_it_is(world: World) -> None:
    assert counts(world, "desk") == [(1, 1, 0), (1, 0, 0)]
    assert counts(world, "reviewer") == [(1, 1, 0)]
    assert counts(world, "author") == [(1, 1, 0)]
    assert counts(world, "neighbour_leader") == [(1, 0, 0)]


def test_only_cases_within_reach_are_named(world: World) -> None:
    assert [len(board(world, who).listed) for who in ("desk", "reviewer", "author", "neighbour_leader", "auditor")] == [
        *(0, 1, 2, 0, 3)
    ]


def test_by_how_much_is_told_in_calendar_and_working_days(world: World) -> None:
    late = board(world, "author").listed[0].by
    worked = working_days.between(closes(world), closes(world) + TWO)
    assert worked is not None
    assert (late.calendar, late.working) == (2.0, worked / timedelta(days=1))


def test_nothing_is_late_before_the_day_is_over_or_once_it_is_extended(world: World) -> None:
    assert board(world, "desk", -timedelta(microseconds=1)).offices == []
    with world.database.transaction() as session:
        deadlines.extend(
            session,
            world.call,
            world.phase.id,
            world.phase.closes + timedelta(days=7),
            "顺延",
            office=world.offices["first"],
            actor=world.people["director"],
            at=world.at,
        )
    assert counts(world, "desk") == [(1, 0, 0)]


def test_it_is_narrowed_by_party_and_office(world: World) -> None:
    assert counts(world, "desk", party=Party.OFFICE) == [(0, 1, 0)]
    assert counts(world, "desk", office=world.offices["second"]) == [(1, 0, 0)]


def test_to_administrators_and_judges_the_board_is_not_there(world: World) -> None:
    for who in ("administrator", "judge"):
        with pytest.raises(NoSuchCase):
            board(world, who)


def test_the_sheet_lists_what_the_board_names(world: World) -> None:
    with world.database.reading() as session:
        data, rows = overdue.sheet(session, world.people["author"], world.call, closes(world) + TWO)
    found = list(load_workbook(BytesIO(data)).worksheets[0].iter_rows(values_only=True))
    assert rows == 2
    assert [row[5] for row in found if row[5] in ("中心", "省级主管部门")] == ["中心", "省级主管部门"]
    assert "2.0" in found[-1]
