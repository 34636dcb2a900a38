"""Carrying a package to its destination: a folder, an HTTP address, or a mailbox."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlparse

from rules.words import Text
from workflow.documents.mail import Attachment, compose
from workflow.failpoints import reached
from workflow.failure import Failure
from workflow.mailing import Mailer

TIMEOUT = 30
"""Seconds to wait for the receiving end."""


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
    "push_away": Text(
        "连接不上接收方，没有送出。请稍后重新发送。",
        "The receiver could not be reached, and nothing was sent. Send it again later.",
    ),
    "push_silent": Text(
        "送出后没有等到接收方答复，对方可能已经收到。可以重新发送，对方不会重复登记。",
        "The receiver did not answer and may hold it all the same. It can be sent again; the receiver takes it once.",
    ),
    "push_refused": Text(
        "接收方拒收。请按对方的答复处理，必要时与对方联系。",
        "The receiver refused it. Act on its answer, and get in touch with it where needed.",
    ),
    "push_receiver": Text(
        "接收方的系统出错，对方可能已经收到。请稍后重新发送，对方不会重复登记。",
        "The receiver's system failed; it may hold it all the same. Send it again later; the receiver takes it once.",
    ),
}


@dataclass(frozen=True)
class Delivered:
    """What the receiving end said. `acknowledged`: whether that already confirms that it holds the package."""

    words: str
    acknowledged: bool


def deliver(url: str, key: str, package: bytes, *, once: str, mailer: Mailer, subject: str, at: datetime) -> Delivered:
    """Hand a package over under its key, which names it at the receiver.

    `once`: the idempotency key of this sending; a receiver that has seen it changes nothing. Raises NotDelivered,
    MailRefused.
    """
    kind = urlparse(url).scheme
    if kind == "file":
        return _into_folder(_folder(url), key, package)
    if kind in ("http", "https"):
        return _request(url, "POST", once, package, "application/zip")
    if kind == "mailto":
        attachment = Attachment(f"{key}.zip", "application/zip", package)
        return Delivered(
            mailer.send(_letter(url, subject, key, [attachment], f"<push.{once}@zhengji>", mailer, at)), False
        )
    raise NotDelivered("push_address", f"unknown destination {url}", lasting=True)


def recall(url: str, key: str, reason: str, *, once: str, mailer: Mailer, at: datetime) -> Delivered:
    """Ask the receiver to withdraw what it was sent under this key. `once`: the idempotency key of the asking.

    Raises NotDelivered, MailRefused.
    """
    kind = urlparse(url).scheme
    notice = json.dumps({"key": key, "recalled": True, "reason": reason}, ensure_ascii=False, indent=2).encode()
    if kind == "file":
        return _out_of_folder(_folder(url), key, notice)
    if kind in ("http", "https"):
        return _request(f"{url.rstrip('/')}/{quote(key)}", "DELETE", once, notice, "application/json")
    if kind == "mailto":
        subject = f"撤回推送 Recall: {key}"
        reply = mailer.send(_letter(url, subject, reason, [], f"<{once}@zhengji>", mailer, at))
        return Delivered(reply, False)
    raise NotDelivered("push_address", f"unknown destination {url}", lasting=True)


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


_OPENER = urllib.request.build_opener(_NoRedirect)


def _request(url: str, method: str, once: str, data: bytes, media_type: str) -> Delivered:
    """200, 201 and 204 acknowledge; 202 was taken and is acknowledged later. What is gone already is withdrawn."""
    request = urllib.request.Request(
        url,
        data=data,
        method=method,
        headers={
            "Content-Type": media_type,
            "Idempotency-Key": once,
            "X-Content-SHA256": hashlib.sha256(data).hexdigest(),
        },
    )
    try:
        with _OPENER.open(request, timeout=TIMEOUT) as reply:
            return Delivered(_said(reply.status, reply.read(2000)), reply.status in (200, 201, 204))
    except urllib.error.HTTPError as problem:
        words = _said(problem.code, problem.read(500))
        if method == "DELETE" and problem.code in (404, 410):
            return Delivered(words, True)
        theirs = problem.code >= 500
        raise NotDelivered(
            "push_receiver" if theirs else "push_refused", words, perhaps=theirs, lasting=not theirs
        ) from problem
    except urllib.error.URLError as problem:  # while connecting or sending: it never arrived whole
        raise NotDelivered("push_away", str(problem.reason)) from problem
    except (OSError, http.client.HTTPException) as problem:  # while waiting for the reply
        raise NotDelivered("push_silent", f"{type(problem).__name__}: {problem}", perhaps=True) from problem


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
