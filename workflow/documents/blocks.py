"""A Word file as lines and grids in reading order, with everything that is seen and nothing that was deleted."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from workflow.documents.marks import Mark
from workflow.documents.origin import origin_of

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_V = "{urn:schemas-microsoft-com:vml}"
_GRAPHIC = f"{_A}graphicData"

_GONE = {
    f"{_W}{tag}" for tag in ("del", "moveFrom", "delText", "instrText", "delInstrText", "rPr", "pPr", "rt", "rubyPr")
}
"""Deleted or moved away, codes of fields, properties, and the reading aids above characters."""
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
    from docx import Document  # loaded where it is needed: pages know these blocks and read no file

    try:
        document = Document(io.BytesIO(data))
        walker = _Walker(document.part)
        blocks = tuple(walker.blocks(document.element.body))
        origin = origin_of(document.part.package)
        return Paper(blocks, tuple(walker.notes()), tuple(walker.margins()), tuple(walker.hidden), origin)
    except (KeyError, ValueError, AttributeError, TypeError, SyntaxError, RecursionError, OSError) as error:
        raise NoWordFile(str(error)) from error


@dataclass
class _Ink:
    """What one paragraph gathers while it is walked."""

    runs: list[tuple[str, bool]] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)


class _Walker:
    def __init__(self, part: Any) -> None:
        self.part = part
        self.styles = {
            style.get(f"{_W}styleId"): style for style in part._styles_part.element.iter(f"{_W}style")
        }  # python-docx offers styles by name only, and people's files repeat names
        self.default = next(
            (
                one
                for one, style in self.styles.items()
                if _is(style, "type", "paragraph") and _is(style, "default", "1")
            ),
            None,
        )
        self.hidden: list[str] = []

    def blocks(self, parent: Any) -> Iterator[Block]:
        """The blocks of a body, a cell, a text box or a content control, in reading order."""
        carried = ""
        for child in parent.iterchildren("*"):
            if child.tag == f"{_W}p":
                line, boxes = self._line(child)
                if _mark_deleted(child):
                    carried += line.text
                    continue
                yield replace(line, text=carried + line.text) if carried else line
                carried = ""
                for box in boxes:
                    yield from self.blocks(box)
            elif child.tag == f"{_W}tbl":
                yield self._grid(child)
            elif child.tag == f"{_MC}AlternateContent":
                yield from self.blocks(_chosen(child))
            elif child.tag in (
                f"{_W}sdt",
                f"{_W}sdtContent",
                f"{_W}ins",
                f"{_W}moveTo",
                f"{_W}customXml",
                f"{_W}smartTag",
            ):
                yield from self.blocks(child)
        if carried:
            yield Line(carried)

    def margins(self) -> Iterator[str]:
        """Headers and footers, each once."""
        for rel in self.part.rels.values():
            if not rel.is_external and rel.reltype.endswith(("/header", "/footer")):
                for block in self.blocks(_root(rel.target_part)):
                    if isinstance(block, Line) and block.text.strip():
                        yield block.text.strip()

    def notes(self) -> Iterator[str]:
        """Footnotes, then endnotes, each as one text."""
        for kind in ("footnotes", "endnotes"):
            for rel in self.part.rels.values():
                if rel.is_external or not rel.reltype.endswith(f"/{kind}"):
                    continue
                for note in _root(rel.target_part).iterchildren(f"{_W}{kind[:-1]}"):
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

    def _line(self, paragraph: Any) -> tuple[Line, list[Any]]:
        properties = paragraph.find(f"{_W}pPr")
        style_id = _value(properties, "pStyle") or self.default
        chain = list(self._chain(style_id))
        ink = _Ink()
        self._gather(paragraph, ink, _bold(chain))
        name = (_value(chain[0], "name") or "") if chain else ""
        alignment = _value(properties, "jc") or next(
            (found for style in chain if (found := _value(style.find(f"{_W}pPr"), "jc"))), None
        )
        inked = [(text, bold) for text, bold in ink.runs if text.strip()]
        lead = []
        for text, bold in ink.runs:
            if not bold and text.strip():
                break
            lead.append(text)
        line = Line(
            text="".join(text for text, _ in ink.runs),
            style=name.lower(),
            level=_level(properties, chain, name),
            bold=bool(inked) and all(bold for _, bold in inked),
            bold_lead="".join(lead),
            centred=alignment == "center",
            images=tuple(ink.images),
            unread=tuple(ink.unread),
        )
        return line, ink.boxes

    def _chain(self, style_id: str | None) -> Iterator[Any]:
        seen: set[str] = set()
        while style_id and style_id in self.styles and style_id not in seen:
            seen.add(style_id)
            yield self.styles[style_id]
            style_id = _value(self.styles[style_id], "basedOn")

    def _gather(self, element: Any, ink: _Ink, bold: bool) -> None:
        for child in element.iterchildren("*"):
            if child.tag in _GONE:
                continue
            if child.tag == f"{_W}r":
                self._gather_run(child, ink, bold)
            elif child.tag == f"{_MC}AlternateContent":
                self._gather(_chosen(child), ink, bold)
            elif child.tag in _FEATURES:
                self._gather_feature(child, ink)
            elif child.tag == f"{_M}t":
                ink.runs.append((child.text or "", bold))
            elif child.tag != f"{_W}p":
                self._gather(child, ink, bold)

    def _gather_run(self, run: Any, ink: _Ink, bold: bool) -> None:
        properties = run.find(f"{_W}rPr")
        if properties is not None:
            own = _on(properties, "b")
            style = next((_on(one.find(f"{_W}rPr"), "b") for one in self._chain(_value(properties, "rStyle"))), None)
            bold = own if own is not None else style if style is not None else bold
            if _on(properties, "vanish"):
                if hidden := "".join(text.text or "" for text in run.iter(f"{_W}t")).strip():
                    self.hidden.append(hidden)
                return
        for child in run.iterchildren("*"):
            if child.tag in _GONE:
                continue
            if child.tag == f"{_W}t":
                ink.runs.append((child.text or "", bold))
            elif child.tag == f"{_W}tab":
                ink.runs.append(("\t", bold))
            elif child.tag == f"{_W}cr" or (
                child.tag == f"{_W}br" and child.get(f"{_W}type") in (None, "textWrapping")
            ):
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
        rel = self.part.rels.get(embedded) if embedded else None
        if rel is None or rel.is_external:
            if embedded or linked:
                ink.unread.append("linked picture")
            return
        part = rel.target_part
        ink.images.append(Image(PurePosixPath(str(part.partname)).name, part.content_type, part.blob))


def _root(part: Any) -> Any:
    from lxml import etree

    return etree.fromstring(part.blob, etree.XMLParser(resolve_entities=False, no_network=True))


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


def _mark_deleted(paragraph: Any) -> bool:
    return paragraph.find(f"{_W}pPr/{_W}rPr/{_W}del") is not None


def _value(parent: Any, tag: str) -> str | None:
    found = None if parent is None else parent.find(f"{_W}{tag}")
    value = None if found is None else found.get(f"{_W}val")
    return None if value is None else str(value)


def _is(element: Any, attribute: str, value: str) -> bool:
    return bool(element.get(f"{_W}{attribute}") == value)


def _on(properties: Any, tag: str) -> bool | None:
    found = None if properties is None else properties.find(f"{_W}{tag}")
    return None if found is None else found.get(f"{_W}val") not in ("0", "false", "off")


def _bold(chain: list[Any]) -> bool:
    return next((own for style in chain if (own := _on(style.find(f"{_W}rPr"), "b")) is not None), False)


def _level(properties: Any, chain: list[Any], name: str) -> int | None:
    if name.strip().lower() in ("title", "标题", "大标题"):
        return 0
    own = _value(properties, "outlineLvl")
    for found in (own, *(_value(style.find(f"{_W}pPr"), "outlineLvl") for style in chain)):
        if found is not None and found.isdigit():
            return int(found) + 1 if int(found) < 9 else None
    named = re.fullmatch(r"(?:heading|标题)\s*([1-9])", name.strip().lower())
    return int(named[1]) if named else None
