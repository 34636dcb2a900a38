"""Files that mean harm, and harmless ones that look like them, built here byte by byte."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from functools import cache
from typing import Any

import pikepdf
from docx import Document
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Inches
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image as SheetPicture
from openpyxl.worksheet.datavalidation import DataValidation
from PIL import Image

Change = bytes | Callable[[bytes], bytes] | None
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


# ---- zip -------------------------------------------------------------------------------------------------------------


def edited(data: bytes, changes: Mapping[str, Change]) -> bytes:
    """An archive with parts added, changed or (None) taken out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        left = dict(changes)
        for entry in old.infolist():
            change: Change = old.read(entry)
            if entry.filename in left:
                wanted = left.pop(entry.filename)
                change = wanted(old.read(entry)) if callable(wanted) else wanted
            if change is not None:
                new.writestr(entry.filename, change)
        for name, content in left.items():
            assert isinstance(content, bytes)
            new.writestr(name, content)
    return out.getvalue()


def zipped(parts: Mapping[str, bytes], **more: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content, **more)
    return out.getvalue()


def raw_zip(members: list[tuple[bytes, bytes, dict[str, int]]], *, before: bytes = b"", after: bytes = b"") -> bytes:
    """An archive of deflated members written by hand. Settings of a member: `at` (where its directory entry points),
    flags, attributes, size (as declared), again (a second entry for the same bytes)."""
    body, directory, count = bytearray(before), bytearray(), 0
    for name, content, said in members:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush()
        crc, size = zlib.crc32(content), said.get("size", len(content))
        flags, start = said.get("flags", 0), said.get("at", len(body))
        head = struct.pack("<HHHHHIIIHH", 20, flags, 8, 0, 0x21, crc, len(packed), size, len(name), 0)
        body += b"PK\x03\x04" + head + name + packed
        for _ in range(1 + said.get("again", 0)):
            wide = struct.pack(
                "<HHHHHHIIIHHHHHII",
                3 << 8 | 20,
                20,
                flags,
                8,
                0,
                0x21,
                crc,
                len(packed),
                size,
                len(name),
                0,
                0,
                0,
                0,
                said.get("attributes", 0),
                start,
            )
            directory += b"PK\x01\x02" + wide + name
            count += 1
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body) + bytes(directory) + b"PK\x05\x06" + end + after


def named_twice(raw: bytes, other: str, content: bytes) -> bytes:
    """An archive of one member, with another name for programs that look for one in UTF-8 (APPNOTE 4.6.9)."""
    said = other.encode()
    extra = struct.pack("<HHBI", 0x7075, 5 + len(said), 1, zlib.crc32(raw)) + said
    sizes = struct.pack("<IIIHH", zlib.crc32(content), len(content), len(content), len(raw), len(extra))
    body = b"PK\3\4" + struct.pack("<HHHHH", 20, 0, 0, 0, 0x21) + sizes + raw + extra + content
    directory = b"PK\1\2" + struct.pack("<HHHHHH", 20, 20, 0, 0, 0, 0x21) + sizes
    directory += struct.pack("<HHHII", 0, 0, 0, 0, 0) + raw + extra
    return body + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(directory), len(body), 0)


def long_end(hidden: bytes, count: int = 1) -> bytes:
    """A package with an end in 64 bits, and something between it and where it is told to be."""
    plain_end = zipped({"a.docx": plain()})
    at = plain_end.rfind(b"PK\5\6")
    size, start = struct.unpack_from("<II", plain_end, at + 12)
    end = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44 + len(hidden), 45, 45, 0, 0, count, count, size, start)
    locator = b"PK\6\7" + struct.pack("<IQI", 0, at, 1)
    return plain_end[:at] + end + hidden + locator + plain_end[at:]


def members_of(data: bytes) -> list[tuple[bytes, bytes, dict[str, int]]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(one.filename.encode(), archive.read(one), {}) for one in archive.infolist()]


# ---- Word ------------------------------------------------------------------------------------------------------------


def saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def picture(width: int = 60, height: int = 40, kind: str = "PNG", **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, kind, **more)
    return out.getvalue()


def with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Camera 7"
    exif[0x0112] = 6
    return picture(60, 40, "JPEG", exif=exif)


@cache
def plain() -> bytes:
    document = Document()
    document.add_heading("一份案例", 0)
    document.add_paragraph("正文：<!DOCTYPE html>、DDEAUTO、=cmd|' /C calc'!A0 都只是文字。")
    return saved(document)


def field(*pieces: str, kind: str = "instrText", result: str = "1") -> Any:
    """A paragraph with a field whose instruction is split over runs; a piece beginning with "{" is a field inside."""
    paragraph = OxmlElement("w:p")
    _put_field(paragraph, pieces, kind, result)
    return paragraph


def _put_field(paragraph: Any, pieces: tuple[str, ...], kind: str, result: str) -> None:
    def run(tag: str, text: str = "", mark: str = "") -> None:
        element = OxmlElement("w:r")
        inner = OxmlElement(f"w:{tag}")
        if mark:
            inner.set(qn("w:fldCharType"), mark)
        inner.text = text or None
        element.append(inner)
        paragraph.append(element)

    run("fldChar", mark="begin")
    for piece in pieces:
        if piece.startswith("{"):
            instruction, _, shown = piece.strip("{}").partition("=>")
            _put_field(paragraph, (instruction,), kind, shown)
        else:
            run(kind, piece)
    run("fldChar", mark="separate")
    run("t", result)
    run("fldChar", mark="end")


def with_field(*pieces: str, where: str = "body", kind: str = "instrText") -> bytes:
    document = Document()
    document.add_paragraph("一份案例")
    place = {"body": document.element.body, "header": document.sections[0].header._element}[where]
    place.insert(0, field(*pieces, kind=kind))
    return saved(document)


def simple_field(instruction: str) -> bytes:
    document = Document()
    element = OxmlElement("w:fldSimple")
    element.set(qn("w:instr"), instruction)
    document.add_paragraph("一份案例")._p.append(element)
    return saved(document)


def related(
    kind: str, target: str, *, external: bool = True, data: bytes | None = None, of: str = "word/document.xml"
) -> bytes:
    """A Word file with one relation more; `data` is what lies under an internal target."""
    folder, _, name = of.rpartition("/")
    rels = f"{folder}/_rels/{name}.rels"
    mode = ' TargetMode="External"' if external else ""
    line = f'<Relationship Id="rX9" Type="{_OFFICE}/{kind}" Target="{target}"{mode}/></Relationships>'.encode()
    changes: dict[str, Change] = {rels: lambda old: old.replace(b"</Relationships>", line)}
    if (
        of not in zipfile.ZipFile(io.BytesIO(plain())).namelist()
        or rels not in zipfile.ZipFile(io.BytesIO(plain())).namelist()
    ):
        changes[rels] = (
            b'<?xml version="1.0"?><Relationships xmlns="' + f"{_PACKAGE}/relationships".encode() + b'">' + line
        )
    if data is not None:
        changes[f"{folder}/{target}"] = data
    return edited(plain(), changes)


def with_part(name: str, content: bytes, base: bytes | None = None) -> bytes:
    return edited(base or plain(), {name: content})


def with_body(xml: str) -> bytes:
    return edited(plain(), {"word/document.xml": lambda old: old.replace(b"<w:body>", b"<w:body>" + xml.encode(), 1)})


def with_type(old_type: bytes, new_type: bytes, base: bytes | None = None) -> bytes:
    return edited(base or plain(), {"[Content_Types].xml": lambda old: old.replace(old_type, new_type)})


CHART = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_CHART_XML = (
    '<?xml version="1.0" encoding="UTF-8"?><c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    f' xmlns:r="{_OFFICE}"><c:chart><c:plotArea><c:barChart><c:ser><c:val><c:numRef><c:f>Sheet1!$A$1:$A$2</c:f>'
    '<c:numCache><c:ptCount val="2"/><c:pt idx="0"><c:v>3</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser></c:barChart>'
    '</c:plotArea></c:chart><c:externalData r:id="rId1"><c:autoUpdate val="0"/></c:externalData></c:chartSpace>'
)


_DRAWING = (
    '<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
    '<wp:extent cx="3000000" cy="2000000"/><wp:docPr id="7" name="Chart"/>'
    '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData'
    ' uri="http://schemas.openxmlformats.org/drawingml/2006/chart">'
    '<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    f' xmlns:r="{_OFFICE}" r:id="rX9"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>'
)


def with_chart(target: str = "../embeddings/Microsoft_Excel_Sheet1.xlsx", *, external: bool = False) -> bytes:
    """A Word file with a chart as Word writes it: the chart's values, and the workbook that it was drawn from."""
    mode = ' TargetMode="External"' if external else ""
    rels = (
        f'<?xml version="1.0"?><Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_OFFICE}/package" Target="{target}"{mode}/></Relationships>'
    )
    base = related("chart", "charts/chart1.xml", external=False, data=_CHART_XML.encode())
    base = edited(
        base, {"word/document.xml": lambda old: old.replace(b"<w:sectPr", _DRAWING.encode() + b"<w:sectPr", 1)}
    )
    base = with_type(
        b"</Types>",
        b'<Default Extension="xlsx" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"/>'
        b'<Override PartName="/word/charts/chart1.xml" ContentType="' + CHART.encode() + b'"/></Types>',
        base,
    )
    changes: dict[str, Change] = {"word/charts/_rels/chart1.xml.rels": rels.encode()}
    if not external:
        changes["word/embeddings/Microsoft_Excel_Sheet1.xlsx"] = workbook()
    return edited(base, changes)


@cache
def ordinary() -> bytes:
    """A Word file with most of what people put into one."""
    document = Document()
    document.add_heading("一份案例", 0)
    paragraph = document.add_paragraph("见 ")
    for target in (
        "https://www.cnipa.gov.cn/a?b=1&c=2",
        "mailto:a@example.cn",
        "HTTP://example.cn",
        "#_Toc1",
    ):
        relation = document.part.relate_to(target, f"{_OFFICE}/hyperlink", is_external=True)
        link = parse_xml(f'<w:hyperlink {nsdecls("w", "r")} r:id="{relation}"><w:r><w:t>链接</w:t></w:r></w:hyperlink>')
        paragraph._p.append(link)
    for pieces in (
        (' TOC \\o "1-3" \\h \\z \\u ',),
        (" PA", "GE ", "\\* MERGEFORMAT"),
        (' HYPERLINK "https://example.cn/案例" ',),
        (' HYPERLINK \\l "_Toc1" ',),
        (" IF ", "{ PAGE =>1}", ' = 1 "首页" "" '),
        (" REF DDE_Bookmark \\h ",),
        (' QUOTE "一句话" ',),
        (" SEQ 图 \\* ARABIC ",),
    ):
        document.element.body.insert(2, field(*pieces))
    table = document.add_table(2, 2, style="Table Grid")
    table.cell(0, 0).merge(table.cell(0, 1)).text = "项目"
    section = document.sections[0]
    section.header.paragraphs[0].text = "页眉"
    section.footer._element.append(field(" NUMPAGES "))
    document.add_picture(io.BytesIO(picture()), Inches(1))
    document.add_comment(paragraph.runs, "一条批注", "批注人", "批")
    document.element.body.insert(
        1,
        parse_xml(
            f'<w:p {nsdecls("w")}><w:ins w:id="9" w:author="a" w:date="2021-01-01T00:00:00Z"><w:r><w:t>增</w:t></w:r></w:ins><w:del w:id="8" w:author="a" w:date="2021-01-01T00:00:00Z"><w:r><w:delText>删</w:delText></w:r></w:del></w:p>'
        ),
    )
    data = saved(document)
    data = with_part(
        "customXml/item1.xml",
        '<?xml version="1.0" encoding="utf-8"?><b:Sources xmlns:b="http://x"/>'.encode("utf-8-sig"),
        data,
    )
    data = with_part(
        "customXml/item2.xml",
        '<?xml version="1.0" encoding="utf-16"?><a><![CDATA[<!DOCTYPE a>]]></a>'.encode("utf-16"),
        data,
    )
    data = with_part("word/fonts/font1.odttf", b"<" + bytes(range(255, 0, -1)) * 40, data)
    data = with_part("docProps/thumbnail.emf", b"\x01\0\0\0" + b"\0" * 500, data)
    data = with_part("word/media/image9.jpeg", picture(kind="JPEG"), data)
    return edited(data, {"_rels/.rels": lambda old: old})


# ---- Excel -----------------------------------------------------------------------------------------------------------


def book(change: Callable[[Any], None] | None = None) -> bytes:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.append(["案例名称", "一份检索报告"])
    if change is not None:
        change(sheet)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@cache
def workbook() -> bytes:
    return book()


def _everything(sheet: Any) -> None:
    sheet["B3"] = "=SUM(C1:C4)"
    sheet["B4"] = '=IF(A1="a|b","是","否")&HYPERLINK("https://example.cn","网址")'
    sheet["A5"] = "=cmd|' /C calc'!A0"
    sheet["A5"].data_type = "s"
    sheet["A6"].hyperlink = "https://example.cn"
    sheet["A7"].comment = Comment("批注", "批注人")
    sheet.merge_cells("A8:H10")
    sheet.add_data_validation(DataValidation(type="list", formula1='"是,否"', sqref="C1:C9"))
    chart = BarChart()
    for row in range(1, 5):
        sheet.cell(row, 3, row)
    chart.add_data(Reference(sheet, min_col=3, min_row=1, max_row=4))
    sheet.add_chart(chart, "E2")
    sheet.add_image(SheetPicture(io.BytesIO(picture())), "J2")
    sheet.row_dimensions[1048576].height = 12.8
    sheet.column_dimensions["XFD"].width = 3


@cache
def ordinary_workbook() -> bytes:
    return book(_everything)


def sheet_xml(change: Callable[[bytes], bytes], base: bytes | None = None) -> bytes:
    return edited(base or workbook(), {"xl/worksheets/sheet1.xml": change})


def filled(cells: str) -> bytes:
    """A workbook whose sheet holds these rows, written as XML."""
    return sheet_xml(
        lambda old: old[: old.index(b"<sheetData>") + 11] + cells.encode() + old[old.index(b"</sheetData>") :]
    )


# ---- OLE -------------------------------------------------------------------------------------------------------------


def compound(streams: Mapping[str, bytes]) -> bytes:
    """An OLE container ([MS-CFB], version 3). Names with "/" stand in storages; streams are padded to 4 KiB."""
    free, end, nothing = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF
    entries: list[dict[str, Any]] = [{"name": "Root Entry", "type": 5, "children": [], "start": end, "size": 0}]
    body, fat = bytearray(), []

    def entry(path: tuple[str, ...], content: bytes | None) -> None:
        above = 0
        for depth, name in enumerate(path):
            last = depth == len(path) - 1 and content is not None
            found = next((one for one in entries[above]["children"] if entries[one]["name"] == name), None)
            if found is None:
                entries.append({"name": name, "type": 2 if last else 1, "children": [], "start": 0, "size": 0})
                found = len(entries) - 1
                entries[above]["children"].append(found)
            above = found
        if content is not None:
            padded = content.ljust(4096, b"\0")
            padded += b"\0" * (-len(padded) % 512)
            entries[above].update(start=len(fat), size=len(padded))
            sectors = len(padded) // 512
            fat.extend([*range(len(fat) + 1, len(fat) + sectors), end])
            body.extend(padded)

    for path, content in streams.items():
        entry(tuple(path.split("/")), content)
    links = {one: [nothing, nothing] for one in range(len(entries))}
    for one in entries:
        for left, right in zip(one["children"], one["children"][1:], strict=False):
            links[left][1] = right
    directory = bytearray()
    for number, one in enumerate(entries):
        name = one["name"].encode("utf-16-le") + b"\0\0"
        child = one["children"][0] if one["children"] else nothing
        directory += name.ljust(64, b"\0") + struct.pack("<HBBIII", len(name), one["type"], 1, *links[number], child)
        directory += b"\0" * 36 + struct.pack("<IQ", one["start"], one["size"])
    while len(directory) % 512:
        directory += b"\0" * 64 + struct.pack("<HBBIII", 0, 0, 0, nothing, nothing, nothing) + b"\0" * 48
    directory_at = len(fat)
    fat.extend([*range(len(fat) + 1, len(fat) + len(directory) // 512), end])
    body += directory
    tables = 1
    while tables * 128 < len(fat) + tables:
        tables += 1
    tables_at = len(fat)
    fat.extend([0xFFFFFFFD] * tables)
    fat.extend([free] * (tables * 128 - len(fat)))
    body += struct.pack(f"<{len(fat)}I", *fat)
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += struct.pack("<IIIIIIIII", 0, tables, directory_at, 0, 4096, end, 0, end, 0)
    head += struct.pack("<109I", *range(tables_at, tables_at + tables), *[free] * (109 - tables))
    return head + bytes(body)


WORD_97 = b"\xec\xa5\xc1\0" + b"\0" * 28


def word_97(text: bytes = b"", flags: int = 0, **more: bytes) -> bytes:
    stream = WORD_97[:11] + bytes([flags]) + WORD_97[12:] + b"\0" * 512 + text
    return compound(
        {"WordDocument": stream, "1Table": b"", **{name.replace("__", "/"): one for name, one in more.items()}}
    )


def in_pieces(*pieces: bytes) -> bytes:
    """A Word file whose text lies in pieces, as quick saves leave it, each in a place of its own ([MS-DOC] 2.4.1)."""
    places = range(1024, 1024 + 64 * len(pieces), 64)
    stream = bytearray(1024 + 64 * len(pieces))
    ends = [0]
    for place, piece in zip(places, pieces, strict=True):
        stream[place : place + len(piece)] = piece
        ends.append(ends[-1] + len(piece))
    told = b"".join(struct.pack("<HIH", 0, 2 * place | 1 << 30, 0) for place in places)
    plc = struct.pack(f"<{len(ends)}I", *ends) + told
    table = b"\2" + struct.pack("<I", len(plc)) + plc
    stream[:12] = WORD_97[:11] + b"\2"  # its tables lie in the second stream
    struct.pack_into("<II", stream, 0x1A2, 0, len(table))
    return compound({"WordDocument": bytes(stream), "1Table": table})


def record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def excel_97(*records: bytes, **more: bytes) -> bytes:
    begin, end = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6)), record(0x0A)
    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 6))
    return compound({"Workbook": begin + end + sheet + b"".join(records) + end, **more})


# ---- PDF -------------------------------------------------------------------------------------------------------------


def pdf(change: Callable[[pikepdf.Pdf], None] | None = None, pages: int = 1, **save: Any) -> bytes:
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page()
    if change is not None:
        change(made)
    out = io.BytesIO()
    made.save(out, **save)
    return out.getvalue()


def pdf_with(root: Mapping[str, Any] | None = None, page: Mapping[str, Any] | None = None, **save: Any) -> bytes:
    """A PDF with entries more in its catalogue or on its page; everything indirect lies in object streams."""

    def change(document: pikepdf.Pdf) -> None:
        for name, value in (root or {}).items():
            document.Root[name] = document.make_indirect(value(document) if callable(value) else value)
        for name, value in (page or {}).items():
            document.pages[0].obj[name] = value(document) if callable(value) else value

    return pdf(change, object_stream_mode=pikepdf.ObjectStreamMode.generate, **save)


def action(kind: str, **more: Any) -> pikepdf.Dictionary:
    return pikepdf.Dictionary(S=pikepdf.Name(f"/{kind}"), **more)


def with_attachment() -> bytes:
    def change(document: pikepdf.Pdf) -> None:
        document.attachments["a.exe"] = b"MZ"

    return pdf(change)


# ---- mail ------------------------------------------------------------------------------------------------------------


def mail(*attachments: tuple[str, bytes], body: str = "请查收。") -> bytes:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = (
        "office@example.cn",
        "cases@example.cn",
        "优秀案例征集-示例省知识产权局",
    )
    letter["Date"], letter["Message-ID"] = "Thu, 25 Mar 2021 10:12:44 +0800", "<1@example.cn>"
    letter.set_content(body)
    letter.add_alternative(f"<html><body>{body}</body></html>", subtype="html")
    for name, content in attachments:
        letter.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return letter.as_bytes()


def forwarded(times: int) -> bytes:
    inner = EmailMessage()
    inner["From"], inner["To"], inner["Subject"] = "a@example.cn", "b@example.cn", "原件"
    inner.set_content("原文")
    for _ in range(times):
        outer = EmailMessage()
        outer["From"], outer["To"], outer["Subject"] = "a@example.cn", "b@example.cn", "转发"
        outer.set_content("见附件")
        outer.add_attachment(inner)
        inner = outer
    return inner.as_bytes()


def forwarded_bare(times: int) -> bytes:
    """Mails within mails with nothing between them."""
    return b"From: a@example.cn\nTo: b@example.cn\nSubject: a\nContent-Type: message/rfc822\n\n" * times


def mail_with_drawings() -> bytes:
    """A letter in HTML with a logo and a photograph in it, and an invitation without a name."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "a@example.cn", "b@example.cn", "材料"
    letter.set_content("见下")
    letter.add_alternative('<p>见下<img src="cid:a"><img src="cid:b"></p>', subtype="html")
    html = letter.get_payload()[1]
    html.add_related(picture(kind="GIF"), "image", "gif", cid="<a>", filename="image001.gif")
    html.add_related(picture(kind="JPEG"), "image", "jpeg", cid="<b>")
    letter.add_attachment("BEGIN:VCALENDAR\nEND:VCALENDAR", subtype="calendar")
    return letter.as_bytes()
