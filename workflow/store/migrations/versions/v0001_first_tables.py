"""The first tables, with the triggers that keep the trail whole and every living row in step with it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0001"
down_revision: str | None = None
kind = Kind.EXPAND
words = Text("建立最初的数据表，以及保护留痕的触发器", "The first tables, with the triggers that keep the trail")

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)

LIVING = ("cases", "batch", "push")


def upgrade() -> None:
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _guard_on_sqlite() -> None:
    """Refuse what would change history. REPLACE deletes without firing a DELETE trigger, so INSERT is guarded too."""
    known = (
        "exists (select 1 from audit_event where uid = new.uid or hash = new.hash"
        " or (stream = new.stream and seq = new.seq) or (op is not null and op = new.op))"
    )
    _refuse("audit_event_no_update", "update on audit_event", "the trail is never changed")
    _refuse("audit_event_no_delete", "delete on audit_event", "the trail is never shortened")
    _refuse("audit_event_no_replace", "insert on audit_event", "the trail holds this already", known)
    private = "exists (select 1 from audit_private where uid = new.uid)"
    _refuse("audit_private_no_update", "update on audit_private", "private details are erased, never changed")
    _refuse("audit_private_no_replace", "insert on audit_private", "private details stand already", private)
    _refuse("case_revision_no_update", "update on case_revision", "a kept revision is never changed")
    _refuse("case_revision_no_delete", "delete on case_revision", "a kept revision is never dropped")
    for table in LIVING:
        there = f"exists (select 1 from {table} where id = new.id or stream = new.stream or number = new.number)"
        there = there if table != "push" else there.replace("number", "key")
        _refuse(f"{table}_in_step", f"update on {table}", "the version goes up by one with its event", _OUT_OF_STEP)
        _refuse(f"{table}_no_delete", f"delete on {table}", "what once lived stays")
        _refuse(f"{table}_no_replace", f"insert on {table}", "it is there already", there)


_OUT_OF_STEP = (
    "(new.version <> old.version or new.state <> old.state or new.head <> old.head"
    " or new.stream <> old.stream or new.id <> old.id)"
    " and (new.version <> old.version + 1 or new.stream <> old.stream or new.id <> old.id)"
)


def _refuse(name: str, occasion: str, why: str, when: str = "") -> None:
    condition = f"when {when} " if when else ""
    op.execute(f"create trigger {name} before {occasion} {condition}begin select raise(abort, '{why}'); end")


def _guard_on_postgresql() -> None:
    """The same refusals, and TRUNCATE; ENABLE ALWAYS, so that replication roles do not slip past."""
    op.execute(
        "create function zhengji_refuse() returns trigger language plpgsql as $$"
        " begin raise exception '%', tg_argv[0] using errcode = 'restrict_violation'; end $$"
    )
    for table in LIVING:
        op.execute(f"create sequence {table}_id_seq owned by {table}.id")
    _stop("audit_event_no_update", "update on audit_event for each row", "the trail is never changed")
    _stop("audit_event_no_delete", "delete on audit_event for each row", "the trail is never shortened")
    _stop("audit_event_no_truncate", "truncate on audit_event for each statement", "the trail is never shortened")
    _stop(
        "audit_private_no_update", "update on audit_private for each row", "private details are erased, never changed"
    )
    _stop("case_revision_no_update", "update on case_revision for each row", "a kept revision is never changed")
    _stop("case_revision_no_delete", "delete on case_revision for each row", "a kept revision is never dropped")
    _stop(
        "case_revision_no_truncate", "truncate on case_revision for each statement", "a kept revision is never dropped"
    )
    for table in LIVING:
        step = f"update on {table} for each row when ({_OUT_OF_STEP})"
        _stop(f"{table}_in_step", step, "the version goes up by one with its event")
        _stop(f"{table}_no_delete", f"delete on {table} for each row", "what once lived stays")
        _stop(f"{table}_no_truncate", f"truncate on {table} for each statement", "what once lived stays")


def _stop(name: str, occasion: str, why: str) -> None:
    table = occasion.split(" on ")[1].split()[0]
    op.execute(f"create trigger {name} before {occasion} execute function zhengji_refuse('{why}')")
    op.execute(f"alter table {table} enable always trigger {name}")


def _create_tables() -> None:
    op.create_table(
        "audit_event",
        sa.Column("uid", ID, nullable=False),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("seq", ID, nullable=False),
        sa.Column("prev_seq", ID, nullable=True),
        sa.Column("prev_hash", sa.String(length=64), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("to_state", sa.String(length=30), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("priv", sa.String(length=64), nullable=True),
        sa.Column("op", sa.String(length=120), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("office_id", ID, nullable=True),
        sa.CheckConstraint(
            "(seq = 1 and prev_seq is null and prev_hash is null) or (seq > 1 and prev_seq = seq - 1 and prev_hash is not null)",
            name="ck_audit_event_no_gap",
        ),
        sa.ForeignKeyConstraint(
            ["stream", "prev_seq", "prev_hash"],
            ["audit_event.stream", "audit_event.seq", "audit_event.hash"],
            name="fk_audit_event_stream_prev_seq_prev_hash",
        ),
        sa.PrimaryKeyConstraint("uid", name="pk_audit_event"),
        sa.UniqueConstraint("hash", name="uq_audit_event_hash"),
        sa.UniqueConstraint("op", name="uq_audit_event_op"),
        sa.UniqueConstraint("stream", "seq", "hash", name="uq_audit_event_stream_seq_hash"),
        sa.UniqueConstraint("stream", "seq", "to_state", "hash", name="uq_audit_event_stream_seq_to_state_hash"),
        sa.UniqueConstraint("stream", "seq", name="uq_audit_event_stream_seq"),
    )
    op.create_index("ix_audit_event_action_uid", "audit_event", ["action", "uid"], unique=False)
    op.create_index("ix_audit_event_case_id_uid", "audit_event", ["case_id", "uid"], unique=False)
    op.create_index("ix_audit_event_office_id_uid", "audit_event", ["office_id", "uid"], unique=False)
    op.create_index("ix_audit_event_person_id_uid", "audit_event", ["person_id", "uid"], unique=False)
    op.create_table(
        "call_version",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("loaded_at", INSTANT, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_call_version"),
        sa.UniqueConstraint("number", "version", name="uq_call_version_number_version"),
    )
    op.create_table(
        "office",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("addressee", sa.String(length=120), nullable=False),
        sa.Column("ip_office", sa.String(length=160), nullable=False),
        sa.Column("seal_name", sa.String(length=160), server_default="", nullable=False),
        sa.Column("name_verified", sa.String(length=10), server_default="no", nullable=False),
        sa.Column("email", sa.String(length=200), server_default="", nullable=False),
        sa.Column("example", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_office"),
        sa.UniqueConstraint("addressee", name="uq_office_addressee"),
        sa.UniqueConstraint("code", name="uq_office_code"),
    )
    op.create_table(
        "person",
        sa.Column("id", ID, nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=200), server_default="", nullable=False),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("session_epoch", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("login", name="uq_person_login"),
    )
    op.create_table(
        "sent_mail",
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("recipient", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reply", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_sent_mail"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
    op.create_table(
        "audit_private",
        sa.Column("uid", ID, nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["uid"], ["audit_event.uid"], name="fk_audit_private_uid"),
        sa.PrimaryKeyConstraint("uid", name="pk_audit_private"),
    )
    op.create_table(
        "batch",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("call_version_id", ID, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("phase", sa.String(length=40), nullable=False),
        sa.Column("office_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("final", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.CheckConstraint("state in ('collecting', 'sealed', 'sent', 'received')", name="ck_batch_known_state"),
        sa.ForeignKeyConstraint(["call_version_id"], ["call_version.id"], name="fk_batch_call_version_id"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_batch_office_id"),
        sa.ForeignKeyConstraint(
            ["stream", "version", "state", "head"],
            ["audit_event.stream", "audit_event.seq", "audit_event.to_state", "audit_event.hash"],
            name="fk_batch_stream_version_state_head",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
        sa.UniqueConstraint(
            "call_number", "phase", "office_id", "position", name="uq_batch_call_number_phase_office_id_position"
        ),
        sa.UniqueConstraint("number", name="uq_batch_number"),
        sa.UniqueConstraint("stream", name="uq_batch_stream"),
    )
    op.create_table(
        "centre",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("host_unit", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("office_id", ID, nullable=False),
        sa.Column("preparing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("eligible", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("name_verified", sa.String(length=10), server_default="no", nullable=False),
        sa.CheckConstraint("kind in ('tisc', 'university', 'both', 'other')", name="ck_centre_known_kind"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_centre_office_id"),
        sa.PrimaryKeyConstraint("id", name="pk_centre"),
        sa.UniqueConstraint("name", name="uq_centre_name"),
    )
    op.create_index("ix_centre_office_id", "centre", ["office_id"], unique=False)
    op.create_table(
        "extension",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("phase", sa.String(length=40), nullable=False),
        sa.Column("office_id", ID, nullable=True),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_extension_by_id"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_extension_office_id"),
        sa.PrimaryKeyConstraint("id", name="pk_extension"),
    )
    op.create_index("ix_extension_call_number", "extension", ["call_number"], unique=False)
    op.create_table(
        "centre_day",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("phase", sa.String(length=40), nullable=False),
        sa.Column("office_id", ID, nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_centre_day_by_id"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_centre_day_office_id"),
        sa.PrimaryKeyConstraint("id", name="pk_centre_day"),
    )
    op.create_index(
        "ix_centre_day_call_number_phase_office_id", "centre_day", ["call_number", "phase", "office_id"], unique=False
    )
    op.create_table(
        "prior_report",
        sa.Column("id", ID, nullable=False),
        sa.Column("source", sa.String(length=160), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("centre_name", sa.String(length=160), server_default="", nullable=False),
        sa.Column("recipient", sa.String(length=300), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("office_id", ID, nullable=True),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_prior_report_by_id"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_prior_report_office_id"),
        sa.PrimaryKeyConstraint("id", name="pk_prior_report"),
    )
    op.create_index("ix_prior_report_office_id", "prior_report", ["office_id"], unique=False)
    op.create_table(
        "waiver",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("phase", sa.String(length=40), nullable=False),
        sa.Column("office_id", ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_waiver_by_id"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_waiver_office_id"),
        sa.PrimaryKeyConstraint("id", name="pk_waiver"),
        sa.UniqueConstraint("call_number", "phase", "office_id", name="uq_waiver_call_number_phase_office_id"),
    )
    op.create_table(
        "cases",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("call_version_id", ID, nullable=False),
        sa.Column("call_number", sa.String(length=40), nullable=False),
        sa.Column("centre_id", ID, nullable=False),
        sa.Column("office_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("phase", sa.String(length=40), server_default="", nullable=False),
        sa.Column("theme", sa.String(length=40), server_default="", nullable=False),
        sa.Column("theme_name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("title", sa.String(length=300), server_default="", nullable=False),
        sa.Column("sections", JSON, nullable=False),
        sa.Column("recipient", sa.String(length=300), server_default="", nullable=False),
        sa.Column("service_from", sa.Date(), nullable=True),
        sa.Column("service_to", sa.Date(), nullable=True),
        sa.Column("form", JSON, nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("length", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("least_length", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("consent", sa.Text(), server_default="", nullable=False),
        sa.Column("effect", sa.Text(), server_default="", nullable=False),
        sa.Column("own_day", sa.Date(), nullable=True),
        sa.Column("author_id", ID, nullable=False),
        sa.Column("reviewer_id", ID, nullable=True),
        sa.Column("selector_id", ID, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("moved_at", INSTANT, nullable=False),
        sa.Column("first_stamped_at", INSTANT, nullable=True),
        sa.Column("first_submitted_at", INSTANT, nullable=True),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "state in ('draft', 'centre_stamped', 'province_reviewed', 'submitted', 'shortlisted', 'published', 'wipo_pushed', 'returned', 'withdrawn', 'not_recommended', 'not_selected', 'retracted')",
            name="ck_cases_known_state",
        ),
        sa.CheckConstraint("revision >= 1", name="ck_cases_revised"),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name="fk_cases_author_id"),
        sa.ForeignKeyConstraint(["call_version_id"], ["call_version.id"], name="fk_cases_call_version_id"),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name="fk_cases_centre_id"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_cases_office_id"),
        sa.ForeignKeyConstraint(["reviewer_id"], ["person.id"], name="fk_cases_reviewer_id"),
        sa.ForeignKeyConstraint(["selector_id"], ["person.id"], name="fk_cases_selector_id"),
        sa.ForeignKeyConstraint(
            ["stream", "version", "state", "head"],
            ["audit_event.stream", "audit_event.seq", "audit_event.to_state", "audit_event.hash"],
            name="fk_cases_stream_version_state_head",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("number", name="uq_cases_number"),
        sa.UniqueConstraint("stream", name="uq_cases_stream"),
    )
    op.create_index(
        "ix_cases_call_number_phase_office_id_state",
        "cases",
        ["call_number", "phase", "office_id", "state"],
        unique=False,
    )
    op.create_index("ix_cases_centre_id_id", "cases", ["centre_id", "id"], unique=False)
    op.create_index("ix_cases_office_id_state_id", "cases", ["office_id", "state", "id"], unique=False)
    op.create_index("ix_cases_state_id", "cases", ["state", "id"], unique=False)
    op.create_table(
        "person_grant",
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("centre_id", ID, nullable=True),
        sa.Column("office_id", ID, nullable=True),
        sa.CheckConstraint(
            "(role in ('author', 'sealer')) = (centre_id is not null)", name="ck_person_grant_at_a_centre"
        ),
        sa.CheckConstraint(
            "(role in ('reviewer', 'leader')) = (office_id is not null)", name="ck_person_grant_at_an_office"
        ),
        sa.CheckConstraint(
            "role in ('author', 'sealer', 'reviewer', 'leader', 'desk', 'director', 'judge', 'editor', 'translator', 'checker', 'liaison', 'auditor', 'administrator', 'system')",
            name="ck_person_grant_known_role",
        ),
        sa.CheckConstraint("centre_id is null or office_id is null", name="ck_person_grant_one_unit"),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name="fk_person_grant_centre_id"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_person_grant_office_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_person_grant_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_person_grant"),
        sa.UniqueConstraint(
            "person_id", "role", "centre_id", "office_id", name="uq_person_grant_person_id_role_centre_id_office_id"
        ),
    )
    op.create_index("ix_person_grant_centre_id", "person_grant", ["centre_id"], unique=False)
    op.create_index("ix_person_grant_office_id", "person_grant", ["office_id"], unique=False)
    op.create_table(
        "adjudication",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=True),
        sa.Column("prior_id", ID, nullable=True),
        sa.Column("ruling", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("ruling in ('duplicate', 'continuation', 'different')", name="ck_adjudication_known_ruling"),
        sa.CheckConstraint("(other_id is null) <> (prior_id is null)", name="ck_adjudication_one_other"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_adjudication_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_adjudication_case_id"),
        sa.ForeignKeyConstraint(["other_id"], ["cases.id"], name="fk_adjudication_other_id"),
        sa.ForeignKeyConstraint(["prior_id"], ["prior_report.id"], name="fk_adjudication_prior_id"),
        sa.PrimaryKeyConstraint("id", name="pk_adjudication"),
    )
    op.create_index("ix_adjudication_case_id_id", "adjudication", ["case_id", "id"], unique=False)
    op.create_table(
        "batch_line",
        sa.Column("id", ID, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("dropped_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_batch_line_batch_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_batch_line_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_batch_line"),
    )
    op.create_index("ix_batch_line_batch_id", "batch_line", ["batch_id"], unique=False)
    op.create_index(
        "uq_batch_line_in_one_batch",
        "batch_line",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("dropped_at is null"),
        postgresql_where=sa.text("dropped_at is null"),
    )
    op.create_table(
        "case_english",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("of", sa.String(length=64), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_case_english_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_english_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_english"),
    )
    op.create_index("ix_case_english_case_id_id", "case_english", ["case_id", "id"], unique=False)
    op.create_table(
        "case_revision",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("snapshot", JSON, nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_case_revision_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_revision_case_id"),
        sa.PrimaryKeyConstraint("case_id", "revision", name="pk_case_revision"),
    )
    op.create_table(
        "document",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("batch_id", ID, nullable=True),
        sa.Column("slot", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("caption", sa.String(length=300), server_default="", nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("superseded_at", INSTANT, nullable=True),
        sa.CheckConstraint("slot in ('case', 'form', 'scan', 'summary', 'picture')", name="ck_document_known_slot"),
        sa.CheckConstraint("(case_id is null) <> (batch_id is null)", name="ck_document_one_owner"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_document_batch_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_document_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_document_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
    )
    op.create_index("ix_document_batch_id_slot", "document", ["batch_id", "slot"], unique=False)
    op.create_index("ix_document_case_id_slot", "document", ["case_id", "slot"], unique=False)
    op.create_index("ix_document_digest", "document", ["digest"], unique=False)
    op.create_table(
        "fingerprint",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("prior_id", ID, nullable=True),
        sa.Column("parameters", sa.String(length=60), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(case_id is null) <> (prior_id is null)", name="ck_fingerprint_one_text"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_fingerprint_case_id"),
        sa.ForeignKeyConstraint(["prior_id"], ["prior_report.id"], name="fk_fingerprint_prior_id"),
        sa.PrimaryKeyConstraint("id", name="pk_fingerprint"),
        sa.UniqueConstraint("case_id", name="uq_fingerprint_case_id"),
        sa.UniqueConstraint("prior_id", name="uq_fingerprint_prior_id"),
    )
    op.create_table(
        "push",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("destination", sa.String(length=300), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("package", sa.String(length=64), server_default="", nullable=False),
        sa.Column("acknowledgement", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("recall_asked", sa.Text(), server_default="", nullable=False),
        sa.Column("started_by_id", ID, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "state in ('queued', 'sent', 'acknowledged', 'failed', 'recalled')", name="ck_push_known_state"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_push_case_id"),
        sa.ForeignKeyConstraint(["started_by_id"], ["person.id"], name="fk_push_started_by_id"),
        sa.ForeignKeyConstraint(
            ["stream", "version", "state", "head"],
            ["audit_event.stream", "audit_event.seq", "audit_event.to_state", "audit_event.hash"],
            name="fk_push_stream_version_state_head",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_push"),
        sa.UniqueConstraint("key", name="uq_push_key"),
        sa.UniqueConstraint("stream", name="uq_push_stream"),
    )
    op.create_index("ix_push_case_id", "push", ["case_id"], unique=False)
    op.create_table(
        "ruling_request",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=True),
        sa.Column("prior_id", ID, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_ruling_request_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_ruling_request_case_id"),
        sa.ForeignKeyConstraint(["other_id"], ["cases.id"], name="fk_ruling_request_other_id"),
        sa.ForeignKeyConstraint(["prior_id"], ["prior_report.id"], name="fk_ruling_request_prior_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ruling_request"),
    )
    op.create_index("ix_ruling_request_case_id", "ruling_request", ["case_id"], unique=False)
    op.create_table(
        "sign_off",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("void_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_sign_off_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_sign_off_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_off"),
    )
    op.create_index("ix_sign_off_case_id", "sign_off", ["case_id"], unique=False)
    op.create_table(
        "fingerprint_band",
        sa.Column("band", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["fingerprint_id"], ["fingerprint.id"], name="fk_fingerprint_band_fingerprint_id"),
        sa.PrimaryKeyConstraint("band", "fingerprint_id", name="pk_fingerprint_band"),
    )
    op.create_index("ix_fingerprint_band_fingerprint_id", "fingerprint_band", ["fingerprint_id"], unique=False)
    op.create_table(
        "seal",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("batch_id", ID, nullable=True),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("unit", sa.String(length=160), server_default="", nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("(case_id is null) <> (batch_id is null)", name="ck_seal_one_owner"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_seal_batch_id"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_seal_by_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_seal_case_id"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_seal_document_id"),
        sa.PrimaryKeyConstraint("id", name="pk_seal"),
    )
    op.create_index("ix_seal_batch_id_id", "seal", ["batch_id", "id"], unique=False)
    op.create_index("ix_seal_case_id_id", "seal", ["case_id", "id"], unique=False)
    # ### end Alembic commands ###
