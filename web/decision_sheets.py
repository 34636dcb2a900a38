"""The table of decisions as a sheet: taken away, brought back filled in, shown row by row, then kept."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from web import brought
from web import decisions as screen
from web.request import actor, files, now, reading, today, transaction
from web.uploads import uploaded
from web.words import say, t
from workflow import privacy
from workflow.documents.problems import Unreadable
from workflow.selection import decision_sheets, decisions

bp = Blueprint("decision_sheets", __name__, url_prefix="/decisions/<call_number>/sheet")

Page = str | tuple[str, int]


@bp.post("")
def sheet(call_number: str) -> Response:
    """The whole table as a sheet; that it was taken away goes on record."""
    with transaction() as session:
        made, rows = decision_sheets.sheet(session, call_number, actor=actor(), at=now())
        privacy.exported(session, "decisions", rows, actor=actor(), at=now(), filters={"call": call_number})
    return brought.sent(made, f"{t('入选决定', 'decisions')}_{call_number}_{today()}.xlsx")


@bp.post("/preview")
def preview(call_number: str) -> Page:
    """What each row of the sheet would come to; nothing is kept."""
    _check(call_number)
    try:
        kept = uploaded("table", "worklist")
        if kept is None:
            return screen.page(call_number, t("请先选择文件。", "Choose a file first."))
        with reading() as session:
            found = decision_sheets.preview(session, call_number, files().get(kept.digest), actor=actor())
            call = decisions.call_numbered(session, call_number, actor())
    except Unreadable as refused:
        return screen.page(call_number, say(refused.problem.text))
    note = brought.note(_kind(call_number), kept)
    return render_template("decisions/brought.html", found=found, call=call, name=kept.name, note=note)


def _check(call_number: str) -> None:
    """Before a file is looked at: raise NoSuchTable, NotPermitted."""
    decisions.check_chooses(actor())
    with reading() as session:
        decisions.call_numbered(session, call_number, actor())


def _kind(call_number: str) -> str:
    return f"decisions/{call_number}"


@bp.post("/findings")
def findings(call_number: str) -> Response:
    """The sheet as it came, with what was found of each row written into it."""
    _check(call_number)
    name, data = brought.noted(_kind(call_number))
    with transaction() as session:
        found = decision_sheets.preview(session, call_number, data, actor=actor())
        privacy.exported(session, "decisions", len(found.rows), actor=actor(), at=now(), filters={"call": call_number})
    said = decision_sheets.annotated(data, found)
    return brought.sent(said, f"{name.removesuffix('.xlsx')}_{t('提示', 'findings')}.xlsx")


@bp.post("/take")
def take(call_number: str) -> Response | Page:
    """Keep what can be kept of the sheet that was just shown."""
    _check(call_number)
    try:
        _, data = brought.noted(_kind(call_number))
        with transaction() as session:
            kept = decision_sheets.take(session, call_number, data, actor=actor(), at=now())
    except Unreadable as refused:
        return screen.page(call_number, say(refused.problem.text))
    if kept:
        flash(t("已保存 {n} 件决定，各有记录。", "{n} decisions are kept, each on record.", n=kept), "done")
    else:
        flash(t("没有可以采用的行，什么也没有改变。", "No row could be kept; nothing was changed."), "warning")
    return redirect(url_for("decisions.show", call_number=call_number))
