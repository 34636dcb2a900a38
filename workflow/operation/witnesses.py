"""Verifying and exporting the trail of this installation, on record."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from states.reach import SYSTEM
from workflow.audit import log, verification
from workflow.audit.export import export
from workflow.audit.notes import WrongNote
from workflow.audit.verification import Verified, verify_file
from workflow.audit.verifier import zhengji_verify
from workflow.jobs.sequencing import last_seen
from workflow.operation import installation
from workflow.settings import Settings
from workflow.store import trail
from workflow.store.database import Database

__all__ = ["Exported", "Verified", "WrongUse", "export_here", "verify_file", "verify_here"]

WrongUse = zhengji_verify.WrongUse


@dataclass(frozen=True)
class Exported:
    """What an export holds. `key`: the log's public key; `note`: its newest checkpoint; `verifier`: the file that checks it."""

    entries: int
    origin: str
    key: str
    note: str
    verifier: Path


def verify_here(
    settings: Settings, *, key: str = "", anchors: Sequence[str] = (), receipts: Sequence[str] = ()
) -> Verified:
    """Verify this installation's trail, and put on record that it was done and what it came to.

    The last checkpoint that was kept outside the database is an anchor even where none is named.
    """
    kept = last_seen(settings)
    anchors = [*anchors, *([kept.read_text(encoding="utf-8")] if kept.exists() else [])]
    with _opened(settings) as database:
        log.sequence(database)
        done = verification.verify(database, demo=settings.demo, key=key, anchors=anchors, receipts=receipts)
        codes = sorted({one.code for one in done.problems})
        _note(database, "system.verify", {"entries": done.entries, "root": done.root, "problems": codes}, done.holds)
    return done


def export_here(settings: Settings, out: Path, *, personal: bool = False) -> Exported:
    """Export this installation's trail, on record; signed first where the key is at hand. Raises OSError."""
    with _opened(settings) as database:
        _note(database, "trail.export_log", {"file": out.name, "personal": personal})
        log.sequence(database)
        _sign(settings, database)
        draft = out.with_name(f"{out.name}.new")
        with database.reading() as session, draft.open("wb") as file:
            entries = export(session, file, demo=settings.demo, personal=personal)
            file.flush()
            os.fsync(file.fileno())
            public, newest = log.public_key(session), log.newest(session)
            origin = log.origin(session)
        draft.replace(out)
    return Exported(
        entries, origin, public.text if public else "", newest.note if newest else "", Path(zhengji_verify.__file__)
    )


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    database = installation.open_database(settings)
    try:
        yield database
    finally:
        database.close()


def _sign(settings: Settings, database: Database) -> None:
    """A checkpoint over all there is, where the key may be read here; elsewhere the sequencer signs within a minute."""
    key, at = Path(settings.audit_key), datetime.now(UTC)
    try:
        made = (
            log.checkpoint(database, log.signer(database, key, at), at)
            if database.embedded or os.access(key, os.R_OK)
            else None
        )
    except (WrongNote, log.KeyMissing):
        return
    if made is not None:
        log.remember(last_seen(settings), made.note)


def _note(database: Database, action: str, data: dict[str, object], done: bool = True) -> None:
    at = datetime.now(UTC)
    with database.transaction() as session:
        stream = trail.daily(session, "system", at)
        outcome = "done" if done else "refused"
        trail.append(session, [trail.Entry(stream, action, outcome, at, SYSTEM, data)])
