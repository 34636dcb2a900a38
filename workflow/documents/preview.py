"""Pictures of papers for looking at them in a browser: drawn in the child process, never in ours."""

from __future__ import annotations

from collections.abc import Sequence

from workflow.documents import checker

WIDTH = 1240
"""Pixels: an A4 page at 150 dpi."""
COPY_WIDTH = 2000


def first_page(data: bytes, media_type: str, number: int = 0) -> bytes | None:
    """PNG of a picture or of one page (from 0) of a PDF, at most `WIDTH` wide; None where there is none to show."""
    if media_type != "application/pdf" and not media_type.startswith("image/"):
        return None
    with checker.held(data) as source:
        answer = checker.ask({"do": "show", "page": number, "width": WIDTH}, source)
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
