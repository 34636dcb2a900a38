"""The site stops and starts again while people work: what was begun is finished, nobody sees an error, nothing is lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from states.case import CaseState
from tests.faults.before import laid_out, version_before
from tests.faults.country import Country, busy
from tests.faults.ledger import last_event
from tests.faults.players import Gone, Wish, grant
from tests.faults.serving import Proxy, Serving, Started, running
from tests.faults.site import ROOT, Browser, Site, free_port, leads_to, receipts
from tests.faults.waiting import until
from tests.web.conftest import HASHED, hidden
from tests.workflow.receivers import Mailbox
from workflow.store import figures
from workflow.store import people as stored


@pytest.fixture
def land(here: Country) -> Country:
    """The country; everybody has a password."""
    with here.world.database.transaction() as session:
        for person in here.world.people.values():
            stored.set_password(session, person.id, HASHED, end_sessions=False)
    return here


@pytest.fixture
def several(database_kind: str) -> None:
    if database_kind != "postgresql":
        pytest.skip("several web processes need PostgreSQL")


Start = Callable[..., Serving]


@pytest.fixture
def serve(land: Country, mailbox: Mailbox) -> Start:
    """`serve("--drain", "1")`: `zhengji run` with these options. On a slow machine a test says how long somebody waits."""
    environ = Site(land, mailbox).environ | {"ZHENGJI_LOCK_SECONDS": "120"}

    def started(*options: str, **more: int) -> Serving:
        port = more.get("port") or free_port()
        return Serving(options, environ, land.world.folder / f"log-{port}", port=port)

    return started


def signed_in(address: str, login: str = "author") -> Browser:
    made = Browser(address, login)
    made.sign_in()
    return made


def form(browser: Browser, path: str) -> dict[str, str]:
    """The form that takes a step, with a reason."""
    shown = browser.open(path)
    assert shown.status_code == 200, (shown.status_code, shown.text)
    return {**hidden(shown.text, path), "remark": "理由"}


# ---- one process stops -----------------------------------------------------------------------------------------------


@contextmanager
def at_work(land: Country, case: int) -> Iterator[None]:
    """Somebody else is working on the case."""
    database = land.world.database
    if database.embedded:
        other = sqlite3.connect(str(database.engine.url.database), isolation_level=None)
        other.execute("begin immediate")
        yield
        other.close()
        return
    with database.engine.connect() as held:
        held.execute(text("select id from cases where id = :id for update"), {"id": case})
        yield


def test_what_was_begun_is_finished_before_the_site_stops(land: Country, serve: Start) -> None:
    case, one = land.drafts[0], serve()
    address = f"/cases/{case}/withdraw"
    with running(one), ThreadPoolExecutor(1) as pool:
        author = signed_in(one.address)
        fields = form(author, address)
        with at_work(land, case):
            answer = pool.submit(author.send, address, fields)
            until(lambda: one.figures()["zhengji_connections_in_use"] > 0)
            one.ask_to_stop()
            until(lambda: not one.listens())
            assert not answer.done()
        assert leads_to(answer.result()) == f"/cases/{case}"
        assert one.stop() == 0
    assert land.world.state(case) is CaseState.WITHDRAWN
    assert one.mistakes == []


def test_for_a_while_it_says_that_it_stops_and_serves_on(serve: Start) -> None:
    one = serve("--drain", "3600")
    with running(one):
        one.ask_to_stop()
        until(lambda: one.lacking() == ["stopping"])
        assert signed_in(one.address).open("/").status_code == 200
        one.ask_to_stop()  # a second time: at once
        assert one.process.wait(60) == 0


def test_a_process_told_to_leave_at_the_keyboard_leaves_at_once(serve: Start) -> None:
    one = serve("--drain", "3600")
    with running(one):
        one.process.send_signal(signal.SIGINT)
        assert one.process.wait(60) == 0


@pytest.mark.once
def test_several_processes_are_refused_on_sqlite_in_words() -> None:
    command = [sys.executable, "-m", "web.cli", "run", "--workers", "2"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (said.returncode, "PostgreSQL（ZHENGJI_DATABASE_URL）" in said.stderr, said.stdout) == (2, True, "")


# ---- several processes -----------------------------------------------------------------------------------------------


def test_several_processes_of_one_site_count_together_and_outlive_one(several: None, serve: Start) -> None:
    one = serve("--workers", "2")
    asked = 'zhengji_requests_total{method="GET",route="/healthz",status="200"}'
    with running(one):
        first, second = one.children()
        for _ in range(40):
            assert requests.get(f"{one.address}/healthz", timeout=10).text == "ok\n"
        assert {one.figures()[asked] for _ in range(10)} == {40}
        os.kill(first, signal.SIGKILL)
        until(lambda: len(one.children()) == 2 and first not in one.children())
        until(lambda: _answers(one))
        found = [one.figures() for _ in range(10)]
        assert second in one.children()
        assert ({one[asked] for one in found}, {one["zhengji_connections_in_use"] for one in found}) == ({40}, {0})


def _answers(one: Serving) -> bool:
    try:
        return one.lacking() == []
    except requests.RequestException:
        return False


Receipt = tuple[str, int, str]


@dataclass
class Person:
    """Withdraws a case and takes it up again, over and over; what was told is kept here, outside the database."""

    browser: Browser
    case: int
    told: dict[str, Receipt] = field(default_factory=dict)
    """Key of the form → the receipt that was shown."""
    wrong: list[str] = field(default_factory=list)

    def work(self, stop: threading.Event) -> None:
        """Until told to stop, or the first surprise; they take breath, so that the machine can start something beside."""
        while not stop.wait(0.1):
            for step in ("withdraw", "resume"):
                try:
                    self.take(step)
                except (Gone, AssertionError, ValueError) as surprise:
                    self.wrong.append(f"{step}: {surprise!r}")
                    return

    def take(self, step: str) -> None:
        """Take a step, and keep the receipt."""
        path = f"/cases/{self.case}/{step}"
        fields = form(self.browser, path)
        answer = self.browser.send(path, fields)
        assert answer.status_code == 302, (answer.status_code, answer.text)
        [self.told[fields["form_key"]]] = receipts(self.browser.open(leads_to(answer)).text)


def recorded(land: Country, since: int) -> dict[str, Receipt]:
    """Key of the form → receipt, of what was done to cases since."""
    with land.world.database.reading() as session:
        rows = session.execute(
            text(
                "select op, stream, seq, hash from audit_event where uid > :since and outcome = 'done'"
                " and action in ('case.withdraw', 'case.resume')"
            ),
            {"since": since},
        ).all()
    found = {row.op.partition(".")[2].partition(":")[0]: (row.stream, row.seq, row.hash) for row in rows}
    assert len(found) == len(rows)
    return found


def test_replacing_one_process_after_the_other_under_load_shows_no_error_and_loses_and_doubles_nothing(
    several: None, land: Country, serve: Start
) -> None:
    since = last_event(land.world.database)
    old = [serve("--drain", "1") for _ in range(2)]
    stop = threading.Event()
    with running(*old), Proxy([one.port for one in old]).running() as proxy, ThreadPoolExecutor(3) as pool:
        people = [Person(signed_in(proxy.address), case) for case in land.drafts[:3]]
        working = [pool.submit(one.work, stop) for one in people]
        new: list[Serving] = []
        for one in old:
            more_is_told(people)
            one.ask_to_stop()
            assert one.ended() == 0
            assert not proxy.is_ready(one.port)
            new.append(serve(port=one.port))
            new[-1].until_ready()
            until(lambda port=one.port: proxy.is_ready(port))
        more_is_told(people)
        stop.set()
        for one in working:
            one.result()
        for one in new:
            one.stop()
    assert [wrong for one in people for wrong in one.wrong] == []
    assert recorded(land, since) == {key: receipt for one in people for key, receipt in one.told.items()}
    assert [one.mistakes for one in new] == [[], []]


def more_is_told(people: list[Person]) -> None:
    """Wait until two more acts are done for each person, or somebody met with an error."""

    def told() -> int:
        return sum(len(one.told) for one in people)

    enough = told() + 2 * len(people)
    until(lambda: told() >= enough or any(one.wrong for one in people))


# ---- the version before ----------------------------------------------------------------------------------------------

_PAGES = {"author": ("/", "/cases"), "desk": ("/", "/cases", "/jobs"), "auditor": ("/", "/cases", "/trail", "/jobs")}


def test_the_version_before_serves_and_works_beside_this_one_on_this_ones_tables(
    several: None, land: Country, mailbox: Mailbox, tmp_path: Path
) -> None:
    """Its own code, from the repository: a site is upgraded so, one process after the other."""
    try:
        commit, steps = version_before()
    except LookupError as lacking:
        pytest.skip(str(lacking))
    root, since = laid_out(commit, tmp_path / "before"), last_event(land.world.database)
    environ = Site(land, mailbox).environ
    said = "from workflow.store import figures; print(figures.NEEDED, figures.__file__)"
    which = subprocess.run(
        [sys.executable, "-c", said],
        cwd=root,
        env={**environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert which.stdout.split() == [f"{steps:04}", str(root / "workflow/store/figures.py")]
    assert f"{steps:04}" < figures.NEEDED
    old, new = (Serving((), environ, tmp_path / f"{name}.log", place) for name, place in (("old", root), ("new", ROOT)))
    works = Started(("worker",), environ | {"ZHENGJI_EXECUTOR": "before"}, tmp_path / "worker.log", root)
    case, push = land.drafts[0], Wish("1.push", "push", "liaison", land.published[0])
    with running(old, new, works):
        at_old, at_new = (Person(signed_in(one.address), case) for one in (old, new))
        for person, step in ((at_new, "withdraw"), (at_old, "resume"), (at_old, "withdraw"), (at_new, "resume")):
            person.take(step)
        assert grant(land.world, push)
        until(lambda: not busy(land.world.database))
        for login, pages in _PAGES.items():
            for one in (old, new):
                browser = signed_in(one.address, login)
                assert [browser.open(page).status_code for page in pages] == [200] * len(pages)
        assert old.figures()["zhengji_database_up"] == 1
    assert recorded(land, since) == at_old.told | at_new.told
    assert (len(at_old.told), len(at_new.told)) == (2, 2)
    assert len(list((land.world.folder / "abroad").glob("*.zip"))) == 1
    assert [one.mistakes for one in (old, new, works)] == [[], [], []]
