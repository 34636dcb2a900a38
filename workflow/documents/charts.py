"""Bar charts as pictures (PNG), for Word files and slides; the figures stand beside each bar."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_FACE = Path(__file__).parent / "compiling" / "faces" / "NotoSansSC-Regular.ttf"
_WIDTH, _ROW, _LABELS, _FIGURES = 1400, 44, 420, 110
_INK, _BAR, _GROUND = (40, 50, 60), (31, 78, 121), (236, 234, 227)


def bars(rows: Sequence[tuple[str, float]], *, unit: str = "") -> bytes:
    """Horizontal bars, one for each (label, value ≥ 0), in their order; the longest fills the width."""
    page = Image.new("RGB", (_WIDTH, max(1, len(rows)) * _ROW + 8), "white")
    draw, highest = ImageDraw.Draw(page), max((value for _, value in rows), default=0) or 1
    room = _WIDTH - _LABELS - _FIGURES
    for place, (label, value) in enumerate(rows):
        top = 4 + place * _ROW
        draw.text((_LABELS - 12, top + _ROW // 2), _short(label), font=_font(24), fill=_INK, anchor="rm")
        draw.rectangle((_LABELS, top + 8, _LABELS + room, top + _ROW - 8), fill=_GROUND)
        if value:
            draw.rectangle(
                (_LABELS, top + 8, _LABELS + max(2, round(room * value / highest)), top + _ROW - 8), fill=_BAR
            )
        shown = f"{value:g}{unit}"
        draw.text((_LABELS + room + 10, top + _ROW // 2), shown, font=_font(24), fill=_INK, anchor="lm")
    out = io.BytesIO()
    page.save(out, "PNG", optimize=True)
    return out.getvalue()


def _short(label: str) -> str:
    return label if len(label) <= 16 else f"{label[:15]}…"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FACE), size)
