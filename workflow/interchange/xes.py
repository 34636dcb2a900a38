"""The trail as an event log in XES (IEEE 1849-2023): a trace for each case and each other thing, written as it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO
from uuid import UUID

from workflow.audit.search import Entry, Thread
from workflow.characters import without_strange
from workflow.store.search import Event

TYPE = "application/xml"

_EXTENSIONS = {
    "Concept": "concept",
    "Time": "time",
    "Lifecycle": "lifecycle",
    "Organizational": "org",
    "ID": "identity",
}
_URI = "http://www.xes-standard.org/{prefix}.xesext"
_DATE = "1970-01-01T00:00:00+00:00"
_GLOBAL = {
    "trace": (("string", "concept:name", ""),),
    "event": (
        ("string", "concept:name", ""),
        ("date", "time:timestamp", _DATE),
        ("string", "lifecycle:transition", "complete"),
        ("id", "identity:id", str(UUID(int=0))),
    ),
}
"""What every trace and every event has."""
_OUTCOMES = {True: "complete", False: "ate_abort"}
"""In the standard lifecycle of XES: an activity was completed, or ended without what it was for."""


def write(threads: Iterable[Thread], out: BinaryIO, about: Mapping[str, str]) -> int:
    """Write the log and give the number of its events. `about`: what it holds and who took it, as attributes of the log."""
    from lxml import etree

    written = 0
    with etree.xmlfile(out, encoding="UTF-8") as xml:
        xml.write_declaration()
        # The schema of the standard has no namespace, and its version is a decimal number.
        with xml.element("log", {"xes.version": "1849.2023", "xes.features": ""}):
            for element in _head(etree, about):
                xml.write(element)
            for thread in threads:
                with xml.element("trace"):
                    for element in _elements(etree, _of_trace(thread)):
                        xml.write(element)
                    for event, entry in thread.steps:
                        one = etree.Element("event")
                        one.extend(_elements(etree, _of_event(event, entry)))
                        xml.write(one)
                        written += 1
                xml.flush()
    return written


def _head(etree: Any, about: Mapping[str, str]) -> Iterator[Any]:
    for name, prefix in _EXTENSIONS.items():
        uri = _URI.format(prefix=prefix)
        yield etree.Element("extension", {"name": name, "prefix": prefix, "uri": uri})
    for scope, attributes in _GLOBAL.items():
        one = etree.Element("global", {"scope": scope})
        one.extend(_elements(etree, attributes))
        yield one
    yield etree.Element("classifier", {"name": "Step", "scope": "event", "keys": "concept:name lifecycle:transition"})
    yield from _elements(etree, (("string", key, value) for key, value in about.items()))


def _of_trace(thread: Thread) -> Iterator[tuple[str, str, str]]:
    yield "string", "concept:name", thread.name
    yield "string", "kind", thread.thing.partition("/")[0]
    case = thread.steps[0][1].case
    if case:
        yield "string", "title", case.title
        yield "string", "centre", case.centre.name
        yield "string", "office", case.office.addressee
        yield "string", "call", case.call_number
        yield "string", "phase", case.phase


def _of_event(event: Event, entry: Entry) -> Iterator[tuple[str, str, str]]:
    yield "string", "concept:name", entry.action
    yield "string", "concept:instance", entry.number
    yield "date", "time:timestamp", written(entry.at)
    yield "string", "lifecycle:transition", _OUTCOMES[entry.done]
    yield "string", "org:resource", entry.who
    if entry.role:
        yield "string", "org:role", str(entry.role)
    yield "id", "identity:id", str(UUID(event.hash[:32]))
    yield from (("string", key, value) for key, value in words(entry).items())


def words(entry: Entry) -> dict[str, str]:
    """What an entry says besides who, when and to what; only what it says. The trail's words, masked as they are there."""
    said = {
        "what": entry.what.zh,
        "what_en": entry.what.en,
        "outcome": str(entry.outcome),
        "from_state": entry.from_state,
        "to_state": entry.to_state,
        "detail": entry.detail.zh if entry.detail else "",
        "remark": entry.remark,
        "findings": "\n".join(one.message.zh for one in entry.findings),
        "refused_by": " ".join(one.rule for one in entry.findings if one.blocks),
        "hash": entry.hash,
    }
    return {key: value for key, value in said.items() if value}


def written(at: datetime) -> str:
    """An instant as both formats want it: ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _elements(etree: Any, attributes: Iterable[tuple[str, str, str]]) -> list[Any]:
    return [etree.Element(kind, {"key": key, "value": without_strange(value)}) for kind, key, value in attributes]
