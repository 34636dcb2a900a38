"""Reach as a query: the same conditions as `states.reach`, turned into SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from states.reach import REACH, Actor, Condition, Grant
from workflow.store.models import Case


@dataclass(frozen=True)
class Way:
    """One way in which somebody reaches cases: all of it must hold. Nothing asked: every case."""

    centre: int | None = None
    office: int | None = None
    stamped: bool = False
    submitted: bool = False

    def within(self, other: Way) -> bool:
        """Whether whatever is reached by this way is reached by the other."""
        return (
            other.centre in (None, self.centre)
            and other.office in (None, self.office)
            and (self.stamped or not other.stamped)
            and (self.submitted or not other.submitted)
        )

    @property
    def clause(self) -> ColumnElement[bool]:
        return and_(
            true(),
            *([Case.centre_id == self.centre] if self.centre is not None else []),
            *([Case.office_id == self.office] if self.office is not None else []),
            *([Case.first_stamped_at.is_not(None)] if self.stamped else []),
            *([Case.first_submitted_at.is_not(None)] if self.submitted else []),
        )


def ways(actor: Actor) -> tuple[Way, ...]:
    """The ways in which a person reaches cases, none of them within another, in a stable order.

    Each is answered by an index; all at once, with OR between them, would be answered by none.
    """
    found = {way for grant in actor.grants if (way := _way(grant)) is not None}
    widest = {one for one in found if not any(one != other and one.within(other) for other in found)}
    return tuple(sorted(widest, key=repr))


_AT_A_UNIT = frozenset({Condition.OWN_CENTRE, Condition.OWN_OFFICE})


def _way(grant: Grant) -> Way | None:
    conditions = REACH[grant.role]
    if conditions is None or (conditions & _AT_A_UNIT and grant.unit is None):
        return None
    return Way(
        centre=grant.unit if Condition.OWN_CENTRE in conditions else None,
        office=grant.unit if Condition.OWN_OFFICE in conditions else None,
        stamped=Condition.ONCE_STAMPED in conditions,
        submitted=Condition.ONCE_SUBMITTED in conditions,
    )


def reachable(actor: Actor) -> ColumnElement[bool]:
    """The WHERE that leaves only the cases that this person reaches."""
    return or_(false(), *(way.clause for way in ways(actor)))


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
