"""A mail as a file (.eml), with Chinese names that old and new programs read."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, getaddresses
from urllib.parse import quote

from workflow.documents.vetting import clean_name

_PLAIN = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True)
class Attachment:
    name: str
    media_type: str
    data: bytes


def compose(
    *,
    sender: str,
    to: str,
    subject: str,
    body: str,
    attachments: Sequence[Attachment],
    message_id: str,
    at: datetime,
) -> bytes:
    """The mail's bytes, lines ending in CRLF; the same arguments give the same bytes.

    `to` may hold several addresses with commas. Names of attachments stand in the form of RFC 2047 (Content-Type's
    name, which older Foxmail and QQ read) and of RFC 2231 (filename*). Line breaks in any header value become spaces,
    so nothing can add a header. Raises ValueError when an address or the Message-ID is none.
    """
    mail = MIMEMultipart("mixed", boundary=f"=_zhengji_{_fingerprint(message_id)}")
    mail["From"] = _addresses(sender)
    mail["To"] = _addresses(to)
    mail["Subject"] = "\r\n ".join(_words(_flat(subject), len("Subject: ")))
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = _identifier(message_id)
    mail.attach(_text(body))
    for one in attachments:
        mail.attach(_part(one))
    return re.sub(rb"\r?\n", b"\r\n", mail.as_bytes())


def in_mails(sizes: Sequence[int], most: int) -> list[list[int]]:
    """Places of attachments (bytes each), in their order, shared out so that no mail has more bytes than `most`.

    One that is too large by itself goes alone. `most` 0: all in one.
    """
    shares: list[list[int]] = [[]]
    used = _OF_A_MAIL
    for place, size in enumerate(sizes):
        takes = -(-size // _LINE) * _LINE_WRITTEN + _OF_A_PART
        if most and shares[-1] and used + takes > most:
            shares.append([])
            used = _OF_A_MAIL
        shares[-1].append(place)
        used += takes
    return shares


_LINE, _LINE_WRITTEN = 57, 78
"""Bytes of a file in one line of base64, and bytes of that line (RFC 2045)."""
_OF_A_PART, _OF_A_MAIL = 2500, 6000
"""Bytes of the headers of an attachment with the longest name in both its forms; of a mail's headers and text."""


def _text(body: str) -> MIMEText:
    text = MIMEText("", "plain")
    text.replace_header("Content-Type", 'text/plain; charset="utf-8"')
    text.replace_header("Content-Transfer-Encoding", "base64")
    text.set_payload(_lines(body.encode("utf-8", "replace")))
    return text


def _part(attachment: Attachment) -> Message:
    """Written by hand: the library would give the name in one form only."""
    name = clean_name(attachment.name)
    media_type = attachment.media_type
    if not re.fullmatch(r"[A-Za-z0-9][\w.+-]*/[A-Za-z0-9][\w.+-]*", media_type, re.ASCII):
        media_type = "application/octet-stream"
    part = Message()
    encoded = "\r\n ".join(_words(name, len(" name=")))
    part["Content-Type"] = f'{media_type};\r\n name="{encoded}"'
    part["Content-Transfer-Encoding"] = "base64"
    part["Content-Disposition"] = "attachment;" + ";".join(_filename(name))
    part.set_payload(_lines(attachment.data))
    return part


def _lines(data: bytes) -> str:
    return base64.encodebytes(data).decode("ascii")


def _filename(name: str) -> Iterator[str]:
    """RFC 2231, in numbered pieces where one line would not hold it; a character is never torn apart."""
    pieces, piece = [], ""
    for one in name:
        coded = quote(one, safe="")
        if len(piece) + len(coded) > 50:
            pieces.append(piece)
            piece = ""
        piece += coded
    pieces.append(piece)
    if len(pieces) == 1:
        yield f"\r\n filename*=utf-8''{pieces[0]}"
        return
    for at, piece in enumerate(pieces):
        yield f"\r\n filename*{at}*={'utf-8' + chr(39) * 2 if not at else ''}{piece}"


def _words(text: str, used: int) -> Iterator[str]:
    """RFC 2047 encoded words of at most 75 characters, never tearing a character apart; plain ASCII stays as it is."""
    if text.isascii() and len(text) + used < 76 and '"' not in text and "\\" not in text and "=?" not in text:
        yield text
        return
    piece = b""
    for one in text:
        coded = one.encode("utf-8", "replace")
        if len(piece) + len(coded) > 42:
            yield f"=?utf-8?B?{base64.b64encode(piece).decode('ascii')}?="
            piece = b""
        piece += coded
    yield f"=?utf-8?B?{base64.b64encode(piece).decode('ascii')}?="


def _flat(text: str) -> str:
    """One line: breaks and other controls become spaces; marks that turn the direction of reading are left out."""
    plain = re.sub(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", "", text)
    return " ".join(re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]", " ", plain).split())


def _addresses(text: str) -> str:
    """Addresses with their names encoded; the address itself must be plain."""
    found = getaddresses([_flat(text)])
    if not found:
        raise ValueError(f"no address: {text!r}")
    written = []
    for name, address in found:
        if not _PLAIN.fullmatch(address) or address not in text:  # the parser closes gaps: "a@b c" is no address
            raise ValueError(f"no address: {text!r}")
        written.append(f"{' '.join(_words(name, 10))} <{address}>" if name else address)
    return ",\r\n ".join(written)


def _identifier(message_id: str) -> str:
    bare = message_id.strip().removeprefix("<").removesuffix(">")
    if not _PLAIN.fullmatch(bare):
        raise ValueError(f"no Message-ID: {message_id!r}")
    return f"<{bare}>"


def _fingerprint(text: str) -> str:
    return base64.b32encode(text.encode("utf-8", "replace")[-20:]).decode("ascii").strip("=").lower()
