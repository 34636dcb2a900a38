"""What the program's own connections cannot do to the trail, whatever statement reaches them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from features.steps.objections import object_to
from states.case import CaseState
from tests.judges import invited
from tests.worlds import CALL_2021, Databases, World, world_under
from workflow.audit import log
from workflow.calls import call_standing, shipped_calls
from workflow.store import guard, schema
from workflow.store.database import Database
from workflow.store.models import Base

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def lived(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A trail that only ever is attacked in vain, so one is enough."""
    folder = tmp_path_factory.mktemp("guards")
    with world_under(databases, CALL_2021, folder) as world:
        yield signed(world, folder)


@pytest.fixture(scope="module")
def examined(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Under a call that has cases judged and hears objections: one of each."""
    with world_under(databases, EXAMINING, tmp_path_factory.mktemp("examined")) as world:
        yield judged_and_objected(world)


[EXAMINING] = [path for path in shipped_calls() if path.stem == "example-2024"]


def judged_and_objected(world: World) -> World:
    invited(world, world.case(CaseState.SUBMITTED))
    chosen = world.case(CaseState.SUBMITTED)
    world.act(chosen, "shortlist")
    world.put_up_notice(chosen)
    object_to(world, chosen)
    with world.database.transaction() as session:
        call_standing.act(session, world.call.number, "close", actor=world.people["director"], at=world.at)
    return world


def signed(world: World, folder: Path) -> World:
    world.case(CaseState.WIPO_PUSHED)
    log.sequence(world.database)
    log.checkpoint(world.database, log.signer(world.database, folder / "key.pem", world.at), world.at)
    world.case(CaseState.CENTRE_STAMPED)
    return world


# ---- refused ---------------------------------------------------------------------------------------------------------

EXAMINED = {"judgement", "objection", "call_standing"}
TABLES = sorted(
    {name for name in Base.metadata.tables if name.startswith("audit_")}
    | {"case_revision", "cases", "batch", "push", *EXAMINED}
)
COLUMN = {
    "audit_event": "body",
    "audit_private": "payload",
    "audit_pending": "uid",
    "audit_log": "leaf",
    "audit_node": "hash",
    "audit_head": "origin",
    "audit_checkpoint": "note",
    "case_revision": "content",
    "cases": "head",
    "batch": "head",
    "push": "head",
    "judgement": "head",
    "objection": "head",
    "call_standing": "head",
}
"""A column of each that a forger would like to change."""
ERASABLE = "audit_private"
"""The one whose rows may go: the trail keeps their hash."""


def attempts(table: str, embedded: bool) -> Iterator[str]:
    """Everything that somebody could try on one table."""
    column = COLUMN[table]
    value = "999" if column == "uid" else "'" + "ab" * 32 + "'"
    yield f"update {table} set {column} = {value}"
    if table != ERASABLE:
        yield f"delete from {table}" if table != "audit_pending" else "delete from audit_pending where uid >= 0"
    yield f"drop table {table}"
    yield f"alter table {table} add column more text"
    yield f"alter table {table} rename to gone"
    yield f"create index on_it on {table} ({column})"
    columns = ", ".join(one.name for one in Base.metadata.tables[table].columns)
    if embedded:
        yield f"insert or replace into {table} select * from {table}"
        yield f"update or replace {table} set {column} = {value}"
        yield f"insert into {table} select * from {table} where true on conflict do update set {column} = {value}"
        yield f"create temp table {table} (uid integer)"
        yield f"create temp view {table} as select 1"
        yield f"create trigger over_it before insert on {table} begin select raise(ignore); end"
        yield f"create temp trigger over_it before insert on {table} begin select raise(ignore); end"
        return
    key = ", ".join(one.name for one in Base.metadata.tables[table].primary_key.columns)
    yield f"insert into {table} ({columns}) select {columns} from {table} on conflict ({key}) do update set {column} = {value}"
    yield f"truncate {table} cascade"
    yield f"create temp table {table} (uid integer)"
    yield f"create temp view {table} as select 1"
    yield f"alter table {table} disable trigger all"
    yield f"alter table {table} owner to current_user"
    yield f"create trigger over_it before insert on {table} for each row execute function zhengji_refuse('x')"
    yield f"create rule over_it as on insert to {table} do instead nothing"
    yield f"do $$ begin update {table} set {column} = {value}; end $$"


def anywhere(embedded: bool) -> Iterator[str]:
    """Everything that somebody could try on the database."""
    if embedded:
        for pragma in (
            "foreign_keys=OFF",
            "writable_schema=ON",
            "recursive_triggers=OFF",
            "ignore_check_constraints=ON",
        ):
            yield f"pragma {pragma}"
        for pragma in ("synchronous=OFF", "journal_mode=DELETE", "defer_foreign_keys=ON", "trusted_schema=ON"):
            yield f"pragma {pragma}"
        yield "attach database ':memory:' as other"
        yield "detach database main"
        yield "select load_extension('x')"
        yield "delete from sqlite_master"
        yield "update sqlite_master set sql = '' where type = 'trigger'"
        yield from (f"drop trigger {name}" for name in sorted(schema.TRIGGERS["sqlite"]))
        return
    yield "set session_replication_role = replica"
    yield "set role postgres"
    yield "alter role current_user superuser"
    yield "copy audit_event from '/etc/hostname'"
    yield "copy audit_event to program 'true'"
    yield "create function harmless() returns int language sql as 'select 1'"
    yield "create schema mine"
    yield "create table mine (id int)"
    yield "create or replace function zhengji_refuse() returns trigger language plpgsql as $$ begin return new; end $$"
    yield "drop function zhengji_refuse cascade"
    yield "alter system set fsync = off"
    yield "update pg_trigger set tgenabled = 'D'"
    yield "delete from alembic_version"
    yield "select lo_import('/etc/hostname')"
    yield "select pg_read_file('/etc/hostname')"


def contents(database: Database) -> Mapping[str, list[Any]]:
    with database.reading() as session:
        return {name: sorted(map(repr, session.execute(text(f"select * from {name}")))) for name in TABLES}


def refused(database: Database, statement: str) -> bool:
    try:
        with database.transaction() as session:
            session.connection().exec_driver_sql(statement)
    except DBAPIError:
        return True
    return False


def test_every_table_of_the_trail_is_attacked() -> None:
    assert set(COLUMN) == set(TABLES)
    assert {*guard.NEVER_UPDATED, *guard.NEVER_DELETED, "audit_head"} - {"case_contact"} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_no_statement_of_the_programs_own_changes_what_is_kept(request: pytest.FixtureRequest, table: str) -> None:
    lived: World = request.getfixturevalue("examined" if table in EXAMINED else "lived")
    before = contents(lived.database)
    assert table not in EXAMINED or before[table]
    tried = list(attempts(table, lived.database.embedded))
    if table == "audit_pending" and lived.database.embedded:
        tried.remove("delete from audit_pending where uid >= 0")  # nothing waits on SQLite
    if table == "audit_node":  # empty as yet, so replacing nothing is refused for being asked at all, or does nothing
        assert before[table] == []
    assert [one for one in tried if not refused(lived.database, one) and "select * from" not in one] == []
    assert contents(lived.database) == before


def test_nothing_around_the_tables_can_be_changed_either(lived: World) -> None:
    before = contents(lived.database)
    assert [one for one in anywhere(lived.database.embedded) if not refused(lived.database, one)] == []
    assert contents(lived.database) == before
    assert schema.unguarded(lived.database) == []


@pytest.mark.parametrize(
    "change",
    ["n = n - 1", "n = 0", "origin = 'zhengji/other'", "algorithm = 'sm3'", "id = 2", "frontier = '', n = n - 1"],
)
def test_the_head_of_the_log_only_moves_on(lived: World, change: str) -> None:
    log.sequence(lived.database)
    before = contents(lived.database)
    assert refused(lived.database, f"update audit_head set {change}")
    assert contents(lived.database) == before


def test_a_second_head_or_a_gap_is_refused(lived: World) -> None:
    log.sequence(lived.database)
    before = contents(lived.database)
    for statement in (
        "insert into audit_head (id, n, root, frontier, origin, algorithm) values (2, 0, '', '', 'x', 'sha256')",
        "insert into audit_log (idx, prev_idx, uid, leaf) values (9999, 9998, 1, '')",
        "insert into audit_log (idx, prev_idx, uid, leaf) values (0, null, 1, '')",
        "insert into audit_pending (uid) values (99999)",
    ):
        assert refused(lived.database, statement), statement
    assert contents(lived.database) == before
