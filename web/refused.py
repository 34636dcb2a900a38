"""Originals that were refused at the door: listed, and taken out as files of no kind."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, render_template, request, send_file
from werkzeug.wrappers import Response

from web.request import actor, files, installed, now, number, reading
from workflow.documents.limits import REFUSED_DAYS
from workflow.incoming import refused

bp = Blueprint("refused", __name__, url_prefix="/refused")


@bp.get("")
def index() -> str:
    with reading() as session:
        found, after = refused.page(session, actor(), number(request.args.get("after")))
        return render_template(
            "refused.html", found=found, after=after, days=REFUSED_DAYS, administers=refused.administers(actor())
        )


@bp.get("/<int:refused_id>")
def original(refused_id: int) -> Response:
    """An original as a file to be saved and nothing else; that it was taken goes on record."""
    name, data = refused.take_out(installed().database, files(), refused_id, actor=actor(), at=now())
    return send_file(BytesIO(data), "application/octet-stream", as_attachment=True, download_name=name)
