"""Carrying a package to its destination: a folder, here or by SFTP, an HTTP address, or a mailbox."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import secrets
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlparse

from rules.words import Text
from workflow.documents.mail import Attachment, compose
from workflow.failpoints import reached
from workflow.failure import Failure
from workflow.interchange import sftp
from workflow.mailing import Mailer

TIMEOUT = 30
"""Seconds to wait for the receiving end."""


@dataclass(frozen=True)
class Access:
    """How the receiving end lets us in. `secret`: a bearer token (HTTPS) or a password (SFTP); `key`, `known_hosts`: files
    for SFTP; `roots`: file of the certificates (PEM) that an HTTPS receiver's is issued by, where these are its own."""

    secret: str = field(default="", repr=False)
    key: str = ""
    known_hosts: str = ""
    roots: str = ""

    @property
    def login(self) -> sftp.Login:
        return sftp.Login(self.known_hosts, self.key, self.secret)


class NotDelivered(Failure):
    """The receiving end did not take it, with what it said. `perhaps`: it may hold it all the same; nobody can tell."""

    def __init__(self, code: str, said: str, *, perhaps: bool = False, lasting: bool = False) -> None:
        super().__init__(code, _WHY[code], said, lasting=lasting)
        self.perhaps = perhaps


_WHY = {
    "push_address": Text(
        "推送地址不能用。请管理员核对 ZHENGJI_PUSH_URL。",
        "The destination's address cannot be used; the administrator should check ZHENGJI_PUSH_URL.",
    ),
    "push_folder": Text(
        "推送文件夹不能读写（没有空间、没有权限或被占用）。请管理员检查后重新发送。",
        "The folder for pushes cannot be read or written: no room, no right, or in use. Have the administrator look, and"
        " send it again.",
    ),
    "push_differs": Text(
        "写入推送文件夹后读回的内容与发出的不一致，没有算作送达。请管理员检查该文件夹。",
        "What was read back from the folder for pushes differs from what was sent, so it does not count as delivered. Have"
        " the administrator look at that folder.",
    ),
    "push_login": Text(
        "接收方没有让本系统登录，没有送出。请管理员核对 ZHENGJI_PUSH_SECRET 或 ZHENGJI_PUSH_KEY。",
        "The receiver did not let us in, and nothing was sent. The administrator should check ZHENGJI_PUSH_SECRET or"
        " ZHENGJI_PUSH_KEY.",
    ),
    "push_host": Text(
        "接收方主机的密钥不在 ZHENGJI_PUSH_KNOWN_HOSTS 里或已经变了，为防冒充没有送出。请管理员向接收方核实。",
        "The receiver's host key is not in ZHENGJI_PUSH_KNOWN_HOSTS or has changed; as it may be somebody else, nothing was"
        " sent. The administrator should ask the receiver.",
    ),
    "push_nonsense": Text(
        "接收方的答复看不懂，或说的是另一份材料，没有算作送达；对方可能已经收到。",
        "The receiver's answer makes no sense, or speaks of something else, so it does not count as delivered; it may hold it"
        " all the same.",
    ),
    "push_away": Text(
        "连接不上接收方，没有送出。请稍后重新发送。",
        "The receiver could not be reached, and nothing was sent. Send it again later.",
    ),
    "push_silent": Text(
        "送出后没有等到接收方答复，对方可能已经收到。",
        "The receiver did not answer and may hold it all the same.",
    ),
    "push_cut_off": Text(
        "送出时系统中断，邮件可能已经寄出，因此没有自动再寄。",
        "The system was cut off while it sent; the mail may have gone out, so it was not sent again by itself.",
    ),
    "push_refused": Text(
        "接收方拒收。请按对方的答复处理，必要时与对方联系。",
        "The receiver refused it. Act on its answer, and get in touch with it where needed.",
    ),
    "push_receiver": Text(
        "接收方的系统出错，对方可能已经收到。",
        "The receiver's system failed; it may hold it all the same.",
    ),
}


NOBODY = Access()
"""Where nothing is asked."""


@dataclass(frozen=True)
class Delivered:
    """What the receiving end said. `acknowledged`: whether that already confirms that it holds the package."""

    words: str
    acknowledged: bool


def deliver(
    url: str,
    key: str,
    package: bytes,
    *,
    once: str,
    mailer: Mailer,
    subject: str,
    at: datetime,
    access: Access = NOBODY,
    cut_off: bool = False,
) -> Delivered:
    """Hand a package over under its key, which names it at the receiver.

    `once`: the idempotency key of this sending; a receiver that has seen it changes nothing. `cut_off`: a try before was
    broken off and may have handed it over; a mailbox takes everything twice, so people decide. Raises NotDelivered,
    MailRefused.
    """
    kind = urlparse(url).scheme
    if kind == "file":
        return _into_folder(_folder(url), key, package)
    if kind == "sftp":
        return _over_sftp(url, f"{key}.zip", package, access, f"{key}.recalled.json")
    if kind in ("http", "https"):
        return _request(url, "POST", once, package, "application/zip", access, key)
    if kind == "mailto":
        message_id = f"<push.{once}@zhengji>"
        if cut_off and not mailer.has_sent(message_id):
            raise NotDelivered("push_cut_off", message_id, perhaps=True)
        attachment = Attachment(f"{key}.zip", "application/zip", package)
        return Delivered(mailer.send(_letter(url, subject, key, [attachment], message_id, mailer, at)), False)
    raise NotDelivered("push_address", f"unknown destination {url}", lasting=True)


def recall(
    url: str, key: str, reason: str, *, once: str, mailer: Mailer, at: datetime, access: Access = NOBODY
) -> Delivered:
    """Ask the receiver to withdraw what it was sent under this key. `once`: the idempotency key of the asking.

    Raises NotDelivered, MailRefused.
    """
    kind = urlparse(url).scheme
    notice = json.dumps({"key": key, "recalled": True, "reason": reason}, ensure_ascii=False, indent=2).encode()
    if kind == "file":
        return _out_of_folder(_folder(url), key, notice)
    if kind == "sftp":
        return _over_sftp(url, f"{key}.recalled.json", notice, access, f"{key}.zip")
    if kind in ("http", "https"):
        return _request(f"{url.rstrip('/')}/{quote(key)}", "DELETE", once, notice, "application/json", access, key)
    if kind == "mailto":
        subject = f"撤回推送 Recall: {key}"
        reply = mailer.send(_letter(url, subject, reason, [], f"<{once}@zhengji>", mailer, at))
        return Delivered(reply, False)
    raise NotDelivered("push_address", f"unknown destination {url}", lasting=True)


def can_be_asked(url: str) -> bool:
    """Whether a program can ask the receiver what it holds; a mailbox is asked by people."""
    return urlparse(url).scheme in ("file", "sftp", "http", "https")


def look(url: str, key: str, digest: str, *, access: Access = NOBODY) -> Delivered:
    """Ask the receiver whether it holds the package of this digest under this key; acknowledged only where that is certain.

    Raises NotDelivered when it was not reached.
    """
    kind = urlparse(url).scheme
    if kind == "file":
        return _found(f"{key}.zip", digest, _digest_in(_folder(url) / f"{key}.zip"))
    if kind == "sftp":
        try:
            return _found(f"{key}.zip", digest, sftp.look(url, f"{key}.zip", access.login))
        except sftp.Refused as problem:
            raise NotDelivered(f"push_{problem.code}", str(problem), perhaps=True) from problem
    if kind in ("http", "https"):
        return _asked(f"{url.rstrip('/')}/{quote(key)}", key, digest, access)
    raise NotDelivered("push_address", f"nobody can be asked at {url}", perhaps=True, lasting=True)


def _found(name: str, wanted: str, there: str) -> Delivered:
    if there == wanted:
        return Delivered(f"查询：{name} 在接收方，SHA-256 {there} 一致", True)
    return Delivered(f"查询：接收方的 {name} 内容不同，SHA-256 {there}" if there else f"查询：接收方没有 {name}", False)


def _digest_in(target: Path) -> str:
    """SHA-256 of what stands in a folder, "" where nothing does. Raises NotDelivered."""
    try:
        return hashlib.sha256(target.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as problem:
        raise NotDelivered("push_folder", f"{target}: {problem.strerror}", perhaps=True) from problem


def _asked(url: str, key: str, digest: str, access: Access) -> Delivered:
    """Only a 200 whose JSON names this key and this digest proves that a web receiver holds it; 404 proves nothing, as
    receivers need not answer questions."""
    request = urllib.request.Request(url, headers={"Accept": "application/json", **_bearer(access)})
    try:
        with _opener(access).open(request, timeout=TIMEOUT) as reply:
            body = reply.read(_LONGEST_ANSWER)
            return Delivered(f"查询：{_said(reply.status, body[:2000])}", _names(body, key, digest))
    except urllib.error.HTTPError as problem:
        return Delivered(f"查询：{_said(problem.code, problem.read(500))}", False)
    except urllib.error.URLError as problem:
        raise NotDelivered("push_away", str(problem.reason), perhaps=True) from problem
    except (OSError, http.client.HTTPException) as problem:
        raise NotDelivered("push_silent", f"{type(problem).__name__}: {problem}", perhaps=True) from problem


def _names(body: bytes, key: str, digest: str) -> bool:
    try:
        told = json.loads(body)
    except ValueError:
        return False
    return isinstance(told, dict) and (told.get("key"), told.get("sha256")) == (key, digest)


def _over_sftp(url: str, name: str, data: bytes, access: Access, instead: str) -> Delivered:
    try:
        digest = sftp.put(url, name, data, access.login, instead=instead)
    except sftp.Refused as problem:
        lasting = problem.code in ("login", "host")
        raise NotDelivered(f"push_{problem.code}", str(problem), perhaps=problem.perhaps, lasting=lasting) from problem
    return Delivered(f"{name} 已经由 SFTP 写入并读回核对，SHA-256 {digest}", True)


def _folder(url: str) -> Path:
    folder = Path(unquote(urlparse(url).path))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise NotDelivered("push_folder", f"{folder}: {problem.strerror}") from problem
    return folder


def _into_folder(folder: Path, key: str, package: bytes) -> Delivered:
    target = folder / f"{key}.zip"
    try:
        _write(target, package)
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
    except OSError as problem:
        raise NotDelivered("push_folder", f"{target}: {problem.strerror}") from problem
    if digest != hashlib.sha256(package).hexdigest():
        raise NotDelivered("push_differs", f"{target} reads back with another digest: {digest}")
    (folder / f"{key}.recalled.json").unlink(missing_ok=True)
    return Delivered(f"{target.name} 已写入并读回核对，SHA-256 {digest}", True)


def _out_of_folder(folder: Path, key: str, notice: bytes) -> Delivered:
    target = folder / f"{key}.recalled.json"
    try:
        _write(target, notice)
        (folder / f"{key}.zip").unlink(missing_ok=True)
        read_back = target.read_bytes()
    except OSError as problem:
        raise NotDelivered("push_folder", f"{target}: {problem.strerror}") from problem
    if read_back != notice:
        raise NotDelivered("push_differs", f"{target} reads back otherwise than it was written")
    return Delivered(f"{target.name} 已写入并读回核对，原文件已移除", True)


def _write(target: Path, data: bytes) -> None:
    """Whole or not at all: a reader never sees half a file, and a power cut leaves the old one or the new one."""
    waiting = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with waiting.open("wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        reached("folder.before_rename")
        waiting.replace(target)
    finally:
        waiting.unlink(missing_ok=True)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST arrives as a GET without its package, and its 200 would be no acknowledgement."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _opener(access: Access) -> urllib.request.OpenerDirector:
    try:
        trusted = ssl.create_default_context(cafile=access.roots or None)
    except (OSError, ssl.SSLError) as problem:
        raise NotDelivered("push_address", f"{access.roots}: {problem}", lasting=True) from problem
    return urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=trusted))


def _bearer(access: Access) -> dict[str, str]:
    return {"Authorization": f"Bearer {access.secret}"} if access.secret else {}


def _request(url: str, method: str, once: str, data: bytes, media_type: str, access: Access, key: str) -> Delivered:
    """200, 201 and 204 acknowledge; 202 was taken and is acknowledged later. What is gone already is withdrawn.

    An acknowledgement that is a page for people, no JSON though it says so, or names another key or digest is none.
    """
    opener = _opener(access)
    digest = hashlib.sha256(data).hexdigest()
    request = urllib.request.Request(
        url,
        data=data,
        method=method,
        headers={
            "Content-Type": media_type,
            "Idempotency-Key": once,
            "X-Content-SHA256": digest,
            **_bearer(access),
        },
    )
    try:
        with opener.open(request, timeout=TIMEOUT) as reply:
            body = reply.read(_LONGEST_ANSWER)
            if reply.status in (200, 201) and not _sensible(reply.headers.get_content_type(), body, key, digest):
                raise NotDelivered("push_nonsense", _said(reply.status, body[:500]), perhaps=True)
            return Delivered(_said(reply.status, body[:2000]), reply.status in (200, 201, 204))
    except urllib.error.HTTPError as problem:
        words = _said(problem.code, problem.read(500))
        if method == "DELETE" and problem.code in (404, 410):
            return Delivered(words, True)
        theirs = problem.code >= 500 or problem.code in _NO_REFUSAL
        raise NotDelivered(
            "push_receiver" if theirs else "push_refused", words, perhaps=theirs, lasting=not theirs
        ) from problem
    except urllib.error.URLError as problem:  # while connecting or sending: it never arrived whole
        raise NotDelivered("push_away", str(problem.reason)) from problem
    except (OSError, http.client.HTTPException) as problem:  # while waiting for the reply
        raise NotDelivered("push_silent", f"{type(problem).__name__}: {problem}", perhaps=True) from problem


_NO_REFUSAL = (408, 409)
"""Answers that leave open whether it was taken: too slow; the same key is there, or just being worked on."""
_LONGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read."""


def _sensible(media_type: str, body: bytes, key: str, digest: str) -> bool:
    """Whether an answer may be an acknowledgement of this package under this key."""
    if media_type == "text/html" or body.lstrip()[:1] == b"<":
        return False  # a sign-in page, or that of a proxy
    if not media_type.endswith("json"):
        return True
    try:
        told = json.loads(body or b"{}")
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("key", key) == key and told.get("sha256", digest) == digest


def _said(status: int, body: bytes) -> str:
    words = body.decode("utf-8", "replace").replace("\0", "")
    return f"HTTP {status} {words}".strip()


def _letter(
    url: str, subject: str, body: str, attachments: list[Attachment], message_id: str, mailer: Mailer, at: datetime
) -> bytes:
    mailer.check()
    try:
        return compose(
            sender=mailer.sender,
            to=unquote(urlparse(url).path),
            subject=subject,
            body=body,
            attachments=attachments,
            message_id=message_id,
            at=at,
        )
    except ValueError as problem:
        raise NotDelivered("push_address", f"{url}: {problem}", lasting=True) from problem
