"""Signing in and out: the password, the session that follows, and proving once more that one is who one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.words import Labelled
from states.reach import Actor
from workflow import clock
from workflow.identity import account_mail, passwords, throttle
from workflow.settings import Settings
from workflow.store import factors as stored_factors
from workflow.store import people as stored_people
from workflow.store import sign_in as stored
from workflow.store import trail
from workflow.store.database import TOKEN, Database
from workflow.store.models import Person, SignIn

CONFIRMED_FOR = timedelta(minutes=5)
"""How long a second proof of identity holds, for acts that ask for one."""
SEEN_EVERY = timedelta(minutes=1)


class Means(Labelled):
    """By what somebody proved who they are."""

    PASSWORD = "password", "密码", "Password"
    CODE = "code", "动态码", "Code of an app"
    PASSKEY = "passkey", "通行密钥", "Passkey"
    RECOVERY = "recovery", "备用码", "Recovery code"
    DIRECTORY = "directory", "单位统一认证", "The office's own directory"


@dataclass(frozen=True)
class Visitor:
    """Where a request comes from: its address, its browser in words, and the access token of a program (0 for none)."""

    address: str = ""
    browser: str = ""
    token: int = 0


@dataclass(frozen=True)
class Opened:
    """A sign-in that has begun. `token`: what the browser keeps. `missed`: failures since the one before."""

    token: str
    missed: throttle.Missed | None


def authenticate(
    database: Database, settings: Settings, login: str, password: str, *, at: datetime, visitor: Visitor = Visitor()
) -> Person | None:
    """The active person of that login and password, or None; a failure is on record. Raises LockedOut.

    An unknown login costs the same time as a wrong password, has to wait just the same, and is counted per day only:
    a stranger's guesses are no entry of the trail. The hash is computed outside any transaction, because it is slow on
    purpose; whether it may count is decided inside one, so that guesses made at once are counted one by one. `at`: the
    real time, in a demo too.
    """
    with database.reading() as session:
        throttle.look(session, _keys(login, visitor), at)
        person = stored_people.by_login(session, login.strip())
    right = passwords.matches(settings, person.password if person else "", password)
    with database.transaction() as session:
        check_open(session, login, visitor, at)
        if person is None or not (right and person.active and _may_open(settings, password)):
            failed(session, settings, login, person, Means.PASSWORD, at=at, visitor=visitor)
            return None
        if passwords.needs_rehash(settings, person.password):
            kept = passwords.hashed(settings, password)
            stored_people.set_password(session, person.id, kept, end_sessions=False)
    return person


def _may_open(settings: Settings, password: str) -> bool:
    """The demo's password is known to everybody, so it opens a demo only."""
    return settings.demo or password != passwords.DEMO_PASSWORD


def check_open(session: Session, login: str, visitor: Visitor, at: datetime) -> None:
    """Raise LockedOut while this account, or this address, has to wait."""
    throttle.check(session, _keys(login, visitor), at)


def _keys(login: str, visitor: Visitor) -> tuple[str, str]:
    return throttle.account(login), throttle.address(visitor.address)


def failed(
    session: Session,
    settings: Settings,
    login: str,
    person: Person | None,
    means: Means,
    *,
    at: datetime,
    visitor: Visitor,
    action: str = "person.sign_in",
) -> None:
    """Count a failure, by account and by address; put it on record where there is such a person."""
    until = throttle.failed(session, throttle.account(login), at)
    throttle.failed(session, throttle.address(visitor.address), at, throttle.PER_ADDRESS)
    if person is None:
        stored_people.count_unknown(session, f"{clock.now(session, settings, at).astimezone(BEIJING):%Y-%m-%d}")
        return
    record(session, settings, person, action, {"means": str(means)}, at=at, visitor=visitor, outcome="refused")
    if until is not None:
        record(session, settings, person, "person.lock", {"until": until.isoformat()}, at=at)
        account_mail.tell(session, settings, person, account_mail.Kind.LOCKED, at=at, until=until)


def record(
    session: Session,
    settings: Settings,
    person: Person,
    action: str,
    data: dict[str, Any],
    *,
    at: datetime,
    visitor: Visitor | None = None,
    outcome: str = "done",
) -> None:
    """Write into the person's stream of sign-ins; the address is personal, and kept apart."""
    stored_people.lock(session, person.id)
    private = {"address": visitor.address, "browser": visitor.browser} if visitor else None
    moment = clock.now(session, settings, at)
    actor = Actor(person.id, person.name)
    entry = trail.Entry(stream(person.id), action, outcome, moment, actor, data, private)
    trail.append(session, [entry])


def by_token(session: Session, token_id: int) -> None:
    """Let every event of this transaction name the access token by which it came, if it came by one."""
    if token_id:
        session.info[TOKEN] = token_id


def stream(person_id: int) -> str:
    """The stream of what somebody did with their own account."""
    return f"person/{person_id}/sign-ins"


# ---- sessions --------------------------------------------------------------------------------------------------------


def begin(
    session: Session, settings: Settings, person: Person, means: Sequence[Means], *, at: datetime, visitor: Visitor
) -> Opened:
    """A sign-in begins, with a token of its own: nothing that the browser held before opens it."""
    token, said = stored.new_token(), "+".join(means)
    missed = throttle.succeeded(session, throttle.account(person.login), at)
    stored.open_new(
        session,
        token,
        person_id=person.id,
        epoch=person.session_epoch,
        means=said,
        address=visitor.address[:64],
        browser=visitor.browser[:80],
        created_at=at,
        seen_at=at,
    )
    record(session, settings, person, "person.sign_in", {"means": said}, at=at, visitor=visitor)
    return Opened(token, missed)


def current(database: Database, settings: Settings, token: str, *, at: datetime) -> tuple[SignIn, Person] | None:
    """The sign-in of a browser's token with its person, as of now; None once it is over.

    It is over when it was ended, when the account is disabled or its sessions were ended, and by age or idleness.
    """
    with database.reading() as session:
        found = stored.by_token(session, token)
        person = stored_people.by_id(session, found.person_id) if found else None
    if found is None or person is None or not person.active or person.session_epoch != found.epoch:
        return None
    oldest, idle = _limits(settings, at)
    if found.created_at <= oldest or found.seen_at <= idle:
        return None
    if at - found.seen_at >= SEEN_EVERY:
        stored.touch(database, found.id, at)
    return found, person


def _limits(settings: Settings, at: datetime) -> tuple[datetime, datetime]:
    return at - timedelta(hours=settings.session_hours), at - timedelta(minutes=settings.idle_minutes)


def everywhere(session: Session, settings: Settings, person: Person, *, at: datetime) -> list[SignIn]:
    """Where a person is signed in, the newest first."""
    return stored.of_person(session, person.id, person.session_epoch, *_limits(settings, at))


def sign_out(session: Session, settings: Settings, person: Person, sign_in_id: int, *, at: datetime) -> None:
    stored.end(session, [sign_in_id], at)
    record(session, settings, person, "person.sign_out", {}, at=at)


def end(session: Session, settings: Settings, person: Person, ids: Sequence[int], *, at: datetime) -> int:
    """End some of a person's own sign-ins; gives how many there were. Those of others are left alone."""
    own = [one.id for one in everywhere(session, settings, person, at=at) if one.id in ids]
    if own:
        stored.end(session, own, at)
        record(session, settings, person, "person.end_session", {"count": len(own)}, at=at)
    return len(own)


# ---- once more -------------------------------------------------------------------------------------------------------


def confirmed(sign_in: SignIn, at: datetime) -> bool:
    """Whether the person proved a short while ago, in this browser, to be who they are."""
    return sign_in.confirmed_at is not None and at - sign_in.confirmed_at < CONFIRMED_FOR


def confirm_by_password(
    database: Database,
    settings: Settings,
    person: Person,
    sign_in_id: int,
    password: str,
    *,
    at: datetime,
    visitor: Visitor,
) -> bool:
    """Take the password as a second proof; a wrong one counts as a failure. Raises LockedOut."""
    with database.reading() as session:
        throttle.look(session, _keys(person.login, visitor), at)
    right = passwords.matches(settings, person.password, password) and _may_open(settings, password)
    with database.transaction() as session:
        by_token(session, visitor.token)
        check_open(session, person.login, visitor, at)
        confirm(session, settings, person, sign_in_id, Means.PASSWORD, right, at=at, visitor=visitor)
    return right


def confirm(
    session: Session,
    settings: Settings,
    person: Person,
    sign_in_id: int,
    means: Means,
    right: bool,
    *,
    at: datetime,
    visitor: Visitor,
) -> None:
    """Note that a second proof was right, or count that it was not."""
    if not right:
        failed(session, settings, person.login, person, means, at=at, visitor=visitor, action="person.confirm")
        return
    throttle.lift(session, throttle.account(person.login))
    stored.confirm(session, sign_in_id, at)
    record(session, settings, person, "person.confirm", {"means": str(means)}, at=at)


# ---- between the password and the second factor ----------------------------------------------------------------------

HALF_WAY = timedelta(minutes=5)


def needs_second(session: Session, person: Person) -> bool:
    """Whether a person has set up a second factor, so that it is asked for."""
    return stored_factors.has_any(session, person.id)


def half_way(session: Session, person: Person, means: Means, going_to: str, *, at: datetime) -> str:
    """Keep that the first factor was right; gives the token under which the second one is awaited."""
    data = {"means": str(means), "next": going_to, "epoch": person.session_epoch}
    return stored.ask(session, "second", person_id=person.id, data=data, at=at, expires_at=at + HALF_WAY)


@dataclass(frozen=True)
class Waiting:
    """Somebody whose first factor was right. `next`: where they were going."""

    person: Person
    means: Means
    next: str


def waiting(session: Session, token: str, *, at: datetime) -> Waiting | None:
    """Who waits under that token; None when it took too long, or the account changed meanwhile."""
    found = stored.asked(session, "second", token, at)
    person = stored_people.by_id(session, found.person_id or 0) if found else None
    if found is None or person is None or not person.active or person.session_epoch != found.data["epoch"]:
        return None
    return Waiting(person, Means.of(found.data["means"]), str(found.data["next"]))


def arrived(session: Session, token: str, *, at: datetime) -> None:
    """The second factor was right: its token has served."""
    stored.take(session, "second", token, at)
