"""A print signed with a seal's key: what is asked of the child process, and what it refuses in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import datetime

from rules.words import Text
from workflow.documents import checker, prints
from workflow.engine import WrongInput

LARGEST_KEY = 64 * 1024
"""Bytes of a PKCS#12 file; one with a long chain has some 10,000."""
LONGEST_PASSWORD = 200


class NotSealed(WrongInput):
    """The certificate cannot seal this, with the reason (422)."""


@dataclass(frozen=True)
class Key:
    """A PKCS#12 file and its password, for one act: never kept, never logged, and not shown by `repr`."""

    data: bytes
    password: str

    def __repr__(self) -> str:
        return "Key(…)"


@dataclass(frozen=True)
class Signed:
    """A signed print. `value`: the signature itself, over which a time stamp goes; `unit`: as the certificate names it."""

    data: bytes
    value: bytes
    unit: str


def sign(paper: bytes, kind: str, key: Key, unit: str, at: datetime) -> Signed:
    """Sign a print, its round seal drawn where the kind of print ("form", "summary") has room for it.

    `unit`: whom the certificate must name; `at`: the real instant at which it must be in force. Raises NotSealed.
    """
    if not key.data:
        raise NotSealed(_WORDS["no_key_chosen"])
    if len(key.data) > LARGEST_KEY or len(key.password) > LONGEST_PASSWORD:
        raise NotSealed(_WORDS["no_key_file"])
    pieces = (paper, _picture(unit), key.data, key.password.encode())
    task = {
        "do": "sign",
        "sizes": [len(one) for one in pieces],
        "unit": unit,
        "box": list(astuple(prints.PLACES[kind])),
        "at": at.isoformat(),
    }
    with checker.held_in_memory(b"".join(pieces)) as source:
        answer = checker.ask(task, source)
    if answer.refused:
        raise NotSealed(_refusal(answer.refused, {**answer.values, "wanted": unit}))
    try:
        value = bytes.fromhex(str(answer.said.get("value")))
    except ValueError as wrong:
        raise NotSealed(_WORDS["failed"]) from wrong
    return Signed(answer.payload, value, str(answer.said.get("unit", ""))[:160])


def _picture(unit: str) -> bytes:
    from workflow.documents import roundseal  # loads what draws, which pages do not need

    return roundseal.drawn(unit)


def stamped(signed: bytes, token: bytes) -> bytes | None:
    """A signed print with a time stamp token (RFC 3161) put in; None where it does not fit."""
    with checker.held(signed + token) as source:
        answer = checker.ask({"do": "stamp", "sizes": [len(signed), len(token)]}, source)
    return None if answer.refused else answer.payload


def _refusal(code: str, values: Mapping[str, object]) -> Text:
    known = dict.fromkeys(("unit", "wanted", "from", "until"), "?")
    return _WORDS.get(code, _WORDS["failed"]).fill(**{**known, **values})


_WORDS: Mapping[str, Text] = {
    "no_key_chosen": Text(
        "还没有选择证书文件。请选择电子印章的证书文件（.p12 或 .pfx）。",
        "No certificate file was chosen. Choose the file of the electronic seal (.p12 or .pfx).",
    ),
    "no_key_file": Text(
        "这不是电子印章的证书文件，或已损坏。请选择 .p12 或 .pfx 文件，其中要有私钥。",
        "This is no certificate file of an electronic seal, or it is damaged. Choose a .p12 or .pfx file with the private key.",
    ),
    "wrong_key_password": Text(
        "证书文件的密码不对，没有盖章。请重新选择文件，再输入密码。",
        "The password of the certificate file is wrong; nothing was sealed. Choose the file again and type its password.",
    ),
    "unknown_algorithm": Text(
        "这张证书的算法（如 SM2）本系统还不能用来盖章。可以在原来的签章软件里签好，再上传签好的 PDF。",
        "The algorithm of this certificate (such as SM2) cannot be used for sealing here. Sign with its own program, and "
        "upload the signed PDF.",
    ),
    "other_unit": Text(
        "证书写的单位是“{unit}”，而这里要由“{wanted}”盖章，两者不是同一单位，没有盖章。",
        "The certificate is that of “{unit}”, but it is “{wanted}” that has to seal; nothing was sealed.",
    ),
    "expired": Text(
        "“{unit}”的证书已于 {until} 到期，没有盖章。请换用有效的证书。",
        "The certificate of “{unit}” expired on {until}; nothing was sealed. Use one that is in force.",
    ),
    "not_yet_valid": Text(
        "“{unit}”的证书要到 {from} 才生效，没有盖章。",
        "The certificate of “{unit}” comes into force on {from} only; nothing was sealed.",
    ),
    "failed": Text(
        "没有盖成：证书文件不能用来签名。请换一个证书文件，或改为上传盖章扫描件。",
        "Nothing was sealed: the certificate file cannot be used for signing. Use another, or upload a sealed scan.",
    ),
}
