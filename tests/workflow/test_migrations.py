"""Migrations: each says what it is; what is called additive only adds; long ones hold nobody up."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, insert, inspect, select, text
from sqlalchemy.pool import NullPool

from rules.words import Text
from tests.postgres import new_database
from tests.worlds import World
from workflow import failpoints
from workflow.store import schema, steps
from workflow.store.database import Database
from workflow.store.migrations import Kind
from workflow.store.models import AuditEvent, Setting

pytestmark = pytest.mark.database
SHIPPED = steps.MIGRATIONS
KNOWN = {one.revision: one for one in steps.steps()}
HEAD = list(KNOWN)[-1]

# ---- what each says of itself ----------------------------------------------------------------------------------------


@pytest.mark.once
def test_every_step_says_what_it_is_in_both_languages_and_does_one_kind_of_thing():
    assert list(KNOWN) == [f"{number:04}" for number in range(1, len(KNOWN) + 1)]
    for path in sorted((SHIPPED / "versions").glob("v*.py")):
        step = KNOWN[path.name[1:5]]
        assert isinstance(step.kind, Kind)
        assert re.search("[\u4e00-\u9fff]", step.words.zh)
        assert step.words.en
        assert not re.search("[\u4e00-\u9fff]", step.words.en)
        does = path.read_text("utf-8").partition("def upgrade() -> None:")[2].strip()
        bare = does == '"""Nothing besides."""'
        assert bare is bool(step.indexes or step.batch), path.name
        assert step.batch is None or step.kind is Kind.MIGRATE
        assert not step.indexes or step.kind is Kind.EXPAND


# ---- what is additive only adds --------------------------------------------------------------------------------------

Shape = dict[str, Any]
HARMLESS = frozenset(
    {"audit_event_pending"} | {f"call_standing_{one}" for one in ("in_step", "no_delete", "no_replace", "no_truncate")}
)
"""Triggers on tables of the version before that refuse nothing which that version does."""


def shape(connection: Connection) -> Shape:
    """Tables with their columns and constraints, and triggers with their tables."""
    seen = inspect(connection)
    tables = {}
    for table in seen.get_table_names():
        held = [seen.get_pk_constraint(table), *seen.get_unique_constraints(table), *seen.get_check_constraints(table)]
        held += seen.get_foreign_keys(table)
        tables[table] = {
            "columns": {
                one["name"]: (repr(one["type"]), one["nullable"], one["default"]) for one in seen.get_columns(table)
            },
            "constraints": {
                str(one["name"]): repr({key: one[key] for key in sorted(one) if key != "comment"}) for one in held
            },
            "indexes": {
                one["name"]: (tuple(one["column_names"]), bool(one["unique"])) for one in seen.get_indexes(table)
            },
        }
    asked = {
        "sqlite": "select name, tbl_name from sqlite_master where type = 'trigger'",
        "postgresql": "select tgname, tgrelid::regclass::text from pg_trigger where not tgisinternal",
    }[connection.dialect.name]
    return {"tables": tables, "triggers": {name: table for name, table in connection.execute(text(asked))}}


def replaced(name: str, was: Shape, now: Shape) -> bool:
    """Whether it is an index in whose place there is one that begins alike: that answers the same."""
    columns, only = was["indexes"].get(name, ((), True))
    return (
        not only
        and name not in now["indexes"]
        and any(one[: len(columns)] == columns for one, _ in now["indexes"].values())
    )


def allows_more(name: str, was: Shape, now: Shape) -> bool:
    """Whether it is a list of allowed words that has all that it had: the version before writes no others."""
    before, after = was["constraints"][name], now["constraints"].get(name, "")
    words, more = (set(re.findall(r"'(\w+)'", one)) for one in (before, after))
    lists = [re.sub(r"'\w+'(?:::\w+(?: \w+)?)?(?:, )?", "", one) for one in (before, after)]
    return "known_" in name and words < more and lists[0] == lists[1]


def taken_away(before: Shape, after: Shape) -> list[str]:
    """What a version that knew `before` would miss, or stumble over."""
    found = []
    for table, was in before["tables"].items():
        now = after["tables"].get(table)
        if now is None:
            found.append(f"the table {table} is gone")
            continue
        for what in ("columns", "constraints", "indexes"):
            changed = [name for name in was[what] if now[what].get(name) != was[what][name]]
            changed = [name for name in changed if not (what == "constraints" and allows_more(name, was, now))]
            found += [f"{table}: {what} {name} changed" for name in changed if not replaced(name, was, now)]
        fresh = {name: one for name, one in now["columns"].items() if name not in was["columns"]}
        found += [
            f"{table}.{name} must be given"
            for name, (_, null, default) in fresh.items()
            if not null and default is None
        ]
        found += [f"{table}: new constraint {name}" for name in now["constraints"] if name not in was["constraints"]]
        unique = [name for name, (_, only) in now["indexes"].items() if only and name not in was["indexes"]]
        found += [f"{table}: new unique index {name}" for name in unique]
    for name, table in before["triggers"].items():
        found += [] if after["triggers"].get(name) == table else [f"the trigger {name} is gone"]
    fresh_triggers = {name for name, table in after["triggers"].items() if table in before["tables"]}
    return found + [f"new trigger {name}" for name in fresh_triggers - before["triggers"].keys() - HARMLESS]


@contextmanager
def as_owner(database: Database) -> Iterator[Connection]:
    engine = create_engine(database.owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def empty(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with nothing in it."""
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    if database_kind == "postgresql":
        url = new_database(request.getfixturevalue("postgres_server"), f"empty_{tmp_path.name[-20:]}".replace("-", "_"))
    made = Database(url)
    yield made
    made.close()


def by_steps(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[steps.Step, Shape, Shape]]:
    """Take every step by itself: the step, what was there before it and after it."""
    monkeypatch.setattr(schema, "TRIGGERS", {"sqlite": frozenset(), "postgresql": frozenset()})
    every, before = steps.steps(), {"tables": {}, "triggers": {}}
    for number, step in enumerate(every, 1):
        monkeypatch.setattr(steps, "steps", lambda upto=number: every[:upto])
        schema.upgrade(database)
        with as_owner(database) as connection:
            after = shape(connection)
        yield step, before, after
        before = after


def test_a_step_that_is_no_contraction_takes_nothing_away(empty: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "_record", lambda *_: None)  # the trail is not there from the first step on
    for step, before, after in by_steps(empty, monkeypatch):
        if step.kind is not Kind.CONTRACT:
            assert (step.revision, taken_away(before, after)) == (step.revision, [])
    assert schema.differences(empty) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("alter table setting add column more varchar(10)", []),
        ("alter table setting add column more varchar(10) default '' not null", []),
        ("create index ix_setting_value on setting (value)", []),
        ("alter table setting drop column value", ["setting: columns value changed"]),
        (
            "alter table setting rename column value to worth",
            ["setting: columns value changed", "setting.worth must be given"],
        ),
        ("create unique index uq_setting_value on setting (value)", ["setting: new unique index uq_setting_value"]),
        ("drop table setting", ["the table setting is gone"]),
        ("drop index ix_case_english_case_id_id", ["case_english: indexes ix_case_english_case_id_id changed"]),
        ("drop trigger audit_event_no_update", ["the trigger audit_event_no_update is gone"]),
    ],
)
def test_what_would_stop_the_version_before_is_found(statement: str, found: list[str], database: Database):
    if not database.embedded and "trigger" in statement:
        statement += " on audit_event"
    with as_owner(database) as connection:
        before = shape(connection)
        connection.execute(text(statement))
        assert taken_away(before, shape(connection)) == found


# ---- further steps, as a later version would bring them --------------------------------------------------------------

STEP = '''"""A step of tests."""
import sqlalchemy as sa
from alembic import op
from rules.words import Text
from workflow.store.migrations import Kind, NewIndex
revision = "{revision}"
down_revision = "{before}"
kind = Kind.{kind}
words = Text("试", "a try")
'''
EXPAND = 'def upgrade() -> None:\n    op.add_column("setting", sa.Column("note", sa.Text(), nullable=True))\n'
INDEX = 'INDEXES = (NewIndex("ix_setting_note", "setting", ("note",)),)\ndef upgrade() -> None:\n    """Nothing besides."""\n'
MIGRATE = '''
AT_ONCE = 3
def batch(connection):
    chosen = "select name from setting where note is null order by name limit 3"
    done = connection.execute(sa.text(f"update setting set note = value where name in ({chosen})"))
    return done.rowcount
def upgrade() -> None:
    """Nothing besides."""
'''
CONTRACT = 'def upgrade() -> None:\n    op.drop_index("ix_setting_note")\n    op.drop_column("setting", "note")\n'
Later = Callable[..., None]


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Later:
    """`later(("EXPAND", EXPAND), …)`: from now on the program is a version with these steps besides; none: today's."""

    def version(*more: tuple[str, str]) -> None:
        folder = tmp_path / f"version_{len(list(tmp_path.glob('version_*')))}"
        shutil.copytree(SHIPPED, folder)
        before = HEAD
        for number, (kind, does) in enumerate(more, int(HEAD) + 1):
            words = STEP.format(revision=f"{number:04}", before=before, kind=kind)
            (folder / "versions" / f"v{number:04}_more.py").write_text(words + does, "utf-8")
            before = f"{number:04}"
        monkeypatch.setattr(steps, "MIGRATIONS", folder)

    return version


EVERY = (("EXPAND", EXPAND), ("EXPAND", INDEX), ("MIGRATE", MIGRATE))


def put_settings(database: Database, names: str) -> None:
    with database.transaction() as session:
        for name in names:
            session.execute(insert(Setting).values(name=name, value=name))


def notes(database: Database) -> Mapping[str, str]:
    with database.reading() as session:
        return {name: note for name, note in session.execute(text("select name, note from setting order by name"))}


def test_long_steps_go_in_batches_between_which_the_old_version_writes(database: Database, later: Later):
    put_settings(database, "abcdefg")
    later(*EVERY)
    rows: list[int] = []

    def write() -> None:
        put_settings(database, "hij"[len(rows) % 3])

    with failpoints.armed("migration.batch", write):
        taken = schema.upgrade(database, tell=lambda told: rows.append(told.rows))
    assert [one.revision for one in taken] == [f"{int(HEAD) + number:04}" for number in (1, 2, 3)]
    assert schema.at_head(database)
    assert rows == [0, 0, 0, 3, 6, *([8] if not database.embedded else [7])]
    assert set(notes(database).values()) == set(notes(database))
    with as_owner(database) as connection:
        assert "ix_setting_note" in {one["name"] for one in inspect(connection).get_indexes("setting")}


def test_an_upgrade_is_on_record_with_its_steps(world: World, later: Later):
    later(*EVERY)
    schema.upgrade(world.database)
    with world.database.reading() as session:
        body = json.loads(session.scalars(select(AuditEvent.body).where(AuditEvent.action == "system.migrate")).one())
        kept = session.execute(text("select revision, kind from schema_step order by revision")).all()
    assert (body["from"], [one["kind"] for one in body["steps"]]) == (HEAD, ["expand", "expand", "migrate"])
    assert [kind for revision, kind in kept if revision > HEAD] == ["expand", "expand", "migrate"]


def test_the_version_before_goes_on_and_starts_again_on_an_expanded_database(database: Database, later: Later):
    later(*EVERY)
    schema.upgrade(database)
    later()
    standing = schema.standing(database)
    assert (standing.serves, schema.at_head(database), list(schema.upgrade(database))) == (True, False, [])
    put_settings(database, "a")
    with database.reading() as session:
        assert session.scalar(text("select value from setting")) == "a"


def test_a_contraction_waits_until_it_is_said_that_the_old_version_has_ended(database: Database, later: Later):
    contracted = (*EVERY, ("CONTRACT", CONTRACT))
    later(*contracted)
    schema.upgrade(database)
    standing = schema.standing(database)
    if not database.embedded:  # where one process serves, it has ended
        assert ([str(one.kind) for one in standing.pending], standing.serves) == (["contract"], True)
        assert not schema.upgrade(database)
        assert [str(one.kind) for one in schema.upgrade(database, contract=True)] == ["contract"]
    assert schema.at_head(database)
    later(("EXPAND", EXPAND))
    with pytest.raises(schema.NewerDatabase):
        schema.upgrade(database)


def test_who_skips_a_version_is_told_to_end_the_old_one_first(database: Database, later: Later):
    if database.embedded:
        return
    later(*EVERY, ("CONTRACT", CONTRACT), ("EXPAND", EXPAND.replace("note", "other")))
    with pytest.raises(schema.ContractionNeeded):
        schema.upgrade(database)
    assert (schema.standing(database).revision, schema.standing(database).serves) == (HEAD, False)
    schema.upgrade(database, contract=True)
    assert schema.at_head(database)


def test_a_database_of_an_unknown_version_is_not_served(database: Database):
    with as_owner(database) as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    assert not schema.standing(database).serves
    with pytest.raises(schema.NewerDatabase, match="9999"):
        schema.upgrade(database)


def test_an_empty_database_takes_every_step_contractions_too(empty: Database, later: Later):
    later(*EVERY, ("CONTRACT", CONTRACT))
    schema.upgrade(empty)
    assert schema.at_head(empty)


# ---- nobody is held up (PostgreSQL) ----------------------------------------------------------------------------------


def test_a_step_that_does_not_get_its_table_lets_the_others_through_and_tries_again(
    database: Database, later: Later, monkeypatch: pytest.MonkeyPatch
):
    if database.embedded:
        return
    monkeypatch.setattr(schema, "LOCK_SECONDS", 0.2)
    put_settings(database, "a")
    later(("EXPAND", EXPAND))
    blocked: list[str] = []
    with database.reading() as long:
        long.execute(text("select * from setting")).all()  # somebody's export, say

        def look_and_end() -> None:
            with database.transaction() as session:
                session.execute(text("set local lock_timeout = '1s'"))
                blocked.append(str(session.scalar(text("update setting set value = 'b' returning value"))))
            long.rollback()

        with failpoints.armed("migration.blocked", look_and_end):
            schema.upgrade(database)
    assert (blocked, schema.at_head(database)) == (["b"], True)


def test_a_step_that_never_gets_its_table_gives_up_and_says_so(
    database: Database, later: Later, monkeypatch: pytest.MonkeyPatch
):
    if database.embedded:
        return
    monkeypatch.setattr(schema, "LOCK_SECONDS", 0.1)
    monkeypatch.setattr(schema, "TRIES", 2)
    later(("EXPAND", EXPAND))
    with database.reading() as long:
        long.execute(text("select * from setting")).all()
        with pytest.raises(schema.TableBusy):
            schema.upgrade(database)
    assert schema.standing(database).revision == HEAD
    assert [one.words for one in schema.upgrade(database)] == [Text("试", "a try")]


def test_an_index_that_was_cut_off_while_it_was_built_is_built_anew(database: Database, later: Later):
    if database.embedded:
        return
    later(("EXPAND", EXPAND), ("EXPAND", INDEX))
    with failpoints.armed("migration.index_built", failpoints.fail), pytest.raises(failpoints.Struck):
        schema.upgrade(database)
    with as_owner(database) as connection:  # as it is left when building it is interrupted
        connection.execute(
            text("update pg_index set indisvalid = false where indexrelid = 'ix_setting_note'::regclass")
        )
    schema.upgrade(database)
    with as_owner(database) as connection:
        asked = text("select indisvalid from pg_index where indexrelid = 'ix_setting_note'::regclass")
        assert connection.scalar(asked) is True
    assert schema.at_head(database)
