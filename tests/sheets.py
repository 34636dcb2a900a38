"""Worklists as somebody fills them in."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from openpyxl import load_workbook


def filled(data: bytes, asked: Mapping[str, Mapping[str, Any]], also: Callable[[Any], None] = lambda _: None) -> bytes:
    """The sheet with these cells filled in: number of the case → head of the column → value."""
    book = load_workbook(io.BytesIO(data))
    sheet: Any = book.worksheets[0]
    heads = {cell.value: cell.column for cell in sheet[3]}
    for row in range(4, sheet.max_row + 1):
        for head, value in asked.get(sheet.cell(row, heads["编号"]).value, {}).items():
            sheet.cell(row, heads[head]).value = value
    also(sheet)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def table(data: bytes) -> list[dict[str, str]]:
    """The rows of a sheet by the heads of its columns."""
    sheet: Any = load_workbook(io.BytesIO(data)).worksheets[0]
    heads = [cell.value for cell in sheet[3]]
    return [
        {head: str(cell.value or "") for head, cell in zip(heads, row, strict=True)}
        for row in sheet.iter_rows(min_row=4)
    ]
