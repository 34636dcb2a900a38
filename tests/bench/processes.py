"""Whether more web processes serve more: people stamp and take back on PostgreSQL, with 1, 2 and 4 of them.

The people, PostgreSQL, the worker and the web processes share this machine's cores, and what each of them took of the time is
told, so that a rate that grows no more is seen to be the cores' limit. Where the trail would be the limit is measured apart:
how fast a sequencer gives entries their places.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg import sql

from states.reach import SYSTEM
from tests.attacks.forms import forms
from tests.bench.acting import DURABLE, as_owner
from tests.faults.country import Country, files
from tests.faults.site import WEB, Browser, Site
from tests.postgres import new_database, running
from tests.web.conftest import HASHED
from tests.workflow.receivers import Mailbox, mail_server
from tests.worlds import CALL_2021, RUNTIME, World, settle
from workflow.audit import log
from workflow.store import people, schema, trail
from workflow.store.database import Database

PROCESSES = (1, 2, 4)
PEOPLE = 8
CASES_EACH = 3
SECONDS = 12.0
"""For which everybody goes on."""
ENTRIES = 20_000
_SCAN = b"%PDF-1.7"


def measured(ratio: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """All of it, as entries of benchmarks/latest.json."""
    with tempfile.TemporaryDirectory() as name, mail_server() as mailbox, running(DURABLE) as server:
        as_owner(server.url, sql.SQL("create role {} login").format(sql.Identifier(RUNTIME)))
        owned = new_database(server.url, "many")
        database = Database(owned.replace("postgres@", f"{RUNTIME}@", 1), owned)
        schema.upgrade(database)
        settle(database, CALL_2021)
        world = World.of(database, Path(name))
        shares = _furnished(world)
        rates, told = [], []
        for number in PROCESSES:
            rate, busy = _served(world, mailbox, number, shares)
            rates.append(rate)
            told.append(f"{number}: {rate:.1f}/s ({busy:.0%} of {os.cpu_count()} cores)")
        places = _placed(database, world)
        database.close()
    return {
        "web_processes_2_vs_1": ratio(
            rates[1] / rates[0], 1.0, "min", f"steps a second through the site; processes {', '.join(told)}"
        ),
        "log_vs_steps": ratio(
            places / max(rates),
            3.0,
            "min",
            f"a sequencer places {places:.0f} entries a second; the trail saturates there",
        ),
    }


def _furnished(world: World) -> list[list[int]]:
    """For each of the people, some sealed drafts of their own."""
    files(world.folder).put(_SCAN)
    with world.database.transaction() as session:
        for person in world.people.values():
            people.set_password(session, person.id, HASHED, end_sessions=False)
    shares = []
    for _ in range(PEOPLE):
        share = [world.draft() for _ in range(CASES_EACH)]
        for case in share:
            world.seal(case)
        shares.append(share)
    return shares


class _Site(Site):
    """With so many web processes."""

    def __init__(self, here: Country, mailbox: Mailbox, processes: int) -> None:
        super().__init__(here, mailbox)
        *words, _ = self._commands[WEB]
        self._commands[WEB] = (*words, str(processes))


def _served(world: World, mailbox: Mailbox, processes: int, shares: Sequence[Sequence[int]]) -> tuple[float, float]:
    """(Steps a second, share of all cores that was busy) while everybody goes on."""
    site = _Site(Country(world, [], [], []), mailbox, processes)
    site.start()
    try:
        with _people(site.address, shares) as crew:
            crew.wait()  # all are signed in
            began, busy = time.perf_counter(), _busy()
            crew.wait()
            done = crew.done()
            took = time.perf_counter() - began
            return done / took, (_busy() - busy) / took / (os.cpu_count() or 1)
    finally:
        site.leave()


class _Crew:
    def __init__(self, barrier: Any, results: Any, number: int) -> None:
        self._barrier, self._results, self._number = barrier, results, number

    def wait(self) -> None:
        self._barrier.wait(300)

    def done(self) -> int:
        """Steps of all of them."""
        return sum(self._results.get(timeout=300) for _ in range(self._number))


@contextmanager
def _people(address: str, shares: Sequence[Sequence[int]]) -> Iterator[_Crew]:
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(len(shares) + 1), context.Queue()
    everybody = [
        context.Process(target=_person, args=(address, share, barrier, results), daemon=True) for share in shares
    ]
    for one in everybody:
        one.start()
    yield _Crew(barrier, results, len(shares))
    for one in everybody:
        one.join()


def _person(address: str, share: Sequence[int], barrier: Any, results: Any) -> None:
    """Stamps cases and takes the stamps back, one after the other, looking at each form first."""
    browser = Browser(address, "sealer")
    browser.sign_in()
    for trigger in ("stamp", "unstamp"):
        _step(browser, share[0], trigger)  # the password is asked for once more with the first
    barrier.wait(300)
    ends, done = time.perf_counter() + SECONDS, 0
    barrier.wait(300)
    while time.perf_counter() < ends:
        for trigger in ("stamp", "unstamp"):
            for case in share:
                _step(browser, case, trigger)
                done += 1
    results.put(done)


def _step(browser: Browser, case: int, trigger: str) -> None:
    shown = next(one for one in forms(browser.open(f"/cases/{case}/{trigger}").text) if trigger in one.action)
    answer = browser.send(f"/cases/{case}/{trigger}", {**shown.fields, "remark": "理由"})
    if answer.status_code != 302:
        raise AssertionError(f"{trigger} {case}: {answer.status_code}")


def _busy() -> float:
    """Seconds that all cores together were busy since the machine started."""
    user, nice, system, _idle, _wait, *rest = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:])
    return (user + nice + system + sum(rest[:3])) / os.sysconf("SC_CLK_TCK")


def _placed(database: Database, world: World) -> float:
    """Entries a second that one sequencer moves into the log, of many that wait."""
    log.sequence(database)
    for start in range(0, ENTRIES, 1000):
        with database.transaction() as session:
            entries = [
                trail.Entry(f"bench/{start + number}", "bench.entry", "done", world.at, SYSTEM)
                for number in range(1000)
            ]
            trail.append(session, entries)
    began = time.perf_counter()
    moved = log.sequence(database)
    took = time.perf_counter() - began
    if moved != ENTRIES:
        raise AssertionError(f"{moved} of {ENTRIES} entries were placed")
    return moved / took
