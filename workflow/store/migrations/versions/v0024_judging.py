"""Judging: judges, plans, judgements with their guards, masks, and what is discussed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0024"
down_revision: str | None = "0023"
kind = Kind.EXPAND
words = Text("专家评审", "Judging")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_judges()
    _create_judgements()
    _create_discussions()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _create_judges() -> None:
    op.create_table(
        "judge_profile",
        sa.Column("person_id", ID, autoincrement=False, nullable=False),
        sa.Column("institution", sa.String(length=160), server_default="", nullable=False),
        sa.Column("region", sa.String(length=40), server_default="", nullable=False),
        sa.Column("themes", JSON, nullable=False),
        sa.Column("languages", JSON, nullable=False),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_judge_profile_person_id"),
        sa.PrimaryKeyConstraint("person_id", name="pk_judge_profile"),
    )
    op.create_table(
        "judging_plan",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("wanted", JSON, nullable=False),
        sa.Column("pairs", JSON, nullable=False),
        sa.Column("figures", JSON, nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "state in ('making', 'ready', 'failed', 'sent', 'dropped')", name="ck_judging_plan_known_state"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_judging_plan_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_judging_plan"),
    )
    op.create_index("ix_judging_plan_call_number_id", "judging_plan", ["call_number", "id"])
    op.create_table(
        "case_mask",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_case_mask_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_mask_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_mask"),
    )
    op.create_index("ix_case_mask_case_id_id", "case_mask", ["case_id", "id"])


STATES = ("invited", "accepted", "scored", "locked", "conflicted", "declined", "released")


def _create_judgements() -> None:
    op.create_table(
        "judgement",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("judge_id", ID, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("scores", JSON, nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.Column("invited_at", INSTANT, nullable=False),
        sa.Column("invited_by_id", ID, nullable=False),
        sa.Column("moved_at", INSTANT, nullable=False),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.CheckConstraint(f"state in {STATES!r}", name="ck_judgement_known_state"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_judgement_case_id"),
        sa.ForeignKeyConstraint(["judge_id"], ["person.id"], name="fk_judgement_judge_id"),
        sa.ForeignKeyConstraint(["invited_by_id"], ["person.id"], name="fk_judgement_invited_by_id"),
        sa.ForeignKeyConstraint(
            ["stream", "version", "state", "head"],
            ["audit_event.stream", "audit_event.seq", "audit_event.to_state", "audit_event.hash"],
            name="fk_judgement_stream",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_judgement"),
        sa.UniqueConstraint("case_id", "judge_id", name="uq_judgement_case_id_judge_id"),
        sa.UniqueConstraint("stream", name="uq_judgement_stream"),
    )
    op.create_index("ix_judgement_judge_id_id", "judgement", ["judge_id", "id"])
    op.create_index("ix_judgement_call_number_id", "judgement", ["call_number", "id"])


def _create_discussions() -> None:
    op.create_table(
        "judging_discussion",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("opened_by_id", ID, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["opened_by_id"], ["person.id"], name="fk_judging_discussion_opened_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_judging_discussion"),
    )
    op.create_index("ix_judging_discussion_call_number", "judging_discussion", ["call_number"])
    op.create_table(
        "judging_note",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("seen_by", sa.String(length=10), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("seen_by in ('judges', 'office')", name="ck_judging_note_known_readers"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_judging_note_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_judging_note_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_judging_note"),
    )
    op.create_index("ix_judging_note_case_id_id", "judging_note", ["case_id", "id"])
    op.create_table(
        "judging_note_reader",
        sa.Column("note_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["judging_note.id"], name="fk_judging_note_reader_note_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_judging_note_reader_person_id"),
        sa.PrimaryKeyConstraint("note_id", "person_id", name="pk_judging_note_reader"),
    )


_OUT_OF_STEP = (
    "(new.version <> old.version or new.state <> old.state or new.head <> old.head"
    " or new.stream <> old.stream or new.id <> old.id)"
    " and (new.version <> old.version + 1 or new.stream <> old.stream or new.id <> old.id)"
)
_WHY = {"in_step": "the version goes up by one with its event", "kept": "what once lived stays"}


def _guard_on_sqlite() -> None:
    """As for cases, batches and pushes (0001)."""
    there = "exists (select 1 from judgement where id = new.id or stream = new.stream)"
    for name, occasion, why in (
        ("in_step", f"update on judgement when {_OUT_OF_STEP}", _WHY["in_step"]),
        ("no_delete", "delete on judgement", _WHY["kept"]),
        ("no_replace", f"insert on judgement when {there}", "it is there already"),
    ):
        op.execute(f"create trigger judgement_{name} before {occasion} begin select raise(abort, '{why}'); end")


def _guard_on_postgresql() -> None:
    op.execute("create sequence judgement_id_seq owned by judgement.id")
    for name, occasion, why in (
        ("in_step", f"update on judgement for each row when ({_OUT_OF_STEP})", _WHY["in_step"]),
        ("no_delete", "delete on judgement for each row", _WHY["kept"]),
        ("no_truncate", "truncate on judgement for each statement", _WHY["kept"]),
    ):
        op.execute(f"create trigger judgement_{name} before {occasion} execute function zhengji_refuse('{why}')")
        op.execute(f"alter table judgement enable always trigger judgement_{name}")
