"""例子: the scenarios run on the data of a call or a draft, in the background; what became of each."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, now, reading, transaction
from web.tell import done
from web.words import t
from workflow.calls import proofs
from workflow.jobs import board

bp = Blueprint("proving", __name__, url_prefix="/proofs")
bp.before_request(lambda: proofs.check(actor()))


@bp.get("/<digest>")
def show(digest: str) -> str:
    with reading() as session:
        return render_template(
            "proving/show.html",
            shown=proofs.shown(session, digest, actor=actor()),
            asks=proofs.asks(actor()),
            cancels=board.settles("prove_call", actor()),
        )


@bp.post("/<digest>")
def ask(digest: str) -> Response:
    with transaction() as session:
        receipt = proofs.ask(session, digest, actor=actor(), at=now(), op=form_key())
    if receipt is not None:
        done(t("运行例子", "Having the scenarios run"), receipt)
    return redirect(url_for(".show", digest=digest))


@bp.get("/<digest>/progress")
def progress(digest: str) -> Response:
    """How far it is, for the part of its page that looks again; the whole page once that has ended."""
    with reading() as session:
        shown = proofs.shown(session, digest, actor=actor())
        cancels = board.settles("prove_call", actor())
        answer = make_response(render_template("proving/_progress.html", shown=shown, cancels=cancels))
    if not shown.going:
        answer.headers["HX-Refresh"] = "true"
    return answer
