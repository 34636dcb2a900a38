"""Calls as stored: immutable numbered versions, read once per process."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, insert, select
from sqlalchemy.orm import Session

from rules.call import Call
from workflow.calls import CallRefused, digest, mistaken, parse_call, stored_call
from workflow.store.models import CallVersion


def load(session: Session, source: str, notice: str, at: datetime, look: bytes | None = None) -> CallVersion:
    """Store a call as its next version; the same text again gives the version that is there already.

    `look`: the Word document in which its cases are written; where none is given, that of the version before. Raises CallRefused before anything is stored, also where the number is another call's.
    """
    call = parse_call(source, notice)
    if problem := mistaken(source, call, (one for _, one in open_calls(session))):
        raise CallRefused([problem])
    fingerprint = digest(source, notice)
    earlier = list(
        session.scalars(
            select(CallVersion).where(CallVersion.number == call.number).order_by(CallVersion.version.desc())
        )
    )
    for one in earlier:
        if one.digest == fingerprint and look in (None, one.look):
            return one
    highest = earlier[0].version if earlier else 0
    if look is None and earlier:
        look = earlier[0].look
    made = session.execute(
        insert(CallVersion)
        .values(
            number=call.number,
            version=highest + 1,
            source=source,
            notice=notice,
            digest=fingerprint,
            loaded_at=at,
            opened_at=at,
            look=look,
        )
        .returning(CallVersion)
    ).scalar_one()
    return made


def known(session: Session, number: str) -> bool:
    """Whether any version of the call of this number is stored."""
    return bool(session.scalar(select(func.count()).where(CallVersion.number == number)))


def open_calls(session: Session) -> list[tuple[int, Call]]:
    """The newest version of each call, with its id; the newest call first."""
    newest = select(func.max(CallVersion.id)).group_by(CallVersion.number)
    found = session.execute(
        select(CallVersion.id).where(CallVersion.id.in_(newest)).order_by(CallVersion.id.desc())
    ).scalars()
    return [(version, call_of(session, version)) for version in found]


def every(session: Session) -> list[tuple[int, Call]]:
    """Every version of every call, with its id; the oldest first."""
    found = session.scalars(select(CallVersion.id).order_by(CallVersion.id))
    return [(version, call_of(session, version)) for version in found]


def call_of(session: Session, version_id: int) -> Call:
    """The call of a version. A version never changes, so each is read once per database and process."""
    known = _READ.setdefault(session.get_bind().engine, {})
    if version_id not in known:
        row = session.execute(
            select(CallVersion.source, CallVersion.notice, CallVersion.version, CallVersion.look).where(
                CallVersion.id == version_id
            )
        ).one()
        known[version_id] = replace(_parsed(row.source, row.notice), version=row.version, look=row.look or b"")
    return known[version_id]


_READ: WeakKeyDictionary[Engine, dict[int, Call]] = WeakKeyDictionary()


def forget() -> None:
    """Read versions anew: for whoever puts another database in a place where one was read, such as a restore."""
    _READ.clear()


@lru_cache(maxsize=64)
def _parsed(source: str, notice: str) -> Call:
    return stored_call(source, notice)
