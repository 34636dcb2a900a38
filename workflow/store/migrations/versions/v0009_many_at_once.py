"""Steps taken on many cases at once, and the mails that tell centres and offices what became of their cases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0009"
down_revision: str | None = "0008"
kind = Kind.EXPAND
words = Text("批量办理和通知邮件", "Bulk acts and the mails on what became of cases")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _letters()
    _bulk_acts()


def _letters() -> None:
    op.create_table(
        "letter",
        sa.Column("id", ID, nullable=False),
        sa.Column("posting", sa.String(length=100), nullable=False),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.Column("new_day", sa.Date(), nullable=True),
        sa.Column("unit", sa.String(length=160), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("office_id", ID, nullable=True),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("released_at", INSTANT, nullable=True),
        sa.CheckConstraint("(person_id is null) <> (office_id is null)", name="ck_letter_one_recipient"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_letter_by_id"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_letter_office_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_letter_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_letter"),
    )
    op.create_index("ix_letter_posting", "letter", ["posting"])
    op.create_table(
        "letter_line",
        sa.Column("letter_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("dropped_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_letter_line_case_id"),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name="fk_letter_line_letter_id"),
        sa.PrimaryKeyConstraint("letter_id", "position", name="pk_letter_line"),
    )
    op.create_index("ix_letter_line_case_id", "letter_line", ["case_id"])


def _bulk_acts() -> None:
    op.create_table(
        "bulk_act",
        sa.Column("id", ID, nullable=False),
        sa.Column("op", sa.String(length=120), nullable=True),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("search", JSON, nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("held_until", INSTANT, nullable=False),
        sa.Column("undoes_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_bulk_act_by_id"),
        sa.ForeignKeyConstraint(["undoes_id"], ["bulk_act.id"], name="fk_bulk_act_undoes_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bulk_act"),
        sa.UniqueConstraint("op", name="uq_bulk_act_op"),
        sa.UniqueConstraint("undoes_id", name="uq_bulk_act_undoes_id"),
    )
    op.create_index("ix_bulk_act_by_id_id", "bulk_act", ["by_id", "id"])
    op.create_table(
        "bulk_line",
        sa.Column("bulk_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("receipt", sa.String(length=100), server_default="", nullable=False),
        sa.Column("mark", sa.String(length=40), server_default="", nullable=False),
        sa.Column("said", JSON, nullable=False),
        sa.CheckConstraint(
            "outcome in ('done', 'refused', 'overtaken', 'impossible', 'left')", name="ck_bulk_line_known_outcome"
        ),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulk_act.id"], name="fk_bulk_line_bulk_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_bulk_line_case_id"),
        sa.PrimaryKeyConstraint("bulk_id", "position", name="pk_bulk_line"),
    )
    op.create_index("ix_bulk_line_case_id", "bulk_line", ["case_id"])
