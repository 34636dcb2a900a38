"""Case documents as LibreOffice writes them: flat texts written here, made into the formats that people send."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from workflow.documents import legacy

SECTIONS = ("服务对象与需求", "服务做法", "服务成效", "启示")
TEXTS = ("甲。", "乙。", "丙。", "丁。")
NUMERALS = "一二三四"

_NAMES = {
    "office": "office:1.0",
    "style": "style:1.0",
    "text": "text:1.0",
    "table": "table:1.0",
    "draw": "drawing:1.0",
    "fo": "xsl-fo-compatible:1.0",
    "svg": "svg-compatible:1.0",
}
_SPACES = " ".join(f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}"' for short, name in _NAMES.items())
_BOLD = '<style:text-properties fo:font-weight="bold" style:font-weight-asian="bold"/>'
_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document {_SPACES} xmlns:dc="http://purl.org/dc/elements/1.1/" office:version="1.3"
 office:mimetype="application/vnd.oasis.opendocument.text"><office:styles>
<style:style style:name="Standard" style:family="paragraph"/>
<style:style style:name="Title" style:family="paragraph" style:parent-style-name="Standard"/>
<style:style style:name="Heading_20_1" style:display-name="Heading 1" style:family="paragraph"
 style:parent-style-name="Standard" style:default-outline-level="1"/>
</office:styles><office:automatic-styles>
<style:style style:name="Strong" style:family="text">{_BOLD}</style:style>
<style:style style:name="Bold" style:family="paragraph" style:parent-style-name="Standard">{_BOLD}</style:style>
<style:style style:name="Page" style:family="paragraph" style:parent-style-name="Standard">
<style:paragraph-properties fo:break-before="page"/></style:style>
</office:automatic-styles><office:body><office:text>"""
_TAIL = "</office:text></office:body></office:document>"


def paragraph(content: str, style: str = "Standard") -> str:
    """A paragraph; `content` is mark-up. Styles: Standard, Title, Bold, Page (begins one)."""
    return f'<text:p text:style-name="{style}">{content}</text:p>'


def heading(words: str, number: int = 0) -> str:
    """By style; `number` is not written."""
    return f'<text:h text:style-name="Heading_20_1" text:outline-level="1">{words}</text:h>'


OPENING = paragraph("一份检索报告", "Title") + paragraph("示例中心") + paragraph("案例主题：支撑产业发展")


def case(
    write: Callable[[str, int], str] = heading,
    second: str = paragraph(TEXTS[1]),
    sections: Iterable[str] = SECTIONS,
    before: str = "",
) -> str:
    """A whole case. `write`: (words, number from 0) → a section's heading; `second`: the second section's mark-up."""
    texts = (paragraph(TEXTS[0]), second, paragraph(TEXTS[2]), paragraph(TEXTS[3]))
    body = "".join(write(words, at) + text for at, (words, text) in enumerate(zip(sections, texts, strict=True)))
    return before + OPENING + body


def in_two_columns() -> str:
    """The same in a table whose left column holds the headings."""
    rows = (
        ("案例名称", "一份检索报告"),
        ("机构名称", "示例中心"),
        ("案例主题", "支撑产业发展"),
        *zip(SECTIONS, TEXTS, strict=True),
    )
    cell = "<table:table-cell office:value-type='string'>{}</table:table-cell>"
    lines = (
        f"<table:table-row>{''.join(cell.format(paragraph(one)) for one in row)}</table:table-row>" for row in rows
    )
    columns = '<table:table-column table:number-columns-repeated="2"/>'
    return f"<table:table>{columns}{''.join(lines)}</table:table>{paragraph('')}"


def box(content: str) -> str:
    """A text box at its paragraph."""
    return (
        '<draw:frame draw:name="框" text:anchor-type="paragraph" svg:width="6cm" svg:height="2cm">'
        f"<draw:text-box>{paragraph(content)}</draw:text-box></draw:frame>"
    )


def shape(content: str) -> str:
    """A drawn rectangle with words in it."""
    path = "M 0 0 L 21600 0 21600 21600 0 21600 0 0 Z N"
    return (
        '<draw:custom-shape text:anchor-type="paragraph" svg:width="6cm" svg:height="2cm" svg:x="1cm" svg:y="1cm">'
        f'{paragraph(content)}<draw:enhanced-geometry svg:viewBox="0 0 21600 21600" draw:type="rectangle"'
        f' draw:enhanced-path="{path}"/></draw:custom-shape>'
    )


def footnote(content: str) -> str:
    return (
        '<text:note text:id="n1" text:note-class="footnote"><text:note-citation>1</text:note-citation>'
        f"<text:note-body>{paragraph(content)}</text:note-body></text:note>"
    )


_WHO = "<dc:creator>某某</dc:creator><dc:date>2021-03-01T00:00:00</dc:date>"


def comment(content: str) -> str:
    return f"<office:annotation>{_WHO}<text:p>{content}</text:p></office:annotation>"


def changes(deleted: str) -> str:
    """Declares a deletion d and an insertion i; stands before the text."""
    info = f"<office:change-info>{_WHO}</office:change-info>"
    return (
        f'<text:tracked-changes><text:changed-region text:id="d"><text:deletion>{info}{paragraph(deleted)}'
        f'</text:deletion></text:changed-region><text:changed-region text:id="i"><text:insertion>{info}'
        "</text:insertion></text:changed-region></text:tracked-changes>"
    )


def changed(inserted: str, rest: str) -> str:
    """A paragraph from which d was deleted and into which words were inserted."""
    return paragraph(
        '<text:change text:change-id="d"/><text:change-start text:change-id="i"/>'
        f'{inserted}<text:change-end text:change-id="i"/>{rest}'
    )


def saved_as(kind: str, texts: dict[str, str], folder: Path) -> dict[str, bytes]:
    """Mark-up by name → the file of that kind that LibreOffice makes of it, all in one start of the program."""
    return saved_again(kind, {f"{name}.fodt": (_HEAD + one + _TAIL).encode() for name, one in texts.items()}, folder)


def saved_again(kind: str, files: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    """Files by their names → by the stems of these, what LibreOffice saves of each in that kind."""
    program = legacy.office()
    assert program is not None, "LibreOffice is not installed; `make setup-test` says how"
    for name, content in files.items():
        (folder / name).write_bytes(content)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [program, "--headless", "--norestore", profile, "--convert-to", kind, "--outdir", str(folder / kind)]
    subprocess.run([*command, *(str(folder / name) for name in files)], check=True, capture_output=True, timeout=120)
    stems = [name.rpartition(".")[0] for name in files]
    return {stem: (folder / kind / f"{stem}.{kind}").read_bytes() for stem in stems}
