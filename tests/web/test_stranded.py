"""无人可办: where a step is waited for that no account in use can take, told to those who can do something about it."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from rules.roles import Level, Role
from states.case import CaseState
from tests.web.conftest import As
from tests.worlds import World
from workflow import stranded
from workflow.store.models import Person, PersonGrant

pytestmark = pytest.mark.database


def leave(world: World, *people: str) -> None:
    """Their accounts are closed."""
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.login.in_(people)).values(active=False))


def told(world: World, who: str) -> list[tuple[Level, str, str, int]]:
    with world.database.reading() as session:
        return [
            (one.level, one.unit, one.step.zh, one.cases)
            for one in stranded.every(session, world.people[who], world.at)
        ]


def test_nothing_is_stranded_while_every_step_has_somebody(world: World) -> None:
    for state in (CaseState.DRAFT, CaseState.CENTRE_STAMPED, CaseState.PROVINCE_REVIEWED, CaseState.SUBMITTED):
        world.case(state)
    assert told(world, "administrator") == []


def test_a_centre_without_a_sealer_is_named_with_how_many_wait(world: World) -> None:
    world.case()
    world.case(CaseState.RETURNED)
    world.case(centre="neighbour")
    leave(world, "sealer", "second_sealer", "author_and_sealer")
    expected = [(Level.CENTRE, "示例大学知识产权信息服务中心", "盖章报送省级", 2)]
    assert (told(world, "administrator"), told(world, "reviewer"), told(world, "director")) == (expected,) * 3
    assert (told(world, "neighbour_reviewer"), told(world, "author")) == ([], [])


def test_an_office_and_the_national_office_are_looked_at_too(world: World) -> None:
    world.case(CaseState.PROVINCE_REVIEWED)
    world.case(CaseState.SHORTLISTED)
    world.case(CaseState.PUBLISHED)
    world.case(CaseState.WITHDRAWN)
    with world.database.transaction() as session:
        session.execute(delete(PersonGrant).where(PersonGrant.role.in_([str(Role.LEADER), str(Role.EDITOR)])))
    assert told(world, "administrator") == [
        (Level.OFFICE, "示例省知识产权局", "报送国家局", 1),
        (Level.NATIONAL, "", "公开发布", 1),
    ]


@pytest.mark.parametrize(("who", "where"), [("administrator", "/admin"), ("reviewer", "/courts"), ("desk", "/courts")])
def test_it_is_shown_where_it_can_be_mended_or_looked_after(world: World, sign_in: As, who: str, where: str) -> None:
    client = sign_in(who)
    assert "无人可办" not in client.get(where).get_data(as_text=True)
    world.case()
    leave(world, "sealer", "second_sealer", "author_and_sealer")
    shown = client.get(where).get_data(as_text=True)
    assert ("无人可办" in shown, "1 件等“盖章报送省级”" in shown, "盖章人" in shown) == (True, True, True)
