"""For whom the recipient of a mail stands in."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0040"
down_revision: str | None = "0039"
kind = Kind.EXPAND
words = Text("邮件收件人代谁办理", "For whom the recipient of a mail stands in")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("letter", sa.Column("absent_id", ID, nullable=True))
