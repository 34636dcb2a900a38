"""How a compiled Word file looks: styles after GB/T 9704-2012 for the cases, and those of the book around them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from workflow.documents import template

NAME, BENEATH, OPENING, RUNNING, PAGE = "集·书名", "集·副题", "集·目题", "集·页眉", "集·页码"
GROUP, TITLE, ABOUT, ENTRY = "集·分组", "集·篇名", "集·篇注", "集·索引"
PICTURE, CELL = "图片", "集·表格"
FIRST, SECOND = "TOC 1", "TOC 2"
WIDE = Mm(156)
"""The text's width on the page."""

_OURS = {
    # style: (Chinese face, points, centred, indented, points before, points after)
    "Normal": ("仿宋", 16, False, False, 0, 0),
    "Title": ("方正小标宋简体", 22, True, False, 0, 12),
    "Heading 1": ("黑体", 16, False, False, 6, 0),
    "Caption": ("楷体", 12, True, False, 0, 6),
    template.CENTRE_STYLE: ("楷体", 16, True, False, 0, 0),
    template.THEME_STYLE: ("楷体", 16, True, False, 0, 12),
    template.BODY_STYLE: ("仿宋", 16, False, True, 0, 0),
    NAME: ("方正小标宋简体", 36, True, False, 0, 18),
    BENEATH: ("楷体", 16, True, False, 0, 0),
    OPENING: ("方正小标宋简体", 22, True, False, 0, 12),
    GROUP: ("黑体", 18, True, False, 0, 12),
    TITLE: ("方正小标宋简体", 22, True, False, 0, 6),
    ABOUT: ("楷体", 12, True, False, 0, 0),
    RUNNING: ("楷体", 9, False, False, 0, 0),
    PAGE: ("楷体", 10, True, False, 0, 0),
    PICTURE: ("仿宋", 12, True, False, 6, 0),
    CELL: ("仿宋", 12, False, False, 0, 0),
    FIRST: ("黑体", 14, False, False, 8, 0),
    SECOND: ("仿宋", 12, False, False, 0, 0),
    ENTRY: ("仿宋", 12, False, False, 0, 0),
}
_AS_HIGH_AS_ITS_LINE = (RUNNING, PAGE, PICTURE, CELL)
"""Lines that grow with what stands in them, such as a picture; the others are spaced exactly."""
_GROWING = "Normal"
"""At least so high, and higher where it must: authors put their pictures into lines of it."""
_LEVELS = {GROUP: 0, TITLE: 1, "Heading 1": 2}
_WITH_NEXT = (GROUP, TITLE, OPENING, PICTURE, FIRST)


def sheet(title: str, author: str, made: datetime) -> WordDocument:
    """An empty A4 document with all styles in it."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(22), Mm(22)
    properties = document.core_properties
    properties.author = properties.last_modified_by = author
    properties.title, properties.comments = title[:255], ""
    properties.created = properties.modified = made
    properties.language = "zh-CN"
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")  # the library's own template has no say, and commas would sit askew
    for name in _OURS:
        _style(document, name)
    for name, level in _LEVELS.items():
        _outline(document.styles[name].element.get_or_add_pPr(), level)
    for name in _WITH_NEXT:
        document.styles[name].paragraph_format.keep_with_next = True
    for name in (FIRST, SECOND, ENTRY):
        layout = document.styles[name].paragraph_format
        layout.tab_stops.add_tab_stop(WIDE, WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
        layout.alignment = WD_ALIGN_PARAGRAPH.LEFT
        if name != FIRST:
            layout.left_indent, layout.first_line_indent, layout.right_indent = Pt(24), Pt(-24), Mm(12)
    document.styles[RUNNING].paragraph_format.tab_stops.add_tab_stop(WIDE, WD_TAB_ALIGNMENT.RIGHT)
    _rule_below(document.styles[RUNNING].element.get_or_add_pPr())
    document.styles[ABOUT].font.color.rgb = RGBColor(0x55, 0x60, 0x6D)
    return document


def _style(document: WordDocument, name: str) -> None:
    font, size, centred, indented, before, after = _OURS[name]
    styles = document.styles
    style: Any
    if name in styles:
        style = styles[name]
    else:
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        style.quick_style = True
    _face(style.element.get_or_add_rPr(), font)
    style.font.size, style.font.bold, style.font.italic = Pt(size), False, False
    style.font.color.rgb = RGBColor(0, 0, 0)
    properties = style.element.get_or_add_pPr()
    for border in properties.findall(qn("w:pBdr")):
        properties.remove(border)
    layout = style.paragraph_format
    layout.space_before, layout.space_after = Pt(before), Pt(after)
    layout.alignment = WD_ALIGN_PARAGRAPH.CENTER if centred else WD_ALIGN_PARAGRAPH.JUSTIFY
    if name in _AS_HIGH_AS_ITS_LINE:
        layout.line_spacing_rule = WD_LINE_SPACING.SINGLE
    else:
        layout.line_spacing_rule = WD_LINE_SPACING.AT_LEAST if name == _GROWING else WD_LINE_SPACING.EXACTLY
        layout.line_spacing = Pt(22 if size <= 14 else max(28, size + 12))
    if indented:
        layout.first_line_indent = Pt(2 * size)
        properties.find(qn("w:ind")).set(qn("w:firstLineChars"), "200")


def _face(properties: Any, font: str) -> None:
    """One face for Chinese, Times New Roman beside it; theme fonts would win over both."""
    for tag in ("w:rFonts", "w:lang", "w:spacing", "w:kern"):
        for old in properties.findall(qn(tag)):
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


def _outline(properties: Any, level: int) -> None:
    for old in properties.findall(qn("w:outlineLvl")):
        properties.remove(old)
    outline = OxmlElement("w:outlineLvl")
    outline.set(qn("w:val"), str(level))
    properties.append(outline)


def _rule_below(properties: Any) -> None:
    borders = OxmlElement("w:pBdr")
    below = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "4"), ("space", "4"), ("color", "A8A296")):
        below.set(qn(f"w:{name}"), value)
    borders.append(below)
    properties.insert_element_before(borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc")
