"""The content of a case: what is written, sealed and translated, with its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from rules.call import Call, Counted
from rules.facts import Attachment
from rules.length import measured, shortest
from rules.scope import CENTRE_KINDS
from workflow.audit.canonical import canonical
from workflow.personal import ERASED, is_contact

DERIVED = (
    "title",
    "phase",
    "theme",
    "centre",
    "centre_kind",
    "host_unit",
    "region",
    "recipient",
    "service_from",
    "service_to",
)
"""Fields of a report form that are not typed twice: the case or the register of centres already says them."""


@dataclass(frozen=True)
class Content:
    """What an author writes. `sections`: section id → text; `form`: the report form's own fields → value.

    `salt`: kept with a stored case; with it the contacts of the form stand in the digest only by a salted hash, so
    that they can be erased and the digest of what remains can still be computed (docs/personal-data.md).
    """

    phase: str = ""
    theme: str = ""
    theme_name: str = ""
    title: str = ""
    sections: Mapping[str, str] = field(default_factory=dict)
    recipient: str = ""
    service_from: date | None = None
    service_to: date | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    salt: str = field(default="", compare=False)

    @property
    def body(self) -> str:
        return "\n".join(text for text in self.sections.values() if text)

    @property
    def length(self) -> int:
        """字 of the body."""
        return self.length_as(Counted.WORDS)

    def length_as(self, counted: Counted) -> int:
        """The length of the body, as a call counts it."""
        return measured(self.body, counted)

    def least_length_as(self, counted: Counted) -> int:
        """The lowest that a common program would give."""
        return shortest(self.body, counted)

    @property
    def contacts(self) -> dict[str, str]:
        """What the form says about a person."""
        return {name: value for name, value in self.form.items() if value not in ("", ERASED) and is_contact(name)}

    def snapshot(self) -> dict[str, Any]:
        """Plain values, for the revision that is kept and for the digest; contacts by their salted hash."""
        form = {name: value for name, value in self.form.items() if value}
        kept: dict[str, Any] = {
            "phase": self.phase,
            "theme": self.theme,
            "theme_name": self.theme_name,
            "title": self.title,
            "sections": {name: text for name, text in self.sections.items() if text},
            "recipient": self.recipient,
            "service_from": self.service_from.isoformat() if self.service_from else "",
            "service_to": self.service_to.isoformat() if self.service_to else "",
            "form": form,
        }
        if self.attachments:  # what was kept before there were any has the digest that it had
            kept["attachments"] = [vars(one) for one in self.attachments]
        if not self.salt:
            return kept
        hashed = hashlib.sha256((self.salt + canonical(self.contacts)).encode()).hexdigest()
        return {
            **kept,
            "form": {name: value for name, value in form.items() if not is_contact(name)},
            "contacts": hashed,
        }

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical form; seals, sign-offs and translations are bound to it."""
        return digest_of(self.snapshot())

    @property
    def sm3(self) -> str:
        """SM3 (GB/T 32905) over the same canonical form."""
        return hashlib.new("sm3", canonical(self.snapshot()).encode()).hexdigest()

    def changed(self, **fields: Any) -> Content:
        return replace(self, **fields)


def digest_of(snapshot: Mapping[str, Any]) -> str:
    """The digest of a kept revision, whether or not its contacts are still there."""
    return hashlib.sha256(canonical(snapshot).encode()).hexdigest()


def from_snapshot(kept: Mapping[str, Any], contacts: Mapping[str, str] | None = None) -> Content:
    """The content of a kept revision, with its contacts where these are still there."""

    def day(name: str) -> date | None:
        return date.fromisoformat(kept[name]) if kept.get(name) else None

    return Content(
        phase=kept["phase"],
        theme=kept["theme"],
        theme_name=kept["theme_name"],
        title=kept["title"],
        sections=dict(kept["sections"]),
        recipient=kept["recipient"],
        service_from=day("service_from"),
        service_to=day("service_to"),
        form={**kept["form"], **(contacts or {})},
        attachments=attachments_of(kept.get("attachments", ())),
    )


def attachments_of(kept: Iterable[Mapping[str, Any]]) -> tuple[Attachment, ...]:
    """Attachments as they are kept: plain values, read back."""
    return tuple(Attachment(**one) for one in kept)


def form_values(call: Call, content: Content, *, centre: str, kind: str, host_unit: str, region: str) -> dict[str, str]:
    """The whole report form: what the author typed, and what case and register already say."""
    phase, theme = call.phase(content.phase), call.themes.get(content.theme)
    known = {
        "title": content.title,
        "phase": phase.label.zh if phase else "",
        "theme": (content.theme_name or theme.label.zh) if theme else "",
        "centre": centre,
        "centre_kind": CENTRE_KINDS[kind].zh,
        "host_unit": host_unit,
        "region": region,
        "recipient": content.recipient,
        "service_from": f"{content.service_from:%Y-%m}" if content.service_from else "",
        "service_to": f"{content.service_to:%Y-%m}" if content.service_to else "",
    }
    return {one.name: known.get(one.name) or content.form.get(one.name, "") for one in call.report_form}
