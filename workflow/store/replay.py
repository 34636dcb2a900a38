"""What the trail holds of the steps under one call, in the order in which they were tried."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from workflow.store.models import AuditEvent, Batch, Case, Push

_AT_ONCE = 2000


def steps(session: Session, call: str, actions: list[str]) -> Iterator[tuple[str, str]]:
    """(Stream, body) of every step that was tried on cases, batches and pushes of a call."""
    found = select(AuditEvent.stream, AuditEvent.body).where(_tried(call, actions))
    for row in session.execute(found.order_by(AuditEvent.uid).execution_options(yield_per=_AT_ONCE)):
        yield row.stream, row.body


def extent(session: Session, call: str, actions: list[str]) -> tuple[int, int]:
    """How many such steps there are, and the number (uid) of the last."""
    many, last = session.execute(select(func.count(), func.max(AuditEvent.uid)).where(_tried(call, actions))).one()
    return many, last or 0


def some(
    session: Session, call: str, actions: list[str], after: int, upto: int, most: int
) -> list[tuple[int, str, str]]:
    """(uid, stream, body) of the next so many of these steps."""
    found = select(AuditEvent.uid, AuditEvent.stream, AuditEvent.body).where(
        _tried(call, actions), AuditEvent.uid > after, AuditEvent.uid <= upto
    )
    return [(row.uid, row.stream, row.body) for row in session.execute(found.order_by(AuditEvent.uid).limit(most))]


def _tried(call: str, actions: list[str]) -> ColumnElement[bool]:
    streams = [
        select(Case.stream).where(Case.call_number == call),
        select(Batch.stream).where(Batch.call_number == call),
        select(Push.stream).join(Case, Case.id == Push.case_id).where(Case.call_number == call),
    ]
    return and_(
        AuditEvent.action.in_(actions),
        or_(
            *(AuditEvent.stream.in_(one) for one in streams),
            *(
                AuditEvent.stream.in_(one.with_only_columns(one.selected_columns[0].concat("/tries")))
                for one in streams
            ),
        ),
    )
