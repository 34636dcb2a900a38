"""Calls: which are open, until when, for which themes; and the notice's own text."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from web import flow
from web.request import actor, now, reading
from web.request import number as row_number
from web.words import countdown
from workflow import lists
from workflow.calls import amending, call_standing, centre_requests, drafting, notices, what_if
from workflow.calls import particulars as said

bp = Blueprint("calls", __name__, url_prefix="/calls")


@bp.get("")
def index() -> str:
    with reading() as session:
        return render_template(
            "calls/index.html",
            current=notices.current(session),
            at=now(),
            countdown=countdown,
            drafts=drafting.drafts(actor()),
            asks=what_if.asks(actor()),
            states=call_standing.states(session),
        )


@bp.get("/<number>")
def show(number: str) -> str:
    with reading() as session:
        version, call = notices.find(session, number, row_number(request.args.get("version")))
        return render_template(
            "calls/show.html",
            version=version,
            call=call,
            lines=notices.text(call),
            particulars=said.particulars(call),
            phases=notices.phases(session, call),
            versions=notices.versions(session, number),
            looks=amending.looks(actor()),
            standing=call_standing.shown(session, number, actor(), now()) if call_standing.looks(actor()) else None,
            state=call_standing.state_of(session, number),
            at=now(),
            countdown=countdown,
            asks_office=centre_requests.looks(actor()),
            flow=flow.of_call(lists.lifecycle(call), call.number, version.version),
        )
