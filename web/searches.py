"""Searches that a person keeps: kept from the list of cases, and here renamed and deleted."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, now, reading, transaction
from workflow.finding import searches

bp = Blueprint("searches", __name__, url_prefix="/searches")


@bp.get("")
def index() -> str:
    with reading() as session:
        return render_template("searches/index.html", saved=searches.of(session, actor()), longest=searches.LONGEST)


@bp.post("")
def keep() -> Response:
    with transaction() as session:
        address = searches.keep(
            session, request.form.get("name", ""), request.form.get("address", ""), actor=actor(), at=now()
        )
    return redirect(found_at(address))


@bp.post("/<int:search_id>")
def rename(search_id: int) -> Response:
    with transaction() as session:
        searches.rename(session, search_id, request.form.get("name", ""), actor=actor())
    return redirect(url_for(".index"))


@bp.post("/<int:search_id>/delete")
def forget(search_id: int) -> Response:
    with transaction() as session:
        searches.forget(session, search_id, actor=actor())
    return redirect(url_for(".index"))


@bp.app_template_global()
def found_at(address: str) -> str:
    """Where a kept search finds what it finds now."""
    return url_for("cases.index") + (f"?{address}" if address else "")
