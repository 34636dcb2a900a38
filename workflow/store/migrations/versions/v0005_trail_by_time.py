"""The trail found by time: a search by date alone reads the days asked for, and no others."""

from alembic import op

revision = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    op.create_index("ix_audit_event_at_uid", "audit_event", ["at", "uid"])
