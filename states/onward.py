"""The way onward through a lifecycle: its main line, and whose court the ball is in."""

from __future__ import annotations

from rules.roles import Level
from states.lifecycle import Lifecycle


def court(lifecycle: Lifecycle, state: str) -> Level | None:
    """The level that has to take the next step onward from a state; None where a thing may rest: nobody has to.

    Where several steps lead onward, the first one declared is the one that is waited for.
    """
    if state in {str(one) for one in lifecycle.resting}:
        return None
    return next((one.by[0].level for one in lifecycle.leaving(state) if not one.backward), None)


def main_line(lifecycle: Lifecycle) -> list[str]:
    """From the initial state, always by the first step that takes nothing back and leads to somewhere new."""
    line = [str(lifecycle.initial)]
    while True:
        onward = [
            str(step.target)
            for step in lifecycle.leaving(line[-1])
            if not step.backward and str(step.target) not in line
        ]
        if not onward:
            return line
        line.append(onward[0])
