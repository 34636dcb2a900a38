"""Rows of originals that were refused at the door."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store.models import RefusedFile


def put(session: Session, actor: Actor, **columns: Any) -> None:
    session.execute(insert(RefusedFile).values(by_id=actor.id, absent_id=actor.absent_id, **columns))


def held(session: Session, person_id: int | None = None) -> int:
    """Bytes of what is still kept, of one person or of all."""
    found = select(func.coalesce(func.sum(RefusedFile.size), 0)).where(RefusedFile.erased_at.is_(None))
    return session.scalar(found.where(RefusedFile.by_id == person_id) if person_id is not None else found) or 0


def newest(session: Session, before: int | None, most: int) -> list[RefusedFile]:
    """What is still kept, the newest first."""
    found = select(RefusedFile).where(RefusedFile.erased_at.is_(None)).order_by(RefusedFile.id.desc()).limit(most)
    return list(session.scalars(found.where(RefusedFile.id < before) if before else found))


def one(session: Session, refused: int) -> RefusedFile | None:
    """One that is still kept."""
    return session.scalar(select(RefusedFile).where(RefusedFile.id == refused, RefusedFile.erased_at.is_(None)))


def over(session: Session, at: datetime) -> Sequence[str]:
    """Mark those whose time is over as thrown away; their digests."""
    which = (RefusedFile.until <= at) & RefusedFile.erased_at.is_(None)
    digests = session.scalars(select(RefusedFile.digest).where(which).order_by(RefusedFile.id)).all()
    session.execute(update(RefusedFile).where(which).values(erased_at=at))
    return digests
