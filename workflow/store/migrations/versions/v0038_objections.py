"""Objections to lists in public, with their files and their guards."""

import sqlalchemy as sa
from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0038"
down_revision: str | None = "0037"
kind = Kind.EXPAND
words = Text("公示异议", "Objections")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
STATES = ("received", "under_inquiry", "upheld", "dismissed", "not_accepted", "withdrawn")
CONSEQUENCES = ("", "take_off", "retract", "stands")


def upgrade() -> None:
    op.create_table(
        "objection",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("notice_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("how", sa.String(length=8), nullable=False),
        sa.Column("by_unit", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("unit", sa.String(length=160), server_default="", nullable=False),
        sa.Column("contact", sa.String(length=200), server_default="", nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("consequence", sa.String(length=10), server_default="", nullable=False),
        sa.Column("entered_by_id", ID, nullable=True),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.CheckConstraint(f"state in {STATES!r}", name=op.f("ck_objection_known_state")),
        sa.CheckConstraint("kind in ('objection', 'complaint')", name=op.f("ck_objection_known_kind")),
        sa.CheckConstraint("how in ('page', 'mail', 'paper')", name=op.f("ck_objection_known_way")),
        sa.CheckConstraint(f"consequence in {CONSEQUENCES!r}", name=op.f("ck_objection_known_consequence")),
        sa.ForeignKeyConstraint(["notice_id"], ["public_notice.id"], name="fk_objection_notice_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_objection_case_id"),
        sa.ForeignKeyConstraint(["entered_by_id"], ["person.id"], name="fk_objection_entered_by_id"),
        sa.ForeignKeyConstraint(
            ["stream", "version", "state", "head"],
            ["audit_event.stream", "audit_event.seq", "audit_event.to_state", "audit_event.hash"],
            name="fk_objection_stream_version_state_head",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_objection"),
        sa.UniqueConstraint("stream", name="uq_objection_stream"),
    )
    op.create_index("ix_objection_case_id", "objection", ["case_id"])
    op.create_table(
        "objection_file",
        sa.Column("id", ID, nullable=False),
        sa.Column("objection_id", ID, nullable=False),
        sa.Column("slot", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.CheckConstraint("slot in ('seal', 'evidence')", name=op.f("ck_objection_file_known_slot")),
        sa.ForeignKeyConstraint(["objection_id"], ["objection.id"], name="fk_objection_file_objection_id"),
        sa.PrimaryKeyConstraint("id", name="pk_objection_file"),
    )
    op.create_index("ix_objection_file_objection_id", "objection_file", ["objection_id"])
    op.create_index("ix_objection_file_digest", "objection_file", ["digest"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


_OUT_OF_STEP = (
    "(new.version <> old.version or new.state <> old.state or new.head <> old.head"
    " or new.stream <> old.stream or new.id <> old.id)"
    " and (new.version <> old.version + 1 or new.stream <> old.stream or new.id <> old.id)"
)
_WHY = {"in_step": "the version goes up by one with its event", "kept": "what once lived stays"}


def _guard_on_sqlite() -> None:
    """As for cases, batches and pushes (0001)."""
    there = "exists (select 1 from objection where id = new.id or stream = new.stream)"
    for name, occasion, why in (
        ("in_step", f"update on objection when {_OUT_OF_STEP}", _WHY["in_step"]),
        ("no_delete", "delete on objection", _WHY["kept"]),
        ("no_replace", f"insert on objection when {there}", "it is there already"),
    ):
        op.execute(f"create trigger objection_{name} before {occasion} begin select raise(abort, '{why}'); end")


def _guard_on_postgresql() -> None:
    op.execute("create sequence objection_id_seq owned by objection.id")
    for name, occasion, why in (
        ("in_step", f"update on objection for each row when ({_OUT_OF_STEP})", _WHY["in_step"]),
        ("no_delete", "delete on objection for each row", _WHY["kept"]),
        ("no_truncate", "truncate on objection for each statement", _WHY["kept"]),
    ):
        op.execute(f"create trigger objection_{name} before {occasion} execute function zhengji_refuse('{why}')")
        op.execute(f"alter table objection enable always trigger objection_{name}")
