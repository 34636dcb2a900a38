"""One log over all events: their order, the tree's edge, and signed checkpoints; with what keeps them append-only."""

import hashlib
import secrets

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0002"
down_revision: str | None = "0001"
kind = Kind.EXPAND
words = Text("全部留痕归入一本总账", "One log over all entries of the trail")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_tables()
    head = sa.table("audit_head", *(sa.column(name) for name in ("id", "n", "root", "frontier", "origin", "algorithm")))
    op.execute(
        head.insert().values(
            id=1,
            n=0,
            root=hashlib.sha256().hexdigest(),
            frontier="",
            origin=f"zhengji/{secrets.token_hex(8)}",
            algorithm="sha256",
        )
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()
    op.execute("insert into audit_pending (uid) select uid from audit_event")  # those written before there was a log


_LOGGED = "exists (select 1 from audit_log where uid = old.uid)"
_HEAD = (
    "new.id <> old.id or new.n < old.n or (old.n > 0 and (new.origin <> old.origin or new.algorithm <> old.algorithm))"
)
_ONLY_ADDED_TO = {
    "audit_log": ("idx = new.idx or uid = new.uid", "the log is only added to"),
    "audit_node": ("level = new.level and position = new.position", "the tree is only added to"),
    "audit_checkpoint": ("size = new.size", "a checkpoint is never changed"),
}


def _guard_on_sqlite() -> None:
    def refuse(name: str, occasion: str, why: str, when: str = "") -> None:
        condition = f"when {when} " if when else ""
        op.execute(f"create trigger {name} before {occasion} {condition}begin select raise(abort, '{why}'); end")

    op.execute(
        "create trigger audit_event_pending after insert on audit_event"
        " begin insert into audit_pending (uid) values (new.uid); end"
    )
    refuse("audit_pending_no_delete", "delete on audit_pending", "the event is not in the log yet", f"not {_LOGGED}")
    refuse("audit_pending_no_update", "update on audit_pending", "what waits for the log is never changed")
    for table, (there, why) in _ONLY_ADDED_TO.items():
        refuse(f"{table}_no_update", f"update on {table}", why)
        refuse(f"{table}_no_delete", f"delete on {table}", why)
        refuse(f"{table}_no_replace", f"insert on {table}", why, f"exists (select 1 from {table} where {there})")
    refuse("audit_head_in_step", "update on audit_head", "the log only grows", _HEAD)
    refuse("audit_head_no_delete", "delete on audit_head", "the log has one head")
    refuse("audit_head_no_replace", "insert on audit_head", "the log has one head")


def _guard_on_postgresql() -> None:
    def stop(name: str, occasion: str, why: str, when: str = "", each: str = "row") -> None:
        table = occasion.split(" on ")[1]
        condition = f" when ({when})" if when else ""
        op.execute(
            f"create trigger {name} before {occasion} for each {each}{condition} execute function zhengji_refuse('{why}')"
        )
        op.execute(f"alter table {table} enable always trigger {name}")

    op.execute(
        "create function zhengji_pending() returns trigger language plpgsql as $$"
        " begin insert into audit_pending (uid) values (new.uid); return null; end $$"
    )
    op.execute(
        "create trigger audit_event_pending after insert on audit_event for each row execute function zhengji_pending()"
    )
    op.execute("alter table audit_event enable always trigger audit_event_pending")
    op.execute(
        "create function zhengji_logged() returns trigger language plpgsql as $$"
        f" begin if not {_LOGGED} then raise exception 'the event is not in the log yet'"
        " using errcode = 'restrict_violation'; end if; return old; end $$"
    )
    op.execute(
        "create trigger audit_pending_no_delete before delete on audit_pending for each row"
        " execute function zhengji_logged()"
    )
    op.execute("alter table audit_pending enable always trigger audit_pending_no_delete")
    stop("audit_pending_no_update", "update on audit_pending", "what waits for the log is never changed")
    for table, (_, why) in _ONLY_ADDED_TO.items():
        stop(f"{table}_no_update", f"update on {table}", why)
        stop(f"{table}_no_delete", f"delete on {table}", why)
    stop("audit_head_in_step", "update on audit_head", "the log only grows", _HEAD)
    stop("audit_head_no_delete", "delete on audit_head", "the log has one head")
    stop("audit_head_no_insert", "insert on audit_head", "the log has one head")
    for table in ("audit_pending", *_ONLY_ADDED_TO, "audit_head"):
        stop(f"{table}_no_truncate", f"truncate on {table}", "the log is never shortened", each="statement")


def _create_tables() -> None:
    op.create_table(
        "audit_pending",
        sa.Column("uid", ID, nullable=False, autoincrement=False),
        sa.ForeignKeyConstraint(["uid"], ["audit_event.uid"], name="fk_audit_pending_uid"),
        sa.PrimaryKeyConstraint("uid", name="pk_audit_pending"),
    )
    op.create_table(
        "audit_log",
        sa.Column("idx", ID, nullable=False, autoincrement=False),
        sa.Column("prev_idx", ID, nullable=True),
        sa.Column("uid", ID, nullable=False),
        sa.Column("leaf", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "(idx = 0 and prev_idx is null) or (idx > 0 and prev_idx = idx - 1)", name="ck_audit_log_no_gap"
        ),
        sa.ForeignKeyConstraint(["prev_idx"], ["audit_log.idx"], name="fk_audit_log_prev_idx"),
        sa.ForeignKeyConstraint(["uid"], ["audit_event.uid"], name="fk_audit_log_uid"),
        sa.PrimaryKeyConstraint("idx", name="pk_audit_log"),
        sa.UniqueConstraint("uid", name="uq_audit_log_uid"),
    )
    op.create_table(
        "audit_node",
        sa.Column("level", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("position", ID, nullable=False, autoincrement=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name="pk_audit_node"),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("n", ID, nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("frontier", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=120), nullable=False),
        sa.Column("algorithm", sa.String(length=10), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_audit_head_one_row"),
        sa.CheckConstraint("algorithm in ('sha256', 'sm3')", name="ck_audit_head_known_algorithm"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", ID, nullable=False, autoincrement=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_audit_checkpoint"),
    )
