"""Plain texts: what people's programs write, in UTF-8 or GB18030, and nothing that a browser would run."""

from __future__ import annotations

import csv
import io
import re

from workflow.documents.inspection import Refused
from workflow.documents.inspection.sheets import Area

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_PAGE = re.compile(r"\s*<(?:!doctype|html|script|svg|\?php)", re.IGNORECASE)


def check(data: bytes, kind: str) -> None:
    """Raises Refused: text_encoding, has_active_part, cell_outside."""
    text = _decoded(data)
    if _CONTROLS.search(text):
        raise Refused("text_encoding")
    if _PAGE.match(text):
        raise Refused("has_active_part", part="")
    if kind == "csv":
        area = Area("")
        try:
            for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
                if row:
                    area.fill(number, len(row))
        except csv.Error as error:
            raise Refused("damaged") from error


def _decoded(data: bytes) -> str:
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("text_encoding")
