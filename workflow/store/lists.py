"""Rows around lists: what happened lately, what a case said before, by what a list is narrowed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, true
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store import pages
from workflow.store.models import AuditEvent, Case, CaseContact, CaseRevision, Centre, Office
from workflow.store.reach import reachable, ways


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
    """The newest entries about those cases within reach that moved or changed last."""
    ids = pages.lately(session, seen_by, limit)
    cases = {case.id: case for case in session.scalars(select(Case).where(Case.id.in_(ids), reachable(seen_by)))}
    statement = (
        select(*_EVENT)
        .where(AuditEvent.case_id.in_(cases), AuditEvent.action.like("case.%"))
        .order_by(AuditEvent.uid.desc())
        .limit(limit)
    )
    events = [_event(row) for row in session.execute(statement)]
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


def units(session: Session, seen_by: Actor, office: int | None) -> tuple[list[Office], list[Centre]]:
    """Offices and centres by which a list may be narrowed: of the register, whether they have cases or not.

    Those who reach cases of every office choose an office (`office`) first, and then among its centres.
    """
    found = ways(seen_by)
    everywhere = any(way.centre is None and way.office is None for way in found)
    own = [way.office for way in found if way.office is not None]
    offices = select(Office).where(true() if everywhere else Office.id.in_(own)).order_by(Office.id)
    of = Centre.office_id.in_([office] if everywhere and office else own)
    centres = select(Centre).where(or_(of, Centre.id.in_([way.centre for way in found if way.centre is not None])))
    return list(session.scalars(offices)), list(session.scalars(centres.order_by(Centre.id)))


def centres_named(session: Session, ids: frozenset[int]) -> list[Centre]:
    return list(session.scalars(select(Centre).where(Centre.id.in_(ids)).order_by(Centre.id)))
