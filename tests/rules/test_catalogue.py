"""The catalogue as a set: every rule explains itself, and is in force only where a call asks for it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from string import Formatter
from typing import Any

import pytest

from rules.call import Call, Window
from rules.catalogue import CATALOGUE, SUBJECTS
from rules.facts import CentreCount, Conflict, Match, Score, SealFacts
from rules.roles import Level, Role
from rules.rule import Rule, rule
from rules.words import Text
from tests.make import (
    annotated_call,
    batch_facts,
    call_2021,
    case_facts,
    centre_facts,
    judgement_facts,
    line_facts,
    objection_facts,
)
from tests.rules import found

ASKED = Window(
    datetime(2021, 3, 1, tzinfo=UTC), datetime(2021, 4, 1, tzinfo=UTC), asked=datetime(2021, 3, 20, tzinfo=UTC)
)
_OF_TIME = ("before_phase_deadline", "phase_has_opened", "reported_by_the_day_asked_for")
FAR_TOO_MANY = {one.id: Score(1_000_000, "有根据") for one in annotated_call().judging.criteria}  # type: ignore[union-attr]
EARLY, LATE = datetime(2021, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)

BREACHING: dict[str, Callable[..., Any]] = {
    "another_person_acts": lambda **x: case_facts(step="stamp", actor=1, hands={"author": frozenset({1})}, **x),
    "before_phase_deadline": lambda **x: case_facts(at=LATE, **x),
    "case_is_being_selected": lambda **x: judgement_facts(**{"call": annotated_call(), "in_selection": False, **x}),
    "case_names_nobody": lambda **x: judgement_facts(
        **{"call": annotated_call(), "blind": True, "showing": (Text("题目", "title"),), **x}
    ),
    "every_picture_looked_at": lambda **x: judgement_facts(
        **{"call": annotated_call(), "blind": True, "unseen": 2, **x}
    ),
    "centre_is_eligible": lambda **x: case_facts(centre=centre_facts(eligible=False), **x),
    "centre_reports_enough": lambda **x: batch_facts(
        phase="second", final=True, centres=(CentreCount("a", "甲中心", 0),), **x
    ),
    "consent_given": lambda **x: case_facts(consent="", **x),
    "consent_abroad_given": lambda **x: case_facts(consent_abroad="", **x),
    "contents_confirmed": lambda **x: case_facts(step="review", confirmed=frozenset(), **x),
    "decision_signed_off": lambda **x: case_facts(**{"call": annotated_call(), "decision_signers": (), **x}),
    "evidence_is_attached": lambda **x: objection_facts(evidence=0, **x),
    "no_open_objection": lambda **x: case_facts(**{"call": annotated_call(), "open_objections": 1, **x}),
    "objection_in_time": lambda **x: objection_facts(received_at=LATE.replace(year=2030), **x),
    "objection_is_sealed": lambda **x: objection_facts(sealed=False, **x),
    "objector_is_known": lambda **x: objection_facts(known=False, **x),
    "effect_confirmed": lambda **x: case_facts(effect_confirmed_by=None, **x),
    "effect_outstanding": lambda **x: case_facts(effect="", **x),
    "english_is_current": lambda **x: case_facts(english=None, **x),
    "reported_by_the_day_asked_for": lambda **x: case_facts(
        **{"call": annotated_call(), "window": ASKED, "at": ASKED.asked, **x}
    ),
    "attachments_complete": lambda **x: case_facts(**{"call": annotated_call(), "attachments": (), **x}),
    "english_checked": lambda **x: case_facts(english=None, **x),
    "every_case_document_attached": lambda **x: batch_facts(lines=(line_facts(has_document=False),), **x),
    "every_criterion_scored": lambda **x: judgement_facts(**{"call": annotated_call(), "scores": {}, **x}),
    "every_form_attached": lambda **x: batch_facts(lines=(line_facts(has_form_scan=False),), **x),
    "form_complete": lambda **x: case_facts(form={}, **x),
    "judge_has_no_conflict": lambda **x: judgement_facts(
        **{"call": annotated_call(), "conflicts": frozenset({Conflict.PROVINCE}), **x}
    ),
    "length_within_limit": lambda **x: case_facts(length=9999, **x),
    "new_day_given": lambda **x: case_facts(at=LATE, new_day=None, **x),
    "no_excluded_honour": lambda **x: case_facts(
        **{"call": annotated_call(), "form": {"honours": "示例优秀案例"}, **x}
    ),
    "not_reported_before": lambda **x: case_facts(matches=(Match("1", "早先", Level.CENTRE),), **x),
    "phase_has_opened": lambda **x: case_facts(at=EARLY, **x),
    "picture_rights_cleared": lambda **x: case_facts(pictures_not_cleared=1, **x),
    "pictures_within_limits": lambda **x: case_facts(**{"call": annotated_call(), "pictures": 99, **x}),
    "province_recommends_enough": lambda **x: batch_facts(cases=0, **x),
    "public_notice_has_ended": lambda **x: case_facts(**{"call": annotated_call(), "public_notice": None, **x}),
    "quotas_not_exceeded": lambda **x: batch_facts(**{"call": annotated_call(), "cases": 99, **x}),
    "quotas_reached": lambda **x: batch_facts(**{"call": annotated_call(), "tally": (), **x}),
    "reason_given": lambda **x: case_facts(remark="", **x),
    "recall_confirmed": lambda **x: case_facts(recall_confirmed=False, **x),
    "recipient_named": lambda **x: case_facts(recipient="", **x),
    "scores_within_scale": lambda **x: judgement_facts(**{"call": annotated_call(), "scores": FAR_TOO_MANY, **x}),
    "seal_names_the_unit": lambda **x: case_facts(seal=SealFacts("别的单位", ""), **x),
    "seal_unbroken": lambda **x: case_facts(content="changed", **x),
    "sections_within_limits": lambda **x: case_facts(**{"call": annotated_call(), "sections": {}, **x}),
    "service_within_period": lambda **x: case_facts(service_to=date(2020, 1, 1), service_from=date(2021, 1, 1), **x),
    "sign_offs_complete": lambda **x: case_facts(sign_offs=(), **x),
    "subject_names_call_and_office": lambda **x: batch_facts(subject="", **x),
    "summary_sealed": lambda **x: batch_facts(seal=None, **x),
    "template_complete": lambda **x: case_facts(sections={}, **x),
    "theme_belongs_to_phase": lambda **x: case_facts(theme="", **x),
    "unit_seal_present": lambda **x: case_facts(seal=None, **x),
}
"""Rule → facts that breach it."""

EACH = pytest.mark.parametrize(
    "rule_id", [pytest.param(name, marks=getattr(pytest.mark, name)) for name in sorted(BREACHING)]
)


def asking(rule_id: str) -> Call:
    """A call that asks for a rule."""
    return call_2021() if rule_id in call_2021().rules else annotated_call()


def test_every_rule_of_the_catalogue_is_breached_here() -> None:
    assert set(BREACHING) == set(CATALOGUE)


def test_every_rule_belongs_to_one_subject() -> None:
    assert {one.module for one in CATALOGUE.values()} == {subject.__name__ for subject in SUBJECTS}


@EACH
def test_a_finding_carries_its_source_and_its_way_out(rule_id: str) -> None:
    finding = found(CATALOGUE[rule_id], BREACHING[rule_id]())
    asked = asking(rule_id).rules[rule_id]
    assert (finding.rule, finding.clause, finding.says, finding.strength) == (
        rule_id,
        asked.clause,
        asked.says,
        asked.strength,
    )
    assert finding.lifted_by
    assert finding.mend or rule_id in ("another_person_acts", "case_is_being_selected", *_OF_TIME)
    assert finding.blocks
    assert "{" not in finding.message.zh + finding.message.en


@EACH
def test_a_finding_can_be_written_down(rule_id: str) -> None:
    finding = found(CATALOGUE[rule_id], BREACHING[rule_id]())
    written = json.loads(json.dumps(finding.as_json()))
    assert (written["rule"], written["zh"], written["en"]) == (rule_id, finding.message.zh, finding.message.en)
    assert written["lifted_by"] == [role.value for role in finding.lifted_by]


@EACH
def test_a_rule_is_not_in_force_where_the_call_does_not_ask_for_it(rule_id: str) -> None:
    call = asking(rule_id)
    without = replace(call, rules={name: asked for name, asked in call.rules.items() if name != rule_id})
    assert CATALOGUE[rule_id].examine(BREACHING[rule_id](call=without)) is None


@EACH
def test_both_languages_of_a_rule_ask_for_the_same_values(rule_id: str) -> None:
    words = CATALOGUE[rule_id].words
    zh, en = ({gap for _, gap, _, _ in Formatter().parse(said) if gap} for said in words)
    assert zh == en
    assert words.zh.endswith("。")
    assert words.en.endswith(".")


@EACH
def test_a_rule_says_what_it_is_for(rule_id: str) -> None:
    assert CATALOGUE[rule_id].demand.endswith("。")


def test_no_two_rules_have_one_name() -> None:
    def length_within_limit(_: Any) -> None:
        """Same name as a rule that exists."""

    before = dict(CATALOGUE)
    with pytest.raises(ValueError, match="two rules are named length_within_limit"):
        rule(zh="", en="", lifted_by=Role.AUTHOR)(length_within_limit)
    assert before == CATALOGUE


def test_a_rule_without_docstring_has_no_demand() -> None:
    assert Rule("bare", lambda _: None, CATALOGUE["reason_given"].words, (Role.AUTHOR,)).demand == ""
