"""Characters that no Word or Excel file can hold: refused where they are entered, with their place and what to do.

What XML 1.0 can hold (section 2.2) is all that such a file can: tab, line feed, and from space on all but lone surrogates,
U+FFFE and U+FFFF. Others are never typed; they come along when text is copied out of PDFs and old systems.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.words import Text
from workflow.engine import WrongInput

_OUTSIDE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BEFORE = 10
"""So many characters before it are told, so that its place is found without counting."""


@dataclass(frozen=True)
class Strange:
    """The first such character of a text. `position` counts characters from 1; `before`: what stands in front of it."""

    position: int
    code: str
    before: str
    count: int
    """How many there are in all."""

    @property
    def said(self) -> Text:
        """Which one, where, and what to do."""
        after = Text(f"，在“{self.before}”之后", f", after “{self.before}”") if self.before else Text("", "")
        more = Text(f"（共 {self.count} 个）", f" ({self.count} of them in all)") if self.count > 1 else Text("", "")
        return Text(
            f"第 {self.position} 个字符（{self.code}）是看不见的控制符，Word 和 Excel 文件里存不下{after.zh}{more.zh}。"
            "它通常是从 PDF 或别的系统复制时带来的：请把那里重新打一遍，再保存。",
            f"Character {self.position} ({self.code}) is an invisible control character that no Word or Excel file can"
            f" hold{after.en}{more.en}. It comes along when text is copied from a PDF or another system: type that place"
            " anew and save again.",
        )


def strange(text: str) -> Strange | None:
    """The first character of a text that no file can hold; None where all can be held."""
    found = _OUTSIDE.search(text)
    if found is None:
        return None
    before = " ".join(text[max(0, found.start() - _BEFORE) : found.start()].split())
    return Strange(found.start() + 1, f"U+{ord(found[0]):04X}", before, len(_OUTSIDE.findall(text)))


def without_strange(text: str) -> str:
    """A text without what no file can hold: what lies in the database from before it was refused."""
    return _OUTSIDE.sub("", text)


class Unholdable(WrongInput):
    """Words with a character that no Word or Excel file can hold; nothing is changed (422)."""


def check(text: str, field: Text | None = None) -> None:
    """Raise Unholdable, naming field, place and what to do, when a text has such a character."""
    found = strange(text)
    if found is not None:
        of = Text(f"“{field.zh}”：", f"“{field.en}”: ") if field else Text("", "")
        raise Unholdable(Text(of.zh + found.said.zh, of.en + found.said.en))


def without(text: str) -> str:
    """The text without them: for what was stored before they were refused."""
    return _OUTSIDE.sub("", text)
