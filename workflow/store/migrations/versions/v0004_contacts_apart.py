"""Contacts of a case's form apart from its revisions, so that they can be erased; what was erased, and when."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0004"
down_revision: str | None = "0003"
kind = Kind.EXPAND
words = Text("联系方式与稿件分开存放，可以删除", "Contacts apart from revisions, so that they can be erased")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "case_contact",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "revision"],
            ["case_revision.case_id", "case_revision.revision"],
            name="fk_case_contact_case_id_revision",
        ),
        sa.PrimaryKeyConstraint("case_id", "revision", name="pk_case_contact"),
    )
    op.add_column("cases", sa.Column("salt", sa.String(length=64), server_default="", nullable=False))
    op.add_column("document", sa.Column("erased_at", INSTANT, nullable=True))
    op.add_column("person", sa.Column("erased_at", INSTANT, nullable=True))
    why = "contacts are erased, never changed"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "create trigger case_contact_no_update before update on case_contact for each row"
            f" execute function zhengji_refuse('{why}')"
        )
        op.execute("alter table case_contact enable always trigger case_contact_no_update")
        return
    op.execute(
        f"create trigger case_contact_no_update before update on case_contact begin select raise(abort, '{why}'); end"
    )
    there = "exists (select 1 from case_contact where case_id = new.case_id and revision = new.revision)"
    op.execute(
        "create trigger case_contact_no_replace before insert on case_contact"
        f" when {there} begin select raise(abort, '{why}'); end"
    )
