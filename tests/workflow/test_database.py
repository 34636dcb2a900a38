"""The database: its migrations agree with the models, run once, and leave every trigger standing."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from tests.worlds import World
from workflow.settings import from_environment
from workflow.store import schema
from workflow.store.database import Database, limits, next_id

pytestmark = pytest.mark.database


def test_migrations_and_models_agree(database: Database) -> None:
    assert schema.differences(database) == []


def test_a_migrated_database_is_at_head_and_migrating_again_changes_nothing(database: Database) -> None:
    assert schema.at_head(database)
    schema.upgrade(database)
    assert schema.at_head(database)


def test_an_empty_database_is_not_at_head(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    assert not schema.at_head(empty)
    schema.upgrade(empty)
    assert schema.at_head(empty)
    empty.close()


def test_a_migration_ends_only_with_every_trigger_standing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {kind: names | {"audit_event_no_wonder"} for kind, names in schema.TRIGGERS.items()}
    monkeypatch.setattr(schema, "TRIGGERS", missing)
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(schema.SchemaBroken, match="the trigger audit_event_no_wonder is missing"):
        schema.upgrade(empty)
    assert not schema.at_head(empty)
    empty.close()


def test_tables_of_the_queue_are_not_ours_to_change(database: Database) -> None:
    owner = create_engine(database.owner_url)
    with owner.begin() as connection:
        connection.execute(text("create table somebody_elses (id integer primary key)"))
    owner.dispose()
    assert schema.differences(database) == []


def test_a_transaction_commits_at_its_end_and_rolls_back_on_an_exception(database: Database) -> None:
    insert = text("insert into setting (name, value) values (:name, 'x')")
    with database.transaction() as session:
        session.execute(insert, {"name": "kept"})

    def fail() -> None:
        with database.transaction() as session:
            session.execute(insert, {"name": "lost"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.reading() as session:
        assert list(session.scalars(text("select name from setting"))) == ["kept"]


def test_foreign_keys_hold_on_every_connection(database: Database) -> None:
    dangling = text("insert into centre (name, host_unit, kind, office_id) values ('甲', '乙', 'tisc', 77)")
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(dangling)


def test_a_reader_waits_for_no_writer(database: Database) -> None:
    insert = text("insert into setting (name, value) values ('a', 'x')")
    with database.transaction() as writing:
        writing.execute(insert)
        with database.reading() as session:
            assert list(session.scalars(text("select name from setting"))) == []


WAITS = {
    "sqlite": ("pragma busy_timeout",),
    "postgresql": ("show lock_timeout", "show statement_timeout", "show idle_in_transaction_session_timeout"),
}
PAGES = {"sqlite": ["2500"], "postgresql": ["2500ms", "7s", "5min"]}
COMMANDS = {"sqlite": ["2500"], "postgresql": ["2500ms", "0", "0"]}


def test_waiting_ends_as_set_and_commands_may_go_over_everything(database: Database) -> None:
    kind = database.engine.dialect.name
    said = {
        "ZHENGJI_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "ZHENGJI_LOCK_SECONDS": "2.5",
        "ZHENGJI_STATEMENT_SECONDS": "7",
        "ZHENGJI_CONNECTIONS": "3",
    }
    settings = from_environment(said)
    found = []
    for one in (Database.for_pages(settings), Database(settings.database_url, limits=limits(settings))):
        with one.reading() as session:
            found.append([str(session.scalar(text(ask))) for ask in WAITS[kind]])
            session.rollback()  # what was set stays
            found.append([str(session.scalar(text(ask))) for ask in WAITS[kind]])
        assert one.engine.pool.size() == 3
        one.close()
    assert found == [PAGES[kind]] * 2 + [COMMANDS[kind]] * 2


def test_one_writer_at_a_time_on_sqlite_and_a_number_for_each_on_postgresql(database: Database) -> None:
    if not database.embedded:
        with database.transaction() as first, database.transaction() as second:
            assert next_id(first, "cases") != next_id(second, "cases")
        return
    impatient = sqlite3.connect(database.url.removeprefix("sqlite:///"), timeout=0, isolation_level=None)
    with database.transaction() as session:
        session.execute(text("select count(*) from cases"))
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            impatient.execute("BEGIN IMMEDIATE")
    impatient.execute("BEGIN IMMEDIATE")
    impatient.close()


def test_numbers_follow_each_other_and_are_never_given_twice(world: World) -> None:
    assert [world.draft(), world.draft(), world.draft()] == [1, 2, 3]


def test_a_database_that_was_copied_is_whole(world: World, tmp_path: Path) -> None:
    if not world.database.embedded:
        return
    case = world.case()
    world.database.close()
    copy = tmp_path / "copy.db"
    shutil.copyfile(world.database.url.removeprefix("sqlite:///"), copy)
    again = Database(f"sqlite:///{copy}")
    with again.reading() as session:
        assert session.scalar(text("select state from cases where id = :id"), {"id": case}) == "draft"
        assert session.execute(text("pragma foreign_key_check")).all() == []
    again.close()
