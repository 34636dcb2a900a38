"""Words in both languages, and things that carry a label."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Self


class Text(NamedTuple):
    """One sentence or label, in Chinese and in English."""

    zh: str
    en: str

    def fill(self, **values: object) -> Text:
        """Both languages with `{names}` replaced; a value that is itself a Text gives each language its own."""
        zh = {name: value.zh if isinstance(value, Text) else value for name, value in values.items()}
        en = {name: value.en if isinstance(value, Text) else value for name, value in values.items()}
        return Text(self.zh.format(**zh), self.en.format(**en))

    def inside(self, language: str) -> str:
        """The words in one language; anything but "en" reads Chinese."""
        return self.en if language == "en" else self.zh


class Labelled(StrEnum):
    """An enumeration whose members are written `NAME = value, 中文, English`."""

    label: Text

    def __new__(cls, value: str, zh: str, en: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = Text(zh, en)
        return member

    @classmethod
    def of(cls, value: str) -> Self:
        """The member of that value. Raises ValueError when there is none."""
        for member in cls:
            if member.value == value:
                return member
        raise ValueError(f"{value!r} is no {cls.__name__}")
