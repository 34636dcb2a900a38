"""Cases that were there before are found by their words too."""

from sqlalchemy import Connection

from rules.words import Text
from workflow.store.migrations import Kind
from workflow.store.words import catch_up

revision = "0012"
down_revision: str | None = "0011"
kind = Kind.MIGRATE
words = Text("为已有案例建立全文查找", "Makes the cases that are there found by their words")
AT_ONCE = 200


def batch(connection: Connection) -> int:
    return catch_up(connection, AT_ONCE)


def upgrade() -> None:
    """Nothing besides."""
