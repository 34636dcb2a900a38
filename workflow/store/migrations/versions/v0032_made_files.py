"""Files that are made in the background: closing reports, packs of publicity."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0032"
down_revision: str | None = "0031"
kind = Kind.EXPAND
words = Text("后台生成的文件", "Files made in the background")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "made_file",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("digest", sa.String(length=64), server_default="", nullable=False),
        sa.Column("size", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("made_at", INSTANT, nullable=True),
        sa.Column("op", sa.String(length=80), nullable=True),
        sa.CheckConstraint("kind in ('closing', 'publicity')", name="ck_made_file_known_kind"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_made_file_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_made_file"),
        sa.UniqueConstraint("op", name="uq_made_file_op"),
    )
    op.create_index("ix_made_file_kind_about", "made_file", ["kind", "about"])
