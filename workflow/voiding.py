"""What voided a seal: how the content, or the list, differs from what was sealed, since when, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.words import Text
from states.reach import Actor, reaches
from workflow import batches, lists, revisions
from workflow.revisions import Change
from workflow.store import facts as stored_facts
from workflow.store import histories as stored_histories
from workflow.store import lists as stored_lists
from workflow.store.models import Batch, Case, CaseRevision, Seal


@dataclass(frozen=True)
class Voided:
    """`sealed`: the revision that was sealed, None where it is not kept; `first`: the change after which the seal no longer
    held, with who and when; `changes`: how the present content differs, contacts masked."""

    sealed: CaseRevision | None
    first: CaseRevision | None
    now: int
    changes: Sequence[Change]


def of_case(session: Session, case: Case, seal: Seal | None) -> Voided | None:
    """What voided the seal of a case; None where it holds, or there is none."""
    if seal is None or seal.content == case.content:
        return None
    kept = lists.revisions(session, case)
    sealed = next((one for one in kept if one.content == seal.content), None)
    if sealed is None:
        return Voided(None, None, case.revision, ())
    first = next((one for one in reversed(kept) if one.revision > sealed.revision), None)
    call, before = lists.call_of(session, case), lists.content_at(session, case, sealed.revision)[1]
    changes = revisions.compare(call, before, lists.content_of(case), masked=True)
    return Voided(sealed, first, case.revision, changes)


@dataclass(frozen=True)
class Line:
    """One line of a summary table that is not as it was sealed. `why`: "added", "dropped", "changed" or "moved".

    `case`: the case's id where the reader reaches it; `before`, `now`: of a changed one, its revisions then and now.
    """

    why: str
    number: str
    title: str
    case: int | None = None
    by: str = ""
    at: datetime | None = None
    before: int | None = None
    now: int | None = None

    @property
    def label(self) -> Text:
        return _WHY[self.why]


_WHY = {
    "added": Text("新列入", "added"),
    "dropped": Text("已移出", "taken out"),
    "changed": Text("内容有改动", "content changed"),
    "moved": Text("顺序变动", "moved"),
}


def of_batch(session: Session, batch: Batch, seal: Seal | None, content: str, seen_by: Actor) -> list[Line] | None:
    """Which lines differ from the sealed summary table; None where the seal holds, or is from before lists were kept.

    `content`: the digest of the present list. What an office makes of a returned batch is not the national office's.
    """
    if seal is None or seal.content == content or seal.listed is None or batches.is_back(batch, seen_by):
        return None
    sealed = [(str(number), str(title), str(of)) for number, title, of in seal.listed["lines"]]
    rows = stored_facts.case_rows(session, stored_facts.lines_of(session, batch.id))
    was, now = {number: of for number, _, of in sealed}, {row.number: row for row in rows}
    listed = _last_listing(session, batch, seal.at)
    found = [
        Line("dropped", number, title, by=listed[0], at=listed[1]) for number, title, _ in sealed if number not in now
    ]
    for row in rows:
        if row.number not in was:
            found.append(Line("added", row.number, row.title, _case(session, row, seen_by), *listed))
        elif was[row.number] != row.content:
            found.append(_changed(session, row, was[row.number], seen_by))
    if not found:
        order = [number for number, _, _ in sealed]
        moved = [row for at, row in enumerate(rows) if order[at] != row.number]
        found = [Line("moved", row.number, row.title, _case(session, row, seen_by), *listed) for row in moved]
    return found


def _case(session: Session, row: Any, seen_by: Actor) -> int | None:
    return row.id if reaches(seen_by, session.get_one(Case, row.id)) else None


def _changed(session: Session, row: Any, was: str, seen_by: Actor) -> Line:
    kept = stored_lists.revisions(session, row.id)
    newest = kept[0]
    sealed = next((one.revision for one in kept if one.content == was), None)
    case = _case(session, row, seen_by)
    return Line("changed", row.number, row.title, case, newest.hand, newest.at, sealed, newest.revision)


def _last_listing(session: Session, batch: Batch, since: datetime) -> tuple[str, datetime | None]:
    """Who changed the list last, and when; nobody where lines only went because their cases did."""
    for one in stored_histories.events_in(session, [f"{batch.stream}/content"]):
        if one.action == "batch.collect" and one.outcome == "done" and one.at >= since:
            return one.body["actor"]["name"], one.at
    return "", None
