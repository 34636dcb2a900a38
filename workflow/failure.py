"""Work that could not be done: why, in words for people, and what the system said, for whoever mends it."""

from __future__ import annotations

from rules.words import Text


class Failure(Exception):
    """Raised where the world outside does not do its part.

    `code`: what kind of trouble, for programs. `why`: the words. `said`: what the system or the other side said.
    `lasting`: trying again would not help until somebody mends something. `general`: other work of the kind would meet
    the same now.
    """

    def __init__(self, code: str, why: Text, said: str = "", *, lasting: bool = False, general: bool = False) -> None:
        super().__init__(code, why, said)
        self.code, self.why, self.said = code, why, said
        self.lasting, self.general = lasting, general

    def __str__(self) -> str:
        return self.said or f"{self.why.zh} {self.why.en}"
