"""Rows of what was handed to the mail server."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from states.reach import SYSTEM
from workflow.store import trail
from workflow.store.models import Bounce, SentMail


def sent(session: Session, message_id: str) -> str | None:
    """The server's reply to a message already sent, or None."""
    return session.scalar(select(SentMail.reply).where(SentMail.message_id == message_id))


def handed_over(session: Session, message_id: str) -> SentMail | None:
    """What was handed over under a Message-ID, and when."""
    return session.get(SentMail, message_id)


def record(
    session: Session, *, message_id: str, recipient: str, subject: str, digest: str, at: datetime, reply: str
) -> None:
    """Remember a message that was handed over, and put it on record."""
    stream = trail.daily(session, "mails", at)
    if sent(session, message_id) is not None:
        return
    session.execute(
        insert(SentMail).values(
            message_id=message_id, recipient=recipient, subject=subject, digest=digest, at=at, reply=reply
        )
    )
    data = {"subject": subject, "to": recipient, "sha256": digest, "reply": reply}
    trail.append(session, [trail.Entry(stream, "mail.hand_over", "done", at, SYSTEM, data)])


def came_back(session: Session, message_id: str) -> list[Bounce]:
    """What came back of a mail that left in one, or in several numbered ones of which this is the last."""
    bare = message_id.strip("<>")
    numbered = Bounce.message_id.startswith("<") & Bounce.message_id.endswith(f".{bare}>", autoescape=True)
    found = select(Bounce).where(or_(Bounce.message_id == message_id, numbered))
    return list(session.scalars(found.order_by(Bounce.id)))


def latest(session: Session, limit: int = 100) -> list[SentMail]:
    return list(session.scalars(select(SentMail).order_by(SentMail.at.desc()).limit(limit)))
