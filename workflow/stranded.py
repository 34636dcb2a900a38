"""无人可办: steps that are waited for and that no account in use can take, by unit and role; no case is named."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rules.roles import Level, Role
from rules.words import Text
from states.case import CaseState
from states.reach import Actor
from states.route import lifecycle_of
from workflow.boards import NATIONAL
from workflow.identity.stand_ins import Presence
from workflow.store import calls as stored_calls
from workflow.store import stranded as stored
from workflow.store.models import Centre, Office


@dataclass(frozen=True)
class Stranded:
    """So many cases wait for a step that nobody at the unit can take. `unit`: "" at the national office."""

    level: Level
    unit: str
    step: Text
    roles: tuple[Role, ...]
    cases: int


_ONWARD = tuple(
    str(one)
    for one in CaseState
    if one not in (CaseState.WITHDRAWN, CaseState.NOT_RECOMMENDED, CaseState.NOT_SELECTED, CaseState.RETRACTED)
    and one not in (CaseState.PUBLISHED, CaseState.WIPO_PUSHED)
)
"""States in which somebody is waited for under some call."""


def every(session: Session, actor: Actor, at: datetime) -> list[Stranded]:
    """What is stranded where this person can do something about it, or look after it.

    Whoever is away today counts only through their stand-in. The administrator, the national office and the auditor: everywhere; an office: at itself and its centres. Others: nothing.
    """
    everywhere = bool(actor.roles & (NATIONAL | {Role.ADMINISTRATOR}))
    offices = actor.units(Role.REVIEWER, Role.LEADER)
    if not everywhere and not offices:
        return []
    presence = Presence(session, at)
    held = stored.held(session, presence.away) | {(str(one.role), one.unit) for _, one in presence.lent()}
    found: dict[tuple[Level, int | None, Text, tuple[Role, ...]], int] = defaultdict(int)
    for row in stored.waiting(session, _ONWARD):
        if not everywhere and row.office_id not in offices:
            continue
        lived = lifecycle_of(stored_calls.call_of(session, row.call_version_id).route)
        if row.state in lived.resting:
            continue
        step = next((one for one in lived.leaving(row.state) if not one.backward), None)
        if step is None:
            continue
        level = step.by[0].level
        unit = {Level.CENTRE: row.centre_id, Level.OFFICE: row.office_id}.get(level)
        if not any((str(role), unit) in held for role in step.by):
            found[level, unit, step.label, step.by] += row.cases
    return _named(session, found)


def _named(session: Session, found: dict[tuple[Level, int | None, Text, tuple[Role, ...]], int]) -> list[Stranded]:
    names = {
        level: stored.names(session, model, {unit for at, unit, *_ in found if at is level and unit is not None})
        for level, model in ((Level.CENTRE, Centre), (Level.OFFICE, Office))
    }
    made = [
        Stranded(level, names.get(level, {}).get(unit or 0, ""), step, roles, cases)
        for (level, unit, step, roles), cases in found.items()
    ]
    return sorted(made, key=lambda one: (list(Level).index(one.level), -one.cases, one.unit))
