"""The area in which a form, a summary or a list may stand, whatever kind of workbook it is in."""

from __future__ import annotations

import re

from workflow.documents import limits
from workflow.documents.inspection import Refused

_PLACE = re.compile(r"\$?([A-Za-z]{1,4})\$?([0-9]{1,8})\Z")


def place(written: str) -> tuple[int, int] | None:
    """Row and column, from 1, of "B7"; None where it is no place."""
    found = _PLACE.match(written)
    if found is None:
        return None
    column = 0
    for one in found[1].upper():
        column = column * 26 + ord(one) - 64
    return int(found[2]), column


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class Area:
    """One sheet's use of its cells, told as they come; rows and columns count from 1."""

    def __init__(self, sheet: str) -> None:
        self.sheet = sheet

    def reach(self, row: int, column: int) -> None:
        """A cell is there, perhaps only with a border: whole rows and columns may be formatted, not all that lies beyond."""
        if row > limits.SHEET_ROWS and column > limits.SHEET_COLUMNS:
            raise self._outside(row, column)

    def fill(self, row: int, column: int) -> None:
        """A cell holds something."""
        if row > limits.SHEET_ROWS or column > limits.SHEET_COLUMNS:
            raise self._outside(row, column)

    def merge(self, rows: int, columns: int) -> None:
        """So many rows and columns are one cell."""
        if rows * columns > limits.MERGED_CELLS:
            raise Refused("merge_too_large", part=self.sheet, found=rows * columns, most=limits.MERGED_CELLS)

    def _outside(self, row: int, column: int) -> Refused:
        return Refused(
            "cell_outside",
            part=self.sheet,
            cell=f"{_letters(column)}{row}",
            rows=limits.SHEET_ROWS,
            columns=limits.SHEET_COLUMNS,
        )
