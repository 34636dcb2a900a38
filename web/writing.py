"""What an author types, read from the form into content, with every problem beside its field."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from web.words import say, t
from workflow import characters
from workflow.content import DERIVED, Content

_MONTH = re.compile(r"\s*(\d{4})\s*[-年./]\s*(\d{1,2})\s*月?\s*")
LONGEST = {"title": 300, "recipient": 300, "theme_name": 120}
"""Characters that the register holds of one-line fields; what the call allows is for its rules to say."""
LONGEST_TEXT = 200_000


@dataclass(frozen=True)
class Draft:
    """Content as typed. `problems`: field → what is wrong; `typed`: values that could not become content."""

    content: Content
    problems: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)

    def month(self, name: str) -> str:
        """A month as its field shows it: as typed, or 2020-03."""
        value = getattr(self.content, name)
        return self.typed.get(name) or (f"{value:%Y-%m}" if value else "")


def own_fields(call: Any) -> list[Any]:
    """Fields of the report form that are typed here; the others the case or the register already says."""
    return [one for one in call.report_form if one.name not in DERIVED]


def read(call: Any, before: Content, form: Mapping[str, str]) -> Draft:
    """The form's fields as content; a field that the form does not bring stays as it was.

    One line is kept with single spaces; of a text, line ends become line feeds, and blank ends are taken off. Nothing
    else is changed: what no Word or Excel file can hold is a problem of its field.
    """
    problems: dict[str, str] = {}
    typed: dict[str, str] = {}

    def unholdable(name: str, value: str) -> bool:
        """Whether no file can hold a value; then it is told with its place, and shown again as it was typed."""
        found = characters.strange(value)
        if found is not None:
            problems[name] = say(found.said)
        return found is not None

    def line(name: str) -> str:
        given: str = form.get(name, getattr(before, name))
        if unholdable(name, given):
            return given
        value = " ".join(given.split())
        if len(value) > LONGEST[name]:
            problems[name] = t(
                "太长了：最多 {limit} 个字符，现在是 {length} 个。",
                "Too long: at most {limit} characters; there are {length}.",
                limit=LONGEST[name],
                length=len(value),
            )
        return value

    def one_month(name: str, *, last: bool) -> date | None:
        value = form.get(name, "").strip()
        if not value:
            return None
        found = _MONTH.fullmatch(value)
        if found is None or not (1 <= int(found[2]) <= 12 and 1900 <= int(found[1]) <= 2199):
            typed[name] = value[:40]
            problems[name] = t("请写年月，如 2020-06。", "Write year and month, such as 2020-06.")
            return None
        year, number = int(found[1]), int(found[2])
        return date(year, number, calendar.monthrange(year, number)[1] if last else 1)

    def text(name: str, otherwise: str) -> str:
        value = form.get(name, otherwise).replace("\r\n", "\n").replace("\r", "\n").strip(" \t\n\u3000")
        if not unholdable(name.replace(":", "-"), value) and len(value) > LONGEST_TEXT:
            problems[name.replace(":", "-")] = t("这一段太长，无法保存。", "This part is too long to be saved.")
        return value

    content = Content(
        phase=_known(form.get("phase", before.phase), (one.id for one in call.phases)),
        theme=_known(form.get("theme", before.theme), call.themes),
        theme_name=line("theme_name"),
        title=line("title"),
        sections={one.id: text(f"section:{one.id}", before.sections.get(one.id, "")) for one in call.sections},
        recipient=line("recipient"),
        service_from=one_month("service_from", last=False),
        service_to=one_month("service_to", last=True),
        form={one.name: text(f"form:{one.name}", before.form.get(one.name, "")) for one in own_fields(call)},
        attachments=before.attachments,
    )
    return Draft(content, problems, typed)


def _known(value: str, allowed: Any) -> str:
    return value if value in set(allowed) else ""
