"""Where a database stands among the steps of its migration: what is pending, and who may serve meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select

from rules.words import Text
from workflow.store.migrations import Batch, Kind, NewIndex
from workflow.store.models import SchemaStep

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Step:
    """One migration."""

    revision: str
    kind: Kind
    words: Text
    indexes: Sequence[NewIndex]
    batch: Batch | None


@dataclass(frozen=True)
class Standing:
    """`revision`: of the database, None for an empty one. `newer`: kinds of the steps that a newer version has taken."""

    revision: str | None
    pending: Sequence[Step]
    newer: Sequence[Kind] = ()

    @property
    def needed(self) -> Sequence[Step]:
        """What must be done before this version serves: all up to the last step that is no contraction."""
        last = max((place for place, one in enumerate(self.pending, 1) if one.kind is not Kind.CONTRACT), default=0)
        return self.pending[:last]

    @property
    def serves(self) -> bool:
        """Whether this version may serve from this database."""
        return not self.needed and Kind.CONTRACT not in self.newer


@cache
def _steps(folder: Path) -> tuple[Step, ...]:
    scripts = [*ScriptDirectory(str(folder)).walk_revisions()]
    return tuple(
        Step(
            one.revision,
            one.module.kind,
            one.module.words,
            getattr(one.module, "INDEXES", ()),
            getattr(one.module, "batch", None),
        )
        for one in reversed(scripts)
    )


def steps() -> Sequence[Step]:
    """All that this version knows, the first one first."""
    return _steps(MIGRATIONS)


def standing(connection: Connection) -> Standing:
    """Where a database stands; the connection must be allowed to look."""
    revision = MigrationContext.configure(connection).get_current_revision()
    known = [one.revision for one in steps()]
    if revision is None:
        return Standing(None, steps())
    if revision in known:
        return Standing(revision, steps()[known.index(revision) + 1 :])
    return Standing(revision, (), _newer(connection, revision, known))


def _newer(connection: Connection, revision: str, known: Sequence[str]) -> Sequence[Kind]:
    """What was done by a version that this one does not know; where that is not on record, the worst is assumed."""
    taken = {}
    if inspect(connection).has_table(SchemaStep.__tablename__):
        rows = connection.execute(select(SchemaStep.revision, SchemaStep.kind).where(SchemaStep.revision.not_in(known)))
        taken = {row.revision: Kind.of(row.kind) for row in rows}
    return list(taken.values()) if revision in taken else [Kind.CONTRACT]
