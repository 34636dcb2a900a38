"""Figures of the whole installation as its rows tell them, cheap enough to be asked every few seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import column, func, literal_column, select, table, text
from sqlalchemy.orm import Session

from workflow.store import log
from workflow.store.models import AuditPending

HEAD = "0005"
"""The last migration of this version; the numbers only grow."""


@dataclass(frozen=True)
class Queued:
    """Jobs of one queue in one state. `oldest`: when the oldest was queued."""

    count: int
    oldest: datetime


@dataclass(frozen=True)
class Figures:
    """`jobs`: by queue and state (waiting, running). `unplaced`: entries without a place in the log. `unsigned`: entries of
    the log under no checkpoint; `signed_at`: when the last one was signed."""

    jobs: Mapping[tuple[str, str], Queued]
    unplaced: int
    unsigned: int
    signed_at: datetime | None


def figures(session: Session) -> Figures:
    """As of now."""
    newest = log.newest_checkpoint(session)
    unplaced = session.scalar(select(func.count()).select_from(AuditPending)) or 0
    signed = newest.size if newest else 0
    return Figures(_jobs(session), unplaced, log.head(session).size - signed, newest.at if newest else None)


_JOB_STATES = {"ENQUEUED": "waiting", "PENDING": "running"}


def _jobs(session: Session) -> dict[tuple[str, str], Queued]:
    """The index that DBOS takes work by answers this, however much was done before."""
    schema = None if session.get_bind().dialect.name == "sqlite" else "dbos"
    names = ("queue_name", "status", "created_at")
    jobs = table("workflow_status", *(column(name) for name in names), schema=schema).c
    counted = (
        select(jobs.queue_name, jobs.status, func.count(), func.min(jobs.created_at))
        # Literals, because only they are seen to lie within the index.
        .where(
            jobs.queue_name.is_not(None), jobs.status.in_([literal_column("'ENQUEUED'"), literal_column("'PENDING'")])
        )
        .group_by(jobs.queue_name, jobs.status)
    )
    return {
        (queue, _JOB_STATES[state]): Queued(count, datetime.fromtimestamp(oldest / 1000, UTC))
        for queue, state, count, oldest in session.execute(counted)
    }


def migrated(session: Session) -> bool:
    """Whether the tables are of this version or a later one, which this version can live with while it is replaced."""
    found: str | None = session.scalar(text("select version_num from alembic_version"))
    return found is not None and found >= HEAD
