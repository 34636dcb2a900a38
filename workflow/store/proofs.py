"""Rows of proofs of calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.calls import digest as digest_of
from workflow.store import deadlines
from workflow.store.models import CallDraft, CallProof, CallVersion


def keep(
    session: Session,
    call: str,
    digest: str,
    promises: Mapping[str, str],
    scenarios: Mapping[str, str],
    failures: Mapping[str, Mapping[str, str]],
    actor: Actor,
    at: datetime,
) -> None:
    """Keep what a proof of a call's text came to, and note it in the call's stream."""
    deadlines.lock(session, call)
    session.execute(
        insert(CallProof).values(
            call_number=call,
            digest=digest,
            at=at,
            promises=dict(promises),
            scenarios=dict(scenarios),
            failures={name: dict(one) for name, one in failures.items()},
        )
    )
    broken = [name for name, outcome in promises.items() if outcome != "kept"]
    failed = [name for name, outcome in scenarios.items() if outcome == "failed"]
    data: dict[str, object] = {
        "digest": digest,
        "broken": broken,
        "failed": failed,
        "scenarios": len(scenarios),
    }
    deadlines.note(session, "call.prove", call, None, data, actor, at, "")


def newest(session: Session, digest: str) -> CallProof | None:
    """The last proof of a text."""
    return session.scalars(select(CallProof).where(CallProof.digest == digest).order_by(CallProof.id.desc())).first()


def text_of(session: Session, fingerprint: str) -> tuple[str, str] | None:
    """File and notice of the version or the draft whose text has this digest; the newest draft first."""
    of_draft = select(CallDraft.source, CallDraft.notice).order_by(CallDraft.changed_at.desc())
    for source, notice in session.execute(of_draft):
        if digest_of(source, notice) == fingerprint:
            return source, notice
    of_version = select(CallVersion.source, CallVersion.notice).where(CallVersion.digest == fingerprint)
    found = session.execute(of_version).first()
    return (found.source, found.notice) if found else None
