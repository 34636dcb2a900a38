"""Mails as files (RFC 5322, MIME): which parts they carry, within bounds; nothing in them is opened here."""

from __future__ import annotations

import email.errors
import re
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from mimetypes import guess_extension

from workflow.documents import limits
from workflow.documents.inspection import Done, Refused
from workflow.documents.names import clean_name, decoded

_HEADER = re.compile(rb"\A(?:From |[!-9;-~]+:[ \t]?)")
_KNOWN = re.compile(
    rb"^(?:from|to|subject|date|message-id|received|mime-version|content-type)[ \t]*:", re.IGNORECASE | re.MULTILINE
)
_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")


def is_mail(data: bytes) -> bool:
    """Whether it begins as mails do: with headers, among them at least two that every mail has some of."""
    head = data[: limits.MAIL_HEADERS]
    return bool(_HEADER.match(head)) and len({one.lower() for one in _KNOWN.findall(head)}) >= 2


def parts(data: bytes) -> Done:
    """Every part that is a file, as `parts`: [{name, size, inline}], with their bytes. Raises Refused."""
    if max(data.count(b"\nContent-Type:"), data.count(b"\ncontent-type:")) > 20 * limits.MAIL_FILES:
        raise Refused("too_many_attachments", most=limits.MAIL_FILES)
    try:
        mail = BytesParser(policy=compat32).parsebytes(data)
        found: list[tuple[str, bytes, bool]] = []
        _gather(mail, found, 1)
    except RecursionError as error:
        raise Refused("mail_too_deep", most=limits.MAIL_DEPTH) from error
    except (ValueError, LookupError, TypeError, AttributeError, email.errors.MessageError) as error:
        raise Refused("damaged") from error
    told = [{"name": name, "size": len(content), "inline": inline} for name, content, inline in found]
    return {"parts": told}, b"".join(content for _, content, _ in found)


def _gather(part: Message, found: list[tuple[str, bytes, bool]], depth: int) -> None:
    if depth > limits.MAIL_DEPTH:
        raise Refused("mail_too_deep", most=limits.MAIL_DEPTH)
    if sum(len(name) + len(str(value)) for name, value in part.items()) > limits.MAIL_HEADERS:
        raise Refused("too_deep", part="mail", most=limits.MAIL_HEADERS)
    kind = part.get_content_type()
    if part.is_multipart():
        for inner in part.get_payload():
            if isinstance(inner, Message):
                _gather(inner, found, depth + 1)
        return
    name = _name(part)
    if kind in ("application/ms-tnef", "application/vnd.ms-tnef") or name.lower() == "winmail.dat":
        raise Refused("winmail_dat")
    if kind in _SIGNATURES or (not name and kind.startswith(("text/", "message/"))):
        return
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    shown = bool(part.get("Content-ID")) or part.get_content_disposition() == "inline"
    found.append(
        (name or f"附件{len(found) + 1}{guess_extension(kind) or ''}", content, shown and kind.startswith("image/"))
    )
    if len(found) > limits.MAIL_FILES:
        raise Refused("too_many_attachments", most=limits.MAIL_FILES)


def _name(part: Message) -> str:
    """The name of an attachment in whichever form it was written: RFC 2231, encoded words, or bare bytes."""
    for header, key in (("content-disposition", "filename"), ("content-type", "name")):
        value = part.get_param(key, header=header)
        if isinstance(value, tuple):
            return clean_name(_charset(value[2].encode("latin-1", "replace"), value[0] or ""))
        if value:
            return clean_name(_words(str(value)))
    return ""


def _charset(raw: bytes, charset: str) -> str:
    try:
        return raw.decode("gb18030" if charset.lower() in ("gb2312", "gbk") else charset or "utf-8")
    except (UnicodeDecodeError, LookupError):
        return decoded(raw)


def _words(value: str) -> str:
    """Encoded words (RFC 2047), also inside quotes and across lines, as Foxmail and QQ write them."""
    joined = re.sub(r"\?=\s+=\?", "?==?", re.sub(r"[\r\n]+[ \t]*", " ", value))
    if "=?" not in joined:
        return joined
    made = ""
    for piece, charset in decode_header(joined):
        made += _charset(piece, charset or "") if isinstance(piece, bytes) else piece
    return made
