"""Putting work into the queue, in the causing transaction: it is there exactly when the cause is."""

from __future__ import annotations

from typing import Any

from dbos import DBOS, DBOSClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from workflow.failpoints import reached

QUEUE = "zhengji"
MAILS = "zhengji-mail"
"""A queue of their own: mails that wait for days for their server keep no other work waiting."""
VERSION = "zhengji-1"
"""One version for every process: work queued before a restart is taken up after it."""

_CLIENTS: dict[int, tuple[Engine, DBOSClient]] = {}


def enqueue(session: Session, job: str, key: str, *arguments: Any) -> None:
    """Queue a job by name, once per key: the same key again is the same work."""
    reached("act.before_enqueue")
    client(session.get_bind().engine).enqueue_in_transaction(
        session,
        {
            "workflow_name": job,
            "queue_name": MAILS if job.startswith("mail_") else QUEUE,
            "workflow_id": key,
            "app_version": VERSION,
        },
        *arguments,
    )
    reached("act.after_enqueue")


def client(engine: Engine) -> DBOSClient:
    """The queue's client on an engine, made once."""
    known = _CLIENTS.get(id(engine))
    if known is None or known[0] is not engine:
        known = (engine, DBOSClient(system_database_engine=engine, lazy=True))
        _CLIENTS[id(engine)] = known
    return known[1]


def prepare(database_url: str) -> None:
    """Bring the queue's own tables into the database."""
    DBOS.migrate(dbos_url(database_url))


def dbos_url(url: str) -> str:
    """The address as DBOS wants it: without the name of our driver."""
    return url.replace("postgresql+psycopg://", "postgresql://")
