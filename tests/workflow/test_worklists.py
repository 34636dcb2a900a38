"""Worklists: what a sheet offers, what each row that comes back comes to, and what is done of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from states.case import CaseState
from tests.sheets import filled, table
from tests.worlds import World
from workflow import worklists
from workflow.documents.problems import Unreadable
from workflow.documents.vetting import judge
from workflow.engine import NotPermitted
from workflow.lists import Filters
from workflow.worklists import Preview, Taken

pytestmark = pytest.mark.database

REAL = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def ids(world: World) -> list[int]:
    made = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(3)]
    world.submit(*made)
    return made


def taken_away(world: World, by: str = "desk") -> bytes:
    with world.database.reading() as session:
        return worklists.sheet(session, Filters(sort="oldest"), actor=world.people[by], at=world.at).data


def numbers(world: World, ids: list[int]) -> list[str]:
    return [world.row(case).number for case in ids]


def seen(world: World, data: bytes, by: str = "desk") -> Preview:
    with world.database.reading() as session:
        return worklists.preview(session, data, actor=world.people[by], at=world.at)


def done(world: World, data: bytes, by: str = "desk") -> Taken:
    with world.database.transaction() as session:
        return worklists.take(
            session, "清单.xlsx", data, actor=world.people[by], at=world.at, real=REAL, hold=timedelta(minutes=5)
        )


def came(found: Preview) -> list[str]:
    return [str(one.came) for one in found.rows]


def test_a_sheet_lists_what_can_be_done_with_only_that_in_its_lists(world: World, ids: list[int]) -> None:
    world.act(ids[0], "shortlist")
    data = taken_away(world)
    assert [row["编号"] for row in table(data)] == numbers(world, ids)
    assert [row["版本"] for row in table(data)] == [world.row(case).mark for case in ids]
    rules = load_workbook(io.BytesIO(data)).worksheets[0].data_validations.dataValidation
    assert {(str(one.sqref), one.formula1) for one in rules if "是" not in one.formula1} == {
        ("H4", '"撤销入选"'),
        ("H5:H6", '"入选,不入选,退回推荐单位"'),
    }


def test_a_sheet_is_locked_but_for_what_is_filled_in_and_prints_on_a4_across(world: World, ids: list[int]) -> None:
    sheet = load_workbook(io.BytesIO(taken_away(world))).worksheets[0]
    assert [cell.column_letter for cell in sheet[4] if not cell.protection.locked] == ["H", "I", "J", "K"]
    assert (sheet.protection.sheet, sheet.page_setup.paperSize, sheet.page_setup.orientation) == (True, 9, "landscape")
    assert sheet.print_title_rows == "$3:$3"


def test_a_sheet_is_for_those_who_act_on_many(world: World, ids: list[int]) -> None:
    for who in ("author", "auditor", "editor"):
        with pytest.raises(NotPermitted):
            taken_away(world, who)


def test_it_is_taken_by_the_one_door(world: World, ids: list[int]) -> None:
    assert judge("worklist", "清单.xlsx", taken_away(world)).verdict == "accept"


def test_rows_are_done_step_by_step_and_reason_by_reason(world: World, ids: list[int]) -> None:
    first, second, third = numbers(world, ids)
    data = filled(
        taken_away(world),
        {
            first: {"办理": "入选"},
            second: {"办理": "不入选", "理由": "名额有限"},
            third: {"办理": "不入选", "理由": "成效不明"},
        },
    )
    assert came(seen(world, data)) == ["ready"] * 3
    made = done(world, data)
    assert (len(made.acts), made.done) == (3, 3)
    assert [world.state(case) for case in ids] == ["shortlisted", "not_selected", "not_selected"]
    said = ["".join(json.loads(world.events(case, "case.pass_over")[0].body)["remark"]) for case in ids[1:]]
    assert said == ["名额有限", "成效不明"]


def test_the_same_sheet_twice_is_nothing(world: World, ids: list[int]) -> None:
    data = filled(taken_away(world), {one: {"办理": "入选"} for one in numbers(world, ids)})
    assert done(world, data).done == 3
    assert came(seen(world, data)) == ["already"] * 3
    assert done(world, data) == Taken([], 0)
    assert [len(world.events(case, "case.shortlist")) for case in ids] == [1] * 3


def test_what_changed_meanwhile_is_left_and_said_in_the_sheet(world: World, ids: list[int]) -> None:
    data = filled(taken_away(world), {one: {"办理": "不入选", "理由": "名额有限"} for one in numbers(world, ids)})
    world.act(ids[1], "shortlist", by="second_desk")
    found = seen(world, data)
    assert came(found) == ["ready", "overtaken", "ready"]
    written = worklists.annotated(data, found)
    assert "尤理已先办理：入选" in table(written)[1]["提示"]
    assert table(written)[0]["提示"] == "可以办理"
    assert done(world, written).done == 2


def test_a_missing_reason_is_asked_for_and_nothing_is_done(world: World, ids: list[int]) -> None:
    data = filled(taken_away(world), {numbers(world, ids)[0]: {"办理": "不入选"}})
    assert came(seen(world, data)) == ["asked"]
    assert done(world, data) == Taken([], 0)
    assert world.state(ids[0]) == "submitted"


def test_confirmations_are_given_in_a_column(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    [number] = numbers(world, [case])
    blank = taken_away(world, "reviewer")
    unsaid = filled(blank, {number: {"办理": "审核通过"}})
    assert came(seen(world, unsaid, "reviewer")) == ["asked"]
    said = filled(blank, {number: {"办理": "审核通过", "已逐项核对": "是"}})
    assert came(seen(world, said, "reviewer")) == ["ready"]
    assert done(world, said, "reviewer").done == 1
    assert world.state(case) == "province_reviewed"


def _hide(sheet: Any) -> None:
    sheet.row_dimensions[4].hidden = True


def _shift(sheet: Any) -> None:
    sheet["B4"].value, sheet["B5"].value = "另一个题目", sheet["B4"].value


def _twice(sheet: Any) -> None:
    sheet["A5"].value = sheet["A4"].value


@pytest.mark.parametrize(
    ("fields", "also", "words"),
    [
        ({"理由": '=HYPERLINK("x")', "办理": "入选"}, None, "“理由”格里是公式"),
        ({"案例名称": "=1+1", "办理": "入选"}, None, "“案例名称”格里是公式"),
        ({"编号": "别处-0001", "办理": "入选"}, None, "没有编号为“别处-0001”的案例"),
        ({"编号": "", "办理": "入选"}, None, "缺编号或版本"),
        ({"办理": "授奖"}, None, "“授奖”，不是清单所列的办理事项"),
        ({"办理": "公开发布"}, None, "不是清单所列的办理事项"),
        ({"理由": "好"}, None, "没有选“办理”"),
        ({"办理": "入选", "已逐项核对": "对"}, None, "只能填“是”"),
        ({"办理": "退回省级", "理由": "补章", "重新报送截止日": "下周"}, None, "截止日不是日期"),
        ({"办理": "入选"}, _hide, "被隐藏或被筛选掉了"),
        ({"办理": "入选"}, _shift, "案例名称与编号对不上"),
        ({"办理": "入选", "理由": "长" * 2001}, None, "理由超过 2000 字"),
    ],
)
def test_a_row_that_cannot_be_understood_is_left_with_the_reason(
    world: World, ids: list[int], fields: Mapping[str, str], also: Callable[[Any], None] | None, words: str
) -> None:
    data = filled(taken_away(world), {numbers(world, ids)[0]: fields}, also or (lambda _: None))
    [row] = [one for one in seen(world, data).rows if one.given.line == 4]
    assert str(row.came) == "wrong"
    assert words in row.words
    assert done(world, data).done == 0
    assert world.state(ids[0]) == "submitted"


def test_a_case_in_two_rows_is_not_done(world: World, ids: list[int]) -> None:
    data = filled(taken_away(world), {one: {"办理": "入选"} for one in numbers(world, ids)}, _twice)
    assert came(seen(world, data)) == ["wrong", "wrong", "ready"]


def test_what_is_not_within_reach_is_as_if_it_were_not_there(world: World, ids: list[int]) -> None:
    data = filled(taken_away(world), {one: {"办理": "退回中心"} for one in numbers(world, ids)})
    found = seen(world, data, "other_reviewer" if "other_reviewer" in world.people else "reviewer")
    assert all(str(one.came) in ("wrong", "impossible", "refused", "asked") for one in found.rows)


def test_renamed_heads_are_named(world: World, ids: list[int]) -> None:
    def rename(sheet: Any) -> None:
        sheet["I3"].value = "说法"

    with pytest.raises(Unreadable) as told:
        seen(world, filled(taken_away(world), {}, rename))
    assert "缺“理由”" in told.value.problem.text.zh


def test_a_workbook_that_is_no_worklist_is_refused(world: World) -> None:
    made = io.BytesIO()
    Workbook().save(made)
    with pytest.raises(Unreadable) as told:
        seen(world, made.getvalue())
    assert told.value.problem.code == "no_worklist"


def test_a_sheet_as_large_as_sheets_can_be_is_refused(world: World, ids: list[int]) -> None:
    def far(sheet: Any) -> None:
        sheet.cell(1_048_576, 16_384).value = "到头了"

    data = filled(taken_away(world), {}, far)
    assert judge("worklist", "清单.xlsx", data).verdict == "reject"
    with pytest.raises(Unreadable) as told:  # nor where the door was open
        seen(world, data)
    assert told.value.problem.code == "worklist_too_large"
