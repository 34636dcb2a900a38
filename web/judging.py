"""Judging: the desk's board of who judges what, a case while it is judged, and a judge's own list and score form."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from web.picture import draw
from web.request import actor, files, form_key, form_mark, now, number, reading, today, transaction
from web.tell import done, tell
from web.uploads import uploaded
from web.words import say, t
from workflow import downloads, privacy
from workflow.documents.problems import Unreadable
from workflow.selection import judging, plans, replacing, results
from workflow.store import models

bp = Blueprint("judging", __name__, url_prefix="/judging")

SHOWN = 200
"""Cases on one page of the board."""


@bp.context_processor
def _of_judgements() -> dict[str, object]:
    """What the pages here ask about a judgement."""
    return {"judgement_state": judging.state_of, "judged_late": judging.is_late}


# ---- the desk --------------------------------------------------------------------------------------------------------


@bp.get("")
def index() -> str:
    """Who judges what under a call, and how much each judge holds."""
    only, shown = request.args.get("show", ""), number(request.args.get("from")) or 0
    with reading() as session:
        board = judging.board(session, actor(), request.args.get("call", "")[:40], now())
        rows = [one for one in board.rows if _wanted(one, only)] if board else []
        return render_template(
            "judging/index.html",
            board=board,
            rows=rows[shown : shown + SHOWN],
            total=len(rows),
            first=shown,
            more=shown + SHOWN if shown + SHOWN < len(rows) else None,
            only=only,
            at=now(),
            organizes=judging.organizes(actor()),
            discussed=judging.discussed(session, board.call) if board else False,
        )


def _wanted(row: judging.Row, only: str) -> bool:
    if only == "short":
        return row.selecting and row.standing.judges < row.standing.asked
    return only != "late" or any(row.selecting and judging.is_late(one, now()) for one in row.lines)


@bp.post("/invite")
def invite() -> AnyResponse:
    """Every chosen judge to every chosen case."""
    with transaction() as session:
        call = judging.call_for(session, actor(), request.form.get("call", "")[:40])
        pairs = [
            judging.Pair(case, judge, request.form.get("why", "")[:500])
            for case in map(number, request.form.getlist("case"))
            for judge in map(number, request.form.getlist("judge"))
            if case is not None and judge is not None
        ]
        came = judging.invite(session, call, pairs, due_on=typed_day(), actor=actor(), at=now(), op=form_key())
    say_invited(came)
    back = number(request.form.get("back"))
    return redirect(url_for(".case", judged=back) if back else url_for(".index", call=call.number))


def typed_day() -> date | None:
    """The day until which is to be scored, as it was typed; None where none was. Raises WrongInvitation."""
    written = request.form.get("due_on", "").strip()
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise judging.WRONG_DAY from error


def say_invited(came: judging.Invited) -> None:
    """How many were invited, and of each that was not, why not."""
    if came.done:
        receipt = came.done[0][1]
        done(t("邀请 {n} 人次评审", "Inviting, {n} in all", n=len(came.done)), receipt)
    for one in came.refused[:20]:
        flash(
            t(
                "{judge} · {case}：{why}",
                "{judge} · {case}: {why}",
                judge=one.judge.name,
                case=one.case.number,
                why=one.why,
            ),
            "refused",
        )
    if len(came.refused) > 20:
        flash(t("另有 {n} 对没有邀请。", "{n} more were not invited.", n=len(came.refused) - 20), "refused")


@bp.get("/judges")
def judges() -> str:
    """What is known of each judge."""
    with reading() as session:
        return render_template(
            "judging/judges.html",
            judges=judging.judges(session, actor()),
            calls=judging.calls(session),
            languages=judging.LANGUAGES,
            organizes=judging.organizes(actor()),
        )


@bp.post("/judges/<int:person_id>")
def describe(person_id: int) -> AnyResponse:
    with transaction() as session:
        typed = request.form
        profile = judging.Profile(
            typed.get("institution", ""),
            typed.get("region", ""),
            tuple(typed.getlist("theme")),
            tuple(typed.getlist("language")),
            number(typed.get("most")),
        )
        receipt = judging.set_profile(session, person_id, profile, actor=actor(), at=now(), op=form_key())
    done(t("登记评审专家", "The judge's particulars"), receipt)
    return redirect(url_for(".judges") + f"#judge-{person_id}")


@bp.get("/cases/<int:judged>")
def case(judged: int) -> str:
    """One case: who judges it, how it reads blind, and what would still tell whose it is."""
    with reading() as session:
        return render_template(
            "judging/case.html",
            view=judging.of_case(session, judged, actor()),
            organizes=judging.organizes(actor()),
            weighted=judging.weighted,
        )


@bp.post("/cases/<int:judged>/mask")
def mask(judged: int) -> AnyResponse:
    """The case is not called `case_id` here: what is told to its judges' desk is nothing for the case's own history."""
    with transaction() as session:
        words, kind = request.form.get("words", ""), request.form.get("kind", "mask")
        receipt = judging.add_mask(session, judged, words, kind, actor=actor(), at=now(), op=form_key())
    done(t("遮盖文字", "Masking"), receipt)
    return redirect(url_for(".case", judged=judged) + "#blind")


# ---- plans -----------------------------------------------------------------------------------------------------------


@bp.get("/plans")
def plan_list() -> str:
    """The plans of a call, and the ways to a new one."""
    with reading() as session:
        judging.check_office(actor())
        known = judging.calls(session)
        call = judging.call_named(session, request.args.get("call", "")[:40]) if known else None
        return render_template(
            "judging/plans.html",
            call=call,
            calls=known,
            plans=plans.every(session, call, actor()) if call else [],
            states=plans.STATES,
            how=plans.HOW,
            organizes=judging.organizes(actor()),
        )


@bp.post("/plans")
def suggest() -> AnyResponse:
    """Have the solver work one out."""
    with transaction() as session:
        call = judging.call_for(session, actor(), request.form.get("call", "")[:40])
        made, receipt = plans.suggest(session, call, actor=actor(), at=now(), op=form_key())
    done(t("计算分派方案", "Working a plan out"), receipt)
    return redirect(url_for(".plan", plan_id=made))


@bp.post("/plans/sheet")
def bring() -> AnyResponse:
    """A plan from a sheet: nothing is sent before it was looked at."""
    with reading() as session:
        call = judging.call_for(session, actor(), request.form.get("call", "")[:40])
    try:
        kept = uploaded("list", "list")
        if kept is None:
            raise plans.WrongPlan(plans.NO_FILE)
        data = files().get(kept.digest)
        with transaction() as session:
            made = plans.from_sheet(session, call, kept.name, data, actor=actor(), at=now(), op=form_key())
    except Unreadable as refused:
        flash(say(refused.problem.text), "refused")
        return redirect(url_for(".plan_list", call=call.number))
    return redirect(url_for(".plan", plan_id=made))


@bp.post("/sheet")
def sheet() -> Response:
    """Who judges what as a sheet, to be changed and brought back; that it was taken away goes on record."""
    with transaction() as session:
        judging.check_office(actor())
        call = judging.call_named(session, request.form.get("call", "")[:40])
        data, rows = plans.sheet(session, call, number(request.form.get("plan")), actor=actor(), at=now())
        privacy.exported(session, "assignment", rows, actor=actor(), at=now(), filters={"call": call.number})
    name = f"{t('评审分派', 'assignment')}_{today()}.xlsx"
    return send_file(BytesIO(data), downloads.EXCEL, as_attachment=True, download_name=name)


@bp.get("/plans/<int:plan_id>")
def plan(plan_id: int) -> str:
    """One plan with what it comes to, pair by pair with the reason."""
    with reading() as session:
        first = number(request.args.get("from")) or 0
        shown = plans.find(session, plan_id, actor(), first, SHOWN)
        return render_template(
            "judging/plan.html",
            shown=shown,
            first=first,
            more=first + SHOWN if first + SHOWN < shown.count else None,
            states=plans.STATES,
            how=plans.HOW,
            organizes=judging.organizes(actor()),
            due_on=replacing.proposed_day(None, now()) if shown.instead_of else "",
        )


@bp.post("/plans/<int:plan_id>/change")
def change_plan(plan_id: int) -> AnyResponse:
    """Pairs out, and one in."""
    gone = [pair for one in request.form.getlist("drop") if (pair := _pair(one))]
    new = (
        [(case, judge)]
        if (case := number(request.form.get("case"))) and (judge := number(request.form.get("judge")))
        else []
    )
    with transaction() as session:
        receipt = plans.change(session, plan_id, drop=gone, add=new, actor=actor(), at=now(), op=form_key())
    done(t("调整分派方案", "Changing the plan"), receipt)
    return redirect(url_for(".plan", plan_id=plan_id))


def _pair(written: str) -> tuple[int, int] | None:
    case, _, judge = written.partition(".")
    one, two = number(case), number(judge)
    return (one, two) if one is not None and two is not None else None


@bp.post("/plans/<int:plan_id>/send")
def send_plan(plan_id: int) -> AnyResponse:
    with transaction() as session:
        remark = request.form.get("remark", "")
        came = plans.send(session, plan_id, due_on=typed_day(), actor=actor(), at=now(), op=form_key(), remark=remark)
        call = plans.find(session, plan_id, actor(), most=0).call.number
    say_invited(came)
    return redirect(url_for(".index", call=call))


@bp.post("/plans/<int:plan_id>/drop")
def drop_plan(plan_id: int) -> AnyResponse:
    with transaction() as session:
        receipt = plans.drop(session, plan_id, actor=actor(), at=now(), op=form_key())
    done(t("作废分派方案", "Dropping the plan"), receipt)
    return redirect(url_for(".plan_list"))


# ---- what the scores come to -----------------------------------------------------------------------------------------


@bp.get("/results")
def result() -> str:
    """Rankings beside each other, agreement and judges; and what if one judge is left out."""
    with reading() as session:
        judging.check_office(actor())
        known = judging.calls(session)
        call = judging.call_named(session, request.args.get("call", "")[:40]) if known else None
        found = results.of_call(session, call, actor(), number(request.args.get("without"))) if call else None
        return render_template(
            "judging/results.html", found=found, call=call, calls=known, words=results, draws=results.DRAWS
        )


@bp.post("/results/sheet")
def result_sheet() -> Response:
    """The rankings as a sheet; that it was taken away goes on record."""
    with transaction() as session:
        judging.check_office(actor())
        call = judging.call_named(session, request.form.get("call", "")[:40])
        data, rows = results.sheet(session, call, actor(), now())
        privacy.exported(session, "scores", rows, actor=actor(), at=now(), filters={"call": call.number})
    name = f"{t('评审结果', 'scores')}_{today()}.xlsx"
    return send_file(BytesIO(data), downloads.EXCEL, as_attachment=True, download_name=name)


# ---- the judge -------------------------------------------------------------------------------------------------------


@bp.get("/mine")
def mine() -> str:
    """A judge's own judgements."""
    with reading() as session:
        return render_template("judging/mine.html", mine=judging.mine(session, actor()), at=now())


@bp.get("/<int:judgement_id>")
def show(judgement_id: int) -> str:
    """One judgement: the case as it reads blind, and the score form."""
    with reading() as session:
        return _shown(session, judging.find(session, judgement_id, actor()))


def _shown(session: Any, judgement: models.Judgement, typed: Any = None) -> str:
    offers = judging.offers(session, judgement, actor=actor(), at=now())
    read, hidden = judging.read_or_why(session, judgement, actor())
    call = judging.call_of_judgement(session, judgement)
    return render_template(
        "judging/show.html",
        judgement=judgement,
        state=judging.state_of(judgement),
        offers=offers,
        call=call,
        asked=judging.asked_by(call),
        reading=read,
        hidden=hidden,
        own=judgement.judge_id == actor().id,
        takes_part=judging.takes_part(session, judgement, actor()),
        typed=typed or {},
        total=judging.weighted(judgement.scores, judging.asked_by(call)),
        pictures=[draw(judging.lifecycle(), judgement.state, set(), upright=upright) for upright in (False, True)],
    )


@bp.get("/<int:judgement_id>/discussion")
def discussion(judgement_id: int) -> str:
    """What the other judges say, to a judge whose own scores are handed in, while the discussion is open."""
    with transaction() as session:
        judgement = judging.find(session, judgement_id, actor())
        return _discussed(session, judgement.case_id, url_for(".show", judgement_id=judgement_id))


@bp.get("/cases/<int:judged>/discussion")
def discussion_of_case(judged: int) -> str:
    """The same, for the office. Who has read a note is named beside it."""
    with transaction() as session:
        judging.check_office(actor())
        return _discussed(session, judged, url_for(".case", judged=judged))


def _discussed(session: Any, case_id: int, back: str) -> str:
    found = judging.discussion_of(session, case_id, actor(), now())
    return render_template(
        "judging/discussion.html", found=found, back=back, here=request.path, weighted=judging.weighted
    )


@bp.post("/<int:judgement_id>/discussion")
def say_in_discussion(judgement_id: int) -> AnyResponse:
    with transaction() as session:
        judgement = judging.find(session, judgement_id, actor())
        receipt = _noted(session, judgement.case_id)
    done(t("合议意见", "The note"), receipt)
    return redirect(url_for(".discussion", judgement_id=judgement_id))


@bp.post("/cases/<int:judged>/discussion")
def say_of_case(judged: int) -> AnyResponse:
    with transaction() as session:
        judging.check_office(actor())
        receipt = _noted(session, judged)
    done(t("合议意见", "The note"), receipt)
    return redirect(url_for(".discussion_of_case", judged=judged))


def _noted(session: Any, case_id: int) -> Any:
    words, seen_by = request.form.get("words", ""), request.form.get("seen_by", "judges")
    return judging.add_note(session, case_id, words, seen_by, actor=actor(), at=now(), op=form_key())


@bp.post("/discussion")
def set_discussion() -> AnyResponse:
    """Open the discussion of a call's judging, or close it."""
    opened = request.form.get("then") == "open"
    with transaction() as session:
        call = judging.call_for(session, actor(), request.form.get("call", "")[:40])
        receipt = judging.set_discussion(session, call, opened=opened, actor=actor(), at=now(), op=form_key())
    done(t("开始合议", "Opening the discussion") if opened else t("结束合议", "Closing the discussion"), receipt)
    return redirect(url_for(".index", call=call.number))


@bp.get("/<int:judgement_id>/pictures/<int:position>.png")
def picture(judgement_id: int, position: int) -> Response:
    """A picture of the case without the name and the properties of its file."""
    with reading() as session:
        judgement = judging.find(session, judgement_id, actor())
        drawn = judging.picture(session, files(), judgement, position, actor())
    return send_file(BytesIO(drawn), "image/png", download_name=f"{position}.png")


@bp.post("/<int:judgement_id>/scores")
def save(judgement_id: int) -> AnyResponse | tuple[str, int]:
    """Keep what was written; and hand it in, where that was asked for."""
    typed, attempt = request.form, None
    try:
        with transaction() as session:
            judgement = judging.find(session, judgement_id, actor())
            scores = {
                one: (typed.get(f"points:{one}", "")[:20], typed.get(f"reason:{one}", ""))
                for one in judging.criteria_of(session, judgement)
            }
            key = form_key()
            receipt = judging.save(session, judgement_id, scores, actor=actor(), at=now(), seen=form_mark(), op=key)
            if typed.get("then") == "score":
                attempt = judging.act(session, judgement_id, "score", actor=actor(), at=now(), op=key)
    except judging.WrongScores as problem:
        flash(say(problem.message), "refused")
        with reading() as session:
            return _shown(session, judging.find(session, judgement_id, actor()), typed), 422
    if attempt is None:
        done(t("保存评分", "Saving the scores"), receipt)
    else:
        tell([attempt])
    return redirect(url_for(".show", judgement_id=judgement_id))


@bp.post("/<int:judgement_id>/<trigger>")
def act(judgement_id: int, trigger: str) -> AnyResponse:
    """Every step of every judgement comes through here."""
    with transaction() as session:
        judgement = judging.find(session, judgement_id, actor())
        case_id, own = judgement.case_id, judgement.judge_id == actor().id
        attempt = judging.act(
            session,
            judgement_id,
            trigger,
            actor=actor(),
            at=now(),
            seen=form_mark(),
            op=form_key(),
            remark=request.form.get("remark", ""),
        )
    tell([attempt])
    return redirect(url_for(".show", judgement_id=judgement_id) if own else url_for(".case", judged=case_id))
