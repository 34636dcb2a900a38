"""Decisions that are pending, who signed them, and how they were announced; what a mail says of one case alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0030"
down_revision: str | None = "0029"
kind = Kind.EXPAND
words = Text("入选决定", "Decisions")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "announcement",
        sa.Column("id", ID, nullable=False),
        sa.Column("op", sa.String(length=120), nullable=True),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("held_until", INSTANT, nullable=False),
        sa.Column("left", JSON, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_announcement_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_announcement"),
        sa.UniqueConstraint("op", name="uq_announcement_op"),
    )
    op.create_index("ix_announcement_call_number_id", "announcement", ["call_number", "id"])
    op.create_table(
        "announcement_part",
        sa.Column("bulk_id", ID, autoincrement=False, nullable=False),
        sa.Column("announcement_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["announcement_id"], ["announcement.id"], name="fk_announcement_part_announcement_id"),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulk_act.id"], name="fk_announcement_part_bulk_id"),
        sa.PrimaryKeyConstraint("bulk_id", name="pk_announcement_part"),
    )
    op.create_index("ix_announcement_part_announcement_id", "announcement_part", ["announcement_id"])
    op.create_table(
        "pending_decision",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("decision", sa.String(length=12), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("feedback", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("mark", sa.String(length=40), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("announced_in", ID, nullable=True),
        sa.CheckConstraint(
            "decision in ('', 'shortlist', 'pass_over')", name=op.f("ck_pending_decision_known_decision")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_pending_decision_versioned")),
        sa.ForeignKeyConstraint(["announced_in"], ["announcement.id"], name="fk_pending_decision_announced_in"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_pending_decision_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_pending_decision_case_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_pending_decision"),
    )
    op.create_index("ix_pending_decision_call_number_decision", "pending_decision", ["call_number", "decision"])
    op.create_table(
        "decision_sign_off",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_decision_sign_off_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_decision_sign_off_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_decision_sign_off"),
        sa.UniqueConstraint("case_id", "digest", "by_id", name="uq_decision_sign_off_case_id_digest_by_id"),
    )
    op.add_column("letter_line", sa.Column("remark", sa.Text(), server_default="", nullable=False))
