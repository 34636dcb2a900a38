"""Batches: an office's board, one batch from its list to the sealed and sent mail, and every step."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from states.lifecycle import State
from web import courts, flow, sights, tickets
from web.papers import workbook
from web.picture import draw
from web.request import (
    LARGEST,
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
from web.tell import done, tell
from web.uploads import uploaded
from web.words import countdown, t
from workflow import (
    batches,
    boards,
    bulk,
    downloads,
    electronic,
    foresight,
    histories,
    papers,
    personal,
    privacy,
    voiding,
)
from workflow.calls import deadlines
from workflow.documents import signing
from workflow.engine import NoSuchTransition
from workflow.incoming import sealing, taking
from workflow.jobs import board
from workflow.store import models

if TYPE_CHECKING:
    from workflow.store.papers import Kept

bp = Blueprint("batches", __name__, url_prefix="/batches")


@bp.get("")
def index() -> str:
    """The board of the offices at which somebody reviews or leads."""
    with reading() as session:
        return render_template("batches/index.html", boards=boards.of_offices(session, actor()), countdown=countdown)


@bp.post("/new")
def start() -> Response:
    with transaction() as session:
        batch_id = batches.start(
            session,
            call_version=number(request.form.get("call")) or 0,
            phase=request.form.get("phase", ""),
            office=number(request.form.get("office")) or 0,
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    return redirect(url_for(".show", batch_id=batch_id))


@bp.post("/centre-day")
def set_centre_day() -> Response:
    """An earlier last day of an office for its own centres."""
    office = number(request.form.get("office")) or 0
    deadlines.check_sets_centre_day(office, actor())
    with transaction() as session:
        receipt = deadlines.set_centre_day(
            session,
            boards.call_numbered(session, number(request.form.get("call")) or 0),
            request.form.get("phase", ""),
            boards.day_named(request.form.get("last_day", "")),
            request.form.get("reason", "")[:2000],
            office=office,
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    done(t("规定中心截止日", "Setting the centres' day"), receipt)
    return redirect(url_for(".index"))


@bp.post("/extension")
def ask_extension() -> Response:
    """A later last day that an office asks the director for."""
    office = number(request.form.get("office")) or 0
    deadlines.check_asks(office, actor())
    with transaction() as session:
        version = number(request.form.get("call")) or 0
        receipt = deadlines.ask(
            session,
            version,
            boards.call_numbered(session, version),
            request.form.get("phase", ""),
            boards.day_named(request.form.get("wanted", "")),
            request.form.get("reason", "")[:2000],
            office=office,
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    done(t("申请延期", "Asking for an extension"), receipt)
    return redirect(url_for(".index"))


@bp.get("/<int:batch_id>")
def show(batch_id: int) -> str:
    with reading() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        return render_template("batches/show.html", **_everything(session, batch))


_EDITS = ("collect", "describe", "seal_summary")


def _everything(session: Any, batch: models.Batch) -> dict[str, Any]:
    """What the page of a batch shows."""
    call = boards.call_of(session, batch)
    offers = batches.offers(session, batch, actor=actor(), at=now())
    history = histories.of_batch(session, batch, actor())
    passed = histories.passed(boards.lifecycle(), history)
    lines = batches.lines(session, batch, actor())
    may = {what: batches.may(batch, what, actor()) for what in _EDITS}
    seal, content = batches.newest_seal(session, batch), boards.content(session, batch)
    return {
        "batch": batch,
        "thing": _thing(batch, {one.case.number: one.case.id for one in lines}),
        "call": call,
        "phase": call.phase(batch.phase),
        "window": batches.window(session, call, batch.phase, batch.office_id),
        "state": boards.batch_state(batch),
        "lines": [one for one in lines if not one.dropped],
        "dropped": [one for one in lines if one.dropped],
        "ready": batches.ready_cases(session, batch) if may["collect"] else [],
        "offers": offers,
        "next": histories.who_is_next(session, offers, batch.office_id, at=now()),
        "pictures": [draw(boards.lifecycle(), batch.state, passed, upright=upright) for upright in (False, True)],
        "history_entries": history,
        "courts": courts.told(boards.lifecycle(), history),
        "flow": flow.of_batch(batch, history),
        "papers": batches.documents(session, batch),
        "handles": privacy.handles_batch(batch, actor()),
        "batch_paper_link": lambda one: batch_paper_url(one) if privacy.handles_batch(batch, actor()) else "",
        "seal": seal,
        "not_held": papers.not_held(session, seal),
        "sealed_content": content,
        "came": taking.sealed_list(session, batch) if may["seal_summary"] else None,
        "voided": voiding.of_batch(session, batch, seal, content, actor()),
        "may": may,
        "may_be_last": batches.may_be_last(session, batch),
        "short": batches.short_centres(session, batch),
        "mailed": batches.mailed(session, batch) if batch.sent_at else None,
        "came_back": batches.came_back(session, batch) if batch.sent_at else [],
        "mail_delayed": board.delayed(session, batch.stream, "mail_batch"),
        "mail_configured": bool(settings().smtp_url),
        "countdown": countdown,
        "here_office": boards.reports_for(batch, actor()),
        "reachable": lambda case: boards.within_reach(case, actor()),
    }


def _thing(batch: models.Batch, cases: dict[str, int]) -> dict[str, Any]:
    """A batch as the macros for steps want it. `cases`: number → case, for findings about single lines."""
    return {"id": batch.id, "mark": f"{batch.version}.0", "cases": cases}


@bp.app_template_global()
def batch_step_url(thing: dict[str, Any], trigger: str) -> str:
    """Where a step of a batch is asked for (GET) and taken (POST)."""
    return url_for("batches.act", batch_id=thing["id"], trigger=trigger)


_ON_PAGE = {"lines": "lines", "centres": "details", "summary": "summary", "subject": "details"}


@bp.app_template_global()
def batch_mend_url(thing: dict[str, Any], mend: str) -> str:
    """Where a finding about a batch is mended; "" where it is answered in the step's own form."""
    if mend.startswith("case:"):
        case_id = thing["cases"].get(mend.removeprefix("case:"))
        return url_for("cases.show", case_id=case_id) if case_id else ""
    return url_for("batches.show", batch_id=thing["id"]) + f"#{_ON_PAGE[mend]}" if mend in _ON_PAGE else ""


@bp.app_template_global()
def batch_paper_url(one: models.Document) -> str:
    """Where a file of a batch is downloaded."""
    return url_for("batches.paper", batch_id=one.batch_id, document_id=one.id)


@bp.app_template_global("batch_states")
def _batch_state(batch: models.Batch) -> State:
    return boards.batch_state(batch)


@bp.app_template_global("case_states")
def _case_state(case: models.Case) -> State:
    return boards.case_state(case)


@bp.app_template_global()
def batch_of(case: models.Case) -> int | None:
    """The batch that a case stands in, for its page."""
    with reading() as session:
        return boards.batch_of(session, case)


@bp.app_template_global()
def may_open_batch(batch_id: int) -> bool:
    """Whether the reader reaches a batch."""
    with reading() as session:
        return boards.may_open(session, batch_id, actor())


# ---- the list --------------------------------------------------------------------------------------------------------


@bp.post("/<int:batch_id>/lines")
def collect(batch_id: int) -> Response:
    """The ticked cases, in the order of the numbers written beside them."""
    ticked = [one for written in request.form.getlist("case") if (one := number(written)) is not None]
    order = {case: _place(request.form.get(f"place:{case}")) for case in ticked}
    with transaction() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        chosen = sorted(ticked, key=lambda case: order[case])
        receipt = batches.collect(session, batch.id, chosen, actor=actor(), at=now(), op=form_key())
    done(t("保存名单", "Saving the list"), receipt)
    return redirect(url_for(".show", batch_id=batch_id) + "#lines")


def _place(written: str | None) -> int:
    """The place in the list that was written beside a case; the last where it is none."""
    place = number(written)
    return LARGEST if place is None else place


@bp.post("/<int:batch_id>/details")
def describe(batch_id: int) -> Response:
    with transaction() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        receipt = batches.describe(
            session,
            batch.id,
            subject=request.form.get("subject", "")[:300],
            final=request.form.get("final") == "yes",
            reasons=_reasons(),
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    done(t("保存报送信息", "Saving the details"), receipt)
    return redirect(url_for(".show", batch_id=batch_id) + "#details")


# ---- the sealed summary table ----------------------------------------------------------------------------------------


@bp.get("/<int:batch_id>/summary.xlsx")
def summary(batch_id: int) -> Response:
    with reading() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        batches.check_not_back(batch, actor())
        name, data = batches.summary(session, batch, at=now(), seen_by=actor(), site=settings().base_url)
    name, data, media_type = workbook(name, data)
    _on_record(batch, "summary")
    return send_file(BytesIO(data), media_type, as_attachment=True, download_name=name)


@bp.get("/<int:batch_id>/summary.pdf")
def summary_pdf(batch_id: int) -> Response:
    with reading() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        batches.check_not_back(batch, actor())
        name, data = batches.summary_pdf(session, batch, at=now(), seen_by=actor())
    _on_record(batch, "summary")
    return send_file(BytesIO(data), "application/pdf", as_attachment=True, download_name=name)


def _on_record(batch: models.Batch, what: str) -> None:
    """Record that the papers of a batch were taken away."""
    with transaction() as session:
        rows = sum(not one.dropped for one in batches.lines(session, batch, actor()))
        narrowed = {"batch": batch.number}
        privacy.exported(session, what, rows, actor=actor(), at=now(), filters=narrowed, office=batch.office_id)


def _shown(batch_id: int, ticket: str) -> Kept:
    """The scan that this person was shown for this batch. Raises NotShown when the ticket is not ours, or too old."""
    return tickets.files_of("batches", batch_id, ticket, "scan")["scan"]


@bp.get("/<int:batch_id>/seal-scan")
def scan(batch_id: int) -> str:
    with reading() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        boards.check_sealable(batch, actor())
        return _to_seal(session, batch)


def _to_seal(session: Any, batch: models.Batch, **more: Any) -> str:
    """The page on which a summary table is sealed, before there is anything to look at."""
    shown = {"seen": batches.content(session, batch), "came": taking.sealed_list(session, batch), **more}
    return render_template("batches/scan.html", batch=batch, kept=None, **shown)


def _came(batch_id: int) -> Kept | None:
    """The sealed table that came in with the package, where the form asks for it instead of bringing a file."""
    if request.form.get("from") != "arrival":
        return None
    with reading() as session:
        found = taking.sealed_list(session, batches.find(session, batch_id, seen_by=actor()))
    return found.paper if found else None


@bp.post("/<int:batch_id>/seal-scan")
def look(batch_id: int) -> str | tuple[str, int]:
    """Keep the scan and show it large, so that a person can read its seal."""
    with reading() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        boards.check_sealable(batch, actor())
    kept = _came(batch_id) or uploaded("scan", "scan", batch=batch_id)
    with reading() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        if kept is None:
            return _to_seal(session, batch, missing=True), 422
        ticket = tickets.of_files("batches", batch_id, {"scan": kept})
        content = batches.content(session, batch)
        own, proof = sealing.mark_of_batch(batch, content), electronic.proof(settings(), files(), kept, at=received())
        sighted = proof.sealed.sighting if proof else sealing.look(files(), kept)
        told = sights.of_proof(proof, own, batch.office.seals_as) if proof else {"hints": sealing.hints(own, sighted)}
        shown = {
            "ticket": ticket,
            "seen": content,
            "seals": [
                url_for(".scan_seal", batch_id=batch_id, at=sights.name(one), ticket=ticket) for one in sighted.seals
            ],
            "pages": downloads.pages(files(), kept),
            "address": lambda number: url_for(".scan_page", batch_id=batch_id, page=number, ticket=ticket),
            **told,
        }
        return sights.answer("batches/scan.html", batch=batch, kept=kept, **shown)


@bp.get("/<int:batch_id>/seal-scan/pages/<int:page>.png")
def scan_page(batch_id: int, page: int) -> Response:
    """One page of a scan that was just uploaded, to the leader who uploaded it."""
    _check_leader(batch_id)
    kept = _shown(batch_id, request.args.get("ticket", ""))
    return send_file(BytesIO(downloads.page(files(), kept, page)), "image/png")


@bp.get("/<int:batch_id>/seal-scan/seal.png")
def scan_seal(batch_id: int) -> Response:
    """A seal on a scan that was just uploaded, enlarged, to the leader who uploaded it."""
    _check_leader(batch_id)
    return sights.enlarged(_shown(batch_id, request.args.get("ticket", "")), request.args.get("at", ""))


def _check_leader(batch_id: int) -> None:
    """A ticket opens nothing to somebody who leads at this office no more."""
    with reading() as session:
        boards.check_leader(batches.find(session, batch_id, seen_by=actor()), actor())


@bp.post("/<int:batch_id>/seal-scan/confirm")
def confirm_scan(batch_id: int) -> Response:
    """Put the scan with what its seal reads, as the person wrote it."""
    _check_leader(batch_id)
    kept = _shown(batch_id, request.form.get("ticket", ""))
    if (proof := electronic.proof(settings(), files(), kept, at=received())) is not None:
        return _seal(batch_id, proof, request.form.get("seen", ""))
    sighted = sealing.look(files(), kept)
    with transaction() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        unit = request.form.get("unit", "")[:160] if request.form.get("reads") == "unit" else ""
        seen = request.form.get("seen", "")
        act: dict[str, Any] = {"actor": actor(), "at": now(), "seen": seen, "op": form_key(), "sighting": sighted}
        receipt = batches.seal_summary(session, batch.id, kept, unit, **act)
    done(t("上传盖章汇总表", "Uploading the sealed summary table"), receipt)
    return redirect(url_for(".show", batch_id=batch_id) + "#summary")


def _seal(batch_id: int, proof: sealing.Proof, seen: str) -> Response:
    """Put an electronic seal that holds. `seen`: the list that it is of. Raises NotSealed, NotThisPrint."""
    with transaction() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        unit = batch.office.seals_as
        electronic.check(sealing.mark_of_batch(batch, batches.content(session, batch)), unit, proof)
        act: dict[str, Any] = {"actor": actor(), "at": now(), "seen": seen, "op": form_key()}
        sighted = proof.sealed.sighting
        receipt = batches.seal_summary(session, batch.id, proof.kept, unit, sighting=sighted, proof=proof, **act)
    done(t("汇总表电子盖章", "Sealing the summary table electronically"), receipt)
    return redirect(url_for(".show", batch_id=batch_id) + "#summary")


@bp.post("/<int:batch_id>/seal-scan/electronic")
def seal_electronically(batch_id: int) -> Response | tuple[str, int]:
    """Sign the print of the summary table with the office's key, which is here for this request only."""
    with reading() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        boards.check_sealable(batch, actor())
        content = batches.content(session, batch)
        name, paper = batches.summary_pdf(session, batch, at=now(), seen_by=actor())
        own, unit = sealing.mark_of_batch(batch, content), batch.office.seals_as
    try:
        proof = electronic.made(settings(), files(), paper, name, own, unit, sights.key(), at=received())
    except signing.NotSealed as wrong:
        with reading() as session:
            batch = batches.find(session, batch_id, seen_by=actor())
            return sights.not_sealed("batches/scan.html", wrong, batch=batch, seen=content)
    return _seal(batch_id, proof, request.form.get("seen", ""))


@bp.get("/<int:batch_id>/papers/<int:document_id>")
def paper(batch_id: int, document_id: int) -> Response:
    with reading() as session:
        found = _readable(session, batch_id, document_id)
    data = downloads.received(files(), found)  # outside: a store that takes its time keeps nobody from writing
    with transaction() as session:
        privacy.opened(session, found, actor=actor(), at=now())
    return send_file(BytesIO(data), found.media_type, as_attachment=True, download_name=found.name)


def _readable(session: Any, batch_id: int, document_id: int) -> models.Document:
    """A file of a batch that this person may open. Raises NoSuchBatch, NotPermitted, NotBack."""
    batch = batches.find(session, batch_id, seen_by=actor())
    privacy.check_batch(batch, actor())
    batches.check_not_back(batch, actor())
    return boards.document(session, batch, document_id)


@bp.get("/<int:batch_id>/papers/<int:document_id>/pages")
def pages(batch_id: int, document_id: int) -> str:
    """A scan page by page; opening it is recorded."""
    with reading() as session:
        found = _readable(session, batch_id, document_id)
        downloads.check_shown(found)
    shown = downloads.pages(files(), found)
    with transaction() as session:
        found = _readable(session, batch_id, document_id)
        privacy.opened(session, found, actor=actor(), at=now())
        by_page: dict[str, Any] = {"batch_id": batch_id, "document_id": found.id, "ticket": tickets.of_opened(found.id)}
        return render_template(
            "pages.html",
            one=found,
            pages=shown,
            address=lambda number: url_for(".page", page=number, **by_page),
            original=batch_paper_url(found),
            back=url_for(".show", batch_id=batch_id) + "#summary",
            of=batches.find(session, batch_id, seen_by=actor()).number,
        )


@bp.get("/<int:batch_id>/papers/<int:document_id>/pages/<int:page>.png")
def page(batch_id: int, document_id: int, page: int) -> Response:
    """One page of a scan, to whoever opened it."""
    with reading() as session:
        found = _readable(session, batch_id, document_id)
        tickets.check_opened(found.id, request.args.get("ticket", ""))
    return send_file(BytesIO(downloads.page(files(), found, page)), "image/png")


@bp.get("/<int:batch_id>/papers/<int:document_id>/picture.png")
def picture(batch_id: int, document_id: int) -> Response:
    """The first page of a scan, too small to be read."""
    with reading() as session:
        found = _readable(session, batch_id, document_id)
    return send_file(BytesIO(downloads.small(files(), found)), "image/png")


# ---- the mail --------------------------------------------------------------------------------------------------------


@bp.get("/<int:batch_id>/mail")
def preview(batch_id: int) -> str:
    """The mail as it would leave."""
    with reading() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        batches.check_not_back(batch, actor())
        letter = batches.letter(session, files(), batch)
        return render_template(
            "batches/mail.html",
            batch=batch,
            letter=letter,
            mails=batches.in_mails(letter, settings().mail_limit),
            handles=privacy.handles_batch(batch, actor()),
            sender=settings().mail_from,
            mail_configured=bool(settings().smtp_url),
        )


_NOBODY = "zhengji@localhost"
"""Who a mail is from where no sender is set; whoever sends the file by hand sends it as himself."""


@bp.get("/<int:batch_id>/mail.eml")
def mail(batch_id: int) -> Response:
    with reading() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        privacy.check_batch(batch, actor())
        batches.check_not_back(batch, actor())
        sender = settings().mail_from or batch.office.email or _NOBODY
        at, most = batch.sent_at or now(), settings().mail_limit
        made = batches.mail(session, files(), batch, sender=sender, at=at, most=most)
    _on_record(batch, "mail")
    return send_file(BytesIO(made.data), made.media_type, as_attachment=True, download_name=made.name)


# ---- steps -----------------------------------------------------------------------------------------------------------


def verify_seals(batch_id: int) -> None:
    """Whether the electronic seals of a batch and its cases still hold, for whatever rests on them in this request."""
    electronic.verify_again(installed().database, files(), settings(), seen_by=actor(), batch=batch_id)


@bp.get("/<int:batch_id>/<trigger>")
def ask(batch_id: int, trigger: str) -> str:
    """The page on which a step is confirmed, with everything that stands in its way."""
    verify_seals(batch_id)
    with reading() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        return render_template("batches/act.html", **_step(session, batch, trigger))


def _step(session: Any, batch: models.Batch, trigger: str) -> dict[str, Any]:
    offers = batches.offers(session, batch, actor=actor(), at=now())
    offer = next((one for one in offers if one.transition.name == trigger), None)
    if offer is None:
        raise NoSuchTransition(boards.no_way(batch, trigger))
    form = bulk.Form(remark=request.form.get("remark", ""), new_day=_day(request.form.get("new_day", "")))
    lines = batches.lines(session, batch, actor())
    return {
        "batch": batch,
        "thing": _thing(batch, {one.case.number: one.case.id for one in lines}),
        "lines": [one for one in lines if not one.dropped],
        "call": boards.call_of(session, batch),
        "state": boards.batch_state(batch),
        "offer": offer,
        "foreseen": foresight.foresee_batch(session, batch, trigger, actor=actor(), at=now(), form=form),
        "words_of": lambda mail: mail.body(settings().base_url),
        "masked": personal.masked_email,
    }


@bp.post("/<int:batch_id>/<trigger>")
def act(batch_id: int, trigger: str) -> Response | tuple[str, int]:
    """Every transition of every batch comes through here."""
    verify_seals(batch_id)
    with transaction() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        attempt = batches.act(
            session,
            batch.id,
            trigger,
            actor=actor(),
            at=now(),
            seen=int(form_mark().partition(".")[0] or 0),
            op=form_key(),
            remark=request.form.get("remark", ""),
            confirmed=frozenset(request.form.getlist("confirmed")),
            reasons=_reasons(),
            new_day=_day(request.form.get("new_day", "")),
        )
    tell([attempt])
    if attempt.done:
        return redirect(url_for(".show", batch_id=batch_id))
    with reading() as session:
        batch = batches.find(session, batch_id, seen_by=actor())
        return render_template("batches/act.html", **_step(session, batch, trigger)), 422


def _day(value: str) -> date | None:
    return boards.day_named(value) if value else None


def _reasons() -> dict[str, str]:
    """Reasons for what the call asks in principle: `reason:KEY` → words."""
    return {
        name.removeprefix("reason:"): value.strip()[:2000]
        for name, value in request.form.items()
        if name.startswith("reason:") and value.strip()
    }
