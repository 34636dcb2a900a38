"""The cells of a workbook, read inside the walls: the library that reads old ones ends its process over some of them."""

from __future__ import annotations

import io
import json
from datetime import date, datetime, time, timedelta
from typing import Any

from workflow.documents.inspection import Done, Refused

_LONGEST = 32_767
"""Characters of a cell, as Excel has it."""


def grids(data: bytes, sheets: int, rows: int, columns: int) -> Done:
    """So many sheets, rows and columns of a workbook as JSON, and merged ranges as ((row, column), (row, column)) from 0.

    Raises Refused: encrypted, damaged.
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        found = [_grid(book.get_sheet_by_name(name), rows, columns) for name in book.sheet_names[:sheets]]
    except PasswordError as error:
        raise Refused("encrypted") from error
    except (CalamineError, ValueError, OSError, OverflowError) as error:
        raise Refused("damaged") from error
    return {}, json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _grid(sheet: Any, rows: int, columns: int) -> dict[str, Any]:
    cells = [row[:columns] for row in sheet.to_python(skip_empty_area=False, nrows=rows)]
    wide = max(map(len, cells), default=0)
    merged = [one for one in sheet.merged_cell_ranges or [] if one[0][0] < rows and one[0][1] < columns]
    return {"wide": wide, "rows": [_row(row) for row in cells], "merged": merged}


def _row(row: list[Any]) -> list[Any]:
    """One row without the empty cells at its end."""
    end = len(row)
    while end and row[end - 1] == "":
        end -= 1
    return [_cell(one) for one in row[:end]]


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, time):
        return {"time": value.isoformat()}
    if isinstance(value, timedelta):
        return {"seconds": value.total_seconds()}
    return value if isinstance(value, (bool, int, float)) else str(value)[:_LONGEST]
