"""Rows of mails of ours that did not arrive, beside what was handed to the mail server."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from states.reach import SYSTEM
from workflow.store import trail
from workflow.store.models import Bounce, SentMail


def sent(session: Session, ids: Collection[str]) -> list[SentMail]:
    """Mails of ours among these Message-IDs."""
    return list(session.scalars(select(SentMail).where(SentMail.message_id.in_(ids)).order_by(SentMail.at)))


def sent_to(session: Session, addresses: Collection[str], since: datetime) -> list[SentMail]:
    """Mails that went to one of these addresses since then, the newest first."""
    to = [SentMail.recipient.contains(one, autoescape=True) for one in addresses]
    found = select(SentMail).where(SentMail.at >= since, or_(*to)) if to else None
    return list(session.scalars(found.order_by(SentMail.at.desc()).limit(200))) if found is not None else []


def record(
    session: Session,
    mail: SentMail,
    *,
    key: str,
    recipient: str,
    action: str,
    status: str,
    words: str,
    at: datetime,
    arrival: int,
) -> bool:
    """Remember that a mail came back, on record; whether that is new."""
    stream = trail.daily(session, "mails", at)
    if session.scalar(select(Bounce.id).where(Bounce.key == key)) is not None:
        return False
    session.execute(
        insert(Bounce).values(
            key=key,
            message_id=mail.message_id,
            recipient=recipient[:300],
            action=action,
            status=status[:20],
            words=words,
            at=at,
            arrival_id=arrival,
        )
    )
    data = {
        "subject": mail.subject,
        "to": recipient,
        "message_id": mail.message_id,
        "status": status,
        "words": words[:500],
    }
    trail.append(session, [trail.Entry(stream, "mail.come_back", "done", at, SYSTEM, data)])
    return True


def of(session: Session, ids: Collection[str]) -> list[Bounce]:
    """What came back of these mails, in the order in which it did."""
    return list(session.scalars(select(Bounce).where(Bounce.message_id.in_(ids)).order_by(Bounce.id)))


def of_arrival(session: Session, arrival: int) -> list[tuple[Bounce, SentMail]]:
    """What an arrival told, each with the mail that it is about."""
    found = select(Bounce, SentMail).join(SentMail, SentMail.message_id == Bounce.message_id)
    return [
        (back, mail) for back, mail in session.execute(found.where(Bounce.arrival_id == arrival).order_by(Bounce.id))
    ]


def since(session: Session, moment: datetime) -> int:
    """How many mails came back for good since then."""
    mails = select(func.count(func.distinct(Bounce.message_id))).where(Bounce.at >= moment, Bounce.action == "failed")
    return session.scalar(mails) or 0


def failed(session: Session, since: datetime, address: str = "") -> list[tuple[Bounce, SentMail]]:
    """Mails sent since then that came back for good, in the order in which they left; of one address alone, or of all."""
    found = select(Bounce, SentMail).join(SentMail, SentMail.message_id == Bounce.message_id)
    found = found.where(SentMail.at >= since, Bounce.action == "failed").order_by(SentMail.at, Bounce.id)
    if address:
        found = found.where(SentMail.recipient == address)
    return [(back, mail) for back, mail in session.execute(found)]


def arrived(session: Session, addresses: Collection[str], since: datetime, before: datetime) -> list[SentMail]:
    """Mails to these addresses between these moments of which nothing came back."""
    found = select(SentMail).where(SentMail.at > since, SentMail.at < before, SentMail.recipient.in_(addresses))
    return list(session.scalars(found.where(SentMail.message_id.not_in(select(Bounce.message_id)))))


def log(
    session: Session, before: datetime | None, only_back: bool, limit: int, without: str = ""
) -> Sequence[SentMail]:
    """Mails handed over, the newest first, before that moment; only those that came back; without those whose Message-ID
    begins so."""
    found = select(SentMail).order_by(SentMail.at.desc(), SentMail.message_id).limit(limit)
    if before is not None:
        found = found.where(SentMail.at < before)
    if without:
        found = found.where(~SentMail.message_id.startswith(without, autoescape=True))
    if only_back:
        found = found.where(SentMail.message_id.in_(select(Bounce.message_id)))
    return list(session.scalars(found))
