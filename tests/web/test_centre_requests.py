"""中心申请延期, on screen: asked with a reason, answered by the office within its own time, for one centre alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.roles import Level
from tests.web.conftest import As, send
from tests.worlds import World
from workflow.calls import centre_requests, deadlines
from workflow.calls.deadlines import WrongGrant
from workflow.store.facts import Extensions

pytestmark = pytest.mark.database

PAGE = "/extensions"


@pytest.fixture
def world(world: World) -> World:
    """The office has set its centres a day a week before its own."""
    with world.database.transaction() as session:
        deadlines.set_centre_day(
            session,
            world.call,
            world.phase.id,
            world.phase.closes - timedelta(days=5),
            "留出审核时间",
            office=world.offices["first"],
            actor=world.people["leader"],
            at=world.at,
        )
    return world


def last_day(world: World, centre: str) -> int:
    """Days by which a centre closes before the phase."""
    with world.database.reading() as session:
        days = Extensions(session, {world.call.number})
        window = days.window(
            world.call, world.phase, Level.CENTRE, world.offices["first"], centre=world.centres[centre]
        )
    return (world.phase.closes - window.last_day).days


def fields(world: World, before: int, reason: str = "盖章人出差") -> dict[str, object]:
    return {
        "call": world.call_version,
        "phase": world.phase.id,
        "centre": world.centres["university"],
        "wanted": world.phase.closes - timedelta(days=before),
        "reason": reason,
    }


def test_a_centre_asks_and_its_office_grants_another_day_to_it_alone(world: World, sign_in: As) -> None:
    sealer, reviewer = sign_in("sealer"), sign_in("reviewer")
    assert send(sealer, PAGE, **fields(world, 1)).status_code == 302
    assert "等候主管部门答复" in sealer.get(PAGE).get_data(as_text=True)
    assert "现在没有可以申请的阶段" in sealer.get(PAGE).get_data(as_text=True)
    assert "盖章人出差" in reviewer.get(PAGE).get_data(as_text=True)
    day = world.phase.closes - timedelta(days=3)
    assert send(reviewer, PAGE, f"{PAGE}/1", last_day=day, then="grant").status_code == 302
    assert (last_day(world, "university"), last_day(world, "institute")) == (3, 5)
    assert "已批准到" in sealer.get(PAGE).get_data(as_text=True)
    assert "盖章人出差" not in sign_in("neighbour_reviewer").get(PAGE).get_data(as_text=True)
    assert sign_in("desk").get(PAGE).status_code == 404


def test_a_refusal_says_why_and_changes_nothing(world: World, sign_in: As) -> None:
    sealer, leader = sign_in("sealer"), sign_in("leader")
    send(sealer, PAGE, **fields(world, 1))
    assert send(leader, PAGE, f"{PAGE}/1", then="refuse").status_code == 422
    assert send(leader, PAGE, f"{PAGE}/1", then="refuse", reason="本省也紧").status_code == 302
    assert send(leader, PAGE, f"{PAGE}/1", then="refuse", reason="再答一次").status_code == 422
    assert "本省也紧" in sealer.get(PAGE).get_data(as_text=True)
    assert last_day(world, "university") == 5


@pytest.mark.parametrize(("before", "why"), [(5, "不晚于本中心现在的截止日"), (-1, "晚于主管部门自己的截止日")])
def test_what_a_centre_has_or_its_office_has_not_is_refused(world: World, before: int, why: str) -> None:
    wanted = world.phase.closes - timedelta(days=before)
    with world.database.transaction() as session, pytest.raises(WrongGrant) as refusal:
        centre_requests.ask(
            session,
            world.call_version,
            world.phase.id,
            wanted,
            "盖章人出差",
            centre=world.centres["university"],
            actor=world.people["author"],
            at=world.at,
        )
    assert why in refusal.value.message.zh
