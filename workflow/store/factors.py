"""Rows of second factors: authenticators, passkeys, recovery codes; and of resets and directory links."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete, func, insert, select, update
from sqlalchemy.orm import Session

from workflow.store.models import Authenticator, DirectoryLink, Passkey, PasswordReset, RecoveryCode


def authenticator(session: Session, person_id: int) -> Authenticator | None:
    return session.get(Authenticator, person_id)


def put_authenticator(session: Session, person_id: int, secret: bytes, step: int, at: datetime) -> None:
    """A new one takes the place of an older one."""
    drop_authenticator(session, person_id)
    values = {"person_id": person_id, "secret": secret, "last_step": step, "added_at": at}
    session.execute(insert(Authenticator).values(**values))


def take_step(session: Session, person_id: int, step: int) -> bool:
    """Use up a step of time; False when it, or a later one, was used already."""
    done = session.execute(
        update(Authenticator)
        .where(Authenticator.person_id == person_id, Authenticator.last_step < step)
        .values(last_step=step)
    )
    return _changed(done)


def drop_authenticator(session: Session, person_id: int) -> bool:
    return _changed(session.execute(delete(Authenticator).where(Authenticator.person_id == person_id)))


def passkeys(session: Session, person_id: int) -> list[Passkey]:
    return list(session.scalars(select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.id)))


def passkey(session: Session, credential: str) -> Passkey | None:
    return session.scalar(select(Passkey).where(Passkey.credential == credential).with_for_update())


def put_passkey(session: Session, **values: Any) -> None:
    session.execute(insert(Passkey).values(**values))


def used_passkey(session: Session, passkey_id: int, sign_count: int, at: datetime) -> None:
    session.execute(update(Passkey).where(Passkey.id == passkey_id).values(sign_count=sign_count, used_at=at))


def drop_passkey(session: Session, person_id: int, passkey_id: int) -> str | None:
    """Take one of a person's passkeys away; gives its name, None when there was none."""
    found = session.scalar(select(Passkey).where(Passkey.id == passkey_id, Passkey.person_id == person_id))
    if found is None:
        return None
    session.execute(delete(Passkey).where(Passkey.id == passkey_id))
    return found.name


def recovery_codes(session: Session, person_id: int) -> list[RecoveryCode]:
    """Those that were not used yet."""
    statement = select(RecoveryCode).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return list(session.scalars(statement.order_by(RecoveryCode.id)))


def put_recovery_codes(session: Session, person_id: int, salt: bytes, hashes: list[str]) -> None:
    """New ones take the place of all older ones."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    if hashes:
        session.execute(insert(RecoveryCode), [{"person_id": person_id, "salt": salt, "hashed": one} for one in hashes])


def use_recovery_code(session: Session, code_id: int, at: datetime) -> bool:
    """Use one up; False when somebody was faster."""
    changed = update(RecoveryCode).where(RecoveryCode.id == code_id, RecoveryCode.used_at.is_(None))
    return _changed(session.execute(changed.values(used_at=at)))


def has_any(session: Session, person_id: int) -> bool:
    """Whether a person has a second factor: an authenticator or a passkey."""
    if session.scalar(select(Authenticator.person_id).where(Authenticator.person_id == person_id)) is not None:
        return True
    return bool(session.scalar(select(func.count()).select_from(Passkey).where(Passkey.person_id == person_id)))


def _changed(result: Any) -> bool:
    return isinstance(result, CursorResult) and result.rowcount == 1


# ---- resets ----------------------------------------------------------------------------------------------------------


def ask_reset(session: Session, person_id: int, at: datetime, expires_at: datetime) -> int:
    values = {"person_id": person_id, "asked_at": at, "expires_at": expires_at}
    return int(session.execute(insert(PasswordReset).values(**values).returning(PasswordReset.id)).scalar_one())


def reset(session: Session, reset_id: int) -> PasswordReset | None:
    return session.get(PasswordReset, reset_id)


def reset_by(session: Session, token: str, at: datetime) -> PasswordReset | None:
    """The reset of a link (its digest) that can still be used."""
    statement = select(PasswordReset).where(
        PasswordReset.token == token, PasswordReset.used_at.is_(None), PasswordReset.expires_at > at
    )
    return session.scalar(statement.with_for_update())


def name_reset(session: Session, reset_id: int, token: str) -> None:
    session.execute(update(PasswordReset).where(PasswordReset.id == reset_id).values(token=token))


def end_resets(session: Session, person_id: int, at: datetime) -> None:
    """No link mailed so far works any more."""
    open_ones = update(PasswordReset).where(PasswordReset.person_id == person_id, PasswordReset.used_at.is_(None))
    session.execute(open_ones.values(used_at=at))


# ---- an office's own directory ---------------------------------------------------------------------------------------


def link_of(session: Session, person_id: int, issuer: str) -> DirectoryLink | None:
    found = select(DirectoryLink).where(DirectoryLink.person_id == person_id, DirectoryLink.issuer == issuer)
    return session.scalar(found)


def link_by_subject(session: Session, issuer: str, subject: str) -> DirectoryLink | None:
    found = select(DirectoryLink).where(DirectoryLink.issuer == issuer, DirectoryLink.subject == subject)
    return session.scalar(found.with_for_update())


def links_waiting(session: Session, issuer: str, email: str) -> list[DirectoryLink]:
    """Links entered by e-mail that nobody has used yet."""
    found = select(DirectoryLink).where(
        DirectoryLink.issuer == issuer,
        DirectoryLink.subject.is_(None),
        func.lower(DirectoryLink.email) == email.lower(),
    )
    return list(session.scalars(found.with_for_update()))


def put_link(session: Session, person_id: int, issuer: str, subject: str | None, email: str) -> None:
    """Whom an account is in a directory; what was entered before gives way."""
    drop_link(session, person_id, issuer)
    values = {"person_id": person_id, "issuer": issuer, "subject": subject, "email": email}
    session.execute(insert(DirectoryLink).values(**values))


def drop_link(session: Session, person_id: int, issuer: str) -> None:
    session.execute(delete(DirectoryLink).where(DirectoryLink.person_id == person_id, DirectoryLink.issuer == issuer))


def settle_link(session: Session, link_id: int, subject: str, at: datetime) -> None:
    """From the first sign-in on, the subject counts and the e-mail does not."""
    session.execute(update(DirectoryLink).where(DirectoryLink.id == link_id).values(subject=subject, linked_at=at))
