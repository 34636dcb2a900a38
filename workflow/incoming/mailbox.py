"""The mailbox: what came to it is taken into the national office's ledger, each mail once; nothing there is changed."""

from __future__ import annotations

import contextlib
import imaplib
import io
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlparse

from rules.call import Call
from rules.words import Text
from states.reach import SYSTEM
from workflow.documents import limits
from workflow.documents.inspection.letters import heading
from workflow.failure import Failure
from workflow.incoming import arrivals
from workflow.incoming.arrivals import How
from workflow.store import arrivals as stored
from workflow.store import calls as stored_calls
from workflow.store.database import Database
from workflow.store.files import Files

TIMEOUT = 60
"""Seconds to wait for the server."""


class MailboxFailed(Failure):
    """The mailbox could not be looked into, with what its server said."""


_WHY = {
    "mailbox_wrong": Text(
        "邮箱的地址不对，应为 imaps://用户:密码@服务器/文件夹。请管理员核对 ZHENGJI_IMAP_URL。",
        "The address of the mailbox is wrong: imaps://USER:PASSWORD@HOST/FOLDER; the administrator should check"
        " ZHENGJI_IMAP_URL.",
    ),
    "mailbox_away": Text(
        "连接不上收件邮箱的服务器，或它没有及时回应。",
        "The server of the mailbox could not be reached, or did not answer in time.",
    ),
    "mailbox_unsafe": Text(
        "与收件邮箱的服务器之间不能建立可信的加密连接，没有登录。请管理员核对服务器的证书。",
        "No trusted encrypted connection to the mailbox could be made, so nobody signed in; the administrator should check"
        " its certificate.",
    ),
    "mailbox_login": Text(
        "收件邮箱不认登录名或密码。请管理员核对 ZHENGJI_IMAP_URL；网易、腾讯的邮箱要用“授权码”。",
        "The mailbox does not know the login or password; the administrator should check ZHENGJI_IMAP_URL.",
    ),
    "mailbox_folder": Text(
        "收件邮箱里没有所设的文件夹。请管理员核对 ZHENGJI_IMAP_URL。",
        "The mailbox has no such folder; the administrator should check ZHENGJI_IMAP_URL.",
    ),
    "mailbox_garbled": Text(
        "收件邮箱的服务器答非所问，这次没有收取。", "The mailbox's server gave no sensible answer; nothing was taken."
    ),
}


def _failed(code: str, said: object, *, lasting: bool = False) -> MailboxFailed:
    return MailboxFailed(code, _WHY[code], str(said), lasting=lasting, general=True)


@dataclass(frozen=True)
class Address:
    """Where a mailbox is. `folder`: as people write it."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    starttls: bool

    @property
    def name(self) -> str:
        """What it is called here: without its password."""
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"[:300]


def address_of(url: str) -> Address:
    """The mailbox of `imaps://user:password@host[:port]/folder`, or imap+starttls://…; INBOX where no folder is named.

    Raises MailboxFailed: without encryption nobody's password travels.
    """
    parts = urlparse(url)
    try:
        port = parts.port
    except ValueError as problem:
        raise _failed("mailbox_wrong", problem, lasting=True) from problem
    if parts.scheme not in ("imaps", "imap+starttls") or not parts.hostname or not parts.username:
        raise _failed("mailbox_wrong", parts.scheme, lasting=True)
    secure = parts.scheme == "imaps"
    return Address(
        parts.hostname,
        port or (993 if secure else 143),
        unquote(parts.username),
        unquote(parts.password or ""),
        unquote(parts.path.strip("/")) or "INBOX",
        not secure,
    )


@dataclass
class Looked:
    """What one look came to: mails taken in, those that had come before, passed over as no business of ours, too large."""

    taken: int = 0
    known: int = 0
    passed: int = 0
    too_large: int = 0

    @property
    def words(self) -> str:
        """For the log."""
        return f"{self.taken} taken, {self.known} known, {self.passed} passed over, {self.too_large} too large"


Each = Callable[[Sequence[int], Callable[[int], object]], None]


def look(database: Database, files: Files, url: str, *, at: datetime, each: Each = arrivals.in_turn) -> Looked:
    """Take in what came to a mailbox since the last look. The folder is opened to be read only: no mail is marked as seen.

    How far it came is kept by UID, as long as the server says that these hold (UIDVALIDITY); where they do not any more
    everything is looked at anew, and what came before is known by its bytes. Raises MailboxFailed.
    """
    where, found = address_of(url), Looked()
    with database.reading() as session:
        version = arrivals.newest_call(session)
        call, last = stored_calls.call_of(session, version), stored.mailbox(session, where.name)
    with _opened(where) as server:
        validity = _validity(server)
        after = last.uid if last is not None and last.validity == validity else 0

        failed: list[int] = []

        def one(uid: int) -> None:
            try:
                _take(database, files, server, uid, call, version, at, found)
            except Exception:
                failed.append(uid)
                raise
            if not failed:  # a mail that was not taken is looked at again, and with it those after it
                with database.transaction() as session:
                    stored.looked_into(session, where.name, validity, uid, at)

        each(_newer(server, after), one)
    with database.transaction() as session:
        stored.looked_into(session, where.name, validity, after, at)
    return found


def _take(
    database: Database,
    files: Files,
    server: imaplib.IMAP4,
    uid: int,
    call: Call,
    version: int,
    at: datetime,
    found: Looked,
) -> None:
    """One mail, if it is any of our business."""
    size, came_at, head = _seen(server, uid)
    if not _ours(head, call):
        found.passed += 1
        return
    if size > arrivals.LARGEST:
        found.too_large += 1
        with database.transaction() as session:
            stored.passed_over(session, {"subject": heading(head, "subject"), "size": size, "uid": uid}, SYSTEM, at)
        return
    data = _whole(server, uid)
    if not data:
        return  # gone from the folder meanwhile
    came = arrivals.receive(
        database,
        files,
        [(f"邮件_{came_at:%Y%m%d}_{uid}.eml", io.BytesIO(data))],
        office=None,
        call_version=version,
        actor=SYSTEM,
        at=at,
        how=How.IMAP,
        came_at=came_at,
    )
    found.taken += came.new
    found.known += not came.new


def _ours(head: bytes, call: Call) -> bool:
    """Whether a mail is taken: one whose subject holds the call's words or objects, that brings files, or that tells of one
    of ours."""
    subject, kind = heading(head, "subject"), heading(head, "content-type").lower()
    fixed = [one for one in call.mail.must_hold if "{" not in one]
    named = bool(fixed) and all(one in subject for one in fixed)
    from_a_server = re.search(r"mailer-daemon|postmaster", heading(head, "from"), re.IGNORECASE)
    return (
        named
        or stored.objects(subject)
        or bool(from_a_server)
        or kind.startswith(("multipart/mixed", "multipart/report", "application/"))
    )


# ---- the server ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(where: Address) -> Iterator[imaplib.IMAP4]:
    """A connection that is signed in, its folder opened to be read only. Certificates are checked."""
    safely = ssl.create_default_context()
    try:
        if where.starttls:
            server = imaplib.IMAP4(where.host, where.port, timeout=TIMEOUT)
            server.starttls(safely)
        else:
            server = imaplib.IMAP4_SSL(where.host, where.port, ssl_context=safely, timeout=TIMEOUT)
    except ssl.SSLError as problem:
        raise _failed("mailbox_unsafe", problem) from problem
    except (OSError, imaplib.IMAP4.error) as problem:
        raise _failed("mailbox_away", problem) from problem
    try:
        _sign_in(server, where)
        yield server
    except imaplib.IMAP4.abort as problem:
        raise _failed("mailbox_away", problem) from problem
    except imaplib.IMAP4.error as problem:
        raise _failed("mailbox_garbled", problem) from problem
    except (OSError, EOFError) as problem:
        if isinstance(problem, FileNotFoundError):
            raise
        raise _failed("mailbox_away", problem) from problem
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            server.logout()


def _sign_in(server: imaplib.IMAP4, where: Address) -> None:
    try:
        server.login(where.user, where.password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as problem:
        raise _failed("mailbox_login", problem, lasting=True) from problem
    if "ID" in server.capabilities:  # 163 and 126 open no folder to whoever does not say what they are (RFC 2971)
        server.xatom("ID", '("name" "zhengji")')
    status, said = server.select(f'"{_coded(where.folder)}"', readonly=True)
    if status != "OK":
        raise _failed("mailbox_folder", said, lasting=True)


imaplib.Commands.setdefault("ID", ("AUTH", "SELECTED"))


def _coded(folder: str) -> str:
    """A folder's name as it travels: modified UTF-7 (RFC 3501, 5.1.3)."""
    made = re.sub(
        r"[^\x20-\x7e]+",
        lambda some: "&" + _base64(some[0]) + "-",
        folder.replace("&", "&-"),
    )
    return made.replace("\\", "\\\\").replace('"', '\\"')


def _base64(text: str) -> str:
    from base64 import b64encode

    return b64encode(text.encode("utf-16-be")).decode("ascii").rstrip("=").replace("/", ",")


def _validity(server: imaplib.IMAP4) -> int:
    _, said = server.response("UIDVALIDITY")
    if not said or said[0] is None or not bytes(said[0]).isdigit():
        raise _failed("mailbox_garbled", said)
    return int(said[0])


def _newer(server: imaplib.IMAP4, after: int) -> list[int]:
    """UIDs beyond one, in order. “n:*” names the last mail even where its UID is smaller (RFC 9051, 9)."""
    status, said = server.uid("SEARCH", "UID", f"{after + 1}:*")
    if status != "OK":
        raise _failed("mailbox_garbled", said)
    numbers = [int(one) for part in said if isinstance(part, bytes) for one in part.split() if one.isdigit()]
    return sorted(one for one in numbers if one > after)


def _seen(server: imaplib.IMAP4, uid: int) -> tuple[int, datetime, bytes]:
    """Size of a mail, when the mailbox took it in, and its headers."""
    asked = "(RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (SUBJECT FROM CONTENT-TYPE)])"
    line, head = _fetched(server, uid, asked)
    size, date = re.search(rb"RFC822\.SIZE (\d+)", line), re.search(rb'INTERNALDATE "([^"]+)"', line)
    if not size:
        raise _failed("mailbox_garbled", line[:200])
    return int(size[1]), _moment(date[1].decode("ascii", "replace") if date else ""), head[: limits.MAIL_HEADERS]


def _whole(server: imaplib.IMAP4, uid: int) -> bytes:
    return _fetched(server, uid, "(BODY.PEEK[])")[1]


def _fetched(server: imaplib.IMAP4, uid: int, what: str) -> tuple[bytes, bytes]:
    """What is said of a mail in a line, and the bytes that it announces; empty ones where the mail is gone."""
    status, said = server.uid("FETCH", str(uid), what)
    if status != "OK":
        raise _failed("mailbox_garbled", said)
    parts: list[Any] = [one for one in said if isinstance(one, tuple)]
    rest = b" ".join(one for one in said if isinstance(one, bytes))
    if not parts:
        return rest or b"RFC822.SIZE 0", b""
    return bytes(parts[0][0]) + b" " + rest, bytes(parts[0][1])


def _moment(written: str) -> datetime:
    """When a mailbox took a mail in: 29-Nov-2026 09:31:58 +0000; now, where it does not say."""
    try:
        return parsedate_to_datetime(written.strip().replace("-", " ", 2)).astimezone(UTC)
    except (TypeError, ValueError):
        return datetime.now(UTC)
