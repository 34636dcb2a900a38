"""Word 97 and Excel 97 files: an OLE container ([MS-CFB]) with the streams of [MS-DOC] or [MS-XLS]."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator

import olefile

from workflow.documents import limits
from workflow.documents.inspection import Refused
from workflow.documents.inspection.parts import HARMFUL_FIELDS, harmless
from workflow.documents.inspection.sheets import Area

_MACROS = frozenset({"macros", "_vba_project_cur", "vba", "_vba_project", "projectwm"})
_OBJECTS = frozenset({"\x01ole10native", "\x03linkinfo", "\x03ocxname", "\x03ocxdata", "package", "equation native"})


def kind_and_check(data: bytes, kinds: tuple[str, ...]) -> str:
    """The kind ("doc", "xls", "ole" for another program's), after all of it was looked at. Raises Refused."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as container:
            entries = container.listdir(streams=True, storages=True)
            if len(entries) > limits.OLE_STREAMS:
                raise Refused("too_many_parts", most=limits.OLE_STREAMS)
            root = {path[0].lower() for path in entries if len(path) == 1}
            if root & {"encryptedpackage", "encryptioninfo"}:
                raise Refused("encrypted")
            kind = _kind(root)
            if kind not in kinds:
                return kind
            _check_storages(entries)
            if kind == "doc":
                _check_word(container.openstream("WordDocument").read(), _table_of(container))
            else:
                for name in {"workbook", "book"} & root:
                    _check_workbook(container.openstream(name).read())
            return kind
    except (
        OSError,
        ValueError,
        struct.error,
        IndexError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise Refused("damaged") from error


def _kind(root: set[str]) -> str:
    word, book = "worddocument" in root, bool(root & {"workbook", "book"})
    if word and book:
        raise Refused("two_kinds_at_once")
    return "doc" if word else "xls" if book else "ole"


def _check_storages(entries: list[list[str]]) -> None:
    for path in entries:
        last = path[-1].lower()
        if last in _MACROS:
            raise Refused("has_macros", part="/".join(path))
        if last in _OBJECTS or (len(path) > 1 and path[0].lower() == "objectpool"):
            raise Refused("has_embedded_object", part="/".join(path))
        if re.fullmatch(r"(mbd|lnk)[0-9a-f]{8}", last):
            raise Refused("has_embedded_object", part="/".join(path))


# Word


_HARMFUL = "|".join(sorted(HARMFUL_FIELDS, key=len, reverse=True))
_FIELD = re.compile(rf"\x13[\s\"]*({_HARMFUL})(?![A-Za-z])", re.IGNORECASE)
_FIELD_WIDE = re.compile(
    rb"\x13\0(?:[\s\"]\0)*(" + b"|".join(one.encode("utf-16-le") for one in _HARMFUL.split("|")) + rb")(?![A-Za-z]\0)",
    re.IGNORECASE,
)
_FIELD_NARROW = re.compile(_FIELD.pattern.encode("ascii"), re.IGNORECASE)


_LINK = re.compile(r'\x13[\s"]*HYPERLINK\s+"([^"\x14\x15]*)"', re.IGNORECASE)


def _table_of(container: olefile.OleFileIO[bytes]) -> bytes:
    """The stream in which the file's first block says that its tables lie ([MS-DOC] 2.1.2)."""
    head = container.openstream("WordDocument").read(12)
    name = "1Table" if len(head) == 12 and head[11] & 2 else "0Table"
    return container.openstream(name).read() if container.exists(name) else b""


def _text(stream: bytes, table: bytes) -> str:
    """The text in its order: it may lie in pieces, so that no word need be whole in the stream ([MS-DOC] 2.4.1)."""
    if len(stream) < _CLX + 8:
        return ""
    at, size = struct.unpack_from("<II", stream, _CLX)
    clx, start = table[at : at + size], 0
    while clx[start : start + 1] == b"\1":
        start += 3 + int.from_bytes(clx[start + 1 : start + 3], "little")
    if clx[start : start + 1] != b"\2":
        return ""
    plc = clx[start + 5 :]
    many = (len(plc) - 4) // 12
    if many > limits.OLE_PIECES:
        raise Refused("too_many_elements", part="WordDocument")
    ends = struct.unpack_from(f"<{many + 1}I", plc) if many > 0 else ()
    pieces, left = [], 2 * len(stream)
    for number in range(many):
        (where,) = struct.unpack_from("<I", plc, 4 * (many + 1) + 8 * number + 2)
        length = ends[number + 1] - ends[number]
        left -= length
        if length < 0 or left < 0:
            raise Refused("damaged")
        narrow, place = bool(where & _NARROW), where & ~_NARROW
        begins = place // 2 if narrow else place
        raw = stream[begins : begins + (length if narrow else 2 * length)]
        pieces.append(raw.decode("latin-1") if narrow else raw.decode("utf-16-le", "replace"))
    return "".join(pieces)


_CLX, _NARROW = 0x1A2, 1 << 30
"""Where the first block says where the pieces are told; what marks one with a byte for each character."""


def _check_word(stream: bytes, table: bytes) -> None:
    """Encryption in the file's first block ([MS-DOC] 2.5.2), and fields whose instruction begins with a harmful word.

    Text lies in one or in two bytes a character; a field begins with 0x13 in both.
    """
    if stream[:2] != b"\xec\xa5":
        raise Refused("damaged")
    if len(stream) > 11 and stream[11] & 1:
        raise Refused("encrypted")
    text = _text(stream, table)
    if field := _FIELD.search(text):
        raise Refused("has_active_field", part="WordDocument", field=field[1].upper())
    for link in _LINK.finditer(text):
        if not harmless(link[1]):
            raise Refused("has_external_link", part="WordDocument", target=link[1][:80])
    for pattern in (_FIELD_NARROW, _FIELD_WIDE):
        found = pattern.search(stream)
        if found:
            raise Refused(
                "has_active_field", part="WordDocument", field=found[1].replace(b"\0", b"").decode("ascii").upper()
            )


# Excel

_BOF, _FILEPASS, _BOUNDSHEET, _SUPBOOK, _MERGED = (0x809, 0x409, 0x209, 0x009), 0x2F, 0x85, 0x1AE, 0xE5
_EXTERNSHEET = 0x17
_CELLS = frozenset({0x06, 0xFD, 0x203, 0x204, 0x205, 0x27E, 0xD6, 0x03, 0x04, 0x05, 0x02, 0x206, 0x406})
_MANY = 0xBD
_BLANK = frozenset({0x201, 0x01, 0xBE})
_OWN_BOOK, _ADD_INS = 0x0401, 0x3A01


def _check_workbook(stream: bytes) -> None:
    """The records of a workbook one by one ([MS-XLS] 2.4)."""
    if struct.unpack_from("<H", stream)[0] not in _BOF:
        raise Refused("damaged")
    area = Area("Workbook")
    for kind, record in _records(stream):
        if kind == _FILEPASS:
            raise Refused("encrypted")
        if kind in _BOF and len(record) >= 4 and struct.unpack_from("<H", record, 2)[0] in (0x06, 0x40):
            raise Refused("has_macros", part="Workbook")
        if kind == _BOUNDSHEET and len(record) > 5 and record[5] in (1, 6):
            raise Refused("has_macros", part="Workbook")
        if kind == _SUPBOOK and not (
            len(record) == 4 and struct.unpack_from("<H", record, 2)[0] in (_OWN_BOOK, _ADD_INS)
        ):
            raise Refused("has_external_link", part="Workbook", target="")
        if kind in _CELLS and len(record) >= 4:
            row, column = struct.unpack_from("<HH", record)
            area.fill(row + 1, column + 1)
        elif kind == _MANY and len(record) >= 6:
            area.fill(struct.unpack_from("<H", record)[0] + 1, struct.unpack_from("<H", record, len(record) - 2)[0] + 1)
        elif kind in _BLANK and len(record) >= 4:
            row, column = struct.unpack_from("<HH", record)
            area.reach(row + 1, column + 1)
        elif kind == _MERGED:
            for at in range(2, len(record) - 7, 8):
                top, bottom, left, right = struct.unpack_from("<HHHH", record, at)
                area.merge(bottom - top + 1, right - left + 1)


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length
