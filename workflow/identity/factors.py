"""What proves a person besides the password: codes of an app, passkeys, and recovery codes on paper."""

from __future__ import annotations

import hmac
import ipaddress
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pyotp
from argon2.low_level import Type, hash_secret_raw
from sqlalchemy.orm import Session

from rules.words import Text
from workflow.engine import WrongInput
from workflow.identity import account_mail, sign_in
from workflow.identity.secret_key import locker
from workflow.identity.sign_in import Means
from workflow.settings import Settings
from workflow.store import factors as stored
from workflow.store import people as stored_people
from workflow.store import sign_in as stored_sign_in
from workflow.store.database import Database
from workflow.store.models import Passkey, Person

if TYPE_CHECKING:
    from workflow.identity import passkeys  # a large library, so functions load it with the first passkey

STEP = 30
"""Seconds for which an app shows a code; the one before and the one after are taken too (RFC 6238, 5.2)."""
CODES = 10
ASKED_FOR = timedelta(minutes=10)
"""How long one may take over an answer of the authenticator or the passkey."""
ISSUER = "Zhengji"
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


class WrongFactor(WrongInput):
    """An answer that does not prove anything, or came too late (422)."""


@dataclass(frozen=True)
class Factors:
    """What a person has set up. `codes`: recovery codes left."""

    authenticator: datetime | None
    passkeys: Sequence[Passkey]
    codes: int

    @property
    def any(self) -> bool:
        return self.authenticator is not None or bool(self.passkeys)


def of_person(session: Session, person_id: int) -> Factors:
    app = stored.authenticator(session, person_id)
    return Factors(
        app.added_at if app else None,
        stored.passkeys(session, person_id),
        len(stored.recovery_codes(session, person_id)),
    )


# ---- codes of an app -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Enrolment:
    """An authenticator on its way. `secret` in groups to type; `picture`: the QR code as a data URL."""

    token: str
    secret: str
    picture: str


def enrol(session: Session, settings: Settings, person: Person, *, at: datetime) -> Enrolment:
    """A new secret for a person's app; it counts once a code of it was typed."""
    secret = pyotp.random_base32()
    data = {"secret": locker(settings, "authenticator").encrypt(secret.encode()).decode()}
    token = stored_sign_in.ask(session, "enrol", person_id=person.id, data=data, at=at, expires_at=at + ASKED_FOR)
    return _enrolment(token, secret, person)


def _enrolment(token: str, secret: str, person: Person) -> Enrolment:
    address = pyotp.TOTP(secret).provisioning_uri(name=person.login, issuer_name=ISSUER)
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    import segno

    return Enrolment(token, groups, segno.make(address, error="m").png_data_uri(scale=5, border=4))


def still_enrolling(session: Session, settings: Settings, person: Person, token: str, *, at: datetime) -> Enrolment:
    """The same once more, after a wrong code. Raises WrongFactor when it is too late."""
    found = stored_sign_in.asked(session, "enrol", token, at)
    if found is None or found.person_id != person.id:
        raise WrongFactor(_TOO_LATE)
    return _enrolment(token, _opened(settings, found.data["secret"].encode()), person)


def finish_enrolment(
    session: Session, settings: Settings, person: Person, token: str, code: str, *, at: datetime
) -> bool:
    """Take the app when its code is right; False when it is not. Raises WrongFactor when it is too late."""
    found = stored_sign_in.asked(session, "enrol", token, at)
    if found is None or found.person_id != person.id:
        raise WrongFactor(_TOO_LATE)
    step = _step_of(_opened(settings, found.data["secret"].encode()), code, at)
    if step is None:
        return False
    stored_sign_in.take(session, "enrol", token, at)
    stored.put_authenticator(session, person.id, found.data["secret"].encode(), step, at)
    _added(session, settings, person, Means.CODE, "", at)
    return True


def _opened(settings: Settings, secret: bytes) -> str:
    """The secret itself; "" when the installation's key is another by now, so that no code fits."""
    from cryptography.fernet import InvalidToken

    try:
        return locker(settings, "authenticator").decrypt(secret).decode()
    except InvalidToken:
        return ""


def _step_of(secret: str, code: str, at: datetime) -> int | None:
    """The step of time whose code this is, within one step of now."""
    now = int(at.timestamp()) // STEP
    typed = "".join(sign for sign in code if sign.isdigit())
    if not secret or not typed.isascii():
        return None
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(pyotp.TOTP(secret).at(step * STEP), typed):
            return step
    return None


def code_right(session: Session, settings: Settings, person_id: int, code: str, *, at: datetime) -> bool:
    """Whether a code is one that the person's app shows now; each is taken once."""
    app = stored.authenticator(session, person_id)
    step = _step_of(_opened(settings, app.secret), code, at) if app else None
    return step is not None and stored.take_step(session, person_id, step)


def remove_authenticator(session: Session, settings: Settings, person: Person, *, at: datetime) -> None:
    if stored.drop_authenticator(session, person.id):
        _removed(session, settings, person, Means.CODE, "", at)


# ---- recovery codes --------------------------------------------------------------------------------------------------


def new_recovery_codes(database: Database, settings: Settings, person: Person, *, at: datetime) -> list[str]:
    """Ten codes to be kept on paper, shown this once; those before no longer count."""
    salt = secrets.token_bytes(16)
    codes = ["-".join("".join(secrets.choice(_SIGNS) for _ in range(5)) for _ in range(2)) for _ in range(CODES)]
    hashes = [_slow(settings, salt, code) for code in codes]
    with database.transaction() as session:
        stored.put_recovery_codes(session, person.id, salt, hashes)
        sign_in.record(session, settings, person, "person.make_codes", {"count": CODES}, at=at)
    return codes


def _slow(settings: Settings, salt: bytes, code: str) -> str:
    plain = "".join(sign for sign in code.casefold() if sign.isalnum()).encode()
    raw = hash_secret_raw(plain, salt, settings.argon2_time, settings.argon2_memory, 1, 32, Type.ID)
    return raw.hex()


def answer(database: Database, settings: Settings, person: Person, typed: str) -> tuple[str, int | None]:
    """What was typed as a second factor, looked at where it may take time: as it is, and which recovery code it is."""
    with database.reading() as session:
        left = stored.recovery_codes(session, person.id)
    if typed.strip().isdigit() and len(typed.strip()) <= 8:
        return typed, None
    salt = left[0].salt if left else bytes(16)
    slow = _slow(settings, salt, typed[:40])
    return typed, next((one.id for one in left if hmac.compare_digest(one.hashed, slow)), None)


def answer_right(
    session: Session, settings: Settings, person: Person, answered: tuple[str, int | None], *, at: datetime
) -> Means | None:
    """By what an answer proves the person: a code of the app, or a recovery code, which is used up."""
    typed, code = answered
    if code is not None and stored.use_recovery_code(session, code, at):
        left = len(stored.recovery_codes(session, person.id))
        sign_in.record(session, settings, person, "person.use_recovery_code", {"left": left}, at=at)
        account_mail.tell(session, settings, person, account_mail.Kind.RECOVERY, at=at)
        return Means.RECOVERY
    return Means.CODE if code_right(session, settings, person.id, typed, at=at) else None


# ---- passkeys --------------------------------------------------------------------------------------------------------


def passkeys_possible(settings: Settings) -> bool:
    """Whether browsers give passkeys to this address: it needs a name, and TLS unless it is this machine."""
    address = urlsplit(settings.base_url)
    try:
        ipaddress.ip_address(address.hostname or "")
        return False
    except ValueError:
        return address.scheme == "https" or address.hostname == "localhost"


def _place(settings: Settings) -> passkeys.Place:
    from workflow.identity import passkeys

    address = urlsplit(settings.base_url)
    return passkeys.Place(address.hostname or "", f"{address.scheme}://{address.netloc}")


def passkey_wanted(session: Session, settings: Settings, person: Person, *, at: datetime) -> dict[str, Any]:
    """What the browser needs to make a passkey: `token` to come back with, and `options`."""
    from workflow.identity import passkeys

    challenge = secrets.token_bytes(32)
    options = passkeys.to_make(_place(settings), person, stored.passkeys(session, person.id), challenge)
    return _asked(session, "passkey.new", person.id, challenge, options, at)


def _asked(
    session: Session, kind: str, person_id: int | None, challenge: bytes, options: str, at: datetime
) -> dict[str, Any]:
    token = stored_sign_in.ask(
        session, kind, person_id=person_id, data={"challenge": challenge.hex()}, at=at, expires_at=at + ASKED_FOR
    )
    return {"token": token, "options": json.loads(options)}


def add_passkey(
    session: Session, settings: Settings, person: Person, answered: str, name: str, *, at: datetime
) -> None:
    """Take a passkey that a browser made, under the name that the person gives it. Raises WrongFactor."""
    from workflow.identity import passkeys

    token, credential = _parts(answered)
    found = stored_sign_in.take(session, "passkey.new", token, at)
    if found is None or found.person_id != person.id:
        raise WrongFactor(_TOO_LATE)
    made = passkeys.made(_place(settings), credential, bytes.fromhex(found.data["challenge"]))
    if made is None:
        raise WrongFactor(_NOT_TAKEN)
    identity, public_key, uses = made
    if len(identity) > 1400 or stored.passkey(session, identity) is not None:
        raise WrongFactor(_NOT_TAKEN)
    called = name.strip()[:60] or "通行密钥"
    ways = credential.get("response", {}).get("transports", [])
    stored.put_passkey(
        session,
        person_id=person.id,
        credential=identity,
        public_key=public_key,
        sign_count=uses,
        transports=[str(one)[:20] for one in ways[:8]] if isinstance(ways, list) else [],
        name=called,
        added_at=at,
    )
    _added(session, settings, person, Means.PASSKEY, called, at)


def passkey_asked(session: Session, settings: Settings, person: Person | None, *, at: datetime) -> dict[str, Any]:
    """What the browser needs to answer with a passkey. Without a person it may be anybody's, and must know its owner."""
    from workflow.identity import passkeys

    challenge = secrets.token_bytes(32)
    known = stored.passkeys(session, person.id) if person else None
    options = passkeys.to_prove(_place(settings), known, challenge)
    return _asked(session, "passkey", person.id if person else None, challenge, options, at)


def passkey_right(
    session: Session, settings: Settings, answered: str, *, at: datetime, person: Person | None = None
) -> int | None:
    """Whose passkey answered what was asked; None when nobody's, or not that person's. Each question is answered once."""
    from workflow.identity import passkeys

    try:
        token, credential = _parts(answered)
    except WrongFactor:
        return None
    asked = stored_sign_in.take(session, "passkey", token, at)
    key = stored.passkey(session, str(credential.get("id", ""))[:1400])
    if asked is None or key is None or asked.person_id != (person.id if person else None):
        return None
    if person is not None and key.person_id != person.id:
        return None
    challenge = bytes.fromhex(asked.data["challenge"])
    uses = passkeys.proved(_place(settings), credential, challenge, key, knows_its_owner=person is None)
    if uses is None:
        return None
    stored.used_passkey(session, key.id, uses, at)
    return key.person_id


def _parts(answered: str) -> tuple[str, dict[str, Any]]:
    """(token, credential) of what a browser sent. Raises WrongFactor for what is no such thing."""
    try:
        said = json.loads(answered)
        return str(said["token"]), dict(said["credential"])
    except (ValueError, TypeError, KeyError, RecursionError) as wrong:
        raise WrongFactor(_NOT_TAKEN) from wrong


def remove_passkey(session: Session, settings: Settings, person: Person, passkey_id: int, *, at: datetime) -> None:
    name = stored.drop_passkey(session, person.id, passkey_id)
    if name is not None:
        _removed(session, settings, person, Means.PASSKEY, name, at)


_TOO_LATE = Text("等候太久，已经失效，请重新开始。", "That took too long and no longer counts; begin again.")
_NOT_TAKEN = Text("这个通行密钥没有登记成功，请再试一次。", "This passkey was not taken; try once more.")


# ---- on record -------------------------------------------------------------------------------------------------------


def _added(session: Session, settings: Settings, person: Person, means: Means, name: str, at: datetime) -> None:
    sign_in.record(session, settings, person, "person.add_factor", {"means": str(means), "name": name}, at=at)
    account_mail.tell(session, settings, person, account_mail.Kind.FACTOR_ADDED, at=at)


def _removed(session: Session, settings: Settings, person: Person, means: Means, name: str, at: datetime) -> None:
    if not stored.has_any(session, person.id):
        stored.put_recovery_codes(session, person.id, b"", [])
    sign_in.record(session, settings, person, "person.remove_factor", {"means": str(means), "name": name}, at=at)
    account_mail.tell(session, settings, person, account_mail.Kind.FACTOR_REMOVED, at=at)


def clear(session: Session, person_id: int) -> None:
    """Take away everything that a person had set up, when an administrator says so; every sign-in ends."""
    stored.drop_authenticator(session, person_id)
    for one in stored.passkeys(session, person_id):
        stored.drop_passkey(session, person_id, one.id)
    stored.put_recovery_codes(session, person_id, b"", [])
    stored_people.end_sessions(session, person_id)
