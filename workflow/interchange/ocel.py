"""The trail as an object-centric event log: OCEL 2.0 in JSON (ocel-standard.org), written as the trail is read.

One entry is one event, whatever it is about: its case, batch or push, the person who acted, the centre and the office.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from workflow.audit.search import Entry, Thread
from workflow.interchange.xes import words, written
from workflow.store.models import Case
from workflow.store.search import Event

TYPE = "application/json"

_ALWAYS = "1970-01-01T00:00:00Z"
"""The time of what an object is from its beginning, as the standard has it."""
_OF_OBJECTS: Mapping[str, tuple[str, ...]] = {
    "case": ("number", "title", "call", "phase", "state"),
    "batch": ("number", "state"),
    "push": ("state",),
    "person": ("name",),
    "centre": ("name",),
    "office": ("name",),
    **dict.fromkeys(("arrival", "bulk", "call", "collections"), ()),
}
"""Kind of object → its attributes, all of them texts. What else the trail is kept by, such as a day, is no object."""
_OF_EVENTS = (
    *("what", "what_en", "outcome", "from_state", "to_state", "detail", "remark", "findings", "refused_by", "hash"),
    "role",
)


@dataclass
class _Object:
    """One thing, with what is known of it and to what it belongs."""

    kind: str
    attributes: list[dict[str, str]] = field(default_factory=list)
    belongs: dict[str, str] = field(default_factory=dict)

    def says(self, name: str, value: str, time: str = _ALWAYS) -> None:
        self.attributes.append({"name": name, "time": time, "value": value})


class _Log:
    """Events as they are written, and the things that they are about."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.objects: dict[str, _Object] = {}
        self.types: set[str] = set()
        self.written = 0
        self._lists: dict[str, list[int]] = {}

    def event(self, thread: Thread, event: Event, entry: Entry) -> None:
        time, thing = written(entry.at), _thing(event)
        about = {one: "about" for one in (thread.thing, thing) if _kind(one) in _OF_OBJECTS}
        for one in about:
            self._object(one, thread.name if one == thread.thing else "")
        if entry.case:
            about |= dict.fromkeys(self._of_case(thread.thing, entry.case), "at")
        if entry.person:
            person = f"person/{entry.person}"
            if person not in self.objects:
                self._object(person).says("name", entry.who)
            about[person] = "by"
        if entry.done and entry.to_state and thing in about:
            self.objects[thing].says("state", entry.to_state, time)
        about |= self._of_batch(thing, event)
        said = {**words(entry), **({"role": str(entry.role)} if entry.role else {})}
        self._write(
            {
                "id": entry.number,
                "type": entry.action,
                "time": time,
                "attributes": [{"name": name, "value": value} for name, value in said.items()],
                "relationships": [{"objectId": other, "qualifier": how} for other, how in about.items()],
            }
        )
        self.types.add(entry.action)

    def _object(self, of: str, name: str = "") -> _Object:
        if of not in self.objects:
            self.objects[of] = _Object(_kind(of))
            if name and "number" in _OF_OBJECTS[_kind(of)]:
                self.objects[of].says("number", name)
        return self.objects[of]

    def _of_case(self, thing: str, case: Case) -> list[str]:
        """What a case belongs to, told once."""
        here = self._object(thing)
        if not here.belongs:
            for name, value in (("title", case.title), ("call", case.call_number), ("phase", case.phase)):
                here.says(name, value)
            here.belongs = {f"centre/{case.centre_id}": "of", f"office/{case.office_id}": "of"}
            for of, name in zip(here.belongs, (case.centre.name, case.office.addressee), strict=True):
                if of not in self.objects:
                    self._object(of).says("name", name)
        return list(here.belongs)

    def _of_batch(self, thing: str, event: Event) -> dict[str, str]:
        """The cases that a batch lists, as far as they are in this log themselves; they come before the batches."""
        if event.action == "batch.collect":
            self._lists[thing] = event.body["order"]
            dropped = {f"case/{one}": "taken out" for one in event.body["dropped"]}
        else:
            dropped = {}
        listed = {f"case/{one}": "listed" for one in self._lists.get(thing, ())}
        return {of: how for of, how in {**dropped, **listed}.items() if of in self.objects}

    def _write(self, event: Mapping[str, Any]) -> None:
        self._out.write(b",\n" if self.written else b"\n")
        self._out.write(json.dumps(event, ensure_ascii=False).encode())
        self.written += 1


def _thing(event: Event) -> str:
    return "/".join(event.stream.split("/")[:2])


def _kind(thing: str) -> str:
    return thing.partition("/")[0]


def write(threads: Iterable[Thread], out: BinaryIO, about: Mapping[str, str]) -> int:
    """Write the log and give the number of its events. `about`: what it holds and who took it, beside the standard's keys."""
    log = _Log(out)
    out.write(b'{"events": [')
    for thread in threads:
        for event, entry in thread.steps:
            log.event(thread, event, entry)
    out.write(b"\n],\n")
    rest = {
        "objects": [_object(of, one) for of, one in log.objects.items()],
        "eventTypes": [{"name": name, "attributes": _texts(_OF_EVENTS)} for name in sorted(log.types)],
        "objectTypes": [
            {"name": kind, "attributes": _texts(_OF_OBJECTS[kind])}
            for kind in sorted({one.kind for one in log.objects.values()})
        ],
        "zhengji": dict(about),
    }
    out.write(json.dumps(rest, ensure_ascii=False)[1:].encode())
    return log.written


def _object(of: str, one: _Object) -> dict[str, Any]:
    related = [{"objectId": other, "qualifier": how} for other, how in one.belongs.items()]
    return {"id": of, "type": one.kind, "attributes": one.attributes, "relationships": related}


def _texts(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"name": name, "type": "string"} for name in names]
