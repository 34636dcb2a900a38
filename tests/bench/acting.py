"""One durable act: ours, against the very statements that it issues, sent bare through the database's own driver.

What is measured is what our layers cost: SQLAlchemy, facts, guards, words, hashes. The bare side gets the statements and
values of the same acts, recorded from ours in the same round, on a copy of the same database: same reads, same writes,
same indexes and triggers, same commits.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import event

from states.reach import Actor
from tests.postgres import new_database, running
from tests.worlds import CALL_2021, RUNTIME, World, settle
from workflow import cases
from workflow.jobs import queue
from workflow.operation import memory
from workflow.store import schema
from workflow.store.database import Database

CASES = 40
CLIENTS = 8
DURABLE = "-c max_connections=60 -c listen_addresses= -c shared_buffers=128MB"
_PATIENCE = 300
"""Seconds after which a client that died is noticed."""
Statement = tuple[str, Any, bool]
"""SQL, its values, whether it is run once for each of many."""


class Recorder:
    """Keeps what an engine sends, commits included."""

    def __init__(self, database: Database) -> None:
        self.sent: list[Statement] = []
        event.listen(database.engine, "before_cursor_execute", self._statement)
        event.listen(database.engine, "commit", self._commit)

    def _statement(self, _connection: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        self.sent.append((sql, values, many))

    def _commit(self, _connection: Any) -> None:
        self.sent.append(("COMMIT", (), False))

    def taken(self) -> list[Statement]:
        """What was sent since the last time."""
        sent, self.sent = self.sent, []
        return sent


def prepared(database: Database, folder: Path) -> tuple[World, list[int]]:
    """A world with sealed drafts, ready to be stamped."""
    settle(database, CALL_2021)
    world = World.of(database, folder)
    drafts = [world.draft() for _ in range(CASES)]
    for case in drafts:
        world.seal(case)
    memory.settle()  # as a process that serves does once it has started
    return world, drafts


def stamp_and_unstamp(
    database: Database, sealer: Actor, at: Any, drafts: Sequence[int], *, effect: bool = False
) -> Callable[[], int]:
    """Each draft stamped and unstamped, an act and a commit each; gives how many acts that were.

    `effect`: each act queues work, in its transaction.
    """

    def work() -> int:
        for trigger in ("stamp", "unstamp"):
            for case in drafts:
                with database.transaction() as session:
                    op = f"bench.{secrets.token_hex(8)}"
                    [one] = cases.act(session, [case], trigger, actor=sealer, at=at, op=op, remark="理由")
                    if effect:
                        queue.enqueue(session, "mail_batch", op, case)
                if not one.done:
                    raise AssertionError(one.findings)
        return 2 * len(drafts)

    return work


# ---- SQLite ----------------------------------------------------------------------------------------------------------


def against_sqlite(rounds: int, *, effect: bool = False) -> tuple[float, str]:
    """Median of (our rate / the rate of the same statements through `sqlite3`), and what was compared."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder}/act.db")
        schema.upgrade(database)
        queue.prepare(database.url)
        world, drafts = prepared(database, folder)
        work = stamp_and_unstamp(database, world.people["sealer"], world.at, drafts, effect=effect)
        work()
        recorder, ratios, each = Recorder(database), [], 0.0
        for turn in range(rounds):
            copy = folder / f"bare-{turn}.db"
            _copied(folder / "act.db", copy)
            began = time.perf_counter()
            acts = work()
            ours = time.perf_counter() - began
            sent = recorder.taken()
            each = len(sent) / acts
            ratios.append(_replayed_on_sqlite(copy, sent) / ours)
        database.close()
    return statistics.median(ratios), f"the same {each:.0f} statements an act through sqlite3, synchronous=FULL"


def _copied(source: Path, target: Path) -> None:
    """The database as it is now, by SQLite's own backup."""
    kept, made = sqlite3.connect(source), sqlite3.connect(target)
    kept.backup(made)
    kept.close()
    made.close()


def _replayed_on_sqlite(path: Path, sent: Sequence[Statement]) -> float:
    """Seconds that the statements take."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=200)
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    cursor = connection.cursor()
    began = time.perf_counter()
    for text, values, many in sent:
        if many:
            cursor.executemany(text, values)
        elif cursor.execute(text, values).description:
            cursor.fetchall()
    took = time.perf_counter() - began
    connection.close()
    return took


# ---- peers -----------------------------------------------------------------------------------------------------------

PEERS = {
    "with_transitions": "transitions + SQLAlchemy",
    "with_django_fsm": "django-fsm-2",
    "with_spiffworkflow": "SpiffWorkflow + SQLAlchemy",
}


def against_peers(rounds: int) -> tuple[float, str]:
    """Median of (our rate / the best peer's) with the same work on copies of the same database; what that work is, and
    who the peers are, stands in `tests/bench/peers`. `ZHENGJI_PEERS`: the Python that has them.
    """
    python = os.environ["ZHENGJI_PEERS"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder}/act.db")
        schema.upgrade(database)
        world, drafts = prepared(database, folder)
        work = stamp_and_unstamp(database, world.people["sealer"], world.at, drafts)
        _copied(folder / "act.db", folder / "peers.db")
        work()
        best: list[float] = []
        each: dict[str, list[float]] = {peer: [] for peer in PEERS}
        for _ in range(rounds):
            began = time.perf_counter()
            ours = work() / (time.perf_counter() - began)
            for peer in PEERS:
                each[peer].append(ours * _peer(python, peer, folder))
            best.append(min(rates[-1] for rates in each.values()))
        database.close()
    told = ", ".join(f"{PEERS[peer]} {statistics.median(rates):.1f}" for peer, rates in each.items())
    return statistics.median(best), f"times the best of: {told}"


def _peer(python: str, peer: str, folder: Path) -> float:
    """Seconds that one step takes a peer, on a copy of its own."""
    copy = folder / f"{peer}.db"
    for path in folder.glob(f"{peer}.db*"):
        path.unlink()
    _copied(folder / "peers.db", copy)
    made = subprocess.run(
        [python, "-m", f"tests.bench.peers.{peer}", str(copy), str(CASES)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise RuntimeError(f"{peer}: {made.stderr[-2000:]}")
    return float(made.stdout)


# ---- PostgreSQL ------------------------------------------------------------------------------------------------------


def against_postgresql(rounds: int, clients: int) -> tuple[float, str]:
    """The same on a PostgreSQL that keeps what it commits, by so many processes at once, through `psycopg`."""
    with tempfile.TemporaryDirectory() as name, running(DURABLE) as server:
        as_owner(server.url, sql.SQL("create role {} login").format(sql.Identifier(RUNTIME)))
        owned = new_database(server.url, "act")
        database = Database(owned.replace("postgres@", f"{RUNTIME}@", 1), owned)
        schema.upgrade(database)
        world, drafts = prepared(database, Path(name))
        database.close()
        ratios, each = [], 0.0
        with _clients(database.url, world, drafts, clients) as crew:
            for turn in range(rounds):
                copy = new_database(server.url, f"bare_{turn}", "act").replace("postgres@", f"{RUNTIME}@", 1)
                ours, sent = crew.together("act", database.url)
                bare, _ = crew.together("replay", copy)
                each = sent / (2 * len(drafts))
                ratios.append(bare / ours)
    return statistics.median(ratios), f"the same {each:.0f} statements an act through psycopg; {clients} at once"


def as_owner(url: str, statement: sql.Composable) -> None:
    """Run one statement with all rights."""
    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(statement)


class _Crew:
    """Processes that do the same thing at the same time."""

    def __init__(self, pipes: Sequence[Any]) -> None:
        self._pipes = pipes

    def together(self, what: str, url: str) -> tuple[float, int]:
        """(Seconds until the last is done, statements of all), the connecting and the first acts not counted."""
        self._say((what, url))
        self._heard()
        began = time.perf_counter()
        self._say(("go", ""))
        sent = sum(self._heard())
        took = time.perf_counter() - began
        self._say(("close", ""))  # a database that somebody is connected to cannot be copied
        self._heard()
        return took, sent

    def _say(self, what: tuple[str, str]) -> None:
        for pipe in self._pipes:
            pipe.send(what)

    def _heard(self) -> list[int]:
        for pipe in self._pipes:
            if not pipe.poll(_PATIENCE):
                raise TimeoutError("a client of the bench does not answer")
        return [pipe.recv() for pipe in self._pipes]


@contextmanager
def _clients(url: str, world: World, drafts: Sequence[int], number: int) -> Iterator[_Crew]:
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for start in range(number):
        ours, theirs = context.Pipe()
        plain = (theirs, url, world.people["sealer"], world.at, drafts[start::number])
        processes.append(context.Process(target=_client, args=plain, daemon=True))
        processes[-1].start()
        pipes.append(ours)
    yield _Crew(pipes)
    for pipe in pipes:
        pipe.send(("end", ""))
    for process in processes:
        process.join()


def _client(pipe: Any, url: str, sealer: Actor, at: Any, share: Sequence[int]) -> None:
    database = Database(url)
    work = stamp_and_unstamp(database, sealer, at, share)
    recorder, sent = Recorder(database), []
    while True:
        what, address = pipe.recv()
        if what == "end":
            return
        connection = None
        if what == "act":
            with database.reading() as session:
                session.connection()
        else:
            connection = psycopg.connect(address.replace("+psycopg", "", 1), prepare_threshold=5)
        pipe.send(0)
        pipe.recv()
        if connection is None:
            work()
            sent = recorder.taken()
        else:
            _replayed_on_postgresql(connection, sent)
            connection.close()
        pipe.send(len(sent))
        pipe.recv()
        database.close()
        pipe.send(0)


def _replayed_on_postgresql(connection: psycopg.Connection[Any], sent: Sequence[Statement]) -> None:
    cursor = connection.cursor()
    for text, values, many in sent:
        if text == "COMMIT":
            connection.commit()
        elif many:
            cursor.executemany(text, values)
        elif cursor.execute(text, values).description:
            cursor.fetchall()
