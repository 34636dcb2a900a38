"""The index that finds cases by what they say, and searches that people keep."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind
from workflow.store.words import ON_POSTGRESQL, ON_SQLITE

revision = "0010"
down_revision: str | None = "0009"
kind = Kind.EXPAND
words = Text("全文查找的索引和个人保存的查找", "The index of words, and searches that people keep")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for statement in ON_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else ON_SQLITE:
        op.execute(statement)
    op.create_table(
        "saved_search",
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_saved_search_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_search"),
        sa.UniqueConstraint("person_id", "name", name="uq_saved_search_person_id_name"),
    )
