"""Waiting for what must come true, without guessing how long it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PATIENCE = 240
"""Seconds after which a test gives up waiting for something that must happen."""

_TICK = threading.Event()


def until(true: Callable[[], object], patience: float = PATIENCE) -> None:
    """Look again and again. Raises TimeoutError after `patience` seconds."""
    ends = time.monotonic() + patience
    while not true():
        if time.monotonic() > ends:
            raise TimeoutError("it never came true")
        _TICK.wait(0.02)
