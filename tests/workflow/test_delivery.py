"""Carrying a package to a folder, a web address or a mailbox, and asking for it back."""

from __future__ import annotations

import hashlib
import json
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.receivers import Mailbox, Web, mail_server, web_server
from tests.workflow.sftp_host import Host, sftp_server
from workflow.interchange import delivery
from workflow.interchange.delivery import NOBODY, Access, Delivered, NotDelivered
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


def deliver(
    url: str, mailer: Mailer = NO_MAIL, once: str = "case-7", package: bytes = PACKAGE, access: Access = NOBODY
) -> Delivered:
    return delivery.deliver(url, "case-7", package, once=once, mailer=mailer, subject="推送", at=AT, access=access)


def recall(url: str, mailer: Mailer = NO_MAIL, access: Access = NOBODY) -> Delivered:
    return delivery.recall(url, "case-7", "内容有误", once="case-7.recall", mailer=mailer, at=AT, access=access)


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
    ("status", "perhaps"), [(400, False), (404, False), (409, True), (500, True), (503, True), (302, False)]
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


# ---- HTTPS and SFTP servers that are really there --------------------------------------------------------------------


@contextmanager
def certified(folder: Path) -> Iterator[Path]:
    """A certificate of this machine's own, with its key beside it."""
    made = folder / "receiver.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(folder / "receiver.key"), "-out", str(made)],
        check=True, capture_output=True,
    )  # fmt: skip
    yield made


def test_a_receiver_with_a_certificate_of_its_own_is_believed_once_it_is_named(tmp_path: Path) -> None:
    with certified(tmp_path) as roots:
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trusted.load_cert_chain(roots, tmp_path / "receiver.key")
        with web_server(trusted) as web:
            with pytest.raises(NotDelivered, match="CERTIFICATE_VERIFY_FAILED") as refused:
                deliver(web.url)
            assert (refused.value.code, refused.value.perhaps, web.heard) == ("push_away", False, [])
            access = Access(secret="token-1", roots=str(roots))
            assert deliver(web.url, access=access).acknowledged
            assert recall(web.url, access=access).acknowledged
            assert [one.headers["Authorization"] for one in web.heard] == ["Bearer token-1"] * 2
            assert "token-1" not in repr(access)


@pytest.mark.parametrize(
    ("media_type", "body", "acknowledged"),
    [
        ("application/json", json.dumps({"key": "case-7", "sha256": DIGEST}).encode(), True),
        ("application/json", b"", True),
        ("application/json", b'{"key": "case-8"}', False),
        ("application/json", json.dumps({"sha256": "0" * 64}).encode(), False),
        ("application/json", b"[]", False),
        ("application/problem+json", b"{", False),
        ("text/html", b"Sign in first", False),
        ("text/plain", b" <html>", False),
        ("text/plain", b"received", True),
    ],
)
def test_nonsense_is_no_acknowledgement(web: Web, media_type: str, body: bytes, acknowledged: bool) -> None:
    web.answers[:] = [(200, body, {"Content-Type": media_type})]
    if acknowledged:
        assert deliver(web.url).acknowledged
        return
    with pytest.raises(NotDelivered) as refused:
        deliver(web.url)
    assert (refused.value.code, refused.value.perhaps, refused.value.lasting) == ("push_nonsense", True, False)


@pytest.fixture
def sftp_host(tmp_path: Path) -> Iterator[Host]:
    with sftp_server(tmp_path) as made:
        yield made


def files_of(host: Host) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in sorted((host.root / "incoming").iterdir())}


def test_an_sftp_folder_is_made_written_read_back_and_recalled(sftp_host: Host) -> None:
    for access in (sftp_host.access, replace(sftp_host.access, secret="", key=str(sftp_host.client_key))):
        said = deliver(sftp_host.url, access=access)
        assert (said.acknowledged, DIGEST in said.words) == (True, True)
        assert files_of(sftp_host) == {"case-7.zip": PACKAGE}
        assert recall(sftp_host.url, access=access).acknowledged
        [(name, notice)] = files_of(sftp_host).items()
        assert (name, json.loads(notice)["reason"]) == ("case-7.recalled.json", "内容有误")
    deliver(sftp_host.url, access=sftp_host.access)
    deliver(sftp_host.url, access=sftp_host.access, package=b"PK another")
    assert files_of(sftp_host) == {"case-7.zip": b"PK another"}


def test_an_sftp_host_that_is_not_known_or_lets_nobody_in_gets_nothing(sftp_host: Host, tmp_path: Path) -> None:
    (tmp_path / "none").write_text("")
    for access, code in (
        (replace(sftp_host.access, known_hosts=""), "push_host"),
        (replace(sftp_host.access, known_hosts=str(tmp_path / "none")), "push_host"),
        (replace(sftp_host.access, secret="wrong"), "push_login"),
        (replace(sftp_host.access, secret="", key=str(tmp_path / "no-key")), "push_login"),
    ):
        with pytest.raises(NotDelivered) as refused:
            deliver(sftp_host.url, access=access)
        assert (refused.value.code, refused.value.perhaps, refused.value.lasting) == (code, False, True)
    assert not (sftp_host.root / "incoming").exists()


def test_an_sftp_host_that_is_away_or_has_no_room_is_told(sftp_host: Host) -> None:
    (sftp_host.root / "incoming").write_text("a file where the folder should be")
    with pytest.raises(NotDelivered) as refused:
        deliver(sftp_host.url, access=sftp_host.access)
    assert (refused.value.code, refused.value.perhaps) == ("push_folder", False)
    with pytest.raises(NotDelivered) as away:
        deliver("sftp://liaison@127.0.0.1:9/incoming", access=sftp_host.access)
    assert (away.value.code, away.value.perhaps, away.value.lasting) == ("push_away", False, False)
