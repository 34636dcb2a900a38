"""The site stops and starts again while people work: what was begun is finished, nobody sees an error, nothing is lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import requests
from sqlalchemy import text

from states.case import CaseState
from tests.faults.country import Country
from tests.faults.ledger import last_event
from tests.faults.sites import ROOT, Browser, Proxy, Shown, Site, served
from tests.faults.waiting import until
from tests.web.conftest import HASHED
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


def site(land: Country, *options: str) -> Site:
    return Site(land.url, land.world.folder, options=options)


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


def test_what_was_begun_is_finished_before_the_site_stops(land: Country) -> None:
    case, one = land.drafts[0], site(land)
    with served(one), ThreadPoolExecutor(1) as pool:
        author = Browser(one.address, "author")
        fields = {**author.form(f"/cases/{case}/withdraw"), "remark": "重写"}
        with at_work(land, case):
            answer = pool.submit(author.send, f"/cases/{case}/withdraw", fields)
            until(lambda: one.figures()["zhengji_connections_in_use"] > 0)
            one.ask_to_stop()
            until(lambda: _refuses(one))
            assert not answer.done()
        # The answer leads on to a page that this site, alone as it is, no longer shows.
        with pytest.raises(requests.ConnectionError):
            answer.result()
        assert one.stop() == 0
    assert land.world.state(case) is CaseState.WITHDRAWN
    assert [line for line in one.log if line["level"] in ("ERROR", "CRITICAL")] == []


def _refuses(one: Site) -> bool:
    """Whether it takes no new connections."""
    return one.lacking() is None


def test_for_a_while_it_says_that_it_stops_and_serves_on(land: Country) -> None:
    one = site(land, "--drain", "3600")
    with served(one):
        one.ask_to_stop()
        until(lambda: one.lacking() == ["stopping"])
        assert Browser(one.address, "author").form(f"/cases/{land.drafts[0]}/withdraw")
        one.ask_to_stop()  # a second time: at once
        assert one.process.wait(60) == 0


def test_a_process_told_to_leave_at_the_keyboard_leaves_at_once(land: Country) -> None:
    one = site(land, "--drain", "3600")
    with served(one):
        one.process.send_signal(signal.SIGINT)
        assert one.process.wait(60) == 0


@pytest.mark.once
def test_several_processes_are_refused_on_sqlite_in_words() -> None:
    command = [sys.executable, "-m", "web.cli", "run", "--workers", "2"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (said.returncode, "PostgreSQL（ZHENGJI_DATABASE_URL）" in said.stderr, said.stdout) == (2, True, "")


# ---- several processes -----------------------------------------------------------------------------------------------


def test_several_processes_of_one_site_count_together_and_outlive_one(several: None, land: Country) -> None:
    one = site(land, "--workers", "2")
    asked = 'zhengji_requests_total{method="GET",route="/healthz",status="200"}'
    with served(one):
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


def _answers(one: Site) -> bool:
    try:
        return one.lacking() == []
    except requests.RequestException:
        return False


@dataclass
class Person:
    """Withdraws a case and takes it up again, over and over; what was told is kept here, outside the database."""

    browser: Browser
    case: int
    told: dict[str, Shown] = field(default_factory=dict)
    wrong: list[Shown] = field(default_factory=list)

    def work(self, stop: threading.Event) -> None:
        while not stop.is_set():
            for step in ("withdraw", "resume"):
                path = f"/cases/{self.case}/{step}"
                fields = self.browser.form(path)
                shown = self.browser.send(path, {**fields, "remark": "理由"})
                if shown.status != 200 or not shown.receipt:
                    self.wrong.append(shown)
                    return
                self.told[fields["form_key"]] = shown


def recorded(land: Country, since: int) -> dict[str, tuple[str, str]]:
    """Key of the form → receipt and hash, of what was done to cases since."""
    with land.world.database.reading() as session:
        rows = session.execute(
            text(
                "select op, stream, seq, hash from audit_event where uid > :since and outcome = 'done'"
                " and action in ('case.withdraw', 'case.resume')"
            ),
            {"since": since},
        ).all()
    found = {row.op.partition(".")[2].partition(":")[0]: (f"{row.stream}#{row.seq}", row.hash) for row in rows}
    assert len(found) == len(rows)
    return found


def test_replacing_one_process_after_the_other_under_load_shows_no_error_and_loses_and_doubles_nothing(
    several: None, land: Country
) -> None:
    since = last_event(land.world.database)
    old = [site(land, "--drain", "1") for _ in range(2)]
    stop = threading.Event()
    with served(*old), Proxy([one.port for one in old]).running() as proxy, ThreadPoolExecutor(4) as pool:
        people = [Person(Browser(proxy.address, "author"), case) for case in land.drafts[:4]]
        working = [pool.submit(one.work, stop) for one in people]
        new = []
        for one in old:
            before = told(people)
            until(lambda before=before: told(people) >= before + 8 or wrong(people))
            one.ask_to_stop()
            assert one.stop() == 0
            assert not proxy.is_ready(one.port)
            new.append(Site(land.url, land.world.folder, port=one.port))
            new[-1].until_ready()
            until(lambda port=one.port: proxy.is_ready(port))
        before = told(people)
        until(lambda: told(people) >= before + 8 or wrong(people))
        stop.set()
        for one in working:
            one.result()
        for one in new:
            one.stop()
    assert [shown.page for shown in wrong(people)] == []
    kept = {key: (shown.receipt, shown.hash) for one in people for key, shown in one.told.items()}
    assert recorded(land, since) == kept
    assert [line for one in new for line in one.log if line["level"] in ("ERROR", "CRITICAL")] == []


def told(people: list[Person]) -> int:
    return sum(len(one.told) for one in people)


def wrong(people: list[Person]) -> list[Shown]:
    return [shown for one in people for shown in one.wrong]
