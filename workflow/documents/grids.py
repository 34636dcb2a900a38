"""What stands in the cells of a workbook of any kind, asked of the child process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from workflow.documents import checker
from workflow.documents.problems import Problem, Unreadable
from workflow.documents.refusals import said

Place = tuple[int, int]
"""Row and column, from 0."""
SHEETS = 20
"""Sheets of one workbook that are read: forms and lists have one or two."""


@dataclass(frozen=True)
class Grid:
    """One sheet: rows of equal length, "" where a cell is empty, and what is merged, from its first cell to its last."""

    rows: list[list[Any]]
    merged: list[tuple[Place, Place]]


def grids(data: bytes, name: str, *, rows: int, columns: int, sheets: int = SHEETS) -> list[Grid]:
    """The sheets of a workbook that was vetted, so many rows and columns of each: text, numbers, days and times.

    Raises Unreadable.
    """
    with checker.held(data) as source:
        answer = checker.ask({"do": "grids", "sheets": sheets, "rows": rows, "columns": columns}, source)
    if answer.refused:
        raise Unreadable(Problem(answer.refused, said(answer.refused, {"name": name}), name))
    try:
        return [_grid(one) for one in json.loads(answer.payload)]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Unreadable(Problem("checker_garbled", said("checker_garbled", {"name": name}), name)) from error


def _grid(told: dict[str, Any]) -> Grid:
    wide = int(told["wide"])
    rows = [[_cell(one) for one in row] + [""] * (wide - len(row)) for row in told["rows"]]
    return Grid(rows, [((a, b), (c, d)) for (a, b), (c, d) in told["merged"]])


def _cell(told: Any) -> Any:
    if not isinstance(told, dict):
        return told
    [(kind, value)] = told.items()
    return timedelta(seconds=value) if kind == "seconds" else _READ[kind](value)


_READ: dict[str, Any] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}
