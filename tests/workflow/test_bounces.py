"""Mails that came back, put beside those that left; and what is shown before it leaves is what leaves."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from states.batch import BatchState
from tests.workflow.receivers import Mailbox, mail_server
from tests.workflow.test_arrivals import FAULTY, sample, take_in
from tests.workflow.test_jobs import sealed_batch
from tests.worlds import World, went
from workflow import batches
from workflow.engine import NotPermitted
from workflow.incoming import arrivals, bounces
from workflow.mailing import Mailer
from workflow.store.files import Files
from workflow.store.models import Arrival, AuditEvent, Batch, Bounce, SentMail

pytestmark = pytest.mark.database

SENDER = "征集 <cases@office.example>"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture
def files(world: World) -> Files:
    return Files((world.folder / "documents").as_uri())


@pytest.fixture
def sent(world: World, files: Files, mailbox: Mailbox) -> SentMail:
    """A batch that was mailed."""
    batch = sealed_batch(world)
    went(world.act_on_batch(batch, "send"))
    mailer = Mailer(mailbox.url, SENDER, world.database)
    batches.send_mail(world.database, files, mailer, batch, at=world.at)
    with world.database.reading() as session:
        return session.scalars(select(SentMail)).one()


def report(original: bytes, *, action: str = "failed", to: str = "cases@cnipa.example") -> bytes:
    """What Postfix sends, with the whole of our mail in it (RFC 3462, RFC 3464)."""
    return (
        b"From: MAILER-DAEMON@mx.example (Mail Delivery System)\r\nTo: cases@office.example\r\n"
        b"Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <1@mx.example>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="B/1"\r\n\r\n'
        b"--B/1\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nI'm sorry to have to inform you\r\n"
        b"--B/1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        + f"Final-Recipient: rfc822; {to}\r\nAction: {action}\r\nStatus: 5.2.2\r\n".encode()
        + b"Diagnostic-Code: smtp; 552 5.2.2 <cases@cnipa.example>:\r\n    mailbox is full\r\n\r\n"
        + b"--B/1\r\nContent-Type: message/rfc822\r\n\r\n"
        + original
        + b"\r\n--B/1--\r\n"
    )


def plain(text: str, *, subject: str = "系统退信/The email is returned", more: bytes = b"") -> bytes:
    """What Chinese providers send: no report, their own words."""
    words = base64.encodebytes(text.encode("gb18030"))
    coded = base64.b64encode(subject.encode("gb18030"))
    head = b"From: PostMaster@qq.com\r\nTo: cases@office.example\r\nSubject: =?gb18030?B?" + coded + b"?=\r\n"
    body = b'Content-Type: text/html; charset="gb18030"\r\nContent-Transfer-Encoding: base64\r\n\r\n' + words
    if not more:
        return head + b"MIME-Version: 1.0\r\n" + body
    return (
        head
        + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        + body
        + b"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        + more
        + b"\r\n--b--\r\n"
    )


def came(world: World, files: Files, mail: bytes) -> Arrival:
    made = take_in(world, files, ("邮件.eml", mail), by="desk", office="")
    arrivals.read(world.database, files, made.id, at=world.at)
    with world.database.reading() as session:
        row = session.get_one(Arrival, made.id)
        assert row.cases is not None
        return row


def back(world: World) -> list[tuple[str, str, str, str]]:
    with world.database.reading() as session:
        return [(one.message_id, one.recipient, one.action, one.status) for one in session.scalars(select(Bounce))]


def test_a_report_is_put_beside_the_mail_that_it_is_about(world: World, files: Files, mailbox: Mailbox, sent: SentMail):
    row = came(world, files, report(mailbox.taken[0]))
    assert (row.state, row.cases, row.answer) == ("bounce", [], "")
    assert back(world) == [(sent.message_id, "cases@cnipa.example", "failed", "5.2.2")]
    with world.database.reading() as session:
        [batch] = session.scalars(select(Batch))
        [one] = batches.came_back(session, batch)
        assert one.words == "552 5.2.2 <cases@cnipa.example>: mailbox is full"
        assert session.scalars(select(AuditEvent).where(AuditEvent.action == "mail.come_back")).one()
        [line], after = bounces.log(session, world.people["desk"])
        assert (line.mail.reply, line.back[0].words, after) == ("250 queued as 1", one.words, None)
        assert bounces.lately(session, world.people["desk"], world.at) == 1
        assert bounces.lately(session, world.people["administrator"], world.at) == 1
        assert bounces.lately(session, world.people["leader"], world.at) == 0
        assert bounces.lately(session, world.people["desk"], world.at + timedelta(days=8)) == 0


def test_a_delay_is_told_as_such_and_an_arrival_is_no_bounce(
    world: World, files: Files, mailbox: Mailbox, sent: SentMail
):
    came(world, files, report(mailbox.taken[0], action="delayed"))
    row = came(world, files, report(mailbox.taken[0], action="delivered"))
    assert row.state == "bounce"
    assert [action for _, _, action, _ in back(world)] == ["delayed"]
    with world.database.reading() as session:
        assert bounces.lately(session, world.people["desk"], world.at) == 0


@pytest.mark.parametrize("kind", ["by id", "by original", "by address and subject"])
def test_a_plain_note_of_a_chinese_provider_is_recognised(
    world: World, files: Files, mailbox: Mailbox, sent: SentMail, kind: str
):
    words = "抱歉，您的邮件被退回来了……<br>收件人：cases@cnipa.example<br>退信原因：收件人邮箱容量已满。"
    mail = {
        "by id": plain(f"{words}<br>原邮件编号：{sent.message_id}"),
        "by original": plain(words, more=mailbox.taken[0]),
        "by address and subject": plain(f"{words}<br>主题：{sent.subject}"),
    }[kind]
    assert came(world, files, mail).state == "bounce"
    assert back(world) == [(sent.message_id, sent.recipient, "failed", "")]
    with world.database.reading() as session:
        assert "收件人邮箱容量已满" in session.scalars(select(Bounce.words)).one()


def test_a_note_about_nothing_of_ours_is_no_bounce_of_ours(world: World, files: Files, sent: SentMail):
    other = plain("抱歉，您的邮件被退回来了。收件人：somebody@else.example 主题：别的")
    assert came(world, files, other).state == "read"
    foreign = report(b"Message-ID: <1@else.example>\r\nSubject: x\r\n\r\nx\r\n")
    assert came(world, files, foreign).state == "bounce"
    assert back(world) == []


def test_a_mail_with_papers_is_no_bounce_whatever_its_subject(world: World, files: Files, sent: SentMail):
    mail = sample(FAULTY)
    row = came(world, files, mail)
    assert (row.state, len(row.cases)) == ("read", 2)


def test_mails_to_single_people_are_the_administrators_to_read(world: World):
    values = {
        "recipient": "li.si@centre.example",
        "subject": "x",
        "digest": "0" * 64,
        "at": world.at,
        "reply": "250 OK",
    }
    with world.database.transaction() as session:
        for name in ("account-1", "letter-1", "2021-205-SF-P1-01.v3"):
            session.execute(insert(SentMail).values(message_id=f"<{name}@zhengji>", **values))
    with world.database.reading() as session:
        seen = {
            name: [one.recipient for one in bounces.log(session, world.people[name])[0]]
            for name in ("administrator", "desk")
        }
    assert seen["administrator"] == ["li.si@centre.example"] * 3
    assert sorted(seen["desk"]) == ["l***@centre.example", "li.si@centre.example"]


def test_the_log_of_mails_is_for_those_who_look_after_them(world: World):
    with world.database.reading() as session:
        for name in ("reviewer", "leader", "author", "editor", "liaison"):
            with pytest.raises(NotPermitted):
                bounces.log(session, world.people[name])


# ---- seen before it leaves -------------------------------------------------------------------------------------------


def test_the_batch_that_is_shown_is_byte_for_byte_what_leaves(world: World, files: Files, mailbox: Mailbox):
    batch = sealed_batch(world)
    with world.database.reading() as session:
        row = session.get_one(Batch, batch)
        assert row.state == BatchState.SEALED
        seen = batches.mail(session, files, row, sender=SENDER, at=world.at.astimezone(UTC)).data
    went(world.act_on_batch(batch, "send"))
    batches.send_mail(world.database, files, Mailer(mailbox.url, SENDER, world.database), batch, at=world.at)
    assert mailbox.taken == [seen]
    with world.database.reading() as session:
        row = session.get_one(Batch, batch)
        assert batches.mail(session, files, row, sender=SENDER, at=row.sent_at).data == seen


def test_the_answer_that_is_shown_is_byte_for_byte_what_leaves_and_leaves_once(
    world: World, files: Files, mailbox: Mailbox
):
    number = came(world, files, sample(FAULTY)).id
    with world.database.reading() as session:
        seen = arrivals.answer(arrivals.find(session, number, world.people["desk"]), SENDER)
    with world.database.transaction() as session:
        arrivals.ask_answer(session, number, SENDER, actor=world.people["desk"], at=world.at)
    mailer = Mailer(mailbox.url, SENDER, world.database)
    assert arrivals.send_answer(world.database, mailer, number) == "250 queued as 1"
    arrivals.send_answer(world.database, mailer, number)
    assert mailbox.taken == [seen]
    with world.database.reading() as session:
        row = arrivals.find(session, number, world.people["desk"])
        assert arrivals.answered(session, row).reply == "250 queued as 1"


# ---- beside a person's address ---------------------------------------------------------------------------------------


def test_an_address_from_which_mail_came_back_is_told_until_a_later_mail_has_arrived(world: World) -> None:
    now = datetime.now(UTC)

    def hand_over(number: int, days: int, to: str, *, fails: bool) -> None:
        with world.database.transaction() as session:
            mail = {"message_id": f"<letter-{number}@zhengji>", "recipient": to, "subject": "通知", "digest": "0" * 64}
            session.execute(insert(SentMail).values(**mail, at=now - timedelta(days=days), reply="250 ok"))
            if fails:
                bounce = {"key": f"{number}".rjust(64, "0"), "message_id": mail["message_id"], "status": "5.2.2"}
                session.execute(
                    insert(Bounce).values(**bounce, action="failed", words=f"full {number}", at=world.at, recipient=to)
                )

    def told(address: str = "") -> dict[str, str]:
        with world.database.reading() as session:
            return {name: one.words for name, one in bounces.of_addresses(session, now, address).items()}

    hand_over(1, 9, "one@example.cn", fails=True)
    hand_over(2, 8, "two@example.cn", fails=True)
    hand_over(3, 200, "old@example.cn", fails=True)
    hand_over(4, 10, "one@example.cn", fails=False)  # before it came back
    assert told() == {"one@example.cn": "full 1", "two@example.cn": "full 2"}
    assert told("two@example.cn") == {"two@example.cn": "full 2"}
    assert told("three@example.cn") == {}
    hand_over(5, 5, "one@example.cn", fails=True)
    hand_over(6, 0, "two@example.cn", fails=False)  # word of it may still come
    assert told() == {"one@example.cn": "full 5", "two@example.cn": "full 2"}
    hand_over(7, 4, "one@example.cn", fails=False)
    assert told() == {"two@example.cn": "full 2"}
