"""How large a paper may be, in one table."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limit:
    """Of one slot: the most bytes of an upload, and the kinds of content that it takes."""

    size: int
    kinds: tuple[str, ...]


_TEXTS = ("docx", "doc", "rtf", "odt")
_SHEETS = ("xlsx", "xls", "ods")
_SCANS = ("pdf", "jpeg", "png", "tiff")

LIMITS = {
    "case": Limit(20 * MIB, _TEXTS),
    "form": Limit(5 * MIB, _SHEETS),
    "scan": Limit(20 * MIB, _SCANS),
    "summary": Limit(20 * MIB, (*_SHEETS, *_SCANS)),
}

NAME_LENGTH = 120
"""Characters of a file's name, ending included; a file system takes 255 bytes, a Chinese character is three."""
PIXELS = 40_000_000
"""An A4 page at 600 dpi has 35 million."""
ZIP_ENTRIES = 2000
ZIP_INFLATED = 100 * MIB
"""Bytes of all parts of one file together, counted while they are really inflated."""
ZIP_RATIO = 200
"""Inflated to packed, of one part above `ZIP_RATIO_FROM` bytes; XML that people write stays far below."""
ZIP_RATIO_FROM = 8 * MIB
CONVERSION_SECONDS = 60
CONVERSION_MEMORY = 4 * 1024 * MIB
"""Address space of the converting child; LibreOffice maps about 1.5 GiB before it reads anything."""
CONVERSION_OUTPUT = 100 * MIB
