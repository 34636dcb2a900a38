"""Carrying a package to a folder, a web address or a mailbox, and asking for it back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.receivers import Mailbox, Web, mail_server, web_server
from workflow.interchange import delivery
from workflow.interchange.delivery import Delivered, NotDelivered
from workflow.mailing import Mailer, MailNotConfigured
from workflow.store.database import Database

AT = datetime.fromisoformat("2021-07-01T09:00:00+08:00")
PACKAGE = b"PK package"
DIGEST = hashlib.sha256(PACKAGE).hexdigest()


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as made:
        yield made


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


NO_MAIL: Any = Mailer("", "", None)  # type: ignore[arg-type]  # never reached


def deliver(url: str, mailer: Mailer = NO_MAIL, once: str = "case-7", package: bytes = PACKAGE) -> Delivered:
    return delivery.deliver(url, "case-7", package, once=once, mailer=mailer, subject="推送", at=AT)


def recall(url: str, mailer: Mailer = NO_MAIL) -> Delivered:
    return delivery.recall(url, "case-7", "内容有误", once="case-7.recall", mailer=mailer, at=AT)


def test_a_folder_is_made_written_and_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "对外 推送"
    said = deliver(folder.as_uri())
    assert (said.acknowledged, DIGEST in said.words) == (True, True)
    assert [(one.name, one.read_bytes()) for one in folder.iterdir()] == [("case-7.zip", PACKAGE)]


def test_a_folder_holds_the_newest_package_once(tmp_path: Path) -> None:
    deliver(tmp_path.as_uri())
    deliver(tmp_path.as_uri(), package=b"PK another")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("case-7.zip", b"PK another")]


def test_a_recall_replaces_the_package_by_a_notice_and_a_delivery_the_notice_by_the_package(tmp_path: Path) -> None:
    deliver(tmp_path.as_uri())
    for _ in range(2):
        assert recall(tmp_path.as_uri()).acknowledged
        assert [one.name for one in tmp_path.iterdir()] == ["case-7.recalled.json"]
    notice = json.loads((tmp_path / "case-7.recalled.json").read_bytes())
    assert notice == {"key": "case-7", "recalled": True, "reason": "内容有误"}
    deliver(tmp_path.as_uri())
    assert [one.name for one in tmp_path.iterdir()] == ["case-7.zip"]


def test_a_folder_that_cannot_be_made_or_written_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for act in (deliver, recall):
        with pytest.raises(NotDelivered, match="file"):
            act((tmp_path / "file").as_uri())
    (tmp_path / "taken" / "case-7.zip").mkdir(parents=True)
    with pytest.raises(NotDelivered, match=r"case-7\.zip"):
        deliver((tmp_path / "taken").as_uri())
    assert [one.name for one in (tmp_path / "taken").iterdir() if one.is_file()] == []


def test_what_reads_back_otherwise_is_not_delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_write", lambda target, data: target.write_bytes(data[:-1]))
    with pytest.raises(NotDelivered, match="another digest"):
        deliver(tmp_path.as_uri())
    with pytest.raises(NotDelivered, match="reads back otherwise"):
        recall(tmp_path.as_uri())


@pytest.mark.parametrize(("status", "acknowledged"), [(200, True), (201, True), (204, True), (202, False)])
def test_what_a_web_receiver_answers_says_whether_it_acknowledges(web: Web, status: int, acknowledged: bool) -> None:
    web.will_answer(status, words=b"")
    assert deliver(web.url) == Delivered(f"HTTP {status}", acknowledged)


def test_a_web_receiver_hears_the_key_and_the_digest(web: Web) -> None:
    deliver(web.url, once="case-7.2")
    recall(f"{web.url}/")
    sent, asked = web.heard
    assert (sent.method, sent.path, sent.body, sent.headers["Idempotency-Key"]) == (
        "POST",
        "/cases",
        PACKAGE,
        "case-7.2",
    )
    assert sent.headers["X-Content-SHA256"] == DIGEST
    assert (asked.method, asked.path, asked.headers["Idempotency-Key"]) == ("DELETE", "/cases/case-7", "case-7.recall")


@pytest.mark.parametrize(
    ("status", "perhaps"), [(400, False), (404, False), (409, False), (500, True), (503, True), (302, False)]
)
def test_a_web_receiver_that_says_no_is_quoted(web: Web, status: int, perhaps: bool) -> None:
    web.will_answer(status, words="存储已满\0".encode())
    with pytest.raises(NotDelivered) as refused:
        deliver(web.url)
    assert (str(refused.value), refused.value.perhaps) == (f"HTTP {status} 存储已满", perhaps)
    assert len(web.heard) == 1


def test_a_receiver_that_hangs_up_may_have_it_and_one_that_is_not_there_has_not(web: Web) -> None:
    web.will_answer(0)
    with pytest.raises(NotDelivered) as hung_up:
        deliver(web.url)
    with web_server() as gone:
        closed = gone.url
    with pytest.raises(NotDelivered) as absent:
        deliver(closed)
    assert (hung_up.value.perhaps, absent.value.perhaps) == (True, False)


@pytest.mark.parametrize("status", [404, 410])
def test_what_a_web_receiver_does_not_hold_is_withdrawn(web: Web, status: int) -> None:
    web.will_answer(status)
    assert recall(web.url).acknowledged


def test_a_web_receiver_that_refuses_to_delete_does_not_confirm(web: Web) -> None:
    web.will_answer(403)
    with pytest.raises(NotDelivered, match="HTTP 403"):
        recall(web.url)


def test_a_mail_carries_the_package_once_for_each_sending(mailbox: Mailbox, database: Database) -> None:
    mailer = Mailer(mailbox.url, "push@zhengji.example", database)
    said = [deliver("mailto:cases@wipo.example", mailer, once=once) for once in ("case-7", "case-7", "case-7.2")]
    assert said == [Delivered("250 queued as 1", False)] * 3
    assert [one["Message-ID"] for one in mailbox.mails] == ["<push.case-7@zhengji>", "<push.case-7.2@zhengji>"]


def test_a_recall_by_mail_says_why_and_is_not_yet_confirmed(mailbox: Mailbox, database: Database) -> None:
    said = recall("mailto:cases@wipo.example", Mailer(mailbox.url, "push@zhengji.example", database))
    assert said.acknowledged is False
    [mail] = mailbox.mails
    [body] = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    payload = body.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().strip() == "内容有误"


def test_a_mail_that_cannot_leave_says_which_setting_is_missing(database: Database) -> None:
    with pytest.raises(MailNotConfigured, match="ZHENGJI_SMTP_URL"):
        deliver("mailto:cases@wipo.example", Mailer("", "", database))
    with pytest.raises(MailNotConfigured, match="ZHENGJI_MAIL_FROM"):
        deliver("mailto:cases@wipo.example", Mailer("smtp://127.0.0.1:1", "", database))


def test_an_address_that_is_none_is_told(database: Database) -> None:
    with pytest.raises(NotDelivered, match="no address"):
        deliver("mailto:nobody", Mailer("smtp://127.0.0.1:1", "push@zhengji.example", database))


@pytest.mark.parametrize("url", ["", "gopher://receiver.example", "/tmp/folder"])
def test_a_destination_of_no_known_kind_is_told(url: str) -> None:
    for act in (deliver, recall):
        with pytest.raises(NotDelivered, match="unknown destination"):
            act(url)
