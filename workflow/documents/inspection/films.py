"""Films and sound: told by their structure, which is walked from end to end and never held in memory.

MP4 and MOV: ISO/IEC 14496-12, 4.2 and 8; WebM: RFC 8794 and RFC 9559; MP3: ISO/IEC 11172-3, 2.4.2.3. Nothing is decoded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import IO

from workflow.documents.inspection import Refused

MOST_PARTS = 2_000_000
"""Boxes, elements or frames; an hour of sound has some 140,000."""

_CHUNK_OF_END = 22 + 0xFFFF
"""An archive ends with at most so many bytes of its own (APPNOTE 4.3.16)."""


def kind_of(head: bytes) -> str:
    """The kind that the first bytes tell, "" for none of these."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand == b"qt  ":
            return "mov"
        return "mp4" if brand[:3] in _BRANDS else ""
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):  # older cameras begin without saying what it is
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head[:64] else ""
    if head.startswith(b"ID3") or (len(head) > 3 and _frame(head[:4]) is not None):
        return "mp3"
    return ""


_BRANDS = (b"iso", b"mp4", b"avc", b"M4V", b"MSN", b"das", b"3gp", b"3g2", b"f4v")
"""Beginnings of major brands (mp4ra.org) under which cameras, telephones and editing programs write MP4."""


def check(file: IO[bytes], kind: str) -> None:
    """Walk a film or a recording of a kind. Raises Refused."""
    size = file.seek(0, os.SEEK_END)
    _CHECKS[kind](file, size)
    _ends_as_no_archive(file, size)


def _ends_as_no_archive(file: IO[bytes], size: int) -> None:
    file.seek(max(0, size - _CHUNK_OF_END))
    tail = file.read(_CHUNK_OF_END)
    end = tail.rfind(b"PK\x05\x06")
    if end >= 0 and end + 22 + int.from_bytes(tail[end + 20 : end + 22], "little") == len(tail):
        raise Refused("two_kinds_at_once")


# ---- MP4 and MOV -----------------------------------------------------------------------------------------------------

_INTO = {b"moov": (b"trak",), b"trak": (b"mdia",), b"mdia": (b"minf",), b"minf": (b"dinf",), b"dinf": (b"dref",)}


def _boxes(file: IO[bytes], at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes between two places: type, where the content begins, and where it ends. Raises Refused where they do not fit."""
    for _ in range(MOST_PARTS):
        if at == end:
            return
        file.seek(at)
        head = file.read(16)
        length, name, begins = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if length == 1 and len(head) == 16:
            length, begins = int.from_bytes(head[8:16], "big"), at + 16
        elif length == 0:
            length = end - at  # the last one, to the end
        if len(head) < 8 or at + length > end or begins > at + length:
            raise Refused("damaged")
        yield name, begins, at + length
        at += length
    raise Refused("damaged")


def _movie(file: IO[bytes], size: int) -> None:
    """Boxes that fill the file, of which one says what the others are; everything that is shown is in the file itself."""
    tracks = pictures = 0
    for name, begins, ends in _boxes(file, 0, size):
        pictures += name == b"mdat"
        if name == b"moov":
            tracks += _tracks(file, begins, ends)
    if not tracks or not pictures:
        raise Refused("damaged")


def _tracks(file: IO[bytes], begins: int, ends: int, inside: bytes = b"moov") -> int:
    found = 0
    for name, first, last in _boxes(file, begins, _padded(file, begins, ends)):
        if name == b"rmra":
            raise Refused("has_external_link", target="rmra")
        if name == b"dref":
            _references(file, first, last)
        elif name in _INTO.get(inside, ()):
            found += name == b"trak"
            _tracks(file, first, last, name)
    return found


def _padded(file: IO[bytes], begins: int, ends: int) -> int:
    """Where the last box of a container ends: QuickTime may put four zeros behind it."""
    if ends - begins >= 4:
        file.seek(ends - 4)
        at = begins
        if file.read(4) == bytes(4):
            while at + 8 <= ends - 4:
                file.seek(at)
                length = int.from_bytes(file.read(4), "big")
                if length < 8:
                    break
                at += length
            if at == ends - 4:
                return at
    return ends


def _references(file: IO[bytes], begins: int, ends: int) -> None:
    """Where the media lie: each entry must say “in this file” (8.7.2)."""
    for name, first, _ in _boxes(file, begins + 8, ends):
        file.seek(first)
        if not int.from_bytes(file.read(4), "big") & 1:
            raise Refused("has_external_link", target=name.decode("latin-1").strip())


# ---- WebM ------------------------------------------------------------------------------------------------------------

_SEGMENT, _CLUSTER, _TRACKS, _ATTACHED = 0x18538067, 0x1F43B675, 0x1654AE6B, 0x1941A469


def _number(head: bytes, *, marked: bool) -> tuple[int, int]:
    """A number of variable length and its bytes (RFC 8794, 4): of an id the mark stays. Raises Refused."""
    width = 9 - head[0].bit_length() if head and head[0] else 9
    if width > 8 or len(head) < width:
        raise Refused("damaged")
    value = int.from_bytes(head[:width], "big")
    return (value if marked else value & ((1 << 7 * width) - 1)), width


def _webm(file: IO[bytes], size: int) -> None:
    """Elements that fill the file. What was recorded as it happened does not say how long segment and clusters are."""
    at = tracks = clusters = 0
    for _ in range(MOST_PARTS):
        if at == size:
            break
        file.seek(at)
        head = file.read(12)
        name, width = _number(head, marked=True)
        length, more = _number(head[width:], marked=False)
        begins = at + width + more
        endless = length == (1 << 7 * more) - 1
        if name == _ATTACHED:
            raise Refused("has_file_inside")
        if (endless and name not in (_SEGMENT, _CLUSTER)) or (not endless and begins + length > size):
            raise Refused("damaged")
        tracks += name == _TRACKS
        clusters += name == _CLUSTER
        at = begins if endless or name == _SEGMENT else begins + length
    if at != size or not tracks or not clusters:
        raise Refused("damaged")


# ---- MP3 -------------------------------------------------------------------------------------------------------------

_RATES = {
    3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""kbit/s of Layer III, by index: of MPEG-1, and of its lower sampling frequencies."""
_FREQUENCIES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_BEHIND = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"\0")
"""What may stand behind the last frame."""


def _frame(head: bytes) -> int | None:
    """The bytes of the frame of Layer III that begins so, None where none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, rate, frequency = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or rate in (0, 15) or frequency == 3:
        return None
    first = version == 3
    kbits = _RATES[3 if first else 2][rate - 1]
    return (144 if first else 72) * kbits * 1000 // _FREQUENCIES[version][frequency] + (head[2] >> 1 & 1)


def _mp3(file: IO[bytes], size: int) -> None:
    """Frames one after the other, behind a tag and before one."""
    at = frames = 0
    file.seek(0)
    head = file.read(10)
    while head[:3] == b"ID3" and len(head) == 10:
        told = sum((one & 0x7F) << shift for one, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        if at + 10 + told > size:
            raise Refused("damaged")
        _tag(file, told)
        at += 10 + told
        file.seek(at)
        head = file.read(10)
    while at < size and frames < MOST_PARTS:
        file.seek(at)
        head = file.read(11)
        length = _frame(head[:4])
        if length is None:
            break
        at += length
        frames += 1
    if frames < _FEWEST_FRAMES or (at < size and not head.startswith(_BEHIND)):
        raise Refused("damaged")


_FILE = re.compile(rb"GEOB[\0-\x0f]|GEO\0[\0-\xff]", re.DOTALL)
"""Frames of ID3v2 that hold a file of any kind, with the beginning of their size (4.15 of 2.3.0, 4.16 of 2.2.0)."""


def _tag(file: IO[bytes], length: int) -> None:
    """What is told before a recording: words and pictures, and no file."""
    behind = b""
    while length > 0 and (piece := file.read(min(length, 1024 * 1024))):
        if _FILE.search(behind + piece):
            raise Refused("has_file_inside")
        behind, length = piece[-4:], length - len(piece)


_FEWEST_FRAMES = 10
"""A quarter of a second; two bytes that look like a frame are found anywhere."""
_CHECKS = {"mp4": _movie, "mov": _movie, "webm": _webm, "mp3": _mp3}
KINDS = tuple(_CHECKS)
