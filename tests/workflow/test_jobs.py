"""Work that outlives a request: queued with its cause, run by a worker of this process, once for each key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from states.batch import BatchState
from states.case import CaseState
from states.push import PushState
from tests.workflow.receivers import Mailbox, Web, mail_server, web_server
from tests.worlds import World, went
from workflow import batches, clock, papers
from workflow.jobs import worker
from workflow.jobs.queue import client, enqueue
from workflow.settings import Settings
from workflow.store import mail as stored_mail
from workflow.store.files import Files
from workflow.store.models import Batch, Push
from workflow.store.papers import Kept
from workflow.wipo import pushes


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as made:
        yield made


def settings_of(world: World, **changes: Any) -> Settings:
    values = {
        "home": world.folder,
        "database_url": world.database.engine.url.render_as_string(hide_password=False),
        "documents_url": (world.folder / "documents").as_uri(),
        "secret_key": "",
        "executor": "test",
    }
    return Settings(**{**values, **changes})


@contextmanager
def working(world: World, **changes: Any) -> Iterator[None]:
    """A worker in this process."""
    worker.launch(settings_of(world, **changes), world.database, poll=0.02)
    try:
        yield
    finally:
        worker.stop()


def result(world: World, key: str) -> Any:
    """What a job came to; waits for its end."""
    return client(world.database.engine).retrieve_workflow(key).get_result(polling_interval_sec=0.02)


def queued(world: World) -> list[str]:
    """Keys of all jobs there are, in whatever state."""
    return sorted(one.workflow_id for one in client(world.database.engine).list_workflows())


def pushed(world: World) -> tuple[int, str]:
    """A queued push and the key of its delivery."""
    case = world.case(CaseState.PUBLISHED)
    world.ready_to_push(case)
    push = world.push(case)
    return push, f"deliver_push/{push}/1"


def sealed_batch(world: World) -> int:
    """A sealed batch whose papers are really in the document store."""
    files = Files((world.folder / "documents").as_uri())
    scan = Kept("扫描件.pdf", "application/pdf", files.put(b"%PDF-1.7"), 8)
    cases = []
    for _ in range(2):
        case = world.draft()
        with world.database.transaction() as session:
            papers.seal(session, case, scan, "示例大学", actor=world.people["sealer"], at=world.at)
        cases.append(world.walk(case, "stamp", "review"))
    batch = world.batch(cases)
    with world.database.transaction() as session:
        batches.seal_summary(session, batch, scan, "示例省知识产权局", actor=world.people["leader"], at=world.at)
    went(world.act_on_batch(batch, "seal"))
    return batch


def mail_key(world: World, batch: int) -> str:
    with world.database.reading() as session:
        return f"mail_batch/{batch}/{session.get_one(Batch, batch).version}"


class Undone(Exception):
    """Something after the queueing went wrong."""


def start_and_fail(world: World, case: int) -> None:
    with world.database.transaction() as session:
        pushes.start(session, case, world.destination, actor=world.people["liaison"], at=world.at)
        raise Undone


def test_what_is_rolled_back_leaves_nothing_queued(world: World) -> None:
    case = world.case(CaseState.PUBLISHED)
    world.ready_to_push(case)
    before = queued(world)
    with pytest.raises(Undone):
        start_and_fail(world, case)
    assert queued(world) == before
    with world.database.reading() as session:
        assert session.query(Push).count() == 0


def test_a_refused_act_queues_nothing(world: World) -> None:
    case = world.case(CaseState.PUBLISHED)
    before = queued(world)
    assert world.start_push(case).done is False
    assert queued(world) == before


def test_the_same_key_is_the_same_job(world: World) -> None:
    for _ in range(2):
        with world.database.transaction() as session:
            enqueue(session, "mail_batch", "mail_batch/7/1", 7)
    assert queued(world) == ["mail_batch/7/1"]


def test_a_push_that_is_committed_is_delivered_by_the_worker(world: World) -> None:
    push, key = pushed(world)
    with working(world):
        words = result(world, key)
    assert world.state_of_push(push) is PushState.ACKNOWLEDGED
    with world.database.reading() as session:
        assert session.get_one(Push, push).acknowledgement == words


def test_what_is_queued_while_the_worker_runs_is_taken_up_too_and_so_is_a_recall(world: World) -> None:
    with working(world):
        push, key = pushed(world)
        result(world, key)
        with world.database.transaction() as session:
            receipt = pushes.ask_recall(session, push, "内容有误", actor=world.people["liaison"], at=world.at)
        assert "已写入并读回核对" in result(world, f"recall_push/{push}/{receipt.seq}")
    assert world.state_of_push(push) is PushState.RECALLED


def test_a_retried_push_is_a_job_of_its_own(world: World, web: Web) -> None:
    push, key = pushed(world)
    world.redirect(push, web.url)
    web.will_answer(403, 200)
    with working(world):
        assert result(world, key) == "HTTP 403 received"
        with world.database.transaction() as session:
            receipt = pushes.retry(session, push, actor=world.people["liaison"], at=world.at).receipt
        assert receipt is not None
        assert result(world, f"deliver_push/{push}/{receipt.seq}") == "HTTP 200 received"
    assert world.state_of_push(push) is PushState.ACKNOWLEDGED


def test_work_left_by_a_stopped_worker_is_done_by_the_next(world: World) -> None:
    with working(world):
        pass
    push, key = pushed(world)
    with working(world):
        result(world, key)
    assert world.state_of_push(push) is PushState.ACKNOWLEDGED


def test_a_recall_in_a_former_liaisons_name_ends_with_a_sentence(world: World) -> None:
    push, key = pushed(world)
    with working(world):
        result(world, key)
        with world.database.transaction() as session:
            receipt = pushes.ask_recall(session, push, "内容有误", actor=world.people["liaison"], at=world.at)
            enqueue(session, "recall_push", "recall_push/by-the-editor", push, world.people["editor"].id)
        # Whichever of the two comes first: the editor's never completes anything.
        said = result(world, "recall_push/by-the-editor")
        result(world, f"recall_push/{push}/{receipt.seq}")
    assert "已不是国际联络人" in said or said == "nothing to recall"
    assert world.state_of_push(push) is PushState.RECALLED


def test_a_sent_batch_is_mailed_once_and_keeps_its_message_id(world: World, mailbox: Mailbox) -> None:
    batch = sealed_batch(world)
    with working(world, smtp_url=mailbox.url, mail_from="office@province.example"):
        went(world.act_on_batch(batch, "send"))
        key = mail_key(world, batch)
        assert result(world, key) == "250 queued as 1"
        went(world.act_on_batch(batch, "receive"))
        with world.database.transaction() as session:
            enqueue(session, "mail_batch", "mail_batch/again", batch)
        assert result(world, "mail_batch/again") == "250 queued as 1"
    version = key.rpartition("/")[2]
    assert [one["Message-ID"] for one in mailbox.mails] == [f"<2021-205-SF-P1-01.v{version}@zhengji>"]
    with world.database.reading() as session:
        assert [one.subject for one in stored_mail.latest(session)] == ["优秀案例征集-示例省知识产权局"]


def test_a_batch_that_came_back_meanwhile_is_not_mailed(world: World, mailbox: Mailbox) -> None:
    batch = sealed_batch(world)
    went(world.act_on_batch(batch, "send"))
    key = mail_key(world, batch)
    went(world.act_on_batch(batch, "return_batch"))
    with working(world, smtp_url=mailbox.url, mail_from="office@province.example"):
        assert "was returned" in result(world, key)
    assert (mailbox.taken, world.state_of_batch(batch)) == ([], BatchState.COLLECTING)


def test_a_batch_is_sent_without_a_mail_server_too(world: World) -> None:
    batch = sealed_batch(world)
    went(world.act_on_batch(batch, "send"))
    with working(world):
        assert result(world, mail_key(world, batch)) == "no mail server is set"
    assert world.state_of_batch(batch) is BatchState.SENT


def test_jobs_go_by_the_demos_clock(world: World) -> None:
    day = world.phase.closes
    with world.database.transaction() as session:
        clock.move(session, day, actor=world.people["director"], at=world.at)
    shop = worker.workshop(settings_of(world, demo=True), world.database)
    assert shop.now().astimezone(world.at.tzinfo).date() in (day, day + timedelta(days=1))
    real = worker.workshop(settings_of(world), world.database)
    assert real.now() > datetime.fromisoformat("2021-12-31T00:00:00+08:00")


def test_what_delivers_now_is_made_from_the_settings(world: World, tmp_path: Path) -> None:
    post = worker.workshop(
        settings_of(world, smtp_url="smtp://127.0.0.1:25", mail_from="a@b.example"), world.database
    ).post
    assert (post.database, post.mailer.url, post.mailer.sender) == (
        world.database,
        "smtp://127.0.0.1:25",
        "a@b.example",
    )
    assert post.files.get(post.files.put(b"bytes")) == b"bytes"
    assert (tmp_path / "documents").is_dir()
