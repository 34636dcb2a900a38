"""A second look by another person at why an effect is outstanding."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0046"
down_revision: str | None = "0045"
kind = Kind.EXPAND
words = Text("成效认定的复核", "Checks of outstanding effects")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "effect_check",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("absent_id", ID, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_effect_check_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_effect_check_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_effect_check"),
    )
    op.create_index("ix_effect_check_case_id_id", "effect_check", ["case_id", "id"])
