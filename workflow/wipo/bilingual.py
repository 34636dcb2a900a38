"""Chinese and English, paragraph beside paragraph: what is translated, what is stale, and the terms that must agree."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rules.call import Call
from rules.words import Text
from workflow.content import Content

TITLE, SUMMARY, CAPTION = "title", "summary", "caption"
"""Places of a case beside the sections of its template (`of_section`)."""


def of_section(section: str) -> str:
    """The place of a section, whose id may be any word."""
    return f"section:{section}"


ALIKE = 30
"""Likeness (0 to 100, rapidfuzz's ratio) from which a paragraph counts as another wording of an earlier one."""


@dataclass(frozen=True)
class Passage:
    """A paragraph of the Chinese. `nth`: which of several that read the same in the same place, from 0."""

    place: str
    zh: str
    nth: int = 0

    @property
    def key(self) -> str:
        """What the paragraph is known by in a form: another wording is another paragraph."""
        return f"{self.place}.{hashlib.sha256(self.zh.encode()).hexdigest()[:16]}.{self.nth}"


@dataclass(frozen=True)
class Rendering:
    """The English of a paragraph as it was last saved. `id`: of the saved row, which a later one must have seen."""

    id: int
    passage: Passage
    en: str
    by_id: int


@dataclass(frozen=True)
class Pair:
    """A paragraph with its English. `earlier`: where there is none, the English of an earlier wording."""

    passage: Passage
    rendering: Rendering | None = None
    earlier: Rendering | None = None

    @property
    def en(self) -> str:
        return self.rendering.en if self.rendering else ""

    @property
    def state(self) -> str:
        """ "current", "stale" (the Chinese was changed since) or "open"."""
        if self.en:
            return "current"
        return "stale" if self.earlier and not self.rendering else "open"


@dataclass(frozen=True)
class Facing:
    """All paragraphs in their order, and the English of paragraphs that are there no more."""

    pairs: tuple[Pair, ...]
    left_over: tuple[Rendering, ...]

    @cached_property
    def open(self) -> int:
        """How many paragraphs have no English, or a stale one."""
        return sum(one.state != "current" for one in self.pairs)

    def of(self, place: str) -> list[Pair]:
        return [one for one in self.pairs if one.passage.place == place]


def passages(call: Call, content: Content, captions: Iterable[str] = ()) -> list[Passage]:
    """What of a case is translated: its title, a summary of the whole, each paragraph, each picture's caption.

    The summary has no Chinese of its own: it stands for the whole text, so any change of that makes it stale.
    """
    sections = [(of_section(one.id), _lines(content.sections.get(one.id, ""))) for one in call.sections]
    whole = "\n".join(line for _, lines in sections for line in lines)
    found = [(TITLE, content.title.strip()), (SUMMARY, whole)]
    found += [(place, line) for place, lines in sections for line in lines]
    found += [(CAPTION, one.strip()) for one in captions]
    seen: Counter[tuple[str, str]] = Counter()
    made = []
    for place, zh in found:
        if zh:
            made.append(Passage(place, zh, seen[place, zh]))
            seen[place, zh] += 1
    return made


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def facing(chinese: Sequence[Passage], kept: Sequence[Rendering]) -> Facing:
    """Put what was translated beside the present Chinese. `kept`: the newest of each paragraph.

    English belongs to exactly one wording. Where the wording was changed, what was written for the most similar one that is
    there no more is shown beside it as stale; it counts for nothing until somebody says that it still fits.
    """
    known = {one.passage: one for one in kept}
    present = set(chinese)
    gone: dict[str, list[Rendering]] = defaultdict(list)
    for one in kept:
        if one.passage not in present and one.en:
            gone[one.passage.place].append(one)
    pairs = []
    for passage in chinese:
        own = known.get(passage)
        earlier = None if own else _most_alike(passage, gone[passage.place])
        if earlier:
            gone[passage.place].remove(earlier)
        pairs.append(Pair(passage, own, earlier))
    return Facing(tuple(pairs), tuple(one for left in gone.values() for one in left))


def _most_alike(passage: Passage, gone: Sequence[Rendering]) -> Rendering | None:
    from rapidfuzz import fuzz

    if not gone:
        return None
    if passage.place in (TITLE, SUMMARY):  # there is one of each
        return max(gone, key=lambda one: one.id)
    best = max(gone, key=lambda one: (fuzz.ratio(passage.zh, one.passage.zh), one.id))
    return best if fuzz.ratio(passage.zh, best.passage.zh) >= ALIKE else None


@dataclass(frozen=True)
class Composed:
    """The English of a case as one text: each section under its English heading."""

    title: str
    summary: str
    text: str


def composed(call: Call, facing: Facing) -> Composed:
    lines: list[str] = []
    for section in call.sections:
        written = [one.en for one in facing.of(of_section(section.id)) if one.en]
        if written:
            lines += [section.label.en, *written]
    [title] = [one.en for one in facing.of(TITLE)] or [""]
    [summary] = [one.en for one in facing.of(SUMMARY)] or [""]
    return Composed(title, summary, "\n".join(lines))


def distributed(call: Call, chinese: Sequence[Passage], text: str) -> dict[Passage, str]:
    """A whole English text, each line given to a paragraph in order; a line that is a section's heading begins that section.

    What is too much stands with the last paragraph of its section; what is too little leaves the last ones open.
    """
    headings = {name.casefold(): of_section(one.id) for one in call.sections for name in (one.label.en, one.label.zh)}
    ids = {of_section(one.id) for one in call.sections}
    wanted = [one for one in chinese if one.place in ids]
    lines = _lines(text)
    if not any(line.casefold() in headings for line in lines):
        return _dealt(wanted, lines)
    made: dict[Passage, str] = {}
    by_section: dict[str, list[str]] = defaultdict(list)
    here = of_section(call.sections[0].id)
    for line in lines:
        if line.casefold() in headings:
            here = headings[line.casefold()]
        else:
            by_section[here].append(line)
    for section, mine in by_section.items():
        made |= _dealt([one for one in wanted if one.place == section], mine)
    return made


def _dealt(wanted: Sequence[Passage], lines: Sequence[str]) -> dict[Passage, str]:
    if not wanted:
        return {}
    given = [*lines[: len(wanted) - 1], " ".join(lines[len(wanted) - 1 :])]
    return {passage: line for passage, line in zip(wanted, given, strict=False) if line}


# ---- terms -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """A word and how it is always translated; `en` may offer several, with a stroke between them."""

    id: int
    zh: str
    en: str
    note: str = ""

    @cached_property
    def choices(self) -> tuple[str, ...]:
        return tuple(one.strip() for one in self.en.split("/") if one.strip())


@dataclass(frozen=True)
class Piece:
    """A stretch of a paragraph; with its term where it is one."""

    text: str
    term: Term | None = None


class Glossary:
    """The list of terms, ready to be looked for; the longest counts where several begin at the same place."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._known = {one.zh.casefold(): one for one in terms}
        words = sorted(self._known, key=len, reverse=True)
        self._found = re.compile("|".join(map(re.escape, words)), re.IGNORECASE) if words else None

    def pieces(self, zh: str) -> list[Piece]:
        """A paragraph cut where its terms stand."""
        if self._found is None:
            return [Piece(zh)]
        made, at = [], 0
        for match in self._found.finditer(zh):
            if match.start() > at:
                made.append(Piece(zh[at : match.start()]))
            made.append(Piece(match[0], self._known[match[0].casefold()]))
            at = match.end()
        return [*made, Piece(zh[at:])] if at < len(zh) else made

    def warnings(self, pair: Pair) -> list[Text]:
        """Terms of the Chinese that the English does not have as the list says, and numbers that it does not have at all."""
        if not pair.en or pair.passage.place == SUMMARY:
            return []
        said = _plainly(pair.en)
        terms = dict.fromkeys(one.term for one in self.pieces(pair.passage.zh) if one.term)
        made = [
            Text(
                f"“{one.zh}”应译作“{one.en}”，译文中没有。",
                f"“{one.zh}” is “{one.en}” by the glossary; it is not in the English.",
            )
            for one in terms
            if not any(re.search(rf"(?<!\w){re.escape(_plainly(word))}", said) for word in one.choices)
        ]
        there = _numbers(pair.en) | {number for number, word in _IN_WORDS.items() if re.search(rf"\b{word}\b", said)}
        missing = [one for one in dict.fromkeys(_NUMBER.findall(_ungrouped(pair.passage.zh))) if one not in there]
        if missing:
            listed = "、".join(missing)
            made.append(
                Text(
                    f"译文中没有原文的数字：{listed}。",
                    f"Numbers of the Chinese that the English lacks: {', '.join(missing)}.",
                )
            )
        return made


_NUMBER = re.compile(r"(?<![\d.图表])\d+(?:\.\d+)?(?![\d.]*\d)(?!\s*[万亿千百成月])")
"""Not those that English writes otherwise: 430 万, 8 月."""
_IN_WORDS = {
    str(number): word
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
}
"""Numbers that English writes out."""


def _plainly(text: str) -> str:
    """Without regard to capitals, and to whether words are joined by a space, a hyphen or a dash."""
    return re.sub(r"[\s\-\u2010-\u2015]+", " ", text.casefold())


def _ungrouped(text: str) -> str:
    """1,500 as 1500."""
    return re.sub(r"(?<=\d)[,，](?=\d{3}(?!\d))", "", text)


def _numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(_ungrouped(text)))


def disagreeing(facing: Facing) -> Mapping[Passage, Text]:
    """Paragraphs that read the same in Chinese and differently in English."""
    by_words: dict[str, list[Pair]] = defaultdict(list)
    for one in facing.pairs:
        if one.en and one.passage.place != SUMMARY:
            by_words[one.passage.zh].append(one)
    said = Text("同一段中文在别处译得不同。", "The same Chinese is translated otherwise elsewhere.")
    return {one.passage: said for same in by_words.values() if len({one.en for one in same}) > 1 for one in same}
