"""Background work: what was given up, is being done or waits; retrying, dismissing, calling off."""

from __future__ import annotations

from typing import Any

from web.api.gate import operation
from web.api.plain import Plain, labelled, moment, receipt, said
from web.request import actor, form_key, now
from workflow import personal
from workflow.identity.scopes import Scope
from workflow.jobs import board


@operation("GET", "/jobs", "本人照管的后台任务", "Background work that one looks after", gives="JobBoard")
def jobs(session: Any) -> Plain:
    shown = board.board(session, actor())
    return {
        **{name: [_job(one) for one in getattr(shown, name)] for name in ("given_up", "running", "waiting", "ended")},
        "counts": {str(state): many for state, many in shown.counts.items()},
        "late": [said(one) for one in shown.late],
    }


def _job(one: board.Line) -> Plain:
    return {
        "id": one.id,
        **said(one.label),
        "state": labelled(one.state),
        "about": said(one.about) if one.about else None,
        "queued_at": moment(one.queued_at),
        "next_at": moment(one.next_at),
        "started_at": moment(one.started_at),
        "ended_at": moment(one.ended_at),
        "tries": one.tries,
        "part": one.part,
        "parts": one.parts,
        "trouble": said(one.trouble) if one.trouble else None,
        "remark": personal.masked_text(one.remark),
        "late": one.late,
        "may": sorted(one.may),
    }


@operation(
    "POST",
    "/jobs/<int:job_id>/retry",
    "重新办理",
    "Try it again",
    scope=Scope.ACT,
    gives="Receipted",
    writes=True,
)
def retry_job(session: Any, job_id: int) -> Plain:
    board.check_sees(actor())
    return {"receipt": receipt(board.retry(session, job_id, actor=actor(), at=now(), op=form_key()))}


@operation(
    "POST",
    "/jobs/<int:job_id>/dismiss",
    "不再办理，写明理由",
    "Leave it undone, for a reason",
    scope=Scope.ACT,
    takes="Reason",
    gives="Receipted",
    writes=True,
)
def dismiss_job(session: Any, job_id: int, given: Plain) -> Plain:
    board.check_sees(actor())
    return {"receipt": receipt(board.dismiss(session, job_id, given["reason"], actor=actor(), at=now(), op=form_key()))}


@operation(
    "POST",
    "/jobs/<int:job_id>/cancel",
    "取消，写明理由",
    "Call it off, for a reason",
    scope=Scope.ACT,
    takes="Reason",
    gives="Receipted",
    writes=True,
)
def cancel_job(session: Any, job_id: int, given: Plain) -> Plain:
    board.check_sees(actor())
    return {"receipt": receipt(board.cancel(session, job_id, given["reason"], actor=actor(), at=now(), op=form_key()))}
