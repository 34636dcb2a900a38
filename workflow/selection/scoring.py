"""Reading scores honestly: how far judges agree, who is lenient or harsh, and how sure a ranking is. Nothing here decides.

Agreement is Krippendorff's alpha with the interval difference (K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011).
Calibration takes a score as the sum of its case and of its judge's leniency, fitted by least squares (D. N. M. de Gruijter, Two
simple models for rater effects, Applied Psychological Measurement 8, 1984). How far ranks might be otherwise is found by drawing
the residuals anew (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 9), always with the same seed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

RESAMPLES = 400
SEED = 20210311
"""The day of the first notice: the same scores always give the same intervals."""
COVERED = 0.9
"""Share of the draws that an interval of ranks covers."""


@dataclass(frozen=True)
class Given:
    """One judge's score of one case, by the call's weights."""

    case: int
    judge: int
    points: float


@dataclass(frozen=True)
class Fitted:
    """Scores taken apart. `cases`: each on the scale of the scores, after leniency; `judges`: how far above (lenient) or below
    (harsh) the others each judge scores the same cases; `groups`: case → its group: groups have no judge in common, so scores
    of different groups cannot be compared."""

    cases: Mapping[int, float]
    judges: Mapping[int, float]
    groups: Mapping[int, int]
    residuals: Sequence[float]


def alpha(units: Iterable[Sequence[float]]) -> float | None:
    """Krippendorff's alpha of values by unit: 1 is full agreement, 0 none beyond chance; None where nothing can be compared."""
    pairable = [list(one) for one in units if len(one) > 1]
    values = [value for one in pairable for value in one]
    if len(values) < 2:
        return None
    observed = sum(_squares(one) / (len(one) - 1) for one in pairable) / len(values)
    expected = _squares(values) / (len(values) * (len(values) - 1))
    return 1 - observed / expected if expected else 1.0


def _squares(values: Sequence[float]) -> float:
    """The sum of squared differences over all ordered pairs."""
    count, total = len(values), sum(values)
    return 2 * (count * sum(value * value for value in values) - total * total)


def means(given: Iterable[Given]) -> dict[int, float]:
    """Case → the plain mean of its scores."""
    of_case: dict[int, list[float]] = defaultdict(list)
    for one in given:
        of_case[one.case].append(one.points)
    return {case: fmean(points) for case, points in of_case.items()}


def fit(given: Sequence[Given]) -> Fitted:
    """Cases and judges by least squares; within a group the judges' leniencies come to nothing together."""
    if not given:
        return Fitted({}, {}, {}, ())
    import numpy as np

    model = _Model(given)
    points = np.array([one.points for one in given])
    cases, judges = model.solve(points)
    residuals = points - cases[model.case_at] - judges[model.judge_at]
    return Fitted(
        {case: float(cases[at]) for case, at in model.cases.items()},
        {judge: float(judges[at]) for judge, at in model.judges.items()},
        model.groups(),
        residuals.tolist(),
    )


class _Model:
    """The design of one set of scores, so that many sets of points can be fitted to it."""

    def __init__(self, given: Sequence[Given]) -> None:
        import numpy as np

        self.given = given
        self.cases = {case: at for at, case in enumerate(dict.fromkeys(one.case for one in given))}
        self.judges = {judge: at for at, judge in enumerate(dict.fromkeys(one.judge for one in given))}
        self.case_at = np.array([self.cases[one.case] for one in given])
        self.judge_at = np.array([self.judges[one.judge] for one in given])
        self._sizes = np.bincount(self.case_at, minlength=len(self.cases))
        incidence = np.zeros((len(self.cases), len(self.judges)))
        incidence[self.case_at, self.judge_at] = 1
        scored = np.diag(np.bincount(self.judge_at, minlength=len(self.judges)).astype(float))
        # Cases are eliminated; what is left is singular once in each group, and its smallest solution sums to nothing there.
        self._inverse = np.linalg.pinv(scored - incidence.T @ (incidence / self._sizes[:, None]), hermitian=True)

    def solve(self, points: Any) -> tuple[Any, Any]:
        import numpy as np

        mean = np.bincount(self.case_at, points, len(self.cases)) / self._sizes
        judges = self._inverse @ np.bincount(self.judge_at, points - mean[self.case_at], len(self.judges))
        cases = np.bincount(self.case_at, points - judges[self.judge_at], len(self.cases)) / self._sizes
        return cases, judges

    def groups(self) -> dict[int, int]:
        """Case → its group, numbered from 0."""
        of_case: dict[int, int] = {}
        beside: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
        for one in self.given:
            beside["case", one.case].append(("judge", one.judge))
            beside["judge", one.judge].append(("case", one.case))
        seen: set[tuple[str, int]] = set()
        number = 0
        for start in beside:
            if start in seen:
                continue
            waiting = [start]
            while waiting:
                node = waiting.pop()
                if node in seen:
                    continue
                seen.add(node)
                if node[0] == "case":
                    of_case[node[1]] = number
                waiting += beside[node]
            number += 1
        return of_case


def ranks(values: Mapping[int, float]) -> dict[int, int]:
    """Case → its place, the highest first; equals share the better place."""
    ordered = sorted(values.values(), reverse=True)
    place: dict[float, int] = {}
    for at, value in enumerate(ordered, 1):
        place.setdefault(round(value, 9), at)
    return {case: place[round(value, 9)] for case, value in values.items()}


def intervals(given: Sequence[Given], resamples: int = RESAMPLES, seed: int = SEED) -> dict[int, tuple[int, int]]:
    """Case → the places between which its calibrated score falls in nine of ten draws; where the residuals could just as well
    have fallen on other scores."""
    if not given:
        return {}
    import numpy as np

    model = _Model(given)
    points = np.array([one.points for one in given])
    cases, judges = model.solve(points)
    fitted = cases[model.case_at] + judges[model.judge_at]
    residuals = points - fitted
    free = len(given) - len(model.cases) - len(model.judges) + len(set(model.groups().values()))
    residuals = residuals * np.sqrt(len(given) / free) if free > 0 else residuals  # the fit has taken some of them up
    draw = np.random.default_rng(seed)
    places = np.empty((resamples, len(model.cases)), dtype=np.int32)
    for at in range(resamples):
        anew, _ = model.solve(fitted + draw.choice(residuals, len(given)))
        places[at, np.argsort(-anew, kind="stable")] = np.arange(1, len(anew) + 1)
    low, high = np.quantile(places, [(1 - COVERED) / 2, (1 + COVERED) / 2], axis=0)
    return {case: (int(np.floor(low[at])), int(np.ceil(high[at]))) for case, at in model.cases.items()}
