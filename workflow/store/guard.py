"""What the program's own connections may not do, whatever statement reaches them.

On SQLite an authorizer is asked about every statement; on PostgreSQL the runtime's role has no right to more than this.
The triggers stand behind both. Whoever owns the file or the server can do anything: that is detected, not prevented.
"""

from __future__ import annotations

import sqlite3

NEVER_CHANGED = ("audit_event", "audit_log", "audit_node", "audit_checkpoint", "case_revision")
"""Rows are added, and neither changed nor deleted."""
NEVER_UPDATED = (*NEVER_CHANGED, "audit_private", "audit_pending", "case_contact")
NEVER_DELETED = (*NEVER_CHANGED, "audit_head", "cases", "batch", "push", "judgement", "objection", "call_standing")

_TABLES_CHANGED = frozenset(
    {
        sqlite3.SQLITE_ALTER_TABLE,
        sqlite3.SQLITE_ATTACH,
        sqlite3.SQLITE_DETACH,
        sqlite3.SQLITE_CREATE_INDEX,
        sqlite3.SQLITE_CREATE_TABLE,
        sqlite3.SQLITE_CREATE_TEMP_INDEX,
        sqlite3.SQLITE_CREATE_TEMP_TABLE,
        sqlite3.SQLITE_CREATE_TEMP_TRIGGER,
        sqlite3.SQLITE_CREATE_TEMP_VIEW,
        sqlite3.SQLITE_CREATE_TRIGGER,
        sqlite3.SQLITE_CREATE_VIEW,
        sqlite3.SQLITE_CREATE_VTABLE,
        sqlite3.SQLITE_DROP_INDEX,
        sqlite3.SQLITE_DROP_TABLE,
        sqlite3.SQLITE_DROP_TEMP_INDEX,
        sqlite3.SQLITE_DROP_TEMP_TABLE,
        sqlite3.SQLITE_DROP_TEMP_TRIGGER,
        sqlite3.SQLITE_DROP_TEMP_VIEW,
        sqlite3.SQLITE_DROP_TRIGGER,
        sqlite3.SQLITE_DROP_VIEW,
        sqlite3.SQLITE_DROP_VTABLE,
    }
)
_WRITES = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}
_ASKED = frozenset(
    {"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list"}
    | {"foreign_key_check", "integrity_check", "quick_check", "database_list", "wal_checkpoint"}
)
"""PRAGMAs that only tell something; any other may be asked for its value, and not set."""


def authorize(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    """SQLite's authorizer: SQLITE_OK or SQLITE_DENY for one thing that a statement would do."""
    if action in _TABLES_CHANGED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA:
        asked = (first or "").lower() in _ASKED or second is None
        return sqlite3.SQLITE_OK if asked else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_UPDATE and first in NEVER_UPDATED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_DELETE and first in NEVER_DELETED:
        return sqlite3.SQLITE_DENY
    if action in _WRITES and (first or "").startswith("sqlite_"):
        # SQLite asks for this where it opens a virtual table, and changes nothing. Without writable_schema, which no
        # statement turns on here, it lets nobody change that table.
        opens = action == sqlite3.SQLITE_UPDATE and first == "sqlite_master"
        return sqlite3.SQLITE_OK if opens else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def rights(role: str, schema: str = "public") -> list[str]:
    """What the owner of a PostgreSQL database runs so that `role` (already quoted) can serve, and no more."""
    tables = f"all tables in schema {schema}"
    return [
        f"grant usage on schema {schema} to {role}",
        f"revoke all on {tables} from {role}",
        f"grant select, insert, update, delete on {tables} to {role}",
        f"grant usage, select on all sequences in schema {schema} to {role}",
        f"revoke create on schema {schema} from public",
        f"revoke insert, update, delete on alembic_version, schema_step from {role}",
        f"revoke update, delete on {', '.join(NEVER_CHANGED)} from {role}",
        f"revoke update on {', '.join(one for one in NEVER_UPDATED if one not in NEVER_CHANGED)} from {role}",
        f"revoke delete on {', '.join(one for one in NEVER_DELETED if one not in NEVER_CHANGED)} from {role}",
        f"revoke insert on audit_head from {role}",
        f"grant usage on schema dbos to {role}",
        f"grant select, insert, update, delete on all tables in schema dbos to {role}",
        f"grant usage, select on all sequences in schema dbos to {role}",
        f"grant execute on all functions in schema dbos to {role}",
    ]
