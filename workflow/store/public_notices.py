"""Rows of public notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session, joinedload

from states.case import CaseState
from workflow.store.models import Case, PublicNotice, PublicNoticeLine


def insert_notice(
    session: Session, version: int, lines: Sequence[dict[str, Any]], last_day: date, by: int, at: datetime
) -> int:
    """A list with its lines, each with its case as it is put up; gives the list's id."""
    values = {"call_version_id": version, "put_up_at": at, "last_day": last_day, "by_id": by}
    number = int(session.execute(insert(PublicNotice).values(**values).returning(PublicNotice.id)).scalar_one())
    session.execute(insert(PublicNoticeLine), [{"notice_id": number, **line} for line in lines])
    return number


def lock_cases(session: Session, ids: Sequence[int]) -> None:
    """Nobody moves these cases, nor takes a step on them, until the transaction ends."""
    session.execute(select(Case.id).where(Case.id.in_(ids)).order_by(Case.id).with_for_update())


def take_down(session: Session, number: int, remark: str, at: datetime) -> None:
    session.execute(update(PublicNotice).where(PublicNotice.id == number).values(taken_down_at=at, remark=remark))
    standing = PublicNoticeLine.void_at.is_(None)
    session.execute(update(PublicNoticeLine).where(PublicNoticeLine.notice_id == number, standing).values(void_at=at))


def one(session: Session, number: int) -> PublicNotice | None:
    return session.get(PublicNotice, number, options=[joinedload(PublicNotice.by)], populate_existing=True)


def newest(session: Session, limit: int) -> list[PublicNotice]:
    """The newest lists first."""
    return list(session.scalars(select(PublicNotice).order_by(PublicNotice.id.desc()).limit(limit)))


def lines(session: Session, number: int) -> list[PublicNoticeLine]:
    """The lines of a list in the order of their cases' numbers, with those taken off since."""
    statement = select(PublicNoticeLine).join(Case).where(PublicNoticeLine.notice_id == number)
    statement = statement.order_by(Case.number).options(joinedload(PublicNoticeLine.case))
    return list(session.scalars(statement.execution_options(populate_existing=True)))


def counts(session: Session, numbers: Sequence[int]) -> dict[int, int]:
    """List → how many lines it has."""
    statement = (
        select(PublicNoticeLine.notice_id, func.count())
        .where(PublicNoticeLine.notice_id.in_(numbers))
        .group_by(PublicNoticeLine.notice_id)
    )
    return {number: count for number, count in session.execute(statement)}


def waiting(session: Session, versions: Sequence[int]) -> list[Case]:
    """Cases under these versions of calls that are shortlisted, or retracted, and stand in no list; by number."""
    listed = select(PublicNoticeLine.case_id).where(PublicNoticeLine.void_at.is_(None))
    statement = select(Case).where(
        Case.state.in_([str(CaseState.SHORTLISTED), str(CaseState.RETRACTED)]),
        Case.call_version_id.in_(versions),
        Case.id.not_in(listed),
    )
    return list(session.scalars(statement.order_by(Case.number).execution_options(populate_existing=True)))
