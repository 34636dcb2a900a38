"""Rows of what waits where, and of who holds which role where."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow.store.models import Case, Centre, Office, Person, PersonGrant


def waiting(session: Session, states: Collection[str]) -> Sequence[Any]:
    """How many cases are in each of these states, by call, centre and office."""
    statement = (
        select(Case.state, Case.call_version_id, Case.centre_id, Case.office_id, func.count().label("cases"))
        .where(Case.state.in_(states))
        .group_by(Case.state, Case.call_version_id, Case.centre_id, Case.office_id)
    )
    return session.execute(statement).all()


def held(session: Session, away: Collection[int]) -> set[tuple[str, int | None]]:
    """(role, the centre or office that it is held at) of everybody whose account is in use, but for those away."""
    statement = (
        select(PersonGrant.role, PersonGrant.centre_id, PersonGrant.office_id)
        .join(Person, Person.id == PersonGrant.person_id)
        .where(Person.active, Person.id.not_in(away))
        .distinct()
    )
    return {(role, centre or office) for role, centre, office in session.execute(statement)}


def names(session: Session, model: type[Centre] | type[Office], ids: Collection[int]) -> dict[int, str]:
    """Names of centres, or of offices as they are addressed, by id."""
    column = Centre.name if model is Centre else Office.addressee
    return {unit: name for unit, name in session.execute(select(model.id, column).where(model.id.in_(ids)))}
