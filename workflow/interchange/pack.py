"""The pack of one appearance: poster text, summary, slides, and the pictures that somebody allowed to be published."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workflow.documents.names import clean_name
from workflow.documents.packing import packed, settled


@dataclass(frozen=True)
class Picture:
    name: str
    caption: str
    rights: str
    data: bytes


@dataclass(frozen=True)
class Told:
    """What a pack is made of. `parts`: heading and text; `left_out`: names of pictures without rights."""

    title: str
    centre: str
    recipient: str
    channel: str
    day: str
    summary: str
    parts: Sequence[tuple[str, str]]
    pictures: Sequence[Picture]
    left_out: Sequence[str]
    address: str
    source: str


def build(told: Told) -> bytes:
    """The zip. The same bytes for the same appearance."""
    named = {f"图片/{place:02d}_{clean_name(one.name)}": one for place, one in enumerate(told.pictures, 1)}
    return packed(
        {
            "说明.txt": _about(told, named).encode(),
            "海报文字.txt": _poster(told).encode(),
            "200字简介.txt": f"{told.summary}\n".encode(),
            "幻灯片.pptx": settled(slides(told)),
            **{name: one.data for name, one in named.items()},
        }
    )


def _about(told: Told, named: dict[str, Picture]) -> str:
    lines = [
        f"{told.channel}　{told.day}",
        f"《{told.title}》 {told.centre}",
        "",
        f"出处：{told.source}",
        told.address,
        "",
    ]
    lines += ["图片及同意公开的说明：", *(f"- {name}　{one.caption}　{one.rights}" for name, one in named.items())]
    lines += ["- 没有"] if not named else []
    if told.left_out:
        lines += ["", "没有放入的图片（没有登记由谁同意公开；在案例的“发布和推送的准备”中登记后重新生成）："]
        lines += [f"- {one}" for one in told.left_out]
    return "\n".join(lines) + "\n"


def _poster(told: Told) -> str:
    return f"{told.title}\n\n{told.summary}\n\n{told.centre}\n{told.channel}　{told.day}\n{told.address}\n"


_LINES, _LENGTH, _SIZE = 5, 46, 24
"""Of one slide: so many points, of so many characters each, so large in points of print: each takes two lines, and all fit."""


def slides(told: Told) -> bytes:
    """A .pptx: a title, a slide for each part in points, one for each picture, and where it is from."""
    from pptx import Presentation  # loaded where it is needed: it takes memory
    from pptx.util import Inches

    made = Presentation()
    title = made.slides.add_slide(made.slide_layouts[0])
    title.shapes.title.text = told.title
    title.placeholders[1].text = f"{told.centre}\n{told.channel}\n{told.day}"
    _sized(title.placeholders[1])
    for heading, text in (("简介", told.summary), *told.parts):
        points = _points(text)
        if points:
            one = made.slides.add_slide(made.slide_layouts[1])
            one.shapes.title.text = heading
            one.placeholders[1].text = "\n".join(points)
            _sized(one.placeholders[1])
    for picture in told.pictures:
        one = made.slides.add_slide(made.slide_layouts[5])
        one.shapes.title.text = picture.caption or told.title
        drawn = one.shapes.add_picture(io.BytesIO(picture.data), Inches(1), Inches(1.7), height=Inches(5))
        if drawn.width > Inches(8):
            drawn.height = int(drawn.height * Inches(8) / drawn.width)
            drawn.width = Inches(8)
        drawn.left = int((made.slide_width - drawn.width) / 2)
    end = made.slides.add_slide(made.slide_layouts[1])
    end.shapes.title.text = "出处"
    end.placeholders[1].text = f"{told.source}\n{told.address}".strip()
    _sized(end.placeholders[1])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _sized(holder: Any) -> None:
    from pptx.util import Pt

    for paragraph in holder.text_frame.paragraphs:
        paragraph.font.size = Pt(_SIZE)


def _points(text: str) -> list[str]:
    """The first sentences of a text, each as a point; a quotation keeps its closing mark."""
    sentences = re.split(r"(?<=[。！？])(?![”’』」）》])|(?<=[。！？][”’』」）》])|\n", text)
    said = [one.strip().removesuffix("。") for one in sentences if one and one.strip()]
    return [_cut(one) for one in said[:_LINES]]


def _cut(sentence: str) -> str:
    """A long sentence up to where it pauses, or else cut off."""
    if len(sentence) <= _LENGTH:
        return sentence
    pauses = [at for at, one in enumerate(sentence[: _LENGTH - 1]) if one in "，；：、"]
    end = pauses[-1] if pauses and pauses[-1] >= _LENGTH // 2 else _LENGTH - 1
    return f"{sentence[:end]}…"
