"""What the child does that opens files from outside: it knows no database, no settings and no person.

Each kind has its module. A module raises `Refused` with a code; the sentence is made on the other side of the wall.
Libraries are imported where they are needed, so that a check starts quickly.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any

from workflow.documents.confinement import Unconfined, confine

Done = tuple[dict[str, Any], bytes]
"""An answer: what is said in the first line, and the bytes after it."""


class Refused(Exception):
    """The file is not fit. `code` names the sentence, `values` what it mentions."""

    def __init__(self, code: str, **values: str | int) -> None:
        super().__init__(code)
        self.code, self.values = code, values


def answer(task: Mapping[str, Any]) -> None:
    """Carry out a task over standard input, inside the walls, and answer on standard output; never returns.

    `do`: "check" (kinds, ending, any_link, each) a file for its slot; an "attachment" (kinds, ending, most) likewise, without holding
    a film in memory; "count" its pages; "show" (page, width) one page as PNG;
    "copy" (sizes, width) pictures, one after the other; "look" for codes and seals on a
    scan; read the "grids" (sheets, rows, columns) of a workbook; "cut" (box, width) a part of a page out, as PNG; "signatures" (roots, stamp_roots, lists: sizes of the
    certificates and revocation lists that stand before the PDF; at) of a PDF; on which pages of a PDF named "places" are; tidy an author's own Word file
    as a "chapter" of a collection (sizes of what stands before it, width, digests of allowed pictures); "sign" a PDF (sizes of PDF, picture of the
    seal, PKCS#12 file and password; unit, box, at); "stamp" what was signed (sizes of PDF and time stamp token).
    """
    said, payload = _done(task)
    out = sys.stdout.buffer
    out.write(json.dumps({**said, "payload": len(payload)}).encode() + b"\n")
    out.write(payload)
    out.flush()
    os._exit(0)


def _done(task: Mapping[str, Any]) -> Done:
    if task["do"] in _IN_A_LOOP:
        import asyncio

        asyncio.set_event_loop(asyncio.new_event_loop())
    try:
        confine(cpu=int(task["cpu"]), memory=int(task["memory"]), output=0)
    except (Unconfined, OSError, ValueError):
        return {"refused": "checker_unconfined"}, b""
    try:
        with os.fdopen(0, "rb", closefd=False) as source:
            if task["do"] == "attachment":
                return _attachment(source, task)
            return _TASKS[task["do"]](source.read(), task)
    except Refused as refused:
        return {"refused": refused.code, "values": refused.values}, b""
    except MemoryError:
        return {"refused": "checker_out_of_memory"}, b""


_IN_A_LOOP = ("signatures", "sign")
"""What a library does in coroutines. A loop takes a pair of sockets, joined to each other, which no wall lets through."""


def _check(data: bytes, task: Mapping[str, Any]) -> Done:
    from workflow.documents.inspection.check import check

    return check(
        data, tuple(task["kinds"]), task["ending"], any_link=task.get("any_link", False), each=task.get("each", False)
    )


def _attachment(file: IO[bytes], task: Mapping[str, Any]) -> Done:
    from workflow.documents.inspection.check import check_attachment

    return check_attachment(file, tuple(task["kinds"]), task["ending"], task["most"])


def _count(data: bytes, _task: Mapping[str, Any]) -> Done:
    from workflow.documents.inspection.drawing import count

    return {"pages": count(data)}, b""


def _show(data: bytes, task: Mapping[str, Any]) -> Done:
    from workflow.documents.inspection.drawing import show

    return {}, show(data, task["page"], task["width"])


def _copy(data: bytes, task: Mapping[str, Any]) -> Done:
    from workflow.documents.inspection.drawing import copies

    return copies(data, task["sizes"], task["width"])


def _look(data: bytes, _task: Mapping[str, Any]) -> Done:
    from workflow.documents.inspection.sighting import look

    return look(data)


def _cut(data: bytes, task: Mapping[str, Any]) -> Done:
    from workflow.documents.inspection.sighting import Box, cut

    return {}, cut(data, Box(*task["box"]), task["width"])


def _signatures(data: bytes, task: Mapping[str, Any]) -> Done:
    from datetime import datetime

    from workflow.documents.inspection.signatures import signatures

    sizes = [task["roots"], task["stamp_roots"], task["lists"]]
    *given, paper = cut_up(data, [size for some in sizes for size in some])
    given_out = iter(given)
    roots, stamps, lists = ([next(given_out) for _ in some] for some in sizes)
    return signatures(paper, roots=roots, stamp_roots=stamps, lists=lists, at=datetime.fromisoformat(task["at"]))


def _sign(data: bytes, task: Mapping[str, Any]) -> Done:
    from datetime import datetime

    from workflow.documents.inspection.signing import sign

    paper, picture, key, password, _ = cut_up(data, task["sizes"])
    left, bottom, right, top = task["box"]
    at = datetime.fromisoformat(task["at"])
    return sign(paper, picture, key, password, unit=task["unit"], box=(left, bottom, right, top), at=at)


def _stamp(data: bytes, task: Mapping[str, Any]) -> Done:
    from workflow.documents.inspection.signing import stamp

    paper, token, _ = cut_up(data, task["sizes"])
    return stamp(paper, token)


def cut_up(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """What came one after the other: pieces of these sizes, and the rest."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


def _places(data: bytes, _task: Mapping[str, Any]) -> Done:
    from workflow.documents.inspection.places import places

    return places(data), b""


def _chapter(data: bytes, task: Mapping[str, Any]) -> Done:
    from workflow.documents.inspection.chapter import chapter

    return chapter(data, task["sizes"], task["width"], task["allowed"], task["kept_width"])


def _grids(data: bytes, task: Mapping[str, Any]) -> Done:
    from workflow.documents.inspection.grids import grids

    return grids(data, task["sheets"], task["rows"], task["columns"])


_TASKS = {
    "check": _check,
    "count": _count,
    "show": _show,
    "copy": _copy,
    "look": _look,
    "grids": _grids,
    "cut": _cut,
    "signatures": _signatures,
    "places": _places,
    "chapter": _chapter,
    "sign": _sign,
    "stamp": _stamp,
}
