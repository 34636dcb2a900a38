"""Rows of bulk acts: what was chosen, what came of each case, and the counts that an act changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from states.reach import Actor
from workflow.store import pages
from workflow.store.database import run
from workflow.store.models import BulkAct, BulkLine, Case, Centre, Office
from workflow.store.pages import Filters
from workflow.store.reach import reachable


@dataclass(frozen=True)
class Matching:
    """The cases that match a search: how many, how many of them stand in one of the states asked for, the first of those."""

    total: int
    standing: int
    first: Sequence[int]


def matching(session: Session, seen_by: Actor, filters: Filters, states: Collection[str], most: int) -> Matching:
    """Cases within reach, in the search's own order. Beyond `most` they are counted as far as lists count."""
    wanted = [state for state in states if filters.state in ("", state)]
    first, more = pages.first(session, seen_by, filters, wanted, most)
    standing = len(first)
    if more:
        standing = sum(pages.count(session, seen_by, replace(filters, state=one)).number for one in wanted)
    return Matching(max(standing, pages.count(session, seen_by, filters).number), standing, first)


def numbered(session: Session, seen_by: Actor, numbers: Collection[str]) -> Mapping[str, Case]:
    """The cases within reach that have these numbers, by number."""
    found = session.scalars(select(Case).where(Case.number.in_(numbers), reachable(seen_by)))
    return {one.number: one for one in found}


# ---- kept ------------------------------------------------------------------------------------------------------------


def add(session: Session, **columns: Any) -> int:
    """A new bulk act; gives its number."""
    return session.execute(insert(BulkAct).values(**columns).returning(BulkAct.id)).scalar_one()


def add_lines(session: Session, lines: Sequence[Mapping[str, Any]]) -> None:
    if lines:
        run(session, insert(BulkLine.__table__), lines)  # type: ignore[arg-type]


def took_back(session: Session, bulk_id: int, undoes: int) -> None:
    """Say which act this one took back."""
    session.execute(update(BulkAct).where(BulkAct.id == bulk_id).values(undoes_id=undoes))


def by_op(session: Session, op: str) -> BulkAct | None:
    """What a form already came to."""
    return session.scalar(select(BulkAct).where(BulkAct.op == op)) if op else None


@cache
def _whole() -> tuple[ORMOption, ...]:
    return (joinedload(BulkAct.by), selectinload(BulkAct.lines).joinedload(BulkLine.case))


def one(session: Session, bulk_id: int, *, lock: bool = False) -> BulkAct | None:
    """One bulk act with its lines; locked against others where asked."""
    if lock:
        session.execute(select(BulkAct.id).where(BulkAct.id == bulk_id).with_for_update())
    return session.scalar(select(BulkAct).where(BulkAct.id == bulk_id).options(*_whole()))


def undone_by(session: Session, bulk_id: int) -> BulkAct | None:
    """The act that took it back."""
    return session.scalar(select(BulkAct).where(BulkAct.undoes_id == bulk_id).options(joinedload(BulkAct.by)))


@dataclass(frozen=True)
class Listed:
    """A bulk act as a list shows it. `outcomes`: how many cases came to what."""

    act: BulkAct
    outcomes: Mapping[str, int]


def newest(session: Session, by: int | None, limit: int) -> list[Listed]:
    """Bulk acts of a person, or of everybody, the newest first."""
    asked = select(BulkAct).options(joinedload(BulkAct.by)).order_by(BulkAct.id.desc()).limit(limit)
    acts = list(session.scalars(asked if by is None else asked.where(BulkAct.by_id == by)))
    counted = select(BulkLine.bulk_id, BulkLine.outcome, func.count()).group_by(BulkLine.bulk_id, BulkLine.outcome)
    found: dict[int, dict[str, int]] = {one.id: {} for one in acts}
    for bulk_id, outcome, many in session.execute(counted.where(BulkLine.bulk_id.in_(found))):
        found[bulk_id][outcome] = many
    return [Listed(one, found[one.id]) for one in acts]


# ---- what an act changes ---------------------------------------------------------------------------------------------


def by_office(session: Session, offices: Collection[int], states: Collection[str]) -> Mapping[tuple[Any, ...], int]:
    """(call, office, phase, state) → cases; of these offices and states."""
    key = (Case.call_number, Case.office_id, Case.phase, Case.state)
    asked = select(*key, func.count()).where(Case.office_id.in_(offices), Case.state.in_(states)).group_by(*key)
    return {tuple(row[:4]): row[4] for row in session.execute(asked)}


def by_centre(session: Session, centres: Collection[int], states: Collection[str]) -> Mapping[tuple[Any, ...], int]:
    """(call, centre, state) → cases over all phases; of these centres and states."""
    key = (Case.call_number, Case.centre_id, Case.state)
    asked = select(*key, func.count()).where(Case.centre_id.in_(centres), Case.state.in_(states)).group_by(*key)
    return {tuple(row[:3]): row[3] for row in session.execute(asked)}


def names(session: Session, model: type[Office] | type[Centre], ids: Collection[int]) -> Mapping[int, str]:
    """What offices (their addressees) or centres are called."""
    name = Office.addressee if model is Office else Centre.name
    return {row[0]: row[1] for row in session.execute(select(model.id, name).where(model.id.in_(ids)))}
