"""Attachments of a case: what its call asks for, what is there, and putting, replacing and removing files."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, files, form_key, form_mark, installed, now, number, reading, transaction
from web.tell import done
from web.words import t
from workflow import attachments, cases, lists, papers

bp = Blueprint("attachments", __name__, url_prefix="/cases")


@bp.get("/<int:case_id>/attachments")
def show(case_id: int) -> str:
    return _page(case_id)


def _page(case_id: int, missing: str = "") -> str:
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        cases.check_editable(session, case, actor())
        call = lists.call_of(session, case)
        asked = attachments.of_case(call, papers.current(session, case), lists.content_of(case).attachments)
        sealed = papers.newest_seal(session, case)
        holds = sealed is not None and bool(sealed.unit) and sealed.content == case.content
        return render_template("cases/attachments.html", case=case, asked=asked, missing=missing, holds=holds)


@bp.post("/<int:case_id>/attachments/<paper>")
def put(case_id: int, paper: str) -> Response | tuple[str, int]:
    """Take a file in for a paper, in the place of the one that the form names, if it names one."""
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        cases.check_editable(session, case, actor())
        wanted = attachments.asked_for(lists.call_of(session, case), paper)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page(case_id, wanted.id), 422
    taken = attachments.receive(
        installed().database, files(), wanted, sent.filename, sent.stream, actor=actor(), at=now(), case=case_id
    )
    with transaction() as session:
        receipt = attachments.put(
            session,
            case_id,
            wanted.id,
            taken,
            replaces=number(request.form.get("replaces")),
            actor=actor(),
            at=now(),
            seen=form_mark(),
            op=form_key(),
        )
    done(t("上传附件", "Taking the attachment"), receipt)
    return redirect(url_for(".show", case_id=case_id, _anchor=f"attachment-{wanted.id}"))


@bp.post("/<int:case_id>/attachments/<int:document_id>/remove")
def remove(case_id: int, document_id: int) -> Response:
    with transaction() as session:
        case = cases.find(session, case_id, seen_by=actor())
        receipt = attachments.remove(
            session, case.id, document_id, actor=actor(), at=now(), seen=form_mark(), op=form_key()
        )
    done(t("移除附件", "Removing the attachment"), receipt)
    return redirect(url_for(".show", case_id=case_id))
