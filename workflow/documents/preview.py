"""Pictures of papers for looking at them in a browser: drawn in the child process, never in ours."""

from __future__ import annotations

from collections.abc import Sequence

from workflow.documents import checker, limits

WIDTH = 1240
"""Pixels: an A4 page at 150 dpi."""
SMALL = 240
"""Pixels: enough to know a page and its seal by sight, too few to read what stands on it."""
COPY_WIDTH = 2000


def drawn(media_type: str) -> bool:
    """Whether files of this kind are shown as pictures."""
    return media_type == "application/pdf" or media_type.startswith("image/")


def count(data: bytes, media_type: str) -> int:
    """Pages of a PDF or TIFF, 1 for any other picture; 0 where there is nothing to show."""
    if not drawn(media_type):
        return 0
    with checker.held(data) as source:
        answer = checker.ask({"do": "count"}, source)
    told = 0 if answer.refused else answer.said.get("pages")
    return min(told, limits.PAGES) if isinstance(told, int) and told > 0 else 0


def page(data: bytes, media_type: str, number: int = 1, width: int = WIDTH) -> bytes | None:
    """PNG of one page (from 1), at most `width` pixels wide; None where there is none to show."""
    if not drawn(media_type) or not 1 <= number <= limits.PAGES:
        return None
    with checker.held(data) as source:
        answer = checker.ask({"do": "show", "page": number - 1, "width": width}, source)
    return answer.payload if not answer.refused and answer.payload.startswith(b"\x89PNG") else None


def copies(pictures: Sequence[bytes], width: int = COPY_WIDTH) -> list[tuple[bytes, str] | None]:
    """Pictures drawn anew, at most so many pixels wide, each as (bytes, media type); None for one that cannot be drawn."""
    if not pictures:
        return []
    task = {"do": "copy", "sizes": [len(one) for one in pictures], "width": width}
    with checker.held(b"".join(pictures)) as source:
        answer = checker.ask(task, source)
    told = [] if answer.refused else answer.said.get("copies", [])
    made: list[tuple[bytes, str] | None] = []
    at = 0
    for one in told[: len(pictures)]:
        size, kind = one["size"], one["kind"]
        made.append((answer.payload[at : at + size], f"image/{kind}") if size and kind in ("jpeg", "png") else None)
        at += size
    return made + [None] * (len(pictures) - len(made))
