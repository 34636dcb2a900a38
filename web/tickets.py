"""What somebody was shown, signed: nobody acts on a file, or turns its pages, that was not shown to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

from web.request import actor
from workflow.engine import Text
from workflow.incoming import intake
from workflow.store import papers

_HOURS = 12
_OPEN_AGAIN = Text(
    "这份材料打开得太久了，或不是您打开的。请回到原来的页面重新打开。",
    "This paper was opened too long ago, or not by you. Go back to where it is listed and open it again.",
)


def of_files(kind: str, number: int, kept: Mapping[str, papers.Kept]) -> str:
    """A ticket for files, by slot, that this person was shown for a thing. `kind`: "papers" or "batches"."""
    return _signer(kind).dumps([number, actor().id, {slot: vars(one) for slot, one in kept.items()}])


def files_of(kind: str, number: int, ticket: str, *slots: str) -> dict[str, papers.Kept]:
    """The files of a ticket that came back. Raises NotShown when it is not ours, too old, or of other slots."""
    of, person, kept = _read(kind, ticket)
    if (of, person) != (number, actor().id) or not set(kept) <= set(slots):
        raise intake.NotShown(intake.AGAIN)
    return {slot: papers.Kept(**one) for slot, one in kept.items()}


def of_opened(document: int) -> str:
    """A ticket for the pages of a file that this person opened, which is on record."""
    return _signer("opened").dumps([document, actor().id])


def check_opened(document: int, ticket: str) -> None:
    """Raise NotShown unless this person opened that file a while ago."""
    if _read("opened", ticket) != [document, actor().id]:
        raise intake.NotShown(_OPEN_AGAIN)


def _signer(kind: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=kind)


def _read(kind: str, ticket: str) -> Any:
    try:
        return _signer(kind).loads(ticket, max_age=_HOURS * 3600)
    except BadSignature as wrong:
        raise intake.NotShown(_OPEN_AGAIN if kind == "opened" else intake.AGAIN) from wrong
