"""Zip archives walked by hand: every byte accounted for, nothing extracted (APPNOTE.TXT 6.3)."""

from __future__ import annotations

import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from workflow.documents import limits
from workflow.documents.inspection import Refused
from workflow.documents.names import decoded

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LENGTH64 = 56
_END64, _LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
_ENCRYPTED = 1 | 1 << 6 | 1 << 13
_DESCRIBED_AFTER = 1 << 3
_SIZES_AFTER = 24
"""Bytes that may follow a member that was written as a stream."""
_UTF8 = 1 << 11
_NAME_IN_UTF8 = 0x7075
_UNKNOWN = 0xFFFFFFFF
_UNIX = (3, 19)
_LINK, _FILES = 0o12, (0, 0o10, 0o04)
"""What a member is on its own system: neither a link nor a device nor a pipe is a file or a folder."""


@dataclass(frozen=True)
class Member:
    """One file of an archive, inflated."""

    name: str
    data: bytes


@dataclass(frozen=True)
class _Entry:
    name: str
    raw_name: bytes
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    start: int


def walk(data: bytes) -> list[Member]:
    """Every member in the order of the directory, folders left out. Raises Refused.

    There is one directory, at the end; members stand one after the other from the first byte, each under one name.
    Sizes are counted while inflating, against limits that cannot be declared.
    """
    directory, end, count = _directory(data)
    entries = list(_entries(data, directory, end, count))
    _tell_apart(entries)
    _lie_apart(data, entries, directory)
    members, total = [], 0
    for entry, start in ((one, _content(data, one)) for one in entries):
        if entry.name.endswith("/"):
            if entry.size:
                raise Refused("inconsistent_archive", part=entry.name)
            continue
        content = _inflate(data, entry, start, total)
        total += len(content)
        if total > limits.ZIP_RATIO_FROM and total > limits.ZIP_RATIO * len(data):
            raise Refused("inflates_too_far", part=entry.name)
        members.append(Member(entry.name, content))
    return members


def _directory(data: bytes) -> tuple[int, int, int]:
    """Where the directory begins and ends, and how many entries it says to have."""
    at = data.rfind(_END, max(0, len(data) - 22 - 0xFFFF))
    if at < 0 or len(data) < at + 22:
        raise Refused("damaged")
    disk, first_disk, here, count, size, start, comment = struct.unpack_from("<HHHHIIH", data, at + 4)
    if at + 22 + comment != len(data) or disk or first_disk or here != count:
        raise Refused("inconsistent_archive", part="")
    end = at
    if data[at - 20 : at - 16] == _LOCATOR64 and at >= 76:
        (end,) = struct.unpack_from("<Q", data, at - 12)
        if data[end : end + 4] != _END64 or end + _LENGTH64 != at - 20:  # nothing hides between it and its locator
            raise Refused("inconsistent_archive", part="")
        count, size, start = struct.unpack_from("<QQQ", data, end + 32)
    if start + size != end or b"<" in data[at + 22 :]:  # a comment may be a web page to another program
        raise Refused("inconsistent_archive", part="")
    if count > limits.ZIP_ENTRIES:
        raise Refused("too_many_parts", most=limits.ZIP_ENTRIES)
    return start, end, count


def _entries(data: bytes, at: int, end: int, count: int) -> Iterator[_Entry]:
    for _ in range(count):
        if data[at : at + 4] != _CENTRAL or at + 46 > end:
            raise Refused("damaged")
        made_by, _, flags, method, _, _, crc, packed, size = struct.unpack_from("<HHHHHHIII", data, at + 4)
        names, extras, comments, disk, _, outside, start = struct.unpack_from("<HHHHHII", data, at + 28)
        raw = data[at + 46 : at + 46 + names]
        extra = data[at + 46 + names : at + 46 + names + extras]
        at += 46 + names + extras + comments
        size, packed, start = _long(extra, size, packed, start)
        name = raw.decode("utf-8", "replace") if flags & _UTF8 else decoded(raw)
        if flags & _ENCRYPTED:
            raise Refused("encrypted")
        other = _other_name(extra, raw)
        if other is not None and other != name:
            if raw.isascii():  # it needs no other name, and programs that know of none would show this one
                raise Refused("inconsistent_archive", part=name)
            name = other
        _check_path(name)
        if outside >> 28 == _LINK or (made_by >> 8 in _UNIX and outside >> 28 not in _FILES):
            raise Refused("inconsistent_archive", part=name)
        if method not in (0, 8) or disk or (method == 0 and packed != size):
            raise Refused("inconsistent_archive", part=name)
        if size > limits.ZIP_INFLATED:
            raise Refused("inflates_too_far", part=name)
        yield _Entry(name, raw, method, flags, crc, packed, size, start)
    if at != end:
        raise Refused("inconsistent_archive", part="")


def _long(extra: bytes, *values: int) -> tuple[int, int, int]:
    """Size, packed size and place, where they are given as 64 bits in the extra field."""
    found = list(values)
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            wide, room = at + 4, at + 4 + length
            for place, value in enumerate(values):
                if value == _UNKNOWN and wide + 8 <= min(room, len(extra)):
                    (found[place],) = struct.unpack_from("<Q", extra, wide)
                    wide += 8
        at += 4 + length
    return found[0], found[1], found[2]


def _other_name(extra: bytes, raw: bytes) -> str | None:
    """The name in UTF-8 that some programs write beside the one in the system's own encoding (APPNOTE 4.6.9)."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        said = extra[at + 4 : at + 4 + length]
        if kind == _NAME_IN_UTF8 and len(said) > 5 and said[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return said[5:].decode("utf-8", "replace")
        at += 4 + length
    return None


def _check_path(name: str) -> None:
    parts = name.replace("\\", "/").split("/")
    if (
        not name
        or name.startswith(("/", "\\"))
        or name[1:2] == ":"
        or ".." in parts
        or any(unicodedata.category(one) == "Cc" for one in name)
    ):
        raise Refused("unsafe_path", part=name)


def _tell_apart(entries: list[_Entry]) -> None:
    """One name, one member, also for systems that do not tell capitals apart."""
    seen: set[str] = set()
    for one in entries:
        same = unicodedata.normalize("NFC", one.name.replace("\\", "/")).casefold()
        if same in seen:
            raise Refused("inconsistent_archive", part=one.name)
        seen.add(same)


def _lie_apart(data: bytes, entries: list[_Entry], directory: int) -> None:
    """Members neither overlap nor leave room in which another archive could hide."""
    at = 0
    for one in sorted(entries, key=lambda entry: entry.start):
        if one.start < at or _hides(data, at, one.start):
            raise Refused("inconsistent_archive", part=one.name)
        at = _content(data, one) + one.packed
    if at > directory or _hides(data, at, directory):
        raise Refused("inconsistent_archive", part="")


def _hides(data: bytes, start: int, end: int) -> bool:
    """Whether a gap holds more than the sizes that may follow a member, or nothing."""
    gap = data[start:end]
    signed = any(one in gap for one in (_LOCAL, _CENTRAL, _END))
    return bool(gap) and (start == 0 or signed or (len(gap) > _SIZES_AFTER and bool(gap.strip(b"\0"))))


def _content(data: bytes, entry: _Entry) -> int:
    """Where a member's packed bytes begin; its own header must say what the directory says."""
    at = entry.start
    if data[at : at + 4] != _LOCAL or at + 30 > len(data):
        raise Refused("damaged")
    _, flags, method, _, _, crc, packed, size, names, extras = struct.unpack_from("<HHHHHIIIHH", data, at + 4)
    name = data[at + 30 : at + 30 + names]
    size, packed, _ = _long(data[at + 30 + names : at + 30 + names + extras], size, packed, 0)
    if flags & _ENCRYPTED:
        raise Refused("encrypted")
    after = bool(flags & _DESCRIBED_AFTER)
    agrees = (crc, packed, size) == (entry.crc, entry.packed, entry.size) or (
        after and (crc, size) in ((0, 0), (0, _UNKNOWN))
    )
    if name != entry.raw_name or method != entry.method or not agrees:
        raise Refused("inconsistent_archive", part=entry.name)
    return at + 30 + int(names) + int(extras)


def _inflate(data: bytes, entry: _Entry, start: int, total: int) -> bytes:
    packed = data[start : start + entry.packed]
    if len(packed) != entry.packed:
        raise Refused("damaged")
    content = _inflated(packed, entry.name, limits.ZIP_INFLATED - total) if entry.method else packed
    if total + len(content) > limits.ZIP_INFLATED:
        raise Refused("inflates_too_far", part=entry.name)
    if len(content) != entry.size or zlib.crc32(content) != entry.crc:
        raise Refused("damaged")
    return content


def _inflated(packed: bytes, name: str, most: int) -> bytes:
    pieces, size = [], 0
    inflater = zlib.decompressobj(-15)
    rest = packed
    try:
        while not inflater.eof:
            piece = inflater.decompress(rest, 1024 * 1024)
            rest = inflater.unconsumed_tail
            size += len(piece)
            if size > most or (size > limits.ZIP_RATIO_FROM and size > limits.ZIP_RATIO * len(packed)):
                raise Refused("inflates_too_far", part=name)
            if not piece and not rest and not inflater.eof:
                raise Refused("damaged")
            pieces.append(piece)
    except zlib.error as error:
        raise Refused("damaged") from error
    if inflater.unused_data:
        raise Refused("inconsistent_archive", part=name)
    return b"".join(pieces)
