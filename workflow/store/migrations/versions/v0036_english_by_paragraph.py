"""English paragraph by paragraph, its reading by a second person, the glossary, and what is needed before a case goes abroad."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0036"
down_revision: str | None = "0035"
kind = Kind.EXPAND
words = Text("逐段英文、校对、术语表", "English by paragraph, checks, glossary")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("cases", sa.Column("consent_abroad", sa.Text(), server_default="", nullable=False))
    op.add_column("case_english", sa.Column("open", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "english_paragraph",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_english_paragraph_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_english_paragraph_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_english_paragraph"),
    )
    op.create_index("ix_english_paragraph_case_id_id", "english_paragraph", ["case_id", "id"])
    op.create_table(
        "english_check",
        sa.Column("id", ID, nullable=False),
        sa.Column("english_id", ID, nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_english_check_by_id"),
        sa.ForeignKeyConstraint(["english_id"], ["case_english.id"], name="fk_english_check_english_id"),
        sa.PrimaryKeyConstraint("id", name="pk_english_check"),
    )
    op.create_index("ix_english_check_english_id", "english_check", ["english_id"])
    op.create_table(
        "glossary_term",
        sa.Column("id", ID, nullable=False),
        sa.Column("zh", sa.String(length=80), nullable=False),
        sa.Column("en", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_glossary_term_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_glossary_term"),
    )
    op.create_index("ix_glossary_term_zh", "glossary_term", ["zh"])
