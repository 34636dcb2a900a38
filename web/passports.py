"""Passports of cases: one zip with a case and its whole history, taken away here, and taken in from elsewhere."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from web.request import actor, files, installed, now, number, reading, settings, transaction
from web.words import say, t
from workflow import cases, privacy
from workflow.documents.problems import Unreadable

bp = Blueprint("passports", __name__)

ZIP = "application/zip"


@bp.get("/cases/<int:case_id>/passport.zip")
def take(case_id: int) -> Response:
    """The passport of a case, as far as this person reads it; on record."""
    from workflow.interchange import passport  # not for pages that are only read

    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        data, name = passport.build(session, files(), case, actor=actor(), demo=settings().demo), case.number
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        privacy.exported(session, "passport", 1, actor=actor(), at=now(), case=case)
    return send_file(BytesIO(data), ZIP, as_attachment=True, download_name=f"{name}_档案包.zip")


# ---- from elsewhere --------------------------------------------------------------------------------------------------


@bp.get("/passports")
def index() -> str:
    return _index()


def _index(**more: Any) -> str:
    from workflow.wipo import passports

    before = number(request.args.get("after"))
    with reading() as session:
        found, after = passports.imported(session, actor=actor(), before=before)
        may = passports.may_import(actor())
        return render_template("passports/index.html", found=found, next=after, after=before, may_import=may, **more)


@bp.post("/passports")
def bring() -> Response | tuple[str, int]:
    """Take a passport in; what is wrong with it is said beside the field."""
    from workflow.wipo import passports

    passports.check_imports(actor())
    sent = request.files.get("passport")
    if sent is None or not sent.filename:
        return _index(wrong=t("请先选择档案包（.zip）。", "Choose a passport (.zip) first.")), 422
    key = request.form.get("key", "")[:300]
    at = installed()
    try:
        done = passports.take_in(
            at.database, at.files, sent.filename, sent.stream.read(), key=key, actor=actor(), at=now()
        )
    except Unreadable as refused:
        return _index(wrong=say(refused.problem.text), key=key), 422
    except passports.NotImported as refused:
        return _index(wrong=say(refused.message), key=key), 422
    _tell(done)
    return redirect(url_for(".show", imported_id=done.id))


def _tell(done: Any) -> None:
    if done.again:
        flash(
            t(
                "{number} 以前已经导入，没有变化。",
                "{number} had been imported already; nothing changed.",
                number=done.number,
            ),
            "done",
        )
    else:
        flash(t("{number} 已导入。", "{number} is imported.", number=done.number), "done")


@bp.get("/passports/<int:imported_id>")
def show(imported_id: int) -> str:
    from workflow.wipo import passports

    with reading() as session:
        found = passports.find(session, imported_id, actor=actor())
        return render_template("passports/show.html", one=found, history_entries=passports.history(found))


@bp.get("/passports/<int:imported_id>/passport.zip")
def again(imported_id: int) -> Response:
    """The passport as it came in; on record."""
    from workflow.wipo import passports

    with reading() as session:
        found = passports.find(session, imported_id, actor=actor())
        data, name = files().get(found.passport), found.number
    with transaction() as session:
        privacy.exported(session, "passport", 1, actor=actor(), at=now(), filters={"imported": imported_id})
    return send_file(BytesIO(data), ZIP, as_attachment=True, download_name=f"{name}_档案包.zip")
