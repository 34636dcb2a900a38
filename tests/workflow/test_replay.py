"""What if: the steps that people really tried, under a changed call; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from states.case import CaseState
from tests.make import call_2021
from tests.worlds import Databases, World, world_under
from workflow.calls import shipped_calls
from workflow.calls.changing import WrongChange, changed
from workflow.calls.replay import Replayed, replay
from workflow.store.models import AuditEvent

pytestmark = pytest.mark.database


def replayed(world: World, *changes: str) -> Replayed:
    call = world.call
    for one in changes:
        call = changed(call, one)
    with world.database.reading() as session:
        before = session.query(AuditEvent).count()
        found = replay(session, world.call, call)
        assert session.query(AuditEvent).count() == before
    return found


@pytest.fixture
def lived(world: World) -> World:
    """Cases that went all ways: published and pushed, refused, returned, sent too late, sent by batch."""
    published = world.case(CaseState.PUBLISHED)
    world.ready_to_push(published)
    world.deliver(world.push(published))
    world.act(world.draft(), "stamp")
    late = world.draft()
    world.seal(late)
    world.act(late, "stamp", at=world.window(world.phase).closes)
    stamped = world.case(CaseState.CENTRE_STAMPED)
    world.act(stamped, "return_to_centre", remark="")
    world.act(stamped, "return_to_centre", remark="请改标题")
    reviewed = world.case(CaseState.PROVINCE_REVIEWED)
    batch = world.batch([reviewed], world.phase)
    world.act_on_batch(batch, "seal")
    return world


def test_no_change_gives_no_difference(lived: World) -> None:
    found = replayed(lived)
    assert (found.changes, found.steps > 12) == ((), True)


def test_a_later_close_has_what_came_too_late_done(lived: World) -> None:
    phase = lived.phase
    found = replayed(lived, f"phases.{phase.id}.closes={phase.closes + timedelta(days=3)}")
    [one] = found.first
    assert (one.recorded.step, one.recorded.outcome, one.outcome) == ("stamp", "refused", "done")
    assert "原来未办成，现在办成" in one.told.zh


def test_an_earlier_close_has_everything_refused_once_and_the_rest_follow(lived: World) -> None:
    phase = lived.phase
    found = replayed(lived, f"phases.{phase.id}.closes={lived.at.date() - timedelta(days=1)}")
    assert {one.recorded.step for one in found.first if one.recorded.lifecycle == "case"} == {"stamp"}
    assert all("before_phase_deadline" in {why.rule for why in one.findings} for one in found.first)
    follows = {one.recorded.step for one in found.changes if one.follows}
    assert {"review", "submit", "publish", "push"} <= follows


def test_a_dropped_rule_has_what_it_alone_refused_done(lived: World) -> None:
    found = replayed(lived, "rules.reason_given=none")
    assert [(one.recorded.step, one.outcome) for one in found.first] == [("return_to_centre", "done")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("phases.first.closes", "位置=值"),
        ("phases.frist.closes=2021-03-29", "可用：first"),
        ("phases.first.closes=tomorrow", "“tomorrow”不能用"),
        ("phases.first.close=2021-03-29", "可用：closes"),
        ("rules.reason_given.strength=perhaps", "可用：must、in_principle"),
    ],
)
@pytest.mark.once
def test_a_change_that_names_no_place_or_no_value_is_refused(change: str, said: str) -> None:
    with pytest.raises(WrongChange) as refused:
        changed(call_2021(), change)
    assert said in refused.value.message.zh


@pytest.fixture
def bounded(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """A world whose call says how many cases an office may report."""
    with world_under(
        databases, next(path for path in shipped_calls() if path.stem == "example-2022"), tmp_path
    ) as made:
        yield made


def test_cases_follow_the_batch_in_which_they_are_sent(bounded: World) -> None:
    cases = [bounded.case(CaseState.PROVINCE_REVIEWED) for _ in range(5)]
    batch = bounded.submit(*cases)
    bounded.act_on_batch(batch, "receive")
    bounded.act(cases[0], "shortlist")
    assert replayed(bounded).changes == ()
    found = replayed(bounded, "quotas.office.maximum=4")
    assert [(one.recorded.step, one.outcome) for one in found.first] == [("send", "refused")]
    follows = sorted(one.recorded.step for one in found.changes if one.follows)
    assert follows == ["receive", "shortlist", *["submit"] * 5]
