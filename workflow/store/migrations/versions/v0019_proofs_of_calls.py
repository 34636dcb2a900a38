"""What proofs of calls came to: promises, and scenarios with their last result."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0019"
down_revision: str | None = "0018"
kind = Kind.EXPAND
words = Text("征集通知的检验结果", "What proofs of calls came to")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "call_proof",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promises", JSON, nullable=False),
        sa.Column("scenarios", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_proof"),
    )
    op.create_index("ix_call_proof_digest", "call_proof", ["digest"])
