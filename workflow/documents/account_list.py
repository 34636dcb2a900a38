"""The empty list of accounts that an administrator fills in: columns, roles to choose from, and the register beside it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

ROWS = 1000
"""Lines that offer the choices."""
_WIDTHS = (18, 14, 30, 16, 44)


def blank(columns: Sequence[str], roles: Sequence[str], units: Iterable[tuple[str, str]]) -> bytes:
    """An .xlsx. `columns`: login, name, e-mail, roles, unit; `units`: what kind a unit is, and its name."""
    import openpyxl  # not for pages that are only read
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.worksheet.datavalidation import DataValidation

    book = openpyxl.Workbook()
    sheet, register = book.worksheets[0], book.create_sheet("单位")
    sheet.title = "账号"
    _fill(sheet, [columns])
    count = _fill(register, [("类别", "名称（写进“单位”一栏）"), *units])
    for each, widths in ((sheet, _WIDTHS), (register, (16, 50))):
        for number, width in enumerate(widths, 1):
            head = each.cell(1, number)
            head.font, head.alignment = Font(bold=True), Alignment(vertical="center")
            head.fill = PatternFill("solid", fgColor="E8EDF3")
            each.column_dimensions["ABCDE"[number - 1]].width = width
        each.freeze_panes = "A2"
    chosen = DataValidation("list", formula1=f'"{",".join(roles)}"', allow_blank=True, showErrorMessage=False)
    chosen.promptTitle, chosen.prompt = "职责", "几个职责用顿号隔开，或者每个写一行"
    chosen.showInputMessage = True
    where = DataValidation("list", formula1=f"'单位'!$B$2:$B${max(count, 2)}", allow_blank=True, showErrorMessage=False)
    where.promptTitle, where.prompt = "单位", "中心或省级主管部门；国家局的职责留空"
    where.showInputMessage = True
    for rule, column in ((chosen, "D"), (where, "E")):
        sheet.add_data_validation(rule)
        rule.add(f"{column}2:{column}{ROWS + 1}")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Worksheet, rows: Iterable[Sequence[str]]) -> int:
    """Write text that is text whatever it begins with; how many rows there are."""
    number = 0
    for number, row in enumerate(rows, 1):
        for column, words in enumerate(row, 1):
            cell = sheet.cell(number, column, words)
            cell.data_type, cell.number_format = "s", "@"
    return number
