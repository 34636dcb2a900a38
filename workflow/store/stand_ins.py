"""Rows of absences and of who stands in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from workflow.store.models import Person, PersonGrant, SignIn, StandIn

_PEOPLE = (StandIn.absent, StandIn.person)


@cache
def _with_people() -> tuple[ORMOption, ...]:
    return tuple(
        option
        for one in _PEOPLE
        for option in (
            joinedload(one).selectinload(Person.grants).joinedload(PersonGrant.centre),
            joinedload(one).selectinload(Person.grants).joinedload(PersonGrant.office),
        )
    )


def add(session: Session, **values: Any) -> int:
    row = StandIn(**values)
    session.add(row)
    session.flush()
    return row.id


def one(session: Session, number: int) -> StandIn | None:
    """One, read anew, with both people and their roles."""
    found = select(StandIn).options(*_with_people()).where(StandIn.id == number)
    return session.scalar(found.execution_options(populate_existing=True))


def on(session: Session, day: date) -> list[StandIn]:
    """Everybody's of one day that nobody ended, with the people."""
    found = select(StandIn).options(*_with_people()).where(StandIn.first_day <= day, StandIn.last_day >= day)
    return list(session.scalars(found.where(StandIn.ended_at.is_(None)).order_by(StandIn.id)))


def of_people(session: Session, people: Collection[int] | None) -> list[StandIn]:
    """All in which one of these people is absent or stands in (None: all there are), the newest first."""
    found = select(StandIn).options(*_with_people(), selectinload(StandIn.by), selectinload(StandIn.ended_by))
    if people is not None:
        found = found.where(or_(StandIn.absent_id.in_(people), StandIn.person_id.in_(people)))
    return list(session.scalars(found.order_by(StandIn.id.desc())))


def overlapping(session: Session, people: Sequence[int], first: date, last: date) -> list[StandIn]:
    """Absences of these people that share a day with a span and that nobody ended."""
    found = select(StandIn).options(*_with_people()).where(StandIn.absent_id.in_(people), StandIn.ended_at.is_(None))
    return list(session.scalars(found.where(StandIn.first_day <= last, StandIn.last_day >= first)))


def end(session: Session, number: int, by: int, at: datetime) -> None:
    session.execute(update(StandIn).where(StandIn.id == number).values(ended_at=at, ended_by_id=by))


def take_up(session: Session, sign_in_id: int, number: int | None) -> None:
    """In whose place the person of this sign-in acts from now on; None for their own."""
    session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(stand_in_id=number))


def paired(session: Session, absent: int, person: int) -> list[StandIn]:
    """Times in which one stands in for the other that nobody ended."""
    found = select(StandIn).options(*_with_people()).where(StandIn.absent_id == absent, StandIn.person_id == person)
    return list(session.scalars(found.where(StandIn.ended_at.is_(None))))
