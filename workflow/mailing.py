"""Handing mail to an SMTP server, once per Message-ID."""

from __future__ import annotations

import email
import hashlib
import smtplib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import getaddresses
from urllib.parse import unquote, urlparse

from workflow.store import mail as stored
from workflow.store.database import Database

TIMEOUT = 60
"""Seconds to wait for the mail server."""


class MailRefused(Exception):
    """The mail server was not reached or did not take it, with what it said."""


class MailNotConfigured(MailRefused):
    """No mail server is set: ZHENGJI_SMTP_URL is empty."""


@dataclass(frozen=True)
class Mailer:
    """A mail server: `smtp://[user:password@]host:port`, `smtp+starttls://…` or `smtps://…`."""

    url: str
    sender: str
    database: Database

    @property
    def configured(self) -> bool:
        return bool(self.url)

    def send(self, message: bytes) -> str:
        """Hand a message over and give the server's words. A Message-ID already sent is not sent again.

        Raises MailRefused, MailNotConfigured.
        """
        if not self.url:
            raise MailNotConfigured("ZHENGJI_SMTP_URL is not set")
        parsed = email.message_from_bytes(message)
        message_id = str(parsed["Message-ID"]).strip()
        with self.database.reading() as session:
            earlier = stored.sent(session, message_id)
        if earlier is not None:
            return earlier
        to = [address for _, address in getaddresses([str(value) for value in parsed.get_all("To", [])])]
        reply = self._hand_over(message, to)
        with self.database.transaction() as session:
            stored.record(
                session,
                message_id=message_id,
                recipient=", ".join(to),
                subject=str(make_header(decode_header(str(parsed["Subject"])))),
                digest=hashlib.sha256(message).hexdigest(),
                at=datetime.now(UTC),
                reply=reply,
            )
        return reply

    def _hand_over(self, message: bytes, to: list[str]) -> str:
        address = urlparse(self.url)
        make = smtplib.SMTP_SSL if address.scheme == "smtps" else smtplib.SMTP
        try:
            with make(address.hostname or "localhost", address.port or 0, timeout=TIMEOUT) as server:
                server.ehlo()
                if address.scheme == "smtp+starttls":
                    server.starttls()
                    server.ehlo()
                if address.username:
                    server.login(unquote(address.username), unquote(address.password or ""))
                server.mail(self.sender)
                for one in to:
                    code, words = server.rcpt(one)
                    if code not in (250, 251):
                        raise MailRefused(f"{one}: {code} {words.decode('utf-8', 'replace')}")
                code, words = server.data(message)
                if code != 250:
                    raise MailRefused(f"{code} {words.decode('utf-8', 'replace')}")
                return f"{code} {words.decode('utf-8', 'replace')}"
        except (OSError, smtplib.SMTPException) as problem:
            raise MailRefused(str(problem)) from problem
