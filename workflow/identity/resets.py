"""A forgotten password: a link by mail, and a new password by that link. A second factor is still asked for."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rules.words import Text
from workflow.engine import WrongInput
from workflow.identity import account_mail, passwords, sign_in, throttle
from workflow.identity.sign_in import Visitor
from workflow.jobs.queue import enqueue
from workflow.settings import Settings
from workflow.store import factors as stored
from workflow.store import people as stored_people
from workflow.store import sign_in as stored_sign_in
from workflow.store.database import Database
from workflow.store.models import PasswordReset, Person

VALID = timedelta(minutes=30)
PER_NAME, PER_ADDRESS = 3, 10
"""How often within the throttle's window one may ask, for one name and from one address."""


class NoSuchReset(WrongInput):
    """The link was used, is too old, or never was (422)."""


def ask(session: Session, settings: Settings, typed: str, *, at: datetime, visitor: Visitor) -> None:
    """Somebody asks for a new password, by login or e-mail. Whether anybody is meant shows nowhere. Raises LockedOut."""
    address, name = (_key("reset from", visitor.address), _key("reset of", typed.strip().casefold()))
    throttle.check(session, (address,), at)
    throttle.failed(session, address, at, PER_ADDRESS)
    try:
        throttle.check(session, (name,), at)
    except throttle.LockedOut:
        return  # asked often enough; saying so here would tell nothing wrong, but would stand out
    throttle.failed(session, name, at, PER_NAME)
    found = stored_people.to_mail(session, typed.strip())
    for person in found:
        stored.end_resets(session, person.id, at)
        made = stored.ask_reset(session, person.id, at, at + VALID)
        sign_in.record(session, settings, person, "person.ask_reset", {}, at=at, visitor=visitor)
        enqueue(session, "mail_reset", f"mail-reset-{made}", made)
    if not found:  # the same work for nobody, so that the time it takes tells nothing either
        enqueue(session, "mail_reset", f"mail-reset-{stored_sign_in.new_token()}", 0)


def _key(what: str, said: str) -> str:
    return hashlib.sha256(f"{what}:{said}".encode("utf-8", "replace")).hexdigest()


def meant(session: Session, token: str, *, at: datetime) -> tuple[PasswordReset, Person]:
    """The reset of a link, and whose it is. Raises NoSuchReset."""
    found = stored.reset_by(session, stored_sign_in.digest(token), at)
    person = stored_people.by_id(session, found.person_id) if found else None
    if found is None or person is None or not person.active:
        raise NoSuchReset(
            Text(
                "这个地址已经用过或已经失效。请重新申请，或请管理员重设密码。",
                "This address was used or is too old. Ask for another, or ask the administrator.",
            )
        )
    return found, person


def use(database: Database, settings: Settings, token: str, password: str, *, at: datetime) -> None:
    """Set a new password by a link, once; every session ends. Raises NoSuchReset, WrongPassword."""
    with database.reading() as session:
        _, person = meant(session, token, at=at)
    passwords.check(password, login=person.login, name=person.name)
    kept = passwords.hashed(settings, password)
    with database.transaction() as session:
        throttle.lift(session, throttle.account(person.login))
        _, person = meant(session, token, at=at)
        stored_people.set_password(session, person.id, kept, end_sessions=True)
        stored.end_resets(session, person.id, at)
        sign_in.record(session, settings, person, "person.reset_password", {}, at=at)
        account_mail.tell(session, settings, person, account_mail.Kind.PASSWORD, at=at)
