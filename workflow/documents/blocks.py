"""A Word file as lines and grids in reading order, with everything that is seen and nothing that was deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from workflow.documents.marks import Mark
from workflow.documents.origin import origin_of

if TYPE_CHECKING:
    from workflow.documents.parts import Part

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_V = "{urn:schemas-microsoft-com:vml}"
_GRAPHIC = f"{_A}graphicData"
_P, _RUN, _T, _VAL = f"{_W}p", f"{_W}r", f"{_W}t", f"{_W}val"
_P_PR, _R_PR = f"{_W}pPr", f"{_W}rPr"
_P_STYLE, _R_STYLE, _JC, _OUTLINE = f"{_W}pStyle", f"{_W}rStyle", f"{_W}jc", f"{_W}outlineLvl"
_NAME, _BASED_ON, _BOLD, _VANISH = f"{_W}name", f"{_W}basedOn", f"{_W}b", f"{_W}vanish"
_DELETED = f"{_R_PR}/{_W}del"

_GONE = {
    f"{_W}{tag}" for tag in ("del", "moveFrom", "delText", "instrText", "delInstrText", "rPr", "pPr", "rt", "rubyPr")
}
"""Deleted or moved away, codes of fields, properties, and the reading aids above characters."""
_AROUND = {f"{_W}{tag}" for tag in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag")}
"""What may stand around whole paragraphs."""
_FEATURES = {f"{_W}{tag}" for tag in ("drawing", "pict", "object")}


@dataclass(frozen=True)
class Image:
    """A picture's file as it lies in the document."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Line:
    """One paragraph: its text and what its looks tell."""

    text: str
    style: str = ""
    """The style's name, lower case."""
    level: int | None = None
    """1 … 9 for a heading by style or outline level, 0 for the title's style."""
    bold: bool = False
    bold_lead: str = ""
    """The text of the bold runs that the paragraph begins with."""
    centred: bool = False
    images: tuple[Image, ...] = ()
    unread: tuple[str, ...] = ()
    """What it holds that has no picture of its own: a chart, a drawing, a linked picture."""


@dataclass(frozen=True)
class Grid:
    """A table: rows of cells, each cell a tuple of blocks; merged cells stand once."""

    rows: tuple[tuple[tuple[Line | Grid, ...], ...], ...]


Block = Line | Grid


@dataclass(frozen=True)
class Paper:
    """A whole Word file."""

    blocks: tuple[Block, ...]
    footnotes: tuple[str, ...]
    margins: tuple[str, ...]
    """Headers and footers."""
    hidden: tuple[str, ...]
    """Text that is formatted as hidden, and so belongs to no block."""
    origin: Mark | None = None
    """What it says of the case and revision that it was taken from."""


class NoWordFile(Exception):
    """The container is sound and holds no readable Word document."""


def read_blocks(data: bytes) -> Paper:
    """A .docx as blocks. Raises `NoWordFile`. The bytes have been vetted."""
    from workflow.documents.parts import Package  # loaded where it is needed: pages know these blocks and read no file

    try:
        package = Package(data)
        [main] = package.top.related("officeDocument")
        body = main.root.find(f"{_W}body")
        if body is None:
            raise NoWordFile(main.name)
        walker = _Walker(main)
        blocks = tuple(walker.blocks(body))
        said = package.top.related("custom-properties")
        origin = origin_of(said[0].data) if said else None
        return Paper(blocks, tuple(walker.notes()), tuple(walker.margins()), tuple(walker.hidden), origin)
    except (KeyError, ValueError, AttributeError, TypeError, SyntaxError, RecursionError, OSError, BadZipFile) as error:
        raise NoWordFile(str(error)) from error


@dataclass
class _Ink:
    """What one paragraph gathers while it is walked."""

    runs: list[tuple[str, bool]] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class _Look:
    """What a style says, or one of those that it is based on: None where none does."""

    style: str = ""
    """Its name, lower case."""
    title: bool = False
    outline: int | None = None
    bold: bool | None = None
    alignment: str | None = None
    written: int | None = None
    """The outline level as it, or one of those, writes it; `outline` goes by the name where none does."""


_NOTHING = _Look()


def _look(style: Any, base: _Look) -> _Look:
    """A style that is based on another."""
    properties = style.find(_P_PR)
    name = (_value(style, _NAME) or "").lower()
    named = re.fullmatch(r"(?:heading|标题)\s*([1-9])", name.strip())
    own, bold = _outline(_value(properties, _OUTLINE)), _on(style.find(_R_PR), _BOLD)
    written = base.written if own is None else own
    return _Look(
        style=name,
        title=name.strip() in ("title", "标题", "大标题"),
        outline=int(named[1]) - 1 if written is None and named else written,
        bold=base.bold if bold is None else bold,
        alignment=_value(properties, _JC) or base.alignment,
        written=written,
    )


class _Walker:
    def __init__(self, part: Part) -> None:
        self.part = part
        self.styles = {
            style.get(f"{_W}styleId"): style for one in part.related("styles") for style in one.root.iter(f"{_W}style")
        }
        self.looks: dict[str | None, _Look] = {}
        self.default = next(
            (
                one
                for one, style in self.styles.items()
                if _is(style, "type", "paragraph") and _is(style, "default", "1")
            ),
            None,
        )
        self.hidden: list[str] = []
        self.images: dict[str, Image] = {}
        """By the part that holds each: the same one may be shown many times."""

    def blocks(self, parent: Any) -> Iterator[Block]:
        """The blocks of a body, a cell, a text box or a content control, in reading order."""
        carried = ""
        for child in parent:
            tag = child.tag
            if tag == _P:
                line, boxes, deleted = self._line(child)
                if deleted:
                    carried += line.text
                    continue
                yield replace(line, text=carried + line.text) if carried else line
                carried = ""
                for box in boxes:
                    yield from self.blocks(box)
            elif tag == f"{_W}tbl":
                yield self._grid(child)
            elif tag == f"{_MC}AlternateContent":
                yield from self.blocks(_chosen(child))
            elif tag in _AROUND:
                yield from self.blocks(child)
        if carried:
            yield Line(carried)

    def margins(self) -> Iterator[str]:
        """Headers and footers, each once."""
        for part in self.part.related("header", "footer"):
            for block in self.blocks(part.root):
                if isinstance(block, Line) and block.text.strip():
                    yield block.text.strip()

    def notes(self) -> Iterator[str]:
        """Footnotes, then endnotes, each as one text."""
        for kind in ("footnotes", "endnotes"):
            for part in self.part.related(kind):
                for note in part.root.iterchildren(f"{_W}{kind[:-1]}"):
                    if note.get(f"{_W}type") in (None, "normal"):
                        text = "\n".join(block.text for block in self.blocks(note) if isinstance(block, Line)).strip()
                        if text:
                            yield text

    def _grid(self, table: Any) -> Grid:
        rows = []
        for row in _through(table, "tr"):
            if row.find(f"{_W}trPr/{_W}del") is not None:
                continue
            cells = []
            for cell in _through(row, "tc"):
                merge = cell.find(f"{_W}tcPr/{_W}vMerge")
                if merge is None or merge.get(f"{_W}val") == "restart":
                    cells.append(tuple(self.blocks(cell)))
            rows.append(tuple(cells))
        return Grid(tuple(rows))

    def _line(self, paragraph: Any) -> tuple[Line, list[Any], bool]:
        """A paragraph, the text boxes that hang on it, and whether its end was deleted, so that the next one goes on."""
        own: dict[str, str | None] = {}
        properties = paragraph.find(_P_PR)
        if properties is not None:
            own = {child.tag: child.get(_VAL) for child in properties}
        look = self._look(own.get(_P_STYLE) or self.default)
        ink = _Ink()
        self._gather(paragraph, ink, bool(look.bold))
        alignment = own.get(_JC) or look.alignment
        text = "".join([words for words, _ in ink.runs])
        lead = list(takewhile(lambda run: run[1] or not run[0].strip(), ink.runs))
        line = Line(
            text=text,
            style=look.style,
            level=_level(own.get(_OUTLINE), look),
            bold=len(lead) == len(ink.runs) and bool(text.strip()),
            bold_lead="".join([words for words, _ in lead]),
            centred=alignment == "center",
            images=tuple(ink.images),
            unread=tuple(ink.unread),
        )
        return line, ink.boxes, _R_PR in own and properties.find(_DELETED) is not None

    def _look(self, style_id: str | None) -> _Look:
        """What a style says; each is looked at once, those that it is based on before it."""
        chain: dict[str, None] = {}
        at = style_id
        while at and at in self.styles and at not in self.looks and at not in chain:
            chain[at] = None
            at = _value(self.styles[at], _BASED_ON)
        base = self.looks.get(at, _NOTHING)
        for one in reversed(chain):
            base = self.looks[one] = _look(self.styles[one], base)
        return self.looks.setdefault(style_id, _NOTHING)

    def _gather(self, element: Any, ink: _Ink, bold: bool) -> None:
        for child in element:
            tag = child.tag
            if tag == _RUN:
                self._gather_run(child, ink, bold)
            elif tag in _GONE:
                continue
            elif tag == f"{_MC}AlternateContent":
                self._gather(_chosen(child), ink, bold)
            elif tag in _FEATURES:
                self._gather_feature(child, ink)
            elif tag == f"{_M}t":
                ink.runs.append((child.text or "", bold))
            elif tag != _P:
                self._gather(child, ink, bold)

    def _gather_run(self, run: Any, ink: _Ink, bold: bool) -> None:
        for child in run:
            tag = child.tag
            if tag == _T:
                ink.runs.append((child.text or "", bold))
            elif tag == _R_PR:
                heavy, hidden = self._run_look(child)
                if hidden:
                    if text := "".join(one.text or "" for one in run.iter(_T)).strip():
                        self.hidden.append(text)
                    return
                bold = bold if heavy is None else heavy
            elif tag in _GONE:
                continue
            elif tag == f"{_W}tab":
                ink.runs.append(("\t", bold))
            elif tag == f"{_W}cr" or (tag == f"{_W}br" and child.get(f"{_W}type") in (None, "textWrapping")):
                ink.runs.append(("\n", bold))
            elif child.tag == f"{_W}noBreakHyphen":
                ink.runs.append(("-", bold))
            elif child.tag == f"{_MC}AlternateContent":
                for inner in _chosen(child).iterchildren("*"):
                    if inner.tag in _FEATURES:
                        self._gather_feature(inner, ink)
                    elif inner.tag == f"{_W}t":
                        ink.runs.append((inner.text or "", bold))
            elif child.tag in _FEATURES:
                self._gather_feature(child, ink)
            elif child.tag == f"{_W}ruby":
                for base in child.iter(f"{_W}rubyBase"):
                    self._gather(base, ink, bold)

    def _run_look(self, properties: Any) -> tuple[bool | None, bool]:
        """Whether a run is bold, by itself or by its style (None: neither says), and whether it is hidden."""
        own = style = None
        hidden = False
        for one in properties:
            tag = one.tag
            if tag == _BOLD:
                own = _yes(one)
            elif tag == _VANISH:
                hidden = _yes(one)
            elif tag == _R_STYLE:
                style = self._look(one.get(_VAL)).bold
        return own if own is not None else style, hidden

    def _gather_feature(self, feature: Any, ink: _Ink) -> None:
        """A drawing: its pictures, its text boxes, or word that it is neither."""
        before = (len(ink.images), len(ink.boxes))
        for element in _visible(feature):
            if element.tag == f"{_A}blip":
                self._gather_image(element.get(f"{_R}embed"), element.get(f"{_R}link"), ink)
            elif element.tag == f"{_V}imagedata":
                self._gather_image(element.get(f"{_R}id"), element.get(f"{_R}href"), ink)
            elif element.tag == f"{_W}txbxContent":
                ink.boxes.append(element)
            elif element.tag == _GRAPHIC and re.search(r"/(chart|diagram|chartex)$", element.get("uri") or ""):
                ink.unread.append("chart" if "chart" in element.get("uri") else "diagram")
        if feature.tag == f"{_W}object" and (len(ink.images), len(ink.boxes)) == before:
            ink.unread.append("object")

    def _gather_image(self, embedded: str | None, linked: str | None, ink: _Ink) -> None:
        found = self.part.relations.get(embedded) if embedded else None
        if found is None or found.external:
            if embedded or linked:
                ink.unread.append("linked picture")
            return
        if found.target not in self.images:
            package = self.part.package
            name = PurePosixPath(found.target).name
            self.images[found.target] = Image(name, package.media_type(found.target), package.read(found.target))
        ink.images.append(self.images[found.target])


def _visible(element: Any) -> Iterator[Any]:
    """All descendants, of alternatives only the chosen one, and nothing from inside a text box."""
    for child in element.iterchildren("*"):
        if child.tag == f"{_MC}AlternateContent":
            yield from _visible(_chosen(child))
            continue
        yield child
        if child.tag != f"{_W}txbxContent":
            yield from _visible(child)


def _through(parent: Any, tag: str) -> Iterator[Any]:
    """Rows or cells, looking through content controls and insertions."""
    for child in parent.iterchildren("*"):
        if child.tag == f"{_W}{tag}":
            yield child
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            yield from _through(child, tag)


def _chosen(alternatives: Any) -> Any:
    choice = alternatives.find(f"{_MC}Choice")
    if choice is None:
        choice = alternatives.find(f"{_MC}Fallback")
    return alternatives if choice is None else choice


def _value(parent: Any, path: str) -> str | None:
    found = None if parent is None else parent.find(path)
    value = None if found is None else found.get(_VAL)
    return None if value is None else str(value)


def _is(element: Any, attribute: str, value: str) -> bool:
    return bool(element.get(f"{_W}{attribute}") == value)


def _on(properties: Any, path: str) -> bool | None:
    found = None if properties is None else properties.find(path)
    return None if found is None else _yes(found)


def _yes(switch: Any) -> bool:
    return switch.get(_VAL) not in ("0", "false", "off")


def _outline(written: str | None) -> int | None:
    """An outline level as a style or paragraph writes it: 0 … 8 for a heading, 9 for text; None where none is written."""
    return int(written) if written is not None and re.fullmatch("[0-9]{1,4}", written) else None


def _level(own: str | None, look: _Look) -> int | None:
    if look.title:
        return 0
    found = _outline(own)
    found = look.outline if found is None else found
    return found + 1 if found is not None and found < 9 else None
