"""The workbench: a case's English paragraph by paragraph, read by a second person, with terms that agree."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.roles import Role
from rules.words import Text
from states.reach import Actor
from workflow.cases import check_apart
from workflow.engine import NotPermitted, Receipt, WrongInput
from workflow.publishing import editorial
from workflow.publishing.editorial import SELECTED, TooLong
from workflow.register import REFERENCE
from workflow.store import editorial as stored_editorial
from workflow.store import english as stored
from workflow.store import facts as stored_facts
from workflow.store import living
from workflow.store import personal as stored_personal
from workflow.store.calls import call_of
from workflow.store.models import Case, CaseEnglish, EnglishCheck
from workflow.wipo.bilingual import (
    CAPTION,
    SUMMARY,
    TITLE,
    Facing,
    Glossary,
    Passage,
    Piece,
    Rendering,
    Term,
    composed,
    disagreeing,
    of_section,
)
from workflow.wipo.bilingual import distributed as dealt_out
from workflow.wipo.bilingual import facing as put_beside
from workflow.wipo.bilingual import passages as passages_of

LONGEST = {TITLE: 300, SUMMARY: 4_000}
"""Characters of the English of a place; elsewhere `LONGEST_PARAGRAPH`."""
LONGEST_PARAGRAPH = 10_000
LONGEST_WORDS = 2_000
"""Characters of what a checker says."""


class NotReady(WrongInput):
    """English that is not complete cannot be passed, and a refusal says why (422)."""


# ---- what is shown ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One paragraph as the workbench shows it."""

    key: str
    place: str
    label: Text
    pieces: Sequence[Piece]
    zh: str
    en: str
    state: str
    seen: int
    """What a change of it must have seen: the row that was saved last, 0 for none."""
    by: str = ""
    earlier_zh: str = ""
    earlier_en: str = ""
    warnings: Sequence[Text] = ()
    since_check: bool = False
    """Saved after somebody last read the English."""


@dataclass(frozen=True)
class Desk:
    """Everything on the workbench of one case."""

    rows: Sequence[Row]
    left_over: Sequence[Rendering]
    english: CaseEnglish | None
    checks: Sequence[EnglishCheck]
    translators: Sequence[str]
    open: int
    stale: bool
    """The newest version translates other Chinese than the present."""

    @property
    def check(self) -> EnglishCheck | None:
        """The newest reading of the newest version."""
        newest = self.english.id if self.english else 0
        return next((one for one in self.checks if one.english_id == newest), None)

    @property
    def terms(self) -> list[Term]:
        """Terms that the case uses, each once."""
        return list(dict.fromkeys(one.term for row in self.rows for one in row.pieces if one.term))


def desk(session: Session, case: Case) -> Desk:
    """The workbench of a case that was found already."""
    call, facing = call_of(session, case.call_version_id), _facing(session, case)
    glossary, differ = Glossary(stored.terms(session)), disagreeing(facing)
    checks = stored.checks(session, case.id)
    fresh = stored.saved_since(session, case.id, checks[0].at) if checks else set()
    by = stored.names(session, [one.rendering.by_id for one in facing.pairs if one.rendering])
    labels = {of_section(one.id): one.label for one in call.sections} | _LABELS
    rows = [
        Row(
            key=one.passage.key,
            place=one.passage.place,
            label=labels[one.passage.place],
            pieces=[] if one.passage.place == SUMMARY else glossary.pieces(one.passage.zh),
            zh=one.passage.zh,
            en=one.en,
            state=one.state,
            seen=one.rendering.id if one.rendering else 0,
            by=by.get(one.rendering.by_id, "") if one.rendering else "",
            earlier_zh=one.earlier.passage.zh if one.earlier else "",
            earlier_en=one.earlier.en if one.earlier else "",
            warnings=[*glossary.warnings(one), *([differ[one.passage]] if one.passage in differ else [])],
            since_check=one.rendering is not None and one.rendering.id in fresh,
        )
        for one in facing.pairs
    ]
    english = stored_editorial.english(session, case.id)
    stale = english is not None and not english.open and english.of != case.content
    everybody = list(dict.fromkeys(one.by for one in rows if one.by))
    return Desk(rows, facing.left_over, english, checks, everybody, facing.open, stale)


_LABELS = {
    TITLE: Text("标题", "Title"),
    SUMMARY: Text("摘要（概括全文）", "Summary of the whole"),
    "caption": Text("图注", "Caption"),
}


def _facing(session: Session, row: Any) -> Facing:
    call = call_of(session, row.call_version_id)
    chinese = passages_of(call, stored_facts.content_of(row), stored.captions(session, row.id))
    return put_beside(chinese, stored.renderings(session, row.id))


@dataclass(frozen=True)
class Abroad:
    """A case's text in both languages as it goes abroad: (section id, Chinese, English), and captions by their Chinese."""

    paragraphs: Sequence[tuple[str, str, str]]
    captions: Mapping[str, str]


def abroad(session: Session, case: Case) -> Abroad:
    call, facing = call_of(session, case.call_version_id), _facing(session, case)
    return Abroad(
        [(one.id, pair.passage.zh, pair.en) for one in call.sections for pair in facing.of(of_section(one.id))],
        {one.passage.zh: one.en for one in facing.of(CAPTION) if one.en},
    )


# ---- translating -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Typed:
    """What a form brings for one paragraph. `keep`: the English of an earlier wording still fits, letter for letter."""

    key: str
    en: str
    seen: int
    keep: bool = False


@dataclass(frozen=True)
class Conflict:
    """What was typed for a paragraph that changed meanwhile; `row`: as it is now, None where it is there no more."""

    typed: Typed
    row: Row | None


@dataclass(frozen=True)
class Saved:
    """What became of a form: how many paragraphs were saved, and what was not, with nothing of it lost."""

    receipt: Receipt | None
    count: int
    conflicts: Sequence[Conflict] = ()


def save(session: Session, case_id: int, typed: Sequence[Typed], *, actor: Actor, at: datetime, op: str = "") -> Saved:
    """Save those paragraphs that were changed and that nobody else changed meanwhile; the others come back side by side.

    Raises NotPermitted, NotEditable, TooLong.
    """
    kept: list[Conflict] = []
    count = 0
    op = (
        op and f"{op}:{hashlib.sha256(repr(typed).encode()).hexdigest()[:12]}"
    )  # gone back to and changed, it is another form

    def write(row: Any) -> dict[str, Any]:
        nonlocal count
        facing = _facing(session, row)
        pairs = {one.passage.key: one for one in facing.pairs}
        written: dict[Passage, str] = {}
        rows: dict[str, Row] | None = None
        for one in typed:
            pair = pairs.get(one.key)
            en = one.en.strip()
            there = pair.rendering if pair else None
            before = there.en if there else (pair.earlier.en if pair and pair.earlier else "")
            if pair is not None and en == before and not (one.keep and not there and en):
                continue
            if pair is None and not en:
                continue
            if pair is None or (there.id if there else 0) != one.seen:
                if rows is None:
                    case = session.get_one(Case, case_id)
                    rows = {shown.key: shown for shown in desk(session, case).rows}
                kept.append(Conflict(one, rows.get(one.key)))
                continue
            _check_length(pair.passage.place, en)
            written[pair.passage] = en
        count = len(written)
        if not written:
            raise _Nothing
        return _write(session, row, written, actor, at)

    try:
        receipt = editorial.note(
            session, case_id, stored_facts.TRANSLATE, (Role.TRANSLATOR,), write, actor, at, op, SELECTED
        )
    except _Nothing:
        return Saved(None, 0, tuple(kept))
    return Saved(receipt, count, tuple(kept))


class _Nothing(Exception):
    """No paragraph was changed, so that nothing is recorded."""


def _write(session: Session, row: Any, written: Mapping[Passage, str], actor: Actor, at: datetime) -> dict[str, Any]:
    """Keep paragraphs, and the version that they make; gives what the record holds."""
    stored.put(session, row.id, written, actor, at)
    facing = _facing(session, row)
    made = composed(call_of(session, row.call_version_id), facing)
    stored.compose(session, row, made, facing.open, actor, at)
    return {
        "of": row.content,
        "title": made.title,
        "length": len(made.text),
        "paragraphs": len(written),
        "open": facing.open,
    }


def _check_length(place: str, en: str) -> None:
    most = LONGEST.get(place, LONGEST_PARAGRAPH)
    if len(en) > most:
        what = _LABELS.get(place, Text("这一段", "paragraph"))
        raise TooLong(
            Text(
                f"英文“{what.zh}”有 {len(en)} 个字符，最多 {most} 个，请改短。",
                f"The English {what.en.lower()} has {len(en)} characters; the most is {most}. Shorten it.",
            )
        )


def translate(
    session: Session,
    case_id: int,
    *,
    title: str,
    summary: str,
    text: str,
    captions: Sequence[str] = (),
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Save a whole English text at once, dealt out to the paragraphs in order (`bilingual.distributed`).

    Raises NotPermitted, NotEditable, TooLong.
    """

    def write(row: Any) -> dict[str, Any]:
        call, facing = call_of(session, row.call_version_id), _facing(session, row)
        chinese = [one.passage for one in facing.pairs]
        written = dealt_out(call, chinese, text)
        written |= {one: title.strip() for one in chinese if one.place == TITLE}
        written |= {one: summary.strip() for one in chinese if one.place == SUMMARY}
        written |= dict(zip((one for one in chinese if one.place == "caption"), captions, strict=False))
        for passage, en in written.items():
            _check_length(passage.place, en)
        return _write(session, row, written, actor, at)

    return editorial.note(session, case_id, stored_facts.TRANSLATE, (Role.TRANSLATOR,), write, actor, at, op, SELECTED)


# ---- reading by a second person --------------------------------------------------------------------------------------


def check(
    session: Session,
    case_id: int,
    *,
    seen: int,
    passed: bool,
    words: str,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Record that the English was read against the Chinese, and passed or sent back to its translator with words.

    `seen`: the version that was read. Raises NotPermitted (also for whoever translated it), NotReady, Overtaken.
    """

    def write(row: Any) -> dict[str, Any]:
        check_apart(session, case_id, "check_english", actor=actor, at=at)
        newest = stored_editorial.english(session, case_id)
        if newest is None or newest.id != seen:
            raise living.Overtaken(
                Text(
                    "您通读之后英文又有改动，没有登记。请看过改动再办理。",
                    "The English was changed after you had read it; nothing was recorded. Look at what changed first.",
                )
            )
        if passed and (
            _facing(session, row).open
            or newest.of != row.content
            or not (newest.title and newest.summary and newest.text)
        ):
            raise NotReady(
                Text(
                    "还有段落没有英文，或英文不是译自现在的中文，不能通过。请退回翻译补齐。",
                    "Some paragraphs have no English, or it translates other Chinese; it cannot be passed. Send it back.",
                )
            )
        if not passed and not words.strip():
            raise NotReady(Text("退回翻译时，请写明要改什么。", "Say what is to be changed when you send it back."))
        stored.check(session, newest.id, passed, words.strip(), actor, at)
        return {"english": newest.id, "of": row.content, "passed": passed, "words": words.strip()}

    return editorial.note(session, case_id, "case.check_english", (Role.CHECKER,), write, actor, at, op, SELECTED)


# ---- terms -----------------------------------------------------------------------------------------------------------


class WrongTerm(WrongInput):
    """A term that cannot be kept (422)."""


LONGEST_ZH, LONGEST_EN, LONGEST_NOTE = 80, 200, 300


def keeps_terms(actor: Actor) -> bool:
    """Whether this person keeps the list of terms."""
    return bool(actor.roles & {Role.TRANSLATOR, Role.CHECKER})


def terms(session: Session) -> list[Term]:
    return stored.terms(session)


def put_term(session: Session, zh: str, en: str, note: str, *, actor: Actor, at: datetime) -> Receipt:
    """Put a word on the list, or another translation in the place of its present one. Raises NotPermitted, WrongTerm."""
    _check_keeps(actor)
    zh, en, note = zh.strip()[:LONGEST_ZH], en.strip()[:LONGEST_EN], note.strip()[:LONGEST_NOTE]
    if not zh or not any(one.strip() for one in en.split("/")):
        raise WrongTerm(Text("请写明中文术语和英文译法。", "Write the Chinese term and its English."))
    before = stored.put_term(session, zh, en, note, actor.id, at)
    return stored_personal.note(
        session, "glossary", "glossary.put", {"zh": zh, "en": en, "note": note, "before": before}, actor, at
    )


def remove_term(session: Session, zh: str, *, actor: Actor, at: datetime) -> Receipt:
    """Take a word off the list. Raises NotPermitted, WrongTerm."""
    _check_keeps(actor)
    if not stored.remove_term(session, zh, at):
        raise WrongTerm(Text("术语表里没有这个词。", "The word is not on the list."))
    return stored_personal.note(session, "glossary", "glossary.remove", {"zh": zh}, actor, at)


def _check_keeps(actor: Actor) -> None:
    if not keeps_terms(actor):
        raise NotPermitted(
            Text(
                "术语表由翻译和校对维护，您没有这个职责。", "Translators and checkers keep the glossary; you are none."
            )
        )


def ship_terms(session: Session, at: datetime) -> None:
    """The terms that every installation begins with, where the list never held any."""
    if stored.any_term(session):
        return
    with (REFERENCE / "glossary.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            stored.put_term(session, row["zh"], row["en"], row["note"], None, at)


def reads_terms(actor: Actor) -> bool:
    """Whether this person sees the list of terms."""
    return bool(actor.roles & {Role.TRANSLATOR, Role.CHECKER, Role.LIAISON, Role.EDITOR, Role.AUDITOR})


NOT_FOR_YOU = Text(
    "术语表供翻译、校对、编辑和国际联络人使用。", "The glossary is for translators, checkers, editors and liaisons."
)
OVERTAKEN = Text(
    "同一段译文别人先改过，没有覆盖。", "Somebody else changed the same paragraph first; nothing was written over."
)
