"""Handing mail to a server that really listens: once per Message-ID, with what it said."""

from __future__ import annotations

import email
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.workflow.receivers import Mailbox, mail_server
from workflow.documents.mail import Attachment, compose
from workflow.mailing import Mailer, MailNotConfigured, MailRefused
from workflow.store import mail as stored
from workflow.store.database import Database
from workflow.store.models import SentMail

AT = datetime.fromisoformat("2021-03-26T09:00:00+08:00")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


def letter(
    *, to: str = "cases@cnipa.example", subject: str = "优秀案例征集-示例省知识产权局", number: str = "1"
) -> bytes:
    return compose(
        sender="示例省知识产权局 <office@province.example>",
        to=to,
        subject=subject,
        body="现报送案例 2 个。",
        attachments=[Attachment("案例01_一份检索报告，让一条产线少走三年弯路.docx", "application/msword", b"PK")],
        message_id=f"<batch.{number}@zhengji>",
        at=AT,
    )


def mailer(mailbox: Mailbox, database: Database) -> Mailer:
    return Mailer(mailbox.url, "示例省知识产权局 <office@province.example>", database)


def kept(database: Database) -> list[SentMail]:
    with database.reading() as session:
        return stored.latest(session)


def test_a_mail_arrives_with_its_names_and_the_reply_is_kept(mailbox: Mailbox, database: Database) -> None:
    assert mailer(mailbox, database).send(letter()) == "250 queued as 1"
    [mail] = mailbox.mails
    [attachment] = [part for part in mail.walk() if part.get_filename()]
    assert attachment.get_filename() == "案例01_一份检索报告，让一条产线少走三年弯路.docx"
    assert mailbox.taken == [letter()]
    [one] = kept(database)
    assert (one.message_id, one.recipient, one.subject, one.reply) == (
        "<batch.1@zhengji>",
        "cases@cnipa.example",
        "优秀案例征集-示例省知识产权局",
        "250 queued as 1",
    )


def test_a_message_id_is_sent_once_and_answered_with_the_first_reply(mailbox: Mailbox, database: Database) -> None:
    replies = iter(["250 queued as 1", "250 queued as 2"])
    mailbox.on_data = lambda: next(replies)
    sender = mailer(mailbox, database)
    said = [sender.send(letter()), sender.send(letter()), sender.send(letter(number="2"))]
    assert said == ["250 queued as 1", "250 queued as 1", "250 queued as 2"]
    assert len(mailbox.taken) == 2


def test_every_recipient_is_asked_and_one_refused_stops_the_mail(mailbox: Mailbox, database: Database) -> None:
    both = letter(to="cases@cnipa.example, 抄送 <copy@cnipa.example>")
    mailbox.refuses["copy@cnipa.example"] = "550 no such mailbox"
    with pytest.raises(MailRefused, match=r"copy@cnipa\.example: 550 no such mailbox"):
        mailer(mailbox, database).send(both)
    assert (mailbox.taken, kept(database)) == ([], [])
    mailbox.refuses.clear()
    mailer(mailbox, database).send(both)
    assert [one.recipient for one in kept(database)] == ["cases@cnipa.example, copy@cnipa.example"]


def test_a_refused_sender_is_named(mailbox: Mailbox, database: Database) -> None:
    mailbox.refuses["office@province.example"] = "553 sender not allowed"
    with pytest.raises(MailRefused, match="553 sender not allowed"):
        mailer(mailbox, database).send(letter())


def test_a_refused_body_is_quoted_and_may_be_sent_later(mailbox: Mailbox, database: Database) -> None:
    replies = iter(["552 mailbox full", "250 queued as 7"])
    mailbox.on_data = lambda: next(replies)
    with pytest.raises(MailRefused, match="552 mailbox full"):
        mailer(mailbox, database).send(letter())
    assert kept(database) == []
    assert mailer(mailbox, database).send(letter()) == "250 queued as 7"


def test_a_server_that_is_down_is_told(database: Database) -> None:
    with mail_server() as gone:
        closed = gone.url
    with pytest.raises(MailRefused, match="refused"):
        Mailer(closed, "office@province.example", database).send(letter())
    assert kept(database) == []


def test_a_server_without_encryption_does_not_get_a_password_or_a_mail_meant_for_one(
    mailbox: Mailbox, database: Database
) -> None:
    url = mailbox.url.replace("smtp://", "smtp+starttls://user:secret@")
    with pytest.raises(MailRefused):
        Mailer(url, "office@province.example", database).send(letter())
    assert mailbox.taken == []


def test_a_subject_too_long_for_the_list_is_kept_shortened(mailbox: Mailbox, database: Database) -> None:
    mailer(mailbox, database).send(letter(subject="长" * 400))
    assert [len(one.subject) for one in kept(database)] == [300]
    assert email.message_from_bytes(mailbox.taken[0])["Message-ID"] == "<batch.1@zhengji>"


def test_without_server_or_sender_nothing_leaves_and_the_setting_is_named(database: Database) -> None:
    for one, setting in (
        (Mailer("", "a@b.example", database), "SMTP_URL"),
        (Mailer("smtp://x", "", database), "MAIL_FROM"),
    ):
        assert one.configured is False
        with pytest.raises(MailNotConfigured, match=f"ZHENGJI_{setting}"):
            one.send(letter())
