"""Judgements that need somebody else: who is proposed and why, and the exchange, one by one or of all that a judge still holds."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from web.judging import say_invited, typed_day
from web.request import actor, form_key, form_mark, now, number, reading, transaction
from web.tell import done
from web.words import t
from workflow.selection import judging, plans, replacing

bp = Blueprint("replacing", __name__, url_prefix="/judging/replacements")


@bp.context_processor
def _of_judgements() -> dict[str, object]:
    """What the pages here ask about a judgement."""
    return {
        "judgement_state": judging.state_of,
        "proposed_day": lambda given: replacing.proposed_day(given, now()),
    }


@bp.get("")
def index() -> str:
    """All of a call's that need somebody else, each with the best who could take it."""
    with reading() as session:
        judging.check_office(actor())
        known = judging.calls(session)
        call = judging.call_named(session, request.args.get("call", "")[:40]) if known else None
        first = number(request.args.get("from")) or 0
        return render_template(
            "judging/replacements.html",
            call=call,
            calls=known,
            page=replacing.page(session, call, actor(), now(), first) if call else None,
            first=first,
            organizes=judging.organizes(actor()),
        )


@bp.get("/<int:judgement_id>")
def show(judgement_id: int) -> str:
    """One judgement with everybody who could take it."""
    with reading() as session:
        vacancy = replacing.of_judgement(session, judgement_id, actor(), now())
        judgement = judging.find(session, judgement_id, actor())
        return render_template(
            "judging/replace.html", vacancy=vacancy, judgement=judgement, organizes=judging.organizes(actor())
        )


@bp.post("/<int:judgement_id>")
def exchange(judgement_id: int) -> AnyResponse:
    """Invite the one who was chosen, and release the other."""
    typed = request.form
    with transaction() as session:
        came = replacing.exchange(
            session,
            judgement_id,
            number(typed.get("judge")) or 0,
            due_on=typed_day(),
            remark=typed.get("remark", ""),
            actor=actor(),
            at=now(),
            seen=form_mark(),
            op=form_key(),
        )
        call = judging.call_of_judgement(session, judging.find(session, judgement_id, actor())).number
    say_invited(came)
    return redirect(url_for(".index", call=call))


@bp.post("/judges/<int:person_id>")
def all_of(person_id: int) -> AnyResponse:
    """Have a plan worked out for all that a judge has not scored yet; nothing changes before it is sent."""
    with transaction() as session:
        call = judging.call_for(session, actor(), request.form.get("call", "")[:40])
        made, receipt = plans.suggest(session, call, instead_of=person_id, actor=actor(), at=now(), op=form_key())
    done(t("计算改派方案", "Working out who takes over"), receipt)
    return redirect(url_for("judging.plan", plan_id=made))
