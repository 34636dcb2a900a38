"""Reach as a query: the same conditions as `states.reach`, turned into SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from states.reach import REACH, Actor, Condition, Grant
from workflow.store.models import Case


def reachable(actor: Actor) -> ColumnElement[bool]:
    """The WHERE that leaves only the cases that this person reaches."""
    return or_(false(), *(_meets(grant) for grant in actor.grants))


def _meets(grant: Grant) -> ColumnElement[bool]:
    conditions = REACH[grant.role]
    if conditions is None:
        return false()
    clauses: dict[Condition, ColumnElement[bool]] = {
        Condition.OWN_CENTRE: Case.centre_id == grant.unit,
        Condition.OWN_OFFICE: Case.office_id == grant.unit,
        Condition.ONCE_STAMPED: Case.first_stamped_at.is_not(None),
        Condition.ONCE_SUBMITTED: Case.first_submitted_at.is_not(None),
    }
    return and_(true(), *(clauses[condition] for condition in conditions))


@dataclass(frozen=True)
class Whereabouts:
    """What reach depends on, of one row of a case."""

    centre_id: int
    office_id: int
    once_stamped: bool
    once_submitted: bool


def whereabouts(row: Any) -> Whereabouts:
    """For `states.reach.reaches`, from a row that was read anyway."""
    return Whereabouts(
        row.centre_id, row.office_id, row.first_stamped_at is not None, row.first_submitted_at is not None
    )
