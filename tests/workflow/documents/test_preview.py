"""Pages of scans drawn for the browser: every page, each by itself, and nothing beyond the last."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.workflow.documents.papers import picture, sample, scan
from workflow.documents import checker, limits
from workflow.documents.preview import SMALL, WIDTH, count, page

COLOURS = ("red", "lime", "blue")
RGB = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
KINDS = [("PDF", "application/pdf"), ("TIFF", "image/tiff")]


def colour(png: bytes | None) -> tuple[int, ...]:
    """What the middle of a picture looks like, each channel all or nothing: JPEG inside a PDF shifts a little."""
    assert png is not None
    with Image.open(io.BytesIO(png)) as drawn:
        found = drawn.convert("RGB").getpixel((drawn.width // 2, drawn.height // 2))
    assert isinstance(found, tuple)
    return tuple(255 * (one > 127) for one in found)


@pytest.mark.parametrize(("kind", "media_type"), KINDS)
def test_every_page_is_drawn_by_itself(kind: str, media_type: str) -> None:
    data = scan(*COLOURS, kind=kind)
    assert count(data, media_type) == 3
    assert [colour(page(data, media_type, number)) for number in (1, 2, 3)] == RGB


@pytest.mark.parametrize(("kind", "media_type"), KINDS)
@pytest.mark.parametrize("number", [0, 4, 300, 301, -1, 2**40])
def test_there_is_no_page_before_the_first_or_after_the_last(kind: str, media_type: str, number: int) -> None:
    assert page(scan(*COLOURS, kind=kind), media_type, number) is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_a_picture_is_one_page(kind: str) -> None:
    data, media_type = picture(kind=kind), f"image/{kind.lower()}"
    assert (count(data, media_type), page(data, media_type) is None, page(data, media_type, 2)) == (1, False, None)


def test_a_moving_picture_is_one_page_too() -> None:
    data = scan("red", "lime", kind="PNG")
    assert (count(data, "image/png"), page(data, "image/png", 2)) == (1, None)


@pytest.mark.parametrize("media_type", ["application/pdf", "image/tiff"])
def test_what_cannot_be_drawn_has_no_page(media_type: str) -> None:
    assert (count(b"%PDF broken", media_type), page(b"%PDF broken", media_type)) == (0, None)


def test_a_file_that_is_no_picture_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "ask", lambda *_: pytest.fail("opened"))
    assert (count(b"x", "text/plain"), page(b"x", "text/plain")) == (0, None)


def test_a_page_is_as_wide_as_asked() -> None:
    data = sample("报送表01_扫描件.pdf")
    widths = []
    for width in (WIDTH, SMALL):
        drawn = page(data, "application/pdf", 1, width)
        assert drawn is not None
        widths.append(Image.open(io.BytesIO(drawn)).width)
    assert [abs(found - asked) <= 1 for found, asked in zip(widths, (WIDTH, SMALL), strict=True)] == [True, True]


@pytest.mark.parametrize("told", [None, "3", -1, 0, [], 10**9])
def test_a_number_of_pages_that_the_child_makes_up_is_not_believed(
    told: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "ask", lambda *_: checker.Answer("", {}, {"pages": told}))
    assert count(b"x", "application/pdf") == (limits.PAGES if told == 10**9 else 0)


def test_a_later_page_of_a_tiff_may_claim_no_more_pixels_than_the_first() -> None:
    out = io.BytesIO()
    small, vast = Image.new("1", (8, 8)), Image.new("1", (8000, 6000))
    small.save(out, "TIFF", save_all=True, append_images=[vast], compression="group4")
    assert (page(out.getvalue(), "image/tiff", 1) is None, page(out.getvalue(), "image/tiff", 2)) == (False, None)
