"""Sheets that are taken away, filled in elsewhere and brought back: written, read, and given back with what was found."""

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

HEAD = 3
"""The row of the heads."""
_OPEN = PatternFill("solid", fgColor="FFFFF9E5")
_COLUMNS = 64
"""How far to the right a sheet may reach when it comes back."""


@dataclass(frozen=True)
class Layout:
    """What one kind of sheet looks like. `columns`: column → head and width, in order, the last one for what was found.

    `filled`: those that are filled in; `needed`: the others without which nothing is read; `known_by`: sets of columns
    any of which tells the row of the heads; `most`: how many rows it may have, `room`: with those added by mistake.
    """

    name: Text
    columns: Mapping[str, tuple[str, float]]
    filled: tuple[str, ...]
    needed: tuple[str, ...]
    known_by: tuple[frozenset[str], ...]
    most: int
    room: int = 100

    def head(self, column: str) -> str:
        return self.columns[column][0]

    def letter(self, column: str) -> str:
        return get_column_letter(list(self.columns).index(column) + 1)


@dataclass(frozen=True)
class Filling:
    """One row to be filled in. `lists`: column → what can be chosen there; without one the whole row is locked."""

    words: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Filled:
    """One row as it came back, its cells as text. `formula`: a column whose cell is reckoned, or nothing."""

    line: int
    words: Mapping[str, str]
    formula: str
    hidden: bool


# ---- written ---------------------------------------------------------------------------------------------------------


def written(layout: Layout, title: str, rows: Sequence[Filling], notes: Sequence[tuple[Text, Text]]) -> bytes:
    """The sheet (.xlsx, A4 landscape): drop-downs of what each row allows, the rest locked; `notes` on a second sheet."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = layout.name.zh
    _top(layout, sheet, title)
    closed, opened = _models(sheet)
    for at, row in enumerate(rows, HEAD + 1):
        height = 0.0
        for column, (name, (_, width)) in enumerate(layout.columns.items(), 1):
            text = template.tidy(row.words.get(name, ""))
            _put_like(sheet, at, column, text, opened if name in layout.filled and row.lists else closed)
            height = max(height, _height(text, width, 24.0, 14.0))
        sheet.row_dimensions[at].height = height
    _drop_downs(layout, sheet, rows)
    _notes(book, notes)
    _laid_out(layout, sheet, HEAD + len(rows))
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


def _top(layout: Layout, sheet: Worksheet, title: str) -> None:
    last = len(layout.columns)
    _put(sheet, 1, 1, title, _TITLE, Alignment(horizontal="center", vertical="center"))
    _put(sheet, 2, 1, "只填黄色的格；白色的格请勿改动。填法见“说明”。", _SMALL, _LEFT)
    for row, height in ((1, 34.0), (2, 20.0)):
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=last)
        sheet.row_dimensions[row].height = height
    for column, (head, width) in enumerate(layout.columns.values(), 1):
        _put(sheet, HEAD, column, head, _LABEL, _MIDDLE)
        sheet.cell(HEAD, column).fill, sheet.cell(HEAD, column).border = _SHADE, _BOX
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.row_dimensions[HEAD].height = 34.0


def _drop_downs(layout: Layout, sheet: Worksheet, rows: Sequence[Filling]) -> None:
    """One rule for all rows that allow the same, on stretches of rows: a thousand cells named one by one open slowly."""
    many: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for at, row in enumerate(rows, HEAD + 1):
        for column, words in row.lists.items():
            many.setdefault((column, words), []).append(at)
    for (column, words), lines in many.items():
        _rule(layout, sheet, column, words, lines)


def _rule(layout: Layout, sheet: Worksheet, column: str, words: Sequence[str], lines: Sequence[int]) -> None:
    name = layout.name.zh
    rule = DataValidation("list", formula1=f'"{",".join(words)}"', allow_blank=True, showErrorMessage=True)
    rule.errorTitle, rule.error = name, "请从下拉列表中选择一项，或者留空。"
    rule.promptTitle, rule.prompt, rule.showInputMessage = name, "请从列表中选择，填法见“说明”。", True
    letter, stretches = layout.letter(column), []
    for _, stretch in groupby(enumerate(lines), key=lambda one: one[1] - one[0]):
        some = [line for _, line in stretch]
        stretches.append(f"{letter}{some[0]}:{letter}{some[-1]}")
    rule.sqref = MultiCellRange(" ".join(stretches))
    sheet.add_data_validation(rule)


def _notes(book: Workbook, notes: Sequence[tuple[Text, Text]]) -> None:
    sheet = book.create_sheet("说明")
    for row, (what, words) in enumerate(notes, 1):
        _put(sheet, row, 1, what.zh, _LABEL, _LEFT)
        _put(sheet, row, 2, f"{words.zh}\n{words.en}", _SMALL, _LEFT)
        sheet.row_dimensions[row].height = 16.0 * (2 + len(words.zh) // 48 + len(words.en) // 96)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 18.0, 100.0
    sheet.protection.sheet = True
    _page(sheet)


def _laid_out(layout: Layout, sheet: Worksheet, last: int) -> None:
    sheet.freeze_panes = f"C{HEAD + 1}"
    sheet.print_title_rows = f"{HEAD}:{HEAD}"
    sheet.print_area = f"A1:{get_column_letter(len(layout.columns))}{last}"
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


def read(layout: Layout, data: bytes) -> list[Filled]:
    """Every row below the heads of a vetted .xlsx that holds anything in a column that is read. Raises Unreadable."""
    book = _opened(layout, data)
    sheet = next((one for one in book.worksheets if _head_row(layout, one)), None)
    if sheet is None:
        raise unreadable(
            "no_worklist",
            "没有找到{name}的表头（{heads}……）。请用从本系统下载的表，不要改动或删去第 {row} 行。",
            "The heads of the {said} were not found ({heads} …). Use the sheet downloaded here, and leave row {row} as it"
            " is.",
            name=layout.name.zh,
            said=layout.name.en.lower(),
            heads="、".join(layout.head(one) for one in (*layout.needed, layout.filled[0])),
            row=HEAD,
        )
    head = _head_row(layout, sheet)
    return _rows(layout, sheet, head, _places(layout, sheet, head))


def _opened(layout: Layout, data: bytes) -> Any:
    """The workbook. Cells are kept one by one here, so one that stands far off costs no more; the door bounds how many."""
    try:
        book = load_workbook(io.BytesIO(data), keep_links=False)
    except (BadZipFile, KeyError, ValueError, TypeError, OSError):
        raise unreadable(
            "damaged", "这份 Excel 文件打不开。请重新保存后再上传。", "The workbook cannot be opened; save it anew."
        ) from None
    if any(one.max_row > layout.most + layout.room or one.max_column > _COLUMNS for one in book.worksheets):
        raise unreadable(
            "worklist_too_large",
            "这份表比{name}大得多（最多 {most} 行）。请用从本系统下载的表。",
            "This sheet is far larger than a {said}, which has at most {most} rows. Use the one downloaded here.",
            name=layout.name.zh,
            said=layout.name.en.lower(),
            most=layout.most,
        )
    return book


def _head_row(layout: Layout, sheet: Worksheet) -> int:
    """The row of the heads; 0 where there is none among the first ones."""
    for row in range(1, 11):
        heads = {word(cell.value) for cell in sheet[row]}
        if any({layout.head(one) for one in some} <= heads for some in layout.known_by):
            return row
    return 0


def _places(layout: Layout, sheet: Worksheet, head: int) -> dict[str, int]:
    """Column → where it stands. Raises Unreadable, naming what is missing or there twice."""
    heads = [word(cell.value) for cell in sheet[head]]
    wanted = {name: layout.head(name) for name in (*layout.needed, *layout.filled)}
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


def _rows(layout: Layout, sheet: Worksheet, head: int, places: Mapping[str, int]) -> list[Filled]:
    found = []
    for at in range(head + 1, min(sheet.max_row, head + layout.most + layout.room) + 1):
        cells = {name: sheet.cell(at, column) for name, column in places.items()}
        words = {name: word(cell.value) for name, cell in cells.items()}
        if any(words.values()):
            formula = next((name for name, cell in cells.items() if cell.data_type == "f"), "")
            found.append(Filled(at, words, formula, bool(sheet.row_dimensions[at].hidden)))
    return found


def reckoned(layout: Layout, column: str) -> Text:
    """What is said of a cell that holds a formula."""
    return Text(
        f"“{layout.head(column)}”格里是公式。请改成文字（复制，再“选择性粘贴：数值”）。",
        f"“{layout.head(column)}” holds a formula. Turn it into text (copy, then paste as value).",
    )


def word(value: Any) -> str:
    """A cell's value as text: a typed date as its day, a number without a needless point."""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return template.tidy(str(value)) if value is not None else ""


def annotated(layout: Layout, data: bytes, said: Mapping[int, str]) -> bytes:
    """The sheet as it came, with what was found of each row (line → words) in its last column. Raises Unreadable."""
    book = _opened(layout, data)
    sheet = next(one for one in book.worksheets if _head_row(layout, one))
    head = _head_row(layout, sheet)
    heads = [word(cell.value) for cell in sheet[head]]
    words, width = list(layout.columns.values())[-1]
    column = heads.index(words) + 1 if words in heads else len(heads) + 1
    _put(sheet, head, column, words, _LABEL, _MIDDLE)
    sheet.column_dimensions[get_column_letter(column)].width = width * 1.5
    models: dict[bytes, Any] = {}  # looks as they came → a cell in the same with our face
    for at in range(head + 1, min(sheet.max_row, head + layout.most + layout.room) + 1):
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
