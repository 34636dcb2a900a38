"""Who may take a step, and who reaches what."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rules.roles import Role
from states.case import CASE
from states.lifecycle import Standing
from states.reach import REACH, SYSTEM, Actor, Grant, holds, reaches


@dataclass(frozen=True)
class Thing:
    centre_id: int = 1
    office_id: int = 10
    once_stamped: bool = True
    once_submitted: bool = False


def actor(*grants: Grant) -> Actor:
    return Actor(7, "某人", frozenset(grants))


def test_every_role_says_what_it_reaches() -> None:
    assert set(REACH) == set(Role)


@pytest.mark.parametrize(
    ("grant", "trigger", "may"),
    [
        (Grant(Role.SEALER, 1), "stamp", True),
        (Grant(Role.SEALER, 2), "stamp", False),
        (Grant(Role.SEALER), "stamp", False),
        (Grant(Role.AUTHOR, 1), "stamp", False),
        (Grant(Role.REVIEWER, 10), "review", True),
        (Grant(Role.REVIEWER, 11), "review", False),
        (Grant(Role.DESK), "shortlist", True),
        (Grant(Role.DIRECTOR), "shortlist", False),
        (Grant(Role.ADMINISTRATOR), "shortlist", False),
        (Grant(Role.AUDITOR), "shortlist", False),
    ],
)
def test_a_step_is_taken_in_its_role_and_at_the_own_unit(grant: Grant, trigger: str, may: bool) -> None:
    step = CASE.named(trigger)
    assert step is not None
    standing = Standing(str(step.sources[0]), centre=1, office=10)
    assert holds(actor(grant), step, standing) is (grant.role if may else None)


def test_an_office_numbered_like_a_centre_is_not_that_centre() -> None:
    assert not reaches(actor(Grant(Role.REVIEWER, 1)), Thing(centre_id=1, office_id=10))
    assert not reaches(actor(Grant(Role.AUTHOR, 10)), Thing(centre_id=1, office_id=10))


@pytest.mark.parametrize(
    ("grant", "thing", "reached"),
    [
        (Grant(Role.AUTHOR, 1), Thing(once_stamped=False), True),
        (Grant(Role.AUTHOR, 2), Thing(), False),
        (Grant(Role.REVIEWER, 10), Thing(once_stamped=False), False),
        (Grant(Role.REVIEWER, 10), Thing(), True),
        (Grant(Role.REVIEWER, 11), Thing(once_submitted=True), False),
        (Grant(Role.DESK), Thing(), False),
        (Grant(Role.DESK), Thing(once_submitted=True), True),
        (Grant(Role.JUDGE), Thing(once_submitted=True), False),
        (Grant(Role.ADMINISTRATOR), Thing(once_submitted=True), False),
        (Grant(Role.AUDITOR), Thing(once_stamped=False), True),
    ],
)
def test_each_role_reaches_what_concerns_it(grant: Grant, thing: Thing, reached: bool) -> None:
    assert reaches(actor(grant), thing) is reached


def test_nobody_reaches_nothing_and_the_system_everything() -> None:
    assert not reaches(actor(), Thing(once_submitted=True))
    assert reaches(SYSTEM, Thing(once_stamped=False))


def test_two_roles_reach_what_either_does_but_do_not_lend_each_other_their_unit() -> None:
    both = actor(Grant(Role.AUTHOR, 2), Grant(Role.REVIEWER, 11))
    assert not reaches(both, Thing(centre_id=1, office_id=10))
    assert reaches(both, Thing(centre_id=2, office_id=10))
    assert reaches(both, Thing(centre_id=1, office_id=11))
    assert both.units(Role.AUTHOR) == {2}
