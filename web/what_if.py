"""假如重算: the recorded steps of a call under a changed one; asked for by a form, worked out in the background, shown step by step."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from web.drafting import by_table
from web.request import actor, form_key, now, number, reading, today, transaction
from web.tell import done
from web.words import say, t
from workflow import downloads
from workflow.calls import changing, notices, places, what_if
from workflow.jobs import board

bp = Blueprint("what_if", __name__, url_prefix="/what-if")
bp.before_request(lambda: what_if.check(actor()))


@bp.get("")
def index() -> str:
    """What was asked so far, and the calls of which one can ask."""
    with reading() as session:
        return render_template(
            "what_if/index.html",
            found=what_if.every(session, actor=actor()),
            calls=notices.current(session),
            kept_days=what_if.KEPT.days,
        )


@bp.get("/new")
def new() -> str:
    return _form(request.args.get("call", ""))


def _form(call: str, wrong: str = "", typed: Any = None) -> str:
    with reading() as session:
        form = what_if.form(session, call, actor=actor())
        return render_template(
            "what_if/new.html", form=form, tables=by_table(form.places), wrong=wrong, typed=typed or {}
        )


@bp.post("")
def ask() -> Response | tuple[str, int]:
    given = request.form
    values = {name.removeprefix("at:"): value for name, value in given.items() if name.startswith("at:")}
    call, version = given.get("call", ""), number(given.get("version"))
    # Another version is compared as it is: the values in the form are those of the version in force.
    wanted = what_if.Wanted(call, version, {} if version else values, () if version else given.getlist("without"))
    try:
        with transaction() as session:
            made, receipt = what_if.ask(session, wanted, actor=actor(), at=now(), op=form_key())
    except (places.WrongValue, changing.WrongChange, what_if.WrongWhatIf) as wrong:
        return _form(call, say(wrong.message), given), 422
    done(t("假如重算", "Asking what if"), receipt)
    return redirect(url_for(".show", run=made))


@bp.get("/<int:run>")
def show(run: int) -> str:
    with reading() as session:
        shown = what_if.find(session, run, actor=actor())
        page = number(request.args.get("page")) or 1
        return render_template(
            "what_if/show.html",
            shown=shown,
            changes=what_if.changes(session, shown.row),
            page=what_if.outcomes(session, shown, page, actor=actor()) if shown.made else None,
            cancels=board.settles("replay_call", actor()),
        )


@bp.get("/<int:run>/progress")
def progress(run: int) -> Response:
    """How far it is, for the part of its page that looks again; the whole page once that has ended."""
    with reading() as session:
        shown = what_if.find(session, run, actor=actor())
        answer = make_response(
            render_template("what_if/_progress.html", shown=shown, cancels=board.settles("replay_call", actor()))
        )
    if not shown.going:
        answer.headers["HX-Refresh"] = "true"
    return answer


@bp.post("/<int:run>/sheet")
def sheet(run: int) -> Response:
    """All of it as a sheet; that it was taken away goes on record."""
    with transaction() as session:
        data = what_if.sheet(session, run, actor=actor(), at=now())
    name = f"{t('假如重算', 'what-if')}_{run}_{today()}.xlsx"
    return send_file(BytesIO(data), downloads.EXCEL, as_attachment=True, download_name=name)
