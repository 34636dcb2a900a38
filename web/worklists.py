"""The list that one can take away, fill in elsewhere and bring back: shown row by row, then done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web import brought
from web.cases import filters_of
from web.request import actor, files, now, reading, received, settings, today, transaction
from web.uploads import uploaded
from web.words import say, t
from workflow import privacy, worklists
from workflow.documents.problems import Unreadable

bp = Blueprint("worklists", __name__, url_prefix="/worklists")

Page = str | tuple[str, int]


@bp.get("")
def index() -> Page:
    worklists.steps(actor())
    return _page()


def _page(wrong: str = "") -> Page:
    shown = render_template(
        "worklists/index.html", wrong=wrong, filters=_narrowed(request.args), steps=worklists.steps(actor())
    )
    return (shown, 422) if wrong else shown


def _narrowed(given: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(filters_of(given)).items() if value and name != "sort"}


@bp.post("/sheet")
def sheet() -> Response:
    """The list as a sheet; that it was taken away goes on record."""
    filters = filters_of(request.form)
    with transaction() as session:
        made = worklists.sheet(session, filters, actor=actor(), at=now())
        privacy.exported(session, "worklist", made.rows, actor=actor(), at=now(), filters=_narrowed(request.form))
    return brought.sent(made.data, f"{t('办理清单', 'worklist')}_{today()}.xlsx")


@bp.post("/preview")
def preview() -> Page:
    """What each row of the sheet would come to; nothing is done."""
    worklists.steps(actor())
    try:
        kept = uploaded("worklist", "worklist")
        if kept is None:
            return _page(t("请先选择文件。", "Choose a file first."))
        with reading() as session:
            found = worklists.preview(session, files().get(kept.digest), actor=actor(), at=now())
    except Unreadable as refused:
        return _page(say(refused.problem.text))
    note = brought.note("worklist", kept)
    return render_template("worklists/preview.html", found=found, name=kept.name, note=note)


@bp.post("/findings")
def findings() -> Response:
    """The sheet as it came, with what was found of each row written into it."""
    worklists.steps(actor())
    name, data = brought.noted("worklist")
    with transaction() as session:
        found = worklists.preview(session, data, actor=actor(), at=now())
        privacy.exported(session, "worklist", len(found.rows), actor=actor(), at=now())
    return brought.sent(worklists.annotated(data, found), f"{name.removesuffix('.xlsx')}_{t('提示', 'findings')}.xlsx")


@bp.post("/take")
def take() -> Response | Page:
    """Do what can be done of the sheet that was just shown."""
    worklists.steps(actor())
    try:
        name, data = brought.noted("worklist")
        with transaction() as session:
            done = worklists.take(
                session,
                name,
                data,
                actor=actor(),
                at=now(),
                real=received(),
                hold=timedelta(minutes=settings().hold_minutes),
            )
    except Unreadable as refused:
        return _page(say(refused.problem.text))
    if not done.done:
        words = t("没有可以办理的行，什么也没有改变。", "No row could be done; nothing was changed.")
        flash(words, "warning")
        return redirect(url_for(".index"))
    flash(
        t(
            "清单已办理：{n} 件，分 {m} 次，各有记录。",
            "The list is done: {n} case(s) in {m} act(s), each on record.",
            n=done.done,
            m=len(done.acts),
        ),
        "done",
    )
    return redirect(url_for("bulk.show", bulk_id=done.acts[0]) if len(done.acts) == 1 else url_for("bulk.index"))


@bp.app_template_global()
def has_worklist() -> bool:
    """Whether the reader can take a worklist away."""
    return bool(actor().roles & {"reviewer", "desk"})
