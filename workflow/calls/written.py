"""A TOML text that somebody wrote, read into tables."""

from __future__ import annotations

import tomllib
from typing import Any


def read_toml(source: str) -> dict[str, Any]:
    """Raises TOMLDecodeError, also for brackets within brackets beyond what the library follows."""
    try:
        return tomllib.loads(source)
    except RecursionError:
        raise tomllib.TOMLDecodeError("brackets are nested too deeply") from None
