"""How two versions of a case differ, part by part, in pieces a person can read."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rules.call import Call
from rules.words import Text
from workflow.content import DERIVED, Content
from workflow.personal import is_contact

SAME, GONE, NEW = "same", "gone", "new"


@dataclass(frozen=True)
class Change:
    """One part that differs: its label, and its text as (kind, words), kind being "same", "gone" or "new"."""

    label: Text
    pieces: tuple[tuple[str, str], ...]


def compare(call: Call, before: Content, after: Content, *, masked: bool = False) -> list[Change]:
    """The parts that differ, in the order of the page. `masked`: contacts are not shown in full."""
    hidden = [one.label for one in call.report_form if masked and is_contact(one.name)]
    pairs = [
        (Text("案例名称", "Title"), before.title, after.title),
        (Text("报送阶段", "Phase"), _phase(call, before), _phase(call, after)),
        (Text("主题", "Theme"), _theme(call, before), _theme(call, after)),
        (Text("服务对象", "Served party"), before.recipient, after.recipient),
        (Text("服务起始", "Service from"), _month(before.service_from), _month(after.service_from)),
        (Text("服务结束", "Service to"), _month(before.service_to), _month(after.service_to)),
        *(
            (section.label, before.sections.get(section.id, ""), after.sections.get(section.id, ""))
            for section in call.sections
        ),
        *(
            (field.label, before.form.get(field.name, ""), after.form.get(field.name, ""))
            for field in call.report_form
            if field.name not in DERIVED
        ),
        (Text("附件", "Attachments"), _attachments(call, before), _attachments(call, after)),
    ]
    return [
        Change(label, ((NEW, _CHANGED),) if label in hidden else pieces(old, new))
        for label, old, new in pairs
        if old != new
    ]


_CHANGED = "（有修改，联系方式不在此显示）"


_FINEST = 4_000_000
"""Pairs of characters up to which two texts are compared character by character: half a second at the worst."""


def pieces(old: str, new: str) -> tuple[tuple[str, str], ...]:
    """Two texts as one, character by character; agreements too short to be meant are folded into the change.

    Texts too long for that are compared line by line, and character by character within the lines that differ; texts of
    too many lines are told as gone and new.
    """
    found: list[tuple[str, str]] = []
    gone = added = ""

    def settle() -> None:
        nonlocal gone, added
        found.extend(piece for piece in ((GONE, gone), (NEW, added)) if piece[1])
        gone = added = ""

    for before, after in _steps(old, new):
        if not before and not after:
            continue
        if before == after and (len(before) >= 2 or before == old or not (gone or added)):
            settle()
            if found and found[-1][0] == SAME:
                found[-1] = (SAME, found[-1][1] + before)
            else:
                found.append((SAME, before))
        else:
            gone += before
            added += after
    settle()
    return tuple(found)


def _steps(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Pairs of pieces that put together give both texts; the two are the same where the texts agree."""
    if len(old) * len(new) <= _FINEST:
        for a, b in _matched(old, new):
            yield old[a], new[b]
        return
    lines, others = old.splitlines(keepends=True), new.splitlines(keepends=True)
    head = _alike(lines, others)
    tail = _alike(lines[head:][::-1], others[head:][::-1])
    same, last = "".join(lines[:head]), "".join(lines[len(lines) - tail :])
    lines, others = lines[head : len(lines) - tail], others[head : len(others) - tail]
    yield same, same
    if len(lines) * len(others) <= _FINEST:
        yield from _by_lines(lines, others)
    else:
        yield "".join(lines), "".join(others)
    yield last, last


def _alike(lines: Sequence[str], others: Sequence[str]) -> int:
    """How many lines both begin with."""
    return next(
        (at for at, (one, other) in enumerate(zip(lines, others, strict=False)) if one != other),
        min(len(lines), len(others)),
    )


def _by_lines(lines: Sequence[str], others: Sequence[str]) -> Iterator[tuple[str, str]]:
    for a, b in _matched(lines, others):
        one, other = "".join(lines[a]), "".join(others[b])
        if one != other and len(one) * len(other) <= _FINEST:
            yield from _steps(one, other)
        else:
            yield one, other


def _matched(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[slice, slice]]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for _, a1, a2, b1, b2 in matcher.get_opcodes():
        yield slice(a1, a2), slice(b1, b2)


def _phase(call: Call, content: Content) -> str:
    phase = call.phase(content.phase)
    return phase.label.zh if phase else content.phase


def _theme(call: Call, content: Content) -> str:
    theme = call.themes.get(content.theme)
    return content.theme_name or (theme.label.zh if theme else content.theme)


def _attachments(call: Call, content: Content) -> str:
    """Each on a line: for which paper, under which name, and the beginning of its digest, which tells files of one name apart."""
    papers = {one.id: one.label.zh for one in call.attachments}
    lines = [f"{papers.get(one.paper, one.paper)}：{one.name}（{one.digest[:8]}）" for one in content.attachments]
    return "\n".join(lines)


def _month(value: date | None) -> str:
    return f"{value.year}年{value.month}月" if value else ""
