"""Handing mail to an SMTP server, once per Message-ID."""

from __future__ import annotations

import email
import hashlib
import smtplib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import getaddresses
from urllib.parse import unquote, urlparse

from rules.words import Text
from workflow.failpoints import reached
from workflow.failure import Failure
from workflow.personal import masked_email
from workflow.store import mail as stored
from workflow.store.database import Database

TIMEOUT = 60
"""Seconds to wait for the mail server."""


class MailRefused(Failure):
    """The mail server was not reached or did not take it, with what it said."""

    @property
    def perhaps(self) -> bool:
        """Whether it may have gone out all the same; nobody can tell."""
        return self.code == SILENT


class TooLarge(MailRefused):
    """The mail is larger than its server, or the setting, takes. `most`: bytes that it takes."""

    def __init__(self, most: int, size: int) -> None:
        super().__init__(TOO_LARGE, _WHY[TOO_LARGE], f"{size} > {most} bytes", lasting=True)
        self.most = most


class MailNotConfigured(MailRefused):
    """No mail server or no sender is set: ZHENGJI_SMTP_URL or ZHENGJI_MAIL_FROM is empty."""


AWAY = "mail_away"
SILENT = "mail_silent"
LOGIN = "mail_login"
UNSAFE = "mail_unsafe"
LATER = "mail_later"
REFUSED = "mail_refused"
TOO_LARGE = "mail_too_large"
OF_THE_SERVER = (AWAY, SILENT, LOGIN, UNSAFE)
"""Kinds of trouble that every mail meets."""

_WHY = {
    AWAY: Text(
        "连接不上邮件服务器，或它没有及时回应。", "The mail server could not be reached, or did not answer in time."
    ),
    SILENT: Text(
        "邮件已经传给邮件服务器，但没有等到它答复，可能已经寄出。",
        "The mail was handed to its server, which did not answer; it may have gone out.",
    ),
    LOGIN: Text(
        "邮件服务器不认登录名或密码。请管理员核对 ZHENGJI_SMTP_URL。",
        "The mail server does not know the login or password; the administrator should check ZHENGJI_SMTP_URL.",
    ),
    UNSAFE: Text(
        "与邮件服务器之间不能建立可信的加密连接，没有寄出。请管理员核对服务器的证书。",
        "No trusted encrypted connection to the mail server could be made, so nothing was sent; the administrator should"
        " check its certificate.",
    ),
    LATER: Text("邮件服务器暂时不收，会再试。", "The mail server does not take it for now; it is tried again."),
    TOO_LARGE: Text(
        "邮件超过邮件服务器允许的大小。请压缩扫描件，或下载 .eml 另行报送。",
        "The mail is larger than the mail server takes. Compress the scans, or download the .eml and send it otherwise.",
    ),
    REFUSED: Text(
        "邮件服务器拒收。请核对收件地址、发件人和附件大小，改好后再重试。",
        "The mail server refused it. Check the addresses, the sender and the size, and retry when that is mended.",
    ),
}


@dataclass(frozen=True)
class Mailer:
    """A mail server: `smtp://[user:password@]host:port`, `smtp+starttls://…` or `smtps://…`."""

    url: str
    sender: str
    database: Database
    most: int = 0
    """Bytes of one mail by the setting, 0 without end; what the server says (SIZE, RFC 1870) counts besides."""

    @property
    def configured(self) -> bool:
        return bool(self.url and self.sender)

    def check(self) -> None:
        """Raise MailNotConfigured, naming the setting, when no mail can leave."""
        if not self.configured:
            name = "ZHENGJI_MAIL_FROM" if self.url else "ZHENGJI_SMTP_URL"
            why = Text(
                "还没有设置邮件服务器或发件人，寄不出邮件。请管理员设置。",
                "No mail server or no sender is set, so no mail can leave; the administrator should set it.",
            )
            raise MailNotConfigured("mail_not_set", why, f"没有设置邮件服务器或发件人 / not set: {name}", lasting=True)

    def has_sent(self, message_id: str) -> bool:
        """Whether a mail of this Message-ID is known to have been taken."""
        with self.database.reading() as session:
            return stored.sent(session, message_id) is not None

    def send(self, message: bytes, *, masked: bool = False) -> str:
        """Hand a message over and give the server's words. A Message-ID already sent is not sent again.

        `masked`: the address is remembered masked, because few may know to whom it went. Raises MailRefused, TooLarge before anything is handed over, MailNotConfigured.
        """
        self.check()
        parsed = email.message_from_bytes(message)
        message_id = str(parsed["Message-ID"]).strip()
        with self.database.reading() as session:
            earlier = stored.sent(session, message_id)
        if earlier is not None:
            return earlier
        to = [address for _, address in getaddresses([str(value) for value in parsed.get_all("To", [])])]
        if self.most and len(message) > self.most:
            raise TooLarge(self.most, len(message))
        reached("mail.before_sending")
        reply = self._hand_over(message, to)
        reached("mail.taken")
        with self.database.transaction() as session:
            stored.record(
                session,
                message_id=message_id,
                recipient=", ".join(map(masked_email, to) if masked else to)[:300],
                subject=str(make_header(decode_header(str(parsed["Subject"]))))[:300],
                digest=hashlib.sha256(message).hexdigest(),
                at=datetime.now(UTC),
                reply=reply,
            )
        reached("mail.recorded")
        return reply

    def _hand_over(self, message: bytes, to: list[str]) -> str:
        address = urlparse(self.url)
        # Certificates are checked: smtplib alone would take any.
        safely = ssl.create_default_context()
        host, port = address.hostname or "localhost", address.port or 0
        handing = False
        try:
            with (
                smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=safely)
                if address.scheme == "smtps"
                else smtplib.SMTP(host, port, timeout=TIMEOUT)
            ) as server:
                server.ehlo()
                if address.scheme == "smtp+starttls":
                    server.starttls(context=safely)
                    server.ehlo()
                if address.username:
                    server.login(unquote(address.username), unquote(address.password or ""))
                takes = _limit(server)
                if takes and len(message) > takes:
                    raise TooLarge(takes, len(message))
                _taken(self.sender, server.mail(self.sender))
                for one in to:
                    _taken(one, server.rcpt(one))
                handing = True
                return _taken("", server.data(message))
        except (OSError, smtplib.SMTPException) as problem:
            told = isinstance(problem, smtplib.SMTPResponseException)  # the server said no before it had all of it
            code = SILENT if handing and not told else _kind(problem)
            raise MailRefused(code, _WHY[code], str(problem), general=True) from problem


def _limit(server: smtplib.SMTP) -> int:
    """Bytes that the server takes in one mail, as it says; 0 when it says none."""
    said = server.esmtp_features.get("size", "") if server.does_esmtp else ""
    return int(said) if said.isascii() and said.isdigit() else 0


def _kind(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return LOGIN
    if isinstance(problem, ssl.SSLError | smtplib.SMTPNotSupportedError):
        return UNSAFE
    return AWAY


def _taken(about: str, reply: tuple[int, bytes]) -> str:
    """The server's words when it said yes. Raises MailRefused."""
    code, words = reply
    said = f"{code} {words.decode('utf-8', 'replace')}".replace("\0", "")
    if code not in (250, 251):
        lasting = code >= 500  # RFC 5321, 4.2.1: sent again unchanged, it is refused again
        kind = REFUSED if lasting else LATER
        raise MailRefused(kind, _WHY[kind], f"{about}: {said}" if about else said, lasting=lasting)
    return said
