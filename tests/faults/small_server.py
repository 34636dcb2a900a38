"""Restores into a PostgreSQL whose own disk is full, and again once there is room; run on a small disk at $DISK.

Prints, one line each: whether the restore without room says that a disk is full, and the exit codes of that restore, of
one with room, and of the verification of the trail.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from psycopg import OperationalError, connect

from tests.postgres import Server, new_database

LEFT = 1 << 20
"""Bytes that are left to the server: less than any backup needs."""


def main(backup: str) -> None:
    disk = Path(os.environ["DISK"])
    disk.chmod(0o755)
    folder = disk / "server"
    folder.mkdir()
    server = Server(folder, "-c listen_addresses= -c max_wal_size=32MB -c shared_buffers=16MB")
    server.start()
    try:
        url = new_database(server.url, "restored")
        environ = {**os.environ, "ZHENGJI_DATABASE_URL": url, "ZHENGJI_OWNER_DATABASE_URL": url}
        filler = disk / "filler"
        free = os.statvfs(disk)
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - LEFT)
        code, said = _ran(environ, "restore", backup)
        print("磁盘满了" in said and "the disk is full" in said, code, sep="\n")
        filler.unlink()
        if not _answers(url):  # where it could not write its own journal it has stopped
            server.start()
        print(_ran(environ, "restore", backup)[0])
        print(_ran(environ, "audit", "verify")[0])
    finally:
        server.stop()


def _ran(environ: dict[str, str], *words: str) -> tuple[int, str]:
    """Exit code of a command, and everything it says."""
    done = subprocess.run([sys.executable, "-m", "web.cli", *words], env=environ, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def _answers(url: str) -> bool:
    try:
        connect(url.replace("+psycopg", "", 1)).close()
    except OperationalError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1])
