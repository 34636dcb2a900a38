"""Everything killed at random moments: nothing that people were told is lost, nothing happens twice."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults import ledger
from tests.faults.country import Country, busy, country
from tests.faults.crowd import Ordeal
from tests.faults.players import Wish
from tests.faults.waiting import until
from tests.postgres import Server, running
from tests.workflow.receivers import Mailbox
from tests.worlds import Databases
from workflow.store import log

SECONDS = float(os.environ.get("ZHENGJI_SOAK_SECONDS", "10"))
"""How long each of the ordeals lasts."""
ROUNDS = 5
"""How many rounds there are at least, however slow the machine is."""
SEED = int(os.environ.get("ZHENGJI_SOAK_SEED", "205"))

# Writing ahead only when the server feels like it: what it said it had committed may be gone.
CARELESS = (
    "-c fsync=on -c synchronous_commit=off -c wal_writer_delay=10000 -c wal_writer_flush_after=1GB"
    " -c max_connections=100 -c listen_addresses="
)


def report(ordeal: Ordeal, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n  seed {ordeal.seed}: {dict(ordeal.broken)}")


def test_the_process_killed_at_random(
    here: Country, tmp_path: Path, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    ordeal = Ordeal(here, tmp_path, mailbox, SEED)
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends or ordeal.broken["killed"] < ROUNDS:
        with ordeal.round():
            ordeal.moment()
            ordeal.broken["killed"] += 1
    found = ordeal.settle()
    report(ordeal, capsys)
    assert not found, ledger.summary(found)


# ---- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def theirs(database_kind: str) -> None:
    if database_kind != "postgresql":
        pytest.skip("a database that is a process of its own")


@pytest.fixture
def ours(database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("about files")


@pytest.fixture
def durable(theirs: None, durable_databases: Databases, tmp_path: Path) -> Iterator[Country]:
    """The country on a server that keeps its word."""
    with country(durable_databases, tmp_path) as made:
        yield made


def cut_off(server: Server, ordeal: Ordeal) -> None:
    """Every connection to the country's database is ended, whatever it was doing."""
    with psycopg.connect(server.url.replace("+psycopg", "", 1), autocommit=True) as connection:
        name = ordeal.here.world.database.engine.url.database
        ended = connection.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = %s", [name]
        ).fetchone()
    ordeal.broken["connections cut"] += ended[0] if ended else 0


def crash(server: Server, ordeal: Ordeal) -> None:
    """The server stops without a word, and recovers."""
    ordeal.up.clear()
    server.stop("immediate")
    server.start()
    ordeal.up.set()
    ordeal.broken["servers crashed"] += 1


def test_the_database_killed_at_random(
    durable: Country, durable_server: Server, tmp_path: Path, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    ordeal = Ordeal(durable, tmp_path, mailbox, SEED + 1)
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        with ordeal.round():
            for _ in range(3):
                ordeal.moment()
                ordeal.some.choice([cut_off, cut_off, crash])(durable_server, ordeal)
            ordeal.moment()
    found = ordeal.settle()
    report(ordeal, capsys)
    assert not found, ledger.summary(found)


def test_a_process_goes_on_after_its_database_crashed(
    durable: Country, durable_server: Server, tmp_path: Path, mailbox: Mailbox
) -> None:
    """Web, queue and sequencer find the server again by themselves."""
    ordeal = Ordeal(durable, tmp_path, mailbox, SEED + 3)
    player, somebody = ordeal.player(), ordeal.crowd[0]
    crash(durable_server, ordeal)
    somebody.pending = Wish("0.1", "push", "liaison", durable.published[0])
    ordeal.kept.asked(somebody.pending)
    somebody.settle(player)
    until(lambda: not busy(durable.world.database))

    def in_order() -> bool:
        with durable.world.database.reading() as session:
            return not log.waiting(session)

    until(in_order)
    player.leave()
    found = ordeal.settle()
    assert not found, ledger.summary(found)


def test_a_server_that_breaks_its_word_is_found_out(
    theirs: None, tmp_path: Path, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """The control: with synchronous_commit=off a crash loses what people were told, and the ledger says so."""
    with running(CARELESS) as server:
        databases = Databases(server.url, tmp_path)
        with country(databases, tmp_path) as made:
            ordeal = Ordeal(made, tmp_path, mailbox, SEED + 2)
            for turn in (1, 2, 3):  # now and then what was said to be committed had just been written
                with ordeal.round():
                    until_told(ordeal, 20 * turn)
                    crash(server, ordeal)
            found = ordeal.settle()
            report(ordeal, capsys)
        databases.close()
    assert [one for one in found if one.startswith("lost")], "losses were not noticed"


# ---- SQLite ----------------------------------------------------------------------------------------------------------


def until_told(ordeal: Ordeal, many: int) -> None:
    until(lambda: len(ordeal.kept.read().receipts) >= many)


def test_writes_that_never_reached_the_disk_are_found_out(
    ours: None, here: Country, tmp_path: Path, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """The control for SQLite, which a killed process cannot make lose anything: an earlier copy of its files."""
    ordeal = Ordeal(here, tmp_path, mailbox, SEED + 2)
    with ordeal.round():
        until_told(ordeal, 5)
    name = Path(str(here.world.database.engine.url.database))
    for path in name.parent.glob(f"{name.name}*"):
        shutil.copyfile(path, tmp_path / path.name)
    with ordeal.round():
        until_told(ordeal, 30)
    for path in name.parent.glob(f"{name.name}*"):
        path.unlink()
    for path in tmp_path.glob(f"{name.name}*"):
        shutil.copyfile(path, name.parent / path.name)
    found = ordeal.settle()
    report(ordeal, capsys)
    assert [one for one in found if one.startswith("lost")], "losses were not noticed"
