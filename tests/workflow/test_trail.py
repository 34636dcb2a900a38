"""The trail: chained, append-only by the database itself, and no state without its event."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from states.case import CaseState
from states.reach import SYSTEM
from tests.generated import LIFECYCLES
from tests.worlds import World
from workflow.audit import actions
from workflow.audit.canonical import canonical, event_hash
from workflow.calls import amending
from workflow.store import trail
from workflow.store.database import Database
from workflow.store.models import AuditEvent, AuditPrivate

pytestmark = pytest.mark.database


def refused(database: Database, statement: str, values: Mapping[str, Any] | None = None) -> bool:
    """Whether the database itself refuses a statement, at once or when it is committed."""
    try:
        with database.transaction() as session:
            session.execute(text(statement), dict(values or {}))
    except DBAPIError:
        return True
    return False


def appended(world: World, stream: str, count: int = 1) -> list[AuditEvent]:
    for _ in range(count):
        with world.database.transaction() as session:
            trail.append(session, [trail.Entry(stream, "test.happen", "done", world.at, SYSTEM)])
    with world.database.reading() as session:
        found = session.query(AuditEvent).where(AuditEvent.stream == stream).order_by(AuditEvent.seq)
        return list(found)


# ---- the chain ----


def test_whatever_the_trail_has_a_word_for_is_recorded_somewhere() -> None:
    """A word that nothing records would promise an entry that never comes."""
    spoken = {"actions.py", "search.py", "lists.py", "histories.py"}
    root = Path(__file__).parents[2] / "workflow"
    code = "".join(one.read_text("utf-8") for one in root.rglob("*.py") if one.name not in spoken)
    of_lifecycles = {f"{lived.name}.{step.name}" for lived in LIFECYCLES for step in lived.transitions}
    named_apart = {f"{kind}.{amending.ACTION}" for kind in ("call", "case", "batch")}
    beside = set(actions.ACTIONS) - of_lifecycles - named_apart
    assert [one for one in sorted(beside) if f'"{one}"' not in code] == []


def test_each_event_names_the_one_before_it(world: World) -> None:
    first, second, third = appended(world, "a", 3)
    assert (first.seq, first.prev_seq, first.prev_hash) == (1, None, None)
    assert (second.prev_seq, second.prev_hash) == (1, first.hash)
    assert (third.prev_seq, third.prev_hash) == (2, second.hash)


def test_the_hash_covers_the_body_the_link_and_the_private_part(world: World) -> None:
    entry = trail.Entry("a", "test.happen", "done", world.at, SYSTEM, {"k": "值"}, private={"phone": "13800000000"})
    with world.database.transaction() as session:
        [receipt] = trail.append(session, [entry])
    with world.database.reading() as session:
        event = session.query(AuditEvent).where(AuditEvent.hash == receipt.hash).one()
        kept = session.get_one(AuditPrivate, event.uid)
    assert event_hash("sha256", event.prev_hash, event.priv, event.body) == event.hash
    assert kept.payload == canonical({"phone": "13800000000"})
    assert len(kept.salt) == 32
    assert event_hash("sha256", event.prev_hash, event.priv, event.body.replace("值", "假")) != event.hash


INSERT = (
    "insert into audit_event (stream, seq, prev_seq, prev_hash, hash, to_state, body, at, action, outcome)"
    " values (:stream, :seq, :prev_seq, :prev_hash, :hash, '', '{}', :at, 'test.forge', 'done')"
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seq": 4, "prev_seq": 3},
        {"seq": 4, "prev_seq": 2},
        {"seq": 2, "prev_seq": 1, "prev_hash": "first"},
        {"seq": 3, "prev_seq": 2, "prev_hash": "x" * 64},
        {"seq": 3, "prev_seq": 2, "prev_hash": "first"},
        {"seq": 3, "prev_seq": None, "prev_hash": None},
        {"seq": 3, "prev_seq": 2, "prev_hash": None},
        {"seq": 0, "prev_seq": None, "prev_hash": None},
        {"seq": 1, "prev_seq": None, "prev_hash": None},
        {"seq": 3, "prev_seq": 2, "prev_hash": "second", "stream": "b"},
        {"seq": 3, "prev_seq": 2, "prev_hash": "second", "hash": "second"},
    ],
    ids=[
        "a gap",
        "a gap in numbers",
        "a fork",
        "an unknown link",
        "a link to another event",
        "no link",
        "half a link",
        "a zeroth event",
        "a second beginning",
        "a link into another stream",
        "a hash that is there",
    ],
)
def test_the_database_refuses_what_breaks_the_chain(world: World, wrong: dict[str, Any]) -> None:
    first, second = appended(world, "a", 2)
    known = {"first": first.hash, "second": second.hash}
    right = {"stream": "a", "seq": 3, "prev_seq": 2, "prev_hash": "second", "hash": "f" * 64, "at": "2021-03-20"}
    values = {key: known.get(str(value), value) for key, value in (right | wrong).items()}
    assert refused(world.database, INSERT, values)
    assert not refused(world.database, INSERT, {key: known.get(str(value), value) for key, value in right.items()})


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_event set body = '{}'",
        "update audit_event set outcome = 'done' where seq = 1",
        "delete from audit_event",
        "update audit_private set payload = '{}'",
        "update case_revision set snapshot = '{}'",
        "delete from case_revision",
        "delete from cases",
    ],
)
def test_the_database_refuses_to_rewrite_history(world: World, statement: str) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    before = [(event.uid, event.hash) for event in world.events(case)]
    assert refused(world.database, statement)
    assert [(event.uid, event.hash) for event in world.events(case)] == before


def test_private_details_can_be_erased_and_the_chain_stays_whole(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    before = [event.hash for event in world.events(case)]
    assert not refused(world.database, "delete from audit_private")
    assert [event.hash for event in world.events(case)] == before


@pytest.mark.parametrize("column", ["uid", "hash", "seq"])
def test_an_event_cannot_be_replaced(world: World, column: str) -> None:
    [event] = appended(world, "a")
    values = {"uid": 900, "stream": "a", "seq": 7, "hash": "f" * 64, column: getattr(event, column)}
    if not world.database.embedded:
        assert refused(world.database, "truncate audit_event cascade")
        return
    replace = (
        "insert or replace into audit_event (uid, stream, seq, hash, to_state, body, at, action, outcome)"
        " values (:uid, :stream, :seq, :hash, '', '{}', '2021-03-20', 'test.forge', 'done')"
    )
    assert refused(world.database, replace, values)
    assert [one.action for one in appended(world, "a")] == ["test.happen"] * 2


# ---- no state without its event ----


@pytest.mark.parametrize(
    "change",
    [
        "state = 'published'",
        "state = 'published', version = version + 1",
        "version = version + 1",
        "version = version + 2",
        "version = version - 1",
        "head = 'f'",
        "state = 'centre_stamped', version = version + 1",
        "stream = 'case/99'",
        "state = 'unheard_of', version = version + 1",
    ],
)
def test_a_row_whose_state_has_no_event_cannot_be_committed(world: World, change: str) -> None:
    case = world.case()
    assert refused(world.database, f"update cases set {change} where id = :id", {"id": case})
    assert (world.state(case), world.row(case).version) == (CaseState.DRAFT, 1)


def test_a_row_cannot_point_back_to_an_earlier_event(world: World) -> None:
    case = world.case()
    head = world.row(case).head
    world.walk(case, "stamp")
    back = "update cases set state = 'draft', version = 1, head = :head where id = :id"
    assert refused(world.database, back, {"head": head, "id": case})


def test_what_is_no_part_of_its_standing_can_change(world: World) -> None:
    case = world.case()
    assert not refused(world.database, "update cases set consent = '同意' where id = :id", {"id": case})


def test_a_living_row_cannot_be_replaced(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    columns = ", ".join(column.name for column in type(world.row(case)).__table__.columns)
    copy = f"into cases ({columns}) select {columns} from cases where id = :id"
    statement = f"insert or replace {copy}" if world.database.embedded else f"insert {copy}"
    assert refused(world.database, statement, {"id": case})


@pytest.mark.parametrize("table", ["batch", "push"])
def test_batches_and_pushes_are_held_to_their_events_too(world: World, table: str) -> None:
    world.case(CaseState.WIPO_PUSHED)
    for change in ("state = 'sent', version = version + 1", "version = version + 1", "head = 'f'"):
        assert refused(world.database, f"update {table} set {change}")
    assert refused(world.database, f"delete from {table}")
