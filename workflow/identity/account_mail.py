"""Mails to a person about their own account: what happened to it, and the link for a new password."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.words import Labelled
from workflow import mailing
from workflow.documents import mail
from workflow.jobs.queue import enqueue
from workflow.settings import Settings
from workflow.store import factors as stored_factors
from workflow.store import people as stored_people
from workflow.store import sign_in as stored_sign_in
from workflow.store.database import Database
from workflow.store.models import Person


class Kind(Labelled):
    """What a person is told by mail."""

    LOCKED = "locked", "账号因多次登录失败暂停登录", "Signing in was suspended after several failures"
    PASSWORD = "password", "密码已更改", "The password was changed"
    FACTOR_ADDED = "factor_added", "登录方式已增加", "A way to sign in was added"
    FACTOR_REMOVED = "factor_removed", "登录方式已删除", "A way to sign in was removed"
    RECOVERY = "recovery", "用备用码登录", "A recovery code was used"
    TOKEN = "token", "生成了供程序使用的访问令牌", "An access token for programs was made"


def possible(settings: Settings) -> bool:
    """Whether mail can leave at all."""
    return bool(settings.smtp_url and settings.mail_from)


def tell(
    session: Session, settings: Settings, person: Person, kind: Kind, *, at: datetime, until: datetime | None = None
) -> None:
    """Queue a notice, in the causing transaction, where there is a mail server and an address."""
    if not possible(settings) or not person.email:
        return
    key = f"account-mail-{person.id}-{kind}-{at.timestamp():.6f}"
    enqueue(session, "mail_notice", key, person.id, str(kind), at.isoformat(), until.isoformat() if until else "")


def send_notice(database: Database, mailer: mailing.Mailer, person_id: int, kind: str, at: str, until: str) -> str:
    """Send a queued notice, once. Raises MailRefused."""
    mailer.check()
    with database.reading() as session:
        person = stored_people.by_id(session, person_id)
    if person is None or not person.email:
        return "no address"
    what = Kind.of(kind).label
    body = [
        f"{person.name}，您好！",
        "",
        f"您的账号“{person.login}”：{what.zh}（北京时间 {_moment(at)}）。",
        *([f"可登录时间：北京时间 {_moment(until)} 之后；也可请管理员解除，或重设密码。"] if until else []),
        "如果不是您本人所为，请立即联系管理员。",
        "",
        f"Your account “{person.login}”: {what.en} ({_moment(at)} Beijing time).",
        *([f"You can sign in again after {_moment(until)}."] if until else []),
        "If it was not you, tell the administrator at once.",
        "",
    ]
    return _send(mailer, person, f"征集系统：{what.zh}", body, f"{kind}-{person_id}-{at}", datetime.fromisoformat(at))


def send_reset(database: Database, settings: Settings, mailer: mailing.Mailer, reset_id: int, *, at: datetime) -> str:
    """Make the link of a queued reset and mail it. Raises MailRefused."""
    made = _link(database, settings, mailer, reset_id, at)
    if isinstance(made, str):
        return made
    person, link, until = made
    body = [
        f"{person.name}，您好！",
        "",
        f"有人为您的账号“{person.login}”申请重设密码。请在北京时间 {until} 之前打开下面的地址（只能用一次）：",
        "",
        link,
        "",
        "如果不是您本人申请，不必理会，密码不会改变。",
        "",
        f"A new password was asked for your account “{person.login}”. Open the address above before",
        f"{until} (Beijing time); it works once. If it was not you, ignore this mail.",
        "",
    ]
    return _send(mailer, person, "征集系统：重设密码", body, f"reset-{reset_id}", at)


def send_invitation(
    database: Database, settings: Settings, mailer: mailing.Mailer, reset_id: int, *, at: datetime
) -> str:
    """Make the link by which somebody new chooses a password, and mail it. Raises MailRefused."""
    made = _link(database, settings, mailer, reset_id, at)
    if isinstance(made, str):
        return made
    person, link, until = made
    body = [
        f"{person.name}，您好！",
        "",
        "管理员已为您在优秀案例征集系统建立账号：",
        "",
        f"    登录名：{person.login}",
        "",
        f"请在北京时间 {until} 之前打开下面的地址设置密码（只能用一次）：",
        "",
        link,
        "",
        f"以后从 {settings.base_url.rstrip('/')}/ 登录。地址过期的，请在登录页点“忘记密码”，或请管理员重设。",
        "",
        f"An account was made for you in the system that calls for excellent cases. Your login is {person.login}.",
        f"Choose a password at the address above before {until} (Beijing time); it works once.",
        "",
    ]
    return _send(mailer, person, "征集系统：请设置密码", body, f"invitation-{reset_id}", at)


def _link(
    database: Database, settings: Settings, mailer: mailing.Mailer, reset_id: int, at: datetime
) -> tuple[Person, str, str] | str:
    """Whom to mail, the link to choose a password by, and until when; or why nothing is mailed.

    The token is made here, so that it stands in no queue and no log: the database holds its digest only. A mail that
    has to be sent once more gets another link, and the earlier one ends.
    """
    mailer.check()
    token = stored_sign_in.new_token()
    with database.transaction() as session:
        asked = stored_factors.reset(session, reset_id)
        if asked is None or asked.used_at is not None or asked.expires_at <= at:
            return "too late"
        person = stored_people.by_id(session, asked.person_id)
        if person is None or not person.active or not person.email:
            return "no address"
        stored_factors.name_reset(session, reset_id, stored_sign_in.digest(token))
        until = asked.expires_at.isoformat()
    return person, f"{settings.base_url.rstrip('/')}/reset/{token}", _moment(until)


def _moment(written: str) -> str:
    return f"{datetime.fromisoformat(written).astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _send(mailer: mailing.Mailer, person: Person, subject: str, body: list[str], key: str, at: datetime) -> str:
    message_id = f"<account-{hashlib.sha256(key.encode()).hexdigest()[:32]}@zhengji>"
    message = mail.compose(
        sender=mailer.sender,
        to=person.email,
        subject=subject,
        body="\n".join(body),
        attachments=[],
        message_id=message_id,
        at=at,
    )
    return mailer.send(message)
