"""All rules of all subjects: importing this module fills the catalogue."""

from rules import batch, judging, objections, papers, phase, prior, quotas, scope, selection, text
from rules.rule import CATALOGUE

SUBJECTS = (scope, prior, text, phase, papers, batch, quotas, selection, judging, objections)

__all__ = ["CATALOGUE", "SUBJECTS"]
