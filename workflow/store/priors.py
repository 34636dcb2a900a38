"""Rows of reports from before this system was used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store import prior, trail
from workflow.store.models import PriorReport

_KEPT = ("number", "title", "centre_name", "recipient", "text", "reported_on")


def put(
    session: Session, rows: Sequence[Mapping[str, Any]], office: int | None, source: str, actor: Actor, at: datetime
) -> tuple[int, int, int]:
    """Reports of an office (None: the national office's list) by their number: how many are new, changed, the same.

    What they look like is remembered, so that cases are compared with them from now on.
    """
    numbers = [row["number"] for row in rows]
    known = {one.number: one for one in _of(session, office, numbers)}
    added = changed = same = 0
    for row in rows:
        there = known.get(row["number"])
        if there is None:
            values = {**row, "office_id": office, "source": source, "by_id": actor.id, "at": at}
            made = session.execute(insert(PriorReport).values(**values).returning(PriorReport.id)).scalar_one()
            prior.remember(session, text=row["text"], prior_id=made)
            added += 1
        elif any(getattr(there, name) != row[name] for name in _KEPT):
            session.execute(update(PriorReport).where(PriorReport.id == there.id).values(**row))
            prior.remember(session, text=row["text"], prior_id=there.id)
            changed += 1
        else:
            same += 1
    return added, changed, same


def _of(session: Session, office: int | None, numbers: Sequence[str]) -> list[PriorReport]:
    mine = PriorReport.office_id == office if office is not None else PriorReport.office_id.is_(None)
    return list(session.scalars(select(PriorReport).where(mine, PriorReport.number.in_(numbers))))


def newest(session: Session, office: int | None, before: int | None, limit: int) -> list[PriorReport]:
    """Reports of one list, those taken in last first, older than `before` (an id)."""
    mine = PriorReport.office_id == office if office is not None else PriorReport.office_id.is_(None)
    statement = select(PriorReport).where(mine).order_by(PriorReport.id.desc()).limit(limit)
    return list(session.scalars(statement.where(PriorReport.id < before) if before is not None else statement))


def note(session: Session, office: int | None, data: Mapping[str, Any], actor: Actor, at: datetime) -> None:
    stream = trail.daily(session, f"priors/{office or 'national'}", at)
    trail.append(session, [trail.Entry(stream, "prior.import", "done", at, actor, dict(data), office_id=office)])
