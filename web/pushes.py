"""Pushes: starting one from a case, the board of all, and one push from the queue to its acknowledgement or recall."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from states.lifecycle import State
from states.reach import Actor
from web.picture import draw
from web.request import actor, files, form_key, form_mark, now, reading, settings, transaction
from web.tell import done, tell
from web.words import t
from workflow import boards, cases, histories, lists, privacy
from workflow.engine import NoSuchTransition
from workflow.store import models
from workflow.wipo import abroad, pushes

bp = Blueprint("pushes", __name__)


@bp.get("/pushes")
def index() -> str:
    """The board; `?stage=` shows one column whole."""
    with reading() as session:
        board = abroad.board(session, actor(), now())
        asked = request.args.get("stage", "")
        return render_template(
            "pushes/index.html",
            board=board,
            whole=next((one for one in abroad.Stage if one == asked), None),
            few=_FEW,
        )


_FEW = 12
"""Cases that a column of the board shows before it is opened whole."""


# ---- from the case ---------------------------------------------------------------------------------------------------


@bp.get("/cases/<int:case_id>/push")
def ask(case_id: int) -> str:
    """What would be sent, where to, and what stands in the way."""
    with reading() as session:
        return _asked(session, cases.find(session, case_id, seen_by=actor()))


def _asked(session: Any, case: models.Case) -> str:
    offers = cases.offers(session, case, actor=actor(), at=now())
    offer = next((one for one in offers if one.transition.name == "push"), None)
    if offer is None:
        raise NoSuchTransition(lists.no_way(case, "push"))
    call = lists.call_of(session, case)
    masked = pushes.masked(session, files(), case) if boards.follows_pushes(actor()) else ()
    return render_template(
        "pushes/start.html",
        case=case,
        call=call,
        offer=offer,
        state=lists.state_of(case),
        destination=settings().push_url if boards.follows_pushes(actor()) else "",
        masked=[(pushes.place_of(call, one.where), one) for one in masked],
    )


@bp.post("/cases/<int:case_id>/push")
def start(case_id: int) -> AnyResponse | tuple[str, int]:
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        attempt = pushes.start(
            session,
            case.id,
            settings().push_url,
            actor=actor(),
            at=now(),
            seen=form_mark(),
            op=form_key(),
            remark=request.form.get("remark", "")[:2000],
        )
    if not attempt.done:
        tell([attempt])
        with reading() as session:
            return _asked(session, cases.find(session, case_id, seen_by=actor())), 422
    done(t("发起推送", "Starting the push"), attempt.receipt)
    with reading() as session:
        newest = pushes.of_case(session, cases.find(session, case_id, seen_by=actor()))[0]
        return redirect(url_for(".show", push_id=newest.id))


@bp.get("/cases/<int:case_id>/recall_push")
def to_recall(case_id: int) -> AnyResponse:
    """A case is recalled through its push."""
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        found = pushes.of_case(session, case)
        if not found:
            raise NoSuchTransition(lists.no_way(case, "recall_push"))
        return redirect(url_for(".show", push_id=found[0].id) + "#recall")


@bp.app_template_global()
def pushes_of(case: models.Case) -> list[models.Push]:
    """A case's pushes, the newest first, for its page."""
    with reading() as session:
        return pushes.of_case(session, case)


@bp.app_template_global()
def push_state(push: models.Push) -> State:
    return boards.push_state(push)


@bp.app_template_global()
def follows_pushes(actor: Actor) -> bool:
    """Whether this person sees where pushes go and what they hold."""
    return boards.follows_pushes(actor)


@bp.app_template_global()
def push_stage(push: models.Push) -> Any:
    return abroad.stage_of(push)


@bp.app_template_global()
def in_doubt(push: models.Push) -> bool:
    return pushes.in_doubt(push)


@bp.app_template_global()
def stayed_behind(push: models.Push) -> bool:
    return pushes.stayed_behind(push)


# ---- one push --------------------------------------------------------------------------------------------------------


@bp.get("/pushes/<int:push_id>")
def show(push_id: int) -> str:
    with reading() as session:
        push = pushes.find(session, push_id, seen_by=actor())
        history = histories.of_push(session, push)
        passed = histories.passed(boards.push_lifecycle(), history)
        offers = pushes.offers(session, push, actor=actor(), at=now())
        return render_template(
            "pushes/show.html",
            push=push,
            case=push.case,
            state=boards.push_state(push),
            offers={one.transition.name: one for one in offers},
            pictures=[draw(boards.push_lifecycle(), push.state, passed, upright=upright) for upright in (False, True)],
            history_entries=history,
            inside=boards.follows_pushes(actor()),
            moving=_moving(push),
            doubtful=pushes.in_doubt(push),
            behind=pushes.stayed_behind(push),
            askable=pushes.can_be_asked(push) and "liaison" in actor().roles,
            stage=abroad.stage_of(push),
        )


def _moving(push: models.Push) -> bool:
    """Whether the worker or the receiver is at it, so that the page looks again by itself."""
    on_its_way = push.state in ("queued", "sent") and not (pushes.in_doubt(push) or pushes.stayed_behind(push))
    return on_its_way or bool(push.recall_asked and push.state != "recalled")


@bp.get("/pushes/<int:push_id>/progress")
def progress(push_id: int) -> Response:
    """Where a push stands, for the part of its page that looks again; the whole page once something changed."""
    with reading() as session:
        push = pushes.find(session, push_id, seen_by=actor())
        response = Response(
            render_template(
                "pushes/_progress.html",
                push=push,
                state=boards.push_state(push),
                inside=boards.follows_pushes(actor()),
                moving=_moving(push),
            )
        )
        if request.args.get("seen") != f"{push.version}":
            response.headers["HX-Refresh"] = "true"
        return response


@bp.get("/pushes/<int:push_id>/package.zip")
def package(push_id: int) -> AnyResponse:
    """The package as it was sent, for the national office."""
    with reading() as session:
        push = pushes.find(session, push_id, seen_by=actor())
        boards.check_follows_pushes(actor())
        if not push.package:
            raise pushes.NoSuchPush(boards.NO_PACKAGE)
        key, data = push.key, files().get(push.package)
        case = push.case
    with transaction() as session:
        privacy.exported(session, "package", 1, actor=actor(), at=now(), filters={"push": push_id}, case=case)
    return send_file(BytesIO(data), "application/zip", as_attachment=True, download_name=f"{key}.zip")


@bp.post("/pushes/<int:push_id>/retry")
def retry(push_id: int) -> AnyResponse:
    with transaction() as session:
        push = pushes.find(session, push_id, seen_by=actor())
        attempt = pushes.retry(session, push.id, actor=actor(), at=now(), op=form_key())
    tell([attempt])
    return redirect(url_for(".show", push_id=push_id))


@bp.post("/pushes/<int:push_id>/resend")
def resend(push_id: int) -> AnyResponse:
    """Send a push in doubt again, under the same key."""
    with transaction() as session:
        push = pushes.find(session, push_id, seen_by=actor())
        attempt = pushes.resend(session, push.id, actor=actor(), at=now(), op=form_key())
    tell([attempt])
    return redirect(url_for(".show", push_id=push_id))


@bp.post("/pushes/<int:push_id>/ask")
def ask_receiver(push_id: int) -> AnyResponse:
    """Have the receiver asked whether it holds the package."""
    with transaction() as session:
        push = pushes.find(session, push_id, seen_by=actor())
        receipt = pushes.ask_receiver(session, push.id, actor=actor(), at=now(), op=form_key())
    done(t("向接收方查询", "Asking the receiver"), receipt)
    return redirect(url_for(".show", push_id=push_id))


@bp.post("/pushes/<int:push_id>/acknowledge")
def acknowledge(push_id: int) -> AnyResponse:
    """The receiver's acknowledgement, written down by the liaison."""
    with transaction() as session:
        push = pushes.find(session, push_id, seen_by=actor())
        words = request.form.get("words", "")[:2000]
        attempt = pushes.acknowledge(session, push.id, words, actor=actor(), at=now(), op=form_key())
    if attempt.done:
        tell([attempt])
    else:  # the page says why the case could not follow
        done(t("登记接收方的确认", "Recording the acknowledgement"), attempt.receipt)
    return redirect(url_for(".show", push_id=push_id))


@bp.post("/pushes/<int:push_id>/recall")
def recall(push_id: int) -> AnyResponse:
    """Ask the receiver to withdraw it; its confirmation completes the recall."""
    with transaction() as session:
        push = pushes.find(session, push_id, seen_by=actor())
        reason = request.form.get("reason", "")[:2000]
        receipt = pushes.ask_recall(session, push.id, reason, actor=actor(), at=now(), op=form_key())
    done(t("请接收方撤回", "Asking for the recall"), receipt)
    return redirect(url_for(".show", push_id=push_id))


@bp.post("/pushes/<int:push_id>/recalled")
def confirm_recall(push_id: int) -> AnyResponse:
    """The receiver's confirmation of a recall, written down by the liaison."""
    with transaction() as session:
        push = pushes.find(session, push_id, seen_by=actor())
        pushes.check_recalls(actor())
        words = request.form.get("words", "")[:2000]
        boards.check_words(words)
        attempt = pushes.confirm_recall(session, push.id, words, actor(), at=now())
    if attempt is not None:
        tell([attempt])
    return redirect(url_for(".show", push_id=push_id))
