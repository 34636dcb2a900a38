"""What everybody may read without signing in: published cases, and nothing personal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call, Theme
from rules.words import Text
from states.case import CaseState
from workflow.cases import NoSuchCase
from workflow.documents import preview
from workflow.publishing import consent
from workflow.publishing.drawn import Drawings, Drawn
from workflow.store import calls as stored_calls
from workflow.store import proofing as stored_proofing
from workflow.store import public as stored
from workflow.store.files import Absent, Damaged, Files
from workflow.store.models import Case, CaseEnglish, Centre, Document, Honour, Office
from workflow.store.public import Wanted

__all__ = ["Choices", "Gallery", "Part", "Pictures", "Shown", "Wanted", "choices", "find", "gallery", "newest"]

PER_PAGE = 18
EXCERPT = 110
"""Characters of the text that a card shows."""
WIDTHS = (480, 960, 1600)
"""Pixels on the longer side of a picture: on a card, in the text, and by itself."""
MOST_MAPPED = 20_000
"""Cases that the map for search engines lists: with two languages each it stays below the 50,000 of sitemaps.org."""


@dataclass(frozen=True)
class Part:
    """One section of the text: its heading in the call's template, and its paragraphs."""

    heading: Text
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """A published case as everybody sees it. `retracted`: only the notice may be shown, `parts` is empty then."""

    number: str
    title: str
    theme: Text
    recipient: str
    centre: str
    host_unit: str
    region: str
    published_at: datetime | None
    changed_at: datetime
    call: Call
    parts: tuple[Part, ...] = ()
    english: CaseEnglish | None = None
    pictures: Sequence[Document] = ()
    pushed: bool = False
    honours: Sequence[str] = ()
    retracted: bool = False
    consent_gone: bool = False
    """Whether it is not shown because consent was taken back, and it is not retracted yet."""

    @property
    def excerpt(self) -> str:
        """How the text begins."""
        words = "".join(paragraph for part in self.parts for paragraph in part.paragraphs)
        return words[:EXCERPT] + ("……" if len(words) > EXCERPT else "")

    @property
    def english_paragraphs(self) -> tuple[tuple[str, bool], ...]:
        """The English text as (words, whether they are a heading): a line that names a section of the template is one."""
        headings = {section.label.en.casefold() for section in self.call.sections}
        lines = _paragraphs(self.english.text) if self.english else ()
        return tuple((line, line.casefold() in headings) for line in lines)


@dataclass(frozen=True)
class Gallery:
    """One page of the gallery. `after`: the key with which the next page is asked for, "" at the end."""

    cases: Sequence[Shown]
    after: str
    total: int


def gallery(session: Session, wanted: Wanted, after: str = "", limit: int = PER_PAGE) -> Gallery:
    """Published cases, the newest first, by keyset; without those whose consent was taken back."""
    found = stored.page(session, wanted, _start(after), limit + 1)
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    pictures = stored.pictures(session, [case.id for case in page])
    english = stored.english(session, page)
    shown = [_shown(session, case, pictures[case.id], english.get(case.id)) for case in page]
    key = f"{last.published_at.isoformat()}~{last.id}" if last is not None and last.published_at else ""
    return Gallery(shown, key, stored.count(session, wanted))


def _start(after: str) -> tuple[datetime, int] | None:
    """Where a page begins; a key that somebody made up begins at the top."""
    written, _, case_id = after.rpartition("~")
    if not (case_id.isascii() and case_id.isdigit() and len(case_id) < 16):
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return (at, int(case_id)) if at.tzinfo else None


def find(session: Session, number: str) -> Shown:
    """The published case at its address, or the notice that it was retracted or that consent was taken back.

    Raises NoSuchCase for any other.
    """
    case = stored.by_number(session, number)
    if case is None:
        raise NoSuchCase(
            Text(
                "这个地址没有公开发布的案例。请从“公开案例”进入。",
                "No case has been published at this address. Start from the published cases.",
            )
        )
    if case.state == CaseState.RETRACTED:
        return _shown(session, case, (), None, retracted=True)
    if not consent.covers(stored_calls.call_of(session, case.call_version_id), case):
        return replace(_shown(session, case, (), None, retracted=True), consent_gone=True)
    english = stored.english(session, [case]).get(case.id)
    shown = _shown(session, case, stored.pictures(session, [case.id])[case.id], english)
    return replace(shown, honours=[_honour(one) for one in stored_proofing.honours(session, case.id)])


def _shown(
    session: Session, case: Case, pictures: Sequence[Document], english: CaseEnglish | None, *, retracted: bool = False
) -> Shown:
    call = stored_calls.call_of(session, case.call_version_id)
    parts = () if retracted else tuple(_parts(call, case))
    return Shown(
        number=case.number,
        title="" if retracted else case.title,
        theme=_theme(call, case),
        recipient="" if retracted else case.recipient,
        centre=case.centre.name,
        host_unit=case.centre.host_unit,
        region=case.office.region,
        published_at=case.published_at,
        changed_at=case.moved_at,
        call=call,
        parts=parts,
        english=english,
        pictures=[one for one in pictures if one.media_type in _SHOWABLE],
        pushed=case.state == CaseState.WIPO_PUSHED,
        retracted=retracted,
    )


def _honour(honour: Honour) -> str:
    return honour.name + (f"（{honour.given_on.year}年）" if honour.given_on else "")


def _parts(call: Call, case: Case) -> list[Part]:
    found = ((section, _paragraphs(case.sections.get(section.id, ""))) for section in call.sections)
    return [Part(section.label, paragraphs) for section, paragraphs in found if paragraphs]


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _theme(call: Call, case: Case) -> Text:
    theme = call.themes.get(case.theme)
    if case.theme_name:
        return Text(case.theme_name, case.theme_name)
    return theme.label if theme else Text(case.theme, case.theme)


@dataclass(frozen=True)
class Choices:
    """What the gallery can be narrowed by: only what published cases have. `counted`: how many of each."""

    themes: Sequence[Theme]
    offices: Sequence[Office]
    centres: Sequence[Centre]
    years: Sequence[int]
    calls: Sequence[Call]
    counted: Mapping[str, Mapping[Any, int]]


def choices(session: Session, office: int | None = None) -> Choices:
    """Themes in the order of their calls, offices, centres (of one office, where one is chosen), years, the last first."""
    used = stored.themes(session)
    calls = [stored_calls.call_of(session, version) for version in sorted({version for version, _ in used})]
    names = {theme for _, theme in used}
    themes = {theme.id: theme for call in calls for theme in call.themes.values() if theme.id in names}
    return Choices(
        list(themes.values()),
        stored.offices(session),
        stored.centres(session, office),
        list(years := _years(session)),
        list({call.number: call for call in calls}.values()),
        {**stored.counted(session), "year": years},
    )


def _years(session: Session) -> dict[int, int]:
    """Years in Beijing in which something was published that still is, the last first, with how much of it."""
    span = stored.span(session)
    if span is None:
        return {}
    first, last = (one.astimezone(BEIJING).year for one in span)
    counts = {year: stored.count(session, Wanted(year=year)) for year in range(last, first - 1, -1)}
    return {year: count for year, count in counts.items() if count}


def newest(session: Session) -> list[tuple[str, datetime, bool]]:
    """For the map of search engines: (number, when it last changed, whether it has an English page), the newest first."""
    return [(case.number, case.moved_at, english) for case, english in stored.newest(session, MOST_MAPPED)]


# ---- pictures --------------------------------------------------------------------------------------------------------

_SHOWABLE = frozenset({"image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff", "image/webp"})


_NO_PICTURE = Text("没有这张图片。", "There is no such picture.")


def named(session: Session, number: str, position: int) -> str:
    """The digest of one picture of a published case, counted from 1. Raises NoSuchCase."""
    shown = find(session, number)
    if not 1 <= position <= len(shown.pictures):
        raise NoSuchCase(_NO_PICTURE)
    return shown.pictures[position - 1].digest


@dataclass(frozen=True)
class Pictures:
    """Pictures from the store, and where they are kept once they were drawn."""

    files: Files
    drawings: Drawings

    def one(self, digest: str, width: int = WIDTHS[-1]) -> Drawn:
        """A picture, no larger than asked for. Raises NoSuchCase where it cannot be drawn."""
        return _drawn_again(_Source(self, digest), width)

    def size(self, digest: str) -> tuple[int, int] | None:
        """Width and height in the text, so that nothing moves when the picture comes; None for one that is not there."""
        try:
            drawn = self.one(digest, WIDTHS[1])
        except (NoSuchCase, Absent, Damaged):
            return None
        return drawn.width, drawn.height


class _Source:
    """A picture in the store, compared by digest, so that it is drawn once."""

    def __init__(self, pictures: Pictures, digest: str) -> None:
        self.pictures, self.digest = pictures, digest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Source) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@lru_cache(maxsize=64)
def _drawn_again(source: _Source, width: int) -> Drawn:
    """The picture decoded and written anew, no larger than a page needs: what a camera noted beside it stays behind."""
    from PIL import Image

    kept = source.pictures.drawings.find(source.digest, width)
    if kept is not None:
        return kept
    [copy] = preview.copies([source.pictures.files.get(source.digest)], width)
    if copy is None:
        raise NoSuchCase(Text("这张图片无法显示。", "This picture cannot be shown."))
    with Image.open(BytesIO(copy[0]), formats=("JPEG", "PNG")) as drawn:  # ours: the child wrote it
        made = Drawn(*copy, *drawn.size)
    source.pictures.drawings.keep(source.digest, width, made)
    return made
