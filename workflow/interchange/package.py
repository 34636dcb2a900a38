"""The package of one case for abroad: a zip with a JSON manifest and its schema, both languages to read, and the pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rules.call import Call
from rules.words import Text
from workflow.content import Content
from workflow.documents import writing
from workflow.documents.packing import packed, settled
from workflow.documents.reading import Picture as CasePicture
from workflow.documents.vetting import clean_name
from workflow.interchange import paper
from workflow.personal import masked_text

FORMAT = "zhengji-push/2"
SCHEMA = Path(__file__).with_name("manifest.schema.json")
"""JSON Schema (2020-12) of `manifest.json`; it travels in the package."""


@dataclass(frozen=True)
class Paired:
    """A paragraph in both languages. `section`: the id of a section of the call's template."""

    section: str
    zh: str
    en: str


@dataclass(frozen=True)
class English:
    """`paragraphs`: the text beside the Chinese, in its order."""

    title: str
    summary: str
    text: str
    paragraphs: Sequence[Paired] = ()


@dataclass(frozen=True)
class Picture:
    name: str
    media_type: str
    caption: str
    data: bytes = field(repr=False)
    caption_en: str = ""
    rights: str = ""
    """Whose it is, and that it may be published."""


@dataclass(frozen=True)
class Published:
    """What of a case goes abroad: nothing of its report form, and so no contacts.

    `effect`, `consent`: why its effect is outstanding, who agreed that it is sent abroad.
    `proof`: the receipt of the case's newest step, which leads to the trail.
    """

    number: str
    centre: str
    host_unit: str
    region: str
    content: Content
    english: English
    effect: str
    pictures: Sequence[Picture]
    consent: str = ""
    proof: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Removed:
    """Where something personal stood, and how it is written now."""

    where: str
    before: str
    after: str


_PLACES = {
    "zh.title": Text("题目", "Title"),
    "recipient": Text("服务对象", "Served party"),
    "en.title": Text("英文题目", "English title"),
    "en.summary": Text("英文摘要", "English summary"),
    "en.text": Text("英文正文", "English text"),
    "why_outstanding": Text("成效认定的理由", "Why the effect is outstanding"),
    "caption": Text("图注", "Caption"),
    "picture_rights": Text("图片权利", "Rights of a picture"),
}


def place(call: Call, where: str) -> Text:
    """What people call a place in which something personal stood."""
    names = {f"zh.{one.id}": one.label for one in call.sections} | _PLACES
    return names.get(where, Text(where, where))


_CONSENT = "书面同意已登记，原话存国家局。Written consent is on record at the national office."
"""In the place of the words of consent, which name those who gave it."""


def without_personal(case: Published) -> tuple[Published, list[Removed]]:
    """The case without the words of consent and with telephone numbers, e-mail addresses and identity numbers masked, and each line in which some stood.

    Names of people cannot be found by rule: they are for whoever translates and reads it.
    """
    removed: list[Removed] = []

    def clean(where: str, text: str) -> str:
        lines = text.split("\n")
        made = [masked_text(line) for line in lines]
        removed.extend(Removed(where, one, other) for one, other in zip(lines, made, strict=True) if one != other)
        return "\n".join(made)

    content, english = case.content, case.english
    sections = {name: clean(f"zh.{name}", text) for name, text in content.sections.items()}
    made = replace(
        case,
        content=content.changed(
            title=clean("zh.title", content.title),
            recipient=clean("recipient", content.recipient),
            sections=sections,
        ),
        english=English(
            clean("en.title", english.title),
            clean("en.summary", english.summary),
            clean("en.text", english.text),
            [replace(one, zh=masked_text(one.zh), en=masked_text(one.en)) for one in english.paragraphs],
        ),
        effect=clean("why_outstanding", case.effect),
        consent=_CONSENT if case.consent else "",
        pictures=[
            replace(
                one,
                caption=clean("caption", one.caption),
                caption_en=clean("caption", one.caption_en),
                rights=clean("picture_rights", one.rights),
            )
            for one in case.pictures
        ],
    )
    return made, removed


def build(call: Call, case: Published, key: str) -> bytes:
    """The zip; the same bytes for the same input.

    `manifest.json` with `manifest.schema.json`; `case.zh` and `case.en` as .html, .docx and .pdf; `pictures/`; `proof.json`.
    """
    digest = case.content.digest  # of what was sealed and published, before anything is masked
    case, removed = without_personal(case)
    pictures = [(_picture_name(place, one), one) for place, one in enumerate(case.pictures, 1)]
    chinese, english = _papers(call, case, pictures)
    members: dict[str, bytes] = {
        "manifest.schema.json": SCHEMA.read_bytes(),
        "case.zh.html": paper.html(chinese).encode(),
        "case.en.html": paper.html(english).encode(),
        "case.zh.docx": _chinese(call, case),
        "case.en.docx": settled(paper.word(english)),
        "case.zh.pdf": paper.pdf(chinese),
        "case.en.pdf": paper.pdf(english),
        "proof.json": _json(case.proof),
        **{name: one.data for name, one in pictures},
    }
    manifest = _manifest(call, case, key, digest, members, removed)
    return packed({"manifest.json": _json(manifest), **members})


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).encode()


def _picture_name(place: int, picture: Picture) -> str:
    """A name inside the zip that leads nowhere else, whatever the picture was called."""
    return f"pictures/{place:02d}_{clean_name(picture.name)}"


def _manifest(
    call: Call, case: Published, key: str, digest: str, members: Mapping[str, bytes], removed: Sequence[Removed]
) -> dict[str, Any]:
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
            "content_sha256": digest,
        },
        "zh": {
            "title": case.content.title,
            "sections": [
                {"heading": one.label.zh, "text": case.content.sections.get(one.id, "")} for one in call.sections
            ],
        },
        "en": {"title": case.english.title, "summary": case.english.summary, "text": case.english.text},
        "paragraphs": [{"section": one.section, "zh": one.zh, "en": one.en} for one in case.english.paragraphs],
        "why_outstanding": case.effect,
        "consent": case.consent,
        "pictures": [
            {
                "file": _picture_name(place, one),
                "caption": one.caption,
                "caption_en": one.caption_en,
                "media_type": one.media_type,
                "rights": one.rights,
            }
            for place, one in enumerate(case.pictures, 1)
        ],
        "left_out": ["report_form", "sealed_scan", "contacts", "words_of_consent"],
        "masked": [{"where": one.where, "now": one.after} for one in removed],
        "proof": "proof.json",
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in sorted(members.items())
        },
    }


def _papers(call: Call, case: Published, pictures: Sequence[tuple[str, Picture]]) -> tuple[paper.Paper, paper.Paper]:
    """What is read in each language."""
    theme = call.themes.get(case.content.theme)
    chinese = paper.Paper(
        language="zh-CN",
        title=case.content.title,
        facts=[case.number, case.centre, case.content.theme_name or (theme.label.zh if theme else "")],
        summary="",
        parts=[(one.label.zh, case.content.sections.get(one.id, "")) for one in call.sections],
        figures=[paper.Figure(name, one.media_type, one.data, one.caption) for name, one in pictures],
    )
    paired = case.english.paragraphs
    parts = [(one.label.en, "\n".join(pair.en for pair in paired if pair.section == one.id)) for one in call.sections]
    english = paper.Paper(
        language="en",
        title=case.english.title,
        facts=[case.number, theme.label.en if theme else ""],
        summary=case.english.summary,
        parts=parts if paired else [("", case.english.text)],
        figures=[paper.Figure(name, one.media_type, one.data, one.caption_en) for name, one in pictures],
    )
    return chinese, english


def _chinese(call: Call, case: Published) -> bytes:
    theme = call.themes.get(case.content.theme)
    return writing.case_document(
        call,
        writing.CaseContent(
            title=case.content.title,
            centre=case.centre,
            theme=case.content.theme_name or (theme.label.zh if theme else ""),
            sections=case.content.sections,
            pictures=tuple(CasePicture(one.name, one.media_type, one.data, one.caption, "") for one in case.pictures),
        ),
    )
