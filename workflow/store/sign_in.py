"""Rows of sign-ins, and of what is asked once and soon."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from workflow.store.database import Database
from workflow.store.models import Challenge, SignIn


def new_token() -> str:
    """256 random bits, for a browser or a mail; only its digest is stored."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


# ---- sign-ins --------------------------------------------------------------------------------------------------------


_KEPT = timedelta(days=30)


def open_new(session: Session, token: str, **values: Any) -> int:
    """A new sign-in. Rows of the same person that are long over go: who signed in when stands in the trail."""
    over = SignIn.seen_at < values["created_at"] - _KEPT
    session.execute(delete(SignIn).where(SignIn.person_id == values["person_id"], over))
    made = insert(SignIn).values(token=digest(token), **values).returning(SignIn.id)
    return int(session.execute(made).scalar_one())


def by_token(session: Session, token: str) -> SignIn | None:
    """A sign-in that nobody has ended; it may be too old."""
    return session.scalar(select(SignIn).where(SignIn.token == digest(token), SignIn.ended_at.is_(None)))


def of_person(session: Session, person_id: int, epoch: int, after: datetime, seen_after: datetime) -> list[SignIn]:
    """Those that still open anything, the newest first."""
    statement = select(SignIn).where(
        SignIn.person_id == person_id,
        SignIn.ended_at.is_(None),
        SignIn.epoch == epoch,
        SignIn.created_at > after,
        SignIn.seen_at > seen_after,
    )
    return list(session.scalars(statement.order_by(SignIn.id.desc())))


def touch(database: Database, sign_in_id: int, at: datetime) -> None:
    """Note that a browser was seen. A database that takes nothing more, such as a full disk, still lets people read."""
    try:
        with database.transaction() as session:
            session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(seen_at=at))
    except SQLAlchemyError:
        return


def confirm(session: Session, sign_in_id: int, at: datetime | None) -> None:
    session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(confirmed_at=at))


def end(session: Session, ids: list[int], at: datetime) -> None:
    session.execute(update(SignIn).where(SignIn.id.in_(ids), SignIn.ended_at.is_(None)).values(ended_at=at))


def follow(session: Session, sign_in_id: int, epoch: int) -> None:
    """Let one sign-in outlive the end of all others."""
    session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(epoch=epoch))


# ---- what is asked once ----------------------------------------------------------------------------------------------


def ask(
    session: Session, kind: str, *, person_id: int | None, data: dict[str, Any], at: datetime, expires_at: datetime
) -> str:
    """Keep what was asked, and give the token under which the answer comes."""
    token = new_token()
    keep(session, kind, token, data, at=at, expires_at=expires_at, person_id=person_id)
    return token


def keep(
    session: Session,
    kind: str,
    token: str,
    data: dict[str, Any],
    *,
    at: datetime,
    expires_at: datetime,
    person_id: int | None = None,
) -> None:
    """Keep what was asked under a token that the caller has. Old ones are thrown away."""
    session.execute(delete(Challenge).where(Challenge.expires_at < at))
    values = {"token": digest(token), "kind": kind, "person_id": person_id, "data": data, "expires_at": expires_at}
    session.execute(insert(Challenge).values(**values))


def asked(session: Session, kind: str, token: str, at: datetime) -> Challenge | None:
    """What was asked under a token, while it may still be answered."""
    found = select(Challenge).where(Challenge.token == digest(token), Challenge.kind == kind, Challenge.expires_at > at)
    return session.scalar(found.with_for_update())


def take(session: Session, kind: str, token: str, at: datetime) -> Challenge | None:
    """The same, once: whoever comes second finds nothing."""
    found = asked(session, kind, token, at)
    if found is not None:
        session.expunge(found)
        session.execute(delete(Challenge).where(Challenge.token == found.token))
    return found
