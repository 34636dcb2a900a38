"""Rows of the publicity plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session, joinedload

from states.reach import Actor
from workflow.store.models import Appearance, Case, Document, Person, PersonGrant
from workflow.store.reach import reachable


def add(session: Session, **columns: Any) -> int:
    made: int = session.execute(insert(Appearance).values(**columns).returning(Appearance.id)).scalar_one()
    return made


def by_op(session: Session, op: str) -> Appearance | None:
    return session.scalar(select(Appearance).where(Appearance.op == op)) if op else None


def one(session: Session, appearance_id: int, *, lock: bool = False) -> Appearance | None:
    """One appearance; `lock`: held against others until the end."""
    if lock:
        session.execute(select(Appearance.id).where(Appearance.id == appearance_id).with_for_update())
    statement = select(Appearance).where(Appearance.id == appearance_id).options(joinedload(Appearance.case))
    return session.scalar(statement.execution_options(populate_existing=True))


def standing(session: Session, call: str, case_id: int, channel: str, day: date) -> bool:
    """Whether a case is planned for a channel on a day already."""
    asked = select(Appearance.id).where(
        Appearance.call_number == call,
        Appearance.case_id == case_id,
        Appearance.channel == channel,
        Appearance.day == day,
        Appearance.dropped_at.is_(None),
    )
    return session.scalar(asked.limit(1)) is not None


def of_call(session: Session, call: str) -> list[Appearance]:
    """All of a call that was not dropped, in the order of days."""
    asked = select(Appearance).where(Appearance.call_number == call, Appearance.dropped_at.is_(None))
    return list(session.scalars(asked.options(joinedload(Appearance.case)).order_by(Appearance.day, Appearance.id)))


def undone(session: Session, until: date) -> list[Appearance]:
    """What was to appear by a day, and neither did nor was dropped."""
    asked = select(Appearance).where(
        Appearance.day <= until, Appearance.done_at.is_(None), Appearance.dropped_at.is_(None)
    )
    return list(session.scalars(asked.options(joinedload(Appearance.case)).order_by(Appearance.day, Appearance.id)))


def change(session: Session, appearance_id: int, **columns: Any) -> None:
    session.execute(update(Appearance).where(Appearance.id == appearance_id).values(**columns))


def candidates(session: Session, seen_by: Actor, call: str, states: Sequence[str], most: int) -> list[Case]:
    """Cases of a call within reach that can be planned, by title."""
    asked = select(Case).where(Case.call_number == call, Case.state.in_(states), reachable(seen_by))
    return list(session.scalars(asked.order_by(Case.title, Case.id).limit(most)))


def case_of(session: Session, seen_by: Actor, call: str, case_id: int) -> Case | None:
    asked = select(Case).where(Case.id == case_id, Case.call_number == call, reachable(seen_by))
    found: Case | None = session.scalar(asked)
    return found


def pictures(session: Session, case_ids: Sequence[int]) -> dict[int, list[Document]]:
    """Case → its pictures that count now and are there, with or without rights, in their order."""
    found: dict[int, list[Document]] = {case_id: [] for case_id in case_ids}
    asked = select(Document).where(
        Document.case_id.in_(case_ids),
        Document.slot == "picture",
        Document.superseded_at.is_(None),
        Document.erased_at.is_(None),
    )
    for one in session.scalars(asked.order_by(Document.id)):
        if one.case_id is not None:
            found[one.case_id].append(one)
    return found


def editors(session: Session, role: str) -> list[Person]:
    """Active people who hold a role and have an address."""
    asked = select(Person).join(PersonGrant).where(Person.active, Person.email != "", PersonGrant.role == role)
    return list(session.scalars(asked.distinct().order_by(Person.id)))
