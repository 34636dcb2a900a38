"""How alike two texts, titles or served parties are: what the rule on prior submissions stands on."""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Any

from rules.words import Labelled

GRAM = 3
PERMUTATIONS = 126
BANDS = 42
ROWS = PERMUTATIONS // BANDS
SEED = 205
SHORTEST_TEXT = 30

PARAMETERS = f"alnum-nfkc/{GRAM}-gram/{BANDS}x{ROWS}/seed-{SEED}/rensa-2"
"""What a signature was made with. Signatures stored under other parameters must be made again, never compared."""

SAME_FROM = 0.90
NEAR_FROM = 0.36
"""Estimated Jaccard from which two texts are the same, or near; measured on the sample cases, 240 variations a line.

A case with 30 % of its sentences rewritten and its paragraphs shuffled scores 0.53 on average, 5 % of them under 0.41;
another case with 30 % of its sentences word for word from the same template 0.19, and at most 0.34. At 0.90 and more,
about one sentence in thirty was touched.
"""

SHORTEST_PASSAGE = 12
TITLE_RATIO = 90.0
PARTY_RATIO = 90.0
SHORTEST_PART_OF_TITLE = 8
SHORTEST_PART_OF_PARTY = 4

_SIGNATURE = struct.Struct(f">{PERMUTATIONS}I")
_BAND = struct.Struct(f">{1 + ROWS}I")
_COMPANY_FORMS = ("有限责任公司", "股份有限公司", "集团有限公司", "有限公司", "集团公司", "公司", "集团")


class Likeness(Labelled):
    """What a resemblance means for the reader."""

    SAME = "same", "相同", "Same"
    NEAR = "near", "相近", "Near"
    NONE = "none", "不相近", "Not alike"


@dataclass(frozen=True)
class Passage:
    """A stretch two texts have in common; offsets in characters into the texts as written, ends exclusive.

    `text` is the stretch as the first text writes it; the second may space and punctuate it differently.
    """

    start_a: int
    end_a: int
    start_b: int
    end_b: int
    text: str


def signature(text: str) -> bytes:
    """The text's MinHash, 126 big-endian unsigned 32-bit integers; stable across processes and machines.

    Empty when the text has under 30 letters and figures: too little to tell likeness from chance.
    """
    plain = _plain(text)
    if len(plain) < SHORTEST_TEXT:
        return b""
    from rensa import RMinHash  # not for pages that are only read: 2 MiB

    sketch = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
    sketch.update([plain[at : at + GRAM] for at in range(len(plain) - GRAM + 1)])
    return _SIGNATURE.pack(*sketch.digest())


def bands(signature: bytes) -> list[int]:
    """42 keys in 0 … 2**63 - 1, fit for BIGINT; two texts are candidates when any key is equal. Empty for none.

    The keys say which band they are of, so they can stand in one column.
    """
    if not signature:
        return []
    rows = _SIGNATURE.unpack(signature)
    return [_key(band, rows[band * ROWS : (band + 1) * ROWS]) for band in range(BANDS)]


def resemblance(a: bytes, b: bytes) -> float:
    """The estimated Jaccard similarity of two texts' 3-grams, 0 to 1, standard error at most 0.045.

    An empty signature resembles nothing, not even another empty one: whether two short texts are equal only the
    texts themselves can say. ValueError for bytes that are no signature.
    """
    if not a or not b:
        return 0.0
    if len(a) != _SIGNATURE.size or len(b) != _SIGNATURE.size:
        raise ValueError(f"a signature has {_SIGNATURE.size} bytes, not {len(a)} and {len(b)}")
    differing = int.from_bytes(a, "big") ^ int.from_bytes(b, "big")  # nothing where they are equal
    return _SIGNATURE.unpack(differing.to_bytes(_SIGNATURE.size, "big")).count(0) / PERMUTATIONS


def likeness(score: float) -> Likeness:
    """What a resemblance of 0 to 1 means; the thresholds themselves belong to the higher class."""
    if score >= SAME_FROM:
        return Likeness.SAME
    return Likeness.NEAR if score >= NEAR_FROM else Likeness.NONE


def passages(a: str, b: str, limit: int = 20) -> list[Passage]:
    """The passages two texts share, longest first, at most `limit`, each of 12 letters and figures or more.

    Spaces, punctuation and width do not break a passage. None overlaps another in either text. Greedy string tiling
    (Wise 1993), on a suffix automaton so that repetitive texts cost no more than others.
    """
    one, other = _letters(a), _letters(b)
    tiles: list[_Tile] = []
    while len(tiles) < limit and (found := _tiles(one, other, tiles)):
        tiles += found
    return [_passage(a, one[i : i + size], other[j : j + size]) for i, j, size in tiles[:limit]]


def same_title(a: str, b: str) -> bool:
    """Whether two titles are equal or nearly so: a word more or less, or a subtitle left off."""
    return _same_title(_plain(a), _plain(b))


def _same_title(a: str, b: str) -> bool:
    one, other = (a, b) if len(a) <= len(b) else (b, a)
    if not one:
        return False
    left_off = len(one) >= SHORTEST_PART_OF_TITLE and (other.startswith(one) or other.endswith(one))
    return left_off or _ratio(one, other, TITLE_RATIO) >= TITLE_RATIO


def _ratio(one: str, other: str, least: float) -> float:
    from rapidfuzz.fuzz import ratio  # not for pages that are only read: 2 MiB

    return ratio(one, other, score_cutoff=least)


def same_party(a: str, b: str) -> bool:
    """Whether two names mean the same served party: form of company and place in front of the name aside."""
    return _same_party(_party(a), _party(b))


def _same_party(a: str, b: str) -> bool:
    one, other = (a, b) if len(a) <= len(b) else (b, a)
    if not one:
        return False
    placed = len(one) >= SHORTEST_PART_OF_PARTY and other.endswith(one)
    return placed or _ratio(one, other, PARTY_RATIO) >= PARTY_RATIO


class Titles:
    """Titles of many reports, made comparable once, however many they are compared with."""

    def __init__(self, titles: Sequence[str]) -> None:
        self._plain = [_known(title) for title in titles]

    def same(self, title: str) -> list[int]:
        """Places of those that are equal to a title, or nearly so (`same_title`)."""
        mine = _known(title)
        if not mine or not self._plain:
            return []
        from rapidfuzz.fuzz import ratio
        from rapidfuzz.process import extract

        near = {place for *_, place in extract(mine, self._plain, scorer=ratio, score_cutoff=TITLE_RATIO, limit=None)}
        if len(mine) >= SHORTEST_PART_OF_TITLE:
            begin, end = mine[:SHORTEST_PART_OF_TITLE], mine[-SHORTEST_PART_OF_TITLE:]
            near |= {at for at, one in enumerate(self._plain) if one.startswith(begin) or one.endswith(end)}
        return [place for place in sorted(near) if _same_title(mine, self._plain[place])]


def compare_files(files: Sequence[tuple[str, str]], against: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Each (name, text) compared with every text of `against`, or with the other files when there are none.

    Per file `{"file", "matches": [{"file", "score", "likeness", "passages"}]}`, best match first. Passages are marked
    where there is a likeness. Short texts match only when equal.
    """
    marks = [signature(text) for _, text in files]
    others = list(against or files)
    other_marks = [signature(text) for _, text in others] if against else marks
    report: list[dict[str, Any]] = []
    for here, (name, text) in enumerate(files):
        matches = [
            _match(text, marks[here], other_name, other_text, other_marks[there])
            for there, (other_name, other_text) in enumerate(others)
            if against or there != here
        ]
        report.append({"file": name, "matches": sorted(matches, key=lambda match: -match["score"])})
    return report


def _match(text: str, mark: bytes, other_name: str, other: str, other_mark: bytes) -> dict[str, Any]:
    score = resemblance(mark, other_mark)
    if not (mark and other_mark) and _plain(text) == _plain(other) != "":
        score = 1.0
    kind = likeness(score)
    shared = [] if kind is Likeness.NONE else passages(text, other)
    return {
        "file": other_name,
        "score": round(score, 3),
        "likeness": kind.value,
        "passages": [asdict(passage) for passage in shared],
    }


def _key(band: int, rows: Sequence[int]) -> int:
    digest = blake2b(_BAND.pack(band, *rows), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


_NEITHER = re.compile(r"[\W_]+")
"""What is neither letter nor figure."""


def _plain(text: str) -> str:
    return _NEITHER.sub("", unicodedata.normalize("NFKC", text).casefold())


_known = lru_cache(4096)(_plain)
"""For titles: those of a centre are compared again with each step that one of its cases takes."""


def _party(name: str) -> str:
    plain = _plain(name)
    for form in _COMPANY_FORMS:
        plain = plain.removesuffix(form)
    return plain


@dataclass(frozen=True)
class _Letter:
    """One letter or figure in NFKC and one case, and where it stands in the text as written."""

    plain: str
    start: int
    end: int


def _letters(text: str) -> list[_Letter]:
    letters = []
    for start, end in _clusters(text):
        if plain := _plain(text[start:end]):
            letters.append(_Letter(plain, start, end))
    return letters


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """A character with the combining marks that follow it: the least that NFKC may join."""
    start = 0
    for at in range(1, len(text)):
        if not unicodedata.combining(text[at]):
            yield start, at
            start = at
    if text:
        yield start, len(text)


def _passage(a: str, one: Sequence[_Letter], other: Sequence[_Letter]) -> Passage:
    start, end = one[0].start, one[-1].end
    return Passage(start, end, other[0].start, other[-1].end, a[start:end])


_Tile = tuple[int, int, int]
"""Start in the first text, start in the second, size."""


def _tiles(one: Sequence[_Letter], other: Sequence[_Letter], taken: Sequence[_Tile]) -> list[_Tile]:
    """The longest tiles that are certain after those taken: up to the first that another would shorten."""
    free_one = _without(one, [(i, size) for i, _, size in taken], "first")
    free_other = _without(other, [(j, size) for _, j, size in taken], "second")
    found: list[_Tile] = []
    for i, j, size in sorted(_longest_matches(free_one, free_other), key=lambda tile: (-tile[2], tile[0], tile[1])):
        if any(_overlap(i, size, k, width) or _overlap(j, size, m, width) for k, m, width in found):
            break
        found.append((i, j, size))
    return found


def _overlap(start: int, size: int, other: int, width: int) -> bool:
    return start < other + width and other < start + size


def _without(letters: Sequence[_Letter], spans: Sequence[tuple[int, int]], whose: str) -> list[str]:
    """The letters, with what is taken replaced by a mark that no letter equals, nor the other text's mark."""
    plain = [letter.plain for letter in letters]
    for start, size in spans:
        plain[start : start + size] = [f"({whose})"] * size
    return plain


def _longest_matches(one: Sequence[str], other: Sequence[str]) -> Iterator[_Tile]:
    """For each place in the second text where a match cannot go on, the longest ending there, if long enough."""
    nexts, links, lengths, ends = _automaton(one)
    state = size = 0
    for at, letter in enumerate(chain(other, ["(end)"])):
        before, size_before = state, size
        while state and letter not in nexts[state]:
            state = links[state]
            size = lengths[state]
        if letter in nexts[state]:
            state, size = nexts[state][letter], size + 1
        if size <= size_before and size_before >= SHORTEST_PASSAGE:
            yield ends[before] - size_before + 1, at - size_before, size_before


def _automaton(text: Sequence[str]) -> tuple[list[dict[str, int]], list[int], list[int], list[int]]:
    """The suffix automaton (Blumer 1985): of each state its transitions, link, greatest length, first end."""
    nexts: list[dict[str, int]] = [{}]
    links, lengths, ends = [-1], [0], [-1]
    last = 0
    for at, letter in enumerate(text):
        state = len(nexts)
        nexts.append({})
        links.append(0)
        lengths.append(lengths[last] + 1)
        ends.append(at)
        walk = last
        while walk != -1 and letter not in nexts[walk]:
            nexts[walk][letter] = state
            walk = links[walk]
        if walk != -1:
            target = nexts[walk][letter]
            if lengths[walk] + 1 == lengths[target]:
                links[state] = target
            else:
                clone = len(nexts)
                nexts.append(dict(nexts[target]))
                links.append(links[target])
                lengths.append(lengths[walk] + 1)
                ends.append(ends[target])
                links[target] = links[state] = clone
                while walk != -1 and nexts[walk].get(letter) == target:
                    nexts[walk][letter] = clone
                    walk = links[walk]
        last = state
    return nexts, links, lengths, ends
