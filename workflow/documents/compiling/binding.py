"""A book as one Word file: our own pages around the cases, each as its author wrote it where that can be used.

Runs in the child (see `pressing`). What a field shows (contents, references to pages) is written as a stand-in, which
`paging` replaces once it is known where everything came to stand; Word itself renews it with F9.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from docx import Document
from docx.enum.section import WD_SECTION
from docx.image.image import Image
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.shape import CT_Inline
from docx.parts.image import ImagePart
from docx.shared import Emu, Mm, RGBColor

from workflow.documents import template
from workflow.documents.compiling.looks import (
    ABOUT,
    BENEATH,
    CELL,
    ENTRY,
    FIRST,
    GROUP,
    NAME,
    OPENING,
    PAGE,
    PICTURE,
    RUNNING,
    SECOND,
    TITLE,
    sheet,
)
from workflow.documents.compiling.paging import BOOKMARK, STAND_IN

_WIDEST, _HIGHEST = Mm(140), Mm(170)
"""The most of a page that a picture takes."""
_DOT = 6096
"""English Metric Units of a pixel at 150 dots to the inch."""


def word(folder: Path, out: IO[bytes]) -> dict[str, Any]:
    """Write the book.json of a folder to an open file; says which chapters' own files could not be used."""
    binder = _Binder(folder, json.loads((folder / "book.json").read_text(encoding="utf-8")))
    binder.bind()
    binder.document.save(out)
    return {"unused": binder.unused}


class _Binder:
    def __init__(self, folder: Path, book: Mapping[str, Any]) -> None:
        self.folder, self.book = folder, book
        made = datetime.fromtimestamp(book["moment"], UTC).replace(tzinfo=None)
        self.document = sheet(book["title"], book["issuer"], made)
        self.unused: dict[str, str] = {}
        self._pictures = 0
        self._bookmarks = 0

    def bind(self) -> None:
        self._cover()
        self._front()
        for place, chapter in enumerate(self.book["chapters"]):
            self._section(chapter["running"], "decimal", restart=place == 0)
            self._chapter(place, chapter)
        self._section("中心索引", "decimal")
        self._opening("中心索引")
        for group in self.book["centres"]:
            self._entry(group["name"], group["chapters"])

    # ---- beside the cases

    def _cover(self) -> None:
        for _ in range(5):
            self.document.add_paragraph("", style=BENEATH)
        self.document.add_paragraph(self.book["title"], style=NAME)
        self.document.add_paragraph(self.book["subtitle"], style=BENEATH)
        if self.book["note"]:
            note = self.document.add_paragraph(style=BENEATH)
            note.add_run(f"【{self.book['note']}】").font.color.rgb = RGBColor(0xA8, 0x20, 0x1A)
        for _ in range(9):
            self.document.add_paragraph("", style=BENEATH)
        self.document.add_paragraph(self.book["issuer"], style=BENEATH)
        for line in (self.book["day"], *self.book["imprint"]):
            self.document.add_paragraph(line, style=BENEATH)

    def _front(self) -> None:
        self._section("目　录", "lowerRoman", restart=True)
        if self.book["foreword"]:
            self._opening("前　言")
            for words in self.book["foreword"]:
                self.document.add_paragraph(words, style=template.BODY_STYLE)
        self._opening("目　录", new_page=bool(self.book["foreword"]))
        self._contents()
        for listing in self.book["listings"]:
            self._opening(listing["title"], new_page=True)
            for group in listing["groups"]:
                self.document.add_paragraph(f"{group['name']}（{len(group['chapters'])} 件）", style=FIRST)
                for place in group["chapters"]:
                    self._entry(self._named(place), [place], style=SECOND)

    def _named(self, place: int) -> str:
        return f"{place + 1}　{self.book['chapters'][place]['title']}"

    def _opening(self, words: str, *, new_page: bool = False) -> None:
        self.document.add_paragraph(words, style=OPENING).paragraph_format.page_break_before = new_page

    def _contents(self) -> None:
        """A contents field of Word's own, over our two styles of headings, with its entries as they are."""
        entries = []
        for group in self.book["groups"]:
            if group["name"]:
                entries.append(self._entry(group["name"], group["chapters"][:1], style=FIRST))
            entries += [self._entry(self._named(one), [one], style=SECOND) for one in group["chapters"]]
        if not entries:
            return
        begin = [*_field_begin(f' TOC \\h \\z \\t "{GROUP},1,{TITLE},2" '), _char("separate")]
        for element in reversed(begin):
            entries[0]._p.insert(1, element)
        entries[-1]._p.append(_char("end"))

    def _entry(self, words: str, places: Iterable[int], style: str = ENTRY) -> Any:
        """A line of a list: words, and the pages of some chapters, each a reference that Word can renew."""
        paragraph = self.document.add_paragraph(style=style)
        line = paragraph._p
        places = list(places)
        first = _link(places[0])
        first.append(_run(words))
        tab = OxmlElement("w:r")
        tab.append(OxmlElement("w:tab"))
        first.append(tab)
        line.append(first)
        for at, place in enumerate(places):
            link = first if at == 0 else _link(place)
            if at:
                line.append(_run("、"))
                line.append(link)
            link.extend(_page_reference(place))
        return paragraph

    # ---- sections

    def _section(self, running: str, numbers: str, *, restart: bool = False) -> None:
        """Begin a page with a running title of its own; the cover before has none."""
        section = self.document.add_section(WD_SECTION.NEW_PAGE)
        _close_up(self.document)
        head, foot = section.header, section.footer
        head.is_linked_to_previous = False
        line = head.paragraphs[0]
        line.style = self.document.styles[RUNNING]
        line.add_run(f"{self.book['title'][:24]}\t{running}")
        kind = section._sectPr.find(qn("w:pgNumType"))
        if kind is None:
            kind = OxmlElement("w:pgNumType")
            _put(section._sectPr, kind)
        kind.set(qn("w:fmt"), numbers)
        kind.attrib.pop(qn("w:start"), None)
        if restart:
            kind.set(qn("w:start"), "1")
        if numbers == "lowerRoman" or restart:
            foot.is_linked_to_previous = False
            foot.paragraphs[0].style = self.document.styles[PAGE]
            field = OxmlElement("w:fldSimple")
            field.set(qn("w:instr"), "PAGE")
            foot.paragraphs[0]._p.append(field)

    # ---- one case

    def _chapter(self, place: int, chapter: Mapping[str, Any]) -> None:
        heading = next((one["name"] for one in self.book["groups"] if one["chapters"][0] == place), "")
        if heading:
            self.document.add_paragraph(heading, style=GROUP)
        title = self.document.add_paragraph(self._named(place), style=TITLE)
        self._bookmark(title._p, BOOKMARK.format(place))
        about = [chapter["centre"], chapter["region"], chapter["theme_line"]]
        self.document.add_paragraph("　·　".join(one for one in about if one), style=ABOUT)
        if chapter["word"] and self._original(place, chapter["word"]):
            return
        for part in chapter["parts"]:
            if part["heading"]:
                self.document.add_paragraph(part["heading"], style="Heading 1")
            for words in part["paragraphs"]:
                self.document.add_paragraph(words, style=template.BODY_STYLE)
            for table in part["tables"]:
                self._table(table)
            for plate in part["plates"]:
                self._plate(plate)

    def _original(self, place: int, name: str) -> bool:
        """Take over an author's own file; whether that could be done. What cannot be taken over leaves nothing behind."""
        from docxcompose.composer import Composer

        body = self.document.element.body
        before = len(body)
        try:
            Composer(self.document).append(Document(str(self.folder / name)))
        except Exception as problem:
            for element in list(body)[before - 1 : -1]:
                body.remove(element)
            self.unused[str(place)] = f"{type(problem).__name__}: {problem}"[:300]
            return False
        return True

    def _bookmark(self, paragraph: Any, name: str) -> None:
        self._bookmarks += 1
        for tag in ("w:bookmarkStart", "w:bookmarkEnd"):
            mark = OxmlElement(tag)
            mark.set(qn("w:id"), str(100_000 + self._bookmarks))
            if tag == "w:bookmarkStart":
                mark.set(qn("w:name"), name)
            (paragraph.insert(1, mark) if tag == "w:bookmarkStart" else paragraph.append(mark))

    def _table(self, table: Mapping[str, Any]) -> None:
        if table["caption"]:
            self.document.add_paragraph(table["caption"], style="Caption").paragraph_format.keep_with_next = True
        rows = table["rows"]
        made = self.document.add_table(len(rows), max(map(len, rows)), style="Table Grid")
        made.autofit = True
        cells = made._cells
        width = max(map(len, rows))
        for at, row in enumerate(rows):
            for column, words in enumerate(row):
                paragraph = cells[at * width + column].paragraphs[0]
                paragraph.style = self.document.styles[CELL]
                paragraph.add_run(words)
        self.document.add_paragraph("", style=CELL)

    def _plate(self, plate: Mapping[str, Any]) -> None:
        holder = self.document.add_paragraph(style=PICTURE)
        data = (self.folder / plate["file"]).read_bytes()
        scale = min(1.0, _WIDEST / (plate["width"] * _DOT), _HIGHEST / (plate["height"] * _DOT))
        size = [Emu(int(one * _DOT * scale)) for one in (plate["width"], plate["height"])]
        self._pictures += 1
        image = Image.from_blob(data)
        # Made here: the library would compare it with each picture before by a digest that it computes anew each time.
        part = ImagePart(PackURI(f"/word/media/plate{self._pictures}.{image.ext}"), image.content_type, data)
        relation = self.document.part.relate_to(part, RELATIONSHIP_TYPE.IMAGE)
        drawn = CT_Inline.new_pic_inline(900_000 + self._pictures, relation, plate["file"], *size)
        drawn.docPr.set("descr", plate["caption"] or "图片")
        holder.add_run()._r.add_drawing(drawn)
        if plate["caption"]:
            self.document.add_paragraph(plate["caption"], style="Caption")


# ---- pieces of WordprocessingML --------------------------------------------------------------------------------------


def _run(words: str) -> Any:
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = words
    text.set(qn("xml:space"), "preserve")
    run.append(text)
    return run


def _char(kind: str) -> Any:
    return parse_xml(f'<w:r {nsdecls("w")}><w:fldChar w:fldCharType="{kind}"/></w:r>')


def _field_begin(code: str) -> list[Any]:
    instruction = OxmlElement("w:r")
    words = OxmlElement("w:instrText")
    words.set(qn("xml:space"), "preserve")
    words.text = code
    instruction.append(words)
    return [_char("begin"), instruction]


def _link(place: int) -> Any:
    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), BOOKMARK.format(place))
    link.set(qn("w:history"), "1")
    return link


def _page_reference(place: int) -> list[Any]:
    shown = OxmlElement("w:r")
    shown.set(qn("w:rsidR"), STAND_IN.format(place))
    words = OxmlElement("w:t")
    words.text = "000"
    shown.append(words)
    return [*_field_begin(f" PAGEREF {BOOKMARK.format(place)} \\h "), _char("separate"), shown, _char("end")]


def _put(properties: Any, kind: Any) -> None:
    """Page numbers stand after margins and before columns in a section's properties (ECMA-376)."""
    after = properties.find(qn("w:pgMar"))
    after.addnext(kind)


def _close_up(document: Any) -> None:
    """Move the end of a section into the paragraph before it, so that it takes no line of its own."""
    carrier = document.element.body[-2]
    before = carrier.getprevious()
    ends = carrier.find(f"{qn('w:pPr')}/{qn('w:sectPr')}")
    if ends is None or before is None or before.tag != qn("w:p"):
        return
    if before.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is None:
        before.get_or_add_pPr().append(ends)
        document.element.body.remove(carrier)
