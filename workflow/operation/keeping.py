"""Keeping documents: sweeping what nothing names, moving to another store, and what does not read back on record."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from rules.call import BEIJING
from rules.words import Text
from states.reach import SYSTEM, Actor
from workflow.engine import CannotServe
from workflow.failpoints import reached
from workflow.operation.backup import Tell
from workflow.store import copies, papers, trail
from workflow.store.database import Database
from workflow.store.files import Absent, Damaged, Files, Lying

T = TypeVar("T")

SAFE = timedelta(days=7)
"""A document that nothing names is left alone for so long: an upload is named within the twelve hours of its page."""
AT_ONCE = 1000
FEW = 100
"""So many orphans are never suspicious."""
LISTED = 200
"""Of a long list, how many digests are put on record."""


class TooManyOrphans(CannotServe):
    """Most of the store would be swept: this is more likely the wrong database, or the wrong store."""


@dataclass
class Swept:
    """What a sweep found and did. `named`: documents that the database names; `young`: unnamed, and not yet for long.

    `aside`: digests set aside, `back`: brought back because they are named after all, `gone`: removed for good. `size`:
    bytes of those. `halves`: files that killed writers left.
    """

    named: int = 0
    young: int = 0
    aside: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    size: int = 0
    halves: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.aside or self.back or self.gone or self.halves)


def sweep(database: Database, files: Files, *, at: datetime, rehearse: bool = False, even_most: bool = False) -> Swept:
    """Set aside documents that nothing has named for long, and remove those that were set aside as long ago.

    A document set aside still reads, and comes back if anything names it: a transaction that named it at the very moment
    at which it was swept loses nothing. `at`: the real time. `rehearse`: nothing is changed. Raises TooManyOrphans,
    StoreAway.
    """
    before = at - SAFE
    found = _found(database, files, before)
    halves = files.unfinished(before)
    found.halves = len(halves)
    if rehearse:
        return found
    if len(found.aside) > max(FEW, found.named) and not even_most:
        raise TooManyOrphans(
            Text(
                f"材料库里有 {len(found.aside)} 份材料没有任何记录，多于有记录的 {found.named} 份，没有清理。"
                "请先确认 ZHENGJI_DATABASE_URL 和 ZHENGJI_DOCUMENTS_URL 属于同一个系统；确实要清理，请加 --even-most。",
                f"Nothing names {len(found.aside)} documents, more than the {found.named} that are named, so nothing was"
                " swept. See first that ZHENGJI_DATABASE_URL and ZHENGJI_DOCUMENTS_URL are of the same installation;"
                " where it is meant, add --even-most.",
            )
        )
    reached("sweep.before")
    for digest in found.back:
        files.bring_back(digest)
    for digest in found.aside:
        files.set_aside(digest)
    for digest in found.gone:
        files.forget_aside(digest)
    for half in halves:
        with suppress(FileNotFoundError):
            half.unlink()
    if found.anything:
        _record(database, "system.sweep", _swept(found), at)
    return found


def _found(database: Database, files: Files, before: datetime) -> Swept:
    """What is to be done. The store is listed first and the database asked after it: what was named meanwhile is seen."""
    found = Swept()
    for some in _chunks(files.lying()):
        with database.reading() as session:
            named = papers.named(session, [one.digest for one in some])
        for one in some:
            _sort(found, one, one.digest in named, one.at < before)
    return found


def _sort(found: Swept, one: Lying, named: bool, old: bool) -> None:
    if named and not one.aside:
        found.named += 1
    elif named:
        found.back.append(one.digest)
    elif not old:
        found.young += 1
    else:
        (found.gone if one.aside else found.aside).append(one.digest)
        found.size += one.size


def _chunks(everything: Iterable[T]) -> Iterator[Sequence[T]]:
    going = iter(everything)
    while some := list(islice(going, AT_ONCE)):
        yield some


def _swept(found: Swept) -> dict[str, Any]:
    return {
        "named": found.named,
        "set_aside": len(found.aside),
        "brought_back": len(found.back),
        "removed": len(found.gone),
        "halves": found.halves,
        "bytes": found.size,
        "digests": {name: getattr(found, name)[:LISTED] for name in ("aside", "back", "gone")},
    }


def _record(database: Database, action: str, said: dict[str, Any], at: datetime) -> None:
    with database.transaction() as session:
        stream = trail.daily(session, "system", at)
        trail.append(session, [trail.Entry(stream, action, "done", at, SYSTEM, said)])


# ---- to another store ------------------------------------------------------------------------------------------------

HANDS = 8
"""Documents on their way at the same time."""


@dataclass(frozen=True)
class Moved:
    """`documents`: that now lie in the other store, each read back there; `copied`: by this run, so many bytes (`size`).

    `missing`: digest → "absent" or "damaged", for what the store that they come from does not give.
    """

    documents: int
    copied: int
    size: int
    missing: Mapping[str, str]


def move(database: Database, source: Files, target: Files, notes: Path, to: str, *, at: datetime, tell: Tell) -> Moved:
    """Copy every document to another store and read each back there; nothing is removed and nothing switched.

    `notes`: file in which digests are noted that were read back, so that a run that was cut off is gone on with. `to`: what
    the other store is called on record. Raises StoreAway, OSError.
    """
    there = {one.digest for one in target.lying() if not one.aside}
    done = there & set(notes.read_text("ascii").split() if notes.exists() else ())
    lying = {one.digest for one in source.lying()}
    missing = {}
    size, copied = 0, 0
    going = Text("复制并核对材料", "Copying and checking documents")
    with ThreadPoolExecutor(HANDS) as hands, notes.open("a", encoding="ascii") as noted:
        for some in _chunks(sorted(lying - done)):
            for digest, brought in zip(some, hands.map(partial(_carry, source, target), some), strict=True):
                tell(going, len(done), len(lying))
                if isinstance(brought, str):
                    missing[digest] = brought
                    continue
                done.add(digest)
                noted.write(f"{digest}\n")
                copied, size = copied + 1, size + brought
            noted.flush()
            reached("documents.some_moved")
    with database.reading() as session:
        missing |= dict.fromkeys(copies.documents(session) - lying, "absent")
    moved = Moved(len(done & lying), copied, size, missing)
    _record(database, "system.move_documents", {"to": to, **asdict(moved), "missing": len(missing)}, at)
    return moved


def _carry(source: Files, target: Files, digest: str) -> int | str:
    """Its bytes, or why there is nothing to carry. What the other store gives back is what counts."""
    try:
        with source.fetch(digest) as data:
            target.put_file(data)
    except Absent:
        return "absent"
    except Damaged:
        return "damaged"
    with target.fetch(digest) as brought:
        return brought.seek(0, os.SEEK_END)


# ---- what does not read back -----------------------------------------------------------------------------------------


def unreadable(database: Database, problem: Absent | Damaged, *, actor: Actor, at: datetime) -> None:
    """Put on record that a document is not there, or is another one than it was; once a day for each."""
    digest = problem.digest
    with database.transaction() as session:
        stream = trail.daily(session, "system", at)
        op = f"document.unreadable:{digest}:{at.astimezone(BEIJING):%Y-%m-%d}"
        if trail.by_op(session, [op]):
            return
        said = {
            "sha256": digest,
            "why": "damaged" if isinstance(problem, Damaged) else "absent",
            "documents": papers.named_by(session, digest),
        }
        trail.append(session, [trail.Entry(stream, "document.unreadable", "refused", at, actor, said, op=op)])
