"""How a published case is cited: as GB/T 7714-2015 has it, and for programs that keep references."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from rules.call import BEIJING
from rules.words import Text
from workflow.publishing.public import Shown


@dataclass(frozen=True)
class Cited:
    """What a citation is made of. `english`: cited by its English version. `read_on`: the day in Beijing of looking at it."""

    case: Shown
    address: str
    read_on: date
    english: bool = False

    @property
    def title(self) -> str:
        return self.case.english.title if self.english and self.case.english else self.case.title

    @property
    def publisher(self) -> str:
        return _in(self.case.call.issuer, self.english)

    @property
    def published_on(self) -> date:
        return _day(self.case.published_at or self.case.changed_at)


def _in(words: Text, english: bool) -> str:
    return words.en if english else words.zh


def _day(at: datetime) -> date:
    return at.astimezone(BEIJING).date()


def gb_t_7714(cited: Cited) -> str:
    """GB/T 7714-2015, 4.6.2, an electronic source: who, what, by whom, when it was published and read, where.

    The kind is EB/OL (annex B); days are YYYY-MM-DD (8.4.4.2); the place of publication is left out where an electronic
    source names none (8.4.1).
    """
    day = cited.published_on
    return (
        f"{cited.case.centre}. {cited.title}[EB/OL]. {cited.publisher}, {day.year}"
        f"({day.isoformat()})[{cited.read_on.isoformat()}]. {cited.address}."
    )


_LATEX = {
    "\\": r"\textbackslash{}",
    **{one: f"\\{one}" for one in "{}%&#$_"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def bibtex(cited: Cited) -> str:
    """A BibLaTeX entry of the kind @online."""
    values = {
        "title": f"{{{_latex(cited.title)}}}",
        "author": f"{{{_latex(cited.case.centre)}}}",
        "organization": _latex(cited.publisher),
        "date": cited.published_on.isoformat(),
        "year": str(cited.published_on.year),
        "url": cited.address,
        "urldate": cited.read_on.isoformat(),
        "note": _latex(cited.case.number),
        "langid": "english" if cited.english else "chinese",
    }
    key = re.sub(r"[^A-Za-z0-9-]", "", cited.case.number)
    return f"@online{{{key},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in values.items()) + "}\n"


def _latex(words: str) -> str:
    return "".join(_LATEX.get(one, one) for one in " ".join(words.split()))


def ris(cited: Cited) -> str:
    """An entry of the RIS format, as Zotero, EndNote and NoteExpress read it."""
    lines = {
        "TY": "ELEC",
        "AU": cited.case.centre,
        "TI": cited.title,
        "PB": cited.publisher,
        "PY": str(cited.published_on.year),
        "DA": cited.published_on.strftime("%Y/%m/%d"),
        "Y2": cited.read_on.strftime("%Y/%m/%d"),
        "M1": cited.case.number,
        "LA": "en" if cited.english else "zh",
        "UR": cited.address,
        "ER": "",
    }
    return "".join(f"{tag}  - {' '.join(value.split())}\r\n" for tag, value in lines.items())
