"""Extensions that centres ask their offices for, and what these answered."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0035"
down_revision: str | None = "0034"
kind = Kind.EXPAND
words = Text("中心申请延期", "Extensions that centres ask for")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "centre_request",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_version_id", ID, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("phase", sa.String(length=40), nullable=False),
        sa.Column("centre_id", ID, nullable=False),
        sa.Column("office_id", ID, nullable=False),
        sa.Column("wanted", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("absent_id", ID, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("answered_by_id", ID, nullable=True),
        sa.Column("answered_absent_id", ID, nullable=True),
        sa.Column("granted", sa.Date(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["answered_by_id"], ["person.id"], name="fk_centre_request_answered_by_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_centre_request_by_id"),
        sa.ForeignKeyConstraint(["call_version_id"], ["call_version.id"], name="fk_centre_request_call_version_id"),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name="fk_centre_request_centre_id"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_centre_request_office_id"),
        sa.PrimaryKeyConstraint("id", name="pk_centre_request"),
    )
    op.create_index("ix_centre_request_call_number", "centre_request", ["call_number"])
    op.create_index("ix_centre_request_centre_id", "centre_request", ["centre_id"])
    op.create_index("ix_centre_request_office_id", "centre_request", ["office_id"])
