"""Rows of pushes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from states.push import PUSH, PushState
from states.reach import Actor
from workflow.engine import Receipt
from workflow.store import trail
from workflow.store.database import next_id
from workflow.store.models import AuditEvent, Case, Document, Person, Push


def insert_push(
    session: Session, case: Any, destination: str, actor: Actor, at: datetime, op: str
) -> tuple[int, Receipt]:
    """A new push of a case, queued."""
    push_id = next_id(session, "push")
    stream = f"push/{push_id}"
    key = f"{case.number}-{push_id}"
    [receipt] = trail.append(
        session,
        [
            trail.Entry(
                stream=stream,
                action="push.create",
                outcome="done",
                at=at,
                actor=actor,
                to_state=str(PUSH.initial),
                op=f"{op}:create-push" if op else None,
                case_id=case.id,
                office_id=case.office_id,
                previous=(0, ""),
                data={"case": case.number, "destination": destination, "key": key, "content": case.content},
            )
        ],
    )
    session.execute(
        insert(Push).values(
            id=push_id,
            stream=stream,
            version=receipt.seq,
            state=str(PUSH.initial),
            head=receipt.hash,
            case_id=case.id,
            destination=destination,
            key=key,
            started_by_id=actor.id,
            absent_id=actor.absent_id,
            started_at=at,
        )
    )
    return push_id, receipt


def one(session: Session, push_id: int) -> Push | None:
    return session.get(Push, push_id)


def of_case(session: Session, case_id: int) -> list[Push]:
    """The newest first."""
    return list(session.scalars(select(Push).where(Push.case_id == case_id).order_by(Push.id.desc())))


def open_push(session: Session, case_id: int) -> int | None:
    """A push of the case that is still on its way."""
    return session.scalar(
        select(Push.id).where(Push.case_id == case_id, Push.state.in_([PushState.QUEUED, PushState.SENT])).limit(1)
    )


def sendings(session: Session, stream: str) -> int:
    """How often a push was put into the queue; one that is sent again under the same key is the same sending."""
    queued = select(func.count()).select_from(AuditEvent).where(AuditEvent.stream == stream)
    anew = queued.where(AuditEvent.to_state == PushState.QUEUED, AuditEvent.action != "push.resend")
    return session.scalar(anew) or 0


def many(session: Session, limit: int = 200) -> list[Push]:
    return list(session.scalars(select(Push).order_by(Push.id.desc()).limit(limit)))


def change(session: Session, push_id: int, **columns: Any) -> None:
    session.execute(update(Push).where(Push.id == push_id).values(**columns))


def person(session: Session, person_id: int) -> Person:
    return session.get_one(Person, person_id)


def pictures(session: Session, case_id: int) -> list[Document]:
    """The pictures of a case that count now, in order."""
    return list(
        session.scalars(
            select(Document)
            .where(Document.case_id == case_id, Document.slot == "picture", Document.superseded_at.is_(None))
            .order_by(Document.id)
        )
    )


def case_of(session: Session, push_id: int) -> Case:
    return session.scalars(select(Case).join(Push, Push.case_id == Case.id).where(Push.id == push_id)).one()
