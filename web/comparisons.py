"""Rulings that wait: pairs of reports that look alike, for whoever may decide about them."""

from __future__ import annotations

from flask import Blueprint, render_template

from web.request import actor, reading
from workflow.finding import comparisons

bp = Blueprint("comparisons", __name__, url_prefix="/rulings")


@bp.get("")
def index() -> str:
    """Those that centres asked for first, then those met on the way."""
    with reading() as session:
        asked = comparisons.waiting(session, actor())
        known = {(case.id, one.key) for case, one in asked}
        others = [(case, one) for case, one in comparisons.to_rule(session, actor()) if (case.id, one.key) not in known]
        return render_template("comparisons/index.html", asked=asked, others=others)
