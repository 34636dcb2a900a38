"""The publicity plan: which case appears where and when, and what came of it."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0037"
down_revision: str | None = "0036"
kind = Kind.EXPAND
words = Text("宣传计划", "The publicity plan")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "appearance",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=120), server_default="", nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.Column("link", sa.String(length=500), server_default="", nullable=False),
        sa.Column("reach", ID, nullable=True),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.Column("dropped_at", INSTANT, nullable=True),
        sa.Column("op", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_appearance_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_appearance_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_appearance"),
        sa.UniqueConstraint("op", name="uq_appearance_op"),
    )
    op.create_index("ix_appearance_call_number_day", "appearance", ["call_number", "day"])
    op.create_index("ix_appearance_day", "appearance", ["day"])
