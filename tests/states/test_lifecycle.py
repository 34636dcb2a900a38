"""A lifecycle that cannot be lived is refused when it is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rules.roles import Level, Role
from rules.words import Labelled, Text
from states.batch import BATCH
from states.call import CALL, CallState, bars
from states.case import CASE, COUNTED, EDITABLE, CaseState
from states.judgement import JUDGEMENT
from states.lifecycle import Lifecycle, Transition, WrongLifecycle
from states.objection import OBJECTION
from states.push import PUSH

LIFECYCLES = (CASE, BATCH, PUSH, JUDGEMENT, CALL, OBJECTION)


class Door(Labelled):
    OPEN = "open", "开", "Open"
    SHUT = "shut", "关", "Shut"
    LOCKED = "locked", "锁", "Locked"


def step(name: str, source: Door, target: Door, undone_by: str, **more: Any) -> Transition:
    return Transition(name, Text(name, name), (source,), target, (Role.AUTHOR,), undone_by, **more)


SHUT = step("shut", Door.OPEN, Door.SHUT, "open")
OPEN = step("open", Door.SHUT, Door.OPEN, "shut")
LOCK = step("lock", Door.SHUT, Door.LOCKED, "unlock")
UNLOCK = step("unlock", Door.LOCKED, Door.SHUT, "lock")


def door(*transitions: Transition, resting: tuple[Door, ...] = ()) -> Lifecycle:
    return Lifecycle("door", Text("门", "Door"), Door, Door.OPEN, resting, transitions)


def test_a_lifecycle_that_can_be_lived_is_made() -> None:
    made = door(SHUT, OPEN, LOCK, UNLOCK)
    assert made.find("shut", "lock") is LOCK
    assert made.find("open", "lock") is None
    assert made.find("open", "paint") is None
    assert made.leaving("shut") == (OPEN, LOCK)
    assert made.state("locked") is Door.LOCKED


@pytest.mark.parametrize(
    ("transitions", "problem"),
    [
        ((SHUT, OPEN, LOCK, UNLOCK, replace(LOCK, target=Door.OPEN)), "two transitions are named lock"),
        ((SHUT, OPEN), "locked cannot be reached"),
        ((SHUT, OPEN, LOCK), "locked is a dead end"),
        ((SHUT, OPEN, LOCK, replace(UNLOCK, by=())), "nobody may unlock"),
        ((SHUT, OPEN, LOCK, replace(UNLOCK, sources=())), "unlock starts nowhere"),
        ((SHUT, OPEN, LOCK, replace(UNLOCK, sources=(Door.LOCKED, Door.SHUT))), "unlock leads from shut to itself"),
        ((SHUT, OPEN, LOCK, replace(UNLOCK, undone_by="")), "unlock is undone by nothing, which is no transition"),
        ((SHUT, OPEN, LOCK, replace(UNLOCK, undone_by="weld")), "unlock is undone by weld, which is no transition"),
        (
            (SHUT, OPEN, LOCK, replace(UNLOCK, undone_by="shut")),
            "unlock is undone by shut, which does not leave shut",
        ),
        (
            (SHUT, OPEN, LOCK, UNLOCK, replace(OPEN, name="post", sources=(CaseState.DRAFT,))),
            "post names the unknown state draft",
        ),
    ],
)
def test_every_kind_of_wrongness_is_named(transitions: tuple[Transition, ...], problem: str) -> None:
    with pytest.raises(WrongLifecycle) as refused:
        door(*transitions)
    assert problem in str(refused.value).removeprefix("lifecycle door: ").split("; ")


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(WrongLifecycle, match=r"nobody may shut; shut is undone by weld.*"):
        door(replace(SHUT, by=(), undone_by="weld"), OPEN, LOCK, UNLOCK)


def test_a_state_where_things_may_rest_is_no_dead_end() -> None:
    assert door(SHUT, OPEN, replace(LOCK, undone_by="weld"), step("weld", Door.LOCKED, Door.SHUT, "lock"))
    with pytest.raises(WrongLifecycle, match="is undone by"):
        door(SHUT, OPEN, LOCK, resting=(Door.LOCKED,))


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda one: one.name)
def test_every_step_can_be_taken_back_by_somebody(lifecycle: Lifecycle) -> None:
    named = {one.name: one for one in lifecycle.transitions}
    assert [one.name for one in lifecycle.transitions if one.target not in named[one.undone_by].sources] == []
    assert [one.name for one in lifecycle.transitions if not named[one.undone_by].by] == []


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda one: one.name)
def test_names_and_labels_are_told_apart(lifecycle: Lifecycle) -> None:
    labels = [one.label for one in lifecycle.transitions]
    assert len(set(labels)) == len(labels)
    assert [one.name for one in lifecycle.transitions if not (one.label.zh and one.label.en)] == []


def test_what_is_part_of_another_act_names_a_transition_of_that_lifecycle() -> None:
    others = {one.name: {step.name for step in one.transitions} for one in LIFECYCLES}
    for one in CASE.transitions:
        if one.through:
            lifecycle, _, name = one.through.partition(".")
            assert name in others[lifecycle]


def test_the_states_of_a_case_are_those_that_were_promised() -> None:
    promised = ["draft", "centre_stamped", "province_reviewed", "submitted", "shortlisted", "published", "wipo_pushed"]
    assert [str(state) for state in CASE.states][: len(promised)] == promised


def test_what_counts_was_submitted_and_what_is_edited_was_not() -> None:
    assert set() == COUNTED & EDITABLE
    assert CaseState.SUBMITTED in COUNTED
    assert CaseState.PROVINCE_REVIEWED not in COUNTED


def test_a_closed_call_bars_its_centres_and_an_archived_one_everybody() -> None:
    barred = {state: [level for level in Level if bars(state, level)] for state in CallState}
    assert barred == {CallState.OPEN: [], CallState.CLOSED: [Level.CENTRE], CallState.ARCHIVED: list(Level)}
