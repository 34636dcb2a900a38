"""Tokens with which programs do a person's work: made and ended by the person, never more than the person may."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rules.words import Text
from workflow.engine import NotKnown, NotPermitted, WrongInput
from workflow.identity import account_mail, sign_in, throttle
from workflow.identity.scopes import Scope as Scope  # the word of tokens, known before anything else of them
from workflow.settings import Settings
from workflow.store import people as stored_people
from workflow.store import tokens as stored
from workflow.store.database import Database
from workflow.store.models import AccessToken, ApiAnswer, Person
from workflow.store.sign_in import new_token

PREFIX = "zj_"
"""What every token begins with, so that one that went astray is recognised."""
MOST = 20
"""Tokens that one person may have at a time."""
DAYS = (7, 30, 90, 365)
"""For how long a token may be made."""
LONGEST_NAME = 40
USED_EVERY = timedelta(minutes=1)


class WrongToken(WrongInput):
    """A token cannot be made as asked for (422)."""


class NotLetIn(NotKnown):
    """The request brings no token, or one that opens nothing (401)."""


class ScopeMissing(NotPermitted):
    """The token was not made for this (403)."""


NO_TOKEN = Text(
    "请求没有带访问令牌。请在请求头写明“Authorization: Bearer 令牌”；令牌在“我的账号”里生成。",
    "The request brings no access token. Send “Authorization: Bearer TOKEN”; make one under “My account”.",
)
_OVER = Text(
    "这个访问令牌不能用：写错了、已停用、已到期，或者账号已停用、密码已更改。请在“我的账号”里重新生成。",
    "This access token opens nothing: mistyped, ended or expired, or the account was disabled or its password changed. "
    "Make a new one under “My account”.",
)


def make(
    session: Session,
    settings: Settings,
    person: Person,
    *,
    name: str,
    scopes: Collection[str],
    days: int,
    at: datetime,
    visitor: sign_in.Visitor,
) -> str:
    """A new token; it is given out here and never again. `at`: the real time. Raises WrongToken."""
    name, wanted = " ".join(name.split()), _scopes(scopes)
    if not name or len(name) > LONGEST_NAME:
        raise WrongToken(
            Text(
                f"请给令牌起个名字，最多 {LONGEST_NAME} 个字。",
                f"Name the token, in {LONGEST_NAME} characters at most.",
            )
        )
    if days not in DAYS:
        raise WrongToken(Text("请从列表里选择有效期。", "Choose one of the listed periods."))
    stored_people.lock(session, person.id)
    if len(of_person(session, person, at=at)) >= MOST:
        raise WrongToken(
            Text(f"最多同时有 {MOST} 个令牌。请先停用不再用的。", f"At most {MOST} tokens at a time; end one first.")
        )
    token = PREFIX + new_token()
    until = at + timedelta(days=days)
    made = stored.add(
        session,
        token,
        person_id=person.id,
        epoch=person.session_epoch,
        name=name,
        scopes=wanted,
        created_at=at,
        expires_at=until,
    )
    data = {"token": made, "name": name, "scopes": wanted, "expires_at": until.isoformat()}
    sign_in.record(session, settings, person, "person.make_token", data, at=at, visitor=visitor)
    account_mail.tell(session, settings, person, account_mail.Kind.TOKEN, at=at)
    return token


def _scopes(wanted: Collection[str]) -> list[str]:
    """Whoever acts reads as well; what is grave is acted on."""
    chosen = {one for one in Scope if str(one) in wanted} | {Scope.READ}
    if Scope.GRAVE in chosen:
        chosen.add(Scope.ACT)
    return [str(one) for one in Scope if one in chosen]


def of_person(session: Session, person: Person, *, at: datetime) -> list[AccessToken]:
    """A person's tokens that still open anything, the newest first."""
    return stored.of_person(session, person.id, person.session_epoch, at)


def end(session: Session, settings: Settings, person: Person, token_id: int, *, at: datetime) -> bool:
    """End one of a person's own tokens, with its next request; False when there is none of that number."""
    found = next((one for one in of_person(session, person, at=at) if one.id == token_id), None)
    if found is None:
        return False
    stored.end(session, token_id, at)
    data = {"token": token_id, "name": found.name}
    sign_in.record(session, settings, person, "person.end_token", data, at=at)
    return True


# ---- using it --------------------------------------------------------------------------------------------------------


def current(database: Database, token: str, *, at: datetime) -> tuple[AccessToken, Person] | None:
    """A token with its person, as of now; None once it is over. It is over as sign-ins are: see `sign_in.current`."""
    with database.reading() as session:
        found = stored.by_token(session, token)
        person = stored_people.by_id(session, found.person_id) if found else None
    if found is None or person is None or not person.active or person.session_epoch != found.epoch:
        return None
    if found.ended_at is not None or found.expires_at <= at:
        return None
    if found.used_at is None or at - found.used_at >= USED_EVERY:
        stored.touch(database, found.id, at)
    return found, person


def refuse(database: Database, token: str, *, at: datetime, visitor: sign_in.Visitor) -> NotLetIn:
    """What to say of a token that opens nothing. One that was never made counts as a guess. Raises LockedOut."""
    if not token:
        return NotLetIn(NO_TOKEN)
    with database.reading() as session:
        known = stored.by_token(session, token) is not None
    if not known:
        with database.transaction() as session:
            address = throttle.programs(visitor.address)
            throttle.check(session, (address,), at)
            throttle.failed(session, address, at, throttle.PER_ADDRESS)
    return NotLetIn(_OVER)


def check(scopes: Collection[str], scope: Scope) -> None:
    """Raise ScopeMissing when a token was not made for this."""
    if str(scope) not in scopes:
        raise ScopeMissing(
            Text(
                f"这个访问令牌没有“{scope.label.zh}”的权限。请生成一个有此权限的令牌。",
                f"This access token was not made to “{scope.label.en}”. Make one that was.",
            )
        )


# ---- the same request twice ------------------------------------------------------------------------------------------

REMEMBERED = timedelta(days=7)
"""How long an answer is given again under its key. That the key is taken is remembered for good: the trail has what was
done under it, and would give it for what another request asks."""
KEPT = timedelta(days=30)
"""How long the row of a token is kept once it is over."""


class OtherRequest(WrongInput):
    """The idempotency key belongs to another request, or to one whose answer is no longer kept (422)."""


@dataclass(frozen=True)
class Answered:
    """What a request came to: its status, and its JSON."""

    status: int
    answer: str


def answered(session: Session, person_id: int, key: str, asked: bytes, *, at: datetime) -> Answered | None:
    """What the same request was answered before, or None where the key is free. Only looks. Raises OtherRequest."""
    found = stored.answer(session, person_id, key)
    return _given_before(found, _digest(asked), at) if found else None


def earlier(session: Session, person_id: int, key: str, asked: bytes, *, at: datetime) -> Answered | None:
    """What the same request was answered before, or None where it is new and now has the key. Raises OtherRequest."""
    found = stored.ask(session, person_id, key, _digest(asked), at)
    return _given_before(found, _digest(asked), at) if found else None


def _digest(asked: bytes) -> str:
    return hashlib.sha256(asked).hexdigest()


def _given_before(found: ApiAnswer, digest: str, at: datetime) -> Answered:
    if found.asked != digest:
        raise OtherRequest(
            Text(
                "这个 Idempotency-Key 已用于另一个请求。新的请求请换一个新的键。",
                "This Idempotency-Key belongs to another request; use a new one for a new request.",
            )
        )
    if not found.answer or found.at < at - REMEMBERED:
        raise OtherRequest(
            Text(
                f"用这个 Idempotency-Key 的请求早已处理，答复只保存 {REMEMBERED.days} 天，结果请看留痕。新的请求请换一个新的键。",
                f"A request under this Idempotency-Key was dealt with before; its answer was kept for {REMEMBERED.days} "
                "days, and the history says what it came to. Use a new key for a new request.",
            )
        )
    return Answered(found.status, found.answer)


def remember(session: Session, person_id: int, key: str, answered: Answered) -> None:
    stored.answered(session, person_id, key, answered.status, answered.answer)


def forget(database: Database, *, at: datetime) -> tuple[int, int]:
    """Forget what is no longer of use: (answers, tokens)."""
    with database.transaction() as session:
        return stored.forget(session, at - REMEMBERED), stored.drop(session, at - KEPT)
