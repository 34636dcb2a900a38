"""A call closed and archived: who does it, what is refused then with which words, and what goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from states.call import CallState
from states.case import CaseState
from tests.worlds import World, went
from workflow import batches, bulk, cases, lists
from workflow.calls import amending, call_standing, deadlines
from workflow.calls.call_standing import NotArchived
from workflow.calls.notices import NoSuchCall
from workflow.engine import Attempt, NoSuchTransition, NotPermitted
from workflow.publishing import editorial
from workflow.selection import judging
from workflow.store import trail
from workflow.store.archive import CallBarred
from workflow.store.living import Overtaken

pytestmark = pytest.mark.database


def act(world: World, trigger: str, who: str = "director", **more: object) -> Attempt:
    with world.database.transaction() as session:
        return call_standing.act(session, world.call.number, trigger, actor=world.people[who], at=world.at, **more)


def state(world: World) -> CallState:
    with world.database.reading() as session:
        return call_standing.state_of(session, world.call.number)


def archived(world: World) -> None:
    went(act(world, "close"))
    went(act(world, "archive"))


# ---- doing it --------------------------------------------------------------------------------------------------------


def test_each_step_is_on_record_and_can_be_taken_back(world: World) -> None:
    assert state(world) is CallState.OPEN
    for step, after in (("close", "closed"), ("archive", "archived"), ("unarchive", "closed"), ("reopen", "open")):
        attempt = act(world, step, remark="理由")
        went(attempt)
        assert state(world) == after
    with world.database.reading() as session:
        body = trail.last(session, call_standing.stream_of(world.call.number))
    assert body is not None
    assert (body["action"], body["to_state"], body["seq"], body["remark"]) == ("call.reopen", "open", 4, "理由")


def test_going_back_needs_a_reason(world: World) -> None:
    went(act(world, "close"))
    attempt = act(world, "reopen", remark=" ")
    assert [one.rule for one in attempt.findings] == ["reason_given"]
    assert state(world) is CallState.CLOSED


def test_only_the_director_does_it_and_in_order(world: World) -> None:
    with pytest.raises(NotPermitted):
        act(world, "close", "desk")
    with pytest.raises(NoSuchCall):
        act(world, "close", "author")
    with pytest.raises(NoSuchTransition):
        act(world, "archive")


def test_two_directors_at_once_and_a_form_sent_twice(world: World) -> None:
    first = act(world, "close", seen=0, op="one form")
    again = act(world, "close", seen=0, op="one form")
    assert first.receipt == again.receipt is not None
    with pytest.raises(Overtaken):
        act(world, "archive", "second_director", seen=0)


def test_a_push_under_way_bars_archiving(world: World) -> None:
    case = world.case(CaseState.PUBLISHED)
    world.ready_to_push(case)
    push = world.push(case)
    went(act(world, "close"))
    with pytest.raises(NotArchived) as refused:
        act(world, "archive")
    assert "还有 1 个推送没有办结" in refused.value.message.zh
    world.deliver(push)
    went(act(world, "archive"))


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_a_closed_call_begins_no_case_and_is_not_offered(world: World) -> None:
    went(act(world, "close"))
    with pytest.raises(CallBarred):
        world.draft()
    with world.database.reading() as session:
        assert lists.calls_to_start_under(session) == []
        assert len(lists.calls(session)) == 1


def test_offers_say_why_and_who_can_lift_it(world: World) -> None:
    case = world.case(CaseState.DRAFT)
    world.seal(case)
    went(act(world, "close"))
    with world.database.reading() as session:
        offers = cases.offers(session, world.row(case), actor=world.people["sealer"], at=world.at)
    stamp = next(one for one in offers if one.transition.name == "stamp")
    assert (stamp.ready, stamp.obstacles[0].message.zh[:11]) == (False, "这份征集通知已结束征集")
    assert [str(role) for role in stamp.obstacles[0].lifted_by] == ["director"]


def test_many_at_once_are_left_with_the_reason(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    archived(world)
    with world.database.reading() as session:
        made = bulk.rehearse(session, "shortlist", [case], actor=world.people["desk"], at=world.at)
    [line] = made.lines
    assert (line.verdict, "已归档" in line.why[0].zh) == (bulk.Verdict.IMPOSSIBLE, True)


def test_once_archived_nothing_is_written_whatever_it_is(world: World) -> None:
    submitted = world.case(CaseState.SHORTLISTED)
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    world.extend_by_amendment(timedelta(days=1))
    archived(world)
    who, at, number = world.people, world.at, world.call.number
    tries = (
        lambda session: cases.create(
            session, call_version=world.call_version, centre=world.centres["university"], actor=who["author"], at=at
        ),
        lambda session: editorial.consent(session, submitted, "同意", actor=who["author"], at=at),
        lambda session: editorial.sign_off(session, submitted, actor=who["director"], at=at, seen=world.row(submitted).mark),
        lambda session: batches.act(session, batch, "reopen", actor=who["reviewer"], at=at, remark="理由"),
        lambda session: batches.collect(session, batch, [], actor=who["reviewer"], at=at),
        lambda session: batches.start(
            session, call_version=world.call_version, phase=world.phase.id, office=world.offices["first"],
            actor=who["reviewer"], at=at,
        ),
        lambda session: deadlines.extend(
            session, world.call, world.phase.id, world.phase.closes + timedelta(days=1), "理由", office=None, actor=who["director"], at=at
        ),
        lambda session: amending.migrate(session, number, actor=who["director"], at=at),
        lambda session: judging.add_mask(session, submitted, "某词", "mask", actor=who["desk"], at=at),
    )  # fmt: skip
    for one in tries:
        with pytest.raises(CallBarred) as refused, world.database.transaction() as session:
            one(session)
        assert "已归档，只供查看" in refused.value.message.zh
    with world.database.reading() as session:
        assert cases.find(session, submitted, world.people["desk"]).id == submitted
