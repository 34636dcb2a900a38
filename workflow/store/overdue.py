"""Rows of cases that may be late: counts by where they are, and the cases themselves within reach."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store.models import Case, Centre, Office
from workflow.store.reach import reachable

_PLACE = (Case.call_version_id, Case.phase, Case.state, Case.office_id, Case.centre_id, Case.own_day)


def places(
    session: Session, call: str, states: Collection[str], offices: Collection[int] | None, centres: Collection[int]
) -> Sequence[Any]:
    """How many cases of a call are at the same place: version, phase, state, office, centre and day of their own.

    Of these offices and centres; `offices` None: of all. One row for each place, however many cases there are.
    """
    statement = (
        select(*_PLACE, func.count().label("cases"))
        .where(Case.call_number == call, Case.state.in_(states), Case.phase != "")
        .group_by(*_PLACE)
        .order_by(Case.office_id, Case.centre_id)
    )
    if offices is not None:
        statement = statement.where(or_(Case.office_id.in_(offices), Case.centre_id.in_(centres)))
    return session.execute(statement).all()


def cases(
    session: Session, actor: Actor, call: str, states: Collection[str], offices: Collection[int], limit: int
) -> Sequence[Any]:
    """Cases of a call in these states and at these offices within reach, in the order of their ids."""
    about = (*_PLACE, Case.id, Case.number, Case.title, Centre.name.label("centre"))
    statement = (
        select(*about)
        .join(Centre, Centre.id == Case.centre_id)
        .where(reachable(actor), Case.call_number == call, Case.state.in_(states), Case.phase != "")
        .where(Case.office_id.in_(offices))
        .order_by(Case.id)
        .limit(limit)
    )
    return session.execute(statement).all()


def names(session: Session, offices: Collection[int]) -> dict[int, str]:
    """Offices as they are addressed, by id."""
    found = session.execute(select(Office.id, Office.addressee).where(Office.id.in_(offices)))
    return {number: name for number, name in found}
