"""Web editions that were withdrawn; comments on a foreword and signatures bound to what they are about."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0041"
down_revision: str | None = "0040"
kind = Kind.EXPAND
words = Text("撤下的网络版", "Withdrawn web editions")

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("collection", sa.Column("withdrawn_at", INSTANT, nullable=True))
    op.add_column("collection", sa.Column("withdrawn_why", sa.Text(), server_default="", nullable=False))
    op.add_column("collection_note", sa.Column("about", sa.String(length=64), server_default="", nullable=False))
    op.add_column("collection_sign_off", sa.Column("wording", sa.String(length=64), server_default="", nullable=False))
