"""代办: whom I stand in for, who stands in for me, and for whom I lead."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from web.auth import OPEN
from web.request import actor, form_key, now, number, reading, received, settings, today, transaction
from web.words import say, t
from workflow.engine import CannotServe
from workflow.identity import stand_ins

bp = Blueprint("stand_ins", __name__, url_prefix="/account/stand-ins")

Page = str | tuple[str, int]


def tell_when_over() -> Response | None:
    """Before every request: whoever stood in until a moment ago is told so, and nothing that they sent is done.

    Not where nobody need be signed in: who asks there is not even looked up.
    """
    if request.endpoint in OPEN or not getattr(current_user, "lapsed", False):
        return None
    with transaction() as session:
        ended = current_user.row.stand_in_id
        stand_ins.lay_down(session, settings(), current_user.person, current_user.sign_in_id, ended, at=received())
    flash(say(stand_ins.OVER), "warning")
    return None if request.method == "GET" else redirect(url_for("home.show"))


@bp.get("")
def index() -> str:
    return _page()


def _page(wrong: str = "") -> str:
    """The lists and the form; `wrong`: why what was typed was not taken."""
    with reading() as session:
        absentees = stand_ins.absentees(session, actor())
        return render_template(
            "account/stand_ins.html",
            listed=stand_ins.listed(session, actor()),
            open_=stand_ins.open_to(session, current_user.person_id, today()),
            absentees=absentees,
            candidates=stand_ins.candidates(session, absentees),
            holds=stand_ins.holds_now,
            may_end=stand_ins.may_end,
            me=actor(),
            typed=request.form,
            longest=stand_ins.LONGEST_REASON,
            wrong=wrong,
        )


@bp.post("")
def name() -> Response | Page:
    """Name somebody who stands in for an absent person."""
    form = request.form
    try:
        with transaction() as session:
            stand_ins.name(
                session,
                number(form.get("absent")) or 0,
                number(form.get("person")) or 0,
                _day("first_day"),
                _day("last_day"),
                form.get("reason", ""),
                actor=actor(),
                at=now(),
                op=form_key(),
            )
    except stand_ins.WrongStandIn as wrong:
        return _page(say(wrong.message)), 422
    flash(t("代办人已指定，记入留痕。", "The stand-in is named, on record."), "done")
    return redirect(url_for(".index"))


def _day(field: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(field, ""))
    except ValueError:
        return None


@bp.post("/<int:stand_in_id>/end")
def end(stand_in_id: int) -> Response:
    """End it before its last day."""
    with transaction() as session:
        stand_ins.end(session, stand_in_id, actor=actor(), at=now(), op=form_key())
    flash(t("代办已经结束。", "It is ended."), "done")
    return redirect(url_for(".index"))


@bp.post("/<int:stand_in_id>/begin")
def take_up(stand_in_id: int) -> Response:
    """From now on act for the absent person, in this browser."""
    with transaction() as session:
        try:
            found = stand_ins.take_up(
                session,
                settings(),
                current_user.person,
                current_user.sign_in_id,
                stand_in_id,
                day=today(),
                at=received(),
            )
        except stand_ins.NoSuchStandIn:
            raise
        except CannotServe as problem:
            flash(say(problem.message), "warning")
            return redirect(url_for(".index"))
        words = t(
            "现在您代{name}办理，每一步都记两人的名字。",
            "You now act for {name}; each step goes on record under both names.",
            name=found.absent.name,
        )
    flash(words, "done")
    return redirect(url_for("home.show"))


@bp.post("/leave")
def lay_down() -> Response:
    """Act for oneself again."""
    if current_user.standing is not None:
        with transaction() as session:
            stand_ins.lay_down(
                session,
                settings(),
                current_user.person,
                current_user.sign_in_id,
                current_user.standing.id,
                at=received(),
            )
        flash(t("您现在以本人身份办理。", "You act for yourself again."), "done")
    return redirect(url_for("home.show"))
