"""Drawn pictures are found by another process for a day, and go by themselves."""

from __future__ import annotations

import os
import time
from pathlib import Path

from workflow.publishing.drawn import SECONDS, Drawings, Drawn

DIGEST = "ab" * 32
PICTURE = Drawn(b"drawn", "image/jpeg", 480, 240)


def aged(folder: Path, seconds: float) -> None:
    """Everything in the folder was written so long ago."""
    for path in folder.iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


def test_what_one_process_drew_another_finds_by_picture_and_width(tmp_path: Path) -> None:
    Drawings(tmp_path / "drawn").keep(DIGEST, 480, PICTURE)
    other = Drawings(tmp_path / "drawn")
    assert [other.find(*asked) for asked in ((DIGEST, 480), (DIGEST, 48), ("cd" * 32, 480))] == [PICTURE, None, None]
    assert len(list((tmp_path / "drawn").iterdir())) == 1


def test_what_is_a_day_old_is_drawn_again_and_goes_with_the_next_that_is_kept(tmp_path: Path) -> None:
    kept = Drawings(tmp_path)
    kept.keep(DIGEST, 480, PICTURE)
    (tmp_path / "tmphalf").write_bytes(b"dra")  # of a process that was killed
    aged(tmp_path, SECONDS + 1)
    assert kept.find(DIGEST, 480) is None
    kept.keep("cd" * 32, 480, PICTURE)
    assert [path.name for path in tmp_path.iterdir()] == [f"{'cd' * 32}-480-480x240.jpeg"]
    aged(tmp_path, SECONDS + 1)
    assert (kept.sweep(), list(tmp_path.iterdir())) == (1, [])


def test_where_nothing_can_be_kept_nothing_is_found_and_nothing_fails(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_bytes(b"")
    kept = Drawings(blocked / "drawn")
    kept.keep(DIGEST, 480, PICTURE)
    assert (kept.find(DIGEST, 480), kept.sweep()) == (None, 0)
