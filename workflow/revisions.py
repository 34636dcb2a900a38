"""How two versions of a case differ, part by part, in pieces a person can read."""

from __future__ import annotations

import difflib
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
    ]
    return [
        Change(label, ((NEW, _CHANGED),) if label in hidden else pieces(old, new))
        for label, old, new in pairs
        if old != new
    ]


_CHANGED = "（有修改，联系方式不在此显示）"


def pieces(old: str, new: str) -> tuple[tuple[str, str], ...]:
    """Two texts as one, character by character; agreements too short to be meant are folded into the change."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    found: list[tuple[str, str]] = []
    gone = added = ""

    def settle() -> None:
        nonlocal gone, added
        found.extend(piece for piece in ((GONE, gone), (NEW, added)) if piece[1])
        gone = added = ""

    for tag, a1, a2, b1, b2 in matcher.get_opcodes():
        whole = a1 == 0 and a2 == len(old)
        if tag == "equal" and (a2 - a1 >= 2 or whole or not (gone or added)):
            settle()
            found.append((SAME, old[a1:a2]))
        else:
            gone += old[a1:a2]
            added += new[b1:b2]
    settle()
    return tuple(found)


def _phase(call: Call, content: Content) -> str:
    phase = call.phase(content.phase)
    return phase.label.zh if phase else content.phase


def _theme(call: Call, content: Content) -> str:
    theme = call.themes.get(content.theme)
    return content.theme_name or (theme.label.zh if theme else content.theme)


def _month(value: date | None) -> str:
    return f"{value:%Y-%m}" if value else ""
