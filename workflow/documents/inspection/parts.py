"""XML as it streams by: no document type, bounded depth and number of elements, before anybody builds a tree of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from workflow.documents import limits
from workflow.documents.inspection import Refused

Attributes = Mapping[str, str]


class Handler:
    """What is looked at in one part; element and attribute names are "namespace local", or "local" without one."""

    def start(self, name: str, attributes: Attributes) -> None: ...
    def end(self, name: str) -> None: ...
    def text(self, words: str) -> None: ...
    def finish(self) -> None: ...


@dataclass
class Budget:
    """Elements and attributes that may still come, in all parts of one file."""

    elements: int

    def __post_init__(self) -> None:
        self.attributes = 3 * self.elements


_ENCODINGS = ("", "utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii", "iso-8859-1")


def stream(part: str, data: bytes, handler: Handler, budget: Budget) -> None:
    """Read one part through a handler. Raises Refused: has_doctype, too_deep, too_many_elements, damaged."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0

    def declared(_version: str, encoding: str | None, _alone: int) -> None:
        if (encoding or "").lower() not in _ENCODINGS:
            raise Refused("damaged_part", part=part)

    def doctype(*_: object) -> None:
        raise Refused("has_doctype", part=part)

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        budget.elements -= 1
        budget.attributes -= len(attributes)
        if depth > limits.XML_DEPTH:
            raise Refused("too_deep", part=part, most=limits.XML_DEPTH)
        if budget.elements < 0 or budget.attributes < 0:
            raise Refused("too_many_elements", part=part)
        handler.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name)

    parser.XmlDeclHandler = declared
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    if type(handler).text is not Handler.text:
        parser.CharacterDataHandler = handler.text
    try:
        for at in range(0, len(data), 256 * 1024):
            parser.Parse(data[at : at + 256 * 1024], False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Refused("damaged_part", part=part) from error
    handler.finish()


def local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition(" ")[2]


SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")


def harmless(target: str) -> bool:
    """Whether a link leads to a web page, an address to write to, or a place without a scheme that is no path."""
    plain = "".join(one for one in target if one.isprintable()).strip().strip('"“”')
    scheme = SCHEME.match(plain)
    if scheme:
        return scheme[1].lower() in ("http", "https", "mailto")
    return not plain.startswith(("/", "\\")) and "\\" not in plain


_FETCHED = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:|//|\\\\)")


def fetched(target: str) -> bool:
    """Whether something that is drawn at once would have to be fetched from elsewhere."""
    return bool(_FETCHED.match(target)) and not target.strip().lower().startswith(("cid:", "data:image/"))


HARMFUL_FIELDS = frozenset(
    {"DDE", "DDEAUTO", "INCLUDE", "INCLUDETEXT", "INCLUDEPICTURE", "IMPORT", "LINK", "RD", "DATABASE"}
)


def check_instruction(part: str, instruction: str) -> None:
    """A field's instruction must fetch nothing, and a link in it lead to no file. Raises Refused."""
    plain = "".join(one if one.isprintable() else " " for one in instruction.replace("\u200b", ""))
    word = re.match(r"[\s\"“”{=\\]*([A-Za-z]+)", plain)
    if word and word[1].upper() in HARMFUL_FIELDS:
        raise Refused("has_active_field", part=part, field=word[1].upper())
    if word and word[1].upper() == "HYPERLINK":
        target = re.match(r'\s*(?:"([^"]*)"|“([^”]*)”|([^\s\\"]\S*))', plain[word.end() :])
        if target and not harmless(next(one for one in target.groups() if one is not None)):
            raise Refused("has_external_link", part=part, target=target[0].strip()[:80])


_QUOTED = re.compile(r"\"[^\"]*\"|'(?:[^']|'')*'")
_CALLING = re.compile(r"\b(?:DDE|WEBSERVICE|IMAGE|RTD|CALL|EXEC|REGISTER|REGISTER\.ID)\s*\(", re.IGNORECASE)
_LINKING = re.compile(r"\bHYPERLINK\s*\(", re.IGNORECASE)


def check_formula(part: str, formula: str) -> None:
    """A formula must neither call another program nor fetch anything, and a link in it lead to no file. Raises Refused."""
    bare = _QUOTED.sub(lambda one: '""' if one[0].startswith('"') else "'", formula)
    if "|" in bare or _CALLING.search(bare):
        raise Refused("has_active_field", part=part, field=formula[:40])
    for link in _LINKING.finditer(formula):
        target = _first_words(formula[link.end() :])
        if not harmless(target):
            raise Refused("has_external_link", part=part, target=target[:80])


def _first_words(rest: str) -> str:
    """The texts in the first argument of a call, joined as a formula joins them."""
    words, depth = "", 0
    for one in re.finditer(r'"((?:[^"]|"")*)"|[(),;]', rest):
        if one[1] is not None:
            words += one[1]
        elif one[0] == "(":
            depth += 1
        elif depth and one[0] == ")":
            depth -= 1
        elif not depth:
            break
    return words
