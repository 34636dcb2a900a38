"""Files that a form brings: each through the one door, on record, and kept."""

from __future__ import annotations

from flask import request

from web.request import actor, files, installed, now
from workflow.documents.limits import LIMITS, Limit
from workflow.incoming import reception
from workflow.store import papers


def uploaded(field: str, slot: str, *, case: int | None = None, batch: int | None = None) -> papers.Kept | None:
    """The file of a form's field, taken in for a slot; None where none was chosen. Raises Unreadable.

    No transaction of the caller's may be open: the check takes a while, and its event is written by itself.
    """
    sent = request.files.get(field)
    if sent is None or not sent.filename:
        return None
    return reception.receive(
        installed().database,
        files(),
        slot,
        sent.filename,
        sent.stream,
        actor=actor(),
        at=now(),
        case=case,
        batch=batch,
    )


def limit(slot: str) -> Limit:
    """What a slot takes, to be said beside its field."""
    return LIMITS[slot]
