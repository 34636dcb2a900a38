"""异议: sent by anybody on the page of a list, entered by the desk; looked into and answered by the national office."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from web.request import actor, files, form_key, now, number, reading, received, settings, transaction
from web.tell import done, tell
from web.words import say, t
from workflow import clock, papers, privacy
from workflow.calls import call_standing
from workflow.documents import vetting
from workflow.documents.problems import Problem, Unreadable
from workflow.identity import throttle
from workflow.objecting import objection_arrivals, objection_mail, objection_standing, objections, public_notices
from workflow.store import papers as kept

bp = Blueprint("objections", __name__)


@bp.get("/notices/<int:notice>/objection")
def ask(notice: int) -> str:
    """The form for whoever objects, with what the call asks of it; for the desk, filled with what a mail says."""
    arrival = number(request.args.get("arrival"))
    with reading() as session:
        shown = public_notices.find(session, notice)
        objections.check_taken(session, shown)
        draft = objection_arrivals.draft(session, files(), arrival, shown, actor=actor()) if arrival else None
        return render_template(
            "objections/form.html",
            shown=shown,
            open=shown.open(now()),
            desk=objections.enters(actor()),
            demands=objections.demands(shown.call),
            longest=objections.LONGEST,
            most=objections.MOST_FILES,
            draft=draft,
        )


@bp.post("/notices/<int:notice>/objection")
def send(notice: int) -> Response | str:
    """Take it in. Whoever is not signed in sends a few of them in a quarter of an hour, and no more."""
    desk = objections.enters(actor())
    with reading() as session:
        public_notices.find(session, notice)  # what is not there counts for nobody
    if not desk:
        _count()
    brought = _files()
    arrival = number(request.form.get("arrival")) if desk else None
    came = _came(arrival) if desk else None
    if arrival:
        brought += _from_mail(arrival)
    with transaction() as session:
        made, receipt = objections.receive(
            session,
            notice,
            number(request.form.get("case")) or 0,
            _said(),
            brought,
            at=now(),
            actor=actor() if desk else objections.OBJECTOR,
            how=_way(desk),
            received_at=came,
            arrival=arrival,
            op=form_key(),
        )
    if desk:
        done(t("登记异议", "Entering the objection"), receipt)
        return redirect(url_for(".show", objection_id=made))
    with reading() as session:
        code = objection_standing.code_of(session, made)
    return render_template("objections/received.html", receipt=receipt, made=made, code=code, notice=notice)


# ---- how it stands ---------------------------------------------------------------------------------------------------


@bp.get("/objection")
def standing() -> str:
    """The form in which number and code are asked for."""
    return render_template("objections/standing.html", told=None, wrong="", typed=request.args.get("number", ""))


@bp.post("/objection")
def look_up() -> str | tuple[str, int]:
    """How an objection stands, for whoever has its code. Wrong ones count, and too many from one address wait."""
    typed, key = request.form.get("number", ""), throttle.codes(request.remote_addr or "")
    with reading() as session:
        if throttle.locked_until(session, key, received()) is not None:
            raise objection_standing.TooManyCodes(objection_standing.WAIT)
        try:
            told = objection_standing.look(
                session,
                number(typed) or 0,
                request.form.get("code", ""),
                at=now(),
                hold=timedelta(minutes=settings().hold_minutes),
            )
        except objection_standing.WrongCode as wrong:
            words = say(wrong.message)
        else:
            return render_template("objections/standing.html", told=told, wrong="", typed=typed)
    with transaction() as session:
        throttle.failed(session, key, received(), objection_standing.PER_ADDRESS)
    return render_template("objections/standing.html", told=None, wrong=words, typed=typed), 422


def _said() -> objections.Said:
    return objections.Said(
        request.form.get("name", ""),
        request.form.get("unit", ""),
        request.form.get("contact", ""),
        request.form.get("grounds", ""),
        request.form.get("as") == "unit",
    )


def _came(arrival: int | None) -> datetime | None:
    """When it came: as the mailbox says, or on the day that the desk writes; None is now."""
    if arrival:
        with reading() as session:
            return objection_arrivals.came_at(session, arrival, actor())
    day = clock.day_written(request.form.get("came", ""))
    return datetime.combine(day, datetime.min.time(), clock.BEIJING) if day else None


def _from_mail(arrival: int) -> list[tuple[str, kept.Kept]]:
    """The files of a mail that the desk says are evidence, or the sealed paper."""
    uses = {at: words for name, words in request.form.items() if (at := number(name.removeprefix("use-"))) is not None}
    with reading() as session:
        return objection_arrivals.brought(session, files(), arrival, uses, actor=actor())


def _way(desk: bool) -> objections.Way:
    said = request.form.get("how", "")
    return (objections.Way.MAIL if said == "mail" else objections.Way.PAPER) if desk else objections.Way.PAGE


PER_ADDRESS = 5
"""Objections from one address in a quarter of an hour."""


def _count() -> None:
    """Raise TooMany where this address has sent several; each one counts, taken or not."""
    key = throttle.objections(request.remote_addr or "")
    with transaction() as session:
        closed = throttle.locked_until(session, key, received())
        if closed is None:
            throttle.failed(session, key, received(), PER_ADDRESS + 1)
    if closed is not None:
        raise objections.TooMany(objections.WAIT)


def _files() -> list[tuple[str, kept.Kept]]:
    """What came along, each through the same check as every upload. Raises Unreadable."""
    found: list[tuple[str, kept.Kept]] = []
    for slot in ("seal", "evidence"):
        for sent in [one for one in request.files.getlist(slot) if one.filename][: objections.MOST_FILES + 1]:
            verdict = vetting.judge("scan", sent.filename or "", sent.stream)
            if verdict.vetted is None:
                raise Unreadable(Problem(verdict.code, verdict.text, verdict.received.name))
            found.append((slot, papers.kept_as(files(), verdict)))
    return found


# ---- the desk's ------------------------------------------------------------------------------------------------------


@bp.get("/objections")
def index() -> str:
    with reading() as session:
        found = objections.every(session, actor())
        mails = objection_arrivals.waiting(session, actor())
        return render_template("objections/index.html", found=found, mails=mails, at=now(), **_words())


def _words() -> dict[str, object]:
    return {
        "state_of": objections.state_of,
        "kind_of": objections.Kind.of,
        "way_of": objections.Way.of,
        "overdue": objections.overdue,
    }


@bp.get("/objections/<int:objection_id>")
def show(objection_id: int) -> str:
    with reading() as session:
        one = objections.find(session, objection_id, actor())
        call = objections.call_under(session, one)
        barred = call_standing.archived(session, call.number)
        offered = [] if barred else objections.offers(session, one, actor=actor(), at=now())
        return render_template(
            "objections/show.html",
            one=one,
            call=call,
            letter=objections.letter(one),
            told=objection_mail.TOLD_STEPS,
            completes=objections.may_complete(one, actor()) and not barred,
            came_in=objection_arrivals.source(session, one, actor()),
            looked_up=objection_standing.lines(one, settings().base_url),
            mails=objection_mail.mails(session, one, configured=bool(settings().smtp_url)),
            offers=offered,
            barred=barred,
            why_not=objections.why_not_accepted(offered, call),
            consequences=objections.consequences(one),
            consequence_of=objections.Consequence.of,
            history=objections.history(session, one),
            at=now(),
            **_words(),
        )


@bp.post("/objections/<int:objection_id>/<trigger>")
def act(objection_id: int, trigger: str) -> Response:
    with transaction() as session:
        attempt = objections.act(
            session,
            objection_id,
            trigger,
            actor=actor(),
            at=now(),
            seen=request.form.get("mark") or None,
            op=form_key(),
            remark=request.form.get("remark", ""),
            consequence=request.form.get("consequence", ""),
            hold=timedelta(minutes=settings().hold_minutes),
            reasons={name[7:]: words for name, words in request.form.items() if name.startswith("reason:")},
        )
    tell([attempt])
    return redirect(url_for(".show", objection_id=objection_id))


@bp.post("/objections/<int:objection_id>/complete")
def complete(objection_id: int) -> Response:
    """Put to it what came later: who made it, the sealed paper, evidence."""
    with reading() as session:
        objections.find(session, objection_id, actor())
    brought = _files()
    with transaction() as session:
        receipt = objections.complete(session, objection_id, _said(), brought, actor=actor(), at=now(), op=form_key())
    done(t("补充异议材料", "Putting more to the objection"), receipt)
    return redirect(url_for(".show", objection_id=objection_id))


@bp.get("/objections/<int:objection_id>/files/<int:file_id>")
def file(objection_id: int, file_id: int) -> Response:
    """One of its files; that it was opened goes on record."""
    with transaction() as session:
        found = objections.open_file(session, objection_id, file_id, actor=actor(), at=now())
        digest, media_type, name = found.digest, found.media_type, found.name
    return send_file(BytesIO(files().get(digest)), media_type, as_attachment=True, download_name=name)


@bp.get("/objections/<int:objection_id>/mails/<int:seq>")
def mail(objection_id: int, seq: int) -> Response:
    """A mail to whoever objects as a file, where none can leave by itself; that it was taken away goes on record."""
    with transaction() as session:
        one = objections.find(session, objection_id, actor())
        name, data = objection_mail.as_file(
            session, one, seq, sender=settings().mail_from or "zhengji@localhost", site=settings().base_url
        )
        privacy.exported(session, "objection", 1, actor=actor(), at=now(), filters={"objection": objection_id})
    return send_file(BytesIO(data), "message/rfc822", as_attachment=True, download_name=name)
