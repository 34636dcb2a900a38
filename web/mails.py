"""Mails that left: what the mail server said of each, and which came back."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, render_template, request

from web.request import actor, now, reading
from workflow.incoming import bounces

bp = Blueprint("mails", __name__, url_prefix="/mails")


@bp.get("")
def index() -> str:
    only_back = request.args.get("only") == "back"
    with reading() as session:
        lines, after = bounces.log(session, actor(), before=_moment(request.args.get("after", "")), only_back=only_back)
        return render_template(
            "mails/index.html",
            lines=lines,
            after=after.isoformat() if after else "",
            only_back=only_back,
            lately=bounces.lately(session, actor(), now()),
        )


def _moment(written: str) -> datetime | None:
    """The key of a page; None for anything else."""
    try:
        found = datetime.fromisoformat(written[:40])
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
