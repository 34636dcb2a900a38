"""What the processes of one `zhengji run` share: a folder with their counts, and a mark that they are about to stop."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

COUNTS = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus_client, when it is imported, hears of the folder that processes share."""
LEAVING = "ZHENGJI_LEAVING"
"""The variable that names the mark."""


@contextmanager
def together(*, several: bool) -> Iterator[None]:
    """Whatever processes come of this one belong together; `several` add up what they count."""
    if several and "prometheus_client" in sys.modules:
        raise RuntimeError("prometheus_client was imported too early to hear that its counts are shared")
    with tempfile.TemporaryDirectory(prefix="zhengji-run-", ignore_cleanup_errors=True) as folder:
        os.environ[LEAVING] = str(Path(folder) / "leaving")
        if several:
            os.environ[COUNTS] = folder
        yield


def leaving() -> bool:
    """Whether nothing new should come here."""
    mark = os.environ.get(LEAVING)
    return mark is not None and Path(mark).exists()


def leave_slowly(seconds: float) -> None:
    """When told to stop (SIGTERM), say so for a while and serve on; then do what would have been done at once.

    Told a second time, it is done at once.
    """
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop):
        raise RuntimeError("nobody listens to SIGTERM yet")

    def told(number: int, frame: FrameType | None) -> None:
        at_once = leaving() or not seconds
        Path(os.environ[LEAVING]).touch()
        if at_once:
            stop(number, frame)
            return
        later = threading.Timer(seconds, stop, (number, frame))
        later.daemon = True
        later.start()

    signal.signal(signal.SIGTERM, told)
