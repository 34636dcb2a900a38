"""A notice as data: TOML files beside the notices' texts, and how they are read."""

from workflow.calls.loader import (
    CallRefused,
    current_call,
    digest,
    mistaken,
    parse_call,
    read_call,
    shipped_calls,
    stored_call,
)
from workflow.calls.tables import CallProblem

__all__ = [
    "CallProblem",
    "CallRefused",
    "current_call",
    "digest",
    "mistaken",
    "parse_call",
    "read_call",
    "shipped_calls",
    "stored_call",
]
