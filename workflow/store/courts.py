"""Rows for whose court things lay in: the moves of cases, as the trail has them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store.among import among
from workflow.store.database import run
from workflow.store.models import AuditEvent, Case, Centre, Office
from workflow.store.reach import reachable


@dataclass(frozen=True)
class Named:
    """One case, as it is shown."""

    case_id: int
    number: str
    title: str
    centre: str
    office_id: int
    state: str


_MOVES = (
    select(AuditEvent.case_id, AuditEvent.at, AuditEvent.to_state)
    .join(Case, Case.stream == AuditEvent.stream)
    .where(among(Case.id, "ids"), AuditEvent.to_state != "")
    .order_by(AuditEvent.case_id, AuditEvent.seq)
)
AT_ONCE = 500
"""Cases that are read by one statement."""


def heads(session: Session, actor: Actor, call: str) -> Sequence[Any]:
    """The cases of a call within reach, each with its office and the event that put it where it is."""
    statement = select(Case.id, Case.office_id, Case.head).where(reachable(actor), Case.call_number == call)
    return session.execute(statement.order_by(Case.id)).all()


def moves_of(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[datetime, str]]]:
    """Case → when it came into which state, the oldest first."""
    found: dict[int, list[tuple[datetime, str]]] = {}
    for first in range(0, len(ids), AT_ONCE):
        for case_id, at, state in run(session, _MOVES, {"ids": list(ids[first : first + AT_ONCE])}).all():
            found.setdefault(case_id, []).append((at, state))
    return found


_NAMED = (
    select(Case.id, Case.number, Case.title, Centre.name, Case.office_id, Case.state)
    .join(Centre, Centre.id == Case.centre_id)
    .where(among(Case.id, "ids"))
)


def named(session: Session, ids: Sequence[int]) -> dict[int, Named]:
    """Cases by id, as they are shown."""
    found: dict[int, Named] = {}
    for first in range(0, len(ids), AT_ONCE):
        found |= {row.id: Named(*row) for row in run(session, _NAMED, {"ids": list(ids[first : first + AT_ONCE])})}
    return found


def offices(session: Session, ids: Collection[int] | None = None) -> list[Office]:
    """Offices in the order of the register, all of them where none are named."""
    statement = select(Office).order_by(Office.id)
    return list(session.scalars(statement if ids is None else statement.where(Office.id.in_(ids))))
