"""Rows of a collection's proof: its version, notes and sign-offs; and the collections that everybody may read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session, defer, joinedload, selectinload

from states.reach import Actor
from workflow.store.models import Case, Collection, CollectionLine, CollectionNote, CollectionSignOff, Honour


def change(session: Session, collection_id: int, version: int, **columns: Any) -> bool:
    """Change a proof of this version, which becomes the next; its files are to be made anew. False: it is another one."""
    fresh: dict[str, Any] = {"made_at": None, "word_digest": "", "pdf_digest": "", "said": []}
    which = (Collection.id == collection_id) & (Collection.version == version)
    changed = update(Collection).where(which).values(version=version + 1, **fresh, **columns)
    return session.execute(changed.returning(Collection.id)).first() is not None


def note(
    session: Session,
    collection_id: int,
    kind: str,
    case_id: int | None,
    words: str,
    actor: Actor,
    at: datetime,
    about: str = "",
) -> None:
    session.execute(
        insert(CollectionNote).values(
            collection_id=collection_id,
            kind=kind,
            case_id=case_id,
            about=about,
            words=words,
            by_id=actor.id,
            absent_id=actor.absent_id,
            at=at,
        )
    )


def settle(session: Session, note_id: int, answer: str, at: datetime) -> None:
    session.execute(update(CollectionNote).where(CollectionNote.id == note_id).values(settled_at=at, answer=answer))


def notes(session: Session, collection_id: int, kind: str) -> list[CollectionNote]:
    """In their order."""
    asked = select(CollectionNote).where(CollectionNote.collection_id == collection_id, CollectionNote.kind == kind)
    return list(session.scalars(asked.options(joinedload(CollectionNote.by)).order_by(CollectionNote.id)))


def sign_offs(session: Session, collection_id: int, version: int, wording: str) -> list[CollectionSignOff]:
    """Of this version, of exactly this wording."""
    asked = select(CollectionSignOff).where(
        CollectionSignOff.collection_id == collection_id,
        CollectionSignOff.version == version,
        CollectionSignOff.wording == wording,
    )
    return list(session.scalars(asked.options(joinedload(CollectionSignOff.by)).order_by(CollectionSignOff.at)))


def sign_off(session: Session, collection_id: int, version: int, wording: str, actor: Actor, at: datetime) -> None:
    """Of whoever signed this version already with another wording, the present one counts."""
    hand = (CollectionSignOff.collection_id == collection_id) & (CollectionSignOff.version == version)
    session.execute(delete(CollectionSignOff).where(hand, CollectionSignOff.by_id == actor.id))
    session.execute(
        insert(CollectionSignOff).values(
            collection_id=collection_id,
            version=version,
            wording=wording,
            by_id=actor.id,
            absent_id=actor.absent_id,
            at=at,
        )
    )


def release(session: Session, collection_id: int, at: datetime) -> None:
    session.execute(update(Collection).where(Collection.id == collection_id).values(released_at=at))


def withdraw(session: Session, collection_id: int, why: str, at: datetime) -> None:
    session.execute(update(Collection).where(Collection.id == collection_id).values(withdrawn_at=at, withdrawn_why=why))


def locked(session: Session, collection_id: int) -> Collection | None:
    """A collection that nobody else changes meanwhile."""
    return session.scalar(select(Collection).where(Collection.id == collection_id).with_for_update(of=Collection))


def released(session: Session, collection_id: int | None = None) -> list[Collection]:
    """Collections with a web edition, the newest first, with their lines and cases; one that is asked for by its number
    also where that was withdrawn."""
    asked = select(Collection).where(Collection.released_at.is_not(None))
    if collection_id is None:
        asked = asked.where(Collection.withdrawn_at.is_(None))
    if collection_id is not None:
        asked = asked.where(Collection.id == collection_id)
    lines = selectinload(Collection.lines).joinedload(CollectionLine.case).options(defer(Case.form))
    return list(session.scalars(asked.options(lines).order_by(Collection.released_at.desc(), Collection.id.desc())))


# ---- honours ---------------------------------------------------------------------------------------------------------


def honours(session: Session, case_id: int) -> list[Honour]:
    """Those that a case holds, in the order in which they were recorded."""
    asked = select(Honour).where(Honour.case_id == case_id, Honour.ended_at.is_(None))
    return list(session.scalars(asked.order_by(Honour.id)))


def give_honour(session: Session, case_id: int, name: str, given_on: Any, actor: Actor, at: datetime) -> None:
    session.execute(
        insert(Honour).values(
            case_id=case_id, name=name, given_on=given_on, by_id=actor.id, absent_id=actor.absent_id, at=at
        )
    )


def end_honour(session: Session, honour_id: int, at: datetime) -> None:
    session.execute(update(Honour).where(Honour.id == honour_id).values(ended_at=at))
