"""What came in by mail, archive or folder: taken in, looked at, made into drafts, answered; and what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from web.request import actor, files, form_key, installed, now, number, reading, settings, transaction
from web.tell import done
from web.words import say, t
from workflow import register
from workflow.incoming import arrivals, bounces, taking
from workflow.jobs import board
from workflow.objecting import objection_arrivals, objections
from workflow.store import models

bp = Blueprint("arrivals", __name__, url_prefix="/arrivals")

Page = str | tuple[str, int]


# ---- the ledger ------------------------------------------------------------------------------------------------------


@bp.get("")
def index() -> str:
    return _index()


def _index(wrong: str = "") -> str:
    with reading() as session:
        found, after = arrivals.page(session, actor(), number(request.args.get("after")))
        own = {one.id: one.addressee for one in register.offices(session)}
        return render_template(
            "arrivals/index.html",
            found=found,
            after=after,
            wrong=wrong,
            places=[(one or 0, own.get(one or 0, "")) for one in arrivals.places(actor())],
            how=arrivals.How.of,
            states=arrivals.State.of,
        )


@bp.post("")
def receive() -> Response | tuple[str, int]:
    """Keep what is uploaded, and queue its reading."""
    places = arrivals.places(actor())
    office = number(request.form.get("office"))
    chosen = (office or None) if office is not None else next(iter(places), None)
    arrivals.check_takes_in(actor(), chosen if places else -1)
    given = [(one.filename or "", one.stream) for one in _sent()]
    with reading() as session:
        call = arrivals.newest_call(session)
    try:
        came = arrivals.receive(
            installed().database, files(), given, office=chosen, call_version=call, actor=actor(), at=now()
        )
    except arrivals.WrongArrival as wrong:
        return _index(say(wrong.message)), 422
    if not came.new:
        flash(t("这份来件以前来过，没有重复登记。", "This came before; it was not entered again."), "warning")
    return redirect(url_for(".show", arrival_id=came.id))


def _sent() -> Sequence[FileStorage]:
    return [one for one in request.files.getlist("papers") if one.filename]


@bp.get("/<int:arrival_id>")
def show(arrival_id: int) -> str:
    with reading() as session:
        arrival = arrivals.find(session, arrival_id, actor())
        return render_template("arrivals/show.html", **_everything(session, arrival))


def _everything(session: Any, arrival: models.Arrival) -> dict[str, Any]:
    """What the page of an arrival shows."""
    thing = f"arrival/{arrival.id}"
    return {
        "arrival": arrival,
        "state": arrivals.State.of(arrival.state),
        "how": arrivals.How.of(arrival.how),
        "lines": taking.lines(session, arrival, actor()),
        "lists": [one for one in arrival.contents if one.came_to in ("summary", "sealed_list")],
        "aside": [one for one in arrival.contents if one.came_to == "aside"],
        "refused": [one for one in arrival.contents if one.came_to == "refused"],
        "complete": arrivals.complete(arrival),
        "may_take": taking.may_take(arrival, actor()),
        "package": taking.of_an_office(arrival),
        "ready": len(taking.ready_for_batch(session, arrival)) if arrival.office_id else 0,
        "may_collect": taking.may_collect(arrival, actor()),
        "going": _going(session, arrival),
        "delayed": board.delayed(session, thing, "read_arrival") or board.delayed(session, thing, "take_arrival"),
        "answered": arrivals.answered(session, arrival),
        "may_answer": arrival.office_id in arrivals.places(actor()),
        "seen": _seen(arrival),
        "offices": register.offices(session) if arrivals.may_hand_on(arrival, actor()) else [],
        "comes_from": arrivals.office_of(session, arrival),
        "told": bounces.of_arrival(session, arrival.id),
        "lists_heard": objection_arrivals.lists(session, now())
        if objection_arrivals.may_file(arrival, actor())
        else [],
        "objects": objection_arrivals.seems(arrival),
        "filed": objection_arrivals.filed(session, arrival),
        "reads_objections": objections.reads(actor()),
    }


def _going(session: Any, arrival: models.Arrival) -> board.Going | None:
    return board.going(session, f"arrival/{arrival.id}", "read_arrival", "take_arrival")


def _seen(arrival: models.Arrival) -> str:
    """What changes on the page when something was done."""
    return f"{arrival.state}.{sum(one.done_at is not None for one in arrival.cases)}.{arrival.batch_id or 0}"


@bp.get("/<int:arrival_id>/progress")
def progress(arrival_id: int) -> Response:
    """How far a job is with an arrival, for the part of its page that looks again; the whole page once it is done."""
    with reading() as session:
        arrival = arrivals.find(session, arrival_id, actor())
        going = _going(session, arrival)
        response = Response(
            render_template("arrivals/_progress.html", arrival=arrival, going=going, seen=request.args.get("seen", ""))
        )
        if going is None:
            response.headers["HX-Refresh"] = "true"
        return response


@bp.post("/<int:arrival_id>/take")
def take(arrival_id: int) -> Response:
    """Have drafts made, and the batch filled, by a job in this person's name."""
    with transaction() as session:
        receipt = taking.ask(session, arrival_id, actor=actor(), at=now(), op=form_key())
    done(t("交办来件", "Having it made into drafts"), receipt)
    return redirect(url_for(".show", arrival_id=arrival_id))


@bp.post("/<int:arrival_id>/hand-on")
def hand_on(arrival_id: int) -> Response:
    """Hand what came to the national office to the office that it comes from."""
    office = number(request.form.get("office")) or 0
    with transaction() as session:
        receipt = arrivals.hand_on(session, arrival_id, office, actor=actor(), at=now(), op=form_key())
    done(t("转主管部门办理", "Handing it to the office"), receipt)
    return redirect(url_for(".show", arrival_id=arrival_id))


# ---- the answer ------------------------------------------------------------------------------------------------------


@bp.get("/<int:arrival_id>/answer")
def answer(arrival_id: int) -> Page:
    """The answer as it leaves, before it does."""
    with reading() as session:
        arrival = arrivals.find(session, arrival_id, actor())
        return render_template(
            "arrivals/answer.html",
            arrival=arrival,
            sender=_sender(arrival),
            configured=bool(settings().smtp_url and settings().mail_from),
            may_answer=arrival.office_id in arrivals.places(actor()),
            answered=arrivals.answered(session, arrival),
            delayed=board.delayed(session, f"arrival/{arrival.id}", "mail_answer"),
            back=bounces.of(session, [arrival.answer_id]),
        )


def _sender(arrival: models.Arrival) -> str:
    own = arrival.office.email if arrival.office else ""
    return settings().mail_from or own or "zhengji@localhost"


@bp.get("/<int:arrival_id>/answer.eml")
def answer_file(arrival_id: int) -> Response:
    with reading() as session:
        arrival = arrivals.find(session, arrival_id, actor())
        data = arrivals.answer(arrival, _sender(arrival))
    return send_file(BytesIO(data), "message/rfc822", as_attachment=True, download_name=f"答复_{arrival_id}.eml")


@bp.post("/<int:arrival_id>/answer")
def send_answer(arrival_id: int) -> Response:
    with transaction() as session:
        sender = settings().mail_from if settings().smtp_url else ""
        receipt = arrivals.ask_answer(session, arrival_id, sender, actor=actor(), at=now(), op=form_key())
    done(t("寄送答复", "Sending the answer"), receipt)
    return redirect(url_for(".answer", arrival_id=arrival_id))


# ---- taking out ------------------------------------------------------------------------------------------------------


@bp.get("/<int:arrival_id>/originals/<int:position>")
def original(arrival_id: int, position: int) -> Response:
    """An original as it came, where nothing in it was refused; that it was taken out goes on record."""
    return _file(*arrivals.original(installed().database, files(), arrival_id, position, actor=actor(), at=now()))


@bp.get("/<int:arrival_id>/papers/<int:position>")
def paper(arrival_id: int, position: int) -> Response:
    """One paper that was taken; that it was taken out goes on record."""
    return _file(*arrivals.paper(installed().database, files(), arrival_id, position, actor=actor(), at=now()))


def _file(name: str, data: bytes) -> Response:
    """As a file to be saved, of no kind that a browser would open."""
    return send_file(BytesIO(data), "application/octet-stream", as_attachment=True, download_name=name)


# ---- what was refused ------------------------------------------------------------------------------------------------


@bp.get("/quarantine")
def quarantine() -> str:
    with reading() as session:
        found, after = arrivals.quarantined(session, actor(), number(request.args.get("after")))
        return render_template("arrivals/quarantine.html", found=found, after=after, how=arrivals.How.of)


@bp.get("/quarantine/<int:arrival_id>/<int:position>")
def quarantined(arrival_id: int, position: int) -> Response:
    """An original that was refused, as a file to be saved and nothing else; that it was taken goes on record."""
    return _file(
        *arrivals.from_quarantine(installed().database, files(), arrival_id, position, actor=actor(), at=now())
    )
