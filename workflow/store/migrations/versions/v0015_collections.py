"""Collections: chosen cases compiled into one Word file and one PDF, and what became of each case in it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0015"
down_revision: str | None = "0014"
kind = Kind.EXPAND
words = Text("编印案例集", "Collections of cases")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "collection",
        sa.Column("id", ID, nullable=False),
        sa.Column("op", sa.String(length=120), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("foreword", sa.Text(), server_default="", nullable=False),
        sa.Column("sort", sa.String(length=10), nullable=False),
        sa.Column("formats", sa.String(length=20), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("made_at", INSTANT, nullable=True),
        sa.Column("word_digest", sa.String(length=64), server_default="", nullable=False),
        sa.Column("word_size", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("word_pages", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("pdf_digest", sa.String(length=64), server_default="", nullable=False),
        sa.Column("pdf_size", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("pdf_pages", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("said", JSON, nullable=False),
        sa.CheckConstraint("sort in ('theme', 'province', 'hand')", name="ck_collection_known_sort"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_collection_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_collection"),
        sa.UniqueConstraint("op", name="uq_collection_op"),
    )
    op.create_table(
        "collection_line",
        sa.Column("collection_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("content", sa.String(length=64), server_default="", nullable=False),
        sa.Column("said", JSON, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_collection_line_case_id"),
        sa.ForeignKeyConstraint(["collection_id"], ["collection.id"], name="fk_collection_line_collection_id"),
        sa.PrimaryKeyConstraint("collection_id", "position", name="pk_collection_line"),
    )
    op.create_index("ix_collection_line_case_id", "collection_line", ["case_id"])
