"""Rows for what happened to a batch, a push, or a call, and for who holds which role."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store.models import AuditEvent, Extension, Office, Person, PersonGrant, Waiver
from workflow.store.search import visible


@dataclass(frozen=True)
class Event:
    """One entry of the trail, as kept; `body` is what its hash covers."""

    uid: int
    stream: str
    seq: int
    hash: str
    at: datetime
    action: str
    outcome: str
    body: dict[str, Any]


def events_in(session: Session, streams: Sequence[str], seen_by: Actor | None = None) -> list[Event]:
    """Everything in these streams, the newest first; what `seen_by` may not read is left out."""
    allowed = visible(seen_by) if seen_by else true()
    columns = (
        AuditEvent.uid,
        AuditEvent.stream,
        AuditEvent.seq,
        AuditEvent.hash,
        AuditEvent.at,
        AuditEvent.action,
        AuditEvent.outcome,
        AuditEvent.body,
    )
    found = session.execute(
        select(*columns).where(AuditEvent.stream.in_(streams), allowed).order_by(AuditEvent.uid.desc())
    )
    return [Event(*row[:-1], json.loads(row[-1])) for row in found]


def holders(
    session: Session, roles: Sequence[str], office: int | None, centre: int | None, away: Collection[int]
) -> list[str]:
    """Names of active people, not away, who hold one of the roles, at this office or centre where the role has one."""
    held = (
        select(Person.name)
        .join(PersonGrant, PersonGrant.person_id == Person.id)
        .where(Person.active, Person.id.not_in(away), PersonGrant.role.in_(roles))
        .where(PersonGrant.office_id.is_(None) | (PersonGrant.office_id == office))
        .where(PersonGrant.centre_id.is_(None) | (PersonGrant.centre_id == centre))
    )
    return list(dict.fromkeys(session.scalars(held.order_by(Person.id))))


@dataclass(frozen=True)
class Granted:
    """An extension (with its last day) or a waiver (without one). `office` None: for all of them."""

    phase: str
    office: Office | None
    last_day: date | None
    reason: str
    by: str
    at: datetime


def granted(session: Session, call: str) -> list[Granted]:
    """Extensions and waivers of a call, the newest first."""
    extensions = session.execute(
        select(Extension, Office, Person.name)
        .outerjoin(Office, Office.id == Extension.office_id)
        .join(Person, Person.id == Extension.by_id)
        .where(Extension.call_number == call)
    )
    waivers = session.execute(
        select(Waiver, Office, Person.name)
        .join(Office, Office.id == Waiver.office_id)
        .join(Person, Person.id == Waiver.by_id)
        .where(Waiver.call_number == call)
    )
    found = [
        *(Granted(one.phase, office, one.last_day, one.reason, by, one.at) for one, office, by in extensions),
        *(Granted(one.phase, office, None, one.reason, by, one.at) for one, office, by in waivers),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def office_exists(session: Session, office: int) -> bool:
    return session.scalar(select(Office.id).where(Office.id == office)) is not None
