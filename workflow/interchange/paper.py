"""A case in one language, to be read abroad: as HTML, Word and PDF of the same words."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape


@dataclass(frozen=True)
class Figure:
    """A picture under its name in the package; `caption` may be empty."""

    name: str
    media_type: str
    data: bytes
    caption: str


@dataclass(frozen=True)
class Paper:
    """`facts`: short lines under the title; `parts`: heading and text, one paragraph a line."""

    language: str
    title: str
    facts: Sequence[str]
    summary: str
    parts: Sequence[tuple[str, str]]
    figures: Sequence[Figure]

    @property
    def written(self) -> list[tuple[str, list[str]]]:
        """The parts that say something, as paragraphs; the summary first."""
        summary = [("Summary" if self.language == "en" else "摘要", self.summary)]
        lines = [(heading, [one.strip() for one in text.splitlines() if one.strip()]) for heading, text in summary]
        lines += [(heading, [one.strip() for one in text.splitlines() if one.strip()]) for heading, text in self.parts]
        return [(heading, some) for heading, some in lines if some]


_STYLE = (
    "body{font-family:'Noto Serif','Noto Serif SC',serif;line-height:1.6;margin:2rem auto;max-width:44rem;padding:0 1rem}"
    "figure{margin:1.5rem 0}img{height:auto;max-width:100%}figcaption,.facts{color:#55606d;font-size:.9rem}"
)


def html(paper: Paper) -> str:
    """A page that needs nothing but the pictures beside it."""
    parts = Markup("").join(
        (Markup("<h2>{}</h2>\n").format(heading) if heading else Markup(""))
        + Markup("").join(Markup("<p>{}</p>\n").format(line) for line in lines)
        for heading, lines in paper.written
    )
    figures = Markup("").join(
        Markup('<figure><img src="{}" alt="{}">{}</figure>\n').format(
            one.name, one.caption, Markup("<figcaption>{}</figcaption>").format(one.caption) if one.caption else ""
        )
        for one in paper.figures
    )
    facts = " · ".join(one for one in paper.facts if one)
    return (
        f'<!doctype html>\n<html lang="{paper.language}">\n<head><meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(paper.title)}</title>\n'
        f"<style>{_STYLE}</style></head>\n<body>\n<h1>{escape(paper.title)}</h1>\n"
        f'<p class="facts">{escape(facts)}</p>\n{parts}{figures}</body>\n</html>\n'
    )


def word(paper: Paper) -> bytes:
    from docx import Document  # loaded where it is needed, as in `documents.writing`
    from docx.shared import Mm

    document = Document()
    document.core_properties.title, document.core_properties.language = paper.title[:255], paper.language
    document.core_properties.author = ""
    for page in document.sections:
        page.page_width, page.page_height = Mm(210), Mm(297)
    document.add_heading(paper.title, level=0)
    for fact in paper.facts:
        if fact:
            document.add_paragraph(fact)
    for heading, lines in paper.written:
        if heading:
            document.add_heading(heading, level=1)
        for line in lines:
            document.add_paragraph(line)
    for one in paper.figures:
        if (width := _width(one)) is not None:
            document.add_picture(io.BytesIO(one.data), width=Mm(min(150, width)))
        if one.caption:
            document.add_paragraph(one.caption, style="Caption")
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def _width(figure: Figure) -> float | None:
    """Of a picture, in millimetres at 96 dots an inch; None where it is none that can be shown."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(figure.data)) as opened:
            opened.verify()
            return opened.width / 96 * 25.4 if opened.format in ("JPEG", "PNG") else None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


_PRESS = b"""
#let said = json(bytes(sys.inputs.said))
#set document(date: none, title: said.title)
#set page(paper: "a4", margin: 24mm, footer: align(center, text(size: 8pt, fill: rgb("#55606d"), [#said.facts.at(0) #h(1em) #context counter(page).display("1 / 1", both: true)])))
#set text(font: "Noto Serif SC", size: 10.5pt, lang: said.language)
#set par(leading: 0.75em, justify: true)
#text(font: "Noto Sans SC", size: 17pt, weight: "bold", said.title)
#block(text(size: 9pt, fill: rgb("#55606d"), said.facts.join([ #sym.dot.c ])))
#for (heading, lines) in said.parts {
  if heading != "" { block(above: 1.4em, below: 0.8em, sticky: true, text(font: "Noto Sans SC", size: 12pt, weight: "bold", heading)) }
  for line in lines { par(line) }
}
#for one in said.figures { figure(image(one.file, width: one.width * 1mm, alt: one.caption), numbering: none, caption: if one.caption != "" { one.caption }) }
"""
# Everything that somebody wrote comes in as data, so nothing in it is read as markup.


def pdf(paper: Paper) -> bytes:
    """A4, with the house's own faces in it, the same bytes for the same paper."""
    import typst

    from workflow.documents.compiling.typesetting import FACES

    with tempfile.TemporaryDirectory(prefix="zhengji-paper-") as folder:
        figures = []
        for place, one in enumerate(paper.figures):
            if (width := _width(one)) is not None:
                name = f"{place}.{'png' if one.media_type == 'image/png' else 'jpg'}"
                (Path(folder) / name).write_bytes(one.data)
                figures.append({"file": name, "width": min(150, width), "caption": one.caption})
        said = {
            "title": paper.title,
            "facts": [one for one in paper.facts if one] or [""],
            "language": paper.language[:2],
            "parts": paper.written,
            "figures": figures,
        }
        fonts: Any = typst.Fonts(include_system_fonts=True, font_paths=[FACES])
        made: Any = typst.compile(
            _PRESS,
            root=folder,
            sys_inputs={"said": json.dumps(said, ensure_ascii=False)},
            font_paths=fonts,
            timestamp=0,
        )
    return bytes(made)
