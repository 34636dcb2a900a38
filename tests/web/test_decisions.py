"""入选决定 on screen: chosen without a reload, by two at once, rehearsed with every mail, announced, taken back."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import update

from rules.call import Criterion, Judging
from rules.words import Text
from states.case import CaseState
from tests.sheets import filled as rows_filled
from tests.sheets import table as rows_of
from tests.web.conftest import As, hidden, post, send, send_fields
from tests.web.test_bulk import filled
from tests.worlds import World
from workflow.calls import call_standing
from workflow.selection import decisions
from workflow.store.models import Person

PAGE = "/decisions/2021-205"


@pytest.fixture
def ids(world: World) -> list[int]:
    """Two submitted cases, and people of their centre with addresses."""
    made = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(2)]
    world.submit(*made)
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.login == "sealer").values(email="sealer@mail.example"))
    return made


def choose(browser: FlaskClient, shown: str, case: int, decision: str, **fields: str):
    """What a click in the table sends, from a page that was opened earlier."""
    url = f"{PAGE}/cases/{case}"
    given = {"decision": decision, "reason": "理由", "feedback": "反馈", **fields}
    token = re.findall(r'name="csrf_token" value="([^"]+)"', shown)[0]
    [body] = re.findall(rf'<form id="form-{case}".*?</form>', shown, re.S)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body))
    return browser.post(url, data={**hidden, "csrf_token": token, **given}, headers={"HX-Request": "true"})


def test_a_click_is_kept_and_the_sums_come_back_with_the_row(world: World, sign_in: As, ids: list[int]) -> None:
    desk = sign_in("desk")
    shown = desk.get(PAGE).get_data(as_text=True)
    assert [f'id="line-{case}"' in shown for case in ids] == [True, True]
    answer = choose(desk, shown, ids[0], "shortlist")
    said = answer.get_data(as_text=True)
    assert (answer.status_code, said.strip().startswith(f'<tr id="line-{ids[0]}"')) == (200, True)
    assert ('id="spread"' in said, 'hx-swap-oob="true"' in said, "<b>1</b>" in said) == (True, True, True)
    assert (world.decision(ids[0]).decision, world.decision(ids[0]).by_name) == ("shortlist", "杨理")
    assert world.state(ids[0]) == CaseState.SUBMITTED
    narrowed = [desk.get(f"{PAGE}?decision={one}&sort=centre").get_data(as_text=True) for one in ("shortlist", "won")]
    assert [f'id="line-{ids[0]}"' in one for one in narrowed] == [True, False]


def test_the_sums_are_of_themes_offices_and_centres_over_their_number(world: World, ids: list[int]) -> None:
    judging = Judging(3, (Criterion("all", Text("总体", "Overall"), 100),), winners_percent=50, per_centre=1)
    call = replace(world.call, judging=judging)
    far = world.case(CaseState.SUBMITTED, centre="neighbour")
    for case in (*ids, far):
        world.decide(case, "shortlist")
    with world.database.reading() as session:
        spread = decisions.spread(session, call)
    assert [(one.name, one.winners, one.total) for one in spread.by_office] == [
        ("示例省知识产权局", 2, 2),
        ("邻省知识产权局", 1, 1),
    ]
    assert [(one.name, one.winners) for one in spread.by_theme] == [("服务中小企业创新发展", 3)]
    assert (spread.winners, spread.wanted, spread.left, spread.undecided) == (3, 1, -2, 0)
    assert [(one.name, one.winners) for one in spread.over] == [("示例大学知识产权信息服务中心", 2)]


def test_two_at_the_desk_do_not_write_over_each_other(world: World, sign_in: As, ids: list[int]) -> None:
    first, second = sign_in("desk"), sign_in("second_desk")
    opened = [one.get(PAGE).get_data(as_text=True) for one in (first, second)]
    assert choose(first, opened[0], ids[0], "shortlist").status_code == 200
    late = choose(second, opened[1], ids[0], "pass_over", reason="另一条理由")
    said = late.get_data(as_text=True)
    assert (late.status_code, "杨理" in said, "另一条理由" in said) == (409, True, True)
    assert world.decision(ids[0]).decision == "shortlist"
    page = second.post(f"{PAGE}/cases/{ids[0]}", data={"decision": "pass_over", "seen": "0"})
    assert page.status_code == 400  # without the form's token nothing is looked at


def test_nobody_else_comes_in(sign_in: As, ids: list[int]) -> None:
    for who in ("author", "reviewer", "editor", "judge", "administrator"):
        browser = sign_in(who)
        assert [browser.get(one).status_code for one in ("/decisions", PAGE, "/decisions/announcements/1")] == [404] * 3
    auditor = sign_in("auditor").get(PAGE).get_data(as_text=True)
    assert ("决定、理由、反馈" in auditor, 'type="radio"' in auditor) == (True, False)


def test_what_is_chosen_is_rehearsed_announced_and_taken_back(world: World, sign_in: As, ids: list[int]) -> None:
    world.decide(ids[0], "shortlist")
    world.decide(ids[1], "pass_over", feedback="请补充对照数据")
    desk = sign_in("desk")
    rehearsal = send(desk, PAGE, f"{PAGE}/rehearsal").get_data(as_text=True)
    assert ("请补充对照数据" in rehearsal, "两轮比较之后的意见" in rehearsal) == (True, False)
    assert world.events(ids[0], "case.shortlist") == []
    points = [one.id for one in world.call.confirmations if one.step == "shortlist"]
    form = filled(rehearsal, confirmed=points, how="whole", hold="5")
    assert len(form["case"]) == 2
    answer = desk.post(f"{PAGE}/announcements", data=form)
    assert answer.status_code == 302
    assert [world.state(case) for case in ids] == [CaseState.SHORTLISTED, CaseState.NOT_SELECTED]
    place = answer.headers["Location"]
    assert desk.post(f"{PAGE}/announcements", data=form).headers["Location"] == place
    assert len(world.events(ids[0], "case.shortlist")) == 1
    shown = desk.get(place).get_data(as_text=True)
    assert ("撤销这次公布" in shown, "保留中" in shown) == (True, True)
    told = sign_in("author").get(f"/cases/{ids[1]}").get_data(as_text=True)
    assert ("请补充对照数据" in told, "两轮比较之后的意见" in told) == (True, False)
    assert post(desk, f"{place}/undo", shown, remark="名单有误").status_code == 302
    assert [world.state(case) for case in ids] == [CaseState.SUBMITTED] * 2
    assert [world.decision(case).decision for case in ids] == ["shortlist", "pass_over"]
    assert "已撤销，决定仍是待公布" in desk.get(place).get_data(as_text=True)
    again = send(desk, PAGE, f"{PAGE}/rehearsal").get_data(as_text=True)
    assert len(re.findall(r'name="case" value="[^"]+" checked', again)) == 2


def test_what_lacks_its_reason_or_its_feedback_is_left(world: World, sign_in: As, ids: list[int]) -> None:
    world.decide(ids[0], "shortlist", reason="")
    world.decide(ids[1], "pass_over", feedback="")
    rehearsal = send(sign_in("desk"), PAGE, f"{PAGE}/rehearsal").get_data(as_text=True)
    assert ("还没有写决定的理由" in rehearsal, "不入选须给中心写一句反馈" in rehearsal) == (True, True)
    assert re.findall(r'name="case" value="[^"]+" checked', rehearsal) == []


def test_the_table_goes_out_as_a_sheet_and_that_is_on_record(world: World, sign_in: As, ids: list[int]) -> None:
    world.decide(ids[0], "shortlist", reason="=1+1")
    answer = send(sign_in("director"), PAGE, f"{PAGE}/sheet")
    assert [(row["决定"], row["理由"]) for row in rows_of(answer.data)] == [("拟入选", "=1+1"), ("待定", "")]
    assert load_workbook(BytesIO(answer.data)).worksheets[0]["J4"].data_type == "s"
    assert "决定表" in sign_in("auditor").get("/trail?action=export.take").get_data(as_text=True)


def test_the_table_is_brought_back_looked_at_and_kept(world: World, sign_in: As, ids: list[int]) -> None:
    desk = sign_in("desk")
    away = send(desk, PAGE, f"{PAGE}/sheet")
    number = world.row(ids[0]).number
    data = rows_filled(away.data, {number: {"决定": "拟入选", "理由": "成效突出"}})
    shown = send(desk, PAGE, f"{PAGE}/sheet/preview", table=(BytesIO(data), "决定.xlsx")).get_data(as_text=True)
    assert ("保存可以采用的 1 件" in shown, "与现在相同" in shown, 'id="spread"' in shown) == (True, True, True)
    back = send_fields(desk, f"{PAGE}/sheet/findings", hidden(shown, f"{PAGE}/sheet/findings"))
    assert [row["提示"] for row in rows_of(back.data)] == ["可以采用", "与现在相同"]
    other = sign_in("second_desk")
    stolen = {**hidden(shown, f"{PAGE}/sheet/take"), **hidden(other.get(PAGE).get_data(as_text=True), f"{PAGE}/sheet")}
    assert send_fields(other, f"{PAGE}/sheet/take", stolen).status_code == 422
    assert world.decision(ids[0]).decision == ""
    for _ in range(2):
        assert send_fields(desk, f"{PAGE}/sheet/take", hidden(shown, f"{PAGE}/sheet/take")).status_code == 302
    assert (world.decision(ids[0]).decision, world.decision(ids[0]).version) == ("shortlist", 1)
    refused = send(desk, PAGE, f"{PAGE}/sheet/preview", table=(BytesIO(b"hello"), "决定.xlsx"))
    assert (refused.status_code, "flash-refused" in refused.get_data(as_text=True)) == (422, True)


def test_the_table_of_an_archived_call_is_read_and_not_changed(world: World, sign_in: As, ids: list[int]) -> None:
    desk = sign_in("desk")
    world.decide(ids[0], "shortlist")
    before = desk.get(PAGE).get_data(as_text=True)
    away = send(desk, PAGE, f"{PAGE}/sheet").data
    number = world.row(ids[1]).number
    brought = rows_filled(away, {number: {"决定": "拟入选"}})
    preview = send(desk, PAGE, f"{PAGE}/sheet/preview", table=(BytesIO(brought), "决定.xlsx")).get_data(as_text=True)
    for trigger in ("close", "archive"):
        with world.database.transaction() as session:
            call_standing.act(session, world.call.number, trigger, actor=world.people["director"], at=world.at)
    shown = desk.get(PAGE).get_data(as_text=True)
    assert ("已归档，只供查看" in shown, 'type="radio"' in shown, "预演公布" in shown) == (True, False, False)
    late = choose(desk, before, ids[0], "pass_over")
    assert (late.status_code, "已归档" in late.get_data(as_text=True), "<html" in late.get_data(as_text=True)) == (
        409,
        True,
        False,
    )
    kept = send_fields(desk, f"{PAGE}/sheet/take", hidden(preview, f"{PAGE}/sheet/take"))
    assert (kept.status_code, world.decision(ids[1]).decision) == (409, "")
