"""Bringing cases and judges together: the optimum, held against every other possibility, and its proof."""

from __future__ import annotations

import random
from itertools import combinations, product

import pytest

from tests.bench.assigning import problem as large_problem
from workflow.selection.pairing import NOBODY, OneCase, OneJudge, Problem, apart, figures, solve, why

pytestmark = pytest.mark.once


def small(seed: int) -> Problem:
    """So few that every assignment can be looked at."""
    some = random.Random(seed)
    themes, provinces = ["a", "b"], ["甲", "乙", ""]
    judges = [
        OneJudge(
            n,
            some.choice(provinces),
            tuple(some.sample(themes, some.randint(0, 2))),
            load=some.randint(0, 2),
            most=some.choice([None, 2, 3]),
        )
        for n in range(1, 5)
    ]
    cases = [
        OneCase(
            n,
            some.choice(themes),
            some.choice(["zh", "en"]),
            some.randint(1, 2),
            tuple(some.sample(["甲"], some.randint(0, 1))),
        )
        for n in range(1, 4)
    ]
    barred = {(case.id, judge.id) for case, judge in product(cases, judges) if some.random() < 0.2}
    return Problem(cases, judges, frozenset(barred))


def cheapest(asked: Problem) -> int:
    """The least cost of all assignments there are."""
    choices = [
        [
            [(case.id, judge) for judge in chosen]
            for count in range(case.wanted + 1)
            for chosen in combinations([one.id for one in asked.judges if (case.id, one.id) not in asked.barred], count)
        ]
        for case in asked.cases
    ]
    room = {one.id: 10**6 if one.most is None else max(0, one.most - one.load) for one in asked.judges}
    best = NOBODY * 100
    for picked in product(*choices):
        pairs = [pair for part in picked for pair in part]
        if all(sum(two == judge for _, two in pairs) <= most for judge, most in room.items()):
            best = min(best, figures(asked, pairs).cost)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_no_assignment_costs_less(seed: int) -> None:
    asked = small(seed)
    found = solve(asked)
    assert (found.cost, found.bound) == (cheapest(asked), cheapest(asked))
    assert figures(asked, found.pairs).cost == found.cost
    assert asked.barred.isdisjoint(found.pairs)


def test_a_whole_call_is_even_and_without_conflicts() -> None:
    asked = large_problem(cases=240, judges=12)
    found = apart(asked)
    came = figures(asked, found.pairs)
    assert (came.cost, came.short, len(found.pairs)) == (found.bound, 0, 720)
    assert asked.barred.isdisjoint(found.pairs)
    assert came.most_load - 60 <= 10  # an even share is 60; one judge takes no more than 50


def test_what_cannot_be_met_is_told_case_by_case() -> None:
    asked = Problem([OneCase(1, "a", wanted=2)], [OneJudge(1, "甲"), OneJudge(2, "乙")], frozenset({(1, 2)}))
    found = solve(asked)
    assert (list(found.pairs), found.short) == ([(1, 1)], {1: 1})


def test_each_pair_has_its_reason_in_both_languages() -> None:
    case, judge = OneCase(1, "a"), OneJudge(1, "甲", ("a",))
    zh, en = why(Problem([case], [judge]), case, judge, [(1, 1)])
    assert ("熟悉本主题" in zh, "knows the theme" in en) == (True, True)
