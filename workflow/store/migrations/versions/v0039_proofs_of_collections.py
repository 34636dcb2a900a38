"""Proofs of collections with comments, sign-offs and errata; honours of cases."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0039"
down_revision: str | None = "0038"
kind = Kind.EXPAND
words = Text("案例集校样和荣誉", "Proofs of collections, and honours")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("collection", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("collection", sa.Column("isbn", sa.String(length=20), server_default="", nullable=False))
    op.add_column("collection", sa.Column("cip", sa.String(length=60), server_default="", nullable=False))
    op.add_column("collection", sa.Column("released_at", INSTANT, nullable=True))
    op.create_table(
        "collection_note",
        sa.Column("id", ID, nullable=False),
        sa.Column("collection_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("absent_id", ID, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("kind in ('comment', 'erratum')", name="ck_collection_note_known_kind"),
        sa.ForeignKeyConstraint(["collection_id"], ["collection.id"], name="fk_collection_note_collection_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_collection_note_case_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_collection_note_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_collection_note"),
    )
    op.create_index("ix_collection_note_collection_id", "collection_note", ["collection_id"])
    op.create_table(
        "collection_sign_off",
        sa.Column("collection_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("absent_id", ID, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["collection_id"], ["collection.id"], name="fk_collection_sign_off_collection_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_collection_sign_off_by_id"),
        sa.PrimaryKeyConstraint("collection_id", "version", "by_id", name="pk_collection_sign_off"),
    )
    op.create_table(
        "honour",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=True),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("absent_id", ID, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_honour_case_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_honour_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_honour"),
    )
    op.create_index("ix_honour_case_id", "honour", ["case_id"])
