"""The whole trail as one file that outsiders can check: JSON lines, each in canonical form.

A head (origin, hash, size, root, key), every entry in the log's order, the checkpoints, what the tables of cases, batches,
pushes, judgements and objections say, and a last line that counts and hashes the lines before it. The stand-alone verifier
beside this reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from workflow.audit import log
from workflow.audit.canonical import canonical
from workflow.store import log as stored

FORMAT = "zhengji-audit-1"


def export(session: Session, out: BinaryIO, *, demo: bool, personal: bool = False) -> int:
    """Write the export and give the number of its entries.

    `personal`: with the personal parts that are not erased, for whoever may read them. `demo`: the clock can be moved,
    so the verifier does not check times.
    """
    whole, lines, entries = hashlib.sha256(), 0, 0
    for line in _lines(session, demo=demo, personal=personal):
        raw = line.encode() + b"\n"
        whole.update(raw)
        out.write(raw)
        lines += 1
        entries += line.startswith(_EVENT)
    out.write(canonical({"kind": "end", "lines": lines, "sha256": whole.hexdigest()}).encode() + b"\n")
    return entries


_EVENT = '{"body":'


def _lines(session: Session, *, demo: bool, personal: bool) -> Iterator[str]:
    head, key = stored.head(session), log.public_key(session)
    yield canonical(
        {
            "kind": "log",
            "format": FORMAT,
            "origin": head.origin,
            "algorithm": head.algorithm,
            "size": head.size,
            "root": head.root,
            "key": key.text if key else None,
            "demo": demo,
        }
    )
    for one in stored.entries(session, personal=personal):
        yield from entry_lines(one, personal)
    for signed in reversed(log.checkpoints(session)):
        yield canonical({"kind": "checkpoint", "note": signed.note})
    for stream, version, state, hashed in stored.things(session):
        yield canonical({"kind": "thing", "stream": stream, "version": version, "state": state, "head": hashed})


def entry_lines(one: stored.Logged, personal: bool) -> Iterator[str]:
    """An entry as a line, and its personal part as one more."""
    event = one.event
    if event is None:
        yield canonical({"kind": "missing", "index": one.index, "hash": one.leaf})
        return
    yield event_line(one.index, event)
    if personal and event.salt is not None:
        yield canonical(
            {
                "kind": "private",
                "index": one.index,
                "hash": event.priv,
                "salt": event.salt.hex(),
                "payload": event.payload,
            }
        )


def event_line(index: int, event: Any) -> str:
    """An entry as a line: the body stands in it byte for byte as it was hashed, whatever somebody made of it."""
    rest = canonical({"hash": event.hash, "index": index, "kind": "event", "prev": event.prev_hash, "priv": event.priv})
    return f"{_EVENT}{event.body},{rest[1:]}"
