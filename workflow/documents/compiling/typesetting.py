"""A book as PDF/A: set by typst in our own faces, which are embedded. Runs in the child (see `pressing`)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

FACES = Path(__file__).parent / "faces"
PARTS = Path(__file__).with_name("parts.typ")
TEMPLATE = Path(__file__).with_name("book.typ")
STANDARD: Final = "a-2u"
"""PDF/A-2 in which every character can be searched for and copied."""


def pdf(folder: Path) -> tuple[bytes, dict[str, list[str]]]:
    """The book.json of a folder as PDF/A, the same bytes for the same book; and what no face of ours can show.

    The second: place of a chapter ("" for what is beside them) → its characters without a shape. Each stands in the
    book as 〔U+20BB7〕, so that it is seen to be missing.
    """
    import typst

    book = json.loads((folder / "book.json").read_text(encoding="utf-8"))
    lacking = _spell_out(book)
    if lacking:
        (folder / "book.json").write_text(json.dumps(book, ensure_ascii=False), encoding="utf-8")
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FACES])
    compiler = typst.Compiler(PARTS.read_bytes() + TEMPLATE.read_bytes(), root=folder, font_paths=fonts)
    made: Any = compiler.compile(format="pdf", pdf_standards=STANDARD, timestamp=book["moment"])
    return bytes(made), lacking


@cache
def shapes() -> frozenset[int]:
    """The characters that our faces can show."""
    from fontTools.ttLib import TTFont

    found: set[int] = set()
    for path in sorted(FACES.glob("*-Regular.ttf")):
        with TTFont(path, lazy=True) as face:
            found |= face.getBestCmap().keys()
    return frozenset(found)


def _spell_out(book: dict[str, Any]) -> dict[str, list[str]]:
    """Write the code of each character that has no shape in its place; which these were, by chapter."""
    known = shapes()
    lacking: dict[str, list[str]] = {}
    for place, chapter in enumerate(book["chapters"]):
        seen = _lacking(chapter, known)
        if seen:
            lacking[str(place)] = seen
            book["chapters"][place] = _spelt(chapter, set(seen))
    beside = {name: one for name, one in book.items() if name != "chapters"}
    if seen := _lacking(beside, known):
        lacking[""] = seen
        book.update(_spelt(beside, set(seen)))
    return lacking


def _lacking(value: Any, known: frozenset[int]) -> list[str]:
    signs = set().union(*map(set, _texts(value)))
    return sorted(one for one in signs if ord(one) not in known and not _unseen(one))


def _unseen(sign: str) -> bool:
    """Whether nothing is to be seen of it anyway: spaces, joiners, selectors of variants."""
    return unicodedata.category(sign) in ("Cc", "Cf", "Zs", "Zl", "Zp") or "VARIATION SELECTOR" in unicodedata.name(
        sign, ""
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _spelt(value: Any, signs: set[str]) -> Any:
    if isinstance(value, str):
        return "".join(f"〔U+{ord(one):04X}〕" if one in signs else one for one in value)
    if isinstance(value, dict):
        return {name: _spelt(one, signs) for name, one in value.items()}
    if isinstance(value, list):
        return [_spelt(one, signs) for one in value]
    return value
