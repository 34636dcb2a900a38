"""One text for one value, and the hash that links events."""

import hashlib
import json
from typing import Any

_NONE = bytes(32)


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces and no escapes beyond JSON's own: one text for one value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def event_hash(algorithm: str, previous: str | None, private: str | None, body: str) -> str:
    """The hash over 0x00 ‖ previous ‖ private ‖ body: the link of the chain, and the leaf of the tree (RFC 6962)."""
    parts = b"\x00" + _raw(previous) + _raw(private) + body.encode()
    return hashlib.new(algorithm, parts).hexdigest()


def _raw(hexed: str | None) -> bytes:
    return bytes.fromhex(hexed) if hexed else _NONE
