"""A picture of a paper's first page, for looking at it in a browser."""

from __future__ import annotations

import io
from contextlib import closing

import pypdfium2
from PIL import Image, UnidentifiedImageError

WIDTH = 1240
"""Pixels: an A4 page at 150 dpi."""


def first_page(data: bytes, media_type: str) -> bytes | None:
    """PNG of a picture or of a PDF's first page, at most `WIDTH` wide; None where there is none to show."""
    try:
        page = _pdf(data) if media_type == "application/pdf" else _picture(data)
    except (pypdfium2.PdfiumError, UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError):
        return None
    made = io.BytesIO()
    page.save(made, "PNG")
    return made.getvalue()


def _pdf(data: bytes) -> Image.Image:
    with closing(pypdfium2.PdfDocument(data)) as document, closing(document[0]) as page:
        scale = min(WIDTH / max(page.get_width(), 1), 3.0)
        picture: Image.Image = page.render(scale=scale).to_pil()
        return picture.convert("RGB")


def _picture(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as opened:
        opened.thumbnail((WIDTH, WIDTH * 3))
        return opened.convert("RGB")
