"""Lists of cases in every order, for each way of reaching them."""

from rules.words import Text
from workflow.store.migrations import Kind, NewIndex

revision = "0011"
down_revision: str | None = "0010"
kind = Kind.EXPAND
words = Text("各种案例列表的索引", "Indexes for every list of cases")

ABOUT = ("phase", "theme")
STAMPED, SUBMITTED = "first_stamped_at is not null", "first_submitted_at is not null"
INDEXES = (
    NewIndex("ix_cases_centre_moved", "cases", ("centre_id", "moved_at", "id", "state", "call_number")),
    NewIndex("ix_cases_centre_changed", "cases", ("centre_id", "changed_at", "id")),
    NewIndex("ix_cases_office_begun", "cases", ("office_id", "id", "phase", "theme", "first_stamped_at"), STAMPED),
    NewIndex("ix_cases_office_moved", "cases", ("office_id", "moved_at", "id"), STAMPED),
    NewIndex("ix_cases_office_changed", "cases", ("office_id", "changed_at", "id"), STAMPED),
    NewIndex(
        "ix_cases_office_state", "cases", ("office_id", "state", "moved_at", "id", *ABOUT, "first_stamped_at"), STAMPED
    ),
    NewIndex("ix_cases_office_drafts", "cases", ("office_id", "state"), "first_stamped_at is null"),
    NewIndex("ix_cases_nation_begun", "cases", ("id", "phase", "theme", "first_submitted_at"), SUBMITTED),
    NewIndex("ix_cases_nation_moved", "cases", ("moved_at", "id"), SUBMITTED),
    NewIndex("ix_cases_nation_changed", "cases", ("changed_at", "id"), SUBMITTED),
    NewIndex("ix_cases_nation_state", "cases", ("state", "id", *ABOUT, "first_submitted_at"), SUBMITTED),
    NewIndex("ix_cases_nation_waiting", "cases", ("state", "moved_at", "id"), SUBMITTED),
    NewIndex("ix_cases_moved", "cases", ("moved_at", "id")),
    NewIndex("ix_cases_changed", "cases", ("changed_at", "id")),
    NewIndex("ix_cases_outstanding", "cases", ("state", "id"), "effect <> ''"),
    NewIndex("ix_cases_published", "cases", ("published_at", "id"), "published_at is not null"),
)


def upgrade() -> None:
    """Nothing besides."""
