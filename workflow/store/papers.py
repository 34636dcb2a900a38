"""Rows of files and seals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from states.reach import Actor
from workflow.engine import Receipt
from workflow.store import trail
from workflow.store.among import among
from workflow.store.models import (
    ArrivalFile,
    ArrivalPaper,
    AuditEvent,
    Batch,
    BatchLine,
    Case,
    Collection,
    Document,
    ImportedCase,
    MadeFile,
    ObjectionFile,
    Push,
    RefusedFile,
    Seal,
    SignatureCheck,
)


@dataclass(frozen=True)
class Kept:
    """A vetted file whose bytes lie in the document store already."""

    name: str
    media_type: str
    digest: str
    size: int
    caption: str = ""
    sm3: str = ""
    """Of the file as it was received."""
    received: str = ""
    """SHA-256 of the file as it was received, where what is kept was cleaned; else empty."""

    @property
    def listed(self) -> dict[str, str | int]:
        """The file as an event names it."""
        plain: dict[str, str | int] = {"name": self.name, "sha256": self.digest, "size": self.size}
        return plain | {name: one for name, one in (("sm3", self.sm3), ("received", self.received)) if one}


@dataclass(frozen=True)
class Owner:
    """What a file belongs to: a case or a batch, with its stream."""

    stream: str
    case_id: int | None = None
    batch_id: int | None = None
    office_id: int | None = None
    revision: int | None = None

    @property
    def columns(self) -> dict[str, int | None]:
        return {"case_id": self.case_id, "batch_id": self.batch_id}


def attach(
    session: Session, owner: Owner, slot: str, files: Sequence[Kept], actor: Actor, at: datetime, op: str
) -> tuple[list[int], Receipt]:
    """Name files in a slot; what lay there before is kept, and superseded. One event for all of them."""
    where = Document.case_id == owner.case_id if owner.case_id else Document.batch_id == owner.batch_id
    session.execute(
        update(Document).where(where, Document.slot == slot, Document.superseded_at.is_(None)).values(superseded_at=at)
    )
    ids = [
        session.execute(
            insert(Document)
            .values(
                **owner.columns,
                slot=slot,
                name=one.name,
                media_type=one.media_type,
                digest=one.digest,
                size=one.size,
                caption=one.caption,
                revision=owner.revision,
                by_id=actor.id,
                absent_id=actor.absent_id,
                at=at,
            )
            .returning(Document.id)
        ).scalar_one()
        for one in files
    ]
    data = {"slot": slot, "files": [one.listed for one in files]}
    receipt = note(session, owner, "document.attach", data, actor, at, op)
    return ids, receipt


def put_attachment(
    session: Session,
    owner: Owner,
    paper: str,
    fresh: Kept | None,
    gone: Document | None,
    actor: Actor,
    at: datetime,
    revision: int,
) -> Receipt:
    """Name a file for a paper, in the place of another or of none, or take that one off. One event for both."""
    data: dict[str, Any] = {"slot": "attachment", "paper": paper, "files": [fresh.listed] if fresh else []}
    if gone is not None:
        session.execute(update(Document).where(Document.id == gone.id).values(superseded_at=at))
        data["gone"] = [{"name": gone.name, "sha256": gone.digest, "size": gone.size}]
    if fresh is not None:
        session.execute(
            insert(Document).values(
                case_id=owner.case_id,
                slot="attachment",
                paper=paper,
                name=fresh.name,
                media_type=fresh.media_type,
                digest=fresh.digest,
                size=fresh.size,
                revision=revision,
                by_id=actor.id,
                absent_id=actor.absent_id,
                at=at,
            )
        )
    return note(session, owner, "document.attach" if fresh else "document.detach", data, actor, at)


def seal(
    session: Session,
    owner: Owner,
    document: int,
    unit: str,
    content: str,
    actor: Actor,
    at: datetime,
    *,
    signed: bool = False,
    listed: dict[str, Any] | None = None,
) -> None:
    """What a person read on a sealed scan, or a signature says, bound to the content that was sealed.

    `listed`: the lines of a summary table.
    """
    values = {"document_id": document, "unit": unit, "content": content, "signed": signed, "listed": listed}
    session.execute(insert(Seal).values(**owner.columns, **values, by_id=actor.id, absent_id=actor.absent_id, at=at))


def checked(session: Session, digest: str, outcome: str, unit: str, content: str, as_of: datetime, roots: str) -> None:
    """What verifying a signed file came to, under the digest of its bytes; the first instant that was asked about stays.

    `roots`: fingerprint of the root certificates.
    """
    found = session.get(SignatureCheck, digest)
    if found is None:
        row = SignatureCheck(digest=digest, outcome=outcome, unit=unit, content=content, as_of=as_of, roots=roots)
        session.add(row)
    elif (found.outcome, found.roots) != (outcome, roots):
        found.outcome, found.roots = outcome, roots
    session.flush()


def signed(session: Session, cases: Sequence[int], batch: int | None) -> list[SignatureCheck]:
    """What verifying came to for the electronic seals that count of these cases, of a batch and of its lines."""
    newest = [select(func.max(Seal.id)).where(among(Seal.case_id, "ids")).group_by(Seal.case_id)]
    if batch is not None:
        lines = select(BatchLine.case_id).where(BatchLine.batch_id == batch, BatchLine.dropped_at.is_(None))
        newest.append(select(func.max(Seal.id)).where(Seal.case_id.in_(lines)).group_by(Seal.case_id))
        newest.append(select(func.max(Seal.id)).where(Seal.batch_id == batch))
    statement = (
        select(SignatureCheck)
        .join(Document, Document.digest == SignatureCheck.digest)
        .join(Seal, Seal.document_id == Document.id)
        .where(Seal.signed, or_(*(Seal.id.in_(one) for one in newest)))
        .distinct()
    )
    return list(session.scalars(statement, {"ids": list(cases)}))


def outdated(session: Session, roots: str, awaiting: str) -> list[SignatureCheck]:
    """What was found under other roots than these, or is awaited; the newest seals first."""
    left = or_(SignatureCheck.roots != roots, SignatureCheck.outcome == awaiting)
    return list(session.scalars(select(SignatureCheck).where(left).order_by(SignatureCheck.as_of.desc())))


def check_of(session: Session, seal: Seal) -> Any:
    """A seal with what verifying the signature of its document came to, as `facts.signature` reads it."""
    statement = (
        select(
            Seal.unit,
            Seal.content,
            Seal.signed,
            SignatureCheck.outcome,
            SignatureCheck.unit.label("signer"),
            SignatureCheck.content.label("signed_content"),
        )
        .join(Document, Document.id == Seal.document_id)
        .outerjoin(SignatureCheck, SignatureCheck.digest == Document.digest)
        .where(Seal.id == seal.id)
    )
    return session.execute(statement).one()


def note(
    session: Session,
    owner: Owner,
    action: str,
    data: dict[str, Any],
    actor: Actor,
    at: datetime,
    op: str = "",
    outcome: str = "done",
) -> Receipt:
    """An event beside the transitions: in the stream of the thing's content, which has one writer at a time."""
    model, owned = (Case, owner.case_id) if owner.case_id else (Batch, owner.batch_id)
    session.execute(select(model.id).where(model.id == owned).with_for_update())
    [receipt] = trail.append(
        session,
        [
            trail.Entry(
                stream=f"{owner.stream}/content",
                action=action,
                outcome=outcome,
                at=at,
                actor=actor,
                op=f"{op}:{action}:{owner.stream}" if op else None,
                case_id=owner.case_id,
                office_id=owner.office_id,
                data=data,
            )
        ],
    )
    return receipt


def noted(session: Session, owner: Owner, action: str, op: str) -> Receipt | None:
    """The receipt of a note that this form already made."""
    if not op:
        return None
    found = session.scalar(select(AuditEvent).where(AuditEvent.op == f"{op}:{action}:{owner.stream}"))
    return Receipt(found.stream, found.seq, found.hash) if found else None


def current(session: Session, owner: Owner) -> list[Document]:
    """The files of a case or batch that count now, by slot and number."""
    return [one for one in every(session, owner) if one.superseded_at is None]


def every(session: Session, owner: Owner) -> list[Document]:
    """All files of a case or batch, superseded ones too, the newest first."""
    where = Document.case_id == owner.case_id if owner.case_id else Document.batch_id == owner.batch_id
    return list(session.scalars(select(Document).where(where).order_by(Document.id.desc())))


def newest_seal(session: Session, owner: Owner) -> Seal | None:
    where = Seal.case_id == owner.case_id if owner.case_id else Seal.batch_id == owner.batch_id
    return session.scalar(select(Seal).where(where).order_by(Seal.id.desc()).limit(1))


def by_id(session: Session, document: int) -> Document | None:
    return session.get(Document, document)


def named_by(session: Session, digest: str) -> list[int]:
    """Ids of the documents whose bytes lie under a digest."""
    return list(session.scalars(select(Document.id).where(Document.digest == digest).order_by(Document.id)))


WITH_ORIGINALS = (ArrivalFile, ArrivalPaper, RefusedFile)
"""What came in is kept as it came, and besides what is to be used of it; what was refused, for a while."""


def named(session: Session, digests: Sequence[str]) -> set[str]:
    """Which of these digests the database says lie in the document store."""
    kept = select(Document.digest).where(Document.digest.in_(digests), Document.erased_at.is_(None))
    sent = select(Push.package).where(Push.package.in_(digests))
    came = [select(one.digest).where(one.digest.in_(digests), one.erased_at.is_(None)) for one in WITH_ORIGINALS]
    compiled = [select(one).where(one.in_(digests)) for one in (Collection.word_digest, Collection.pdf_digest)]
    imported = select(ImportedCase.passport).where(ImportedCase.passport.in_(digests))
    made = select(MadeFile.digest).where(MadeFile.digest.in_(digests))
    objected = select(ObjectionFile.digest).where(ObjectionFile.digest.in_(digests))
    return set(session.scalars(kept.union(sent, imported, made, *came, *compiled, objected)))
