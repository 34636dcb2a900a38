"""The table of decisions: one click at ten times the cases, against the same click; page, sums and what is to be signed included."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

from sqlalchemy import select

from states.case import CaseState
from tests import masses
from tests.masses import Mass
from tests.worlds import CALL_2021, World, settle
from workflow.selection import decisions
from workflow.store import schema
from workflow.store.database import Database
from workflow.store.models import Case

FEW, MANY = 240, 2400
"""Cases in the table."""
CLICKS = 40
_SHARE = 0.62
"""Of all cases of a mass, those that stand in the table (tests/masses.py)."""


def measured(ratio: Callable[[float, float, str, str], dict[str, Any]]) -> dict[str, Any]:
    """How much longer a click takes in the large table, the two measured in turn."""
    with tempfile.TemporaryDirectory(prefix="zhengji-deciding-") as folder:
        few, many = (_ready(Path(folder) / f"{number}.db", number) for number in (FEW, MANY))
        times = [(_click(few), _click(many)) for _ in range(CLICKS)][5:]
        small, large = (statistics.median(one[at] for one in times) for at in (0, 1))
    detail = f"about {MANY} cases {1000 * large:.1f} ms, about {FEW} {1000 * small:.1f} ms: choose, row, sums, a page of the table"
    return {"decision_table_2400_over_240": ratio(large / small, 3.0, "max", detail)}


def _ready(path: Path, number: int) -> tuple[World, Any]:
    """A world whose table holds so many cases, and the submitted ones of them, over and over."""
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    settle(database, CALL_2021)
    masses.fill(database, Mass(round(number / _SHARE), 60, sentences=2), alike=False)
    world = World.of(database, path.parent)
    with database.reading() as session:
        waiting = list(session.scalars(select(Case.id).where(Case.state == str(CaseState.SUBMITTED))))
    return world, cycle(waiting)


def _click(ready: tuple[World, Any]) -> float:
    """Seconds of one click and of looking at the first page."""
    world, waiting = ready
    case, call, desk = next(waiting), world.call, world.people["desk"]
    began = time.perf_counter()
    looked = world.decision(case)
    world.decide(case, "pass_over" if looked.decision == "shortlist" else "shortlist", seen=looked)
    with world.database.reading() as session:
        decisions.find(session, call.number, case, actor=desk)
        decisions.spread(session, call)
        decisions.to_sign(session, call, actor=desk)
        decisions.table(session, call.number, decisions.Asked(), actor=desk)
    return time.perf_counter() - began
