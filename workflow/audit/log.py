"""The log as outsiders can check it: signed checkpoints, and the proof that an event is in one (RFC 6962)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from states.reach import SYSTEM
from workflow.audit import merkle, notes
from workflow.audit.notes import Key, Signer, WrongNote
from workflow.failpoints import reached
from workflow.store import log as stored
from workflow.store import trail
from workflow.store.database import Database

EVERY = timedelta(seconds=60)
"""How long a change waits for a checkpoint at most."""
KEYS = "system/keys"
"""The stream in which the log's public keys are announced."""


class KeyMissing(Exception):
    """The log was signed before, and the file of its key is not there."""


class OlderDatabase(Exception):
    """The database holds less, or other, than a checkpoint that was seen before: an older copy was put back."""


# ---- the key ---------------------------------------------------------------------------------------------------------


def signer(database: Database, path: Path, at: datetime) -> Signer:
    """The key that signs this log, made and announced in the trail at first use.

    Raises KeyMissing when the log knows another key than the file holds, or the file is gone: a new key would look
    like somebody else's log. Raises WrongNote for a file that is no key.
    """
    with database.reading() as session:
        known, origin = public_key(session), stored.head(session).origin
    if known is None and not path.exists():
        notes.make_key(path)
    try:
        found = notes.signer(path, origin)
    except FileNotFoundError as missing:
        raise KeyMissing(
            f"{path}: 留痕的签名密钥不在，请从备份恢复。/ The key of the trail is missing; restore it."
        ) from missing
    if known is not None and known != found.key:
        raise KeyMissing(f"{path}: 不是本留痕的签名密钥。/ This is not the key of this trail ({known.text}).")
    if known is None:
        with database.transaction() as session:
            entry = trail.Entry(KEYS, "system.checkpoint_key", "done", at, SYSTEM, {"key": found.key.text})
            trail.append(session, [entry])
    return found


def public_key(session: Session) -> Key | None:
    """The log's public key as announced in the trail; None before the first checkpoint."""
    said = trail.last(session, KEYS)
    return notes.read_key(str(said["key"])) if said else None


# ---- checkpoints -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signed:
    """A checkpoint as kept. `root`: hex. `note`: the signed text."""

    size: int
    root: str
    note: str
    at: datetime


def sequence(database: Database) -> int:
    """Give every event that waits its place; how many it were. On SQLite they have theirs at once."""
    moved = 0
    while _waiting(database):
        with database.transaction() as session:
            some = stored.sequence(session)
            reached("log.sequenced")
        moved += some
    return moved


def _waiting(database: Database) -> bool:
    with database.reading() as session:
        return stored.waiting(session)


def checkpoint(database: Database, signed_by: Signer, at: datetime) -> Signed | None:
    """Sign how far the log goes; None when it has not grown since the last checkpoint."""
    with database.reading() as session:
        last = stored.newest_checkpoint(session)
        if stored.head(session).size == (last.size if last else 0):
            return None
    with database.transaction() as session:
        stored.hold(session)
        head, last = stored.head(session), stored.newest_checkpoint(session)
        if head.size == (last.size if last else 0):
            return None
        note = signed_by.sign(notes.Checkpoint(head.origin, head.size, head.root, at))
        reached("log.signed")
        stored.add_checkpoint(session, head.size, head.root, note, at)
        return Signed(head.size, head.root, note, at)


def newest(session: Session) -> Signed | None:
    """The newest checkpoint."""
    found = stored.newest_checkpoint(session)
    return Signed(found.size, found.root, found.note, found.at) if found else None


def of_size(session: Session, size: int) -> Signed | None:
    """The checkpoint of exactly that size."""
    found = stored.checkpoint(session, size)
    return Signed(found.size, found.root, found.note, found.at) if found else None


def checkpoints(session: Session, most: int | None = None) -> list[Signed]:
    """Checkpoints, the newest first."""
    return [Signed(one.size, one.root, one.note, one.at) for one in stored.checkpoints(session, most)]


def origin(session: Session) -> str:
    """The log's name."""
    return stored.head(session).origin


def check_seen(session: Session, note: str) -> None:
    """Hold the log against a checkpoint seen before, kept outside the database.

    Raises OlderDatabase when the log is shorter than that, or does not begin like that; WrongNote when the note is
    no checkpoint of this log.
    """
    key = public_key(session)
    head = stored.head(session)
    if key is None:
        raise OlderDatabase(f"the checkpoint has {note.splitlines()[1]} events, the log was never signed")
    seen = notes.opened(note, key)
    if head.size < seen.size:
        raise OlderDatabase(
            f"the checkpoint of {seen.at:%Y-%m-%d %H:%M} UTC has {seen.size} events, the log {head.size}"
        )
    if root_at(session, seen.size) != seen.root:
        raise OlderDatabase(f"the log's first {seen.size} events are not those of the checkpoint of {seen.at:%Y-%m-%d}")


def root_at(session: Session, size: int) -> str:
    """The root (hex) over the first `size` events."""
    head = stored.head(session)
    hashed = merkle.digest(head.algorithm)
    subtree, start, peaks = stored.subtree(session, head.algorithm), 0, []
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            peaks.append(subtree(level, start >> level))
            start += 1 << level
    return merkle.Frontier(hashed, size, tuple(peaks)).root.hex()


def remember(path: Path, note: str) -> None:
    """Keep a checkpoint outside the database, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)  # the new name is kept through a power cut only when its folder is
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# ---- proofs ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proof:
    """That an event is in the log. `path`: hex, from the leaf up; `checkpoint`: the one over whose root it leads."""

    index: int
    path: Sequence[str]
    checkpoint: Signed


def proof(session: Session, hashed: str) -> Proof | None:
    """The proof that the event of that hash is in the log; None until a checkpoint covers it."""
    index, last = stored.place_of(session, hashed), stored.newest_checkpoint(session)
    if index is None or last is None or index >= last.size:
        return None
    algorithm = stored.head(session).algorithm
    path = merkle.inclusion(merkle.digest(algorithm), stored.subtree(session, algorithm), index, last.size)
    return Proof(index, [one.hex() for one in path], Signed(last.size, last.root, last.note, last.at))


def consistency(session: Session, old: int, new: int) -> list[str]:
    """The proof (hex) that the log of `new` events begins with the log of `old`. Raises ValueError."""
    if new > stored.head(session).size:
        raise ValueError(f"the log has no {new} events")
    algorithm = stored.head(session).algorithm
    path = merkle.consistency(merkle.digest(algorithm), stored.subtree(session, algorithm), old, new)
    return [one.hex() for one in path]


def receipt(session: Session, stream: str, seq: int, hashed: str) -> dict[str, Any]:
    """What whoever holds a receipt can check anywhere: with the proof and the checkpoint once they exist, else None."""
    head, key, found = stored.head(session), public_key(session), proof(session, hashed)
    return {
        "format": "zhengji-receipt-1",
        "origin": head.origin,
        "algorithm": head.algorithm,
        "stream": stream,
        "seq": seq,
        "hash": hashed,
        "index": found.index if found else None,
        "proof": list(found.path) if found else None,
        "checkpoint": found.checkpoint.note if found else None,
        "key": key.text if key else None,
    }


def proves(held: dict[str, Any], key: Key) -> bool:
    """Whether a receipt with a proof holds under the log's key. Raises WrongNote for a checkpoint that is not its."""
    signed = notes.opened(str(held["checkpoint"]), key)
    return merkle.includes(
        merkle.digest(str(held["algorithm"])),
        bytes.fromhex(str(held["hash"])),
        int(held["index"]),
        signed.size,
        [bytes.fromhex(one) for one in held["proof"]],
        bytes.fromhex(signed.root),
    )


__all__ = [
    "EVERY",
    "KeyMissing",
    "OlderDatabase",
    "Proof",
    "Signed",
    "WrongNote",
    "check_seen",
    "checkpoint",
    "checkpoints",
    "consistency",
    "newest",
    "of_size",
    "origin",
    "proof",
    "proves",
    "public_key",
    "receipt",
    "remember",
    "root_at",
    "sequence",
    "signer",
]
