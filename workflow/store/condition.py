"""What the database itself tells about how it is kept: rights, guards, durability, the log's edge, who holds what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from rules.roles import Role
from states.reach import ALONE
from workflow.jobs.kinds import KINDS, JobState
from workflow.store import copies, jobs, log, operations, people, schema, workers
from workflow.store.database import Database
from workflow.store.models import AuditEvent, AuditLog, AuditPending, Person, PersonGrant

_COUNTED = 1000
"""Of each kind of work given up, no more is counted."""


@dataclass(frozen=True)
class Rows:
    """`allowed`: what the program's connection may do and should not. `settings`: those of the database that matter for
    keeping what was committed and what refers to what. `unsigned`: entries under no checkpoint, the oldest `unsigned_at`.
    `clock`: what time the database has. `newest`: the last entry's time. `logins`: of active people, with the hash of
    their passwords; `addresses`: their e-mail addresses; `mixed`: of those that hold a role beside one that is held alone. `without`: addressees of offices that have centres and nobody in the role. `documents`: digests of
    what should lie in the document store. `due_since`: since when the oldest background work that nobody has begun is to be
    done; `given_up`: pieces of it that nobody has settled; `workers`: how many are alive."""

    allowed: Sequence[str]
    unguarded: Sequence[str]
    settings: Mapping[str, str]
    unsigned: int
    unsigned_at: datetime | None
    signed: bool
    clock: datetime
    newest: datetime | None
    backed_up_at: datetime | None
    logins: Mapping[str, str]
    addresses: Mapping[str, str]
    administrators: Sequence[str]
    mixed: Sequence[str]
    without: Mapping[Role, Sequence[str]]
    documents: Sequence[str]
    due_since: datetime | None
    given_up: int
    workers: int


def rows(database: Database) -> Rows:
    """The database as it stands; its tables must be of this version."""
    allowed = _allowed_sqlite(database) if database.embedded else _allowed_postgresql(database)
    unguarded = schema.unguarded(database)
    with database.reading() as session:
        unsigned, unsigned_at = _unsigned(session)
        active = session.scalars(select(Person).where(Person.active)).all()
        return Rows(
            allowed,
            unguarded,
            _settings(session),
            unsigned,
            unsigned_at,
            log.newest_checkpoint(session) is not None,
            _clock(session),
            operations.last_at(session),
            operations.last_at(session, "system.backup"),
            {one.login: one.password for one in active},
            {one.login: one.email for one in active},
            _administrators(session),
            _mixed(session),
            {role: people.offices_without(session, role) for role in (Role.REVIEWER, Role.LEADER)},
            sorted(copies.documents(session)),
            jobs.oldest(session, KINDS, JobState.QUEUED),
            sum(jobs.counts(session, KINDS, _COUNTED, [JobState.GAVE_UP]).values()),
            sum(workers.lives(one, workers.now(session)) for one in workers.every(session)),
        )


def _allowed_sqlite(database: Database) -> list[str]:
    """What the authorizer should refuse; tried in a transaction that is rolled back."""
    with database.reading() as session:
        try:
            session.execute(text("create temp table zhengji_tried (one)"))
        except DatabaseError:
            return []
        finally:
            session.rollback()
    return ["create table"]


_PRIVILEGES = (
    ("audit_event", "UPDATE"),
    ("audit_event", "DELETE"),
    ("audit_event", "TRUNCATE"),
    ("audit_log", "UPDATE"),
)


def _allowed_postgresql(database: Database) -> list[str]:
    with database.reading() as session:
        found = []
        if session.scalar(text("select rolsuper from pg_roles where rolname = current_user")):
            found.append("superuser")
        owner = session.scalar(text("select tableowner from pg_tables where tablename = 'audit_event'"))
        if session.scalar(text("select pg_has_role(current_user, :owner, 'MEMBER')"), {"owner": owner}):
            found.append("owner")
        asked = text("select has_table_privilege(current_user, :table, :what)")
        for table, what in _PRIVILEGES:
            if session.scalar(asked, {"table": table, "what": what}):
                found.append(f"{what} {table}")
        return found


def _settings(session: Session) -> dict[str, str]:
    if session.get_bind().dialect.name == "sqlite":
        return {name: str(session.scalar(text(f"PRAGMA {name}"))) for name in ("foreign_keys", "synchronous")}
    names = ("fsync", "synchronous_commit", "full_page_writes", "session_replication_role")
    return {name: str(session.scalar(text(f"show {name}"))) for name in names}


def _unsigned(session: Session) -> tuple[int, datetime | None]:
    """Entries under no checkpoint, those that wait for a place included, and when the oldest of them happened."""
    newest = log.newest_checkpoint(session)
    size = newest.size if newest else 0
    placed = select(AuditEvent.at).join(AuditLog, AuditLog.uid == AuditEvent.uid).where(AuditLog.idx >= size)
    waiting = select(AuditEvent.at).join(AuditPending, AuditPending.uid == AuditEvent.uid)
    both = placed.union_all(waiting).subquery()
    count, oldest = session.execute(select(func.count(), func.min(both.c.at))).one()
    return int(count), oldest


def _clock(session: Session) -> datetime:
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)  # it runs in this very process
    return session.execute(text("select clock_timestamp()")).scalar_one().astimezone(UTC)  # type: ignore[no-any-return]


def _administrators(session: Session) -> list[str]:
    held = select(PersonGrant.person_id).where(PersonGrant.role == str(Role.ADMINISTRATOR))
    return list(session.scalars(select(Person.login).where(Person.active, Person.id.in_(held)).order_by(Person.login)))


def _mixed(session: Session) -> list[str]:
    alone = select(PersonGrant.person_id).where(PersonGrant.role.in_([str(one) for one in ALONE]))
    several = (
        select(PersonGrant.person_id)
        .group_by(PersonGrant.person_id)
        .having(func.count(PersonGrant.role.distinct()) > 1)
    )
    people = select(Person.login).where(Person.active, Person.id.in_(alone), Person.id.in_(several))
    return list(session.scalars(people.order_by(Person.login)))
