"""结束征集、归档: a call closed to its centres, archived, and the ways back."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, now, reading, transaction
from web.request import number as row_number
from web.tell import tell
from workflow.calls import call_standing, notices
from workflow.engine import NoSuchTransition

bp = Blueprint("call_standing", __name__, url_prefix="/calls")


@bp.get("/<number>/standing/<trigger>")
def ask(number: str, trigger: str) -> str:
    """What a step would mean for running cases, before it is confirmed."""
    with reading() as session:
        shown = call_standing.shown(session, number, actor(), now())
        offer = next((one for one in shown.offers if one.transition.name == trigger), None)
        if offer is None:
            raise NoSuchTransition(call_standing.no_way(shown.state, trigger))
        _, call = notices.find(session, number)
        return render_template("call_standing/ask.html", call=call, shown=shown, offer=offer)


@bp.post("/<number>/standing/<trigger>")
def act(number: str, trigger: str) -> Response:
    with transaction() as session:
        attempt = call_standing.act(
            session,
            number,
            trigger,
            actor=actor(),
            at=now(),
            seen=row_number(request.form.get("seen")),
            op=form_key(),
            remark=request.form.get("remark", ""),
        )
    tell([attempt])
    return redirect(url_for("calls.show", number=number))
