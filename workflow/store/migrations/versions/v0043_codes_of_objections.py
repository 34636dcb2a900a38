"""What an objector looks up their objection with, and the mail that it came in."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0043"
down_revision: str | None = "0042"
kind = Kind.EXPAND
words = Text("异议的查询码和来件", "Codes and mails of objections")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("objection", sa.Column("code", sa.String(length=16), server_default="", nullable=False))
    op.add_column("objection", sa.Column("arrival_id", ID, nullable=True))
