"""Rows of extensions and waivers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.engine import Receipt
from workflow.store import trail
from workflow.store.models import CallVersion, CentreDay, Extension, ExtensionRequest, Waiver


def lock(session: Session, call: str) -> None:
    """Others who write into this call's stream wait: it has one writer at a time."""
    session.execute(select(CallVersion.id).where(CallVersion.number == call).with_for_update())


def earlier(session: Session, call: str, action: str, op: str) -> Receipt | None:
    """The receipt of what this form already made of a call; others who write of this call wait meanwhile."""
    lock(session, call)
    if not op:
        return None
    event = trail.by_op(session, [f"{op}:{action}"]).get(f"{op}:{action}")
    return Receipt(event.stream, event.seq, event.hash) if event else None


def extend(
    session: Session, call: str, phase: str, office: int | None, last_day: date, reason: str, actor: Actor, at: datetime
) -> None:
    session.execute(
        insert(Extension).values(
            call_number=call,
            phase=phase,
            office_id=office,
            last_day=last_day,
            reason=reason,
            by_id=actor.id,
            absent_id=actor.absent_id,
            at=at,
        )
    )


def set_centre_day(
    session: Session, call: str, phase: str, office: int, last_day: date, reason: str, actor: Actor, at: datetime
) -> None:
    session.execute(
        insert(CentreDay).values(
            call_number=call,
            phase=phase,
            office_id=office,
            last_day=last_day,
            reason=reason,
            by_id=actor.id,
            absent_id=actor.absent_id,
            at=at,
        )
    )


def centre_days(session: Session, call: str, office: int) -> list[CentreDay]:
    """Days that an office set for its centres, the newest first."""
    statement = select(CentreDay).where(CentreDay.call_number == call, CentreDay.office_id == office)
    return list(session.scalars(statement.order_by(CentreDay.id.desc())))


def ask(
    session: Session, version: int, phase: str, office: int, wanted: date, reason: str, actor: Actor, at: datetime
) -> int:
    """A request of an office; gives its id."""
    values = {
        "call_version_id": version,
        "phase": phase,
        "office_id": office,
        "wanted": wanted,
        "reason": reason,
        "by_id": actor.id,
        "absent_id": actor.absent_id,
        "at": at,
    }
    made = session.execute(insert(ExtensionRequest).values(**values).returning(ExtensionRequest.id))
    return int(made.scalar_one())


def request(session: Session, number: int) -> ExtensionRequest | None:
    """One request, read anew."""
    return session.get(ExtensionRequest, number, populate_existing=True)


def requests(session: Session, numbers: Sequence[int], office: int | None = None) -> list[ExtensionRequest]:
    """Requests under these versions of a call, of one office or of all: open ones first, then the newest."""
    statement = select(ExtensionRequest).where(ExtensionRequest.call_version_id.in_(numbers))
    if office is not None:
        statement = statement.where(ExtensionRequest.office_id == office)
    order = (ExtensionRequest.answered_at.is_not(None), ExtensionRequest.id.desc())
    return list(session.scalars(statement.order_by(*order)))


def answer(session: Session, number: int, granted: date | None, words: str, actor: Actor, at: datetime) -> None:
    values = {
        "answered_at": at,
        "answered_by_id": actor.id,
        "answered_absent_id": actor.absent_id,
        "granted": granted,
        "answer": words,
    }
    session.execute(update(ExtensionRequest).where(ExtensionRequest.id == number).values(**values))


def waive(session: Session, call: str, phase: str, office: int, reason: str, actor: Actor, at: datetime) -> None:
    session.execute(
        insert(Waiver).values(
            call_number=call,
            phase=phase,
            office_id=office,
            reason=reason,
            by_id=actor.id,
            absent_id=actor.absent_id,
            at=at,
        )
    )


def waived(session: Session, call: str, phase: str, office: int) -> bool:
    statement = select(Waiver.id).where(Waiver.call_number == call, Waiver.phase == phase, Waiver.office_id == office)
    return session.scalar(statement) is not None


def extensions(session: Session, call: str) -> list[Extension]:
    return list(session.scalars(select(Extension).where(Extension.call_number == call).order_by(Extension.id.desc())))


def waivers(session: Session, call: str) -> list[Waiver]:
    return list(session.scalars(select(Waiver).where(Waiver.call_number == call).order_by(Waiver.id.desc())))


def note(
    session: Session,
    action: str,
    call: str,
    office: int | None,
    data: dict[str, object],
    actor: Actor,
    at: datetime,
    op: str,
) -> Receipt:
    """One event in the call's own stream."""
    [receipt] = trail.append(
        session,
        [
            trail.Entry(
                stream=f"call/{call}",
                action=action,
                outcome="done",
                at=at,
                actor=actor,
                op=f"{op}:{action}" if op else None,
                office_id=office,
                data=data,
            )
        ],
    )
    return receipt
