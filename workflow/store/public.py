"""Rows of what everybody may read: published cases, with their pictures and English."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from states.case import CaseState
from workflow.store.models import Case, CaseEnglish, Centre, Document, Office
from workflow.store.pages import FEW

SHOWN = (CaseState.PUBLISHED, CaseState.WIPO_PUSHED)
"""States in which everybody may read a case; one that was retracted leaves a notice at its address."""


@dataclass(frozen=True)
class Wanted:
    """How the gallery is narrowed; empty means all."""

    theme: str = ""
    office: int | None = None
    centre: int | None = None
    text: str = ""


def page(session: Session, wanted: Wanted, after: tuple[datetime, int] | None, limit: int) -> list[Case]:
    """Published cases, the newest first, beyond a (published_at, id)."""
    # As the index of this order says; an index of states would make all that is published be put in order.
    statement = _narrowed(select(Case), wanted, state=Case.state + "").where(Case.published_at.is_not(None))
    if after is not None:
        at, case_id = after
        statement = statement.where(
            or_(Case.published_at < at, (Case.published_at == at) & (Case.id < case_id)),
        )
    return list(session.scalars(statement.order_by(Case.published_at.desc(), Case.id.desc()).limit(limit)))


def count(session: Session, wanted: Wanted) -> int:
    """How many published cases fit, up to FEW + 1."""
    some = _narrowed(select(Case.id), wanted).limit(FEW + 1).subquery()
    return int(session.scalar(select(func.count()).select_from(some)) or 0)


def _narrowed(statement: Select[Any], wanted: Wanted, state: Any = Case.state) -> Select[Any]:
    statement = statement.where(state.in_([str(one) for one in SHOWN]))
    for column, value in (
        (Case.theme, wanted.theme),
        (Case.office_id, wanted.office),
        (Case.centre_id, wanted.centre),
    ):
        if value:
            statement = statement.where(column == value)
    words = wanted.text.strip()
    if words:
        named = select(Centre.id).where(Centre.name.contains(words, autoescape=True))
        english = select(CaseEnglish.case_id).where(
            CaseEnglish.of == Case.content,
            or_(
                CaseEnglish.title.icontains(words, autoescape=True),
                CaseEnglish.summary.icontains(words, autoescape=True),
            ),
        )
        statement = statement.where(
            or_(
                Case.title.contains(words, autoescape=True),
                Case.recipient.contains(words, autoescape=True),
                Case.number.icontains(words, autoescape=True),
                Case.theme_name.contains(words, autoescape=True),
                Case.centre_id.in_(named),
                Case.id.in_(english),
            )
        )
    return statement


def by_number(session: Session, number: str) -> Case | None:
    """A case that is published now, or was and is retracted."""
    open_to_all = [str(state) for state in (*SHOWN, CaseState.RETRACTED)]
    return session.scalar(select(Case).where(Case.number == number, Case.state.in_(open_to_all)))


def pictures(session: Session, case_ids: list[int]) -> dict[int, list[Document]]:
    """Case → the pictures that count now, in their order."""
    found: dict[int, list[Document]] = {case_id: [] for case_id in case_ids}
    statement = select(Document).where(
        Document.case_id.in_(case_ids), Document.slot == "picture", Document.superseded_at.is_(None)
    )
    for one in session.scalars(statement.order_by(Document.id)):
        if one.case_id is not None:
            found[one.case_id].append(one)
    return found


def english(session: Session, cases: list[Case]) -> dict[int, CaseEnglish]:
    """Case → its newest English version, where that translates the present content."""
    newest = (
        select(func.max(CaseEnglish.id))
        .where(CaseEnglish.case_id.in_([case.id for case in cases]))
        .group_by(CaseEnglish.case_id)
    )
    content = {case.id: case.content for case in cases}
    found = session.scalars(select(CaseEnglish).where(CaseEnglish.id.in_(newest)))
    return {one.case_id: one for one in found if one.of == content[one.case_id]}


def themes(session: Session) -> list[tuple[int, str]]:
    """(version of the call, theme) of published cases, each once."""
    used: Any = select(Case.call_version_id, Case.theme).distinct()
    return [(version, theme) for version, theme in session.execute(_narrowed(used, Wanted()))]


def offices(session: Session) -> list[Office]:
    """Offices with published cases."""
    return list(session.scalars(select(Office).where(Office.id.in_(_units(Case.office_id))).order_by(Office.id)))


def centres(session: Session, office: int | None) -> list[Centre]:
    """Centres with published cases, of one office or all."""
    statement = select(Centre).where(Centre.id.in_(_units(Case.centre_id)))
    return list(
        session.scalars((statement.where(Centre.office_id == office) if office else statement).order_by(Centre.name))
    )


def _units(column: Any) -> Select[Any]:
    return _narrowed(select(column), Wanted()).distinct()
