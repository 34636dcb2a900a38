"""Calls that are closed or archived."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0034"
down_revision: str | None = "0033"
kind = Kind.EXPAND
words = Text("结束征集和归档", "Calls closed and archived")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "call_standing",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.CheckConstraint("state in ('open', 'closed', 'archived')", name="ck_call_standing_known_state"),
        sa.ForeignKeyConstraint(
            ["stream", "version", "state", "head"],
            ["audit_event.stream", "audit_event.seq", "audit_event.to_state", "audit_event.hash"],
            name="fk_call_standing_stream_version_state_head",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("number", name="pk_call_standing"),
        sa.UniqueConstraint("stream", name="uq_call_standing_stream"),
    )
