"""Putting work into the queue, in the causing transaction: it is there exactly when the cause is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from workflow.failpoints import reached
from workflow.jobs.kinds import KINDS, Kind
from workflow.operation import logs, telemetry
from workflow.store import jobs as stored

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions  # a large library: loaded where it is used

VERSION = "zhengji-1"
"""One version for every process: work queued before a restart is taken up after it."""

_CLIENTS: dict[int, tuple[Engine, DBOSClient]] = {}


def enqueue(session: Session, job: str, key: str, *arguments: Any, after: float = 0) -> None:
    """Queue work of a kind, once per key: the same key again is the same work. Arguments are plain values (JSON).

    `after`: seconds before which it is not to be done.
    """
    reached("act.before_enqueue")
    kind = KINDS[job]
    about = f"{kind.about}/{arguments[0]}" if kind.about else ""
    new = stored.add(
        session,
        key=key,
        name=job,
        arguments=list(arguments),
        about=about,
        queued_at=datetime.now(UTC) + timedelta(seconds=after),
        request=logs.request_id.get()[:40],
    )
    if new:
        if kind.replaces:
            stored.settle(session, about, job)
        hand_over(session, kind, key, arguments, wait=after)
    reached("act.after_enqueue")


def hand_over(
    session: Session, kind: Kind, key: str, arguments: Sequence[Any], *, number: int = 1, wait: float = 0
) -> None:
    """Have DBOS run a try of a piece of work, after so many seconds. `number`: which try it is."""
    options: EnqueueOptions = {
        "workflow_name": kind.name,
        "queue_name": kind.queue,
        "workflow_id": workflow_id(key, number),
        "app_version": VERSION,
    }
    if wait > 0:
        options["delay_seconds"] = wait
    if telemetry.on():
        options["otel_context"] = telemetry.current()
    client(session.get_bind().engine).enqueue_in_transaction(session, options, *arguments)


def workflow_id(key: str, number: int) -> str:
    """What DBOS calls a try: each has an id of its own, the first that of the work itself."""
    return key if number == 1 else f"{key}~{number}"


def which(workflow: str) -> tuple[str, int]:
    """Key and number of the try that DBOS calls so."""
    key, _, number = workflow.rpartition("~")
    return (key, int(number)) if key and number.isdigit() else (workflow, 1)


def client(engine: Engine) -> DBOSClient:
    """The queue's client on an engine, made once."""
    from dbos import DBOSClient

    known = _CLIENTS.get(id(engine))
    if known is None or known[0] is not engine:
        known = (engine, DBOSClient(system_database_engine=engine, lazy=True))
        _CLIENTS[id(engine)] = known
    return known[1]


def prepare(database_url: str) -> None:
    """Bring the queue's own tables into the database."""
    from dbos import DBOS

    DBOS.migrate(dbos_url(database_url))


def dbos_url(url: str) -> str:
    """The address as DBOS wants it: without the name of our driver."""
    return url.replace("postgresql+psycopg://", "postgresql://")
