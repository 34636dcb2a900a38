"""The publicity plan: a month as a calendar, all of it as a list, one appearance with its pack and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, now, number, reading, today, transaction
from web.words import say
from workflow import clock, courts, lists
from workflow.publishing import consent, made, publicity

bp = Blueprint("publicity", __name__, url_prefix="/publicity")
bp.before_request(lambda: publicity.check_reads(actor()))

Page = str | tuple[str, int]


@bp.get("")
def index() -> str:
    return _index()


def _index(**more: Any) -> str:
    with reading() as session:
        calls = [one for _, one in lists.calls(session)]
        call = courts.chosen(calls, request.values.get("call", ""))
        month = _month(request.args.get("month", ""))
        if call is not None and month is None:
            month = publicity.first_month(session, call, today())
        shown = publicity.plan(session, call, month or today(), actor=actor(), today=today()) if call else None
        return render_template(
            "publicity/index.html",
            plan=shown,
            calls=calls,
            may_plan=bool(actor().roles & publicity.PLANS),
            this_day=today(),
            most=publicity.LONGEST_PLACE,
            **more,
        )


def _month(written: str) -> date | None:
    """A month as the address says it, 2021-04."""
    found = re.fullmatch(r"(20\d\d|19\d\d)-(0[1-9]|1[0-2])", written)
    return date(int(found[1]), int(found[2]), 1) if found else None


@bp.post("")
def arrange() -> Response | Page:
    """Plan an appearance."""
    publicity.check_plans(actor())
    given = request.form
    try:
        with transaction() as session:
            call = courts.needed([one for _, one in lists.calls(session)], given.get("call", ""))
            done = publicity.arrange(
                session,
                call,
                channel=given.get("channel", ""),
                case_id=number(given.get("case")) or 0,
                day=clock.day_written(given.get("day", "")),
                place=given.get("place", ""),
                actor=actor(),
                at=now(),
                op=form_key(),
            )
    except publicity.WrongAppearance as wrong:
        return _index(wrong=say(wrong.message), typed=given), 422
    return redirect(url_for(".show", appearance_id=done))


@bp.get("/<int:appearance_id>")
def show(appearance_id: int) -> str:
    return _show(appearance_id)


def _show(appearance_id: int, **more: Any) -> str:
    with reading() as session:
        call, shown = publicity.find(session, appearance_id, actor=actor(), today=today())
        return render_template(
            "publicity/show.html",
            one=shown,
            call=call,
            summary=publicity.summary(shown.row.case, call),
            made=made.of(session, "publicity", [str(appearance_id)]),
            may_plan=bool(actor().roles & publicity.PLANS),
            public=consent.open_to_all(call, shown.row.case),
            limits=publicity,
            **more,
        )


def _change(appearance_id: int, change: Callable[[Any], None], then: str) -> Response | Page:
    try:
        with transaction() as session:
            change(session)
    except publicity.WrongAppearance as wrong:
        return _show(appearance_id, wrong=say(wrong.message), typed=request.form), 422
    return redirect(then)


@bp.post("/<int:appearance_id>/move")
def move(appearance_id: int) -> Response | Page:
    """Another day."""
    day = clock.day_written(request.form.get("day", ""))
    return _change(
        appearance_id,
        lambda session: publicity.move(session, appearance_id, day, actor=actor(), at=now()),
        url_for(".show", appearance_id=appearance_id),
    )


@bp.post("/<int:appearance_id>/drop")
def drop(appearance_id: int) -> Response | Page:
    """Off the plan, with a reason."""
    reason = request.form.get("reason", "")
    return _change(
        appearance_id,
        lambda session: publicity.drop(session, appearance_id, reason, actor=actor(), at=now()),
        url_for(".index"),
    )


@bp.post("/<int:appearance_id>/done")
def record(appearance_id: int) -> Response | Page:
    """What was done, with its link and reach."""
    given = request.form
    return _change(
        appearance_id,
        lambda session: publicity.record(
            session,
            appearance_id,
            link=given.get("link", ""),
            reach=given.get("reach", ""),
            said=given.get("said", ""),
            actor=actor(),
            at=now(),
        ),
        url_for(".show", appearance_id=appearance_id),
    )


@bp.post("/<int:appearance_id>/pack")
def pack(appearance_id: int) -> Response:
    """Have its pack made."""
    publicity.check_plans(actor())
    with transaction() as session:
        _, shown = publicity.find(session, appearance_id, actor=actor(), today=today())
        name = f"宣传材料_{shown.row.case.number}_{shown.row.day}.zip"
        done = made.order(session, "publicity", str(appearance_id), name, actor=actor(), at=now(), op=form_key())
    return redirect(url_for("closing.file", made_id=done))
