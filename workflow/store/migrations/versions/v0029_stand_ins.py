"""Stand-ins for dated absences, and for whom somebody stood in when they acted."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0029"
down_revision: str | None = "0028"
kind = Kind.EXPAND
words = Text("代办人", "Stand-ins")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
HANDS = (
    *("call_draft", "extension", "public_notice", "extension_request", "centre_day", "waiver", "case_revision"),
    *(
        "sign_off",
        "document",
        "seal",
        "adjudication",
        "push",
        "collection",
        "arrival",
        "bulk_act",
        "what_if",
        "audit_event",
    ),
)


def upgrade() -> None:
    op.create_table(
        "stand_in",
        sa.Column("id", ID, nullable=False),
        sa.Column("absent_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["absent_id"], ["person.id"], name="fk_stand_in_absent_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_stand_in_person_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_stand_in_by_id"),
        sa.ForeignKeyConstraint(["ended_by_id"], ["person.id"], name="fk_stand_in_ended_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_stand_in"),
    )
    op.create_index("ix_stand_in_absent_id_last_day", "stand_in", ["absent_id", "last_day"])
    op.create_index("ix_stand_in_person_id_last_day", "stand_in", ["person_id", "last_day"])
    op.add_column("sign_in", sa.Column("stand_in_id", ID, nullable=True))
    op.add_column("extension_request", sa.Column("answered_absent_id", ID, nullable=True))
    for table in HANDS:
        op.add_column(table, sa.Column("absent_id", ID, nullable=True))
