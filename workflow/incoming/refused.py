"""Originals that were refused at the door: kept apart for a while, for whoever has to settle a dispute (decision 100).

Nothing here opens them. They lie under their digests as everything else does, and are given to the auditor and to the
administrator alone, as files of no kind.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import IO

from sqlalchemy.orm import Session

from rules.roles import Role
from rules.words import Text
from states.reach import SYSTEM, Actor
from workflow.documents import limits
from workflow.documents.vetting import Verdict
from workflow.downloads import received_bytes
from workflow.engine import NoSuchThing, NotPermitted
from workflow.store import personal, trail
from workflow.store import refused as stored
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import RefusedFile

KEPT = timedelta(days=limits.REFUSED_DAYS)
PER_PAGE = 50
LISTED = 200
"""Of a long list, how many digests are put on record."""


class NoSuchRefusal(NoSuchThing):
    """There is no such original, or its time was over (404)."""


def put(database: Database, files: Files, verdict: Verdict, file: IO[bytes], actor: Actor, at: datetime) -> str:
    """Keep the bytes of a refused file where there is room for them; until when (ISO 8601), "" where only digests stay.

    `file`: as it lies in quarantine. What had nothing in it, or was cut off because it is too large, is not kept.
    """
    size = verdict.received.size
    whole = file.seek(0, os.SEEK_END) == size
    if not size or not whole or size > limits.REFUSED_FILE:
        return ""
    with database.reading() as session:
        own, every = stored.held(session, actor.id), stored.held(session)
    if own + size > limits.REFUSED_OF_ONE or every + size > limits.REFUSED_IN_ALL:
        return ""
    files.put_file(file)
    return (at + KEPT).astimezone(UTC).isoformat()


def enter(
    session: Session, slot: str, verdict: Verdict, until: str, actor: Actor, at: datetime, case_id: int | None
) -> None:
    """Name what `put` kept, in the transaction of its entry in the trail."""
    received, said = verdict.received, verdict.text
    stored.put(
        session,
        actor,
        file=received.id,
        slot=slot,
        name=received.name,
        digest=received.sha256,
        size=received.size,
        said=[said.zh, said.en],
        case_id=case_id,
        at=at,
        until=datetime.fromisoformat(until),
    )


# ---- taking out ------------------------------------------------------------------------------------------------------


def _check(actor: Actor) -> None:
    if not {Role.ADMINISTRATOR, Role.AUDITOR} & actor.roles:
        raise NotPermitted(
            Text(
                "拒收的原件可能有害，只给审计员和管理员核对。",
                "What was refused may do harm; it is the auditor's and the administrator's alone to look at.",
            )
        )


def administers(actor: Actor) -> bool:
    """Whether this person comes here from the administrator's pages."""
    return Role.ADMINISTRATOR in actor.roles


def page(session: Session, actor: Actor, before: int | None = None) -> tuple[Sequence[RefusedFile], int | None]:
    """What is still kept, the newest first, and the key of the next page. Raises NotPermitted."""
    _check(actor)
    found = stored.newest(session, before, PER_PAGE + 1)
    return found[:PER_PAGE], found[PER_PAGE - 1].id if len(found) > PER_PAGE else None


def take_out(database: Database, files: Files, refused: int, *, actor: Actor, at: datetime) -> tuple[str, bytes]:
    """Name and bytes of an original that was refused; that it was taken goes on record.

    Raises NotPermitted, NoSuchRefusal, Lost.
    """
    _check(actor)
    with database.transaction() as session:
        found = stored.one(session, refused)
        if found is None:
            raise NoSuchRefusal(
                Text("没有这个原件，或者已经过了保存期。", "There is no such original, or its time is over.")
            )
        name, digest = found.name, found.digest
        data = {"file": found.file, "slot": found.slot, "name": name, "sha256": digest}
        personal.note(session, "reading/refused", "document.open_refused", data, actor, at, case_id=found.case_id)
    return f"{name}.quarantined", received_bytes(files, digest, name)


# ---- when its time is over -------------------------------------------------------------------------------------------


def forget(database: Database, *, at: datetime) -> int:
    """Throw away what was kept long enough, on record; how many. The next sweep of the store removes the bytes."""
    with database.transaction() as session:
        digests = stored.over(session, at)
        if digests:
            said = {"files": len(digests), "digests": list(digests[:LISTED])}
            stream = trail.daily(session, "system", at)
            trail.append(session, [trail.Entry(stream, "document.drop_refused", "done", at, SYSTEM, said)])
    return len(digests)
