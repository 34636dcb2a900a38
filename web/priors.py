"""Earlier reports: an office's reviewer, or the desk, imports lists of what was reported before."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web import imports
from web.request import actor, number, reading
from workflow import imports as lists_of
from workflow.finding import priors

bp = Blueprint("priors", __name__, url_prefix="/priors")


@bp.get("")
def index() -> str:
    return render_template("priors/index.html", **_shown(_chosen(request.args.get("office", ""))))


def _chosen(written: str) -> int | None:
    """Whose list: the office named, else the first that the person may import; None is the national list."""
    with reading() as session:
        places = priors.places(session, actor())
        if not places:
            abort(404)
        own = {
            str(one.office.id) if one.office else "national": one.office.id if one.office else None for one in places
        }
    return own.get(written, next(iter(own.values())))


def _shown(office: int | None) -> dict[str, Any]:
    before = number(request.args.get("after"))
    with reading() as session:
        found, after = priors.imported(session, office=office, actor=actor(), before=before)
        return {
            "places": priors.places(session, actor()),
            "office": office,
            "found": found,
            "next": after,
            "after": before,
            "columns": priors.COLUMNS,
        }


@bp.post("/preview")
def preview() -> imports.Page:
    office = _chosen(request.form.get("office", ""))
    return imports.preview(lists_of.Kind.PRIORS, office, "priors/index.html", **_shown(office))


@bp.post("/take")
def take() -> Response:
    _chosen("")
    imports.take()
    return redirect(url_for(".index"))
