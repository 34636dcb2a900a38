"""Extensions, waivers and an office's own day for its centres: who grants them, with what reason, and their effect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest

from rules.roles import Level
from states.case import CaseState
from tests.worlds import World
from workflow.calls import deadlines
from workflow.calls.deadlines import WrongGrant
from workflow.engine import Attempt, NotPermitted, Receipt
from workflow.store.models import AuditEvent

DAY = timedelta(days=1)


def extend(world: World, last_day: date, *, office: str = "", by: str = "director", **changes: Any) -> Receipt:
    values = {"phase": world.phase.id, "reason": "疫情", "op": "", **changes}
    with world.database.transaction() as session:
        return deadlines.extend(
            session,
            world.call,
            values["phase"],
            last_day,
            values["reason"],
            office=world.offices[office] if office else None,
            actor=world.people[by],
            at=world.at,
            op=values["op"],
        )


def waive(world: World, *, by: str = "director", **changes: Any) -> Receipt:
    values = {"phase": world.phase.id, "reason": "只有一家中心", "op": "", **changes}
    with world.database.transaction() as session:
        return deadlines.waive(
            session,
            world.call,
            values["phase"],
            values["reason"],
            office=world.offices["first"],
            actor=world.people[by],
            at=world.at,
            op=values["op"],
        )


def set_day(world: World, last_day: date, *, by: str = "leader", **changes: Any) -> Receipt:
    values = {"phase": world.phase.id, "reason": "留出审核时间", "op": "", **changes}
    with world.database.transaction() as session:
        return deadlines.set_centre_day(
            session,
            world.call,
            values["phase"],
            last_day,
            values["reason"],
            office=world.offices["first"],
            actor=world.people[by],
            at=world.at,
            op=values["op"],
        )


def rules(attempt: Attempt) -> list[str]:
    return [finding.rule for finding in attempt.findings]


def late(world: World) -> Any:
    """The first moment after the phase closed."""
    return world.window(world.phase).closes


def grants(world: World) -> list[str]:
    with world.database.reading() as session:
        found = session.query(AuditEvent).filter(AuditEvent.stream == f"call/{world.call.number}")
        return [one.action for one in found.order_by(AuditEvent.seq)]


@pytest.mark.before_phase_deadline
def test_an_extension_for_all_or_for_one_office_opens_the_phase_until_its_last_day_ends(world: World) -> None:
    own, neighbours = world.case(), world.case(centre="neighbour")
    assert rules(world.act(own, "stamp", at=late(world))) == ["before_phase_deadline"]
    extend(world, world.phase.closes + DAY, office="second")
    assert rules(world.act(own, "stamp", at=late(world))) == ["before_phase_deadline"]
    assert world.act(neighbours, "stamp", at=late(world)).done
    extend(world, world.phase.closes + 2 * DAY)
    assert rules(world.act(own, "stamp", at=late(world) + 2 * DAY)) == ["before_phase_deadline"]
    assert world.act(own, "stamp", at=late(world) + 2 * DAY - timedelta(microseconds=1)).done


def test_an_extension_is_later_than_the_calls_own_day(world: World) -> None:
    for day in (world.phase.closes, world.phase.closes - DAY):
        with pytest.raises(WrongGrant, match="not after"):
            extend(world, day)
    assert grants(world) == []


@pytest.mark.parametrize("grant", [waive, lambda world, **more: extend(world, world.phase.closes + DAY, **more)])
def test_only_the_director_grants_and_writes_why(world: World, grant: Any) -> None:
    for person in ("desk", "leader", "reviewer", "administrator", "author"):
        with pytest.raises(NotPermitted):
            grant(world, by=person)
    with pytest.raises(WrongGrant, match="reason"):
        grant(world, reason="  ")
    with pytest.raises(WrongGrant, match="no phase “third”"):
        grant(world, phase="third")
    assert grants(world) == []


def test_the_same_form_grants_once(world: World) -> None:
    last = world.phase.closes + DAY
    assert extend(world, last, op="form-1") == extend(world, last, op="form-1")
    assert waive(world, op="form-2") == waive(world, op="form-2")
    assert set_day(world, world.phase.closes - DAY, op="form-3") == set_day(
        world, world.phase.closes - DAY, op="form-3"
    )
    assert grants(world) == ["call.extend", "call.waive", "call.set_centre_day"]
    with world.database.reading() as session:
        assert [one.last_day for one in deadlines.extensions(session, world.call)] == [last]
        assert [one.reason for one in deadlines.waivers(session, world.call)] == ["只有一家中心"]


def test_an_office_is_released_once(world: World) -> None:
    waive(world)
    with pytest.raises(WrongGrant, match="already released"):
        waive(world)


def test_grants_given_at_once_all_stand_in_the_calls_stream(world: World) -> None:
    barrier = Barrier(4)

    def one(place: int) -> Receipt:
        barrier.wait()
        return extend(world, world.phase.closes + place * DAY)

    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(one, range(1, 5)))
    assert sorted(one.seq for one in receipts) == [1, 2, 3, 4]


@pytest.mark.before_phase_deadline
def test_an_offices_earlier_day_binds_its_centres_and_nobody_else(world: World) -> None:
    own, other, stamped = world.case(), world.case(centre="neighbour"), world.case(CaseState.CENTRE_STAMPED)
    day = world.at.date()
    set_day(world, day)
    after = world.phase.window(Level.CENTRE, world.call.opened, day).closes
    [finding] = world.act(own, "stamp", at=after).findings
    assert (finding.rule, "主管部门为中心规定" in finding.message.zh) == ("before_phase_deadline", True)
    assert world.act(own, "stamp", at=after - timedelta(microseconds=1)).done
    assert world.act(other, "stamp", at=after).done
    assert world.act(stamped, "review", at=after).done


def test_the_offices_newest_day_counts_and_the_calls_own_day_lifts_it(world: World) -> None:
    case = world.case()
    set_day(world, world.at.date() - DAY, by="reviewer")
    assert rules(world.act(case, "stamp")) == ["before_phase_deadline"]
    set_day(world, world.phase.closes)
    assert world.act(case, "stamp").done
    with world.database.reading() as session:
        days = deadlines.centre_days(session, world.call, world.offices["first"])
    assert [one.last_day for one in days] == [world.phase.closes, world.at.date() - DAY]


def test_an_office_sets_no_later_day_and_none_for_another_office(world: World) -> None:
    with pytest.raises(WrongGrant, match="ask the director"):
        set_day(world, world.phase.closes + DAY)
    for person in ("neighbour_leader", "director", "author"):
        with pytest.raises(NotPermitted):
            set_day(world, world.phase.closes, by=person)
    with pytest.raises(WrongGrant, match="reason"):
        set_day(world, world.phase.closes, reason=" ")
