"""Rows of objections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from states.objection import OBJECTION, OPEN
from states.reach import Actor
from workflow.engine import Receipt
from workflow.store import trail
from workflow.store.database import next_id
from workflow.store.models import AuditEvent, Objection, ObjectionFile, SentMail
from workflow.store.papers import Kept


def receive(
    session: Session,
    files: Sequence[tuple[str, Kept]],
    data: dict[str, Any],
    *,
    actor: Actor,
    at: datetime,
    op: str,
    **columns: Any,
) -> tuple[int, Receipt]:
    """A new objection with its files. No case stands at the event: whoever reaches the case must not read who objects."""
    number = next_id(session, "objection")
    private: dict[str, Any] = {name: columns[name] for name in ("name", "unit", "contact", "grounds") if columns[name]}
    if files:
        private["files"] = [kept.name for _, kept in files]
    entry = trail.Entry(
        stream=f"objection/{number}",
        action="objection.create",
        outcome="done",
        at=at,
        actor=actor,
        to_state=str(OBJECTION.initial),
        op=f"{op}:objection" if op else None,
        previous=(0, ""),
        private=private or None,
        data=data,
    )
    [receipt] = trail.append(session, [entry])
    session.execute(
        insert(Objection).values(
            id=number,
            stream=receipt.stream,
            version=receipt.seq,
            state=str(OBJECTION.initial),
            head=receipt.hash,
            received_at=at if columns.get("received_at") is None else columns.pop("received_at"),
            **{name: value for name, value in columns.items() if name != "received_at"},
        )
    )
    _put(session, number, files)
    return number, receipt


def complete(
    session: Session,
    one: Objection,
    files: Sequence[tuple[str, Kept]],
    columns: dict[str, Any],
    data: dict[str, Any],
    *,
    actor: Actor,
    at: datetime,
    op: str,
) -> Receipt:
    """Put more files to an objection, and say who made it. `columns`: what is said of them that was not before."""
    private: dict[str, Any] = {name: value for name, value in columns.items() if name != "by_unit"}
    if files:
        private["files"] = [kept.name for _, kept in files]
    key = f"{op}:objection.complete" if op else None
    entry = trail.Entry(f"{one.stream}/files", "objection.complete", "done", at, actor, data, private or None, op=key)
    [receipt] = trail.append(session, [entry])
    if columns:
        session.execute(update(Objection).where(Objection.id == one.id).values(**columns))
    _put(session, one.id, files)
    return receipt


def _put(session: Session, number: int, files: Sequence[tuple[str, Kept]]) -> None:
    for slot, kept in files:
        values = {"name": kept.name, "media_type": kept.media_type, "digest": kept.digest, "size": kept.size}
        session.execute(insert(ObjectionFile).values(objection_id=number, slot=slot, **values))


def row(session: Session, number: int, *, lock: bool = False) -> Any:
    """One objection as it stands; locked against others where asked."""
    statement = select(*Objection.__table__.columns).where(Objection.id == number)
    return session.execute(statement.with_for_update() if lock else statement).one()


@cache
def _whole() -> tuple[ORMOption, ...]:
    return joinedload(Objection.case), joinedload(Objection.notice), selectinload(Objection.files)


def one(session: Session, number: int) -> Objection | None:
    return session.get(Objection, number, options=list(_whole()), populate_existing=True)


def many(session: Session, limit: int) -> list[Objection]:
    """Those that are open first, by their last day; then the newest."""
    done = Objection.state.not_in([str(state) for state in OPEN])
    order = (done, Objection.due_on.is_(None), Objection.due_on, Objection.id.desc())
    return list(session.scalars(select(Objection).options(*_whole()).order_by(*order).limit(limit)))


def open_of_notice(session: Session, notice: int) -> int:
    """How many objections to a list are not answered yet."""
    asked = select(func.count()).select_from(Objection).where(Objection.notice_id == notice)
    found = asked.where(Objection.state.in_([str(state) for state in OPEN]), Objection.kind == "objection")
    return session.scalar(found) or 0


def from_arrival(session: Session, arrival_id: int) -> list[int]:
    """The numbers of those that were filed from an arrival."""
    return list(session.scalars(select(Objection.id).where(Objection.arrival_id == arrival_id).order_by(Objection.id)))


def file(session: Session, number: int, file_id: int) -> ObjectionFile | None:
    found = session.get(ObjectionFile, file_id)
    return found if found is not None and found.objection_id == number else None


def stepped_at(session: Session, one: Objection) -> datetime:
    """When its last step was taken."""
    asked = select(AuditEvent.at).where(AuditEvent.stream == one.stream, AuditEvent.seq == one.version)
    return session.scalars(asked).one()


def mailed(session: Session, ids: Sequence[str]) -> set[str]:
    """Those of these Message-IDs that were handed over."""
    return set(session.scalars(select(SentMail.message_id).where(SentMail.message_id.in_(ids))))
