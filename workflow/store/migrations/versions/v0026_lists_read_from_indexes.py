"""What lists are narrowed and counted by stands in their indexes, so that no row is read for it."""

from rules.words import Text
from workflow.store.migrations import Kind, NewIndex

revision = "0026"
down_revision: str | None = "0025"
kind = Kind.EXPAND
words = Text("让列表只读索引就能筛选和计数", "Lists are narrowed and counted from indexes alone")

ABOUT = ("state", "phase", "theme")
STAMPED, SUBMITTED = "first_stamped_at is not null", "first_submitted_at is not null"
INDEXES = (
    NewIndex("ix_cases_centre_titles", "cases", ("centre_id", "id", "title")),
    NewIndex(
        "ix_cases_office_whole",
        "cases",
        ("office_id", "state", "id", "first_stamped_at", "first_submitted_at", "phase", "theme"),
    ),
    NewIndex("ix_cases_state_begun", "cases", ("state", "id", "phase", "theme")),
    NewIndex("ix_cases_whole_moved", "cases", ("moved_at", "id", *ABOUT, "office_id")),
    NewIndex("ix_cases_whole_changed", "cases", ("changed_at", "id", *ABOUT, "office_id")),
    NewIndex("ix_cases_stamped_moved", "cases", ("office_id", "moved_at", "id", *ABOUT, "first_stamped_at"), STAMPED),
    NewIndex(
        "ix_cases_stamped_changed", "cases", ("office_id", "changed_at", "id", *ABOUT, "first_stamped_at"), STAMPED
    ),
    NewIndex(
        "ix_cases_nation_lately_moved",
        "cases",
        ("moved_at", "id", *ABOUT, "office_id", "first_submitted_at"),
        SUBMITTED,
    ),
    NewIndex(
        "ix_cases_nation_lately_changed",
        "cases",
        ("changed_at", "id", *ABOUT, "office_id", "first_submitted_at"),
        SUBMITTED,
    ),
)


def upgrade() -> None:
    """Nothing besides."""
