"""Mails to whoever objects: that it was received, what was answered and why, and that an answer is void.

They leave only where an e-mail address was left. An answer is held for a while first; one that is taken back meanwhile
is told to nobody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rules.call import Call
from rules.words import Labelled, Text
from workflow.audit import search
from workflow.documents.mail import compose
from workflow.documents.vetting import clean_name
from workflow.engine import NoSuchThing
from workflow.incoming import bounces
from workflow.jobs.queue import enqueue
from workflow.mailing import Mailer
from workflow.objecting import objection_standing
from workflow.objecting.objection_words import day_of, letter
from workflow.store import objections as stored
from workflow.store.calls import call_of
from workflow.store.database import Database
from workflow.store.models import Objection

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


class What(Labelled):
    """What a mail tells."""

    RECEIVED = "received", "收到异议", "That it was received"
    ANSWER = "answer", "答复", "The answer"
    VOID = "void", "先前的答复作废", "That an answer is void"


_TOLD: Mapping[str, What] = {
    "objection.create": What.RECEIVED,
    "objection.not_accept": What.ANSWER,
    "objection.uphold": What.ANSWER,
    "objection.dismiss": What.ANSWER,
    "objection.reconsider": What.VOID,
    "objection.reopen": What.VOID,
}
"""Entry → what the objector is told of it. Nobody is told of the others."""


TOLD_STEPS = frozenset(action.partition(".")[2] for action in _TOLD)
"""Steps whose reason the objector reads."""


class Where(Labelled):
    """What became of a mail."""

    LEAVING = "leaving", "等待寄出", "About to leave"
    DROPPED = "dropped", "已截下，不寄", "Held back, not sent"
    SENT = "sent", "已寄出", "Sent"
    BACK = "back", "已退回，没有送到", "Came back, not delivered"
    BY_HAND = "by_hand", "未设邮件服务器，请下载后寄出", "No mail server is set: download it and send it by hand"


class NoSuchMail(NoSuchThing):
    """There is no such mail, or it was taken back (404)."""


@dataclass(frozen=True)
class Mail:
    """One mail of an objection. `seq`: of the entry that it tells of."""

    seq: int
    what: What
    at: datetime
    where: Where


def address_of(contact: str) -> str:
    """The first e-mail address in what somebody wrote about how to be reached; "" where there is none."""
    found = _ADDRESS.search(contact)
    return found[0] if found else ""


def follow(session: Session, number: int, seq: int, action: str, *, hold: timedelta = timedelta(0)) -> None:
    """Queue the mail that an entry causes, in its transaction. `hold`: how long an answer waits before it leaves."""
    what = _TOLD.get(action)
    row = stored.one(session, number)
    if what is None or row is None or not address_of(row.contact):
        return
    after = 0.0 if what is What.RECEIVED else hold.total_seconds()
    enqueue(session, "mail_objection", f"mail_objection/{number}#{seq}", number, seq, after=after)


def send(database: Database, mailer: Mailer, number: int, seq: int, *, site: str) -> str:
    """Hand one over, once; not where it was taken back meanwhile, or the address is gone. `site`: where the system is.

    Raises MailRefused.
    """
    mailer.check()
    with database.reading() as session:
        one = stored.one(session, number)
        if one is None or not address_of(one.contact):
            return "no address"
        if seq not in _leaving(session, one):
            return "taken back"
        data = _composed(session, one, seq, mailer.sender, site)
    return mailer.send(data, masked=True)


def mails(session: Session, one: Objection, *, configured: bool) -> list[Mail]:
    """What was told, and will be, the newest first; nothing where no address was left. `configured`: a mail server is set."""
    if not address_of(one.contact):
        return []
    known = _entries(session, one)
    ids = {seq: _message_id(one, seq) for seq in known}
    sent = stored.mailed(session, list(ids.values()))
    back = {each.message_id for each in bounces.of(session, list(ids.values())) if each.action == "failed"}
    leaving = _leaving(session, one)

    def where(seq: int) -> Where:
        if ids[seq] in back:
            return Where.BACK
        if ids[seq] in sent:
            return Where.SENT
        if seq not in leaving:
            return Where.DROPPED
        return Where.LEAVING if configured else Where.BY_HAND

    shown = [Mail(seq, what, at, where(seq)) for seq, (what, at) in known.items()]
    return [each for each in shown if (each.what, each.where) != (What.VOID, Where.DROPPED)]


def as_file(session: Session, one: Objection, seq: int, *, sender: str, site: str) -> tuple[str, bytes]:
    """One as .eml, to be sent by hand: its name and its bytes. Raises NoSuchMail."""
    if not address_of(one.contact) or seq not in _leaving(session, one):
        raise NoSuchMail(Text("没有这封邮件，或者它已被截下。", "There is no such mail, or it was held back."))
    what = _entries(session, one)[seq][0]
    return clean_name(f"异议{one.id}_{what.label.zh}.eml"), _composed(session, one, seq, sender, site)


def _entries(session: Session, one: Objection) -> dict[int, tuple[What, datetime]]:
    """Number of an entry → what is told of it and when it was made, the newest first."""
    found = search.of_stream(session, one.stream)
    return {_seq(each): (_TOLD[each.action], each.at) for each in found if each.done and each.action in _TOLD}


def _seq(entry: search.Entry) -> int:
    return int(entry.number.rpartition("#")[2])


def _leaving(session: Session, one: Objection) -> list[int]:
    """Entries whose mail is still true: the receipt; the answer that stands; that one is void which had left."""
    known = _entries(session, one)
    answers = [_message_id(one, seq) for seq, (what, _) in known.items() if what is What.ANSWER]
    told = bool(stored.mailed(session, answers))
    return [
        seq
        for seq, (what, _) in known.items()
        if what is What.RECEIVED or (seq == one.version and (what is What.ANSWER or told))
    ]


def _message_id(one: Objection, seq: int) -> str:
    digest = hashlib.sha256(f"{one.stream} {seq} {one.received_at.isoformat()}".encode()).hexdigest()[:24]
    return f"{bounces.OBJECTION}{digest}@zhengji>"


def _composed(session: Session, one: Objection, seq: int, sender: str, site: str) -> bytes:
    what, at = _entries(session, one)[seq]
    call = call_of(session, one.notice.call_version_id)
    zh, en = (
        _received(one, call) if what is What.RECEIVED else _void(one) if what is What.VOID else _answer(session, one)
    )
    looked_up = objection_standing.lines(one, site)
    zh, en = [*zh, *(each.zh for each in looked_up)], [*en, *(each.en for each in looked_up)]
    return compose(
        sender=sender,
        to=address_of(one.contact),
        subject=f"异议 {one.id}：{what.label.zh} Objection {one.id}",
        body="\n".join([*zh, "", call.issuer.zh, "", *en, "", call.issuer.en, ""]),
        attachments=[],
        message_id=_message_id(one, seq),
        at=at,
    )


Lines = Sequence[str]


def _received(one: Objection, call: Call) -> tuple[Lines, Lines]:
    """Nothing that was typed stands in it: whoever sends a form decides where this mail goes."""
    until = f"，{one.due_on} 前答复" if one.due_on else ""
    by = f" It is answered by {one.due_on}." if one.due_on else ""
    day = day_of(one.received_at)
    return (
        [
            "您好！",
            "",
            f"{day} 收到您对《{call.title.zh}》公示名单中“{one.case.title}”（{one.case.number}）的异议。",
            f"编号：异议 {one.id}{until}。受理与否和办理结果都会说明理由，寄到这个邮箱。",
            "如果您没有提出过异议，不必理会这封邮件。",
        ],
        [
            f"Your objection to “{one.case.title}” ({one.case.number}), on a list in public, was received on {day}.",
            f"Its number is {one.id}.{by} Whether it is accepted and what comes of it is sent to this address, with reasons.",
            "If you did not object to anything, ignore this mail.",
        ],
    )


def _answer(session: Session, one: Objection) -> tuple[Lines, Lines]:
    said = letter(one)
    if said is None:
        raise LookupError(one.stream)  # only an answer that stands is told
    answers = [_message_id(one, seq) for seq, (what, _) in _entries(session, one).items() if what is What.ANSWER]
    before = stored.mailed(session, answers) - {_message_id(one, one.version)}
    return (
        [*said.zh, *(["以前的答复作废，以本次答复为准。"] if before else [])],
        [*said.en, *(["This answer takes the place of the one before."] if before else [])],
    )


def _void(one: Objection) -> tuple[Lines, Lines]:
    return (
        [f"您的异议 {one.id} 正在重新办理，先前的答复作废，结果另行答复。", f"理由：{one.answer}"],
        [f"Your objection {one.id} is looked into again; the answer you had is void, and another one follows."],
    )
