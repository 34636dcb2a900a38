"""Rows that running the installation asks about: what its trail says of backups, and of older databases accepted."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow.store.models import AuditEvent


def said(session: Session, action: str) -> list[dict[str, Any]]:
    """What every event of an action says, the oldest first."""
    bodies = session.scalars(select(AuditEvent.body).where(AuditEvent.action == action).order_by(AuditEvent.uid))
    return [json.loads(one) for one in bodies]


def last_at(session: Session, action: str = "") -> datetime | None:
    """When something of an action happened last; of any action, when none is named."""
    wanted = select(func.max(AuditEvent.at))
    return session.scalar(wanted.where(AuditEvent.action == action) if action else wanted)
