"""How an installation is set: kept in the trail whenever it is not what it was at the last start."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy.orm import Session

from states.reach import SYSTEM
from workflow import personal
from workflow.settings import Settings
from workflow.store import personal as stored
from workflow.store import trail
from workflow.store.database import Database

_SECRET = ("secret_key", "oidc_client_secret", "metrics_token", "push_secret")


def described(settings: Settings) -> dict[str, str]:
    """Setting → value as text; of a secret only whether it is set, of an address neither name nor password."""
    return {one.name: _said(one.name, getattr(settings, one.name)) for one in fields(settings)}


def _said(name: str, value: object) -> str:
    if name in _SECRET:
        return "***" if value else ""
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    text = str(value)
    return _without_login(text) if "://" in text else text


def _without_login(address: str) -> str:
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def record(database: Database, settings: Settings, *, at: datetime) -> list[str]:
    """Put the settings on record where they differ from those last recorded; the names of those that do."""
    now, _ = personal.apart(described(settings))
    with database.transaction() as session:
        stream = trail.daily(session, "settings", at)
        before = _last(session)
        changed = sorted(name for name in {*now, *before} if now.get(name, "") != before.get(name, ""))
        if changed:
            data = {"settings": described(settings), "changed": changed}
            trail.append(session, [trail.Entry(stream, "system.settings", "done", at, SYSTEM, data)])
    return changed


def _last(session: Session) -> dict[str, str]:
    body = stored.newest(session, "system.settings")
    return dict(json.loads(body)["settings"]) if body else {}
