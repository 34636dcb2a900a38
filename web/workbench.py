"""The workbench: English paragraph by paragraph beside the Chinese, its reading by a second person, and the glossary."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.errors import on_record
from web.request import actor, form_key, now, number, reading, transaction
from web.tell import done
from web.words import say, t
from workflow import cases, lists
from workflow.engine import CannotServe, NotPermitted
from workflow.publishing import editorial
from workflow.store import models
from workflow.wipo import workbench

bp = Blueprint("workbench", __name__)

_MOST = 400
"""Paragraphs of one form."""
_LONGEST = 60_000
"""Characters of a whole text."""


@bp.get("/cases/<int:case_id>/english")
def show(case_id: int) -> str:
    with reading() as session:
        return _page(session, cases.find(session, case_id, seen_by=actor()))


def _page(session: Any, case: models.Case, **more: Any) -> str:
    desk = workbench.desk(session, case)
    return render_template(
        "workbench/show.html",
        case=case,
        call=lists.call_of(session, case),
        state=lists.state_of(case),
        desk=desk,
        done=sum(one.state == "current" for one in desk.rows),
        may_translate=editorial.may(case, "translate", actor()),
        may_check=editorial.may(case, "check_english", actor()),
        keeps_terms=workbench.keeps_terms(actor()),
        **{"typed": {}, "conflicts": (), "whole": None, "words": "", "problem": "", **more},
    )


def _typed() -> list[workbench.Typed]:
    """What the form brings, paragraph by paragraph."""
    prefix = "en:"
    keys = [name.removeprefix(prefix) for name in request.form if name.startswith(prefix)][:_MOST]
    return [
        workbench.Typed(
            key,
            request.form[f"{prefix}{key}"].replace("\r\n", "\n"),
            number(request.form.get(f"seen:{key}")) or 0,
            f"keep:{key}" in request.form,
        )
        for key in keys
    ]


@bp.post("/cases/<int:case_id>/english")
def save(case_id: int) -> Response | tuple[str, int]:
    """Save what was changed. What somebody else changed meanwhile is shown beside it, and nothing is written over."""
    typed = _typed()
    try:
        with transaction() as session:
            case = cases.find(session, case_id, seen_by=actor())
            saved = workbench.save(session, case.id, typed, actor=actor(), at=now(), op=form_key())
    except editorial.TooLong as refused:
        return _again(case_id, typed, say(refused.message), 422)
    if saved.conflicts:
        return _beside(case_id, saved)
    if saved.receipt:
        done(t("保存译文", "Saving the English"), saved.receipt)
    return redirect(url_for(".show", case_id=case_id))


def _again(case_id: int, typed: list[workbench.Typed], problem: str, status: int) -> tuple[str, int]:
    """The same page with what was typed."""
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        return _page(session, case, typed={one.key: one.en for one in typed}, problem=problem), status


def _beside(case_id: int, saved: workbench.Saved) -> tuple[str, int]:
    message = t(
        "有 {n} 段别人先改过，没有覆盖；您写的在下面，请合在一起再保存。",
        "{n} paragraphs were changed by somebody else first and not written over. Yours stand below: bring them together and"
        " save again.",
        n=len(saved.conflicts),
    )
    on_record(workbench.OVERTAKEN)
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        return _page(session, case, conflicts=saved.conflicts, problem=message), 409


@bp.post("/cases/<int:case_id>/english/whole")
def whole(case_id: int) -> Response | tuple[str, int]:
    """A whole English text, dealt out to the paragraphs."""
    given = {name: request.form.get(name, "").replace("\r\n", "\n")[:_LONGEST] for name in ("title", "summary", "text")}
    try:
        with transaction() as session:
            case = cases.find(session, case_id, seen_by=actor())
            receipt = workbench.translate(session, case.id, **given, actor=actor(), at=now(), op=form_key())
    except editorial.TooLong as refused:
        with reading() as session:
            case = cases.find(session, case_id, seen_by=actor())
            return _page(session, case, whole=given, problem=say(refused.message)), 422
    done(t("录入整篇译文", "Taking the whole text in"), receipt)
    return redirect(url_for(".show", case_id=case_id))


@bp.post("/cases/<int:case_id>/english/check")
def check(case_id: int) -> Response | tuple[str, int]:
    """Pass the English that was read, or send it back to its translator."""
    words = request.form.get("words", "").strip()[: workbench.LONGEST_WORDS]
    try:
        with transaction() as session:
            case = cases.find(session, case_id, seen_by=actor())
            receipt = workbench.check(
                session,
                case.id,
                seen=number(request.form.get("english")) or 0,
                passed=request.form.get("then") == "pass",
                words=words,
                actor=actor(),
                at=now(),
                op=form_key(),
            )
    except workbench.NotReady as refused:
        with reading() as session:
            case = cases.find(session, case_id, seen_by=actor())
            return _page(session, case, words=words, problem=say(refused.message)), 422
    done(t("校对英文", "Checking the English"), receipt)
    return redirect(url_for(".show", case_id=case_id))


# ---- terms -----------------------------------------------------------------------------------------------------------


@bp.get("/glossary")
def terms() -> str:
    return _terms()


def _terms(**more: Any) -> str:
    _check_reads()
    with reading() as session:
        return render_template(
            "workbench/terms.html",
            terms=workbench.terms(session),
            keeps=workbench.keeps_terms(actor()),
            **{"problem": "", "typed": {}, **more},
        )


def _check_reads() -> None:
    """Raise NotPermitted for whoever has nothing to do with English."""
    if not workbench.reads_terms(actor()):
        raise NotPermitted(workbench.NOT_FOR_YOU)


@bp.post("/glossary")
def put_term() -> Response | tuple[str, int]:
    given = {name: request.form.get(name, "") for name in ("zh", "en", "note")}
    try:
        with transaction() as session:
            receipt = workbench.put_term(session, **given, actor=actor(), at=now())
    except workbench.WrongTerm as refused:
        return _wrong(refused, given)
    done(t("修改术语表", "Changing the glossary"), receipt)
    return redirect(url_for(".terms"))


@bp.post("/glossary/remove")
def remove_term() -> Response | tuple[str, int]:
    try:
        with transaction() as session:
            receipt = workbench.remove_term(session, request.form.get("zh", ""), actor=actor(), at=now())
    except workbench.WrongTerm as refused:
        return _wrong(refused, {})
    done(t("删除术语", "Taking a term off the glossary"), receipt)
    return redirect(url_for(".terms"))


def _wrong(refused: CannotServe, given: dict[str, str]) -> tuple[str, int]:
    return _terms(problem=say(refused.message), typed=given), 422
