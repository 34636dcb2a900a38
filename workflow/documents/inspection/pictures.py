"""Pictures: how large they claim to be before anything is decoded, then whether all of it can be."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from workflow.documents import limits
from workflow.documents.inspection import Refused

_FORMATS = {"jpeg": ("JPEG",), "png": ("PNG",), "tiff": ("TIFF",), "gif": ("GIF",)}
_READ_BY_HEADER = ("JPEG", "PNG", "TIFF", "GIF", "BMP")


@contextmanager
def opened(data: bytes, formats: tuple[str, ...]) -> Iterator[Image.Image]:
    """A picture with at most the pixels that may be decoded; nothing of it is decoded yet. Raises Refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=formats) as picture:
                _count(picture)
                yield picture
    except Image.DecompressionBombError as error:
        raise _too_many() from error
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        KeyError,
        IndexError,
        TypeError,
        ZeroDivisionError,
        OverflowError,
    ) as error:
        raise Refused("damaged") from error


def turn(picture: Image.Image, page: int) -> int:
    """Go to another page (from 0) and answer its pixels; none of it is decoded yet. Raises EOFError, Refused."""
    if picture.format != "TIFF":
        raise EOFError  # what else moves is one picture to whoever scans
    picture.seek(page)
    return _count(picture)


def _count(picture: Image.Image) -> int:
    pixels = picture.width * picture.height
    if pixels > limits.PIXELS:
        raise _too_many()
    return pixels


def _too_many() -> Refused:
    return Refused("too_many_pixels", most=limits.PIXELS // 10_000, millions=limits.PIXELS // 1_000_000)


def check(data: bytes, kind: str) -> None:
    """Decode every page of a picture. Raises Refused."""
    with opened(data, _FORMATS[kind]) as picture:
        picture.load()
        if kind != "tiff":
            return
        total, page = picture.width * picture.height, 0
        while page + 1 < limits.PAGES + 1:
            page += 1
            try:
                total += turn(picture, page)
            except EOFError:
                return
            if total > limits.PIXELS_OF_ALL_PAGES:
                raise _too_many()
            picture.load()
        raise Refused("too_many_pages", most=limits.PAGES)


def check_size(data: bytes) -> None:
    """A picture inside a document claims no more pixels than may be decoded; what is no picture after all passes."""
    try:
        with opened(data, _READ_BY_HEADER):
            pass
    except Refused as refused:
        if refused.code != "damaged":
            raise
