"""Files as they come in through a screen: judged before any transaction, and each on record, taken or not."""

from __future__ import annotations

from datetime import datetime
from typing import IO, Any

from sqlalchemy.orm import Session

from states.reach import Actor
from workflow import batches, cases, papers
from workflow.documents.problems import Problem, Unreadable
from workflow.documents.vetting import Verdict, judge
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
    verdict = judge(slot, name, data)
    kept = papers.kept_as(files, verdict) if verdict.vetted is not None else None
    note(database, slot, verdict, actor=actor, at=at, case=case, batch=batch)
    if kept is None:
        raise Refused(Problem(verdict.code, verdict.text, verdict.received.name))
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
    """Record what became of a file. Raises NoSuchCase, NoSuchBatch."""
    with database.transaction() as session:
        _note(session, _owner(session, case, batch, actor), slot, verdict, actor, at)


def _owner(session: Session, case: int | None, batch: int | None, actor: Actor) -> Owner | None:
    if case is not None:
        found = cases.find(session, case, actor)
        return Owner(found.stream, case_id=found.id, office_id=found.office_id, revision=found.revision)
    if batch is not None:
        listed = batches.find(session, batch, actor)
        return Owner(listed.stream, batch_id=listed.id, office_id=listed.office_id)
    return None


def _note(session: Session, owner: Owner | None, slot: str, verdict: Verdict, actor: Actor, at: datetime) -> None:
    """The one event of a file: what came, both its digests, and the verdict with its sentence."""
    action, outcome = ("document.refuse", "refused") if verdict.vetted is None else ("document.receive", "done")
    received = verdict.received
    data: dict[str, Any] = {
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
    if owner is not None:
        stored.note(session, owner, action, data, actor, at, outcome=outcome)
        return
    people.lock(session, actor.id)
    trail.append(session, [trail.Entry(f"files/{actor.id}", action, outcome, at, actor, data)])
