"""What came in by mail, archive or folder: the ledger, and what was refused, for the administrator."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, render_template, request, send_file
from werkzeug.wrappers import Response

from web.request import actor, files, installed, now, number, reading
from workflow import arrivals

bp = Blueprint("arrivals", __name__, url_prefix="/arrivals")


# ---- what was refused ------------------------------------------------------------------------------------------------


@bp.get("/quarantine")
def quarantine() -> str:
    with reading() as session:
        found, after = arrivals.quarantined(session, actor(), number(request.args.get("after")))
        return render_template("arrivals/quarantine.html", found=found, after=after, how=arrivals.How.of)


@bp.get("/quarantine/<int:arrival_id>/<int:position>")
def quarantined(arrival_id: int, position: int) -> Response:
    """An original that was refused, as a file to be saved and nothing else; that it was taken goes on record."""
    name, data = arrivals.from_quarantine(installed().database, files(), arrival_id, position, actor=actor(), at=now())
    return send_file(BytesIO(data), "application/octet-stream", as_attachment=True, download_name=name)
