"""Rows of what everybody may read: published cases, with their pictures and English."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import Session, load_only

from rules.call import BEIJING
from states.case import CaseState
from workflow.finding.queries import parse
from workflow.store import calls, words
from workflow.store.models import Case, CaseEnglish, Centre, Document, Office
from workflow.store.pages import FEW
from workflow.store.reach import Way

SHOWN = (CaseState.PUBLISHED, CaseState.WIPO_PUSHED)
"""States in which everybody may read a case; one that was retracted leaves a notice at its address."""


@dataclass(frozen=True)
class Wanted:
    """How the gallery is narrowed; empty means all. `year`: of publication, in Beijing; `call`: a call's number."""

    theme: str = ""
    office: int | None = None
    centre: int | None = None
    text: str = ""
    year: int | None = None
    call: str = ""


def page(session: Session, wanted: Wanted, after: tuple[datetime, int] | None, limit: int) -> list[Case]:
    """Cases that everybody may read, the newest published first, beyond a (published_at, id)."""
    # As the index of this order says; an index of states would make all that is published be put in order.
    statement = _narrowed(session, select(Case), wanted, state=Case.state + "").where(Case.published_at.is_not(None))
    if after is not None:
        at, case_id = after
        statement = statement.where(
            or_(Case.published_at < at, (Case.published_at == at) & (Case.id < case_id)),
        )
    return list(session.scalars(statement.order_by(Case.published_at.desc(), Case.id.desc()).limit(limit)))


def count(session: Session, wanted: Wanted) -> int:
    """How many cases that everybody may read fit, up to FEW + 1."""
    some = _narrowed(session, select(Case.id), wanted).limit(FEW + 1).subquery()
    return int(session.scalar(select(func.count()).select_from(some)) or 0)


def agreed(session: Session) -> ColumnElement[bool]:
    """Of a case: that somebody is on record as agreeing to its publication, or that its call asks nobody (consent.covers)."""
    unasked = [version for version, call in calls.every(session) if "consent_given" not in call.rules]
    return or_(Case.consent != "", Case.call_version_id.in_(unasked)) if unasked else Case.consent != ""


def _narrowed(session: Session, statement: Select[Any], wanted: Wanted, state: Any = Case.state) -> Select[Any]:
    statement = statement.where(state.in_([str(one) for one in SHOWN]), agreed(session))
    for column, value in (
        (Case.theme, wanted.theme),
        (Case.office_id, wanted.office),
        (Case.centre_id, wanted.centre),
        (Case.call_number, wanted.call),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.year:
        begins, ends = (datetime(year, 1, 1, tzinfo=BEIJING) for year in (wanted.year, wanted.year + 1))
        statement = statement.where(Case.published_at >= begins, Case.published_at < ends)
    if sought := wanted.text.strip():
        statement = statement.where(or_(_said(session, sought), Case.id.in_(_in_english(sought))))
    return statement


def _said(session: Session, sought: str) -> Any:
    """The words stand in what a case says, as the index of all cases has it: a case says no more there than its page."""
    query = parse(sought)
    if query.empty:
        return false()
    return Case.id.in_(words.meeting(session, words.matching(session, query, [Way()])))


def _in_english(sought: str) -> Select[Any]:
    """Cases whose present English says these words, one after the other."""
    fields = (CaseEnglish.title, CaseEnglish.summary, CaseEnglish.text)
    return (
        select(CaseEnglish.case_id)
        .join(Case, (Case.id == CaseEnglish.case_id) & (Case.content == CaseEnglish.of))
        .where(or_(*(one.icontains(sought, autoescape=True) for one in fields)))
    )


def hidden(session: Session, limit: int) -> list[Case]:
    """Published cases that nobody may read, because consent was taken back; those that moved longest ago."""
    asked = select(Case).where(Case.state.in_([str(one) for one in SHOWN]), ~agreed(session))
    return list(session.scalars(asked.order_by(Case.moved_at, Case.id).limit(limit)))


def by_number(session: Session, number: str) -> Case | None:
    """A case that is published now, or was and is retracted."""
    open_to_all = [str(state) for state in (*SHOWN, CaseState.RETRACTED)]
    return session.scalar(select(Case).where(Case.number == number, Case.state.in_(open_to_all)))


def pictures(session: Session, case_ids: list[int]) -> dict[int, list[Document]]:
    """Case → the pictures that count now and may be published, in their order."""
    found: dict[int, list[Document]] = {case_id: [] for case_id in case_ids}
    statement = select(Document).where(
        Document.case_id.in_(case_ids),
        Document.slot == "picture",
        Document.superseded_at.is_(None),
        Document.rights != "",
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
    return [(version, theme) for version, theme in session.execute(_narrowed(session, used, Wanted()))]


def offices(session: Session) -> list[Office]:
    """Offices with published cases."""
    theirs = Office.id.in_(_units(session, Case.office_id))
    return list(session.scalars(select(Office).where(theirs).order_by(Office.id)))


def centres(session: Session, office: int | None) -> list[Centre]:
    """Centres with published cases, of one office or all."""
    statement = select(Centre).where(Centre.id.in_(_units(session, Case.centre_id)))
    return list(
        session.scalars((statement.where(Centre.office_id == office) if office else statement).order_by(Centre.name))
    )


def _units(session: Session, column: Any) -> Select[Any]:
    return _narrowed(session, select(column), Wanted()).distinct()


def counted(session: Session) -> dict[str, dict[Any, int]]:
    """How many published cases there are of each "theme", "office", "centre" and "call"."""
    columns = {"theme": Case.theme, "office": Case.office_id, "centre": Case.centre_id, "call": Case.call_number}
    found: dict[str, dict[Any, int]] = {}
    for name, column in columns.items():
        asked: Any = select(column, func.count()).group_by(column)
        found[name] = {value: count for value, count in session.execute(_narrowed(session, asked, Wanted()))}
    return found


def span(session: Session) -> tuple[datetime, datetime] | None:
    """When the first and the last of what is published now were published."""
    asked: Any = select(func.min(Case.published_at), func.max(Case.published_at))
    first, last = session.execute(_narrowed(session, asked, Wanted())).one()
    return (first, last) if first and last else None


_MAPPED = (Case.number, Case.moved_at)


def newest(session: Session, limit: int) -> list[tuple[Case, bool]]:
    """What was published last, each with whether it has a current English version."""
    current = (
        select(CaseEnglish.id)
        .where(CaseEnglish.case_id == Case.id, CaseEnglish.of == Case.content)
        .exists()
        .label("english")
    )
    asked: Any = select(Case, current).options(load_only(*_MAPPED)).where(Case.published_at.is_not(None))
    narrowed = _narrowed(session, asked, Wanted(), state=Case.state + "")
    found = session.execute(narrowed.order_by(Case.published_at.desc()).limit(limit))
    return [(case, bool(english)) for case, english in found]
