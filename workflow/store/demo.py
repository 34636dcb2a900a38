"""Rows that only a demo puts in by itself: an office marked as example, an earlier report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from workflow.store import prior
from workflow.store.models import Office, Person, PriorReport


def anybody(session: Session) -> bool:
    """Whether any person is registered."""
    return session.scalar(select(Person.id).limit(1)) is not None


def mark_example(session: Session, code: str) -> None:
    """The office of that code is invented, and is shown as such."""
    session.execute(update(Office).where(Office.code == code).values(example=True))


def add_prior_report(session: Session, values: Mapping[str, Any]) -> int:
    """A case reported before this system was used, findable from now on; gives its id."""
    made = session.execute(insert(PriorReport).values(**values).returning(PriorReport.id)).scalar_one()
    prior.remember(session, text=values["text"], prior_id=made)
    return made
