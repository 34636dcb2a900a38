"""The tables, with constraints that make impossible rows impossible."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, foreign, mapped_column, relationship

from rules.facts import Ruling
from rules.roles import Role
from states.batch import BatchState
from states.call import CallState
from states.case import CaseState
from states.judgement import JudgementState
from states.objection import ObjectionState
from states.push import PushState
from workflow.jobs.kinds import JobState


class Instant(TypeDecorator[datetime]):
    """A moment, kept in UTC and always given back with its zone. A naive one is our mistake."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB, "postgresql")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Instant,
        dict[str, Any]: Json,
        dict[str, str]: Json,
        list[Any]: Json,
    }


def _one_of(column: str, values: type[Any]) -> str:
    return f"{column} in ({', '.join(repr(str(value)) for value in values)})"


# ---- the trail -------------------------------------------------------------------------------------------------------


class AuditEvent(Base):
    """留痕: one entry of the trail, chained within its stream. Never changed (triggers see to it)."""

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("stream", "seq"),
        UniqueConstraint("stream", "seq", "hash"),
        UniqueConstraint("stream", "seq", "to_state", "hash"),
        ForeignKeyConstraint(
            ["stream", "prev_seq", "prev_hash"], ["audit_event.stream", "audit_event.seq", "audit_event.hash"]
        ),
        CheckConstraint(
            "(seq = 1 and prev_seq is null and prev_hash is null)"
            " or (seq > 1 and prev_seq = seq - 1 and prev_hash is not null)",
            name="no_gap",
        ),
        Index("ix_audit_event_case_id_uid", "case_id", "uid"),
        Index("ix_audit_event_office_id_uid", "office_id", "uid"),
        Index("ix_audit_event_person_id_uid", "person_id", "uid"),
        Index("ix_audit_event_action_uid", "action", "uid"),
        Index("ix_audit_event_at_uid", "at", "uid"),
    )
    uid: Mapped[int] = mapped_column(Id, primary_key=True)
    stream: Mapped[str] = mapped_column(String(80))
    seq: Mapped[int] = mapped_column(Id)
    prev_seq: Mapped[int | None] = mapped_column(Id)
    prev_hash: Mapped[str | None] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    to_state: Mapped[str] = mapped_column(String(30), server_default="")
    body: Mapped[str] = mapped_column(Text)
    priv: Mapped[str | None] = mapped_column(String(64))
    op: Mapped[str | None] = mapped_column(String(120), unique=True)
    # For searching; the body says the same and is what the hash covers.
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(60))
    outcome: Mapped[str] = mapped_column(String(10))
    person_id: Mapped[int | None] = mapped_column(Id)
    absent_id: Mapped[int | None] = mapped_column(Id)
    """Whom the person stood in for."""
    case_id: Mapped[int | None] = mapped_column(Id)
    office_id: Mapped[int | None] = mapped_column(Id)


class AuditPrivate(Base):
    """The personal part of an event: the trail keeps only H(salt ‖ payload), so this may be erased."""

    __tablename__ = "audit_private"
    uid: Mapped[int] = mapped_column(Id, ForeignKey("audit_event.uid"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary(32))
    payload: Mapped[str] = mapped_column(Text)


class AuditPending(Base):
    """Events that have no place in the log yet; a trigger on `audit_event` fills it."""

    __tablename__ = "audit_pending"
    uid: Mapped[int] = mapped_column(Id, ForeignKey("audit_event.uid"), primary_key=True, autoincrement=False)


class AuditLog(Base):
    """The one order of all events: contiguous from 0; `leaf` is the event's hash."""

    __tablename__ = "audit_log"
    __table_args__ = (
        ForeignKeyConstraint(["prev_idx"], ["audit_log.idx"]),
        CheckConstraint("(idx = 0 and prev_idx is null) or (idx > 0 and prev_idx = idx - 1)", name="no_gap"),
    )
    idx: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    prev_idx: Mapped[int | None] = mapped_column(Id)
    uid: Mapped[int] = mapped_column(Id, ForeignKey("audit_event.uid"), unique=True)
    leaf: Mapped[str] = mapped_column(String(64))


class AuditNode(Base):
    """Inner nodes of the tree over the log, every eighth level: a proof reads hundreds of rows, not a million."""

    __tablename__ = "audit_node"
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """One row: how many events the log holds, the root over them, and the tree's right edge. The only serial point.

    `origin`, `algorithm` ("sha256" or "sm3") are chosen while the log is empty, and never again.
    """

    __tablename__ = "audit_head"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("algorithm in ('sha256', 'sm3')", name="known_algorithm"),
    )
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(Id)
    root: Mapped[str] = mapped_column(String(64))
    frontier: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(String(120))
    algorithm: Mapped[str] = mapped_column(String(10))


class AuditCheckpoint(Base):
    """A signed note: so many events, this root. Never changed."""

    __tablename__ = "audit_checkpoint"
    size: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    root: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class Living:
    """What a thing with a lifecycle carries: its stream, and the event that put it where it is."""

    stream: Mapped[str] = mapped_column(String(80), unique=True)
    version: Mapped[int] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(30))
    head: Mapped[str] = mapped_column(String(64))


def _lived(states: type[Any]) -> tuple[Any, ...]:
    """No state without its event, checked when the transaction commits."""
    return (
        ForeignKeyConstraint(
            ["stream", "version", "state", "head"],
            ["audit_event.stream", "audit_event.seq", "audit_event.to_state", "audit_event.hash"],
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint(_one_of("state", states), name="known_state"),
    )


# ---- who -------------------------------------------------------------------------------------------------------------


class ByHand:
    """What somebody did who may have stood in for another. The subclass has `by`, or says itself who it was."""

    absent_id: Mapped[int | None] = mapped_column(Id)
    """Whom they stood in for."""

    @declared_attr
    def absent(cls: Any) -> Mapped[Person | None]:
        return relationship("Person", primaryjoin=lambda: foreign(cls.absent_id) == Person.id, viewonly=True)

    @property
    def hand(self) -> str:
        """Who it was: a name, or “A 代 B”."""
        by: Person | None = self.by  # type: ignore[attr-defined]
        name = by.name if by else ""
        return f"{name} 代 {self.absent.name}" if self.absent_id and self.absent else name


class Office(Base):
    """省级主管部门: addressee, IP office and the name in its seal are three things."""

    __tablename__ = "office"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    region: Mapped[str] = mapped_column(String(40))
    addressee: Mapped[str] = mapped_column(String(120), unique=True)
    ip_office: Mapped[str] = mapped_column(String(160))
    seal_name: Mapped[str] = mapped_column(String(160), server_default="")
    name_verified: Mapped[str] = mapped_column(String(10), server_default="no")
    email: Mapped[str] = mapped_column(String(200), server_default="")
    example: Mapped[bool] = mapped_column(server_default=text("false"))

    @property
    def seals_as(self) -> str:
        """The name expected in its seal: the one filled in, else the addressee's."""
        return self.seal_name or self.addressee


class Centre(Base):
    """中心, with the host unit whose seal counts. It belongs to an office, not to a region."""

    __tablename__ = "centre"
    __table_args__ = (
        CheckConstraint("kind in ('tisc', 'university', 'both', 'other')", name="known_kind"),
        Index("ix_centre_office_id", "office_id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(160), unique=True)
    host_unit: Mapped[str] = mapped_column(String(160))
    kind: Mapped[str] = mapped_column(String(12))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    preparing: Mapped[bool] = mapped_column(server_default=text("false"))
    eligible: Mapped[bool] = mapped_column(server_default=text("true"))
    name_verified: Mapped[str] = mapped_column(String(10), server_default="no")
    office: Mapped[Office] = relationship(
        lazy="joined"
    )  # beside an outer join an inner one would be worked out for all centres


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    login: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(200), server_default="")
    password: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    session_epoch: Mapped[int] = mapped_column(server_default=text("1"))
    """Raised to end every session of this person."""
    erased_at: Mapped[datetime | None]
    """When name, login and address were replaced by a pseudonym."""
    grants: Mapped[list[PersonGrant]] = relationship(lazy="selectin", cascade="all, delete-orphan")


class PersonGrant(Base):
    """A role held by a person, at a centre or an office or at the national office."""

    __tablename__ = "person_grant"
    __table_args__ = (
        CheckConstraint(_one_of("role", Role), name="known_role"),
        CheckConstraint("centre_id is null or office_id is null", name="one_unit"),
        CheckConstraint("(role in ('author', 'sealer')) = (centre_id is not null)", name="at_a_centre"),
        CheckConstraint("(role in ('reviewer', 'leader')) = (office_id is not null)", name="at_an_office"),
        UniqueConstraint("person_id", "role", "centre_id", "office_id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str] = mapped_column(String(20))
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"), index=True)
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"), index=True)
    centre: Mapped[Centre | None] = relationship()
    office: Mapped[Office | None] = relationship()


# ---- signing in ------------------------------------------------------------------------------------------------------


class SignIn(Base):
    """One sign-in in one browser, until it ends. The browser holds a random token; here stands only its digest."""

    __tablename__ = "sign_in"
    __table_args__ = (Index("ix_sign_in_person_id_id", "person_id", "id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    epoch: Mapped[int]
    """The person's `session_epoch` then: once that is raised, this sign-in is over."""
    means: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(64), server_default="")
    browser: Mapped[str] = mapped_column(String(80), server_default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """To the minute: not every request writes."""
    confirmed_at: Mapped[datetime | None]
    """When the person last proved again to be who they are."""
    ended_at: Mapped[datetime | None]
    stand_in_id: Mapped[int | None] = mapped_column(Id)
    """The absence for which the person stands in here, until they lay it down."""


class StandIn(Base):
    """代办: who stands in for an absent person, from the first day to the last; both count, in Beijing."""

    __tablename__ = "stand_in"
    __table_args__ = (
        Index("ix_stand_in_absent_id_last_day", "absent_id", "last_day"),
        Index("ix_stand_in_person_id_last_day", "person_id", "last_day"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    absent_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    absent: Mapped[Person] = relationship(foreign_keys=[absent_id])
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    by: Mapped[Person] = relationship(foreign_keys=[by_id])
    ended_by: Mapped[Person | None] = relationship(foreign_keys=[ended_by_id])


class FailedTries(Base):
    """Failures to sign in, by account as typed or by address; `key` is a digest of either, known or not."""

    __tablename__ = "failed_tries"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    since: Mapped[datetime]
    locked_until: Mapped[datetime | None]
    missed: Mapped[int] = mapped_column(server_default=text("0"))
    """Failures since the last success, to be told then."""
    missed_from: Mapped[datetime | None]
    last_at: Mapped[datetime] = mapped_column(index=True)


class Challenge(Base):
    """Something asked that is answered once and soon: a passkey's challenge, a second factor, a directory's answer."""

    __tablename__ = "challenge"
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    data: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Authenticator(Base):
    """An app that shows codes of six digits (TOTP). `secret` is encrypted; `last_step`: a code is taken once."""

    __tablename__ = "authenticator"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(Id)
    added_at: Mapped[datetime]


class Passkey(Base):
    """A key on a device of the person's, with the name that they gave it."""

    __tablename__ = "passkey"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    credential: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(Id)
    transports: Mapped[list[Any]]
    name: Mapped[str] = mapped_column(String(60))
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """One of the codes kept on paper, as its slow hash; taken once."""

    __tablename__ = "recovery_code"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    hashed: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class PasswordReset(Base):
    """Somebody asked for a new password by mail. `token`: digest of what the mail's link holds, once it is made."""

    __tablename__ = "password_reset"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class DirectoryLink(Base):
    """Whom an account is in an office's own directory: by subject, or by e-mail until the first sign-in."""

    __tablename__ = "directory_link"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("person_id", "issuer"),
        CheckConstraint("subject is not null or email <> ''", name="somebody"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str | None] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(200), server_default="")
    linked_at: Mapped[datetime | None]


# ---- programs --------------------------------------------------------------------------------------------------------


class AccessToken(Base):
    """访问令牌: what a program shows to do a person's work. Here stands only its digest."""

    __tablename__ = "access_token"
    __table_args__ = (Index("ix_access_token_person_id_id", "person_id", "id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    epoch: Mapped[int]
    """The person's `session_epoch` then: once that is raised, this token is over, as every sign-in is."""
    name: Mapped[str] = mapped_column(String(40))
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    """To the minute: not every request writes."""
    ended_at: Mapped[datetime | None]


class ApiAnswer(Base):
    """What a program was answered, by its idempotency key: the same request again is answered the same."""

    __tablename__ = "api_answer"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    asked: Mapped[str] = mapped_column(String(64))
    """Digest of what was asked: method, address and body."""
    status: Mapped[int]
    answer: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(index=True)


# ---- the call --------------------------------------------------------------------------------------------------------


class CallVersion(Base):
    """征集通知 as loaded: immutable and numbered; a case keeps the version that it lives under."""

    __tablename__ = "call_version"
    __table_args__ = (UniqueConstraint("number", "version"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    notice: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    loaded_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    look: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The Word document with placeholders in which its cases are written; none: the one for all calls."""


class CallStanding(Living, Base):
    """Where a call stands that was closed or archived, or opened again since; one without a row is open."""

    __tablename__ = "call_standing"
    __table_args__ = _lived(CallState)
    number: Mapped[str] = mapped_column(String(40), primary_key=True)


class CallProof(Base):
    """检验 of a call's text: what became of each promise and of each scenario; the newest of a text counts."""

    __tablename__ = "call_proof"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_number: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime]
    promises: Mapped[dict[str, Any]] = mapped_column(Json)
    """Promise → kept or broken."""
    scenarios: Mapped[dict[str, Any]] = mapped_column(Json)
    """Scenario → passed, failed or not_asked."""
    failures: Mapped[dict[str, Any]] = mapped_column(Json, server_default="{}")
    """Scenario that failed → at which step, and what was found there."""


class CallDraft(ByHand, Base):
    """A call that is being written. `revision` counts its saves; `opened`: the version that it became."""

    __tablename__ = "call_draft"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    based_on_id: Mapped[int] = mapped_column(ForeignKey("call_version.id"))
    source: Mapped[str] = mapped_column(Text)
    notice: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    changed_at: Mapped[datetime]
    op: Mapped[str | None] = mapped_column(String(80), unique=True)
    opened_id: Mapped[int | None] = mapped_column(ForeignKey("call_version.id"))
    opened_op: Mapped[str | None] = mapped_column(String(80))
    discarded_at: Mapped[datetime | None]
    by: Mapped[Person] = relationship()
    based_on: Mapped[CallVersion] = relationship(foreign_keys=[based_on_id])
    opened: Mapped[CallVersion | None] = relationship(foreign_keys=[opened_id])


class WhatIf(ByHand, Base):
    """假如重算: a changed call under which the recorded steps of a call are performed once more, and what came of it."""

    __tablename__ = "what_if"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    op: Mapped[str | None] = mapped_column(String(120), unique=True)
    """Idempotency key of its form."""
    before_id: Mapped[int] = mapped_column(ForeignKey("call_version.id"))
    after_id: Mapped[int] = mapped_column(ForeignKey("call_version.id"))
    """The version that is changed or compared with; often the same."""
    changes: Mapped[dict[str, str]]
    """Place of the file → value put there; a rule's place → “none”, where it is left out."""
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    steps: Mapped[int] = mapped_column(server_default=text("0"))
    counts: Mapped[dict[str, Any]]
    """Step (case.stamp) → how many would be done, would be refused, and follow from others."""
    outcomes: Mapped[list[Any]]
    """The steps that would come to something else, those first that follow from no other; people by number only."""
    by: Mapped[Person] = relationship()
    before: Mapped[CallVersion] = relationship(foreign_keys=[before_id])
    after: Mapped[CallVersion] = relationship(foreign_keys=[after_id])


class Extension(ByHand, Base):
    """延期: a later last day of a phase, for every office or for one."""

    __tablename__ = "extension"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_number: Mapped[str] = mapped_column(String(40), index=True)
    phase: Mapped[str] = mapped_column(String(40))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    last_day: Mapped[date]
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class PublicNotice(ByHand, Base):
    """公示: a list of shortlisted cases that was put up in public, and until when it stands."""

    __tablename__ = "public_notice"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_version_id: Mapped[int] = mapped_column(ForeignKey("call_version.id"))
    put_up_at: Mapped[datetime]
    last_day: Mapped[date]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    taken_down_at: Mapped[datetime | None]
    remark: Mapped[str] = mapped_column(Text, server_default="")
    by: Mapped[Person] = relationship()


class PublicNoticeLine(Base):
    """One case of a list, as it was put up. `void_at`: it was taken off the shortlist, or the whole list was taken down."""

    __tablename__ = "public_notice_line"
    __table_args__ = (
        UniqueConstraint("notice_id", "case_id"),
        # A case stands in one list at a time.
        Index(
            "uq_public_notice_line_standing",
            "case_id",
            unique=True,
            sqlite_where=text("void_at is null"),
            postgresql_where=text("void_at is null"),
        ),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("public_notice.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    title: Mapped[str] = mapped_column(String(300))
    centre: Mapped[str] = mapped_column(String(160))
    host_unit: Mapped[str] = mapped_column(String(160))
    recommended_by: Mapped[str] = mapped_column(String(160), server_default="")
    """The office as it is addressed; empty where the centre recommended itself."""
    void_at: Mapped[datetime | None]
    case: Mapped[Case] = relationship()


class Objection(Living, Base):
    """异议 to a case on a list in public, or a complaint once it is published. What is personal is the desk's, the director's
    and the auditor's to read."""

    __tablename__ = "objection"
    __table_args__ = (
        *_lived(ObjectionState),
        CheckConstraint("kind in ('objection', 'complaint')", name="known_kind"),
        CheckConstraint("how in ('page', 'mail', 'paper')", name="known_way"),
        CheckConstraint("consequence in ('', 'take_off', 'retract', 'stands')", name="known_consequence"),
        Index("ix_objection_case_id", "case_id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    notice_id: Mapped[int] = mapped_column(ForeignKey("public_notice.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str] = mapped_column(String(12))
    how: Mapped[str] = mapped_column(String(8))
    by_unit: Mapped[bool]
    name: Mapped[str] = mapped_column(String(120), server_default="")
    unit: Mapped[str] = mapped_column(String(160), server_default="")
    contact: Mapped[str] = mapped_column(String(200), server_default="")
    grounds: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]
    due_on: Mapped[date | None]
    """The last day for the answer."""
    answer: Mapped[str] = mapped_column(Text, server_default="")
    """Why, of its last step."""
    consequence: Mapped[str] = mapped_column(String(10), server_default="")
    """What an upheld one means for the case."""
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Who entered what came by mail or on paper."""
    code: Mapped[str] = mapped_column(String(16), server_default="")
    """What its objector looks it up with; "" where none was handed over."""
    arrival_id: Mapped[int | None] = mapped_column(Id)
    """The mail that it came in, in the ledger of the national office."""
    case: Mapped[Case] = relationship()
    notice: Mapped[PublicNotice] = relationship()
    files: Mapped[list[ObjectionFile]] = relationship(order_by="ObjectionFile.id")

    @property
    def mark(self) -> str:
        return f"{self.version}.1"


class ObjectionFile(Base):
    """A file of an objection: the sealed paper, or evidence."""

    __tablename__ = "objection_file"
    __table_args__ = (CheckConstraint("slot in ('seal', 'evidence')", name="known_slot"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    objection_id: Mapped[int] = mapped_column(ForeignKey("objection.id"), index=True)
    slot: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]


class ExtensionRequest(ByHand, Base):
    """申请延期: a later last day that an office asks for. `granted`: the day that the director gave; None with an answer: no."""

    __tablename__ = "extension_request"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_version_id: Mapped[int] = mapped_column(ForeignKey("call_version.id"))
    phase: Mapped[str] = mapped_column(String(40))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    wanted: Mapped[date]
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered_absent_id: Mapped[int | None] = mapped_column(Id)
    """Whom the director who answered stood in for."""
    granted: Mapped[date | None]
    answer: Mapped[str] = mapped_column(Text, server_default="")
    by: Mapped[Person] = relationship(foreign_keys=[by_id])
    answered_by: Mapped[Person | None] = relationship(foreign_keys=[answered_by_id])
    office: Mapped[Office] = relationship()


class CentreRequest(ByHand, Base):
    """中心申请延期: a later last day that a centre asks its office for; `granted` counts for that centre alone."""

    __tablename__ = "centre_request"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_version_id: Mapped[int] = mapped_column(ForeignKey("call_version.id"))
    call_number: Mapped[str] = mapped_column(String(40), index=True)
    phase: Mapped[str] = mapped_column(String(40))
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"), index=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    wanted: Mapped[date]
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered_absent_id: Mapped[int | None] = mapped_column(Id)
    granted: Mapped[date | None]
    answer: Mapped[str] = mapped_column(Text, server_default="")
    by: Mapped[Person] = relationship(foreign_keys=[by_id])
    answered_by: Mapped[Person | None] = relationship(foreign_keys=[answered_by_id])
    answered_absent: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(CentreRequest.answered_absent_id) == Person.id, viewonly=True
    )
    centre: Mapped[Centre] = relationship()

    @property
    def answering_hand(self) -> str:
        """Who answered: a name, or “A 代 B”."""
        name = self.answered_by.name if self.answered_by else ""
        return f"{name} 代 {self.answered_absent.name}" if self.answered_absent_id and self.answered_absent else name


class CentreDay(ByHand, Base):
    """An earlier last day that an office sets for its own centres; the newest counts."""

    __tablename__ = "centre_day"
    __table_args__ = (Index("ix_centre_day_call_number_phase_office_id", "call_number", "phase", "office_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_number: Mapped[str] = mapped_column(String(40))
    phase: Mapped[str] = mapped_column(String(40))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    last_day: Mapped[date]
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class Waiver(ByHand, Base):
    """The director's release of one office from the minimum of one phase."""

    __tablename__ = "waiver"
    __table_args__ = (UniqueConstraint("call_number", "phase", "office_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_number: Mapped[str] = mapped_column(String(40))
    phase: Mapped[str] = mapped_column(String(40))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


# ---- cases -----------------------------------------------------------------------------------------------------------

_ABOUT = ("phase", "theme")


def _where(name: str, condition: str, *columns: str) -> Index:
    """An index of those rows that meet a condition."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class Case(Living, Base):
    """案例. `version` counts transitions, `revision` counts edits of the content."""

    __tablename__ = "cases"
    __table_args__ = (
        *_lived(CaseState),
        CheckConstraint("revision >= 1", name="revised"),
        Index("ix_cases_centre_titles", "centre_id", "id", "title"),
        Index(
            "ix_cases_office_whole",
            "office_id",
            "state",
            "id",
            "first_stamped_at",
            "first_submitted_at",
            "phase",
            "theme",
        ),
        Index("ix_cases_state_begun", "state", "id", *_ABOUT),
        Index("ix_cases_call_number_phase_office_id_state", "call_number", "phase", "office_id", "state"),
        # Lists: one for each way of reaching cases and each order. What stands after the order is looked at besides, and
        # SQLite looks at the condition of an index once more.
        Index("ix_cases_centre_moved", "centre_id", "moved_at", "id", "state", "call_number"),
        Index("ix_cases_centre_changed", "centre_id", "changed_at", "id"),
        _where("ix_cases_office_begun", "first_stamped_at is not null", "office_id", "id", *_ABOUT, "first_stamped_at"),
        *(
            _where(
                f"ix_cases_stamped_{order}",
                "first_stamped_at is not null",
                *("office_id", f"{order}_at", "id", "state", *_ABOUT, "first_stamped_at"),
            )
            for order in ("moved", "changed")
        ),
        _where(
            "ix_cases_office_state",
            "first_stamped_at is not null",
            "office_id",
            "state",
            "moved_at",
            "id",
            *_ABOUT,
            "first_stamped_at",
        ),
        _where("ix_cases_office_drafts", "first_stamped_at is null", "office_id", "state"),
        _where("ix_cases_nation_begun", "first_submitted_at is not null", "id", *_ABOUT, "first_submitted_at"),
        *(
            _where(
                f"ix_cases_nation_lately_{order}",
                "first_submitted_at is not null",
                *(f"{order}_at", "id", "state", *_ABOUT, "office_id", "first_submitted_at"),
            )
            for order in ("moved", "changed")
        ),
        _where("ix_cases_nation_state", "first_submitted_at is not null", "state", "id", *_ABOUT, "first_submitted_at"),
        _where("ix_cases_nation_waiting", "first_submitted_at is not null", "state", "moved_at", "id"),
        *(
            Index(f"ix_cases_whole_{order}", f"{order}_at", "id", "state", *_ABOUT, "office_id")
            for order in ("moved", "changed")
        ),
        _where("ix_cases_outstanding", "effect <> ''", "state", "id"),
        _where("ix_cases_published", "published_at is not null", "published_at", "id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(String(60), unique=True)
    call_version_id: Mapped[int] = mapped_column(ForeignKey("call_version.id"))
    call_number: Mapped[str] = mapped_column(String(40))
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    # the content: what a seal is bound to
    phase: Mapped[str] = mapped_column(String(40), server_default="")
    theme: Mapped[str] = mapped_column(String(40), server_default="")
    theme_name: Mapped[str] = mapped_column(String(120), server_default="")
    title: Mapped[str] = mapped_column(String(300), server_default="")
    sections: Mapped[dict[str, str]]
    recipient: Mapped[str] = mapped_column(String(300), server_default="")
    service_from: Mapped[date | None]
    service_to: Mapped[date | None]
    form: Mapped[dict[str, str]]
    attachments: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    salt: Mapped[str] = mapped_column(String(64), server_default="")
    """What the contacts of the form are salted with in `content`; hex, empty once they are erased."""
    content: Mapped[str] = mapped_column(String(64))
    length: Mapped[int] = mapped_column(server_default=text("0"))
    least_length: Mapped[int] = mapped_column(server_default=text("0"))
    # what people added later
    consent: Mapped[str] = mapped_column(Text, server_default="")
    effect: Mapped[str] = mapped_column(Text, server_default="")
    consent_abroad: Mapped[str] = mapped_column(Text, server_default="")
    """Who agreed in writing that the case is sent abroad."""
    own_day: Mapped[date | None]
    """The new day that a line returned after the close was given."""
    # whose hands, and when first
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    selector_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    moved_at: Mapped[datetime]
    first_stamped_at: Mapped[datetime | None]
    first_submitted_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]

    centre: Mapped[Centre] = relationship(lazy="joined", innerjoin=True)
    office: Mapped[Office] = relationship(lazy="joined", innerjoin=True)
    call_version: Mapped[CallVersion] = relationship()
    author: Mapped[Person] = relationship(foreign_keys=[author_id])

    @property
    def mark(self) -> str:
        """What somebody was looking at: transitions and edits so far."""
        return f"{self.version}.{self.revision}"

    @property
    def once_stamped(self) -> bool:
        return self.first_stamped_at is not None

    @property
    def once_submitted(self) -> bool:
        return self.first_submitted_at is not None


class SavedSearch(Base):
    """A search that a person keeps under a name. `address`: the arguments of the list's address."""

    __tablename__ = "saved_search"
    __table_args__ = (UniqueConstraint("person_id", "name"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


MAILED = "mail"
"""`CaseRevision.how` of a text that was taken in for its centre: whoever took it in is none of its authors."""


class CaseRevision(ByHand, Base):
    """One saved content of a case, kept for good; contacts of its form lie in `CaseContact`."""

    __tablename__ = "case_revision"
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[str] = mapped_column(String(64))
    snapshot: Mapped[dict[str, Any]]
    how: Mapped[str] = mapped_column(String(20))
    """"screen", "document", "form" or "mail": where the content came from."""
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    by: Mapped[Person] = relationship()


class CaseContact(Base):
    """What one revision's form says about a person: the revision keeps only H(salt ‖ payload), so this may be erased."""

    __tablename__ = "case_contact"
    __table_args__ = (
        ForeignKeyConstraint(["case_id", "revision"], ["case_revision.case_id", "case_revision.revision"]),
    )
    case_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    salt: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, str]]


class CaseEnglish(Base):
    """An English version, with the digest of the Chinese content that it translates; the newest counts."""

    __tablename__ = "case_english"
    __table_args__ = (Index("ix_case_english_case_id_id", "case_id", "id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    of: Mapped[str] = mapped_column(String(64))
    """Empty while paragraphs are open, so that nothing half translated counts as the English of a content."""
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    open: Mapped[int] = mapped_column(server_default="0")
    """How many paragraphs had no English, or a stale one."""


class EnglishParagraph(Base):
    """The English of one paragraph of a case; the newest of each counts, and all are kept."""

    __tablename__ = "english_paragraph"
    __table_args__ = (Index("ix_english_paragraph_case_id_id", "case_id", "id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    place: Mapped[str] = mapped_column(String(80))
    """"title", "summary", "caption", or "section:" and the id of a section."""
    zh: Mapped[str] = mapped_column(Text)
    """The very wording that it translates."""
    nth: Mapped[int]
    en: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    by: Mapped[Person] = relationship()


class EnglishCheck(Base):
    """校对: somebody read one English version against the Chinese; the newest of a version counts."""

    __tablename__ = "english_check"
    __table_args__ = (Index("ix_english_check_english_id", "english_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    english_id: Mapped[int] = mapped_column(ForeignKey("case_english.id"))
    passed: Mapped[bool]
    words: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    by: Mapped[Person] = relationship()


class EffectCheck(ByHand, Base):
    """复核: a second person looked at why an effect is outstanding; the newest counts, for those words of that content."""

    __tablename__ = "effect_check"
    __table_args__ = (Index("ix_effect_check_case_id_id", "case_id", "id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    effect: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(String(64))
    passed: Mapped[bool]
    words: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    by: Mapped[Person] = relationship()


class GlossaryTerm(Base):
    """术语: a word and how it is always translated. `by_id`: nobody's where it was shipped."""

    __tablename__ = "glossary_term"
    __table_args__ = (Index("ix_glossary_term_zh", "zh"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    zh: Mapped[str] = mapped_column(String(80))
    en: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(300))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class SignOff(ByHand, Base):
    """签发: one person's approval of one exact content for publication."""

    __tablename__ = "sign_off"
    __table_args__ = (Index("ix_sign_off_case_id", "case_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    content: Mapped[str] = mapped_column(String(64))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    void_at: Mapped[datetime | None]
    by: Mapped[Person] = relationship()


class Document(ByHand, Base):
    """A file as received: its bytes lie in the document store under their digest."""

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint("(case_id is null) <> (batch_id is null)", name="one_owner"),
        CheckConstraint("slot in ('case', 'form', 'scan', 'summary', 'picture', 'attachment')", name="known_slot"),
        Index("ix_document_case_id_slot", "case_id", "slot"),
        Index("ix_document_batch_id_slot", "batch_id", "slot"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    slot: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(120))
    digest: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    caption: Mapped[str] = mapped_column(String(300), server_default="")
    rights: Mapped[str] = mapped_column(String(300), server_default="")
    """Of a picture, who allows it to be published, and how; "" where nobody did."""
    paper: Mapped[str] = mapped_column(String(40), server_default="")
    """Of an attachment, for which paper of the call it is; "" of any other file."""
    revision: Mapped[int | None]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    """When its bytes were thrown away because of what they say about a person."""
    by: Mapped[Person] = relationship()


class RefusedFile(ByHand, Base):
    """An original that was refused at the door, kept apart for whoever settles a dispute. `file`: the id that its entry has.

    `said`: why, in both languages. `case_id`: to which it was uploaded. `until`: when its bytes are dropped.
    """

    __tablename__ = "refused_file"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    file: Mapped[str] = mapped_column(String(32), unique=True)
    slot: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(255))
    digest: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    said: Mapped[list[Any]]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[datetime]
    until: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    by: Mapped[Person] = relationship()


class Seal(ByHand, Base):
    """盖章: what a person read on a sealed scan, bound to the content that was sealed; the newest counts."""

    __tablename__ = "seal"
    __table_args__ = (
        CheckConstraint("(case_id is null) <> (batch_id is null)", name="one_owner"),
        Index("ix_seal_case_id_id", "case_id", "id"),
        Index("ix_seal_batch_id_id", "batch_id", "id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    unit: Mapped[str] = mapped_column(String(160), server_default="")
    content: Mapped[str] = mapped_column(String(64))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    signed: Mapped[bool] = mapped_column(server_default=text("false"))
    """An electronic seal: its document is a signed PDF, and `SignatureCheck` says whether the signature verifies."""
    listed: Mapped[dict[str, Any] | None]
    """Of a summary table, what it listed: {"lines": [[number, title, content]]}."""
    by: Mapped[Person] = relationship()


class SignatureCheck(Base):
    """What verifying a signed PDF came to: the same for the same bytes, so it is kept under their digest."""

    __tablename__ = "signature_check"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(40))
    """"good", or what is wrong with it."""
    unit: Mapped[str] = mapped_column(String(160))
    content: Mapped[str] = mapped_column(String(64))
    """Digest of the content that the print's mark names."""
    roots: Mapped[str] = mapped_column(String(64), server_default="")
    """Fingerprint of the root certificates under which that was found."""
    as_of: Mapped[datetime]
    """The real instant for which the certificate had to be good: when it was sealed."""


# ---- prior reports ---------------------------------------------------------------------------------------------------


class PriorReport(Base):
    """A case reported before this system was used, from an imported list."""

    __tablename__ = "prior_report"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source: Mapped[str] = mapped_column(String(160))
    number: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(300))
    centre_name: Mapped[str] = mapped_column(String(160), server_default="", index=True)
    recipient: Mapped[str] = mapped_column(String(300), server_default="")
    text: Mapped[str] = mapped_column(Text, server_default="")
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"), index=True)
    reported_on: Mapped[date | None]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class ImportedCase(Base):
    """A case of another installation, with the passport that it came in with. None of our own cases: it counts nowhere."""

    __tablename__ = "imported_case"
    __table_args__ = (UniqueConstraint("origin", "number", "entries"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    origin: Mapped[str] = mapped_column(String(120))
    """The name of the log of the other installation."""
    number: Mapped[str] = mapped_column(String(60))
    entries: Mapped[int]
    """Of its trail, in the passport; a later passport of the same case has more."""
    pinned: Mapped[bool]
    """Whether the key was had by another way than the passport itself."""
    title: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(30))
    passport: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    record: Mapped[dict[str, Any]]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    by: Mapped[Person] = relationship()


class MadeFile(Base):
    """A file made in the background, for whoever ordered it. `about`: the call's number, or the id of a planned appearance."""

    __tablename__ = "made_file"
    __table_args__ = (
        CheckConstraint("kind in ('closing', 'publicity')", name="known_kind"),
        Index("ix_made_file_kind_about", "kind", "about"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(160))
    digest: Mapped[str] = mapped_column(String(64), server_default="")
    size: Mapped[int] = mapped_column(server_default=text("0"))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    op: Mapped[str | None] = mapped_column(String(80), unique=True)
    by: Mapped[Person] = relationship()


class Appearance(Base):
    """宣传安排: a case in a channel of its call on a day. `said`: what was done, or why it was dropped."""

    __tablename__ = "appearance"
    __table_args__ = (Index("ix_appearance_call_number_day", "call_number", "day"), Index("ix_appearance_day", "day"))
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_number: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    day: Mapped[date]
    place: Mapped[str] = mapped_column(String(120), server_default="")
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    link: Mapped[str] = mapped_column(String(500), server_default="")
    reach: Mapped[int | None] = mapped_column(Id)
    said: Mapped[str] = mapped_column(Text, server_default="")
    dropped_at: Mapped[datetime | None]
    op: Mapped[str | None] = mapped_column(String(80), unique=True)
    case: Mapped[Case] = relationship()
    by: Mapped[Person] = relationship()


class Fingerprint(Base):
    """The MinHash signature of one text, and the parameters it was made with."""

    __tablename__ = "fingerprint"
    __table_args__ = (
        CheckConstraint("(case_id is null) <> (prior_id is null)", name="one_text"),
        UniqueConstraint("case_id"),
        UniqueConstraint("prior_id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    prior_id: Mapped[int | None] = mapped_column(ForeignKey("prior_report.id"))
    parameters: Mapped[str] = mapped_column(String(60))
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class FingerprintBand(Base):
    """One band of a signature: texts that share a band are worth comparing."""

    __tablename__ = "fingerprint_band"
    band: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    fingerprint_id: Mapped[int] = mapped_column(ForeignKey("fingerprint.id"), primary_key=True, index=True)


class Adjudication(ByHand, Base):
    """裁定: what was decided about a pair; the newest counts, and a settled pair is not asked again."""

    __tablename__ = "adjudication"
    __table_args__ = (
        CheckConstraint("(other_id is null) <> (prior_id is null)", name="one_other"),
        CheckConstraint(_one_of("ruling", Ruling), name="known_ruling"),
        Index("ix_adjudication_case_id_id", "case_id", "id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    other_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    prior_id: Mapped[int | None] = mapped_column(ForeignKey("prior_report.id"))
    ruling: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    by: Mapped[Person] = relationship()


class RulingRequest(Base):
    """A centre's request that its office rule on a pair, before the case is stamped; it opens the pair to the office."""

    __tablename__ = "ruling_request"
    __table_args__ = (Index("ix_ruling_request_case_id", "case_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    other_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    prior_id: Mapped[int | None] = mapped_column(ForeignKey("prior_report.id"))
    note: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


# ---- batches and pushes ----------------------------------------------------------------------------------------------


class Batch(Living, Base):
    """省级汇总报送: what one office sends in one phase; a phase may have several."""

    __tablename__ = "batch"
    __table_args__ = (
        *_lived(BatchState),
        UniqueConstraint("call_number", "phase", "office_id", "position"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(String(60), unique=True)
    call_version_id: Mapped[int] = mapped_column(ForeignKey("call_version.id"))
    call_number: Mapped[str] = mapped_column(String(40))
    phase: Mapped[str] = mapped_column(String(40))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    position: Mapped[int]
    final: Mapped[bool] = mapped_column(server_default=text("false"))
    subject: Mapped[str] = mapped_column(String(300))
    reasons: Mapped[dict[str, str]]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    office: Mapped[Office] = relationship(lazy="joined", innerjoin=True)
    call_version: Mapped[CallVersion] = relationship()


class BatchLine(Base):
    """One case in a batch. `dropped_at`: taken out again, or returned alone; a case is in one batch at a time."""

    __tablename__ = "batch_line"
    __table_args__ = (
        Index(
            "uq_batch_line_in_one_batch",
            "case_id",
            unique=True,
            sqlite_where=text("dropped_at is null"),
            postgresql_where=text("dropped_at is null"),
        ),
        Index("ix_batch_line_batch_id", "batch_id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    position: Mapped[int]
    dropped_at: Mapped[datetime | None]
    case: Mapped[Case] = relationship()


class Push(Living, ByHand, Base):
    """推送: one case on its way to one destination."""

    __tablename__ = "push"
    __table_args__ = (
        *_lived(PushState),
        Index("ix_push_case_id", "case_id"),
        Index("ix_push_package", "package"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    destination: Mapped[str] = mapped_column(String(300))
    key: Mapped[str] = mapped_column(String(80), unique=True)
    """Idempotency key for the receiver: one case, one content, one English version."""
    package: Mapped[str] = mapped_column(String(64), server_default="")
    """Digest of the package in the document store, once made."""
    acknowledgement: Mapped[str] = mapped_column(Text, server_default="")
    note: Mapped[str] = mapped_column(Text, server_default="")
    """What the receiver or the system said last, in its own words."""
    trouble: Mapped[dict[str, str]] = mapped_column(server_default=text("'{}'"))
    """Why it failed, in words for people ("zh", "en"); empty when it did not."""
    recall_asked: Mapped[str] = mapped_column(Text, server_default="")
    """The reason with which a recall was asked for; empty when none was."""
    started_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    started_at: Mapped[datetime]
    case: Mapped[Case] = relationship()
    started_by: Mapped[Person] = relationship()

    @property
    def by(self) -> Person:
        return self.started_by


# ---- judging ---------------------------------------------------------------------------------------------------------


class JudgeProfile(Base):
    """What is known of a judge for assigning and for conflicts. `most`: cases that they take at one time; None: any number."""

    __tablename__ = "judge_profile"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    institution: Mapped[str] = mapped_column(String(160), server_default="")
    region: Mapped[str] = mapped_column(String(40), server_default="")
    themes: Mapped[list[Any]]
    languages: Mapped[list[Any]]
    most: Mapped[int | None]
    changed_at: Mapped[datetime]


class Judgement(Living, Base):
    """评审: one judge and one case. `scores`: criterion → {"points", "reason"}, as last saved."""

    __tablename__ = "judgement"
    __table_args__ = (
        *_lived(JudgementState),
        UniqueConstraint("case_id", "judge_id"),
        Index("ix_judgement_judge_id_id", "judge_id", "id"),
        Index("ix_judgement_call_number_id", "call_number", "id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    judge_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    call_number: Mapped[str] = mapped_column(String(40))
    why: Mapped[str] = mapped_column(Text, server_default="")
    """Why this judge was chosen for this case."""
    due_on: Mapped[date | None]
    scores: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    """Raised with each save of the scores."""
    remark: Mapped[str] = mapped_column(Text, server_default="")
    """With what its last step was explained."""
    invited_at: Mapped[datetime]
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    moved_at: Mapped[datetime]
    case: Mapped[Case] = relationship()
    judge: Mapped[Person] = relationship(foreign_keys=[judge_id])

    @property
    def mark(self) -> str:
        """What somebody was looking at: transitions and saves so far."""
        return f"{self.version}.{self.revision}"


class JudgingPlan(Base):
    """分派方案: who would judge what, before anybody is invited. `pairs`: [{"case", "judge", "why"}]."""

    __tablename__ = "judging_plan"
    __table_args__ = (
        CheckConstraint("state in ('making', 'ready', 'failed', 'sent', 'dropped')", name="known_state"),
        Index("ix_judging_plan_call_number_id", "call_number", "id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_number: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10))
    how: Mapped[str] = mapped_column(String(10))
    """"hand", "sheet" or "solver"."""
    wanted: Mapped[dict[str, Any]]
    """What was asked for: {"instead_of"}: the judge whose open cases go to others; {}: what is missing in the call."""
    pairs: Mapped[list[Any]]
    figures: Mapped[dict[str, Any]]
    """What came of it: the bound, the value, what could not be met."""
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    by: Mapped[Person] = relationship()


class CaseMask(Base):
    """What the desk has said of words or of a picture of one case that is judged blind; the newest of the same counts."""

    __tablename__ = "case_mask"
    __table_args__ = (Index("ix_case_mask_case_id_id", "case_id", "id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    words: Mapped[str] = mapped_column(String(300))
    """Of a picture, the digest of its file."""
    kind: Mapped[str] = mapped_column(String(10))
    """"mask": words are not shown; "keep": they are, as they tell nothing; "hide", "show": the same of a picture."""
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class JudgingDiscussion(Base):
    """合议: from when on the judges of a call see each other's scores, until it was closed again."""

    __tablename__ = "judging_discussion"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_number: Mapped[str] = mapped_column(String(40), index=True)
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime | None]


class JudgingNote(Base):
    """A note on a case while its judging is discussed. `seen_by`: "judges" of the case and the desk, or the "office" alone."""

    __tablename__ = "judging_note"
    __table_args__ = (
        CheckConstraint("seen_by in ('judges', 'office')", name="known_readers"),
        Index("ix_judging_note_case_id_id", "case_id", "id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    seen_by: Mapped[str] = mapped_column(String(10))
    words: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    by: Mapped[Person] = relationship()


class JudgingNoteReader(Base):
    """Who has read a note, and when first."""

    __tablename__ = "judging_note_reader"
    note_id: Mapped[int] = mapped_column(ForeignKey("judging_note.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    at: Mapped[datetime]
    person: Mapped[Person] = relationship()


# ---- collections -----------------------------------------------------------------------------------------------------


class Collection(ByHand, Base):
    """案例集: chosen cases compiled into one book. Whether it is being made, its background work says."""

    __tablename__ = "collection"
    __table_args__ = (CheckConstraint("sort in ('theme', 'province', 'hand')", name="known_sort"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    op: Mapped[str | None] = mapped_column(String(120), unique=True)
    """Idempotency key of its form."""
    title: Mapped[str] = mapped_column(String(200))
    foreword: Mapped[str] = mapped_column(Text, server_default="")
    sort: Mapped[str] = mapped_column(String(10))
    formats: Mapped[str] = mapped_column(String(20))
    """What was asked for: "docx", "pdf" or both, with a space between."""
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    word_digest: Mapped[str] = mapped_column(String(64), server_default="")
    """Of the Word file in the document store; empty where none was made."""
    word_size: Mapped[int] = mapped_column(server_default=text("0"))
    word_pages: Mapped[int] = mapped_column(server_default=text("0"))
    """As LibreOffice lays it out; 0 where that is not known."""
    pdf_digest: Mapped[str] = mapped_column(String(64), server_default="")
    pdf_size: Mapped[int] = mapped_column(server_default=text("0"))
    pdf_pages: Mapped[int] = mapped_column(server_default=text("0"))
    said: Mapped[list[Any]]
    """What is to be known about it as a whole: sentences in pairs of Chinese and English."""
    version: Mapped[int] = mapped_column(server_default=text("1"))
    """Raised by each change of the proof; sign-offs hold for one version."""
    isbn: Mapped[str] = mapped_column(String(20), server_default="")
    cip: Mapped[str] = mapped_column(String(60), server_default="")
    released_at: Mapped[datetime | None]
    """Since when everybody may read its web edition."""
    withdrawn_at: Mapped[datetime | None]
    """Since when only a notice stands in its place, which says why in the words of `withdrawn_why`."""
    withdrawn_why: Mapped[str] = mapped_column(Text, server_default="")
    by: Mapped[Person] = relationship()
    lines: Mapped[list[CollectionLine]] = relationship(order_by="CollectionLine.position")


class CollectionLine(Base):
    """One case that was chosen. `content`: digest of what stands in the book; empty where it was left out, or not yet in.

    `said`: why it was left out, or what of it is otherwise than one would think.
    """

    __tablename__ = "collection_line"
    __table_args__ = (Index("ix_collection_line_case_id", "case_id"),)
    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    content: Mapped[str] = mapped_column(String(64), server_default="")
    said: Mapped[list[Any]]
    case: Mapped[Case] = relationship()


class CollectionNote(ByHand, Base):
    """What an editor noted on a collection: a comment on the proof, open until it is settled, or an erratum for everybody.

    `about`: digest of the foreword that it is about, empty where it is about a case or the whole book.
    """

    __tablename__ = "collection_note"
    __table_args__ = (
        CheckConstraint("kind in ('comment', 'erratum')", name="known_kind"),
        Index("ix_collection_note_collection_id", "collection_id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id"))
    kind: Mapped[str] = mapped_column(String(10))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    about: Mapped[str] = mapped_column(String(64), server_default="")
    words: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(Text, server_default="")
    by: Mapped[Person] = relationship()
    case: Mapped[Case | None] = relationship()


class CollectionSignOff(ByHand, Base):
    """签样: one editor's approval of one version of a proof. `wording`: digest of exactly what it said then."""

    __tablename__ = "collection_sign_off"
    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    wording: Mapped[str] = mapped_column(String(64), server_default="")
    at: Mapped[datetime]
    by: Mapped[Person] = relationship()


class Honour(ByHand, Base):
    """荣誉: one that a case holds, until it is taken back."""

    __tablename__ = "honour"
    __table_args__ = (Index("ix_honour_case_id", "case_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    name: Mapped[str] = mapped_column(String(120))
    given_on: Mapped[date | None]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    by: Mapped[Person] = relationship()


# ---- mail ------------------------------------------------------------------------------------------------------------


class SentMail(Base):
    """What was handed to the mail server: a Message-ID is sent once."""

    __tablename__ = "sent_mail"
    __table_args__ = (Index("ix_sent_mail_at", "at"),)
    message_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    recipient: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(300))
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    reply: Mapped[str] = mapped_column(Text, server_default="")


class Letter(Base):
    """通知邮件: one mail to one recipient on what became of some cases, held for a while before it leaves.

    The recipient's address is that of the account, or of the office, at the moment when the mail leaves.
    """

    __tablename__ = "letter"
    __table_args__ = (
        CheckConstraint("(person_id is null) <> (office_id is null)", name="one_recipient"),
        Index("ix_letter_posting", "posting"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    posting: Mapped[str] = mapped_column(String(100))
    """What caused it: a bulk act (bulk/7), or the receipt of a step taken singly (case/9#4)."""
    trigger: Mapped[str] = mapped_column(String(40))
    remark: Mapped[str] = mapped_column(Text, server_default="")
    new_day: Mapped[date | None]
    unit: Mapped[str] = mapped_column(String(160))
    """Who took the step: the office, or whoever issued the call."""
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    absent_id: Mapped[int | None] = mapped_column(Id)
    """Whom the recipient stands in for, where it is to that person that this would go."""
    due_at: Mapped[datetime]
    """A real moment in a demo too."""
    released_at: Mapped[datetime | None]
    """When it was let go: from then on it cannot be held back."""
    person: Mapped[Person | None] = relationship(foreign_keys=[person_id])
    absent: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Letter.absent_id) == Person.id, viewonly=True
    )
    office: Mapped[Office | None] = relationship()
    lines: Mapped[list[LetterLine]] = relationship(order_by="LetterLine.position")


class LetterLine(Base):
    """One case in a mail. `dropped_at`: the step was taken back while the mail was still held."""

    __tablename__ = "letter_line"
    __table_args__ = (Index("ix_letter_line_case_id", "case_id"),)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    remark: Mapped[str] = mapped_column(Text, server_default="")
    """What is said of this case alone."""
    dropped_at: Mapped[datetime | None]
    case: Mapped[Case] = relationship()


class Bounce(Base):
    """退信: a mail of ours that did not arrive, as the server says that sent word. `key`: digest of the mail that says so."""

    __tablename__ = "bounce"
    __table_args__ = (Index("ix_bounce_message_id", "message_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("sent_mail.message_id"))
    recipient: Mapped[str] = mapped_column(String(300), server_default="")
    action: Mapped[str] = mapped_column(String(12))
    """What became of it: "failed", "delayed" (RFC 3464)."""
    status: Mapped[str] = mapped_column(String(20), server_default="")
    words: Mapped[str] = mapped_column(Text, server_default="")
    at: Mapped[datetime]
    arrival_id: Mapped[int | None] = mapped_column(ForeignKey("arrival.id"))


# ---- what came in ----------------------------------------------------------------------------------------------------


class Arrival(ByHand, Base):
    """来件: what came in one go, by mail, archive or folder, in the ledger of the office that took it in.

    `office_id` None: of the national office. `key`: of whose ledger and of the bytes; the same is taken in once.
    `came_at`: when the mailbox, or we, had it whole.
    """

    __tablename__ = "arrival"
    __table_args__ = (
        CheckConstraint("how in ('screen', 'command', 'imap')", name="known_way"),
        CheckConstraint("state in ('waiting', 'read', 'repeat', 'bounce')", name="known_state"),
        Index("ix_arrival_office_id_id", "office_id", "id"),
        Index("ix_arrival_papers", "papers"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(100), unique=True)
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    call_version_id: Mapped[int] = mapped_column(ForeignKey("call_version.id"))
    how: Mapped[str] = mapped_column(String(10))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    came_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10))
    sender: Mapped[str] = mapped_column(String(500), server_default="")
    subject: Mapped[str] = mapped_column(String(500), server_default="")
    message_id: Mapped[str] = mapped_column(String(500), server_default="")
    papers: Mapped[str] = mapped_column(String(64), server_default="")
    """Digest over the papers in it, however they were packed; "" until it is read."""
    repeats_id: Mapped[int | None] = mapped_column(ForeignKey("arrival.id"))
    """The one that brought the same papers before."""
    named: Mapped[str] = mapped_column(String(160), server_default="")
    """The office as its summary table names it."""
    lacks: Mapped[list[Any]]
    read_at: Mapped[datetime | None]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    """The batch that was filled from it."""
    answer: Mapped[str] = mapped_column(Text, server_default="")
    """To whoever sent it: what is lacking of each case, as it leaves."""
    answer_id: Mapped[str] = mapped_column(String(200), server_default="")
    """Message-ID of the answer, once somebody had it sent."""
    office: Mapped[Office | None] = relationship()
    by: Mapped[Person | None] = relationship()
    batch: Mapped[Batch | None] = relationship()
    repeats: Mapped[Arrival | None] = relationship(remote_side="Arrival.id")
    files: Mapped[list[ArrivalFile]] = relationship(order_by="ArrivalFile.position")
    cases: Mapped[list[ArrivalCase]] = relationship(order_by="ArrivalCase.position")
    contents: Mapped[list[ArrivalPaper]] = relationship(order_by="ArrivalPaper.position")


class ArrivalFile(Base):
    """One file as it came, kept whole. `quarantined`: not looked through yet, or it or something in it was refused."""

    __tablename__ = "arrival_file"
    __table_args__ = (Index("ix_arrival_file_digest", "digest"),)
    arrival_id: Mapped[int] = mapped_column(ForeignKey("arrival.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(255))
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    quarantined: Mapped[bool]
    erased_at: Mapped[datetime | None]


class ArrivalCase(Base):
    """One case as the papers of an arrival were matched. `title`, `centre`: as written there.

    `number`: of the case that they name by number or code. `outcome`: a draft was made, the papers lie ready at a case,
    they came too late for it, or could not be taken; with the reason in `said`.
    """

    __tablename__ = "arrival_case"
    __table_args__ = (
        CheckConstraint("outcome in ('', 'made', 'filled', 'late', 'refused')", name="known_outcome"),
        Index("ix_arrival_case_case_id", "case_id"),
    )
    arrival_id: Mapped[int] = mapped_column(ForeignKey("arrival.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(String(60), server_default="")
    title: Mapped[str] = mapped_column(String(300), server_default="")
    centre: Mapped[str] = mapped_column(String(300), server_default="")
    listed: Mapped[bool]
    """Whether the summary table has a line of it, or none came."""
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"))
    lacks: Mapped[list[Any]]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    outcome: Mapped[str] = mapped_column(String(10), server_default="")
    said: Mapped[list[Any]]
    done_at: Mapped[datetime | None]
    registered: Mapped[Centre | None] = relationship()
    case: Mapped[Case | None] = relationship()


class ArrivalPaper(Base):
    """One paper of an arrival, with its verdict and what it was taken for. `inside`: mails and archives that hold it.

    `digest`: under which what is to be used of it is kept; "" where nothing is.
    """

    __tablename__ = "arrival_paper"
    __table_args__ = (
        CheckConstraint(
            "came_to in ('document', 'form', 'scan', 'summary', 'sealed_list', 'aside', 'refused')", name="known_use"
        ),
        Index("ix_arrival_paper_digest", "digest"),
    )
    arrival_id: Mapped[int] = mapped_column(ForeignKey("arrival.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(255))
    inside: Mapped[list[Any]]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(String(40), server_default="")
    came_to: Mapped[str] = mapped_column(String(12))
    case_position: Mapped[int | None]
    said: Mapped[list[Any]]
    media_type: Mapped[str] = mapped_column(String(120), server_default="")
    digest: Mapped[str] = mapped_column(String(64), server_default="")
    kept_size: Mapped[int] = mapped_column(server_default=text("0"))
    erased_at: Mapped[datetime | None]


class Mailbox(Base):
    """A folder of a mail server that is looked through: up to which mail, by its UID, as long as these hold (RFC 9051)."""

    __tablename__ = "mailbox"
    name: Mapped[str] = mapped_column(String(300), primary_key=True)
    validity: Mapped[int] = mapped_column(Id)
    uid: Mapped[int] = mapped_column(Id)
    looked_at: Mapped[datetime]


# ---- many at once ----------------------------------------------------------------------------------------------------


class BulkAct(ByHand, Base):
    """批量办理: one step taken on many cases at once; what came of each is a line, and an event of the case."""

    __tablename__ = "bulk_act"
    __table_args__ = (Index("ix_bulk_act_by_id_id", "by_id", "id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    op: Mapped[str | None] = mapped_column(String(120), unique=True)
    """Idempotency key of its form."""
    trigger: Mapped[str] = mapped_column(String(40))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    remark: Mapped[str] = mapped_column(Text, server_default="")
    whole: Mapped[bool]
    """All of them or none."""
    search: Mapped[dict[str, Any]]
    """What the cases were found by; empty when each was ticked."""
    missing: Mapped[int]
    """How many of those chosen are not there for this person."""
    held_until: Mapped[datetime]
    """Until when its mails are held and it can be undone; a real moment in a demo too."""
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("bulk_act.id"), unique=True)
    by: Mapped[Person] = relationship()
    lines: Mapped[list[BulkLine]] = relationship(order_by="BulkLine.position")


class BulkLine(Base):
    """What a bulk act came to for one case. `receipt`: number of the event, where there is one."""

    __tablename__ = "bulk_line"
    __table_args__ = (
        CheckConstraint("outcome in ('done', 'refused', 'overtaken', 'impossible', 'left')", name="known_outcome"),
        Index("ix_bulk_line_case_id", "case_id"),
    )
    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk_act.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    outcome: Mapped[str] = mapped_column(String(12))
    receipt: Mapped[str] = mapped_column(String(100), server_default="")
    mark: Mapped[str] = mapped_column(String(40), server_default="")
    """Transitions and edits of the case right after it: whoever undoes it says so."""
    said: Mapped[list[Any]]
    """Why not: sentences as shown, in pairs of Chinese and English."""
    case: Mapped[Case] = relationship()


# ---- decisions -------------------------------------------------------------------------------------------------------


class PendingDecision(Base):
    """待定决定: what is to become of a submitted case, chosen and told to nobody outside. `decision`: "" for undecided.

    `version` counts the changes. `digest` is what is signed: decision, reason, feedback and the case's content.
    """

    __tablename__ = "pending_decision"
    __table_args__ = (
        CheckConstraint("decision in ('', 'shortlist', 'pass_over')", name="known_decision"),
        CheckConstraint("version >= 1", name="versioned"),
        Index("ix_pending_decision_call_number_decision", "call_number", "decision"),
    )
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True, autoincrement=False)
    call_number: Mapped[str] = mapped_column(String(40))
    decision: Mapped[str] = mapped_column(String(12), server_default="")
    reason: Mapped[str] = mapped_column(Text, server_default="")
    """For the file; the desk, the director and the auditor read it."""
    feedback: Mapped[str] = mapped_column(Text, server_default="")
    """For the centre, with the announcement."""
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    mark: Mapped[str] = mapped_column(String(40))
    """Transitions and edits of the case as it was decided on."""
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    announced_in: Mapped[int | None] = mapped_column(ForeignKey("announcement.id"))
    """It is pending no more; taking the announcement back makes it pending again."""
    by: Mapped[Person] = relationship()


class DecisionSignOff(Base):
    """签发 of a pending decision, bound to what was signed: another decision, reason or text needs signing again."""

    __tablename__ = "decision_sign_off"
    __table_args__ = (UniqueConstraint("case_id", "digest", "by_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    digest: Mapped[str] = mapped_column(String(64))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class Announcement(Base):
    """公布: pending decisions of one call carried out together, in one transaction and several bulk acts."""

    __tablename__ = "announcement"
    __table_args__ = (Index("ix_announcement_call_number_id", "call_number", "id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    op: Mapped[str | None] = mapped_column(String(120), unique=True)
    call_number: Mapped[str] = mapped_column(String(40))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    held_until: Mapped[datetime]
    """Until when its mails are held and it can be taken back; a real moment in a demo too."""
    left: Mapped[list[Any]]
    """Cases that were chosen and not announced: number and why, in pairs of Chinese and English."""
    by: Mapped[Person] = relationship()
    parts: Mapped[list[AnnouncementPart]] = relationship(order_by="AnnouncementPart.bulk_id")


class AnnouncementPart(Base):
    """One bulk act of an announcement."""

    __tablename__ = "announcement_part"
    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk_act.id"), primary_key=True, autoincrement=False)
    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcement.id"), index=True)


# ---- jobs ------------------------------------------------------------------------------------------------------------


class Job(Base):
    """后台任务: one piece of work that outlives a request, from its queueing to its end. Times are real ones in a demo too."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(_one_of("state", JobState), name="state"),
        Index("ix_job_state_name_queued_at", "state", "name", "queued_at"),
        Index("ix_job_ended_at", "ended_at"),
        Index(
            "ix_job_failing_since",
            "failing_since",
            sqlite_where=text("failing_since is not null"),
            postgresql_where=text("failing_since is not null"),
        ),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    """Idempotency key: the same key again is the same work."""
    name: Mapped[str] = mapped_column(String(40))
    """Which kind (workflow/jobs/kinds.py)."""
    arguments: Mapped[list[Any]]
    about: Mapped[str] = mapped_column(String(80), server_default="")
    """What it is about, such as push/7."""
    state: Mapped[str] = mapped_column(String(20))
    number: Mapped[int] = mapped_column(server_default=text("1"))
    """Which try is the one that counts: an earlier one that still turns up is overtaken."""
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    """Tries that failed since it was queued or retried by somebody."""
    interrupted: Mapped[int] = mapped_column(server_default=text("0"))
    """How often this try was broken off by the end of its worker."""
    queued_at: Mapped[datetime]
    """Since when it is to be done: ahead, where it was queued to be done later."""
    next_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    """When the first of these tries failed, while there is another one to come."""
    worker: Mapped[str] = mapped_column(String(100), server_default="")
    part: Mapped[int] = mapped_column(server_default=text("0"))
    """Parts that are done, of `parts`; 0 of 0 where it has none."""
    parts: Mapped[int] = mapped_column(server_default=text("0"))
    cancel_asked: Mapped[bool] = mapped_column(server_default=text("false"))
    code: Mapped[str] = mapped_column(String(40), server_default="")
    """What kind of trouble the last failed try met."""
    trouble: Mapped[dict[str, str]] = mapped_column(server_default=text("'{}'"))
    """Its words ("zh", "en")."""
    detail: Mapped[str] = mapped_column(Text, server_default="")
    """What the system said, for whoever mends it."""
    remark: Mapped[str] = mapped_column(Text, server_default="")
    """The reason with which somebody dismissed or cancelled it."""
    request: Mapped[str] = mapped_column(String(40), server_default="")
    """Number of the request that queued it, as the log has it."""


class Worker(Base):
    """后台进程: who runs jobs, under a name of its own, and when it was last heard of."""

    __tablename__ = "worker"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    instance: Mapped[str] = mapped_column(String(32))
    """Which process holds the name: another one that wants it finds that it is taken."""
    place: Mapped[str] = mapped_column(String(200), server_default="")
    process: Mapped[str] = mapped_column(String(40), server_default="")
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]


class Setting(Base):
    """One setting that people change while it runs, such as the demo's clock."""

    __tablename__ = "setting"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class SchemaStep(Base):
    """One step of the tables' migration that was taken: `kind` as `workflow.store.migrations` has it."""

    __tablename__ = "schema_step"
    revision: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime]
