"""A PostgreSQL of our own for tests: Debian's programs, a folder that goes away, no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

_ROOM = 2 << 30
"""Bytes that memory's folder must have free for servers to lie there."""
# Tests may lose their data: durability is what makes a server slow.
_SETTINGS = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_wal_size=128MB -c max_connections=200"
    " -c listen_addresses="
)


class Server:
    """A server in a folder of its own, reachable through a socket there; it can be stopped, however rudely, and started.

    PostgreSQL refuses to run as root, so there it runs as `postgres`.
    """

    def __init__(self, folder: Path, settings: str) -> None:
        self._folder = folder
        self._settings = settings
        self._programs = _programs()
        self._owner = "postgres" if os.geteuid() == 0 else None
        if self._owner:
            shutil.chown(folder, self._owner, self._owner)
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")

    @property
    def url(self) -> str:
        """The URL of its database `postgres`."""
        return f"postgresql+psycopg://postgres@/postgres?host={self._folder}"

    def start(self) -> None:
        """Raises RuntimeError with its log when it does not start. Takes about a second."""
        self._run("pg_ctl", "start", "-w", "-l", str(self._folder / "log"), "-o", f"-k {self._folder} {self._settings}")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "stop", "-w", "-m", mode)

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [self._programs / program, "-D", self._folder / "data", *words],
            cwd=self._folder,
            user=self._owner,
            group=self._owner,
            extra_groups=[] if self._owner else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            log = self._folder / "log"
            raise RuntimeError(f"{program}: {done.stderr}{log.read_text() if log.exists() else ''}")


def _in_memory() -> Path | None:
    """Memory's folder, where there is one with room: a server there copies a database three times as fast."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free >= _ROOM else None


@contextmanager
def running(settings: str = _SETTINGS) -> Iterator[Server]:
    """A server that runs, and goes away with its folder.

    Raises FileNotFoundError when PostgreSQL's programs are not installed.
    """
    with tempfile.TemporaryDirectory(prefix="zhengji-pg-", dir=_in_memory(), ignore_cleanup_errors=True) as name:
        server = Server(Path(name), settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def new_database(server: str, name: str, template: str = "template1") -> str:
    """Creates the database `name` as a copy of `template`, which nobody may be connected to; gives its URL."""
    with psycopg.connect(server.replace("+psycopg", "", 1), autocommit=True) as connection:
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        if _in_memory() and connection.info.server_version >= 150000:  # before 15 it knew no other way
            made += sql.SQL(" STRATEGY FILE_COPY")
        connection.execute(made)
    return server.replace("@/postgres?", f"@/{name}?", 1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL that lives as long as this run."""
    with running() as server:
        yield server.url


def _programs() -> Path:
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if debian:
        return max(debian, key=lambda path: float(path.parent.name))
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise FileNotFoundError("PostgreSQL is not installed (Debian, Ubuntu: sudo apt-get install postgresql).")
