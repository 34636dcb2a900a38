"""A plain round red seal as a picture: a ring, a star, and the unit's name along the upper rim."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageDraw, ImageFont

from workflow.documents.compiling.typesetting import FACES

_SIDE = 840
"""Pixels: 42 mm at 500 dpi."""
_RED = (200, 24, 30)
_FACE = FACES / "NotoSerifSC-Regular.ttf"


def drawn(unit: str) -> bytes:
    """PNG, clear where there is no red, so that what lies under a seal can still be read."""
    middle = _SIDE / 2
    seal = Image.new("RGBA", (_SIDE, _SIDE), (*_RED, 0))
    draw = ImageDraw.Draw(seal)
    draw.ellipse((8, 8, _SIDE - 9, _SIDE - 9), outline=_RED, width=20)
    star = [_at(middle, (128, 50)[corner % 2], 36 * corner) for corner in range(10)]
    draw.polygon(star, fill=_RED)
    name = "".join(unit.split()) or "?"
    size = min(92, round(1560 / len(name)))
    span = min(280.0, 26.0 * (len(name) - 1))
    font = ImageFont.truetype(str(_FACE), size)
    for place, sign in enumerate(name):
        turned = -span / 2 + span * place / max(1, len(name) - 1)
        sheet = Image.new("RGBA", (_SIDE, _SIDE), (*_RED, 0))
        ImageDraw.Draw(sheet).text((middle, 46), sign, font=font, fill=_RED, anchor="mt")
        seal.alpha_composite(sheet.rotate(-turned, resample=Image.Resampling.BICUBIC))
    out = io.BytesIO()
    seal.save(out, "PNG", optimize=True)
    return out.getvalue()


def _at(middle: float, radius: float, degrees: float) -> tuple[float, float]:
    """A point so far from the middle, clockwise from the top."""
    angle = math.radians(degrees - 90)
    return middle + radius * math.cos(angle), middle + radius * math.sin(angle)
