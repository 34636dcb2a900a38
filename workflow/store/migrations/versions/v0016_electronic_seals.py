"""Electronic seals: signed PDFs with what verifying them came to, and what a sealed summary table listed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0016"
down_revision: str | None = "0015"
kind = Kind.EXPAND
words = Text("电子印章", "Electronic seals")

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("seal", sa.Column("signed", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("seal", sa.Column("listed", JSON, nullable=True))
    op.create_table(
        "signature_check",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=160), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("as_of", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_signature_check"),
    )
