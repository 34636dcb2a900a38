"""The ledger of what came in by mail, archive and folder, and what became of mails that were sent and came back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0014"
down_revision: str | None = "0013"
kind = Kind.EXPAND
words = Text("来件登记和退信", "The ledger of what came in, and mails that came back")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _arrival()
    _what_lay_in_it()
    _mail()


def _arrival() -> None:
    op.create_table(
        "arrival",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("office_id", ID, nullable=True),
        sa.Column("call_version_id", ID, nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("came_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sender", sa.String(length=500), server_default="", nullable=False),
        sa.Column("subject", sa.String(length=500), server_default="", nullable=False),
        sa.Column("message_id", sa.String(length=500), server_default="", nullable=False),
        sa.Column("papers", sa.String(length=64), server_default="", nullable=False),
        sa.Column("repeats_id", ID, nullable=True),
        sa.Column("named", sa.String(length=160), server_default="", nullable=False),
        sa.Column("lacks", JSON, nullable=False),
        sa.Column("read_at", INSTANT, nullable=True),
        sa.Column("batch_id", ID, nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("answer_id", sa.String(length=200), server_default="", nullable=False),
        sa.CheckConstraint("how in ('screen', 'command', 'imap')", name="ck_arrival_known_way"),
        sa.CheckConstraint("state in ('waiting', 'read', 'repeat', 'bounce')", name="ck_arrival_known_state"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_arrival_batch_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_arrival_by_id"),
        sa.ForeignKeyConstraint(["call_version_id"], ["call_version.id"], name="fk_arrival_call_version_id"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_arrival_office_id"),
        sa.ForeignKeyConstraint(["repeats_id"], ["arrival.id"], name="fk_arrival_repeats_id"),
        sa.PrimaryKeyConstraint("id", name="pk_arrival"),
        sa.UniqueConstraint("key", name="uq_arrival_key"),
    )
    op.create_index("ix_arrival_office_id_id", "arrival", ["office_id", "id"])
    op.create_index("ix_arrival_papers", "arrival", ["papers"])
    op.create_table(
        "arrival_file",
        sa.Column("arrival_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Boolean(), nullable=False),
        sa.Column("erased_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrival.id"], name="fk_arrival_file_arrival_id"),
        sa.PrimaryKeyConstraint("arrival_id", "position", name="pk_arrival_file"),
    )
    op.create_index("ix_arrival_file_digest", "arrival_file", ["digest"])


def _what_lay_in_it() -> None:
    op.create_table(
        "arrival_case",
        sa.Column("arrival_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=60), server_default="", nullable=False),
        sa.Column("title", sa.String(length=300), server_default="", nullable=False),
        sa.Column("centre", sa.String(length=300), server_default="", nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("centre_id", ID, nullable=True),
        sa.Column("lacks", JSON, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("outcome", sa.String(length=10), server_default="", nullable=False),
        sa.Column("said", JSON, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "outcome in ('', 'made', 'filled', 'late', 'refused')", name="ck_arrival_case_known_outcome"
        ),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrival.id"], name="fk_arrival_case_arrival_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_arrival_case_case_id"),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name="fk_arrival_case_centre_id"),
        sa.PrimaryKeyConstraint("arrival_id", "position", name="pk_arrival_case"),
    )
    op.create_index("ix_arrival_case_case_id", "arrival_case", ["case_id"])
    op.create_table(
        "arrival_paper",
        sa.Column("arrival_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("inside", JSON, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=40), server_default="", nullable=False),
        sa.Column("came_to", sa.String(length=12), nullable=False),
        sa.Column("case_position", sa.Integer(), nullable=True),
        sa.Column("said", JSON, nullable=False),
        sa.Column("media_type", sa.String(length=120), server_default="", nullable=False),
        sa.Column("digest", sa.String(length=64), server_default="", nullable=False),
        sa.Column("kept_size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("erased_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "came_to in ('document', 'form', 'scan', 'summary', 'sealed_list', 'aside', 'refused')",
            name="ck_arrival_paper_known_use",
        ),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrival.id"], name="fk_arrival_paper_arrival_id"),
        sa.PrimaryKeyConstraint("arrival_id", "position", name="pk_arrival_paper"),
    )
    op.create_index("ix_arrival_paper_digest", "arrival_paper", ["digest"])


def _mail() -> None:
    op.create_table(
        "mailbox",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("validity", ID, nullable=False),
        sa.Column("uid", ID, nullable=False),
        sa.Column("looked_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_mailbox"),
    )
    op.create_table(
        "bounce",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("recipient", sa.String(length=300), server_default="", nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("arrival_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrival.id"], name="fk_bounce_arrival_id"),
        sa.ForeignKeyConstraint(["message_id"], ["sent_mail.message_id"], name="fk_bounce_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bounce"),
        sa.UniqueConstraint("key", name="uq_bounce_key"),
    )
    op.create_index("ix_bounce_message_id", "bounce", ["message_id"])
