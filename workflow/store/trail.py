"""The trail: appending events, and what their hashes cover."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, text
from sqlalchemy.orm import Session

from rules.call import BEIJING
from states.reach import Actor
from workflow import personal
from workflow.audit.canonical import canonical, event_hash
from workflow.engine import Receipt
from workflow.failpoints import reached
from workflow.store import archive, log
from workflow.store.among import among
from workflow.store.database import APPENDED, TOKEN, run
from workflow.store.models import AuditEvent, AuditPrivate


@dataclass
class Entry:
    """One event to be appended.

    `previous`: (seq, hash) of the stream's last event where the caller holds it; None means: look it up.
    `private`: personal details, kept apart under a salted hash. Telephone and identity numbers and e-mail addresses in
    `data` are masked in the open part and go there too, under "words".
    """

    stream: str
    action: str
    outcome: str
    at: datetime
    actor: Actor
    data: dict[str, Any] = field(default_factory=dict)
    private: dict[str, Any] | None = None
    to_state: str = ""
    op: str | None = None
    case_id: int | None = None
    office_id: int | None = None
    previous: tuple[int, str] | None = None


_NAMED = ("case_id", "office_id", "op")
"""Columns for searching that the hash covers too."""


def append(session: Session, entries: Sequence[Entry]) -> list[Receipt]:
    """Append events, at most one per stream and call, and give each its receipt.

    Raises CallBarred for what would be done to things of an archived call.
    """
    archive.check(session, entries)
    heads = _heads(session, [entry.stream for entry in entries if entry.previous is None])
    algorithm = log.algorithm(session)
    by_token = {"token": session.info[TOKEN]} if TOKEN in session.info else {}
    rows, receipts, secretly = [], [], []
    for entry in entries:
        seq, head = entry.previous or heads.get(entry.stream, (0, ""))
        data, hidden = personal.apart(entry.data)
        private = {**(entry.private or {}), **({"words": hidden} if hidden else {})}
        salt = secrets.token_bytes(32) if private else b""
        payload = canonical(private) if private else ""
        priv = hashlib.new(algorithm, salt + payload.encode()).hexdigest() if private else None
        body = canonical(
            {
                "stream": entry.stream,
                "seq": seq + 1,
                "at": entry.at.isoformat(),
                "actor": {"id": entry.actor.id, "name": entry.actor.name},
                **({"absent": {"id": absent.id, "name": absent.name}} if (absent := entry.actor.absent) else {}),
                "action": entry.action,
                "outcome": entry.outcome,
                "to_state": entry.to_state,
                **{name: value for name in _NAMED if (value := getattr(entry, name)) is not None},
                **by_token,
                **data,
            }
        )
        hashed = event_hash(algorithm, head or None, priv, body)
        receipts.append(Receipt(entry.stream, seq + 1, hashed))
        if private:
            secretly.append((hashed, salt, payload))
        rows.append(
            {
                "stream": entry.stream,
                "seq": seq + 1,
                "prev_seq": seq or None,
                "prev_hash": head or None,
                "hash": hashed,
                "to_state": entry.to_state,
                "body": body,
                "priv": priv,
                "op": entry.op,
                "at": entry.at,
                "action": entry.action,
                "outcome": entry.outcome,
                "person_id": entry.actor.id or None,
                "absent_id": entry.actor.absent_id,
                "case_id": entry.case_id,
                "office_id": entry.office_id,
            }
        )
    reached("trail.before_append")
    run(session, _APPEND, rows)
    session.info[APPENDED] = True
    if secretly:
        _keep_apart(session, secretly)
    reached("trail.appended")
    return receipts


def daily(session: Session, kind: str, at: datetime) -> str:
    """The stream of one kind of event on one day in Beijing, such as register/2021-03-20; others who write to it wait.

    What belongs to no case, batch or person goes there, so that there is no one chain that everything waits for.
    """
    stream = f"{kind}/{at.astimezone(BEIJING):%Y-%m-%d}"
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(hashtextextended(:stream, 0))"), {"stream": stream})
    return stream


# Statements are built once: on a small database building one costs more than running it.
_LAST = (
    select(AuditEvent.stream, func.max(AuditEvent.seq).label("seq"))
    .where(among(AuditEvent.stream, "streams"))
    .group_by(AuditEvent.stream)
    .subquery()
)
_HEADS = select(AuditEvent.stream, AuditEvent.seq, AuditEvent.hash).join(
    _LAST, (AuditEvent.stream == _LAST.c.stream) & (AuditEvent.seq == _LAST.c.seq)
)
_BY_OP = select(*AuditEvent.__table__.columns).where(among(AuditEvent.op, "ops"))
_KEEP_APART = insert(AuditPrivate.__table__).from_select(  # type: ignore[arg-type]
    ["uid", "salt", "payload"],
    select(
        AuditEvent.uid,
        bindparam("new_salt", type_=AuditPrivate.__table__.c.salt.type),
        bindparam("new_payload", type_=AuditPrivate.__table__.c.payload.type),
    ).where(AuditEvent.hash == bindparam("of")),
)
_APPEND = insert(AuditEvent.__table__)  # type: ignore[arg-type]


def _heads(session: Session, streams: Sequence[str]) -> dict[str, tuple[int, str]]:
    if not streams:
        return {}
    found = run(session, _HEADS, {"streams": list(streams)})
    return {stream: (seq, hashed) for stream, seq, hashed in found}


def _keep_apart(session: Session, secretly: Sequence[tuple[str, bytes, str]]) -> None:
    kept = [{"of": hashed, "new_salt": salt, "new_payload": payload} for hashed, salt, payload in secretly]
    run(session, _KEEP_APART, kept)


def head(session: Session, stream: str) -> tuple[int, str] | None:
    """(seq, hash) of the newest event of a stream; None for an empty one."""
    return _heads(session, [stream]).get(stream)


def last(session: Session, stream: str) -> dict[str, Any] | None:
    """What the newest event of a stream says; None for an empty one."""
    body = session.scalar(
        select(AuditEvent.body).where(AuditEvent.stream == stream).order_by(AuditEvent.seq.desc()).limit(1)
    )
    return json.loads(body) if body else None


def by_op(session: Session, ops: Sequence[str]) -> dict[str, Any]:
    """Events already written under these idempotency keys."""
    if not ops:
        return {}
    found = run(session, _BY_OP, {"ops": list(ops)})
    return {event.op or "": event for event in found}


def by_form(session: Session, key: str) -> list[tuple[Receipt, str]]:
    """Everything that one form came to, however its events are called: receipts with their outcomes."""
    found = session.scalars(
        select(AuditEvent).where(AuditEvent.op.startswith(f"{key}:", autoescape=True)).order_by(AuditEvent.uid)
    )
    return [(Receipt(one.stream, one.seq, one.hash), one.outcome) for one in found]
