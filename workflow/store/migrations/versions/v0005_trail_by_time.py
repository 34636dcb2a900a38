"""The trail found by time: a search by date alone reads the days asked for, and no others."""

from rules.words import Text
from workflow.store.migrations import Kind, NewIndex

revision = "0005"
down_revision: str | None = "0004"
kind = Kind.EXPAND
words = Text("按时间查找留痕的索引", "An index that finds the trail by time")


INDEXES = (NewIndex("ix_audit_event_at_uid", "audit_event", ("at", "uid")),)


def upgrade() -> None:
    """Nothing besides."""
