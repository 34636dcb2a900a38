"""Who a person is here, and what they reach. What one cannot reach does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from rules.roles import Level, Role
from rules.words import Labelled
from states.lifecycle import Standing, Transition


@dataclass(frozen=True)
class Grant:
    """A role, and the centre or office that it is held at (None at the national office)."""

    role: Role
    unit: int | None = None


@dataclass(frozen=True)
class Absent:
    """Whoever another person stands in for."""

    id: int
    name: str


@dataclass(frozen=True)
class Actor:
    """Somebody who acts: a signed-in person, or the system itself (id 0).

    A stand-in acts with the absent person's roles alone, and is called “A 代 B” wherever a name is written.
    """

    id: int
    name: str
    grants: frozenset[Grant] = frozenset()
    absent: Absent | None = None

    @property
    def both(self) -> tuple[int, ...]:
        """Who acts, and whom they stand in for, if anybody."""
        return (self.id, self.absent.id) if self.absent else (self.id,)

    @property
    def absent_id(self) -> int | None:
        return self.absent.id if self.absent else None

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.grants)

    def units(self, *roles: Role) -> frozenset[int]:
        """The centres or offices at which one of the roles is held."""
        return frozenset(grant.unit for grant in self.grants if grant.role in roles and grant.unit is not None)


ALONE = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
"""Roles that nobody holds beside another: who keeps the accounts has no rights in cases, who supervises changes nothing."""

UNLENT = frozenset({Role.JUDGE, Role.AUDITOR, Role.ADMINISTRATOR, Role.SYSTEM})
"""Roles in which nobody stands in for another: a judgement is one's own, and keys and supervision are not handed on."""


def lent(absent: Iterable[Grant], stand_in: Iterable[Grant]) -> frozenset[Grant]:
    """What a stand-in takes on: the absent person's roles at each centre or office, or at the national office, where the
    stand-in works with cases too. Nobody comes to reach another house in that way."""
    homes = {(one.role.level, one.unit) for one in stand_in if one.role not in UNLENT}
    return frozenset(one for one in absent if one.role not in UNLENT and (one.role.level, one.unit) in homes)


def standing_in(own: Actor, absent: Actor) -> Actor:
    """A person acting for an absent one: with what is lent, and under both names. Nobody lends on what is lent."""
    if own.absent or absent.absent:
        raise ValueError("what is lent is not lent on")
    name = f"{own.name} 代 {absent.name}"
    return Actor(own.id, name, lent(absent.grants, own.grants), Absent(absent.id, absent.name))


SYSTEM = Actor(0, "系统", frozenset({Grant(Role.SYSTEM)}))


def holds(actor: Actor, transition: Transition, standing: Standing) -> Role | None:
    """The role in which the actor may take a step, at the unit the thing belongs to; None when nobody's."""
    for grant in actor.grants:
        if grant.role in transition.by and _at_home(grant, standing):
            return grant.role
    return None


def _at_home(grant: Grant, standing: Standing) -> bool:
    if grant.role.level is Level.CENTRE:
        return grant.unit is not None and grant.unit == standing.centre
    if grant.role.level is Level.OFFICE:
        return grant.unit is not None and grant.unit == standing.office
    return True


class Condition(Labelled):
    """What must hold for a role to reach a case: read by `reaches` here and turned into SQL by `workflow.store`."""

    OWN_CENTRE = "own_centre", "本中心的案例", "Cases of the own centre"
    OWN_OFFICE = "own_office", "本主管部门的案例", "Cases of the own office"
    ONCE_STAMPED = "once_stamped", "曾经盖章", "Once stamped"
    ONCE_SUBMITTED = "once_submitted", "曾经报送", "Once submitted"


NOTHING: None = None
EVERYTHING: frozenset[Condition] = frozenset()
_NATIONAL = frozenset({Condition.ONCE_SUBMITTED})
_OFFICE = frozenset({Condition.OWN_OFFICE, Condition.ONCE_STAMPED})
_CENTRE = frozenset({Condition.OWN_CENTRE})

REACH: Mapping[Role, frozenset[Condition] | None] = {
    Role.AUTHOR: _CENTRE,
    Role.SEALER: _CENTRE,
    Role.REVIEWER: _OFFICE,
    Role.LEADER: _OFFICE,
    Role.DESK: _NATIONAL,
    Role.DIRECTOR: _NATIONAL,
    Role.EDITOR: _NATIONAL,
    Role.TRANSLATOR: _NATIONAL,
    Role.CHECKER: _NATIONAL,
    Role.LIAISON: _NATIONAL,
    Role.JUDGE: NOTHING,
    Role.AUDITOR: EVERYTHING,
    Role.ADMINISTRATOR: NOTHING,
    Role.SYSTEM: EVERYTHING,
}
"""Role → all conditions that must hold; NOTHING reaches no case. Source: docs/decisions.md 21."""


class Reachable(Protocol):
    """What `reaches` looks at."""

    @property
    def centre_id(self) -> int: ...
    @property
    def office_id(self) -> int: ...
    @property
    def once_stamped(self) -> bool: ...
    @property
    def once_submitted(self) -> bool: ...


def reaches(actor: Actor, case: Reachable) -> bool:
    """Whether a person reaches a case in any of their roles."""
    return any(_meets(grant, case) for grant in actor.grants)


def _meets(grant: Grant, case: Reachable) -> bool:
    conditions = REACH[grant.role]
    if conditions is None:
        return False
    checks = {
        Condition.OWN_CENTRE: grant.unit == case.centre_id,
        Condition.OWN_OFFICE: grant.unit == case.office_id,
        Condition.ONCE_STAMPED: case.once_stamped,
        Condition.ONCE_SUBMITTED: case.once_submitted,
    }
    return all(checks[condition] for condition in conditions)
