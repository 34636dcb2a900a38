"""The Word document that a call brings along for its cases."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0023"
down_revision: str | None = "0022"
kind = Kind.EXPAND
words = Text("通知自带的 Word 模板", "Word templates of calls")


def upgrade() -> None:
    op.add_column("call_version", sa.Column("look", sa.LargeBinary(), nullable=True))
