"""What is said of objections: of which kind, how they came, what they mean for the case, and the answer as a letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.call import BEIJING
from rules.words import Labelled, Text
from states.objection import OBJECTION, ObjectionState
from workflow.store.models import Objection


class Kind(Labelled):
    OBJECTION = "objection", "异议", "Objection"
    COMPLAINT = "complaint", "投诉（发布之后提出）", "Complaint (after publication)"


class Way(Labelled):
    """How it came."""

    PAGE = "page", "公示页面", "On the page of the list"
    MAIL = "mail", "邮件", "By mail"
    PAPER = "paper", "纸质材料", "On paper"


class Consequence(Labelled):
    """What an upheld one means for the case."""

    TAKE_OFF = "take_off", "应当撤销入选", "The case is to be taken off the shortlist"
    RETRACT = "retract", "应当撤下发布", "The case is to be retracted"
    STANDS = "stands", "不影响入选", "The case stays chosen"


ANSWERED = (ObjectionState.UPHELD, ObjectionState.DISMISSED, ObjectionState.NOT_ACCEPTED)


@dataclass(frozen=True)
class Letter:
    """The answer, paragraph by paragraph."""

    zh: Sequence[str]
    en: Sequence[str]


def letter(one: Objection) -> Letter | None:
    """The answer that stands; None where there is none."""
    if one.state not in ANSWERED:
        return None
    name = one.unit if one.by_unit else one.name
    state = OBJECTION.state(one.state).label
    means = Consequence.of(one.consequence).label if one.consequence else Text("", "")
    kind = Text("投诉", "complaint") if one.kind == Kind.COMPLAINT else Text("异议", "objection")
    what = Text(*(f"“{words}”" for words in (state.zh, state.en)))
    return Letter(
        (
            f"{name or '异议人'}：",
            f"您于 {day_of(one.received_at)} 就《{one.case.title}》（{one.case.number}）提出的{kind.zh}（编号：异议 {one.id}），"
            f"经办理，结果为{what.zh}{'，' * bool(means.zh)}{means.zh}。理由如下：",
            one.answer,
        ),
        (
            f"Your {kind.en} of {day_of(one.received_at)} about “{one.case.title}” ({one.case.number}), no. {one.id}, was looked"
            f" into. The outcome: {what.en}{'. ' * bool(means.en)}{means.en}. Reasons:",
            one.answer,
        ),
    )


def day_of(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d}"
