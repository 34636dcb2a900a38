"""Rows of calls' versions, and the event of loading one."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.calls import digest
from workflow.engine import Receipt
from workflow.store import trail
from workflow.store.models import CallVersion


def by_id(session: Session, version_id: int) -> CallVersion:
    return session.get_one(CallVersion, version_id)


def version(session: Session, number: str, wanted: int | None) -> CallVersion | None:
    """One version of a call; the newest where none is named."""
    statement = select(CallVersion).where(CallVersion.number == number).order_by(CallVersion.version.desc()).limit(1)
    return session.scalar(statement.where(CallVersion.version == wanted) if wanted is not None else statement)


def versions(session: Session, number: str) -> list[CallVersion]:
    """All versions of a call, the newest first."""
    statement = select(CallVersion).where(CallVersion.number == number).order_by(CallVersion.version.desc())
    return list(session.scalars(statement))


def same(session: Session, number: str, source: str, notice: str) -> CallVersion | None:
    """The version that holds exactly this file and text."""
    fingerprint = digest(source, notice)
    return session.scalar(select(CallVersion).where(CallVersion.number == number, CallVersion.digest == fingerprint))


def note(session: Session, loaded: CallVersion, actor: Actor, at: datetime) -> Receipt:
    """Record in the call's own stream that a version was loaded."""
    data = {"number": loaded.number, "version": loaded.version, "sha256": loaded.digest}
    if loaded.look:
        data["look"] = hashlib.sha256(loaded.look).hexdigest()
    [receipt] = trail.append(session, [trail.Entry(f"call/{loaded.number}", "call.load", "done", at, actor, data)])
    return receipt
