"""A PostgreSQL of our own for tests: Debian's programs, a folder that goes away, no network."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import chown, which

import psycopg
import pytest
from psycopg import sql

# Tests may lose their data: durability is what makes a server slow.
_SETTINGS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c listen_addresses="


@contextmanager
def running() -> Iterator[str]:
    """A server reachable through a socket in its own folder; gives the URL of its database `postgres`.

    Raises FileNotFoundError when PostgreSQL's programs are not installed, RuntimeError with its log when it does not
    start. Takes about a second. PostgreSQL refuses to run as root, so there it runs as `postgres`.
    """
    programs = _programs()
    owner = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="zhengji-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if owner:
            chown(folder, owner, owner)

        def run(program: str, *words: str) -> None:
            done = subprocess.run(
                [programs / program, "-D", folder / "data", *words],
                cwd=folder,
                user=owner,
                group=owner,
                extra_groups=[] if owner else None,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            if done.returncode:
                log = folder / "log"
                raise RuntimeError(f"{program}: {done.stderr}{log.read_text() if log.exists() else ''}")

        run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", f"-k {folder} {_SETTINGS}")
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")


def new_database(server: str, name: str, template: str = "template1") -> str:
    """Creates the database `name` as a copy of `template`, which nobody may be connected to; gives its URL."""
    with psycopg.connect(server.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    return server.replace("@/postgres?", f"@/{name}?", 1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL that lives as long as this run."""
    with running() as url:
        yield url


def _programs() -> Path:
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if debian:
        return max(debian, key=lambda path: float(path.parent.name))
    if found := which("initdb"):
        return Path(found).resolve().parent
    raise FileNotFoundError("PostgreSQL is not installed (Debian, Ubuntu: sudo apt-get install postgresql).")
