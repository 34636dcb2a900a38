"""The rulebook: clause, the notice's words, rule, examples, and whom it refused."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from web.request import actor, reading
from web.request import number as row_number
from workflow.calls import notices, proofs, rulebook

bp = Blueprint("rulebook", __name__, url_prefix="/calls")


@bp.get("/<number>/rulebook")
def show(number: str) -> str:
    with reading() as session:
        version, call = notices.find(session, number, row_number(request.args.get("version")))
        return render_template(
            "rulebook/show.html",
            version=version,
            call=call,
            clauses=rulebook.clauses(session, call, actor()),
            proof=proofs.last(session, version),
            reads_proofs=proofs.reads(actor()),
        )
