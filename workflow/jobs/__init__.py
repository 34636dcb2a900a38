"""Work that outlives a request: queued inside the transaction that causes it, run by DBOS."""

from workflow.jobs.queue import enqueue

__all__ = ["enqueue"]
