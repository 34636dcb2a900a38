"""Work that outlives a request: queued inside the transaction that causes it, run by DBOS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.jobs.queue import enqueue
from workflow.settings import Settings
from workflow.store.database import Database

if TYPE_CHECKING:
    from workflow.pushes import Post

__all__ = ["enqueue", "launch", "post", "stop"]


def launch(settings: Settings, database: Database) -> None:
    """Start running jobs in this process. The jobs call the verbs that queue them, so they are loaded only now."""
    from workflow.jobs import worker

    worker.launch(settings, database)


def stop() -> None:
    """Stop running jobs; what is unfinished is taken up at the next start."""
    from workflow.jobs import worker

    worker.stop()


def post(settings: Settings, database: Database) -> Post:
    """What delivering needs, for a caller that does it now instead of queueing it."""
    from workflow.jobs import worker

    return worker.workshop(settings, database).post
