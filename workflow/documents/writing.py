"""Every paper that we write for people, in one place."""

from workflow.documents.sheets import report_form, summary_table
from workflow.documents.template import one_line, tidy
from workflow.documents.word import CaseContent, case_document, case_template

__all__ = ["CaseContent", "case_document", "case_template", "one_line", "report_form", "summary_table", "tidy"]
