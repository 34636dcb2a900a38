"""An office's own directory (OpenID Connect): who somebody there is here. No account is made from there."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from rules.words import Text
from states.reach import Actor
from workflow.engine import CannotServe
from workflow.identity import sign_in
from workflow.identity.people import WrongPerson
from workflow.identity.sign_in import Visitor
from workflow.settings import Settings
from workflow.store import factors as stored
from workflow.store import people as stored_people
from workflow.store import sign_in as stored_sign_in
from workflow.store import trail
from workflow.store.models import DirectoryLink, Person


class WrongDirectory(CannotServe):
    """The settings name a directory that cannot be trusted: the program does not start with it."""


def configured(settings: Settings) -> bool:
    """Whether a directory is set. Raises WrongDirectory for one without TLS, or without our name there."""
    if not settings.oidc_issuer:
        return False
    address = urlsplit(settings.oidc_issuer)
    if address.scheme != "https" and not _this_machine(address.hostname or ""):
        raise WrongDirectory(
            Text("ZHENGJI_OIDC_ISSUER 须以 https:// 开头。", "ZHENGJI_OIDC_ISSUER must begin with https://.")
        )
    if not settings.oidc_client_id or not settings.oidc_client_secret:
        raise WrongDirectory(
            Text(
                "设置了 ZHENGJI_OIDC_ISSUER，还要设置 ZHENGJI_OIDC_CLIENT_ID 和 ZHENGJI_OIDC_CLIENT_SECRET。",
                "With ZHENGJI_OIDC_ISSUER, set ZHENGJI_OIDC_CLIENT_ID and ZHENGJI_OIDC_CLIENT_SECRET as well.",
            )
        )
    return True


def _this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def person_of(
    session: Session, settings: Settings, claims: Mapping[str, Any], *, at: datetime, visitor: Visitor
) -> Person | None:
    """The active person whom checked claims are about; None for everybody who was not entered here.

    The subject decides. Only while an entry was never used does a verified e-mail address, and then the subject is
    kept: whoever gets that address later is somebody else.
    """
    subject, email = str(claims.get("sub", "")), str(claims.get("email", ""))
    link = stored.link_by_subject(session, settings.oidc_issuer, subject) if subject else None
    if link is None and subject and email and claims.get("email_verified") is True:
        waiting = stored.links_waiting(session, settings.oidc_issuer, email)
        link = waiting[0] if len(waiting) == 1 else None
    person = stored_people.by_id(session, link.person_id) if link else None
    if link is None or person is None or not person.active:
        return None
    if link.linked_at is None:
        stored.settle_link(session, link.id, subject, at)
        data = {"issuer": settings.oidc_issuer}
        sign_in.record(session, settings, person, "person.join_directory", data, at=at, visitor=visitor)
    return person


def link_of(session: Session, settings: Settings, person_id: int) -> DirectoryLink | None:
    """Whom an account is in the directory, where an administrator entered it."""
    return stored.link_of(session, person_id, settings.oidc_issuer) if settings.oidc_issuer else None


def enter(
    session: Session, settings: Settings, person_id: int, subject: str, email: str, *, actor: Actor, at: datetime
) -> None:
    """Say whom an account is in the directory, by subject or by e-mail; both empty: nobody. Raises WrongPerson."""
    subject, email = subject.strip(), email.strip()
    if len(subject) > 255 or len(email) > 200:
        raise WrongPerson(
            Text("标识最多 255 个字符，邮箱最多 200 个。", "A subject has at most 255 characters, an e-mail 200.")
        )
    other = stored.link_by_subject(session, settings.oidc_issuer, subject) if subject else None
    others = (
        [other] if other else [] if subject or not email else stored.links_waiting(session, settings.oidc_issuer, email)
    )
    if any(one.person_id != person_id for one in others):
        raise WrongPerson(
            Text("这个标识或邮箱已登记在另一个账号上。", "This subject or address belongs to another account.")
        )
    if subject or email:
        stored.put_link(session, person_id, settings.oidc_issuer, subject or None, email)
    else:
        stored.drop_link(session, person_id, settings.oidc_issuer)
    stored_people.lock(session, person_id)
    data = {"issuer": settings.oidc_issuer, "by": "subject" if subject else "email" if email else ""}
    entry = trail.Entry(
        f"person/{person_id}", "person.enter_directory", "done", at, actor, data, {"subject": subject, "email": email}
    )
    trail.append(session, [entry])


# ---- between going there and coming back -----------------------------------------------------------------------------

AWAY = timedelta(minutes=10)


def keep(session: Session, key: str, value: str, *, at: datetime) -> None:
    """Keep what must be known when somebody comes back."""
    stored_sign_in.keep(session, "directory", key, {"value": value}, at=at, expires_at=at + AWAY)


def kept(session: Session, key: str, *, at: datetime) -> str | None:
    """What was kept; None once it was taken, or too old."""
    found = stored_sign_in.asked(session, "directory", key, at)
    return str(found.data["value"]) if found else None


def taken(session: Session, key: str, *, at: datetime) -> None:
    stored_sign_in.take(session, "directory", key, at)
