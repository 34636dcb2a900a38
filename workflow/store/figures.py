"""Figures of the whole installation as its rows tell them, cheap enough to be asked every few seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from workflow.jobs.kinds import KINDS, JobState
from workflow.store import log
from workflow.store.migrations import Kind
from workflow.store.models import AuditPending, Job, SchemaStep

NEEDED = "0046"
"""The last migration that this version needs; the numbers only grow."""


@dataclass(frozen=True)
class Queued:
    """Jobs of one queue in one state. `oldest`: when the oldest was queued."""

    count: int
    oldest: datetime


@dataclass(frozen=True)
class Figures:
    """`jobs`: by queue and state (waiting, running, retrying, given_up). `unplaced`: entries without a place in the log.
    `unsigned`: entries of the log under no checkpoint; `signed_at`: when the last one was signed."""

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


_JOB_STATES = {
    JobState.QUEUED: "waiting",
    JobState.RUNNING: "running",
    JobState.WAITING: "retrying",
    JobState.GAVE_UP: "given_up",
}


def _jobs(session: Session) -> dict[tuple[str, str], Queued]:
    """An index answers this, however much was done before. Under no queue: kinds that a later version brought, which adds to
    the database while this one is being replaced."""
    counted = (
        select(Job.name, Job.state, func.count(), func.min(Job.queued_at))
        .where(Job.state.in_(list(_JOB_STATES)))
        .group_by(Job.name, Job.state)
    )
    made: dict[tuple[str, str], Queued] = {}
    for name, state, count, oldest in session.execute(counted):
        place = (KINDS[name].queue if name in KINDS else "", _JOB_STATES[JobState.of(state)])
        known = made.get(place, Queued(0, oldest))
        made[place] = Queued(known.count + count, min(known.oldest, oldest))
    return made


def migrated(session: Session) -> bool:
    """Whether this version may serve from these tables: as `steps.Standing.serves` tells it, without its library.

    A later version may have added to them meanwhile, which is on record, and taken nothing away.
    """
    found: str | None = session.scalar(text("select version_num from alembic_version"))
    if found is None or found <= NEEDED:
        return found == NEEDED
    later = dict(
        session.execute(select(SchemaStep.revision, SchemaStep.kind).where(SchemaStep.revision > NEEDED)).all()
    )
    return found in later and Kind.CONTRACT not in later.values()
