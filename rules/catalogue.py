"""All rules of all subjects: importing this module fills the catalogue."""

from rules import batch, papers, phase, prior, scope, selection, text
from rules.rule import CATALOGUE

SUBJECTS = (scope, prior, text, phase, papers, batch, selection)

__all__ = ["CATALOGUE", "SUBJECTS"]
