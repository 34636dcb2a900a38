"""Plain Word files of ours: A4, Chinese faces, tables whose head stands on each page and whose rows stay whole."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from workflow.documents.packing import settled

WIDTH = 170
"""Millimetres between the margins."""


def blank(title: str) -> Any:
    """An empty document of that title."""
    from docx import Document  # loaded where it is needed, as in `documents.writing`
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    made: Any = Document()
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm((210 - WIDTH) / 2)
    normal = made.styles["Normal"]
    normal.font.name, normal.font.size = "Times New Roman", Pt(12)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), "仿宋")
    for language in made.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")  # else commas would sit askew
    made.core_properties.title, made.core_properties.author = title[:255], ""
    return made


def table(
    made: Any, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], numbers: Sequence[int] = ()
) -> None:
    """A table; `widths` in millimetres; `numbers`: columns that stand at the right."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    grid = made.add_table(rows=1, cols=len(heads), style="Table Grid")
    grid.autofit = False
    for cell, words in zip(grid.rows[0].cells, heads, strict=True):
        cell.text = words
    for row in rows:
        for cell, words in zip(grid.add_row().cells, row, strict=True):
            cell.text = words
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Mm(width)
    for line, each in enumerate(grid.rows):
        about = each._tr.get_or_add_trPr()
        about.append(about.makeelement(qn("w:cantSplit"), {}))
        for place, (cell, width) in enumerate(zip(each.cells, widths, strict=True)):
            cell.width = Mm(width)
            for paragraph in cell.paragraphs:
                paragraph.paragraph_format.space_after = Pt(0)
                paragraph.alignment = ALIGN.RIGHT if place in numbers else None
                for run in paragraph.runs:
                    run.font.size, run.bold = Pt(10), line == 0 or None
    first = grid.rows[0]._tr.get_or_add_trPr()
    first.append(first.makeelement(qn("w:tblHeader"), {}))


def saved(made: Any) -> bytes:
    """Its bytes, the same each time."""
    out = io.BytesIO()
    made.save(out)
    return settled(out.getvalue())
