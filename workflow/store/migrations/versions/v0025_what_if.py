"""Changed calls under which recorded steps are performed once more, and what came of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0025"
down_revision: str | None = "0024"
kind = Kind.EXPAND
words = Text("假如重算", "What if")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "what_if",
        sa.Column("id", ID, nullable=False),
        sa.Column("op", sa.String(length=120), nullable=True),
        sa.Column("before_id", ID, nullable=False),
        sa.Column("after_id", ID, nullable=False),
        sa.Column("changes", JSON, nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("made_at", INSTANT, nullable=True),
        sa.Column("steps", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("outcomes", JSON, nullable=False),
        sa.ForeignKeyConstraint(["after_id"], ["call_version.id"], name="fk_what_if_after_id"),
        sa.ForeignKeyConstraint(["before_id"], ["call_version.id"], name="fk_what_if_before_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_what_if_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_what_if"),
        sa.UniqueConstraint("op", name="uq_what_if_op"),
    )
