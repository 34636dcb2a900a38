"""A receipt as one page of A4 (PDF): what was done, number and hash, a QR code, and the proof once there is one."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from rules.words import Text
from workflow.engine import CannotServe

FACES = ("Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "SimSun", "WenQuanYi Micro Hei")  # fmt: skip
"""Faces with Chinese characters, the first that the machine has is taken."""


class NoFace(CannotServe):
    """The machine has no Chinese face to set a page in (409)."""


@dataclass(frozen=True)
class Page:
    """What stands on a receipt. `facts`: label and value of each line; `proved`: what has been proved, or that it is not yet."""

    title: str
    lead: str
    facts: Sequence[tuple[str, str]]
    number: tuple[str, str]
    hash: tuple[str, str]
    proved: str
    checkpoint: tuple[str, str]
    proof: tuple[str, Sequence[str]]
    address: str
    scan: str
    notes: Sequence[str]
    language: str = "zh"


_TEMPLATE = b"""
#let page-of = json(bytes(sys.inputs.page))
#let faces = json(bytes(sys.inputs.faces))
#let ink = rgb("#14263d")
#let quiet = rgb("#55606d")
#let cinnabar = rgb("#a8201a")
#set document(date: none, title: page-of.title)
#set page(paper: "a4", margin: (x: 22mm, top: 20mm, bottom: 16mm))
#set text(font: faces, size: 10pt, lang: page-of.language, fill: rgb("#1c2733"))
#set par(leading: 0.75em)
#let code(words, size: 9pt) = text(font: ("DejaVu Sans Mono", ..faces), size: size, words)
#let groups(hash) = range(0, hash.len(), step: 8).map(at => hash.slice(at, calc.min(at + 8, hash.len()))).join(" ")

#line(length: 100%, stroke: 2pt + cinnabar)
#v(2mm)
#grid(columns: (1fr, auto), align: (left + horizon, right + top),
  [#text(size: 22pt, weight: "bold", fill: ink, page-of.title)
   #v(1mm)
   #text(fill: quiet, page-of.lead)],
  [#image(bytes(sys.inputs.qr), format: "svg", width: 32mm)])
#v(3mm)
#let row(label, value) = (text(fill: quiet, label), value)
#table(columns: (34mm, 1fr), stroke: (x, y) => (bottom: 0.4pt + rgb("#d9d6cd")), inset: (x: 0mm, y: 2.1mm),
  ..page-of.facts.map(one => row(one.at(0), [#one.at(1)])).flatten(),
  ..row(page-of.number.at(0), text(weight: "bold", size: 12pt, page-of.number.at(1))),
  ..row(page-of.hash.at(0), code(groups(page-of.hash.at(1)), size: 8.4pt)))
#v(3mm)
#block(width: 100%, inset: 3.5mm, stroke: (left: 2pt + ink, rest: 0.4pt + rgb("#d9d6cd")), page-of.proved)
#if page-of.checkpoint.at(1) != "" [
  #v(2mm)
  #text(weight: "bold", fill: ink, page-of.checkpoint.at(0))
  #block(width: 100%, fill: rgb("#f5f4f0"), inset: 3mm, code(page-of.checkpoint.at(1), size: 7.5pt))
  #v(1mm)
  #text(weight: "bold", fill: ink, page-of.proof.at(0))
  #let two = page-of.proof.at(1).len() > 6
  #grid(columns: if two { (1fr, 1fr) } else { (1fr,) }, row-gutter: 1.6mm,
    ..page-of.proof.at(1).map(one => code(one, size: if two { 5.8pt } else { 7pt })))
]
#v(3mm)
#set text(size: 8.5pt)
#text(page-of.scan) \\
#code(page-of.address, size: 7pt)
#v(1mm)
#for one in page-of.notes [#text(fill: quiet, one) \\ ]
"""
# Everything that somebody wrote comes in as data, so nothing in it is read as markup.


def page(said: Page) -> bytes:
    """The page as PDF, the same bytes each time. Raises NoFace."""
    inputs = {
        "page": json.dumps(asdict(said), ensure_ascii=False),
        "faces": json.dumps([_face()]),
        "qr": qr_svg(said.address),
    }
    import typst  # loaded with the first receipt

    made: Any = typst.compile(_TEMPLATE, sys_inputs=inputs, font_paths=fonts())
    return bytes(made)


def qr_svg(words: str) -> str:
    """A QR code as a drawing."""
    import segno

    made = io.BytesIO()
    segno.make(words, error="m").save(made, kind="svg", scale=4, border=2, xmldecl=False, nl=False)
    return made.getvalue().decode()


def qr_png(words: str, scale: int = 4) -> bytes:
    """A QR code as a picture, the same bytes each time."""
    import segno

    made = io.BytesIO()
    segno.make(words, error="m").save(made, kind="png", scale=scale, border=2)
    return made.getvalue()


def qr_uri(words: str) -> str:
    """A QR code as a picture within a page."""
    return f"data:image/png;base64,{base64.b64encode(qr_png(words)).decode()}"


@cache
def fonts() -> Any:
    """The machine's faces, looked for once: it takes half a second."""
    import typst

    return typst.Fonts(include_system_fonts=True)


def _face() -> str:
    here = set(fonts().families())
    for one in FACES:
        if one in here:
            return one
    raise NoFace(
        Text(
            "服务器上没有中文字体，做不了 PDF。请直接打印回执页面，或请管理员安装 Noto CJK 字体。",
            "The server has no Chinese font to make a PDF with. Print the receipt's page instead, or ask the "
            "administrator to install the Noto CJK fonts.",
        )
    )
