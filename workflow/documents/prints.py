"""Report form, summary table and case document as PDF (A4), with their marks; the first two to be sealed electronically.

The mark stands as a QR code beside the seal, and in words on each page: only the first pages of a file are looked through.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from rules.call import Call, FieldType
from rules.words import Text
from workflow.documents import template
from workflow.documents.compiling.book import Chapter
from workflow.documents.compiling.typesetting import FACES, PARTS
from workflow.documents.marks import Mark
from workflow.documents.receipt import qr_svg

_POINT = 72 / 25.4
"""Points in a millimetre."""


@dataclass(frozen=True)
class Place:
    """Where a seal goes on the last page, in points from its lower left corner."""

    left: int
    bottom: int
    right: int
    top: int


def _square(left: float, bottom: float, side: float = 42) -> Place:
    """So many millimetres from the lower left corner; a public institution's seal has 42."""
    return Place(*(round(one * _POINT) for one in (left, bottom, left + side, bottom + side)))


PLACES: Mapping[str, Place] = {"form": _square(131, 29), "summary": _square(218, 29)}
"""By the kind of the print's mark."""

_TEMPLATE = b"""
#let said = json(bytes(sys.inputs.said))
#let faces = json(bytes(sys.inputs.faces))
#let line-colour = rgb("#1c2733")
#set document(date: none, title: said.title)
#set page(paper: "a4", flipped: said.across, margin: (x: 18mm, top: 16mm, bottom: 18mm),
  footer: align(center, text(size: 8pt, [#said.foot #h(1em) #context counter(page).display("1 / 1", both: true) \\
    #text(size: 5pt, font: ("DejaVu Sans Mono", ..faces), fill: rgb("#55606d"), said.mark)])),
  background: if said.draft != "" { rotate(-24deg, text(size: 110pt, fill: rgb("#e4e4e4"), said.draft)) })
#set text(font: faces, size: 10.5pt, lang: "zh", fill: rgb("#1c2733"))
#set par(leading: 0.7em)
#align(center)[#text(size: 12pt, said.over) \\ #v(1mm) #text(size: 20pt, weight: "bold", said.title)]
#v(1mm)
#if said.heads.len() > 0 { grid(columns: (1fr, auto), ..said.heads.map(one => [#one])) }
#if said.columns.len() > 0 {
  table(columns: said.widths.map(one => one * 1fr), stroke: 0.5pt + line-colour, inset: 2mm, align: center + horizon,
    table.header(..said.columns.map(one => table.cell(fill: rgb("#f2f2f2"), text(size: 9.5pt, one)))),
    ..said.rows.flatten().map(one => text(size: 9pt, one)))
} else {
  table(columns: (34mm, 1fr), stroke: 0.5pt + line-colour, inset: 2.2mm, align: (x, y) => if x == 0 { center + horizon } else { left + horizon },
    ..said.rows.map(one => (table.cell(fill: rgb("#f2f2f2"), one.at(0)), one.at(1))).flatten())
}
#place(bottom, float: true, clearance: 5mm, block(width: 100%, height: 68mm, stroke: 0.5pt + line-colour, inset: 3mm)[
  #place(top + left, said.statement)
  #place(bottom + left, stack(spacing: 2mm, image(bytes(sys.inputs.code), format: "svg", width: 38mm),
    ..said.fine.map(one => text(size: 5.4pt, font: ("DejaVu Sans Mono", ..faces), fill: rgb("#55606d"), one))))
  #place(bottom + right, dy: -8mm, block(width: 74mm, align(center)[#said.unit \\ #said.day]))
])
"""
# Everything that somebody wrote comes in as data, so nothing in it is read as markup.


def form(call: Call, values: Mapping[str, str], *, mark: Mark, note: str, draft: bool) -> bytes:
    """The report form of a case as PDF, with room for the host unit's seal. `note`: what the print says of itself."""
    rows = [(one.label.zh, template.tidy(values.get(one.name, ""))) for one in call.report_form]
    label = template.label_of(call, "host_unit", Text("所在单位", "Host unit")).zh
    day = next((values.get(one.name, "") for one in reversed(call.report_form) if one.type is FieldType.DATE), "")
    return _made(
        mark,
        {
            "title": "案例报送表",
            "over": call.title.zh,
            "heads": [],
            "rows": rows,
            "statement": f"{label}意见：以上情况属实，同意报送。",
            "unit": f"{values.get('host_unit', '')}（盖章）",
            "day": day,
            "fine": note.splitlines(),
            "foot": call.document_number,
            "draft": "草稿" if draft else "",
        },
    )


def summary(
    call: Call, phase: str, office: str, rows: Sequence[Mapping[str, str]], *, dated: date, mark: Mark, record: str
) -> bytes:
    """An office's summary table as PDF, A4 across, with room for its seal."""
    fields = call.summary_table
    cells = [[template.tidy(one.get(field.name, "")) for field in fields] for one in rows]
    widths = [
        min(12, max([4, len(field.label.zh), *(len(line[column]) / 2 for line in cells)]))
        for column, field in enumerate(fields)
    ]
    return _made(
        mark,
        {
            "title": "案例汇总表",
            "over": call.title.zh,
            "heads": [f"填报单位：{template.one_line(office)}", f"{phase}　共 {len(rows)} 件　编号：{mark.number}"],
            "columns": [field.label.zh for field in fields],
            "widths": widths,
            "rows": cells,
            "statement": "",
            "unit": f"{template.one_line(office)}（公章）",
            "day": f"{dated.year}年{dated.month}月{dated.day}日",
            "fine": [f"校验值 {mark.digest}", *record.splitlines()],
            "foot": call.document_number,
            "across": True,
        },
    )


_CASE = """
#let said = json(bytes(sys.inputs.said))
#set document(date: none, title: said.chapter.title)
#set page(paper: "a4", margin: (x: 28mm, top: 26mm, bottom: 26mm),
  footer: align(center, text(font: sans, size: 8pt, fill: quiet, [#said.foot #h(1em) #context counter(page).display("1 / 1", both: true) \\
    #text(size: 5pt, font: ("DejaVu Sans Mono", ..sans), said.mark)])),
  background: if said.draft { rotate(-24deg, text(font: sans, size: 110pt, fill: rgb("#e4e4e4"), "草稿")) })
#set text(font: serif, size: 11pt, lang: "zh", region: "cn", fill: rgb("#1c2733"))
#set par(justify: true, leading: 0.95em, spacing: 0.95em)
#grid(columns: (1fr, 30mm), column-gutter: 8mm, {
    set par(justify: false)
    text(font: sans, size: 9pt, fill: quiet, said.over)
    v(1mm)
    heading(level: 1, outlined: false, text(size: 19pt, said.chapter.title))
    v(1mm)
    text(font: sans, size: 10pt, fill: quiet, (said.chapter.centre, said.chapter.theme_line).filter(one => one != "").join([　·　]))
  }, align(right, {
    image(bytes(sys.inputs.code), format: "svg", width: 28mm, alt: said.mark)
  }))
#block({ set par(justify: false); text(font: sans, size: 8.5pt, fill: quiet, said.known.join([ \\ ])) })
#line(length: 100%, stroke: 0.5pt + hairline)
#v(2mm)
#for piece in said.chapter.parts { part(piece) }
#if said.said.len() > 0 {
  v(4mm)
  block(width: 100%, inset: 3mm, stroke: 0.5pt + hairline, text(font: sans, size: 8.5pt, fill: quiet, said.said.join([ \\ ])))
}
""".encode()


def case(
    call: Call, chapter: Chapter, folder: Path, *, mark: Mark, record: str, said: Sequence[str], draft: bool
) -> bytes:
    """A case document as PDF, A4. `folder`: where the chapter's pictures lie; `said`: what is to be known about it.

    Number, version and digest stand under the title and, with the whole mark, at the foot of each page.
    """
    known = [f"编号 {mark.number}　第 {mark.revision} 稿", f"校验值 {mark.digest}"]
    told = {
        "over": call.title.zh,
        "chapter": asdict(chapter) | {"title": chapter.title or "（未命名案例）"},
        "known": [*known, *([record] if record else [])],
        "foot": f"{mark.number} · 第 {mark.revision} 稿 · {mark.digest[:12]}",
        "mark": mark.text,
        "said": list(said),
        "draft": draft,
    }
    import typst

    inputs = {"said": json.dumps(told, ensure_ascii=False), "code": qr_svg(mark.text)}
    source = PARTS.read_bytes() + _CASE
    made: Any = typst.compile(source, root=folder, sys_inputs=inputs, font_paths=faces())
    return bytes(made)


def _made(mark: Mark, said: Mapping[str, Any]) -> bytes:
    import typst  # loaded with the first print

    usual = {"columns": [], "widths": [], "across": False, "draft": "", "mark": mark.text}
    inputs = {
        "said": json.dumps({**usual, **said}, ensure_ascii=False),
        "faces": json.dumps(["Noto Sans SC"]),
        "code": qr_svg(mark.text),
    }
    made: Any = typst.compile(_TEMPLATE, sys_inputs=inputs, font_paths=faces())
    return bytes(made)


@cache
def faces() -> Any:
    """The house's own faces, and the machine's for characters that these lack; looked for once."""
    import typst

    return typst.Fonts(include_system_fonts=True, font_paths=[FACES])
