"""The steps by which the database came to be what the models say.

Each says what it is (`kind`) and what it does (`words`). A step with `INDEXES` builds them and does nothing else; one with
`batch(connection)` does so many rows at a time, says how many, and 0 when there are none left. Both leave `upgrade` empty.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from rules.words import Labelled


class Kind(Labelled):
    """Whether the version before may go on serving while a step is taken, and after it."""

    EXPAND = "expand", "扩展", "expand"
    """Only adds: tables, columns that may be left out, indexes; one that a wider one has replaced may go. The version before
    does not notice."""
    MIGRATE = "migrate", "迁移", "migrate"
    """Only rows, a batch at a time; the version before reads them, and writes more of the old sort, as before."""
    CONTRACT = "contract", "收缩", "contract"
    """Takes away what this version does not use any more; the version before must have ended."""


class NewIndex(NamedTuple):
    """An index to be built while everything is served."""

    name: str
    table: str
    columns: Sequence[str]
    where: str = ""
    """Of which rows; all, where it says nothing."""

    @property
    def made(self) -> str:
        """How it is created, after its name."""
        return f"on {self.table} ({', '.join(self.columns)}){f' where {self.where}' if self.where else ''}"


Batch = Callable[[Connection], int]
