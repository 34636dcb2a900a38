"""Backups: what there is, and dropping old ones, by one's own choice or by a rule."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, installed, number, reading, received, settings
from web.words import say, size, t
from workflow.identity import administration
from workflow.operation import backup, rotation

bp = Blueprint("backups", __name__, url_prefix="/admin/backups")
bp.before_request(lambda: administration.check_administrator(actor()))

Page = str | tuple[str, int]


@bp.get("")
def index() -> Page:
    return _index()


def _index(wrong: str = "") -> Page:
    folder = Path(settings().backups)
    try:
        with reading() as session:
            found = rotation.listed(session, folder)
    except rotation.CannotDrop as unread:
        found, wrong = [], say(unread.message)
    shown = render_template(
        "backups/index.html",
        found=found,
        newest=rotation.newest_good(found),
        folder=folder,
        usual=rotation.USUAL,
        longest=rotation.LONGEST,
        wrong=wrong,
    )
    return (shown, 422) if wrong else shown


@bp.get("/drop")
def ask() -> Page:
    """Which backups would go, one that was chosen or those that a rule no longer keeps; nothing goes yet."""
    name = request.args.get("name", "")
    rule = None if name else _rule()
    try:
        with reading() as session:
            found = rotation.listed(session, Path(settings().backups))
        going = rotation.outlived(found, rule, received()) if rule else rotation.chosen(found, [name])
    except rotation.CannotDrop as cannot:
        return _index(say(cannot.message))
    staying = [one for one in found if one not in going]
    return render_template("backups/drop.html", going=going, staying=staying, rule=rule)


def _rule() -> rotation.Keep:
    """The rule of a form; what is no number becomes the usual one, so that nothing goes that nobody meant."""
    days, months = number(request.values.get("days")), number(request.values.get("months"))
    usual, longest = rotation.USUAL, rotation.LONGEST
    return rotation.Keep(
        min(days, longest.days) if days else usual.days,
        min(months, longest.months) if months is not None else usual.months,
    )


@bp.post("/drop")
def drop() -> Response | Page:
    """Drop exactly the backups that were shown."""
    rule = _rule() if "days" in request.form else None
    try:
        gone = rotation.drop(
            installed().database,
            Path(settings().backups),
            request.form.getlist("name"),
            actor=actor(),
            at=received(),  # they are of real days, in a demo too
            rule=rule,
        )
    except (rotation.CannotDrop, backup.CannotBackUp) as cannot:
        return _index(say(cannot.message))
    flash(
        t(
            "已删去 {n} 份备份，腾出至少 {size}。",
            "{n} backups dropped; at least {size} are free now.",
            n=len(gone.names),
            size=size(gone.own),
        ),
        "done",
    )
    return redirect(url_for(".index"))
