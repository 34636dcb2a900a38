"""What arrives from outside in one go (mails, archives, folders), opened into single files, each judged for itself."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rules.words import Text
from workflow.documents.vetting import Verdict, judge, slot_for

MOST_FILES = 500
"""Files of one arrival, those inside mails and archives not counted; they have limits of their own."""


@dataclass(frozen=True)
class Item:
    """One file as it arrived. `inside`: the mail or archive that holds it, outermost first."""

    verdict: Verdict
    inside: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.verdict.received.name


@dataclass(frozen=True)
class Letter:
    """Who wrote a mail that lies in nothing else, and under which subject; "" where it does not say."""

    sender: str
    subject: str
    message_id: str
    returned: Mapping[str, Any] = field(default_factory=dict)
    """What it says of a mail that did not arrive; {} where it says nothing of the kind."""
    words: str = ""
    """Its text."""


@dataclass(frozen=True)
class Arrival:
    """All of it. `left_out`: why some of it was not even looked at."""

    items: tuple[Item, ...]
    letters: tuple[Letter, ...] = ()
    left_out: tuple[Text, ...] = field(default=())

    @property
    def key(self) -> str:
        """SHA-256 over the digests of what arrived: the same papers again, packed however, have the same key."""
        digests = sorted({one.verdict.received.sha256 for one in self.items})
        return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def arrived(paths: Sequence[Path]) -> Arrival:
    """Files, folders, mails and archives, opened. Links are not followed. Raises OSError when one cannot be read."""
    items: list[Item] = []
    letters: list[Letter] = []
    files = [one for path in paths for one in files_of(path)]
    for file in files[:MOST_FILES]:
        with file.open("rb") as source:
            slot = slot_for(os.fsencode(file.name).decode("utf-8", "surrogateescape")) or "case"
            _unpack(judge(slot, file.name, source, each=True), (), items, letters)
    return Arrival(tuple(items), tuple(letters), _beyond(len(files)))


def received(name: str, data: bytes) -> Arrival:
    """The same of one upload."""
    items: list[Item] = []
    letters: list[Letter] = []
    _unpack(judge(slot_for(name) or "case", name, data, each=True), (), items, letters)
    return Arrival(tuple(items), tuple(letters))


def together(arrivals: Sequence[Arrival]) -> Arrival:
    """What came in several files as one arrival."""
    return Arrival(
        tuple(item for one in arrivals for item in one.items),
        tuple(letter for one in arrivals for letter in one.letters),
        tuple(words for one in arrivals for words in one.left_out),
    )


def files_of(path: Path) -> Iterator[Path]:
    """The files of a folder in the order of their names, what systems leave in it aside."""
    if not path.is_dir():
        yield path
        return
    for folder, inner, names in os.walk(path):
        inner[:] = sorted(one for one in inner if not one.startswith((".", "__MACOSX")))
        for name in sorted(names):
            file = Path(folder) / name
            if not name.startswith(".") and name not in _LEFT_BY_SYSTEMS and not file.is_symlink() and file.is_file():
                yield file


_LEFT_BY_SYSTEMS = ("Thumbs.db", "desktop.ini")


def _beyond(count: int) -> tuple[Text, ...]:
    if count <= MOST_FILES:
        return ()
    return (
        Text(
            f"一次最多接收 {MOST_FILES} 个文件，其余 {count - MOST_FILES} 个没有处理，请分几次报送。",
            f"At most {MOST_FILES} files are taken in at once; {count - MOST_FILES} were left out. Send those apart.",
        ),
    )


def _unpack(verdict: Verdict, inside: tuple[str, ...], items: list[Item], letters: list[Letter]) -> None:
    """A mail or archive gives what lies in it; anything else, and what is refused, itself."""
    vetted = verdict.vetted
    if vetted is None or vetted.kind not in ("eml", "zip"):
        items.append(Item(verdict, inside))
        return
    if vetted.kind == "eml" and not inside:
        head = verdict.head
        sender = head.get("reply-to", "") or head.get("from", "")
        letters.append(
            Letter(sender, head.get("subject", ""), head.get("message-id", ""), verdict.returned, verdict.words)
        )
    for one in verdict.parts:
        _unpack(one, (*inside, verdict.received.name), items, letters)
