"""Looking up what a receipt names: by its hash, which nobody guesses."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.store.models import AuditEvent


@dataclass(frozen=True)
class Named:
    """The event of a hash, with what the hash covers."""

    stream: str
    seq: int
    prev_hash: str | None
    priv: str | None
    body: str


def by_hash(session: Session, hashed: str) -> Named | None:
    """The event of that hash."""
    row = session.execute(
        select(AuditEvent.stream, AuditEvent.seq, AuditEvent.prev_hash, AuditEvent.priv, AuditEvent.body).where(
            AuditEvent.hash == hashed
        )
    ).first()
    return Named(row.stream, row.seq, row.prev_hash, row.priv, row.body) if row else None
