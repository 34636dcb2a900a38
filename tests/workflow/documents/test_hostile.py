"""Hostile files of every kind are refused with their code, within bounds; harmless ones that look alike are taken."""

from __future__ import annotations

import io
import resource
import shutil
import socket
import struct
import subprocess
import time
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

import pikepdf
import pytest
from PIL import Image

from tests.workflow.documents import hostile as h
from tests.workflow.documents.papers import SAMPLES, png_that_claims, truth
from workflow.documents import checker, legacy, limits
from workflow.documents.inspection import archives
from workflow.documents.kinds import ending
from workflow.documents.names import clean_name
from workflow.documents.vetting import judge, slot_for

Made = Callable[[], bytes]

CASE, FORM, SCAN, MAIL, PACKAGE = (
    ("case", "案例.docx"),
    ("form", "报送表.xlsx"),
    ("scan", "扫描.pdf"),
    ("mail", "来信.eml"),
    ("package", "材料.zip"),
)
DOC, XLS, RTF, ODT, ODS = ("case", "a.doc"), ("form", "a.xls"), ("case", "a.rtf"), ("case", "a.odt"), ("form", "a.ods")
PNG, JPEG, TIFF, CSV = ("scan", "a.png"), ("scan", "a.jpg"), ("scan", "a.tif"), ("list", "a.csv")

_WORD = h.members_of(h.plain())
_NS = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
DOCTYPE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


def png_claiming(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (width + 1) * height, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_claiming(width: int, height: int) -> bytes:
    data = h.picture(kind="JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def _with_words(size: int) -> bytes:
    """A picture with so many bytes of words, packed."""
    content = b"zTXta\0\0" + zlib.compress(bytes(size), 9)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    data = h.picture()
    return data[:33] + chunk + data[33:]


SVG = b'<svg xmlns="http://www.w3.org/2000/svg">%b</svg>'


def _stream(document: pikepdf.Pdf, **more: pikepdf.Object) -> pikepdf.Object:
    made = document.make_stream(b"")
    for name, value in more.items():
        made[f"/{name}"] = value
    return made


def _pages() -> bytes:
    """A PDF whose tree of pages holds itself."""
    made = h.pdf(object_stream_mode=pikepdf.ObjectStreamMode.disable)
    at = made.index(b"/Kids [ ") + 8
    end = made.index(b" ]", at)
    return made[:at] + b"2 0 R".ljust(end - at) + made[end:]


def _nested_arrays(depth: int) -> pikepdf.Array:
    made = pikepdf.Array([])
    for _ in range(depth):
        made = pikepdf.Array([made])
    return made


@cache
def png_of_81_megapixels() -> bytes:
    return png_claiming(9000, 9000)


def overlapping() -> bytes:
    """Many entries for the same packed bytes: small on disk, huge when each is inflated."""
    return h.raw_zip([*_WORD, *((f"word/media/{n}.bin".encode(), b"\0" * 3_000_000, {"at": 0}) for n in range(3))])


def many_names_for_one() -> bytes:
    return h.raw_zip([*_WORD, (b"word/media/a.bin", b"\0" * 9_000_000, {"again": 40})])


def within(part: str, content: bytes) -> Made:
    return lambda: h.with_part(part, content)


def word(*more: tuple[bytes, bytes, dict[str, int]], **around: bytes) -> Made:
    return lambda: h.raw_zip([*_WORD, *more], **around)


def sheet(cells: str) -> Made:
    return lambda: h.filled(cells)


def merged(cells: str) -> Made:
    return lambda: h.sheet_xml(
        lambda old: old.replace(
            b"</sheetData>", f'</sheetData><mergeCells><mergeCell ref="{cells}"/></mergeCells>'.encode()
        )
    )


def formula(written: str) -> Made:
    return sheet(f'<row r="1"><c r="A1"><f>{written}</f><v>1</v></c></row>')


def rtf(inside: str, after: str = "") -> Made:
    return lambda: ("{\\rtf1\\ansi " + inside + "}" + after).encode("latin-1")


def odf(kind: str, content: str, **more: bytes) -> Made:
    """An OpenDocument file around the XML of its body."""
    spaces = " ".join(
        f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"'
        for one in ("office", "text", "table", "script", "draw")
    )
    whole = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}'
        f' xmlns:xlink="http://www.w3.org/1999/xlink"><office:body>{content}</office:body></office:document-content>'
    )
    manifest = (
        '<?xml version="1.0"?><m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<m:file-entry m:full-path="/" m:media-type=""/></m:manifest>'
    )
    parts = {"mimetype": f"application/vnd.oasis.opendocument.{kind}".encode(), "content.xml": whole.encode()}
    parts["META-INF/manifest.xml"] = manifest.encode()
    return lambda: h.zipped({**parts, **{name.replace("__", "/"): one for name, one in more.items()}})


def text(content: str, **more: bytes) -> Made:
    return odf("text", f"<office:text>{content}</office:text>", **more)


def cells(content: str) -> Made:
    table = f'<table:table table:name="表">{content}</table:table>'
    return odf("spreadsheet", f"<office:spreadsheet>{table}</office:spreadsheet>")


def nested(times: int) -> str:
    return "<w:p>" * times + "</w:p>" * times


def script(document: pikepdf.Pdf) -> pikepdf.Object:
    return document.make_indirect(h.action("JavaScript", JS=pikepdf.String("app.alert(1)")))


def pages_of_tiff(pages: int) -> bytes:
    out = io.BytesIO()
    first, *others = [Image.new("1", (8, 8)) for _ in range(pages)]
    first.save(out, "TIFF", save_all=True, append_images=others)
    return out.getvalue()


HOSTILE: dict[str, tuple[tuple[str, str], Made, str]] = {
    # 1, 2: size and name
    "nothing in it": (CASE, lambda: b"", "empty_file"),
    "more than the slot takes": (FORM, lambda: b"PK\x03\x04" + b"\0" * limits.LIMITS["form"].size, "too_large"),
    "an ending of a program": (("case", "案例.docx.exe"), h.plain, "wrong_ending"),
    "an ending behind a mark that turns it around": (("case", "案例\u202excod.exe"), h.plain, "wrong_ending"),
    "no ending": (("case", "案例"), h.plain, "wrong_ending"),
    # 3: type by content, agreeing with slot and ending
    "a program": (CASE, lambda: b"MZ" + b"\0" * 58 + b"\x80\0\0\0" + b"\0" * 64 + b"PE\0\0", "not_a_word_file"),
    "words under another name": (CASE, lambda: "只是文字".encode(), "not_a_word_file"),
    "a workbook as a case": (CASE, h.workbook, "not_a_word_file"),
    "a case as a form": (FORM, h.plain, "not_a_workbook"),
    "a Word file under the old ending": (DOC, h.plain, "wrong_ending"),
    "a GIF as a scan": (("scan", "a.gif"), lambda: h.picture(kind="GIF"), "not_a_scan"),
    "a presentation": (
        CASE,
        lambda: h.with_type(
            _MAIN, b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
        ),
        "not_a_word_file",
    ),
    "a template": (
        CASE,
        lambda: h.with_type(_MAIN, _MAIN.replace(b"document.main", b"template.main")),
        "not_a_word_file",
    ),
    "a web page as a list": (CSV, lambda: b"<html><script>1</script></html>", "has_active_part"),
    "bytes as a list": (CSV, lambda: b"a,b\0\1\2\n", "text_encoding"),
    "a program as a call": (("call", "通知.toml"), lambda: b"\x7fELF" + b"\0" * 60, "not_a_text"),
    "words as a picture": (("picture", "a.png"), lambda: b"picture", "not_a_picture"),
    "words as a mail": (MAIL, lambda: b"Hello, this is no mail.", "not_a_mail"),
    "a case as a package": (PACKAGE, h.plain, "not_a_package"),
    "a picture and an archive": (
        JPEG,
        lambda: h.picture(kind="JPEG") + h.zipped({"a.docx": h.plain()}),
        "two_kinds_at_once",
    ),
    "a picture and a PDF": (PNG, lambda: h.picture() + h.pdf(), "two_kinds_at_once"),
    "a picture and a script": (
        JPEG,
        lambda: h.picture(kind="JPEG") + b"<script>alert(1)</script>",
        "two_kinds_at_once",
    ),
    "a picture and a web page": (PNG, lambda: h.picture() + b"<html><body onload=a()>", "two_kinds_at_once"),
    "a picture and a RAR archive": (
        JPEG,
        lambda: h.picture(kind="JPEG") + b"Rar!\x1a\x07\x01\0" + b"x" * 50,
        "two_kinds_at_once",
    ),
    "a PDF and an archive": (SCAN, lambda: h.pdf() + h.zipped({"a.docx": h.plain()}), "two_kinds_at_once"),
    "a PDF behind a web page": (SCAN, lambda: b"<html>" + b" " * 90 + h.pdf(), "two_kinds_at_once"),
    "an archive that begins as a PDF": (CASE, word((b"a.pdf", b"", {}), before=b"%PDF-1.7\n"), "not_a_word_file"),
    "an archive behind a picture": (JPEG, word(before=h.picture(kind="JPEG")), "two_kinds_at_once"),
    "a Word file with a PDF in its first bytes": (
        CASE,
        lambda: h.raw_zip([(b"%PDF-1.7", b"", {}), *_WORD]),
        "two_kinds_at_once",
    ),
    "an old Word file and an archive": (DOC, lambda: h.word_97() + h.zipped({"a": b"a"}), "two_kinds_at_once"),
    # 4: archives
    "cut off": (CASE, lambda: h.plain()[:-30], "damaged"),
    "one byte changed": (CASE, lambda: bytes(h.plain()).replace(b"PK\x05\x06", b"PK\x05\x07"), "damaged"),
    "parts that overlap": (CASE, overlapping, "inconsistent_archive"),
    "one part under many entries": (CASE, many_names_for_one, "inconsistent_archive"),
    "a name twice": (CASE, word((b"word/document.xml", b"<a/>", {})), "inconsistent_archive"),
    "a name twice in capitals": (CASE, word((b"WORD/Document.xml", b"<a/>", {})), "inconsistent_archive"),
    "encrypted": (CASE, word((b"word/a.bin", b"a", {"flags": 1})), "encrypted"),
    "a link": (CASE, word((b"word/a.xml", b"/etc/passwd", {"attributes": 0o120777 << 16})), "inconsistent_archive"),
    "an absolute path": (CASE, word((b"/etc/cron.d/a", b"a", {})), "unsafe_path"),
    "a path upwards": (CASE, word((b"word/../../a", b"a", {})), "unsafe_path"),
    "a path of Windows": (CASE, word((b"C:\\a.xml", b"a", {})), "unsafe_path"),
    "something before the archive": (CASE, word(before=b"PK\x03\x04" + b"\0" * 60), "inconsistent_archive"),
    "something behind the archive": (CASE, word(after=b"MZ" * 40), "inconsistent_archive"),
    "a web page as the archive's comment": (
        CASE,
        lambda: _commented(h.plain(), b"<script>alert(1)</script>"),
        "inconsistent_archive",
    ),
    "a web page between two parts": (
        CASE,
        lambda: _with_gap(h.plain(), b"<html><script>1</script></html>"),
        "inconsistent_archive",
    ),
    "two archives in a row": (CASE, lambda: h.zipped({"a.txt": b"a"}) + h.plain(), "inconsistent_archive"),
    "a part that says it is smaller": (CASE, word((b"word/a.bin", b"\0" * 5_000_000, {"size": 10})), "damaged"),
    "a part that says it is small and is not": (
        CASE,
        word((b"word/a.bin", b"\0" * 150_000_000, {"size": 10})),
        "inflates_too_far",
    ),
    "a bomb": (CASE, word((b"word/media/a.bmp", b"\0" * 200_000_000, {})), "inflates_too_far"),
    "a bomb in many parts": (
        CASE,
        word(*((f"word/media/{n}.bmp".encode(), b"\0" * 9_000_000, {}) for n in range(15))),
        "inflates_too_far",
    ),
    "too many parts": (CASE, word(*((f"word/{n}".encode(), b"", {}) for n in range(2001))), "too_many_parts"),
    "an archive inside": (CASE, within("word/media/a.bin", h.zipped({"a": b"a"})), "archive_inside"),
    "a RAR archive inside": (CASE, within("word/media/a.bin", b"Rar!\x1a\x07\x01\0" + b"a" * 50), "archive_inside"),
    "a 7z archive inside": (CASE, within("word/media/a.bin", b"7z\xbc\xaf\x27\x1c\0\4" + b"a" * 50), "archive_inside"),
    "a program inside": (CASE, within("word/media/a.exe", b"a"), "has_active_part"),
    # 5: XML
    "a document type": (CASE, within("customXml/item9.xml", f"{DOCTYPE}<a>&b;</a>".encode()), "has_doctype"),
    "a document type in UTF-16": (
        CASE,
        within("customXml/item9.xml", f'<?xml version="1.0" encoding="utf-16"?>{DOCTYPE}<a/>'.encode("utf-16")),
        "has_doctype",
    ),
    "a document type behind a long comment": (
        CASE,
        within("word/settings2.xml", b"<!--" + b"x" * 700_000 + b"-->" + DOCTYPE.encode() + b"<a/>"),
        "has_doctype",
    ),
    "a document type in quotes in UTF-16": (
        CASE,
        within("docProps/a.xml", "<?b '<a>' ?><!DOCTYPE\n a \"'>\" ><a/>".encode("utf-16")),
        "damaged_part",
    ),
    "a document type in a part of another name": (
        CASE,
        within("word/media/a.png", DOCTYPE.encode() + b"<a/>"),
        "has_doctype",
    ),
    "a document type in a drawing": (CASE, within("word/media/a.svg", DOCTYPE.encode() + b"<a/>"), "has_doctype"),
    "a document type in relations": (
        CASE,
        lambda: h.edited(
            h.plain(), {"_rels/.rels": lambda old: old.replace(b"<Relationships", b"<!DOCTYPE a><Relationships", 1)}
        ),
        "has_doctype",
    ),
    "entities within entities": (
        FORM,
        lambda: h.edited(
            h.workbook(),
            {
                "xl/styles.xml": lambda old: (
                    b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]>' + old[old.index(b"<styleSheet") :]
                )
            },
        ),
        "has_doctype",
    ),
    "another encoding": (
        CASE,
        within("word/a.xml", b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>'),
        "damaged_part",
    ),
    "an XML of four bytes a character": (CASE, within("word/a.xml", f"{DOCTYPE}<a/>".encode("utf-32")), "damaged_part"),
    "elements in elements": (CASE, lambda: h.with_body(nested(201)), "too_deep"),
    "elements in elements, a hundred thousand deep": (CASE, lambda: h.with_body(nested(100_000)), "too_deep"),
    "a million paragraphs": (CASE, lambda: h.with_body("<w:p/>" * 1_000_000), "too_many_elements"),
    "a million attributes": (
        CASE,
        lambda: h.with_body("<w:p " + " ".join(f"a{n}=''" for n in range(1_000_000)) + "/>"),
        "too_many_elements",
    ),
    "XML that is none": (CASE, within("word/a.xml", b"<a><b></a>"), "damaged_part"),
    # 6: Office Open XML
    "a picture from elsewhere": (CASE, lambda: h.related("image", "http://example.org/a.png"), "has_external_link"),
    "a link to a file": (CASE, lambda: h.related("hyperlink", "file:///C:/a.exe"), "has_external_link"),
    "a link to a share": (CASE, lambda: h.related("hyperlink", "\\\\host\\share\\a.exe"), "has_external_link"),
    "a link to a handler": (CASE, lambda: h.related("hyperlink", "ms-msdt:/id PCWDiagnostic"), "has_external_link"),
    "a link to a script": (CASE, lambda: h.related("hyperlink", "java&#9;script:alert(1)"), "has_external_link"),
    "a frame": (CASE, lambda: h.related("frame", "http://example.org/"), "has_external_link"),
    "a template from elsewhere": (
        CASE,
        lambda: h.related("attachedTemplate", "http://example.org/a.dotm", of="word/settings.xml"),
        "has_template",
    ),
    "a template of this machine": (
        CASE,
        lambda: h.related("attachedTemplate", "file:///C:/a.dotx", of="word/settings.xml"),
        "has_template",
    ),
    "a file put in whole": (
        CASE,
        lambda: h.related("aFChunk", "a.html", external=False, data=b"<html/>"),
        "has_inserted_file",
    ),
    "a mark for a file put in whole": (CASE, lambda: h.with_body("<w:altChunk/>"), "has_inserted_file"),
    "a sub-document": (CASE, lambda: h.related("subDocument", "http://example.org/a.docx"), "has_external_link"),
    "an object": (
        CASE,
        lambda: h.related(
            "oleObject", "embeddings/oleObject1.bin", external=False, data=h.compound({"\x01Ole10Native": b"a"})
        ),
        "has_embedded_object",
    ),
    "an object from elsewhere": (
        CASE,
        lambda: h.related("oleObject", "http://example.org/a.doc"),
        "has_embedded_object",
    ),
    "an object that nobody relates to": (
        CASE,
        within("word/media/a.bin", h.compound({"Package": b"a"})),
        "has_embedded_object",
    ),
    "a workbook that is no chart's": (
        CASE,
        lambda: h.related("package", "embeddings/a.xlsx", external=False, data=h.workbook()),
        "has_embedded_object",
    ),
    "a chart with a workbook elsewhere": (
        CASE,
        lambda: h.with_chart("http://example.org/a.xlsx", external=True),
        "has_embedded_object",
    ),
    "a control": (
        CASE,
        lambda: h.related("control", "activeX/activeX1.xml", external=False, data=b"<a/>"),
        "has_control",
    ),
    "macros": (
        CASE,
        lambda: h.related("vbaProject", "vbaProject.bin", external=False, data=h.compound({"VBA/dir": b"a"})),
        "has_macros",
    ),
    "macros that nobody relates to": (CASE, within("word/vbaProject.bin", h.compound({"VBA/dir": b"a"})), "has_macros"),
    "the type of a file with macros": (
        CASE,
        lambda: h.with_type(_MAIN, b"application/vnd.ms-word.document.macroEnabled.main+xml"),
        "has_macros",
    ),
    "a ribbon of its own": (
        CASE,
        lambda: h.related("extensibility", "customUI.xml", external=False, data=b"<a/>"),
        "has_macros",
    ),
    "a program of the web": (
        CASE,
        lambda: h.related("webextension", "a.xml", external=False, data=b"<a/>"),
        "has_active_part",
    ),
    "a data source": (
        CASE,
        lambda: h.related("mailMergeSource", "file:///C:/a.mdb", of="word/settings.xml"),
        "has_data_connection",
    ),
    "a drawing that is fetched": (
        CASE,
        lambda: h.with_body(
            '<w:p><w:r><w:pict><v:rect xmlns:v="urn:schemas-microsoft-com:vml"><v:fill src="http://example.org/a.png"/></v:rect></w:pict></w:r></w:p>'
        ),
        "has_external_link",
    ),
    "DDE": (CASE, lambda: h.with_field(' DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc" '), "has_active_field"),
    "DDE split over runs": (CASE, lambda: h.with_field("D", "DE", "AU", "TO c:\\\\cmd.exe"), "has_active_field"),
    "DDE in small letters": (CASE, lambda: h.with_field(" ddeauto cmd"), "has_active_field"),
    "DDE in a header": (CASE, lambda: h.with_field("DD", "E cmd", where="header"), "has_active_field"),
    "DDE in a simple field": (CASE, lambda: h.simple_field(" DDE cmd "), "has_active_field"),
    "DDE that was deleted": (CASE, lambda: h.with_field("DDE cmd", kind="delInstrText"), "has_active_field"),
    "DDE out of a field inside": (CASE, lambda: h.with_field("{ QUOTE 68 68 69 =>DDE}", " cmd"), "has_active_field"),
    "DDE out of numbers only": (CASE, lambda: h.with_field("{ QUOTE 68 68 69 =>}", " cmd"), "has_active_field"),
    "a text from elsewhere": (CASE, lambda: h.with_field(' INCLUDETEXT "\\\\\\\\host\\\\a.docx"'), "has_active_field"),
    "a picture from elsewhere by a field": (
        CASE,
        lambda: h.with_field(' INCLUDEPICTURE "http://example.org/a"'),
        "has_active_field",
    ),
    "a link of objects": (CASE, lambda: h.with_field(" LINK Excel.Sheet.12 a.xlsx"), "has_active_field"),
    "a link to a file by a field": (CASE, lambda: h.with_field(' HYPERLINK "file:///C:/a.exe"'), "has_external_link"),
    "a workbook's link": (
        FORM,
        lambda: h.edited(
            h.workbook(),
            {
                "xl/_rels/workbook.xml.rels": lambda old: old.replace(
                    b"</Relationships>",
                    b'<Relationship Id="r9" Type="x/externalLink" Target="externalLinks/externalLink1.xml"/></Relationships>',
                )
            },
        ),
        "has_external_link",
    ),
    "a macro sheet": (
        FORM,
        lambda: h.edited(
            h.workbook(),
            {
                "xl/_rels/workbook.xml.rels": lambda old: old.replace(
                    b"</Relationships>",
                    b'<Relationship Id="r9" Type="http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet" Target="a.xml"/></Relationships>',
                )
            },
        ),
        "has_macros",
    ),
    "a connection": (
        FORM,
        lambda: h.with_part(
            "xl/connections.xml",
            b'<connections xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><connection><dbPr connection="x"/></connection></connections>',
            h.workbook(),
        ),
        "has_data_connection",
    ),
    "a formula that calls a program": (FORM, formula("cmd|' /C calc'!A0"), "has_active_field"),
    "a formula that calls a program, in a name": (
        FORM,
        lambda: h.edited(
            h.workbook(),
            {
                "xl/workbook.xml": lambda old: old.replace(
                    b"<sheets>",
                    b"<definedNames><definedName name=\"a\">MSEXCEL|'..\\cmd.exe'!A0</definedName></definedNames><sheets>",
                )
            },
        ),
        "has_active_field",
    ),
    "a formula that fetches": (FORM, formula("WEBSERVICE(&quot;http://example.org&quot;)"), "has_active_field"),
    "a formula's link to a file": (
        FORM,
        formula("HYPERLINK(&quot;fi&quot;&amp;&quot;le:///c:/a.exe&quot;,&quot;x&quot;)"),
        "has_external_link",
    ),
    "a formula's picture from elsewhere": (
        FORM,
        formula("_xlfn.IMAGE(&quot;http://example.org/a.png&quot;)"),
        "has_active_field",
    ),
    "a drawing that runs": (CASE, within("word/media/a.svg", SVG % b"<script>alert(1)</script>"), "has_active_part"),
    "a drawing with a picture from elsewhere": (
        CASE,
        within("word/media/a.svg", SVG % b'<image href="http://example.org/a.png"/>'),
        "has_external_link",
    ),
    "a share, said to lie outside with blanks": (
        CASE,
        lambda: h.edited(
            h.plain(),
            {
                "word/_rels/document.xml.rels": lambda old: old.replace(
                    b"</Relationships>",
                    b'<Relationship Id="rX9" Type="x/image" Target="\\\\host\\a" TargetMode=" External "/></Relationships>',
                )
            },
        ),
        "has_external_link",
    ),
    # 7: sheets
    "one cell in the last corner": (
        FORM,
        sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "cell_outside",
    ),
    "one empty cell in the last corner": (
        FORM,
        sheet('<row r="1048576"><c r="XFD1048576" s="1"/></row>'),
        "cell_outside",
    ),
    "a cell far down": (FORM, sheet('<row r="5001"><c r="A5001"><v>1</v></c></row>'), "cell_outside"),
    "a cell far right": (
        FORM,
        sheet('<row r="1"><c r="IW1" t="inlineStr"><is><t>a</t></is></c></row>'),
        "cell_outside",
    ),
    "a formula over the whole sheet": (
        FORM,
        sheet('<row r="1"><c r="A1"><f t="array" ref="A1:XFD1048576">1</f></c></row>'),
        "cell_outside",
    ),
    "a merge of the whole sheet": (FORM, merged("A1:XFD1048576"), "merge_too_large"),
    "a merge one cell too large": (FORM, merged("A1:A1001"), "merge_too_large"),
    "a million cells": (FORM, sheet('<row r="1">' + "<c/>" * 1_000_000 + "</row>"), "too_many_elements"),
    "a list far down": (CSV, lambda: b"a\n" * 5001, "cell_outside"),
    # 8: pictures
    "65,535 × 65,535": (JPEG, lambda: jpeg_claiming(65_535, 65_535), "too_many_pixels"),
    "words of a picture that are a bomb": (PNG, lambda: _with_words(300_000_000), "damaged"),
    "81 megapixels": (PNG, png_of_81_megapixels, "too_many_pixels"),
    "81 megapixels in a case": (
        CASE,
        lambda: h.with_part("word/media/a.png", png_of_81_megapixels()),
        "too_many_pixels",
    ),
    "30,000 × 30,000": (PNG, lambda: png_that_claims(30_000, 30_000), "too_many_pixels"),
    "30,000 × 30,000 in a case": (
        CASE,
        lambda: h.with_part("word/media/a.png", png_that_claims(30_000, 30_000)),
        "too_many_pixels",
    ),
    "30,000 × 30,000 in a form": (
        FORM,
        lambda: h.edited(h.workbook(), {"xl/media/a.png": png_that_claims(30_000, 30_000)}),
        "too_many_pixels",
    ),
    "400 megapixels": (PNG, lambda: png_that_claims(20_000, 20_000), "too_many_pixels"),
    "a picture cut off": (JPEG, lambda: h.picture(400, 300, "JPEG")[:-300], "damaged"),
    "a picture of nothing": (TIFF, lambda: b"II*\0\x08\0\0\0\xff\xff" + b"\0" * 40, "damaged"),
    "a TIFF of 301 pages": (TIFF, lambda: pages_of_tiff(301), "too_many_pages"),
    # 9: PDF
    "a PDF cut off": (SCAN, lambda: h.pdf()[:-10], "damaged"),
    "a PDF with a password": (SCAN, lambda: h.pdf(encryption=pikepdf.Encryption(owner="a", user="b")), "encrypted"),
    "a PDF that may not be printed": (
        SCAN,
        lambda: h.pdf(encryption=pikepdf.Encryption(owner="a", user="")),
        "encrypted",
    ),
    "a script when opened": (SCAN, lambda: h.pdf_with({"/OpenAction": script}), "has_script"),
    "a script as a stream": (
        SCAN,
        lambda: h.pdf_with({"/OpenAction": lambda one: h.action("JavaScript", JS=one.make_stream(b"app.alert(1)"))}),
        "has_script",
    ),
    "a script on a page": (
        SCAN,
        lambda: h.pdf_with(page={"/AA": lambda one: pikepdf.Dictionary(O=script(one))}),
        "has_script",
    ),
    "a script among names": (
        SCAN,
        lambda: h.pdf_with(
            {
                "/Names": lambda one: pikepdf.Dictionary(
                    JavaScript=pikepdf.Dictionary(Names=[pikepdf.String("a"), script(one)])
                )
            }
        ),
        "has_script",
    ),
    "a script under another spelling": (
        SCAN,
        lambda: h.pdf(
            lambda one: one.Root.__setitem__("/OpenAction", h.action("JavaScript", JS=pikepdf.String("a"))),
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
        ).replace(b"/JavaScript", b"/J#61vaScript"),
        "has_script",
    ),
    "a dynamic form": (
        SCAN,
        lambda: h.pdf_with({"/AcroForm": lambda one: pikepdf.Dictionary(XFA=one.make_stream(b"<a/>"), Fields=[])}),
        "has_script",
    ),
    "a program to launch": (
        SCAN,
        lambda: h.pdf_with({"/OpenAction": h.action("Launch", F=pikepdf.String("cmd.exe"))}),
        "has_launch",
    ),
    "a file attached": (SCAN, h.with_attachment, "has_attachment"),
    "a film": (
        SCAN,
        lambda: h.pdf_with(
            page={
                "/Annots": lambda one: pikepdf.Array(
                    [pikepdf.Dictionary(Type=pikepdf.Name("/Annot"), Subtype=pikepdf.Name("/RichMedia"))]
                )
            }
        ),
        "has_active_part",
    ),
    "a link to a file in a PDF": (
        SCAN,
        lambda: h.pdf_with({"/OpenAction": h.action("URI", URI=pikepdf.String("file:///etc/passwd"))}),
        "has_external_link",
    ),
    "another file on a share": (
        SCAN,
        lambda: h.pdf_with({"/OpenAction": h.action("GoToR", F=pikepdf.Dictionary(F=pikepdf.String("\\\\host\\a")))}),
        "has_external_link",
    ),
    "a stream that lies elsewhere": (
        SCAN,
        lambda: h.pdf_with(page={"/Contents": lambda one: _stream(one, F=pikepdf.String("\\\\host\\a"))}),
        "has_external_link",
    ),
    "a page of another file": (
        SCAN,
        lambda: h.pdf_with(page={"/X": lambda one: _stream(one, Ref=pikepdf.Dictionary(F=pikepdf.String("a")))}),
        "has_external_link",
    ),
    "a link to a share in a PDF": (
        SCAN,
        lambda: h.pdf_with({"/OpenAction": h.action("URI", URI=pikepdf.String("smb://host/a"))}),
        "has_external_link",
    ),
    "one page without end": (SCAN, _pages, "damaged"),
    "arrays in arrays": (SCAN, lambda: h.pdf_with({"/X": _nested_arrays(200)}), "too_deep"),
    "301 pages": (SCAN, lambda: h.pdf(pages=301), "too_many_pages"),
    # Word 97, Excel 97
    "an old container of nothing": (DOC, lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4000, "damaged"),
    "another program's container": (DOC, lambda: h.compound({"Contents": b"a"}), "not_a_word_file"),
    "an old Word file with a password": (DOC, lambda: h.word_97(flags=1), "encrypted"),
    "a new file with a password": (
        CASE,
        lambda: h.compound({"EncryptionInfo": b"a", "EncryptedPackage": b"a"}),
        "encrypted",
    ),
    "old macros": (DOC, lambda: h.word_97(Macros__VBA__dir=b"a"), "has_macros"),
    "an old object": (DOC, lambda: h.word_97(ObjectPool___123__Contents=b"a"), "has_embedded_object"),
    "a packed file": (
        DOC,
        lambda: h.compound({"WordDocument": h.WORD_97, "\x01Ole10Native": b"a"}),
        "has_embedded_object",
    ),
    "old DDE": (DOC, lambda: h.word_97(b"\x13 DDEAUTO c:\\cmd.exe \x14x\x15"), "has_active_field"),
    "old DDE in two bytes a character": (
        DOC,
        lambda: h.word_97("\x13 ddeauto cmd \x14x\x15".encode("utf-16-le")),
        "has_active_field",
    ),
    "both old kinds": (DOC, lambda: h.word_97(Workbook=b"a"), "two_kinds_at_once"),
    "old macros of Excel": (XLS, lambda: h.excel_97(**{"_VBA_PROJECT_CUR/VBA/dir": b"a"}), "has_macros"),
    "an old macro sheet": (XLS, lambda: h.excel_97(h.record(0x85, b"\0\0\0\0\0\1\1\0a")), "has_macros"),
    "an old workbook with a password": (XLS, lambda: h.excel_97(h.record(0x2F, b"\0" * 54)), "encrypted"),
    "an old link": (XLS, lambda: h.excel_97(h.record(0x1AE, b"\1\0\7\0\0\1\1cmd\3x")), "has_external_link"),
    "an old object of Excel": (XLS, lambda: h.excel_97(MBD0012AB34=b"a"), "has_embedded_object"),
    "an old cell far away": (
        XLS,
        lambda: h.excel_97(h.record(0x203, struct.pack("<HHHd", 65535, 255, 0, 1.0))),
        "cell_outside",
    ),
    "an old merge": (
        XLS,
        lambda: h.excel_97(h.record(0xE5, struct.pack("<HHHHH", 1, 0, 65535, 0, 255))),
        "merge_too_large",
    ),
    "old DDE in pieces": (DOC, lambda: h.in_pieces(b"\x13 DDE", b"AUTO c:\\cmd.exe \x14x\x15"), "has_active_field"),
    "an old link to a share": (
        DOC,
        lambda: h.in_pieces(b'\x13 HYPERLINK "\\\\host', b'\\a" \x14x\x15'),
        "has_external_link",
    ),
    "a table in a ring": (DOC, lambda: h.in_pieces(*[b"x"] * 1200)[:-512], "damaged"),
    "an older workbook beside the old one": (
        XLS,
        lambda: h.excel_97(Book=h.record(0x809, struct.pack("<HHHHII", 0x600, 0x40, 0, 0, 0, 6))),
        "has_macros",
    ),
    # RTF
    "an object in RTF": (RTF, rtf("{\\object\\objemb{\\*\\objdata 0105}}"), "has_embedded_object"),
    "an object in RTF behind binary data": (RTF, rtf("{\\pict\\bin99 {\\*\\objdata 01}}"), "has_embedded_object"),
    "a template in RTF": (RTF, rtf("{\\*\\template http://example.org/a}"), "has_template"),
    "a template in RTF, plainly": (RTF, rtf("{\\template http://example.org/a}"), "has_template"),
    "a file that RTF includes": (RTF, rtf("\\subdocument1"), "has_external_link"),
    "DDE in RTF, written twice": (
        RTF,
        rtf("{\\field{\\*\\fldinst{\\upr{x}{\\*\\ud{DDEAUTO cmd}}}}{\\fldrslt a}}"),
        "has_active_field",
    ),
    "DDE in RTF": (RTF, rtf("{\\field{\\*\\fldinst DDEAUTO cmd}{\\fldrslt a}}"), "has_active_field"),
    "DDE in RTF in pieces": (
        RTF,
        rtf("{\\field{\\*\\fldinst {\\b D}{\\i D}\\'45\\u65 ?UTO cmd}{\\fldrslt a}}"),
        "has_active_field",
    ),
    "groups in groups": (RTF, rtf("{" * 300 + "}" * 300), "too_deep"),
    "RTF and more": (RTF, rtf("a", "<html>"), "two_kinds_at_once"),
    "a million paragraphs of RTF": (RTF, lambda: rtf("\\par" * 1_000_000)(), "too_many_elements"),
    "half of RTF": (RTF, lambda: b"{\\rtf1 {a}", "damaged"),
    # OpenDocument
    "a document type in ODT": (ODT, text("", **{"meta.xml": DOCTYPE.encode() + b"<a/>"}), "has_doctype"),
    "macros in ODT": (ODT, text("", Basic__Standard__Module1=b"<a/>"), "has_macros"),
    "a script in ODT": (ODT, text("", Scripts__python__a=b"a"), "has_macros"),
    "an event in ODT": (ODT, text('<script:event-listener xlink:href="vnd.sun.star.script:a"/>'), "has_macros"),
    "a picture from elsewhere in ODT": (
        ODT,
        text('<draw:image xlink:href="http://example.org/a.png"/>'),
        "has_external_link",
    ),
    "a section from elsewhere": (
        ODT,
        text('<text:section-source xlink:href="file:///etc/passwd"/>'),
        "has_external_link",
    ),
    "a link to a file in ODT": (ODT, text('<text:a xlink:href="file:///C:/a.exe">a</text:a>'), "has_external_link"),
    "DDE in ODT": (ODT, text("<office:dde-source/>"), "has_active_field"),
    "an object in ODT": (ODT, text('<draw:object-ole xlink:href="./a"/>', a=b"a"), "has_embedded_object"),
    "an old object in ODT": (ODT, text("", **{"Object 1": h.compound({"Package": b"a"})}), "has_embedded_object"),
    "ODT with a password": (
        ODT,
        lambda: h.edited(
            text("")(),
            {
                "META-INF/manifest.xml": lambda old: old.replace(
                    b'media-type=""/>', b'media-type=""><m:encryption-data/></m:file-entry>'
                )
            },
        ),
        "encrypted",
    ),
    "a presentation of OpenDocument": (ODT, odf("presentation", ""), "not_a_word_file"),
    "a cell far away in ODS": (
        ODS,
        cells(
            '<table:table-row table:number-rows-repeated="1048575"/><table:table-row><table:table-cell table:number-columns-repeated="16383"/><table:table-cell><text:p>a</text:p></table:table-cell></table:table-row>'
        ),
        "cell_outside",
    ),
    "a cell a million times": (
        ODS,
        cells(
            '<table:table-row table:number-rows-repeated="1048576"><table:table-cell office:value-type="string"/></table:table-row>'
        ),
        "cell_outside",
    ),
    "a merge in ODS": (
        ODS,
        cells(
            '<table:table-row><table:table-cell table:number-rows-spanned="2000" table:number-columns-spanned="16384"/></table:table-row>'
        ),
        "merge_too_large",
    ),
    "DDE in ODS": (
        ODS,
        cells(
            '<table:table-row><table:table-cell table:formula="of:=DDE(&quot;soffice&quot;;&quot;a&quot;)"/></table:table-row>'
        ),
        "has_active_field",
    ),
    # mails and packages
    "a bad file in a mail": (MAIL, lambda: h.mail(("案例.docx", h.with_field("DDE cmd"))), "has_active_field"),
    "a program in a mail": (MAIL, lambda: h.mail(("发票.exe", b"MZ")), "unknown_paper"),
    "an archive of another kind in a mail": (
        MAIL,
        lambda: h.mail(("材料.rar", b"Rar!\x1a\x07\x01\0")),
        "unknown_paper",
    ),
    "only Outlook reads it": (MAIL, lambda: h.mail(("winmail.dat", b"\x78\x9f\x3e\x22")), "winmail_dat"),
    "a mail in a mail in a mail": (MAIL, lambda: h.forwarded(12), "mail_too_deep"),
    "a mail in a mail, a thousand times": (MAIL, lambda: h.forwarded_bare(1000), "mail_too_deep"),
    "too many files in a mail": (
        MAIL,
        lambda: h.mail(*((f"{n}.txt", b"a") for n in range(61))),
        "too_many_attachments",
    ),
    "a mail of headers": (
        MAIL,
        lambda: h.mail().replace(b"\n\n", b"\nX-A: " + b"a" * 70_000 + b"\n\n", 1),
        "headers_too_long",
    ),
    "a mail with a bad archive": (
        MAIL,
        lambda: h.mail(("材料.zip", h.zipped({"a.docx": h.with_field("DDE cmd")}))),
        "has_active_field",
    ),
    "a bad file in a package": (
        PACKAGE,
        lambda: h.zipped({"案例.docx": h.plain(), "表.xlsx": h.filled('<row><c r="XFD1048576"><v>1</v></c></row>')}),
        "cell_outside",
    ),
    "an archive in a package": (
        PACKAGE,
        lambda: h.zipped({"a.zip": h.zipped({"a.docx": h.plain()})}),
        "archive_inside",
    ),
    "an archive in a package under another name": (
        PACKAGE,
        lambda: h.zipped({"案例.docx": h.zipped({"a.docx": h.plain()})}),
        "not_a_word_file",
    ),
    "a path upwards in a package": (PACKAGE, lambda: h.zipped({"../案例.docx": h.plain()}), "unsafe_path"),
    "a program in a package": (PACKAGE, lambda: h.zipped({"案例.docx": h.plain(), "a.exe": b"MZ"}), "unknown_paper"),
    "a part under another name for other programs": (
        PACKAGE,
        lambda: h.named_twice(b"a.docx", "发票.exe", h.plain()),
        "inconsistent_archive",
    ),
    "a paper that other programs take for a program": (
        PACKAGE,
        lambda: h.named_twice("案例.docx".encode("gbk"), "发票.exe", h.plain()),
        "unknown_paper",
    ),
    "something behind the long end": (PACKAGE, lambda: h.long_end(b"<html>"), "inconsistent_archive"),
    "an end that tells of parts without end": (PACKAGE, lambda: h.long_end(b"", count=2**63), "too_many_parts"),
    "an empty package": (PACKAGE, lambda: h.zipped({"__MACOSX/._a": b"a"}), "empty_package"),
}

HARMLESS: dict[str, tuple[tuple[str, str], Made, str]] = {
    "words that name what is refused": (CASE, h.plain, "accept"),
    "most of what people put into a case": (CASE, h.ordinary, "accept"),
    "the same from WPS": (("case", "案例.wps"), h.ordinary, "accept"),
    "a chart with its workbook": (CASE, h.with_chart, "sanitised"),
    "a name of GBK bytes": (("case", "案例（终稿）.docx".encode("gbk").decode("utf-8", "surrogateescape")), h.plain, "accept"),
    "a name that turns around": (("case", "案例\u202excod\u202c.docx"), h.plain, "accept"),
    "199 elements deep": (CASE, lambda: h.with_body("<w:p>" + "<w:sdt>" * 190 + "</w:sdt>" * 190 + "</w:p>"), "accept"),
    "fifty thousand runs": (CASE, lambda: h.with_body("<w:p>" + "<w:r><w:t>字</w:t></w:r>" * 50_000 + "</w:p>"), "accept"),
    "a document type in words": (CASE, within("customXml/item9.xml", b"<a b='&lt;!DOCTYPE'><![CDATA[<!DOCTYPE a>]]><!-- <!DOCTYPE --></a>"), "accept"),
    "a drawing that Excel wrote badly": (CASE, within("word/vmlDrawing1.vml", b"<xml><br></xml>"), "accept"),
    "an archive made as a stream": (CASE, lambda: _streamed(h.plain()), "accept"),
    "an archive with long numbers": (CASE, lambda: _long(h.plain()), "accept"),
    "an archive with a comment": (CASE, lambda: _commented(h.plain(), "由 WPS 生成".encode()), "accept"),
    "an empty part": (CASE, within("customXml/item7.xml", b""), "accept"),
    "an archive with folders": (CASE, lambda: h.raw_zip([(b"word/", b"", {}), *_WORD]), "accept"),
    "a compressible part of 9 MB": (CASE, word((b"word/media/a.bmp", b"BM" + b"\0" * 9_000_000, {})), "accept"),
    "a field for a date": (CASE, lambda: h.with_field(' DATE \\@ "yyyy年M月d日" '), "accept"),
    "a place to write": (CASE, lambda: h.with_field(" MACROBUTTON NoMacro [点此输入] "), "accept"),
    "a link without its beginning": (CASE, lambda: h.related("hyperlink", "www.example.cn"), "accept"),
    "a word that begins like one": (CASE, lambda: h.simple_field(" LINKED "), "accept"),
    "most of what people put into a form": (FORM, h.ordinary_workbook, "accept"),
    "the same under .et": (("form", "报送表.et"), h.ordinary_workbook, "accept"),
    "a merge of exactly so many": (FORM, merged("A1:A1000"), "accept"),
    "the last cell of the area": (FORM, sheet('<row r="5000"><c r="IV5000"><v>1</v></c></row>'), "accept"),
    "a border down to the end": (FORM, sheet('<row r="1048576"><c r="A1048576" s="1"/></row>'), "accept"),
    "a border to the right end": (FORM, sheet('<row r="1"><c r="XFD1" s="1"/></row>'), "accept"),
    "a list": (CSV, lambda: "编号,案例名称\n1,=1+1\n".encode(), "accept"),
    "a list from Excel in China": (CSV, lambda: "编号,案例名称\n1,一份\n".encode("gb18030"), "accept"),
    "a call": (("call", "通知.toml"), lambda: b'number = "2021-205"', "accept"),
    "an old Word file": (DOC, h.word_97, "accept"),
    "an old Word file with an empty pool": (DOC, lambda: h.word_97(b"\x13 PAGE \x14 1\x15 DDEAUTO"), "accept"),
    "an old Word file with its theme": (DOC, lambda: h.word_97(b"DDE" + h.zipped({"theme": b"a"}) + b"\0" * 99), "accept"),
    "an old workbook": (XLS, lambda: h.excel_97(h.record(0x1AE, b"\1\0\1\4"), h.record(0x203, struct.pack("<HHHd", 9, 9, 0, 1.0))), "accept"),
    "RTF": (RTF, rtf("{\\field{\\*\\fldinst HYPERLINK \"https://example.cn\"}{\\fldrslt a}} objdata \\'b0\\'b8{\\*\\themedata 504b0304}", "\n"), "accept"),
    "RTF as .doc": (DOC, rtf("a"), "accept"),
    "ODT": (ODT, text('<text:a xlink:href="https://example.cn">a</text:a><draw:image xlink:href="Pictures/a.png"/>', **{"Pictures__a.png": h.picture()}), "accept"),
    "ODT with what LibreOffice leaves in it": (
        ODT,
        lambda: h.edited(
            text("", **{"Configurations2__accelerator__current.xml": b"", "layout-cache": b"\1\0"})(),
            {
                "META-INF/manifest.xml": lambda old: old.replace(
                    b"</m:manifest>",
                    b'<m:file-entry m:full-path="layout-cache" m:media-type="application/binary"/></m:manifest>',
                )
            },
        ),
        "accept",
    ),
    "ODS": (ODS, cells('<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'), "accept"),
    "a PDF": (SCAN, h.pdf, "accept"),
    "300 pages": (SCAN, lambda: h.pdf(pages=300), "accept"),
    "a PDF that opens on its first page": (SCAN, lambda: h.pdf_with({"/OpenAction": lambda one: pikepdf.Array([one.pages[0].obj, pikepdf.Name("/Fit")])}), "accept"),
    "a PDF with a link": (SCAN, lambda: h.pdf_with({"/A": h.action("URI", URI=pikepdf.String("https://example.cn"))}), "accept"),
    "a PDF that names a font JS": (SCAN, lambda: h.pdf_with(page={"/Resources": lambda one: pikepdf.Dictionary(Font=pikepdf.Dictionary(JS=one.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name("/Font")))))}), "accept"),
    "a PDF with a line behind its end": (SCAN, lambda: h.pdf() + b"\r\n\0\0", "accept"),
    "a photograph": (JPEG, h.with_exif, "accept"),
    "40 megapixels": (PNG, lambda: png_claiming(8000, 5000), "accept"),
    "a TIFF of some pages": (TIFF, lambda: pages_of_tiff(12), "accept"),
    "a mail": (MAIL, lambda: h.mail(("案例.docx", h.plain()), ("扫描.pdf", h.pdf()), ("说明.txt", "见附件".encode())), "accept"),
    "a mail with an archive": (MAIL, lambda: h.mail(("材料.zip", h.zipped({"案例.docx": h.plain()}))), "accept"),
    "a mail as a file in a mail": (MAIL, lambda: h.mail(("原件.eml", h.mail(("案例.docx", h.plain())))), "accept"),
    "a mail with an invitation and drawings": (MAIL, h.mail_with_drawings, "accept"),
    "a mail that was forwarded": (MAIL, lambda: h.forwarded(2), "accept"),
    "a mail with a chart": (MAIL, lambda: h.mail(("案例.docx", h.with_chart())), "sanitised"),
    "a package with names in two encodings": (PACKAGE, lambda: h.named_twice("案例.docx".encode("gbk"), "案例.docx", h.plain()), "accept"),
    "a package with a long end": (PACKAGE, lambda: h.long_end(b""), "accept"),
    "an old Word file in pieces": (DOC, lambda: h.in_pieces(b"\x13 HYPERLINK ", b'"https://example.cn" \x14a\x15'), "accept"),
    "a formula with a link": (FORM, formula("HYPERLINK(&quot;https://example.cn&quot;,&quot;File: a&quot;)"), "accept"),
    "a drawing": (CASE, within("word/media/a.svg", SVG % b'<image href="data:image/png;base64,AA=="/>'), "accept"),
    "a package": (PACKAGE, lambda: h.zipped({"一/案例.docx": h.plain(), "一/报送表.xlsx": h.workbook(), "一/扫描.pdf": h.pdf(), "__MACOSX/._a": b"a", ".DS_Store": b"a"}), "accept"),
}  # fmt: skip


def _commented(data: bytes, comment: bytes) -> bytes:
    return data[:-2] + struct.pack("<H", len(comment)) + comment


def _with_gap(data: bytes, gap: bytes) -> bytes:
    """The archive with something between its last member and its directory."""
    [at] = struct.unpack_from("<I", data, len(data) - 6)
    return data[:at] + gap + data[at:-6] + struct.pack("<I", at + len(gap)) + data[-2:]


def _streamed(data: bytes) -> bytes:
    """The archive as a program writes it that cannot go back: sizes follow each member."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, more) -> int:
            self.written += more
            return len(more)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content, _ in h.members_of(data):
            new.writestr(name.decode(), content)
    return bytes(pipe.written)


def _long(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content, _ in h.members_of(data):
            with new.open(zipfile.ZipInfo(name.decode()), "w", force_zip64=True) as member:
                member.write(content)
    return out.getvalue()


# ---- what is refused, what is taken, and at what cost ----------------------------------------------------------------


MEASURED = """import sys, json; sys.path += json.loads(sys.argv[1])
import workflow.documents.inspection as inspection
done = inspection._done
def measured(task):
    said, payload = done(task)
    with open("/proc/self/status") as status:
        [line] = [one for one in status if one.startswith("VmHWM")]
    return {**said, "peak": int(line.split()[1])}, payload
inspection._done = measured
inspection.answer(json.loads(sys.argv[2]))
"""


@pytest.fixture
def peaks(monkeypatch):
    """Bytes of memory that each child had at its most. (The system's own figure begins with that of the parent.)"""
    seen = []
    ask = checker.ask

    def listening(task, source):
        answer = ask(task, source)
        seen.append(answer.said["peak"] * 1024)
        return answer

    monkeypatch.setattr(checker, "_START", MEASURED)
    monkeypatch.setattr(checker, "ask", listening)
    return seen


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_with_its_code_within_bounds(what, peaks):
    (slot, name), made, code = HOSTILE[what]
    data = made()
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    verdict = judge(slot, name, data)
    after, took = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    assert (verdict.verdict, verdict.code) == ("reject", code)
    assert verdict.text.zh != verdict.text.en
    assert "{" not in verdict.text.zh + verdict.text.en
    assert verdict.received.size == len(data)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert cpu <= limits.CHECK_CPU + 1
    assert all(0 < one <= limits.CHECK_MEMORY for one in peaks)
    assert took <= limits.CHECK_SECONDS + 5


@pytest.mark.parametrize("what", HARMLESS)
def test_a_harmless_file_that_looks_like_one_is_taken(what):
    (slot, name), made, wanted = HARMLESS[what]
    data = made()
    verdict = judge(slot, name, data)
    assert (verdict.verdict, verdict.text.en) == (wanted, verdict.text.en)
    assert verdict.vetted is not None
    assert (verdict.vetted.data == data) is (wanted == "accept" or slot in ("mail", "package"))


def test_every_sample_passes_in_its_slot():
    known = truth()
    slots = {one["file"]: "case" for one in known["cases"]}
    slots |= {one["file"]: "form" for one in known["forms"]} | {one["file"]: "scan" for one in known["scans"]}
    slots |= {one["file"]: "summary" for one in known["summaries"]} | {
        one["scan"]: "summary" for one in known["summaries"]
    }
    for path in sorted(SAMPLES.iterdir()):
        slot = slots.get(path.name) or slot_for(path.name)
        if slot in limits.LIMITS and slot not in ("note", ""):
            assert (path.name, judge(slot, path.name, path.read_bytes()).verdict) == (path.name, "accept")


def test_every_ending_that_a_slot_takes_is_the_name_of_a_harmless_file():
    taken = {(slot, ending(clean_name(name))) for (slot, name), _, _ in HARMLESS.values()}
    kinds = {ending for _, ending in taken}
    assert kinds >= {
        "docx",
        "doc",
        "wps",
        "rtf",
        "odt",
        "xlsx",
        "xls",
        "et",
        "ods",
        "pdf",
        "jpg",
        "png",
        "tif",
        "csv",
        "toml",
        "eml",
        "zip",
    }


# ---- what LibreOffice makes of ordinary papers -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """Ordinary papers as LibreOffice saves them: (slot, path)."""
    if legacy.office() is None:
        pytest.skip("LibreOffice is not installed")
    folder = tmp_path_factory.mktemp("office")
    sources = {"case.docx": h.ordinary(), "chart.docx": h.with_chart(), "form.xlsx": h.ordinary_workbook()}
    for name, data in sources.items():
        (folder / name).write_bytes(data)
    made = []
    for names, targets in (
        (("case.docx", "chart.docx"), ("odt", "doc", "rtf", "docx", "pdf")),
        (("form.xlsx",), ("ods", "xls", "xlsx", "pdf")),
    ):
        for target in targets:
            out = folder / target
            command = [
                legacy.office(),
                "--headless",
                f"-env:UserInstallation={(folder / 'profile').as_uri()}",
                "--convert-to",
                target,
            ]
            subprocess.run(
                [*command, "--outdir", out, *(folder / one for one in names)],
                check=True,
                capture_output=True,
                timeout=120,
            )
            slot = "scan" if target == "pdf" else "case" if len(names) > 1 else "form"
            made += [(slot, out / f"{one.rpartition('.')[0]}.{target}") for one in names]
    return made


def test_what_libreoffice_saves_passes(converted):
    found = {str(path.name): judge(slot, path.name, path.read_bytes()) for slot, path in converted}
    refused = {name: one.code for name, one in found.items() if one.verdict == "reject"}
    assert refused == {"chart.doc": "has_embedded_object"}  # Word 97 keeps a chart as an object of another program


# ---- what a cleaned file is ------------------------------------------------------------------------------------------


def test_a_chart_loses_its_workbook_and_keeps_what_it_draws():
    data = h.with_chart()
    verdict = judge("case", "案例.docx", data)
    assert (verdict.verdict, verdict.code) == ("sanitised", "chart_data_dropped")
    with zipfile.ZipFile(io.BytesIO(verdict.vetted.data)) as archive:
        names = archive.namelist()
        chart, rels = archive.read("word/charts/chart1.xml"), archive.read("word/charts/_rels/chart1.xml.rels")
    assert not any(name.startswith("word/embeddings/") for name in names)
    assert (b"externalData" in chart, b"numCache" in chart, b"Relationship " in rels) == (False, True, False)
    again = judge("case", "案例.docx", verdict.vetted.data)
    assert (again.verdict, judge("case", "案例.docx", data).vetted.data) == ("accept", verdict.vetted.data)
    assert verdict.received.sha256 != again.received.sha256


def test_the_papers_of_a_mail_are_vetted_each_for_its_slot():
    data = h.mail(
        ("案例.docx", h.with_chart()), ("表.xlsx", h.workbook()), ("材料.zip", h.zipped({"扫描.pdf": h.pdf()}))
    )
    papers = judge("mail", "来信.eml", data).vetted.papers
    assert [(one.slot, one.kind, one.name) for one in papers] == [
        ("case", "docx", "案例.docx"),
        ("form", "xlsx", "表.xlsx"),
        ("package", "zip", "材料.zip"),
    ]
    assert [one.kind for one in papers[2].papers] == ["pdf"]
    assert b"externalData" not in papers[0].data


# ---- the walls -------------------------------------------------------------------------------------------------------


def inside(code: str, monkeypatch, **more) -> checker.Answer:
    """What a child answers that runs this code where it would check a file."""
    monkeypatch.setattr(
        checker,
        "_START",
        "import sys, json; sys.path += json.loads(sys.argv[1]); import workflow.documents.inspection as inspection\n"
        "def _probe(data, task):\n" + "".join(f"    {line}\n" for line in code.splitlines()) + "\n"
        "inspection._TASKS['check'] = _probe\n"
        "inspection.answer(json.loads(sys.argv[2]))",
    )
    with checker.held(b"data") as source:
        return checker.ask({"do": "check", **more}, source)


TRY = """import os, socket
def tried(what):
    try:
        what()
        return "done"
    except OSError as error:
        return type(error).__name__
"""


def test_a_child_reaches_no_listener_and_no_file_and_starts_nothing(monkeypatch, tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        code = (
            TRY
            + f"""found = [
    tried(lambda: socket.create_connection(("127.0.0.1", {port}), 2)),
    tried(lambda: socket.socket(socket.AF_UNIX)),
    tried(lambda: socket.socketpair()),
    tried(lambda: os.fork()),
    tried(lambda: os.posix_spawn("/bin/true", ["true"], {{}})),
    tried(lambda: os.kill(os.getppid(), 9)),
    tried(lambda: open({str(tmp_path / "a")!r}, "w")),
    tried(lambda: os.unlink({str(tmp_path / "a")!r})),
]
return {{"found": found, "environment": sorted(os.environ)}}, b"" """
        )
        answer = inside(code, monkeypatch)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert answer.said["found"] == ["PermissionError"] * 8
    assert set(answer.said["environment"]) <= {"LANG", "LC_CTYPE"}


def test_the_same_probe_outside_the_walls_reaches_the_listener(tmp_path):
    """Otherwise the test above would prove nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with socket.create_connection(listener.getsockname(), 2):
            pass


def test_libreoffice_is_started_without_a_network(monkeypatch, tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        spy = tmp_path / "soffice"
        python = shutil.which("python3")
        spy.write_text(
            f"#!{python}\nimport socket, pathlib\ntry:\n    socket.create_connection(('127.0.0.1', {port}), 2)\n    said = 'reached'\n"
            f"except OSError as error:\n    said = type(error).__name__\npathlib.Path({str(tmp_path)!r}, 'said').write_text(said)\n"
        )
        spy.chmod(0o755)
        monkeypatch.setattr(legacy, "office", lambda: str(spy))
        with pytest.raises(legacy.Unreadable):
            legacy.convert("案例.doc", h.word_97(), "doc", "docx")
        with pytest.raises(TimeoutError):
            listener.accept()
    assert (tmp_path / "said").read_text() == "PermissionError"


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("import ctypes; ctypes.string_at(0)", "checker_died"),
        ("raise ValueError('unforeseen')", "checker_died"),
        ("return {}, bytes(600 * 1024 * 1024)", "checker_out_of_memory"),
        ("while True: pass", "checker_timed_out"),
        ("import time; time.sleep(600)", "checker_timed_out"),
        ("import sys, os; sys.stdout.write('[]\\n'); sys.stdout.flush(); os._exit(0)", "checker_garbled"),
        ("import sys, os; sys.stdout.write('nonsense'); sys.stdout.flush(); os._exit(0)", "checker_garbled"),
        ("import os; os._exit(0)", "checker_garbled"),
        ("return {'kind': 'docx', 'payload': 9, 'more': 1}, b''", ""),
    ],
)
def test_a_child_that_dies_hangs_or_babbles_has_refused(code, refused, monkeypatch):
    monkeypatch.setattr(limits, "CHECK_SECONDS", 3)
    began = time.monotonic()
    assert inside(code, monkeypatch, cpu=1).refused == refused
    assert time.monotonic() - began < 10


def test_a_kind_that_the_slot_does_not_take_is_not_believed(monkeypatch):
    monkeypatch.setattr(checker, "ask", lambda task, source: checker.Answer("", {}, {"kind": "eml"}))
    assert judge("case", "案例.docx", h.plain()).code == "checker_garbled"
    monkeypatch.setattr(checker, "ask", lambda task, source: checker.Answer("no_such_code", {}, {}))
    assert judge("case", "案例.docx", h.plain()).code == "checker_garbled"


def test_where_nothing_can_be_confined_nothing_is_opened(monkeypatch):
    monkeypatch.setattr(
        checker,
        "_START",
        "import sys, json; sys.path += json.loads(sys.argv[1]); from workflow.documents import confinement as walls\n"
        "walls._NEW_USER = -1; walls._CALLS.clear()\n"
        "from workflow.documents.inspection import answer; answer(json.loads(sys.argv[2]))",
    )
    assert judge("case", "案例.docx", h.plain()).code == "checker_unconfined"


def test_the_directory_alone_tells_of_overlaps_before_anything_is_inflated(monkeypatch):
    monkeypatch.setattr(archives, "_inflate", lambda *_: pytest.fail("inflated"))
    with pytest.raises(archives.Refused):
        archives.walk(overlapping())
