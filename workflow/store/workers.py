"""Rows of those who run background work: who holds which name, and when each was last heard of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from workflow.store.models import Worker

LATE = timedelta(seconds=30)
"""Not heard of for so long, a worker counts as dead."""

_FORGOTTEN = timedelta(days=7)
"""Rows of workers not heard of for so long go, so that names made up by containers do not pile up."""


def now(session: Session) -> datetime:
    """The database's time, because the clocks of workers differ; on SQLite all are on one machine."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    at: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return at


def lives(worker: Worker, at: datetime) -> bool:
    """Whether a worker was heard of lately and has not said that it stops."""
    return worker.stopped_at is None and at - worker.beat_at < LATE


def one(session: Session, name: str) -> Worker | None:
    return session.get(Worker, name)


def every(session: Session) -> Sequence[Worker]:
    """By name."""
    return session.scalars(select(Worker).order_by(Worker.name)).all()


def take(session: Session, name: str, before: str, **columns: Any) -> bool:
    """Take a name from the process `before` ("" where nobody ever had it); False when another one was faster."""
    at = now(session)
    fresh = {"started_at": at, "beat_at": at, "stopped_at": None, **columns}
    session.execute(delete(Worker).where(Worker.beat_at < at - _FORGOTTEN, Worker.name != name))
    if before:
        taken = update(Worker).where(Worker.name == name, Worker.instance == before).values(**fresh)
        return session.scalar(taken.returning(Worker.name)) is not None
    new = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = new.insert(Worker).values(name=name, **fresh).on_conflict_do_nothing().returning(Worker.name)
    return session.scalar(row) is not None


def beat(session: Session, name: str, instance: str) -> bool:
    """Say that a worker lives; False when its name is another's."""
    row = update(Worker).where(Worker.name == name, Worker.instance == instance)
    alive = row.values(beat_at=now(session), stopped_at=None).returning(Worker.name)
    return session.scalar(alive) is not None


def stop(session: Session, name: str, instance: str) -> None:
    """Say that a worker has ended."""
    row = update(Worker).where(Worker.name == name, Worker.instance == instance)
    session.execute(row.values(stopped_at=now(session)))
