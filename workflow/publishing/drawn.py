"""Pictures as they were drawn for everybody, kept for a day in a folder beside the data: another process need not draw them."""

from __future__ import annotations

import logging
import re
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FOLDER = "drawn"
"""In the home folder."""
SECONDS = 24 * 3600
"""How long one is kept. Nothing asks whether its original was erased meanwhile; nobody is shown it then, and it goes by itself."""
_NAME = re.compile(r"([0-9a-f]{64})-(\d+)-(\d+)x(\d+)\.(jpeg|png)")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Drawn:
    """A picture as it is shown, drawn anew, with its size in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


@dataclass(frozen=True)
class Drawings:
    """The folder. Each file's name says of which original it is, how wide it was asked for, and how large it is."""

    folder: Path

    def find(self, digest: str, width: int) -> Drawn | None:
        """One that is younger than a day."""
        for path in self.folder.glob(f"{digest}-{width}-*"):
            named = _NAME.fullmatch(path.name)
            with suppress(FileNotFoundError):  # swept by another process
                if named and _fresh(path):
                    return Drawn(path.read_bytes(), f"image/{named[5]}", int(named[3]), int(named[4]))
        return None

    def keep(self, digest: str, width: int, drawn: Drawn) -> None:
        """Keep one, whole or not at all. Where the folder cannot be written, nothing is kept, and it is drawn each time."""
        name = f"{digest}-{width}-{drawn.width}x{drawn.height}.{drawn.media_type.removeprefix('image/')}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.sweep()
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(drawn.data)
            Path(file.name).replace(self.folder / name)
        except OSError as wrong:
            _log.warning("a drawn picture is not kept: %s", wrong)

    def sweep(self) -> int:
        """Remove what is older than a day; how many."""
        old = []
        for path in self.folder.glob("*"):
            with suppress(FileNotFoundError):
                if not _fresh(path):
                    path.unlink()
                    old.append(path)
        return len(old)


def _fresh(path: Path) -> bool:
    return time.time() - path.stat().st_mtime < SECONDS
