"""Words that follow the call's recommender, and how many cases an office may still send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from states.case import CaseState
from tests.web.conftest import HASHED, As
from tests.worlds import CALL_2021, Databases, World, world_under
from workflow import cases
from workflow.calls import shipped_calls
from workflow.settings import Settings
from workflow.store import people as stored

pytestmark = pytest.mark.database

OF = {path.stem: path for path in shipped_calls()}


def refused(world: World, state: CaseState) -> str:
    case = world.case(state)
    with world.database.reading() as session, pytest.raises(cases.NotEditable) as no:
        cases.check_editable(session, world.row(case), world.people["author"])
    return no.value.message.zh


def test_who_brings_a_case_back_is_told_as_the_call_has_it(databases: Databases, tmp_path: Path) -> None:
    with world_under(databases, CALL_2021, tmp_path) as world:
        assert refused(world, CaseState.CENTRE_STAMPED) == (
            "案例现在是“中心已盖章”，内容不能修改。需要修改时，请先由审核人“退回中心修改”，或由盖章人“撤销盖章”。"
        )
        assert "由受理人“退回省级”" in refused(world, CaseState.SUBMITTED)


def test_a_ministry_is_not_called_a_province(databases: Databases, tmp_path: Path) -> None:
    with world_under(databases, OF["example-2024"], tmp_path) as world:
        told = refused(world, CaseState.SUBMITTED)
        assert ("退回部门" in told, "省级" in told) == (True, False)


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Under a call by which an office sends three to five cases; everybody has a password."""
    with world_under(databases, OF["example-2022"], tmp_path) as made:
        with made.database.transaction() as session:
            for person in made.people.values():
                stored.set_password(session, person.id, HASHED, end_sessions=False)
        yield made


@pytest.fixture
def settings(settings: Settings, world: World) -> Settings:
    return replace(settings, clock=f"{world.at:%Y-%m-%d}")


def test_an_office_sees_how_many_more_it_may_send(world: World, sign_in: As) -> None:
    world.submit(*(world.case(CaseState.PROVINCE_REVIEWED) for _ in range(3)))
    for _ in range(3):
        world.case(CaseState.CENTRE_STAMPED)
    page = sign_in("leader").get("/batches").get_data(as_text=True)
    said = ("不超过 5 个，现有 3 个", "还可报 2 个", "在办的会超出 1 个")
    assert [one in page for one in said] == [True] * 3
    english = sign_in("leader", "en").get("/batches").get_data(as_text=True)
    assert [one in english for one in ("2 more can be sent", "3 on their way")] == [True] * 2
