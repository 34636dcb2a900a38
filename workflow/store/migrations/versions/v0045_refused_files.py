"""Originals that were refused at the door, kept apart for a while."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0045"
down_revision: str | None = "0044"
kind = Kind.EXPAND
words = Text("拒收的原件", "Originals that were refused")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "refused_file",
        sa.Column("id", ID, nullable=False),
        sa.Column("file", sa.String(length=32), nullable=False),
        sa.Column("slot", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("said", JSON, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("absent_id", ID, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("erased_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_refused_file_case_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_refused_file_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_refused_file"),
        sa.UniqueConstraint("file", name="uq_refused_file_file"),
    )
    op.create_index("ix_refused_file_digest", "refused_file", ["digest"])
    op.create_index("ix_refused_file_by_id", "refused_file", ["by_id"])
    op.create_index("ix_refused_file_case_id", "refused_file", ["case_id"])
