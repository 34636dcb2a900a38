"""Rows of imported passports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store import trail
from workflow.store.models import ImportedCase


def known(session: Session, origin: str, number: str, entries: int) -> ImportedCase | None:
    """The passport of a case of another installation at so many entries, where it was imported."""
    return session.scalar(
        select(ImportedCase).where(
            ImportedCase.origin == origin, ImportedCase.number == number, ImportedCase.entries == entries
        )
    )


def put(session: Session, values: Mapping[str, Any], actor: Actor, at: datetime) -> int:
    made = session.execute(insert(ImportedCase).values(**values, by_id=actor.id, at=at).returning(ImportedCase.id))
    return made.scalar_one()


def newest(session: Session, before: int | None, most: int) -> list[ImportedCase]:
    """What was imported, the newest first."""
    statement = select(ImportedCase).order_by(ImportedCase.id.desc()).limit(most)
    return list(session.scalars(statement.where(ImportedCase.id < before) if before else statement))


def one(session: Session, imported: int) -> ImportedCase | None:
    return session.get(ImportedCase, imported)


def note(
    session: Session, action: str, data: dict[str, Any], actor: Actor, at: datetime, outcome: str = "done"
) -> None:
    trail.append(session, [trail.Entry(trail.daily(session, "passports", at), action, outcome, at, actor, data=data)])
