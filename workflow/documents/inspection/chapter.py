"""An author's own Word file made ready to stand in a collection: read, and its body tidied of all that is not the case.

What goes: everything before the first section (our page says title, centre and theme), what was deleted or hidden,
comments, codes of fields, bookmarks, headers, footers, breaks of sections, what a camera noted beside a picture, and the
pictures that may not be shown, where words stand instead.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Collection, Sequence
from typing import Any

from docx import Document
from docx.opc.packuri import PackURI
from docx.oxml import OxmlElement
from PIL import Image

from workflow.calls import parse_call
from workflow.documents import template
from workflow.documents.blocks import NoWordFile, read_blocks
from workflow.documents.inspection import Done, Refused, cut_up
from workflow.documents.inspection.drawing import draw
from workflow.documents.reading import CaseDocument, read_paper

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

_DROPPED = frozenset(
    f"{_W}{tag}"
    for tag in (
        *("del", "moveFrom", "delText", "delInstrText", "instrText", "fldChar", "sectPr", "lastRenderedPageBreak"),
        *("commentRangeStart", "commentRangeEnd", "commentReference", "annotationRef", "bookmarkStart", "bookmarkEnd"),
        *("moveFromRangeStart", "moveFromRangeEnd", "moveToRangeStart", "moveToRangeEnd", "proofErr"),
        *("rPrChange", "pPrChange", "tblPrChange", "tcPrChange", "trPrChange", "sectPrChange", "numberingChange"),
        *("permStart", "permEnd", "cellIns", "cellDel", "cellMerge", "framePr", "pageBreakBefore"),
    )
)
_UNWRAPPED = frozenset(
    f"{_W}{tag}" for tag in ("ins", "moveTo", "smartTag", "customXml", "fldSimple", "sdt", "sdtContent")
)
_UNWRAPPED_GOES = frozenset(f"{_W}{tag}" for tag in ("sdtPr", "sdtEndPr", "smartTagPr", "customXmlPr"))


_FEATURES = tuple(f"{_W}{tag}" for tag in ("drawing", "pict", "object"))
"""What holds pictures in a run."""


def chapter(data: bytes, sizes: Sequence[int], width: int, allowed: Collection[str] | None, kept_width: int) -> Done:
    """A call's file and its notice (`sizes`), then a Word file; pictures are drawn at most `width` pixels wide.

    `allowed`: digests of the pictures that may be shown, as they are or as they were kept, drawn anew with `kept_width`; None: all may.

    Answers what was read, as JSON (`told` bytes), the pictures that it names, and the Word file (`word` bytes).
    Raises Refused.
    """
    source, notice, word = cut_up(data, sizes)
    call = parse_call(source.decode(), notice.decode())
    try:
        read = read_paper(read_blocks(word), "docx", call)
    except NoWordFile as problem:
        raise Refused("damaged") from problem
    pens = _Pens(width, allowed, kept_width)
    pictures = [pens.draw(one.data) for one in read.pictures]
    tidied, text = _tidied(word, read, pens)
    withheld = [pens.withheld(one.data) for one in read.pictures]
    told = json.dumps({**_told(read, pictures, withheld), "text": text}, ensure_ascii=False).encode()
    return {"told": len(told), "word": len(tidied)}, b"".join([told, *(one[0] for one in pictures), tidied])


class _Pens:
    """Draws each picture once, wherever it stands; nothing of one that may not be shown."""

    def __init__(self, width: int, allowed: Collection[str] | None, kept_width: int) -> None:
        self.width, self._allowed, self._kept_width = width, allowed, kept_width
        self._withheld: dict[bytes, bool] = {}
        self._drawn: dict[bytes, tuple[bytes, str, int, int]] = {}

    def draw(self, data: bytes) -> tuple[bytes, str, int, int]:
        if data not in self._drawn:
            self._drawn[data] = (b"", "", 0, 0) if self.withheld(data) else draw(data, self.width)
        return self._drawn[data]

    def withheld(self, data: bytes) -> bool:
        if self._allowed is None:
            return False
        if data not in self._withheld:
            copies = (data, draw(data, self._kept_width)[0])
            self._withheld[data] = all(hashlib.sha256(one).hexdigest() not in self._allowed for one in copies)
        return self._withheld[data]


def _told(
    read: CaseDocument, pictures: Sequence[tuple[bytes, str, int, int]], withheld: Sequence[bool]
) -> dict[str, Any]:
    return {
        "title": read.title,
        "sections": [{"name": one.name, "heading": one.heading, "text": one.text} for one in read.sections],
        "tables": [{"section": one.section, "caption": one.caption, "rows": one.rows} for one in read.tables],
        "pictures": [
            {
                "section": one.section,
                "caption": one.caption,
                "name": one.name,
                "size": len(drawn[0]),
                "kind": drawn[1],
                "width": drawn[2],
                "height": drawn[3],
                "withheld": kept_back,
            }
            for one, drawn, kept_back in zip(read.pictures, pictures, withheld, strict=True)
        ],
        "notes": read.footnotes,
        "unread": any(one.code == "drawing_not_read" for one in read.problems),
    }


def _tidied(data: bytes, read: CaseDocument, pens: _Pens) -> tuple[bytes, str]:
    """The file without what is not the case, and every word that is left in it."""
    document = Document(io.BytesIO(data))
    body = document.element.body
    _unwrap(body)
    _drop(body)
    _drop_opening(body, read)
    _end_tidily(body)
    text = "\n".join([*(_text(one) for one in body), *read.footnotes])  # before our own words stand in it
    _withhold(document.part, pens)
    _give_room(body)
    _redraw(document.part, pens)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue(), text


def _unwrap(body: Any) -> None:
    """Of alternatives the chosen one; what was inserted stays, without saying by whom."""
    for element in list(body.iter(f"{_MC}AlternateContent")):
        choice = element.find(f"{_MC}Choice")
        chosen = choice if choice is not None else element.find(f"{_MC}Fallback")
        _replace(element, list(chosen) if chosen is not None else [])
    for element in list(body.iter(*_UNWRAPPED)):
        _replace(element, [one for one in element if one.tag not in _UNWRAPPED_GOES])


def _replace(element: Any, inner: Sequence[Any]) -> None:
    parent = element.getparent()
    if parent is None:
        return
    place = parent.index(element)
    parent.remove(element)
    for at, one in enumerate(inner):
        parent.insert(place + at, one)


def _drop(body: Any) -> None:
    for paragraph in list(body.iter(f"{_W}p")):
        if paragraph.find(f"{_W}pPr/{_W}rPr/{_W}del") is not None:
            _join(paragraph)
    for run in list(body.iter(f"{_W}r")):
        hidden = run.find(f"{_W}rPr/{_W}vanish")
        if hidden is not None and hidden.get(f"{_W}val") not in ("0", "false", "off"):
            run.getparent().remove(run)
    for element in list(body.iter(*_DROPPED)):
        if element.getparent() is not None and not (element.tag == f"{_W}sectPr" and element.getparent() is body):
            element.getparent().remove(element)


def _join(paragraph: Any) -> None:
    """A paragraph whose end was deleted goes on in the next one."""
    following = paragraph.getnext()
    if following is None or following.tag != f"{_W}p":
        return
    for one in [child for child in following if child.tag != f"{_W}pPr"]:
        paragraph.append(one)
    following.getparent().remove(following)


def _drop_opening(body: Any, read: CaseDocument) -> None:
    """What stands before the first section goes, but for pictures; nothing where that section stands in a table."""
    heading = next((one.heading for one in read.sections if one.name), "")
    before = []
    for element in body:
        if heading and element.tag == f"{_W}p" and heading in _text(element):
            break
        if element.tag == f"{_W}tbl" and heading in _text(element):
            return
        before.append(element)
    else:
        return
    for element in before:
        if element.find(f".//{_W}drawing") is None and element.find(f".//{_W}pict") is None:
            body.remove(element)


def _text(element: Any) -> str:
    return "".join(one.text or "" for one in element.iter(f"{_W}t"))


def _end_tidily(body: Any) -> None:
    """No empty paragraphs at the end, and no page broken there."""
    for element in reversed(list(body)):
        if element.tag == f"{_W}sectPr":
            continue
        if element.tag != f"{_W}p" or _text(element).strip() or element.find(f".//{_W}drawing") is not None:
            return
        if element.find(f".//{_W}pict") is not None:
            return
        body.remove(element)


def _withhold(main: Any, pens: _Pens) -> None:
    """Words where a picture stood that may not be shown."""
    for feature in list(main.element.body.iter(*_FEATURES)):
        parts = [main.related_parts.get(value) for value in _pointed_to(feature)]
        if feature.getparent() is None or not any(part is not None and _kept_back(part, pens) for part in parts):
            continue
        words = OxmlElement("w:t")
        words.text = template.withheld("")
        feature.getparent().replace(feature, words)


def _pointed_to(feature: Any) -> list[str]:
    """The relations that anything in it names."""
    return [value for one in feature.iter() for name, value in one.attrib.items() if name.startswith(_R)]


def _kept_back(part: Any, pens: _Pens) -> bool:
    return part.content_type.startswith("image/") and pens.withheld(part.blob)


def _give_room(body: Any) -> None:
    """Lines that are high enough: in the book, ordinary ones are higher than tables want, and a picture stays with what
    follows, which is its caption."""
    for paragraph in body.iter(f"{_W}p"):
        drawn = paragraph.find(f".//{_W}drawing") is not None or paragraph.find(f".//{_W}pict") is not None
        if not drawn and next(paragraph.iterancestors(f"{_W}tbl"), None) is None:
            continue
        properties = paragraph.get_or_add_pPr()
        spacing = properties.get_or_add_spacing()
        if drawn or spacing.get(f"{_W}line") is None:
            spacing.set(f"{_W}line", "240")
            spacing.set(f"{_W}lineRule", "auto")
        if drawn:
            properties.get_or_add_keepNext()


def _redraw(main: Any, pens: _Pens) -> None:
    """Every picture drawn anew, an empty one for one that may not be shown; of a kind that is not drawn here (EMF, WMF) it
    stays as it is."""
    seen = set()
    for part in main.package.iter_parts():
        if not part.content_type.startswith("image/") or part.partname in seen:
            continue
        seen.add(part.partname)
        drawn, kind = (_empty(), "png") if pens.withheld(part.blob) else pens.draw(part.blob)[:2]
        if drawn:
            part._blob = drawn
            part._content_type = f"image/{kind}"
            part.partname = PackURI(f"{str(part.partname).rpartition('.')[0]}.{kind}")


def _empty() -> bytes:
    """A picture that shows nothing, for what is left of the file to name."""
    out = io.BytesIO()
    Image.new("L", (1, 1), 255).save(out, "PNG")
    return out.getvalue()
