"""Word files written: the blank template of a call, and a case that was written on screen."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from PIL import Image

from rules.call import Call
from workflow.documents import template
from workflow.documents.packing import settled
from workflow.documents.reading import Picture
from workflow.documents.template import one_line, tidy

__all__ = ["CaseContent", "case_document", "case_template"]


@dataclass(frozen=True)
class CaseContent:
    """A case as written on screen; `sections` by the call's section ids."""

    title: str
    centre: str
    theme: str
    sections: Mapping[str, str]
    pictures: tuple[Picture, ...] = ()


def case_template(call: Call) -> bytes:
    """The call's blank template (.docx, A4), with a heading and a hint for each section."""
    document = _sheet(call)
    _opening(document, call, "", "", "")
    if said := template.length_hint(call):
        document.add_paragraph(said, style=template.HINT_STYLE)
    for position, section in enumerate(call.sections, 1):
        document.add_paragraph(template.heading(position, section), style="Heading 1")
        if said := template.hint(section):
            document.add_paragraph(said, style=template.HINT_STYLE)
        document.add_paragraph("", style=template.BODY_STYLE)
    return _saved(document)


def case_document(call: Call, content: CaseContent) -> bytes:
    """A case as .docx: title, centre, theme, all sections of the template, each followed by its pictures.

    Text is written as `template.tidy` leaves it. Sections that the template does not have follow at the end, under
    their ids.
    """
    document = _sheet(call)
    title = one_line(content.title)
    document.core_properties.title = title[:255]
    _opening(document, call, title, one_line(content.centre), one_line(content.theme))
    left = list(content.pictures)
    for position, section in enumerate(call.sections, 1):
        document.add_paragraph(template.heading(position, section), style="Heading 1")
        _text(document, content.sections.get(section.id, ""))
        _pictures(document, [one for one in left if one.section == section.id])
        left = [one for one in left if one.section != section.id]
    for name, text in content.sections.items():
        if call.section(name) is None and tidy(text):
            document.add_paragraph(one_line(name), style="Heading 1")
            _text(document, text)
    _pictures(document, left)
    return _saved(document)


def _opening(document: WordDocument, call: Call, title: str, centre: str, theme: str) -> None:
    document.add_paragraph(title or template.blank(template.title_label(call)), style="Title")
    document.add_paragraph(centre or template.blank(template.centre_label(call)), style=template.CENTRE_STYLE)
    label = template.theme_label(call)
    document.add_paragraph(f"{label}：{theme or template.blank(label)}", style=template.THEME_STYLE)


def _text(document: WordDocument, text: str) -> None:
    for line in tidy(text).split("\n"):
        document.add_paragraph(line, style=template.BODY_STYLE)


_WIDEST, _HIGHEST = Mm(140), Mm(170)


def _pictures(document: WordDocument, pictures: Iterable[Picture]) -> None:
    for picture in pictures:
        holder = document.add_paragraph(style="图片")
        _picture(holder.add_run(), picture)
        if caption := one_line(picture.caption):
            document.add_paragraph(caption, style="Caption")


def _picture(run: Any, picture: Picture) -> None:
    """At its natural size, made smaller where the page asks for it; a picture that no program reads leaves its name."""
    try:
        with Image.open(io.BytesIO(picture.data)) as image:
            data = picture.data
            if image.format not in ("PNG", "JPEG"):
                made = io.BytesIO()
                image.convert("RGBA").save(made, "PNG")
                data = made.getvalue()
            dots = image.info.get("dpi", (96, 96))[0] or 96
            natural = image.width / float(dots) * 914_400
            scale = min(1.0, _WIDEST / natural, _HIGHEST / (natural * image.height / image.width))
        run.add_picture(io.BytesIO(data), width=int(natural * scale))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        run.add_text(f"（图片“{one_line(picture.name)}”的格式无法放入本文档，请另附。）")


# Looks: GB/T 9704-2012 for paper, margins, sizes and line spacing of official papers


def _sheet(call: Call) -> WordDocument:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    properties = document.core_properties
    properties.author = properties.last_modified_by = call.issuer.zh
    properties.title, properties.comments = call.title.zh, ""
    properties.created = properties.modified = datetime.combine(call.opened, datetime.min.time())
    properties.language = "zh-CN"
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")  # the library's own template has no say, and commas would sit askew
    _style(document, "Normal", "仿宋", 16)
    _style(document, "Title", "方正小标宋简体", 22, centred=True, after=12)
    _style(document, "Heading 1", "黑体", 16, before=6)
    _style(document, "Caption", "楷体", 12, centred=True, after=6)
    _style(document, template.CENTRE_STYLE, "楷体", 16, centred=True)
    _style(document, template.THEME_STYLE, "楷体", 16, centred=True, after=12)
    _style(document, template.BODY_STYLE, "仿宋", 16, indented=True)
    _style(document, template.HINT_STYLE, "楷体", 12, grey=True, indented=True)
    _style(document, "图片", "仿宋", 12, centred=True, exact=False)
    _page_number(section.footer.paragraphs[0])
    return document


def _style(
    document: WordDocument,
    name: str,
    font: str,
    size: int,
    *,
    centred: bool = False,
    indented: bool = False,
    grey: bool = False,
    exact: bool = True,
    before: int = 0,
    after: int = 0,
) -> None:
    styles = document.styles
    style: Any
    if name in styles:
        style = styles[name]
    else:
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        style.quick_style = True
    _fonts(style.element.get_or_add_rPr(), font)
    style.font.size, style.font.bold, style.font.italic = Pt(size), False, False
    style.font.color.rgb = RGBColor(0x80, 0x80, 0x80) if grey else RGBColor(0, 0, 0)
    layout = style.paragraph_format
    layout.space_before, layout.space_after = Pt(before), Pt(after)
    layout.alignment = WD_ALIGN_PARAGRAPH.CENTER if centred else WD_ALIGN_PARAGRAPH.JUSTIFY
    if exact:
        layout.line_spacing_rule, layout.line_spacing = (
            WD_LINE_SPACING.EXACTLY,
            Pt(max(28, size + 12) if size > 12 else 22),
        )
    else:
        layout.line_spacing_rule = WD_LINE_SPACING.SINGLE
        layout.keep_with_next = True
    properties = style.element.get_or_add_pPr()
    for border in properties.findall(qn("w:pBdr")):
        properties.remove(border)
    if indented:
        layout.first_line_indent = Pt(2 * size)
        properties.find(qn("w:ind")).set(qn("w:firstLineChars"), "200")


def _fonts(properties: Any, font: str) -> None:
    """One font for Chinese, Times New Roman beside it; theme fonts would win over both."""
    for old in properties.findall(qn("w:rFonts")):
        properties.remove(old)
    fonts = OxmlElement("w:rFonts")
    for kind, name in (
        ("ascii", "Times New Roman"),
        ("hAnsi", "Times New Roman"),
        ("eastAsia", font),
        ("cs", "Times New Roman"),
    ):
        fonts.set(qn(f"w:{kind}"), name)
    fonts.set(qn("w:hint"), "eastAsia")
    properties.insert(0, fonts)
    for old in properties.findall(qn("w:lang")):
        properties.remove(old)
    for old in (*properties.findall(qn("w:spacing")), *properties.findall(qn("w:kern"))):
        properties.remove(old)


def _page_number(paragraph: Any) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)


def _saved(document: WordDocument) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return settled(out.getvalue())
