"""Rows of rulings on pairs, and of requests for them."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, insert, select
from sqlalchemy.orm import Session, aliased

from rules.facts import Ruling
from states.case import CaseState
from states.reach import Actor
from workflow.store import prior
from workflow.store.models import Adjudication, BatchLine, Case, PriorReport, RulingRequest
from workflow.store.reach import reachable


def rule(session: Session, pair: prior.Similar, ruling: Ruling, reason: str, actor: Actor, at: datetime) -> None:
    session.execute(
        insert(Adjudication).values(
            case_id=pair.case_id,
            other_id=pair.other_id,
            prior_id=pair.prior_id,
            ruling=str(ruling),
            reason=reason,
            by_id=actor.id,
            absent_id=actor.absent_id,
            at=at,
        )
    )


def ask(session: Session, pair: prior.Similar, note: str, actor: Actor, at: datetime) -> None:
    session.execute(
        insert(RulingRequest).values(
            case_id=pair.case_id, other_id=pair.other_id, prior_id=pair.prior_id, note=note, by_id=actor.id, at=at
        )
    )


def asked_of(session: Session, office_ids: frozenset[int]) -> list[Case]:
    """Cases of an office for which a ruling was asked before they were stamped, the oldest first."""
    asked = select(RulingRequest.case_id)
    return list(
        session.scalars(select(Case).where(Case.id.in_(asked), Case.office_id.in_(office_ids)).order_by(Case.id))
    )


_OPEN = (CaseState.CENTRE_STAMPED, CaseState.PROVINCE_REVIEWED, CaseState.SUBMITTED)


def undecided(session: Session, seen_by: Actor, limit: int = 500) -> list[Case]:
    """Cases within reach that are still on their way to a decision, the oldest first."""
    return list(
        session.scalars(select(Case).where(reachable(seen_by), Case.state.in_(_OPEN)).order_by(Case.id).limit(limit))
    )


def imported(session: Session, prior_id: int) -> PriorReport | None:
    return session.get(PriorReport, prior_id)


@cache
def _before_in_batch() -> Select[Case]:
    mine, other = aliased(BatchLine), aliased(BatchLine)
    return (
        select(Case)
        .join(other, other.case_id == Case.id)
        .join(mine, mine.batch_id == other.batch_id)
        .where(mine.case_id == bindparam("case"), mine.dropped_at.is_(None), other.dropped_at.is_(None))
        .where(other.position < mine.position, Case.state == CaseState.PROVINCE_REVIEWED)
        .order_by(other.position)
    )


def before_in_batch(session: Session, case_id: int) -> list[Case]:
    """Reviewed cases that stand before this one in the batch that it is in, in order."""
    return list(session.scalars(_before_in_batch(), {"case": case_id}))


def lock(session: Session, case_id: int) -> None:
    """Others who act on this case wait."""
    session.execute(select(Case.id).where(Case.id == case_id).with_for_update())


def case(session: Session, case_id: int) -> Case | None:
    return session.get(Case, case_id)
