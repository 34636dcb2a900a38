"""${message}."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
kind = Kind.EXPAND
words = Text("", "${message}")


def upgrade() -> None:
    ${upgrades if upgrades else "raise NotImplementedError"}
