"""What counts as personal, and how it looks where it is not shown in full."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

CONTACTS = ("contact", "phone", "email")
"""Fields of a report form that are about a person; one may be put before another word, as in `second_phone`."""
ERASED = "已删除"
"""What stands where something personal was erased."""


def is_contact(name: str) -> bool:
    """Whether a field of a form holds a person's name, telephone or e-mail address, by its name."""
    return name.rpartition("_")[2] in CONTACTS


def masked_field(name: str, value: str) -> str:
    """A value of a form as it looks to those who do not handle the case; what is no contact stays as it is."""
    if not value or value == ERASED or not is_contact(name):
        return value
    kind = name.rpartition("_")[2]
    if kind == "email":
        return masked_email(value)
    return masked_phone(value) if kind == "phone" else masked_name(value)


def masked_form(values: Mapping[str, str]) -> dict[str, str]:
    """A whole form with its contacts masked."""
    return {name: masked_field(name, value) for name, value in values.items()}


def masked_phone(value: str) -> str:
    """138****0000: the first three and the last four digits; of a short one only the last two."""
    digits = "".join(sign for sign in value if sign.isdigit())
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 10 else f"****{digits[-2:]}"


def masked_email(value: str) -> str:
    """z***@example.cn."""
    name, _, domain = value.partition("@")
    return f"{name[:1]}***@{domain}" if domain else f"{value[:1]}***"


def masked_name(value: str) -> str:
    """张*: the first sign, and that there is more."""
    return value[:1] + "*" * max(1, min(len(value) - 1, 3))


# ---- in running text -------------------------------------------------------------------------------------------------

_ALONE, _ENDS = r"(?<![0-9A-Za-z０-９])", r"(?![0-9A-Za-z０-９])"
_EMAIL = re.compile(r"(?<![A-Za-z0-9_.+@-])[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_IDENTITY = re.compile(rf"{_ALONE}[1-9１-９]\d{{5}}(?:[12１２]\d{{10}}[0-9０-９Xx]|\d{{9}}){_ENDS}")
_MOBILE = re.compile(rf"{_ALONE}(?:\+?86[- ]?)?[1１][3-9３-９]\d[- ]?\d{{4}}[- ]?\d{{4}}{_ENDS}")
_LANDLINE = re.compile(rf"(?<![0-9A-Za-z０-９.:+-])[0０]\d{{2,3}}[- ]?\d{{7,8}}{_ENDS}")
_LONG = re.compile(r"\d{4}[- ]?\d{4}|\d{7}")
"""Every number that is masked has a stretch like this; most text has not, no date and no moment either."""


def _may_hide(text: str) -> bool:
    """Whether a text is worth a closer look."""
    return "@" in text or _LONG.search(text) is not None


def masked_text(text: str) -> str:
    """Running text with telephone and identity numbers and e-mail addresses masked; the rest as it was."""
    if not _may_hide(text):
        return text
    text = _EMAIL.sub(lambda found: masked_email(found[0]), text)
    text = _IDENTITY.sub(lambda found: f"{found[0][:3]}***{found[0][-2:]}", text)
    text = _MOBILE.sub(lambda found: masked_phone(_national(found[0])), text)
    return _LANDLINE.sub(lambda found: f"{found[0][:3]}****{found[0][-2:]}", text)


def _national(number: str) -> str:
    return number.removeprefix("+").removeprefix("86") if len(number) > 11 else number


_AS_THEY_ARE = frozenset({"destination", "sha256", "content"})
"""Machine addresses and digests, which name no person."""


def apart(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Plain values with what is personal masked, and what was masked in full, by its place ("findings.0.zh")."""
    hidden: dict[str, str] = {}
    made = {name: _apart(value, name, hidden) if _worth_it(name, value) else value for name, value in data.items()}
    return made, hidden


_HIDES_NOTHING = frozenset({int, float, bool, type(None)})


def _worth_it(name: str, value: Any) -> bool:
    """Whether there may be something to mask anywhere in a value; nearly always there is nothing."""
    if isinstance(value, str):
        return name not in _AS_THEY_ARE and _may_hide(value)
    if type(value) in _HIDES_NOTHING:
        return False
    if isinstance(value, dict | Mapping):
        for key, item in value.items():
            if _worth_it(key, item):
                return True
    elif isinstance(value, list | tuple):
        for item in value:
            if _worth_it("", item):
                return True
    return False


def _apart(value: Any, place: str, hidden: dict[str, str]) -> Any:
    if isinstance(value, str):
        if place.rpartition(".")[2] in _AS_THEY_ARE:
            return value
        shown = masked_text(value)
        if shown != value:
            hidden[place] = value
        return shown
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, dict | Mapping):
        return {name: _apart(item, f"{place}.{name}", hidden) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_apart(item, f"{place}.{index}", hidden) for index, item in enumerate(value)]
    return value


def together(data: Mapping[str, Any], hidden: Mapping[str, str]) -> dict[str, Any]:
    """`apart` undone: the values as they were, where what was masked is still kept."""
    return {name: _together(value, name, hidden) for name, value in data.items()}


def _together(value: Any, place: str, hidden: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _together(item, f"{place}.{name}", hidden) for name, item in value.items()}
    if isinstance(value, list):
        return [_together(item, f"{place}.{index}", hidden) for index, item in enumerate(value)]
    return hidden.get(place, value) if isinstance(value, str) else value
