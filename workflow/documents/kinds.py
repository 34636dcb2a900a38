"""Kinds of files, by content: what each is called, its media type, and the endings that its name may have."""

from __future__ import annotations

from dataclasses import dataclass

from rules.words import Text


@dataclass(frozen=True)
class Kind:
    """`endings`: without the point; the first is the one that we write."""

    label: Text
    media_type: str
    endings: tuple[str, ...]


_OOXML = "application/vnd.openxmlformats-officedocument."
KINDS = {
    "docx": Kind(
        Text("Word 文档（.docx）", "a Word document (.docx)"), f"{_OOXML}wordprocessingml.document", ("docx", "wps")
    ),
    "doc": Kind(Text("Word 97 文档（.doc）", "a Word 97 document (.doc)"), "application/msword", ("doc", "wps")),
    "rtf": Kind(Text("RTF 文档", "an RTF document"), "application/rtf", ("rtf", "doc")),
    "odt": Kind(Text("ODT 文档", "an ODT document"), "application/vnd.oasis.opendocument.text", ("odt",)),
    "xlsx": Kind(
        Text("Excel 工作簿（.xlsx）", "an Excel workbook (.xlsx)"), f"{_OOXML}spreadsheetml.sheet", ("xlsx", "et")
    ),
    "xls": Kind(
        Text("Excel 97 工作簿（.xls）", "an Excel 97 workbook (.xls)"), "application/vnd.ms-excel", ("xls", "et")
    ),
    "ods": Kind(Text("ODS 工作簿", "an ODS workbook"), "application/vnd.oasis.opendocument.spreadsheet", ("ods",)),
    "pdf": Kind(Text("PDF 文件", "a PDF file"), "application/pdf", ("pdf",)),
    "jpeg": Kind(Text("JPEG 图片", "a JPEG picture"), "image/jpeg", ("jpg", "jpeg", "jpe", "jfif")),
    "png": Kind(Text("PNG 图片", "a PNG picture"), "image/png", ("png",)),
    "tiff": Kind(Text("TIFF 图片", "a TIFF picture"), "image/tiff", ("tif", "tiff")),
    "gif": Kind(Text("GIF 图片", "a GIF picture"), "image/gif", ("gif",)),
    "csv": Kind(Text("CSV 文本", "a CSV text"), "text/csv", ("csv",)),
    "text": Kind(Text("纯文本", "a plain text"), "text/plain", ("txt", "md", "toml")),
    "calendar": Kind(Text("日历或名片", "a calendar or a visiting card"), "text/plain", ("ics", "vcf")),
    "eml": Kind(Text("邮件（.eml）", "a mail (.eml)"), "message/rfc822", ("eml",)),
    "zip": Kind(Text("ZIP 压缩文件", "a ZIP archive"), "application/zip", ("zip",)),
    "mp4": Kind(Text("MP4 视频", "an MP4 film"), "video/mp4", ("mp4", "m4v")),
    "mov": Kind(Text("MOV 视频", "a MOV film"), "video/quicktime", ("mov", "qt")),
    "webm": Kind(Text("WebM 视频", "a WebM film"), "video/webm", ("webm",)),
    "mp3": Kind(Text("MP3 录音", "an MP3 recording"), "audio/mpeg", ("mp3",)),
}
"""What is known, by content."""

_OTHERS = {
    "": Text("无法识别的数据", "data of no known kind"),
    "docm": Text("带宏的 Word 文档", "a Word document with macros"),
    "template": Text("Office 模板", "an Office template"),
    "pptx": Text("演示文稿", "a presentation"),
    "rar": Text("RAR 压缩文件", "a RAR archive"),
    "7z": Text("7z 压缩文件", "a 7z archive"),
    "ole": Text("别的程序的文件", "a file of another program"),
    "program": Text("可执行程序", "a program"),
    "html": Text("网页", "a web page"),
}
"""What is recognised in order to say so, and taken nowhere."""


def label(kind: str) -> Text:
    """What a kind is called; one that is not known is called so."""
    return KINDS[kind].label if kind in KINDS else _OTHERS.get(kind, _OTHERS[""])


def of_media_type(media_type: str) -> str:
    """The kind of a file that was vetted, by its media type; "" for none."""
    return next((kind for kind, one in KINDS.items() if one.media_type == media_type), "")


def ending(name: str) -> str:
    """The ending of a file's name, lower case without the point; "" for none."""
    stem, point, last = name.rpartition(".")
    return last.lower() if point and stem else ""


_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"{\\rtf", "rtf"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x7fELF", "program"),
)


def sniff(head: bytes) -> str:
    """The kind that the first bytes tell, "" for none: of containers ("zip", "ole") only that they are some."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head.startswith(b"MZ") and b"PE\0\0" in head:
        return "program"
    return "pdf" if b"%PDF-" in head[:1024] else ""
