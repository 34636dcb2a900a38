"""Exports taken apart, changed as a forger would, and put together again as consistently as the forger can."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from workflow.audit import merkle
from workflow.audit.canonical import canonical, event_hash
from workflow.audit.verifier.zhengji_verify import Key, Verification


@dataclass
class Entry:
    """One entry of an export. `raw`: its content, byte for byte; `index`: where it says it stands, None: where it is."""

    raw: str
    hash: str
    prev: str | None
    priv: str | None
    private: str | None = None
    index: int | None = None

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.raw))

    @property
    def stream(self) -> str:
        return str(self.body["stream"])

    def change(self, **fields: Any) -> None:
        """Another content; the hash stays what it was."""
        self.raw = canonical({**self.body, **fields})


@dataclass
class Export:
    """An export as its parts."""

    header: dict[str, Any]
    entries: list[Entry]
    notes: list[str]
    things: list[dict[str, Any]]
    end: Callable[[int, bytes], str] = field(
        default=lambda lines, data: canonical(
            {"kind": "end", "lines": lines, "sha256": hashlib.sha256(data).hexdigest()}
        )
    )

    @classmethod
    def read(cls, data: bytes) -> Export:
        header, *lines = [json.loads(line) for line in data.splitlines()]
        made = cls(header, [], [], [])
        for raw, line in zip(data.decode().splitlines()[1:], lines, strict=True):
            kind = line["kind"]
            if kind == "event":
                body = raw[len('{"body":') : raw.rindex(',"hash":"')]
                made.entries.append(Entry(body, line["hash"], line["prev"], line["priv"]))
            elif kind == "private":
                made.entries[-1].private = raw
            elif kind == "checkpoint":
                made.notes.append(line["note"])
            elif kind == "thing":
                made.things.append(line)
        return made

    def write(self) -> bytes:
        """The file, with an end that fits whatever stands before it."""
        lines = [canonical(self.header)]
        for at, one in enumerate(self.entries):
            index = at if one.index is None else one.index
            rest = canonical({"hash": one.hash, "index": index, "kind": "event", "prev": one.prev, "priv": one.priv})
            lines.append(f'{{"body":{one.raw},{rest[1:]}')
            lines += [canonical({**json.loads(one.private), "index": index})] if one.private else []
        lines += [canonical({"kind": "checkpoint", "note": note}) for note in self.notes]
        lines += [canonical(one) for one in self.things]
        data = "".join(f"{line}\n" for line in lines).encode()
        return data + self.end(len(lines), data).encode() + b"\n"

    # ---- what a forger does ----

    def at(self, action: str, nth: int = 0) -> int:
        """The place of the nth entry of an action."""
        return [place for place, one in enumerate(self.entries) if one.body["action"] == action][nth]

    def rehash(self, place: int) -> None:
        """Give one entry the hash of its content."""
        one = self.entries[place]
        one.hash = event_hash(self.header["algorithm"], one.prev, one.priv, one.raw)

    def rechain(self) -> None:
        """Compute all that needs no key anew: hashes, links, root, size, and what the tables hold."""
        heads: dict[str, Entry] = {}
        for place, one in enumerate(self.entries):
            before = heads.get(one.stream)
            one.prev = before.hash if before else None
            self.rehash(place)
            heads[one.stream] = one
        for thing in self.things:
            head = heads.get(thing["stream"])
            if head:
                thing.update(head=head.hash, version=head.body["seq"], state=head.body["to_state"])
        self.things = [one for one in self.things if one["stream"] in heads]
        self.header.update(size=len(self.entries), root=self.root())

    def renumber(self) -> None:
        """Number every chain from 1 again, without gaps."""
        seen: dict[str, int] = {}
        for one in self.entries:
            seen[one.stream] = seen.get(one.stream, 0) + 1
            one.change(seq=seen[one.stream])

    def root(self, size: int | None = None) -> str:
        """The root over the first entries."""
        leaves = [bytes.fromhex(one.hash) for one in self.entries[:size]]
        return merkle.root(merkle.digest(self.header["algorithm"]), leaves).hex()


@dataclass(frozen=True)
class Found:
    """What a verification found: (code, where), in order."""

    all: Sequence[tuple[str, str]]
    unchecked: Sequence[tuple[str, str]] = ()

    @property
    def codes(self) -> set[str]:
        return {code for code, _ in self.all}

    def at(self, code: str) -> list[str]:
        return [where for found, where in self.all if found == code]


def verified(
    data: bytes, folder: Path, key: str | None = None, anchors: Sequence[str] = (), receipts: Sequence[str] = ()
) -> Found:
    """What the verifier says of a file of these bytes; in this process."""
    path = folder / "export.jsonl"
    path.write_bytes(data)
    done = Verification(_key(key) if key else None, anchors, receipts).file(str(path), processes=1)
    for one in done.findings:
        assert one.zh
        assert one.en
    return Found([(one.code, one.where) for one in done.findings], done.unchecked)


_key = cache(Key)
"""A key's tables are worth keeping over the thousands of forgeries that are held against it."""
