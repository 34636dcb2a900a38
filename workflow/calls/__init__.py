"""A notice as data: TOML files beside the notices' texts, how they are read, and what is done with a call as a whole."""

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
