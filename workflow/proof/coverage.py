"""How far the scenarios go through a lifecycle, and what can never be met in it under a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rules.words import Text
from workflow.proof.exploring import Explored
from workflow.proof.promises import Subject, findings_of, met_at
from workflow.proof.scenarios import Run


@dataclass(frozen=True)
class Coverage:
    """Of the steps from each state and the guards of each step, those that scenarios went through, and those left.

    `untaken`: (state, step) that no scenario takes. `one_sided`: (step, guard, "holds" or "fails") that none shows.
    """

    steps: int
    guards: int
    untaken: tuple[tuple[str, str], ...]
    one_sided: tuple[tuple[str, str, str], ...]


def coverage(explored: Explored, ran: Run) -> Coverage:
    """What the scenarios of a run went through in one lifecycle."""
    name = explored.lifecycle.name
    ways = sorted({(move.state, move.step.name) for move in explored.moves})
    sides = [
        (step.name, guard.id, word, held)
        for step in explored.lifecycle.transitions
        for guard in explored.guards(step)
        for word, held in (("holds", True), ("fails", False))
    ]
    return Coverage(
        len(ways),
        len(sides),
        tuple((state, step) for state, step in ways if (name, state, step) not in ran.taken),
        tuple((step, guard, word) for step, guard, word, held in sides if (name, step, guard, held) not in ran.said),
    )


def unreachable(subject: Subject, explored: Explored) -> Iterator[tuple[str, str, Text]]:
    """What is never met under the call, as (state or step, moment or guard, sentence)."""
    lifecycle = explored.lifecycle
    for phase in subject.call.phases:
        times = [one for one in subject.moments if one.phase is phase]
        met = met_at(subject, explored, times)
        for number, moment in enumerate(times):
            for state in map(str, lifecycle.states):
                if (state, number) not in met:
                    here = lifecycle.state(state).label
                    yield (
                        state,
                        moment.at.isoformat(),
                        Text(f"{moment.label.zh}时不会处于“{here.zh}”", f"never “{here.en}” at {moment.label.en}"),
                    )
    for step in lifecycle.transitions:
        for guard in explored.guards(step):
            if not any(True for _ in findings_of(subject, lifecycle, step, guard)):
                yield (
                    step.name,
                    guard.id,
                    Text(
                        f"“{step.label.zh}”不会因“{guard.demand}”而未办成",
                        f"“{step.label.en}” never fails by {guard.id}",
                    ),
                )


def as_json(explored: Explored, subject: Subject, ran: Run | None) -> dict[str, Any]:
    """A lifecycle under a call, as `zhengji states --json` prints it."""
    lifecycle = explored.lifecycle
    found = coverage(explored, ran) if ran is not None else None
    return {
        "lifecycle": lifecycle.name,
        "zh": lifecycle.label.zh,
        "en": lifecycle.label.en,
        "initial": str(lifecycle.initial),
        "states": [
            {"state": str(one), "zh": one.label.zh, "en": one.label.en, "resting": one in lifecycle.resting}
            for one in lifecycle.states
        ],
        "transitions": [
            {
                "step": one.name,
                "zh": one.label.zh,
                "en": one.label.en,
                "from": [str(state) for state in one.sources],
                "to": str(one.target),
                "by": [str(role) for role in one.by],
                "undone_by": one.undone_by,
                "through": one.through,
                "guards": [guard.id for guard in explored.guards(one)],
            }
            for one in lifecycle.transitions
        ],
        "coverage": None
        if found is None
        else {
            "steps": found.steps,
            "guards": found.guards,
            "untaken": [{"state": state, "step": step} for state, step in found.untaken],
            "one_sided": [{"step": step, "guard": guard, "never": word} for step, guard, word in found.one_sided],
        },
        "unreachable": [
            {"what": what, "with": beside, "zh": said.zh, "en": said.en}
            for what, beside, said in unreachable(subject, explored)
        ],
    }
