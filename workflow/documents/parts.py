"""A .docx as its parts, each read when it is asked for: reading a case takes a few of them, and opening all costs more."""

from __future__ import annotations

import io
import posixpath
import zipfile
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from lxml import etree

_TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


@dataclass(frozen=True)
class Relation:
    """From one part to another, or out of the file. `kind`: the last word of its type."""

    kind: str
    external: bool
    target: str
    """The name of the part that it leads to, or an address."""


class Package:
    """The zip of a .docx that was vetted. Raises KeyError, ValueError, zipfile.BadZipFile for one that is none."""

    def __init__(self, data: bytes) -> None:
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        self.top = Part(self, "")
        """The whole file, from which relations start as from a part."""

    def read(self, name: str) -> bytes:
        return self._zip.read(name)

    def has(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def media_type(self, name: str) -> str:
        """What the file says that a part is: by its own name, or by how the name ends."""
        return self._types.get(f"/{name}".lower()) or self._types.get(name.rpartition(".")[2].lower(), "")

    @cached_property
    def _types(self) -> dict[str, str]:
        types = parsed(self.read("[Content_Types].xml"))
        named = {str(one.get("PartName", "")).lower(): one for one in types.iter(f"{_TYPES}Override")}
        ending = {str(one.get("Extension", "")).lower(): one for one in types.iter(f"{_TYPES}Default")}
        return {key: str(one.get("ContentType", "")) for key, one in {**ending, **named}.items()}


@dataclass(frozen=True)
class Part:
    package: Package
    name: str

    @property
    def data(self) -> bytes:
        return self.package.read(self.name)

    @property
    def media_type(self) -> str:
        return self.package.media_type(self.name)

    @property
    def root(self) -> Any:
        return parsed(self.data)

    @cached_property
    def relations(self) -> dict[str, Relation]:
        """By their ids."""
        folder, name = posixpath.split(self.name)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        if not self.package.has(rels):
            return {}
        return {
            one.get("Id", ""): self._relation(one, folder) for one in parsed(self.package.read(rels)).iter(_RELATION)
        }

    def _relation(self, one: Any, folder: str) -> Relation:
        kind, target = one.get("Type", "").rpartition("/")[2], one.get("Target", "")
        if one.get("TargetMode") == "External":
            return Relation(kind, True, target)
        return Relation(kind, False, posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/"))

    def related(self, *kinds: str) -> list[Part]:
        """The parts to which relations of these kinds lead, in their order."""
        found = self.relations.values()
        return [Part(self.package, one.target) for one in found if one.kind in kinds and not one.external]


_PARSER = etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True)


def parsed(content: bytes) -> Any:
    """XML as a tree; nothing is fetched and no entity resolved."""
    return etree.fromstring(content, _PARSER)
