"""Several workers: one dies and another takes its work up, two want one name, and what the clock brings comes once."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests
from sqlalchemy import select, update

from tests.faults.conftest import Check, Start
from tests.faults.country import Country, busy, country, settings
from tests.faults.ledger import Ledger, last_event, problems, summary
from tests.faults.players import Gone, Player, Wish, grant
from tests.faults.site import free_port
from tests.faults.test_mail import ROOT
from tests.faults.waiting import PATIENCE, until
from tests.postgres import Server
from tests.web.conftest import KEY
from tests.workflow.receivers import Mailbox
from tests.worlds import Databases
from workflow.jobs.queue import client, enqueue
from workflow.store import log
from workflow.store.models import Job, Office


def wish(here: Country, verb: str) -> Wish:
    who, about = {"send": ("leader", here.batches[0]), "push": ("liaison", here.published[0])}[verb]
    return Wish(f"1.{verb}", verb, who, about)


PLACES = {
    "job.begun=kill": "push",
    "push.noted=kill": "push",
    "folder.before_rename=kill": "push",
    "push.handed_over=kill": "push",
    "push.sent=kill": "push",
    "push.acknowledged=kill": "push",
    "job.worked=kill": "push",
    "job.done=kill": "push",
    "mail.before_sending=kill": "send",
    "mail.taken=kill": "send",
    "mail.recorded=kill": "send",
    "mail.before_sending=raise;job.failed=kill": "send",
}
"""Where the worker is killed → the work that it is at."""


@pytest.mark.parametrize("words", PLACES)
def test_what_a_killed_worker_was_at_is_taken_up_by_another(
    words: str, here: Country, kept: Ledger, start: Start, all_is_well: Check
) -> None:
    asked = wish(here, PLACES[words])
    dying = start(words=words, works=True, name="worker-2")
    kept.asked(asked)
    try:
        kept.answered(asked, dying.ask(asked))
    except Gone:
        kept.answered(asked, None)
    assert dying.ended() == -9, f"{words} was not reached"
    other = start(works=True, name="worker-1")
    kept.answered(asked, other.ask(asked))
    until(lambda: not busy(here.world.database))
    other.leave()
    all_is_well()


def test_work_of_many_parts_goes_on_where_the_killed_worker_left_it(
    here: Country, start: Start, mailbox: Mailbox
) -> None:
    database = here.world.database
    addresses = [f"office-{number}@province.example" for number in (1, 2)]
    with database.transaction() as session:
        for office, address in zip(session.scalars(select(Office.id)).all(), addresses, strict=True):
            session.execute(update(Office).where(Office.id == office).values(email=address))
        newest = log.newest_checkpoint(session)
    assert newest is not None
    dying = start(words="job.part=kill", works=True, name="worker-2")
    with database.transaction() as session:
        enqueue(session, "mail_checkpoints", "mail_checkpoints/by-hand", newest.size)
    assert dying.ended() == -9
    assert len(mailbox.taken) == 1
    start(works=True, name="worker-1")

    def over() -> bool:
        with database.reading() as session:
            return set(session.scalars(select(Job.state).where(Job.name == "mail_checkpoints"))) == {"done"}

    until(over)
    assert sorted(str(mail["To"]) for mail in mailbox.mails) == addresses


def test_a_second_worker_of_a_name_does_not_start(here: Country, start: Start) -> None:
    start(works=True, name="worker-1")
    set_up = settings(here.url, here.world.folder)
    told = {
        "ZHENGJI_HOME": str(set_up.home),
        "ZHENGJI_DATABASE_URL": set_up.database_url,
        "ZHENGJI_OWNER_DATABASE_URL": here.world.database.owner_url,
        "ZHENGJI_SECRET_KEY": KEY,
        "ZHENGJI_AUDIT_KEY": set_up.audit_key,
        "ZHENGJI_EXECUTOR": "worker-1",
    }
    second = subprocess.run(
        [sys.executable, "-m", "web.cli", "worker"],
        cwd=ROOT,
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert "ZHENGJI_EXECUTOR" in second.stderr
    assert "worker-1" in second.stderr


def test_what_the_clock_brings_comes_once_to_however_many_workers(here: Country, start: Start) -> None:
    """Every second instead of every night."""
    both = [start(works=True, name=f"worker-{number}", cron="* * * * * *") for number in (1, 2)]

    def rounds() -> list[Job]:
        with here.world.database.reading() as session:
            return list(session.scalars(select(Job).where(Job.name == "keep_no_longer").order_by(Job.id)))

    until(lambda: sum(one.state == "done" for one in rounds()) >= 4)
    for one in both:
        one.leave()
    keys = [one.key for one in rounds()]
    assert len(set(keys)) == len(keys)
    assert {(one.number, one.interrupted) for one in rounds() if one.state == "done"} == {(1, 0)}
    tries = client(here.world.database.engine).list_workflows(name="keep_no_longer")
    assert sorted(one.workflow_id for one in tries) == sorted(keys)


def test_workers_go_on_when_their_database_restarts_under_load(
    database_kind: str, durable_databases: Databases, durable_server: Server, tmp_path: Path, mailbox: Mailbox
) -> None:
    """Twice, in the middle of ten jobs that two workers share: each is done, and nothing comes in two versions."""
    if database_kind != "postgresql":
        pytest.skip("a database that is a process of its own")
    with country(durable_databases, tmp_path) as land, ExitStack() as later:
        kept = Ledger(tmp_path / "ledger", last_event(land.world.database))
        later.callback(kept.close)
        for number in (1, 2):
            works = {"smtp": mailbox.url, "works": True, "name": f"worker-{number}"}
            later.callback(Player(land.url, tmp_path, **works).kill)
        asked = [
            *(Wish(f"1.send{number}", "send", "leader", batch) for number, batch in enumerate(land.batches)),
            *(Wish(f"1.push{number}", "push", "liaison", case) for number, case in enumerate(land.published)),
        ]
        for one in asked:
            kept.asked(one)
            kept.answered(one, grant(land.world, one))
            if one.about in (land.batches[-1], land.published[2]):
                durable_server.stop("immediate")
                durable_server.start()
        until(lambda: not busy(land.world.database))
        found = problems(land.world.database, kept, mailbox, tmp_path / "abroad")
    assert not found, summary(found)


def test_a_worker_tells_machines_how_it_is(here: Country) -> None:
    set_up, port = settings(here.url, here.world.folder), free_port()
    told = {
        "ZHENGJI_HOME": str(set_up.home),
        "ZHENGJI_DATABASE_URL": set_up.database_url,
        "ZHENGJI_OWNER_DATABASE_URL": here.world.database.owner_url,
        "ZHENGJI_DOCUMENTS_URL": set_up.documents_url,
        "ZHENGJI_SECRET_KEY": KEY,
        "ZHENGJI_AUDIT_KEY": set_up.audit_key,
    }
    line = [sys.executable, "-m", "web.cli", "worker", "--figures", str(port)]
    environ = {**os.environ, **told}
    process = subprocess.Popen(line, cwd=ROOT, env={**environ, "ZHENGJI_EXECUTOR": "told"}, stdout=subprocess.DEVNULL)
    answers: dict[str, requests.Response] = {}

    def answered() -> bool:
        with suppress(requests.ConnectionError):
            answers.update(
                {path: requests.get(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) for path in _QUESTIONS}
            )
        return bool(answers)

    try:
        until(answered)
        assert {path: one.status_code for path, one in answers.items()} == dict.fromkeys(_QUESTIONS, 200)
        assert "zhengji_database_up 1.0" in answers["/metrics"].text
        assert requests.get(f"http://127.0.0.1:{port}/cases", timeout=PATIENCE).status_code == 404
        other = subprocess.run(
            line, cwd=ROOT, env={**environ, "ZHENGJI_EXECUTOR": "other"}, capture_output=True, text=True, check=False
        )
        assert other.returncode == 1
        assert f"127.0.0.1:{port}" in other.stderr
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0


_QUESTIONS = ("/healthz", "/readyz", "/metrics")
