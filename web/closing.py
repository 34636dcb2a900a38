"""The closing report of a call as a page and, made in the background, as a Word file; and whatever else is made so."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from web.courts import bar
from web.request import actor, files, form_key, installed, now, reading, transaction
from workflow import boards, courts, downloads, lists
from workflow.calls import closing
from workflow.publishing import made

bp = Blueprint("closing", __name__)


@bp.get("/closing")
def index() -> str:
    boards.check_national(actor())
    with reading() as session:
        calls = [one for _, one in lists.calls(session)]
        call = courts.chosen(calls, request.args.get("call", ""))
        return render_template(
            "closing/index.html",
            report=closing.report(session, actor(), call, now()) if call else None,
            calls=calls,
            made=made.of(session, "closing", [call.number]) if call else (),
            bar=bar,
            parties=tuple(courts.Party),
        )


@bp.post("/closing/word")
def word() -> Response:
    """Have the Word file made."""
    boards.check_national(actor())
    with transaction() as session:
        call = courts.needed([one for _, one in lists.calls(session)], request.form.get("call", ""))
        name = f"{call.number}_总结报告.docx"
        done = made.order(session, "closing", call.number, name, actor=actor(), at=now(), op=form_key())
    return redirect(url_for(".file", made_id=done))


# ---- files made in the background ------------------------------------------------------------------------------------


@bp.get("/made/<int:made_id>")
def file(made_id: int) -> str:
    with reading() as session:
        return render_template("closing/made.html", shown=made.find(session, made_id, actor=actor()))


@bp.get("/made/<int:made_id>/progress")
def progress(made_id: int) -> Response:
    """How far it is, for the part of its page that looks again; the whole page once that has ended."""
    with reading() as session:
        shown = made.find(session, made_id, actor=actor())
        answer = make_response(render_template("closing/_progress.html", shown=shown))
    if not shown.going:
        answer.headers["HX-Refresh"] = "true"
    return answer


@bp.get("/made/<int:made_id>/file")
def download(made_id: int) -> Response:
    """The file; that it was taken away goes on record."""
    name, data = made.taken(installed().database, files(), made_id, actor=actor(), at=now())
    kind = downloads.WORD if name.endswith(".docx") else "application/zip"
    return send_file(BytesIO(data), kind, as_attachment=True, download_name=name)
