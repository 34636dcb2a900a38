"""The demo's clock: the banner that shows the day, and moves it."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, now, settings, transaction
from web.words import day, t
from workflow import clock

bp = Blueprint("demo", __name__)


@bp.post("/demo/clock")
def move() -> Response:
    """Move the demo to another day, for everybody who uses it."""
    if not settings().demo:
        abort(404)
    to = clock.day_written(request.form.get("day", ""))
    if to is None:
        flash(t("请选择一个日期，如 2021-03-20。", "Choose a day, such as 2021-03-20."), "warning")
        return redirect(url_for("home.show"))
    with transaction() as session:
        clock.move(session, to, actor=actor(), at=now())
    flash(t("演示日期已改为 {day}。", "The demo's day is now {day}.", day=day(to)), "done")
    return redirect(url_for("home.show"))
