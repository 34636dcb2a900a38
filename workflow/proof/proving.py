"""A call proved: what was explored, and what became of each promise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rules.call import Call
from rules.catalogue import CATALOGUE
from rules.roles import Role
from states.lifecycle import Lifecycle
from workflow.proof.exploring import Explored
from workflow.proof.promises import PROMISES, Explore, Subject, Verdict, examine_promise, lifecycles_of


@dataclass(frozen=True)
class Proof:
    """What became of each promise. `explored`: how much was looked at, by what it is; `not_asked`: rules that the call
    drops."""

    call: str
    verdicts: tuple[Verdict, ...]
    explored: Mapping[str, int]
    not_asked: tuple[str, ...]

    @property
    def kept(self) -> bool:
        return all(one.kept for one in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        return {
            "call": self.call,
            "kept": self.kept,
            "promises": [
                {
                    "promise": one.id,
                    "zh": one.words.zh,
                    "en": one.words.en,
                    "kept": one.kept,
                    "looked_at": one.looked,
                    "notes": [{"zh": note.zh, "en": note.en} for note in one.notes],
                    "stories": [{"zh": story.zh, "en": story.en} for story in one.stories],
                }
                for one in self.verdicts
            ],
            "explored": dict(self.explored),
            "not_asked": list(self.not_asked),
        }


def prove(call: Call, lifecycles: Iterable[Lifecycle] | None = None, explore: Explore = Explored) -> Proof:
    """Explore the lifecycles of a call, those of its route by default, and look at each promise. Takes a fraction of a second, and no database."""
    subject = Subject(call, lifecycles_of(call) if lifecycles is None else lifecycles, explore)
    verdicts = tuple(examine_promise(name, subject) for name in PROMISES)
    every = subject.explored.values()
    counts = {
        "states": sum(len(one.lifecycle.states) for one in every),
        "steps": sum(len(one.lifecycle.transitions) for one in every),
        "roles": len(Role),
        "moments": len(subject.moments),
        "combinations": len(subject.moments) * sum(one.combinations for one in every),
        "engine_runs": sum(one.runs for one in every),
        "situations": sum(one.looked for one in verdicts),
    }
    return Proof(call.number, verdicts, counts, tuple(name for name in CATALOGUE if name not in call.rules))
