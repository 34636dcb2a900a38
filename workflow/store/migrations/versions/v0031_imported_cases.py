"""Cases of other installations that came in with their passports."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0031"
down_revision: str | None = "0030"
kind = Kind.EXPAND
words = Text("导入的案例档案包", "Passports of cases that were imported")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "imported_case",
        sa.Column("id", ID, nullable=False),
        sa.Column("origin", sa.String(length=120), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("passport", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("record", JSON, nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_imported_case_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_imported_case"),
        sa.UniqueConstraint("origin", "number", "entries", name="uq_imported_case_origin_number_entries"),
    )
