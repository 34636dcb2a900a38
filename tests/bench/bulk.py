"""Many cases at once, against the same step on each of them alone: rate per case, side by side on the same database."""

from __future__ import annotations

import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import sql
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from rules.roles import Role
from states.reach import Actor
from tests.bench.acting import DURABLE, as_owner
from tests.postgres import new_database, running
from tests.worlds import CALL_2021, RUNTIME, World, settle
from workflow import bulk, cases, papers
from workflow.identity import people
from workflow.operation import memory
from workflow.store import schema
from workflow.store.database import Database
from workflow.store.models import Case, Centre, Person, PersonGrant
from workflow.store.papers import Kept

CASES = 1000
CENTRES = 25
"""Of the one office: 40 cases of each."""
ALONE = 150
"""So many of them are reviewed one by one; the rate per case is what is compared."""


def prepared(database: Database, folder: Path) -> tuple[World, list[int]]:
    """A world with so many stamped cases of many centres of one office, ready for its review."""
    settle(database, CALL_2021)
    world = World.of(database, folder)
    with database.transaction() as session:
        centres, author, sealer = _centres(session, world)
    made = []
    for start in range(0, CASES, CENTRES):
        with database.transaction() as session:
            some = [_sealed(session, world, centre, author, sealer, start) for centre in centres]
            stamped = cases.act(session, some, "stamp", actor=sealer, at=world.at)
            _went(one.done for one in stamped)
            made += some
    memory.settle()  # as a process that serves does once it has started
    return world, made


def _centres(session: Session, world: World) -> tuple[list[int], Actor, Actor]:
    kind, office = world.call.centre_kinds[0], world.offices["first"]
    ids = [
        session.execute(
            insert(Centre)
            .values(name=f"示例第{n}中心", host_unit="示例大学", kind=kind, office_id=office)
            .returning(Centre.id)
        ).scalar_one()
        for n in range(CENTRES)
    ]
    actors = []
    for login, role in (("author", Role.AUTHOR), ("sealer", Role.SEALER)):
        person = world.people[login].id
        grants = [{"person_id": person, "role": str(role), "centre_id": one} for one in ids]
        session.execute(insert(PersonGrant), grants)
        session.expire_all()
        actors.append(people.actor_of(session.scalars(select(Person).where(Person.id == person)).one()))
    return ids, actors[0], actors[1]


def _sealed(session: Session, world: World, centre: int, author: Actor, sealer: Actor, start: int) -> int:
    case = cases.create(
        session, call_version=world.call_version, centre=centre, actor=author, at=world.at, content=world.content()
    )
    scan = Kept(f"扫描件{start}.png", "image/png", f"{case:064x}", 1)
    papers.seal(session, case, scan, "示例大学", actor=sealer, at=world.at)
    return case


def _went(done: Iterator[bool]) -> None:
    if not all(done):
        raise AssertionError("a case of the bench is refused")


def together(database: Database, world: World, ids: Sequence[int], trigger: str) -> float:
    """Seconds per case of one bulk act on all of them, its own entry and its lines included."""
    with database.reading() as session:
        rows = session.execute(select(Case.id, Case.version, Case.revision).where(Case.id.in_(ids)))
        seen = {row.id: f"{row.version}.{row.revision}" for row in rows}
    began = time.perf_counter()
    with database.transaction() as session:
        done = bulk.act(
            session,
            trigger,
            seen,
            actor=world.people["reviewer"],
            at=world.at,
            real=datetime.now(UTC),
            op=secrets.token_hex(8),
            form=bulk.Form(remark="理由", confirmed=_points(world)),
            whole=True,
            hold=timedelta(minutes=10),
        )
    took = time.perf_counter() - began
    _went(iter([not done.refused]))
    return took / len(ids)


def alone(database: Database, world: World, ids: Sequence[int], trigger: str) -> float:
    """Seconds per case of the same step taken on each of them, a commit each."""
    began = time.perf_counter()
    for case in ids:
        with database.transaction() as session:
            [one] = cases.act(
                session,
                [case],
                trigger,
                actor=world.people["reviewer"],
                at=world.at,
                op=secrets.token_hex(8),
                remark="理由",
                confirmed=_points(world),
            )
        _went(iter([one.done]))
    return (time.perf_counter() - began) / len(ids)


def _points(world: World) -> frozenset[str]:
    return frozenset(one.id for one in world.call.confirmations if one.step == "review")


def compared(database: Database, folder: Path, rounds: int) -> tuple[float, str]:
    """Median of (seconds alone / seconds in a bulk), per case, and what was compared."""
    world, ids = prepared(database, folder)
    together(database, world, ids, "review")
    together(database, world, ids, "reopen")
    ratios, each = [], []
    for _ in range(rounds):
        one = alone(database, world, ids[:ALONE], "review")
        together(database, world, ids[:ALONE], "reopen")
        many = together(database, world, ids, "review")
        together(database, world, ids, "reopen")
        ratios.append(one / many)
        each.append((one, many))
    one, many = (statistics.median(pair[place] for pair in each) * 1000 for place in (0, 1))
    return statistics.median(ratios), f"review of {CASES} at once, {many:.2f} ms a case; alone {one:.2f} ms"


def on_sqlite(rounds: int) -> tuple[float, str]:
    """On SQLite, synchronous=FULL."""
    with tempfile.TemporaryDirectory() as name:
        database = Database(f"sqlite:///{name}/bulk.db")
        schema.upgrade(database)
        found = compared(database, Path(name), rounds)
        database.close()
    return found


@contextmanager
def _durable(name: str) -> Iterator[Database]:
    with running(DURABLE) as server:
        as_owner(server.url, sql.SQL("create role {} login").format(sql.Identifier(RUNTIME)))
        owned = new_database(server.url, name)
        database = Database(owned.replace("postgres@", f"{RUNTIME}@", 1), owned)
        schema.upgrade(database)
        yield database
        database.close()


def on_postgresql(rounds: int) -> tuple[float, str]:
    """On a PostgreSQL that keeps what it commits."""
    with tempfile.TemporaryDirectory() as name, _durable("bulk") as database:
        return compared(database, Path(name), rounds)


def measured(rounds: int, ratio: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Both, as entries of benchmarks/latest.json."""
    found = {"bulk_vs_single_sqlite": on_sqlite(rounds), "bulk_vs_single_postgresql": on_postgresql(rounds)}
    return {name: ratio(value, 5, "min", what) for name, (value, what) in found.items()}
