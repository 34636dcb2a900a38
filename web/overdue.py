"""逾期: what is late, by how much and at whom, as a board and as a sheet."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, render_template, request, send_file
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from web.request import actor, now, number, reading, today, transaction
from web.words import t
from workflow import boards, courts, downloads, lists, overdue, privacy

bp = Blueprint("overdue", __name__, url_prefix="/overdue")


def _party(asked: MultiDict[str, str]) -> courts.Party | None:
    return next((one for one in overdue.PARTIES if one == asked.get("party")), None)


@bp.get("")
def index() -> str:
    overdue.check(actor())
    party, office = _party(request.args), number(request.args.get("office"))
    with reading() as session:
        calls = [one for _, one in lists.calls(session)]
        call = courts.chosen(calls, request.args.get("call", ""))
        return render_template(
            "overdue/index.html",
            board=overdue.board(session, actor(), call, now(), party=party, office=office) if call else None,
            offices=overdue.offices_within(session, actor(), call, now()) if call else [],
            calls=calls,
            party=party,
            office=office,
            parties=overdue.PARTIES,
            reads_desk=bool(actor().roles & boards.NATIONAL),
        )


@bp.post("/sheet")
def sheet() -> Response:
    """Case by case as a sheet; that it was taken away goes on record."""
    overdue.check(actor())
    party, office = _party(request.form), number(request.form.get("office"))
    with reading() as session:
        call = courts.needed([one for _, one in lists.calls(session)], request.form.get("call", ""))
        data, rows = overdue.sheet(session, actor(), call, now(), party=party, office=office)
    filters = {
        "call": call.number,
        **({"party": str(party)} if party else {}),
        **({"office": office} if office else {}),
    }
    with transaction() as session:
        privacy.exported(session, "overdue", rows, actor=actor(), at=now(), filters=filters)
    name = f"{t('逾期案例', 'overdue')}_{today()}.xlsx"
    return send_file(BytesIO(data), downloads.EXCEL, as_attachment=True, download_name=name)
