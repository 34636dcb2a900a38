"""Calls that are being written: kept with every save, opened or thrown away."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0021"
down_revision: str | None = "0020"
kind = Kind.EXPAND
words = Text("起草征集通知", "Drafts of calls")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "call_draft",
        sa.Column("id", ID, nullable=False),
        sa.Column("based_on_id", ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("op", sa.String(length=80), nullable=True),
        sa.Column("opened_id", ID, nullable=True),
        sa.Column("opened_op", sa.String(length=80), nullable=True),
        sa.Column("discarded_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["based_on_id"], ["call_version.id"], name="fk_call_draft_based_on_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_call_draft_by_id"),
        sa.ForeignKeyConstraint(["opened_id"], ["call_version.id"], name="fk_call_draft_opened_id"),
        sa.PrimaryKeyConstraint("id", name="pk_call_draft"),
        sa.UniqueConstraint("op", name="uq_call_draft_op"),
    )
