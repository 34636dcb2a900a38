"""Rows for whose court things lay in: the moves of cases, as the trail has them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store.among import among
from workflow.store.database import run
from workflow.store.models import AuditEvent, Case, Centre, Office
from workflow.store.reach import reachable


@dataclass(frozen=True)
class Moved:
    """One case, and when it came into which state, the oldest first."""

    case_id: int
    number: str
    title: str
    centre: str
    office_id: int
    state: str
    moves: list[tuple[datetime, str]]


_MOVES = (
    select(AuditEvent.case_id, AuditEvent.at, AuditEvent.to_state)
    .join(Case, Case.stream == AuditEvent.stream)
    .where(among(Case.id, "ids"), AuditEvent.to_state != "")
    .order_by(AuditEvent.case_id, AuditEvent.seq)
)
AT_ONCE = 500
"""Cases whose moves are read by one statement."""


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


def named(session: Session, ids: Collection[int]) -> dict[int, Moved]:
    """Cases by id, as they are shown; without their moves."""
    about = (Case.id, Case.number, Case.title, Centre.name, Case.office_id, Case.state)
    found = session.execute(select(*about).join(Centre, Centre.id == Case.centre_id).where(Case.id.in_(ids)))
    return {row.id: Moved(*row, moves=[]) for row in found}


def moves(session: Session, actor: Actor, call: str) -> Iterator[Moved]:
    """The cases of a call within reach, in the order of their ids, each with its moves.

    They are read as they are asked for; the session must stay open until the last one.
    """
    about = (Case.id, Case.number, Case.title, Centre.name, Case.office_id, Case.state)
    statement = (
        select(*about, AuditEvent.at, AuditEvent.to_state)
        .join(AuditEvent, AuditEvent.stream == Case.stream)
        .join(Centre, Centre.id == Case.centre_id)
        .where(reachable(actor), Case.call_number == call, AuditEvent.to_state != "")
        .order_by(Case.id, AuditEvent.seq)
    )
    found = session.execute(statement, execution_options={"yield_per": 1000})
    for _, rows in groupby(found, key=lambda row: row.id):
        first, *rest = rows
        came = [(row.at, row.to_state) for row in (first, *rest)]
        yield Moved(first.id, first.number, first.title, first.name, first.office_id, first.state, came)


def offices(session: Session, ids: Collection[int] | None = None) -> list[Office]:
    """Offices in the order of the register, all of them where none are named."""
    statement = select(Office).order_by(Office.id)
    return list(session.scalars(statement if ids is None else statement.where(Office.id.in_(ids))))
