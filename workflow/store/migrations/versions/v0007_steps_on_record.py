"""Which steps were taken, of which kind and when: an old version sees whether it may serve from a newer database."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0007"
down_revision: str | None = "0006"
kind = Kind.EXPAND
words = Text("记下每一步升级", "A record of each step of an upgrade")


def upgrade() -> None:
    op.create_table(
        "schema_step",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_schema_step"),
    )
