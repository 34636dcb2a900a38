"""The database: engines, transactions, and what each kind of database needs told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Executable,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.orm import Session

from workflow.failpoints import reached
from workflow.operation import metrics
from workflow.settings import Settings
from workflow.store import log
from workflow.store.guard import authorize

READING = "zhengji_reading"
APPENDED = "zhengji_appended"
"""Set in `Session.info` when events were appended; on SQLite they get their places in the log before the commit."""
CONNECTION = "zhengji_connection"
"""In `Session.info`: the connection of a transaction that may write, which the session would look for at each statement."""
TOKEN = "zhengji_token"
"""In `Session.info`: the access token with which a program asked; every event says so."""
TRIED = "zhengji_tried"
"""In `Session.info`: attempts by lifecycle, counted once they are committed."""

POOL_WAIT = 5
"""Seconds for which a thread waits for one of its process's connections."""
CONNECT = 5
"""Seconds within which a PostgreSQL server must have let us in."""
FORGOTTEN = 300
"""Seconds after which PostgreSQL ends a transaction of a web process that does nothing, so that it holds up nobody."""


@dataclass(frozen=True)
class Limits:
    """What one process takes of a database. `connections`: at most so many; a thread may need two.

    `lock`: seconds for which it waits while others work on the same rows (on SQLite, for the one writer). `statement`:
    seconds that a statement may take on PostgreSQL, 0 without end: commands and jobs go over everything there is.
    """

    connections: int = 20
    lock: float = 15
    statement: float = 0


def limits(settings: Settings) -> Limits:
    """For commands and jobs."""
    return Limits(settings.connections, settings.lock_seconds)


def make_engine(url: str, limits: Limits = Limits()) -> Engine:
    """An engine on SQLite or PostgreSQL.

    On SQLite every transaction that may write begins IMMEDIATE, so that what it reads cannot change under it;
    WAL lets readers go on meanwhile, and synchronous=FULL keeps what was committed through a power cut. What is
    written stays out of the messages of errors, and so out of the log. An authorizer refuses what would change tables
    or the trail; migrations have connections of their own.
    """
    pool = {"pool_size": limits.connections, "max_overflow": 0, "pool_timeout": POOL_WAIT, "hide_parameters": True}
    if not url.startswith("sqlite"):
        waiting = {} if "connect_timeout" in make_url(url).query else {"connect_timeout": CONNECT}
        return _impatient(create_engine(url, pool_pre_ping=True, connect_args=waiting, **pool), limits)
    engine = create_engine(url, connect_args={"timeout": limits.lock, "check_same_thread": False}, **pool)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.set_authorizer(authorize)

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        reading = connection.get_execution_options().get(READING, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _impatient(engine: Engine, limits: Limits) -> Engine:
    """Every connection of this engine on PostgreSQL waits and works no longer than it may."""
    seconds = {"lock_timeout": limits.lock, "statement_timeout": limits.statement}
    if limits.statement:
        seconds["idle_in_transaction_session_timeout"] = FORGOTTEN

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            for name, most in seconds.items():
                cursor.execute(f"set {name} = {int(most * 1000)}")
        connection.commit()

    return engine


class Database:
    """One database, with transactions for acting and for reading.

    `owner_url`: on PostgreSQL the role that owns the tables, for migrations; the same where there is one role.
    """

    def __init__(self, url: str, owner_url: str = "", limits: Limits = Limits()) -> None:
        self.url = url
        self.owner_url = owner_url or url
        self.engine = make_engine(url, limits)
        self._reading = self.engine.execution_options(**{READING: True})
        self.written = 0
        """Transactions that this process has committed: whatever was made of rows before the last one may be stale."""

    @classmethod
    def for_pages(cls, settings: Settings) -> Database:
        """For a web process: people wait there, so no statement goes on for ever."""
        made = cls(settings.database_url, limits=replace(limits(settings), statement=settings.statement_seconds))
        metrics.watch(made.engine)
        return made

    @property
    def embedded(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction that may write: commits at the end, rolls back on any exception."""
        with Session(self.engine, expire_on_commit=False) as session:
            with session.begin():
                session.info[CONNECTION] = None  # once it is asked for: until then nobody is kept waiting
                yield session
                if self.embedded and session.info.pop(APPENDED, False):
                    session.flush()
                    while log.sequence(session) == log.AT_ONCE:
                        pass
                reached("transaction.before_commit")
            self.written += 1
            for lifecycle, attempts in session.info.pop(TRIED, ()):
                metrics.attempted(lifecycle, attempts)
            reached("transaction.after_commit")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads, and so waits for nobody."""
        with Session(self._reading, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def only_reads(session: Session) -> bool:
    """Whether nothing can change in the session: it sees one moment, and writes nothing."""
    return bool(session.get_bind().get_execution_options().get(READING, False))


def run(session: Session, statement: Executable, values: Any = None) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement about columns, within the session's transaction.

    There are no objects to keep up with rows here, and asking the session to would cost as much as the statement.
    """
    connection: Connection | None = session.info.get(CONNECTION)
    if connection is None:
        connection = session.connection()
        if CONNECTION in session.info:
            session.info[CONNECTION] = connection
    return connection.execute(statement, values[0] if isinstance(values, list) and len(values) == 1 else values)


def next_id(session: Session, table: str) -> int:
    """The next number for a row that must know its id before it is written.

    On SQLite there is one writer at a time, so the highest plus one is safe; on PostgreSQL a sequence gives it.
    """
    if session.get_bind().dialect.name == "postgresql":
        return int(session.scalar(text(f"select nextval('{table}_id_seq')")) or 0)
    return int(session.scalar(text(f"select coalesce(max(id), 0) + 1 from {table}")) or 0)


def count(session: Session, statement: Any) -> int:
    """How many rows a select has."""
    return int(session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0)
