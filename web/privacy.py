"""Personal data: showing contacts, who looked at what, and erasing."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from web.request import actor, files, form_key, installed, now, reading, transaction
from web.tell import done
from web.words import say, t
from workflow import cases, lists, privacy
from workflow.audit import search
from workflow.identity import administration, people

bp = Blueprint("privacy", __name__)

Page = str | tuple[str, int]


@bp.post("/cases/<int:case_id>/contacts")
def contacts(case_id: int) -> str:
    """The contacts of a case in full, on this answer only; that they were shown goes on record."""
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        shown = privacy.show(session, case, actor=actor(), at=now())
        return render_template("privacy/contacts.html", case=case, shown=shown)


@bp.get("/cases/<int:case_id>/readers")
def readers(case_id: int) -> str:
    """Who looked at what is personal in a case, opened its files, or took data away."""
    after = request.args.get("after", "")[:20]
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        privacy.check_sees_readers(case, actor())
        return render_template(
            "privacy/readers.html",
            case=case,
            state=lists.state_of(case),
            found=search.looked_at(session, actor(), case_id, after),
            after=after,
        )


# ---- erasing ---------------------------------------------------------------------------------------------------------


@bp.get("/admin/personal-data")
def erase() -> str:
    administration.check_administrator(actor())
    return _erase()


def _erase(wrong: str = "") -> str:
    return render_template("privacy/erase.html", typed=request.form, wrong=wrong)


@bp.post("/admin/personal-data")
def erase_case() -> Response | Page:
    """Erase the contacts of a case, known here by its number alone."""
    administration.check_administrator(actor())
    try:
        with transaction() as session:
            made = privacy.erase_case(
                session,
                request.form.get("number", ""),
                request.form.get("reason", ""),
                papers=request.form.get("papers") == "yes",
                actor=actor(),
                at=now(),
                op=form_key(),
            )
    except privacy.NothingToErase as wrong:
        return _erase(say(wrong.message)), 422
    privacy.sweep(installed().database, files(), at=now())
    done(t("删除联系方式", "Erasing the contacts"), made.receipt)
    return redirect(url_for(".erase"))


@bp.get("/admin/people/<int:person_id>/erase")
def ask_person(person_id: int) -> str:
    administration.check_administrator(actor())
    return _ask_person(person_id)


def _ask_person(person_id: int, wrong: str = "") -> str:
    with reading() as session:
        found = people.by_id(session, person_id) or abort(404)
        return render_template("privacy/erase_person.html", one=found, typed=request.form, wrong=wrong)


@bp.post("/admin/people/<int:person_id>/erase")
def erase_person(person_id: int) -> Response | Page:
    administration.check_administrator(actor())
    try:
        with transaction() as session:
            made = privacy.erase_person(
                session, person_id, request.form.get("reason", ""), actor=actor(), at=now(), op=form_key()
            )
    except privacy.NothingToErase as wrong:
        return _ask_person(person_id, say(wrong.message)), 422
    done(t("删除个人信息", "Erasing what is personal"), made.receipt)
    return redirect(url_for("admin.person", person_id=person_id))
