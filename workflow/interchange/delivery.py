"""Carrying a package to its destination: a folder, an HTTP address, or a mailbox."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlparse

from workflow.documents.mail import Attachment, compose
from workflow.mailing import Mailer

TIMEOUT = 30
"""Seconds to wait for the receiving end."""


class NotDelivered(Exception):
    """The receiving end did not take it, with what it said."""


@dataclass(frozen=True)
class Delivered:
    """What the receiving end said. `acknowledged`: whether that already confirms that it holds the package."""

    words: str
    acknowledged: bool


def deliver(url: str, key: str, package: bytes, *, mailer: Mailer, subject: str, at: datetime) -> Delivered:
    """Hand a package over under its idempotency key; the same key again changes nothing at the receiver.

    Raises NotDelivered.
    """
    kind = urlparse(url).scheme
    if kind == "file":
        return _into_folder(_folder(url), key, package)
    if kind in ("http", "https"):
        return _by_http(url, key, package)
    if kind == "mailto":
        return _by_mail(url, key, package, mailer, subject, at)
    raise NotDelivered(f"unknown destination {url}")


def recall(url: str, key: str, reason: str, *, mailer: Mailer, at: datetime) -> Delivered:
    """Ask the receiver to withdraw what it was sent under this key. Raises NotDelivered."""
    kind = urlparse(url).scheme
    notice = json.dumps({"key": key, "recalled": True, "reason": reason}, ensure_ascii=False, indent=2).encode()
    if kind == "file":
        folder = _folder(url)
        _write(folder / f"{key}.recalled.json", notice)
        (folder / f"{key}.zip").unlink(missing_ok=True)
        if (folder / f"{key}.recalled.json").read_bytes() != notice:
            raise NotDelivered("the recall notice could not be read back")
        return Delivered(f"{key}.recalled.json 已写入并读回核对，原文件已移除", True)
    if kind in ("http", "https"):
        return _request(f"{url.rstrip('/')}/{key}", "DELETE", key, notice, "application/json")
    if kind == "mailto":
        subject = f"撤回推送 Recall: {key}"
        reply = mailer.send(_letter(url, subject, reason, [], f"<recall.{key}@zhengji>", mailer, at))
        return Delivered(reply, False)
    raise NotDelivered(f"unknown destination {url}")


def _folder(url: str) -> Path:
    folder = Path(unquote(urlparse(url).path))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise NotDelivered(f"{folder}: {problem.strerror}") from problem
    return folder


def _into_folder(folder: Path, key: str, package: bytes) -> Delivered:
    target = folder / f"{key}.zip"
    try:
        _write(target, package)
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
    except OSError as problem:
        raise NotDelivered(f"{target}: {problem.strerror}") from problem
    if digest != hashlib.sha256(package).hexdigest():
        raise NotDelivered(f"{target} reads back with another digest: {digest}")
    (folder / f"{key}.recalled.json").unlink(missing_ok=True)
    return Delivered(f"{target.name} 已写入并读回核对，SHA-256 {digest}", True)


def _write(target: Path, data: bytes) -> None:
    """Whole or not at all: a reader never sees half a file, and a power cut leaves the old one or the new one."""
    waiting = target.with_name(f".{target.name}.{os.getpid()}")
    with waiting.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    waiting.replace(target)


def _by_http(url: str, key: str, package: bytes) -> Delivered:
    return _request(url, "POST", key, package, "application/zip")


def _request(url: str, method: str, key: str, data: bytes, media_type: str) -> Delivered:
    request = urllib.request.Request(
        url,
        data=data,
        method=method,
        headers={
            "Content-Type": media_type,
            "Idempotency-Key": key,
            "X-Content-SHA256": hashlib.sha256(data).hexdigest(),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as reply:
            words = reply.read(2000).decode("utf-8", "replace")
            return Delivered(f"HTTP {reply.status} {words}".strip(), reply.status in (200, 201, 204, 409))
    except urllib.error.HTTPError as problem:
        raise NotDelivered(f"HTTP {problem.code} {problem.read(500).decode('utf-8', 'replace')}") from problem
    except OSError as problem:
        raise NotDelivered(str(problem)) from problem


def _by_mail(url: str, key: str, package: bytes, mailer: Mailer, subject: str, at: datetime) -> Delivered:
    attachment = Attachment(f"{key}.zip", "application/zip", package)
    return Delivered(mailer.send(_letter(url, subject, key, [attachment], f"<push.{key}@zhengji>", mailer, at)), False)


def _letter(
    url: str, subject: str, body: str, attachments: list[Attachment], message_id: str, mailer: Mailer, at: datetime
) -> bytes:
    return compose(
        sender=mailer.sender,
        to=unquote(urlparse(url).path),
        subject=subject,
        body=body,
        attachments=attachments,
        message_id=message_id,
        at=at,
    )
