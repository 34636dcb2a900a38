"""Files as they come in through a screen: judged before any transaction, and each on record, taken or not."""

from __future__ import annotations

from datetime import datetime
from typing import IO, Any, NoReturn

from sqlalchemy.orm import Session

from states.reach import Actor
from workflow import batches, cases, papers
from workflow.documents.problems import Problem, Unreadable
from workflow.documents.vetting import Verdict, judged
from workflow.incoming import refused
from workflow.store import papers as stored
from workflow.store import people, trail
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.papers import Kept, Owner


class Refused(Unreadable):
    """A file that was refused at the door; that is on record already."""


def receive(
    database: Database,
    files: Files,
    slot: str,
    name: str,
    data: IO[bytes],
    *,
    actor: Actor,
    at: datetime,
    case: int | None = None,
    batch: int | None = None,
) -> Kept:
    """Take in one uploaded file for a slot, and keep what of it is to be used; one event says what became of it.

    `case`, `batch`: what it belongs to, by number. Raises Refused, with the sentence for its sender; NoSuchCase,
    NoSuchBatch.
    """
    with judged(slot, name, data) as (verdict, file):
        if verdict.vetted is None:
            refuse(database, files, slot, verdict, file, actor=actor, at=at, case=case, batch=batch)
    kept = papers.kept_as(files, verdict)
    note(database, slot, verdict, actor=actor, at=at, case=case, batch=batch)
    return kept


def note(
    database: Database,
    slot: str,
    verdict: Verdict,
    *,
    actor: Actor,
    at: datetime,
    case: int | None = None,
    batch: int | None = None,
) -> None:
    """Record that a file was taken in. Raises NoSuchCase, NoSuchBatch."""
    with database.transaction() as session:
        _note(session, _owner(session, case, batch, actor), "document.receive", _told(slot, verdict), actor, at)


def refuse(
    database: Database,
    files: Files,
    slot: str,
    verdict: Verdict,
    file: IO[bytes],
    *,
    actor: Actor,
    at: datetime,
    case: int | None = None,
    batch: int | None = None,
) -> NoReturn:
    """Keep apart what was refused, and record it with the verdict. Raises Refused; NoSuchCase, NoSuchBatch."""
    until = refused.put(database, files, verdict, file, actor, at)
    with database.transaction() as session:
        owner = _owner(session, case, batch, actor)
        _note(session, owner, "document.refuse", {**_told(slot, verdict), "kept_until": until}, actor, at)
        if until:
            refused.enter(session, slot, verdict, until, actor, at, owner.case_id if owner else None)
    raise Refused(Problem(verdict.code, verdict.text, verdict.received.name))


def _owner(session: Session, case: int | None, batch: int | None, actor: Actor) -> Owner | None:
    if case is not None:
        found = cases.find(session, case, actor)
        return Owner(found.stream, case_id=found.id, office_id=found.office_id, revision=found.revision)
    if batch is not None:
        listed = batches.find(session, batch, actor)
        return Owner(listed.stream, batch_id=listed.id, office_id=listed.office_id)
    return None


def _told(slot: str, verdict: Verdict) -> dict[str, Any]:
    """What the one event of a file says: what came, both its digests, and the verdict with its sentence."""
    received = verdict.received
    return {
        "slot": slot,
        "file": received.id,
        "name": received.name,
        "size": received.size,
        "sha256": received.sha256,
        "sm3": received.sm3,
        "verdict": verdict.verdict,
        "code": verdict.code,
        "zh": verdict.text.zh,
        "en": verdict.text.en,
    }


def _note(session: Session, owner: Owner | None, action: str, data: dict[str, Any], actor: Actor, at: datetime) -> None:
    outcome = "refused" if action == "document.refuse" else "done"
    if owner is not None:
        stored.note(session, owner, action, data, actor, at, outcome=outcome)
        return
    people.lock(session, actor.id)
    trail.append(session, [trail.Entry(f"files/{actor.id}", action, outcome, at, actor, data)])
