"""Rows of failures to sign in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from workflow.store.models import FailedTries

_KEPT = timedelta(days=90)


def held(session: Session, key: str, at: datetime) -> FailedTries:
    """The row of a key, made where there is none; nobody else changes it until this transaction ends."""
    found = _of(session, key)
    if found is None:
        session.execute(delete(FailedTries).where(FailedTries.last_at < at - _KEPT))
        new = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        row = new.insert(FailedTries).values(key=key, count=0, missed=0, since=at, last_at=at)
        session.execute(row.on_conflict_do_nothing())
        found = _of(session, key)
    assert found is not None
    return found


def _of(session: Session, key: str) -> FailedTries | None:
    return session.scalar(
        select(FailedTries).where(FailedTries.key == key).with_for_update().execution_options(populate_existing=True)
    )


def change(session: Session, key: str, **values: Any) -> None:
    session.execute(update(FailedTries).where(FailedTries.key == key).values(**values))


def seen(session: Session, key: str) -> FailedTries | None:
    """The row of a key, where there is one; others may change it meanwhile."""
    return session.get(FailedTries, key)
