"""Office Open XML (ECMA-376): relations, parts and fields that reach out of the file or carry something into it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import unquote

from workflow.documents import limits
from workflow.documents.inspection import Refused
from workflow.documents.inspection.archives import Member
from workflow.documents.inspection.parts import (
    Attributes,
    Budget,
    Handler,
    check_formula,
    check_instruction,
    fetched,
    harmless,
    local,
    stream,
)
from workflow.documents.inspection.sheets import Area, place
from workflow.documents.kinds import ending, sniff

_MAIN = {
    "wordprocessingml.document.main+xml": "docx",
    "spreadsheetml.sheet.main+xml": "xlsx",
    "wordprocessingml.template.main+xml": "template",
    "spreadsheetml.template.main+xml": "template",
    "presentationml.": "pptx",
}

_RELATIONS = {
    "oleobject": "has_embedded_object",
    "package": "has_embedded_object",
    "control": "has_control",
    "activexcontrol": "has_control",
    "activexcontrolbinary": "has_control",
    "vbaproject": "has_macros",
    "wordvbadata": "has_macros",
    "xlmacrosheet": "has_macros",
    "xlintlmacrosheet": "has_macros",
    "dialogsheet": "has_macros",
    "extensibility": "has_macros",
    "attachedtoolbars": "has_macros",
    "attachedtemplate": "has_template",
    "afchunk": "has_inserted_file",
    "subdocument": "has_external_link",
    "frame": "has_external_link",
    "transform": "has_external_link",
    "externallink": "has_external_link",
    "externallinkpath": "has_external_link",
    "connections": "has_data_connection",
    "querytable": "has_data_connection",
    "mailmergesource": "has_data_connection",
    "mailmergeheadersource": "has_data_connection",
    "recipientdata": "has_data_connection",
    "webextension": "has_active_part",
    "webextensiontaskpanes": "has_active_part",
    "ddelink": "has_active_field",
}
"""Last word of a relation's type → why it is refused."""

_TYPES = {
    "macroenabled": "has_macros",
    "vbaproject": "has_macros",
    "vbadata": "has_macros",
    "macrosheet": "has_macros",
    "dialogsheet": "has_macros",
    "activex": "has_control",
    "oleobject": "has_embedded_object",
    "externallink": "has_external_link",
    "connections+xml": "has_data_connection",
    "querytable": "has_data_connection",
    "webextension": "has_active_part",
}
"""Piece of a part's content type → why it is refused."""

_PROGRAMS = frozenset(
    [
        "exe",
        "dll",
        "com",
        "scr",
        "pif",
        "cpl",
        "msi",
        "msix",
        "bat",
        "cmd",
        "ps1",
        "vbs",
        "vbe",
        "js",
        "jse",
        "wsf",
        "wsh",
        "hta",
        "lnk",
        "url",
        "scf",
        "reg",
        "jar",
        "class",
        "dex",
        "so",
        "html",
        "htm",
        "mht",
        "mhtml",
        "xhtml",
        "php",
        "swf",
        "chm",
        "hlp",
        "iso",
        "img",
        "vhd",
        "iqy",
        "slk",
        "application",
        "appref-ms",
        "settingcontent-ms",
        "library-ms",
    ]
)
"""Endings of members that have no place among papers."""


@dataclass(frozen=True)
class Relation:
    source: str
    """The part that it starts from; "" for the whole file."""
    id: str
    kind: str
    """The last word of its type, lower case."""
    target: str
    """The part that it leads to, or the address when external."""
    external: bool


@dataclass
class Package:
    """The parts of a file with their types and relations."""

    parts: dict[str, bytes]
    types: dict[str, str] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)

    @property
    def kind(self) -> str:
        for content_type in self.types.values():
            for piece, kind in _MAIN.items():
                if piece in content_type:
                    return kind
        return "docm" if any("macroenabled" in one.lower() for one in self.types.values()) else ""


def opened(members: Iterable[Member], budget: Budget) -> Package:
    """The members as a package: content types and relations read. Raises Refused."""
    package = Package({one.name.lstrip("/"): one.data for one in members})
    types = _Types()
    stream("[Content_Types].xml", package.parts.get("[Content_Types].xml", b""), types, budget)
    for part in package.parts:
        package.types[part] = types.overrides.get(part.lower()) or types.defaults.get(
            ending(part) or part.rpartition(".")[2], ""
        )
    for part, data in package.parts.items():
        if part.lower().endswith(".rels"):
            found = _Relations(source_of(part))
            stream(part, data, found, budget)
            package.relations += found.found
    return package


def source_of(rels: str) -> str:
    """The part whose relations a `.rels` part holds; "" for the whole file."""
    folder, name = posixpath.split(rels)
    return posixpath.join(posixpath.dirname(folder), name.removesuffix(".rels"))


class _Types(Handler):
    def __init__(self) -> None:
        self.defaults: dict[str, str] = {}
        self.overrides: dict[str, str] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        given = attributes.get("ContentType", "")
        if local(name) == "Default":
            self.defaults[attributes.get("Extension", "").lower()] = given
        elif local(name) == "Override":
            self.overrides[unquote(attributes.get("PartName", "")).lstrip("/").lower()] = given


class _Relations(Handler):
    def __init__(self, source: str) -> None:
        self.source = source
        self.found: list[Relation] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if local(name) != "Relationship":
            return
        target = attributes.get("Target", "")
        external = attributes.get("TargetMode", "").strip().lower() == "external"
        if not external:
            base = "/" if not self.source else "/" + posixpath.dirname(self.source)
            target = posixpath.normpath(posixpath.join(base, unquote(target))).lstrip("/")
        kind = attributes.get("Type", "").rstrip("/").rpartition("/")[2].lower()
        self.found.append(Relation(self.source, attributes.get("Id", ""), kind, target, external))


def check(package: Package, kind: str, budget: Budget) -> dict[str, list[Relation]]:
    """Look at every relation and every part. Gives the charts whose workbooks are to be dropped. Raises Refused."""
    charts = {part for part, content_type in package.types.items() if _is_chart(content_type)}
    dropped: dict[str, list[Relation]] = {}
    for one in package.relations:
        if one.source in charts and one.kind in ("package", "oleobject") and not one.external:
            dropped.setdefault(one.source, []).append(one)
            continue
        _check_relation(one)
    workbooks = {one.target for many in dropped.values() for one in many}
    others = {one.target for one in package.relations if not one.external and one.source not in dropped}
    if workbooks & others:
        raise Refused("has_embedded_object", part=min(workbooks & others))
    for part, data in package.parts.items():
        if part in workbooks:
            continue
        _check_part(part, data, package.types[part])
        if data and is_xml(part, data, package.types[part]):
            _stream_part(part, data, package.types[part], kind, budget)
    return dropped


def _is_chart(content_type: str) -> bool:
    return bool(re.search(r"drawingml\.chart\+xml|chartex\+xml", content_type))


def _check_relation(one: Relation) -> None:
    known = _RELATIONS.get(one.kind)
    if known is None and one.kind.startswith(("externallink", "xlexternallink", "xlpath", "vbaproject")):
        known = "has_macros" if one.kind.startswith("vba") else "has_external_link"
    if known is not None:
        raise Refused(known, part=one.source, target=one.target[:80], field=one.kind)
    if one.external and not (one.kind == "hyperlink" and harmless(one.target)):
        raise Refused("has_external_link", part=one.source, target=one.target[:80])
    if not one.external and ":/" in one.target:
        raise Refused("has_external_link", part=one.source, target=one.target[:80])


def _check_part(part: str, data: bytes, content_type: str) -> None:
    plain = content_type.lower()
    for piece, code in _TYPES.items():
        if piece in plain:
            raise Refused(code, part=part, target="", field="")
    if ending(part) in _PROGRAMS:
        raise Refused("has_active_part", part=part)
    found = sniff(data[:1024])
    if found == "ole":
        raise Refused("has_macros" if "vba" in part.lower() else "has_embedded_object", part=part)
    if found in ("zip", "rar", "7z"):
        raise Refused("archive_inside", part=part)
    if found == "program" or data.startswith(b"%PDF-"):
        raise Refused("has_active_part", part=part)
    if found in ("jpeg", "png", "gif", "tiff") or data[:2] == b"BM":
        from workflow.documents.inspection.pictures import check_size

        check_size(data)


_XML_ENDINGS = (".xml", ".rels", ".vml", ".svg", ".xsl", ".xslt", ".xsd", ".rdf")


def is_xml(part: str, data: bytes, content_type: str) -> bool:
    """By name, by type, or by how it begins in whatever encoding."""
    if part.lower().endswith(_XML_ENDINGS) or content_type.partition(";")[0].endswith("xml"):
        return True
    return data[:256].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith((b"<?xml", b"<!"))


def _stream_part(part: str, data: bytes, content_type: str, kind: str, budget: Budget) -> None:
    handler: Handler
    if part.lower().endswith(".rels") or part == "[Content_Types].xml":
        return  # read already
    if kind != "xlsx":
        handler = _Text(part)
    elif "worksheet+xml" in content_type:
        handler = _Sheet(part)
    else:
        handler = _Book(part)
    try:
        stream(part, data, handler, budget)
    except Refused as refused:
        # Excel itself writes drawings of comments that are no sound XML; nobody reads them, so only what could do harm counts.
        if refused.code != "damaged_part" or not part.lower().endswith(".vml") or b"<!" in data.replace(b"\0", b""):
            raise


class _Drawn(Handler):
    """What may stand in any part: drawings that would be fetched, controls, objects, data sources."""

    _ELEMENTS: ClassVar = {
        "OLEObject": "has_embedded_object",
        "oleObject": "has_embedded_object",
        "altChunk": "has_inserted_file",
        "subDoc": "has_external_link",
        "ddeLink": "has_active_field",
        "externalBook": "has_external_link",
        "dbPr": "has_data_connection",
        "webPr": "has_data_connection",
        "DataMashup": "has_data_connection",
    }

    def __init__(self, part: str) -> None:
        self.part = part

    def start(self, name: str, attributes: Attributes) -> None:
        space, _, tag = name.rpartition(" ")
        code = self._ELEMENTS.get(tag)
        if code is not None and (_OFFICE.search(space) or tag == "DataMashup"):
            raise Refused(code, part=self.part, target="", field=tag)
        if tag == "attachedTemplate" and _OFFICE.search(space):
            raise Refused("has_template", part=self.part, target="")
        if "vml" in space and fetched(attributes.get("src", "")):
            raise Refused("has_external_link", part=self.part, target=attributes["src"][:80])
        if space == _SVG:
            self._drawing(tag, attributes)
        if tag == "FmlaMacro":
            raise Refused("has_macros", part=self.part)
        if (
            "macro" in attributes
            and attributes["macro"].strip()
            and tag in ("sp", "pic", "graphicFrame", "cxnSp", "controlPr")
        ):
            raise Refused("has_macros", part=self.part)

    def _drawing(self, tag: str, attributes: Attributes) -> None:
        """A picture in SVG draws, and neither runs nor fetches anything."""
        if tag in ("script", "foreignObject", "handler"):
            raise Refused("has_active_part", part=self.part)
        target = _attribute(attributes, "href")
        if tag != "a" and fetched(target):
            raise Refused("has_external_link", part=self.part, target=target[:80])


_SVG = "http://www.w3.org/2000/svg"
_OFFICE = re.compile(r"wordprocessingml|spreadsheetml|drawingml|microsoft-com:|schemas\.microsoft\.com/office")


class _Text(_Drawn):
    """Word: fields, whose instructions may be split over runs and nested in one another (ECMA-376 part 1, 17.16)."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.fields: list[_Field] = [_Field()]  # the first one gathers what stands outside any field
        self.instruction = self.words = 0

    def start(self, name: str, attributes: Attributes) -> None:
        super().start(name, attributes)
        tag = local(name)
        if tag in ("instrText", "delInstrText"):
            self.instruction += 1
        elif tag == "t":
            self.words += 1
        elif tag == "fldSimple":
            check_instruction(self.part, _attribute(attributes, "instr"))
        elif tag == "fldChar":
            self._marked(_attribute(attributes, "fldCharType"))

    def end(self, name: str) -> None:
        tag = local(name)
        if tag in ("instrText", "delInstrText"):
            self.instruction -= 1
        elif tag == "t":
            self.words -= 1

    def finish(self) -> None:
        for one in self.fields:
            check_instruction(self.part, one.instruction)

    def text(self, words: str) -> None:
        last = self.fields[-1]
        if self.instruction:
            last.instruction += words
            if len(last.instruction) > 100_000:
                raise Refused("too_deep", part=self.part, most=limits.XML_DEPTH)
        elif self.words and len(self.fields) > 2 and not last.asking:
            last.result += words

    def _marked(self, kind: str) -> None:
        last = self.fields[-1]
        if kind == "begin":
            if len(self.fields) > limits.XML_DEPTH:
                raise Refused("too_deep", part=self.part, most=limits.XML_DEPTH)
            self.fields.append(_Field())
        elif kind == "separate" and len(self.fields) > 1:
            check_instruction(self.part, last.instruction)
            last.asking = False
        elif kind == "end" and len(self.fields) > 1:
            check_instruction(self.part, last.instruction)
            self.fields.pop()
            outer = self.fields[-1]
            if outer.asking and len(self.fields) > 1:
                outer.instruction += last.result or last.quoted


@dataclass
class _Field:
    instruction: str = ""
    result: str = ""
    asking: bool = True
    """Whether its result has not begun yet."""

    @property
    def quoted(self) -> str:
        """What QUOTE makes of its words and of numbers of characters: `QUOTE 68 68 69` is DDE."""
        words = self.instruction.split()
        if not words or words[0].upper() != "QUOTE":
            return ""
        return "".join(
            chr(int(one)) if one.isdigit() and int(one) < 0x110000 else one.strip('"')
            for one in words[1:]
            if not one.startswith("\\")
        )


def _attribute(attributes: Attributes, wanted: str) -> str:
    return next((value for name, value in attributes.items() if local(name) == wanted), "")


class _Book(_Drawn):
    """Excel's parts but its sheets: formulas may stand in names too."""

    _FORMULAS = frozenset({"f", "formula", "formula1", "formula2", "definedName", "calculatedColumnFormula"})

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.formula = ""
        self.inside = 0

    def start(self, name: str, attributes: Attributes) -> None:
        super().start(name, attributes)
        if local(name) in self._FORMULAS:
            self.inside += 1
            self.formula = ""

    def end(self, name: str) -> None:
        if local(name) in self._FORMULAS and self.inside:
            self.inside -= 1
            check_formula(self.part, self.formula)

    def text(self, words: str) -> None:
        if self.inside:
            self.formula += words


class _Sheet(_Book):
    """One sheet: every cell with something in it stands in the area of a form, and no merged range is large."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.area = Area(part)
        self.row = self.column = 0

    def start(self, name: str, attributes: Attributes) -> None:
        super().start(name, attributes)
        tag = local(name)
        if tag == "c":
            self.row, self.column = place(attributes.get("r", "")) or (self.row, self.column + 1)
            self.area.reach(self.row, self.column)
        elif tag == "row":
            said = attributes.get("r", "")
            self.row = int(said) if said.isdigit() and len(said) < 9 else self.row + 1
            self.column = 0
        elif tag in ("v", "f", "is"):
            self.area.fill(self.row, self.column)
        elif tag == "mergeCell":
            first, _, last = attributes.get("ref", "").partition(":")
            begin, finish = place(first), place(last or first)
            if begin and finish:
                self.area.merge(finish[0] - begin[0] + 1, finish[1] - begin[1] + 1)
        if tag == "f" and attributes.get("ref"):
            first, _, last = attributes["ref"].partition(":")
            end = place(last or first)
            if end:
                self.area.fill(*end)
