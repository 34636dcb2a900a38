"""Rows of background work: queued, run, tried again, given up, and what people made of it."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, delete, func, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from workflow.jobs.kinds import UNFINISHED, JobState
from workflow.store.models import Batch, Case, Collection, Job, Person, Push, SentMail

_OPEN = (*UNFINISHED, JobState.GAVE_UP)
_NEW = {
    new.__name__.rpartition(".")[2]: new.insert(Job).on_conflict_do_nothing(index_elements=["key"]).returning(Job.id)
    for new in (sqlite, postgresql)
}
"""Statements are built once: on a small database building one costs more than running it."""


def add(session: Session, **columns: Any) -> bool:
    """A new piece of work, unless its key is known; whether it is new."""
    made = session.execute(_NEW[session.get_bind().dialect.name], {"state": str(JobState.QUEUED), **columns})
    return made.first() is not None


def settle(session: Session, about: str, *names: str) -> None:
    """What was given up about a thing has been done otherwise, or is being done: nobody need look after it any more."""
    gone = update(Job).where(Job.state == JobState.GAVE_UP, Job.name.in_(names), Job.about == about)
    session.execute(gone.values(state=str(JobState.RETRIED)))


def held(session: Session, key: str) -> Job | None:
    """The row of a key; nobody else changes it until this transaction ends."""
    asked = select(Job).where(Job.key == key).with_for_update().execution_options(populate_existing=True)
    return session.scalar(asked)


def one(session: Session, job_id: int, *, lock: bool = False) -> Job | None:
    asked = select(Job).where(Job.id == job_id)
    return session.scalar(asked.with_for_update() if lock else asked)


def change(session: Session, job_id: int, **columns: Any) -> None:
    session.execute(update(Job).where(Job.id == job_id).values(**columns))


def of_running(session: Session, key: str, number: int, worker: str, **columns: Any) -> bool | None:
    """Change the row of a try that still counts; whether somebody asked to cancel it, None when it counts no more."""
    row = update(Job).where(Job.key == key, Job.number == number, Job.state == JobState.RUNNING, Job.worker == worker)
    return session.scalar(row.values(**columns).returning(Job.cancel_asked))


def run_by(session: Session, worker: str) -> list[Job]:
    """What a worker has begun and not finished; nobody else changes it until this transaction ends."""
    return list(
        session.scalars(select(Job).where(Job.state == JobState.RUNNING, Job.worker == worker).with_for_update())
    )


def forget(session: Session, before: datetime, most: int) -> int:
    """Drop at most so many rows of work that came to its end before then and needs nobody; how many it were."""
    old = select(Job.id).where(Job.ended_at < before, Job.state.not_in(_OPEN)).order_by(Job.ended_at).limit(most)
    return len(session.execute(delete(Job).where(Job.id.in_(old)).returning(Job.id)).all())


# ---- for people ------------------------------------------------------------------------------------------------------


# Lists and counts stop early for each kind: a hundred thousand mails in the queue cost no more than fifty.


def some(session: Session, names: Some[str], state: JobState, limit: int, *, lock: bool = False) -> list[Job]:
    """Work of these kinds in a state, the oldest first."""
    first = [select(_first(Job.id, name, state).order_by(Job.queued_at).limit(limit).subquery().c.id) for name in names]
    found = select(Job).where(Job.id.in_(union_all(*first))).order_by(Job.queued_at, Job.id).limit(limit)
    return list(session.scalars(found.with_for_update() if lock else found))


def ended(session: Session, names: Some[str], since: datetime, limit: int) -> list[Job]:
    """Work of these kinds that has come to an end of some kind since then, the newest first."""
    over = Job.state.not_in(_OPEN)
    found = select(Job).where(Job.ended_at > since, over, Job.name.in_(names)).order_by(Job.ended_at.desc())
    return list(session.scalars(found.limit(limit)))


def counts(
    session: Session, names: Some[str], most: int, states: Sequence[JobState] = _OPEN
) -> Mapping[tuple[str, JobState], int]:
    """(kind, state) → how much is unfinished or given up; of one kind in one state no more than `most` is counted."""
    keys = [(name, state) for state in states for name in names]
    many = [
        select(func.count()).select_from(_first(Job.id, name, state).limit(most).subquery()).scalar_subquery()
        for name, state in keys
    ]
    found = session.execute(select(*many)).one()
    return {key: int(count) for key, count in zip(keys, found, strict=True) if count}


def oldest(session: Session, names: Some[str], state: JobState) -> datetime | None:
    """Since when the oldest in a state has been there to be done."""
    first = [_first(func.min(Job.queued_at), name, state).scalar_subquery() for name in names]
    return min((at for at in session.execute(select(*first)).one() if at is not None), default=None)


def _first(column: Any, name: str, state: JobState) -> Select[Any]:
    return select(column).where(Job.state == state, Job.name == name)


def about(session: Session, thing: str, name: str) -> Job | None:
    """The newest unfinished or given up work of a kind about a thing."""
    found = [select(Job).where(Job.state == state, Job.name == name, Job.about == thing) for state in _OPEN]
    rows = [row for one in found for row in session.scalars(one)]
    return max(rows, key=lambda row: row.id, default=None)


def numbers(session: Session, about: Some[str]) -> Mapping[str, str]:
    """What the things of jobs are called: push/7 and batch/7 → their numbers, person/7 and collection/7 → the name."""
    asked = {
        "push": select(Push.id, Case.number).join(Case, Case.id == Push.case_id),
        "batch": select(Batch.id, Batch.number),
        "person": select(Person.id, Person.name),
        "collection": select(Collection.id, Collection.title),
    }
    columns = {"push": Push.id, "batch": Batch.id, "person": Person.id, "collection": Collection.id}
    made: dict[str, str] = {}
    for kind, statement in asked.items():
        ids = [int(one.partition("/")[2]) for one in about if one.startswith(f"{kind}/")]
        if ids:
            found = session.execute(statement.where(columns[kind].in_(ids)))
            made |= {f"{kind}/{number}": name for number, name in found}
    return made


def failing(session: Session, codes: Some[str]) -> datetime | None:
    """Since when tries have met one of these kinds of trouble, with no mail taken since."""
    last = session.scalar(select(func.max(SentMail.at)))
    since = last or datetime(1970, 1, 1, tzinfo=UTC)
    first = select(Job.failing_since).where(Job.failing_since > since, Job.code.in_(codes))
    return session.scalar(first.order_by(Job.failing_since).limit(1))


def running_at(session: Session) -> Mapping[str, int]:
    """Worker → how many jobs it is at."""
    found = select(Job.worker, func.count()).where(Job.state == JobState.RUNNING).group_by(Job.worker)
    return {worker: many for worker, many in session.execute(found)}
