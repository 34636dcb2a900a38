"""How large a file from outside may be and what it may hold, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rules.call import ATTACHMENT_FORMATS, LARGEST_ATTACHMENT, Paper
from rules.roles import Level
from rules.words import Text
from workflow.documents.kinds import KINDS

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limit:
    """Of one slot: the most bytes of a file, the kinds of content that it takes, and both in words."""

    size: int
    kinds: tuple[str, ...]
    wanted: Text
    """What belongs here, as the end of a sentence."""

    @property
    def endings(self) -> tuple[str, ...]:
        """Endings of names, without the point, in the order of the kinds."""
        return tuple(dict.fromkeys(ending for kind in self.kinds for ending in KINDS[kind].endings))

    @property
    def accept(self) -> str:
        """The same as a file field of a page takes them."""
        return ",".join(f".{one}" for one in self.endings)

    @property
    def said(self) -> Text:
        """Size and formats, beside the field where a file is chosen."""
        return self.told(self.endings)

    def told(self, endings: Sequence[str]) -> Text:
        """The same with these endings alone: of an attachment those that its call names."""
        most, names = self.size // MIB, [f".{one}" for one in endings]
        return Text(f"最大 {most} MB，{'、'.join(names)}。", f"At most {most} MB: {', '.join(names)}.")


_TEXTS = ("docx", "doc", "rtf", "odt")
_SHEETS = ("xlsx", "xls", "ods")
_SCANS = ("pdf", "jpeg", "png", "tiff")

LIMITS = {
    "case": Limit(
        20 * MIB,
        _TEXTS,
        Text(
            "案例正文应为 Word 文档（.docx，也可用 .doc 或 .wps）",
            "the case must be a Word document (.docx; .doc and .wps are taken too)",
        ),
    ),
    "form": Limit(
        5 * MIB,
        _SHEETS,
        Text(
            "案例报送表应为 Excel 工作簿（.xlsx，也可用 .xls 或 .et）",
            "the report form must be an Excel workbook (.xlsx; .xls and .et are taken too)",
        ),
    ),
    "scan": Limit(
        20 * MIB,
        _SCANS,
        Text("盖章扫描件应为 PDF、JPG、PNG 或 TIFF", "a sealed scan must be PDF, JPG, PNG or TIFF"),
    ),
    "summary": Limit(
        20 * MIB,
        (*_SHEETS, *_SCANS),
        Text(
            "汇总表应为 Excel 工作簿或盖章后的 PDF、JPG、PNG、TIFF 扫描件",
            "the summary table must be an Excel workbook, or its sealed scan as PDF, JPG, PNG or TIFF",
        ),
    ),
    "list": Limit(
        5 * MIB,
        (*_SHEETS, "csv"),
        Text("名单应为 Excel 工作簿或 CSV 文件", "a list must be an Excel workbook or a CSV file"),
    ),
    "worklist": Limit(
        5 * MIB,
        ("xlsx",),
        Text(
            "填好的清单应为从本系统下载的 Excel 工作簿（.xlsx）",
            "a list filled in must be the Excel workbook downloaded here (.xlsx)",
        ),
    ),
    "call": Limit(
        1 * MIB,
        ("text",),
        Text("通知应为纯文本（.toml、.md 或 .txt）", "a call must be plain text (.toml, .md or .txt)"),
    ),
    "picture": Limit(10 * MIB, ("jpeg", "png"), Text("图片应为 JPG 或 PNG", "a picture must be JPG or PNG")),
    "mail": Limit(50 * MIB, ("eml",), Text("邮件应为 .eml 文件", "a mail must be an .eml file")),
    "package": Limit(50 * MIB, ("zip",), Text("材料包应为 ZIP 压缩文件", "a package of papers must be a ZIP archive")),
    "passport": Limit(
        40 * MIB, ("zip",), Text("案例档案包应为 ZIP 压缩文件", "the passport of a case must be a ZIP archive")
    ),
    "note": Limit(
        5 * MIB,
        ("text", "csv", "calendar"),
        Text("附言应为纯文本", "a note must be plain text"),
    ),
    "drawing": Limit(
        10 * MIB,
        ("jpeg", "png", "gif"),
        Text("邮件正文中的图片应为 JPG、PNG 或 GIF", "a picture inside a mail must be JPG, PNG or GIF"),
    ),
}
"""Slot → what it takes. `note` and `drawing` come inside mails only: a text beside papers, a picture in the letter."""

ATTACHMENT = LARGEST_ATTACHMENT * MIB
"""Bytes of one attachment, where its call allows no fewer."""
HELD_ATTACHMENT = 50 * MIB
"""Of one that is no film, and so is opened whole to be checked."""
_OF_FORMAT = {KINDS[kind].endings[0]: kind for kind in ("mp4", "mov", "webm", "mp3", "pdf", "jpeg", "png")}


def of_attachment(paper: Paper) -> Limit:
    """What an attachment takes, as its call has it."""
    formats = [one for one in paper.formats or ATTACHMENT_FORMATS if one in _OF_FORMAT]
    zh, en = "、".join(one.upper() for one in formats), ", ".join(one.upper() for one in formats)
    return Limit(
        (paper.largest or LARGEST_ATTACHMENT) * MIB,
        tuple(_OF_FORMAT[one] for one in formats),
        Text(f"{paper.label.zh}应为 {zh}", f"“{paper.label.en}” must be {en}"),
    )


def any_attachment() -> Limit:
    """What any call may ask for beside case document and report form."""
    return of_attachment(Paper("attachment", Text("附件", "Attachment"), Level.CENTRE))


def format_of(kind: str) -> str:
    """How a call writes a kind: as the ending that we write."""
    return KINDS[kind].endings[0]


REFUSED_DAYS = 90
"""For how long an original that was refused at the door is kept apart."""
REFUSED_FILE = 50 * MIB
"""Bytes of one; of a larger film only the digests stay."""
REFUSED_OF_ONE, REFUSED_IN_ALL = 200 * MIB, 5 * 1024 * MIB
"""Bytes of all that one person has sent, and of all together; beyond them only the digests stay."""

REQUEST = 40 * MIB
"""Bytes of one request to a screen: the largest paper, and room for a second and for the form."""
REQUEST_WITH_ATTACHMENT = ATTACHMENT + MIB
"""Of the one screen that takes an attachment, whose bytes go to the disk as they come."""

NAME_LENGTH = 120
"""Characters of a file's name, ending included; a file system takes 255 bytes, a Chinese character is three."""

PIXELS = 40_000_000
"""An A4 page at 600 dpi has 35 million."""
PIXELS_OF_ALL_PAGES = 400_000_000
"""Of a TIFF with several pages: what can be decoded within the seconds of a check."""
PAGES = 300
SIGHTED_PAGES = 8
"""Pages of a scan that are looked through for a code and a seal; a form has one or two."""

ZIP_ENTRIES = 2000
ZIP_INFLATED = 100 * MIB
"""Bytes of all parts of one file together, counted while they are really inflated."""
ZIP_RATIO = 100
"""Inflated to packed beyond `ZIP_RATIO_FROM` bytes, of one part and of all; XML that people write stays far below."""
ZIP_RATIO_FROM = 10 * MIB

XML_DEPTH = 200
XML_ELEMENTS = {"docx": 200_000, "odt": 200_000, "xlsx": 600_000, "ods": 600_000}
"""In all parts together; a case of the longest kind has some ten thousand. Attributes may be three times as many."""
RTF_PARAGRAPHS = 50_000
"""As many as the elements of a .docx allow."""
SHEET_ROWS, SHEET_COLUMNS = 5_000, 256
"""The area in which a form, summary or list may stand."""
MERGED_CELLS = 1_000
"""Of one merged range."""

PDF_OBJECTS = 500_000
SIGNATURES = 10
"""Electronic signatures of one PDF that are verified."""
REVOCATION_LISTS = 8 * MIB
"""Bytes of all revocation lists against which electronic seals are held."""
OLE_STREAMS = 2_000
OLE_PIECES = 100_000
"""Of the text of a Word 97 file, which grows by some with each quick save."""

PACKAGE_FILES = 200
MAIL_FILES = 60
MAIL_DEPTH = 8
"""Parts within parts, a forwarded mail counting like any other."""
MAIL_HEADERS = 64 * 1024
"""Bytes of the headers of one part."""

CHECK_CPU = 10
"""Seconds of processor time of one check."""
CHECK_SECONDS = 40
"""Seconds on the clock, on a busy machine."""
CHECK_MEMORY = 512 * MIB
"""Address space of one check."""
CHECK_ANSWER = 110 * MIB
"""Bytes that a check may answer: a cleaned file, or the parts of a package."""

CONVERSION_SECONDS = 60
CONVERSION_MEMORY = 4 * 1024 * MIB
"""Address space of the converting child; LibreOffice maps about 1.5 GiB before it reads anything."""
CONVERSION_OUTPUT = 100 * MIB

PRESS_SECONDS = 900
"""Of making a collection of some hundred cases into one file, or of laying it out; processor time and clock."""
PRESS_MEMORY = 4 * 1024 * MIB
PRESS_OUTPUT = 512 * MIB
CHAPTER_CPU = 30
"""Seconds of processor time in which a case's Word file is read and tidied, or its pictures drawn anew."""
COLLECTED_CASES = 500
"""Cases of one collection."""
COLLECTED_PICTURES = 400 * MIB
"""Bytes of all pictures of a collection: the more there are, the smaller each is drawn."""
COLLECTED_DOTS = 800_000_000
"""Pixels of all pictures of a collection: setting the PDF takes about 3.5 bytes for each (tests/bench/books.py)."""
