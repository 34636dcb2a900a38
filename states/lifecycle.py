"""A lifecycle as data, refused when it is imported wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rules.roles import Role
from rules.rule import Rule
from rules.words import Labelled, Text


class WrongLifecycle(Exception):
    """Our own mistake: a lifecycle that cannot be lived. Stops the program at import."""


class Renamed(str):
    """A state under other words than its usual ones; it equals the state that it renames."""

    label: Text

    def __new__(cls, value: str, label: Text) -> Renamed:
        made = super().__new__(cls, value)
        made.label = label
        return made


State = Labelled | Renamed


@dataclass(frozen=True)
class Transition:
    """One step, named by what a person does.

    `undone_by`: the transition that takes it back; a way back is undone by going forward again.
    `through`: the act of another lifecycle that it is part of ("batch.send"); it is then never taken alone.
    `undoes`: what taking this step takes back or voids, said before it is confirmed.
    """

    name: str
    label: Text
    sources: tuple[State, ...]
    target: State
    by: tuple[Role, ...]
    undone_by: str
    guards: tuple[Rule[Any], ...] = ()
    through: str = ""
    undoes: Text | None = None

    @property
    def backward(self) -> bool:
        """Whether it takes something back, and so needs a reason and a second look."""
        return any(guard.id == "reason_given" for guard in self.guards)


@dataclass(frozen=True)
class Lifecycle:
    """States and transitions of one kind of thing. `resting`: where it may stay for good."""

    name: str
    label: Text
    states: tuple[State, ...]
    initial: State
    resting: Collection[State]
    transitions: tuple[Transition, ...]
    _by_name: dict[str, Transition] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise WrongLifecycle(f"lifecycle {self.name}: " + "; ".join(problems))
        self._by_name.update({one.name: one for one in self.transitions})

    def named(self, name: str) -> Transition | None:
        """The transition of that name, from whatever state."""
        return self._by_name.get(name)

    def find(self, state: str, name: str) -> Transition | None:
        """The transition of that name that leaves `state`, or None."""
        chosen = self._by_name.get(name)
        return chosen if chosen is not None and state in chosen.sources else None

    def leaving(self, state: str) -> tuple[Transition, ...]:
        """What can be tried from a state, in the order of declaration."""
        return self._leaving.get(state, ())

    @cached_property
    def _leaving(self) -> dict[str, tuple[Transition, ...]]:
        return {str(state): tuple(one for one in self.transitions if state in one.sources) for state in self.states}

    def state(self, value: str) -> State:
        """The state of that value. Raises ValueError when there is none."""
        for one in self.states:
            if one == value:
                return one
        raise ValueError(f"{value!r} is no state of {self.name}")

    def _problems(self) -> Iterator[str]:
        names = [one.name for one in self.transitions]
        yield from (f"two transitions are named {name}" for name in sorted({n for n in names if names.count(n) > 1}))
        yield from self._wrong_states()
        yield from self._wrong_ways()
        for one in self.transitions:
            if not one.by:
                yield f"nobody may {one.name}"
            yield from self._wrong_inverse(one)

    def _wrong_states(self) -> Iterator[str]:
        known = set(self.states)
        for one in self.transitions:
            strange = [state for state in (*one.sources, one.target) if state not in known]
            yield from (f"{one.name} names the unknown state {state}" for state in strange)
            if not one.sources:
                yield f"{one.name} starts nowhere"
            if one.target in one.sources:
                yield f"{one.name} leads from {one.target} to itself"

    def _wrong_ways(self) -> Iterator[str]:
        reached, left = {self.initial}, {state for one in self.transitions for state in one.sources}
        while more := {one.target for one in self.transitions if reached & set(one.sources)} - reached:
            reached |= more
        yield from (f"{state} cannot be reached" for state in self.states if state not in reached)
        yield from (f"{state} is a dead end" for state in self.states if state not in left | set(self.resting))

    def _wrong_inverse(self, one: Transition) -> Iterator[str]:
        inverse = next((other for other in self.transitions if other.name == one.undone_by), None)
        if inverse is None:
            yield f"{one.name} is undone by {one.undone_by or 'nothing'}, which is no transition"
        elif one.target not in inverse.sources:
            yield f"{one.name} is undone by {inverse.name}, which does not leave {one.target}"


@dataclass
class Standing:
    """Where one thing stands: what the machine moves, never a row of the database."""

    state: str
    centre: int | None = None
    office: int | None = None
