"""Rows of where calls stand. A call without a row is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from states.call import CALL
from states.objection import OPEN
from states.push import PushState
from workflow.engine import Receipt
from workflow.store.database import run
from workflow.store.models import Batch, CallStanding, CallVersion, Case, Judgement, Objection, Push

KNOWN = "zhengji_standings"
"""In `Session.info`: the standings as they were read once in this session."""

_NOT_OPEN = select(CallStanding.number, CallStanding.state).where(CallStanding.state != str(CALL.initial))


def standings(session: Session) -> Mapping[str, str]:
    """Number → state, of the calls that are not open."""
    if KNOWN not in session.info:
        session.info[KNOWN] = {number: state for number, state in run(session, _NOT_OPEN)}
    known: Mapping[str, str] = session.info[KNOWN]
    return known


def row(session: Session, number: str, *, lock: bool = False) -> Any:
    """Where a call stands; None while nothing was ever done. Locked against others by its versions."""
    if lock:
        session.execute(select(CallVersion.id).where(CallVersion.number == number).with_for_update())
    return session.execute(select(*CallStanding.__table__.columns).where(CallStanding.number == number)).first()


def put(session: Session, number: str, stream: str, state: str, receipt: Receipt) -> None:
    """Where it stands from now on."""
    values = {"stream": stream, "version": receipt.seq, "state": state, "head": receipt.hash}
    if receipt.seq == 1:
        session.execute(insert(CallStanding).values(number=number, **values))
    else:
        session.execute(update(CallStanding).where(CallStanding.number == number).values(**values))
    session.info.pop(KNOWN, None)


def call_of_case(session: Session, case_id: int) -> str | None:
    return session.scalar(select(Case.call_number).where(Case.id == case_id))


def call_of_batch(session: Session, stream: str) -> str | None:
    return session.scalar(select(Batch.call_number).where(Batch.stream == stream))


def call_of_judgement(session: Session, stream: str) -> str | None:
    return session.scalar(select(Judgement.call_number).where(Judgement.stream == stream))


def call_of_objection(session: Session, stream: str) -> str | None:
    found = select(Case.call_number).join(Objection, Objection.case_id == Case.id)
    return session.scalar(found.where(Objection.stream == stream))


def call_of_numbered(session: Session, number: str) -> str | None:
    """The call of the case of that number."""
    return session.scalar(select(Case.call_number).where(Case.number == number))


def by_state(session: Session, number: str) -> Mapping[str, int]:
    """State → how many cases of a call are in it."""
    found = session.execute(select(Case.state, func.count()).where(Case.call_number == number).group_by(Case.state))
    return {state: count for state, count in found}


def under_way(session: Session, number: str) -> int:
    """How many pushes of its cases are queued or on their way."""
    moving = Push.state.in_([str(PushState.QUEUED), str(PushState.SENT)])
    statement = select(func.count()).select_from(Push).join(Case, Case.id == Push.case_id)
    return session.scalar(statement.where(Case.call_number == number, moving)) or 0


def unanswered(session: Session, number: str) -> int:
    """How many objections and complaints about its cases are not answered."""
    waiting = Objection.state.in_([str(state) for state in OPEN])
    statement = select(func.count()).select_from(Objection).join(Case, Case.id == Objection.case_id)
    return session.scalar(statement.where(Case.call_number == number, waiting)) or 0
