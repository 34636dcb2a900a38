"""Excel files written: the report form, blank or filled in, and an office's summary table."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.drawing.image import Image
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
from openpyxl.drawing.xdr import XDRPositiveSize2D
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import coordinate_to_tuple, get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from rules.call import Call, Field, FieldType, Phase
from rules.words import Text
from workflow.documents import template
from workflow.documents.forms import choices_of

__all__ = ["report_form", "summary_table", "text_table"]

_THIN = Side(style="thin", color="FF000000")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_LABEL = Font(name="黑体", size=12)
_VALUE = Font(name="仿宋", size=12)
_SMALL = Font(name="仿宋", size=10)
_TITLE = Font(name="方正小标宋简体", size=20)
_OVER_TITLE = Font(name="楷体", size=13)
_FINE = Font(name="Courier New", size=7, color="FF666666")
_SHADE = PatternFill("solid", fgColor="FFF2F2F2")
_MIDDLE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True, indent=1)
_TOP = Alignment(horizontal="left", vertical="top", wrap_text=True, indent=1)

_NARROW = (FieldType.MONTH, FieldType.DATE, FieldType.PHONE, FieldType.YES_NO)
_NARROW_LIMIT = 40
"""A text field with no more room than this many characters shares its row with another."""
_A4 = 9
_CODE = 150
"""Pixels of a QR code's side: about 4 cm, before the table is fitted to the page."""
_OFF = 10
"""Pixels between a picture and the lines of its cell: they keep out of the white edge of a code."""
_EMU = 9525
"""English metric units in a pixel, by which places in a drawing are counted (ECMA-376)."""
_MOST_INLINE = 1000
"""Excel shows no list longer than this usefully; longer ones are typed."""


# Cells


def _put(sheet: Worksheet, row: int, column: int, text: str, font: Font, alignment: Alignment) -> None:
    """A text that stays text: no formula, no error value, no number, whatever it begins with."""
    cell: Any = sheet.cell(row, column)
    cell.number_format = "@"
    cell.font, cell.alignment = font, alignment
    _write(cell, text)


def _write(cell: Any, text: str) -> None:
    if text:
        cell._value = _escaped(text)  # the setter guesses a type from "=", "#N/A" and the like
        cell.data_type = "s"
    cell.quotePrefix = text.startswith(("=", "+", "-", "@", "'"))


def _put_like(sheet: Worksheet, row: int, column: int, text: str, model: Any) -> None:
    """The same in the looks of another cell: where there are thousands, working each look out takes most of the time."""
    cell: Any = sheet.cell(row, column)
    cell._style = copy(model._style)
    _write(cell, text)


def _escaped(text: str) -> str:
    """The format reads _x0041_ as a character's code; a text that says so literally has its first mark coded."""
    return re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)


def _frame(sheet: Worksheet, row: int, first: int, last: int, rows: int = 1, *, open_to_typing: bool = False) -> None:
    """Merges and boxes a range; what is not open to typing stays locked."""
    if (rows, first) != (1, last):
        sheet.merge_cells(start_row=row, end_row=row + rows - 1, start_column=first, end_column=last)
    for at in range(row, row + rows):
        for column in range(first, last + 1):
            cell = sheet.cell(at, column)
            cell.border = _BOX
            cell.protection = Protection(locked=not open_to_typing)


def _width(text: str) -> int:
    """Columns of a fixed-width face; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WFA" else 1 for one in text)


def _height(text: str, width: float, least: float, line: float = 17.0) -> float:
    lines = sum(max(1, -(-_width(one) // max(int(width) - 2, 4))) for one in (text or " ").split("\n"))
    return max(least, lines * line + 8)


# The report form

_COLUMNS = (15.0, 29.0, 15.0, 29.0)
_LAST = len(_COLUMNS)


_DRAFT = Path(__file__).with_name("draft.png")
"""草稿, light grey and clear, slanting upwards: a picture, because a server need not have a Chinese face to draw it."""


def report_form(
    call: Call, values: Mapping[str, str], *, note: str = "", code: bytes = b"", draft: bool = False
) -> bytes:
    """The call's report form (.xlsx, A4 portrait), with room for the seal of the host unit.

    `values` by the call's field names; a field without one stays blank. Choices are drop-downs, labels are locked.
    `code`: the mark of the print (PNG), left of the seal. `draft`: with a watermark that says so.
    """
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "案例报送表"
    for at, width in enumerate(_COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    row = _form_head(sheet, call, note)
    under_seal = next((one for one in reversed(call.report_form) if one.type is FieldType.DATE), None)
    lists = _Lists(book, call)
    for fields in _rows_of([one for one in call.report_form if one is not under_seal]):
        _form_row(sheet, row, fields, values, lists)
        row += 1
    row = _seal_block(sheet, row, call, under_seal, values, lists)
    if code:
        _picture(sheet, code, f"B{row - 1}", _CODE, _CODE)
    if draft:
        _picture(sheet, _DRAFT.read_bytes(), "B6", 480, 344)
    lists.write()
    _protect(sheet)
    _page(sheet, call, row, _LAST, landscape=False)
    sheet.page_setup.fitToHeight = 1
    return _saved(book, call)


def _form_head(sheet: Worksheet, call: Call, note: str) -> int:
    row = 1
    for text, font, height in (
        (call.title.zh, _OVER_TITLE, 26.0),
        ("案 例 报 送 表", _TITLE, 36.0),
    ):
        _put(sheet, row, 1, text, font, Alignment(horizontal="center", vertical="center"))
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=_LAST)
        sheet.row_dimensions[row].height = height
        row += 1
    if note := template.tidy(note):
        _put(sheet, row, 1, note, _SMALL, _LEFT)
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=_LAST)
        sheet.row_dimensions[row].height = _height(note, sum(_COLUMNS), 20.0, 14.0)
        row += 1
    return row


def _picture(sheet: Worksheet, data: bytes, cell: str, width: int, height: int) -> None:
    """A picture over the cells from one on, so many pixels wide and high before the sheet is fitted to the page."""
    picture = Image(io.BytesIO(data))
    picture.width, picture.height = width, height
    column, row = coordinate_to_tuple(cell)[1] - 1, coordinate_to_tuple(cell)[0] - 1
    corner = AnchorMarker(col=column, colOff=_OFF * _EMU, row=row, rowOff=_OFF * _EMU)
    picture.anchor = OneCellAnchor(corner, XDRPositiveSize2D(width * _EMU, height * _EMU))
    sheet.add_image(picture)


def _rows_of(fields: Sequence[Field]) -> list[tuple[Field, ...]]:
    """Fields in the call's order, two narrow ones that follow each other to a row."""
    rows: list[tuple[Field, ...]] = []
    for one in fields:
        if rows and _narrow(one) and len(rows[-1]) == 1 and _narrow(rows[-1][0]):
            rows[-1] = (rows[-1][0], one)
        else:
            rows.append((one,))
    return rows


def _narrow(one: Field) -> bool:
    return one.type in _NARROW or (one.type is FieldType.TEXT and one.limit is not None and one.limit <= _NARROW_LIMIT)


def _form_row(sheet: Worksheet, row: int, fields: tuple[Field, ...], values: Mapping[str, str], lists: _Lists) -> None:
    height = 0.0
    for at, one in enumerate(fields):
        first = 1 + 2 * at
        last = first + 1 if len(fields) > 1 else _LAST
        text = template.tidy(values.get(one.name, ""))
        long = one.type is FieldType.LONG_TEXT
        _put(sheet, row, first, one.label.zh, _LABEL, _MIDDLE)
        sheet.cell(row, first).fill = _SHADE
        _frame(sheet, row, first, first)
        _put(sheet, row, first + 1, text, _VALUE, _TOP if long else _LEFT)
        _frame(sheet, row, first + 1, last, open_to_typing=True)
        lists.attach(sheet, one, f"{get_column_letter(first + 1)}{row}")
        width = sum(_COLUMNS[first:last])
        height = max(height, _height(text, width, 110.0 if long else 34.0))
    sheet.row_dimensions[row].height = height


def _seal_block(
    sheet: Worksheet, row: int, call: Call, day: Field | None, values: Mapping[str, str], lists: _Lists
) -> int:
    """The host unit's statement, a square of about 5 cm for its seal, signature and day. Gives the last row."""
    unit = template.label_of(call, "host_unit", Text("所在单位", "Host unit")).zh
    _put(sheet, row, 1, f"{unit}\n意　　见", _LABEL, _MIDDLE)
    sheet.cell(row, 1).fill = _SHADE
    _frame(sheet, row, 1, 1, 2)
    _put(sheet, row, 2, "　　以上情况属实，同意报送。", _VALUE, _TOP)
    sheet.merge_cells(start_row=row, end_row=row, start_column=2, end_column=_LAST)
    sheet.row_dimensions[row].height = 28.0
    _put(sheet, row + 1, 3, f"（{unit}盖章处）", _VALUE, _MIDDLE)
    sheet.merge_cells(start_row=row + 1, end_row=row + 1, start_column=3, end_column=_LAST)
    sheet.row_dimensions[row + 1].height = 165.0
    for at in (row, row + 1):
        for column in range(2, _LAST + 1):
            sheet.cell(at, column).border = Border(
                right=_THIN if column == _LAST else None, top=_THIN if at == row else None
            )
    row += 2
    for first, label in ((1, "负责人签字"), (3, day.label.zh if day else "日　　期")):
        _put(sheet, row, first, label, _LABEL, _MIDDLE)
        sheet.cell(row, first).fill = _SHADE
        _frame(sheet, row, first, first)
        _frame(sheet, row, first + 1, first + 1, open_to_typing=True)
    _put(sheet, row, 4, template.tidy(values.get(day.name, "")) if day else "", _VALUE, _LEFT)
    if day:
        lists.attach(sheet, day, f"D{row}")
    sheet.row_dimensions[row].height = 34.0
    return row


class _Lists:
    """Drop-downs: their words stand on a hidden sheet, since a list in the cell itself ends at 255 characters."""

    def __init__(self, book: Workbook, call: Call) -> None:
        self.book, self.call = book, call
        self.columns: list[list[str]] = []

    def attach(self, sheet: Worksheet, one: Field, cell: str) -> None:
        """Gives a cell the field's choices, or says how a date is to be written."""
        choices = [label.zh for label in choices_of(one, self.call).values()]
        if choices and len(choices) <= _MOST_INLINE:
            if choices not in self.columns:
                self.columns.append(choices)
            column = get_column_letter(self.columns.index(choices) + 1)
            rule = DataValidation("list", formula1=f"'选项'!${column}$1:${column}${len(choices)}", allow_blank=True)
            open_ended = one.name == "theme" and any(theme.needs_name for theme in self.call.themes.values())
            rule.showErrorMessage = not open_ended
            rule.errorTitle, rule.error = one.label.zh, "请从下拉列表中选择一项。"
            _prompt(rule, one, "请从下拉列表中选择。" + ("列表之外的主题请直接写明。" if open_ended else ""))
        elif one.type in (FieldType.MONTH, FieldType.DATE):
            rule = DataValidation("custom", formula1="TRUE", allow_blank=True, showErrorMessage=False)
            _prompt(rule, one, "请写作 2020-03。" if one.type is FieldType.MONTH else "请写作 2021-03-16。")
        elif one.limit:
            rule = DataValidation("textLength", operator="lessThanOrEqual", formula1=str(one.limit), allow_blank=True)
            rule.errorTitle, rule.error = one.label.zh, f"不超过 {one.limit} 字。"
            rule.errorStyle, rule.showErrorMessage = "warning", True
            _prompt(rule, one, f"不超过 {one.limit} 字。")
        else:
            return
        rule.add(cell)
        sheet.add_data_validation(rule)

    def write(self) -> None:
        """The hidden sheet itself, when anything asked for it."""
        if not self.columns:
            return
        sheet = self.book.create_sheet("选项")
        sheet.sheet_state = "hidden"
        for column, choices in enumerate(self.columns, 1):
            for row, choice in enumerate(choices, 1):
                _put(sheet, row, column, choice, _VALUE, _LEFT)


def _prompt(rule: DataValidation, one: Field, text: str) -> None:
    rule.promptTitle, rule.prompt, rule.showInputMessage = one.label.zh[:32], text, True


# The summary table

_WIDEST, _NARROWEST = 34.0, 6.0


def summary_table(
    call: Call,
    phase: Phase | str,
    office: str,
    rows: Sequence[Mapping[str, str]],
    dated: date,
    number: str,
    digest: str,
    record: tuple[str, bytes] | None = None,
    code: bytes = b"",
) -> bytes:
    """An office's summary table (.xlsx, A4 landscape), with room for its seal.

    `rows` by the call's field names, in the office's order; `position` is numbered where a row has none. `digest` is
    printed small, to be held against the record. `record`: how far the record went when it was printed, as a line and as
    a QR code (PNG); `code`: the mark of the print (PNG).
    """
    found = call.phase(phase) if isinstance(phase, str) else phase
    label = found.label.zh if found else str(phase)
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "案例汇总表"
    fields = call.summary_table
    last = len(fields)
    table = [
        [template.tidy(one.get(field.name, "") or (str(at) if field.name == "position" else "")) for field in fields]
        for at, one in enumerate(rows, 1)
    ]
    widths = _widths(fields, table)
    for at, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    _across(sheet, 1, 1, last, call.title.zh, _OVER_TITLE, 24.0)
    _across(sheet, 2, 1, last, "案 例 汇 总 表", _TITLE, 34.0)
    half = max(1, last // 2)
    _across(sheet, 3, 1, half, f"填报单位（盖章）：{template.one_line(office)}", _VALUE, 24.0, "left")
    if last > half:
        _across(sheet, 3, half + 1, last, f"{label}　　共 {len(rows)} 件　　编号：{number}", _VALUE, 24.0, "right")
    for column, field in enumerate(fields, 1):
        _put(sheet, 4, column, field.label.zh, _LABEL, _MIDDLE)
        sheet.cell(4, column).fill = _SHADE
        _frame(sheet, 4, column, column)
    sheet.row_dimensions[4].height = 30.0
    for row, texts in enumerate(table, 5):
        for column, text in enumerate(texts, 1):
            _put(sheet, row, column, text, _SMALL, _MIDDLE)
            _frame(sheet, row, column, column)
        sheet.row_dimensions[row].height = max(
            _height(text, width * 1.1, 28.0, 14.0) for text, width in zip(texts, widths, strict=True)
        )
    end = _summary_foot(sheet, 5 + len(table), last, office, dated, digest, record, code)
    sheet.print_title_rows = "4:4"
    sheet.freeze_panes = "A5"
    _page(sheet, call, end, last, landscape=True)
    sheet.page_setup.fitToHeight = 0
    return _saved(book, call)


def _widths(fields: Sequence[Field], table: Sequence[Sequence[str]]) -> list[float]:
    """As wide as the longest word asks, in two lines, within bounds; the whole is then fitted to the page."""
    widths = []
    for column, field in enumerate(fields):
        longest = max((_width(line) for row in table for line in row[column].split("\n")), default=0)
        wanted = longest / 2 + 3 if longest > 16 else longest + 2
        widths.append(min(_WIDEST, max(_NARROWEST, _width(field.label.zh) + 3, wanted)))
    return widths


def _summary_foot(
    sheet: Worksheet,
    row: int,
    last: int,
    office: str,
    dated: date,
    digest: str,
    record: tuple[str, bytes] | None,
    code: bytes,
) -> int:
    """Who filled it in, room for the seal over the office's name and the day, digest and record. Gives the last row."""
    third = max(1, last // 3)
    row += 1
    _across(sheet, row, 1, third, "填表人：", _VALUE, 28.0, "left")
    if last > third:
        _across(sheet, row, third + 1, min(2 * third, last), "负责人：", _VALUE, 28.0, "left")
    if last > 2 * third:
        _across(sheet, row, 2 * third + 1, last, "联系电话：", _VALUE, 28.0, "left")
    if record:
        _picture(sheet, record[1], f"A{row + 1}", _CODE, _CODE)
    if code:
        _picture(sheet, code, f"{get_column_letter(min(third + 1, last))}{row + 1}", _CODE, _CODE)
    right = last - third + 1
    for text, height in (
        ("（公章）", 96.0),
        (template.one_line(office), 22.0),
        (f"{dated.year}年{dated.month}月{dated.day}日", 22.0),
    ):
        row += 1
        _across(sheet, row, right, last, text, _VALUE, height)
    for fine in (f"校验值 {digest}", *([record[0]] if record else [])):
        row += 1
        _across(sheet, row, 1, last, fine, _FINE, 14.0, "left")
    return row


def _across(
    sheet: Worksheet,
    row: int,
    first: int,
    last: int,
    text: str,
    font: Font,
    height: float,
    horizontal: str = "center",
) -> None:
    _put(sheet, row, first, text, font, Alignment(horizontal=horizontal, vertical="center", wrap_text=False))
    if last > first:
        sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)
    sheet.row_dimensions[row].height = height


# The page


def _page(sheet: Worksheet, call: Call, last_row: int, last_column: int, *, landscape: bool) -> None:
    sheet.print_area = f"A1:{get_column_letter(last_column)}{last_row}"
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth = 1
    sheet.print_options.horizontalCentered = True
    sheet.sheet_view.showGridLines = False
    sheet.page_margins.left = sheet.page_margins.right = 0.6
    sheet.page_margins.top, sheet.page_margins.bottom = 0.7, 0.7
    footer: Any = sheet.oddFooter
    footer.center.text = f"{call.document_number.replace('&', '&&')}　第 &P 页 共 &N 页"
    footer.center.size = 8


def _protect(sheet: Worksheet) -> None:
    """Labels are locked, without a password; rows may be made higher."""
    sheet.protection.sheet = True
    sheet.protection.formatRows = False
    sheet.protection.formatColumns = False
    sheet.protection.formatCells = False


def _saved(book: Workbook, call: Call) -> bytes:
    book.properties.creator = call.issuer.zh
    book.properties.title = call.title.zh
    book.properties.created = book.properties.modified = datetime.combine(call.opened, datetime.min.time())
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# Any list


_LONGEST_CELL = 32_000
"""Excel holds 32,767 characters in a cell."""


def text_table(
    title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], notes: Sequence[tuple[str, str]]
) -> bytes:
    """A list (.xlsx) whose every cell is text, whatever it begins with; `notes` about it stand on a second sheet.

    Rows are written as they come, so that a hundred thousand take no more memory than one.
    """
    book: Any = Workbook(write_only=True)
    book._cell_styles[0].numFmtId = _AS_TEXT  # the style of cells that have none of their own
    for name, head, lines in ((title, heads, rows), ("说明", (), notes)):
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2" if head else None
        for at in range(1, len(heads) + 1):
            sheet.column_dimensions[get_column_letter(at)].width = 22.0
        if head:
            sheet.append([_text_cell(sheet, words, _LABEL) for words in head])
        for line in lines:
            sheet.append([words if _plain(words) else _text_cell(sheet, words, _SMALL) for words in line])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


_AS_TEXT = 49
"""The number of the format "@" in every workbook."""
_MARKS = ("", " ", "=", "+", "-", "@", "'", "#", "\u3000")
"""With what a formula, a command of old programs or an error value begins; and spaces, which are taken off."""


def _plain(words: str) -> bool:
    """Whether the library takes it as the text that it is: most cells, and they need no object of their own."""
    return (
        words.isprintable()
        and words[:1] not in _MARKS
        and words[-1:] not in _MARKS
        and "_x" not in words
        and len(words) <= _LONGEST_CELL
    )


def _text_cell(sheet: Any, words: str, font: Font) -> Any:
    cell: Any = WriteOnlyCell(sheet)
    if words:
        cell._value, cell.data_type = _escaped(template.tidy(words)[:_LONGEST_CELL]), "s"
    cell.number_format = "@"
    cell.font = font
    return cell
