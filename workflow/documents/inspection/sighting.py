"""What a machine sees on a scan: QR codes, and round red seals, by colour and shape."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from PIL import Image, ImageChops

from workflow.documents import limits
from workflow.documents.inspection import Done, Refused
from workflow.documents.inspection.drawing import count, picture_of

_WIDTH = 1654
"""Pixels of a page looked at: A4 at 200 dpi. A module of our code is then about six of them."""
_CELL = 8
"""Pixels of a side of the squares in which red is counted."""
_REDDER = 40
"""Levels by which red must lie above both others: cinnabar on white has 100 and more, skin and wood have fewer."""
_FILLED = 0.06
"""Share of red pixels from which a square counts as red: a thin ring crosses about a fifth of each."""
_SMALLEST, _LARGEST = 0.05, 0.6
"""Of a seal's width to the page's: 4 cm of 21 are a fifth; a photo may show only the lower half of a page."""
_ROUND = 0.75
"""Width to height at least, and share of directions in which red lies near the rim."""
_DIRECTIONS = 24
_COLOURLESS = 12
"""Levels between the channels up to which nothing but paper, ink and noise is on a page."""


@dataclass(frozen=True)
class Box:
    """A rectangle on a page (from 1), in thousandths of its width and height."""

    page: int
    left: int
    top: int
    right: int
    bottom: int


def look(data: bytes) -> Done:
    """Look through the first pages of a scan. Raises Refused.

    Answers `codes`: [{page, text}], `seals`: [{page, left, top, right, bottom}], largest first, `grey`: whether no page
    has any colour, so that a seal cannot be told from ink.
    """
    codes: list[dict[str, Any]] = []
    seals: list[Box] = []
    grey = True
    for at in range(min(count(data), limits.SIGHTED_PAGES)):
        page = picture_of(data, at, _WIDTH)
        page = page.convert("RGB")
        codes += [{"page": at + 1, "text": text[:400]} for text in _codes(page)]
        seals += _seals(page, at + 1)
        grey = grey and _without_colour(page)
    seals.sort(key=lambda one: (one.left - one.right, one.page))
    return {"codes": codes[:20], "seals": [asdict(one) for one in seals[:10]], "grey": grey}, b""


def _codes(page: Image.Image) -> list[str]:
    import zxingcpp

    found = zxingcpp.read_barcodes(page.convert("L"), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return [one.text for one in found]


def _without_colour(page: Image.Image) -> bool:
    small = page.resize((max(1, page.width // 8), max(1, page.height // 8)), Image.Resampling.BOX)
    red, green, blue = small.split()
    widest = ImageChops.subtract(
        ImageChops.lighter(ImageChops.lighter(red, green), blue), ImageChops.darker(ImageChops.darker(red, green), blue)
    )
    coloured = sum(widest.histogram()[_COLOURLESS:])
    return coloured * 1000 < widest.width * widest.height


def _seals(page: Image.Image, number: int) -> list[Box]:
    red, green, blue = page.split()
    above = ImageChops.subtract(red, ImageChops.lighter(green, blue))
    mask = above.point([255 if level >= _REDDER else 0 for level in range(256)])
    across, down = max(1, page.width // _CELL), max(1, page.height // _CELL)
    cells = mask.resize((across, down), Image.Resampling.BOX).tobytes()
    filled = [level > 255 * _FILLED for level in cells]
    return [
        Box(
            number,
            1000 * left // across,
            1000 * top // down,
            -(-1000 * (right + 1) // across),
            -(-1000 * (bottom + 1) // down),
        )
        for group in _groups(filled, across, down)
        if _is_seal(group, across)
        for left, top, right, bottom in [_bounds(group)]
    ]


def _groups(filled: list[bool], across: int, down: int) -> Iterator[list[tuple[int, int]]]:
    """Squares that touch each other, or have one empty square between: ink fails in places."""
    left = {at for at, red in enumerate(filled) if red}
    while left:
        start = left.pop()
        group, edge = [start], [start]
        while edge:
            x, y = edge[-1] % across, edge.pop() // across
            for row in range(max(0, y - 2), min(down, y + 3)):
                for column in range(max(0, x - 2), min(across, x + 3)):
                    near = row * across + column
                    if near in left:
                        left.remove(near)
                        group.append(near)
                        edge.append(near)
        yield [(at % across, at // across) for at in group]


def _bounds(group: list[tuple[int, int]]) -> tuple[int, int, int, int]:
    columns, rows = [x for x, _ in group], [y for _, y in group]
    return min(columns), min(rows), max(columns), max(rows)


def _is_seal(group: list[tuple[int, int]], across: int) -> bool:
    """Large enough, about as wide as high, and red near its rim in nearly every direction: lines and letters are not."""
    left, top, right, bottom = _bounds(group)
    width, height = right - left + 1, bottom - top + 1
    if not _SMALLEST <= width / across <= _LARGEST or min(width, height) < _ROUND * max(width, height):
        return False
    x, y = (left + right) / 2, (top + bottom) / 2
    seen = set()
    for column, row in group:
        from_middle = math.hypot((column - x) / (width / 2), (row - y) / (height / 2))
        if 0.75 <= from_middle <= 1.15:
            turned = math.atan2(row - y, column - x) / (2 * math.pi) % 1
            seen.add(int(turned * _DIRECTIONS) % _DIRECTIONS)
    corners = sum(1 for column, row in group if math.hypot((column - x) / (width / 2), (row - y) / (height / 2)) > 1.2)
    return len(seen) >= _ROUND * _DIRECTIONS and corners * 20 < len(group)


def cut(data: bytes, box: Box, width: int) -> bytes:
    """PNG of a part of a page, with some room around it, enlarged to `width` pixels. Raises Refused."""
    import io

    page = picture_of(data, box.page - 1, 2 * _WIDTH).convert("RGB")
    room = max(box.right - box.left, 1) // 8
    edges = (
        max(0, box.left - room) * page.width // 1000,
        max(0, box.top - room) * page.height // 1000,
        min(1000, box.right + room) * page.width // 1000,
        min(1000, box.bottom + room) * page.height // 1000,
    )
    if edges[0] >= edges[2] or edges[1] >= edges[3]:
        raise Refused("damaged")
    part = page.crop(edges)
    height = max(1, min(3 * width, round(part.height * width / part.width)))
    out = io.BytesIO()
    part.resize((width, height), Image.Resampling.BICUBIC).save(out, "PNG")
    return out.getvalue()
