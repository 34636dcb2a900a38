"""What the trail holds of the steps under one call, in the order in which they were tried."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from workflow.store.models import AuditEvent, Batch, Case, Push

_AT_ONCE = 2000


def steps(session: Session, call: str, actions: list[str]) -> Iterator[tuple[str, str]]:
    """(Stream, body) of every step that was tried on cases, batches and pushes of a call."""
    streams = [
        select(Case.stream).where(Case.call_number == call),
        select(Batch.stream).where(Batch.call_number == call),
        select(Push.stream).join(Case, Case.id == Push.case_id).where(Case.call_number == call),
    ]
    of_call = or_(
        *(AuditEvent.stream.in_(one) for one in streams),
        *(AuditEvent.stream.in_(one.with_only_columns(one.selected_columns[0].concat("/tries"))) for one in streams),
    )
    found = select(AuditEvent.stream, AuditEvent.body).where(AuditEvent.action.in_(actions), of_call)
    for row in session.execute(found.order_by(AuditEvent.uid).execution_options(yield_per=_AT_ONCE)):
        yield row.stream, row.body
