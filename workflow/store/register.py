"""Rows of offices and centres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store import trail, words
from workflow.store.models import Case, Centre, Office


def offices(session: Session) -> list[Office]:
    return list(session.scalars(select(Office).order_by(Office.id)))


def centres(session: Session, office_id: int | None = None) -> list[Centre]:
    statement = select(Centre).order_by(Centre.id)
    return list(session.scalars(statement.where(Centre.office_id == office_id) if office_id else statement))


def put_offices(session: Session, rows: Sequence[Mapping[str, Any]]) -> tuple[int, int, int]:
    """Offices by their code: how many are new, changed, the same."""
    return _put(session, Office, "code", rows)


def put_centres(session: Session, rows: Sequence[Mapping[str, Any]]) -> tuple[int, int, int]:
    """Centres by their name: how many are new, changed, the same."""
    return _put(session, Centre, "name", rows)


def _put(session: Session, model: Any, key: str, rows: Sequence[Mapping[str, Any]]) -> tuple[int, int, int]:
    there = {getattr(one, key): one for one in session.scalars(select(model))}
    added = changed = same = 0
    for row in rows:
        known = there.get(row[key])
        if known is None:
            session.execute(insert(model).values(**row))
            there[row[key]] = session.scalars(select(model).where(getattr(model, key) == row[key])).one()
            added += 1
        elif any(getattr(known, name) != value for name, value in row.items()):
            session.execute(update(model).where(model.id == known.id).values(**row))
            changed += 1
        else:
            same += 1
    return added, changed, same


def change_office(session: Session, office_id: int, fields: Mapping[str, str]) -> None:
    session.execute(update(Office).where(Office.id == office_id).values(**fields))


def change_centre(session: Session, centre_id: int, fields: Mapping[str, str]) -> None:
    """Its cases are found by its name, and those that are being started meanwhile will be: they wait for its office."""
    mine = select(Centre.office_id).where(Centre.id == centre_id).scalar_subquery()
    session.execute(select(Office.id).where(Office.id == mine).with_for_update())
    session.execute(update(Centre).where(Centre.id == centre_id).values(**fields))
    if "name" in fields:
        words.keep(session, list(session.scalars(select(Case.id).where(Case.centre_id == centre_id).order_by(Case.id))))


def note(session: Session, action: str, data: Mapping[str, Any], actor: Actor, at: datetime) -> None:
    trail.append(session, [trail.Entry(trail.daily(session, "register", at), action, "done", at, actor, dict(data))])
