"""Rows that only a demo puts in by itself: an office marked as example."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow.store.models import Office, Person


def anybody(session: Session) -> bool:
    """Whether any person is registered."""
    return session.scalar(select(Person.id).limit(1)) is not None


def mark_example(session: Session, code: str) -> None:
    """The office of that code is invented, and is shown as such."""
    session.execute(update(Office).where(Office.code == code).values(example=True))
