"""案例集: chosen cases compiled into one Word file and one PDF/A, by the editor in the background or by a command."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call, Theme
from rules.roles import Role
from rules.words import Text
from states.case import CaseState
from states.reach import SYSTEM, Actor
from workflow import people, privacy
from workflow.content import Content
from workflow.documents import checker, limits, template
from workflow.documents.compiling.book import Book, Chapter, Grid, Order, Part, Plate, Ranks, as_data, bound
from workflow.downloads import Lost
from workflow.engine import CannotServe, NotPermitted, Receipt
from workflow.jobs.kinds import JobState
from workflow.jobs.queue import enqueue
from workflow.jobs.reasons import reason
from workflow.personal import masked_text
from workflow.store import collection as stored
from workflow.store import facts as stored_facts
from workflow.store import people as stored_people
from workflow.store import personal as stored_personal
from workflow.store.calls import call_of
from workflow.store.collection import Narrowed
from workflow.store.database import Database
from workflow.store.files import Absent, Damaged, Files
from workflow.store.models import Case, Collection, CollectionLine, Document, Job, Office

__all__ = ["Narrowed", "Order", "Wanted"]

_log = logging.getLogger(__name__)

STATES = (CaseState.SHORTLISTED, CaseState.PUBLISHED, CaseState.WIPO_PUSHED)
"""Cases that can be compiled."""
OPEN_TO_ALL = (CaseState.PUBLISHED, CaseState.WIPO_PUSHED)
FORMATS = ("docx", "pdf")
MOST = limits.COLLECTED_CASES
LONGEST_TITLE, LONGEST_FOREWORD = 60, 20_000
"""Characters."""
SHOWN = 100
"""Collections that the list shows."""


class NoSuchCollection(CannotServe):
    """There is no such collection for this person, or no such file of it (404)."""


class WrongCollection(CannotServe):
    """It cannot be compiled as asked for; nothing was queued (422)."""


_NONE = NoSuchCollection(
    Text("没有这本案例集。请从“案例集”列表进入。", "There is no such collection; open one from the list.")
)


@dataclass(frozen=True)
class Wanted:
    """What is to be compiled. `cases`: in the order in which they stand by hand; `foreword`: paragraphs, by lines."""

    title: str
    cases: Sequence[int]
    foreword: str = ""
    order: Order = Order.THEME
    formats: Sequence[str] = FORMATS


def check_editor(actor: Actor) -> None:
    """Raise NotPermitted for anybody but an editor."""
    if Role.EDITOR not in actor.roles:
        raise NotPermitted(
            Text("案例集由国家局编辑编印，您没有这个职责。", "Collections are compiled by the editor; you are none.")
        )


# ---- choosing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """What can be chosen from. `more`: there are others beyond these."""

    cases: Sequence[Case]
    more: bool
    themes: Sequence[Theme]
    offices: Sequence[Office]
    theme_of: Callable[[Case], Text]


def choice(session: Session, narrowed: Narrowed, *, actor: Actor) -> Choice:
    """The cases that this editor can put into a collection. Raises NotPermitted."""
    check_editor(actor)
    found = stored.candidates(session, actor, STATES, narrowed, MOST + 1)
    used = stored.themes(session, actor, STATES)
    calls = {version: call_of(session, version) for version, _ in used}
    names = {theme for _, theme in used}
    themes = {one.id: one for call in calls.values() for one in call.themes.values() if one.id in names}
    return Choice(
        found[:MOST],
        len(found) > MOST,
        list(themes.values()),
        stored.offices(session, actor, STATES),
        lambda case: _theme_line(call_of(session, case.call_version_id), case),
    )


def _theme_line(call: Call, case: Case) -> Text:
    theme = call.themes.get(case.theme)
    if case.theme_name:
        return Text(case.theme_name, case.theme_name)
    return theme.label if theme else Text(case.theme, case.theme)


# ---- ordering --------------------------------------------------------------------------------------------------------


def order(session: Session, wanted: Wanted, *, actor: Actor, at: datetime, op: str = "") -> tuple[int, Receipt]:
    """Have a collection made in the background; its number. The same form again gives the same one.

    Raises NotPermitted, WrongCollection.
    """
    check_editor(actor)
    earlier = stored.by_op(session, op)
    if earlier is not None:
        receipt = stored_personal.noted(session, f"{op}:collection.order")
        if receipt is not None:
            return earlier.id, receipt
    wanted = _sound(session, wanted, actor)
    made = stored.add(
        session,
        wanted.cases,
        op=op or None,
        title=wanted.title,
        foreword=wanted.foreword,
        sort=str(wanted.order),
        formats=" ".join(wanted.formats),
        by_id=actor.id,
        at=at,
    )
    data = {
        "collection": made,
        "title": wanted.title,
        "cases": len(wanted.cases),
        "sort": str(wanted.order),
        "formats": list(wanted.formats),
    }
    receipt = stored_personal.note(
        session, "collections", "collection.order", data, actor, at, op=f"{op}:collection.order" if op else ""
    )
    enqueue(session, "compile_collection", _key(made), made)
    return made, receipt


def _key(collection_id: int) -> str:
    return f"collection/{collection_id}"


def _sound(session: Session, wanted: Wanted, actor: Actor) -> Wanted:
    """What was asked for, tidied. Raises WrongCollection."""
    title = template.one_line(wanted.title)
    foreword = template.tidy(wanted.foreword)
    chosen = list(dict.fromkeys(wanted.cases))
    wrong = next((words for bad, words in _faults(title, foreword, chosen, wanted.formats) if bad), None)
    if wrong is not None:
        raise WrongCollection(wrong)
    there = stored.within(session, actor, chosen, STATES)
    if missing := [one for one in chosen if one not in there]:
        raise WrongCollection(
            Text(
                f"所选的案例中有 {len(missing)} 件已不能编印（状态有变，或不在可见范围）。请刷新后重新选择。",
                f"{len(missing)} of the cases chosen cannot be compiled any more; reload and choose again.",
            )
        )
    return replace(wanted, title=title, foreword=foreword, cases=chosen)


def _faults(title: str, foreword: str, chosen: Sequence[int], formats: Sequence[str]) -> Iterator[tuple[bool, Text]]:
    yield not title, Text("请填写书名。", "Give the title.")
    yield (
        len(title) > LONGEST_TITLE,
        Text(f"书名最多 {LONGEST_TITLE} 个字。", f"The title has at most {LONGEST_TITLE} characters."),
    )
    yield (
        len(foreword) > LONGEST_FOREWORD,
        Text(f"前言最多 {LONGEST_FOREWORD} 个字。", f"The foreword has at most {LONGEST_FOREWORD:,} characters."),
    )
    yield not chosen, Text("请至少选择一件案例。", "Choose at least one case.")
    yield len(chosen) > MOST, Text(f"一本最多编入 {MOST} 件。", f"A collection holds at most {MOST} cases.")
    yield (
        not formats or not set(formats) <= set(FORMATS),
        Text("请选择 Word、PDF 或两者。", "Choose Word, PDF or both."),
    )


# ---- looking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A collection and how its making stands. `job` None: it was made long ago, or that work is not known any more."""

    row: Collection
    job: Job | None

    @property
    def made(self) -> bool:
        return self.row.made_at is not None

    @property
    def going(self) -> bool:
        """Whether it is still being made, or about to be."""
        return not self.made and self.job is not None and self.job.state in _GOING

    @property
    def state(self) -> JobState | None:
        return JobState.of(self.job.state) if self.job else None

    @property
    def compiled(self) -> int:
        """How many cases stand in it."""
        return sum(1 for one in self.row.lines if one.content)

    @property
    def left_out(self) -> list[CollectionLine]:
        return [one for one in self.row.lines if self.made and not one.content]


_GOING = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)


def listed(session: Session, *, actor: Actor) -> list[Shown]:
    """The newest collections. Raises NotPermitted."""
    check_editor(actor)
    found = stored.newest(session, SHOWN)
    jobs = stored.jobs(session, [_key(one.id) for one in found])
    return [Shown(one, jobs.get(_key(one.id))) for one in found]


def find(session: Session, collection_id: int, *, actor: Actor) -> Shown:
    """One collection. Raises NotPermitted, NoSuchCollection."""
    check_editor(actor)
    row = stored.one(session, collection_id)
    if row is None:
        raise _NONE
    return Shown(row, stored.jobs(session, [_key(row.id)]).get(_key(row.id)))


def file_of(session: Session, collection_id: int, kind: str, *, actor: Actor) -> tuple[str, str]:
    """Digest and name of a collection's file. Raises NotPermitted, NoSuchCollection."""
    row = find(session, collection_id, actor=actor).row
    digest = {"docx": row.word_digest, "pdf": row.pdf_digest}.get(kind, "")
    if not digest:
        raise _NONE
    return digest, f"{file_name(row.title)}_{row.id}.{kind}"


def taken(
    database: Database, files: Files, collection_id: int, kind: str, *, actor: Actor, at: datetime
) -> tuple[str, bytes]:
    """Name and bytes of a collection's file; that it was taken away goes on record.

    Raises NotPermitted, NoSuchCollection, Lost.
    """
    with database.reading() as session:
        digest, name = file_of(session, collection_id, kind, actor=actor)
        rows = find(session, collection_id, actor=actor).compiled
    try:
        data = files.get(digest)
    except (Absent, Damaged) as wrong:
        raise Lost(wrong, name) from wrong
    with database.transaction() as session:
        filters = {"collection": collection_id, "format": kind, "sha256": digest}
        privacy.exported(session, "collection", rows, actor=actor, at=at, filters=filters)
    return name, data


def file_name(title: str) -> str:
    """A title as the name of a file."""
    return re.sub(r'[\\/:*?"<>|\s]+', "", title)[:60] or "案例集"


# ---- making ----------------------------------------------------------------------------------------------------------


class _LeftOut(Exception):
    """A case that does not come into the book, and why."""

    def __init__(self, why: Text) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class Gathered:
    """One case as it comes into the book."""

    chapter: Chapter
    content: str
    open_to_all: bool
    call: Call
    said: list[Text] = field(default_factory=list)


@dataclass(frozen=True)
class Made:
    """What came of making a book. `said`: about each place of the chapters it was made from, or as a whole ("")."""

    files: dict[str, Path]
    pages: dict[str, int]
    said: dict[int, list[Text]]
    whole: list[Text]


class Workshop:
    """A folder in which one book is made: cases are gathered one by one, then it is pressed."""

    def __init__(self, database: Database, files: Files, folder: Path, actor: Actor, pictures: int) -> None:
        self.database, self.files, self.folder, self.actor = database, files, folder, actor
        self._width = next(width for most, width in _WIDTHS if pictures <= most)
        self._left = limits.COLLECTED_PICTURES
        self._count = 0

    def gather(self, case_id: int) -> Gathered:
        """One case, with its pictures and its author's Word file put into the folder. Raises _LeftOut, StoreAway."""
        with self.database.reading() as session:
            case = stored.case(session, self.actor, case_id, STATES)
            if case is None:
                raise _LeftOut(
                    Text(
                        "已不在“已入选”“已发布”之列，没有编入。",
                        "It is no longer shortlisted or published, and was left out.",
                    )
                )
            call, content = call_of(session, case.call_version_id), stored_facts.content_of(case)
            word, pictures = stored.papers(session, case.id)
            source = stored.source(session, case.call_version_id)
            chapter = _chapter(call, case)
            gathered = Gathered(chapter, case.content, case.state in OPEN_TO_ALL, call)
        told = self._original(word, content, source, gathered) if word else None
        if told is not None:
            gathered.chapter = replace(gathered.chapter, **told)
        else:
            gathered.chapter = replace(gathered.chapter, parts=self._written(call, content, pictures, gathered))
        return gathered

    # ---- as its author wrote it

    def _original(
        self, word: Document, content: Content, source: tuple[str, str], gathered: Gathered
    ) -> dict[str, Any] | None:
        """What the author's own file says, where that is exactly what was sealed; else None, and why is said."""
        try:
            data = self.files.get(word.digest)
        except (Absent, Damaged):
            gathered.said.append(_ORIGINAL_LOST)
            return None
        pieces = [source[0].encode(), source[1].encode(), data]
        task = {
            "do": "chapter",
            "sizes": [len(one) for one in pieces[:2]],
            "width": self._width,
            "cpu": limits.CHAPTER_CPU,
        }
        with checker.held(b"".join(pieces)) as opened:
            answer = checker.ask(task, opened)
        size, tail = answer.said.get("told"), answer.said.get("word")
        if answer.refused or not isinstance(size, int) or not isinstance(tail, int):
            gathered.said.append(_ORIGINAL_UNREAD)
            return None
        told = json.loads(answer.payload[:size])
        why = _unlike(told, content)
        if why is not None:
            gathered.said.append(why)
            return None
        if told["unread"]:
            gathered.said.append(_NOT_IN_PDF)
        parts = self._read(gathered.call, told, answer.payload[size : len(answer.payload) - tail], gathered)
        name = f"case{self._next()}.docx"
        (self.folder / name).write_bytes(answer.payload[len(answer.payload) - tail :])
        return {"parts": parts, "word": name}

    def _read(self, call: Call, told: dict[str, Any], payload: bytes, gathered: Gathered) -> tuple[Part, ...]:
        plates: dict[str, list[Plate]] = {}
        at = 0
        for one in told["pictures"]:
            data = payload[at : at + one["size"]]
            at += one["size"]
            plate = self._plate(data, one["kind"], one["width"], one["height"], one["caption"]) if data else None
            if plate is None:
                gathered.said.append(_only_in_word(one["caption"] or one["name"]))
            else:
                plates.setdefault(one["section"], []).append(plate)
        tables: dict[str, list[Grid]] = {}
        for one in told["tables"]:
            rows = tuple(tuple(template.tidy(cell) for cell in row) for row in one["rows"] if row)
            if rows:
                tables.setdefault(one["section"], []).append(Grid(rows, template.one_line(one["caption"])))
        texts: dict[str, list[str]] = {}
        for one in told["sections"]:
            texts.setdefault(one["name"], []).extend(template.tidy(one["text"]).split("\n"))
        parts = [
            Part(
                template.heading(place, section),
                tuple(line for line in texts.get(section.id, ()) if line),
                tuple(tables.pop(section.id, ())),
                tuple(plates.pop(section.id, ())),
            )
            for place, section in enumerate(call.sections, 1)
            if texts.get(section.id) or section.id in tables or section.id in plates
        ]
        notes = tuple(f"注{place}　{template.one_line(one)}" for place, one in enumerate(told["notes"], 1))
        rest = Part("", notes, tuple(chain(*tables.values())), tuple(chain(*plates.values())))
        return (*parts, rest) if notes or rest.tables or rest.plates else tuple(parts)

    # ---- as we write it

    def _written(
        self, call: Call, content: Content, pictures: Sequence[Document], gathered: Gathered
    ) -> tuple[Part, ...]:
        parts = [
            Part(template.heading(place, section), _lines(content.sections.get(section.id, "")))
            for place, section in enumerate(call.sections, 1)
        ]
        known = {section.id for section in call.sections}
        parts += [Part(name, _lines(text)) for name, text in content.sections.items() if name not in known]
        masked = [replace(one, paragraphs=tuple(map(masked_text, one.paragraphs))) for one in parts if one.paragraphs]
        if masked != [one for one in parts if one.paragraphs]:
            gathered.said.append(_MASKED)
        plates = self._kept(pictures, gathered)
        return (*masked, Part("", plates=plates)) if plates else tuple(masked)

    def _kept(self, pictures: Sequence[Document], gathered: Gathered) -> tuple[Plate, ...]:
        """The pictures that were kept when the case came in, drawn anew; one that is lost or broken is said."""
        found: list[tuple[Document, bytes]] = []
        lost: list[Document] = []
        for one in pictures:
            try:
                found.append((one, self.files.get(one.digest)))
            except (Absent, Damaged):
                lost.append(one)
        plates = []
        for (one, _), plate in zip(found, self._drawn([data for _, data in found]), strict=True):
            if plate is None:
                lost.append(one)
            else:
                plates.append(replace(plate, caption=masked_text(template.one_line(one.caption))))
        gathered.said += [_lost_picture(template.one_line(one.caption) or one.name) for one in lost]
        return tuple(plates)

    def _drawn(self, pictures: Sequence[bytes]) -> list[Plate | None]:
        """All in one child; where one of them ends it, each in its own."""
        if not pictures:
            return []
        task = {"do": "copy", "sizes": [len(one) for one in pictures], "width": self._width, "cpu": limits.CHAPTER_CPU}
        with checker.held(b"".join(pictures)) as opened:
            answer = checker.ask(task, opened)
        told = answer.said.get("copies")
        if answer.refused or not isinstance(told, list) or len(told) != len(pictures):
            return [None] if len(pictures) == 1 else [one for data in pictures for one in self._drawn([data])]
        plates, at = [], 0
        for one in told:
            data = answer.payload[at : at + one["size"]]
            at += one["size"]
            plates.append(self._plate(data, one["kind"], one["width"], one["height"], "") if data else None)
        return plates

    def _plate(self, data: bytes, kind: str, width: int, height: int, caption: str) -> Plate | None:
        if kind not in ("jpeg", "png") or width < 1 or height < 1 or len(data) > self._left:
            return None
        self._left -= len(data)
        name = f"plate{self._next()}.{kind}"
        (self.folder / name).write_bytes(data)
        return Plate(name, width, height, masked_text(template.one_line(caption)))

    def _next(self) -> int:
        self._count += 1
        return self._count

    # ---- pressed

    def press(
        self, gathered: Sequence[Gathered], wanted: Wanted, ranks: Sequence[str], *, at: datetime
    ) -> tuple[Made, list[int]]:
        """The book in each format that is wanted; and which case (by its place among those gathered) each chapter is.

        Raises Failure.
        """
        from workflow.documents.compiling import paging
        from workflow.documents.compiling.pressing import press  # both load what a page never needs

        book, places = bind(gathered, wanted, ranks, at=at)
        data = json.dumps(as_data(book, int(at.timestamp())), ensure_ascii=False)
        (self.folder / "book.json").write_text(data, encoding="utf-8")
        files: dict[str, Path] = {}
        pages: dict[str, int] = {}
        said: dict[int, list[Text]] = {}
        whole: list[Text] = []
        if "docx" in wanted.formats:
            made, told = press("docx", self.folder)
            for place in told["unused"]:
                said.setdefault(int(place), []).append(_ORIGINAL_UNREAD)
            laid = paging.layout(made)
            files["docx"] = self.folder / "book.docx"
            paging.numbered(made, files["docx"], laid.pages if laid else {})
            if laid is None:
                whole.append(_NO_PAGES)
            else:
                pages["docx"] = laid.total
        if "pdf" in wanted.formats:
            files["pdf"], told = press("pdf", self.folder)
            for place, signs in told["lacking"].items():
                words = _no_shape(signs)
                (said.setdefault(int(place), []) if place else whole).append(words)
            pages["pdf"] = paging.pages(files["pdf"])
        return Made(files, pages, said, whole), places


_WIDTHS = ((400, 1600), (1000, 1200), (2000, 900), (1_000_000, 640))
"""Pictures of all cases up to so many → pixels across that each is drawn with at most."""


@contextmanager
def workshop(database: Database, files: Files, cases: Sequence[int], actor: Actor) -> Iterator[Workshop]:
    """A workshop in a folder that goes afterwards."""
    with database.reading() as session:
        pictures = stored.pictures(session, cases)
    with tempfile.TemporaryDirectory(prefix="zhengji-collection-") as folder:
        yield Workshop(database, files, Path(folder), actor, pictures)


def bind(
    gathered: Sequence[Gathered], wanted: Wanted, regions: Sequence[str], *, at: datetime
) -> tuple[Book, list[int]]:
    """The cases as a book; and which of those gathered each chapter is."""
    calls = list({one.call.number: one.call for one in gathered}.values())
    themes = [theme.label.zh for call in calls for theme in call.themes.values()]
    hidden = sum(1 for one in gathered if not one.open_to_all)
    numbered = {one.chapter.number: place for place, one in enumerate(gathered)}
    book = bound(
        [one.chapter for one in gathered],
        wanted.order,
        Ranks(list(dict.fromkeys(themes)), regions),
        title=wanted.title,
        subtitle="、".join(call.document_number for call in calls),
        issuer="、".join(dict.fromkeys(call.issuer.zh for call in calls)),
        day=_day(at),
        foreword=[line for line in wanted.foreword.split("\n") if line],
        note=f"送审稿：含尚未公开发布的案例 {hidden} 件" if hidden else "",
    )
    return book, [numbered[one.number] for one in book.chapters]


def _day(at: datetime) -> str:
    day = at.astimezone(BEIJING)
    return f"{day.year} 年 {day.month} 月"


def _chapter(call: Call, case: Case) -> Chapter:
    theme = call.themes.get(case.theme)
    return Chapter(
        number=case.number,
        title=masked_text(template.one_line(case.title)) or case.number,
        centre=case.centre.name,
        region=case.office.region,
        theme=theme.label.zh if theme else "其他",
        theme_line=_theme_line(call, case).zh,
        recipient=masked_text(template.one_line(case.recipient)),
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in template.tidy(text).split("\n") if line)


def _unlike(told: dict[str, Any], content: Content) -> Text | None:
    """Why an author's file is not used: it says something else than what was sealed, or something personal."""
    texts: dict[str, list[str]] = {}
    for one in told["sections"]:
        texts.setdefault(one["name"], []).append(one["text"])
    read = {name: template.tidy("\n".join(many)) for name, many in texts.items() if template.tidy("\n".join(many))}
    sealed = {name: template.tidy(text) for name, text in content.sections.items() if template.tidy(text)}
    if read != sealed:
        return _ORIGINAL_OLD
    words = told["text"]
    people_named = [value for value in content.contacts.values() if len(value) >= 2]
    if masked_text(words) != words or any(one in words and one not in content.body for one in people_named):
        return _ORIGINAL_PERSONAL
    return None


_ORIGINAL_LOST = Text(
    "上传的 Word 原件读不出，改用系统中的正文排版。",
    "The Word file as uploaded did not read back; the text kept here was set instead.",
)
_ORIGINAL_UNREAD = Text(
    "上传的 Word 原件不能并入，改用系统中的正文排版。",
    "The Word file as uploaded could not be taken in; the text kept here was set instead.",
)
_ORIGINAL_OLD = Text(
    "上传的 Word 原件与盖章的内容不一致，改用系统中的正文排版。",
    "The Word file as uploaded says something else than what was sealed; the text kept here was set instead.",
)
_ORIGINAL_PERSONAL = Text(
    "上传的 Word 原件中有联系方式，改用系统中的正文排版。",
    "The Word file as uploaded holds contacts; the text kept here was set instead.",
)
_MASKED = Text("正文中的电话、邮箱等已遮盖。", "Telephone numbers and addresses in the text were masked.")
_NOT_IN_PDF = Text(
    "正文中有图表或图形对象，只在 Word 中保留，PDF 中没有。",
    "A chart or drawing in the text is in the Word file only, not in the PDF.",
)
_NO_PAGES = Text(
    "服务器上没有可用的 LibreOffice，Word 目录的页码没有填上；用 Word 打开后全选按 F9 即可更新。",
    "LibreOffice is not at hand, so the contents of the Word file have no page numbers yet; in Word, select all and"
    " press F9.",
)


def _lost_picture(name: str) -> Text:
    return Text(
        f"图片“{name}”读不出或过大，没有编入。",
        f"The picture “{name}” did not read, or is too large, and was left out.",
    )


def _only_in_word(name: str) -> Text:
    return Text(
        f"图片“{name}”只在 Word 中保留，PDF 中没有。", f"The picture “{name}” is in the Word file only, not in the PDF."
    )


def _no_shape(signs: Sequence[str]) -> Text:
    said = "、".join(f"{one}（U+{ord(one):04X}）" for one in signs[:20]) + ("……" if len(signs) > 20 else "")
    return Text(
        f"PDF 的字体没有这些字，已以编码标出，请核对：{said}",
        f"The PDF's faces lack these characters, which stand there by their codes; please check: {said}",
    )


# ---- in the background -----------------------------------------------------------------------------------------------

Each = Callable[[Sequence[Any], Callable[[Any], object]], None]
"""Does parts one after another; see `workflow.jobs.running.Progress.each`."""


def compile_ordered(database: Database, files: Files, collection_id: int, each: Each, *, at: datetime) -> str:
    """Make a collection that was ordered: its cases one by one, then the files. Done once, however often it is tried.

    It holds what whoever ordered it may see now. Raises Failure.
    """
    with database.reading() as session:
        row = stored.one(session, collection_id)
        if row is None or row.made_at is not None:
            return "nothing to be made"
        person = stored_people.by_id(session, row.by_id)
        actor = people.actor_of(person) if person is not None and person.active else Actor(0, "")
        lines = [(one.position, one.case_id) for one in row.lines]
        wanted = Wanted(row.title, [case for _, case in lines], row.foreword, Order.of(row.sort), row.formats.split())
        regions = stored.regions(session)
    results: dict[int, Gathered | Text] = {}
    with workshop(database, files, wanted.cases, actor) as shop:

        def part(line: tuple[int, int] | None) -> None:
            if line is None:
                _finish(database, files, collection_id, shop, results, wanted, regions, at)
                return
            try:
                results[line[0]] = shop.gather(line[1])
            except _LeftOut as left:
                results[line[0]] = left.why
            except Exception as problem:  # whatever it is about this case: it is named, and the others go on
                failure = reason(problem)
                if failure.general:
                    raise
                _log.warning("case %s was not compiled", line[1], exc_info=problem)
                results[line[0]] = failure.why

        each([*lines, None], part)
    return f"{sum(isinstance(one, Gathered) for one in results.values())} of {len(lines)} cases"


def _finish(
    database: Database,
    files: Files,
    collection_id: int,
    shop: Workshop,
    results: dict[int, Gathered | Text],
    wanted: Wanted,
    regions: Sequence[str],
    at: datetime,
) -> None:
    gathered = {place: one for place, one in results.items() if isinstance(one, Gathered)}
    kept: dict[str, tuple[str, int]] = {}
    made = Made({}, {}, {}, [_EMPTY])
    if gathered:
        made, places = shop.press(list(gathered.values()), wanted, regions, at=at)
        told = list(gathered.values())
        for chapter, said in made.said.items():
            told[places[chapter]].said.extend(said)
        for kind, path in made.files.items():
            book = path.read_bytes()
            kept[kind] = (files.put(book), len(book))
    word, pdf = kept.get("docx", ("", 0)), kept.get("pdf", ("", 0))
    with database.transaction() as session:
        row = stored.one(session, collection_id)
        if row is None or row.made_at is not None:
            return
        for place, result in results.items():
            content, said = (result.content, result.said) if isinstance(result, Gathered) else ("", [result])
            stored.finish_line(session, collection_id, place, content, [_pair(one) for one in said])
        stored.finish(
            session,
            collection_id,
            made_at=at,
            word_digest=word[0],
            word_size=word[1],
            word_pages=made.pages.get("docx", 0),
            pdf_digest=pdf[0],
            pdf_size=pdf[1],
            pdf_pages=made.pages.get("pdf", 0),
            said=[_pair(one) for one in made.whole],
        )
        data = {
            "collection": collection_id,
            "title": wanted.title,
            "cases": len(gathered),
            "left_out": len(results) - len(gathered),
            "docx": word[0],
            "pdf": pdf[0],
        }
        stored_personal.note(session, "collections", "collection.make", data, SYSTEM, at)


_EMPTY = Text("所选案例都没有编入，没有生成文件。", "None of the cases chosen could be taken in, so no file was made.")


def _pair(words: Text) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


# ---- by a command ----------------------------------------------------------------------------------------------------


_COMPILING = Text("读取案例", "Reading cases")
_PRESSING = Text("排版", "Setting the book")


@dataclass(frozen=True)
class Built:
    """What a command built: how many cases, pages, and what is to be said of each by its number, or of the whole ("")."""

    cases: int
    pages: int
    sha256: str
    said: Sequence[tuple[str, Text]]


def build(
    database: Database,
    files: Files,
    narrowed: Narrowed,
    wanted: Wanted,
    to: Path,
    *,
    shortlisted: bool,
    actor: Actor,
    at: datetime,
    tell: Callable[[Text, int, int], object] = lambda what, done, total: None,
) -> Built:
    """Compile the published cases of a search into a file, in one format. On record as taken away.

    `wanted`: its cases are not looked at. `shortlisted`: those not yet published too. Raises WrongCollection, Failure,
    OSError.
    """
    states = STATES if shortlisted else OPEN_TO_ALL
    with database.reading() as session:
        ids = [one.id for one in stored.candidates(session, actor, states, narrowed, MOST + 1)]
        regions = stored.regions(session)
        wanted = _sound(session, replace(wanted, cases=ids), actor)
    said: list[tuple[str, Text]] = []
    with workshop(database, files, ids, actor) as shop:
        gathered = []
        for done, case_id in enumerate(ids):
            tell(_COMPILING, done, len(ids) + 1)
            try:
                gathered.append(shop.gather(case_id))
            except _LeftOut as left:
                said.append((str(case_id), left.why))
        tell(_PRESSING, 0, 1)
        made, places = shop.press(gathered, wanted, regions, at=at)
        tell(_PRESSING, 1, 1)
        for chapter, words in made.said.items():
            gathered[places[chapter]].said.extend(words)
        kind = wanted.formats[0]
        book = made.files[kind].read_bytes()
    to.write_bytes(book)
    said += [(one.chapter.number, words) for one in gathered for words in one.said]
    said += [("", words) for words in made.whole]
    sha256 = hashlib.sha256(book).hexdigest()
    with database.transaction() as session:
        noted = {"collection": 0, "title": wanted.title, "cases": len(gathered), "left_out": len(ids) - len(gathered)}
        stored_personal.note(session, "collections", "collection.make", {**noted, kind: sha256}, actor, at)
    return Built(len(gathered), made.pages.get(kind, 0), sha256, said)
