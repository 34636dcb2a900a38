"""Rows of what was asked “what if”, and the cases and batches that the answers name."""

from __future__ import annotations

from collections.abc import Collection as Some
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session, defer, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from states.reach import Actor
from workflow.store.among import among
from workflow.store.models import AuditEvent, Batch, Case, Job, Person, WhatIf
from workflow.store.search import visible


@cache
def _with() -> tuple[ORMOption, ...]:
    return (joinedload(WhatIf.by), joinedload(WhatIf.before), joinedload(WhatIf.after))


def add(session: Session, **columns: Any) -> int:
    made: int = session.execute(
        insert(WhatIf).values(counts={}, outcomes=[], **columns).returning(WhatIf.id)
    ).scalar_one()
    return made


def by_op(session: Session, op: str) -> int | None:
    return session.scalar(select(WhatIf.id).where(WhatIf.op == op))


def one(session: Session, number: int) -> WhatIf | None:
    return session.get(WhatIf, number, options=_with(), populate_existing=True)


def newest(session: Session, most: int) -> list[WhatIf]:
    """Without what came of them, the newest first."""
    asked = select(WhatIf).options(*_with(), defer(WhatIf.outcomes)).order_by(WhatIf.id.desc()).limit(most)
    return list(session.scalars(asked))


def jobs(session: Session, keys: Some[str]) -> dict[str, Job]:
    """Key → the background work of that key."""
    return {row.key: row for row in session.scalars(select(Job).where(Job.key.in_(keys)))}


def finish(session: Session, number: int, **columns: Any) -> None:
    session.execute(update(WhatIf).where(WhatIf.id == number).values(**columns))


def forget(session: Session, before: datetime) -> int:
    """Drop what was asked before an instant; how many."""
    gone = session.execute(delete(WhatIf).where(WhatIf.at < before).returning(WhatIf.id))
    return len(gone.all())


def within_reach(session: Session, actor: Actor, events: Some[int]) -> set[int]:
    """Which of these entries of the trail somebody may read."""
    asked = select(AuditEvent.uid).where(among(AuditEvent.uid, "uids"), visible(actor))
    return set(session.scalars(asked, {"uids": sorted(events)}))


def named(
    session: Session, cases: Some[int], batches: Some[int], people: Some[int]
) -> tuple[dict[int, Case], dict[int, Batch], dict[int, str]]:
    """Cases and batches by number, and the names of people."""
    later = (defer(Case.form), defer(Case.sections))
    found = session.scalars(select(Case).options(*later).where(among(Case.id, "ids")), {"ids": sorted(cases)})
    sent = session.scalars(select(Batch).where(among(Batch.id, "ids")), {"ids": sorted(batches)})
    names = session.execute(select(Person.id, Person.name).where(among(Person.id, "ids")), {"ids": sorted(people)})
    return {row.id: row for row in found}, {row.id: row for row in sent}, {number: name for number, name in names}
