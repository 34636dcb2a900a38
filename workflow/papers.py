"""Papers of a case: files taken in, what was understood from them, and the seal a person confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules import signatures
from rules.call import Call
from rules.facts import GOOD
from rules.roles import Level, Role
from rules.words import Text
from states.case import EDITABLE
from states.reach import Actor
from workflow import content as contents
from workflow import merging
from workflow.calls import call_standing
from workflow.cases import NotEditable, check_marked, check_seen, where_it_is
from workflow.content import Content
from workflow.documents import forms, preview, reading, vetting
from workflow.engine import NotPermitted, Receipt
from workflow.incoming import mismatches as differing
from workflow.incoming import sealing
from workflow.store import facts as stored_facts
from workflow.store import lists as stored_lists
from workflow.store import papers as stored
from workflow.store.files import Files
from workflow.store.models import Case, Document, Seal
from workflow.store.papers import Kept, Owner


def keep(files: Files, slot: str, name: str, data: bytes) -> Kept:
    """Vet a file and keep its bytes, before any transaction names them. Raises Unreadable when it is refused."""
    return kept_as(files, vetting.judge(slot, name, data))


def kept_as(files: Files, verdict: vetting.Verdict) -> Kept:
    """Keep the bytes of a file that was judged. Raises Unreadable when it was refused."""
    vetted, received = verdict.taken, verdict.received
    digest = files.put(vetted.data)
    original = received.sha256 if received.sha256 != digest else ""
    return Kept(vetted.name, vetted.media_type, digest, len(vetted.data), sm3=received.sm3, received=original)


def keep_pictures(files: Files, document: reading.CaseDocument) -> list[Kept]:
    """Keep the pictures that a case document holds, each drawn anew; one that cannot be drawn is left out."""
    drawn = preview.copies([one.data for one in document.pictures])
    return [
        Kept(one.name, copy[1], files.put(copy[0]), len(copy[0]), one.caption.strip()[:300].rstrip())
        for one, copy in zip(document.pictures, drawn, strict=True)
        if copy is not None
    ]


def attach(
    session: Session,
    case_id: int,
    slot: str,
    files: Sequence[Kept],
    *,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Put files of an author into a slot of a case ("case", "form", "picture"); earlier ones are kept.

    A sealed scan comes only with its seal (`seal`). Raises NotPermitted, NotEditable, ValueError for another slot.
    """
    if slot not in _AUTHORS_SLOTS:
        raise ValueError(slot)
    row = _held(session, case_id, Role.AUTHOR, actor)
    owner = owner_of(row)
    earlier = stored.noted(session, owner, "document.attach", f"{op}:{slot}" if op else "")
    if earlier is not None:
        return earlier
    _check_open(session, row)
    call_standing.check(session, row.call_number, Level.CENTRE)
    _, receipt = stored.attach(session, owner, slot, files, actor, at, f"{op}:{slot}" if op else "")
    return receipt


def seal(
    session: Session,
    case_id: int,
    scan: Kept,
    unit: str,
    *,
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    op: str = "",
    sighting: sealing.Sighting | None = None,
    proof: sealing.Proof | None = None,
) -> Receipt:
    """Put the sealed scan of the report form, with what its seal reads (empty: none), bound to the present content.

    The sealer confirms it. `sighting`: what a machine saw on the scan; `proof`: of an electronic seal. Raises NotPermitted, NotEditable, Overtaken (the
    content changed while they looked), NotThisPrint (the scan names another case, or an earlier version).
    """
    row = _held(session, case_id, Role.SEALER, actor)
    owner = owner_of(row)
    earlier = stored.noted(session, owner, "case.seal", op)
    if earlier is not None:
        return earlier
    _check_open(session, row)
    call_standing.check(session, row.call_number, Level.CENTRE)
    check_seen(session, row, seen)
    check_marked(None, seen)
    own = sealing.mark_of(row)
    if sighting is not None:
        sealing.check(own, sighting)
    [document], _ = stored.attach(session, owner, "scan", [scan], actor, at, "")
    stored.seal(session, owner, document, unit.strip(), row.content, actor, at, signed=proof is not None)
    data = {"unit": unit.strip(), "content": row.content, "scan": scan.digest, **sealing.on_record(own, sighting)}
    if proof is not None:
        sealing.checked(session, proof)
        data |= {"electronic": proof.listed, "content_sm3": stored_facts.content_of(row).sm3, "sm3": scan.sm3}
    return stored.note(session, owner, "case.seal", data, actor, at, op)


_AUTHORS_SLOTS = ("case", "form", "picture")


def _held(session: Session, case_id: int, role: Role, actor: Actor) -> Any:
    """The case's row, held against others. Raises NotPermitted when the person has not that role at its centre."""
    [row] = stored_facts.case_rows(session, [case_id], lock=True)
    _check_role(row, role, actor)
    return row


def check_sealer(case: Any, actor: Actor) -> None:
    """Raise NotPermitted when this person does not seal for the centre of the case."""
    _check_role(case, Role.SEALER, actor)


def _check_role(row: Any, role: Role, actor: Actor) -> None:
    if row.centre_id not in actor.units(role):
        raise NotPermitted(
            Text(
                f"这一步由本中心的{role.label.zh}办理，您没有这个职责。",
                f"This is for a {role.label.en.lower()} of the centre; you are none.",
            )
        )


def check_sealable(session: Session, case: Any, actor: Actor) -> None:
    """Raise NotPermitted or NotEditable, saying who could, when this person may not put a sealed scan now."""
    _check_role(case, Role.SEALER, actor)
    _check_open(session, case)


def _check_open(session: Session, row: Any) -> None:
    """Raise NotEditable when the case is not with its centre."""
    if row.state not in EDITABLE:
        here, way = where_it_is(session, row)
        raise NotEditable(
            Text(
                f"案例现在是“{here.zh}”，材料不能再换。{way.zh}",
                f"The case is “{here.en}”; its papers cannot change. {way.en}",
            )
        )


def converted(session: Session, case: Case, paper: Kept, *, actor: Actor, at: datetime, op: str = "") -> None:
    """Record that a file of an older format was converted to be read; the original is kept as it came."""
    owner = owner_of(case)
    if stored.noted(session, owner, "document.convert", op) is None:
        data = {"name": paper.name, "sha256": paper.digest, "from": paper.media_type, "to": "docx"}
        stored.note(session, owner, "document.convert", data, actor, at, op)


def owner_of(case: Case) -> Owner:
    """The case as owner of its files."""
    return Owner(case.stream, case_id=case.id, office_id=case.office_id, revision=case.revision)


def current(session: Session, case: Case) -> list[Document]:
    """Files that count now."""
    return stored.current(session, owner_of(case))


def pictures(session: Session, case: Case) -> list[Document]:
    """Its pictures that count now."""
    return [one for one in current(session, case) if one.slot == "picture"]


def every(session: Session, case: Case) -> list[Document]:
    """All files ever attached, the newest first."""
    return stored.every(session, owner_of(case))


def own_document(session: Session, row: Any, current: Sequence[Document]) -> Document | None:
    """Of the files that count now the author's own case document, where title and text are still what came from it.

    Such a file goes out as it is, with its tables and its looks; a later change of the form's fields alone is none of its.
    """
    found = next((one for one in current if one.slot == "case" and one.erased_at is None), None)
    kept = stored_lists.revision(session, row.id, found.revision) if found is not None and found.revision else None
    if kept is None:
        return None
    text = {name: words for name, words in row.sections.items() if words}
    return found if (kept.snapshot["title"], kept.snapshot["sections"]) == (row.title, text) else None


def newest_seal(session: Session, case: Case) -> Seal | None:
    return stored.newest_seal(session, owner_of(case))


def not_held(session: Session, seal: Seal | None) -> Text | None:
    """Why the signature of an electronic seal did not hold when it was last looked at; None where it did, and on paper."""
    found = stored_facts.signature(stored.check_of(session, seal)) if seal is not None and seal.signed else ""
    return None if found in ("", GOOD) else signatures.not_held(found)


# ---- from papers to content ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Understood:
    """What the papers say, as content, and where the form says otherwise. `parts`: title and sections three
    ways, where it is known what the document began with."""

    content: Content
    differences: tuple[differing.Mismatch, ...]
    parts: tuple[merging.Part, ...] = ()


def understand(
    call: Call,
    before: Content,
    document: reading.CaseDocument | None,
    form: forms.FormRead | None,
    centre: Mapping[str, str],
    places: Mapping[int, str] | None = None,
    base: Content | None = None,
    choices: Mapping[str, str] | None = None,
) -> Understood:
    """Merge what was read from a Word file and a report form over what the case already says.

    A document replaces the whole text; beyond that, what the papers leave out stays as it was. `centre`: name, host_unit,
    region and kind as registered; the form's own words on these are only compared. `places`: where the author put text that no section took (`CaseDocument.placed`). `base`:
    what the document began with; then only what was changed in it is taken, and of what was changed in both `choices`.
    """
    content = before
    parts: tuple[merging.Part, ...] = ()
    if document is not None:
        began = base or before
        known = {at: place for at, place in (places or {}).items() if call.section(place)}
        mine = began.changed(title=document.title or began.title, sections=document.placed(known))
        if base is None:
            content = before.changed(title=mine.title, sections=mine.sections)
        else:
            parts = merging.parts(call, base, before, mine)
            content = merging.merged(parts, before, choices or {})
    if form is None:
        return Understood(content, (), parts)
    values = form.values
    fields = forms.form_to_case(call, values)
    differences = differing.mismatches(call, before, document.title if document else "", form, centre)
    own = {
        one.name: values[one.name]
        for one in call.report_form
        if one.name not in contents.DERIVED and values.get(one.name)
    }
    content = content.changed(
        title=content.title if document is not None and document.title else (values.get("title") or content.title),
        phase=fields.phase or content.phase,
        theme=fields.theme or content.theme,
        theme_name=fields.other_theme or content.theme_name,
        recipient=fields.recipient or content.recipient,
        service_from=fields.service_from or content.service_from,
        service_to=fields.service_to or content.service_to,
        form={**content.form, **own},
    )
    return Understood(content, differences, parts)
