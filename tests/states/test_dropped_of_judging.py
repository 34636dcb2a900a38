"""Every guard of a judgement is missed by a promise once it is dropped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from states.judgement import JUDGEMENT
from workflow.calls import read_call, shipped_calls
from workflow.proof.promises import Subject, examine_promise

pytestmark = pytest.mark.once
BLIND = read_call(next(path for path in shipped_calls() if path.stem == "example-2023"))
DROPS = [(step.name, guard.id) for step in JUDGEMENT.transitions for guard in step.guards]


@pytest.mark.parametrize(("step", "guard"), DROPS)
def test_a_dropped_guard_breaks_a_promise(step: str, guard: str) -> None:
    changed = replace(
        JUDGEMENT,
        transitions=tuple(
            replace(one, guards=tuple(each for each in one.guards if each.id != guard)) if one.name == step else one
            for one in JUDGEMENT.transitions
        ),
    )
    assert not examine_promise("every_step_asks_what_concerns_it", Subject(BLIND, [changed])).kept


def test_with_all_its_guards_every_step_asks_what_concerns_it() -> None:
    assert examine_promise("every_step_asks_what_concerns_it", Subject(BLIND, [JUDGEMENT])).kept
