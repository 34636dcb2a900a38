"""Rows of what was handed to the mail server."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from workflow.store.models import SentMail


def sent(session: Session, message_id: str) -> str | None:
    """The server's reply to a message already sent, or None."""
    return session.scalar(select(SentMail.reply).where(SentMail.message_id == message_id))


def handed_over(session: Session, message_id: str) -> SentMail | None:
    """What was handed over under a Message-ID, and when."""
    return session.get(SentMail, message_id)


def record(
    session: Session, *, message_id: str, recipient: str, subject: str, digest: str, at: datetime, reply: str
) -> None:
    if sent(session, message_id) is None:
        session.execute(
            insert(SentMail).values(
                message_id=message_id, recipient=recipient, subject=subject, digest=digest, at=at, reply=reply
            )
        )


def latest(session: Session, limit: int = 100) -> list[SentMail]:
    return list(session.scalars(select(SentMail).order_by(SentMail.at.desc()).limit(limit)))
