"""Films and recordings: told by structure, walked and never held, and nothing else hides in them."""

from __future__ import annotations

import io
import resource
from dataclasses import replace
from typing import IO

import pytest

from rules.call import Paper
from rules.roles import Level
from rules.words import Text
from tests.films import BLOCK, CLUSTER, FRAME, TAG, box, element, movie, recording, references, webm
from tests.workflow.documents import hostile
from workflow.documents import limits, vetting
from workflow.documents.limits import MIB

PAPER = Paper("video", Text("视频", "Video"), Level.CENTRE)


def verdict(name: str, data: bytes | IO[bytes], paper: Paper = PAPER) -> vetting.Verdict:
    source = io.BytesIO(data) if isinstance(data, bytes) else data
    with vetting.attachment(limits.of_attachment(paper), name, source) as (found, _):
        return found


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.mp4", movie(), "mp4"),
        ("a.M4V", movie(b"M4V "), "mp4"),
        ("a.mp4", box(b"ftyp", b"mp42" + bytes(4)) + movie()[20:], "mp4"),
        ("a.mp4", movie()[: -len(box(b"mdat", b"frames"))] + bytes(4) + b"mdatto the end", "mp4"),
        ("a.mp4", movie() + (1).to_bytes(4, "big") + b"free" + (16).to_bytes(8, "big"), "mp4"),
        ("a.mov", movie(b"qt  "), "mov"),
        ("a.mov", movie()[20:], "mov"),
        ("a.webm", webm(), "webm"),
        ("a.webm", webm(endless=True), "webm"),
        ("a.mp3", recording(), "mp3"),
        ("a.mp3", recording(tag=TAG, behind=b"TAG" + bytes(125)), "mp3"),
        ("a.mp3", recording()[:-9], "mp3"),
        ("a.pdf", hostile.pdf(), "pdf"),
    ],
)
def test_what_is_sound_is_taken_for_what_it_is(name: str, data: bytes, kind: str) -> None:
    found = verdict(name, data)
    assert (found.verdict, found.code, found.taken.kind, found.taken.data) == ("accept", "", kind, b"")


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.mp4", b"", "empty_file"),
        ("a.mov", movie(), "wrong_ending"),
        ("a.mp4", movie(b"heic"), "not_such_an_attachment"),
        ("a.mp4", b"MZ" + bytes(64), "not_such_an_attachment"),
        ("a.mp4", movie()[:-1], "damaged"),
        ("a.mp4", movie() + b"\0\0\0\x07free", "damaged"),
        ("a.mp4", movie() + b"end", "damaged"),
        ("a.mp4", box(b"ftyp", b"isom" + bytes(4)) + box(b"mdat", b"frames"), "damaged"),
        ("a.mp4", movie(dref=references(0)), "has_external_link"),
        ("a.mov", movie(b"qt  ", dref=references(0, b"alis")), "has_external_link"),
        ("a.mov", box(b"ftyp", b"qt  " + bytes(4)) + box(b"moov", box(b"rmra")), "has_external_link"),
        ("a.mp4", movie(media=hostile.zipped({"a.exe": b"MZ"})), "two_kinds_at_once"),
        ("a.webm", webm(kind=b"matroska"), "not_such_an_attachment"),
        ("a.webm", webm()[:-1], "damaged"),
        ("a.webm", webm(tracks=b""), "damaged"),
        ("a.webm", webm(more=element(b"\x19\x41\xa4\x69", b"a.exe")), "has_file_inside"),
        ("a.webm", webm() + b"\0", "damaged"),
        ("a.webm", webm() + element(CLUSTER, BLOCK)[:-3], "damaged"),
        ("a.mp3", recording(2), "damaged"),
        ("a.mp3", recording(tag=b"ID3\x03\0\0\0\0\0\x14GEOB\0\0\0\x0a\0\0" + b"\0a\0a.exe\0MZ"), "has_file_inside"),
        ("a.mp3", b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + recording(), "damaged"),
        ("a.mp4", movie() + b"\0\0\0\1mdat" + (2**63).to_bytes(8, "big"), "damaged"),
        ("a.mp4", movie() + b"\0\0\0\1mdat" + (8).to_bytes(8, "big") + bytes(20), "damaged"),
        ("a.mp3", recording(behind=b"MZ, a program"), "damaged"),
        ("a.pdf", hostile.with_attachment(), "has_attachment"),
    ],
)
def test_what_is_not_is_refused_with_the_reason(name: str, data: bytes, code: str) -> None:
    found = verdict(name, data)
    assert (found.verdict, found.code) == ("reject", code)
    assert name in found.text.zh
    assert "{" not in found.text.zh + found.text.en


def test_a_call_takes_its_own_formats_and_sizes_alone() -> None:
    paper = replace(PAPER, formats=("mp3", "jpg"), largest=1)
    assert verdict("a.mp3", recording(), paper).verdict == "accept"
    assert verdict("a.mp4", movie(), paper).text.zh == (
        "“a.mp4”的内容是MP4 视频，而视频应为 MP3、JPG。请另存或导出为规定的格式后重新上传。"
    )
    large = verdict("a.mp3", io.BytesIO(FRAME * 2515), paper)
    assert (large.code, large.text.zh) == (
        "film_too_large",
        "“a.mp3”有 1.1 MB，超过 1 MB 上限。请剪短，或用较低的清晰度另存后重新上传。",
    )


def test_what_is_opened_whole_is_smaller_than_what_is_only_walked() -> None:
    found = verdict("a.pdf", Zeros(hostile.pdf(), limits.HELD_ATTACHMENT + 1))
    assert (found.code, "超过 50 MB" in found.text.zh, "PDF" in found.text.en) == ("too_large_for_its_kind", True, True)


class Zeros(io.RawIOBase):
    """Some bytes, and nothing behind them up to a size; they are in no memory."""

    def __init__(self, head: bytes, size: int) -> None:
        self._head, self._left = head, size

    def read(self, size: int = -1) -> bytes:
        piece = self._head[:size] or bytes(min(size, self._left))
        self._head = self._head[size:]
        self._left -= len(piece)
        return piece


def test_a_large_film_is_never_in_memory() -> None:
    """300 MiB: the process grows by less than a tenth of that."""
    film = movie()[: -len(box(b"mdat", b"frames"))] + (300 * MIB - 1024).to_bytes(4, "big") + b"mdat"
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with vetting.attachment(limits.of_attachment(PAPER), "a.mp4", Zeros(film, len(film) - 8 + 300 * MIB - 1024)) as (
        found,
        file,
    ):
        assert (found.verdict, found.received.size > 299 * MIB) == ("accept", True)
        assert file.seek(0, 2) == found.received.size
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most) * 1024 < 30 * MIB
