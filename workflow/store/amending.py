"""Rows of cases and batches that move to another version of their call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, exists, func, select, update
from sqlalchemy.orm import Session

from states.batch import BatchState
from states.push import PushState
from states.reach import Actor
from workflow.store.among import among
from workflow.store.database import run
from workflow.store.models import AuditEvent, Batch, BatchLine, Case, Push
from workflow.store.reach import reachable

_LIVING_BATCHES = [str(one) for one in BatchState if one is not BatchState.RECEIVED]
_UNDER_WAY = [str(PushState.QUEUED), str(PushState.SENT)]


def elsewhere(session: Session, call: str, version: int, limit: int) -> list[int]:
    """Cases of a call that live under another version than this, the oldest first."""
    found = select(Case.id).where(Case.call_number == call, Case.call_version_id != version).order_by(Case.id)
    return list(session.scalars(found.limit(limit)))


def numbered(session: Session, call: str, numbers: Collection[str]) -> Mapping[str, int]:
    """Number → case, of those of the call that have one of these numbers."""
    found = select(Case.number, Case.id).where(Case.call_number == call, Case.number.in_(numbers))
    return {number: case for number, case in session.execute(found)}


def within_reach(session: Session, actor: Actor, ids: Sequence[int]) -> set[int]:
    return set(session.scalars(select(Case.id).where(among(Case.id, "ids"), reachable(actor)), {"ids": list(ids)}))


def pushing(session: Session, ids: Sequence[int]) -> set[int]:
    """Those of these cases of which a push is queued or on its way."""
    found = select(Push.case_id).where(among(Push.case_id, "ids"), Push.state.in_(_UNDER_WAY))
    return set(session.scalars(found, {"ids": list(ids)}))


def kinds_of_standing(session: Session, call: str) -> Sequence[Any]:
    """How many cases of a call stand where, by version: state, phase, theme, and whether a push is under way."""
    moving = exists().where(Push.case_id == Case.id, Push.state.in_(_UNDER_WAY)).label("pushing")
    key = (Case.call_version_id, Case.state, Case.phase, Case.theme)
    statement = select(*key, moving, func.count().label("cases"), func.min(Case.number).label("first"))
    return session.execute(
        statement.where(Case.call_number == call).group_by(*key, moving).order_by(func.min(Case.id))
    ).all()


def texts(session: Session, call: str) -> Sequence[Any]:
    """The sections of all cases of a call, for where a version drops one."""
    columns = (Case.call_version_id, Case.state, Case.number, Case.sections)
    return session.execute(select(*columns).where(Case.call_number == call)).all()


def batches_elsewhere(session: Session, call: str, version: int, *, lock: bool = False) -> list[Any]:
    """Batches of a call that are not received yet and live under another version than this."""
    statement = (
        select(*Batch.__table__.columns)
        .where(Batch.call_number == call, Batch.call_version_id != version, Batch.state.in_(_LIVING_BATCHES))
        .order_by(Batch.id)
    )
    return list(session.execute(statement.with_for_update() if lock else statement).all())


def lines(session: Session, batches: Sequence[int]) -> Mapping[int, list[int]]:
    """Batch → the cases in it, in order."""
    found: dict[int, list[int]] = {one: [] for one in batches}
    statement = (
        select(BatchLine.batch_id, BatchLine.case_id)
        .where(among(BatchLine.batch_id, "ids"), BatchLine.dropped_at.is_(None))
        .order_by(BatchLine.batch_id, BatchLine.position, BatchLine.id)
    )
    for batch, case in session.execute(statement, {"ids": list(batches)}):
        found[batch].append(case)
    return found


def versions_of(session: Session, cases: Sequence[int]) -> Mapping[int, int]:
    """Case → the version that it lives under."""
    found = session.execute(select(Case.id, Case.call_version_id).where(among(Case.id, "ids")), {"ids": list(cases)})
    return {case: version for case, version in found}


def _moved(model: type[Case] | type[Batch], *also: str) -> Any:
    table = model.__table__
    columns = ("version", "head", "call_version_id", *also)
    return (
        update(table)  # type: ignore[arg-type]
        .where(table.c.id == bindparam("old_id"), table.c.version == bindparam("old_version"))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )


_MOVE_CASES = _moved(Case, "length", "least_length")
_MOVE_BATCHES = _moved(Batch)


def move_cases(session: Session, values: Sequence[Mapping[str, Any]]) -> int:
    """Put cases under their new version by one statement; how many were still where they were read."""
    return run(session, _MOVE_CASES, list(values)).rowcount if values else 0


def move_batches(session: Session, values: Sequence[Mapping[str, Any]]) -> int:
    return run(session, _MOVE_BATCHES, list(values)).rowcount if values else 0


def done_by(session: Session, op: str) -> Any:
    """The event that a form already came to."""
    return session.scalar(select(AuditEvent).where(AuditEvent.op == op)) if op else None
