"""OpenDocument (ISO/IEC 26300): scripts, objects, and references that leave the file."""

from __future__ import annotations

from workflow.documents import limits
from workflow.documents.inspection import Refused
from workflow.documents.inspection.archives import Member
from workflow.documents.inspection.office import is_xml
from workflow.documents.inspection.parts import (
    Attributes,
    Budget,
    Handler,
    check_formula,
    fetched,
    harmless,
    local,
    stream,
)
from workflow.documents.inspection.pictures import check_size
from workflow.documents.inspection.sheets import Area
from workflow.documents.kinds import sniff

_KINDS = {b"application/vnd.oasis.opendocument.text": "odt", b"application/vnd.oasis.opendocument.spreadsheet": "ods"}
_INSIDE = ("application/vnd.oasis.opendocument.chart", "application/vnd.oasis.opendocument.formula")
"""Objects that a document may hold: they are drawn from XML of their own."""


def kind_of(members: list[Member]) -> str:
    """The kind that the member `mimetype` says, "" for another program's."""
    return next((_KINDS.get(one.data.strip(), "") for one in members if one.name == "mimetype"), "")


def check(members: list[Member], kind: str) -> None:
    """Look at every member. Raises Refused."""
    budget = Budget(limits.XML_ELEMENTS[kind])
    manifest = _Manifest()
    names = {one.name for one in members}
    for one in members:
        if one.name == "META-INF/manifest.xml":
            stream(one.name, one.data, manifest, budget)
    for one in members:
        top = one.name.partition("/")[0].lower()
        if top in ("basic", "scripts") or one.name.lower().endswith(
            (".xlb", ".xba", ".py", ".js", ".bsh", ".class", ".jar")
        ):
            raise Refused("has_macros", part=one.name)
        found = sniff(one.data[:1024])
        if found == "ole":
            raise Refused("has_embedded_object", part=one.name)
        if found in ("zip", "rar", "7z"):
            raise Refused("archive_inside", part=one.name)
        if found == "program":
            raise Refused("has_active_part", part=one.name)
        if found in ("jpeg", "png", "gif", "tiff"):
            check_size(one.data)
        elif one.data and is_xml(one.name, one.data, "") and one.name != "META-INF/manifest.xml":
            handler = _Cells(one.name, names) if one.name == "content.xml" and kind == "ods" else _Part(one.name, names)
            stream(one.name, one.data, handler, budget)


class _Manifest(Handler):
    def start(self, name: str, attributes: Attributes) -> None:
        if local(name) == "encryption-data":
            raise Refused("encrypted")
        if local(name) != "file-entry":
            return
        path = next((value for key, value in attributes.items() if local(key) == "full-path"), "")
        media_type = next((value for key, value in attributes.items() if local(key) == "media-type"), "")
        if (
            path not in ("", "/")
            and media_type.startswith("application/vnd.oasis.opendocument.")
            and media_type not in _INSIDE
        ):
            raise Refused("has_embedded_object", part=path)
        if media_type == "application/vnd.sun.star.oleobject":
            raise Refused("has_embedded_object", part=path)


_ELEMENTS = {
    "event-listener": "has_macros",
    "script": "has_macros",
    "dde-source": "has_active_field",
    "dde-connection": "has_active_field",
    "dde-connection-decl": "has_active_field",
    "dde-link": "has_active_field",
    "object-ole": "has_embedded_object",
    "applet": "has_active_part",
    "plugin": "has_active_part",
    "floating-frame": "has_external_link",
    "table-source": "has_external_link",
    "cell-range-source": "has_external_link",
    "database-source-sql": "has_data_connection",
    "database-source-query": "has_data_connection",
    "database-source-table": "has_data_connection",
}
_LINKS = frozenset({"a", "template", "auto-reload"})


class _Part(Handler):
    def __init__(self, part: str, names: set[str]) -> None:
        self.part, self.names = part, names

    def start(self, name: str, attributes: Attributes) -> None:
        tag = local(name)
        code = _ELEMENTS.get(tag)
        if code is not None and "opendocument" in name:
            raise Refused(code, part=self.part, target="", field=tag)
        for key, value in attributes.items():
            if value.startswith(("vnd.sun.star.script:", "macro:", "script:")):
                raise Refused("has_macros", part=self.part)
            if local(key) == "href" and "xlink" in key:
                self._link(tag, value)
            elif local(key) == "formula":
                check_formula(self.part, value)

    def _link(self, tag: str, target: str) -> None:
        if tag == "template":
            outside = target.strip().lower().startswith(("http:", "https:", "ftp:", "smb:", "\\\\", "//"))
            if outside:
                raise Refused("has_template", part=self.part, target=target[:80])
        elif tag == "a":
            if not harmless(target) and not target.startswith(("../", "./")):
                raise Refused("has_external_link", part=self.part, target=target[:80])
        elif (
            fetched(target)
            or target.startswith(("../../", "/", "\\"))
            or (target.startswith("../") and tag != "object" and self.part.count("/") == 0)
        ):
            raise Refused("has_external_link", part=self.part, target=target[:80])


class _Cells(_Part):
    """The sheets of a workbook: rows and cells say how often they are repeated."""

    def __init__(self, part: str, names: set[str]) -> None:
        super().__init__(part, names)
        self.area = Area("")
        self.row = self.rows = self.column = self.columns = 0
        self.inside = 0

    def start(self, name: str, attributes: Attributes) -> None:
        super().start(name, attributes)
        tag = local(name)
        if tag == "table":
            self.area, self.row, self.rows = Area(_value(attributes, "name")), 0, 0
        elif tag == "table-row":
            self.row, self.rows = self.row + self.rows, _number(attributes, "number-rows-repeated")
            self.column = self.columns = 0
        elif tag in ("table-cell", "covered-table-cell"):
            self.column, self.columns = self.column + self.columns, _number(attributes, "number-columns-repeated")
            self.inside += 1
            if any(local(key) in ("value-type", "formula", "string-value") for key in attributes):
                self._filled()
            self.area.merge(_number(attributes, "number-rows-spanned"), _number(attributes, "number-columns-spanned"))
        elif self.inside and tag in ("p", "h"):
            self._filled()

    def end(self, name: str) -> None:
        if local(name) in ("table-cell", "covered-table-cell"):
            self.inside -= 1

    def _filled(self) -> None:
        self.area.fill(self.row + self.rows, self.column + self.columns)


def _value(attributes: Attributes, wanted: str) -> str:
    return next((value for key, value in attributes.items() if local(key) == wanted), "")


def _number(attributes: Attributes, wanted: str) -> int:
    written = _value(attributes, wanted)
    return max(1, int(written)) if written.isdigit() and len(written) < 10 else 1
