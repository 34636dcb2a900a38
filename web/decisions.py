"""入选决定: the table of a call's submitted cases, what is pending of each, its rehearsal, its announcement and undo."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import (
    actor,
    form_key,
    form_mark,
    now,
    number,
    reading,
    received,
    settings,
    transaction,
)
from web.tell import done
from web.words import say, t
from workflow import cases, letters, lists, personal
from workflow.calls import call_standing
from workflow.engine import CannotServe, Text
from workflow.selection import announcing, decisions
from workflow.settings import LONGEST_HOLD
from workflow.store import archive, living

bp = Blueprint("decisions", __name__, url_prefix="/decisions")

_CHOSEN = re.compile(r"([0-9]{1,18})\.([0-9]{1,9})")


@bp.get("")
def index() -> str:
    """The calls, each with how far its decisions are."""
    with reading() as session:
        found = [(call, decisions.spread(session, call)) for call in decisions.calls(session, actor())]
        return render_template("decisions/index.html", found=found)


@bp.get("/<call_number>")
def show(call_number: str) -> str:
    """The table, a page at a time, with how the decisions add up."""
    return _page(call_number)


def page(call_number: str, wrong: str) -> tuple[str, int]:
    """The table with what is wrong with a sheet that was brought."""
    return _page(call_number, wrong), 422


def _page(call_number: str, wrong: str = "") -> str:
    asked = _asked(request.args)
    with reading() as session:
        table = decisions.table(session, call_number, asked, actor=actor(), after=number(request.args.get("after")))
        offices, centres = decisions.units(session, call_number)
        barred = call_standing.archived(session, call_number)
        return render_template(
            "decisions/show.html",
            table=table,
            call=table.call,
            spread=decisions.spread(session, table.call),
            to_sign=decisions.to_sign(session, table.call, actor=actor()),
            announced=announcing.newest(session, call_number),
            asked=asked,
            here=_here(asked),
            offices=offices,
            centres=centres,
            standings=tuple(decisions.Standing),
            sorts={name: words for name, words in _SORTS.items() if name != "score" or table.scores},
            kinds=_KINDS,
            signs=decisions.signs(actor()) and not barred,
            barred=barred,
            wrong=wrong,
            **_row_words(barred),
        )


_SORTS = {
    "number": Text("编号", "Number"),
    "theme": Text("主题", "Theme"),
    "office": Text("推荐单位", "Office"),
    "centre": Text("中心", "Centre"),
    "kind": Text("中心类型", "Kind of centre"),
    "decision": Text("决定", "Decision"),
    "score": Text("评审得分", "Score"),
}
_KINDS = {
    "tisc": Text("TISC", "TISC"),
    "university": Text("高校中心", "University centre"),
    "both": Text("两者兼任", "Both"),
    "other": Text("其他", "Other"),
}


def _asked(given: Mapping[str, str]) -> decisions.Asked:
    sort = given.get("sort", "number")
    return decisions.Asked(
        given.get("theme", "")[:40],
        number(given.get("office")),
        number(given.get("centre")),
        given.get("kind", "")[:12],
        given.get("decision", "")[:12],
        sort if sort in decisions.SORTS else "number",
    )


def _here(asked: decisions.Asked) -> dict[str, Any]:
    return {name: value for name, value in vars(asked).items() if value and (name, value) != ("sort", "number")}


def _row_words(barred: Text | None) -> dict[str, Any]:
    """What a row of the table shows beside the case. `barred`: why nothing is chosen any more."""
    return {
        "choices": tuple(decisions.Decision),
        "chooses": decisions.chooses(actor()) and not barred,
        "states_of": lists.lifecycle().state,
        "longest": decisions.LONGEST,
    }


@bp.post("/<call_number>/cases/<int:case_id>")
def choose(call_number: str, case_id: int) -> Response | str | tuple[str, int]:
    """Keep a decision. Where the table asks for it without a reload, the row and the sums come back."""
    of_table = request.headers.get("HX-Request") == "true"
    refused: CannotServe | None = None
    receipt = None
    try:
        with transaction() as session:
            receipt = decisions.choose(
                session,
                call_number,
                case_id,
                request.form.get("decision", ""),
                request.form.get("reason", ""),
                request.form.get("feedback", ""),
                seen=number(request.form.get("seen")) or 0,
                mark=form_mark(),
                actor=actor(),
                at=now(),
                op=form_key(),
            )
    except (living.Overtaken, decisions.NotPending, decisions.WrongDecision, archive.CallBarred) as why:
        if not of_table:
            raise
        refused = why
    if not of_table:
        done(t("选定", "Choosing"), receipt)
        return redirect(url_for(".show", call_number=call_number))
    shown = _row(call_number, case_id, refused)
    return (
        (shown, 409)
        if isinstance(refused, living.Overtaken | decisions.NotPending | archive.CallBarred)
        else (shown, 422)
        if refused
        else shown
    )


def _row(call_number: str, case_id: int, refused: CannotServe | None) -> str:
    with reading() as session:
        call = decisions.call_numbered(session, call_number, actor())
        barred = call_standing.archived(session, call_number)
        try:
            line = decisions.find(session, call_number, case_id, actor=actor())
        except cases.NoSuchCase:
            line = None
        return render_template(
            "decisions/_answer.html",
            line=line,
            case_id=case_id,
            call=call,
            signed=decisions.counted(session, [line] if line else []),
            spread=decisions.spread(session, call),
            to_sign=decisions.to_sign(session, call, actor=actor()),
            signs=decisions.signs(actor()) and not barred,
            refused=say(refused.message) if refused else "",
            typed=request.form if refused else {},
            **_row_words(barred),
        )


@bp.post("/<call_number>/sign-off")
def sign(call_number: str) -> Response:
    """Sign every decision that is pending, as the list was when it was looked at."""
    with transaction() as session:
        seen = request.form.get("seen", "")[:64]
        receipt = decisions.sign(session, call_number, seen=seen, actor=actor(), at=now(), op=form_key())
    done(t("签发入选决定", "Signing the decisions"), receipt)
    return redirect(url_for(".show", call_number=call_number))


# ---- announced -------------------------------------------------------------------------------------------------------


def _answered() -> announcing.Answered:
    given = request.form
    reasons = {name.removeprefix("reason:"): words.strip() for name, words in given.items() if name[:7] == "reason:"}
    return announcing.Answered(
        frozenset(given.getlist("confirmed")), {name: words for name, words in reasons.items() if words}
    )


def _hold_minutes() -> int:
    wanted = number(request.form.get("hold"))
    return min(settings().hold_minutes if wanted is None else wanted, LONGEST_HOLD)


@bp.post("/<call_number>/rehearsal")
def rehearse(call_number: str) -> str:
    """What announcing would come to, with every mail; nothing is written."""
    return _rehearsed(call_number)


def _rehearsed(call_number: str, refused: str = "") -> str:
    form = _answered()
    with reading() as session:
        plan = announcing.rehearse(session, call_number, actor=actor(), at=now(), form=form)
        return render_template(
            "decisions/rehearsal.html",
            plan=plan,
            call=plan.call,
            form=form,
            refused=refused,
            hold=_hold_minutes(),
            longest=LONGEST_HOLD,
            words_of=lambda mail: mail.body(settings().base_url),
            masked=personal.masked_email,
        )


@bp.post("/<call_number>/announcements")
def announce(call_number: str) -> Response | tuple[str, int]:
    found = (_CHOSEN.fullmatch(value) for value in request.form.getlist("case"))
    with transaction() as session:
        made = announcing.announce(
            session,
            call_number,
            {int(one[1]): int(one[2]) for one in found if one},
            actor=actor(),
            at=now(),
            real=received(),
            op=form_key(),
            form=_answered(),
            whole=request.form.get("how") == "whole",
            hold=timedelta(minutes=_hold_minutes()),
        )
    if made.refused:
        said = t(
            "一件也没有公布，原因见下。这次提交已经留痕，外面的人看不到。",
            "Nothing was announced, for the reasons below. The try is on record; nobody outside sees it.",
        )
        return _rehearsed(call_number, said), 422
    return redirect(url_for(".announcement", announcement_id=made.id))


@bp.get("/announcements/<int:announcement_id>")
def announcement(announcement_id: int) -> str:
    """What was announced and what was left, its mails, and its undo while they are held."""
    with reading() as session:
        shown = announcing.find(session, announcement_id, seen_by=actor())
        postings = [f"bulk/{one.id}" for one in shown.acts]
        configured = bool(settings().smtp_url)
        own = shown.row.by_id == actor().id

        def words(mail: letters.Mail) -> str:
            body = mail.body(settings().base_url)
            return body if own else personal.masked_text(body)

        return render_template(
            "decisions/announcement.html",
            shown=shown,
            mails=[one for key in postings for one in letters.of_posting(session, key, configured=configured)],
            undoable=announcing.why_not_undone(session, shown, actor=actor(), real=received()),
            states_of=lists.lifecycle().state,
            step_of=lambda act: lists.lifecycle().named(act.trigger),
            words_of=words,
            masked=personal.masked_email,
        )


@bp.post("/announcements/<int:announcement_id>/undo")
def undo(announcement_id: int) -> Response:
    with transaction() as session:
        counts = announcing.undo(
            session,
            announcement_id,
            request.form.get("remark", "")[:2000],
            actor=actor(),
            at=now(),
            real=received(),
            op=form_key(),
        )
    back = counts.get("done", 0)
    left = sum(counts.values()) - back
    flash(
        t(
            "已撤销：{n} 件回到“已报送”，决定仍是待公布；没有人收到邮件。",
            "Taken back: {n} are “submitted” again and their decisions pending; nobody was told.",
            n=back,
        )
        + (t("另有 {n} 件已往下办理，没有动。", " {n} have moved on and were left.", n=left) if left else ""),
        "done" if back else "refused",
    )
    return redirect(url_for(".announcement", announcement_id=announcement_id))
