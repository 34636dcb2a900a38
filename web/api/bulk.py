"""Many cases at once: rehearsed, taken in one transaction, looked at afterwards, undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import url_for

from web.api.cases import form_of
from web.api.gate import Refused, operation
from web.api.plain import Plain, effect, labelled, line, mail, masked, moment, receipt, said, step
from web.request import actor, files, form_key, installed, now, received, settings
from workflow import bulk, electronic, lists
from workflow.engine import Text
from workflow.identity.scopes import Scope
from workflow.settings import LONGEST_HOLD
from workflow.store import models


def _marks(given: Plain) -> dict[int, str]:
    return {one["id"]: one.get("mark", "") for one in given.get("cases", ())}


def _chosen(session: Any, trigger: str, given: Plain) -> bulk.Chosen:
    """The cases that are named, or all that match a search."""
    if "matching" in given:
        return bulk.matching(session, trigger, lists.Filters(**given["matching"]), actor=actor())
    return bulk.ticked(list(_marks(given)))


@operation(
    "POST",
    "/bulk/<trigger>/rehearsal",
    "预演：一步对每个案例会怎样，会寄什么邮件，数量怎样变化；什么也不写",
    "What a step would come to for each case, with mails and numbers; nothing is written",
    takes="ManyRehearsed",
    gives="ForeseenMany",
)
def rehearse_many(session: Any, trigger: str, given: Plain) -> Plain:
    bulk.step_named(trigger, actor())  # whose it is comes before what was chosen
    chosen = _chosen(session, trigger, given)
    made = bulk.rehearse(session, trigger, chosen.ids, actor=actor(), at=now(), form=form_of(given), seen=_marks(given))
    return {
        "step": step(made.step),
        "lines": [line(one, {}, one.case.call_number) for one in made.lines],
        "missing": made.missing,
        "cut_off": chosen.cut_off,
        "mails": [mail(one, settings().base_url) for one in made.mails],
        "effects": [effect(one) for one in made.effects],
        "undoable": made.undoable,
    }


def _verify_seals(trigger: str, given: Plain) -> None:
    bulk.step_named(trigger, actor())
    electronic.verify_again(installed().database, files(), settings(), seen_by=actor(), cases=list(_marks(given)))


@operation(
    "POST",
    "/bulk/<trigger>",
    "对多个案例办理一步；whole：全部办成才办",
    "Take a step on cases; whole: all of them or none",
    scope=Scope.ACT,
    takes="ManyTaken",
    gives="BulkAct",
    writes=True,
    first=_verify_seals,
)
def act_on_many(session: Any, trigger: str, given: Plain) -> Plain | Refused:
    hold = min(given.get("hold_minutes", settings().hold_minutes), LONGEST_HOLD)
    made = bulk.act(
        session,
        trigger,
        _marks(given),
        actor=actor(),
        at=now(),
        real=received(),
        op=form_key(),
        form=form_of(given),
        whole=given.get("whole", False),
        hold=timedelta(minutes=hold),
    )
    return _came_to(session, made)


def _came_to(session: Any, made: bulk.Done) -> Plain | Refused:
    session.expire_all()
    told = _told(session, bulk.find(session, made.id, seen_by=actor()))
    if not made.refused:
        return told
    return Refused(Text("一件也没有办理，原因见 act。", "Nothing was done; act says why."), {"act": told})


def _told(session: Any, act: models.BulkAct) -> Plain:
    return {
        **_brief(act),
        "receipt": receipt(bulk.receipt(session, act)),
        "lines": [
            {
                "case": one.case_id,
                "number": one.case.number,
                "outcome": labelled(bulk.Outcome.of(one.outcome)),
                "receipt": one.receipt or None,
                "said": [masked(Text(zh, en)) for zh, en in one.said],
            }
            for one in act.lines
        ],
        "not_undone_because": _why_not(session, act),
    }


def _why_not(session: Any, act: models.BulkAct) -> Plain | None:
    why = bulk.why_not_undone(session, act, actor=actor(), real=received())
    return said(why) if why else None


def _brief(act: models.BulkAct) -> Plain:
    return {
        "id": act.id,
        "step": step(bulk.step_of(act)),
        "by": act.hand,
        "at": moment(act.at),
        "held_until": moment(act.held_until),
        "whole": act.whole,
        "missing": act.missing,
        "undoes": act.undoes_id,
        "screen": url_for("bulk.show", bulk_id=act.id),
    }


@operation("GET", "/bulk", "自己的批量办理", "One's own bulk acts", gives="BulkActList")
def bulk_acts(session: Any) -> Plain:
    found = bulk.newest(session, actor())
    return {"acts": [{**_brief(one.act), "outcomes": dict(one.outcomes)} for one in found]}


@operation("GET", "/bulk/<int:bulk_id>", "一次批量办理的结果", "What one of them came to", gives="BulkAct")
def bulk_act(session: Any, bulk_id: int) -> Plain:
    return _told(session, bulk.find(session, bulk_id, seen_by=actor()))


@operation(
    "POST",
    "/bulk/<int:bulk_id>/undo",
    "邮件寄出之前撤销",
    "Undo it before its mails leave",
    scope=Scope.ACT,
    takes="Answers",
    gives="BulkAct",
    writes=True,
)
def undo_many(session: Any, bulk_id: int, given: Plain) -> Plain | Refused:
    form = form_of(given)
    made = bulk.undo(session, bulk_id, actor=actor(), at=now(), real=received(), op=form_key(), form=form)
    return _came_to(session, made)
