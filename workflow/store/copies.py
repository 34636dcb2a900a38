"""Copies of the whole database: taken while it serves, looked into, and put back into an empty place."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, create_engine, inspect, make_url, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from rules.words import Text
from workflow.engine import CannotServe
from workflow.jobs.queue import dbos_url
from workflow.store import log
from workflow.store.database import Database
from workflow.store.models import (
    Collection,
    Document,
    ImportedCase,
    MadeFile,
    ObjectionFile,
    Push,
)
from workflow.store.papers import WITH_ORIGINALS

PAGES = 2048
"""Pages of an SQLite database that are copied between two reports of progress."""
Progress = Callable[[int, int], None]
"""(done, of how many)"""


class NotCopied(CannotServe):
    """The database could not be copied, or not be put back, with the reason."""


@dataclass(frozen=True)
class Contents:
    """What a copy holds. `revision`: its migration. `counts`: rows by table. `documents`: digests that it names."""

    revision: str
    counts: Mapping[str, int]
    documents: frozenset[str]
    head: log.Head
    checkpoint: str
    """The newest signed note, "" before the first."""


def contents(session: Session) -> Contents:
    """What the database holds as this transaction sees it."""
    checkpoint = log.newest_checkpoint(session)
    return Contents(
        revision(session),
        counts(session),
        documents(session),
        log.head(session),
        checkpoint.note if checkpoint else "",
    )


def revision(session: Session) -> str:
    return str(session.scalar(text("select version_num from alembic_version")))


def counts(session: Session) -> dict[str, int]:
    """Rows by table, the job queue's included."""
    connection = session.connection()
    named = connection.dialect.identifier_preparer.quote
    found = {}
    for schema, table in sorted(_tables(session)):
        place = f"{named(schema)}.{named(table)}" if schema else named(table)
        name = f"{schema}.{table}" if schema else table
        found[name] = int(connection.exec_driver_sql(f"select count(*) from {place}").scalar_one())
    return found


def _tables(session: Session) -> Iterable[tuple[str, str]]:
    seen = inspect(session.connection())
    if session.get_bind().dialect.name == "sqlite":
        return [("", one) for one in seen.get_table_names()]
    own = seen.default_schema_name or "public"
    schemas = [one for one in seen.get_schema_names() if one != "information_schema" and not one.startswith("pg_")]
    return [("" if schema == own else schema, one) for schema in schemas for one in seen.get_table_names(schema)]


def documents(session: Session) -> frozenset[str]:
    """Digests of everything that the database says lies in the document store."""
    kept = select(Document.digest).where(Document.erased_at.is_(None))
    sent = select(Push.package).where(Push.package != "")
    came = [select(one.digest).where(one.digest != "", one.erased_at.is_(None)) for one in WITH_ORIGINALS]
    compiled = [select(one).where(one != "") for one in (Collection.word_digest, Collection.pdf_digest)]
    made = select(MadeFile.digest).where(MadeFile.digest != "")
    others = [select(one) for one in (ObjectionFile.digest, ImportedCase.passport)]
    return frozenset(session.scalars(kept.union(sent, made, *came, *compiled, *others)))


# ---- taking ----------------------------------------------------------------------------------------------------------


def take(database: Database, to: Path, progress: Progress) -> Contents:
    """Copy the database to a file as it is at one moment, while others write. Raises NotCopied, OSError."""
    return _take_sqlite(database, to, progress) if database.embedded else _take_postgresql(database, to)


def _take_sqlite(database: Database, to: Path, progress: Progress) -> Contents:
    """By the online backup; the open transaction keeps it to one moment, or each write would begin it anew."""
    try:
        with (
            closing(sqlite3.connect(file_of(database.url), isolation_level=None, timeout=15)) as source,
            closing(sqlite3.connect(to, isolation_level=None)) as target,
        ):
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM alembic_version").fetchone()
            source.backup(target, pages=PAGES, progress=lambda _state, left, total: progress(total - left, total))
            source.execute("COMMIT")
            target.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as problem:
        raise NotCopied(
            Text(
                f"数据库没有复制完：{problem}。请检查 {to.parent} 所在磁盘的空间和权限。",
                f"The database was not copied: {problem}. Look at room and rights of the disk of {to.parent}.",
            )
        ) from problem
    return held(URL.create("sqlite", database=str(to)))


def held(url: str | URL) -> Contents:
    """What a database holds, read by nothing but these queries."""
    with Session(create_engine(url, poolclass=NullPool)) as session:
        return contents(session)


def file_of(url: str) -> Path:
    """The file of an SQLite database."""
    return Path(make_url(url).database or "")


def _take_postgresql(database: Database, to: Path) -> Contents:
    """By pg_dump, at the moment that a transaction of ours holds, so that counts and digests are those of the dump."""
    engine = create_engine(database.owner_url, poolclass=NullPool, isolation_level="REPEATABLE READ")
    with Session(engine) as session:
        dump = program("pg_dump", _server(session))
        moment = session.scalar(text("select pg_export_snapshot()"))
        held = contents(session)
        _run([str(dump), "--format=custom", f"--snapshot={moment}", f"--file={to}"], database.owner_url)
    return held


# ---- putting back ----------------------------------------------------------------------------------------------------


def anything(url: str) -> str:
    """Names a table that is there already; "" for an empty PostgreSQL database."""
    with Session(create_engine(url, poolclass=NullPool)) as session:
        return next((f"{schema}.{table}".strip(".") for schema, table in sorted(_tables(session))), "")


def address(url: str) -> str:
    """Which database a URL names, fit to be written down: its password left out."""
    return make_url(url).render_as_string(hide_password=True)


def being_put_back(url: str) -> bool:
    """Whether a pg_restore is at work in a PostgreSQL database, such as one whose caller was killed."""
    with Session(create_engine(url, poolclass=NullPool)) as session:
        others = text(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and application_name = 'pg_restore'"
        )
        return bool(session.scalar(others))


def put_back_sqlite(copy: Path, to: Path) -> None:
    """Raises OSError, NotCopied for a damaged copy."""
    shutil.copyfile(copy, to)
    try:
        with closing(sqlite3.connect(to)) as connection:
            said = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    except sqlite3.Error as problem:
        said = [str(problem)]
    if said != ["ok"]:
        raise NotCopied(Text(f"数据库文件已损坏：{said[0]}", f"The database file is damaged: {said[0]}"))


def put_back_postgresql(copy: Path, url: str) -> None:
    """Everything in one transaction: all of it or nothing. `url`: the owner's. Raises NotCopied."""
    with Session(create_engine(url, poolclass=NullPool)) as session:
        server = _server(session)
    command = [str(program("pg_restore", server)), "--exit-on-error", "--single-transaction", "--no-owner", "--no-acl"]
    _run([*command, str(copy)], url)


# ---- PostgreSQL's programs -------------------------------------------------------------------------------------------


def _server(session: Session) -> int:
    """The server's version, such as 15."""
    return int(session.scalar(text("show server_version_num")) or 0) // 10000


DEBIAN = Path("/usr/lib/postgresql")


def program(name: str, server: int) -> Path:
    """PostgreSQL's program of that name, the newest there is. Raises NotCopied: it must be as new as the server."""
    on_path = shutil.which(name)
    there = [*([Path(on_path)] if on_path else []), *DEBIAN.glob(f"*/bin/{name}")]
    newest = max(((_version(one), one) for one in there), default=(0, Path()))
    if newest[0] == 0:
        raise NotCopied(
            Text(
                f"找不到 {name}。请安装 PostgreSQL {server} 的客户端程序（Debian：apt-get install postgresql-client-{server}）。",
                f"{name} is not here. Install the client programs of PostgreSQL {server}"
                f" (Debian: apt-get install postgresql-client-{server}).",
            )
        )
    if newest[0] < server:
        raise NotCopied(
            Text(
                f"{newest[1]} 是 {newest[0]} 版，比服务器（{server} 版）旧。请安装 {server} 版或更新的客户端程序。",
                f"{newest[1]} is version {newest[0]}, older than the server's {server}. Install the client programs of"
                f" PostgreSQL {server} or newer.",
            )
        )
    return newest[1]


def _version(path: Path) -> int:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    number = re.search(r"\) (\d+)", said)
    return int(number[1]) if number else 0


def _run(command: list[str], url: str) -> None:
    """Run a program of PostgreSQL's on a database; the password goes through the environment, which others cannot see."""
    parts = make_url(dbos_url(url))
    whole = [command[0], f"--dbname={parts._replace(password=None).render_as_string()}", *command[1:]]
    environment = {**os.environ, **({"PGPASSWORD": str(parts.password)} if parts.password else {})}
    done = subprocess.run(whole, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        name = Path(command[0]).name
        if os.strerror(errno.ENOSPC) in said:
            raise NotCopied(
                Text(
                    f"{name} 没有完成：磁盘满了（数据库服务器的，或写文件的这台机器的）。请腾出空间，再运行同一条命令。\n{said}",
                    f"{name} did not finish: the disk is full (the database server's, or this machine's where a file is"
                    f" written). Make room, and run the same command again.\n{said}",
                )
            )
        raise NotCopied(Text(f"{name} 没有完成：{said}", f"{name} did not finish: {said}"))
