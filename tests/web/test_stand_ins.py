"""Standing in, on screen: named, taken up and laid down, under both names, and over when it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from states.case import CaseState
from tests.web.conftest import As, post, send
from tests.worlds import World
from workflow.identity import stand_ins
from workflow.store.models import AuditEvent, StandIn

pytestmark = pytest.mark.database

PAGE = "/account/stand-ins"
THREE = timedelta(days=2)


def named(world: World, absent: str = "reviewer", stand_in: str = "leader") -> int:
    day = stand_ins.day_of(world.at)
    who = world.people
    with world.database.transaction() as session:
        return stand_ins.name(
            session, who[absent].id, who[stand_in].id, day, day + THREE, "出差", actor=who[absent], at=world.at
        )


def end(world: World, number: int) -> None:
    with world.database.transaction() as session:
        stand_ins.end(session, number, actor=world.people["administrator"], at=world.at)


def test_a_stand_in_is_named_taken_up_and_on_record_under_both_names(world: World, sign_in: As) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    ids = {who: world.people[who].id for who in ("reviewer", "leader")}
    day = stand_ins.day_of(world.at)
    send(
        sign_in("reviewer"),
        PAGE,
        absent=ids["reviewer"],
        person=ids["leader"],
        first_day=day,
        last_day=day + THREE,
        reason="出差",
    )
    leader = sign_in("leader")
    assert "您可以代办" in leader.get("/").get_data(as_text=True)
    assert leader.get(f"/cases/{case}/review").status_code == 200
    send(leader, PAGE, f"{PAGE}/1/begin")
    both = f"{world.people['leader'].name} 代 {world.people['reviewer'].name}"
    shown = leader.get(f"/cases/{case}").get_data(as_text=True)
    assert both in shown
    points = [one.id for one in world.call.confirmations if one.step == "review"]
    send(leader, f"/cases/{case}/review", confirmed=points)
    assert world.state(case) is CaseState.PROVINCE_REVIEWED
    send(leader, "/", f"{PAGE}/leave")
    shown = leader.get(f"/cases/{case}").get_data(as_text=True)
    assert shown.count(both) == 1  # in the history alone
    with world.database.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "case.review")).one()
        assert (event.person_id, event.absent_id) == (ids["leader"], ids["reviewer"])


def test_a_form_shown_in_another_capacity_is_not_taken(world: World, sign_in: As) -> None:
    case, number = world.case(CaseState.CENTRE_STAMPED), named(world, "reviewer", "reviewer_and_leader")
    points = [one.id for one in world.call.confirmations if one.step == "review"]
    browser = sign_in("reviewer_and_leader")
    shown = browser.get(f"/cases/{case}/review").get_data(as_text=True)
    send(browser, PAGE, f"{PAGE}/{number}/begin")
    assert post(browser, f"/cases/{case}/review", shown, confirmed=points).status_code == 409
    shown = browser.get(f"/cases/{case}/review").get_data(as_text=True)
    send(browser, "/", f"{PAGE}/leave")
    assert post(browser, f"/cases/{case}/review", shown, confirmed=points).status_code == 409
    assert world.state(case) is CaseState.CENTRE_STAMPED


def test_a_session_that_outlives_the_absence_does_nothing_in_that_name(world: World, sign_in: As) -> None:
    case, number = world.case(CaseState.CENTRE_STAMPED), named(world, "reviewer", "reviewer_and_leader")
    points = [one.id for one in world.call.confirmations if one.step == "review"]
    browser = sign_in("reviewer_and_leader")
    send(browser, PAGE, f"{PAGE}/{number}/begin")
    shown = browser.get(f"/cases/{case}/review").get_data(as_text=True)
    end(world, number)
    answer = post(browser, f"/cases/{case}/review", shown, confirmed=points)
    assert (answer.status_code, world.state(case)) == (302, CaseState.CENTRE_STAMPED)
    page = browser.get("/").get_data(as_text=True)
    assert "代办已经结束" in page
    assert "正在以代办人身份办理" not in page
    assert post(browser, f"{PAGE}/{number}/begin", browser.get(PAGE).get_data(as_text=True)).status_code == 302
    assert "正在以代办人身份办理" not in browser.get("/").get_data(as_text=True)


def test_only_the_absent_persons_cases_are_there_meanwhile(world: World, sign_in: As) -> None:
    draft, number = world.draft(), named(world, "reviewer", "leader")
    leader = sign_in("leader")
    send(leader, PAGE, f"{PAGE}/{number}/begin")
    assert leader.get(f"/cases/{draft}").status_code == 404
    assert leader.get("/admin").status_code == 404 or leader.get("/admin").status_code == 403
    page = leader.get(PAGE).get_data(as_text=True)
    assert "代办别人期间不能再转托" in page
    ids = {who: world.people[who].id for who in ("leader", "second_reviewer", "reviewer")}
    day = stand_ins.day_of(world.at) + THREE + timedelta(days=1)
    fields = {"first_day": day, "last_day": day, "reason": "出差", "person": ids["second_reviewer"]}
    for absent in ("reviewer", "leader"):
        assert send(leader, PAGE, absent=ids[absent], **fields).status_code == 403


def test_what_is_wrong_is_said_beside_what_was_typed(world: World, sign_in: As) -> None:
    ids = {who: world.people[who].id for who in ("reviewer", "leader", "desk")}
    browser = sign_in("reviewer", "en")
    answer = send(browser, PAGE, absent=ids["reviewer"], person=ids["desk"], first_day="2021-03-19", reason="年假")
    assert answer.status_code == 422
    shown = answer.get_data(as_text=True)
    assert "Give the first and the last day." in shown
    assert 'value="年假"' in shown
    with world.database.reading() as session:
        assert session.scalars(select(StandIn)).all() == []
