"""Mail servers that are down for a day, slow, or drop the line after DATA."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.faults.conftest import Check
from tests.faults.country import Country, busy, settings
from tests.faults.ledger import Ledger
from tests.faults.players import Wish, grant
from tests.faults.waiting import PATIENCE, until
from tests.web.conftest import KEY
from tests.workflow.receivers import Mailbox, mail_server
from workflow import mailing
from workflow.jobs import kinds, worker

ROOT = Path(__file__).parents[2]
HOUR = 3600
DAY = 24 * HOUR


class Waits:
    """How long jobs would have waited between their attempts; they wait no time at all. `after`: what happens when."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.after: list[tuple[float, Any]] = []
        self._lock = threading.Lock()

    def none(self, seconds: float | None) -> float | None:
        """What there is to wait, gone by at once."""
        if seconds is None:
            return None
        with self._lock:
            self.seconds += seconds
            due = [one for one in self.after if one[0] <= self.seconds]
            self.after = [one for one in self.after if one not in due]
            for _, happens in due:
                happens()
        return 0


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    made, really = Waits(), kinds.Waits.after
    monkeypatch.setattr(kinds.Waits, "after", lambda waits, failed: made.none(really(waits, failed)))
    return made


@pytest.fixture
def working(here: Country) -> Iterator[Any]:
    """`working(url)`: a worker in this process, with a mail server at that address."""

    def work(url: str) -> None:
        worker.launch(settings(here.url, here.world.folder, url), here.world.database, poll=0.02)

    yield work
    worker.stop()


def ask(here: Country, kept: Ledger, wish: Wish) -> None:
    kept.asked(wish)
    kept.answered(wish, grant(here.world, wish))


def send(here: Country, number: int = 0) -> Wish:
    return Wish(f"1.{number}", "send", "leader", here.batches[number])


def test_a_server_that_is_down_for_a_day_gets_the_mail_once(
    here: Country, kept: Ledger, waits: Waits, mailbox: Mailbox, working: Any, all_is_well: Check
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with ExitStack() as later:
        waits.after.append((DAY, lambda: later.enter_context(mail_server(mailbox, port))))
        ask(here, kept, send(here))
        working(f"smtp://127.0.0.1:{port}")
        until(lambda: not busy(here.world.database))
        worker.stop()
    assert waits.seconds >= DAY
    assert len(mailbox.taken) == 1
    all_is_well()


class Dropping(Mailbox):
    """Takes a mail, and drops the line instead of saying so; the second time it says so."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = await super().handle_DATA(server, session, envelope)
        if len(self.taken) == 1:
            server.transport.abort()
        return reply


def test_a_line_dropped_after_data_gives_the_same_mail_again(
    here: Country, kept: Ledger, waits: Waits, mailbox: Mailbox, working: Any, all_is_well: Check
) -> None:
    """SMTP cannot tell whether it was taken. It comes again as the same mail, and the receiver can see that it is."""
    with mail_server(Dropping()) as dropping:
        ask(here, kept, send(here))
        working(dropping.url)
        until(lambda: not busy(here.world.database))
    assert len(dropping.taken) == 2
    assert len(set(dropping.taken)) == 1
    mailbox.taken += dropping.taken
    all_is_well()


class Slow(Mailbox):
    """Answers the first mail only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()
        self.asked = threading.Event()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked.set()
        if not self.let.is_set():
            await server.loop.run_in_executor(None, self.let.wait, PATIENCE)
        return await super().handle_RCPT(server, session, envelope, address, options)


def test_a_server_too_slow_to_wait_for_is_tried_again(
    here: Country,
    kept: Ledger,
    waits: Waits,
    mailbox: Mailbox,
    working: Any,
    all_is_well: Check,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailing, "TIMEOUT", 0.3)
    slow = Slow()
    with mail_server(slow):
        waits.after.append((1, slow.let.set))  # after the first attempt was given up
        ask(here, kept, send(here))
        working(slow.url)
        until(lambda: not busy(here.world.database))
    assert waits.seconds >= 10
    mailbox.taken += slow.taken
    all_is_well()


def test_mails_that_wait_keep_no_push_waiting(
    here: Country, kept: Ledger, mailbox: Mailbox, working: Any, all_is_well: Check
) -> None:
    """As many mails to a server that does not answer as other jobs run at once; a push goes out meanwhile."""
    slow = Slow()
    with mail_server(slow):
        for number in range(len(here.batches)):
            ask(here, kept, send(here, number))
        working(slow.url)
        ask(here, kept, Wish("1.push", "push", "liaison", here.published[0]))
        until(lambda: not [one for one in busy(here.world.database) if one.startswith("deliver_push")])
        waiting = [one for one in busy(here.world.database) if one.startswith("mail_batch")]
        slow.let.set()
        until(lambda: not busy(here.world.database))
    assert len(waiting) == len(here.batches) == 4
    mailbox.taken += slow.taken
    all_is_well()


def test_a_worker_told_to_stop_does_not_wait_for_a_mail_server(
    here: Country, kept: Ledger, mailbox: Mailbox, working: Any, all_is_well: Check
) -> None:
    """It ends before the server answers, and the next worker sends the mail."""
    slow = Slow()
    with mail_server(slow):
        ask(here, kept, send(here))
        set_up = settings(here.url, here.world.folder, slow.url)
        told = {
            "ZHENGJI_HOME": str(set_up.home),
            "ZHENGJI_DATABASE_URL": set_up.database_url,
            "ZHENGJI_OWNER_DATABASE_URL": here.world.database.owner_url,
            "ZHENGJI_SECRET_KEY": KEY,
            "ZHENGJI_SMTP_URL": set_up.smtp_url,
            "ZHENGJI_MAIL_FROM": set_up.mail_from,
            "ZHENGJI_AUDIT_KEY": set_up.audit_key,
            "ZHENGJI_EXECUTOR": set_up.executor,
        }
        process = subprocess.Popen([sys.executable, "-m", "web.cli", "worker"], cwd=ROOT, env={**os.environ, **told})
        assert slow.asked.wait(PATIENCE)
        process.terminate()
        assert process.wait(mailing.TIMEOUT // 2) == 0
        slow.let.set()
        working(slow.url)
        until(lambda: not busy(here.world.database))
    mailbox.taken += slow.taken[-1:]
    all_is_well()
