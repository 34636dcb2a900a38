"""On which page each case of a Word file comes to stand, as LibreOffice lays it out, written into the file's fields."""

from __future__ import annotations

import base64
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workflow.documents import checker, legacy, limits

BOOKMARK = "case{:04d}"
"""Of a chapter by its place; LibreOffice carries it into its PDF as a named destination."""
STAND_IN = "5A4A{:04X}"
"""Revision mark of the run that shows a chapter's page: nothing else looks at it, and it is easily found again."""
_SHOWN = re.compile(rb'(<w:r w:rsidR="5A4A([0-9A-F]{4})"><w:t>)[^<]*(</w:t></w:r>)')
UNKNOWN = "…"


def numbered(source: Path, target: Path, pages: Mapping[int, int]) -> None:
    """Copy a Word file of ours with the pages of its chapters (place → page) in place of the stand-ins."""

    def page(found: re.Match[bytes]) -> bytes:
        number = pages.get(int(found[2], 16))
        return found[1] + (str(number) if number is not None else UNKNOWN).encode() + found[3]

    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for info in before.infolist():
            data = before.read(info)
            if info.filename == "word/document.xml":
                data = _SHOWN.sub(page, data)
            written = zipfile.ZipInfo(info.filename, (2020, 1, 1, 0, 0, 0))  # the same bytes for the same book
            stored = info.filename.startswith("word/media/")
            written.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            written.external_attr = 0o644 << 16
            after.writestr(written, data)


@dataclass(frozen=True)
class Layout:
    """How a Word file is laid out: how many pages, and place → page of each chapter, as printed."""

    total: int
    pages: Mapping[int, int]


def layout(word: Path) -> Layout | None:
    """Where the chapters of a Word file of ours stand; None where LibreOffice is absent, too slow, or fails over it."""
    program = legacy.office()
    if program is None:
        return None
    out, bare = word.parent / "laid-out", word.parent / "bare.docx"
    _without_pictures(word, bare)
    if not legacy.run(program, bare, _AS_PDF, out, seconds=limits.PRESS_SECONDS):
        return None
    made = out / "bare.pdf"
    if not made.is_file():
        return None
    with made.open("rb") as pdf:
        answer = checker.ask({"do": "places"}, pdf)
    places, total = answer.said.get("places"), answer.said.get("pages")
    if answer.refused or not isinstance(places, dict) or not isinstance(total, int):
        return None
    known = {name: page for name, page in places.items() if isinstance(page, int)}
    first = known.get(BOOKMARK.format(0), 0)
    return Layout(total, {int(name[4:]): page - first + 1 for name, page in known.items() if _OURS.fullmatch(name)})


def _without_pictures(source: Path, target: Path) -> None:
    """Copy a Word file with a speck for each picture: how large it stands is said in the text, and drawing it is the work."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for info in before.infolist():
            after.writestr(info.filename, _SPECK if _DRAWN.fullmatch(info.filename) else before.read(info))


def pages(pdf: Path) -> int:
    """How many pages a PDF has; 0 where that cannot be told."""
    with pdf.open("rb") as opened:
        answer = checker.ask({"do": "places"}, opened)
    total = answer.said.get("pages")
    return total if not answer.refused and isinstance(total, int) else 0


_OURS = re.compile(r"case[0-9]{4}")
_DRAWN = re.compile(r"word/media/.*\.(?:png|jpe?g)", re.IGNORECASE)
_SPECK = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel; LibreOffice knows a picture by its bytes, whatever it is called."""
_AS_PDF = 'pdf:writer_pdf_Export:{"ExportBookmarksToPDFDestination":{"type":"boolean","value":"true"}}'
