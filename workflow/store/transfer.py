"""Carrying every row of an SQLite installation to a PostgreSQL database, and holding both against each other."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool, StaticPool

from rules.words import Text
from workflow.audit.canonical import canonical
from workflow.engine import CannotServe
from workflow.failpoints import reached
from workflow.store import copies, log, words
from workflow.store.models import AuditEvent, AuditHead, AuditLog, AuditPending, AuditPrivate, Base, SchemaStep

AT_ONCE = 2000
"""Rows that are read at a time."""
QUEUE = "dbos"
"""The schema of the job queue's tables on PostgreSQL; on SQLite they lie among ours."""
_OF_EACH = frozenset({"alembic_version", "dbos_migrations", SchemaStep.__tablename__})
"""What tells how the tables came to be: each database has its own."""
_FILLED_ALREADY = (AuditHead, SchemaStep)
"""Of a migrated database that nobody has used yet."""

Tell = Callable[[str, int, int], None]
"""(table, rows done, of how many)"""


class InUse(CannotServe):
    """Somebody has the database open."""


class NotCarried(CannotServe):
    """The rows do not fit; nothing was written."""


@dataclass(frozen=True)
class Held:
    """What a table holds: rows, and a digest over all of them in the order of their keys."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Pair:
    """One table in both databases. `name`: as on PostgreSQL."""

    name: str
    source: Table
    target: Table

    def row(self, values: Sequence[Any]) -> list[Any]:
        """A row of SQLite as PostgreSQL gives it: what is JSON there may be plain text here."""
        return [
            json.loads(value) if isinstance(value, str) and isinstance(column.type, (JSON, JSONB)) else value
            for value, column in zip(values, self._columns, strict=True)
        ]

    @property
    def _columns(self) -> list[Any]:
        return [self.target.c[one.name] for one in self.source.c]


@contextmanager
def alone(url: str) -> Iterator[Engine]:
    """An SQLite database that nobody else has open, or can open until this ends. Raises InUse, NotCarried."""
    connection = sqlite3.connect(copies.file_of(url), timeout=5, isolation_level=None, check_same_thread=False)
    try:
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as problem:
            raise InUse(
                Text(
                    f"数据库正在使用（{problem}）。请先停下 zhengji run，再运行一次。",
                    f"The database is in use ({problem}). Stop zhengji run first, then run this again.",
                )
            ) from problem
        engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)

        @event.listens_for(engine, "begin")
        def _begun(begun: Connection) -> None:
            begun.exec_driver_sql("BEGIN IMMEDIATE")

        yield engine
    finally:
        connection.close()


def pairs(source: Connection, target: Connection) -> list[Pair]:
    """Every table in an order in which nothing is missing that a row names. Raises NotCarried for one that is not known."""
    ours = [Pair(one.name, one, one) for one in Base.metadata.sorted_tables if one.name not in _OF_EACH]
    made_anew = {one for one in inspect(source).get_table_names() if one.startswith(words.NAME)}
    here = set(inspect(source).get_table_names()) - _OF_EACH - made_anew - {one.name for one in ours}
    there = set(inspect(target).get_table_names(schema=QUEUE)) - _OF_EACH
    unknown = sorted(here - there)
    if unknown:
        raise _unknown(unknown)
    queue = []
    for name in sorted(here):
        pair = Pair(
            f"{QUEUE}.{name}",
            Table(name, MetaData(), autoload_with=source),
            Table(name, MetaData(), autoload_with=target, schema=QUEUE),
        )
        if strange := sorted({one.name for one in pair.source.c} - {one.name for one in pair.target.c}):
            raise _unknown([f"{name}.{one}" for one in strange])
        queue.append(pair)
    # The queue's tables name each other; the one that the others name comes first.
    return [*ours, *sorted(queue, key=lambda one: (len(one.target.foreign_keys), one.name))]


def _unknown(names: Sequence[str]) -> NotCarried:
    listed = ", ".join(names)
    return NotCarried(
        Text(
            f"不认识这些表或列，没有搬：{listed}。",
            f"These tables or columns are not known, and nothing was moved: {listed}.",
        )
    )


# ---- carrying --------------------------------------------------------------------------------------------------------


def carry(source: Connection, target: Connection, tables: Sequence[Pair], tell: Tell) -> dict[str, Held]:
    """Copy all rows in the transaction of the caller; what the source holds, by table. Raises NotCarried."""
    found = {}
    for pair in tables:
        count = source.scalar(select(func.count()).select_from(pair.source)) or 0
        try:
            if pair.source.name == AuditHead.__tablename__:
                found[pair.name] = _carry_head(source, target, pair)
            elif pair.source.name == AuditPending.__tablename__:
                found[pair.name] = held(source, pair, there=False)  # a trigger filled it
            else:
                found[pair.name] = _copy(source, target, pair, partial(tell, pair.name), count)
        except psycopg.Error as problem:
            said = str(problem).strip()
            raise NotCarried(
                Text(
                    f"{pair.name} 中有 PostgreSQL 不收的内容，什么都没有搬：{said}",
                    f"PostgreSQL does not take what is in {pair.name}, and nothing was moved: {said}",
                )
            ) from problem
    # Events wait for a place in the log when they are written; these have theirs.
    target.execute(delete(AuditPending).where(AuditPending.uid.in_(select(AuditLog.uid))))
    _set_sequences(target)
    while words.catch_up(target, words.AT_ONCE):  # each kind of database has an index of words of its own kind
        pass
    return found


def _copy(source: Connection, target: Connection, pair: Pair, tell: Callable[[int, int], None], count: int) -> Held:
    digest, rows = hashlib.sha256(), 0
    names = ", ".join(f'"{one.name}"' for one in pair.source.c)
    place = f'"{pair.target.schema}"."{pair.target.name}"' if pair.target.schema else f'"{pair.target.name}"'
    driver = target.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor() as cursor, cursor.copy(f"copy {place} ({names}) from stdin".encode()) as into:
        for row in _rows(source, pair, there=False):
            into.write_row([Jsonb(one) if isinstance(one, (dict, list)) else one for one in row])
            digest.update(_digest(row))
            rows += 1
            if rows % AT_ONCE == 0:
                tell(rows, count)
    tell(rows, count)
    reached("transfer.table_copied")
    return Held(rows, digest.hexdigest())


def _carry_head(source: Connection, target: Connection, pair: Pair) -> Held:
    """The log's one row is there already, with a name of its own, which may change as long as the log is empty."""
    [row] = source.execute(select(AuditHead.__table__)).mappings()
    target.execute(update(AuditHead).where(AuditHead.id == row["id"]).values(**row))
    return held(source, pair, there=False)


def _set_sequences(target: Connection) -> None:
    """Each column with a sequence goes on after its highest number."""
    owned = text(
        "select s.relname, t.relname, a.attname from pg_class s join pg_depend d on d.objid = s.oid and d.deptype in ('a', 'i')"
        " join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid"
        " where s.relkind = 'S' and s.relnamespace = current_schema()::regnamespace"
    )
    for sequence, table, column in target.execute(owned).all():
        target.exec_driver_sql(
            f'select setval(\'"{sequence}"\', max("{column}")) from "{table}" having max("{column}") > 0'
        )


# ---- is it the same? -------------------------------------------------------------------------------------------------


def held(connection: Connection, pair: Pair, *, there: bool) -> Held:
    """What a table holds, in the source or `there`."""
    digest, rows = hashlib.sha256(), 0
    for row in _rows(connection, pair, there=there):
        digest.update(_digest(row))
        rows += 1
    return Held(rows, digest.hexdigest())


def differences(target: Connection, tables: Sequence[Pair], found: Mapping[str, Held], tell: Tell) -> Iterator[Text]:
    """Tables that do not hold what the source holds."""
    for pair in tables:
        want = found[pair.name]
        tell(pair.name, 0, want.rows)
        have = held(target, pair, there=True)
        if have.rows != want.rows:
            yield Text(
                f"{pair.name} 应有 {want.rows} 行，实有 {have.rows}",
                f"{pair.name} should have {want.rows} rows, and has {have.rows}",
            )
        elif have.digest != want.digest:
            yield Text(f"{pair.name} 的内容不同", f"the contents of {pair.name} differ")


def _rows(connection: Connection, pair: Pair, *, there: bool) -> Iterator[list[Any]]:
    """Rows by their key; the columns are the source's, in its order."""
    table = pair.target if there else pair.source
    columns = [table.c[one.name] for one in pair.source.c]
    keys: list[Any] = [table.c[one.name] for one in (pair.target.primary_key.columns or pair.source.c)]
    if there:  # the bytes' order, which SQLite has by itself
        keys = [one.collate("C") if isinstance(one.type, String) else one for one in keys]
    found = connection.execution_options(yield_per=AT_ONCE).execute(select(*columns).order_by(*keys))
    for row in found:
        yield list(row) if there else pair.row(row)


def _digest(row: Sequence[Any]) -> bytes:
    return hashlib.sha256(canonical([_plain(one) for one in row]).encode()).digest()


def _plain(value: Any) -> Any:
    """A value as both databases mean it."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, datetime):
        return {"at": (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return {"number": repr(value)} if isinstance(value, float) else value


# ---- empty, half or whole? -------------------------------------------------------------------------------------------


def used(target: Connection) -> str:
    """Names a table of a migrated database that somebody has written to; "" where nobody has."""
    filled = {one.__tablename__ for one in _FILLED_ALREADY}
    tables = [one for one in Base.metadata.sorted_tables if one.name not in filled]
    return next((one.name for one in tables if target.execute(select(1).select_from(one).limit(1)).first()), "")


@contextmanager
def as_owner(url: str) -> Iterator[Connection]:
    """A transaction of the owner's on the target, which keeps all or nothing."""
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def analyze(url: str) -> None:
    """Have the server look at what there is, or it would plan as if the tables were empty."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("analyze")
    engine.dispose()


# ---- the entry that it was moved -------------------------------------------------------------------------------------


def entries_from(session: Session, idx: int) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Entries of the log from a place on, each with its personal part, as rows."""
    columns = [*AuditEvent.__table__.c]
    rows = select(*columns, AuditPrivate.salt, AuditPrivate.payload).join(AuditLog, AuditLog.uid == AuditEvent.uid)
    rows = (
        rows.outerjoin(AuditPrivate, AuditPrivate.uid == AuditEvent.uid)
        .where(AuditLog.idx >= idx)
        .order_by(AuditLog.idx)
    )
    found = []
    for row in session.execute(rows).mappings():
        entry = {one.name: row[one] for one in columns}
        personal = {"uid": entry["uid"], "salt": row[AuditPrivate.salt], "payload": row[AuditPrivate.payload]}
        found.append((entry, personal if personal["salt"] is not None else None))
    return found


def put_entry(session: Session, entry: Mapping[str, Any], personal: Mapping[str, Any] | None) -> None:
    """An entry written elsewhere, put behind all others of this SQLite database, the very same."""
    session.execute(insert(AuditEvent).values(**entry))
    if personal is not None:
        session.execute(insert(AuditPrivate).values(**personal))
    while log.sequence(session) == log.AT_ONCE:
        pass
