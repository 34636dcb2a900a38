"""Whatever whoever owns the file or the server does to the trail is found, and found where it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from tests.trail.test_guards import EXAMINING, TABLES, judged_and_objected, signed
from tests.worlds import CALL_2021, Databases, World, settle, world_under
from workflow.audit import log, verification
from workflow.store import log as stored
from workflow.store.database import Database

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the key of the trail lies that every test is given a copy of."""
    return tmp_path_factory.mktemp("owner")


@pytest.fixture
def world(databases: Databases, folder: Path) -> Iterator[World]:
    def live(empty: Database) -> None:
        settle(empty, CALL_2021)
        signed(World.of(empty, folder), folder)
        log.sequence(empty)

    with databases.copy("signed", live) as made:
        yield World.of(made, folder)


def as_owner(database: Database, *statements: str) -> None:
    """What whoever owns the file or the server does: nothing stops them, and they leave all guards as they were."""
    if database.embedded:
        with sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None) as connection:
            connection.execute("pragma foreign_keys=off")
            guards = connection.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
            for name, _ in guards:
                connection.execute(f"drop trigger {name}")
            for one in statements:
                connection.execute(one)
            for _, made in guards:
                connection.execute(made)
        connection.close()
        return
    with psycopg.connect(database.owner_url.replace("+psycopg", "", 1), autocommit=True) as connection:
        for table in TABLES:
            connection.execute(f"alter table {table} disable trigger all")
        for one in statements:
            connection.execute(one)
        for table in TABLES:
            connection.execute(f"alter table {table} enable trigger all")
            found = connection.execute(
                "select tgname from pg_trigger where not tgisinternal and tgrelid = %s::regclass", (table,)
            )
            for (name,) in found.fetchall():
                connection.execute(f"alter table {table} enable always trigger {name}")


STAMP = "stream = 'case/1' and seq = 2"


@pytest.mark.parametrize(
    ("statement", "code", "where"),
    [
        (f"update audit_event set body = replace(body, 'sealer', 'author') where {STAMP}", "entry_changed", "case/1#2"),
        (f"update audit_event set hash = '{'ab' * 32}' where {STAMP}", "leaf_differs", "case/1#2"),
        (f"update audit_event set body = '[]' where {STAMP}", "line_unreadable", "line"),
        (f"delete from audit_event where {STAMP}", "entry_missing", "entry"),
        (f"update audit_event set prev_hash = '{'ab' * 32}' where {STAMP}", "chain_broken", "case/1#2"),
        (f"update audit_event set action = 'case.edit' where {STAMP}", "column_differs", "case/1#2"),
        (f"update audit_event set outcome = 'refused' where {STAMP}", "column_differs", "case/1#2"),
        (f"update audit_event set person_id = 99 where {STAMP}", "column_differs", "case/1#2"),
        (f"update audit_event set case_id = 2 where {STAMP}", "column_differs", "case/1#2"),
        (f"update audit_event set office_id = 2 where {STAMP}", "column_differs", "case/1#2"),
        (f"update audit_event set at = '2021-03-01 00:00:00+00' where {STAMP}", "column_differs", "case/1#2"),
        (f"update audit_log set leaf = '{'ab' * 32}' where idx = 3", "leaf_differs", "entry 3"),
        ("delete from audit_log where idx = 3", "order_broken", "entry 3"),
        ("update audit_head set n = n - 1", "head_differs", "audit_head"),
        ("update audit_head set root = 'ab'", "root_differs", "line 1"),
        ("update audit_checkpoint set note = replace(note, 'time 2', 'time 3')", "signature_wrong", "line"),
        ("update audit_checkpoint set note = 'gone'", "checkpoint_malformed", "line"),
        ("update audit_private set payload = '{}'", "private_changed", "entry"),
        ("update cases set state = 'published' where id = 1", "state_differs", "case/1"),
        ("update cases set version = version + 1 where id = 1", "state_differs", "case/1"),
        ("update cases set stream = 'case/77' where id = 1", "no_trail", "case/77"),
        ("delete from batch_line", "", ""),
        ("delete from push", "no_thing", "push/1"),
    ],
)
def test_what_the_owner_changes_is_found_where_it_is(world: World, statement: str, code: str, where: str) -> None:
    assert verification.verify(world.database, demo=False).holds
    as_owner(world.database, statement)
    done = verification.verify(world.database, demo=False)
    found = [(one.code, one.where) for one in done.problems]
    if not code:
        assert found == []  # the trail says nothing about how rows that are no state of a thing are kept
        return
    assert any(kind == code and where in place for kind, place in found), found


@pytest.mark.parametrize(
    ("statement", "code", "where"),
    [
        ("update judgement set state = 'locked' where id = 1", "state_differs", "judgement/1"),
        ("update objection set state = 'dismissed', version = 2 where id = 1", "state_differs", "objection/1"),
        ("update call_standing set state = 'open'", "state_differs", "call/example-2024/standing"),
        ("delete from call_standing", "no_thing", "/standing"),
        ("delete from judgement", "no_thing", "judgement/1"),
        ("delete from objection", "no_thing", "objection/1"),
    ],
)
def test_judgements_and_objections_are_held_against_their_trail_too(
    databases: Databases, tmp_path: Path, statement: str, code: str, where: str
) -> None:
    with world_under(databases, EXAMINING, tmp_path) as world:
        judged_and_objected(world)
        log.sequence(world.database)
        assert verification.verify(world.database, demo=False).problems == []
        as_owner(world.database, statement)
        found = [(one.code, one.where) for one in verification.verify(world.database, demo=False).problems]
    assert [kind for kind, place in found if place.endswith(where)] == [code]


@pytest.mark.parametrize(
    "statement",
    [
        f"update audit_event set body = cast(x'7b22ff227d' as text) where {STAMP}",
        f"update audit_event set at = 'gestern' where {STAMP}",
        f"update audit_event set body = cast(body || x'00' as text) where {STAMP}",
        "update audit_private set salt = 'words' where uid = (select min(uid) from audit_private)",
        "update audit_private set payload = x'00' where uid = (select min(uid) from audit_private)",
    ],
)
def test_what_cannot_even_be_read_is_found_where_it_is(world: World, statement: str) -> None:
    """SQLite keeps whatever its file's owner puts in a column. It must not let the verification end without a word."""
    if not world.database.embedded:
        pytest.skip("PostgreSQL refuses what is not of a column's type")
    with world.database.reading() as session:
        asked = "uid = (select min(uid) from audit_private)" if "audit_private" in statement else STAMP
        place = session.execute(
            text(
                f"select idx from audit_log join audit_event using (uid) where {asked.replace('uid =', 'audit_event.uid =')}"
            )
        ).scalar_one()
    as_owner(world.database, statement)
    done = verification.verify(world.database, demo=False)
    assert not done.holds
    assert any(one.where.startswith(f"entry {place}") or f"entry {place}," in one.where for one in done.problems), done


def test_the_trees_own_tables_are_held_against_the_entries(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a changed edge would show only once a checkpoint had been signed over it, and accuse the entries."""
    as_owner(
        world.database, f"update audit_head set frontier = replace(frontier, substr(frontier, 1, 64), '{'ab' * 32}')"
    )
    monkeypatch.setattr(stored, "KEPT_LEVEL", 2)  # as if the log were long enough to have kept nodes
    found = [(one.code, one.where) for one in verification.verify(world.database, demo=False).problems]
    assert found == [("node_differs", "audit_node 2/0"), ("edge_differs", "audit_head")]


def test_a_tail_that_the_owner_cuts_is_found_by_what_was_seen_before(world: World, folder: Path) -> None:
    signer = log.signer(world.database, folder / "key.pem", world.at)
    kept = log.checkpoint(world.database, signer, world.at)
    assert kept is not None
    last = f"(select max(idx) from audit_log where idx < {kept.size - 1})"
    as_owner(
        world.database,
        f"delete from audit_checkpoint where size = {kept.size}",
        f"delete from audit_log where idx > {last}",
    )
    done = verification.verify(world.database, demo=False, anchors=[kept.note])
    assert ("tail_cut", f"anchor {kept.size}") in [(one.code, one.where) for one in done.problems]


@pytest.mark.parametrize("name", ["audit_event_no_delete", "audit_event_pending", "cases_in_step"])
def test_a_guard_that_the_owner_takes_away_is_missed(world: World, name: str) -> None:
    table = name.removesuffix("_no_delete").removesuffix("_pending").removesuffix("_in_step")
    if world.database.embedded:
        connection = sqlite3.connect(world.database.url.removeprefix("sqlite:///"))
        connection.execute(f"drop trigger {name}")
        connection.close()
    else:
        with psycopg.connect(world.database.owner_url.replace("+psycopg", "", 1), autocommit=True) as owner:
            owner.execute(f"alter table {table} disable trigger {name}")
    done = verification.verify(world.database, demo=False)
    assert [(one.code, one.where) for one in done.problems if one.code == "unguarded"] == [("unguarded", name)]
