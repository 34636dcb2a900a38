"""公示: what waits is put up by the desk, stands for everybody to read, and can be taken down before anything is published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from rules.call import BEIJING, DayKind, PublicNotice
from states.case import CaseState
from tests.make import CALLS
from tests.web.conftest import HASHED, As, post, send
from tests.worlds import Databases, World, world_under
from workflow.objecting import public_notices
from workflow.settings import Settings
from workflow.store import people as stored

pytestmark = pytest.mark.database


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Under a call that asks for a public notice of five working days; everybody has a password."""
    with world_under(databases, CALLS / "other-call.toml", tmp_path) as made:
        with made.database.transaction() as session:
            for person in made.people.values():
                stored.set_password(session, person.id, HASHED, end_sessions=False)
        yield made


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """On a Thursday before a long holiday: 29 April to 3 May 2023 are off, Saturday 6 May is worked."""
    return replace(settings, clock="2023-04-27")


@pytest.fixture
def shortlisted(world: World) -> int:
    case = world.case(CaseState.SUBMITTED)
    world.act(case, "shortlist")
    return case


def test_the_desk_puts_up_what_waits_and_everybody_reads_it(world: World, app, sign_in: As, shortlisted: int):
    desk, title = sign_in("desk"), world.row(shortlisted).title
    page = desk.get("/notices").get_data(as_text=True)
    assert ("待公示：1 件" in page, title in page, "公示期 5 个工作日" in page) == (True, True, True)
    assert "2023年5月8日 24:00" in page  # 28 April, then 4, 5, 6 (a Saturday that is worked) and 8 May
    assert send(desk, "/notices", case=str(shortlisted)).status_code == 302
    anonymous = app.test_client()
    [listed] = [anonymous.get(url).get_data(as_text=True) for url in ("/notices",)]
    assert "公示中" in listed
    shown = anonymous.get("/notices/1").get_data(as_text=True)
    assert (title in shown, "2023年5月8日 24:00" in shown, "撤下公示" in shown) == (True, True, False)
    assert "待公示" not in desk.get("/notices").get_data(as_text=True)


def test_the_same_form_twice_puts_up_one_list(world: World, sign_in: As, shortlisted: int):
    desk = sign_in("desk")
    shown = desk.get("/notices").get_data(as_text=True)
    answers = [post(desk, "/notices", shown, case=str(shortlisted)).status_code for _ in range(2)]
    assert (answers, len(world.notices())) == ([302, 302], 1)


@pytest.mark.parametrize("chosen", ["", "999"])
def test_what_cannot_be_put_up_is_refused_with_what_to_do(sign_in: As, shortlisted: int, chosen: str):
    answer = send(sign_in("desk"), "/notices", case=chosen)
    assert (answer.status_code, "请选择同一份征集通知下已入选" in answer.get_data(as_text=True)) == (422, True)


def test_a_list_is_taken_down_with_a_reason_that_everybody_reads(world: World, app, sign_in: As, shortlisted: int):
    number, desk = world.put_up_notice(shortlisted), sign_in("desk")
    where = f"/notices/{number}"
    assert send(desk, where, f"{where}/take-down", remark=" ").status_code == 422
    assert send(desk, where, f"{where}/take-down", remark="名单漏了一家").status_code == 302
    shown = app.test_client().get(where).get_data(as_text=True)
    assert ("名单漏了一家" in shown, "已移出名单" in shown) == (True, True)
    assert "待公示：1 件" in desk.get("/notices").get_data(as_text=True)


def test_a_list_can_be_taken_down_again_once_what_was_published_is_retracted(world: World, sign_in: As):
    case = world.case(CaseState.RETRACTED)
    [standing] = world.notices()
    where = f"/notices/{standing.notice.id}"
    assert send(sign_in("desk"), where, f"{where}/take-down", remark="有误").status_code == 302
    assert world.act(case, "republish").findings[0].rule == "public_notice_has_ended"
    world.put_up_notice(case, at=world.at - timedelta(days=90))
    assert world.act(case, "republish").done


def test_a_list_says_what_was_put_up_whatever_becomes_of_the_case(world: World, app, shortlisted: int):
    number, before = world.put_up_notice(shortlisted), world.row(shortlisted).title
    world.act(shortlisted, "unshortlist")
    world.act(shortlisted, "return_to_office", new_day=world.phase.closes + timedelta(days=30))
    world.act(shortlisted, "return_to_centre")
    world.edit(shortlisted, world.content_of(shortlisted).changed(title="尚未公开的新产品"))
    shown = app.test_client().get(f"/notices/{number}").get_data(as_text=True)
    assert (before in shown, "尚未公开的新产品" in shown, "已移出名单" in shown) == (True, False, True)


def test_objections_go_where_the_call_says(world: World, app, shortlisted: int):
    number = world.put_up_notice(shortlisted)
    assert str(world.call.mail.to) in app.test_client().get(f"/notices/{number}").get_data(as_text=True)


def test_a_list_stands_once_one_of_its_cases_is_published(world: World, sign_in: As):
    case = world.case(CaseState.PUBLISHED)
    [standing] = world.notices()
    where = f"/notices/{standing.notice.id}"
    answer = send(sign_in("desk"), where, f"{where}/take-down", remark="有误")
    assert (answer.status_code, "已有案例公开发布" in answer.get_data(as_text=True)) == (422, True)
    assert world.row(case).state == CaseState.PUBLISHED


@pytest.mark.parametrize("login", ["author", "leader", "editor", "director", "auditor"])
def test_others_read_and_put_nothing_up(sign_in: As, shortlisted: int, login: str):
    client = sign_in(login)
    page = client.get("/notices")
    assert (page.status_code, "待公示" in page.get_data(as_text=True)) == (200, False)
    assert send(client, "/notices", case=str(shortlisted)).status_code == 403


def test_an_unknown_list_is_not_there(app):
    answer = app.test_client().get("/notices/7")
    assert (answer.status_code, "没有这份公示" in answer.get_data(as_text=True)) == (404, True)


@pytest.mark.parametrize(
    ("off", "worked", "day"),
    [
        ((), (), None),
        ((date(2151, 1, 1),), (), date(2151, 1, 12)),  # Mondays to Fridays of a year of which a day off is listed
        ((date(2151, 1, 1), date(2151, 1, 7)), (), date(2151, 1, 13)),
        ((date(2151, 1, 1), date(2151, 1, 7)), (date(2151, 1, 9),), date(2151, 1, 12)),
    ],
)
def test_a_call_lists_the_days_off_and_worked_of_a_year_that_is_not_known(
    off: tuple[date, ...], worked: tuple[date, ...], day: date | None
):
    asked = PublicNotice(6, DayKind.WORKING, days_off=off, days_worked=worked)
    put_up = datetime(2151, 1, 4, 12, tzinfo=BEIJING)  # a Monday
    with nullcontext() if day else pytest.raises(public_notices.WrongNotice):
        assert public_notices.last_day(asked, put_up) == day


def test_working_days_of_a_year_that_nobody_knows_are_not_guessed(world: World, sign_in: As, shortlisted: int):
    far = world.at.replace(year=2190)
    with world.database.transaction() as session, pytest.raises(public_notices.WrongNotice, match="2190"):
        public_notices.put_up(session, [shortlisted], actor=world.people["desk"], at=far)
    assert world.notices() == []
