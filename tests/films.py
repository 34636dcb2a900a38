"""Films and recordings, written by hand after the standards: as small as they can be, and spoilt in every way."""

from __future__ import annotations


def box(name: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


def references(flags: int = 1, kind: bytes = b"url ") -> bytes:
    """Where the media of a track lie; 1: in this file."""
    return box(b"dref", bytes(4) + (1).to_bytes(4, "big") + box(kind, flags.to_bytes(4, "big")))


def movie(brand: bytes = b"isom", *, media: bytes = b"frames", dref: bytes | None = None) -> bytes:
    """An MP4, or a MOV (`qt  `), with one track."""
    where = box(b"minf", box(b"dinf", references() if dref is None else dref))
    track = box(b"trak", box(b"tkhd", bytes(84)) + box(b"mdia", box(b"mdhd", bytes(24)) + where))
    head = box(b"ftyp", brand + bytes(4) + brand)
    return head + box(b"moov", box(b"mvhd", bytes(100)) + track) + box(b"mdat", media)


def element(name: bytes, content: bytes, *, endless: bool = False) -> bytes:
    """An element of EBML; `endless`: its length is not known."""
    length = b"\x01" + b"\xff" * 7 if endless else (len(content) | 1 << 56).to_bytes(8, "big")
    return name + length + content


TRACKS, CLUSTER = element(b"\x16\x54\xae\x6b", b"\xae\x80"), b"\x1f\x43\xb6\x75"
BLOCK = element(b"\xa3", b"\x81\0\0\x80frame")


def webm(*, kind: bytes = b"webm", endless: bool = False, more: bytes = b"", tracks: bytes = TRACKS) -> bytes:
    """A WebM; `endless`: as it is recorded, with no length of segment and clusters."""
    head = element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", kind))
    inside = tracks + more + element(CLUSTER, BLOCK * 2, endless=endless)
    return head + element(b"\x18\x53\x80\x67", inside, endless=endless)


FRAME = b"\xff\xfb\x90\x00" + bytes(413)
"""Of Layer III, 128 kbit/s, 44.1 kHz: 417 bytes."""


def recording(frames: int = 12, *, tag: bytes = b"", behind: bytes = b"") -> bytes:
    return tag + FRAME * frames + behind


TAG = b"ID3\x04\0\0\0\0\0\x05title"
