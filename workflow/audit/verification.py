"""Verifying the trail where it lies: the stand-alone verifier on an export, and what only the database can tell."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from workflow.audit import merkle
from workflow.audit.export import entry_lines, export
from workflow.audit.verifier import zhengji_verify as verifier
from workflow.store import log as stored
from workflow.store import schema
from workflow.store.database import Database


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: `code` for programs, `where` it is, and the words."""

    code: str
    where: str
    zh: str
    en: str

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "where": self.where, "zh": self.zh, "en": self.en}


@dataclass(frozen=True)
class Verified:
    """What a verification came to. `unchecked`: what it could not tell, as (zh, en)."""

    origin: str
    entries: int
    root: str
    checkpoints: int
    problems: Sequence[Problem]
    unchecked: Sequence[tuple[str, str]]

    @property
    def holds(self) -> bool:
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        return {
            "origin": self.origin,
            "entries": self.entries,
            "root": self.root,
            "checkpoints": self.checkpoints,
            "findings": [one.as_json() for one in self.problems],
            "not_checked": [{"zh": zh, "en": en} for zh, en in self.unchecked],
        }


def verify_file(path: Path, *, key: str = "", anchors: Sequence[str] = (), receipts: Sequence[str] = ()) -> Verified:
    """Verify an export. `key`, `anchors`, `receipts`: what was kept elsewhere. Raises verifier.WrongUse, OSError."""
    done = verifier.Verification(verifier.Key(key) if key else None, anchors, receipts).file(str(path))
    return _verified(done, ())


def verify(
    database: Database, *, demo: bool, key: str = "", anchors: Sequence[str] = (), receipts: Sequence[str] = ()
) -> Verified:
    """Verify the database itself: its export, and that tables and triggers say and do what the trail relies on."""
    with tempfile.TemporaryDirectory(prefix="zhengji-verify-") as folder:
        path = Path(folder) / "trail.jsonl"
        with database.reading() as session, path.open("wb") as file:
            try:
                export(session, file, demo=demo, personal=True)
                inside = [*_inside(session)]
            except _NOT_READ as wrong:
                return _unread(session, wrong)
        done = verifier.Verification(verifier.Key(key) if key else None, anchors, receipts).file(str(path))
    unguarded = [
        Problem("unguarded", name, f"缺少触发器或触发器被停用：{name}", f"the trigger {name} is missing or disabled")
        for name in schema.unguarded(database)
    ]
    return _verified(done, [*inside, *unguarded])


_NOT_READ = (DBAPIError, ValueError, TypeError, AttributeError)
"""What reading comes to where somebody put bytes in the place of a text, or words in that of a time. SQLite lets them."""


def _unread(session: Session, wrong: Exception) -> Verified:
    """Which entries cannot be read at all, each tried by itself; `wrong`: what ended the reading of the whole."""
    head, found = stored.head(session), []
    for place in range(head.size):
        try:
            for one in stored.entries(session, personal=True, only=place):
                for line in entry_lines(one, personal=True):
                    line.encode()
        except _NOT_READ:
            found.append(_unreadable(f"entry {place}"))
    unchecked = [("因此其余内容都没有核对", "therefore nothing else was checked")]
    return Verified(head.origin, head.size, head.root, 0, found or [_unreadable(str(wrong)[:200])], unchecked)


def _unreadable(where: str) -> Problem:
    return Problem(
        "unreadable_row",
        where,
        "数据库里的这一条读不出来：有人在里面放了不合类型的内容",
        "it cannot be read from the database: somebody has put there what is not of its kind",
    )


def _verified(done: Any, more: Sequence[Problem]) -> Verified:
    found = [Problem(one.code, one.where, one.zh, one.en) for one in done.findings]
    said = done.as_json()
    return Verified(
        said["origin"] or "", said["entries"], said["root"] or "", said["checkpoints"], [*found, *more], done.unchecked
    )


def _inside(session: Session) -> Iterator[Problem]:
    """What an export does not show: columns beside the body, and the log's own tables."""
    head, size = stored.head(session), 0
    edge, nodes = merkle.Frontier(merkle.digest(head.algorithm)), stored.nodes(session)
    due: dict[tuple[int, int], str] = {}
    for one in stored.entries(session):
        edge, made = edge.add(_leaf(one.leaf))
        due |= {(level, place): node.hex() for level, place, node in made if level % stored.KEPT_LEVEL == 0}
        if one.index != size:
            yield Problem("order_broken", f"entry {size}", "总账的序号不连续", "the log is not contiguous")
        size = one.index + 1
        event = one.event
        if event is None:
            continue
        where = f"entry {one.index}, {event.stream}#{event.seq}"
        if event.hash != one.leaf:
            yield Problem(
                "leaf_differs", where, "总账登记的哈希与条目不符", "the log holds another hash than the entry"
            )
        wrong = [name for name, value in _columns(event) if value is not _ABSENT and value != getattr(event, name)]
        if wrong:
            names = ", ".join(wrong)
            yield Problem(
                "column_differs", where, f"检索列与内容不符：{names}", f"columns differ from its content: {names}"
            )
    if size != head.size:
        yield Problem(
            "head_differs",
            "audit_head",
            f"总账有 {size} 条，头记为 {head.size}",
            f"the log has {size} entries, its head says {head.size}",
        )
    if nodes != due:
        level, place = min(one for one in nodes.keys() | due.keys() if nodes.get(one) != due.get(one))
        yield Problem(
            "node_differs",
            f"audit_node {level}/{place}",
            "保存的中间节点与条目不符，从这里起：用它们算出的证明不成立",
            "inner nodes as kept are not those of the entries, from here on: proofs made of them do not hold",
        )
    if stored.frontier(session) != edge.peaks:
        yield Problem(
            "edge_differs",
            "audit_head",
            "总账登记的树边与条目不符：下一个检查点会签错",
            "the tree's edge as kept is not that of the entries: the next checkpoint would be wrong",
        )
    if stored.waiting(session):
        yield Problem("waiting", "audit_pending", "有条目还没有进入总账", "some entries have no place in the log yet")


def _leaf(written: str) -> bytes:
    """A leaf as kept; one that is none in hex is none of the tree's either, and is told as such elsewhere."""
    try:
        return bytes.fromhex(written)
    except ValueError:
        return b""


_ABSENT = object()


def _columns(event: Any) -> Iterator[tuple[str, Any]]:
    """What the columns for searching should hold, as the body has it; nothing for a body that is no entry."""
    try:
        body = json.loads(event.body)
        at = datetime.fromisoformat(body["at"]).astimezone(UTC)
        actor = body["actor"]["id"]
        absent = body["absent"]["id"] if "absent" in body else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    for name in ("stream", "seq", "action", "outcome", "to_state"):
        yield name, body.get(name, _ABSENT)
    for name in ("case_id", "office_id", "op"):
        yield name, body.get(name, _ABSENT)
    yield "person_id", actor or None
    yield "absent_id", absent
    yield "at", at
