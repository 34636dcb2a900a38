"""Rows of access tokens, and of what programs were answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from workflow.store.database import Database
from workflow.store.models import AccessToken, ApiAnswer
from workflow.store.sign_in import digest


def add(session: Session, token: str, **values: Any) -> int:
    """A new token."""
    made = insert(AccessToken).values(token=digest(token), **values).returning(AccessToken.id)
    return int(session.execute(made).scalar_one())


def by_token(session: Session, token: str) -> AccessToken | None:
    """The row of a token, over or not."""
    return session.scalar(select(AccessToken).where(AccessToken.token == digest(token)))


def of_person(session: Session, person_id: int, epoch: int, at: datetime) -> list[AccessToken]:
    """Those that still open anything, the newest first."""
    statement = select(AccessToken).where(
        AccessToken.person_id == person_id,
        AccessToken.epoch == epoch,
        AccessToken.ended_at.is_(None),
        AccessToken.expires_at > at,
    )
    return list(session.scalars(statement.order_by(AccessToken.id.desc())))


def end(session: Session, token_id: int, at: datetime) -> None:
    session.execute(
        update(AccessToken).where(AccessToken.id == token_id, AccessToken.ended_at.is_(None)).values(ended_at=at)
    )


def touch(database: Database, token_id: int, at: datetime) -> None:
    """Note that a token was used. A database that takes nothing more still lets programs read."""
    try:
        with database.transaction() as session:
            session.execute(update(AccessToken).where(AccessToken.id == token_id).values(used_at=at))
    except SQLAlchemyError:
        return


def drop(session: Session, before: datetime) -> int:
    """Drop tokens that were over before then; how many. Who made what when stands in the trail."""
    over = or_(AccessToken.expires_at < before, AccessToken.ended_at < before)
    return len(session.execute(delete(AccessToken).where(over).returning(AccessToken.id)).all())


# ---- answers ---------------------------------------------------------------------------------------------------------


def answer(session: Session, person_id: int, key: str) -> ApiAnswer | None:
    return session.get(ApiAnswer, (person_id, key))


def ask(session: Session, person_id: int, key: str, asked: str, at: datetime) -> ApiAnswer | None:
    """Take a key for a request; gives the row of an earlier one that has it. Two that ask at once come one by one."""
    new = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = new.insert(ApiAnswer).values(person_id=person_id, key=key, asked=asked, status=0, answer="", at=at)
    made = session.execute(row.on_conflict_do_nothing().returning(ApiAnswer.key)).scalar()
    return None if made else session.get(ApiAnswer, (person_id, key))


def answered(session: Session, person_id: int, key: str, status: int, answer: str) -> None:
    """Keep what a request was answered, in the transaction in which it was done."""
    found = update(ApiAnswer).where(ApiAnswer.person_id == person_id, ApiAnswer.key == key)
    session.execute(found.values(status=status, answer=answer))


def forget(session: Session, before: datetime) -> int:
    """Empty the answers given before then, and keep that their keys are taken; how many."""
    old = update(ApiAnswer).where(ApiAnswer.at < before, ApiAnswer.answer != "").values(answer="")
    return len(session.execute(old.returning(ApiAnswer.key)).all())
