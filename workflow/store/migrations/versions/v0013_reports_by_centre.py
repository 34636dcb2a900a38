"""Imported reports found by the centre that they name: each check for prior submissions asks for them."""

from rules.words import Text
from workflow.store.migrations import Kind, NewIndex

revision = "0013"
down_revision: str | None = "0012"
kind = Kind.EXPAND
words = Text("按中心查找以往报送的索引", "An index that finds earlier reports by their centre")
INDEXES = (NewIndex("ix_prior_report_centre_name", "prior_report", ("centre_name",)),)


def upgrade() -> None:
    """Nothing besides."""
