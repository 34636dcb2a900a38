"""Papers for the tests: the samples with their truth, and small Word, Excel and zip files made on the spot."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from openpyxl import Workbook
from PIL import Image

from rules.length import word_count
from tests.workflow.documents.hostile import WORD_97, compound, record

SAMPLES = Path(__file__).parents[2] / "samples"

DOUBTFUL = re.compile("[\u2014\u2026\u2018\u2019\u201c\u201d]")
"""Dashes, ellipses and curly quotes: on these the programs that count differ."""


@cache
def truth() -> dict[str, Any]:
    return dict(json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8")))


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def slack(text: str) -> int:
    """By how much counters may differ over a text."""
    return len(DOUBTFUL.findall(text))


def saved(document: WordDocument) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def word(*paragraphs: str | tuple[str, str]) -> bytes:
    """A Word file of paragraphs; a pair is (text, style), the style "bold" being a bold plain paragraph."""
    document = Document()
    for one in paragraphs:
        text, style = one if isinstance(one, tuple) else (one, "Normal")
        paragraph = document.add_paragraph(style="Normal" if style == "bold" else style)
        run = paragraph.add_run(text)
        if style == "bold":
            run.bold = True
    return saved(document)


def whole_case(*, between: str = "") -> tuple[str | tuple[str, str], ...]:
    """Paragraphs of a case of the 2021 call that has everything."""
    return (
        ("一份检索报告", "Title"),
        "示例大学知识产权信息服务中心",
        "案例主题：服务中小企业创新发展",
        ("服务对象与需求", "Heading 1"),
        "企业不知道往哪里走。",
        ("服务做法", "Heading 1"),
        "中心做了检索。",
        *([between] if between else []),
        ("服务成效", "Heading 1"),
        "企业找到了方向。",
        ("启示", "Heading 1"),
        "先检索，后投产。",
    )


def with_xml(data: bytes, part: str, change: Any) -> bytes:
    """The zip with one part's text changed by a function."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry.filename, change(content.decode()).encode() if entry.filename == part else content)
    return out.getvalue()


def with_part(data: bytes, part: str, content: bytes) -> bytes:
    """The zip with one part more."""
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(part, content)
    return out.getvalue()


@cache
def bomb(claimed: int = 200 * 1024 * 1024) -> bytes:
    """A small .docx whose document really unpacks to `claimed` bytes."""
    return with_part(word("一份案例"), "word/media/image1.bmp", b"\0" * claimed)


def lying_bomb(size: int = 200 * 1024 * 1024) -> bytes:
    """A .docx of which one part declares 10 bytes and unpacks to `size`."""
    data = bomb(size)
    real, false = struct.pack("<I", size), struct.pack("<I", 10)
    assert real in data
    return data.replace(real, false)


def picture(width: int = 40, height: int = 30, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, kind)
    return out.getvalue()


def scan(*colours: str, kind: str = "PDF") -> bytes:
    """A scan of one page for each colour, all of that colour."""
    out = io.BytesIO()
    first, *others = [Image.new("RGB", (60, 85), one) for one in colours]
    first.save(out, kind, save_all=True, append_images=others)
    return out.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header says how large it is."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def ole(*streams: str) -> bytes:
    """An old Office container with streams of these names."""
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6)) + record(0x0A)
    return compound({one: {"WordDocument": WORD_97, "Workbook": begin}.get(one, b"") for one in streams})


def sheet(rows: list[list[Any]], merged: tuple[str, ...] = ()) -> bytes:
    """An Excel file of one sheet."""
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    for cells in merged:
        page.merge_cells(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def counted(*texts: str) -> int:
    return sum(map(word_count, texts))
