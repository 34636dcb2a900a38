"""Rows of calls that are being written."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import cast

from sqlalchemy import CursorResult, insert, select, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from states.reach import Actor
from workflow.engine import Receipt
from workflow.store import trail
from workflow.store.models import CallDraft, CallVersion


@cache
def _with() -> tuple[ORMOption, ...]:
    return (joinedload(CallDraft.by), joinedload(CallDraft.based_on), joinedload(CallDraft.opened))


def every(session: Session) -> list[CallDraft]:
    """Those changed last first."""
    return list(
        session.scalars(select(CallDraft).options(*_with()).order_by(CallDraft.changed_at.desc(), CallDraft.id))
    )


def one(session: Session, number: int) -> CallDraft | None:
    return session.get(CallDraft, number, options=_with(), populate_existing=True)


def locked(session: Session, number: int) -> CallDraft | None:
    """The same, with others kept from it."""
    session.execute(select(CallDraft.id).where(CallDraft.id == number).with_for_update())
    return one(session, number)


def by_op(session: Session, op: str) -> int | None:
    return session.scalar(select(CallDraft.id).where(CallDraft.op == op))


def version(session: Session, number: int) -> CallVersion | None:
    return session.get(CallVersion, number)


def insert_draft(session: Session, of: CallVersion, actor: Actor, at: datetime, op: str) -> int:
    """A copy of a version; gives its number."""
    values = {
        "based_on_id": of.id,
        "source": of.source,
        "notice": of.notice,
        "revision": 1,
        "by_id": actor.id,
        "absent_id": actor.absent_id,
        "changed_at": at,
        "op": op or None,
    }
    return int(session.execute(insert(CallDraft).values(**values).returning(CallDraft.id)).scalar_one())


def save(session: Session, number: int, source: str, notice: str, seen: int, actor: Actor, at: datetime) -> bool:
    """The next revision; False where another one is there than was seen."""
    values = {
        "source": source,
        "notice": notice,
        "revision": seen + 1,
        "by_id": actor.id,
        "absent_id": actor.absent_id,
        "changed_at": at,
    }
    statement = update(CallDraft).where(CallDraft.id == number, CallDraft.revision == seen).values(**values)
    return cast("CursorResult[tuple[()]]", session.execute(statement)).rowcount == 1


def opened(session: Session, number: int, version_id: int, op: str) -> None:
    session.execute(update(CallDraft).where(CallDraft.id == number).values(opened_id=version_id, opened_op=op or None))


def discard(session: Session, number: int, at: datetime) -> None:
    session.execute(update(CallDraft).where(CallDraft.id == number).values(discarded_at=at))


def note(session: Session, action: str, number: int, data: dict[str, object], actor: Actor, at: datetime) -> Receipt:
    """An event in the stream of drafts of that day."""
    entry = trail.Entry(trail.daily(session, "drafts", at), action, "done", at, actor, {"draft": number, **data})
    [receipt] = trail.append(session, [entry])
    return receipt
