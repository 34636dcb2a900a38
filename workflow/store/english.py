"""Rows of English: each paragraph as it was saved, the versions they made, readings by a second person, and terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.store.models import CaseEnglish, Document, EnglishCheck, EnglishParagraph, GlossaryTerm, Person
from workflow.wipo.bilingual import Composed, Passage, Rendering, Term


def renderings(session: Session, case_id: int) -> list[Rendering]:
    """The newest English of each paragraph that was ever translated."""
    newest = (
        select(func.max(EnglishParagraph.id))
        .where(EnglishParagraph.case_id == case_id)
        .group_by(EnglishParagraph.place, EnglishParagraph.zh, EnglishParagraph.nth)
    )
    rows = session.scalars(
        select(EnglishParagraph).where(EnglishParagraph.id.in_(newest)).order_by(EnglishParagraph.id)
    )
    return [Rendering(one.id, Passage(one.place, one.zh, one.nth), one.en, one.by_id) for one in rows]


def put(session: Session, case_id: int, written: Mapping[Passage, str], actor: Actor, at: datetime) -> None:
    rows = [
        {"place": one.place, "zh": one.zh, "nth": one.nth, "en": en, "case_id": case_id, "by_id": actor.id, "at": at}
        for one, en in written.items()
    ]
    session.execute(insert(EnglishParagraph), rows)


def compose(session: Session, row: Any, made: Composed, left_open: int, actor: Actor, at: datetime) -> None:
    """The next English version of a case."""
    session.execute(
        insert(CaseEnglish).values(
            case_id=row.id,
            title=made.title,
            summary=made.summary,
            text=made.text,
            of="" if left_open else row.content,
            open=left_open,
            by_id=actor.id,
            at=at,
        )
    )


def captions(session: Session, case_id: int) -> list[str]:
    """What stands under the pictures that count now, in their order."""
    found = select(Document.caption).where(
        Document.case_id == case_id,
        Document.slot == "picture",
        Document.superseded_at.is_(None),
        Document.caption != "",
    )
    return list(session.scalars(found.order_by(Document.id)))


def names(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Person → name."""
    return {one.id: one.name for one in session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))}


def check(session: Session, english_id: int, passed: bool, words: str, actor: Actor, at: datetime) -> None:
    session.execute(
        insert(EnglishCheck).values(english_id=english_id, passed=passed, words=words, by_id=actor.id, at=at)
    )


def checks(session: Session, case_id: int) -> list[EnglishCheck]:
    """Every reading of any version of a case's English, the newest first."""
    of_case = select(CaseEnglish.id).where(CaseEnglish.case_id == case_id)
    found = select(EnglishCheck).where(EnglishCheck.english_id.in_(of_case)).order_by(EnglishCheck.id.desc())
    return list(session.scalars(found))


def saved_since(session: Session, case_id: int, at: datetime) -> set[int]:
    """Paragraphs (ids of rows) that were saved after an instant."""
    found = select(EnglishParagraph.id).where(EnglishParagraph.case_id == case_id, EnglishParagraph.at > at)
    return set(session.scalars(found))


# ---- terms -----------------------------------------------------------------------------------------------------------


def terms(session: Session) -> list[Term]:
    """The list as it is now, in the order of the Chinese."""
    found = session.scalars(select(GlossaryTerm).where(GlossaryTerm.removed_at.is_(None)).order_by(GlossaryTerm.zh))
    return [Term(one.id, one.zh, one.en, one.note) for one in found]


def put_term(session: Session, zh: str, en: str, note: str, by: int | None, at: datetime) -> str:
    """Keep a term instead of the one that the word had; gives what that was, "" for none."""
    before = session.scalar(select(GlossaryTerm.en).where(GlossaryTerm.zh == zh, GlossaryTerm.removed_at.is_(None)))
    remove_term(session, zh, at)
    session.execute(insert(GlossaryTerm).values(zh=zh, en=en, note=note, by_id=by, at=at))
    return before or ""


def remove_term(session: Session, zh: str, at: datetime) -> bool:
    """Take a word off the list; whether it was there."""
    taken = update(GlossaryTerm).where(GlossaryTerm.zh == zh, GlossaryTerm.removed_at.is_(None)).values(removed_at=at)
    return bool(session.execute(taken.returning(GlossaryTerm.id)).all())


def any_term(session: Session) -> bool:
    """Whether the list ever held a word."""
    return session.scalar(select(GlossaryTerm.id).limit(1)) is not None
