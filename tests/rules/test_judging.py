"""Who may judge, what a judge sees, and what a score must be: the figures at their limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.call import Call
from rules.facts import Conflict, Score
from rules.judging import (
    case_is_being_selected,
    case_names_nobody,
    every_criterion_scored,
    every_picture_looked_at,
    judge_has_no_conflict,
    scores_within_scale,
)
from rules.words import Text
from tests.make import judgement_facts
from workflow.calls import read_call, shipped_calls

CALL: Call = read_call(next(path for path in shipped_calls() if path.stem == "example-2023"))


@pytest.mark.parametrize("conflict", Conflict)
@pytest.mark.judge_has_no_conflict
def test_every_kind_of_conflict_is_named(conflict: Conflict) -> None:
    found = judge_has_no_conflict.examine(judgement_facts(CALL, conflicts=frozenset({conflict})))
    assert found is not None
    assert conflict.label.zh in found.message.zh


@pytest.mark.parametrize(("points", "holds"), [(0, True), (100, True), (-1, False), (101, False), (None, True)])
@pytest.mark.scores_within_scale
def test_the_ends_of_the_scale_belong_to_it(points: int | None, holds: bool) -> None:
    facts = judgement_facts(CALL, scores={"effect": Score(points, "有根据")})
    assert (scores_within_scale.examine(facts) is None) is holds


@pytest.mark.parametrize(
    ("score", "missing"),
    [
        (Score(5, "有根据"), False),
        (Score(None, "有根据"), True),
        (Score(5, " "), True),
        (Score(0, "零分也是分"), False),
    ],
)
@pytest.mark.every_criterion_scored
def test_each_criterion_has_points_and_a_reason(score: Score, missing: bool) -> None:
    facts = judgement_facts(CALL)
    facts = replace(facts, scores={**facts.scores, "effect": score})
    assert (every_criterion_scored.examine(facts) is not None) is missing


@pytest.mark.case_names_nobody
def test_only_blind_judging_asks_that_nobody_is_named() -> None:
    shown = (Text("题目", "title"),)
    assert case_names_nobody.examine(judgement_facts(CALL, blind=False, showing=shown)) is None
    assert case_names_nobody.examine(judgement_facts(CALL, blind=True, showing=shown)) is not None
    assert case_names_nobody.examine(judgement_facts(CALL, blind=True)) is None


@pytest.mark.parametrize(("blind", "unseen", "holds"), [(True, 0, True), (True, 1, False), (False, 1, True)])
@pytest.mark.every_picture_looked_at
def test_only_blind_judging_asks_that_pictures_are_looked_at(blind: bool, unseen: int, holds: bool) -> None:
    found = every_picture_looked_at.examine(judgement_facts(CALL, blind=blind, unseen=unseen))
    assert (found is None) is holds


@pytest.mark.case_is_being_selected
def test_a_case_that_left_the_selection_is_named_with_its_state() -> None:
    found = case_is_being_selected.examine(
        judgement_facts(CALL, in_selection=False, case_state=Text("已撤回", "Withdrawn"))
    )
    assert found is not None
    assert "已撤回" in found.message.zh
