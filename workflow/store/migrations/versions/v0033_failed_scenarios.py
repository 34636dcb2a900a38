"""At which step scenarios failed when a call was proved."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0033"
down_revision: str | None = "0032"
kind = Kind.EXPAND
words = Text("例子在哪一步没有通过", "At which step scenarios failed")

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("call_proof", sa.Column("failures", JSON, server_default="{}", nullable=False))
