"""What a report form says otherwise than the case, its document or the register, cell by cell."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from rules.call import Call
from rules.names import same_name
from rules.scope import CENTRE_KINDS
from rules.words import Text
from workflow.content import DERIVED, Content
from workflow.documents.forms import CaseFields, FormRead, closest, form_to_case

_CASE, _DOCUMENT, _REGISTER = Text("案例", "case"), Text("案例正文", "case document"), Text("登记", "register")


@dataclass(frozen=True)
class Mismatch:
    """One cell. `source`: what says otherwise; `taken`: whether the form's words count once it is taken over."""

    cell: str
    label: Text
    form: str
    other: str
    source: Text
    taken: bool

    @property
    def text(self) -> Text:
        """The whole as a sentence."""
        then = (
            Text("采用后以报送表为准。", "Once taken over, the form's counts.")
            if self.taken
            else Text("请核对。", "Please check.")
        )
        where = Text(f"（{self.cell}）", f" ({self.cell})") if self.cell else Text("", "")
        return Text(
            f"{self.label.zh}{where.zh}：报送表写“{self.form}”，{self.source.zh}是“{self.other}”。{then.zh}",
            f"{self.label.en}{where.en}: the form says “{self.form}”, the {self.source.en} “{self.other}”. {then.en}",
        )


def mismatches(
    call: Call, before: Content, title: str, form: FormRead, centre: Mapping[str, str]
) -> tuple[Mismatch, ...]:
    """In the order of the form. `before`: what the case says; `title`: of the document that came with the form, if any;
    `centre`: name, host_unit, region and kind as registered. What either leaves empty is no mismatch."""
    fields = form_to_case(call, form.values)
    found = []
    for one in call.report_form:
        said = form.values.get(one.name, "")
        other, source, taken = _other(call, before, title, one.name, centre)
        if said and other and not _same(call, before, fields, one.name, said, other):
            found.append(Mismatch(form.cells.get(one.name, ""), one.label, said, other, source, taken))
    return tuple(found)


def _other(call: Call, before: Content, title: str, name: str, centre: Mapping[str, str]) -> tuple[str, Text, bool]:
    """What stands against a field, where it stands, and whether the form is taken over all the same."""
    phase, theme = call.phase(before.phase), call.themes.get(before.theme)
    if name == "title" and title:
        return title, _DOCUMENT, False
    if name in ("centre", "host_unit", "region", "centre_kind"):
        kind = CENTRE_KINDS.get(centre.get("kind", ""))
        said = {"centre": centre.get("name", ""), "centre_kind": kind.zh if kind else ""}.get(
            name, centre.get(name, "")
        )
        return said, _REGISTER, False
    known = {
        "title": before.title,
        "phase": phase.label.zh if phase else "",
        "theme": (before.theme_name or theme.label.zh) if theme else "",
        "recipient": before.recipient,
        "service_from": f"{before.service_from:%Y-%m}" if before.service_from else "",
        "service_to": f"{before.service_to:%Y-%m}" if before.service_to else "",
    }
    return known.get(name, before.form.get(name, "") if name not in DERIVED else ""), _CASE, True


def _same(call: Call, before: Content, fields: CaseFields, name: str, said: str, other: str) -> bool:
    """Whether two writings mean the same: short forms of choices, and dates however they are written."""
    if name == "phase":
        return fields.phase in (None, before.phase)
    if name == "theme":
        return fields.theme is None or (fields.theme, fields.other_theme) == (before.theme, before.theme_name)
    if name in ("service_from", "service_to"):
        day, known = getattr(fields, name), getattr(before, name)
        return day is None or (day.year, day.month) == (known.year, known.month)
    if name == "centre_kind":
        return closest(said, {kind: label for kind, label in CENTRE_KINDS.items() if kind in call.centre_kinds}) in (
            None,
            *(kind for kind, label in CENTRE_KINDS.items() if label.zh == other),
        )
    if name == "region":
        return said in other or other in said
    if name in ("title", "centre", "host_unit", "recipient"):
        return same_name(said, other)
    return _plain(said) == _plain(other)


def _plain(words: str) -> str:
    return "".join(unicodedata.normalize("NFKC", words).split())
