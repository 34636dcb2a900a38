"""A migration killed halfway, and tables that are there in part: run again, it completes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.postgres import Server, new_database
from workflow.store import schema
from workflow.store.database import Database

ROOT = Path(__file__).parents[2]

UPGRADE = """
import sys
from workflow.store import schema
from workflow.store.database import Database
schema.upgrade(Database(sys.argv[1]))
"""


@pytest.fixture
def empty(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: Server = request.getfixturevalue("durable_server")
    yield new_database(server.url, "halfway")
    with psycopg.connect(server.url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier("halfway")))


@pytest.mark.parametrize("place", ["migration.queue_ready", "migration.before_commit"])
@pytest.mark.parametrize("strike", ["kill", "raise"])
def test_a_migration_cut_off_is_completed_by_the_next(place: str, strike: str, empty: str) -> None:
    cut_off = subprocess.run(
        [sys.executable, "-c", UPGRADE, empty],
        cwd=ROOT,
        env={**os.environ, "ZHENGJI_TESTING": "1", "ZHENGJI_FAILPOINTS": f"{place}={strike}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert cut_off.returncode == (-signal.SIGKILL if strike == "kill" else 1), cut_off.stderr
    database = Database(empty)
    assert not schema.at_head(database)
    schema.upgrade(database)
    assert schema.at_head(database)
    assert schema.differences(database) == []
    database.close()


def test_two_that_migrate_at_once_take_turns(empty: str) -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", UPGRADE, empty], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [(one.wait(), one.communicate()[1]) for one in both] == [(0, ""), (0, "")]
    database = Database(empty)
    assert schema.at_head(database)
    database.close()
