"""Rows that people add to a case after it was selected."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store.models import Case, CaseEnglish, Document, EffectCheck, SignOff


def english(session: Session, case_id: int) -> CaseEnglish | None:
    """The newest English version."""
    statement = select(CaseEnglish).where(CaseEnglish.case_id == case_id)
    return session.scalar(statement.order_by(CaseEnglish.id.desc()).limit(1))


def set_columns(session: Session, case_id: int, **columns: str) -> None:
    session.execute(update(Case).where(Case.id == case_id).values(**columns))


def pictures(session: Session, case_id: int) -> list[Document]:
    """The pictures of a case that count now, in their order."""
    asked = select(Document).where(
        Document.case_id == case_id, Document.slot == "picture", Document.superseded_at.is_(None)
    )
    return list(session.scalars(asked.order_by(Document.id)))


def allow_picture(session: Session, document_id: int, rights: str) -> None:
    session.execute(update(Document).where(Document.id == document_id).values(rights=rights))


def sign_off(session: Session, row: Any, actor: Actor, at: datetime) -> None:
    session.execute(
        insert(SignOff).values(case_id=row.id, content=row.content, by_id=actor.id, absent_id=actor.absent_id, at=at)
    )


def check_effect(session: Session, row: Any, passed: bool, words: str, actor: Actor, at: datetime) -> None:
    """Keep a second person's word on why the effect of a case is outstanding."""
    session.execute(
        insert(EffectCheck).values(
            case_id=row.id,
            effect=row.effect,
            content=row.content,
            passed=passed,
            words=words,
            by_id=actor.id,
            absent_id=actor.absent_id,
            at=at,
        )
    )


def effect_check(session: Session, case_id: int) -> EffectCheck | None:
    """The newest word on why the effect is outstanding."""
    found = select(EffectCheck).where(EffectCheck.case_id == case_id)
    return session.scalar(found.order_by(EffectCheck.id.desc()).limit(1))


def sign_offs(session: Session, case_id: int) -> list[SignOff]:
    """Every sign-off ever given, the newest first."""
    return list(session.scalars(select(SignOff).where(SignOff.case_id == case_id).order_by(SignOff.id.desc())))
