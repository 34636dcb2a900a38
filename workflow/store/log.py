"""Rows of the log: events moved into the one order, the tree's edge kept up, nodes and checkpoints read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, true, update
from sqlalchemy.orm import Session

from workflow.audit import merkle
from workflow.store.among import among
from workflow.store.models import (
    AuditCheckpoint,
    AuditEvent,
    AuditHead,
    AuditLog,
    AuditNode,
    AuditPending,
    AuditPrivate,
    Batch,
    CallStanding,
    Case,
    Judgement,
    Objection,
    Push,
)

KEPT_LEVEL = 8
"""Inner nodes of levels 8, 16, 24 … are kept; those between are computed again from at most 256."""
AT_ONCE = 1000


@dataclass(frozen=True)
class Head:
    """How far the log goes. `root`: hex."""

    size: int
    root: str
    origin: str
    algorithm: str


_HEAD = select(AuditHead.n, AuditHead.root, AuditHead.frontier, AuditHead.origin, AuditHead.algorithm).where(
    AuditHead.id == 1
)
_LOCKED_HEAD = _HEAD.with_for_update()
_WAITING = (
    select(AuditPending.uid, AuditEvent.hash)
    .join(AuditEvent, AuditEvent.uid == AuditPending.uid)
    .order_by(AuditPending.uid)
    .limit(AT_ONCE)
)
_HEAD_AND_WAITING = (
    _HEAD.add_columns(AuditPending.uid, AuditEvent.hash)
    .select_from(AuditHead)
    .outerjoin(AuditPending, true())
    .outerjoin(AuditEvent, AuditEvent.uid == AuditPending.uid)
    .order_by(AuditPending.uid)
    .limit(AT_ONCE)
)
_PLACE = insert(AuditLog.__table__)  # type: ignore[arg-type]
_KEEP = insert(AuditNode.__table__)  # type: ignore[arg-type]
_PLACED = delete(AuditPending).where(among(AuditPending.uid, "uids"))
_GROWN = (
    update(AuditHead.__table__)  # type: ignore[arg-type]
    .where(AuditHead.id == 1)
    .values(n=bindparam("new_n"), root=bindparam("new_root"), frontier=bindparam("new_frontier"))
)


def head(session: Session) -> Head:
    """How far the log goes now."""
    row = session.connection().execute(_HEAD).one()
    return Head(row.n, row.root, row.origin, row.algorithm)


_ALGORITHM: WeakKeyDictionary[Engine, str] = WeakKeyDictionary()


def algorithm(session: Session) -> str:
    """The hash of this log; asked for once, because it never changes after the first event."""
    engine = session.get_bind().engine
    if engine not in _ALGORITHM:
        _ALGORITHM[engine] = head(session).algorithm
    return _ALGORITHM[engine]


def forget() -> None:
    """Ask again: for whoever puts another database in the place of one."""
    _ALGORITHM.clear()


def hold(session: Session) -> None:
    """Others who would move or sign the log wait."""
    session.connection().execute(_LOCKED_HEAD)


def waiting(session: Session) -> bool:
    """Whether some event has no place in the log yet."""
    return session.connection().execute(select(AuditPending.uid).limit(1)).first() is not None


def sequence(session: Session) -> int:
    """Give events that wait their places, at most `AT_ONCE`; how many it were.

    Any number of processes may do so: the lock on the head lets one at a time. What waits is found by being there,
    never by “greater than the last one”: PostgreSQL's numbers commit out of order.
    """
    connection = session.connection()
    row, found = _head_and_waiting(connection)
    if not found:
        return 0
    hashed = merkle.digest(row.algorithm)
    edge = merkle.Frontier(hashed, row.n, _peaks(row.frontier))
    places, nodes = [], []
    for uid, leaf in found:
        places.append({"idx": edge.size, "prev_idx": edge.size - 1 if edge.size else None, "uid": uid, "leaf": leaf})
        edge, made = edge.add(bytes.fromhex(leaf))
        nodes += [
            {"level": level, "position": position, "hash": node.hex()}
            for level, position, node in made
            if level % KEPT_LEVEL == 0
        ]
    connection.execute(_PLACE, places)
    if nodes:
        connection.execute(_KEEP, nodes)
    connection.execute(_PLACED, {"uids": [uid for uid, _ in found]})
    frontier = "".join(peak.hex() for peak in edge.peaks)
    connection.execute(_GROWN, {"new_n": edge.size, "new_root": edge.root.hex(), "new_frontier": frontier})
    return len(found)


def frontier(session: Session) -> tuple[bytes, ...] | None:
    """The tree's edge as kept, the largest first; None where what is kept is none."""
    kept = session.connection().execute(_HEAD).one().frontier
    try:
        return _peaks(kept)
    except ValueError:
        return None


def nodes(session: Session) -> dict[tuple[int, int], str]:
    """(level, position) → hash (hex) of every inner node that is kept: one of 256 entries."""
    found = session.connection().execute(select(AuditNode.level, AuditNode.position, AuditNode.hash))
    return {(level, position): hashed for level, position, hashed in found}


def _head_and_waiting(connection: Connection) -> tuple[Any, list[tuple[int, str]]]:
    """The head, and what waits: (uid, hash). On PostgreSQL what waits is looked for once the head is locked; SQLite has one writer."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(_HEAD_AND_WAITING).all()
        return rows[0], [(row.uid, row.hash) for row in rows if row.uid is not None]
    head = connection.execute(_LOCKED_HEAD).one()
    return head, [(uid, leaf) for uid, leaf in connection.execute(_WAITING)]


def _peaks(frontier: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(frontier[at : at + 64]) for at in range(0, len(frontier), 64))


def settle(session: Session, algorithm: str, origin: str) -> None:
    """Choose the hash and the name of a log; the database refuses it once the log holds anything."""
    session.execute(update(AuditHead).where(AuditHead.id == 1).values(algorithm=algorithm, origin=origin))
    forget()


# ---- the tree --------------------------------------------------------------------------------------------------------


def subtree(session: Session, algorithm: str) -> merkle.Subtree:
    """Full subtrees of the log, from the nodes kept and the leaves between."""
    hashed = merkle.digest(algorithm)

    def found(level: int, position: int) -> bytes:
        kept = level - level % KEPT_LEVEL
        first = position << (level - kept)
        last = (position + 1) << (level - kept)
        if kept:
            rows = select(AuditNode.hash).where(AuditNode.level == kept, AuditNode.position >= first)
            rows = rows.where(AuditNode.position < last).order_by(AuditNode.position)
        else:
            rows = select(AuditLog.leaf).where(AuditLog.idx >= first, AuditLog.idx < last).order_by(AuditLog.idx)
        parts = [bytes.fromhex(one) for one in session.connection().execute(rows).scalars()]
        if len(parts) != last - first:
            raise LookupError(f"the log has no full subtree {level}/{position}")
        return merkle.root(hashed, parts)

    return found


def indexes(session: Session, uids: Iterable[int]) -> dict[int, int]:
    """Event (uid) → its place in the log, for those that have one."""
    found = session.execute(select(AuditLog.uid, AuditLog.idx).where(AuditLog.uid.in_(set(uids))))
    return {uid: idx for uid, idx in found}


def place_of(session: Session, hashed: str) -> int | None:
    """The place of an event, by its hash."""
    return session.scalar(
        select(AuditLog.idx).join(AuditEvent, AuditEvent.uid == AuditLog.uid).where(AuditEvent.hash == hashed)
    )


# ---- everything ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Logged:
    """One entry of the log as kept; `event`, None where the table holds it no more, has what its hash covers."""

    index: int
    leaf: str
    event: Any


def entries(session: Session, *, personal: bool = False, only: int | None = None) -> Iterator[Logged]:
    """The whole log in its order, streamed. `personal`: with salt and payload of the personal part, where not erased.
    `only`: the one entry at that place."""
    columns = [AuditLog.idx, AuditLog.leaf, *_COVERED]
    statement = select(*columns).outerjoin(AuditEvent, AuditEvent.uid == AuditLog.uid).order_by(AuditLog.idx)
    if personal:
        statement = statement.add_columns(AuditPrivate.salt, AuditPrivate.payload).outerjoin(
            AuditPrivate, AuditPrivate.uid == AuditLog.uid
        )
    if only is not None:
        statement = statement.where(AuditLog.idx == only)
    for row in session.execute(statement.execution_options(yield_per=AT_ONCE)):
        yield Logged(row.idx, row.leaf, row if row.hash is not None else None)


def of_streams(session: Session, streams: Sequence[str]) -> list[Any]:
    """What is in these streams, in the order of the log; `idx` is None for what has no place yet, which comes last."""
    statement = select(AuditLog.idx, *_COVERED).outerjoin(AuditLog, AuditLog.uid == AuditEvent.uid)
    found = session.execute(statement.where(AuditEvent.stream.in_(streams)).order_by(AuditEvent.uid)).all()
    return sorted(found, key=lambda one: (one.idx is None, one.idx or 0))


_COVERED = (
    AuditEvent.uid,
    AuditEvent.stream,
    AuditEvent.seq,
    AuditEvent.prev_hash,
    AuditEvent.hash,
    AuditEvent.priv,
    AuditEvent.body,
    AuditEvent.to_state,
    AuditEvent.op,
    AuditEvent.at,
    AuditEvent.action,
    AuditEvent.outcome,
    AuditEvent.person_id,
    AuditEvent.absent_id,
    AuditEvent.case_id,
    AuditEvent.office_id,
)


def things(session: Session) -> Iterator[tuple[str, int, str, str]]:
    """(stream, version, state, head) of everything that lives by a lifecycle, as its table says."""
    for model in (Case, Batch, Push, Judgement, Objection, CallStanding):
        key = next(iter(model.__table__.primary_key))
        rows = select(model.stream, model.version, model.state, model.head).order_by(key)
        for row in session.execute(rows.execution_options(yield_per=AT_ONCE)):
            yield row.stream, row.version, row.state, row.head


# ---- checkpoints -----------------------------------------------------------------------------------------------------


def add_checkpoint(session: Session, size: int, root: str, note: str, at: datetime) -> None:
    session.execute(insert(AuditCheckpoint).values(size=size, root=root, note=note, at=at))


def newest_checkpoint(session: Session) -> AuditCheckpoint | None:
    return session.scalar(select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1))


def checkpoint(session: Session, size: int) -> AuditCheckpoint | None:
    """The checkpoint of exactly that size."""
    return session.get(AuditCheckpoint, size)


def checkpoints(session: Session, most: int | None = None) -> Sequence[AuditCheckpoint]:
    """Checkpoints, the newest first."""
    return list(session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(most)))
