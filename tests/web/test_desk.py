"""The national desk: how offices stand, what they sent, selecting, extensions and waivers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from states.batch import BatchState
from states.case import CaseState
from tests.web.conftest import As, post, send
from tests.worlds import World
from workflow import clock
from workflow.store.models import Case, Extension, Waiver

pytestmark = pytest.mark.database

PAGES = ("/desk", "/desk/batches", "/desk/select", "/desk/grants")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_the_desk_opens_with_and_without_cases(page: str, language: str, world: World, sign_in: As):
    desk = sign_in("desk", language)
    empty = desk.get(page).status_code
    world.case(CaseState.SUBMITTED)
    assert (empty, desk.get(page).status_code) == (200, 200)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("login", ["author", "reviewer", "leader", "judge", "administrator"])
def test_to_others_the_desk_does_not_exist(page: str, login: str, sign_in: As):
    assert sign_in(login).get(page).status_code == 404


def test_the_desk_sees_how_many_each_office_is_short(world: World, sign_in: As):
    world.case(CaseState.SUBMITTED)
    shown = sign_in("desk").get("/desk").get_data(as_text=True)
    assert ["示例省知识产权局" in shown, "邻省知识产权局" in shown, "差 2" in shown] == [True, True, True]


def test_the_desk_can_look_at_offices_that_are_short_alone(world: World, sign_in: As):
    for phase in world.call.phases:
        world.waive(phase)
    shown = sign_in("desk").get("/desk?show=short").get_data(as_text=True)
    assert ["示例省知识产权局" in shown, "邻省知识产权局" in shown] == [False, True]


def test_a_sent_batch_waits_to_be_received_and_can_be_returned_with_a_new_day(world: World, sign_in: As):
    case = world.case(CaseState.PROVINCE_REVIEWED)
    batch = world.submit(case)
    desk = sign_in("desk")
    assert f"/batches/{batch}" in desk.get("/desk/batches?state=sent").get_data(as_text=True)
    send(desk, f"/batches/{batch}", f"/batches/{batch}/receive")
    received = world.state_of_batch(batch)
    later = world.phase.closes + timedelta(days=5)
    page = f"/batches/{batch}/return_batch"
    send(desk, page, page, remark="请补材料", new_day=later.isoformat())
    assert (received, world.state_of_batch(batch)) == (BatchState.RECEIVED, BatchState.COLLECTING)
    assert (world.state(case), world.row(case).own_day) == (CaseState.PROVINCE_REVIEWED, later)


def test_what_the_page_of_a_step_asks_below_is_not_held_against_each_case_of_the_batch(world: World, sign_in: As):
    batch = world.submit(world.case(CaseState.PROVINCE_REVIEWED))
    page = sign_in("desk").get(f"/batches/{batch}/return_batch").get_data(as_text=True)
    foreseen, _, form = page.partition('class="step-form"')
    assert ["请写明理由" in foreseen, 'name="remark"' in form, "暂不办理" in form] == [False, True, True]


def test_the_desk_shortlists_from_the_list(world: World, sign_in: As):
    case = world.case(CaseState.SUBMITTED)
    send(sign_in("desk"), "/desk/select", f"/cases/{case}/shortlist")
    assert world.state(case) == CaseState.SHORTLISTED


def test_whoever_only_reads_the_list_gets_no_steps(world: World, sign_in: As):
    case = world.case(CaseState.SUBMITTED)
    assert f"/cases/{case}/shortlist" not in sign_in("auditor").get("/desk/select").get_data(as_text=True)


def test_the_list_can_be_narrowed_to_an_office(world: World, sign_in: As):
    case = world.case(CaseState.SUBMITTED)
    desk = sign_in("desk")
    pages = [
        desk.get(f"/desk/select?office={world.offices[key]}").get_data(as_text=True) for key in ("first", "second")
    ]
    assert [f"/cases/{case}" in page for page in pages] == [True, False]


@pytest.mark.parametrize("office", ["all", "first"])
def test_the_director_extends_a_phase_on_record(office: str, world: World, sign_in: As):
    later = world.phase.closes + timedelta(days=7)
    values = {"phase": world.phase.id, "office": world.offices.get(office, "all"), "last_day": later.isoformat()}
    director = sign_in("director")
    send(director, "/desk/grants", "/desk/extensions", reason="系统故障", **values)
    with world.database.reading() as session:
        one = session.scalars(select(Extension)).one()
        assert (one.office_id, one.last_day, one.reason) == (world.offices.get(office), later, "系统故障")
    assert "系统故障" in director.get("/desk/grants").get_data(as_text=True)


def test_granting_twice_with_one_form_grants_once(world: World, sign_in: As):
    director = sign_in("director")
    shown = director.get("/desk/grants").get_data(as_text=True)
    values = {"phase": world.phase.id, "office": world.offices["first"], "reason": "中心少"}
    answers = [post(director, "/desk/waivers", shown, **values).status_code for _ in range(2)]
    with world.database.reading() as session:
        assert (answers, len(session.scalars(select(Waiver)).all())) == ([302, 302], 1)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("office", "", "请选择主管部门"),
        ("office", "999", "请选择主管部门"),
        ("reason", " ", "请写明理由"),
        ("phase", "third", "没有阶段"),
        ("call", "999", "没有这个征集通知"),
    ],
)
def test_a_waiver_that_makes_no_sense_is_refused_in_words(
    field: str, value: str, words: str, world: World, sign_in: As
):
    values = {"phase": world.phase.id, "office": world.offices["first"], "reason": "理由"}
    answer = send(sign_in("director"), "/desk/grants", "/desk/waivers", **{**values, field: value})
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)


def test_only_the_director_grants(world: World, sign_in: As):
    desk = sign_in("desk")
    shown = desk.get("/desk/grants").get_data(as_text=True)
    values = {"call": world.call_version, "phase": world.phase.id, "office": world.offices["first"], "reason": "理由"}
    answer = post(desk, "/desk/waivers", shown, **values)
    assert ("批准豁免" in shown, answer.status_code) == (False, 403)


def test_a_case_returned_after_the_close_takes_a_day_of_its_own(world: World, sign_in: As):
    case = world.case(CaseState.SUBMITTED)
    later = world.phase.closes + timedelta(days=3)
    page = f"/cases/{case}/return_to_office"
    send(sign_in("desk"), page, page, remark="补盖章", new_day=later.isoformat())
    with world.database.reading() as session:
        assert session.get_one(Case, case).own_day == later


def test_returning_a_batch_after_the_close_first_asks_for_its_new_day(world: World, sign_in: As):
    batch = world.submit(world.case(CaseState.PROVINCE_REVIEWED))
    with world.database.transaction() as session:
        clock.move(session, world.phase.closes + timedelta(days=2), actor=world.people["desk"], at=world.at)
    desk = sign_in("desk")
    shown = desk.get(f"/batches/{batch}").get_data(as_text=True)
    answer = post(desk, f"/batches/{batch}/return_batch", shown, remark="请补材料")
    words = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert ["请补材料" in words, 'name="new_day"' in words] == [True, True]
    assert world.state_of_batch(batch) == BatchState.SENT
