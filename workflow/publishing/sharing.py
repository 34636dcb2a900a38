"""The picture that stands for a page where somebody shares its address: drawn from its words, the same for the same words."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 1200, 630
"""Pixels, as the Open Graph consumers want them (1.91 to 1)."""
_FACES = Path(__file__).parents[1] / "documents" / "compiling" / "faces"
_LEFT, _TOP, _LINES = 80, 170, 4
_INK, _QUIET, _CINNABAR, _PAPER = "#14263d", "#55606d", "#a8201a", "#fbfaf6"


@dataclass(frozen=True)
class Card:
    """The words on a share picture. `over`: above the title; `foot`, `site`: below it."""

    title: str
    over: str
    foot: str
    site: str

    @property
    def tag(self) -> str:
        """What tells this picture from others."""
        return hashlib.sha256("\0".join(("card-1", *astuple(self))).encode()).hexdigest()[:32]


@lru_cache(maxsize=128)
def draw(card: Card) -> bytes:
    """PNG of a card."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    pen = ImageDraw.Draw(picture)
    bold = str(_FACES / "NotoSansSC-Bold.ttf")
    regular = ImageFont.truetype(str(_FACES / "NotoSansSC-Regular.ttf"), 30)
    pen.rectangle((0, 0, WIDTH, 18), _CINNABAR)
    pen.text((_LEFT, 84), _fitted(card.over, regular), _CINNABAR, regular)
    face = ImageFont.truetype(bold, 58)
    lines = wrapped(card.title, face)
    if len(lines) > _LINES - 1:
        face = ImageFont.truetype(bold, 48)
        lines = wrapped(card.title, face)
    step = int(face.size * 1.4)
    for place, line in enumerate(_shortened(lines, face)):
        pen.text((_LEFT, _TOP + place * step), line, _INK, face)
    pen.line((_LEFT, 500, WIDTH - _LEFT, 500), "#d9d6cd", 2)
    pen.text((_LEFT, 520), _fitted(card.foot, regular), _QUIET, regular)
    pen.text((_LEFT, 566), _fitted(card.site, regular), _INK, regular)
    made = BytesIO()
    picture.quantize(64).save(made, "PNG", optimize=True)
    return made.getvalue()


def wrapped(words: str, face: FreeTypeFont) -> list[str]:
    """Lines that fit the card: Chinese breaks between characters, other words between words."""
    lines = [""]
    for piece in _pieces(words):
        if lines[-1] and face.getlength(lines[-1] + piece.rstrip()) > WIDTH - 2 * _LEFT:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines if line.strip()]


_NOT_FIRST = "，。、；：？！）》”’】"


def _pieces(words: str) -> list[str]:
    """What is never broken within."""
    pieces: list[str] = []
    for one in " ".join(words.split()):
        word_goes_on = pieces and one.isascii() and pieces[-1][-1].isascii() and not pieces[-1].endswith(" ")
        if pieces and (word_goes_on or one in _NOT_FIRST):
            pieces[-1] += one
        else:
            pieces.append(one)
    return pieces


def _shortened(lines: list[str], face: FreeTypeFont) -> list[str]:
    return lines if len(lines) <= _LINES else [*lines[: _LINES - 1], _fitted("".join(lines[_LINES - 1 :]), face)]


def _fitted(line: str, face: FreeTypeFont) -> str:
    """As much of a line as fits."""
    room = WIDTH - 2 * _LEFT
    if face.getlength(line) <= room:
        return line
    while line and face.getlength(line + "…") > room:
        line = line[:-1]
    return line + "…"
