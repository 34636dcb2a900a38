"""Bringing cases and judges together at the least cost: what is asked, the exact optimum, and its proof.

Cases need judges, judges have themes, languages, a province and a load, some pairs must not be. Every wish is a cost, and all of
them together are a flow of least cost: from each case through the provinces of its judges to the judges and their loads. Such a
flow is whole by itself (Ahuja, Magnanti, Orlin: Network Flows, 1993, theorem 9.10), so nothing is rounded, and OR-Tools' solver
gives the optimum. `bound` is worked out from the potentials of the flow that is left, not taken from the solver.

The solver runs in a process of its own (`apart`), so that its memory is not that of whoever asks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

OTHER_THEME = 20
"""What a judge costs who does not name the case's theme."""
OTHER_LANGUAGE = 60
"""Of a judge who does not read the case's language."""
SAME_PROVINCE = 15
"""Of each further judge of one case from one province."""
LOAD_STEP = 6
"""Of each case that a judge gets beyond an even share, once more with each."""
NOBODY = 10_000
"""Of a judge who is missing; more than any other pairing costs."""
_TIME = 120
"""Seconds that a solution may take."""


class NotSolved(Exception):
    """The solver came to no solution: our mistake, as there always is one."""


@dataclass(frozen=True)
class OneCase:
    id: int
    theme: str
    language: str = "zh"
    wanted: int = 3
    """How many judges it still needs."""
    provinces: tuple[str, ...] = ()
    """Of judges that it has already."""


@dataclass(frozen=True)
class OneJudge:
    id: int
    province: str
    themes: tuple[str, ...] = ()
    """None named: every theme alike."""
    languages: tuple[str, ...] = ("zh",)
    load: int = 0
    most: int | None = None


@dataclass(frozen=True)
class Problem:
    cases: Sequence[OneCase]
    judges: Sequence[OneJudge]
    barred: frozenset[tuple[int, int]] = frozenset()
    """(case, judge) that must not be."""


@dataclass(frozen=True)
class Solution:
    """`pairs`: (case, judge). `cost`, `bound`: what they cost, and what any solution costs at least. `short`: case → missing."""

    pairs: Sequence[tuple[int, int]]
    cost: int
    bound: int
    short: Mapping[int, int] = field(default_factory=dict)


def cost_of(case: OneCase, judge: OneJudge) -> int:
    """What bringing these two together costs, whatever else there is."""
    cost = 0 if not judge.themes or case.theme in judge.themes else OTHER_THEME
    return cost + (0 if case.language in (judge.languages or ("zh",)) else OTHER_LANGUAGE)


def one_more(case: OneCase, judge: OneJudge, share: int) -> int:
    """What a judge costs as one more of a case, beside those whom it has, where `share` is an even share."""
    same = SAME_PROVINCE if judge.province and judge.province in case.provinces else 0
    return cost_of(case, judge) + same + LOAD_STEP * max(0, judge.load + 1 - share)


def full(judge: OneJudge) -> bool:
    """Whether a judge holds as many cases as they take at one time."""
    return judge.most is not None and judge.load >= judge.most


def even_share(problem: Problem) -> int:
    """How many cases each judge holds in the end where all hold alike, those that they hold already included."""
    held = sum(one.load for one in problem.judges)
    return -(-(held + sum(one.wanted for one in problem.cases)) // max(1, len(problem.judges)))


# ---- the network -----------------------------------------------------------------------------------------------------


class _Network:
    """Arcs of the flow. Node 0: source, 1: sink; then cases, judges, and each case's provinces."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.tails: list[int] = []
        self.heads: list[int] = []
        self.room: list[int] = []
        self.costs: list[int] = []
        self.pairs: dict[int, tuple[int, int]] = {}
        """Arc → (case, judge)."""
        self.missing: dict[int, int] = {}
        """Arc → case."""
        self.nodes = 2 + len(problem.cases) + len(problem.judges)
        self._of_cases()
        self._of_loads()

    @property
    def units(self) -> int:
        return sum(one.wanted for one in self.problem.cases)

    def _arc(self, tail: int, head: int, room: int, cost: int) -> int:
        self.tails.append(tail)
        self.heads.append(head)
        self.room.append(room)
        self.costs.append(cost)
        return len(self.tails) - 1

    def _of_cases(self) -> None:
        first_judge = 2 + len(self.problem.cases)
        for place, case in enumerate(self.problem.cases):
            self._arc(0, 2 + place, case.wanted, 0)
            self.missing[self._arc(2 + place, 1, case.wanted, NOBODY)] = case.id
            provinces: dict[str, int] = {}
            for at, judge in enumerate(self.problem.judges):
                if (case.id, judge.id) in self.problem.barred:
                    continue
                if judge.province not in provinces:
                    provinces[judge.province] = self._province(2 + place, case, judge.province)
                arc = self._arc(provinces[judge.province], first_judge + at, 1, cost_of(case, judge))
                self.pairs[arc] = (case.id, judge.id)

    def _province(self, case_node: int, case: OneCase, province: str) -> int:
        """The first judge from a province costs nothing more, each further one does."""
        node = self.nodes
        self.nodes += 1
        free = 0 if province and province in case.provinces else 1
        if free or not province:
            self._arc(case_node, node, 1 if province else case.wanted, 0)
        if province:
            self._arc(case_node, node, case.wanted, SAME_PROVINCE)
        return node

    def _of_loads(self) -> None:
        share, first_judge = even_share(self.problem), 2 + len(self.problem.cases)
        for at, judge in enumerate(self.problem.judges):
            room = max(
                0,
                min(
                    len(self.problem.cases), len(self.problem.cases) if judge.most is None else judge.most - judge.load
                ),
            )
            even = max(0, min(room, share - judge.load))
            if even:
                self._arc(first_judge + at, 1, even, 0)
            beyond = max(0, judge.load - share)
            for extra in range(1, room - even + 1):
                if extra > 40:  # from here on by the lump: nobody is given so much more than others
                    self._arc(first_judge + at, 1, room - even - 40, LOAD_STEP * (beyond + extra))
                    break
                self._arc(first_judge + at, 1, 1, LOAD_STEP * (beyond + extra))


def solve(problem: Problem) -> Solution:
    """The pairs that cost least together, with the proof. Raises NotSolved."""
    import numpy as np
    from ortools.graph.python import min_cost_flow

    network = _Network(problem)
    solver = min_cost_flow.SimpleMinCostFlow()
    tails, heads = np.array(network.tails), np.array(network.heads)
    room, costs = np.array(network.room), np.array(network.costs)
    solver.add_arcs_with_capacity_and_unit_cost(tails, heads, room, costs)
    solver.set_node_supply(0, network.units)
    solver.set_node_supply(1, -network.units)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise NotSolved(str(status))
    flow = solver.flows(np.arange(len(tails)))
    return Solution(
        [network.pairs[arc] for arc in np.flatnonzero(flow).tolist() if arc in network.pairs],
        int((flow * costs).sum()),
        _bound(tails, heads, room, costs, flow, network),
        {case: int(flow[arc]) for arc, case in network.missing.items() if flow[arc]},
    )


def _bound(tails: Any, heads: Any, room: Any, costs: Any, flow: Any, network: _Network) -> int:
    """A lower bound by the dual of the flow: prices of the nodes by Bellman and Ford on what is left of the arcs.

    Whatever the prices are, the value is a bound (weak duality); where the flow is optimal they make it equal to its cost.
    """
    import numpy as np

    left, used = flow < room, flow > 0
    starts = np.concatenate([tails[left], heads[used]])
    ends = np.concatenate([heads[left], tails[used]])
    weights = np.concatenate([costs[left], -costs[used]])
    prices = np.zeros(network.nodes, dtype=np.int64)
    for _ in range(200):  # far more rounds than paths of five kinds of nodes take to settle
        better = prices.copy()
        np.minimum.at(better, ends, prices[starts] + weights)
        if (better == prices).all():
            break
        prices = better
    reduced = costs + prices[tails] - prices[heads]
    return int(network.units * (prices[1] - prices[0]) + (room * np.minimum(reduced, 0)).sum())


# ---- in a process of its own -----------------------------------------------------------------------------------------


def apart(problem: Problem) -> Solution:
    """The same, solved by a child process. Raises NotSolved."""
    said = subprocess.run(
        [sys.executable, "-m", "workflow.selection.pairing"],
        input=json.dumps({**asdict(problem), "barred": sorted(problem.barred)}),
        capture_output=True,
        text=True,
        timeout=_TIME,
        check=False,
    )
    if said.returncode:
        raise NotSolved(said.stderr[-2000:])
    read = json.loads(said.stdout)
    return Solution(
        [(case, judge) for case, judge in read["pairs"]],
        read["cost"],
        read["bound"],
        {int(case): count for case, count in read["short"].items()},
    )


def _problem(read: Mapping[str, Any]) -> Problem:
    return Problem(
        [OneCase(**{**one, "provinces": tuple(one["provinces"])}) for one in read["cases"]],
        [
            OneJudge(**{**one, "themes": tuple(one["themes"]), "languages": tuple(one["languages"])})
            for one in read["judges"]
        ],
        frozenset((case, judge) for case, judge in read["barred"]),
    )


# ---- what came of it -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """What a set of pairs comes to: `cost` as the solver counts it, and what people ask."""

    cost: int
    least_load: int
    most_load: int
    own_theme: int
    same_province: int
    short: int


def figures(problem: Problem, pairs: Iterable[tuple[int, int]]) -> Figures:
    """The cost of any pairs, counted anew: what a plan changed by hand costs beside the optimum."""
    listed = list(pairs)
    cases, judges = {one.id: one for one in problem.cases}, {one.id: one for one in problem.judges}
    given = Counter(judge for _, judge in listed)
    share = even_share(problem)
    cost = sum(cost_of(cases[case], judges[judge]) for case, judge in listed)
    for one in problem.judges:
        for held in range(one.load + 1, one.load + given[one.id] + 1):
            cost += LOAD_STEP * min(max(0, held - share), max(0, one.load - share) + 41)
    same, got = 0, Counter(case for case, _ in listed)
    provinces: dict[int, Counter[str]] = {one.id: Counter(one.provinces) for one in problem.cases}
    for case, judge in listed:
        province = judges[judge].province
        same += 1 if province and provinces[case][province] else 0
        provinces[case][province] += 1
    short = sum(max(0, one.wanted - got[one.id]) for one in problem.cases)
    loads = [one.load + given[one.id] for one in problem.judges]
    return Figures(
        cost + same * SAME_PROVINCE + short * NOBODY,
        min(loads, default=0),
        max(loads, default=0),
        sum(cases[case].theme in judges[judge].themes for case, judge in listed),
        same,
        short,
    )


def why(problem: Problem, case: OneCase, judge: OneJudge, pairs: Sequence[tuple[int, int]]) -> tuple[str, str]:
    """Why these two were brought together, in both languages."""
    others = [other for of, other in pairs if of == case.id and other != judge.id]
    known = {one.id: one for one in problem.judges}
    said: list[tuple[str, str]] = [("没有查到回避情形", "no conflict was found")]
    if case.theme in judge.themes:
        said.append(("熟悉本主题", "knows the theme"))
    elif not judge.themes:
        said.append(("没有登记主题，各主题一样对待", "named no theme, so any is alike"))
    else:
        said.append(
            (
                "不熟悉本主题，熟悉的专家手上更满或者不能评",
                "does not know the theme; those who do hold more or must not judge it",
            )
        )
    if case.language not in (judge.languages or ("zh",)):
        said.append(("没有登记会读本案的语言", "is not known to read its language"))
    if judge.province and judge.province not in {known[one].province for one in others} | set(case.provinces):
        said.append(("与本案其他专家不同省", "from another province than its other judges"))
    elif judge.province:
        said.append(("与本案另一位专家同省", "from the province of another of its judges"))
    total = judge.load + sum(of == judge.id for _, of in pairs)
    said.append(
        (
            f"分派后共 {total} 件，平均 {even_share(problem)} 件",
            f"then holds {total}; an even share is {even_share(problem)}",
        )
    )
    return "；".join(zh for zh, _ in said), "; ".join(en for _, en in said)


if __name__ == "__main__":
    found = solve(_problem(json.load(sys.stdin)))
    json.dump({"pairs": list(found.pairs), "cost": found.cost, "bound": found.bound, "short": found.short}, sys.stdout)
