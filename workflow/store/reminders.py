"""Rows that reminders of deadlines are made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from workflow.store.among import among
from workflow.store.database import run
from workflow.store.models import Case, Person, PersonGrant

_OPEN = (
    select(
        Case.id,
        Case.number,
        Case.title,
        Case.state,
        Case.phase,
        Case.call_number,
        Case.call_version_id,
        Case.centre_id,
        Case.office_id,
        Case.author_id,
        Case.own_day,
    )
    .where(among(Case.state, "states"), Case.phase != "")
    .order_by(Case.number)
)
_HOLDERS = (
    select(PersonGrant.role, PersonGrant.centre_id, PersonGrant.office_id, Person.id, Person.name, Person.email)
    .join(Person, Person.id == PersonGrant.person_id)
    .where(Person.active, Person.email != "", among(PersonGrant.role, "roles"))
    .order_by(Person.id)
)


def cases(session: Session, states: Collection[str]) -> Sequence[Row[Any]]:
    """Cases in these states that have a phase, in the order of their numbers."""
    return run(session, _OPEN, {"states": sorted(states)}).all()


def holders(session: Session, roles: Collection[str]) -> Sequence[Row[Any]]:
    """Who holds one of these roles and has an address; one row a role and unit."""
    return run(session, _HOLDERS, {"roles": sorted(roles)}).all()
