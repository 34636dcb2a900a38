"""What is added to a case on its way to the public: consents, rights, sign-offs, its effect; its English has a bench of its own."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, form_mark, now, number, reading, transaction
from web.tell import done
from web.words import t
from workflow import cases, lists
from workflow.publishing import consent as consents
from workflow.publishing import editorial
from workflow.store import models
from workflow.wipo import workbench

bp = Blueprint("editorial", __name__, url_prefix="/cases/<int:case_id>/editorial")

_EDITS = ("consent", "consent_abroad", "allow_pictures", "honour", "sign_off", "judge_effect", "confirm_effect")
_LONGEST = 4000
"""Characters that a form may bring."""


def _typed() -> str:
    return request.form.get("words", "").replace("\r\n", "\n")[:_LONGEST]


@bp.get("")
def show(case_id: int) -> str:
    with reading() as session:
        return _page(session, cases.find(session, case_id, seen_by=actor()))


def _page(session: Any, case: models.Case) -> str:
    call = lists.call_of(session, case)
    return render_template(
        "editorial/show.html",
        case=case,
        call=call,
        state=lists.state_of(case),
        english=workbench.desk(session, case),
        reasons=editorial.effect_reasons(session, case),
        effect_check=editorial.effect_check(session, case),
        effect_mark=editorial.effect_mark(case),
        sign_offs=editorial.sign_offs(session, case),
        pictures=editorial.pictures(session, case),
        honours=editorial.honours(session, case.id),
        shown=consents.open_to_all(call, case),
        taken_back=consents.taken_back(call, case),
        longest_honour=editorial.LONGEST_HONOUR,
        longest_rights=editorial.LONGEST_RIGHTS,
        may={what: editorial.may(case, what, actor()) for what in _EDITS},
    )


def _there(case_id: int, where: str) -> Response:
    return redirect(url_for(".show", case_id=case_id) + f"#{where}")


@bp.post("/consent")
def consent(case_id: int) -> Response:
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        receipt = editorial.consent(session, case.id, _typed(), actor=actor(), at=now(), op=form_key())
    done(t("登记公开同意", "Recording the consent"), receipt)
    return _there(case_id, "consent")


@bp.post("/pictures")
def allow_pictures(case_id: int) -> Response:
    said = {one: words for name, words in request.form.items() if (one := number(name.removeprefix("rights:")))}
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        receipt = editorial.allow_pictures(session, case.id, said, actor=actor(), at=now(), op=form_key())
    done(t("登记图片权利", "Recording the rights of pictures"), receipt)
    return _there(case_id, "pictures")


@bp.post("/honours")
def give_honour(case_id: int) -> Response:
    name, day = _typed(), request.form.get("given_on", "")
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        receipt = editorial.give_honour(session, case.id, name, _day(day), actor=actor(), at=now(), op=form_key())
    done(t("登记荣誉", "Recording an honour"), receipt)
    return _there(case_id, "honours")


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


@bp.post("/honours/<int:honour_id>/end")
def end_honour(case_id: int, honour_id: int) -> Response:
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        receipt = editorial.end_honour(session, case.id, honour_id, actor=actor(), at=now(), op=form_key())
    done(t("撤销荣誉", "Taking an honour back"), receipt)
    return _there(case_id, "honours")


@bp.post("/sign-off")
def sign_off(case_id: int) -> Response:
    """Sign the content that was shown."""
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        receipt = editorial.sign_off(session, case.id, actor=actor(), at=now(), seen=form_mark(), op=form_key())
    done(t("签发", "Signing off"), receipt)
    return _there(case_id, "sign_offs")


@bp.post("/consent-abroad")
def consent_abroad(case_id: int) -> Response:
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        receipt = editorial.consent_abroad(session, case.id, _typed(), actor=actor(), at=now(), op=form_key())
    done(t("登记对外推送同意", "Recording the consent to sending it abroad"), receipt)
    return _there(case_id, "consent_abroad")


@bp.post("/effect")
def judge_effect(case_id: int) -> Response:
    """In free words, or a reason for each criterion of the call."""
    prefix = "reason:"
    given = {
        name.removeprefix(prefix): words.replace("\r\n", "\n")[:_LONGEST]
        for name, words in request.form.items()
        if name.startswith(prefix)
    }
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        words = editorial.effect_words(session, case, given) if given else _typed()
        receipt = editorial.judge_effect(session, case.id, words, actor=actor(), at=now(), op=form_key())
    done(t("认定成效", "Judging the effect"), receipt)
    return _there(case_id, "effect")


@bp.post("/effect/second-look")
def confirm_effect(case_id: int) -> Response:
    """A second person agrees, or sends it back with words."""
    agreed = request.form.get("then") == "agree"
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        receipt = editorial.confirm_effect(
            session,
            case.id,
            seen=request.form.get("effect", "")[:64],
            passed=agreed,
            words=_typed(),
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    done(t("复核成效认定", "The second look at the effect"), receipt)
    return _there(case_id, "effect")
