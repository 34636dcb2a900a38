"""Settings from ZHENGJI_… environment variables; the README's table is this file read aloud."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Everything that an installation may set.

    `home`: folder of the embedded database and documents. `argon2_time`, `argon2_memory` (KiB): cost of a password.
    `clock`: demo only, the day on which the demo starts. `demo`: demo banner, accounts and clock are allowed.
    """

    home: Path
    database_url: str
    documents_url: str
    secret_key: str
    smtp_url: str = ""
    mail_from: str = ""
    push_url: str = ""
    clock: str = ""
    demo: bool = False
    argon2_time: int = 3
    argon2_memory: int = 65536
    base_url: str = "http://127.0.0.1:8000"
    secure_cookies: bool = False
    executor: str = "embedded"


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. A folder named by ZHENGJI_HOME (default `var`) holds whatever has no URL of its own."""
    home = Path(environ.get("ZHENGJI_HOME", "var")).absolute()
    return Settings(
        home=home,
        database_url=environ.get("ZHENGJI_DATABASE_URL") or f"sqlite:///{home / 'zhengji.db'}",
        documents_url=environ.get("ZHENGJI_DOCUMENTS_URL") or (home / "documents").as_uri(),
        secret_key=environ.get("ZHENGJI_SECRET_KEY", ""),
        smtp_url=environ.get("ZHENGJI_SMTP_URL", ""),
        mail_from=environ.get("ZHENGJI_MAIL_FROM", ""),
        push_url=environ.get("ZHENGJI_PUSH_URL") or (home / "outbox" / "wipo").as_uri(),
        clock=environ.get("ZHENGJI_CLOCK", ""),
        demo=environ.get("ZHENGJI_DEMO", "") not in ("", "0"),
        argon2_time=int(environ.get("ZHENGJI_ARGON2_TIME", "3")),
        argon2_memory=int(environ.get("ZHENGJI_ARGON2_MEMORY", "65536")),
        base_url=environ.get("ZHENGJI_BASE_URL", "http://127.0.0.1:8000"),
        secure_cookies=environ.get("ZHENGJI_SECURE_COOKIES", "") not in ("", "0"),
        executor=environ.get("ZHENGJI_EXECUTOR", "embedded"),
    )
