"""中心申请延期: what centres ask their office for, and what it answers."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, now, number, reading, transaction
from web.tell import done
from web.words import countdown, t
from workflow import boards, lists
from workflow.calls import centre_requests

bp = Blueprint("centre_requests", __name__, url_prefix="/extensions")


@bp.get("")
def index() -> str:
    with reading() as session:
        found = centre_requests.listed(session, actor())
        calls = lists.calls(session)
        return render_template(
            "centre_requests/index.html",
            found=[(one, centre_requests.phase_named(one, calls)) for one in found],
            open_=centre_requests.phases(session, actor(), now()),
            offices=centre_requests.answers_for(actor()),
            asks=bool(centre_requests.asks_for(actor())),
            countdown=countdown,
        )


@bp.post("")
def ask() -> Response:
    """A later last day that a centre asks its office for."""
    form = request.form
    centre = number(form.get("centre")) or 0
    centre_requests.check_asks(centre, actor())
    with transaction() as session:
        receipt = centre_requests.ask(
            session,
            number(form.get("call")) or 0,
            form.get("phase", ""),
            boards.day_named(form.get("wanted", "")),
            form.get("reason", "")[:2000],
            centre=centre,
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    done(t("申请延期", "Asking for an extension"), receipt)
    return redirect(url_for(".index"))


@bp.post("/<int:asked>")
def answer(asked: int) -> Response:
    """The office gives the day, or says why not."""
    form = request.form
    with transaction() as session:
        receipt = centre_requests.answer(
            session,
            asked,
            None if form.get("then") == "refuse" or not form.get("last_day") else boards.day_named(form["last_day"]),
            form.get("reason", "")[:2000],
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    done(t("答复延期申请", "Answering the request"), receipt)
    return redirect(url_for(".index"))
