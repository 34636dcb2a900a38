"""Pages and pictures drawn anew: what a camera or a program noted beside them stays behind."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from PIL import Image, ImageOps

from workflow.documents import limits
from workflow.documents.inspection import Done, Refused
from workflow.documents.inspection.pictures import opened, turn
from workflow.documents.kinds import sniff

_FORMATS = ("JPEG", "PNG", "TIFF", "GIF", "BMP", "WEBP")
_JPEG_QUALITY = 88


def count(data: bytes) -> int:
    """Pages of a scan: of a PDF or a TIFF; every other picture is one. Raises Refused."""
    if sniff(data[:1024]) == "pdf":
        with _document(data) as document:
            return len(document)
    with opened(data, _FORMATS) as picture:
        return getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1


def show(data: bytes, page: int, width: int) -> bytes:
    """PNG of one page (from 0) of a scan, at most `width` pixels wide. Raises Refused."""
    out = io.BytesIO()
    picture_of(data, page, width).save(out, "PNG")
    return out.getvalue()


def picture_of(data: bytes, page: int, width: int) -> Image.Image:
    """One page (from 0) of a scan, upright, at most `width` pixels wide. Raises Refused."""
    return _pdf(data, page, width) if sniff(data[:1024]) == "pdf" else _picture(data, page, width)


@contextmanager
def _document(data: bytes) -> Iterator[Any]:
    import pypdfium2

    try:
        with closing(pypdfium2.PdfDocument(data)) as document:
            document.init_forms()  # the seal of an electronic signature is a field of a form
            yield document
    except (pypdfium2.PdfiumError, IndexError, ValueError, OSError) as error:
        raise Refused("damaged") from error


def _pdf(data: bytes, page: int, width: int) -> Image.Image:
    with _document(data) as document, closing(document[page]) as drawn:
        scale = min(width / max(drawn.get_width(), 1), 3.0)
        if drawn.get_width() * drawn.get_height() * scale * scale > limits.PIXELS:
            raise Refused("too_many_pixels", most=limits.PIXELS // 10_000, millions=limits.PIXELS // 1_000_000)
        picture: Image.Image = drawn.render(scale=scale).to_pil()
        return picture.convert("RGB")


def _picture(data: bytes, page: int, width: int) -> Image.Image:
    with opened(data, _FORMATS) as picture:
        if page:
            turn(picture, page)
        return _drawn(picture, width)


def _drawn(picture: Image.Image, width: int) -> Image.Image:
    """The picture upright, no wider than asked, with nothing beside its pixels."""
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    upright = ImageOps.exif_transpose(picture).convert("RGBA" if clear else "RGB")
    upright.thumbnail((width, width * 3))
    bare = Image.new(upright.mode, upright.size)
    bare.paste(upright)
    return bare


def copies(data: bytes, sizes: Sequence[int], width: int) -> Done:
    """Each picture drawn anew, JPEG where it was one and else PNG. A picture that cannot be drawn has size 0.

    Answers `copies`: [{size, kind, width, height}] in their order.
    """
    told: list[dict[str, Any]] = []
    drawn, at = [], 0
    for size in sizes:
        copy, kind, wide, high = draw(data[at : at + size], width)
        told.append({"size": len(copy), "kind": kind, "width": wide, "height": high})
        drawn.append(copy)
        at += size
    return {"copies": told}, b"".join(drawn)


def draw(data: bytes, width: int) -> tuple[bytes, str, int, int]:
    """A picture drawn anew: its bytes, kind, width and height; no bytes where it cannot be drawn."""
    try:
        with opened(data, _FORMATS) as picture:
            kind = "jpeg" if picture.format in ("JPEG", "MPO") else "png"
            made, out = _drawn(picture, width), io.BytesIO()
    except Refused:
        return b"", "", 0, 0
    made.save(out, kind.upper(), **({"quality": _JPEG_QUALITY} if kind == "jpeg" else {}))
    return out.getvalue(), kind, *made.size
