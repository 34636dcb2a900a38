"""Bringing a database to the tables of this version, and telling whether it is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.pool import NullPool

from workflow.failpoints import reached
from workflow.jobs.queue import prepare
from workflow.store.database import Database
from workflow.store.guard import rights
from workflow.store.models import Base

MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK = 4_205_2021
"""Any number that nothing else in the database locks: one migration at a time on PostgreSQL."""


class SchemaBroken(Exception):
    """Our own mistake: a migration that leaves dangling rows, or a trail that nothing guards."""


class OwnerNeeded(Exception):
    """The tables are an older version's, and only their owner may change them."""


def upgrade(database: Database) -> None:
    """Run the migrations that this database has not seen, the job queue's own included; done before, it costs little.

    They run as the owner (`database.owner_url`), who then gives the runtime's role the rights it needs and no others.
    Raises SchemaBroken, and leaves the database as it was, when rows dangle or a trigger is missing afterwards;
    OwnerNeeded when only the owner may change the tables and is not at hand.
    """
    if _another_owns(database):
        if at_head(database):
            return
        raise OwnerNeeded(
            "数据库需要升级，而运行账号无权改表。请设置 ZHENGJI_OWNER_DATABASE_URL 后运行 zhengji init。/ The database must be"
            " brought up to this version by its owner: set ZHENGJI_OWNER_DATABASE_URL and run zhengji init."
        )
    prepare(database.owner_url)
    reached("migration.queue_ready")
    if not at_head(database):
        _migrate(database)
    _give_rights(database)


def _another_owns(database: Database) -> bool:
    """Whether the tables are there, and belong to a role that we were not given."""
    if database.embedded or database.owner_url != database.url:
        return False
    with database.reading() as session:
        owner = session.scalar(text("select tableowner from pg_tables where tablename = 'audit_event'"))
        return owner is not None and owner != session.scalar(text("select current_user"))


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


def _migrate(database: Database) -> None:
    with _migrating(database) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        problems = [*_dangling(connection), *(f"the trigger {name} is missing" for name in _unguarded(connection))]
        if problems:
            raise SchemaBroken("; ".join(problems))
        reached("migration.before_commit")


def at_head(database: Database) -> bool:
    """Whether the database has the tables of this version."""
    with _as_owner(database) as connection:
        return MigrationContext.configure(connection).get_current_revision() == _head()


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


def differences(database: Database) -> list[Any]:
    """What alembic would change to make the tables those of the models; tables of others (DBOS) are left alone."""
    with database.engine.connect() as connection:
        # alembic reads an empty default back from SQLite as something else; PostgreSQL compares them truly.
        options = {"include_object": _ours, "compare_type": True, "compare_server_default": not database.embedded}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def _ours(_thing: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    return not (kind == "table" and reflected and name not in Base.metadata.tables)


@cache
def _head() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


@contextmanager
def _migrating(database: Database) -> Iterator[Connection]:
    """One transaction of its own; on SQLite without foreign keys, which cannot be turned off inside one."""
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

    with engine.begin() as connection:
        if not database.embedded:
            connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
        yield connection
    engine.dispose()


def _dangling(connection: Connection) -> list[str]:
    if connection.dialect.name != "sqlite":
        return []
    return [
        f"{row[0]} row {row[1]} names no {row[2]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
    ]


_LIVING = ("cases", "batch", "push")
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
