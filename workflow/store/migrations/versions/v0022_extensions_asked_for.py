"""Extensions that offices ask for, and what the director answered."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0022"
down_revision: str | None = "0021"
kind = Kind.EXPAND
words = Text("申请延期", "Extensions asked for")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "extension_request",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_version_id", ID, nullable=False),
        sa.Column("phase", sa.String(length=40), nullable=False),
        sa.Column("office_id", ID, nullable=False),
        sa.Column("wanted", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("answered_by_id", ID, nullable=True),
        sa.Column("granted", sa.Date(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["answered_by_id"], ["person.id"], name="fk_extension_request_answered_by_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_extension_request_by_id"),
        sa.ForeignKeyConstraint(["call_version_id"], ["call_version.id"], name="fk_extension_request_call_version_id"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_extension_request_office_id"),
        sa.PrimaryKeyConstraint("id", name="pk_extension_request"),
    )
