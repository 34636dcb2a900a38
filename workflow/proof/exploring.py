"""Driving the engine through a lifecycle: every state, step, role and place, and what each guard may say.

The engine is the real one, and so are states, steps and roles; only what a guard's function says is supposed instead of
found on facts. The engine refuses a step when any guard stands in its way (`workflow.engine._holds`), so it is enough to
have each guard fail alone; a test drives a smaller lifecycle through all combinations and finds the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from rules.call import Call, Strength
from rules.roles import Level, Role
from rules.rule import Breach, Rule
from rules.words import Text
from states.lifecycle import Lifecycle, Standing, Transition
from states.reach import Actor, Grant
from workflow.engine import Engine, NoSuchTransition, NotPermitted

NOWHEN = datetime(1970, 1, 1, tzinfo=UTC)
"""The engine hands the time on and never looks at it; rules that do are asked with facts of a moment (`supposing`)."""

HERE = Standing("", centre=1, office=2)
ELSEWHERE = {Level.CENTRE: 11, Level.OFFICE: 12}
_AT_HOME = {Level.CENTRE: 1, Level.OFFICE: 2}

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Supposed:
    """Facts of which only this is known: which rules do not hold, and for which of them a reason is written."""

    call: Call
    broken: frozenset[str] = NONE
    reasons: Mapping[str, str] = field(default_factory=dict)
    step: str = ""


def supposed(lifecycle: Lifecycle) -> Lifecycle:
    """The same lifecycle, whose guards say what is supposed of them."""
    known: dict[str, Rule[Any]] = {}

    def stand_in(guard: Rule[Any]) -> Rule[Any]:
        if guard.id not in known:
            check = lambda facts: Breach() if guard.id in facts.broken else None  # noqa: E731
            known[guard.id] = replace(guard, check=check, words=Text(guard.demand, guard.id))
        return known[guard.id]

    steps = tuple(replace(one, guards=tuple(map(stand_in, one.guards))) for one in lifecycle.transitions)
    return replace(lifecycle, transitions=steps)


@dataclass(frozen=True)
class Move:
    """A step that somebody can take. `stops`: each guard that keeps them from it; `weighed`: those of them that a
    written reason answers."""

    state: str
    step: Transition
    role: Role
    target: str
    stops: frozenset[str]
    weighed: frozenset[str] = NONE


class Engineered:
    """A lifecycle under a call, asked of the engine. `runs`: how often the engine was driven so far."""

    def __init__(self, lifecycle: Lifecycle, call: Call) -> None:
        self.lifecycle, self.call = lifecycle, call
        self._engine = Engine(supposed(lifecycle))
        self.runs = 0

    def drive(
        self, state: str, step: str, role: Role, broken: frozenset[str] = NONE, *, home: bool = True, why: bool = False
    ) -> str | None:
        """Where a step leads, tried by somebody of a role; None where the engine does not let it. `home`: whether the
        role is held at the unit that the thing belongs to; `why`: whether a reason is written for what is broken."""
        self.runs += 1
        where = replace(HERE, state=state)
        unit = (_AT_HOME if home else ELSEWHERE).get(role.level)
        actor = Actor(1, "", frozenset({Grant(role, unit)}))
        facts = Supposed(self.call, broken, dict.fromkeys(broken, "理由") if why else {})
        try:
            done = self._engine.perform(where, step, actor, facts, NOWHEN).done
        except (NoSuchTransition, NotPermitted):
            return None
        return where.state if done else None

    def guards(self, step: Transition) -> tuple[Rule[Any], ...]:
        """The guards of a step that the call asks for."""
        return tuple(one for one in step.guards if one.id in self.call.rules)


class Explored:
    """What the engine lets happen in a lifecycle under a call."""

    def __init__(self, lifecycle: Lifecycle, call: Call) -> None:
        self.lifecycle, self.call = lifecycle, call
        self._engineered = Engineered(lifecycle, call)
        self.moves = tuple(self._found())
        self.runs = self._engineered.runs
        self._by_state: dict[str, tuple[Move, ...]] = {
            str(state): tuple(one for one in self.moves if one.state == state) for state in lifecycle.states
        }

    def leaving(self, state: str, broken: Collection[str] = NONE) -> Iterator[Move]:
        """The steps that somebody can take from a state while these rules do not hold."""
        broken = frozenset(broken)
        return (one for one in self._by_state[state] if not one.stops & broken)

    def guards(self, step: Transition) -> tuple[Rule[Any], ...]:
        return self._engineered.guards(step)

    @property
    def combinations(self) -> int:
        """States × steps × roles, at home and elsewhere, × what the guards of the step may say: all decided."""
        tried = sum(1 if _AT_HOME.get(role.level) is None else 2 for role in Role)
        return len(self.lifecycle.states) * sum(
            tried * _outcomes(self.call, self.guards(step)) for step in self.lifecycle.transitions
        )

    def _found(self) -> Iterator[Move]:
        drive = self._engineered.drive
        for state in map(str, self.lifecycle.states):
            for step in self.lifecycle.transitions:
                for role in Role:
                    if role.level in ELSEWHERE and drive(state, step.name, role, home=False) is not None:
                        raise OutOfPlace(f"{self.lifecycle.name}.{step.name}: {role} of another unit can take it")
                    target = drive(state, step.name, role)
                    if target is not None:
                        yield self._move(state, step, role, target)

    def _move(self, state: str, step: Transition, role: Role, target: str) -> Move:
        drive, guards = self._engineered.drive, [one.id for one in self.guards(step)]
        stops = frozenset(one for one in guards if drive(state, step.name, role, frozenset({one})) is None)
        weighed = frozenset(
            one for one in stops if drive(state, step.name, role, frozenset({one}), why=True) is not None
        )
        return Move(state, step, role, target, stops, weighed)


class OutOfPlace(Exception):
    """Our own mistake: the engine lets somebody of another centre or office act."""


def _outcomes(call: Call, guards: Collection[Rule[Any]]) -> int:
    """A guard holds or does not; one in principle also does not hold with a reason written."""
    made = 1
    for one in guards:
        made *= 3 if call.rules[one.id].strength is Strength.IN_PRINCIPLE else 2
    return made
