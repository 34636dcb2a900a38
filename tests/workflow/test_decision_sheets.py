"""The table of decisions as a sheet: what it holds, what each row that comes back comes to, and what is kept of it."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from states.case import CaseState
from tests.sheets import filled, table
from tests.worlds import World
from workflow.documents.problems import Unreadable
from workflow.documents.vetting import judge
from workflow.engine import NotPermitted
from workflow.selection import announcing, decision_sheets
from workflow.selection.announcing import Answered
from workflow.selection.decision_sheets import Preview
from workflow.selection.decisions import NoSuchTable
from workflow.store.models import AuditEvent

pytestmark = pytest.mark.database
CHOSEN = {"决定": "拟入选", "理由": "成效突出", "给中心的反馈": "数据扎实"}


@pytest.fixture
def ids(world: World) -> list[int]:
    made = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(3)]
    world.submit(*made)
    return made


def taken_away(world: World, by: str = "desk") -> bytes:
    with world.database.reading() as session:
        return decision_sheets.sheet(session, world.call.number, actor=world.people[by], at=world.at)[0]


def seen(world: World, data: bytes, by: str = "desk") -> Preview:
    with world.database.reading() as session:
        return decision_sheets.preview(session, world.call.number, data, actor=world.people[by])


def taken(world: World, data: bytes, by: str = "desk") -> int:
    with world.database.transaction() as session:
        return decision_sheets.take(session, world.call.number, data, actor=world.people[by], at=world.at)


def numbers(world: World, ids: list[int]) -> list[str]:
    return [world.row(case).number for case in ids]


def came(found: Preview) -> list[str]:
    return [str(one.came) for one in found.rows]


def test_the_sheet_shows_what_is_chosen_and_opens_what_waits(world: World, ids: list[int]) -> None:
    world.decide(ids[0], "shortlist", reason="成效突出", feedback="")
    world.act(ids[2], "shortlist")
    data = taken_away(world)
    assert [(row["决定"], row["理由"], row["现在的状态"]) for row in table(data)] == [
        ("拟入选", "成效突出", "已报送"),
        ("待定", "", "已报送"),
        ("", "", "已入选"),
    ]
    sheet: Any = load_workbook(io.BytesIO(data)).worksheets[0]
    [rule] = sheet.data_validations.dataValidation
    assert (str(rule.sqref), rule.formula1) == ("I4:I5", '"待定,拟入选,拟不入选"')
    assert [cell.column_letter for cell in sheet[4] if not cell.protection.locked] == ["I", "J", "K"]
    assert all(cell.protection.locked for cell in sheet[6])
    assert judge("worklist", "入选决定.xlsx", data).verdict == "accept"


def test_rows_are_kept_each_with_its_entry_and_the_same_sheet_again_is_nothing(world: World, ids: list[int]) -> None:
    first, second, third = numbers(world, ids)
    data = filled(taken_away(world), {first: CHOSEN, second: {**CHOSEN, "决定": "拟不入选"}, third: {"理由": "再议"}})
    found = seen(world, data)
    assert (came(found), found.after.winners, found.after.passed) == (["ready"] * 3, 1, 1)
    assert taken(world, data) == 3
    kept = [world.decision(case) for case in ids]
    assert [(one.decision, one.reason) for one in kept] == [
        ("shortlist", "成效突出"),
        ("pass_over", "成效突出"),
        ("", "再议"),
    ]
    assert [world.state(case) for case in ids] == [CaseState.SUBMITTED] * 3
    assert (came(seen(world, data)), taken(world, data)) == (["unchanged"] * 3, 0)
    with world.database.reading() as session:
        bodies = session.scalars(select(AuditEvent.body).where(AuditEvent.action == "decision.choose")).all()
    assert [json.loads(one)["sheet"] for one in bodies] == [hashlib.sha256(data).hexdigest()] * 3


def test_what_moved_meanwhile_is_left_with_who_was_faster(world: World, ids: list[int]) -> None:
    data = filled(taken_away(world), dict.fromkeys(numbers(world, ids), CHOSEN))
    world.decide(ids[0], "pass_over", by="second_desk")
    world.act(ids[1], "shortlist")
    found = seen(world, data)
    assert came(found) == ["overtaken", "impossible", "ready"]
    told = table(decision_sheets.annotated(data, found))
    assert ["尤理已于" in told[0]["提示"], "现在是“已入选”" in told[1]["提示"], told[2]["提示"]] == [
        True,
        True,
        "可以采用",
    ]
    assert taken(world, decision_sheets.annotated(data, found)) == 1
    assert world.decision(ids[0]).decision == "pass_over"


def test_a_case_that_came_back_from_an_announcement_is_chosen_again(world: World, ids: list[int]) -> None:
    world.decide(ids[0], "shortlist")
    with world.database.transaction() as session:
        points = frozenset(one.id for one in world.call.confirmations if one.step == "shortlist")
        plan = announcing.rehearse(
            session, world.call.number, actor=world.people["desk"], at=world.at, form=Answered(points)
        )
        announcing.announce(
            session,
            world.call.number,
            plan.versions,
            actor=world.people["desk"],
            at=world.at,
            real=world.at,
            op="announced",
            form=Answered(points),
            hold=timedelta(minutes=5),
        )
    world.act(ids[0], "unshortlist", remark="再议")
    data = filled(taken_away(world), {numbers(world, ids)[0]: CHOSEN})
    assert (came(seen(world, data))[0], taken(world, data)) == ("ready", 1)
    assert (world.decision(ids[0]).reason, world.decision(ids[0]).version) == ("成效突出", 2)


def _hide(sheet: Any) -> None:
    sheet.row_dimensions[4].hidden = True


def _shift(sheet: Any) -> None:
    sheet["B4"].value, sheet["B5"].value = "另一个题目", sheet["B4"].value


@pytest.mark.parametrize(
    ("fields", "also", "words"),
    [
        ({**CHOSEN, "理由": '=HYPERLINK("x")'}, None, "“理由”格里是公式"),
        ({**CHOSEN, "编号": "别处-0001"}, None, "没有编号为“别处-0001”的案例"),
        ({**CHOSEN, "版本": ""}, None, "缺编号或版本"),
        ({"决定": "授奖"}, None, "“授奖”，应为待定、拟入选或拟不入选"),
        (CHOSEN, _hide, "被隐藏或被筛选掉了"),
        (CHOSEN, _shift, "题目与编号对不上"),
        ({**CHOSEN, "理由": "长" * 1001}, None, "最多 1000 字"),
    ],
)
def test_a_row_that_cannot_be_understood_is_left_with_the_reason(
    world: World, ids: list[int], fields: Mapping[str, str], also: Callable[[Any], None] | None, words: str
) -> None:
    data = filled(taken_away(world), {numbers(world, ids)[0]: fields}, also or (lambda _: None))
    row = seen(world, data).rows[0]
    assert (str(row.came), words in row.words, taken(world, data)) == ("wrong", True, 0)


def test_a_case_in_two_rows_is_not_kept(world: World, ids: list[int]) -> None:
    def twice(sheet: Any) -> None:
        sheet["A5"].value = sheet["A4"].value

    data = filled(taken_away(world), dict.fromkeys(numbers(world, ids), CHOSEN), twice)
    assert came(seen(world, data)) == ["wrong", "wrong", "ready"]


def test_only_the_desk_brings_it_back(world: World, ids: list[int]) -> None:
    data = taken_away(world, "auditor")
    assert load_workbook(io.BytesIO(data)).worksheets[0]["I4"].protection.locked
    with pytest.raises(NotPermitted):
        seen(world, data, "director")
    with pytest.raises(NoSuchTable):
        seen(world, data, "reviewer")
    with pytest.raises(Unreadable):
        seen(world, b"no workbook")
