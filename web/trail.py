"""The trail: who did what, when, and why it was refused, within everybody's reach."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request

from web.request import actor, reading
from workflow.audit import search
from workflow.audit.search import Filters
from workflow.clock import day_written

bp = Blueprint("trail", __name__, url_prefix="/trail")


@bp.get("")
def index() -> str:
    filters, after = _filters(), request.args.get("after", "")[:20]
    with reading() as session:
        return render_template(
            "trail/index.html",
            found=search.page(session, actor(), filters, after),
            groups=search.groups(actor()),
            filters=filters,
            here=_narrowed_by(filters),
            after=after,
        )


def _filters() -> Filters:
    """What the address asks for; a day that is none counts as not given."""
    given = request.args
    return Filters(
        _words("person", 80),
        _words("number", 60),
        given.get("action", "")[:60],
        given.get("outcome", "")[:10],
        _day("first"),
        _day("last"),
        _words("receipt", 120),
    )


def _words(name: str, longest: int) -> str:
    return request.args.get(name, "").strip()[:longest]


def _day(name: str) -> date | None:
    return day_written(request.args.get(name, ""))


def _narrowed_by(filters: Filters) -> dict[str, Any]:
    return {name: str(value) for name, value in vars(filters).items() if value}


@bp.get("/<int:uid>")
def show(uid: int) -> str:
    with reading() as session:
        return render_template("trail/show.html", whole=search.one(session, actor(), uid))
