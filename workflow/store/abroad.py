"""Rows of the board of cases on their way abroad."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, joinedload

from workflow.store.among import among
from workflow.store.models import AuditEvent, Case, CaseEnglish, EnglishCheck, Push


def newest_pushes(session: Session, limit: int) -> list[Push]:
    """The newest push of each case that was ever pushed, with its case."""
    newest = select(func.max(Push.id)).group_by(Push.case_id)
    found = select(Push).where(Push.id.in_(newest)).order_by(Push.id.desc()).limit(limit)
    return list(session.scalars(found.options(joinedload(Push.case).joinedload(Case.centre))))


def since(session: Session, pushes: Sequence[Push]) -> dict[str, datetime]:
    """Stream → when the push came into its state."""
    if not pushes:
        return {}
    here = and_(AuditEvent.stream == Push.stream, AuditEvent.seq == Push.version)
    asked = select(Push.stream, AuditEvent.at).join(AuditEvent, here).where(among(Push.id, "ids"))
    return {stream: at for stream, at in session.execute(asked, {"ids": [one.id for one in pushes]})}


def moved(session: Session, cases: Sequence[Case]) -> dict[int, datetime]:
    """Case → when it came into its state."""
    if not cases:
        return {}
    here = and_(AuditEvent.stream == Case.stream, AuditEvent.seq == Case.version)
    asked = select(Case.id, AuditEvent.at).join(AuditEvent, here).where(among(Case.id, "ids"))
    return {case: at for case, at in session.execute(asked, {"ids": [one.id for one in cases]})}


def english_since(session: Session, cases: Sequence[int]) -> dict[int, datetime]:
    """Case → when its English was last saved or read; no entry where there is none."""
    if not cases:
        return {}
    saved = select(CaseEnglish.case_id, func.max(CaseEnglish.at)).where(among(CaseEnglish.case_id, "ids"))
    read = (
        select(CaseEnglish.case_id, func.max(EnglishCheck.at))
        .join(EnglishCheck, EnglishCheck.english_id == CaseEnglish.id)
        .where(among(CaseEnglish.case_id, "ids"))
    )
    found: dict[int, datetime] = {}
    for asked in (saved, read):
        for case, at in session.execute(asked.group_by(CaseEnglish.case_id), {"ids": list(cases)}):
            found[case] = max(at, found.get(case, at))
    return found
