"""Rows of searches that people keep."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from workflow.store.models import SavedSearch


def of(session: Session, person: int) -> list[SavedSearch]:
    statement = select(SavedSearch).where(SavedSearch.person_id == person)
    return list(session.scalars(statement.order_by(SavedSearch.id)))


def named(session: Session, person: int, name: str) -> SavedSearch | None:
    return session.scalar(select(SavedSearch).where(SavedSearch.person_id == person, SavedSearch.name == name))


def one(session: Session, person: int, search: int) -> SavedSearch | None:
    return session.scalar(select(SavedSearch).where(SavedSearch.person_id == person, SavedSearch.id == search))


def count(session: Session, person: int) -> int:
    return session.scalar(select(func.count()).where(SavedSearch.person_id == person)) or 0


def keep(session: Session, person: int, name: str, address: str, at: datetime) -> None:
    session.execute(insert(SavedSearch).values(person_id=person, name=name, address=address, at=at))


def rename(session: Session, search: int, name: str) -> None:
    session.execute(update(SavedSearch).where(SavedSearch.id == search).values(name=name))


def forget(session: Session, search: int) -> None:
    session.execute(delete(SavedSearch).where(SavedSearch.id == search))
