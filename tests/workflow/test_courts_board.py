"""The board of whose court: it reads what a case has been through once, and again when it has moved."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from states.case import CaseState
from tests.worlds import World, went
from workflow import courts
from workflow.courts import Party, Time
from workflow.store import courts as stored

pytestmark = pytest.mark.database


def test_the_board_reads_the_moves_of_a_case_once_and_again_when_it_has_moved(world: World) -> None:
    case, other = world.case(CaseState.CENTRE_STAMPED), world.case(CaseState.CENTRE_STAMPED)
    read: list[list[int]] = []
    moves_of = stored.moves_of

    def watched(session: Session, ids: list[int]) -> dict[int, list[tuple[datetime, str]]]:
        read.append(list(ids))
        return moves_of(session, ids)

    def office(at: datetime) -> tuple[Time, list[int]]:
        with world.database.reading() as session:
            board = courts.board(session, world.people["auditor"], world.call, at)
        return board.times[Party.OFFICE], [one.case.case_id for one in board.longest]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stored, "moves_of", watched)
        first, second = office(world.at), office(world.at + timedelta(days=1))
        went(world.act(case, "review"))
        third = office(world.at + timedelta(days=1))
        with world.database.reading() as session:
            _, rows = courts.sheet(session, world.people["auditor"], world.call, world.at)
    assert (read, rows) == ([[case, other], [], [case], []], 2)
    assert second[0].calendar - first[0].calendar == timedelta(days=2)
    assert third[0].calendar == second[0].calendar  # it lies with the office still, to be sent
    assert sorted(third[1]) == [case, other]
