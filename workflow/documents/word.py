"""Word files written: the blank template of a call, and a case that was written on screen.

How they look is a Word document with placeholders, which anybody may open and change: `workflow/calls/case.docx`, or the
one that was loaded with a call. It is filled in by docxtpl, whose placeholders are a programming language: nothing can be
called, reckoned or looked up from them (`_Placeholders`).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape
from PIL import Image

from rules.call import Call
from rules.words import Text
from workflow import calls
from workflow.documents import origin, template
from workflow.documents.marks import Mark
from workflow.documents.packing import settled
from workflow.documents.reading import Picture
from workflow.documents.template import one_line, tidy

__all__ = ["CaseContent", "UnfitLook", "case_document", "case_template", "check_look"]

SHARED = Path(calls.__file__).parent / "case.docx"
"""The document with placeholders for every call that brings none of its own."""


class UnfitLook(Exception):
    """A Word document cannot be filled in with a case. `why`: in words for people."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


def check_look(call: Call) -> None:
    """Fill the call's own document in as its blank template. Raises UnfitLook, also where a section would not appear."""
    try:
        made = Document(io.BytesIO(case_template(call)))
    except (TemplateError, TypeError, ValueError, KeyError, AttributeError) as wrong:
        raise UnfitLook(
            Text(
                f"Word 模板中的占位符填不进去：{wrong}。请以 case.docx 为底稿修改。",
                f"The placeholders of the Word template cannot be filled in: {wrong}. Start from case.docx.",
            )
        ) from wrong
    lines = {one.text.strip() for one in made.paragraphs}
    wanted = [template.heading(position, one) for position, one in enumerate(call.sections, 1)]
    if missing := [one for one in wanted if one not in lines]:
        raise UnfitLook(
            Text(
                f"Word 模板填好后缺少：{'、'.join(missing)}。sections 的占位符须单独成段保留。",
                f"Once filled in, the Word template lacks: {', '.join(missing)}. Keep the placeholders of “sections”.",
            )
        )


@dataclass(frozen=True)
class CaseContent:
    """A case as written on screen; `sections` by the call's section ids."""

    title: str
    centre: str
    theme: str
    sections: Mapping[str, str]
    pictures: tuple[Picture, ...] = ()


def case_template(call: Call) -> bytes:
    """The call's blank template (.docx, A4), with a heading and a hint for each section."""
    sections = [
        _Section(template.heading(position, one), template.hint(one), ("",))
        for position, one in enumerate(call.sections, 1)
    ]
    return _filled(call, call.title.zh, "", "", "", template.length_hint(call), sections)


def case_document(call: Call, content: CaseContent, mark: Mark | None = None) -> bytes:
    """A case as .docx: title, centre, theme, all sections of the template, each followed by its pictures.

    Text is written as `template.tidy` leaves it. Sections that the template does not have follow at the end, under
    their ids. `mark`: what the file is known by when it comes back.
    """
    named = [(one.id, template.heading(position, one)) for position, one in enumerate(call.sections, 1)]
    known = {name for name, _ in named}
    named += [(name, one_line(name)) for name, text in content.sections.items() if name not in known and tidy(text)]
    sections = [
        _Section(
            heading,
            "",
            tidy(content.sections.get(name, "")).split("\n"),
            [one for one in content.pictures if one.section == name],
        )
        for name, heading in named
    ]
    of_none = [one for one in content.pictures if one.section not in {name for name, _ in named}]
    sections.append(_Section("", "", (), of_none))
    title = one_line(content.title)
    return _filled(call, title, title, one_line(content.centre), one_line(content.theme), "", sections, mark)


@dataclass(frozen=True)
class _Section:
    heading: str
    hint: str
    lines: Sequence[str]
    pictures: Sequence[Picture] = ()


def _filled(
    call: Call,
    name: str,
    title: str,
    centre: str,
    theme: str,
    hint: str,
    sections: Iterable[_Section],
    mark: Mark | None = None,
) -> bytes:
    document = DocxTemplate(_look(call))
    label = template.theme_label(call)
    said = {
        "title": _words(title or template.blank(template.title_label(call))),
        "centre": _words(centre or template.blank(template.centre_label(call))),
        "theme": _words(f"{label}：{theme or template.blank(label)}"),
        "hint": _words(hint),
        "sections": [
            {
                "heading": _words(one.heading),
                "hint": _words(one.hint),
                "lines": [_words(line) for line in one.lines],
                "pictures": [_picture(document, picture) for picture in one.pictures],
            }
            for one in sections
        ],
    }
    document.render(said, _Placeholders(autoescape=True), autoescape=True)
    properties = document.core_properties
    properties.title = name[:255]
    properties.author = properties.last_modified_by = call.issuer.zh
    properties.created = properties.modified = datetime.combine(call.opened, datetime.min.time())
    if mark is not None:
        origin.put(document.part.package, mark)
    out = io.BytesIO()
    document.save(out)
    return settled(out.getvalue())


def _look(call: Call) -> io.BytesIO | Path:
    """The document that is filled in: the call's own, else the one for all."""
    return io.BytesIO(call.look) if call.look else SHARED


class _Placeholders(ImmutableSandboxedEnvironment):
    """What somebody wrote into a Word file: values and loops over them alone, so that no file makes this program work."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.globals.clear()
        self.filters.clear()

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        raise SecurityError(operator)

    def is_safe_callable(self, obj: Any) -> bool:
        return False


_OF_PLACEHOLDERS = str.maketrans({"{": "&#123;", "}": "&#125;", "%": "&#37;"})
"""docxtpl takes “{_{” for a coded “{{”, in what it filled in as well."""


def _words(text: str) -> Markup:
    """A text as it stands in the document's XML, whatever it says."""
    return Markup(str(escape(text)).translate(_OF_PLACEHOLDERS))


_WIDEST, _HIGHEST = Mm(140), Mm(170)


def _picture(document: DocxTemplate, picture: Picture) -> dict[str, Any]:
    """At its natural size, made smaller where the page asks for it; a picture that no program reads leaves its name."""
    caption = _words(one_line(picture.caption))
    try:
        with Image.open(io.BytesIO(picture.data)) as image:
            data = picture.data
            if image.format not in ("PNG", "JPEG"):
                made = io.BytesIO()
                image.convert("RGBA").save(made, "PNG")
                data = made.getvalue()
            dots = image.info.get("dpi", (96, 96))[0] or 96
            natural = image.width / float(dots) * 914_400
            scale = min(1.0, _WIDEST / natural, _HIGHEST / (natural * image.height / image.width))
        return {"image": InlineImage(document, io.BytesIO(data), width=int(natural * scale)), "caption": caption}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        said = f"（图片“{one_line(picture.name)}”的格式无法放入本文档，请另附。）"
        return {"image": _words(said), "caption": caption}
