"""Proving a call, asking “why not?”, and asking “what if?”: what they take beside the guards and `perform` alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rules.roles import Role
from states.lifecycle import Standing
from states.reach import Actor, Grant
from states.route import lifecycle_of
from tests.make import call_2021, case_facts
from workflow.audit.canonical import canonical
from workflow.calls.replay import performed, read_back
from workflow.engine import Engine
from workflow.proof import prove
from workflow.store.facts import as_recorded

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
    recorded = _recorded()
    return {
        "prove_seconds": ratio(took, 30.0, "max", said),
        "offers_vs_bare_guards": ratio(slower, 3.0, "max", "every step from every state, times as long"),
        "replay_vs_perform": ratio(
            side_by_side(lambda: _replayed(recorded), _performed),
            1 / 3,
            "min",
            f"{STEPS:,} recorded steps, from their JSON",
        ),
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


# ---- what if ---------------------------------------------------------------------------------------------------------

STEPS = 100_000
_STAMP_FACTS = case_facts()
_SEALER = Actor(9, "盖章人", frozenset({Grant(Role.SEALER, 1)}))


def _recorded() -> list[tuple[str, str]]:
    """As many drafts stamped, as the trail holds it."""
    facts = as_recorded(_STAMP_FACTS)
    return [
        (
            f"case/{number}",
            canonical(
                {
                    "at": _STAMP_FACTS.at.isoformat(),
                    "actor": {"id": 9, "name": "盖章人"},
                    "action": "case.stamp",
                    "outcome": "done",
                    "role": "sealer",
                    "from_state": "draft",
                    "remark": "",
                    "findings": [],
                    "facts": facts,
                }
            ),
        )
        for number in range(STEPS)
    ]


def _replayed(recorded: list[tuple[str, str]]) -> int:
    call = call_2021()
    found = performed((read_back(stream, body) for stream, body in recorded), call, call)
    if found.changes:
        raise AssertionError("the same call gives another outcome")
    return found.steps


def _performed() -> int:
    for _ in range(STEPS):
        _ENGINE.perform(Standing("draft", centre=1, office=10), "stamp", _SEALER, _STAMP_FACTS, _STAMP_FACTS.at)
    return STEPS
