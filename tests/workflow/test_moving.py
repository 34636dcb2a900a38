"""An installation moved from SQLite to PostgreSQL: the demo, whole, with two roles; cut off at any moment, and refused."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from tests.postgres import new_database
from workflow import demo, failpoints
from workflow.audit import log, verification
from workflow.jobs import worker
from workflow.jobs.queue import client, enqueue
from workflow.jobs.sequencing import last_seen
from workflow.operation import installation, moving
from workflow.settings import Settings, from_environment
from workflow.store import calls, copies, operations, trail
from workflow.store import log as stored
from workflow.store.database import Database, next_id
from workflow.store.files import Files

pytestmark = pytest.mark.once

RUNTIME = "zhengji_moved"
NAMES = count(1)
WAITING = "mail_batch/1/waiting"
"""The key of work that was queued and not begun."""


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with the demo, signed checkpoints and work that waits in the queue; nobody changes it."""
    home = tmp_path_factory.mktemp("moving")
    settings = from_environment({"ZHENGJI_HOME": str(home), "ZHENGJI_DEMO": "1"})
    stored.forget()
    database = installation.open_database(settings)
    demo.build(database, Files(settings.documents_url), settings)
    signer = log.signer(database, Path(settings.audit_key), datetime.now(UTC))
    signed = log.checkpoint(database, signer, datetime.now(UTC))
    assert signed is not None
    log.remember(last_seen(settings), signed.note)
    with database.transaction() as session:
        enqueue(session, "mail_batch", WAITING, 1)
    database.close()
    return home


@pytest.fixture
def settings(demo_home: Path, tmp_path: Path) -> Settings:
    """A copy of it."""
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    stored.forget()
    calls.forget()
    return from_environment({"ZHENGJI_HOME": str(home), "ZHENGJI_DEMO": "1"})


@pytest.fixture
def target(postgres_server: str) -> Iterator[tuple[str, str]]:
    """Addresses of an empty database: as the program will use it, and as its owner."""
    name = f"moved_{os.getpid()}_{next(NAMES)}"
    plain = postgres_server.replace("+psycopg", "", 1)
    with psycopg.connect(plain, autocommit=True) as connection, suppress(psycopg.errors.DuplicateObject):
        connection.execute(f"CREATE ROLE {RUNTIME} LOGIN")
    owner = new_database(postgres_server, name)
    yield owner.replace("postgres@", f"{RUNTIME}@", 1), owner
    stored.forget()
    calls.forget()
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def rows_of(settings: Settings) -> dict[str, int]:
    """Rows by table."""
    with closing(sqlite3.connect(copies.file_of(settings.database_url))) as source:
        names = [row[0] for row in source.execute("select name from sqlite_master where type = 'table' order by name")]
        return {name: source.execute(f"select count(*) from {name}").fetchone()[0] for name in names}


def test_the_whole_demo_is_moved_and_goes_on_where_it_was(settings: Settings, target: tuple[str, str]):
    before = rows_of(settings)
    told: list[str] = []
    done = moving.move(settings, *target, tell=lambda what, _done, _total: told.append(what.en))
    ours = {name: one.rows for name, one in done.tables.items()}
    own = ("alembic_version", "dbos_migrations", "schema_step", "case_words")
    assert {name: rows for name, rows in before.items() if not name.startswith(own)} == {
        name.removeprefix("dbos."): rows for name, rows in ours.items()
    }
    assert ours["cases"] > 10
    assert ours["dbos.workflow_status"] > 0
    assert ours["job"] > 0
    assert {"Copying rows audit_event", "Comparing rows dbos.workflow_status", "Verifying the trail"} <= set(told)
    assert done.settings == {"ZHENGJI_DATABASE_URL": target[0], "ZHENGJI_OWNER_DATABASE_URL": target[1]}
    moved = replace(settings, database_url=target[0], owner_database_url=target[1])
    stored.forget()
    there = installation.open_to_serve(moved)
    with there.reading() as session:
        head = stored.head(session)
        assert (
            session.scalar(text("select status from dbos.workflow_status where workflow_uuid like '%waiting'"))
            == "ENQUEUED"
        )
        assert session.scalar(text("select count(*) from case_words where revision > 0")) == before["cases"]
    assert head.size == before["audit_event"] + 1
    with there.transaction() as session:  # ids go on, and the runtime's role may do what it must
        assert next_id(session, "cases") == before["cases"] + 1
        stream = trail.daily(session, "demo", datetime.now(UTC))
        receipts = trail.append(
            session, [trail.Entry(stream, "demo.move_clock", "done", datetime.now(UTC), moving.SYSTEM, {})]
        )
    assert receipts
    worker.launch(moved, there, poll=0.02)  # what waited in the queue is done there
    try:
        assert "no mail server" in client(there.engine).retrieve_workflow(WAITING).get_result(polling_interval_sec=0.02)
    finally:
        worker.stop()
    log.sequence(there)
    assert verification.verify(there, demo=True).holds
    there.close()


def test_nothing_in_the_source_changes_but_the_entry_which_is_the_same_in_both(
    settings: Settings, target: tuple[str, str]
):
    before = rows_of(settings)
    moving.move(settings, *target)
    after = rows_of(settings)
    changed = {name: after[name] - rows for name, rows in before.items() if after[name] != rows}
    assert {name: more for name, more in changed.items() if name != "audit_private"} == {
        "audit_event": 1,
        "audit_log": 1,
    }
    bodies, heads = [], []
    for url in (settings.database_url, target[0]):
        database = Database(url)
        with database.reading() as session:
            bodies.append(operations.said(session, "system.move"))
            heads.append(stored.head(session))
        database.close()
    assert bodies[0] == bodies[1]
    assert heads[0] == heads[1]
    [said] = bodies[0]
    assert said["tables"]["cases"]["rows"] == before["cases"]
    assert "postgres" not in json.dumps(said["to"]).replace("zhengji-pg", "")


def test_the_source_serves_no_more_unless_a_reason_is_given(settings: Settings, target: tuple[str, str]):
    moving.move(settings, *target)
    with pytest.raises(moving.MovedAway, match="database stay"):
        installation.open_to_serve(settings)
    with pytest.raises(moving.MovedAway):
        moving.move(settings, *target)
    database = Database(settings.database_url)
    with pytest.raises(moving.ReasonNeeded):
        moving.stay(database, " ", at=datetime.now(UTC))
    assert moving.stay(database, "the server was given back", at=datetime.now(UTC)) is True
    assert moving.stay(database, "again", at=datetime.now(UTC)) is False
    database.close()
    installation.open_to_serve(settings).close()


@pytest.mark.parametrize("place", ["transfer.table_copied", "move.before_commit", "move.copied", "move.marked_there"])
def test_a_move_that_is_cut_off_is_begun_again(place: str, settings: Settings, target: tuple[str, str]):
    before = rows_of(settings)
    at = 5 if place.startswith("transfer") else 1
    with failpoints.armed(place, failpoints.fail, at=at), pytest.raises(failpoints.Struck):
        moving.move(settings, *target)
    assert rows_of(settings) == before
    installation.open_to_serve(settings).close()
    done = moving.move(settings, *target)
    assert (done.again, done.entries) == (place in ("move.copied", "move.marked_there"), before["audit_event"] + 1)
    with pytest.raises(moving.MovedAway):
        installation.open_to_serve(settings)


def test_a_source_that_somebody_uses_is_not_moved(settings: Settings, target: tuple[str, str]):
    database = Database(settings.database_url)
    with database.reading() as session:
        session.execute(text("select 1 from cases limit 1")).all()
        with pytest.raises(moving.transfer.InUse, match="Stop zhengji run first"):
            moving.move(settings, *target)
    database.close()
    assert copies.anything(target[1]) == ""


def test_a_target_that_holds_anything_is_refused(settings: Settings, target: tuple[str, str]):
    with psycopg.connect(target[1].replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute("create table somebody_elses (id integer)")
    with pytest.raises(moving.CannotMove, match="somebody_elses"):
        moving.move(settings, *target)


def test_a_target_in_which_somebody_works_is_refused(settings: Settings, target: tuple[str, str]):
    used = replace(settings, database_url=target[0], owner_database_url=target[1])
    stored.forget()
    database = installation.open_database(used)
    installation.furnish(database)
    log.sequence(database)
    database.close()
    stored.forget()
    with pytest.raises(moving.CannotMove, match="not empty"):
        moving.move(settings, *target)


def test_what_postgresql_does_not_take_is_named_and_nothing_is_moved(settings: Settings, target: tuple[str, str]):
    with closing(sqlite3.connect(copies.file_of(settings.database_url))) as source, source:
        source.execute("insert into setting (name, value) values (?, 'x')", ("n" * 61,))
    with pytest.raises(moving.transfer.NotCarried, match=r"setting.*character varying"):
        moving.move(settings, *target)
    with psycopg.connect(target[1].replace("+psycopg", "", 1)) as connection:
        assert connection.execute("select count(*) from audit_event").fetchone() == (0,)


def test_a_table_that_nobody_knows_is_not_left_behind_quietly(settings: Settings, target: tuple[str, str]):
    with closing(sqlite3.connect(copies.file_of(settings.database_url))) as source, source:
        source.execute("create table notes_of_somebody (id integer)")
    with pytest.raises(moving.transfer.NotCarried, match="notes_of_somebody"):
        moving.move(settings, *target)


def test_rows_that_differ_in_the_target_are_found(settings: Settings, target: tuple[str, str]):
    with failpoints.armed("move.copied", failpoints.fail), pytest.raises(failpoints.Struck):
        moving.move(settings, *target)
    with psycopg.connect(target[1].replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute("update cases set title = title || '!' where id = 3")
        connection.execute(
            "delete from document where id = (select max(id) from document where id not in (select document_id from seal))"
        )
    with pytest.raises(moving.NotTheSame) as refused:
        moving.move(settings, *target)
    assert len(refused.value.problems) == 2
    assert {"the contents of cases differ"} < {one.en for one in refused.value.problems}


def test_a_forged_trail_is_not_moved(settings: Settings, target: tuple[str, str]):
    with closing(sqlite3.connect(copies.file_of(settings.database_url))) as source, source:
        source.execute("drop trigger audit_event_no_update")
        source.execute("update audit_event set body = replace(body, 'done', 'gone') where uid = 40")
    with pytest.raises(moving.NotTheSame):
        moving.move(settings, *target)


def test_only_sqlite_moves_and_only_to_postgresql(settings: Settings, target: tuple[str, str], tmp_path: Path):
    with pytest.raises(moving.CannotMove, match="PostgreSQL already"):
        moving.move(replace(settings, database_url=target[0]), *target)
    with pytest.raises(moving.CannotMove, match=r"postgresql\+psycopg"):
        moving.move(settings, f"sqlite:///{tmp_path / 'other.db'}")
