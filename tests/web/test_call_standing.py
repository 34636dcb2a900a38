"""结束征集 and 归档, on screen and by command."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from states.case import CaseState
from tests.web.conftest import As, send
from tests.web.programs import Asks
from tests.worlds import World
from web.cli import main

pytestmark = pytest.mark.database

CALL = "/calls/2021-205"


def test_the_director_closes_and_archives_and_everybody_reads_why_nothing_can_be_done(
    world: World, sign_in: As
) -> None:
    draft, submitted = world.case(CaseState.DRAFT), world.case(CaseState.SUBMITTED)
    director, author, desk = sign_in("director"), sign_in("author"), sign_in("desk")
    asked = director.get(f"{CALL}/standing/close").get_data(as_text=True)
    assert ("草稿 1 件" in asked, "确认：结束征集" in asked) == (True, True)
    assert send(director, f"{CALL}/standing/close").status_code == 302
    assert "已结束征集" in author.get("/calls").get_data(as_text=True)
    page = author.get(f"/cases/{draft}").get_data(as_text=True)
    assert ("中心不能再新建、修改或报送案例" in page, f'/cases/{draft}/edit"' in page) == (True, False)
    assert "中心不能再新建" not in desk.get(f"/cases/{submitted}").get_data(as_text=True)
    assert send(director, f"{CALL}/standing/archive").status_code == 302
    page = desk.get(f"/cases/{submitted}").get_data(as_text=True)
    assert ("已归档，只供查看" in page, "确认：入选" in page) == (True, False)
    answer = send(desk, f"/cases/{submitted}/shortlist")
    assert (answer.status_code, "已归档，只供查看" in answer.get_data(as_text=True)) == (409, True)
    assert send(director, f"{CALL}/standing/unarchive", remark="更正").status_code == 302
    page = desk.get(f"/cases/{submitted}").get_data(as_text=True)
    assert page.count("已归档，只供查看") == 1  # what was refused stays in the history


def test_the_desk_sees_it_and_cannot_and_a_centre_does_not_see_it(world: World, sign_in: As) -> None:
    desk, author = sign_in("desk"), sign_in("author")
    shown = desk.get(f"{CALL}/standing/close").get_data(as_text=True)
    assert ("由国家局主管办理" in shown, "确认：" in shown) == (True, False)
    assert author.get(f"{CALL}/standing/close").status_code == 404
    assert "结束征集" not in author.get(CALL).get_data(as_text=True)


def test_programs_read_the_same_reason_and_who_lifts_it(world: World, sign_in: As, program: Asks) -> None:
    case = world.case(CaseState.DRAFT)
    send(sign_in("director"), f"{CALL}/standing/close")
    asked = program("sealer")
    offers = asked.get(f"/cases/{case}/offers").get_json()["offers"]
    found = next(one for one in offers if one["step"]["name"] == "stamp")["findings"][0]
    assert (found["rule"], found["zh"][:11], found["rule_link"]) == ("call_is_open", "这份征集通知已结束征集", None)
    assert [one["value"] for one in found["lifted_by"]] == ["director"]


def test_by_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGJI_DATABASE_URL", world.database.url)
    monkeypatch.setenv("ZHENGJI_HOME", str(world.folder))

    def zhengji(*words: str):
        return CliRunner().invoke(main, ["call", *words])

    done = zhengji("close", "2021-205", "--as", "director", "--json")
    assert (done.exit_code, json.loads(done.stdout)["state"]) == (0, "closed"), done.output
    again = zhengji("close", "2021-205", "--as", "director")
    assert (again.exit_code, "已结束征集" in again.output) == (1, True)
    assert zhengji("reopen", "2021-205", "--as", "director").exit_code == 2  # a reason is asked for
    assert zhengji("reopen", "2021-205", "--as", "desk", "--remark", "补报").exit_code == 1
    assert zhengji("reopen", "2021-205", "--as", "director", "--remark", "补报").exit_code == 0
