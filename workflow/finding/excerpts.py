"""Where the words that were looked for stand in a case: marked in its title, and in a line of what it says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workflow.finding.bigrams import folded, occurrence
from workflow.finding.queries import Field, Query
from workflow.store.models import Case

BEFORE = 24
AFTER = 72
"""Characters that a line shows before and after where the first word begins."""
Piece = tuple[str, bool]
"""Some text, and whether it is what was looked for."""


@dataclass(frozen=True)
class Hit:
    """A case that was found. `line` is from the field `of`; where only title or number say the words, there is none."""

    title: tuple[Piece, ...]
    line: tuple[Piece, ...] = ()
    of: Field | None = None


def hit(case: Case, query: Query) -> Hit:
    """What to show of a case that was found, besides what a list shows anyway."""
    title = pieces(case.title, _sought(query, Field.TITLE))
    texts = [(Field.TEXT, text) for text in case.sections.values()]
    for field, text in (*texts, (Field.RECIPIENT, case.recipient), (Field.CENTRE, case.centre.name)):
        spans = list(_spans(text, _sought(query, field)))
        if spans:
            return Hit(title, _line(text, spans), field)
    return Hit(title)


def _sought(query: Query, field: Field) -> list[re.Pattern[str]]:
    return [occurrence(term.written) for term in query.terms if term.field in (None, field)]


def pieces(text: str, sought: Sequence[re.Pattern[str]]) -> tuple[Piece, ...]:
    """A text, cut where something that was looked for begins and ends."""
    return tuple(_cut(text, list(_spans(text, sought))))


def _line(text: str, spans: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    start = max(0, spans[0][0] - BEFORE)
    end = min(len(text), max(spans[0][1], spans[0][0] + AFTER))
    within = [(one - start, min(other, end) - start) for one, other in spans if one < end]
    shown = tuple(_cut(text[start:end], within))
    return (*([("……", False)] if start else []), *shown, *([("……", False)] if end < len(text) else []))


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    done = 0
    for start, end in spans:
        if start > done:
            yield text[done:start], False
        yield text[start:end], True
        done = end
    if done < len(text):
        yield text[done:], False


def _spans(text: str, sought: Sequence[re.Pattern[str]]) -> Iterator[tuple[int, int]]:
    """From where to where something that was looked for stands, in order; what overlaps is one."""
    shown, starts, ends = _compared(text)
    found = sorted(one.span() for pattern in sought for one in pattern.finditer(shown) if one.end() > one.start())
    last: tuple[int, int] | None = None
    for start, end in ((starts[start], ends[end - 1]) for start, end in found):
        if last is not None and start <= last[1]:
            last = last[0], max(last[1], end)
            continue
        if last is not None:
            yield last
        last = start, end
    if last is not None:
        yield last


def _compared(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """The text as it is compared, and where each of its characters begins and ends in the text as written."""
    plain = folded(text)
    if len(plain) == len(text) and unicodedata.is_normalized("NFKC", text):
        return plain, range(len(text)), range(1, len(text) + 1)
    shown, starts, ends = [], list[int](), list[int]()
    for cluster in re.finditer(r".[\u0300-\u036f\u3099\u309a]*", text, re.DOTALL):
        made = folded(cluster[0])
        shown.append(made)
        starts += [cluster.start()] * len(made)
        ends += [cluster.end()] * len(made)
    return "".join(shown), starts, ends
