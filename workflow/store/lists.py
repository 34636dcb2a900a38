"""Rows for lists: how many, which next, and what happened lately, always within somebody's reach."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store.cases import Filters, narrowed
from workflow.store.models import AuditEvent, Case, CaseContact, CaseRevision, Centre, Office
from workflow.store.reach import reachable


def count_by_state(session: Session, seen_by: Actor, filters: Filters) -> dict[str, int]:
    """State → number of cases, within reach and filters."""
    counted: Any = select(Case.state, func.count(Case.id))
    statement = narrowed(counted, seen_by, filters).group_by(Case.state)
    return {state: number for state, number in session.execute(statement)}


def where_states(
    session: Session,
    seen_by: Actor,
    states: Iterable[str],
    *,
    centres: frozenset[int] | None,
    offices: frozenset[int] | None,
    limit: int,
) -> tuple[int, list[Case]]:
    """How many cases are in these states at these units (None: everywhere), and the ones that moved longest ago."""
    clauses = [reachable(seen_by), Case.state.in_([str(state) for state in states])]
    units = [
        *([Case.centre_id.in_(centres)] if centres else []),
        *([Case.office_id.in_(offices)] if offices else []),
    ]
    if centres is not None or offices is not None:
        clauses.append(or_(*units) if units else Case.id.is_(None))
    number = session.scalar(select(func.count(Case.id)).where(*clauses)) or 0
    found = session.scalars(select(Case).where(*clauses).order_by(Case.moved_at, Case.id).limit(limit))
    return number, list(found) if number else []


@dataclass(frozen=True)
class Event:
    """One entry of the trail about a case, as kept; `body` is what its hash covers."""

    uid: int
    stream: str
    seq: int
    hash: str
    at: datetime
    action: str
    outcome: str
    case_id: int | None
    person: str
    body: dict[str, Any]


_EVENT = (
    AuditEvent.uid,
    AuditEvent.stream,
    AuditEvent.seq,
    AuditEvent.hash,
    AuditEvent.at,
    AuditEvent.action,
    AuditEvent.outcome,
    AuditEvent.case_id,
    AuditEvent.body,
)


def _event(row: Any) -> Event:
    body = json.loads(row.body)
    return Event(
        row.uid,
        row.stream,
        row.seq,
        row.hash,
        row.at,
        row.action,
        row.outcome,
        row.case_id,
        body["actor"]["name"],
        body,
    )


def events_of(session: Session, case_id: int) -> list[Event]:
    """Everything recorded about a case, the newest first."""
    statement = select(*_EVENT).where(AuditEvent.case_id == case_id).order_by(AuditEvent.uid.desc())
    return [_event(row) for row in session.execute(statement)]


def lately(session: Session, seen_by: Actor, limit: int) -> list[tuple[Event, Case]]:
    """The newest steps of cases within reach."""
    statement = (
        select(*_EVENT)
        .join(Case, Case.id == AuditEvent.case_id)
        .where(reachable(seen_by), AuditEvent.action.like("case.%"))
        .order_by(AuditEvent.uid.desc())
        .limit(limit)
    )
    events = [_event(row) for row in session.execute(statement)]
    ids = {event.case_id for event in events}
    cases = {case.id: case for case in session.scalars(select(Case).where(Case.id.in_(ids)))}
    return [(event, cases[event.case_id]) for event in events if event.case_id is not None]


def revisions(session: Session, case_id: int) -> list[CaseRevision]:
    """Every content a case has had, the newest first."""
    statement = select(CaseRevision).where(CaseRevision.case_id == case_id).order_by(CaseRevision.revision.desc())
    return list(session.scalars(statement))


def revision(session: Session, case_id: int, number: int) -> CaseRevision | None:
    return session.get(CaseRevision, (case_id, number))


def contacts(session: Session, case_id: int, number: int) -> dict[str, str]:
    """What the form of one revision says about a person; nothing once that is erased."""
    kept = session.get(CaseContact, (case_id, number))
    return dict(kept.payload) if kept else {}


def units(session: Session, seen_by: Actor) -> tuple[list[Office], list[Centre]]:
    """Offices and centres that have cases within reach, for narrowing a list."""
    offices = select(Office).where(Office.id.in_(select(Case.office_id).where(reachable(seen_by)).distinct()))
    centres = select(Centre).where(Centre.id.in_(select(Case.centre_id).where(reachable(seen_by)).distinct()))
    return list(session.scalars(offices.order_by(Office.id))), list(session.scalars(centres.order_by(Centre.id)))


def centres_named(session: Session, ids: frozenset[int]) -> list[Centre]:
    return list(session.scalars(select(Centre).where(Centre.id.in_(ids)).order_by(Centre.id)))
