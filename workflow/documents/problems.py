"""What is wrong with a paper, said so that its sender can mend it."""

from __future__ import annotations

from dataclasses import dataclass

from rules.words import Text


@dataclass(frozen=True)
class Problem:
    """One thing wrong: a stable code, the sentence in both languages, and the place in the paper ("" for all of it)."""

    code: str
    text: Text
    where: str = ""


class Unreadable(Exception):
    """A paper that cannot be read at all; `problem` says why and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.text.en}")
        self.problem = problem


def unreadable(code: str, zh: str, en: str, where: str = "", **values: object) -> Unreadable:
    """An `Unreadable` from its words; `values` fill their braces."""
    return Unreadable(Problem(code, Text(zh, en).fill(**values), where))
