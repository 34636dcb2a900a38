"""The one door for files from outside: what a file is, and whether it is fit to be opened."""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from PIL import Image

from rules.words import Text
from workflow.documents import limits
from workflow.documents.problems import Unreadable, unreadable

__all__ = ["Unreadable", "Vetted", "clean_name", "sniff", "vet"]


@dataclass(frozen=True)
class Vetted:
    """A file that may be opened: its clean name, its media type, and its kind by content (docx, doc, xlsx, pdf …)."""

    name: str
    media_type: str
    kind: str


@dataclass(frozen=True)
class _Kind:
    label: Text
    media_type: str
    endings: tuple[str, ...]


_OOXML = "application/vnd.openxmlformats-officedocument."
KINDS = {
    "docx": _Kind(
        Text("Word 文档（.docx）", "a Word document (.docx)"), f"{_OOXML}wordprocessingml.document", ("docx", "wps")
    ),
    "doc": _Kind(Text("Word 97 文档（.doc）", "a Word 97 document (.doc)"), "application/msword", ("doc", "wps")),
    "rtf": _Kind(Text("RTF 文档", "an RTF document"), "application/rtf", ("rtf", "doc")),
    "odt": _Kind(Text("ODT 文档", "an ODT document"), "application/vnd.oasis.opendocument.text", ("odt",)),
    "xlsx": _Kind(
        Text("Excel 工作簿（.xlsx）", "an Excel workbook (.xlsx)"), f"{_OOXML}spreadsheetml.sheet", ("xlsx", "et")
    ),
    "xls": _Kind(
        Text("Excel 97 工作簿（.xls）", "an Excel 97 workbook (.xls)"), "application/vnd.ms-excel", ("xls", "et")
    ),
    "ods": _Kind(Text("ODS 工作簿", "an ODS workbook"), "application/vnd.oasis.opendocument.spreadsheet", ("ods",)),
    "pdf": _Kind(Text("PDF 文件", "a PDF file"), "application/pdf", ("pdf",)),
    "jpeg": _Kind(Text("JPEG 图片", "a JPEG picture"), "image/jpeg", ("jpg", "jpeg", "jpe", "jfif")),
    "png": _Kind(Text("PNG 图片", "a PNG picture"), "image/png", ("png",)),
    "tiff": _Kind(Text("TIFF 图片", "a TIFF picture"), "image/tiff", ("tif", "tiff")),
}
"""What is known, by content; the first ending is the one that we write."""

_SLOTS = {
    "case": Text(
        "案例正文应为 Word 文档（.docx，也可用 .doc 或 .wps）",
        "the case must be a Word document (.docx; .doc and .wps are taken too)",
    ),
    "form": Text(
        "案例报送表应为 Excel 工作簿（.xlsx，也可用 .xls 或 .et）",
        "the report form must be an Excel workbook (.xlsx; .xls and .et are taken too)",
    ),
    "scan": Text("盖章扫描件应为 PDF、JPG、PNG 或 TIFF", "a sealed scan must be PDF, JPG, PNG or TIFF"),
    "summary": Text(
        "汇总表应为 Excel 工作簿或盖章后的 PDF、JPG、PNG、TIFF 扫描件",
        "the summary table must be an Excel workbook, or its sealed scan as PDF, JPG, PNG or TIFF",
    ),
}
_NOT_A = {"case": "not_a_word_file", "form": "not_a_workbook", "scan": "not_a_scan", "summary": "not_a_summary"}


def vet(slot: str, name: str, data: bytes) -> Vetted:
    """What the file is, when it is fit for the slot (case, form, scan, summary); nothing of it is executed.

    Content decides, the name must agree with it. Raises `Unreadable` for an empty, too large, wrong, encrypted,
    damaged or hostile file.
    """
    limit = limits.LIMITS[slot]
    name = clean_name(name)
    if not data:
        raise unreadable(
            "empty_file",
            "“{name}”是空文件（0 字节）。请确认文件已保存完整，再重新上传。",
            "“{name}” is empty (0 bytes). Make sure that the file is saved, and upload it again.",
            name,
            name=name,
        )
    if len(data) > limit.size:
        raise unreadable(
            "too_large",
            "“{name}”有 {size} MB，超过 {most} MB 上限。请压缩其中的图片后重新上传。",
            "“{name}” has {size} MB; the limit is {most} MB. Compress the pictures in it and upload it again.",
            name,
            name=name,
            size=f"{len(data) / limits.MIB:.1f}",
            most=limit.size // limits.MIB,
        )
    kind = sniff(name, data)
    if kind not in limit.kinds:
        raise unreadable(
            _NOT_A[slot],
            "“{name}”的内容是{found}，而{wanted}。请用办公软件打开原文件，另存为规定格式后重新上传。",
            "“{name}” holds {found}, but {wanted}. Open the original in its program, save it in that format and upload that.",
            name,
            name=name,
            found=KINDS[kind].label if kind else Text("无法识别的数据", "data of no known kind"),
            wanted=_SLOTS[slot],
        )
    known = KINDS[kind]
    ending = PurePosixPath(name).suffix.lstrip(".").lower()
    if ending not in known.endings:
        raise unreadable(
            "wrong_ending",
            "“{name}”的内容是{found}，与扩展名“{ending}”不符。请把扩展名改为 .{right}，或另存为规定格式后重新上传。",
            "“{name}” holds {found}, which its ending “{ending}” does not say. Rename it to .{right}, or save it again.",
            name,
            name=name,
            found=known.label,
            ending=ending,
            right=known.endings[0],
        )
    _LOOK.get(kind, _look_at_nothing)(name, data)
    return Vetted(name, known.media_type, kind)


# Names

_BARE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Controls, marks that steer direction or have no width, halves of pairs, private and unknown characters."""
_KEPT = "，（）；：！？"
"""Full-width marks that Chinese is written with; NFKC would make half-width ones of them."""
_KEPT_OR_NOT = re.compile(f"[{_KEPT}]|[^{_KEPT}]+")


def clean_name(name: str) -> str:
    """A file's name fit to be kept and shown; "未命名" when nothing is left of it.

    The last part of any path, in NFKC but for full-width Chinese marks, nothing invisible, and at most
    `limits.NAME_LENGTH` characters, its ending kept.
    """
    seen = "".join(one for one in name if unicodedata.category(one) not in _BARE)
    seen = "".join(one if one in _KEPT else unicodedata.normalize("NFKC", one) for one in _KEPT_OR_NOT.findall(seen))
    seen = "".join(one for one in seen if unicodedata.category(one) not in _BARE)
    last = re.split(r"[/\\]", seen)[-1]
    last = re.sub(r'[<>:"|?*]', "_", " ".join(last.split())).strip(" .")
    stem, dot, ending = last.rpartition(".")
    if dot and len(ending) <= 8:
        return f"{stem[: limits.NAME_LENGTH - len(ending) - 1].rstrip() or '未命名'}.{ending}"
    return last[: limits.NAME_LENGTH].rstrip() or "未命名"


# Kinds by content

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def sniff(name: str, data: bytes) -> str:
    """The kind by content, "" when unknown. Raises `Unreadable` for encrypted, damaged or hostile containers."""
    if data.startswith(_OLE):
        return _inside_ole(name, data)
    if data.startswith(b"PK\x03\x04") or data.startswith(b"PK\x05\x06"):
        return _inside_zip(name, data)
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return "tiff"
    return ""


def _inside_ole(name: str, data: bytes) -> str:
    """Old Office files by the names of their streams; the names stand in the directory as UTF-16."""

    def holds(stream: str) -> bool:
        return stream.encode("utf-16-le") + b"\0\0" in data

    if holds("EncryptedPackage"):
        raise _encrypted(name)
    if holds("WordDocument"):
        if data[512:514] == b"\xec\xa5" and data[523] & 1:
            raise _encrypted(name)
        return "doc"
    if holds("Workbook") or holds("Book"):
        return "xls"
    return ""


def _inside_zip(name: str, data: bytes) -> str:
    parts = dict(_walk(name, data))
    if "mimetype" in parts:
        said = parts["mimetype"].strip()
        if b"manifest:encryption-data" in parts.get("META-INF/manifest.xml", b""):
            raise _encrypted(name)
        return {
            b"application/vnd.oasis.opendocument.text": "odt",
            b"application/vnd.oasis.opendocument.spreadsheet": "ods",
        }.get(said, "")
    types = parts.get("[Content_Types].xml", b"")
    if b"macroEnabled" in types:
        raise unreadable(
            "has_macros",
            "“{name}”带有宏。请另存为不带宏的格式（.docx 或 .xlsx）后重新上传。",
            "“{name}” carries macros. Save it without them (as .docx or .xlsx) and upload that.",
            name,
            name=name,
        )
    if b"wordprocessingml.document.main+xml" in types and "word/document.xml" in parts:
        return "docx"
    if b"spreadsheetml.sheet.main+xml" in types:
        return "xlsx"
    return ""


def _walk(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every part of a zip with the head of its content; inflates all of it, against counts that cannot be declared."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > limits.ZIP_ENTRIES:
                raise _bomb(name)
            seen: set[str] = set()
            total = 0
            for entry in entries:
                if entry.flag_bits & 1:
                    raise _encrypted(name)
                if entry.filename in seen or ".." in PurePosixPath(entry.filename).parts:
                    raise damaged(name)
                seen.add(entry.filename)
                head, size = b"", 0
                with archive.open(entry) as part:
                    while chunk := part.read(256 * 1024):
                        head = head or chunk
                        size += len(chunk)
                        packed = max(entry.compress_size, 1)
                        if total + size > limits.ZIP_INFLATED or (
                            size > limits.ZIP_RATIO_FROM and size / packed > limits.ZIP_RATIO
                        ):
                            raise _bomb(name)
                total += size
                if entry.filename.endswith((".xml", ".rels", ".vml")):
                    _refuse_doctype(name, entry.filename, head)
                yield entry.filename, head
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise damaged(name) from error


def _refuse_doctype(name: str, part: str, head: bytes) -> None:
    """A document type opens the door to entities that expand or fetch; Office never writes one."""
    plain = head.replace(b"\0", b"").upper()
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise unreadable(
            "has_doctype",
            "“{name}”的 {part} 中含有文档类型声明（DOCTYPE），可能有害。请用 Word 或 WPS 打开后另存为新文件再上传。",
            "“{name}” declares a document type (DOCTYPE) in {part}, which may do harm. Open it in Word or WPS, save it as"
            " a new file and upload that.",
            part,
            name=name,
            part=part,
        )


# A closer look, by kind


def _look_at_nothing(name: str, data: bytes) -> None:
    """Kinds whose container was walked when it was recognised."""


def _look_at_pdf(name: str, data: bytes) -> None:
    if b"%%EOF" not in data[-2048:]:
        raise damaged(name)
    if re.search(rb"/Encrypt\s+\d+\s+\d+\s+R", data):
        raise _encrypted(name)


def _look_at_picture(name: str, data: bytes) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "TIFF")) as picture:
                if picture.width * picture.height > limits.PIXELS:
                    raise _too_many_pixels(name)
                picture.load()
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise damaged(name) from error


def _too_many_pixels(name: str) -> Unreadable:
    return unreadable(
        "too_many_pixels",
        "“{name}”的像素超过 {most} 万上限。请以 300 dpi 重新扫描后上传。",
        "“{name}” has more than {millions} million pixels. Scan it again at 300 dpi and upload that.",
        name,
        name=name,
        most=limits.PIXELS // 10_000,
        millions=limits.PIXELS // 1_000_000,
    )


_LOOK = {
    "pdf": _look_at_pdf,
    "jpeg": _look_at_picture,
    "png": _look_at_picture,
    "tiff": _look_at_picture,
}


def damaged(name: str) -> Unreadable:
    """The refusal of a file that cannot be opened although its kind is right."""
    return unreadable(
        "damaged",
        "“{name}”已损坏或不完整，无法打开。请确认原文件能正常打开，另存一份后重新上传。",
        "“{name}” is damaged or incomplete and cannot be opened. Check that the original opens, save a copy and upload that.",
        name,
        name=name,
    )


def _encrypted(name: str) -> Unreadable:
    return unreadable(
        "encrypted",
        "“{name}”设有密码，无法读取。请取消密码后重新上传。",
        "“{name}” is protected by a password and cannot be read. Remove the password and upload it again.",
        name,
        name=name,
    )


def _bomb(name: str) -> Unreadable:
    return unreadable(
        "inflates_too_far",
        "“{name}”解压后过大，疑似有害文件，未予打开。请用 Word、Excel 或 WPS 另存为新文件后重新上传。",
        "“{name}” unpacks to far more than a paper needs and was not opened. Save it as a new file and upload that.",
        name,
        name=name,
    )
