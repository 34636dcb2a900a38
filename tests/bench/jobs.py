"""Background work with a hundred thousand mails in the queue, against an empty queue: the screen, and queueing one more."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import insert, text

from tests.worlds import CALL_2021, World, settle
from workflow.jobs import board, queue
from workflow.mailing import AWAY
from workflow.store import schema
from workflow.store.database import Database
from workflow.store.models import Job

MANY = 100_000
_TURNS = 15

Ratio = Callable[[float, float, str, str], dict[str, Any]]


def measured(ratio: Ratio) -> dict[str, Any]:
    """Ratios of times, long queue to empty one, on SQLite with synchronous=FULL."""
    with tempfile.TemporaryDirectory() as name:
        database = Database(f"sqlite:///{name}/jobs.db")
        schema.upgrade(database)
        settle(database, CALL_2021)
        world = World.of(database, Path(name))

        def show() -> None:
            with database.reading() as session:
                board.board(session, world.people["administrator"])

        def enqueue() -> None:
            with database.transaction() as session:
                queue.enqueue(session, "mail_notice", secrets.token_hex(8), 1, "locked")

        before = {work: _milliseconds(work) for work in (show, enqueue)}
        fill(database, MANY)
        fill_dbos(database, MANY)
        after = {work: _milliseconds(work) for work in (show, enqueue)}
        database.close()
    said = {
        work: f"{before[work]:.1f} ms empty, {after[work]:.1f} ms with {MANY:,} queued and waiting" for work in before
    }
    return {
        "jobs_screen_long_queue": ratio(after[show] / before[show], 4, "max", said[show]),
        "enqueue_long_queue": ratio(after[enqueue] / before[enqueue], 1.5, "max", said[enqueue]),
    }


def fill(database: Database, many: int) -> None:
    """So many mails, half of them in the queue and half waiting for a server that is away."""
    now = datetime.now(UTC)
    rows = [
        {
            "key": f"mail/{number}",
            "name": "mail_notice",
            "arguments": [1, "locked"],
            "about": "person/1",
            "state": "queued" if number % 2 else "waiting",
            "queued_at": now - timedelta(seconds=number),
            "next_at": None if number % 2 else now,
            "failing_since": None if number % 2 else now - timedelta(hours=1),
            "code": "" if number % 2 else AWAY,
            "trouble": {} if number % 2 else {"zh": "连接不上。", "en": "Not reached."},
        }
        for number in range(many)
    ]
    with database.transaction() as session:
        session.execute(insert(Job), rows)


def fill_dbos(database: Database, many: int) -> None:
    """As many runs that wait in the queue's own table, copied from one that is there (SQLite)."""
    with database.transaction() as session:
        names = [one.name for one in session.execute(text("pragma table_info(workflow_status)"))]
        values = ", ".join("'mail/' || n" if one == "workflow_uuid" else one for one in names)
        session.execute(
            text(
                "with recursive count(n) as (select 1 union all select n + 1 from count where n < :many)"
                f" insert into workflow_status ({', '.join(names)})"
                f" select {values} from (select * from workflow_status limit 1), count"
            ),
            {"many": many},
        )


def _milliseconds(work: Callable[[], None]) -> float:
    """Median of some turns, after one to warm up."""
    work()
    times = []
    for _ in range(_TURNS):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return median(times)
