"""From uploaded papers to a draft: read, shown to the author, and taken over as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from rules.call import Call
from rules.length import fits, shortest
from rules.words import Text
from states.reach import Actor
from workflow import cases, lists, merging, papers
from workflow.content import Content, from_snapshot
from workflow.documents import forms, reading
from workflow.documents.forms import FormRead
from workflow.documents.kinds import of_media_type
from workflow.documents.problems import Problem
from workflow.documents.reading import CaseDocument
from workflow.engine import CannotServe, Receipt
from workflow.incoming.mismatches import Mismatch
from workflow.merging import Part
from workflow.revisions import Change, compare
from workflow.store.files import Files
from workflow.store.models import Case, CaseRevision
from workflow.store.papers import Kept

AGAIN = Text(
    "核对页面已经过期，没有采用任何内容。请重新上传文件。",
    "The page on which you checked the files has expired; nothing was taken over. Upload the files again.",
)


class NotShown(CannotServe):
    """Files to be taken over that this person was not shown, or too long ago (409)."""


@dataclass(frozen=True)
class Meanwhile:
    """What others changed since a Word file was taken away, or looked at. `began`: the revision that it began with;
    `since`: those saved after it; `parts`: title and sections three ways; `open`: those that somebody has to choose."""

    began: CaseRevision
    since: tuple[CaseRevision, ...]
    parts: tuple[Part, ...]
    open: frozenset[str]

    @property
    def clashes(self) -> tuple[Part, ...]:
        return tuple(one for one in self.parts if one.clash)

    @property
    def staying(self) -> tuple[Part, ...]:
        """Changed by others only, and kept."""
        return tuple(one for one in self.parts if one.theirs_changed and not one.mine_changed)


@dataclass(frozen=True)
class Read:
    """What was understood from papers. `kept`: slot → file; `changes`: against what the case says now; `meanwhile`: None
    where nobody changed what the Word file began with, or that is not known."""

    kept: Mapping[str, Kept]
    content: Content
    document: CaseDocument | None
    form: FormRead | None
    differences: tuple[Mismatch, ...]
    changes: list[Change]
    pictures: tuple[Kept, ...] = field(default=())
    meanwhile: Meanwhile | None = None
    notes: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        read = (self.document, self.form)
        return (*self.notes, *(problem for one in read if one is not None for problem in one.problems))


def read(session: Session, files: Files, call: Call, case: Case, given: Mapping[str, tuple[str, bytes]]) -> Read:
    """Read uploaded files, slot ("case", "form") → (name, bytes), and keep them. Raises Unreadable."""
    kept = {slot: papers.keep(files, slot, name, data) for slot, (name, data) in given.items()}
    return again(session, files, call, case, kept)


NOWHERE = "-"
"""Where somebody puts text that is not to be taken over."""


def again(
    session: Session,
    files: Files,
    call: Call,
    case: Case,
    kept: Mapping[str, Kept],
    places: Mapping[int, str] | None = None,
    choices: Mapping[str, str] | None = None,
    seen: int = 0,
) -> Read:
    """The same from files that were vetted and kept already. `places`: loose text by number → section id or NOWHERE;
    `choices`: part → whose change counts where two changed it (`merging.MINE`, `merging.THEIRS`); `seen`: the revision
    that a Word file was held against when somebody was faster, for one that does not say what it began with."""
    document, form = _opened(files, call, kept)
    saved = lists.revisions(session, case)
    began = _began_with(case, saved, document, seen)
    base = from_snapshot(began.snapshot) if began else None
    centre = {
        "name": case.centre.name,
        "host_unit": case.centre.host_unit,
        "region": case.office.region,
        "kind": case.centre.kind,
    }
    merged = papers.understand(call, lists.content_of(case), document, form, centre, places, base, choices)
    read = _read(files, call, lists.content_of(case), kept, document, form, merged)
    meanwhile = _meanwhile(began, saved, merged.parts, choices or {})
    return replace(read, meanwhile=meanwhile, notes=_notes(case, document))


def understood(
    files: Files,
    call: Call,
    now: Content,
    centre: Mapping[str, str],
    kept: Mapping[str, Kept],
    places: Mapping[int, str] | None = None,
) -> Read:
    """The same for content that belongs to no case yet. `centre`: name, host_unit, region as registered."""
    document, form = _opened(files, call, kept)
    return _read(files, call, now, kept, document, form, papers.understand(call, now, document, form, centre, places))


def _opened(files: Files, call: Call, kept: Mapping[str, Kept]) -> tuple[CaseDocument | None, FormRead | None]:
    data = {slot: files.get(one.digest) for slot, one in kept.items()}
    document = form = None
    if "case" in kept:
        document = reading.read_vetted(data["case"], kept["case"].name, of_media_type(kept["case"].media_type), call)
    if "form" in kept:
        form = forms.read_vetted(data["form"], kept["form"].name, call)
    return document, form


def _read(
    files: Files,
    call: Call,
    now: Content,
    kept: Mapping[str, Kept],
    document: CaseDocument | None,
    form: FormRead | None,
    merged: papers.Understood,
) -> Read:
    pictures = tuple(papers.keep_pictures(files, document)) if document else ()
    changes = compare(call, now, merged.content)
    return Read(kept, merged.content, document, form, merged.differences, changes, pictures)


def _began_with(
    case: Case, saved: Sequence[CaseRevision], document: CaseDocument | None, seen: int
) -> CaseRevision | None:
    """The revision that a Word file was taken from; one of another case or another installation was from none."""
    mark = document.origin if document else None
    if mark is not None and mark.number == case.number.upper():
        found = next((one for one in saved if (one.revision, one.content) == (mark.revision, mark.digest)), None)
        if found is not None:
            return found
    return next((one for one in saved if document is not None and one.revision == seen), None)


def _meanwhile(
    began: CaseRevision | None, saved: Sequence[CaseRevision], parts: tuple[Part, ...], choices: Mapping[str, str]
) -> Meanwhile | None:
    if began is None or not any(one.theirs_changed for one in parts):
        return None
    since = tuple(one for one in saved if one.revision > began.revision)
    return Meanwhile(began, since, parts, merging.open_clashes(parts, choices))


def _notes(case: Case, document: CaseDocument | None) -> tuple[Problem, ...]:
    mark = document.origin if document else None
    if mark is None or mark.number == case.number.upper():
        return ()
    said = Text(
        f"这个文件是从案例 {mark.number} 下载的，而这里是 {case.number}。请确认没有传错。",
        f"This file was taken from the case {mark.number}, and this is {case.number}. Make sure that it belongs here.",
    )
    return (Problem("other_case", said, mark.number),)


def undecided(call: Call, read: Read, places: Mapping[int, str]) -> frozenset[int]:
    """The numbers of loose texts of which the author has not said where they belong."""
    loose = read.document.loose if read.document else ()
    return frozenset(
        at for at in range(len(loose)) if places.get(at) != NOWHERE and call.section(places.get(at, "")) is None
    )


def within_limit(call: Call, content: Content) -> dict[str, tuple[str, str]]:
    """Section id → its text up to the call's limit of 字, and what stands beyond it; counted as the limit is."""
    left = call.length.maximum or None
    found = {}
    for section in call.sections:
        text = content.sections.get(section.id, "")
        end = len(text) if left is None else fits(text, left, call.length.counted)
        found[section.id] = (text[:end], text[end:])
        left = None if left is None else max(0, left - shortest(text, call.length.counted))
    return found


def take_over(
    session: Session,
    case: Case,
    read: Read,
    *,
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    op: str = "",
) -> Receipt:
    """Save what was understood as the next revision, and keep the files with the case.

    Raises NotEditable, NotPermitted, Overtaken; then nothing is changed.
    """
    how = "document" if "case" in read.kept else "form"
    receipt = cases.edit(session, case.id, read.content, actor=actor, at=at, seen=seen, how=how, op=op)
    for slot, one in read.kept.items():
        attached = papers.attach(session, case.id, slot, [one], actor=actor, at=at, op=op)
        receipt = receipt or attached
    document = read.kept.get("case")
    if document is not None and of_media_type(document.media_type) != "docx":
        papers.converted(session, case, document, actor=actor, at=at, op=op)
    if read.pictures:
        papers.attach(session, case.id, "picture", read.pictures, actor=actor, at=at, op=op)
    assert receipt is not None
    return receipt
