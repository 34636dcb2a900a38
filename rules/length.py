"""字数: how Chinese word processors count, in one place for the server and the document reader."""

from __future__ import annotations

import re
from bisect import bisect_right

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


def fits(text: str, limit: int) -> int:
    """How many characters of a text, from its beginning, have at most `limit` 字 (0 or more) by the most lenient program."""
    return bisect_right(range(len(text) + 1), limit, key=lambda end: least_word_count(text[:end])) - 1
