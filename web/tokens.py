"""Access tokens: what programs of mine may do for me, until when, and when they last did."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from web.auth import visitor
from web.request import number, reading, received, settings, transaction
from web.words import say, t
from workflow.identity import tokens
from workflow.identity.scopes import Scope

bp = Blueprint("tokens", __name__, url_prefix="/account/tokens")


@bp.get("")
def index() -> str:
    return _page()


def _page(*, made: str = "", wrong: str = "") -> str:
    """The list; `made`: a new token, shown this once."""
    with reading() as session:
        mine = tokens.of_person(session, current_user.person, at=received())
    return render_template(
        "account/tokens.html",
        mine=mine,
        made=made,
        wrong=wrong,
        scopes=tuple(Scope),
        scope_of=Scope.of,
        days=tokens.DAYS,
        longest=tokens.LONGEST_NAME,
    )


@bp.post("")
def make() -> str | tuple[str, int]:
    try:
        with transaction() as session:
            made = tokens.make(
                session,
                settings(),
                current_user.person,
                name=request.form.get("name", "")[:200],
                scopes=request.form.getlist("scope"),
                days=number(request.form.get("days")) or 0,
                at=received(),
                visitor=visitor(),
            )
    except tokens.WrongToken as wrong:
        return _page(wrong=say(wrong.message)), 422
    return _page(made=made)


@bp.post("/<int:token_id>/end")
def end(token_id: int) -> Response:
    with transaction() as session:
        ended = tokens.end(session, settings(), current_user.person, token_id, at=received())
    if ended:
        flash(t("令牌已停用，用它的程序从现在起进不来。", "The token is ended; programs with it are shut out."), "done")
    return redirect(url_for(".index"))
