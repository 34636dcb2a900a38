"""A list in public as a paper, in Word and as PDF: what is to be published, until when it stands, how to object and to whom.

Anybody may ask for one, so the newest are kept: the same list is the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from rules.words import Text
from workflow.documents import plain

_KEPT = 16


@dataclass(frozen=True)
class NoticePaper:
    """What stands in it, from top to bottom. `rows`: cells of each line of the list; `how`: how to object, nothing where
    nobody can."""

    title: Text
    number: str
    lead: tuple[Text, ...]
    heads: tuple[Text, ...]
    rows: tuple[tuple[str, ...], ...]
    how_title: Text
    how: tuple[Text, ...]
    issuer: Text
    day: Text


_WIDTHS = (13, 51, 39, 35, 32)
"""Of the columns, in millimetres."""


@lru_cache(maxsize=_KEPT)
def word(paper: NoticePaper) -> bytes:
    """The paper as .docx."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN  # loaded where it is needed, as in `documents.writing`
    from docx.oxml.ns import qn
    from docx.shared import Pt

    made = plain.blank(paper.title.zh)

    def line(words: str, size: float = 12, *, bold: bool = False, align: Any = None, face: str = "") -> None:
        paragraph = made.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(4)
        paragraph.alignment = align
        run = paragraph.add_run(words)
        run.font.size, run.bold = Pt(size), bold
        if face:
            run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face)

    line(paper.title.zh, 18, bold=True, align=ALIGN.CENTER, face="黑体")
    line(paper.title.en, 12, align=ALIGN.CENTER)
    line(paper.number, 11, align=ALIGN.CENTER)
    for one in paper.lead:
        line(one.zh)
        line(one.en, 10)
    plain.table(made, [f"{one.zh}\n{one.en}" for one in paper.heads], paper.rows, _WIDTHS)
    if paper.how:
        line("", 6)
        line(f"{paper.how_title.zh} {paper.how_title.en}", 13, bold=True, face="黑体")
        for one in paper.how:
            line(one.zh)
            line(one.en, 10)
    for end in (paper.issuer, paper.day):
        line(f"{end.zh}　{end.en}", align=ALIGN.RIGHT)
    return plain.saved(made)


_PRESS = b"""
#let said = json(bytes(sys.inputs.said))
#let quiet = rgb("#55606d")
#let faces = ("Noto Serif SC",)
#let pair(one) = { block(spacing: 0.9em, one.at(0)); block(spacing: 0.6em, text(size: 8.5pt, fill: quiet, lang: "en", one.at(1))) }
#set document(date: none, title: said.title.at(0))
#set page(paper: "a4", margin: (x: 20mm, top: 22mm, bottom: 20mm),
  footer: align(center, text(size: 8pt, fill: quiet, [#said.number #h(1em) #context counter(page).display("1 / 1", both: true)])))
#set text(font: faces, size: 11pt, lang: "zh", region: "cn")
#set par(leading: 0.8em)
#align(center)[#heading(level: 1, outlined: false, text(font: "Noto Sans SC", size: 17pt, said.title.at(0))) #v(1mm) #text(size: 10pt, lang: "en", said.title.at(1)) \\ #text(size: 10pt, fill: quiet, said.number)]
#v(2mm)
#for one in said.lead { pair(one) }
#v(2mm)
#set par(justify: false)
#table(columns: said.widths.map(one => one * 1fr), stroke: 0.5pt, inset: 1.8mm, align: left + horizon,
  table.header(..said.heads.map(one => table.cell(fill: rgb("#f2f2f2"), text(size: 9pt)[#one.at(0) \\ #text(size: 7.5pt, lang: "en", one.at(1))]))),
  ..said.rows.flatten().map(one => text(size: 9pt, one)))
#if said.how.len() > 0 {
  v(3mm)
  text(font: "Noto Sans SC", size: 12pt, weight: "bold", [#said.how_title.at(0) #h(0.5em) #text(size: 9pt, said.how_title.at(1))])
  for one in said.how { pair(one) }
}
#v(6mm)
#align(right, block(breakable: false, [#said.issuer.at(0) \\ #text(size: 8.5pt, fill: quiet, said.issuer.at(1)) \\ #said.day.at(0) #h(0.5em) #text(size: 8.5pt, fill: quiet, said.day.at(1))]))
"""
# Everything that somebody wrote comes in as data, so nothing in it is read as markup.


@lru_cache(maxsize=_KEPT)
def pdf(paper: NoticePaper) -> bytes:
    """The paper as PDF, A4."""
    import typst

    from workflow.documents.prints import faces

    said = json.dumps({**asdict(paper), "widths": _WIDTHS}, ensure_ascii=False)
    made: Any = typst.compile(_PRESS, sys_inputs={"said": said}, font_paths=faces())
    return bytes(made)


def cells(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Rows as the paper holds them."""
    return tuple(tuple(row) for row in rows)
