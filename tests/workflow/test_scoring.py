"""Agreement, calibration and uncertainty, held against published figures and against scores whose making is known."""

from __future__ import annotations

import random
from statistics import fmean

import pytest

from workflow.selection.scoring import Given, alpha, fit, intervals, means, ranks

pytestmark = pytest.mark.once

_ = None
# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C: four observers, twelve units; interval 0.849.
FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]
# The worked example of the article “Krippendorff's alpha” in Wikipedia: three coders, fifteen units; interval 0.811.
THREE_CODERS = [
    [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
    [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
    [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
]


@pytest.mark.parametrize(("table", "published"), [(FOUR_OBSERVERS, 0.849), (THREE_CODERS, 0.811)])
def test_alpha_is_the_published_one(table: list[list[int | None]], published: float) -> None:
    units = [[float(value) for value in column if value is not None] for column in zip(*table, strict=True)]
    found = alpha(units)
    assert found is not None
    assert round(found, 3) == published


def test_alpha_at_its_ends() -> None:
    assert alpha([[1, 1], [2, 2], [5, 5]]) == 1
    assert alpha([[3, 3], [3, 3]]) == 1
    assert alpha([[1], [2]]) is None
    found = alpha([[1, 2], [2, 1], [1, 2], [2, 1]])
    assert found is not None
    assert found < 0


def made(
    noise: float, cases: int = 40, judges: int = 8, each: int = 3, seed: int = 5
) -> tuple[list[Given], dict[int, float], dict[int, float]]:
    """Scores made as the sum of a worth and a leniency, with noise; who judges what is drawn."""
    some = random.Random(seed)
    worth = {case: some.uniform(50, 90) for case in range(cases)}
    leniency = {judge: some.uniform(-12, 12) for judge in range(judges)}
    middle = fmean(leniency.values())
    leniency = {judge: value - middle for judge, value in leniency.items()}
    given = [
        Given(case, judge, worth[case] + leniency[judge] + some.gauss(0, noise))
        for case in worth
        for judge in some.sample(sorted(leniency), each)
    ]
    return given, worth, leniency


def test_without_noise_worth_and_leniency_are_found_again() -> None:
    given, worth, leniency = made(0)
    found = fit(given)
    assert found.judges == pytest.approx(leniency)
    assert found.cases == pytest.approx(worth)
    assert ranks(found.cases) == ranks(worth)
    assert ranks(means(given)) != ranks(worth)  # which is why the plain mean is not shown alone


def test_with_noise_the_ranking_comes_nearer_than_the_plain_mean() -> None:
    given, worth, _leniency = made(2)
    true = ranks(worth)

    def off(values: dict[int, int]) -> int:
        return sum(abs(true[case] - place) for case, place in values.items())

    assert off(ranks(fit(given).cases)) < off(ranks(means(given)))


def test_judges_without_a_case_in_common_are_not_compared() -> None:
    given = [Given(1, 1, 80), Given(1, 2, 70), Given(2, 3, 50), Given(2, 4, 60)]
    found = fit(given)
    assert found.groups[1] != found.groups[2]
    assert found.judges == pytest.approx({1: 5, 2: -5, 3: -5, 4: 5})


def test_intervals_hold_the_place_are_wider_with_noise_and_the_same_each_time() -> None:
    exact, noisy = made(0)[0], made(6)[0]
    assert intervals(exact, 50) == {case: (place, place) for case, place in ranks(fit(exact).cases).items()}
    found = intervals(noisy, 50)
    assert found == intervals(noisy, 50)
    assert fmean(high - low for low, high in found.values()) > 5
    places = ranks(fit(noisy).cases)
    assert sum(low <= places[case] <= high for case, (low, high) in found.items()) >= 0.9 * len(found)


def test_equals_share_the_better_place() -> None:
    assert ranks({1: 5.0, 2: 7.0, 3: 5.0, 4: 1.0}) == {2: 1, 1: 2, 3: 2, 4: 4}


def test_nothing_scored_gives_nothing() -> None:
    assert (means([]), fit([]).cases, intervals([])) == ({}, {}, {})
