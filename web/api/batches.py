"""Batches: an office's, from the list to the sealed and sent mail."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from web.api.calls import confirmations
from web.api.cases import form_of, happened, tried
from web.api.gate import Refused, operation
from web.api.plain import Plain, effect, findings, labelled, mail, moment, offer, receipt, said
from web.batches import batch_mend_url, verify_seals
from web.request import actor, form_key, now, number, settings
from workflow import batches, boards, foresight, histories
from workflow.calls import notices
from workflow.identity.scopes import Scope
from workflow.store import models


@operation(
    "GET",
    "/batches",
    "职责范围内的批次，最新的在前",
    "Batches within reach, the newest first",
    gives="BatchList",
    query={"call": {"type": "string", "maxLength": 40}, "office": {"type": "integer", "minimum": 1}},
)
def batch_list(session: Any) -> Plain:
    asked = request.args
    found = batches.every(session, actor(), asked.get("call", "")[:40], number(asked.get("office")))
    return {"batches": [_brief(one) for one in found]}


def _brief(one: models.Batch) -> Plain:
    return {
        "id": one.id,
        "number": one.number,
        "state": labelled(boards.batch_state(one)),
        "call": one.call_number,
        "phase": one.phase,
        "office": {"id": one.office_id, "name": one.office.addressee},
        "last": one.final,
        "subject": one.subject,
        "sent_at": moment(one.sent_at),
        "mark": f"{one.version}.0",
        "screen": url_for("batches.show", batch_id=one.id),
    }


@operation("GET", "/batches/<int:batch_id>", "一个批次和它的案例", "One batch with its cases", gives="Batch")
def batch(session: Any, batch_id: int) -> Plain:
    found = batches.find(session, batch_id, seen_by=actor())
    lines = [one for one in batches.lines(session, found, actor()) if not one.dropped]
    return {
        **_brief(found),
        "lines": [{"case": one.case.id, "number": one.case.number, "title": one.case.title} for one in lines],
    }


@operation(
    "GET", "/batches/<int:batch_id>/history", "留痕，最新的在前", "What happened, the newest first", gives="History"
)
def batch_history(session: Any, batch_id: int) -> Plain:
    found = batches.find(session, batch_id, seen_by=actor())
    return {"entries": [happened(one) for one in histories.of_batch(session, found, actor())]}


class _Links(dict[str, str]):
    """What to mend → where."""

    def __init__(self, session: Any, of: models.Batch) -> None:
        super().__init__()
        lines = batches.lines(session, of, actor())
        self._of = {"id": of.id, "cases": {one.case.number: one.case.id for one in lines}}

    def get(self, mend: str, default: Any = "") -> str:
        return batch_mend_url(self._of, mend)


@operation(
    "GET",
    "/batches/<int:batch_id>/offers",
    "从现在的状态可以办理的每一步，和挡在前面的全部问题",
    "Every step from where it stands, with everything that stands in its way",
    gives="Offers",
    first=verify_seals,
)
def batch_offers(session: Any, batch_id: int) -> Plain:
    found = batches.find(session, batch_id, seen_by=actor())
    links = _Links(session, found)
    made = batches.offers(session, found, actor=actor(), at=now())
    return {
        "mark": f"{found.version}.0",
        "state": labelled(boards.batch_state(found)),
        "offers": [offer(one, links, found.call_number) for one in made],
        "confirmations": confirmations(boards.call_of(session, found)),
    }


@operation(
    "POST",
    "/batches",
    "新建批次",
    "Start a batch",
    scope=Scope.ACT,
    takes="BatchStarted",
    gives="Batch",
    writes=True,
)
def start_batch(session: Any, given: Plain) -> Plain:
    made = batches.start(
        session,
        call_version=notices.find(session, given["call"])[0].id,
        phase=given["phase"],
        office=given["office"],
        actor=actor(),
        at=now(),
        op=form_key(),
    )
    return batch(session, made)


@operation(
    "POST",
    "/batches/<int:batch_id>/lines",
    "编排名单：这些案例，按这个次序",
    "Make these cases its lines, in this order",
    scope=Scope.ACT,
    takes="Lines",
    gives="Receipted",
    writes=True,
)
def collect(session: Any, batch_id: int, given: Plain) -> Plain:
    found = batches.find(session, batch_id, seen_by=actor())
    made = batches.collect(session, found.id, given["cases"], actor=actor(), at=now(), op=form_key())
    return {"receipt": receipt(made)}


@operation(
    "POST",
    "/batches/<int:batch_id>/details",
    "邮件标题、是否末批、各中心的理由",
    "Its subject, whether it is the last, reasons centre by centre",
    scope=Scope.ACT,
    takes="BatchDetails",
    gives="Receipted",
    writes=True,
)
def describe_batch(session: Any, batch_id: int, given: Plain) -> Plain:
    found = batches.find(session, batch_id, seen_by=actor())
    made = batches.describe(
        session,
        found.id,
        subject=given["subject"],
        final=given["last"],
        reasons=given.get("reasons", {}),
        actor=actor(),
        at=now(),
        op=form_key(),
    )
    return {"receipt": receipt(made)}


@operation(
    "POST",
    "/batches/<int:batch_id>/<trigger>/rehearsal",
    "预演一步：能不能办，批内案例、邮件、数量和印章会怎样；什么也不写",
    "What a step would come to: its cases, mails, numbers, seals; nothing is written",
    takes="StepTaken",
    gives="ForeseenBatch",
    first=lambda batch_id, **_: verify_seals(batch_id),
)
def rehearse_on_batch(session: Any, batch_id: int, trigger: str, given: Plain) -> Plain:
    found = batches.find(session, batch_id, seen_by=actor())
    links = _Links(session, found)
    made = foresight.foresee_batch(session, found, trigger, actor=actor(), at=now(), form=form_of(given))
    return {
        "offer": offer(made.offer, links, found.call_number),
        "lines": [
            {
                "case": one.row.id,
                "number": one.row.number,
                "becomes": labelled(one.becomes) if one.becomes is not None else None,
                "findings": findings(one.findings, links, found.call_number),
            }
            for one in made.moving
        ],
        "post": said(made.post) if made.post else None,
        "mails": [mail(one, settings().base_url) for one in made.mails],
        "effects": [effect(one) for one in made.effects],
        "seals": [said(one) for one in made.seals],
    }


@operation(
    "POST",
    "/batches/<int:batch_id>/<trigger>",
    "办理一步；报送时批内案例一并报送",
    "Take a step; sending submits the cases of the batch",
    scope=Scope.ACT,
    takes="StepTaken",
    gives="Attempt",
    writes=True,
    first=lambda batch_id, **_: verify_seals(batch_id),
)
def act_on_batch(session: Any, batch_id: int, trigger: str, given: Plain) -> Plain | Refused:
    found, form = batches.find(session, batch_id, seen_by=actor()), form_of(given)
    links = _Links(session, found)
    one = batches.act(
        session,
        found.id,
        trigger,
        actor=actor(),
        at=now(),
        seen=int(given.get("mark", "").partition(".")[0] or 0),
        op=form_key(),
        remark=form.remark,
        confirmed=form.confirmed,
        reasons=form.reasons,
        new_day=form.new_day,
    )
    return tried(one, links, found.call_number)
