"""The package of one case for abroad: a zip with a JSON manifest, both languages, and the pictures."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules.call import Call
from workflow.content import Content
from workflow.documents import writing
from workflow.documents.packing import packed, settled
from workflow.documents.vetting import clean_name

FORMAT = "zhengji-push/1"


@dataclass(frozen=True)
class English:
    title: str
    summary: str
    text: str


@dataclass(frozen=True)
class Picture:
    name: str
    media_type: str
    caption: str
    data: bytes


@dataclass(frozen=True)
class Published:
    """What of a case goes abroad: nothing of its report form, and so no personal data by default."""

    number: str
    centre: str
    host_unit: str
    region: str
    content: Content
    english: English
    effect: str
    pictures: Sequence[Picture]


def build(call: Call, case: Published, key: str) -> bytes:
    """The zip: manifest.json, case.zh.docx, case.en.docx, pictures/. Deterministic for the same input."""
    members: dict[str, bytes] = {
        "case.zh.docx": _chinese(call, case),
        "case.en.docx": settled(_english(case)),
        **{_picture_name(place, one): one.data for place, one in enumerate(case.pictures, 1)},
    }
    manifest = _manifest(call, case, key, members)
    members = {"manifest.json": json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True).encode(), **members}
    return packed(members)


def _picture_name(place: int, picture: Picture) -> str:
    """A name inside the zip that leads nowhere else, whatever the picture was called."""
    return f"pictures/{place:02d}_{clean_name(picture.name)}"


def _manifest(call: Call, case: Published, key: str, members: Mapping[str, bytes]) -> dict[str, Any]:
    theme = call.themes.get(case.content.theme)
    return {
        "format": FORMAT,
        "key": key,
        "case": {
            "number": case.number,
            "call": call.document_number,
            "centre": case.centre,
            "host_unit": case.host_unit,
            "region": case.region,
            "recipient": case.content.recipient,
            "theme": {"zh": theme.label.zh, "en": theme.label.en} if theme else None,
            "content_sha256": case.content.digest,
        },
        "zh": {
            "title": case.content.title,
            "sections": [
                {"heading": one.label.zh, "text": case.content.sections.get(one.id, "")} for one in call.sections
            ],
        },
        "en": {"title": case.english.title, "summary": case.english.summary, "text": case.english.text},
        "why_outstanding": case.effect,
        "pictures": [
            {"file": _picture_name(place, one), "caption": one.caption, "media_type": one.media_type}
            for place, one in enumerate(case.pictures, 1)
        ],
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in sorted(members.items())
        },
    }


def _chinese(call: Call, case: Published) -> bytes:
    theme = call.themes.get(case.content.theme)
    return writing.case_document(
        call,
        writing.CaseContent(
            title=case.content.title,
            centre=case.centre,
            theme=case.content.theme_name or (theme.label.zh if theme else ""),
            sections=case.content.sections,
            pictures=(),
        ),
    )


def _english(case: Published) -> bytes:
    from docx import Document as WordDocument  # loaded where it is needed, as in `documents.writing`

    document = WordDocument()
    document.add_heading(case.english.title, level=0)
    document.add_paragraph(f"{case.number}")
    document.add_heading("Summary", level=1)
    for paragraph in case.english.summary.splitlines():
        document.add_paragraph(paragraph)
    document.add_heading("Case", level=1)
    for paragraph in case.english.text.splitlines():
        if paragraph.strip():
            document.add_paragraph(paragraph)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()
