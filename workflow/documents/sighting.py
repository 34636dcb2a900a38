"""What a machine sees on a scan, asked of the child process: our mark, and places where a seal may be.

It only helps the person who confirms a seal: it reads no name, and its answer decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

from workflow.documents import checker, limits
from workflow.documents.marks import Mark, understood

ENLARGED = 720
"""Pixels: a seal as wide as this is read without glasses."""


@dataclass(frozen=True)
class Place:
    """A part of a page (from 1), in thousandths of its width and height."""

    page: int
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Sighting:
    """`marks`: of prints of ours; `others`: how many codes are somebody else's; `seals`: the largest first; `grey`: no
    colour on any page, so a seal cannot be told from ink. `looked`: False where the file could not be looked at."""

    marks: tuple[Mark, ...] = ()
    others: int = 0
    seals: tuple[Place, ...] = ()
    grey: bool = False
    looked: bool = True


def look(data: bytes) -> Sighting:
    """What is seen on the first pages of a scan (PDF, JPEG, PNG, TIFF)."""
    with checker.held(data) as source:
        answer = checker.ask({"do": "look"}, source)
    if answer.refused:
        return Sighting(looked=False)
    texts = [str(one.get("text", "")) for one in _rows(answer.said, "codes")]
    marks = tuple(dict.fromkeys(mark for text in texts if (mark := understood(text)) is not None))
    places = (place_of([one.get(name) for name in _NAMES]) for one in _rows(answer.said, "seals"))
    return Sighting(
        marks,
        sum(understood(text) is None for text in texts),
        tuple(one for one in places if one is not None),
        answer.said.get("grey") is True,
    )


_NAMES = ("page", "left", "top", "right", "bottom")


def _rows(said: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    told = said.get(name)
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def place_of(numbers: list[Any]) -> Place | None:
    """A place from five numbers that came from outside; None for what is none."""
    if len(numbers) != len(_NAMES) or not all(isinstance(one, int) and 0 <= one <= 1000 for one in numbers):
        return None
    place = Place(*numbers)
    fits = 1 <= place.page <= limits.PAGES and place.left < place.right and place.top < place.bottom
    return place if fits else None


def enlarged(data: bytes, place: Place) -> bytes | None:
    """PNG of that part of a scan, with some room around it; None where it cannot be drawn."""
    with checker.held(data) as source:
        answer = checker.ask({"do": "cut", "box": list(astuple(place)), "width": ENLARGED}, source)
    return answer.payload if not answer.refused and answer.payload.startswith(b"\x89PNG") else None
