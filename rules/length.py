"""字数: how Chinese word processors count, in one place for the server and the document reader."""

from __future__ import annotations

import re
from bisect import bisect_right

from rules.call import Counted

_CJK = (
    "\u2e80-\u2fff\u3001-\u303f\u3040-\u30ff\u3100-\u312f\u3130-\u318f\u31a0-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\ufe10-\ufe1f\ufe30-\ufe6f\uff01-\uffef\U00020000-\U0003ffff"
)
_CURLY = "\u2018\u2019\u201c\u201d"
_DASHES = r"\u2014\u2014|\u2026\u2026|[\u2014\u2026]"
_EACH = re.compile(rf"[{_CJK}{_CURLY}]+")
_RUN = re.compile(rf"{_DASHES}|[^\s\u3000\u2014\u2026]+")
_DOUBTFUL = re.compile(rf"{_DASHES}|[{_CURLY}]")


def word_count(text: str) -> int:
    """字 of a text as Word's 字数 counts them.

    Each Chinese character and each full-width mark is one, each other run without spaces is one; —— and …… are one
    each. Source: docs/decisions.md 4.
    """
    rest, runs = _EACH.subn(" ", text)
    return len(text) - len(rest) + runs + len(_RUN.findall(rest))


def least_word_count(text: str) -> int:
    """The lowest 字数 that a common program would give: dashes, ellipses and curly quotes count nothing.

    A case is over the limit only if every program says so. Source: docs/decisions.md 4.
    """
    return word_count(_DOUBTFUL.sub("", text))


def measured(text: str, counted: Counted) -> int:
    """The length of a text as a call counts it: this is compared with a lower limit, and shown."""
    if counted is Counted.WORDS:
        return word_count(text)
    return len(text) if counted is Counted.ALL_CHARACTERS else len("".join(text.split()))


def shortest(text: str, counted: Counted) -> int:
    """The lowest length that a common program would give: this is compared with an upper limit. Programs differ only on 字;
    line ends are no characters to any of them.
    """
    if counted is Counted.WORDS:
        return least_word_count(text)
    return measured(text.replace("\r", "").replace("\n", ""), counted)


def fits(text: str, limit: int, counted: Counted = Counted.WORDS) -> int:
    """How many characters of a text, from its beginning, are at most `limit` long (0 or more) by the most lenient program."""
    return bisect_right(range(len(text) + 1), limit, key=lambda end: shortest(text[:end], counted)) - 1
