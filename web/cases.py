"""Cases: the list, one case with everything on it, writing it, and every step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from states.lifecycle import State, Transition
from web import courts, flow, writing
from web.errors import on_record
from web.papers import paper_url
from web.picture import draw
from web.request import (
    actor,
    files,
    form_key,
    form_mark,
    installed,
    now,
    number,
    place,
    reading,
    received,
    settings,
    transaction,
)
from web.tell import done, tell
from web.words import countdown, say, t
from workflow import (
    attachments,
    bulk,
    cases,
    clock,
    electronic,
    foresight,
    histories,
    letters,
    lists,
    papers,
    personal,
    privacy,
    revisions,
    voiding,
)
from workflow.calls import call_standing
from workflow.content import Content
from workflow.engine import NoSuchTransition
from workflow.finding import comparisons, queries, searches
from workflow.incoming import taking
from workflow.publishing import editorial
from workflow.store import living, models

bp = Blueprint("cases", __name__, url_prefix="/cases")


@bp.get("")
def index() -> str:
    filters = filters_of(request.args)
    here = _narrowed_by(filters)
    with reading() as session:
        choices = lists.choices(session, actor(), filters.office)
        return render_template(
            "cases/index.html",
            found=lists.page(session, actor(), filters, place()),
            choices=choices,
            filters=filters,
            query=filters.query,
            chips=_chips(filters, choices),
            here=here,
            saved=searches.of(session, actor()),
            address=searches.written(here),
            may_write=bool(lists.centres_to_write_for(session, actor())),
        )


def filters_of(given: Mapping[str, str]) -> lists.Filters:
    """What an address or a form asks for; a number that is none counts as not given."""
    return lists.Filters(
        given.get("state", "")[:40],
        given.get("phase", "")[:40],
        given.get("theme", "")[:40],
        number(given.get("office")),
        number(given.get("centre")),
        given.get("text", "")[: queries.LONGEST],
        given.get("sort", "newest"),
    )


def _chips(filters: lists.Filters, choices: lists.Choices) -> list[tuple[str, str]]:
    """What a list is narrowed by, besides words: the name in the address, and what to call it."""
    states = {str(one): say(one.label) for one in choices.states}
    named: dict[str, str | None] = {
        "state": states.get(filters.state, filters.state),
        "phase": next((say(one.label) for one in choices.phases if one.id == filters.phase), filters.phase),
        "theme": next((say(one.label) for one in choices.themes if one.id == filters.theme), filters.theme),
        "office": next((one.addressee for one in choices.offices if one.id == filters.office), None),
        "centre": next((one.name for one in choices.centres if one.id == filters.centre), None),
    }
    return [(name, words or t("另一个", "another one")) for name, words in named.items() if getattr(filters, name)]


def _narrowed_by(filters: lists.Filters) -> dict[str, Any]:
    return {name: value for name, value in vars(filters).items() if value and (name, value) != ("sort", "newest")}


@bp.app_template_global()
def without(here: dict[str, Any], name: str) -> dict[str, Any]:
    """The arguments of a list without one of them."""
    return {key: value for key, value in here.items() if key != name}


@bp.get("/new")
def new() -> str:
    with reading() as session:
        return render_template(
            "cases/new.html",
            centres=lists.centres_to_write_for(session, actor()),
            calls=lists.calls_to_start_under(session),
        )


@bp.post("/new")
def create() -> Response:
    centre = number(request.form.get("centre")) or 0
    cases.check_starts(centre, actor())
    with transaction() as session:
        case_id = cases.create(
            session,
            call_version=lists.call_to_start_under(session, number(request.form.get("call"))),
            centre=centre,
            actor=actor(),
            at=now(),
            op=form_key(),
        )
    then = "papers.upload" if request.form.get("then") == "upload" else "cases.edit"
    return redirect(url_for(then, case_id=case_id))


@bp.get("/<int:case_id>")
def show(case_id: int) -> str:
    verify_seal(case_id)
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        return render_template("cases/show.html", **_everything(session, case))


_EDITS = ("translate", "check_english", "consent", "consent_abroad", "judge_effect", "confirm_effect", "sign_off")


def _everything(session: Any, case: models.Case) -> dict[str, Any]:
    """What the page of a case shows."""
    history = lists.history(session, case, actor())
    passed = {str(one.target) for one in history if one.target and one.done and one.of == "case"}
    steps = (one for one in history if one.of == "case" and one.done and one.step)
    taken_back = next((one for one in islice(steps, 1) if one.backward and one.remark), None)
    similar, comparing = comparisons.known(session, case, actor())
    every_paper = papers.every(session, case)
    current = [one for one in every_paper if one.superseded_at is None]
    call, seal = lists.call_of(session, case), papers.newest_seal(session, case)
    closed, archived = call_standing.closed(session, call.number), call_standing.archived(session, call.number)
    offers = cases.offers(session, case, actor=actor(), at=now())
    others = [one for one in offers if not one.mine]
    return {
        "came": taking.ready(session, case) if cases.is_of_centre(case, actor()) else None,
        "case": case,
        "call": call,
        "offers": offers,
        "next": histories.who_is_next(session, others, case.office_id, case.centre_id, at=now()),
        "state": lists.state_of(case),
        "pictures": [draw(lists.lifecycle(call), case.state, passed, upright=upright) for upright in (False, True)],
        "content": lists.content_of(case),
        "form": personal.masked_form(lists.form_values(call, case)),
        "handles": privacy.handles(case, actor()),
        "may_see_readers": privacy.sees_readers(case, actor()),
        "has_contacts": any(personal.is_contact(name) and value for name, value in case.form.items()),
        "paper_link": lambda one: paper_url(one) if privacy.may_open(case, one, actor()) else "",
        "papers": [one for one in current if one.slot != "attachment"],
        "attached": attachments.of_case(call, current, lists.content_of(case).attachments),
        "older": [one for one in every_paper if one.superseded_at is not None],
        "seal": seal,
        "not_held": papers.not_held(session, seal),
        "voided": voiding.of_case(session, case, seal),
        "similar": [(one, comparisons.may_compare(case, one, actor())) for one in similar],
        "comparing": comparing,
        "english": editorial.english(session, case),
        "sign_offs": editorial.sign_offs(session, case),
        "honours": editorial.honours(session, case.id),
        "may_add": [what for what in _EDITS if editorial.may(case, what, actor()) and not archived],
        "barred": archived or (closed if cases.is_of_centre(case, actor()) else None),
        "editorial_url": _screen("editorial.show", case_id=case.id),
        "may_edit": cases.may_edit(case, actor()),
        "may_seal": lists.may_seal(case, actor()),
        "revisions": lists.revisions(session, case),
        "window": lists.window(session, case, now()),
        "history_entries": history,
        "courts": courts.told(lists.lifecycle(call), history),
        "flow": flow.of_case(case, lists.lifecycle(call), history),
        "taken_back": taken_back,
        "moved": lists.moved_last(history),
        "call_step": lambda name: lists.step_label(call, name),
        "letters": letters.of_case(session, case.id, configured=bool(settings().smtp_url)),
        "countdown": countdown,
    }


def verify_seal(case_id: int) -> None:
    """Whether an electronic seal still holds, for whatever rests on it in this request."""
    electronic.verify_again(installed().database, files(), settings(), seen_by=actor(), cases=[case_id])


@bp.get("/<int:case_id>/<trigger>")
def ask(case_id: int, trigger: str) -> str:
    """The page on which a step is confirmed, with everything that stands in its way."""
    verify_seal(case_id)
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        return render_template("cases/act.html", **_step(session, case, trigger))


def _step(session: Any, case: models.Case, trigger: str) -> dict[str, Any]:
    offers = cases.offers(session, case, actor=actor(), at=now())
    offer = next((one for one in offers if one.transition.name == trigger and not one.transition.through), None)
    if offer is None:
        raise NoSuchTransition(lists.no_way(case, trigger))
    form = bulk.Form(remark=request.form.get("remark", ""), new_day=_day(request.form.get("new_day", "")))
    return {
        "foreseen": foresight.foresee(session, case, trigger, actor=actor(), at=now(), form=form),
        "words_of": lambda mail: mail.body(settings().base_url),
        "masked": personal.masked_email,
        "case": case,
        "call": lists.call_of(session, case),
        "offer": offer,
        "state": lists.state_of(case),
    }


@bp.post("/<int:case_id>/<trigger>")
def act(case_id: int, trigger: str) -> Response | tuple[str, int]:
    """Every transition of every case comes through here."""
    verify_seal(case_id)
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        attempts = cases.act(
            session,
            [case.id],
            trigger,
            actor=actor(),
            at=now(),
            seen={case_id: form_mark()},
            op=form_key(),
            remark=request.form.get("remark", ""),
            confirmed=frozenset(request.form.getlist("confirmed")),
            reasons=_reasons(),
            new_day=_day(request.form.get("new_day", "")),
            posting=letters.Posting(received() + timedelta(minutes=settings().hold_minutes)),
        )
    tell(attempts)
    if attempts[0].done:
        return redirect(url_for(".show", case_id=case_id))
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        return render_template("cases/act.html", **_step(session, case, trigger)), 422


def _day(value: str) -> date | None:
    return clock.day_written(value)


def _reasons() -> dict[str, str]:
    """Reasons for what the call asks in principle: `reason:KEY` → words."""
    return {
        name.removeprefix("reason:"): value.strip()
        for name, value in request.form.items()
        if name.startswith("reason:") and value.strip()
    }


# ---- writing ---------------------------------------------------------------------------------------------------------


@bp.get("/<int:case_id>/edit")
def edit(case_id: int) -> str:
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        cases.check_editable(session, case, actor())
        return _editor(session, case, writing.Draft(lists.content_of(case)))


def _editor(session: Any, case: models.Case, draft: writing.Draft, **more: Any) -> str:
    call = lists.call_of(session, case)
    return render_template(
        "cases/edit.html",
        case=case,
        call=call,
        draft=draft,
        own_fields=writing.own_fields(call),
        form=lists.form_values(call, case),
        **more,
    )


@bp.post("/<int:case_id>/edit")
def save(case_id: int) -> Response | tuple[str, int]:
    """Save what was written. When somebody was faster, what was typed is shown again beside the newer text."""
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        cases.check_author(case, actor())
        draft = writing.read(lists.call_of(session, case), lists.content_of(case), request.form)
        if draft.problems:
            return _editor(session, case, draft), 422
    try:
        with transaction() as session:
            receipt = cases.edit(
                session, case_id, draft.content, actor=actor(), at=now(), seen=form_mark(), op=form_key()
            )
    except living.Overtaken as faster:
        on_record(faster.message)
        return _overtaken(case_id, draft, say(faster.message)), 409
    done(t("保存内容", "Saving the content"), receipt)
    return redirect(url_for(".show", case_id=case_id))


def _overtaken(case_id: int, draft: writing.Draft, message: str) -> str:
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        call = lists.call_of(session, case)
        newer = revisions.compare(call, lists.content_of(case), draft.content)
        return _editor(session, case, draft, faster=message, newer=newer)


@bp.get("/<int:case_id>/revisions/<int:number>")
def revision(case_id: int, number: int) -> str:
    """One revision, and how it differs from the one before, or from any other that is asked for."""
    asked = request.args.get("before", "")
    before = int(asked) if re.fullmatch(r"[0-9]{1,9}", asked) else number - 1
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        call = lists.call_of(session, case)
        kept, content = lists.content_at(session, case, number)
        old = lists.content_at(session, case, before)[1] if before else Content()
        return render_template(
            "cases/revision.html",
            case=case,
            kept=kept,
            before=before,
            changes=revisions.compare(call, old, content, masked=True),
            revisions=lists.revisions(session, case),
            papers=papers.every(session, case),
        )


# ---- for templates ---------------------------------------------------------------------------------------------------


@bp.app_template_global()
def written_how(how: str) -> str:
    """Where a revision came from."""
    return {
        "screen": t("在页面上写的", "written on screen"),
        "document": t("来自上传的案例正文", "from an uploaded case document"),
        "form": t("来自上传的报送表", "from an uploaded report form"),
        "mail": t("来自来件中的材料", "from papers that came in"),
    }.get(how, how)


@bp.app_template_global()
def state_of(case: models.Case) -> State:
    """Where a case stands."""
    return lists.state_of(case)


@bp.app_template_global()
def step_url(case: models.Case, trigger: str) -> str:
    """Where a step of a case is asked for (GET) and taken (POST)."""
    return url_for("cases.act", case_id=case.id, trigger=trigger)


@bp.app_template_global()
def for_anybody(findings: Sequence[Any]) -> list[Any]:
    """Findings that stand whoever acts."""
    return lists.for_anybody(findings)


_WHOLE = {"batch": "batches.index", "push": "pushes.index"}


@bp.app_template_global()
def through_url(step: Transition) -> str:
    """Where the act is taken that a step is part of."""
    return _screen(_WHOLE.get(step.through.partition(".")[0], ""))


def _screen(endpoint: str, **values: Any) -> str:
    """The address of a screen, "" where it is not installed."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else ""


@bp.app_template_global()
def phase_name(choices: lists.Choices, phase: str) -> str:
    return next((say(one.label) for one in choices.phases if one.id == phase), t("未选", "none yet"))


# ---- where to mend ---------------------------------------------------------------------------------------------------

_FIELDS = ("title", "phase", "theme", "theme_name", "recipient", "service_from", "service_to", "sections")
_ON_CASE = {"scan": "papers", "document": "papers", "matches": "similar"}
_EDITORIAL = ("consent", "consent_abroad", "pictures", "sign_offs", "english", "effect")


@bp.app_template_global()
def mend_url(case: models.Case, mend: str) -> str:
    """Where a finding can be mended by the person reading, "" where it is mended in the form itself or by others."""
    if mend in _FIELDS or mend.startswith(("section:", "form:")):
        where = mend.replace(":", "-")
        return url_for("cases.edit", case_id=case.id) + f"#{where}" if cases.may_edit(case, actor()) else ""
    if mend.startswith("attachment:"):
        where = mend.replace(":", "-")
        return url_for("attachments.show", case_id=case.id) + f"#{where}" if cases.may_edit(case, actor()) else ""
    if mend == "scan" and lists.may_seal(case, actor()):
        return url_for("papers.scan", case_id=case.id)
    if mend in _EDITORIAL:
        where = _screen("editorial.show", case_id=case.id)
        return where and f"{where}#{mend}"
    if mend == "push":
        return _screen("pushes.index")
    if mend == "public_notice":
        return url_for("public_notices.index")
    return url_for("cases.show", case_id=case.id) + f"#{_ON_CASE[mend]}" if mend in _ON_CASE else ""
