"""What proofs came to: kept with the text, asked before a call opens, shown in the rulebook."""

from __future__ import annotations

import pytest

from rules.roles import Role
from states.reach import SYSTEM, Actor, Grant
from tests.make import CALLS, other_call
from tests.worlds import World
from workflow.calls import CallRefused, notices, proofs
from workflow.proof import prove
from workflow.proof.scenarios import Run
from workflow.store.models import AuditEvent, CallVersion

pytestmark = pytest.mark.database

SOURCE = (CALLS / "other-call.toml").read_text("utf-8")
NOTICE = (CALLS / "other-call.zh.md").read_text("utf-8")
ADMINISTRATOR = Actor(1, "管理员", frozenset({Grant(Role.ADMINISTRATOR)}))


def without(rule: str) -> str:
    head, _, tail = SOURCE.partition(f"[rules.{rule}]")
    return head + tail[tail.find("[rules.") :] if "[rules." in tail else head


def refusals(world: World, source: str) -> list[str]:
    with world.database.transaction() as session, pytest.raises(CallRefused) as refused:
        notices.load(session, source, NOTICE, actor=ADMINISTRATOR, at=world.at)
    with world.database.reading() as session:
        assert session.query(CallVersion).filter_by(number="other-call").count() == 0
    return [one.text.zh for one in refused.value.problems]


def test_a_call_that_breaks_a_promise_is_not_opened_and_told_why(world: World) -> None:
    told = refusals(world, without("another_person_acts"))
    assert [one.partition("。")[0] for one in told] == ["检验没有通过，不能开放"]
    assert "反例：有一个人是这件案例的撰稿人，同时又是盖章人。他办理“盖章报送省级”，系统没有拦下" in told[0]


def test_a_call_under_which_a_scenario_failed_is_not_opened_until_it_passes(world: World) -> None:
    def proved(outcome: str) -> None:
        with world.database.transaction() as session:
            scenarios = {"case/seal.feature: 别的单位的印章不算": outcome}
            proofs.keep(session, SOURCE, NOTICE, prove(other_call()), Run(scenarios), actor=SYSTEM, at=world.at)

    proved("failed")
    assert ["别的单位的印章不算" in one for one in refusals(world, SOURCE)] == [True]
    proved("passed")
    with world.database.transaction() as session:
        made, new = notices.load(session, SOURCE, NOTICE, actor=ADMINISTRATOR, at=world.at)
        assert (made.version, new) == (1, True)


def test_a_proof_is_on_record_with_what_it_came_to(world: World) -> None:
    with world.database.transaction() as session:
        proofs.keep(session, SOURCE, NOTICE, prove(other_call()), Run({"a: b": "failed"}), actor=SYSTEM, at=world.at)
    with world.database.reading() as session:
        [event] = session.query(AuditEvent).filter_by(action="call.prove")
    assert event.stream == "call/other-call"
    assert '"failed":["a: b"]' in event.body
