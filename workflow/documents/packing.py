"""Zip files that are the same bytes for the same members: what is made again after a crash is no other paper."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from typing import IO

_EPOCH = (2020, 1, 1, 0, 0, 0)
"""One fixed time for every member; libraries would write the present moment."""


def packed(members: Mapping[str, bytes]) -> bytes:
    """A zip of these members (name → content), in their order."""
    made = io.BytesIO()
    pack(made, members.items())
    return made.getvalue()


def pack(file: IO[bytes], members: Iterable[tuple[str, bytes | IO[bytes]]]) -> None:
    """Write a zip of members as they come, so that only one of them is held at a time; of an open file a piece, and it is closed
    then. Such a one is large and packed by itself, as films are, so it is stored as it is."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o644 << 16
            if isinstance(data, bytes):
                info.compress_type = zipfile.ZIP_DEFLATED
                opened.writestr(info, data)
                continue
            info.compress_type = zipfile.ZIP_STORED
            with data, opened.open(info, "w") as member:
                shutil.copyfileobj(data, member, 1024 * 1024)


def settled(document: bytes) -> bytes:
    """The same zip with the fixed time on every member."""
    with zipfile.ZipFile(io.BytesIO(document)) as opened:
        return packed({name: opened.read(name) for name in opened.namelist()})
