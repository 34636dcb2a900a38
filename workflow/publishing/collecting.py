"""What a collection is made of: cases gathered one by one into a folder, bound as a book, and pressed into files."""

from __future__ import annotations

import json
import logging
import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call
from rules.words import Text
from states.case import CaseState
from states.reach import Actor
from workflow.content import Content
from workflow.documents import checker, limits, preview, template
from workflow.documents.compiling.book import Book, Chapter, Grid, Order, Part, Plate, Ranks, as_data, bound
from workflow.failure import Failure
from workflow.personal import masked_text
from workflow.publishing import consent
from workflow.store import collection as stored
from workflow.store import facts as stored_facts
from workflow.store.calls import call_of
from workflow.store.database import Database
from workflow.store.files import Absent, Damaged, Files
from workflow.store.models import Case, Document

_log = logging.getLogger(__name__)

STATES = (CaseState.SHORTLISTED, CaseState.PUBLISHED, CaseState.WIPO_PUSHED)
"""Cases that can be compiled."""
OPEN_TO_ALL = consent.PUBLIC
FORMATS = ("docx", "pdf")


@dataclass(frozen=True)
class Wanted:
    """What is to be compiled. `cases`: in the order in which they stand by hand; `foreword`: paragraphs, by lines.

    `imprint`: lines on the cover, such as the ISBN.
    """

    title: str
    cases: Sequence[int]
    foreword: str = ""
    order: Order = Order.THEME
    formats: Sequence[str] = FORMATS
    imprint: Sequence[str] = ()


def theme_line(call: Call, case: Case) -> Text:
    theme = call.themes.get(case.theme)
    if case.theme_name:
        return Text(case.theme_name, case.theme_name)
    return theme.label if theme else Text(case.theme, case.theme)


class LeftOut(Exception):
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
class Papers:
    """What a case is set from besides its text. `source`: its call's file and notice."""

    word: Document | None
    pictures: Sequence[Document]
    source: tuple[str, str]

    @property
    def allowed(self) -> list[Document]:
        """The pictures of which somebody said that they may be published."""
        return [one for one in self.pictures if one.rights]

    @classmethod
    def of(cls, session: Session, case: Case) -> Papers:
        return cls(*stored.papers(session, case.id), stored.source(session, case.call_version_id))


@dataclass(frozen=True)
class Made:
    """What came of making a book. `said`: about each place of the chapters it was made from, or as a whole ("")."""

    files: dict[str, Path]
    pages: dict[str, int]
    said: dict[int, list[Text]]
    whole: list[Text]


class Workshop:
    """A folder in which one book is made: cases are gathered one by one, then it is pressed.

    `exact`: for those who reach the cases anyway, so nothing is masked, and no picture is kept back.
    """

    def __init__(
        self, database: Database, files: Files, folder: Path, actor: Actor, pictures: int, *, exact: bool = False
    ) -> None:
        self.database, self.files, self.folder, self.actor = database, files, folder, actor
        self._exact = exact
        self._width = _width(pictures)
        self._left, self._dots = limits.COLLECTED_PICTURES, limits.COLLECTED_DOTS
        self._count = 0

    def gather(self, case_id: int) -> Gathered:
        """One case, with its pictures and its author's Word file put into the folder. Raises LeftOut, StoreAway."""
        with self.database.reading() as session:
            case = stored.case(session, self.actor, case_id, STATES)
            if case is None:
                raise LeftOut(
                    Text(
                        "已不在“已入选”“已发布”之列，没有编入。",
                        "It is no longer shortlisted or published, and was left out.",
                    )
                )
            call, content = call_of(session, case.call_version_id), stored_facts.content_of(case)
            gathered = Gathered(_chapter(call, case), case.content, consent.open_to_all(call, case), call)
            papers = Papers.of(session, case)
        return self.set(gathered, content, papers)

    def set(self, gathered: Gathered, content: Content, papers: Papers) -> Gathered:
        """Fill in what the case says, from its author's own file where that says just this. Raises StoreAway."""
        told = self._original(papers.word, content, papers, gathered) if papers.word else None
        if told is None:
            told = {"parts": self._written(gathered.call, content, papers, gathered)}
        gathered.chapter = replace(gathered.chapter, **told)
        return gathered

    def _masked(self, text: str) -> str:
        return text if self._exact else masked_text(text)

    # ---- as its author wrote it

    def _original(self, word: Document, content: Content, papers: Papers, gathered: Gathered) -> dict[str, Any] | None:
        """What the author's own file says, where that is exactly what was sealed; else None, and why is said."""
        try:
            data = self.files.get(word.digest)
        except (Absent, Damaged):
            gathered.said.append(_ORIGINAL_LOST)
            return None
        pieces = [papers.source[0].encode(), papers.source[1].encode(), data]
        task = {
            "do": "chapter",
            "sizes": [len(one) for one in pieces[:2]],
            "width": self._width,
            "allowed": None if self._exact else [one.digest for one in papers.allowed],
            "kept_width": preview.COPY_WIDTH,
            "cpu": limits.CHAPTER_CPU,
        }
        with checker.held(b"".join(pieces)) as opened:
            answer = checker.ask(task, opened)
        size, tail = answer.said.get("told"), answer.said.get("word")
        if answer.refused or not isinstance(size, int) or not isinstance(tail, int):
            gathered.said.append(_ORIGINAL_UNREAD)
            return None
        told = json.loads(answer.payload[:size])
        why = _unlike(told, content, exact=self._exact)
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
        gaps: dict[str, list[str]] = {}
        at = 0
        for one in told["pictures"]:
            if one["withheld"]:
                gathered.said.append(_withheld(one["caption"] or one["name"]))
                gaps.setdefault(one["section"], []).append(self._masked(template.withheld(one["caption"])))
                continue
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
        for section in call.sections:
            texts.setdefault(section.id, []).extend(gaps.pop(section.id, ()))
        parts = [
            Part(
                template.heading(place, section),
                tuple(line for line in texts[section.id] if line),
                tuple(tables.pop(section.id, ())),
                tuple(plates.pop(section.id, ())),
            )
            for place, section in enumerate(call.sections, 1)
            if texts[section.id] or section.id in tables or section.id in plates
        ]
        notes = tuple(f"注{place}　{template.one_line(one)}" for place, one in enumerate(told["notes"], 1))
        rest = Part(
            "", (*chain(*gaps.values()), *notes), tuple(chain(*tables.values())), tuple(chain(*plates.values()))
        )
        return (*parts, rest) if rest.paragraphs or rest.tables or rest.plates else tuple(parts)

    # ---- as we write it

    def _written(self, call: Call, content: Content, papers: Papers, gathered: Gathered) -> tuple[Part, ...]:
        parts = [
            Part(template.heading(place, section), _lines(content.sections.get(section.id, "")))
            for place, section in enumerate(call.sections, 1)
        ]
        known = {section.id for section in call.sections}
        parts += [Part(name, _lines(text)) for name, text in content.sections.items() if name not in known]
        masked = [replace(one, paragraphs=tuple(map(self._masked, one.paragraphs))) for one in parts if one.paragraphs]
        if masked != [one for one in parts if one.paragraphs]:
            gathered.said.append(_MASKED)
        shown = papers.pictures if self._exact else papers.allowed
        plates = self._kept(shown, gathered)
        missing = [template.one_line(one.caption) or one.name for one in papers.pictures if one not in shown]
        gathered.said += map(_withheld, missing)
        notes = tuple(self._masked(template.withheld(one)) for one in missing)
        return (*masked, Part("", notes, plates=plates)) if plates or notes else tuple(masked)

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
                plates.append(replace(plate, caption=self._masked(template.one_line(one.caption))))
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
        if kind not in ("jpeg", "png") or width < 1 or height < 1:
            return None
        if len(data) > self._left or width * height > self._dots:
            return None
        self._left, self._dots = self._left - len(data), self._dots - width * height
        name = f"plate{self._next()}.{kind}"
        (self.folder / name).write_bytes(data)
        return Plate(name, width, height, self._masked(template.one_line(caption)))

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
            try:
                files["pdf"], told = press("pdf", self.folder)
            except Failure as failed:
                if not files:
                    raise
                _log.warning("no PDF of a collection was made: %s", failed.said)
                whole.append(_NO_PDF)
                told = {"lacking": {}}
            for place, signs in told["lacking"].items():
                words = _no_shape(signs)
                (said.setdefault(int(place), []) if place else whole).append(words)
            if "pdf" in files:
                pages["pdf"] = paging.pages(files["pdf"])
        return Made(files, pages, said, whole), places


_WIDEST, _NARROWEST = 1600, 400


def _width(pictures: int) -> int:
    """Pixels across that each of so many pictures is drawn with at most: together half of what there is room for, where
    they are wider than high; the other half is for those that are not."""
    fitting = math.isqrt(limits.COLLECTED_DOTS // 2 * 4 // 3 // max(pictures, 1))
    return min(_WIDEST, max(_NARROWEST, fitting))


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
        imprint=wanted.imprint,
        note=f"送审稿：含尚未公开发布的案例 {hidden} 件" if hidden else "",
    )
    return book, [numbered[one.number] for one in book.chapters]


def _day(at: datetime) -> str:
    day = at.astimezone(BEIJING)
    return f"{day.year} 年 {day.month} 月"


def listed(session: Session, case: Case) -> Gathered:
    """A case as the lists of a book name it, without its text."""
    call = call_of(session, case.call_version_id)
    return Gathered(_chapter(call, case), case.content, consent.open_to_all(call, case), call)


def _chapter(call: Call, case: Case) -> Chapter:
    theme = call.themes.get(case.theme)
    return Chapter(
        number=case.number,
        title=masked_text(template.one_line(case.title)) or case.number,
        centre=case.centre.name,
        region=case.office.region,
        theme=theme.label.zh if theme else "其他",
        theme_line=theme_line(call, case).zh,
        recipient=masked_text(template.one_line(case.recipient)),
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in template.tidy(text).split("\n") if line)


def _unlike(told: dict[str, Any], content: Content, *, exact: bool) -> Text | None:
    """Why an author's file is not used: it says something else than what was sealed, or something personal."""
    texts: dict[str, list[str]] = {}
    for one in told["sections"]:
        texts.setdefault(one["name"], []).append(one["text"])
    read = {name: template.tidy("\n".join(many)) for name, many in texts.items() if template.tidy("\n".join(many))}
    sealed = {name: template.tidy(text) for name, text in content.sections.items() if template.tidy(text)}
    if read != sealed:
        return _ORIGINAL_OLD
    if exact:
        return None
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
_NO_PDF = Text(
    "PDF 没有做成，只有 Word。请减少案例件数后另编 PDF；仍不行的，请联系管理员。",
    "The PDF could not be made; there is the Word file only. Order a PDF of fewer cases; if that fails too, ask the"
    " administrator.",
)
_NO_PAGES = Text(
    "服务器上没有可用的 LibreOffice，Word 目录的页码没有填上；用 Word 打开后全选按 F9 即可更新。",
    "LibreOffice is not at hand, so the contents of the Word file have no page numbers yet; in Word, select all and"
    " press F9.",
)


def _withheld(name: str) -> Text:
    return Text(
        f"图片“{name}”没有登记由谁同意公开，没有收入，书中原处注明。登记后请重新编印。",
        f"Nobody is on record as allowing the picture “{name}”; it was left out, and the book says so in its place. Compile"
        " again once that is recorded.",
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
