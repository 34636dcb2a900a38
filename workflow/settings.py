"""Settings from ZHENGJI_… environment variables; the README's table is this file read aloud."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

Number = TypeVar("Number", int, float)

BASE_URL = "http://127.0.0.1:8000"
"""The address where none is set: this machine alone."""


@dataclass(frozen=True)
class Settings:
    """Everything that an installation may set.

    `home`: folder of the embedded database and documents. `documents_endpoint`: where an S3 server answers that is not
    Amazon's. `argon2_time`, `argon2_memory` (KiB): cost of a password.
    `keep_contacts_days`, `keep_private_days`: how long what is personal is kept, 0 for ever (docs/personal-data.md).
    `owner_database_url`: PostgreSQL, the role that owns the tables; only migrations use it. `audit_key`: file of the key
    that signs checkpoints of the trail. `anchor`: file of a checkpoint kept elsewhere. `backups`: folder of backups.
    `clock`: demo only, the day on which the demo starts. `demo`: demo banner, accounts and clock are allowed.
    `session_hours`, `idle_minutes`: how long a sign-in lasts, and how long without a request. `second_factor`: roles that
    must have one. `executor`: the name under which this process runs jobs. `oidc_…`: an office's own directory (OpenID
    Connect). `connections`: of one process to the database.
    `lock_seconds`: how long one waits for others who work on the same thing; `statement_seconds`: how long a statement of
    a page may take on PostgreSQL, 0 without end. `proxies`: how many stand in front and say whom they ask for.
    `metrics_token`: who brings it sees /metrics; without one, this machine does. `hold_minutes`: for how long mails on
    what became of cases are held before they leave, unless whoever takes the step says otherwise; at most an hour. `mail_limit`: bytes of a mail that leaves, 0 without end.
    `seal_roots`: file of the root certificates (PEM) of those who may issue electronic seals; `seal_crls`: file or folder of
    their revocation lists (CRL, PEM or DER). `push_secret`: token (HTTPS) or password (SFTP) for where pushes go;
    `push_key`, `push_known_hosts`: files of the private key and of the host keys (SFTP); `push_roots`: file of the receiver's
    own root certificates (HTTPS).
    """

    home: Path
    database_url: str
    documents_url: str
    secret_key: str
    documents_endpoint: str = ""
    owner_database_url: str = ""
    audit_key: str = ""
    timestamp_url: str = ""
    timestamp_roots: str = ""
    anchor: str = ""
    backups: str = ""
    smtp_url: str = ""
    imap_url: str = ""
    mail_from: str = ""
    push_url: str = ""
    push_secret: str = ""
    push_key: str = ""
    push_known_hosts: str = ""
    push_roots: str = ""
    clock: str = ""
    demo: bool = False
    argon2_time: int = 3
    argon2_memory: int = 65536
    base_url: str = BASE_URL
    secure_cookies: bool = False
    executor: str = "embedded"
    session_hours: int = 12
    idle_minutes: int = 120
    second_factor: frozenset[str] = frozenset()
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_name: str = ""
    keep_contacts_days: int = 0
    keep_private_days: int = 0
    connections: int = 20
    lock_seconds: float = 15
    statement_seconds: float = 30
    proxies: int = 0
    metrics_token: str = ""
    hold_minutes: int = 10
    mail_limit: int = 0
    seal_roots: str = ""
    seal_crls: str = ""


LONGEST_HOLD = 60
"""Minutes for which mails on what became of cases are held at most."""


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. A folder named by ZHENGJI_HOME (default `var`) holds whatever has no URL of its own."""
    home = Path(environ.get("ZHENGJI_HOME") or "var").absolute()
    return Settings(
        home=home,
        database_url=environ.get("ZHENGJI_DATABASE_URL") or f"sqlite:///{home / 'zhengji.db'}",
        owner_database_url=environ.get("ZHENGJI_OWNER_DATABASE_URL", ""),
        timestamp_url=environ.get("ZHENGJI_TIMESTAMP_URL", ""),
        timestamp_roots=environ.get("ZHENGJI_TIMESTAMP_ROOTS", ""),
        audit_key=environ.get("ZHENGJI_AUDIT_KEY") or str(home / "audit_key.pem"),
        anchor=environ.get("ZHENGJI_ANCHOR", ""),
        backups=environ.get("ZHENGJI_BACKUPS") or str(home / "backups"),
        documents_url=environ.get("ZHENGJI_DOCUMENTS_URL") or (home / "documents").as_uri(),
        documents_endpoint=environ.get("ZHENGJI_DOCUMENTS_ENDPOINT", ""),
        secret_key=environ.get("ZHENGJI_SECRET_KEY", ""),
        smtp_url=environ.get("ZHENGJI_SMTP_URL", ""),
        imap_url=environ.get("ZHENGJI_IMAP_URL", ""),
        mail_from=environ.get("ZHENGJI_MAIL_FROM", ""),
        push_url=_without_password(environ, "ZHENGJI_PUSH_URL") or (home / "outbox" / "wipo").as_uri(),
        push_secret=environ.get("ZHENGJI_PUSH_SECRET", ""),
        push_key=environ.get("ZHENGJI_PUSH_KEY", ""),
        push_known_hosts=environ.get("ZHENGJI_PUSH_KNOWN_HOSTS", ""),
        push_roots=environ.get("ZHENGJI_PUSH_ROOTS", ""),
        clock=environ.get("ZHENGJI_CLOCK", ""),
        demo=environ.get("ZHENGJI_DEMO", "") not in ("", "0"),
        argon2_time=_number(environ, "ZHENGJI_ARGON2_TIME", 3),
        argon2_memory=_number(environ, "ZHENGJI_ARGON2_MEMORY", 65536),
        base_url=environ.get("ZHENGJI_BASE_URL") or BASE_URL,
        secure_cookies=environ.get("ZHENGJI_SECURE_COOKIES", "") not in ("", "0"),
        executor=environ.get("ZHENGJI_EXECUTOR") or socket.gethostname(),
        session_hours=_number(environ, "ZHENGJI_SESSION_HOURS", 12),
        idle_minutes=_number(environ, "ZHENGJI_IDLE_MINUTES", 120),
        second_factor=frozenset(environ.get("ZHENGJI_REQUIRE_SECOND_FACTOR", "").replace(",", " ").split()),
        oidc_issuer=environ.get("ZHENGJI_OIDC_ISSUER", ""),
        oidc_client_id=environ.get("ZHENGJI_OIDC_CLIENT_ID", ""),
        oidc_client_secret=environ.get("ZHENGJI_OIDC_CLIENT_SECRET", ""),
        oidc_name=environ.get("ZHENGJI_OIDC_NAME", ""),
        keep_contacts_days=_days(environ, "ZHENGJI_KEEP_CONTACTS_DAYS"),
        keep_private_days=_days(environ, "ZHENGJI_KEEP_PRIVATE_DAYS"),
        connections=_number(environ, "ZHENGJI_CONNECTIONS", 20),
        lock_seconds=_seconds(environ, "ZHENGJI_LOCK_SECONDS", 15),
        statement_seconds=_seconds(environ, "ZHENGJI_STATEMENT_SECONDS", 30),
        proxies=_number(environ, "ZHENGJI_PROXIES", 0),
        metrics_token=environ.get("ZHENGJI_METRICS_TOKEN", ""),
        hold_minutes=min(_number(environ, "ZHENGJI_HOLD_MINUTES", 10), LONGEST_HOLD),
        mail_limit=_number(environ, "ZHENGJI_MAIL_LIMIT", 0) * 1024 * 1024,
        seal_roots=environ.get("ZHENGJI_SEAL_ROOTS", ""),
        seal_crls=environ.get("ZHENGJI_SEAL_CRLS", ""),
    )


class WrongSetting(ValueError):
    """A setting that cannot be what is written for it."""


def _number(environ: Mapping[str, str], name: str, otherwise: int) -> int:
    """A whole number; left blank, as where nothing is set. Raises WrongSetting."""
    return _read(environ, name, otherwise, int)


def _seconds(environ: Mapping[str, str], name: str, otherwise: float) -> float:
    """The same for seconds and parts of them. Raises WrongSetting."""
    return _read(environ, name, otherwise, float)


def _read(environ: Mapping[str, str], name: str, otherwise: Number, kind: type[Number]) -> Number:
    try:
        return kind(environ.get(name) or otherwise)
    except ValueError as wrong:
        raise WrongSetting(
            f"{name}: 要写数字，不是“{environ[name]}” / must be a number, not “{environ[name]}”"
        ) from wrong


SHORTEST_KEPT = 184
"""Days for which records of what happened are kept at least: six months (Cybersecurity Law, article 21)."""


def _days(environ: Mapping[str, str], name: str) -> int:
    """So many days, 0 for ever. Raises WrongSetting for fewer than `SHORTEST_KEPT`."""
    days = _number(environ, name, 0)
    if days and days < SHORTEST_KEPT:
        raise WrongSetting(
            f"{name}: 至少 {SHORTEST_KEPT} 天，或留空 / at least {SHORTEST_KEPT} days, or empty for ever"
        )
    return days


def _without_password(environ: Mapping[str, str], name: str) -> str:
    """An address that is shown and kept. Raises WrongSetting where it holds a password, which has a setting of its own."""
    address = environ.get(name, "")
    if urlsplit(address).password:
        raise WrongSetting(f"{name}: 口令请写在 ZHENGJI_PUSH_SECRET 里 / put the password into ZHENGJI_PUSH_SECRET")
    return address
