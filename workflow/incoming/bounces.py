"""退信: mails of ours that did not arrive, as the servers say that sent word; and the log of what was handed over."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from rules.roles import Role
from rules.words import Text
from states.reach import Actor
from workflow.engine import NotPermitted
from workflow.personal import masked_text
from workflow.store import bounces as stored
from workflow.store.models import Bounce, SentMail

_ROLES = frozenset({Role.ADMINISTRATOR, Role.DESK, Role.DIRECTOR, Role.AUDITOR})
"""Who looks after mails that leave."""
_TOLD = frozenset({Role.ADMINISTRATOR, Role.DESK})
LATELY = timedelta(days=7)
_BY_ADDRESS = timedelta(days=14)
"""How far back a plain note, which names no Message-ID, is matched by recipient and subject."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_KEPT = ("failed", "delayed")
PER_PAGE = 50


def note(session: Session, returned: Mapping[str, Any], digest: str, *, arrival: int, at: datetime) -> int | None:
    """Put a mail that tells of others that did not arrive beside those; how many of ours it is about.

    None where it is none that is ours to note: nothing that was sent from here can be recognised in it. `digest`: of the
    mail itself, so that the same twice counts once.
    """
    mails = _meant(session, returned, at)
    if not mails:
        return None
    for mail in mails:
        for one in _recipients(returned, mail):
            if one["action"] in _KEPT:
                key = hashlib.sha256(f"{digest} {mail.message_id} {one['recipient']}".encode()).hexdigest()
                words = one["words"] or str(returned.get("words", ""))
                values = {"recipient": one["recipient"], "action": one["action"], "status": one["status"]}
                stored.record(session, mail, key=key, words=words[:4000], at=at, arrival=arrival, **values)
    return len(mails)


def _meant(session: Session, returned: Mapping[str, Any], at: datetime) -> list[SentMail]:
    """The mails of ours that it is about: by Message-ID, else the one whose recipient and subject stand in its text."""
    ids = [str(one) for one in returned.get("ids", ())]
    if found := stored.sent(session, ids):
        return found
    words = " ".join(str(returned.get("words", "")).split())
    addresses = set(_ADDRESS.findall(words)) | {one["recipient"] for one in _given(returned)}
    candidates = stored.sent_to(session, [one for one in addresses if one], at - _BY_ADDRESS)
    named = [one for one in candidates if one.subject and " ".join(one.subject.split()) in words]
    return named[:1]


def _given(returned: Mapping[str, Any]) -> list[dict[str, str]]:
    names = ("recipient", "action", "status", "words")
    told = returned.get("recipients", ())
    return [{name: str(one.get(name, "")) for name in names} for one in told if isinstance(one, dict)]


def _recipients(returned: Mapping[str, Any], mail: SentMail) -> list[dict[str, str]]:
    """Whom it did not reach; by a plain note, everybody to whom it went."""
    return _given(returned) or [{"recipient": mail.recipient, "action": "failed", "status": "", "words": ""}]


# ---- what is shown ---------------------------------------------------------------------------------------------------


def reads(actor: Actor) -> bool:
    """Whether this person reads the log of mails."""
    return bool(actor.roles & _ROLES)


def check_reads(actor: Actor) -> None:
    """Raise NotPermitted for those who do not look after mails."""
    if not reads(actor):
        raise NotPermitted(
            Text(
                "寄出的邮件由管理员、国家局受理人和主管查看。",
                "The log of mails is for the administrator, the national desk and the director.",
            )
        )


@dataclass(frozen=True)
class Back:
    """Word of a mail that did not arrive, as somebody may read it."""

    recipient: str
    action: str
    status: str
    words: str
    at: datetime


@dataclass(frozen=True)
class Line:
    """One mail as the log has it: what the server said when it took it, and what came back."""

    mail: SentMail
    recipient: str
    back: Sequence[Back]


def log(
    session: Session, actor: Actor, *, before: datetime | None = None, only_back: bool = False
) -> tuple[Sequence[Line], datetime | None]:
    """One page of what was handed to the mail server, the newest first, and the key of the next. Raises NotPermitted.

    Mails about accounts, and addresses of single people, are the administrator's and the auditor's to read.
    """
    check_reads(actor)
    whole = bool(actor.roles & _READS_ACCOUNTS)
    found = stored.log(session, before, only_back, PER_PAGE + 1, "" if whole else ACCOUNT)
    shown = found[:PER_PAGE]
    back = stored.of(session, [one.message_id for one in shown])
    lines = [_line(one, [each for each in back if each.message_id == one.message_id], whole) for one in shown]
    return lines, shown[-1].at if len(found) > PER_PAGE else None


ACCOUNT, LETTER, OBJECTION = "<account-", "<letter-", "<objection-"
"""How Message-IDs of mails to single people begin. To whom one about an objection went nobody reads here."""
_READS_ACCOUNTS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


def _line(mail: SentMail, back: Sequence[Bounce], whole: bool) -> Line:
    personal = mail.message_id.startswith(OBJECTION) or (not whole and mail.message_id.startswith(LETTER))
    said = masked_text if personal else str
    return Line(
        mail,
        said(mail.recipient),
        [Back(said(one.recipient), one.action, one.status, said(one.words), one.at) for one in back],
    )


def lately(session: Session, actor: Actor, at: datetime) -> int:
    """How many mails came back for good within a week, for those who look after them; 0 for all others."""
    return stored.since(session, at - LATELY) if actor.roles & _TOLD else 0


_REMEMBERED = timedelta(days=180)
_SURE = timedelta(days=1)
"""A mail of which nothing came back within this has arrived."""


def of_addresses(session: Session, at: datetime, address: str = "") -> Mapping[str, Back]:
    """The last mail that came back for good from an address, or from each, where none that was sent later has arrived.

    For the administrator, and for the person whose address it is. `at`: the real instant.
    """
    newest = {mail.recipient: (back, mail) for back, mail in stored.failed(session, at - _REMEMBERED, address)}
    if not newest:
        return {}
    later = stored.arrived(session, newest, min(mail.at for _, mail in newest.values()), at - _SURE)
    mended = {one.recipient for one in later if one.at > newest[one.recipient][1].at}
    return {
        name: Back(one.recipient or name, one.action, one.status, one.words, one.at)
        for name, (one, _) in newest.items()
        if name not in mended
    }


of = stored.of
"""What came back of mails, by their Message-IDs."""
of_arrival = stored.of_arrival
"""What an arrival told of mails that came back, each with the mail."""
