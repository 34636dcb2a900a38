"""Mails as files (RFC 5322, MIME): which parts they carry, within bounds; nothing in them is opened here."""

from __future__ import annotations

import email.errors
import re
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from html import unescape
from itertools import islice
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


def parts(data: bytes, *, each: bool = False) -> Done:
    """Every part that is a file, as `parts`: [{name, size, inline}], with their bytes, who wrote as `head`, its `words`, and
    what it says of a mail that did not arrive as `returned`.

    `each`: what is unfit stands among the parts with its code as `refused`; otherwise it refuses the mail. Raises Refused.
    """
    if max(data.count(b"\nContent-Type:"), data.count(b"\ncontent-type:")) > 20 * limits.MAIL_FILES:
        raise Refused("too_many_attachments", most=limits.MAIL_FILES)
    try:
        mail = BytesParser(policy=compat32).parsebytes(data)
        found = _Found(each)
        _gather(mail, found, 1)
        head = {name: _line(mail, name) for name in ("from", "reply-to", "subject", "message-id")}
        returned = _returned(mail, head)
        words = _body(mail)
    except RecursionError as error:
        raise Refused("mail_too_deep", most=limits.MAIL_DEPTH) from error
    except (ValueError, LookupError, TypeError, AttributeError, email.errors.MessageError) as error:
        raise Refused("damaged") from error
    return {"parts": found.told, "head": head, "words": words, "returned": returned}, b"".join(found.contents)


class _Found:
    """The parts so far. `each`: one that is unfit is told with the others and does not end the search."""

    def __init__(self, each: bool) -> None:
        self.each, self.full = each, False
        self.told: list[dict[str, object]] = []
        self.contents: list[bytes] = []

    def add(self, name: str, content: bytes, inline: bool) -> None:
        if len(self.contents) == limits.MAIL_FILES:
            self.full = True
            self.refuse("", "too_many_attachments", most=limits.MAIL_FILES)
            return
        self.told.append({"name": name, "size": len(content), "inline": inline})
        self.contents.append(content)

    def refuse(self, name: str, code: str, **values: str | int) -> None:
        if not self.each:
            raise Refused(code, **values)
        self.told.append({"name": name, "size": 0, "inline": False, "refused": code, "values": values})


# ---- mails that came back --------------------------------------------------------------------------------------------

_FROM_A_SERVER = re.compile(r"mailer-daemon|postmaster", re.IGNORECASE)
_SAYS_SO = re.compile(
    r"退信|退回|投递失败|无法投递|发送失败|undeliver|delivery (?:status|failure|has failed)|returned (?:mail|to sender)"
    r"|failure notice",
    re.IGNORECASE,
)
_ID = re.compile(r"<[^<>\s@]{1,150}@[^<>\s]{1,120}>")
_MOST_PARTS, _MOST_IDS, _MOST_RECIPIENTS, _MOST_WORDS = 200, 50, 20, 4000


def _returned(mail: Message, head: dict[str, str]) -> dict[str, object]:
    """What a server says of a mail that did not arrive (RFC 3464, or in plain words); {} for any other mail.

    `report`: whether it is a report by the standard; `ids`: Message-IDs that it names; `recipients`: whom it did not
    reach, each with action, status and words; `words`: its text.
    """
    report = mail.get_content_type() == "multipart/report" and "delivery-status" in str(mail.get_param("report-type"))
    told = bool(_FROM_A_SERVER.search(head["from"])) or bool(_SAYS_SO.search(head["subject"]))
    if not report and not told:
        return {}
    ids: list[str] = []
    recipients: list[dict[str, str]] = []
    words = ""
    for part in islice(mail.walk(), _MOST_PARTS):
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            blocks = part.get_payload()
            recipients += [_recipient(one) for one in blocks if isinstance(one, Message) and one.get("Action")]
        elif kind.startswith("text/"):
            text = _text(part)
            ids += _ID.findall(text)
            words = words or text.strip()[:_MOST_WORDS]
        elif part is not mail:
            ids += _ID.findall(_line(part, "message-id"))
    return {
        "report": report,
        "ids": list(dict.fromkeys(ids))[:_MOST_IDS],
        "recipients": recipients[:_MOST_RECIPIENTS],
        "words": words,
    }


def _recipient(fields: Message) -> dict[str, str]:
    """The fields of one recipient (RFC 3464, 2.3), their types left off."""
    values = {name: _line(fields, name) for name in ("original-recipient", "final-recipient", "diagnostic-code")}
    plain = {name: value.partition(";")[2].strip() or value for name, value in values.items()}
    return {
        "recipient": plain["original-recipient"] or plain["final-recipient"],
        "action": _line(fields, "action").lower()[:12],
        "status": _line(fields, "status")[:20],
        "words": plain["diagnostic-code"],
    }


def _body(mail: Message) -> str:
    """What a mail says: its plain text, or where it has none its page without the marks; up to 16,000 bytes of it."""
    texts = [
        one
        for one in islice(mail.walk(), _MOST_PARTS)
        if one.get_content_type() in ("text/plain", "text/html") and not _name(one)
    ]
    chosen = next((one for one in texts if one.get_content_subtype() == "plain"), texts[0] if texts else None)
    if chosen is None:
        return ""
    words = _text(chosen)
    if chosen.get_content_subtype() == "html":
        words = unescape(words)
    lines = [" ".join(one.split()) for one in words.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload[: 16 * _MOST_WORDS] if isinstance(payload, bytes) else b""
    text = _charset(raw, str(part.get_content_charset() or ""))
    return re.sub(r"<(?:style|script).*?(?:</(?:style|script)>|\Z)|<(?![^<>\s]+@)[^>]*>", " ", text, flags=re.S | re.I)


def heading(head: bytes, name: str) -> str:
    """One header of a mail of which only headers are at hand, in readable words; "" where it has none."""
    return _line(BytesParser(policy=compat32).parsebytes(head, headersonly=True), name)


_MOST_OF_A_LINE = 500


def _line(mail: Message, name: str) -> str:
    """A header in one line of readable words; raw bytes are read as UTF-8 or GBK."""
    text = str(_readable(mail, name).get(name, ""))
    return " ".join(_words(text).split())[:_MOST_OF_A_LINE]


def _gather(part: Message, found: _Found, depth: int) -> None:
    if found.full:
        return
    if depth > limits.MAIL_DEPTH:
        found.refuse("", "mail_too_deep", most=limits.MAIL_DEPTH)
        return
    if sum(len(name) + len(str(value)) for name, value in part.items()) > limits.MAIL_HEADERS:
        raise Refused("headers_too_long", most=limits.MAIL_HEADERS // 1024)
    kind = part.get_content_type()
    if part.is_multipart():
        for inner in part.get_payload():
            if isinstance(inner, Message):
                _gather(inner, found, depth + 1)
        return
    name = _name(part)
    if kind in ("application/ms-tnef", "application/vnd.ms-tnef") or name.lower() == "winmail.dat":
        found.refuse(name, "winmail_dat")
        return
    if kind in _SIGNATURES or (not name and kind.startswith(("text/", "message/"))):
        return
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    shown = bool(part.get("Content-ID")) or part.get_content_disposition() == "inline"
    numbered = f"附件{len(found.contents) + 1}{guess_extension(kind) or ''}"
    found.add(name or numbered, content, shown and kind.startswith("image/"))


def _name(part: Message) -> str:
    """The name of an attachment in whichever form it was written: RFC 2231, encoded words, or bare bytes."""
    for header, key in (("content-disposition", "filename"), ("content-type", "name")):
        value = _readable(part, header).get_param(key, header=header)
        if isinstance(value, tuple):
            return clean_name(_charset(value[2].encode("latin-1", "replace"), value[0] or ""))
        if value:
            return clean_name(_words(str(value)))
    return ""


def _readable(part: Message, name: str) -> Message:
    """The header alone, raw bytes in it read as UTF-8 or GBK; the library would put a question mark for each."""
    raw = next((value for key, value in part.raw_items() if key.lower() == name), None)
    only = Message()
    if isinstance(raw, str):
        if re.search("[\udc80-\udcff]", raw):
            raw = decoded(raw.encode("utf-8", "surrogateescape"))
        only[name] = raw
    return only


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
