"""Chinese text as overlapping bigrams: the terms that the index of cases keeps, and those that are asked of it.

No database has to know where Chinese words end. Every character begins exactly one term: 检索报告 is 检索 索报 报告 告. So
a phrase is found by terms that follow one another, and a word of two characters by one term. A Latin word or a number is
one term, whole and lower-cased. Width and compatibility forms are folded first (NFKC), and spaces between Chinese
characters do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

VERSION = "bigrams-1"
"""What the index was made with. Another version needs a migration that makes it anew."""

_UNSPACED = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b"  # 々〆〇, 〡 to 〩
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff"  # kana, 注音
    "\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c\uac00-\ud7a3\uf900-\ufaff"  # 汉字, Yi, Hangul
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"  # kana and 汉字 beyond the basic plane
)
"""Characters of scripts that are written without spaces, as the inside of a character class."""

_RUN = re.compile(rf"[{_UNSPACED}]+(?:[ \t]+[{_UNSPACED}]+)*|[^\W_{_UNSPACED}]+")


@dataclass(frozen=True)
class Phrase:
    """Terms that must follow one another. `open`: of the last one only the beginning is known."""

    terms: tuple[str, ...]
    open: bool = False


def folded(text: str) -> str:
    """How text is compared: without width, compatibility forms and case."""
    return unicodedata.normalize("NFKC", text).lower()


def runs(text: str) -> list[str]:
    """What is between punctuation, or between spaces of Latin words, folded; 第3期 is three runs, as its scripts differ."""
    return [re.sub(r"[ \t]", "", run) for run in _RUN.findall(folded(text))]


def unspaced(run: str) -> bool:
    """Whether a run is of a script that is written without spaces."""
    return re.match(f"[{_UNSPACED}]", run) is not None


def terms(text: str) -> list[str]:
    """The terms of a text in their order, as the index keeps them."""
    return [_spelled(term) for run in runs(text) for term in _kept(run)]


def phrase(text: str) -> Phrase:
    """What to ask of the index for a text that must occur as it is; empty for nothing but punctuation.

    What is found may go on after it, but not within it: 第3期 is found in 第3期限, and 服务WIPO not in 服务于WIPO.
    """
    found = runs(text)
    if not found:
        return Phrase(())
    *before, last = found
    asked = [term for run in before for term in _kept(run)]
    if not unspaced(last):
        return Phrase(tuple(map(_spelled, [*asked, last])))
    asked += list(_pairs(last)) or [last]
    return Phrase(tuple(map(_spelled, asked)), open=len(last) == 1)


def occurrence(text: str) -> re.Pattern[str]:
    """Matches in a folded text where the index finds a phrase."""
    found = runs(text)
    pattern = "".join(map(_piece, found[:1]))
    for before, run in pairwise(found):
        parted = _PARTED if unspaced(before) and unspaced(run) else r"[\W_]*"
        pattern += parted + _piece(run)
    return re.compile(pattern)


_PARTED = r"[\W_]*(?:_|[^\w \t])[\W_]*"
"""What keeps two runs of an unspaced script from being one."""


def _piece(run: str) -> str:
    if unspaced(run):
        return r"[ \t]*".join(map(re.escape, run))
    return rf"(?<![^\W_{_UNSPACED}]){re.escape(run)}(?![^\W_{_UNSPACED}])"


def _kept(run: str) -> Iterator[str]:
    if not unspaced(run):
        yield run
        return
    yield from _pairs(run)
    yield run[-1]


def _pairs(run: str) -> Iterator[str]:
    return (run[at : at + 2] for at in range(len(run) - 1))


_PLAIN = re.compile(r"[a-z0-9一-龥]*")


def _spelled(term: str) -> str:
    """A term in characters about which no database's tokenizer can be of two minds; rarer ones as their number."""
    if _PLAIN.fullmatch(term):
        return term
    return "".join(one if _PLAIN.fullmatch(one) else f"u{ord(one):06x}" for one in term)
