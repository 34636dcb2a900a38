"""From uploaded papers to a draft: read, shown to the author, and taken over as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from rules.call import Call
from rules.length import fits, least_word_count
from rules.words import Text
from states.reach import Actor
from workflow import cases, lists, papers
from workflow.content import Content
from workflow.documents import forms, reading
from workflow.documents.forms import FormRead
from workflow.documents.kinds import of_media_type
from workflow.documents.problems import Problem
from workflow.documents.reading import CaseDocument
from workflow.engine import CannotServe, Receipt
from workflow.revisions import Change, compare
from workflow.store.files import Files
from workflow.store.models import Case
from workflow.store.papers import Kept

AGAIN = Text(
    "核对页面已经过期，没有采用任何内容。请重新上传文件。",
    "The page on which you checked the files has expired; nothing was taken over. Upload the files again.",
)


class NotShown(CannotServe):
    """Files to be taken over that this person was not shown, or too long ago (409)."""


@dataclass(frozen=True)
class Read:
    """What was understood from papers. `kept`: slot → file; `changes`: against what the case says now."""

    kept: Mapping[str, Kept]
    content: Content
    document: CaseDocument | None
    form: FormRead | None
    differences: tuple[Text, ...]
    changes: list[Change]
    pictures: tuple[Kept, ...] = field(default=())

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*(self.document.problems if self.document else ()), *(self.form.problems if self.form else ()))


def read(files: Files, call: Call, case: Case, given: Mapping[str, tuple[str, bytes]]) -> Read:
    """Read uploaded files, slot ("case", "form") → (name, bytes), and keep them. Raises Unreadable."""
    kept = {slot: papers.keep(files, slot, name, data) for slot, (name, data) in given.items()}
    return again(files, call, case, kept)


NOWHERE = "-"
"""Where somebody puts text that is not to be taken over."""


def again(
    files: Files, call: Call, case: Case, kept: Mapping[str, Kept], places: Mapping[int, str] | None = None
) -> Read:
    """The same from files that were vetted and kept already. `places`: loose text by number → section id or NOWHERE."""
    centre = {"name": case.centre.name, "host_unit": case.centre.host_unit, "region": case.office.region}
    return understood(files, call, lists.content_of(case), centre, kept, places)


def understood(
    files: Files,
    call: Call,
    now: Content,
    centre: Mapping[str, str],
    kept: Mapping[str, Kept],
    places: Mapping[int, str] | None = None,
) -> Read:
    """The same for content that belongs to no case yet. `centre`: name, host_unit, region as registered."""
    data = {slot: files.get(one.digest) for slot, one in kept.items()}
    document = form = None
    if "case" in kept:
        document = reading.read_vetted(data["case"], kept["case"].name, of_media_type(kept["case"].media_type), call)
    if "form" in kept:
        form = forms.read_vetted(data["form"], kept["form"].name, call)
    known = {at: place for at, place in (places or {}).items() if call.section(place)}
    merged = papers.understand(call, now, document, form, centre, known)
    pictures = tuple(papers.keep_pictures(files, document)) if document else ()
    return Read(
        kept,
        merged.content,
        document,
        form,
        merged.differences,
        compare(call, now, merged.content),
        pictures,
    )


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
        end = len(text) if left is None else fits(text, left)
        found[section.id] = (text[:end], text[end:])
        left = None if left is None else max(0, left - least_word_count(text))
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
