"""The national desk: how the offices stand, what they sent, which cases wait for selection, what was granted."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, now, number, place, reading, transaction
from web.tell import done
from web.words import countdown, t
from workflow import batches, boards
from workflow.calls import deadlines

bp = Blueprint("desk", __name__, url_prefix="/desk")


@bp.get("")
def index() -> str:
    """All offices against the minimum of each phase."""
    shown = request.args.get("show", "")
    with reading() as session:
        board = boards.national(session, actor(), request.args.get("call", ""))
        return render_template(
            "desk/index.html", board=board, shown="short" if shown == "short" else "", countdown=countdown
        )


@bp.get("/batches")
def received() -> str:
    """What the offices sent, the newest first."""
    office, phase, state = number(request.args.get("office")), request.args.get("phase", ""), _state()
    with reading() as session:
        board = boards.national(session, actor())
        found = [
            one
            for one in batches.every(session, actor(), office=office)
            if one.sent_at and phase in ("", one.phase) and state in ("", one.state)
        ]
        return render_template("desk/batches.html", board=board, batches=found, office=office, phase=phase, state=state)


def _state() -> str:
    state = request.args.get("state", "")
    return state if state in ("sent", "received", "collecting") else ""


@bp.get("/select")
def select() -> str:
    """Submitted cases that wait to be shortlisted or passed over."""
    office, phase = number(request.args.get("office")), request.args.get("phase", "")[:40]
    here = {name: value for name, value in (("office", office), ("phase", phase)) if value}
    with reading() as session:
        return render_template(
            "desk/select.html",
            board=boards.national(session, actor()),
            found=boards.to_select(session, actor(), now(), office=office, phase=phase, place=place()),
            office=office,
            phase=phase,
            here=here,
        )


@bp.get("/grants")
def grants() -> str:
    """Extensions and waivers, and for the director the forms to grant more."""
    with reading() as session:
        board = boards.national(session, actor(), request.args.get("call", ""))
        return render_template(
            "desk/grants.html",
            board=board,
            granted=boards.granted(session, actor(), board.call) if board else [],
            asked=deadlines.requests(session, board.call) if board else [],
            may_grant=boards.may_grant(actor()),
        )


@bp.post("/extensions")
def extend() -> Response:
    with transaction() as session:
        boards.check_national(actor())
        deadlines.check_grants(actor())
        receipt = deadlines.extend(
            session,
            boards.call_numbered(session, number(request.form.get("call")) or 0),
            request.form.get("phase", ""),
            boards.day_named(request.form.get("last_day", "")),
            request.form.get("reason", "")[:2000],
            office=boards.office_named(session, request.form.get("office", "")),
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    done(t("批准延期", "Granting the extension"), receipt)
    return redirect(url_for(".grants"))


@bp.post("/extensions/<int:asked>")
def answer(asked: int) -> Response:
    """Grant an extension that an office asked for, or refuse it with a reason."""
    with transaction() as session:
        boards.check_national(actor())
        deadlines.check_grants(actor())
        grants_it = request.form.get("answer") == "grant"
        receipt = deadlines.answer(
            session,
            asked,
            boards.day_named(request.form.get("last_day", "")) if grants_it else None,
            request.form.get("words", "")[:2000],
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    done(t("批准延期", "Granting the extension") if grants_it else t("答复延期申请", "Answering the request"), receipt)
    return redirect(url_for(".grants"))


@bp.post("/waivers")
def waive() -> Response:
    with transaction() as session:
        boards.check_national(actor())
        deadlines.check_grants(actor())
        receipt = deadlines.waive(
            session,
            boards.call_numbered(session, number(request.form.get("call")) or 0),
            request.form.get("phase", ""),
            request.form.get("reason", "")[:2000],
            office=boards.one_office(session, request.form.get("office", "")),
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    done(t("批准豁免", "Granting the waiver"), receipt)
    return redirect(url_for(".grants"))
