"""The mailbox, on a real server: each mail taken once, nothing changed there, and what goes wrong told in words."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.dovecot import Post, dovecot
from tests.workflow.test_arrivals import FAULTY, MAIL, SCAN, WORD, a_mail, sample
from tests.workflow.test_jobs import result, working
from tests.worlds import World
from workflow.incoming import arrivals, mailbox
from workflow.incoming.mailbox import MailboxFailed, address_of
from workflow.jobs import board, worker
from workflow.jobs.queue import enqueue
from workflow.store import arrivals as stored
from workflow.store.files import Files, StoreAway
from workflow.store.models import Arrival, AuditEvent, Job, Mailbox

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def server() -> Iterator[Post]:
    with tempfile.TemporaryDirectory(prefix="zhengji-imap-") as folder, dovecot(Path(folder)) as made:
        yield made


@pytest.fixture
def post(server: Post, monkeypatch: pytest.MonkeyPatch) -> Post:
    """The server, trusted, with an empty mailbox."""
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    opened = server.open()
    opened.select("INBOX")
    opened.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
    opened.expunge()
    opened.logout()
    return server


@pytest.fixture
def files(world: World) -> Files:
    return Files((world.folder / "documents").as_uri())


def look(world: World, files: Files, url: str) -> str:
    return mailbox.look(world.database, files, url, at=world.at).words


def ledger(world: World) -> list[Arrival]:
    with world.database.reading() as session:
        return list(session.scalars(select(Arrival).order_by(Arrival.id)))


def test_each_mail_is_taken_once_whole_and_nothing_is_changed_at_the_server(world: World, files: Files, post: Post):
    came = datetime.fromisoformat("2021-03-18T23:59:00+08:00")
    post.put(sample(MAIL), came=came)
    assert look(world, files, post.url()) == "1 taken, 0 known, 0 passed over, 0 too large"
    post.put(sample(FAULTY))
    assert look(world, files, post.url()) == "1 taken, 0 known, 0 passed over, 0 too large"
    assert look(world, files, post.url()) == "0 taken, 0 known, 0 passed over, 0 too large"
    first, second = ledger(world)
    assert (first.how, first.office_id, first.by_id, first.came_at) == ("imap", None, None, came)
    with world.database.reading() as session:
        [file] = session.get_one(Arrival, first.id).files
        assert files.get(file.digest) == sample(MAIL)
        jobs = session.scalars(select(Job).where(Job.name == "read_arrival")).all()
        assert [one.arguments for one in jobs] == [[first.id], [second.id]]
    assert all(b"\\Seen" not in one for one in post.flags())
    assert len(post.flags()) == 2
    arrivals.read(world.database, files, first.id, at=world.at)
    with world.database.reading() as session:
        assert arrivals.find(session, first.id, world.people["desk"]).subject == "优秀案例征集-示例省知识产权局"


def test_what_is_no_business_of_ours_is_passed_over(world: World, files: Files, post: Post):
    post.put(
        b"From: ad@shop.example\r\nTo: b@c.cn\r\nSubject: sale\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n",
        "From: a@b.cn\r\nTo: b@c.cn\r\nSubject: 优秀案例征集咨询\r\n\r\n请问\r\n".encode("gbk"),
        "From: a@b.cn\r\nTo: b@c.cn\r\nSubject: 关于公示名单的异议\r\n\r\n数据不符\r\n".encode(),
        a_mail((WORD, sample(WORD)), subject="材料"),
    )
    assert look(world, files, post.url()) == "3 taken, 0 known, 1 passed over, 0 too large"


def test_where_uids_do_not_hold_any_more_everything_is_looked_at_and_known_by_its_bytes(
    world: World, files: Files, post: Post
):
    post.put(sample(MAIL))
    look(world, files, post.url())
    with world.database.transaction() as session:
        row = session.scalars(select(Mailbox)).one()
        row.validity, row.uid = row.validity - 1, 10_000
    assert look(world, files, post.url()) == "0 taken, 1 known, 0 passed over, 0 too large"
    assert len(ledger(world)) == 1


def test_a_look_that_is_cut_off_goes_on_where_it_was(world: World, files: Files, post: Post):
    post.put(sample(MAIL), sample(FAULTY))

    def cut_off(parts, do):
        do(parts[0])
        raise OSError("the line dropped")

    with pytest.raises(MailboxFailed, match="the line dropped"):
        mailbox.look(world.database, files, post.url(), at=world.at, each=cut_off)
    assert look(world, files, post.url()) == "1 taken, 0 known, 0 passed over, 0 too large"
    assert len(ledger(world)) == 2


def test_a_mail_that_could_not_be_kept_is_looked_at_again(
    world: World, files: Files, post: Post, monkeypatch: pytest.MonkeyPatch
):
    post.put(sample(MAIL), sample(FAULTY))
    put, tries = files.put, iter([False, True])

    def full(data: bytes) -> str:
        if not next(tries, True):
            raise StoreAway("the store is away")
        return put(data)

    monkeypatch.setattr(files, "put", full)

    def each(parts, do):
        for one in parts:
            with suppress(StoreAway):
                do(one)

    mailbox.look(world.database, files, post.url(), at=world.at, each=each)
    assert len(ledger(world)) == 1
    assert look(world, files, post.url()) == "1 taken, 1 known, 0 passed over, 0 too large"


def test_a_mail_that_is_too_large_stays_there_on_record(
    world: World, files: Files, post: Post, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(arrivals, "LARGEST", 100_000)
    post.put(a_mail((SCAN, sample(SCAN)), subject="优秀案例征集"))
    assert look(world, files, post.url()) == "0 taken, 0 known, 0 passed over, 1 too large"
    with world.database.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "arrival.pass_over")).one()
        assert "优秀案例征集" in event.body


def test_a_folder_with_a_chinese_name_is_found(world: World, files: Files, post: Post):
    assert mailbox._coded("征集") == "&X4GWxg-"
    assert mailbox._coded("R&D") == "R&-D"
    opened = post.open()
    opened.create(f'"{mailbox._coded("征集来件")}"')
    opened.logout()
    post.put(sample(MAIL), folder=mailbox._coded("征集来件"))
    assert look(world, files, post.url("征集来件")).startswith("1 taken")
    with world.database.reading() as session:
        assert session.scalars(select(Mailbox.name)).one().endswith("/征集来件")


def test_what_goes_wrong_is_told_in_words(world: World, files: Files, post: Post, monkeypatch: pytest.MonkeyPatch):
    codes = {}
    for name, url in {
        "login": post.url(password="wrong"),
        "folder": post.url("nowhere"),
        "away": "imaps://a:b@localhost:1/INBOX",
        "wrong": "imap://a:b@localhost/INBOX",
    }.items():
        with pytest.raises(MailboxFailed) as failed:
            look(world, files, url)
        codes[name] = failed.value.code
        assert "wrong" not in failed.value.said or name == "wrong"
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(MailboxFailed) as failed:
        look(world, files, post.url())
    codes["unsafe"] = failed.value.code
    assert codes == {name: f"mailbox_{name}" for name in ("login", "folder", "away", "wrong", "unsafe")}
    assert ledger(world) == []


@pytest.mark.once
def test_addresses():
    one = address_of("imaps://cases%40cnipa.example:p%40ss%2Fword@mail.example/%E5%BE%81%E9%9B%86")
    assert (one.user, one.password, one.port, one.folder) == ("cases@cnipa.example", "p@ss/word", 993, "征集")
    assert (address_of("imap+starttls://a:b@c").port, address_of("imaps://a:b@c").folder) == (143, "INBOX")
    assert "p@ss" not in one.name
    for wrong in ("", "imap://a:b@c", "imaps://c", "imaps://a:b@c:x"):
        with pytest.raises(MailboxFailed):
            address_of(wrong)


def test_how_far_it_came_only_grows_while_uids_hold(world: World):
    with world.database.transaction() as session:
        for uid in (5, 3):
            stored.looked_into(session, "box", 1, uid, world.at)
        stored.looked_into(session, "other", 1, 2, world.at + timedelta(1))
    with world.database.reading() as session:
        assert stored.mailbox(session, "box").uid == 5
    with world.database.transaction() as session:
        stored.looked_into(session, "box", 2, 3, world.at)
    with world.database.reading() as session:
        assert stored.mailbox(session, "box").uid == 3


def test_a_worker_looks_reads_and_tells_what_fails(world: World, post: Post):
    post.put(sample(MAIL))
    with world.database.transaction() as session:
        enqueue(session, "look_into_mailbox", "look_into_mailbox/1")
    with working(world, imap_url=post.url()):
        assert result(world, "look_into_mailbox/1").startswith("1 taken")
        assert result(world, "read_arrival/1").startswith("3 cases")
        worker.by_the_clock(world.at, "look_into_mailbox")
        key = f"look_into_mailbox/{world.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        assert result(world, key).startswith("0 taken")
    with world.database.transaction() as session:
        enqueue(session, "look_into_mailbox", "look_into_mailbox/2")
    with working(world, imap_url=post.url(password="wrong")):
        result(world, "look_into_mailbox/2")
    with world.database.reading() as session:
        seen = board.board(session, world.people["desk"])
        [line] = seen.given_up
        assert line.trouble.zh.startswith("收件邮箱不认登录名或密码")
        assert [one.label.zh for one in seen.ended] == ["核对来件"]
    with working(world):
        worker.by_the_clock(world.at + timedelta(minutes=5), "look_into_mailbox")
    with world.database.reading() as session:  # without the setting the clock queues nothing
        keys = session.scalars(select(Job.key).where(Job.name == "look_into_mailbox").order_by(Job.id)).all()
    assert keys == ["look_into_mailbox/1", key, "look_into_mailbox/2"]
