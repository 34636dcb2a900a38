"""起草通知: a call copied from a version, edited value by value or as text, examined at each save, opened by the director."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, now, number, reading, transaction
from web.tell import done
from web.words import t
from workflow.calls import drafting, notices, proofs
from workflow.calls import places as of_calls
from workflow.engine import CannotServe, Text
from workflow.store import living

bp = Blueprint("drafting", __name__, url_prefix="/drafts")


@bp.get("")
def index() -> str:
    """Drafts, and the versions that a new one can be copied from."""
    with reading() as session:
        return render_template(
            "drafting/index.html", drafts=drafting.every(session, actor()), calls=notices.current(session)
        )


@bp.post("")
def start() -> Response:
    with transaction() as session:
        version = number(request.form.get("version")) or 0
        made, receipt = drafting.start(session, version, actor=actor(), at=now(), op=form_key())
    done(t("复制成草案", "Copying into a draft"), receipt)
    return redirect(url_for(".show", draft=made))


@bp.get("/<int:draft>")
def show(draft: int) -> str:
    with reading() as session:
        found = drafting.find(session, draft, actor())
        return _page(session, found, found.source, found.notice)


def _page(session: Any, draft: Any, source: str, notice: str, problem: str = "") -> str:
    """The draft's page. `source`, `notice`: what stands in the fields, where it could not be kept."""
    places = drafting.places_of(source)
    return render_template(
        "drafting/show.html",
        draft=draft,
        source=source,
        notice=notice,
        problem=problem,
        tables=by_table(places),
        examined=drafting.examine(session, draft),
        opens=drafting.opens(actor()),
        runs=proofs.asks(actor()),
        open_to_change=draft.opened_id is None and draft.discarded_at is None,
    )


def by_table(places: Sequence[of_calls.Place]) -> dict[Text, dict[Text, list[of_calls.Place]]]:
    """The values by table and by entry of the table, both in the order of the file."""
    found: dict[Text, dict[Text, list[of_calls.Place]]] = {}
    for one in places:
        found.setdefault(one.table, {}).setdefault(one.within, []).append(one)
    return found


@bp.post("/<int:draft>")
def save(draft: int) -> Response | tuple[str, int]:
    """Keep the text, or the single values put into it."""
    source, notice = request.form.get("source", ""), request.form.get("notice", "")
    seen = number(request.form.get("revision")) or 0
    try:
        with transaction() as session:
            found = drafting.find(session, draft, actor())
            if request.form.get("by") == "values":
                source, notice = _with_values(found.source), found.notice
            receipt = drafting.save(
                session,
                draft,
                source,
                notice,
                seen=seen,
                actor=actor(),
                at=now(),
            )
    except (living.Overtaken, of_calls.WrongValue, drafting.NotOpened) as refused:
        with reading() as session:
            found = drafting.find(session, draft, actor())
            return _page(session, found, source or found.source, notice or found.notice, _said(refused)), (
                409 if isinstance(refused, living.Overtaken) else 422
            )
    done(t("保存草案", "Saving the draft"), receipt)
    return redirect(url_for(".show", draft=draft))


def _said(refused: CannotServe) -> str:
    return t(refused.message.zh, refused.message.en)


def _with_values(source: str) -> str:
    values = {name.removeprefix("at:"): value for name, value in request.form.items() if name.startswith("at:")}
    try:
        return drafting.put_values(source, values)
    except tomllib.TOMLDecodeError:
        return source


@bp.get("/<int:draft>/open")
def ask(draft: int) -> str:
    """What opening it would change, before it is confirmed."""
    with reading() as session:
        found = drafting.find(session, draft, actor())
        return render_template(
            "drafting/open.html",
            draft=found,
            examined=drafting.examine(session, found),
            opens=drafting.opens(actor()),
            runs=proofs.asks(actor()),
        )


@bp.post("/<int:draft>/open")
def open_(draft: int) -> Response:
    with transaction() as session:
        seen = number(request.form.get("revision")) or 0
        made, receipt = drafting.open_(session, draft, seen=seen, actor=actor(), at=now(), op=form_key())
        where = url_for("calls.show", number=made.number)
    done(t("开放征集通知", "Opening the call"), receipt)
    return redirect(where)


@bp.post("/<int:draft>/discard")
def discard(draft: int) -> Response:
    with transaction() as session:
        receipt = drafting.discard(session, draft, actor=actor(), at=now())
    done(t("作废草案", "Throwing the draft away"), receipt)
    return redirect(url_for(".index"))
