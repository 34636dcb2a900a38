"""One step on many cases: chosen on the list, rehearsed, taken, looked at afterwards, undone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from web.cases import filters_of
from web.request import actor, files, form_key, installed, now, number, reading, received, settings, transaction
from web.words import say, t
from workflow import bulk, cases, clock, electronic, letters, lists, personal, privacy
from workflow.settings import LONGEST_HOLD

bp = Blueprint("bulk", __name__, url_prefix="/bulk")

_NOBODY = "zhengji@localhost"
"""Sender of a mail that is sent by hand, where none is set: whoever sends it has another one."""
_CASE = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,12}\.[0-9]{1,12}))?")
_OWN = re.compile(r"own\.([0-9]{1,18})\.(confirmed|reason:(.+))")


@bp.get("")
def index() -> str:
    """What one has done to many cases at once."""
    with reading() as session:
        return render_template("bulk/index.html", found=bulk.newest(session, actor()), step_of=bulk.step_of)


@bp.post("/<trigger>/rehearsal")
def rehearse(trigger: str) -> str:
    """What a step would come to for each case; nothing is written."""
    bulk.step_named(trigger, actor())  # whose it is comes before what was chosen
    with reading() as session:
        chosen = _chosen(session, trigger)
        return _rehearsed(session, trigger, chosen)


def _chosen(session: Any, trigger: str) -> bulk.Chosen:
    if request.form.get("which") == "matching":
        return bulk.matching(session, trigger, filters_of(request.form), actor=actor())
    return bulk.ticked(list(_marks()))


def _marks() -> dict[int, str]:
    """Cases of the form, each with the mark of what was shown: `12.3.1`; "" where it was only ticked in a list."""
    found = (_CASE.fullmatch(value) for value in request.form.getlist("case"))
    return {int(one[1]): one[2] or "" for one in found if one}


def _form() -> bulk.Form:
    given = request.form
    confirmed: dict[int, set[str]] = {}
    reasons: dict[int, dict[str, str]] = {}
    for name, value in given.items(multi=True):
        own = _OWN.fullmatch(name)
        if own and own[3] and value.strip():
            reasons.setdefault(int(own[1]), {})[own[3]] = value.strip()
        elif own and not own[3]:
            confirmed.setdefault(int(own[1]), set()).add(value)
    return bulk.Form(
        remark=given.get("remark", "")[:2000],
        confirmed=frozenset(given.getlist("confirmed")),
        reasons={
            name.removeprefix("reason:"): value.strip()
            for name, value in given.items()
            if name.startswith("reason:") and value.strip()
        },
        new_day=clock.day_written(given.get("new_day", "")),
        own={
            case: cases.Answers(frozenset(confirmed.get(case, ())), reasons.get(case, {}))
            for case in confirmed.keys() | reasons.keys()
        },
    )


def _rehearsed(session: Any, trigger: str, chosen: bulk.Chosen, refused: str = "") -> str:
    form = _form()
    made = bulk.rehearse(session, trigger, chosen.ids, actor=actor(), at=now(), form=form, seen=_marks())
    return render_template(
        "bulk/rehearsal.html",
        made=made,
        chosen=chosen,
        form=form,
        refused=refused,
        filters=_filters(),
        by_search=_by_search(),
        hold=_hold_minutes(),
        longest=LONGEST_HOLD,
        undoes=None,
        **_shown(),
    )


def _shown(*, own: bool = True) -> dict[str, Any]:
    """For templates. `own`: whoever reads took the step; to others numbers in a mail are masked."""
    site = settings().base_url

    def words(mail: letters.Mail) -> str:
        return mail.body(site) if own else personal.masked_text(mail.body(site))

    return {"states_of": lists.lifecycle().state, "words_of": words, "masked": personal.masked_email}


def _by_search() -> bool:
    """Whether the cases were found by a search, and not ticked; carried through the rehearsal."""
    return request.form.get("which") == "matching" or request.form.get("found_by") == "search"


def _filters() -> dict[str, Any]:
    found = vars(filters_of(request.form)) if _by_search() else {}
    return {name: value for name, value in found.items() if value and name != "sort"}


def _search() -> dict[str, Any]:
    """The search for the record; nothing where the cases were ticked."""
    return {"found_by": "search", **_filters()} if _by_search() else {}


def _searched(session: Any, search: Mapping[str, Any]) -> list[str]:
    """A kept search in words."""
    if not search:
        return []
    if search.get("found_by") == "worklist":
        return [t("办理清单“{name}”", "the worklist “{name}”", name=search["file"])]
    choices = lists.choices(session, actor())
    named: dict[str, dict[Any, str]] = {
        "state": {str(one): say(one.label) for one in choices.states},
        "phase": {one.id: say(one.label) for one in choices.phases},
        "theme": {one.id: say(one.label) for one in choices.themes},
        "office": {one.id: one.addressee for one in choices.offices},
        "centre": {one.id: one.name for one in choices.centres},
    }
    found = [named.get(name, {}).get(value, str(value)) for name, value in search.items() if name != "found_by"]
    return found or [t("全部案例", "all cases")]


def _hold_minutes() -> int:
    wanted = number(request.form.get("hold"))
    return min(settings().hold_minutes if wanted is None else wanted, LONGEST_HOLD)


@bp.post("/<trigger>")
def act(trigger: str) -> Response | tuple[str, int]:
    """Take a step on the cases that were rehearsed. Where nothing comes of it, the rehearsal is shown anew."""
    bulk.step_named(trigger, actor())
    electronic.verify_again(installed().database, files(), settings(), seen_by=actor(), cases=list(_marks()))
    with transaction() as session:
        done = bulk.act(
            session,
            trigger,
            _marks(),
            actor=actor(),
            at=now(),
            real=received(),
            op=form_key(),
            form=_form(),
            whole=request.form.get("how") == "whole",
            hold=timedelta(minutes=_hold_minutes()),
            search=_search(),
        )
    if not done.refused:
        return redirect(url_for(".show", bulk_id=done.id))
    with reading() as session:
        said = t(
            "一件也没有办理，原因见下。这次提交已经留痕。",
            "Nothing was done, for the reasons below. The try is on record.",
        )
        return _rehearsed(session, trigger, bulk.ticked(list(_marks())), said), 422


@bp.get("/<int:bulk_id>")
def show(bulk_id: int) -> str:
    """What came of an act, case by case; its mails; and its undo, while they are held."""
    with reading() as session:
        found = bulk.find(session, bulk_id, seen_by=actor())
        return render_template(
            "bulk/show.html",
            act=found,
            step=bulk.step_of(found),
            outcomes=bulk.by_outcome(found),
            searched=_searched(session, found.search),
            receipt=bulk.receipt(session, found),
            mails=letters.of_posting(session, f"bulk/{found.id}", configured=bool(settings().smtp_url)),
            undoable=bulk.why_not_undone(session, found, actor=actor(), real=received()),
            undone=bulk.undone_by(session, found),
            **_shown(own=found.by_id == actor().id),
        )


@bp.get("/<int:bulk_id>/undo")
def ask_undo(bulk_id: int) -> str:
    """What undoing an act would come to."""
    with reading() as session:
        return _undo_page(session, bulk_id)


def _undo_page(session: Any, bulk_id: int, refused: str = "") -> str:
    found = bulk.find(session, bulk_id, seen_by=actor())
    form = _form()
    made: bulk.Rehearsal = bulk.rehearse_undo(session, found, actor=actor(), at=now(), real=received(), form=form)
    return render_template(
        "bulk/rehearsal.html",
        made=made,
        chosen=None,
        form=form,
        refused=refused,
        filters={},
        by_search=False,
        hold=0,
        longest=LONGEST_HOLD,
        undoes=found,
        **_shown(),
    )


@bp.post("/<int:bulk_id>/undo")
def undo(bulk_id: int) -> Response | tuple[str, int]:
    with transaction() as session:
        done = bulk.undo(session, bulk_id, actor=actor(), at=now(), real=received(), op=form_key(), form=_form())
    if done.refused:
        with reading() as session:
            return _undo_page(
                session, bulk_id, t("没有撤销任何案例，原因见下。", "Nothing was undone, for the reasons below.")
            ), 422
    flash(t("撤销已办理，结果见下。", "The undo is done; see below what came of it."), "done")
    return redirect(url_for(".show", bulk_id=done.id))


@bp.get("/mails/<int:letter_id>")
def mail(letter_id: int) -> Response:
    """One mail as a file, for whoever took the step; that it was taken away goes on record."""
    with reading() as session:
        name, data, found = letters.as_file(
            session, letter_id, actor=actor(), sender=settings().mail_from or _NOBODY, site=settings().base_url
        )
    with transaction() as session:
        privacy.exported(session, "letter", len(found.cases), actor=actor(), at=now(), filters={"letter": letter_id})
    return send_file(BytesIO(data), "message/rfc822", as_attachment=True, download_name=name)


@bp.app_template_global()
def bulk_steps(state: str = "") -> list[Any]:
    """The steps that the reader may take on many cases; `state`: only those that leave it."""
    return bulk.steps(actor(), state)


@bp.app_template_global()
def search_fields(filters: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """A search as hidden fields of a form."""
    return [(name, value) for name, value in filters.items() if value]
