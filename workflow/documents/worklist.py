"""An office's list of what it can do, as a sheet to be filled in elsewhere: written, and read back."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import MultiCellRange
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from rules.words import Text
from workflow import clock
from workflow.documents import template
from workflow.documents.problems import unreadable
from workflow.documents.sheets import (
    _A4,
    _BOX,
    _LABEL,
    _LEFT,
    _MIDDLE,
    _SHADE,
    _SMALL,
    _TITLE,
    _height,
    _put,
    _put_like,
)

__all__ = ["COLUMNS", "YES", "Given", "Row", "annotated", "read_worklist", "worklist"]

COLUMNS: Mapping[str, tuple[str, float]] = {
    "number": ("编号", 19.0),
    "title": ("案例名称", 34.0),
    "centre": ("中心", 22.0),
    "theme": ("主题", 16.0),
    "length": ("字数", 7.0),
    "state": ("状态", 11.0),
    "mark": ("版本", 7.0),
    "action": ("办理", 14.0),
    "reason": ("理由", 30.0),
    "confirmed": ("已逐项核对", 8.0),
    "new_day": ("重新报送截止日", 13.0),
    "said": ("提示", 34.0),
}
"""Column → its head and width, in the sheet's order."""
_FILLED = ("action", "reason", "confirmed", "new_day")
_NEEDED = ("number", "title", "mark", *_FILLED)
_HEAD = 3
"""The row of the heads."""
YES = "是"
_OPEN = PatternFill("solid", fgColor="FFFFF9E5")
_ROWS, _COLUMNS = 1_100, 64
"""How far a sheet of it may reach when it comes back: its 1,000 rows and some room."""
_LONGEST = 2_000
"""Characters of a reason, as on screen."""


@dataclass(frozen=True)
class Row:
    """One case in the list: column → words; `actions`: what can be chosen for it."""

    words: Mapping[str, str]
    actions: Sequence[str]


@dataclass(frozen=True)
class Given:
    """One row as it came back. `wrong`: why nothing can be made of it."""

    line: int
    number: str
    title: str
    mark: str
    action: str
    reason: str
    confirmed: str
    new_day: str
    wrong: Text | None = None

    @property
    def day(self) -> date | None:
        return clock.day_written(self.new_day)


# ---- written ---------------------------------------------------------------------------------------------------------


def worklist(title: str, rows: Sequence[Row], notes: Sequence[tuple[Text, Text]]) -> bytes:
    """The list (.xlsx, A4 landscape): drop-downs of what each row allows, the rest locked; `notes` on a second sheet."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "办理清单"
    _top(sheet, title)
    closed, opened = _models(sheet)
    for at, row in enumerate(rows, _HEAD + 1):
        height = 0.0
        for column, (name, (_, width)) in enumerate(COLUMNS.items(), 1):
            text = template.tidy(row.words.get(name, ""))
            _put_like(sheet, at, column, text, opened if name in _FILLED and row.actions else closed)
            height = max(height, _height(text, width, 24.0, 14.0))
        sheet.row_dimensions[at].height = height
    _drop_downs(sheet, rows)
    _notes(book, notes)
    _laid_out(sheet, _HEAD + len(rows))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _models(sheet: Worksheet) -> tuple[Any, Any]:
    """A cell as those look that stay as they are, and one as those that are filled in; they stand in no sheet."""
    made: list[Any] = [Cell(sheet, 1, 1) for _ in range(2)]
    for one in made:
        one.number_format, one.font, one.alignment, one.border = "@", _SMALL, _LEFT, _BOX
    made[1].protection, made[1].fill = Protection(locked=False), _OPEN
    return made[0], made[1]


def _top(sheet: Worksheet, title: str) -> None:
    last = len(COLUMNS)
    _put(sheet, 1, 1, title, _TITLE, Alignment(horizontal="center", vertical="center"))
    _put(sheet, 2, 1, "只填黄色的格；白色的格请勿改动。填法见“说明”。", _SMALL, _LEFT)
    for row, height in ((1, 34.0), (2, 20.0)):
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=last)
        sheet.row_dimensions[row].height = height
    for column, (head, width) in enumerate(COLUMNS.values(), 1):
        _put(sheet, _HEAD, column, head, _LABEL, _MIDDLE)
        sheet.cell(_HEAD, column).fill, sheet.cell(_HEAD, column).border = _SHADE, _BOX
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.row_dimensions[_HEAD].height = 34.0


def _drop_downs(sheet: Worksheet, rows: Sequence[Row]) -> None:
    """One rule for all rows that allow the same, on stretches of rows: a thousand cells named one by one open slowly."""
    many: dict[tuple[str, ...], list[int]] = {}
    for at, row in enumerate(rows, _HEAD + 1):
        if row.actions:
            many.setdefault(tuple(row.actions), []).append(at)
    for actions, lines in many.items():
        _rule(sheet, "action", actions, "请从列表中选择；不办的留空。", lines)
    if many:
        lines = sorted(line for some in many.values() for line in some)
        _rule(sheet, "confirmed", (YES,), "逐项核对“说明”所列各点之后选“是”。", lines)


def _rule(sheet: Worksheet, name: str, words: Sequence[str], prompt: str, lines: Sequence[int]) -> None:
    rule = DataValidation("list", formula1=f'"{",".join(words)}"', allow_blank=True, showErrorMessage=True)
    rule.errorTitle, rule.error = "办理清单", "请从下拉列表中选择一项，或者留空。"
    rule.promptTitle, rule.prompt, rule.showInputMessage = "办理清单", prompt, True
    letter, stretches = _letter(name), []
    for _, stretch in groupby(enumerate(lines), key=lambda one: one[1] - one[0]):
        some = [line for _, line in stretch]
        stretches.append(f"{letter}{some[0]}:{letter}{some[-1]}")
    rule.sqref = MultiCellRange(" ".join(stretches))
    sheet.add_data_validation(rule)


def _letter(name: str) -> str:
    return get_column_letter(list(COLUMNS).index(name) + 1)


def _notes(book: Workbook, notes: Sequence[tuple[Text, Text]]) -> None:
    sheet = book.create_sheet("说明")
    for row, (what, words) in enumerate(notes, 1):
        _put(sheet, row, 1, what.zh, _LABEL, _LEFT)
        _put(sheet, row, 2, f"{words.zh}\n{words.en}", _SMALL, _LEFT)
        sheet.row_dimensions[row].height = 16.0 * (2 + len(words.zh) // 48 + len(words.en) // 96)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 18.0, 100.0
    sheet.protection.sheet = True
    _page(sheet)


def _laid_out(sheet: Worksheet, last: int) -> None:
    sheet.freeze_panes = f"C{_HEAD + 1}"
    sheet.print_title_rows = f"{_HEAD}:{_HEAD}"
    sheet.print_area = f"A1:{get_column_letter(len(COLUMNS))}{last}"
    sheet.protection.sheet = True
    sheet.protection.formatRows = sheet.protection.formatColumns = False
    _page(sheet)


def _page(sheet: Worksheet) -> None:
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.orientation = "landscape"
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    footer: Any = sheet.oddFooter
    footer.center.text = "第 &P 页 共 &N 页"


# ---- read back -------------------------------------------------------------------------------------------------------


def read_worklist(data: bytes) -> list[Given]:
    """The rows of a vetted .xlsx that ask for something, each with what is wrong with it. Raises Unreadable."""
    book = _opened(data)
    sheet = next((one for one in book.worksheets if _head_row(one)), None)
    if sheet is None:
        raise unreadable(
            "no_worklist",
            "没有找到办理清单的表头（编号、案例名称、版本、办理……）。请用从本系统下载的清单，不要改动或删去第 {row} 行。",
            "The heads of the worklist were not found (编号, 案例名称, 版本, 办理 …). Use the list downloaded here, and leave"
            " row {row} as it is.",
            row=_HEAD,
        )
    head = _head_row(sheet)
    return _rows(sheet, head, _places(sheet, head))


def _opened(data: bytes) -> Any:
    """The workbook. Cells are kept one by one here, so one that stands far off costs no more; the door bounds how many."""
    try:
        book = load_workbook(io.BytesIO(data), keep_links=False)
    except (BadZipFile, KeyError, ValueError, TypeError, OSError):
        raise _damaged() from None
    if any(one.max_row > _ROWS or one.max_column > _COLUMNS for one in book.worksheets):
        raise unreadable(
            "worklist_too_large",
            "这份表比办理清单大得多（一份清单最多 1000 行）。请用从本系统下载的清单。",
            "This sheet is far larger than a worklist, which has at most 1,000 rows. Use the list downloaded here.",
        )
    return book


def _damaged() -> Exception:
    return unreadable(
        "damaged", "这份 Excel 文件打不开。请重新保存后再上传。", "The workbook cannot be opened; save it anew."
    )


def _head_row(sheet: Worksheet) -> int:
    """The row with the heads of number and action; 0 where there is none among the first ones."""
    for row in range(1, 11):
        heads = {_word(cell.value) for cell in sheet[row]}
        if {COLUMNS["number"][0], COLUMNS["action"][0]} <= heads or {
            COLUMNS["number"][0],
            COLUMNS["mark"][0],
            COLUMNS["title"][0],
        } <= heads:
            return row
    return 0


def _places(sheet: Worksheet, head: int) -> dict[str, int]:
    """Column → where it stands. Raises Unreadable, naming what is missing or there twice."""
    heads = [_word(cell.value) for cell in sheet[head]]
    wanted = {name: COLUMNS[name][0] for name in _NEEDED}
    lost = [one for one in wanted.values() if one not in heads]
    twice = [one for one in wanted.values() if heads.count(one) > 1]
    if lost or twice:
        raise unreadable(
            "worklist_heads",
            "第 {row} 行的表头与下载时不同：{what}。请改回原来的名称再上传。",
            "The heads in row {row} are not as downloaded: {said}. Give them their old names and upload again.",
            row=head,
            what="；".join([f"缺“{one}”" for one in lost] + [f"“{one}”出现两次" for one in twice]),
            said="; ".join([f"{one} is missing" for one in lost] + [f"{one} stands twice" for one in twice]),
        )
    return {name: heads.index(words) + 1 for name, words in wanted.items()}


def _rows(sheet: Worksheet, head: int, places: Mapping[str, int]) -> list[Given]:
    found = []
    for at in range(head + 1, min(sheet.max_row, head + _ROWS) + 1):
        cells = {name: sheet.cell(at, column) for name, column in places.items()}
        words = {name: _word(cell.value) for name, cell in cells.items()}
        if not any(words[name] for name in _FILLED):
            continue
        formula = next((name for name, cell in cells.items() if cell.data_type == "f"), "")
        hidden = bool(sheet.row_dimensions[at].hidden)
        found.append(Given(at, **words, wrong=_wrong(words, formula, hidden)))
    return found


def _wrong(words: Mapping[str, str], formula: str, hidden: bool) -> Text | None:
    if formula:
        head = COLUMNS[formula][0]
        return Text(
            f"“{head}”格里是公式。请改成文字（复制，再“选择性粘贴：数值”）。",
            f"“{head}” holds a formula. Turn it into text (copy, then paste as value).",
        )
    if hidden:
        return Text(
            "这一行被隐藏或被筛选掉了，没有采用。要办理请先取消隐藏；不办请清空“办理”。",
            "This row is hidden or filtered out, and was left. Unhide it, or clear 办理 if it is not meant.",
        )
    if not words["number"] or not words["mark"]:
        return Text("缺编号或版本，不知道是哪个案例。", "Number or version is missing, so it is no known case.")
    if not words["action"]:
        return Text("没有选“办理”，这一行不办。", "Nothing is chosen under 办理, so nothing is done.")
    if words["confirmed"] not in ("", YES):
        return Text("“已逐项核对”只能填“是”或者留空。", "已逐项核对 is 是 or empty.")
    if len(words["reason"]) > _LONGEST:
        return Text(f"理由超过 {_LONGEST} 字。", f"The reason is longer than {_LONGEST} characters.")
    if words["new_day"] and clock.day_written(words["new_day"]) is None:
        return Text("截止日不是日期，请写作 2021-03-28。", "The last day is no date; write it as 2021-03-28.")
    return None


def _word(value: Any) -> str:
    """A cell's value as text: a typed date as its day, a number without a needless point."""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return template.tidy(str(value)) if value is not None else ""


def annotated(data: bytes, said: Mapping[int, str]) -> bytes:
    """The sheet as it came, with what was found of each row (line → words) under 提示. Raises Unreadable."""
    book = _opened(data)
    sheet = next(one for one in book.worksheets if _head_row(one))
    head = _head_row(sheet)
    heads = [_word(cell.value) for cell in sheet[head]]
    words, width = COLUMNS["said"]
    column = heads.index(words) + 1 if words in heads else len(heads) + 1
    _put(sheet, head, column, words, _LABEL, _MIDDLE)
    sheet.column_dimensions[get_column_letter(column)].width = width * 1.5
    models: dict[bytes, Any] = {}  # looks as they came → a cell in the same with our face
    for at in range(head + 1, min(sheet.max_row, head + _ROWS) + 1):
        cell: Any = sheet.cell(at, column)
        cell.value = None
        found = template.tidy(said.get(at, ""))
        looks = cell._style.tobytes()
        if looks in models:
            _put_like(sheet, at, column, found, models[looks])
        else:
            _put(sheet, at, column, found, _SMALL, _LEFT)
            models[looks] = cell
        present = sheet.row_dimensions[at].height or 24.0
        sheet.row_dimensions[at].height = max(present, _height(found, width * 1.5, 24.0, 14.0))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()
