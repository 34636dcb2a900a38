"""Packages of pushes found by digest: the sweep asks for a thousand at a time."""

from rules.words import Text
from workflow.store.migrations import Kind, NewIndex

revision = "0008"
down_revision: str | None = "0007"
kind = Kind.EXPAND
words = Text("按摘要查找推送包的索引", "An index that finds packages by digest")
INDEXES = (NewIndex("ix_push_package", "push", ("package",)),)


def upgrade() -> None:
    """Nothing besides."""
