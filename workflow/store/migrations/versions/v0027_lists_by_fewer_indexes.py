"""The indexes whose place wider ones have taken go; the version before is answered by those as well."""

from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0027"
down_revision: str | None = "0026"
kind = Kind.EXPAND
words = Text("去掉已被取代的索引", "Drops indexes that others have replaced")

REPLACED = (
    "ix_cases_centre_id_id",
    "ix_cases_office_id_state_id",
    "ix_cases_state_id",
    "ix_cases_moved",
    "ix_cases_changed",
    "ix_cases_office_moved",
    "ix_cases_office_changed",
    "ix_cases_nation_moved",
    "ix_cases_nation_changed",
)


def upgrade() -> None:
    for name in REPLACED:
        op.drop_index(name, "cases")
