"""What somebody writes into the search box: words, phrases in quotes, and fields, such as 标题:检索 "北斗 导航"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.words import Labelled
from workflow.finding.bigrams import Phrase, phrase, runs

LONGEST = 100
"""Characters of a query; what is beyond is not looked at."""
SHORTEST = 2
"""Characters that a word must have: one of them is in nearly everything."""


class Field(Labelled):
    """Where a word is looked for."""

    TITLE = "title", "标题", "Title"
    NUMBER = "number", "编号", "Number"
    CENTRE = "centre", "中心", "Centre"
    RECIPIENT = "recipient", "服务对象", "Served party"
    TEXT = "text", "正文", "Text"


NAMES = {
    **dict.fromkeys(("标题", "题目", "名称", "title"), Field.TITLE),
    **dict.fromkeys(("编号", "number"), Field.NUMBER),
    **dict.fromkeys(("中心", "centre", "center"), Field.CENTRE),
    **dict.fromkeys(("服务对象", "对象", "recipient", "served"), Field.RECIPIENT),
    **dict.fromkeys(("正文", "内容", "text", "body"), Field.TEXT),
}
"""How a field may be called in a query."""


@dataclass(frozen=True)
class Term:
    """One word or phrase, which must occur. `field`: where; None for anywhere."""

    written: str
    phrase: Phrase
    field: Field | None = None

    @property
    def anywhere(self) -> str:
        """How it is written without its field."""
        return self.written if _WORD.fullmatch(self.written) and not _NAME.match(self.written) else f'"{self.written}"'

    @property
    def again(self) -> str:
        """How it is written by itself."""
        return f"{self.field.label.zh}:{self.anywhere}" if self.field else self.anywhere


@dataclass(frozen=True)
class Query:
    """All terms must occur. `short`: words of one character, which are not looked for."""

    terms: tuple[Term, ...] = ()
    short: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.terms


_QUOTES = {'"': '"', "“": "””“", "「": "」", "『": "』", "＂": "＂"}
_NAME = re.compile(rf"({'|'.join(sorted(NAMES, key=len, reverse=True))})[:：]\s*", re.IGNORECASE)
_WORD = re.compile(r"[^\s\"“”「」『』＂]+")


def parse(text: str) -> Query:
    """Read a query. Nothing is wrong: what is no known field is a word, and a quote that is not closed goes to the end."""
    found: dict[Term, None] = {}
    short: dict[str, None] = {}
    rest = text[:LONGEST].strip()
    while rest:
        field, rest = _field(rest)
        written, rest = _written(rest)
        asked = phrase(written)
        if asked.terms and _too_short(written):
            short[written] = None
        elif asked.terms:
            found[Term(written, asked, field)] = None
    return Query(tuple(found), tuple(short))


def _field(rest: str) -> tuple[Field | None, str]:
    name = _NAME.match(rest)
    return (NAMES[name[1].lower()], rest[name.end() :]) if name else (None, rest)


def _written(rest: str) -> tuple[str, str]:
    """What is in quotes, or up to the next space or quote; and what comes after it."""
    closing = _QUOTES.get(rest[:1])
    if closing:
        end = next((at for at, one in enumerate(rest[1:], 1) if one in closing), len(rest))
        return " ".join(_WORD.findall(rest[1:end])), rest[end + 1 :].lstrip()
    word = _WORD.match(rest)
    if word is None:
        return "", rest[1:].lstrip()
    return word[0], rest[word.end() :].lstrip()


def _too_short(written: str) -> bool:
    return sum(map(len, runs(written))) < SHORTEST
