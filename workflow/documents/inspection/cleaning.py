"""A Word or Excel file without the workbooks inside its charts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote

from lxml import etree

from workflow.documents.inspection.office import Package, Relation, source_of


def cleaned(package: Package, dropped: dict[str, list[Relation]]) -> bytes:
    """The file without the workbooks inside its charts: the charts keep the values that they draw."""
    gone = {one.target for many in dropped.values() for one in many}
    ids = {source: {one.id for one in many} for source, many in dropped.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part, data in package.parts.items():
            if part in gone:
                continue
            if part in ids:
                data = _without(data, lambda one: etree.QName(one).localname == "externalData")
            elif part.lower().endswith(".rels") and source_of(part) in ids:
                data = _without(data, partial(_has_id, ids[source_of(part)]))
            elif part == "[Content_Types].xml":
                data = _without(data, lambda one: unquote(one.get("PartName") or "").lstrip("/") in gone)
            new.writestr(zipfile.ZipInfo(part), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _has_id(ids: set[str], one: etree._Element) -> bool:
    return one.get("Id") in ids


def _without(data: bytes, unwanted: Callable[[etree._Element], bool]) -> bytes:
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    for one in [one for one in root.iter(etree.Element) if unwanted(one)]:
        above = one.getparent()
        if above is not None:
            above.remove(one)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
