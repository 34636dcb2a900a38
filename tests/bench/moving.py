"""`python -m tests.bench moving`: 30,000 cases moved from SQLite to PostgreSQL by the command, how long and with how much memory.

Not part of `make bench`: it takes minutes. The data set is the one of `make bench`, with the whole way of each case on its
trail, as verifying asks, a document for each hundredth case, and a signed checkpoint. The server's settings are a
server's: what it confirms is on disk.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from states.case import CASE
from states.lifecycle import State, Transition
from states.reach import Actor
from tests import postgres
from tests.bench import lists
from tests.make import case_facts
from workflow.audit import log
from workflow.jobs import queue
from workflow.jobs.sequencing import last_seen
from workflow.settings import Settings, from_environment
from workflow.store import facts as stored_facts
from workflow.store import trail
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Case, Document

AT_ONCE = 2000
DURABLE = "-c max_connections=50 -c listen_addresses="


def main() -> None:
    """Make the installation, move it, print what it took; raises where anything is not the same."""
    with tempfile.TemporaryDirectory(prefix="zhengji-move-") as folder, postgres.running(DURABLE) as server:
        began = time.perf_counter()
        settings = _installation(Path(folder))
        size = Path(folder, "zhengji.db").stat().st_size >> 20
        print(
            f"an installation of {lists.MIDDLE.cases:,} cases, {size} MiB, made in {time.perf_counter() - began:.0f} s"
        )
        target = postgres.new_database(server.url, "moved")
        began = time.perf_counter()
        said = _command(settings, "database", "move", "--json", env={"ZHENGJI_MOVE_TO": target})
        took, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        busy, memory = used.ru_utime + used.ru_stime, used.ru_maxrss >> 10
        print(
            f"moved in {took:.0f} s ({busy:.0f} s of its own processor time): {len(said['tables'])} tables, {said['rows']:,} rows, {said['entries']:,} entries and"
            f" {said['checkpoints']} checkpoints of the trail; at most {memory} MiB; not checked: {said['not_checked'] or 'nothing'}"
        )
        _counted(settings, target, said)
        began = time.perf_counter()
        verified = _command(settings, "audit", "verify", "--json", env={"ZHENGJI_DATABASE_URL": target})
        print(f"verified there once more in {time.perf_counter() - began:.0f} s: {verified['findings'] or 'holds'}")


def _installation(home: Path) -> Settings:
    shutil.copy(lists.made(lists.MIDDLE), home / "zhengji.db")
    settings = from_environment({"ZHENGJI_HOME": str(home), "ZHENGJI_SECRET_KEY": "x" * 32})
    _without_events(home / "zhengji.db")
    queue.prepare(settings.database_url)
    database, at = Database(settings.database_url), datetime.now(UTC)
    with _unguarded(home / "zhengji.db", "cases_in_step"):
        _walked(database, at)
    _documents(database, Files(settings.documents_url), at)
    at = datetime.now(UTC)
    signed = log.checkpoint(database, log.signer(database, Path(settings.audit_key), at), at)
    assert signed is not None
    log.remember(last_seen(settings), signed.note)
    database.close()
    return settings


def _without_events(path: Path) -> None:
    """The data set's cases have one event each, which stands for all, and is no trail."""
    with _unguarded(path, "audit_event_no_%") as connection:
        connection.execute("delete from audit_event where stream like 'case/%'")


@contextmanager
def _unguarded(path: Path, triggers: str) -> Iterator[sqlite3.Connection]:
    """The database without some of its triggers for a while."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        kept = "select name, sql from sqlite_master where type = 'trigger' and name like ?"
        found = connection.execute(kept, (triggers,)).fetchall()
        for name, _ in found:
            connection.execute(f"drop trigger {name}")
        yield connection
        for _, made in found:
            connection.execute(made)


def _walked(database: Database, at: datetime) -> None:
    """Every case's way from its beginning to where it stands, on the trail."""
    ways = {str(state): way for state, way in _ways()}
    facts = stored_facts.as_recorded(case_facts())
    with database.reading() as session:
        cases = session.execute(select(Case.id, Case.state, Case.author_id, Case.office_id).order_by(Case.id)).all()
    for start in range(0, len(cases), AT_ONCE):
        some = cases[start : start + AT_ONCE]
        heads: dict[int, tuple[int, str]] = {}
        with database.transaction() as session:
            for number in range(max(map(len, ways.values())) + 1):
                walking = [one for one in some if number <= len(ways[one.state])]
                entries = [
                    _entry(one, ways[one.state][number - 1] if number else None, heads.get(one.id), facts, at)
                    for one in walking
                ]
                for one, receipt in zip(walking, trail.append(session, entries), strict=True):
                    heads[one.id] = (receipt.seq, receipt.hash)
            session.connection().exec_driver_sql(
                "update cases set version = ?, head = ? where id = ?", [(*head, one) for one, head in heads.items()]
            )


Way = tuple[tuple[State, Transition], ...]
"""Steps, each with the state from which it was taken."""


def _ways() -> Iterator[tuple[State, Way]]:
    """Each state with a shortest way there."""
    seen = {CASE.initial}
    ahead: deque[tuple[State, Way]] = deque([(CASE.initial, ())])
    while ahead:
        state, way = ahead.popleft()
        yield state, way
        for step in CASE.transitions:
            if state in step.sources and step.target not in seen:
                seen.add(step.target)
                ahead.append((step.target, (*way, (state, step))))


def _entry(
    case: Any, step: tuple[State, Transition] | None, previous: tuple[int, str] | None, facts: Any, at: datetime
) -> trail.Entry:
    more: dict[str, Any] = {"stream": f"case/{case.id}", "case_id": case.id, "office_id": case.office_id}
    more |= {"outcome": "done", "at": at, "actor": Actor(case.author_id, "赵文"), "previous": previous}
    if step is None:
        return trail.Entry(action="case.create", to_state=str(CASE.initial), **more)
    source, taken = step
    data = {"role": str(taken.by[0]), "from_state": str(source), "remark": "", "findings": [], "facts": facts}
    return trail.Entry(action=f"case.{taken.name}", to_state=str(taken.target), data=data, **more)


def _documents(database: Database, files: Files, at: datetime) -> None:
    with database.transaction() as session:
        rows = []
        for case in session.scalars(select(Case).where(Case.id % 100 == 0)):
            data = f"案例 {case.id}".encode()
            paper = {"case_id": case.id, "slot": "case", "name": "案例.docx", "media_type": "text/plain"}
            rows.append({**paper, "digest": files.put(data), "size": len(data), "by_id": case.author_id, "at": at})
        session.execute(insert(Document), rows)


def _command(settings: Settings, *words: str, env: dict[str, str]) -> Any:
    """What `zhengji … --json` printed, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", "from web.cli import main; main()", *words],
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "ZHENGJI_SECRET_KEY": "x" * 32}
        | {"ZHENGJI_HOME": str(settings.home), **env},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-4000:])
    return json.loads(done.stdout)


def _counted(settings: Settings, target: str, said: dict[str, Any]) -> None:
    """Rows of a few tables counted by the databases themselves."""
    moved = Database(target)
    with closing(sqlite3.connect(Path(settings.home, "zhengji.db"))) as source, moved.reading() as session:
        for name in ("cases", "case_revision", "audit_event", "audit_log", "document", "fingerprint_band"):
            asked = f"select count(*) from {name}"
            there = session.connection().exec_driver_sql(asked).scalar()
            here = source.execute(asked).fetchone()[0]
            if here != there:
                raise AssertionError((name, here, there))
            print(f"  {name:<18}{there:>9,} in both; as told {said['tables'][name]['rows']:,}")
    moved.close()
