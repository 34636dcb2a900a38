"""Clearing away background work that was done long ago: what was done with it stands in the trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from workflow.jobs import queue
from workflow.store import jobs as stored
from workflow.store.database import Database

KEPT = timedelta(days=90)
"""For so long what has ended is kept, and so long the same key again is the same work."""
AT_ONCE = 500


def clear(database: Database, at: datetime) -> tuple[int, int]:
    """Forget what came to an end before `at` less `KEPT`: (pieces of work, tries that DBOS remembers).

    Work given up stays until somebody settles it. A few hundred rows to a transaction, so that nobody waits.
    """
    before = at - KEPT
    pieces = tries = 0
    while some := _pieces(database, before):
        pieces += some
    while some := _tries(database, before):
        tries += some
    return pieces, tries


def _pieces(database: Database, before: datetime) -> int:
    with database.transaction() as session:
        return stored.forget(session, before, AT_ONCE)


def _tries(database: Database, before: datetime) -> int:
    known = queue.client(database.engine)
    found = known.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"],
        completed_before=before.astimezone(UTC).isoformat(),
        limit=AT_ONCE,
        load_input=False,
        load_output=False,
    )
    if found:
        known.delete_workflows([one.workflow_id for one in found])
    return len(found)
