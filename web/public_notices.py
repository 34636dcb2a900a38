"""公示: lists of shortlisted cases in public, for everybody to read; the desk puts them up and takes them down."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, now, number, reading, transaction
from web.tell import done
from web.words import t
from workflow import public_notices

bp = Blueprint("public_notices", __name__, url_prefix="/notices")


@bp.get("")
def index() -> str:
    """The lists, the newest first; for the desk what waits to be put up."""
    puts_up = public_notices.puts_up(actor())
    with reading() as session:
        return render_template(
            "public_notices/index.html",
            notices=public_notices.every(session),
            waiting=public_notices.waiting(session, now()) if puts_up else [],
            puts_up=puts_up,
            at=now(),
        )


@bp.post("")
def put_up() -> Response:
    with transaction() as session:
        chosen = [one for one in map(number, request.form.getlist("case")) if one is not None]
        receipt = public_notices.put_up(session, chosen, actor=actor(), at=now(), op=form_key())
    done(t("公示入选名单", "Public notice"), receipt)
    return redirect(url_for(".index"))


@bp.get("/<int:notice>")
def show(notice: int) -> str:
    with reading() as session:
        return render_template(
            "public_notices/show.html",
            shown=public_notices.find(session, notice),
            puts_up=public_notices.puts_up(actor()),
            at=now(),
        )


@bp.post("/<int:notice>/take-down")
def take_down(notice: int) -> Response:
    with transaction() as session:
        remark = request.form.get("remark", "")
        receipt = public_notices.take_down(session, notice, remark, actor=actor(), at=now(), op=form_key())
    done(t("撤下公示", "Taking the notice down"), receipt)
    return redirect(url_for(".show", notice=notice))
