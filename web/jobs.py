"""Background work: what was given up, what is being done, what waits and what is late; retrying, dismissing, calling off."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, now, reading, transaction
from web.tell import done
from web.words import t
from workflow.incoming import bounces
from workflow.jobs import board

bp = Blueprint("jobs", __name__, url_prefix="/jobs")
bp.before_request(lambda: board.check_sees(actor()))


@bp.get("")
def index() -> str:
    with reading() as session:
        shown = board.board(session, actor())
        reads_mails = bounces.reads(actor())
        return render_template("jobs/index.html", board=shown, most=board.MOST, reads_mails=reads_mails)


@bp.get("/going")
def going() -> str:
    """What is being done and what waits, for the part of the page that looks again by itself."""
    with reading() as session:
        return render_template("jobs/_going.html", board=board.board(session, actor()), most=board.MOST)


@bp.post("/<int:job_id>/retry")
def retry(job_id: int) -> Response:
    with transaction() as session:
        receipt = board.retry(session, job_id, actor=actor(), at=now(), op=form_key())
    done(t("重新办理", "Trying it again"), receipt)
    return redirect(url_for(".index"))


@bp.post("/<kind>/retry")
def retry_all(kind: str) -> Response:
    """Everything of one kind that was given up."""
    with transaction() as session:
        receipt = board.retry_all(session, kind, actor=actor(), at=now(), op=form_key())
    done(t("全部重新办理", "Trying all of them again"), receipt)
    return redirect(url_for(".index"))


@bp.post("/<int:job_id>/dismiss")
def dismiss(job_id: int) -> Response:
    reason = request.form.get("reason", "")[:2000]
    with transaction() as session:
        receipt = board.dismiss(session, job_id, reason, actor=actor(), at=now(), op=form_key())
    done(t("不再办理", "Dismissing it"), receipt)
    return redirect(url_for(".index"))


@bp.post("/<int:job_id>/cancel")
def cancel(job_id: int) -> Response:
    reason = request.form.get("reason", "")[:2000]
    with transaction() as session:
        receipt = board.cancel(session, job_id, reason, actor=actor(), at=now(), op=form_key())
    done(t("取消任务", "Calling it off"), receipt)
    return redirect(url_for(".index"))


@bp.app_template_global()
def page_of(page: tuple[str, int] | None) -> str:
    """The page of what a job is about; "" where the reader has none."""
    if page is None:
        return ""
    kind, number = page
    pages: dict[str, Callable[[], str]] = {
        "push": lambda: url_for("pushes.show", push_id=number),
        "batch": lambda: url_for("batches.show", batch_id=number),
        "person": lambda: url_for("admin.person", person_id=number),
        "arrival": lambda: url_for("arrivals.show", arrival_id=number),
        "collection": lambda: url_for("collection.show", collection_id=number),
        "what_if": lambda: url_for("what_if.show", run=number),
    }
    return pages[kind]()
