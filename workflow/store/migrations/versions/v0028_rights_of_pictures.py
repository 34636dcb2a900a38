"""Who allows a picture to be published."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0028"
down_revision: str | None = "0027"
kind = Kind.EXPAND
words = Text("图片权利", "Rights of pictures")


def upgrade() -> None:
    op.add_column("document", sa.Column("rights", sa.String(length=300), server_default="", nullable=False))
