"""The door that keeps an archived call as it is: whatever is recorded as done to its cases, batches and pushes passes here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from rules.words import Text
from states.call import CallState
from workflow.engine import CannotServe
from workflow.store import call_standing as stored

if TYPE_CHECKING:
    from workflow.store.trail import Entry


class CallBarred(CannotServe):
    """The call of a case is closed or archived, so this cannot be done (409)."""


_READS = (
    "document.open",
    "objection.open_file",
    "reading.",
    "export.",
    "privacy.",
    "mail.",
    "job.",
    "case.turn_away",
    "batch.turn_away",
)
"""What goes on while a call is archived: reading, taking away, erasing what is personal, and what became of mails."""


_NAMING = ("judging/", "decisions/", "announcement/")
"""Streams whose entries name their call, or a case of it, in what they say."""
_OF_CALLS = ("batch/", "call/", "judgement/", "decision/", "objection/", *_NAMING)
"""Streams of what belongs to a call, beside those of cases."""


def words(state: CallState) -> Text:
    """Why nothing can be done, and who can change that."""
    if state is CallState.ARCHIVED:
        return Text(
            "这份征集通知已归档，只供查看。确需办理时，请国家局主管撤销归档。",
            "The call is archived and can only be read. Where something must be done, the director takes it out again.",
        )
    return Text(
        "这份征集通知已结束征集，中心不能再新建、修改或报送案例。确需办理时，请国家局主管重新开放征集。",
        "The call is closed: centres begin, change and report nothing any more. Where they must, the director opens it again.",
    )


def check(session: Session, entries: Iterable[Entry]) -> None:
    """Raise CallBarred where something is about to be done to what belongs to an archived call."""
    touching = [one for one in entries if one.case_id is not None or one.stream.startswith(_OF_CALLS)]
    if not touching:
        return
    archived = {number for number, state in stored.standings(session).items() if state == CallState.ARCHIVED}
    if not archived:
        return
    for one in touching:
        if one.outcome == "done" and not one.action.startswith(_READS) and _call(session, one) in archived:
            raise CallBarred(words(CallState.ARCHIVED))


def check_calls(session: Session, numbers: Iterable[str]) -> None:
    """Raise CallBarred where something is about to be begun under an archived call."""
    known = stored.standings(session)
    if any(known.get(one) == CallState.ARCHIVED for one in numbers):
        raise CallBarred(words(CallState.ARCHIVED))


def _call(session: Session, entry: Entry) -> str | None:
    """The number of the call to which what an entry is about belongs; None for what belongs to none."""
    kind, _, rest = entry.stream.partition("/")
    if entry.case_id is not None:
        return stored.call_of_case(session, entry.case_id)
    thing = rest.partition("/")[0]
    if kind == "batch":
        return stored.call_of_batch(session, f"batch/{thing}")
    if kind == "judgement":
        return stored.call_of_judgement(session, f"judgement/{thing}")
    if kind == "objection":
        return stored.call_of_objection(session, f"objection/{thing}")
    if entry.stream.startswith(_NAMING):
        return entry.data.get("call") or stored.call_of_numbered(session, str(entry.data.get("case", "")))
    if kind == "decision" and thing.isdigit():
        return stored.call_of_case(session, int(thing))
    if kind == "call" and not rest.endswith("/standing"):
        return thing
    return None
