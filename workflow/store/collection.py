"""Rows of collections: which cases can be chosen, what was ordered, and what came of it."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlalchemy.orm import Session, defer, joinedload, selectinload

from states.reach import Actor
from workflow.store.among import among
from workflow.store.models import CallVersion, Case, Collection, CollectionLine, Document, Job, Office
from workflow.store.reach import reachable

ORIGINAL = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True)
class Narrowed:
    """How the cases to choose from are narrowed; empty means all. `call`: a call's number."""

    theme: str = ""
    office: int | None = None
    state: str = ""
    call: str = ""


def _standing(seen_by: Actor, states: Some[str]) -> Select[Any]:
    return select(Case).where(Case.state.in_([str(one) for one in states]), reachable(seen_by))


def candidates(session: Session, seen_by: Actor, states: Some[str], narrowed: Narrowed, most: int) -> list[Case]:
    """The first so many cases in these states within reach, in the order of their numbers."""
    asked = _standing(seen_by, states)
    if narrowed.state:
        asked = asked.where(Case.state == narrowed.state)
    if narrowed.theme:
        asked = asked.where(Case.theme == narrowed.theme)
    if narrowed.office:
        asked = asked.where(Case.office_id == narrowed.office)
    if narrowed.call:
        asked = asked.where(Case.call_number == narrowed.call)
    later = (defer(Case.form), defer(Case.sections))
    return list(session.scalars(asked.options(*later).order_by(Case.call_number, Case.id).limit(most)))


def offices(session: Session, seen_by: Actor, states: Some[str]) -> list[Office]:
    """Offices that have cases to choose from, in the register's order."""
    theirs = _standing(seen_by, states).with_only_columns(Case.office_id)
    return list(session.scalars(select(Office).where(Office.id.in_(theirs)).order_by(Office.id)))


def themes(session: Session, seen_by: Actor, states: Some[str]) -> list[tuple[int, str]]:
    """(version of the call, theme) of the cases to choose from, each once."""
    found = _standing(seen_by, states).with_only_columns(Case.call_version_id, Case.theme).distinct()
    return [(version, theme) for version, theme in session.execute(found)]


def case(session: Session, seen_by: Actor, case_id: int, states: Some[str]) -> Case | None:
    """One case to be compiled, if it is still there to be."""
    found: Case | None = session.scalar(_standing(seen_by, states).where(Case.id == case_id))
    return found


def within(session: Session, seen_by: Actor, ids: Some[int], states: Some[str]) -> set[int]:
    """Which of these cases can be chosen."""
    return set(session.scalars(_standing(seen_by, states).with_only_columns(Case.id).where(Case.id.in_(ids))))


def papers(session: Session, case_id: int) -> tuple[Document | None, list[Document]]:
    """The Word file as its author sent it, where one counts now and is there, and the pictures in their order."""
    asked = select(Document).where(
        Document.case_id == case_id, Document.superseded_at.is_(None), Document.erased_at.is_(None)
    )
    found = list(session.scalars(asked.order_by(Document.id)))
    words = [one for one in found if one.slot == "case" and one.media_type == ORIGINAL]
    return (words[-1] if words else None), [one for one in found if one.slot == "picture"]


def pictures(session: Session, ids: Some[int]) -> int:
    """How many pictures these cases have."""
    asked = select(Document.id).where(
        Document.case_id.in_(ids), Document.slot == "picture", Document.superseded_at.is_(None)
    )
    return len(session.scalars(asked).all())


def not_allowed(session: Session, ids: Some[int]) -> dict[int, list[str]]:
    """Case → what its pictures are called that nobody is on record as allowing to be published."""
    asked = select(Document.case_id, Document.caption, Document.name).where(
        among(Document.case_id, "ids"),
        Document.slot == "picture",
        Document.superseded_at.is_(None),
        Document.erased_at.is_(None),
        Document.rights == "",
    )
    found: dict[int, list[str]] = {}
    for case_id, caption, name in session.execute(asked.order_by(Document.id), {"ids": list(ids)}):
        if case_id is not None:
            found.setdefault(case_id, []).append(caption or name)
    return found


def source(session: Session, version: int) -> tuple[str, str]:
    """A call's file and its notice, as stored."""
    row = session.execute(select(CallVersion.source, CallVersion.notice).where(CallVersion.id == version)).one()
    return row.source, row.notice


def regions(session: Session) -> list[str]:
    """Provinces in the register's order."""
    return list(session.scalars(select(Office.region).order_by(Office.id)))


# ---- kept ------------------------------------------------------------------------------------------------------------


def add(session: Session, cases: Sequence[int], **columns: Any) -> int:
    """A new collection of these cases, in this order; gives its number."""
    made: int = session.execute(insert(Collection).values(said=[], **columns).returning(Collection.id)).scalar_one()
    lines = [
        {"collection_id": made, "position": place, "case_id": case_id, "said": []}
        for place, case_id in enumerate(cases, 1)
    ]
    session.execute(insert(CollectionLine), lines)
    return made


def by_op(session: Session, op: str) -> Collection | None:
    return session.scalar(select(Collection).where(Collection.op == op)) if op else None


def one(session: Session, collection_id: int) -> Collection | None:
    """A collection with its lines and their cases."""
    asked = select(Collection).where(Collection.id == collection_id)
    lines = selectinload(Collection.lines).joinedload(CollectionLine.case)
    return session.scalar(
        asked.options(lines.options(defer(Case.form), defer(Case.sections)), joinedload(Collection.by))
    )


def newest(session: Session, limit: int) -> list[Collection]:
    """The newest collections with their lines."""
    asked = select(Collection).order_by(Collection.id.desc()).limit(limit)
    return list(session.scalars(asked.options(selectinload(Collection.lines), joinedload(Collection.by))))


def jobs(session: Session, keys: Some[str]) -> dict[str, Job]:
    """Key → the background work of that key."""
    return {row.key: row for row in session.scalars(select(Job).where(Job.key.in_(keys)))}


def finish(session: Session, collection_id: int, **columns: Any) -> None:
    session.execute(update(Collection).where(Collection.id == collection_id).values(**columns))


def finish_line(session: Session, collection_id: int, position: int, content: str, said: Sequence[Any]) -> None:
    which = (CollectionLine.collection_id == collection_id) & (CollectionLine.position == position)
    session.execute(update(CollectionLine).where(which).values(content=content, said=list(said)))
