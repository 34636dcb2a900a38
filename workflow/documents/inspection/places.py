"""Named places of a PDF (ISO 32000-1, 12.3.2.3): on which page each of them is."""

from __future__ import annotations

import io
from typing import Any

import pikepdf

from workflow.documents.inspection import Refused


def places(data: bytes) -> dict[str, Any]:
    """`pages`: how many there are; `places`: name → page, from 0. Raises Refused."""
    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            pages = {page.objgen: number for number, page in enumerate(document.pages)}
            found = {name: pages.get(_page(target)) for name, target in _named(document)}
            return {"pages": len(pages), "places": {name: page for name, page in found.items() if page is not None}}
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError, KeyError, IndexError, AttributeError) as error:
        raise Refused("damaged") from error


def _named(document: Any) -> Any:
    root = document.Root
    if "/Dests" in root:
        return [(str(name).lstrip("/"), target) for name, target in root.Dests.items()]
    return pikepdf.NameTree(root.Names.Dests).items() if "/Names" in root and "/Dests" in root.Names else []


def _page(target: Any) -> Any:
    where = target.D if isinstance(target, pikepdf.Dictionary) else target
    return where[0].objgen
