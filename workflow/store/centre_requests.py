"""Rows of extensions that centres ask their offices for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from states.reach import Actor
from workflow.store.models import Centre, CentreRequest


@cache
def _with() -> tuple[ORMOption, ...]:
    return tuple(joinedload(one) for one in (CentreRequest.by, CentreRequest.answered_by, CentreRequest.centre))


def add(session: Session, **values: Any) -> int:
    """A request; gives its id."""
    return int(session.execute(insert(CentreRequest).values(**values).returning(CentreRequest.id)).scalar_one())


def one(session: Session, number: int) -> CentreRequest | None:
    """One, read anew."""
    return session.get(CentreRequest, number, populate_existing=True)


def within(session: Session, centres: Collection[int], offices: Collection[int]) -> list[CentreRequest]:
    """Those of these centres, and to these offices: open ones first, then the newest."""
    found = select(CentreRequest).options(*_with())
    found = found.where(or_(CentreRequest.centre_id.in_(centres), CentreRequest.office_id.in_(offices)))
    return list(session.scalars(found.order_by(CentreRequest.answered_at.is_not(None), CentreRequest.id.desc())))


def waiting(session: Session, call: str, phase: str, centre: int) -> CentreRequest | None:
    """What a centre asked for in a phase and nobody answered yet."""
    found = select(CentreRequest).where(CentreRequest.call_number == call, CentreRequest.phase == phase)
    return session.scalar(found.where(CentreRequest.centre_id == centre, CentreRequest.answered_at.is_(None)))


def answer(session: Session, number: int, granted: date | None, words: str, actor: Actor, at: datetime) -> None:
    values = {"answered_at": at, "answered_by_id": actor.id, "answered_absent_id": actor.absent_id}
    session.execute(
        update(CentreRequest).where(CentreRequest.id == number).values(**values, granted=granted, answer=words)
    )


def centre(session: Session, number: int) -> Centre | None:
    return session.get(Centre, number)


def centres(session: Session, numbers: Collection[int]) -> list[Centre]:
    """These centres, by id."""
    return list(session.scalars(select(Centre).where(Centre.id.in_(numbers)).order_by(Centre.id)))
