"""The trail taken away in formats that other programs read: what fits within reach, and on record like every export."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import BinaryIO

from sqlalchemy.orm import Session

from states.reach import Actor
from workflow import privacy
from workflow.audit import search
from workflow.audit.search import Filters, Thread
from workflow.interchange import ocel, xes

Write = Callable[[Iterable[Thread], BinaryIO, Mapping[str, str]], int]
FORMATS: Mapping[str, tuple[Write, str]] = {"xes": (xes.write, xes.TYPE), "ocel": (ocel.write, ocel.TYPE)}
"""Name of a format → what writes it, and its media type."""


def write(
    session: Session,
    form: str,
    out: BinaryIO,
    filters: Filters,
    narrowed: Mapping[str, str],
    *,
    actor: Actor,
    at: datetime,
    most: int | None = None,
) -> int:
    """Write what fits within reach (the newest `most` entries) and give the number of entries. It is only read here."""
    about = {
        "source": "zhengji",
        "taken_by": actor.name,
        "taken_at": xes.written(at),
        "filter": "; ".join(f"{name}={value}" for name, value in narrowed.items()),
        "most": str(most or ""),
    }
    return FORMATS[form][0](search.threads(session, actor, filters, most), out, about)


def record(
    session: Session, form: str, entries: int, narrowed: Mapping[str, str], *, actor: Actor, at: datetime
) -> None:
    """Put on record that so many entries were taken away, before they are handed over."""
    privacy.exported(session, "trail", entries, actor=actor, at=at, filters={**narrowed, "as": form})
