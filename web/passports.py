"""Passports of cases: one zip with a case and its whole history, to be proved anywhere."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, send_file
from werkzeug.wrappers import Response

from web.request import actor, files, now, reading, settings, transaction
from workflow import cases, privacy

bp = Blueprint("passports", __name__)


@bp.get("/cases/<int:case_id>/passport.zip")
def take(case_id: int) -> Response:
    """The passport of a case, as far as this person reads it; on record."""
    from workflow.interchange import passport  # not for pages that are only read

    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        data, name = passport.build(session, files(), case, actor=actor(), demo=settings().demo), case.number
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        privacy.exported(session, "passport", 1, actor=actor(), at=now(), case=case)
    return send_file(BytesIO(data), "application/zip", as_attachment=True, download_name=f"{name}_档案包.zip")
