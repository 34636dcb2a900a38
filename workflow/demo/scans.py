"""Papers of the demo as a scanner would see them: a form, a round red seal, slightly askew; and a figure."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont

PAGE = (827, 1169)
"""A4 at 100 dots per inch."""
RED = (200, 24, 30)
INK = (40, 40, 46)
PAPER = (252, 251, 248)

_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "/System/Library/Fonts")
_FONTS = (
    "NotoSerifCJK-Regular.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSerifCJKsc-Regular.otf",
    "NotoSansCJKsc-Regular.otf",
    "SourceHanSerifSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "uming.ttc",
    "wqy-zenhei.ttc",
    "wqy-microhei.ttc",
    "Songti.ttc",
    "PingFang.ttc",
)


def form_scan(title: str, rows: Mapping[str, str], unit: str) -> bytes:
    """A sealed report form as JPEG. `rows`: label → value; `unit`: what the seal reads, "" for none."""
    page = Image.new("RGB", PAGE, PAPER)
    draw = ImageDraw.Draw(page)
    _centred(draw, PAGE[0] // 2, 70, title, 30)
    top = 130
    for label, value in rows.items():
        lines = list(_wrapped(value, 26))
        height = 22 + 24 * max(1, len(lines))
        draw.rectangle((80, top, PAGE[0] - 80, top + height), outline=INK)
        draw.line((250, top, 250, top + height), fill=INK)
        _write(draw, (92, top + height // 2 - 10), label, 17)
        for place, line in enumerate(lines):
            _write(draw, (264, top + 11 + 24 * place), line, 18)
        top += height
    _write(draw, (400, top + 50), "所在单位（盖章）：", 20)
    return _scanned(page, (590, top + 90), unit, 1.1)


def summary_scan(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], unit: str) -> bytes:
    """A sealed summary table as JPEG, A4 across."""
    page = Image.new("RGB", (PAGE[1], PAGE[0]), PAPER)
    draw = ImageDraw.Draw(page)
    _centred(draw, PAGE[1] // 2, 70, title, 30)
    width = (PAGE[1] - 120) // max(1, len(heads))
    room = max(2, width // 15)
    top = 140
    for cells in (heads, *rows):
        wrapped = [list(_wrapped(cell, room)) for cell in cells]
        height = 16 + 19 * max((len(lines) for lines in wrapped), default=1)
        for column, lines in enumerate(wrapped):
            left = 60 + column * width
            draw.rectangle((left, top, left + width, top + height), outline=INK)
            for place, line in enumerate(lines):
                _write(draw, (left + 6, top + 8 + 19 * place), line, 14)
        top += height
    _write(draw, (680, top + 50), "单位（公章）：", 20)
    return _scanned(page, (880, top + 80), unit, -0.7)


def figure(title: str, bars: Mapping[str, int]) -> bytes:
    """A bar chart as PNG. `bars`: label → height."""
    page = Image.new("RGB", (900, 520), "white")
    draw = ImageDraw.Draw(page)
    _centred(draw, 450, 24, title, 26)
    highest = max(bars.values(), default=1) or 1
    width = 760 // max(1, len(bars))
    for place, (label, value) in enumerate(bars.items()):
        left, height = 80 + place * width, round(320 * value / highest)
        draw.rectangle((left + 24, 430 - height, left + width - 24, 430), fill=(32, 107, 196))
        _centred(draw, left + width // 2, 400 - height, str(value), 20)
        _centred(draw, left + width // 2, 444, label, 20)
    draw.line((70, 430, 850, 430), fill=INK, width=2)
    out = io.BytesIO()
    page.save(out, "PNG", optimize=True)
    return out.getvalue()


def _scanned(page: Image.Image, centre: tuple[int, int], unit: str, askew: float) -> bytes:
    if unit:
        layer = Image.new("RGB", page.size, "white")
        seal = _seal(unit).rotate(4 * askew, resample=Image.Resampling.BICUBIC, fillcolor="white")
        layer.paste(seal, (centre[0] - seal.width // 2, centre[1] - seal.height // 2))
        page = ImageChops.multiply(page, layer)
    turned = page.rotate(askew, resample=Image.Resampling.BILINEAR, fillcolor=(240, 239, 235))
    out = io.BytesIO()
    turned.save(out, "JPEG", quality=60, dpi=(100, 100))
    return out.getvalue()


@cache
def _seal(unit: str) -> Image.Image:
    """A round red seal, 230 dots wide: ring, star, the unit's name along the upper rim."""
    size, middle = 230, 115
    seal = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(seal)
    draw.ellipse((4, 4, size - 5, size - 5), outline=RED, width=5)
    points = []
    for corner in range(10):
        radius, angle = (34, 14)[corner % 2], math.radians(36 * corner - 90)
        points.append((middle + radius * math.cos(angle), middle + radius * math.sin(angle)))
    draw.polygon(points, fill=RED)
    letters = 24 if len(unit) <= 14 else 19
    span = min(290.0, 24.0 * max(1, len(unit) - 1))
    for place, sign in enumerate(unit):
        angle = -span / 2 + (span * place / (len(unit) - 1) if len(unit) > 1 else span / 2)
        sheet = Image.new("RGB", (size, size), "white")
        _centred(ImageDraw.Draw(sheet), middle, 13, sign, letters, RED)
        seal = ImageChops.multiply(seal, sheet.rotate(-angle, resample=Image.Resampling.BICUBIC, fillcolor="white"))
    return seal


def _wrapped(text: str, room: int) -> Iterator[str]:
    for start in range(0, len(text), room):
        yield text[start : start + room]


def _centred(draw: ImageDraw.ImageDraw, x: int, y: int, text: str, size: int, fill: tuple[int, int, int] = INK) -> None:
    font = _font(size)
    width = draw.textlength(text, font=font) if font else size * len(text)
    _write(draw, (round(x - width / 2), y), text, size, fill)


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, fill: tuple[int, int, int] = INK
) -> None:
    """Text; where the machine has no Chinese font, a bar per character, so that the page still looks like one."""
    font = _font(size)
    if font is not None:
        draw.text(at, text, font=font, fill=fill)
        return
    for place in range(len(text)):
        left = at[0] + place * size
        draw.rectangle((left + 2, at[1] + 3, left + size - 3, at[1] + size - 3), outline=fill)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | None:
    path = _font_file()
    return ImageFont.truetype(str(path), size) if path else None


@cache
def _font_file() -> Path | None:
    """A font of this machine that has Chinese characters."""
    for folder in (Path(one).expanduser() for one in _FONT_FOLDERS):
        found = {path.name: path for path in folder.rglob("*.[to]t[cf]")} if folder.is_dir() else {}
        for name in _FONTS:
            if name in found:
                return found[name]
    return None
