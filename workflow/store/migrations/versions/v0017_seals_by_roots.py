"""Under which root certificates a signature was verified, so that other ones are noticed."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0017"
down_revision: str | None = "0016"
kind = Kind.EXPAND
words = Text("验证电子印章所用的颁发机构", "The issuers under which electronic seals were verified")


def upgrade() -> None:
    op.add_column("signature_check", sa.Column("roots", sa.String(length=64), server_default="", nullable=False))
