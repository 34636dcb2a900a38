"""Lists of shortlisted cases that stand in public before anything is published."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0020"
down_revision: str | None = "0019"
kind = Kind.EXPAND
words = Text("公示入选名单", "Public notices")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "public_notice",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_version_id", ID, nullable=False),
        sa.Column("put_up_at", INSTANT, nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("taken_down_at", INSTANT, nullable=True),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_public_notice_by_id"),
        sa.ForeignKeyConstraint(["call_version_id"], ["call_version.id"], name="fk_public_notice_call_version_id"),
        sa.PrimaryKeyConstraint("id", name="pk_public_notice"),
    )
    op.create_table(
        "public_notice_line",
        sa.Column("id", ID, nullable=False),
        sa.Column("notice_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("centre", sa.String(length=160), nullable=False),
        sa.Column("host_unit", sa.String(length=160), nullable=False),
        sa.Column("recommended_by", sa.String(length=160), server_default="", nullable=False),
        sa.Column("void_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_public_notice_line_case_id"),
        sa.ForeignKeyConstraint(["notice_id"], ["public_notice.id"], name="fk_public_notice_line_notice_id"),
        sa.PrimaryKeyConstraint("id", name="pk_public_notice_line"),
        sa.UniqueConstraint("notice_id", "case_id", name="uq_public_notice_line_notice_id_case_id"),
    )
    op.create_index("ix_public_notice_line_case_id", "public_notice_line", ["case_id"])
    standing = sa.text("void_at is null")
    op.create_index(
        "uq_public_notice_line_standing",
        "public_notice_line",
        ["case_id"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
