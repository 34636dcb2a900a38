"""Proving a call, and asking “why not?”: what the engine adds to the guards' bare functions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rules.roles import Role
from states.lifecycle import Standing
from states.reach import Actor, Grant
from states.route import lifecycle_of
from tests.make import call_2021, case_facts
from workflow.engine import Engine
from workflow.proof import prove

SIDE_BY_SIDE = Callable[[Callable[[], int], Callable[[], int]], float]


def measured(side_by_side: SIDE_BY_SIDE, ratio: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Seconds that the full lifecycle's proof takes, and how many times as long offers take as the bare functions."""
    began = time.perf_counter()
    proof = prove(call_2021())
    took = time.perf_counter() - began
    if not proof.kept:
        raise AssertionError("the shipped call is not proved")
    said = f"seconds, {proof.explored['combinations']:,} situations by {proof.explored['engine_runs']:,} runs"
    slower = 1 / side_by_side(_offers, _bare)
    return {
        "prove_seconds": ratio(took, 30.0, "max", said),
        "offers_vs_bare_guards": ratio(slower, 3.0, "max", "every step from every state, times as long"),
    }


_LIVED = lifecycle_of(call_2021().route)
_ENGINE = Engine(_LIVED)
_FACTS = case_facts(remark="", length=1501)
_STATES = [str(state) for state in _LIVED.states]
_ACTOR = Actor(9, "审核人", frozenset({Grant(Role.REVIEWER, 10)}))
_ROUNDS = 300


def _offers() -> int:
    for _ in range(_ROUNDS):
        for state in _STATES:
            _ENGINE.offers(Standing(state, centre=1, office=10), _ACTOR, _FACTS)
    return _ROUNDS


def _bare() -> int:
    for _ in range(_ROUNDS):
        for state in _STATES:
            for step in _LIVED.leaving(state):
                for guard in step.guards:
                    guard.check(_FACTS)
    return _ROUNDS
