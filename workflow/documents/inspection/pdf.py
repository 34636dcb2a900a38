"""PDF (ISO 32000-1): every object, those inside object streams too, must neither run, launch nor carry anything."""

from __future__ import annotations

import io
from typing import Any

import pikepdf

from workflow.documents import limits
from workflow.documents.inspection import Refused
from workflow.documents.inspection.parts import harmless

_ACTIONS = {
    "/JavaScript": "has_script",
    "/Launch": "has_launch",
    "/ImportData": "has_launch",
    "/SubmitForm": "has_launch",
    "/GoToE": "has_attachment",
    "/Rendition": "has_active_part",
    "/Sound": "has_active_part",
    "/Movie": "has_active_part",
    "/RichMediaExecute": "has_active_part",
}
_ANNOTATIONS = {
    "/FileAttachment": "has_attachment",
    "/RichMedia": "has_active_part",
    "/Movie": "has_active_part",
    "/Sound": "has_active_part",
    "/Screen": "has_active_part",
    "/3D": "has_active_part",
}
_DEEP = 100
_AFTER_END = 1024
"""Bytes that may follow the end: some servers and scanners add a line."""


def check(data: bytes) -> None:
    """Look at every object of the file. Raises Refused."""
    if not data[:1024].lstrip(b"\xef\xbb\xbf\0\t\n\f\r ").startswith(b"%PDF-"):
        raise Refused("two_kinds_at_once")
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise Refused("damaged")
    if len(data[end + 5 :].strip(b"\0\t\n\f\r \x1a")) > _AFTER_END:
        raise Refused("two_kinds_at_once")
    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            if document.is_encrypted:
                raise Refused("encrypted")
            if len(document.objects) > limits.PDF_OBJECTS:
                raise Refused("too_many_elements", part="PDF")
            for one in document.objects:
                _look(one, 0)
            pages = len(document.pages)
    except pikepdf.PasswordError as error:
        raise Refused("encrypted") from error
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError, OverflowError, RecursionError, KeyError) as error:
        raise Refused("damaged") from error
    if not pages:
        raise Refused("damaged")
    if pages > limits.PAGES:
        raise Refused("too_many_pages", most=limits.PAGES)


def _look(one: Any, depth: int) -> None:
    """One object with what it holds directly; what it refers to comes in its own turn."""
    if depth > _DEEP:
        raise Refused("too_deep", part="PDF", most=_DEEP)
    if isinstance(one, pikepdf.Array):
        for inner in one:
            if not getattr(inner, "is_indirect", False):
                _look(inner, depth + 1)
    elif isinstance(one, (pikepdf.Dictionary, pikepdf.Stream)):
        _look_at_names(one)
        for _, inner in one.items():
            if isinstance(inner, (pikepdf.Array, pikepdf.Dictionary)) and not inner.is_indirect:
                _look(inner, depth + 1)


def _look_at_names(one: Any) -> None:
    action, subtype = _name(one, "/S"), _name(one, "/Subtype")
    code = _ACTIONS.get(action, "") or _ANNOTATIONS.get(subtype, "")
    script = one.get("/JS")
    if code:
        raise Refused(code)
    if isinstance(script, pikepdf.String) or (isinstance(script, pikepdf.Stream) and "/Subtype" not in script):
        raise Refused("has_script")
    if "/XFA" in one:
        raise Refused("has_script")
    if "/EF" in one or _name(one, "/Type") == "/EmbeddedFile":
        raise Refused("has_attachment")
    if action == "/URI":
        target = str(one.get("/URI", ""))
        if not harmless(target) and not target.lower().startswith("tel:"):
            raise Refused("has_external_link", part="PDF", target=target[:80])
    _look_outside(one, action)


def _look_outside(one: Any, action: str) -> None:
    """Other files: to go to, to draw a page of, or as the bytes of a stream (7.3.8.2, 8.10.4, 12.6.4.3, 12.6.4.6)."""
    elsewhere = action == "/GoToR" or (action == "/Thread" and "/F" in one) or _name(one, "/FS") == "/URL"
    if isinstance(one, pikepdf.Stream):
        elsewhere = elsewhere or "/F" in one or "/Ref" in one
    if elsewhere:
        raise Refused("has_external_link", part="PDF", target=action.lstrip("/"))


def _name(one: Any, key: str) -> str:
    value = one.get(key)
    return str(value) if isinstance(value, pikepdf.Name) else ""
