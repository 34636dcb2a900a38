"""A collection as plain values: what both the Word file and the PDF are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rules.words import Labelled


class Order(Labelled):
    """How the cases of a collection stand."""

    THEME = "theme", "按主题", "By theme"
    PROVINCE = "province", "按省份", "By province"
    HAND = "hand", "按自定顺序", "By hand"


@dataclass(frozen=True)
class Plate:
    """A picture: its file in the folder that the book is made in, and its size in pixels."""

    file: str
    width: int
    height: int
    caption: str = ""


@dataclass(frozen=True)
class Grid:
    """A table as rows of plain cells; shorter rows end early."""

    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Part:
    """One section of a case: its heading ("" for none), its paragraphs, and the tables and pictures after them."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Grid, ...] = ()
    plates: tuple[Plate, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """One case. `word`: the file of its author's own Word document in the folder, "" where there is none to use."""

    number: str
    title: str
    centre: str
    region: str
    theme: str
    theme_line: str
    """The theme as the case itself names it."""
    recipient: str = ""
    parts: tuple[Part, ...] = ()
    word: str = ""


@dataclass(frozen=True)
class Group:
    """Cases under one heading, by their place in the book, from 0."""

    name: str
    chapters: tuple[int, ...]


@dataclass(frozen=True)
class Listing:
    """A list of the cases under another aspect than the one by which the book is ordered."""

    title: str
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Book:
    """A whole collection. `note`: a line on the cover, such as that it is a proof; `day`: as printed;
    `imprint`: lines at its foot, such as the ISBN."""

    title: str
    subtitle: str
    issuer: str
    day: str
    chapters: tuple[Chapter, ...]
    groups: tuple[Group, ...]
    listings: tuple[Listing, ...] = ()
    centres: tuple[Group, ...] = ()
    foreword: tuple[str, ...] = ()
    note: str = ""
    imprint: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ranks:
    """In which order themes and provinces stand: what is not named here follows."""

    themes: Sequence[str] = ()
    regions: Sequence[str] = field(default=())


def arranged(chapters: Sequence[Chapter], order: Order, ranks: Ranks) -> tuple[Chapter, ...]:
    """The chapters in the order of the book; by hand: as they were given. Equal ones stay as they were given."""
    if order is Order.HAND:
        return tuple(chapters)
    by_theme, by_region = _rank(ranks.themes), _rank(ranks.regions)
    first, second = (by_theme, by_region) if order is Order.THEME else (by_region, by_theme)
    names = ("theme", "region") if order is Order.THEME else ("region", "theme")
    return tuple(sorted(chapters, key=lambda one: (first(getattr(one, names[0])), second(getattr(one, names[1])))))


def bound(
    chapters: Sequence[Chapter],
    order: Order,
    ranks: Ranks,
    *,
    title: str,
    subtitle: str,
    issuer: str,
    day: str,
    foreword: Sequence[str] = (),
    note: str = "",
    imprint: Sequence[str] = (),
) -> Book:
    """The chapters as a book: put into order, under their headings, with every list of them."""
    placed = arranged(chapters, order, ranks)
    themes = _groups(placed, "theme", _rank(ranks.themes))
    regions = _groups(placed, "region", _rank(ranks.regions))
    groups = {Order.THEME: themes, Order.PROVINCE: regions, Order.HAND: (Group("", tuple(range(len(placed)))),)}[order]
    listings = [
        Listing(name, found)
        for name, found, own in (("目录（按主题）", themes, Order.THEME), ("目录（按省份）", regions, Order.PROVINCE))
        if order is not own
    ]
    return Book(
        title=title,
        subtitle=subtitle,
        issuer=issuer,
        day=day,
        chapters=placed,
        groups=groups,
        listings=tuple(listings),
        centres=_groups(placed, "centre", _by_sound),
        foreword=tuple(foreword),
        note=note,
        imprint=tuple(imprint),
    )


def _groups(chapters: Sequence[Chapter], name: str, rank: Callable[[str], Any]) -> tuple[Group, ...]:
    found: dict[str, list[int]] = {}
    for place, chapter in enumerate(chapters):
        found.setdefault(getattr(chapter, name), []).append(place)
    return tuple(Group(one, tuple(found[one])) for one in sorted(found, key=rank))


def _rank(known: Sequence[str]) -> Callable[[str], tuple[int, bytes]]:
    places: Mapping[str, int] = {name: place for place, name in reversed(list(enumerate(known)))}
    return lambda name: (places.get(name, len(places)), _by_sound(name))


def _by_sound(name: str) -> bytes:
    """By pinyin, as far as GB 2312 orders characters so (its 3,755 commonest); the others follow."""
    return name.encode("gb18030")


RUNNING = 30
"""Characters of a title at the head of a page."""


def as_data(book: Book, moment: int) -> dict[str, Any]:
    """The book as plain values, as the child reads it. `moment`: of the document, in seconds since 1970."""
    made = asdict(book)
    for chapter in made["chapters"]:
        title = chapter["title"]
        chapter["running"] = title if len(title) <= RUNNING else f"{title[: RUNNING - 1]}…"
    return {**made, "moment": moment}
