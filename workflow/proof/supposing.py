"""Facts made up for a call: some against which no rule has anything, and for each rule the ways in which it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from rules.call import (
    ATTACHMENT_FORMATS,
    BEIJING,
    Call,
    Field,
    FieldType,
    Over,
    Paper,
    Phase,
    Quota,
    Section,
    Window,
)
from rules.effect import throughout
from rules.facts import (
    Attachment,
    BatchFacts,
    CaseFacts,
    CentreCount,
    CentreFacts,
    Conflict,
    EnglishFacts,
    JudgementFacts,
    LineFacts,
    Match,
    ObjectionFacts,
    PushFacts,
    Ruling,
    Score,
    SealFacts,
    Tally,
)
from rules.quotas import concerns
from rules.roles import Level
from rules.selection import APART, HANDS
from rules.words import Text
from states.route import reporting

_UNIT, _OFFICE, _CONTENT = "示例大学", "示例省知识产权局", "digest of the content"
_SOMEBODY = 7
_CHECKER = 8
_WEEK = timedelta(days=7)
_INSTANT = timedelta(microseconds=1)
_LEVELS = (Level.CENTRE, Level.OFFICE, Level.NATIONAL)


# ---- moments ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """A point of a phase at which something changes."""

    phase: Phase = field(hash=False)
    at: datetime
    label: Text


def moments(call: Call) -> list[Moment]:
    """For each phase, before it opens, its first instant, and for each closing day its last instant and the next."""
    return [one for phase in call.phases for one in _of_phase(call, phase)]


def _of_phase(call: Call, phase: Phase) -> Iterator[Moment]:
    windows = [phase.window(level, call.opened) for level in _LEVELS]
    opens = min(one.opens for one in windows)
    closing = sorted({one.closes for one in windows})
    points = [opens - _INSTANT, opens, *(at for closes in closing for at in (closes - _INSTANT, closes))]
    for at in sorted(set(points)):
        local = at.astimezone(BEIJING)
        zh, en = f"{local:%Y-%m-%d %H:%M:%S}", f"{local:%Y-%m-%d %H:%M:%S} Beijing time"
        yield Moment(phase, at, Text(f"{phase.label.zh} {zh}", f"{phase.label.en}, {en}"))


# ---- facts against which nothing speaks ------------------------------------------------------------------------------


def good_case(call: Call, phase: Phase, at: datetime, level: Level) -> CaseFacts:
    """A case that is all that the call asks, whoever's step it is; only the time is as it is."""
    length = max(call.length.minimum or 0, min(1000, call.length.maximum or 1000))
    kind = call.centre_kinds[0] if call.centre_kinds else ""
    offered = call.themes_of(phase, kind)
    theme = call.themes.get(offered[0]) if offered else None
    paper = call.paper("case")
    return CaseFacts(
        call=call,
        at=at,
        window=phase.window(reporting(level, call.route), call.opened),
        level=level,
        phase=phase,
        title="示例案例",
        theme=theme.id if theme else "",
        theme_name="示例主题" if theme and theme.needs_name else "",
        sections={one.id: "字" * _fitting(one) for one in call.sections},
        length=length,
        least_length=length,
        recipient="示例公司",
        service_from=call.service_from,
        service_to=call.eligible.service_to or call.opened,
        form={one.name: _filled(one) for one in call.report_form},
        centre=CentreFacts("示例大学知识产权信息服务中心", _UNIT, kind),
        content=_CONTENT,
        seal=SealFacts(_UNIT, _CONTENT),
        consent="书面同意",
        consent_abroad="书面同意",
        english=EnglishFacts(_CONTENT, checker=_CHECKER),
        effect=throughout(call, "成效显著"),
        effect_confirmed_by=_CHECKER,
        sign_offs=tuple(range(1, call.sign_offs + 1)),
        decision_signers=tuple(range(1, call.decision_sign_offs + 1)),
        recall_confirmed=True,
        public_notice=Window(at - 2 * _WEEK, at - _WEEK),
        remark="理由",
        confirmed=frozenset(one.id for one in call.confirmations),
        new_day=at.astimezone(BEIJING).date() + timedelta(days=7),
        pictures=paper.pictures.minimum if paper and paper.pictures else 0,
        attachments=tuple(_attached(one) for one in call.attachments if one.required),
    )


def _attached(paper: Paper) -> Attachment:
    """A small file of a kind that the paper may be."""
    return Attachment(paper.id, paper.label.zh, (paper.formats or ATTACHMENT_FORMATS)[0], 1)


def _fitting(part: Section) -> int:
    """A length that a part of the template may have."""
    return max(part.minimum or 0, min(10, part.maximum or 10))


def good_batch(call: Call, phase: Phase, at: datetime) -> BatchFacts:
    """A batch that is all that the call asks but for its quotas (`QUOTAS`); only the time is as it is."""
    lines = tuple(
        LineFacts(f"{number:04}", "示例案例", "示例大学知识产权信息服务中心", True, True)
        for number in range(1, max(phase.minimum_per_office, 1) + 1)
    )
    return BatchFacts(
        call=call,
        at=at,
        window=phase.window(Level.OFFICE, call.opened),
        phase=phase,
        addressee=_OFFICE,
        seal_name=_OFFICE,
        lines=lines,
        submitted_before=0,
        waived=False,
        final=False,
        centres=(CentreCount("1", "示例大学知识产权信息服务中心", max(call.minimum_per_centre, 1)),),
        subject=call.mail.subject.format(addressee=_OFFICE),
        content=_CONTENT,
        seal=SealFacts(_OFFICE, _CONTENT),
        remark="理由",
        new_day=at.astimezone(BEIJING).date() + timedelta(days=7),
    )


QUOTAS = frozenset({"quotas_reached", "quotas_not_exceeded"})
"""Rules that are looked at quota by quota (`failing`, `rules.quotas.contradictions`): which cases an office brings together
is up to it, and no single batch that is made up here would say whether there is one."""


def good_push(call: Call, _phase: Phase, at: datetime) -> PushFacts:
    """A delivery that arrived and whose recall is confirmed."""
    return PushFacts(call=call, at=at, acknowledged=True, recall_confirmed=True, remark="理由")


def good_judgement(call: Call, _phase: Phase, at: datetime) -> JudgementFacts:
    """A judgement that is scored, by a judge who has nothing to do with the case."""
    given = {one.id: Score(call.judging.lowest, "有根据") for one in call.judging.criteria} if call.judging else {}
    state = Text("已报送", "Submitted")
    return JudgementFacts(
        call=call, at=at, in_selection=True, case_state=state, blind=True, scores=given, remark="理由"
    )


def good_objection(call: Call, _phase: Phase, at: datetime) -> ObjectionFacts:
    """A unit's objection with everything that a call may ask, while the list stands."""
    stands = Window(at - _WEEK, at + _WEEK)
    return ObjectionFacts(
        call=call,
        at=at,
        notice=stands,
        received_at=at,
        known=True,
        by_unit=True,
        sealed=True,
        evidence=1,
        remark="理由",
    )


def _off_the_scale(facts: JudgementFacts) -> Changes:
    if facts.call.judging is not None:
        for points in (facts.call.judging.lowest - 1, facts.call.judging.highest + 1):
            yield {"scores": {name: Score(points, "有根据") for name in facts.scores}}


def _filled(one: Field) -> str:
    if one.type is FieldType.CHOICE and one.choices:
        return one.choices[0]
    values = {
        FieldType.MONTH: "2020-06",
        FieldType.DATE: "2020-06-01",
        FieldType.YES_NO: "否",
        FieldType.PHONE: "13800000000",
        FieldType.EMAIL: "author@centre.example",
        FieldType.NUMBER: "12",
    }
    text = values.get(one.type, "示例")
    return text if one.limit is None else text[: max(one.limit, 1)]


# ---- the ways in which rules fail ------------------------------------------------------------------------------------

Changes = Iterator[dict[str, Any]]


def failing(rule: str, facts: Any) -> list[Any]:
    """Facts like these, on which the rule does not hold: one for each way of failing that this call leaves open."""
    ways = WAYS.get((rule, type(facts))) or WAYS.get((rule, object))
    return [replace(facts, **changes) for changes in ways(facts)] if ways else []


def _times(case: CaseFacts) -> Changes:
    begins, eligible, day = case.call.service_from, case.call.eligible, timedelta(days=1)
    yield {"service_from": None}
    yield {"service_from": date(2020, 2, 1), "service_to": date(2020, 1, 1)}
    yield {"service_from": begins - day, "service_to": begins - day}
    if eligible.service_to is not None:
        yield {"service_from": eligible.service_to + day, "service_to": eligible.service_to + day}


def _centre(case: CaseFacts) -> Changes:
    yield {"centre": replace(case.centre, eligible=False)}
    yield {"centre": replace(case.centre, kind="")}


def _template(case: CaseFacts) -> Changes:
    yield {"title": ""}
    for one in case.call.sections:
        if one.required:
            yield {"sections": {**case.sections, one.id: " "}}


def _length(case: CaseFacts) -> Changes:
    limits = case.call.length
    if limits.maximum is not None:
        yield {"length": limits.maximum + 1, "least_length": limits.maximum + 1}
    if limits.minimum is not None:
        yield {"length": limits.minimum - 1, "least_length": limits.minimum - 1}


def _parts(case: CaseFacts) -> Changes:
    for one in case.call.sections:
        if one.maximum is not None:
            yield {"sections": {**case.sections, one.id: "字" * (one.maximum + 1)}}
        if one.minimum is not None:
            yield {"sections": {**case.sections, one.id: "字" * (one.minimum - 1)}}


def _pictures(case: CaseFacts) -> Changes:
    paper = case.call.paper("case")
    asked = paper.pictures if paper else None
    if asked and asked.maximum is not None:
        yield {"pictures": asked.maximum + 1}
    if asked and asked.minimum > 0:
        yield {"pictures": asked.minimum - 1}


def _attachments(case: CaseFacts) -> Changes:
    for paper in case.call.attachments:
        others = tuple(one for one in case.attachments if one.paper != paper.id)
        one = _attached(paper)
        if paper.required:
            yield {"attachments": others}
        yield {"attachments": (*others, *[one] * (paper.most + 1))}
        if paper.formats:
            yield {"attachments": (*others, replace(one, format="unknown"))}
        if paper.largest is not None:
            yield {"attachments": (*others, replace(one, size=paper.largest * 1024 * 1024 + 1))}


def _honours(case: CaseFacts) -> Changes:
    eligible = case.call.eligible
    for one in eligible.excluded_honours:
        yield {"form": {**case.form, eligible.honours_field: one.zh}}


def _theme(case: CaseFacts) -> Changes:
    yield {"theme": ""}
    yield {"phase": None, "window": None}
    of_phase = case.call.themes_of(case.phase, case.centre.kind) if case.phase else ()
    for name, theme in case.call.themes.items():
        if name not in of_phase:
            yield {"theme": name, "theme_name": ""}
        elif theme.needs_name:
            yield {"theme": name, "theme_name": " "}


def _form(case: CaseFacts) -> Changes:
    for one in case.call.report_form:
        if one.required:
            yield {"form": {**case.form, one.name: " "}}
        if one.limit is not None:
            yield {"form": {**case.form, one.name: "字" * (one.limit + 1)}}


def _closed(facts: CaseFacts | BatchFacts) -> Changes:
    if facts.window is not None:
        yield {"at": facts.window.closes}
        yield {"at": facts.window.closes, "window": replace(facts.window, by_office=True)}
    if isinstance(facts, CaseFacts):
        yield {"phase": None, "window": None}


def _late(facts: CaseFacts | BatchFacts) -> Changes:
    if facts.window is not None:
        yield {"at": facts.window.opens, "window": replace(facts.window, asked=facts.window.opens), "reasons": {}}


def _not_open(facts: CaseFacts | BatchFacts) -> Changes:
    if facts.window is not None:
        yield {"at": facts.window.opens - _INSTANT}


def _no_new_day(facts: CaseFacts | BatchFacts) -> Changes:
    if facts.window is not None:
        at = facts.window.closes
        yield {"at": at, "new_day": None}
        yield {"at": at, "new_day": at.astimezone(BEIJING).date()}


def _reported(case: CaseFacts) -> Changes:
    yield {"matching": True}
    for level in _LEVELS:
        for ruling in (None, Ruling.DUPLICATE):
            yield {"level": Level.NATIONAL, "matches": (Match("0001", "示例案例", level, ruling),)}


def _hands(facts: CaseFacts | BatchFacts) -> Changes:
    for hand in HANDS:
        if hand in APART.get(facts.step, (None, ()))[1]:
            yield {"hands": {hand: frozenset({_SOMEBODY})}, "actor": _SOMEBODY}


def _unconfirmed(case: CaseFacts) -> Changes:
    for one in case.call.confirmations:
        if one.step == case.step:
            yield {"confirmed": case.confirmed - {one.id}}


def _english(case: CaseFacts) -> Changes:
    yield {"english": None}
    yield {"english": EnglishFacts("digest of another text")}
    for part in ("title", "summary", "text"):
        yield {"english": EnglishFacts(case.content, (part,))}
    yield {"english": EnglishFacts("", open=1)}


def _unchecked(case: CaseFacts) -> Changes:
    yield {"english": EnglishFacts(case.content)}
    yield {"hands": {"translator": frozenset({_CHECKER})}}


def _not_looked_at(_: CaseFacts) -> Changes:
    yield {"effect_confirmed_by": None}
    yield {"hands": {"effect": frozenset({_CHECKER})}}


def _seal(case: CaseFacts) -> Changes:
    yield {"seal": None}
    yield {"seal": SealFacts(" ", case.content)}


def _stale(facts: CaseFacts | BatchFacts) -> Changes:
    yield {"seal": SealFacts(_unit(facts), "digest of another text")}
    yield {"seal": SealFacts(_unit(facts), facts.content, "not_verified")}


def _unit(facts: CaseFacts | BatchFacts) -> str:
    return facts.centre.host_unit if isinstance(facts, CaseFacts) else facts.seal_name


def _summary(batch: BatchFacts) -> Changes:
    yield {"seal": None}
    yield {"seal": SealFacts("别的单位", batch.content)}
    yield from _stale(batch)


def _too_few(batch: BatchFacts) -> Changes:
    if batch.phase.minimum_per_office > 0:
        yield {"lines": batch.lines[1:]}


def _centre_too_few(batch: BatchFacts) -> Changes:
    if batch.call.minimum_per_centre > 0:
        yield {"phase": batch.call.last_phase, "final": True, "centres": (CentreCount("1", "示例大学中心", 0),)}


def _quota_short(batch: BatchFacts) -> Changes:
    for one in batch.call.quotas:
        if one.minimum:
            phase = batch.call.last_phase if one.over is Over.CALL else _asked_in(one, batch)
            yield {**_of(one, batch, phase, 0), "final": True}


def _quota_over(batch: BatchFacts) -> Changes:
    for one in batch.call.quotas:
        if one.maximum is not None:
            yield _of(one, batch, _asked_in(one, batch), 2 * one.maximum + 1)


def _own_over(case: CaseFacts) -> Changes:
    for one in case.call.quotas:
        if one.maximum is not None and case.phase is not None:
            made = _of(one, case, _asked_in(one, case), 2 * one.maximum + 1)
            [own] = made.pop("centres")
            yield {**made, "centre": replace(case.centre, id=own.centre, kind=own.kind)}


def _asked_in(quota: Quota, batch: BatchFacts | CaseFacts) -> Phase | None:
    """A phase in which a quota is asked for."""
    own = [one for one in reversed(batch.call.phases) if one.id in quota.phases]
    return own[0] if own else batch.phase


def _of(quota: Quota, batch: BatchFacts | CaseFacts, phase: Phase | None, count: int) -> dict[str, Any]:
    """A batch under this quota alone, with so many cases, all of one centre, that count towards it as far as any do."""
    call = batch.call
    kind = next((one for one in call.centre_kinds if concerns(quota, one, call.two_roles)), "")
    theme = next((one for one in quota.themes if one not in quota.exempt_themes), "")
    return {
        "call": replace(call, quotas=(quota,)),
        "phase": phase,
        "centres": (CentreCount("1", "示例大学中心", 0, kind),),
        "tally": (Tally(phase.id if phase else "", "1", kind, theme, count),),
    }


def _lines(**missing: Any) -> Callable[[BatchFacts], Changes]:
    def changed(batch: BatchFacts) -> Changes:
        yield {"lines": (replace(batch.lines[0], **missing), *batch.lines[1:])}
        if "has_document" in missing:
            yield {"lines": ()}

    return changed


def _subject(batch: BatchFacts) -> Changes:
    if batch.call.mail.must_hold:
        yield {"subject": ""}


def _set(**changes: Any) -> Callable[[Any], Changes]:
    def changed(_facts: Any) -> Changes:
        yield changes

    return changed


def _notice(case: CaseFacts) -> Changes:
    yield {"public_notice": None}
    yield {"public_notice": Window(case.at - _WEEK, case.at + _WEEK)}


def _few_sign_offs(case: CaseFacts) -> Changes:
    if case.call.sign_offs > 0:
        yield {"sign_offs": case.sign_offs[1:]}


def _not_signed(case: CaseFacts) -> Changes:
    if case.call.decision_sign_offs > 0:
        yield {"decision_signers": case.decision_signers[1:]}


def _objected_to(case: CaseFacts) -> Changes:
    yield {"open_objections": 1}
    yield {"upheld_objections": 1}


def _out_of_time(objection: ObjectionFacts) -> Changes:
    yield {"received_at": objection.notice.opens - _INSTANT}
    yield {"received_at": objection.notice.closes}


WAYS: dict[tuple[str, type[Any]], Callable[[Any], Changes]] = {
    ("service_within_period", CaseFacts): _times,
    ("centre_is_eligible", CaseFacts): _centre,
    ("recipient_named", CaseFacts): _set(recipient=" "),
    ("template_complete", CaseFacts): _template,
    ("length_within_limit", CaseFacts): _length,
    ("sections_within_limits", CaseFacts): _parts,
    ("pictures_within_limits", CaseFacts): _pictures,
    ("attachments_complete", CaseFacts): _attachments,
    ("no_excluded_honour", CaseFacts): _honours,
    ("theme_belongs_to_phase", CaseFacts): _theme,
    ("form_complete", CaseFacts): _form,
    ("unit_seal_present", CaseFacts): _seal,
    ("seal_names_the_unit", CaseFacts): _set(seal=SealFacts("别的单位", _CONTENT)),
    ("seal_unbroken", CaseFacts): _stale,
    ("phase_has_opened", object): _not_open,
    ("before_phase_deadline", object): _closed,
    ("reported_by_the_day_asked_for", object): _late,
    ("new_day_given", object): _no_new_day,
    ("not_reported_before", CaseFacts): _reported,
    ("another_person_acts", object): _hands,
    ("reason_given", object): _set(remark=" "),
    ("contents_confirmed", CaseFacts): _unconfirmed,
    ("consent_given", CaseFacts): _set(consent=" "),
    ("public_notice_has_ended", CaseFacts): _notice,
    ("sign_offs_complete", CaseFacts): _few_sign_offs,
    ("decision_signed_off", CaseFacts): _not_signed,
    ("no_open_objection", CaseFacts): _objected_to,
    ("objector_is_known", ObjectionFacts): _set(known=False),
    ("objection_is_sealed", ObjectionFacts): _set(sealed=False),
    ("evidence_is_attached", ObjectionFacts): _set(evidence=0),
    ("objection_in_time", ObjectionFacts): _out_of_time,
    ("effect_outstanding", CaseFacts): _set(effect=" "),
    ("effect_confirmed", CaseFacts): _not_looked_at,
    ("english_is_current", CaseFacts): _english,
    ("english_checked", CaseFacts): _unchecked,
    ("consent_abroad_given", CaseFacts): _set(consent_abroad=" "),
    ("picture_rights_cleared", CaseFacts): _set(pictures_not_cleared=1),
    ("recall_confirmed", object): _set(recall_confirmed=False),
    ("judge_has_no_conflict", JudgementFacts): _set(conflicts=frozenset({Conflict.PROVINCE})),
    ("case_is_being_selected", JudgementFacts): _set(in_selection=False),
    ("case_names_nobody", JudgementFacts): _set(showing=(Text("题目", "title"),)),
    ("every_picture_looked_at", JudgementFacts): _set(unseen=1),
    ("scores_within_scale", JudgementFacts): _off_the_scale,
    ("every_criterion_scored", JudgementFacts): _set(scores={}),
    ("summary_sealed", BatchFacts): _summary,
    ("province_recommends_enough", BatchFacts): _too_few,
    ("centre_reports_enough", BatchFacts): _centre_too_few,
    ("quotas_reached", BatchFacts): _quota_short,
    ("quotas_not_exceeded", BatchFacts): _quota_over,
    ("quotas_not_exceeded", CaseFacts): _own_over,
    ("every_form_attached", BatchFacts): _lines(has_form_scan=False),
    ("every_case_document_attached", BatchFacts): _lines(has_document=False),
    ("subject_names_call_and_office", BatchFacts): _subject,
}
"""(Rule, kind of facts) → how it comes not to hold; `object`: whatever the facts are. A rule without an entry is not
known to explain itself, which breaks that promise."""

GOOD: dict[str, Callable[[Call, Phase, datetime], Any]] = {
    "case": lambda call, phase, at: good_case(call, phase, at, Level.CENTRE),
    "batch": good_batch,
    "push": good_push,
    "judgement": good_judgement,
    "objection": good_objection,
}
"""Lifecycle → facts against which nothing speaks but the time."""
