"""Papers of a case: taking them in, showing what was understood, sealing, comparing, and downloads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from web import sights, tickets
from web.errors import on_record
from web.request import (
    actor,
    files,
    form_key,
    form_mark,
    installed,
    now,
    number,
    reading,
    received,
    settings,
    transaction,
)
from web.tell import done
from web.uploads import uploaded
from web.words import say, t
from workflow import cases, downloads, electronic, lists, papers, printing, privacy
from workflow.documents import preview, signing
from workflow.finding import comparisons
from workflow.incoming import intake, sealing, taking
from workflow.store import living, models

if TYPE_CHECKING:
    from workflow.content import Content
    from workflow.documents.reading import SectionRead
    from workflow.store.papers import Kept

bp = Blueprint("papers", __name__, url_prefix="/cases")


# ---- taking in -------------------------------------------------------------------------------------------------------


@bp.get("/<int:case_id>/upload")
def upload(case_id: int) -> str:
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        cases.check_editable(session, case, actor())
        return render_template("cases/upload.html", case=case, call=lists.call_of(session, case), missing=False)


@bp.post("/<int:case_id>/upload")
def understand(case_id: int) -> str | tuple[str, int]:
    """Show what was understood from the files, beside what the case says now; nothing is taken over yet."""
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        cases.check_editable(session, case, actor())
    kept = _came(case_id, "case", "form") or {
        slot: one for slot in ("case", "form") if (one := uploaded(slot, slot, case=case_id)) is not None
    }
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        call = lists.call_of(session, case)
        if not kept:
            return render_template("cases/upload.html", case=case, call=call, missing=True), 422
        read = intake.again(session, files(), call, case, kept)
        return _understood(case, call, read)


def _understood(case: models.Case, call: Any, read: intake.Read, **more: Any) -> str:
    ticket = tickets.of_files("papers", case.id, read.kept)
    return render_template(
        "cases/understood.html",
        case=case,
        call=call,
        read=read,
        ticket=ticket,
        loose=read.document.loose if read.document else (),
        nowhere=intake.NOWHERE,
        **more,
    )


def _came(case_id: int, *slots: str) -> dict[str, Kept]:
    """The papers in these slots that came in for the case, where the form asks for them instead of bringing files."""
    if request.form.get("from") != "arrival":
        return {}
    with reading() as session:
        ready = taking.ready(session, cases.find(session, case_id, seen_by=actor()))
    return {slot: one for slot, one in ready.papers.items() if slot in slots} if ready else {}


def _places() -> dict[int, str]:
    """Where the form puts what no section took: number → section id, or nowhere."""
    found = ((re.fullmatch(r"place:(\d{1,6})", name), value) for name, value in request.form.items())
    return {int(name[1]): value for name, value in found if name}


def _choices() -> dict[str, str]:
    """Whose change the form lets count: part → "mine" or "theirs"."""
    prefix = "part:"
    return {name.removeprefix(prefix): value for name, value in request.form.items() if name.startswith(prefix)}


def _shown(case_id: int, ticket: str, *slots: str) -> dict[str, Kept]:
    """The files of the ticket that came back. Raises NotShown when it is not ours, too old, or of other slots."""
    return tickets.files_of("papers", case_id, ticket, *slots)


@bp.post("/<int:case_id>/take-over")
def take_over(case_id: int) -> Response | tuple[str, int]:
    """Save what was understood; not before its author has said of each loose paragraph where it belongs, and whose words
    count where somebody changed the same part meanwhile."""
    places, choices, then = _places(), _choices(), request.form.get("then", "")
    seen = number(request.form.get("seen")) or 0
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        cases.check_author(case, actor())
        kept = _shown(case_id, request.form.get("ticket", ""), "case", "form")
        call = lists.call_of(session, case)
        read = intake.again(session, files(), call, case, kept, places, choices, seen)
        answered: dict[str, Any] = {"places": places, "choices": choices, "seen": seen}
        if open_ := intake.undecided(call, read, places):
            return _understood(case, call, read, undecided=open_, **answered), 422
        if read.meanwhile and read.meanwhile.open:
            return _understood(case, call, read, unchosen=read.meanwhile.open, **answered), 422
        field = f"section-{then}" if call.section(then) else ""
    try:
        with transaction() as session:
            case = cases.find(session, case_id, seen_by=actor())
            receipt = intake.take_over(session, case, read, actor=actor(), at=now(), seen=form_mark(), op=form_key())
    except living.Overtaken as faster:
        on_record(faster.message)
        return _overtaken(case_id, kept, say(faster.message), places, choices, seen), 409
    done(t("采用上传的内容", "Taking over the papers"), receipt)
    if field:
        return redirect(url_for("cases.edit", case_id=case_id, _anchor=field))
    return redirect(url_for("cases.show", case_id=case_id))


def _overtaken(
    case_id: int, kept: Mapping[str, Kept], message: str, places: dict[int, str], choices: dict[str, str], seen: int
) -> str:
    """The same files beside what somebody saved meanwhile; nothing has to be uploaded again."""
    seen = seen or number(form_mark().rpartition(".")[2]) or 0
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        call = lists.call_of(session, case)
        read = intake.again(session, files(), call, case, kept, places, choices, seen)
        return _understood(case, call, read, faster=message, places=places, choices=choices, seen=seen)


# ---- the seal --------------------------------------------------------------------------------------------------------


@bp.get("/<int:case_id>/seal")
def scan(case_id: int) -> str:
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        papers.check_sealable(session, case, actor())
        complete = cases.complete(session, case, actor=actor(), at=now())
        return render_template("cases/seal.html", case=case, kept=None, missing=False, complete=complete)


@bp.post("/<int:case_id>/seal")
def look(case_id: int) -> str | tuple[str, int]:
    """Keep the scan and show it large, so that a person can read its seal."""
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        papers.check_sealable(session, case, actor())
    kept, mark = _came(case_id, "scan").get("scan") or uploaded("scan", "scan", case=case_id), form_mark()
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        if kept is None:
            complete = cases.complete(session, case, actor=actor(), at=now())
            return render_template("cases/seal.html", case=case, kept=None, missing=True, complete=complete), 422
        return sights.answer("cases/seal.html", case=case, mark=mark, **_to_read(case, kept))


def _to_read(case: models.Case, kept: Kept) -> dict[str, Any]:
    """A scan with all its pages and what a machine saw on it, for the page on which its seal is read."""
    ticket = tickets.of_files("papers", case.id, {"scan": kept})
    where: dict[str, Any] = {"case_id": case.id, "ticket": ticket}
    own, proof = sealing.mark_of(case), electronic.proof(settings(), files(), kept, at=received())
    seen = proof.sealed.sighting if proof else sealing.look(files(), kept)
    told = sights.of_proof(proof, own, case.centre.host_unit) if proof else {"hints": sealing.hints(own, seen)}
    return {
        "kept": kept,
        "ticket": ticket,
        "pages": downloads.pages(files(), kept),
        "address": lambda number: url_for(".scan_page", page=number, **where),
        "seals": [url_for(".scan_seal", at=sights.name(one), **where) for one in seen.seals],
        **told,
    }


@bp.get("/<int:case_id>/seal/pages/<int:page>.png")
def scan_page(case_id: int, page: int) -> Response:
    """One page of a scan that was just uploaded, to the sealer who uploaded it."""
    _check_sealer(case_id)
    kept = _shown(case_id, request.args.get("ticket", ""), "scan")["scan"]
    return send_file(BytesIO(downloads.page(files(), kept, page)), "image/png")


@bp.get("/<int:case_id>/seal/seal.png")
def scan_seal(case_id: int) -> Response:
    """A seal on a scan that was just uploaded, enlarged, to the sealer who uploaded it."""
    _check_sealer(case_id)
    kept = _shown(case_id, request.args.get("ticket", ""), "scan")["scan"]
    return sights.enlarged(kept, request.args.get("at", ""))


def _check_sealer(case_id: int) -> None:
    """A ticket opens nothing to somebody who seals for this centre no more."""
    with reading() as session:
        papers.check_sealer(cases.find(session, case_id, seen_by=actor()), actor())


@bp.post("/<int:case_id>/seal/confirm")
def confirm_seal(case_id: int) -> Response | tuple[str, int]:
    """Put the scan with what its seal reads, as the person confirms it."""
    _check_sealer(case_id)
    kept = _shown(case_id, request.form.get("ticket", ""), "scan")["scan"]
    if (proof := electronic.proof(settings(), files(), kept, at=received())) is not None:
        return _seal(case_id, proof)
    reads, named = request.form.get("reads", ""), request.form.get("unit", "").strip()[:160]
    if reads not in _READS or (reads == "other" and not named):
        with reading() as session:
            case = cases.find(session, case_id, seen_by=actor())
            shown = {"mark": form_mark(), **_to_read(case, kept)}
            return render_template("cases/seal.html", case=case, unanswered=True, **shown), 422
    seen = sealing.look(files(), kept)
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        unit = {"host": case.centre.host_unit, "other": named, "none": ""}[reads]
        act: dict[str, Any] = {"actor": actor(), "at": now(), "seen": form_mark(), "op": form_key(), "sighting": seen}
        receipt = papers.seal(session, case_id, kept, unit, **act)
    done(t("确认印章", "Confirming the seal"), receipt)
    return redirect(url_for("cases.show", case_id=case_id))


def _seal(case_id: int, proof: sealing.Proof) -> Response:
    """Put an electronic seal that holds. Raises NotSealed, NotThisPrint."""
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        unit = case.centre.host_unit
        electronic.check(sealing.mark_of(case), unit, proof)
        act: dict[str, Any] = {"actor": actor(), "at": now(), "seen": form_mark(), "op": form_key()}
        receipt = papers.seal(session, case_id, proof.kept, unit, sighting=proof.sealed.sighting, proof=proof, **act)
    done(t("电子盖章", "Sealing electronically"), receipt)
    return redirect(url_for("cases.show", case_id=case_id))


@bp.post("/<int:case_id>/seal/electronic")
def seal_electronically(case_id: int) -> Response | tuple[str, int]:
    """Sign the print of the form with the host unit's key, which is here for this request only."""
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        papers.check_sealable(session, case, actor())
        complete = cases.complete(session, case, actor=actor(), at=now())
        name, paper = downloads.report_form_pdf(session, case, actor=actor(), at=now())
        own, unit = sealing.mark_of(case), case.centre.host_unit
    try:
        electronic.check_complete(complete)
        proof = electronic.made(settings(), files(), paper, name, own, unit, sights.key(), at=received())
    except signing.NotSealed as wrong:
        with reading() as session:
            case = cases.find(session, case_id, seen_by=actor())
            return sights.not_sealed("cases/seal.html", wrong, case=case, complete=complete)
    return _seal(case_id, proof)


_READS = ("host", "other", "none")
"""Answers to "which unit does the seal name": the host unit, another one, no seal."""


# ---- earlier reports -------------------------------------------------------------------------------------------------


@bp.get("/<int:case_id>/compare/<key>")
def compare(case_id: int, key: str) -> str:
    """Two texts side by side, common passages marked, with the ruling and its reason."""
    with reading() as session:
        case, pair = comparisons.compare(session, case_id, key, actor=actor())
        return render_template(
            "cases/compare.html",
            case=case,
            pair=pair,
            rulings=lists.RULINGS,
            may_rule=comparisons.may_rule(case, pair.similar, actor()),
            may_ask=lists.may_ask(case, pair.similar, actor()),
        )


@bp.post("/<int:case_id>/compare/<key>")
def rule(case_id: int, key: str) -> Response:
    with transaction() as session:
        comparisons.check_ruler(session, case_id, key, actor())
        receipt = comparisons.rule(
            session,
            case_id,
            key,
            lists.ruling(request.form.get("ruling", "")),
            request.form.get("reason", ""),
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    done(t("裁定", "The ruling"), receipt)
    return redirect(url_for(".compare", case_id=case_id, key=key))


@bp.post("/<int:case_id>/compare/<key>/ask")
def ask_ruling(case_id: int, key: str) -> Response:
    with transaction() as session:
        note = request.form.get("note", "")[:2000]
        receipt = comparisons.ask(session, case_id, key, note, actor=actor(), at=now(), op=form_key())
    done(t("提请裁定", "Asking for a ruling"), receipt)
    return redirect(url_for(".compare", case_id=case_id, key=key))


# ---- downloads -------------------------------------------------------------------------------------------------------


def _download(name: str, data: bytes, media_type: str) -> Response:
    return send_file(BytesIO(data), media_type, as_attachment=True, download_name=name)


@bp.get("/template/<int:call>.docx")
def template(call: int) -> Response:
    with reading() as session:
        return _download(*downloads.template(session, call), downloads.WORD)


@bp.get("/template/<int:call>.xlsx")
def blank_form(call: int) -> Response:
    with reading() as session:
        made = downloads.blank_form(session, call)
    return _download(*workbook(*made))


@bp.get("/<int:case_id>/document.docx")
def document(case_id: int) -> Response:
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        made = downloads.case_document(session, files(), case)
    return _taken(case_id, "document", *made, downloads.WORD)


@bp.get("/<int:case_id>/document.pdf")
def document_pdf(case_id: int) -> Response:
    """The case document as a print, with its number, version, digest and code."""
    made = printing.case_document(installed().database, files(), case_id, actor=actor(), at=now())
    return _taken(case_id, "document", *made, "application/pdf")


@bp.get("/<int:case_id>/form.xlsx")
def form(case_id: int) -> Response:
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        made = downloads.report_form(session, case, actor=actor(), at=now())
    return _taken(case_id, "form", *workbook(*made))


def workbook(name: str, data: bytes) -> tuple[str, bytes, str]:
    """A workbook with its media type: in the format of old programs where the address asks for that (?as=xls).

    No transaction may be open: that takes a while.
    """
    if request.args.get("as") == "xls":
        return *downloads.as_xls(name, data), downloads.EXCEL_97
    return name, data, downloads.EXCEL


@bp.get("/<int:case_id>/form.pdf")
def form_pdf(case_id: int) -> Response:
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        made = downloads.report_form_pdf(session, case, actor=actor(), at=now())
    return _taken(case_id, "form", *made, "application/pdf")


def _taken(case_id: int, what: str, name: str, data: bytes, media_type: str) -> Response:
    """A download of what is in a case, on record."""
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        privacy.exported(session, what, 1, actor=actor(), at=now(), case=case)
    return _download(name, data, media_type)


@bp.get("/<int:case_id>/papers/<int:document_id>")
def original(case_id: int, document_id: int) -> Response:
    """A file as it was received; opening it is recorded."""
    found, data = downloads.original(installed().database, files(), case_id, document_id, actor=actor(), at=now())
    return send_file(data, found.media_type, as_attachment=True, download_name=found.name)


@bp.get("/<int:case_id>/papers/<int:document_id>/pages")
def pages(case_id: int, document_id: int) -> str:
    """A scan page by page; opening it is recorded."""
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        found = downloads.readable(session, case, document_id, actor=actor())
        downloads.check_shown(found)
    shown = downloads.pages(files(), found)  # outside: a store that takes its time keeps nobody from writing
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        found = downloads.readable(session, case, document_id, actor=actor())
        privacy.opened(session, found, actor=actor(), at=now(), case=case)
        by_page: dict[str, Any] = {"case_id": case_id, "document_id": found.id, "ticket": tickets.of_opened(found.id)}
        return render_template(
            "pages.html",
            one=found,
            pages=shown,
            address=lambda number: url_for(".page", page=number, **by_page),
            original=paper_url(found),
            back=url_for("cases.show", case_id=case_id) + "#papers",
            of=case.title or case.number,
        )


@bp.get("/<int:case_id>/papers/<int:document_id>/pages/<int:page>.png")
def page(case_id: int, document_id: int, page: int) -> Response:
    """One page of a scan, to whoever opened it."""
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        found = downloads.readable(session, case, document_id, actor=actor())
        tickets.check_opened(found.id, request.args.get("ticket", ""))
    return send_file(BytesIO(downloads.page(files(), found, page)), "image/png")


@bp.get("/<int:case_id>/papers/<int:document_id>/picture.png")
def picture(case_id: int, document_id: int) -> Response:
    """A picture of the case; of a paper that bears contacts its first page, too small to be read."""
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        return send_file(BytesIO(downloads.picture(session, files(), case, document_id, actor=actor())), "image/png")


@bp.app_template_global()
def pages_url(one: models.Document) -> str:
    """Where a file of a case or batch is looked at page by page; "" for a kind that is not."""
    of = {"case_id": one.case_id} if one.case_id else {"batch_id": one.batch_id}
    place = "papers.pages" if one.case_id else "batches.pages"
    return url_for(place, document_id=one.id, **of) if preview.drawn(one.media_type) else ""


@bp.app_template_global()
def paper_url(one: models.Document) -> str:
    """Where a file of a case is downloaded."""
    return url_for("papers.original", case_id=one.case_id, document_id=one.id)


@bp.app_template_global()
def passages(call: Any, content: Content) -> dict[str, list[tuple[str, str]]]:
    """Section id → its lines, each as what stands within the call's limit and what stands beyond it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, (inside, beyond) in intake.within_limit(call, content).items():
        mark = len(inside)
        found[name] = []
        for line in (inside + beyond).splitlines(keepends=True):
            kept = max(0, min(mark, len(line)))
            mark -= len(line)
            if line.strip():
                found[name].append((line[:kept].rstrip("\n"), line[kept:].rstrip("\n")))
    return found


_FOUND_BY = {
    "heading style": ("按标题样式找到", "found by heading style"),
    "left column": ("按表格左栏找到", "found by the left column"),
    "bold paragraph": ("按加粗标题找到", "found by a bold heading"),
    "bracketed heading": ("按括号标题找到", "found by a bracketed heading"),
    "numbered heading": ("按编号标题找到", "found by a numbered heading"),
    "run-in heading": ("按段首标题找到", "found by a run-in heading"),
    "plain line": ("按标题文字找到", "found by the heading's words"),
    "before the first heading": ("在第一个标题之前", "before the first heading"),
}


@bp.app_template_global()
def found_by(section: SectionRead) -> str:
    """How a section was found, with the heading as its author wrote it."""
    zh, en = _FOUND_BY.get(section.found_by, ("", ""))
    heading = t("“{heading}”，", "“{heading}”, ", heading=section.heading) if section.heading else ""
    return heading + t(zh, en)
