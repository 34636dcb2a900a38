"""What a Word file that was taken away here carries, so that it is known when it comes back: case, revision and digest.

It stands as a custom property of the document (ECMA-376 part 1, 22.3), which Word, WPS and LibreOffice keep when they
save, in older formats too.
"""

from __future__ import annotations

import io
from typing import Any

from workflow.documents.marks import Mark, understood
from workflow.documents.packing import settled

PROPERTY = "Zhengji"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties"
_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_SPACE = "{http://schemas.openxmlformats.org/officeDocument/2006/custom-properties}"
_VALUES = "{http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes}"
_FORMAT = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
"""The set of properties that people name themselves."""


def stamped(document: bytes, mark: Mark) -> bytes:
    """A .docx that was vetted, with the mark; whatever else it holds stays."""
    from docx import Document

    opened = Document(io.BytesIO(document))
    put(opened.part.package, mark)
    made = io.BytesIO()
    opened.save(made)
    return settled(made.getvalue())


def put(package: Any, mark: Mark) -> None:
    """Give a file that python-docx has open its mark, in the place of one that it has."""
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from lxml import etree

    relation = _relation(package)
    spaces: Any = {None: _SPACE[1:-1], "vt": _VALUES[1:-1]}
    properties = etree.Element(f"{_SPACE}Properties", nsmap=spaces)
    if relation is not None:
        properties = _read(relation.target_part.blob)
        del package.rels[relation.rId]
    for one in properties.findall(f"{_SPACE}property"):
        if one.get("name") == PROPERTY:
            properties.remove(one)
    taken = [
        int(one.get("pid", "1")) for one in properties.findall(f"{_SPACE}property") if one.get("pid", "").isdigit()
    ]
    given = etree.SubElement(
        properties, f"{_SPACE}property", fmtid=_FORMAT, pid=str(max(taken, default=1) + 1), name=PROPERTY
    )
    etree.SubElement(given, f"{_VALUES}lpwstr").text = mark.text
    content = etree.tostring(properties, xml_declaration=True, encoding="UTF-8", standalone=True)
    package.relate_to(Part(PackURI("/docProps/custom.xml"), _TYPE, content, package), _RELATION)


def origin_of(properties: bytes) -> Mark | None:
    """The mark among a document's custom properties (XML); None for one that was not taken away here."""
    found = (one for one in _read(properties).iter(f"{_SPACE}property") if one.get("name") == PROPERTY)
    mark = understood("".join(one.text or "" for given in found for one in given.iter(f"{_VALUES}lpwstr")))
    return mark if mark is not None and mark.kind == "case" else None


def _relation(package: Any) -> Any:
    return next((one for one in package.rels.values() if one.reltype == _RELATION and not one.is_external), None)


def _read(properties: bytes) -> Any:
    from lxml import etree

    return etree.fromstring(properties, etree.XMLParser(resolve_entities=False, no_network=True))
