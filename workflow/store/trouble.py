"""What kind of trouble an error of the database or the document store is, so that people can be told what to do."""

from __future__ import annotations

from enum import Enum, auto

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from workflow.store.files import NO_ROOM, StoreAway


class Trouble(Enum):
    """`AWAY`: not reached, or cut off. `STORE`: the document store is, or refuses. `FULL`: no room to write. `CLASH`: another
    one wrote at the same time.

    `BUSY`: others worked on the same thing for longer than one waits. `SLOW`: it took longer than a page may take.
    """

    AWAY = auto()
    STORE = auto()
    FULL = auto()
    CLASH = auto()
    BUSY = auto()
    SLOW = auto()


_FULL_STATES = ("53100",)
_CLASH_STATES = ("40001", "40P01")
_BUSY_STATES = ("55P03", "SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY_RECOVERY", "SQLITE_BUSY_TIMEOUT")
_SLOW_STATES = ("57014",)
"""PostgreSQL, appendix A: disk_full; serialization_failure, deadlock_detected; lock_not_available; query_canceled."""


def trouble(error: BaseException) -> Trouble | None:
    """What kind of trouble this is; None for any other error, which is a mistake of ours."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return Trouble.FULL
    if isinstance(error, StoreAway):
        return Trouble.STORE
    if isinstance(error, PoolExhausted):
        return Trouble.BUSY
    return _of_database(error) if isinstance(error, DBAPIError) else None


def _of_database(error: DBAPIError) -> Trouble | None:
    state = str(getattr(error.orig, "sqlstate", "") or getattr(error.orig, "sqlite_errorname", ""))
    if state in _FULL_STATES or state == "SQLITE_FULL":
        return Trouble.FULL
    if isinstance(error, IntegrityError) or state in _CLASH_STATES:
        return Trouble.CLASH
    if state in _BUSY_STATES:
        return Trouble.BUSY
    if state in _SLOW_STATES:
        return Trouble.SLOW
    away = error.connection_invalidated or state.startswith(("08", "57P", "53", "SQLITE_IOERR"))
    lost = type(error).__name__ in ("OperationalError", "InterfaceError") and not state
    return Trouble.AWAY if away or lost else None
