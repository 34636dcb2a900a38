"""Every paper that we write for people, in one place.

What writes Word files and sheets is loaded with the first one that is written: a process that serves pages may never
need it, and it would take a third of its start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from workflow.documents.template import one_line, tidy

if TYPE_CHECKING:
    from workflow.documents.decision_table import (
        DecisionRow,
        GivenDecision,
        annotated_decisions,
        decision_table,
        read_decisions,
    )
    from workflow.documents.sheets import report_form, summary_table, text_table
    from workflow.documents.word import CaseContent, UnfitLook, case_document, case_template, check_look
    from workflow.documents.worklist import Row, annotated, read_worklist, worklist

__all__ = [
    "CaseContent",
    "DecisionRow",
    "GivenDecision",
    "Row",
    "UnfitLook",
    "annotated",
    "annotated_decisions",
    "case_document",
    "case_template",
    "check_look",
    "decision_table",
    "one_line",
    "read_decisions",
    "read_worklist",
    "report_form",
    "summary_table",
    "text_table",
    "tidy",
    "worklist",
]
_WHERE = {
    **dict.fromkeys(("CaseContent", "UnfitLook", "case_document", "case_template", "check_look"), "word"),
    **dict.fromkeys(("report_form", "summary_table", "text_table"), "sheets"),
    **dict.fromkeys(
        ("DecisionRow", "GivenDecision", "annotated_decisions", "decision_table", "read_decisions"), "decision_table"
    ),
    **dict.fromkeys(("Row", "annotated", "read_worklist", "worklist"), "worklist"),
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"workflow.documents.{_WHERE[name]}"), name)
