"""Attachments of a case: files for the papers that its call asks for beside case document and report form.

They are content: each change is the next revision, and a seal, a sign-off or an English version of the one before no longer holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from sqlalchemy.orm import Session

from rules.call import ATTACHMENT_FORMATS, Call, Paper
from rules.facts import Attachment
from rules.papers import attachment_problem, attachments_complete
from rules.roles import Level
from rules.words import Text
from states.reach import Actor
from workflow import cases, papers
from workflow.documents import limits, vetting
from workflow.documents.kinds import of_media_type
from workflow.engine import NoSuchThing, Receipt, WrongInput
from workflow.incoming import reception
from workflow.store import cases as stored_cases
from workflow.store import facts as stored_facts
from workflow.store import papers as stored
from workflow.store.calls import call_of
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Case, Document
from workflow.store.papers import Kept

HOW = "attachment"
"""How a revision came about, as the trail has it."""


class NoSuchAttachment(NoSuchThing):
    """The call asks for no such paper, or the case has no such file (404)."""


class NotAttached(WrongInput):
    """The file is there already, or there are as many as there may be (422)."""


@dataclass(frozen=True)
class Asked:
    """A paper that the call asks of a case, the files that count now, and what is still wrong with them."""

    paper: Paper
    files: tuple[Document, ...]
    problem: Text | None = None

    @property
    def full(self) -> bool:
        """Whether another file would be one too many."""
        return len(self.files) >= self.paper.most

    @property
    def said(self) -> Text:
        """How large, of which formats."""
        return self.limit.told(self.paper.formats or ATTACHMENT_FORMATS)

    @property
    def limit(self) -> limits.Limit:
        return limits.of_attachment(self.paper)


def of_case(call: Call, current: Sequence[Document], content: Sequence[Attachment]) -> list[Asked]:
    """Every attachment of a call with its files, in the order of the call; then files for papers that it asks for no more.

    `current`: the files of the case that count now.
    """
    files = [one for one in reversed(current) if one.slot == "attachment"]
    examined = attachments_complete.id in call.rules
    asked = [
        Asked(
            paper,
            tuple(one for one in files if one.paper == paper.id),
            attachment_problem(paper, [one for one in content if one.paper == paper.id]) if examined else None,
        )
        for paper in call.attachments
    ]
    known = {one.id for one in call.attachments}
    return asked + [
        Asked(Paper(name, Text(name, name), Level.CENTRE, required=False, most=0), left)
        for name in dict.fromkeys(one.paper for one in files if one.paper not in known)
        if (left := tuple(one for one in files if one.paper == name))
    ]


def asked_for(call: Call, paper_id: str) -> Paper:
    """The attachment of that id. Raises NoSuchAttachment."""
    found = next((one for one in call.attachments if one.id == paper_id), None)
    if found is None:
        raise NoSuchAttachment(Text("通知没有要这种附件。", "The call asks for no such attachment."))
    return found


def receive(
    database: Database,
    files: Files,
    paper: Paper,
    name: str,
    data: IO[bytes],
    *,
    actor: Actor,
    at: datetime,
    case: int,
) -> Kept:
    """Take in one uploaded file for a paper, a piece at a time, and keep it; one event says what became of it.

    No transaction may be open: that takes a while. Raises Refused, NoSuchCase.
    """
    with vetting.attachment(limits.of_attachment(paper), name, data) as (verdict, file):
        vetted, received = verdict.vetted, verdict.received
        if vetted is None:
            reception.refuse(database, files, "attachment", verdict, file, actor=actor, at=at, case=case)
        files.put_file(file)
    reception.note(database, "attachment", verdict, actor=actor, at=at, case=case)
    return Kept(vetted.name, vetted.media_type, received.sha256, received.size, sm3=received.sm3)


def put(
    session: Session,
    case_id: int,
    paper_id: str,
    kept: Kept,
    *,
    replaces: int | None = None,
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    op: str = "",
) -> Receipt | None:
    """Put a file that was taken in to a case, for a paper; `replaces`: the file in whose place it comes.

    Raises NoSuchAttachment, NotAttached, and what `cases.edit` raises.
    """
    row, earlier = _begun(session, case_id, actor, op)
    if earlier is not None:
        return earlier
    paper = asked_for(call_of(session, row.call_version_id), paper_id)
    gone = _file(session, row, replaces) if replaces is not None else None
    left = _without(row, gone)
    fresh = Attachment(paper.id, kept.name, limits.format_of(of_media_type(kept.media_type)), kept.size, kept.digest)
    _check_fits(paper, left, fresh)
    place = _place(row, gone) if gone is not None and gone.paper == paper.id else len(left)
    receipt = _save(session, row, (*left[:place], fresh, *left[place:]), actor=actor, at=at, seen=seen, op=op)
    stored.put_attachment(session, papers.owner_of(row), paper.id, kept, gone, actor, at, row.revision + 1)
    return receipt


def remove(
    session: Session,
    case_id: int,
    document_id: int,
    *,
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    op: str = "",
) -> Receipt | None:
    """Take a file off a case; it stays among the earlier ones. Raises NoSuchAttachment, and what `cases.edit` raises."""
    row, earlier = _begun(session, case_id, actor, op)
    if earlier is not None:
        return earlier
    gone = _file(session, row, document_id)
    receipt = _save(session, row, _without(row, gone), actor=actor, at=at, seen=seen, op=op)
    stored.put_attachment(session, papers.owner_of(row), gone.paper, None, gone, actor, at, row.revision + 1)
    return receipt


def _begun(session: Session, case_id: int, actor: Actor, op: str) -> tuple[Case, Receipt | None]:
    """The case, held against others, and the receipt of the same form where it came before. Raises NotPermitted, NotEditable."""
    [row] = stored_facts.case_rows(session, [case_id], lock=True)
    cases.check_author(row, actor)
    earlier = stored_cases.edited_by_op(session, op, case_id)
    if earlier is None:
        cases.check_editable(session, row, actor)
    return row, earlier


def _file(session: Session, row: Case, document_id: int) -> Document:
    current = papers.current(session, row)
    found = next((one for one in current if one.id == document_id and one.slot == "attachment"), None)
    if found is None:
        raise NoSuchAttachment(
            Text(
                "没有这个附件，或者它已经移除、替换。请刷新页面查看。",
                "There is no such attachment, or it was removed or replaced since. Look at the page again.",
            )
        )
    return found


def _same(one: Attachment, file: Document) -> bool:
    return (one.paper, one.digest) == (file.paper, file.digest)


def _without(row: Case, gone: Document | None) -> tuple[Attachment, ...]:
    listed = stored_facts.content_of(row).attachments
    return tuple(one for one in listed if gone is None or not _same(one, gone))


def _place(row: Case, gone: Document) -> int:
    listed = stored_facts.content_of(row).attachments
    return next((at for at, one in enumerate(listed) if _same(one, gone)), len(listed))


def _check_fits(paper: Paper, left: Sequence[Attachment], fresh: Attachment) -> None:
    there = [one for one in left if one.paper == paper.id]
    if any(one.digest == fresh.digest for one in there):
        raise NotAttached(
            Text(
                f"“{fresh.name}”与已交的文件内容完全相同，没有再收。",
                f"“{fresh.name}” is the same, byte for byte, as a file that is there; it was not taken again.",
            )
        )
    if len(there) >= paper.most:
        raise NotAttached(
            Text(
                f"{paper.label.zh}最多 {paper.most} 个文件，已经交满。请在要换的文件下选“替换”，或先移除一个。",
                f"“{paper.label.en}” takes {paper.most} files at most, and they are there. Replace one, or remove one first.",
            )
        )


def _save(
    session: Session,
    row: Case,
    attachments: tuple[Attachment, ...],
    *,
    actor: Actor,
    at: datetime,
    seen: str | None,
    op: str,
) -> Receipt | None:
    content = stored_facts.content_of(row).changed(attachments=attachments)
    return cases.edit(session, row.id, content, actor=actor, at=at, seen=seen, how=HOW, op=op)
