"""Bringing a database to the tables of this version, and telling whether it is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from rules.words import Text
from states.reach import SYSTEM
from workflow.engine import CannotServe
from workflow.failpoints import reached
from workflow.jobs.queue import prepare
from workflow.store import steps, trail
from workflow.store.database import Database
from workflow.store.guard import rights
from workflow.store.migrations import Kind, NewIndex
from workflow.store.models import Base, SchemaStep
from workflow.store.steps import Standing, Step

T = TypeVar("T")

LOCK_SECONDS = 2.0
"""How long a step waits for a table. Whoever asks for the table after it waits as long, and no longer."""
TRIES = 60
"""How often a step that did not get its table tries again, at first soon, in the end every five seconds."""

_LOCK = 4_205_2021
"""Any number that nothing else in the database locks: one migration at a time on PostgreSQL."""


class SchemaBroken(Exception):
    """Our own mistake: a migration that leaves dangling rows, or a trail that nothing guards."""


class OwnerNeeded(CannotServe):
    """The tables are an older version's, and only their owner may change them."""


class ContractionNeeded(CannotServe):
    """This version needs a step that takes away what the version before may still use."""


class NewerDatabase(CannotServe):
    """A newer version took something away from this database that this version needs."""


class TableBusy(CannotServe):
    """A step did not get a table for long, because some transaction does not end."""


@dataclass(frozen=True)
class Told:
    """What is being done: a step, or so many rows of it."""

    step: Step
    rows: int = 0


Tell = Callable[[Told], None]


def quietly(_told: Told) -> None:
    """Tells nobody."""


def upgrade(database: Database, *, contract: bool = False, tell: Tell = quietly) -> Sequence[Step]:
    """Take the steps that this database lacks, the job queue's own included; those taken. Done before, it costs little.

    Steps that take something away are left out, unless `contract`, while another process may still serve the version
    before, which is possible on PostgreSQL. They run as the owner (`database.owner_url`), who then gives the runtime's
    role the rights it needs and no others. Raises OwnerNeeded, ContractionNeeded, NewerDatabase, TableBusy; SchemaBroken,
    with the last step not taken, when rows dangle or a trigger is missing after it.
    """
    before = standing(database)
    if before.newer:
        if before.serves:
            return []
        raise _newer(before)
    if _another_owns(database):
        if before.serves and not contract:
            return []
        raise _owner_needed()
    with _alone(database):
        prepare(database.owner_url)
        reached("migration.queue_ready")
        before = standing(database)
        due = before.pending if contract or database.embedded or before.revision is None else before.needed
        if due and not contract and not database.embedded and before.revision is not None:
            _check_only_adds(due)
        if due:
            _migrate(database, due, tell)
        _give_rights(database)
    if due and before.revision is not None:
        _record(database, before.revision, due)
    return due


def standing(database: Database) -> Standing:
    """Where the database stands among the steps that this version knows."""
    with _as_owner(database) as connection:
        return steps.standing(connection)


def at_head(database: Database) -> bool:
    """Whether the database has exactly the tables of this version."""
    seen = standing(database)
    return not seen.pending and not seen.newer


def _newer(seen: Standing) -> NewerDatabase:
    return NewerDatabase(
        Text(
            f"数据库已由更新的版本升级（{seen.revision}），这个版本不能再用。请安装更新的版本。",
            f"A newer version upgraded this database ({seen.revision}); this version can serve it no more. Install the newer"
            " one.",
        )
    )


def _owner_needed() -> OwnerNeeded:
    return OwnerNeeded(
        Text(
            "数据库需要升级，而运行账号无权改表。请设置 ZHENGJI_OWNER_DATABASE_URL 后运行 zhengji migrate。",
            "The database must be brought up to this version by its owner: set ZHENGJI_OWNER_DATABASE_URL and run"
            " zhengji migrate.",
        )
    )


def _check_only_adds(due: Sequence[Step]) -> None:
    if any(one.kind is Kind.CONTRACT for one in due):
        raise ContractionNeeded(
            Text(
                "这次升级要去掉旧版本还在用的东西。请先停下所有旧版本的进程，再运行 zhengji migrate --contract。",
                "This upgrade takes away what the version before still uses. End all its processes first, then run zhengji"
                " migrate --contract.",
            )
        )


def _another_owns(database: Database) -> bool:
    """Whether the tables are there, and belong to a role that we were not given."""
    if database.embedded or database.owner_url != database.url:
        return False
    with database.reading() as session:
        owner = session.scalar(text("select tableowner from pg_tables where tablename = 'audit_event'"))
        return owner is not None and owner != session.scalar(text("select current_user"))


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """One migration at a time. On PostgreSQL others ask again and again: one that waited inside the database would itself be
    waited for by an index that is being built."""
    if database.embedded:
        yield
        return
    engine = create_engine(database.owner_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        while not connection.scalar(text(f"select pg_try_advisory_lock({_LOCK})")):
            time.sleep(0.2)
        yield
    engine.dispose()


def _give_rights(database: Database) -> None:
    """On PostgreSQL with two roles: what the runtime's role may do."""
    if database.owner_url == database.url:
        return
    role = make_url(database.url).username or ""
    engine = create_engine(database.owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        quote = connection.dialect.identifier_preparer.quote
        for statement in rights(quote(role)):
            connection.exec_driver_sql(statement)
        # A temporary table would stand before the real one of its name.
        name = quote(make_url(database.owner_url).database or "")
        connection.exec_driver_sql(f"revoke temporary on database {name} from public")
    engine.dispose()


def _record(database: Database, before: str, taken: Sequence[Step]) -> None:
    at = datetime.now(UTC)
    said = {
        "from": before,
        "to": taken[-1].revision,
        "steps": [{"revision": one.revision, "kind": str(one.kind)} for one in taken],
    }
    with database.transaction() as session:
        stream = trail.daily(session, "system", at)
        trail.append(session, [trail.Entry(stream, "system.migrate", "done", at, SYSTEM, said)])


# ---- taking steps ----------------------------------------------------------------------------------------------------


def _migrate(database: Database, due: Sequence[Step], tell: Tell) -> None:
    engine = _for_migrating(database)
    try:
        if database.embedded:  # nobody else serves from it, so all is one transaction
            with engine.begin() as connection:
                for step in due:
                    tell(Told(step))
                    _take(connection, step, last=step is due[-1], tell=tell)
        else:
            for step in due:
                tell(Told(step))
                _take_while_served(engine, step, last=step is due[-1], tell=tell)
    finally:
        engine.dispose()


def _take(connection: Connection, step: Step, *, last: bool, tell: Tell) -> None:
    """A step in the transaction of the caller."""
    for index in step.indexes:
        connection.exec_driver_sql(f"create index {index.name} {index.made}")
    rows = 0
    while step.batch is not None and (done := step.batch(connection)):
        rows += done
        tell(Told(step, rows))
    _finish(connection, step, last=last)


def _take_while_served(engine: Engine, step: Step, *, last: bool, tell: Tell) -> None:
    """A step on PostgreSQL, in transactions so short, or so undemanding, that those who serve do not notice."""
    for index in step.indexes:
        _build(engine, index)
    rows, batch = 0, step.batch
    while batch is not None and (done := _patiently(engine, batch)):
        rows += done
        tell(Told(step, rows))
        reached("migration.batch")
    _patiently(engine, lambda connection: _finish(connection, step, last=last))


def _patiently(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Work in one transaction that gives up, and tries again later, when it does not get a table at once."""
    for tried in range(1, TRIES + 1):
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(f"set local lock_timeout = {int(LOCK_SECONDS * 1000)}")
                return work(connection)
        except OperationalError as problem:
            if getattr(problem.orig, "sqlstate", "") != _NOT_AVAILABLE:
                raise
        reached("migration.blocked")
        time.sleep(min(0.1 * tried, 5))
    raise TableBusy(
        Text(
            "升级没有完成：有一个事务一直占着要改的表。已完成的步骤保留着。请结束它（pg_stat_activity）后再运行一次。",
            "The upgrade is not complete: some transaction holds a table that is to be changed, and does not end. Steps taken"
            " stay. End it (pg_stat_activity) and run this again.",
        )
    )


_NOT_AVAILABLE = "55P03"
"""PostgreSQL, appendix A: lock_not_available."""


def _build(engine: Engine, index: NewIndex) -> None:
    """Build an index while rows are read and written. One that was cut off is left there unusable, and built anew."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        valid = connection.scalar(
            text("select indisvalid from pg_index where indexrelid = to_regclass(:name)"), {"name": index.name}
        )
        if valid:
            return
        connection.exec_driver_sql(f"drop index concurrently if exists {index.name}")
        connection.exec_driver_sql(f"create index concurrently {index.name} {index.made}")
    reached("migration.index_built")


def _finish(connection: Connection, step: Step, *, last: bool) -> None:
    """What the step does at once, and that it was taken; after the last one everything must hold."""
    config = Config()
    config.set_main_option("script_location", str(steps.MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, step.revision)
    if inspect(connection).has_table(SchemaStep.__tablename__):
        connection.execute(insert(SchemaStep).values(revision=step.revision, kind=str(step.kind), at=datetime.now(UTC)))
    if last:
        problems = [*_dangling(connection), *(f"the trigger {name} is missing" for name in _unguarded(connection))]
        if problems:
            raise SchemaBroken("; ".join(problems))
        reached("migration.before_commit")


def _for_migrating(database: Database) -> Engine:
    """Connections of the owner's; on SQLite without foreign keys, which cannot be turned off inside a transaction."""
    engine = create_engine(database.owner_url, poolclass=NullPool)
    if database.embedded:

        @event.listens_for(engine, "connect")
        def _connected(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            for pragma in ("journal_mode=WAL", "foreign_keys=OFF", "busy_timeout=15000"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begun(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@contextmanager
def _as_owner(database: Database) -> Iterator[Connection]:
    """A connection of the owner's: before the first migration another role may have no right to look."""
    if database.owner_url == database.url:
        with database.reading() as session:
            yield session.connection()
        return
    engine = create_engine(database.owner_url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


# ---- is it what the models say? --------------------------------------------------------------------------------------


def differences(database: Database) -> list[Any]:
    """What alembic would change to make the tables those of the models; tables of others (DBOS) are left alone."""
    with database.engine.connect() as connection:
        # alembic reads an empty default back from SQLite as something else; PostgreSQL compares them truly.
        options = {"include_object": _ours, "compare_type": True, "compare_server_default": not database.embedded}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def _ours(_thing: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    return not (kind == "table" and reflected and name not in Base.metadata.tables)


def _dangling(connection: Connection) -> list[str]:
    if connection.dialect.name != "sqlite":
        return []
    return [
        f"{row[0]} row {row[1]} names no {row[2]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
    ]


_LIVING = ("cases", "batch", "push", "judgement", "objection", "call_standing")
_ADDED_TO = ("audit_log", "audit_node", "audit_checkpoint")
_EVERYWHERE = frozenset(
    {"audit_event_no_update", "audit_event_no_delete", "audit_event_pending", "audit_private_no_update"}
    | {"audit_pending_no_delete", "audit_pending_no_update", "audit_head_in_step", "audit_head_no_delete"}
    | {"case_revision_no_update", "case_revision_no_delete", "case_contact_no_update"}
    | {f"{table}_{what}" for table in _LIVING for what in ("in_step", "no_delete")}
    | {f"{table}_{what}" for table in _ADDED_TO for what in ("no_update", "no_delete")}
)
TRIGGERS = {
    "sqlite": _EVERYWHERE
    | {
        f"{table}_no_replace"
        for table in ("audit_event", "audit_private", "case_contact", "audit_head", *_ADDED_TO, *_LIVING)
    },
    "postgresql": _EVERYWHERE
    | {"audit_head_no_insert"}
    | {
        f"{table}_no_truncate"
        for table in ("audit_event", "audit_pending", "audit_head", "case_revision", *_ADDED_TO, *_LIVING)
    },
}
"""Triggers that must stand after every migration: SQLite loses them when a table is rebuilt."""


def _unguarded(connection: Connection) -> list[str]:
    statement = {
        "sqlite": "select name from sqlite_master where type = 'trigger'",
        "postgresql": "select tgname from pg_trigger where not tgisinternal and tgenabled = 'A'",
    }[connection.dialect.name]
    standing = set(connection.execute(text(statement)).scalars())
    return sorted(TRIGGERS[connection.dialect.name] - standing)


def unguarded(database: Database) -> list[str]:
    """The triggers that should stand and do not, or are disabled."""
    with database.reading() as session:
        return _unguarded(session.connection())
