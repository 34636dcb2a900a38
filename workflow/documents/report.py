"""What was read from a file on disk, as data for a script: the shape that `zhengji read` prints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rules.call import Call
from workflow.documents import limits
from workflow.documents.forms import FormRead, read_report_form
from workflow.documents.kinds import ending
from workflow.documents.problems import Problem, Unreadable
from workflow.documents.reading import CaseDocument, read_case_document


def describe(path: Path, call: Call) -> dict[str, Any]:
    """One file as read against the call.

    Keys: file, kind ("case", "form", or "" when it cannot be read), format (kind of content), title, sections
    [{name, heading, text, found_by}], length {body, least, whole} in 字, language ("zh",
    "en", ""), pictures, tables, problems [{code, zh, en, where}]; a form adds values and cells. A file that cannot be opened has its reason in problems. Raises OSError.
    """
    largest = max(limits.LIMITS[slot].size for slot in ("case", "form"))
    with path.open("rb") as file:
        data = file.read(largest + 1)
    try:
        if _is_sheet(path.name, data):
            return _form(path, read_report_form(data, path.name, call))
        return _case(path, read_case_document(data, path.name, call))
    except Unreadable as error:
        return _shape(path, problems=[error.problem])


_SHEET = re.compile(rb"xl/workbook|opendocument\.spreadsheet|W\0o\0r\0k\0b\0o\0o\0k\0\0")
_TEXT = re.compile(rb"word/document|opendocument\.text|W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0")


def _is_sheet(name: str, data: bytes) -> bool:
    """By names of parts; where they say nothing, by the ending, so that the refusal speaks of the right kind of paper."""
    if _SHEET.search(data) or _TEXT.search(data):
        return not _TEXT.search(data)
    return ending(name) in limits.LIMITS["form"].endings


def _case(path: Path, read: CaseDocument) -> dict[str, Any]:
    return _shape(
        path,
        kind="case",
        format=read.kind,
        title=read.title,
        centre=read.centre_line,
        theme=read.theme_line,
        sections=[
            {"name": one.name, "heading": one.heading, "text": one.text, "found_by": one.found_by}
            for one in read.sections
        ],
        length={"body": read.body_length, "least": read.least_length, "whole": read.whole_length},
        language=read.language,
        pictures=[
            {
                "name": one.name,
                "media_type": one.media_type,
                "bytes": len(one.data),
                "caption": one.caption,
                "section": one.section,
            }
            for one in read.pictures
        ],
        tables=[
            {"rows": [list(row) for row in one.rows], "caption": one.caption, "section": one.section}
            for one in read.tables
        ],
        footnotes=list(read.footnotes),
        problems=read.problems,
    )


def _form(path: Path, read: FormRead) -> dict[str, Any]:
    return _shape(
        path,
        kind="form",
        format=path.suffix.lstrip(".").lower(),
        title=read.values.get("title", ""),
        values=read.values,
        cells=read.cells,
        problems=read.problems,
    )


def _shape(path: Path, *, problems: tuple[Problem, ...] | list[Problem], **known: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "file": str(path),
        "kind": "",
        "title": "",
        "sections": [],
        "length": {"body": 0, "whole": 0},
        "pictures": [],
        "tables": [],
    }
    told = [{"code": one.code, "zh": one.text.zh, "en": one.text.en, "where": one.where} for one in problems]
    return empty | known | {"problems": told}
