"""Background work as people see it: jobs from their queueing to their end, who runs them, and why a push failed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0006"
down_revision: str | None = "0005"
kind = Kind.EXPAND
words = Text("后台任务和执行者的记录", "A record of background work and of who runs it")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)
STATES = "('queued', 'running', 'waiting', 'done', 'gave_up', 'retried', 'dismissed', 'cancelled')"


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("about", sa.String(length=80), server_default="", nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("interrupted", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("queued_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("failing_since", INSTANT, nullable=True),
        sa.Column("worker", sa.String(length=100), server_default="", nullable=False),
        sa.Column("part", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("parts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cancel_asked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("code", sa.String(length=40), server_default="", nullable=False),
        sa.Column("trouble", JSON, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.Column("request", sa.String(length=40), server_default="", nullable=False),
        sa.CheckConstraint(f"state in {STATES}", name="ck_job_state"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("key", name="uq_job_key"),
    )
    op.create_index("ix_job_state_name_queued_at", "job", ["state", "name", "queued_at"])
    op.create_index("ix_job_ended_at", "job", ["ended_at"])
    failing = sa.text("failing_since is not null")
    op.create_index("ix_job_failing_since", "job", ["failing_since"], sqlite_where=failing, postgresql_where=failing)
    op.create_table(
        "worker",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("instance", sa.String(length=32), nullable=False),
        sa.Column("place", sa.String(length=200), server_default="", nullable=False),
        sa.Column("process", sa.String(length=40), server_default="", nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("beat_at", INSTANT, nullable=False),
        sa.Column("stopped_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_worker"),
    )
    op.add_column("push", sa.Column("trouble", JSON, server_default=sa.text("'{}'"), nullable=False))
    op.create_index("ix_sent_mail_at", "sent_mail", ["at"])
