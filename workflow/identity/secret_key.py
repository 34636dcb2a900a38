"""The installation's own secret: it signs cookies and tickets, and locks away the secrets of authenticators."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from rules.words import Text
from workflow.engine import CannotServe
from workflow.settings import Settings

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

SHORTEST = 32
"""Characters of a key; `python -c "import secrets; print(secrets.token_hex(32))"` makes a good one."""


class NoSecretKey(CannotServe):
    """Outside a demo the program does not start without a key of its own, nor with a short one."""


def secret_key(settings: Settings) -> str:
    """The key that is set; in a demo, one made once and kept in its folder. Raises NoSecretKey."""
    if settings.demo:
        return settings.secret_key or _demo_key(settings.home / "secret_key")
    if len(settings.secret_key) < SHORTEST:
        raise NoSecretKey(
            Text(
                f"请先设置 ZHENGJI_SECRET_KEY：一串随机字符，至少 {SHORTEST} 位，例如 openssl rand -hex 32 给出的。",
                f"Set ZHENGJI_SECRET_KEY to a random string of at least {SHORTEST} characters, such as openssl rand -hex 32 "
                "gives.",
            )
        )
    return settings.secret_key


def _demo_key(path: Path) -> str:
    """A demo makes its own key once, so that its sessions outlive a restart."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return path.read_text()


def locker(settings: Settings, purpose: str) -> Fernet:
    """What encrypts small secrets before they are stored, with a key of its own for each purpose."""
    from cryptography.fernet import Fernet  # 6 MiB, which pages that are only read do without
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(SHA256(), 32, None, f"zhengji {purpose}".encode()).derive(secret_key(settings).encode())
    return Fernet(base64.urlsafe_b64encode(derived))
