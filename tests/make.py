"""Makes valid things; a test names only what it is about."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from rules.call import ATTACHMENT_FORMATS, Call, Field, FieldType, Paper, Window
from rules.effect import throughout
from rules.facts import (
    Attachment,
    BatchFacts,
    CaseFacts,
    CentreCount,
    CentreFacts,
    EnglishFacts,
    JudgementFacts,
    LineFacts,
    ObjectionFacts,
    PushFacts,
    Score,
    SealFacts,
    Tally,
)
from rules.roles import Level
from rules.words import Text
from workflow.calls import current_call, read_call
from workflow.calls.schema import EXAMPLE

CALLS = Path(__file__).parent / "calls"

CONTENT = "digest of the present content"
UNIT = "示例大学"
SEAL = SealFacts(UNIT, CONTENT)
OFFICE = "示例省知识产权局"


@cache
def call_2021() -> Call:
    """The shipped call 2021-205."""
    return read_call(current_call())


@cache
def annotated_call() -> Call:
    """The annotated example: it has every key, and every rule that 2021-205 does not ask for."""
    return read_call(EXAMPLE)


@cache
def other_call() -> Call:
    """A made-up call that differs from the shipped one in everything a call may decide."""
    return read_call(CALLS / "other-call.toml")


def filled(field: Field) -> str:
    """A value that a field of a form accepts."""
    if field.type is FieldType.CHOICE and field.choices:
        return field.choices[0]
    values = {
        FieldType.MONTH: "2020-06",
        FieldType.DATE: "2021-03-20",
        FieldType.YES_NO: "否",
        FieldType.PHONE: "13800000000",
        FieldType.EMAIL: "author@centre.example",
        FieldType.NUMBER: "12",
    }
    return values.get(field.type, "示例")


def case_facts(call: Call | None = None, *, phase: str | None = "", **changes: Any) -> CaseFacts:
    """Facts of a case against which no rule of the call has anything, half-way through its phase.

    `phase`: an id, the first one by default; None for a case that has none. `length` also sets `least_length`.
    """
    call = call or call_2021()
    level = changes.get("level", Level.CENTRE)
    chosen = None if phase is None else call.phase(phase) or call.phases[0]
    window = chosen.window(level, call.opened) if chosen else None
    shown = window or call.phases[0].window(level, call.opened)
    length = changes.get("length", max(call.length.minimum or 0, (call.length.maximum or 1000) - 100))
    theme = call.themes[call.themes_of(chosen, call.centre_kinds[0])[0]] if chosen else next(iter(call.themes.values()))
    values: dict[str, Any] = {
        "call": call,
        "at": shown.opens + (shown.closes - shown.opens) / 2,
        "window": window,
        "level": level,
        "phase": chosen,
        "title": "一份检索报告，让一条产线少走三年弯路",
        "theme": theme.id,
        "theme_name": "",
        "sections": {section.id: "写好的一段话。" + "写" * (section.minimum or 0) for section in call.sections},
        "length": length,
        "least_length": length,
        "recipient": "示例新材料有限公司",
        "service_from": call.service_from,
        "service_to": call.eligible.service_to or call.opened,
        "form": {field.name: filled(field) for field in call.report_form},
        "attachments": tuple(attachment(paper) for paper in call.attachments if paper.required),
        "centre": centre_facts(kind=call.centre_kinds[0]),
        "content": CONTENT,
        "seal": SEAL,
        "consent": "服务对象和作者 2021-03-01 书面同意",
        "consent_abroad": "服务对象和作者 2021-03-01 书面同意",
        "english": EnglishFacts(CONTENT, checker=1),
        "effect": throughout(call, "带动一条产业链"),
        "effect_confirmed_by": 1,
        "sign_offs": tuple(range(1, call.sign_offs + 1)),
        "decision_signers": tuple(range(1, call.decision_sign_offs + 1)),
        "recall_confirmed": True,
        "public_notice": Window(shown.opens - timedelta(days=30), shown.opens),
        "confirmed": frozenset(one.id for one in call.confirmations),
        "remark": "理由",
    }
    return CaseFacts(**{**values, **changes})


def attachment(asked: Paper, **changes: Any) -> Attachment:
    """A file as a paper asks for it."""
    ending = (asked.formats or ATTACHMENT_FORMATS)[0]
    return Attachment(**{"paper": asked.id, "name": f"{asked.id}.{ending}", "format": ending, "size": 9, **changes})


def centre_facts(**changes: Any) -> CentreFacts:
    """A centre that the 2021 call addresses."""
    return CentreFacts(**{"name": "示例大学知识产权信息服务中心", "host_unit": UNIT, "kind": "university", **changes})


def line_facts(position: int = 1, **changes: Any) -> LineFacts:
    """A line of a batch with both its papers."""
    values = {"number": f"2021-205-{position:04}", "title": "示例案例", "centre": "示例大学知识产权信息服务中心"}
    return LineFacts(**{"has_form_scan": True, "has_document": True, **values, **changes})


def batch_facts(call: Call | None = None, *, phase: str = "", cases: int | None = None, **changes: Any) -> BatchFacts:
    """Facts of a batch against which no rule of the call has anything; `cases`: how many lines it holds."""
    call = call or call_2021()
    chosen = call.phase(phase) or call.phases[0]
    window = chosen.window(Level.OFFICE, call.opened)
    count = max(chosen.minimum_per_office, 1) if cases is None else cases
    kind = call.centre_kinds[0]
    values: dict[str, Any] = {
        "call": call,
        "at": window.opens + (window.closes - window.opens) / 2,
        "window": window,
        "phase": chosen,
        "addressee": OFFICE,
        "seal_name": OFFICE,
        "lines": tuple(line_facts(position) for position in range(1, count + 1)),
        "submitted_before": 0,
        "waived": False,
        "final": False,
        "centres": (CentreCount("c1", "示例大学知识产权信息服务中心", call.minimum_per_centre),),
        "subject": call.mail.subject.format(addressee=OFFICE),
        "content": CONTENT,
        "seal": SealFacts(OFFICE, CONTENT),
        "remark": "理由",
        "tally": (Tally(chosen.id, "c1", kind, call.themes_of(chosen, kind)[0], count),),
    }
    return BatchFacts(**{**values, **changes})


def objection_facts(call: Call | None = None, **changes: Any) -> ObjectionFacts:
    """Facts of an objection against which no rule of the call has anything."""
    call = call or annotated_call()
    stood = call.last_phase.window(Level.NATIONAL, call.opened)
    values: dict[str, Any] = {"call": call, "at": stood.closes, "notice": stood, "received_at": stood.opens}
    more = {"known": True, "by_unit": True, "sealed": True, "evidence": 1, "remark": "理由"}
    return ObjectionFacts(**{**values, **more, **changes})


def judgement_facts(call: Call | None = None, **changes: Any) -> JudgementFacts:
    """Facts of a judgement that is scored, by a judge who has nothing to do with the case."""
    call = call or call_2021()
    given = {one.id: Score(call.judging.highest, "有根据") for one in call.judging.criteria} if call.judging else {}
    at = call.last_phase.window(Level.NATIONAL, call.opened).closes
    state = Text("已报送", "Submitted")
    values = {"call": call, "at": at, "in_selection": True, "case_state": state, "scores": given, "remark": "理由"}
    return JudgementFacts(**{**values, **changes})


def push_facts(call: Call | None = None, **changes: Any) -> PushFacts:
    """Facts of a delivery that arrived and whose recall is confirmed."""
    call = call or call_2021()
    at = call.last_phase.window(Level.NATIONAL, call.opened).closes
    return PushFacts(
        **{"call": call, "at": at, "acknowledged": True, "recall_confirmed": True, "remark": "理由", **changes}
    )
