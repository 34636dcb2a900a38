"""Attachments of cases: what their content names, for which paper, and a slot for the files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0042"
down_revision: str | None = "0041"
kind = Kind.EXPAND
words = Text("附件", "Attachments")

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
SLOTS = "slot in ('case', 'form', 'scan', 'summary', 'picture', 'attachment')"


def upgrade() -> None:
    op.add_column("cases", sa.Column("attachments", JSON, server_default=sa.text("'[]'"), nullable=False))
    with op.batch_alter_table("document") as table:  # SQLite cannot change a check: it writes the table anew
        table.add_column(sa.Column("paper", sa.String(length=40), server_default="", nullable=False))
        table.drop_constraint(op.f("ck_document_known_slot"), type_="check")
        table.create_check_constraint(op.f("ck_document_known_slot"), SLOTS)
