"""校样: a collection that was made is a proof, until two editors have signed it and its web edition is released."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.words import Text
from states.reach import Actor
from workflow.documents import template
from workflow.documents.compiling.book import Book, Order
from workflow.engine import Receipt, WrongInput
from workflow.jobs.queue import enqueue
from workflow.personal import masked_text
from workflow.publishing import collecting, collection
from workflow.publishing.collection import NoSuchCollection
from workflow.store import collection as stored_collection
from workflow.store import personal as stored_personal
from workflow.store import proofing as stored
from workflow.store.living import Overtaken
from workflow.store.models import Collection, CollectionNote, CollectionSignOff

NEEDED = 2
"""Editors who sign a proof before its web edition is released (decision 94)."""
LONGEST = 2000
"""Characters of a comment, its answer, an erratum, or why an edition is withdrawn."""
COMMENT, ERRATUM = "comment", "erratum"


class WrongProof(WrongInput):
    """The proof cannot be changed, signed or released like this; nothing was done (422)."""


@dataclass(frozen=True)
class Proof:
    """A collection with what editors noted on it. `signed`: those who signed exactly what it says now."""

    shown: collection.Shown
    comments: Sequence[CollectionNote]
    errata: Sequence[CollectionNote]
    signed: Sequence[CollectionSignOff]

    @property
    def open(self) -> int:
        """Comments that are not settled."""
        return sum(one.settled_at is None for one in self.comments)

    def outdated(self, comment: CollectionNote) -> bool:
        """Whether the foreword was changed after this was said of it."""
        return comment.about not in ("", _digest(self.shown.row.foreword))

    @property
    def doubt(self) -> Text | None:
        """What an editor should look at in the foreword, which everybody will read."""
        row = self.shown.row
        if masked_text(row.foreword) == row.foreword:
            return None
        return Text(
            "前言中有电话、邮箱或证件号样的内容，公开前请确认可以公开。",
            "The foreword holds what looks like a telephone number, an address or an identity number; make sure that"
            " everybody may read it.",
        )

    def signed_by(self, actor: Actor) -> bool:
        """Whether this person signed it, for themselves or another, or somebody did for them."""
        hands = {hand for one in self.signed for hand in (one.by_id, one.absent_id) if hand}
        return bool(hands & {actor.id, actor.absent_id})

    @property
    def lacks(self) -> Text | None:
        """What stands in the way of releasing the web edition; None where nothing does."""
        if not self.shown.made:
            return Text("校样还没有编成。", "The proof is not made yet.")
        if self.open:
            return Text(
                f"还有 {self.open} 条意见没有处理，请先处理。", f"Comments still open: {self.open}; settle them first."
            )
        if len(self.signed) < NEEDED:
            return Text(
                f"须有 {NEEDED} 位不同的编辑签样，现有 {len(self.signed)} 位。",
                f"{NEEDED} different editors must sign; {len(self.signed)} did.",
            )
        return None


def find(session: Session, collection_id: int, *, actor: Actor) -> Proof:
    """Raises NotPermitted, NoSuchCollection."""
    shown = collection.find(session, collection_id, actor=actor)
    return Proof(
        shown,
        stored.notes(session, collection_id, COMMENT),
        stored.notes(session, collection_id, ERRATUM),
        stored.sign_offs(session, collection_id, shown.row.version, wording(shown.row)),
    )


def wording(row: Collection) -> str:
    """Digest of exactly what a proof says: its words and numbers, their order, and which content of which case."""
    cases = [[one.case_id, one.content] for one in row.lines]
    return _digest(json.dumps([row.title, row.foreword, row.isbn, row.cip, row.sort, cases], ensure_ascii=False))


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


@dataclass(frozen=True)
class Edit:
    """What a proof is to say."""

    title: str
    foreword: str
    isbn: str = ""
    cip: str = ""

    @property
    def marks(self) -> Mapping[str, str]:
        """Name of each part → what tells its words from others, for a form to bring back."""
        return {name: _digest(words) for name, words in vars(self).items()}

    def over(self, present: Edit, seen: Mapping[str, str]) -> Edit:
        """This, put over what somebody else saved meanwhile: a part that was left as it was `seen` is as it is now."""
        mine = {name for name, mark in self.marks.items() if mark != seen.get(name)}
        return replace(present, **{name: words for name, words in vars(self).items() if name in mine})


def edit_of(row: Collection) -> Edit:
    """What a proof says now."""
    return Edit(row.title, row.foreword, row.isbn, row.cip)


def change(
    session: Session, collection_id: int, edit: Edit, seen: int, *, actor: Actor, at: datetime, op: str = ""
) -> Receipt:
    """Change a proof that still is of the version seen, and have its files made anew; sign-offs are void with it.

    Raises NotPermitted, NoSuchCollection, WrongProof, Overtaken (somebody else changed it meanwhile).
    """
    row = _held(session, collection_id, actor)
    if earlier := _noted(session, op, "collection.change"):
        return earlier
    edit = _sound(edit)
    if row.released_at is not None:
        raise WrongProof(
            Text(
                "网络版已经公开，更正请登勘误；再版请新编一本。",
                "The web edition is released. Enter an erratum, or compile a new edition.",
            )
        )
    before = edit_of(row)
    voided = len(stored.sign_offs(session, collection_id, row.version, wording(row)))
    if not stored.change(session, collection_id, seen, **vars(edit)):
        raise Overtaken(
            Text(
                "您打开之后，另一位编辑改了这份校样。您写的没有保存，也没有丢失，请对照后再保存。",
                "Another editor changed this proof after you opened it. What you wrote was not saved, and is not lost:"
                " compare, and save again.",
            )
        )
    changed = [name for name, value in vars(edit).items() if value != getattr(before, name)]
    receipt = _note(
        session,
        "collection.change",
        {"collection": collection_id, "version": seen + 1, "changed": changed, "signatures_voided": voided},
        actor,
        at,
        op,
    )
    enqueue(session, "compile_collection", collection.key_of(collection_id, seen + 1), collection_id)
    return receipt


def _sound(edit: Edit) -> Edit:
    title, foreword = template.one_line(edit.title), template.tidy(edit.foreword)
    isbn, cip = template.one_line(edit.isbn), template.one_line(edit.cip)[:60]
    for bad, words in (
        (not title, Text("请填写书名。", "Give the title.")),
        (len(title) > collection.LONGEST_TITLE, Text("书名太长。", "The title is too long.")),
        (len(foreword) > collection.LONGEST_FOREWORD, Text("前言太长。", "The foreword is too long.")),
        (
            isbn and not right_isbn(isbn),
            Text("这个 ISBN 的校验位不对，请核对。", "The check digit of this ISBN is wrong."),
        ),
    ):
        if bad:
            raise WrongProof(words)
    return Edit(title, foreword, isbn, cip)


def right_isbn(isbn: str) -> bool:
    """Whether the check digit of an ISBN of 13 digits is right (ISO 2108), hyphens and spaces aside."""
    digits = re.sub(r"[-\s]", "", isbn.upper().removeprefix("ISBN"))
    if not re.fullmatch(r"97[89]\d{10}", digits):
        return False
    return sum(int(one) * (3 if place % 2 else 1) for place, one in enumerate(digits)) % 10 == 0


def comment(
    session: Session,
    collection_id: int,
    words: str,
    case_id: int | None,
    *,
    on_foreword: bool = False,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Note something on the proof; nothing is released before it is settled. Raises WrongProof and what `find` does.

    `on_foreword`: it is about the foreword as it stands now.
    """
    row = _held(session, collection_id, actor)
    about = _digest(row.foreword) if on_foreword else ""
    return _noting(session, row, COMMENT, "collection.comment", words, case_id, actor, at, op, about)


def settle(
    session: Session, collection_id: int, note_id: int, answer: str, *, actor: Actor, at: datetime, op: str = ""
) -> Receipt:
    """Settle a comment, with what was done about it. Raises WrongProof and what `find` does."""
    _held(session, collection_id, actor)
    if earlier := _noted(session, op, "collection.settle"):
        return earlier
    standing = {one.id for one in stored.notes(session, collection_id, COMMENT) if one.settled_at is None}
    if note_id not in standing:
        raise WrongProof(
            Text("这条意见已经处理，或者不在这份校样上。", "This comment is settled, or not on this proof.")
        )
    stored.settle(session, note_id, _words(answer), at)
    data = {"collection": collection_id, "comment": note_id, "answer": answer.strip()}
    return _note(session, "collection.settle", data, actor, at, op)


def sign_off(session: Session, collection_id: int, seen: int, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Sign the version seen. Whoever signed for themselves or another cannot sign it once more.

    Raises NotPermitted, NoSuchCollection, WrongProof, Overtaken.
    """
    row = _held(session, collection_id, actor)
    if earlier := _noted(session, op, "collection.sign_off"):
        return earlier
    proof = find(session, collection_id, actor=actor)
    if row.version != seen:
        raise Overtaken(
            Text(
                "您看过之后校样又有改动，请看过现在的再签。",
                "The proof changed after you looked at it; look at it again.",
            )
        )
    if not proof.shown.made or proof.open:
        raise WrongProof(proof.lacks or Text("", ""))
    if proof.signed_by(actor):
        raise WrongProof(
            Text("您已经签过这一稿，须由另一位编辑再签。", "You have signed this version; another editor must sign it.")
        )
    said = wording(row)
    stored.sign_off(session, collection_id, row.version, said, actor, at)
    data = {
        "collection": collection_id,
        "version": row.version,
        "wording": said,
        "foreword": _digest(row.foreword),
        "docx": row.word_digest,
        "pdf": row.pdf_digest,
    }
    return _note(session, "collection.sign_off", data, actor, at, op)


def release(session: Session, collection_id: int, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Let everybody read the web edition. Raises NotPermitted, NoSuchCollection, WrongProof with what is lacking."""
    row = _held(session, collection_id, actor)
    if earlier := _noted(session, op, "collection.release"):
        return earlier
    lacks = find(session, collection_id, actor=actor).lacks
    if row.released_at is not None:
        lacks = Text("网络版已经公开。", "The web edition is released already.")
    if lacks is not None:
        raise WrongProof(lacks)
    stored.release(session, collection_id, at)
    return _note(session, "collection.release", {"collection": collection_id, "version": row.version}, actor, at, op)


def withdraw(session: Session, collection_id: int, why: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """撤下: of the web edition only a notice stays, with the reason; for good. Raises WrongProof and what `find` does."""
    row = _held(session, collection_id, actor)
    if earlier := _noted(session, op, "collection.withdraw"):
        return earlier
    _check_not_withdrawn(row)
    if row.released_at is None:
        raise WrongProof(Text("网络版还没有公开，无须撤下。", "The web edition is not released, so none is withdrawn."))
    said = _words(why)
    stored.withdraw(session, collection_id, said, at)
    data = {"collection": collection_id, "version": row.version, "reason": said}
    return _note(session, "collection.withdraw", data, actor, at, op)


def _check_not_withdrawn(row: Collection) -> None:
    """Raises WrongProof."""
    if row.withdrawn_at is not None:
        raise WrongProof(
            Text(
                "网络版已经撤下；再版请新编一本。", "The web edition is withdrawn; for another one compile a new book."
            )
        )


def correct(
    session: Session, collection_id: int, words: str, case_id: int | None, *, actor: Actor, at: datetime, op: str = ""
) -> Receipt:
    """勘误: add an erratum to what is released; it is never changed. Raises WrongProof and what `find` does."""
    row = _held(session, collection_id, actor)
    _check_not_withdrawn(row)
    if row.released_at is None:
        raise WrongProof(
            Text("网络版还没有公开，请直接改校样。", "The web edition is not released; change the proof itself.")
        )
    return _noting(session, row, ERRATUM, "collection.correct", words, case_id, actor, at, op)


def reprint(session: Session, collection_id: int, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Have the files of what is released made anew, with its errata. Raises WrongProof and what `find` does."""
    row = _held(session, collection_id, actor)
    if earlier := _noted(session, op, "collection.reprint"):
        return earlier
    _check_not_withdrawn(row)
    if row.released_at is None:
        raise WrongProof(
            Text("还没有公开，改校样即重新编印。", "It is not released: changing the proof compiles it anew.")
        )
    stored.change(session, collection_id, row.version)
    data = {"collection": collection_id, "version": row.version + 1, "docx": row.word_digest, "pdf": row.pdf_digest}
    receipt = _note(session, "collection.reprint", data, actor, at, op)
    enqueue(session, "compile_collection", collection.key_of(collection_id, row.version + 1), collection_id)
    return receipt


def _noting(
    session: Session,
    row: Collection,
    kind: str,
    action: str,
    words: str,
    case_id: int | None,
    actor: Actor,
    at: datetime,
    op: str,
    about: str = "",
) -> Receipt:
    if earlier := _noted(session, op, action):
        return earlier
    said = _words(words)
    if case_id is not None and case_id not in {line.case_id for line in row.lines}:
        raise WrongProof(Text("这件案例不在这本案例集中。", "This case is not in the collection."))
    stored.note(session, row.id, kind, case_id, said, actor, at, about)
    data = {"collection": row.id, "case": case_id, "words": said} | ({"foreword": about} if about else {})
    return _note(session, action, data, actor, at, op)


def _words(words: str) -> str:
    said = words.strip()
    if not said or len(said) > LONGEST:
        raise WrongProof(
            Text(f"请写明内容，最多 {LONGEST} 个字。", f"Say what it is, in at most {LONGEST} characters.")
        )
    return said


def _held(session: Session, collection_id: int, actor: Actor) -> Collection:
    """The collection, while nobody else changes it."""
    collection.check_editor(actor)
    row = stored.locked(session, collection_id)
    if row is None:
        raise collection.NONE
    return row


def _noted(session: Session, op: str, action: str) -> Receipt | None:
    return stored_personal.noted(session, f"{op}:{action}") if op else None


def _note(session: Session, action: str, data: dict[str, Any], actor: Actor, at: datetime, op: str) -> Receipt:
    return stored_personal.note(session, "collections", action, data, actor, at, op=f"{op}:{action}" if op else "")


# ---- the web edition -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edition:
    """What everybody reads of a collection: the book's order, of the cases that everybody may read now. `hidden`: how many
    others stand in it."""

    row: Collection
    book: Book
    hidden: int
    errata: Sequence[tuple[CollectionNote, str]]
    """Each with the number of its case, "" for the whole book or where its case is not published."""


def editions(session: Session) -> list[Collection]:
    return stored.released(session)


def withdrawn(session: Session, collection_id: int) -> Collection | None:
    """The collection, where its web edition was released and is withdrawn."""
    return next((one for one in stored.released(session, collection_id) if one.withdrawn_at is not None), None)


def edition(session: Session, collection_id: int) -> Edition:
    """Made from the same rows as the printed book. Raises NoSuchCollection, also where it was withdrawn."""
    row = next((one for one in stored.released(session, collection_id) if one.withdrawn_at is None), None)
    if row is None:
        raise NoSuchCollection(Text("这个地址没有公开的案例集。", "There is no released collection at this address."))
    listed = [(line.case, collecting.listed(session, line.case)) for line in row.lines if line.content]
    shown = [case for case, one in listed if one.open_to_all]
    gathered = [one for _, one in listed if one.open_to_all]
    wanted = collecting.Wanted(row.title, [case.id for case in shown], row.foreword, Order.of(row.sort))
    book, _ = collecting.bind(gathered, wanted, stored_collection.regions(session), at=row.released_at or row.at)
    numbers = {case.id: case.number for case in shown}
    errata = [(one, numbers.get(one.case_id or 0, "")) for one in stored.notes(session, row.id, ERRATUM)]
    visible = [(one, number) for one, number in errata if number or one.case_id is None]
    return Edition(row, book, sum(1 for line in row.lines if line.content) - len(shown), visible)
