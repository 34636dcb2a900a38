"""公示: lists of shortlisted cases in public, for everybody to read; the desk puts them up and takes them down."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, now, number, reading, settings, transaction
from web.tell import done
from web.words import t
from workflow import downloads
from workflow.objecting import notice_papers, objections, public_notices

bp = Blueprint("public_notices", __name__, url_prefix="/notices")


@bp.get("")
def index() -> str:
    """The lists, the newest first; for the desk what waits to be put up."""
    puts_up = public_notices.puts_up(actor())
    with reading() as session:
        return render_template(
            "public_notices/index.html",
            notices=public_notices.every(session),
            waiting=public_notices.waiting(session, now()) if puts_up else [],
            puts_up=puts_up,
            at=now(),
        )


@bp.post("")
def put_up() -> Response:
    with transaction() as session:
        chosen = [one for one in map(number, request.form.getlist("case")) if one is not None]
        receipt = public_notices.put_up(session, chosen, actor=actor(), at=now(), op=form_key())
    done(t("公示入选名单", "Public notice"), receipt)
    return redirect(url_for(".index"))


@bp.get("/<int:notice>")
def show(notice: int) -> str:
    with reading() as session:
        shown = public_notices.find(session, notice)
        return render_template(
            "public_notices/show.html",
            shown=shown,
            demands=objections.demands(shown.call),
            puts_up=public_notices.puts_up(actor()),
            at=now(),
        )


@bp.get("/<int:notice>/paper.<any(docx, pdf):kind>")
def paper(notice: int, kind: str) -> Response:
    """The list as a paper. Like its page it is for everybody, and no entry is made of who reads it."""
    with reading() as session:
        shown = public_notices.find(session, notice)
        said, name = notice_papers.paper(shown, settings().base_url), notice_papers.name(shown)
    made = notice_papers.word(said) if kind == "docx" else notice_papers.pdf(said)
    media = downloads.WORD if kind == "docx" else "application/pdf"
    return send_file(BytesIO(made), media, as_attachment=True, download_name=f"{name}.{kind}")


@bp.post("/<int:notice>/take-down")
def take_down(notice: int) -> Response:
    with transaction() as session:
        remark = request.form.get("remark", "")
        receipt = public_notices.take_down(session, notice, remark, actor=actor(), at=now(), op=form_key())
    done(t("撤下公示", "Taking the notice down"), receipt)
    return redirect(url_for(".show", notice=notice))
