"""The demo's day: one setting row."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from workflow.store.models import Setting

_NAME = "clock"


def day(session: Session) -> date | None:
    """The day that somebody moved the demo to; None when nobody has."""
    row = session.get(Setting, _NAME)
    return date.fromisoformat(row.value) if row else None


def move(session: Session, to: date) -> None:
    """From now on it is that day."""
    session.merge(Setting(name=_NAME, value=to.isoformat()))
    session.flush()
