#!/usr/bin/env python3
"""征集留痕校验器 · The stand-alone verifier of a Zhengji trail. One file, nothing but Python's standard library.

It reads an export of the trail (`zhengji audit export`), on any machine and without asking the system that made it, and
says whether anything was changed, left out, added later, put in another order, or done by somebody who may not; and where.
The README beside this file says how to use it, and what it cannot tell.

    python3 zhengji_verify.py trail.jsonl --key 'zhengji/…+…+…' --anchor checkpoint.txt --receipt receipt.json

It reads the passport of one case too (`zhengji export passport`): a zip with the case's papers, revisions and entries.

Exit codes: 0 nothing wrong, 1 something is, 2 wrong use.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import multiprocessing
import os
import re
import sys
import unicodedata
import zipfile
import zlib
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Set, TextIO, Tuple

FORMAT = "zhengji-audit-1"
CLOCKS = timedelta(minutes=15)  # by how much clocks of one installation may differ, and how long a request may wait
PIECE = 1 << 18  # bytes of an export that are examined at a time
WORTHWHILE = 16  # pieces for which a process of its own is worth starting
PASSPORT = "zhengji-passport/1"
MOST_FILES, MOST_BYTES = 1000, 200 * 1024 * 1024  # of a passport, really inflated

Hashed = Callable[[bytes], bytes]
Point = Tuple[int, int, int, int]

# Who may move what, from where, whither: written from the program's own lifecycles, and never read from an export,
# because whoever forges the one would forge the other. transition: [sources, target, roles].
# fmt: off
# lifecycles begin
LIFECYCLES: Dict[str, Any] = {
    "case": {
        "initial": "draft",
        "transitions": {
            "stamp": [["draft", "returned"], "centre_stamped", ["sealer"]],
            "review": [["centre_stamped"], "province_reviewed", ["reviewer"]],
            "return_to_centre": [["centre_stamped", "province_reviewed"], "returned", ["reviewer"]],
            "decline": [["centre_stamped", "province_reviewed"], "not_recommended", ["reviewer"]],
            "reopen": [["province_reviewed"], "centre_stamped", ["reviewer"]],
            "reconsider": [["not_recommended"], "centre_stamped", ["reviewer"]],
            "submit": [["province_reviewed"], "submitted", ["leader"]],
            "apply": [["centre_stamped"], "submitted", ["sealer"]],
            "turn_back": [["submitted"], "returned", ["desk"]],
            "unstamp": [["centre_stamped"], "draft", ["sealer"]],
            "withdraw": [["draft", "returned", "centre_stamped", "province_reviewed"], "withdrawn", ["author", "sealer"]],
            "resume": [["withdrawn"], "draft", ["author", "sealer"]],
            "shortlist": [["submitted"], "shortlisted", ["desk"]],
            "pass_over": [["submitted"], "not_selected", ["desk"]],
            "return_to_office": [["submitted"], "province_reviewed", ["desk"]],
            "unshortlist": [["shortlisted"], "submitted", ["desk"]],
            "take_up": [["not_selected"], "submitted", ["desk"]],
            "publish": [["shortlisted"], "published", ["editor"]],
            "retract": [["published"], "retracted", ["editor"]],
            "republish": [["retracted"], "published", ["editor"]],
            "push": [["published"], "wipo_pushed", ["liaison"]],
            "recall_push": [["wipo_pushed"], "published", ["liaison"]],
        },
    },
    "batch": {
        "initial": "collecting",
        "transitions": {
            "seal": [["collecting"], "sealed", ["leader"]],
            "reopen": [["sealed"], "collecting", ["reviewer"]],
            "send": [["sealed"], "sent", ["leader"]],
            "receive": [["sent"], "received", ["desk"]],
            "unreceive": [["received"], "sent", ["desk"]],
            "return_batch": [["sent", "received"], "collecting", ["desk"]],
        },
    },
    "push": {
        "initial": "queued",
        "transitions": {
            "send": [["queued"], "sent", ["system"]],
            "acknowledge": [["sent"], "acknowledged", ["system", "liaison"]],
            "fail": [["queued", "sent"], "failed", ["system"]],
            "retry": [["failed", "recalled"], "queued", ["liaison"]],
            "resend": [["sent"], "queued", ["liaison"]],
            "recall": [["queued", "sent", "acknowledged", "failed"], "recalled", ["liaison"]],
        },
    },
    "judgement": {
        "initial": "invited",
        "transitions": {
            "accept": [["invited"], "accepted", ["judge"]],
            "score": [["accepted"], "scored", ["judge"]],
            "lock": [["scored"], "locked", ["judge", "desk"]],
            "revise": [["scored"], "accepted", ["judge"]],
            "reopen": [["locked"], "accepted", ["desk"]],
            "declare_conflict": [["invited", "accepted", "scored"], "conflicted", ["judge"]],
            "decline": [["invited", "accepted"], "declined", ["judge"]],
            "release": [["invited", "accepted", "scored"], "released", ["desk"]],
            "invite_again": [["conflicted", "declined", "released"], "invited", ["desk"]],
        },
    },
    "call": {
        "initial": "open",
        "transitions": {
            "close": [["open"], "closed", ["director"]],
            "reopen": [["closed"], "open", ["director"]],
            "archive": [["closed"], "archived", ["director"]],
            "unarchive": [["archived"], "closed", ["director"]],
        },
    },
    "objection": {
        "initial": "received",
        "transitions": {
            "accept": [["received"], "under_inquiry", ["desk"]],
            "not_accept": [["received"], "not_accepted", ["desk"]],
            "set_back": [["under_inquiry"], "received", ["desk"]],
            "reconsider": [["not_accepted"], "received", ["desk"]],
            "uphold": [["under_inquiry"], "upheld", ["director"]],
            "dismiss": [["under_inquiry"], "dismissed", ["director"]],
            "reopen": [["upheld", "dismissed"], "under_inquiry", ["director"]],
            "withdraw": [["received", "under_inquiry"], "withdrawn", ["desk"]],
            "resume": [["withdrawn"], "received", ["desk"]],
        },
    },
}
# lifecycles end
# fmt: on

# ---- what is found ---------------------------------------------------------------------------------------------------


class Finding:
    """One thing that is wrong. `code`: for programs; `where`: the line, the entry or the checkpoint; zh, en: for people."""

    def __init__(self, code: str, where: str, zh: str, en: str) -> None:
        self.code, self.where, self.zh, self.en = code, plain(where), plain(zh), plain(en)

    def as_json(self) -> Dict[str, str]:
        return {"code": self.code, "where": self.where, "zh": self.zh, "en": self.en}


class WrongUse(Exception):
    """What was asked for cannot be done: no such file, no such key."""


def plain(text: str) -> str:
    """What a forger may have written, as a terminal shows it: signs that end a line, move the cursor or turn the direction
    stand there as numbers, so that no file can write its own verdict on the screen."""
    return "".join(one if _is_shown(one) else "\\u%04x" % ord(one) for one in text)


def _is_shown(sign: str) -> bool:
    return unicodedata.category(sign)[0] != "C" and sign not in "\u2028\u2029"


# ---- hashes ----------------------------------------------------------------------------------------------------------


def digest(algorithm: str) -> Hashed:
    """The hash function of that name: "sha256" (FIPS 180-4) or "sm3" (GB/T 32905-2016)."""
    if algorithm == "sha256":
        return sha256
    if algorithm == "sm3":
        return openssl_sm3 if "sm3" in hashlib.algorithms_available else sm3
    raise WrongUse("unknown hash %r" % (algorithm,))


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def openssl_sm3(data: bytes) -> bytes:
    return hashlib.new("sm3", data).digest()


def sm3(data: bytes) -> bytes:
    """SM3 as the standard writes it down, for a Python whose OpenSSL leaves it out."""
    mask = 0xFFFFFFFF

    def turn(x: int, n: int) -> int:
        n %= 32
        return ((x << n) | (x >> (32 - n))) & mask

    state = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    data = bytes(data)
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + (len(data) * 8).to_bytes(8, "big")
    for start in range(0, len(padded), 64):
        w = [int.from_bytes(padded[start + at : start + at + 4], "big") for at in range(0, 64, 4)]
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ turn(w[j - 3], 15)
            w.append(x ^ turn(x, 15) ^ turn(x, 23) ^ turn(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            t = 0x79CC4519 if j < 16 else 0x7A879D8A
            ss1 = turn((turn(a, 12) + e + turn(t, j)) & mask, 7)
            ss2 = ss1 ^ turn(a, 12)
            ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
            gg = e ^ f ^ g if j < 16 else (e & f) | (~e & g)
            tt1 = (ff + d + ss2 + (w[j] ^ w[j + 4])) & mask
            tt2 = (gg + h + ss1 + w[j]) & mask
            d, c, b, a = c, turn(b, 9), a, tt1
            h, g, f, e = g, turn(f, 19), e, tt2 ^ turn(tt2, 9) ^ turn(tt2, 17)
        state = [x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h))]
    return b"".join(x.to_bytes(4, "big") for x in state)


# ---- the tree (RFC 6962, section 2.1) --------------------------------------------------------------------------------


class Tree:
    """The right edge of a growing tree: the roots of its full subtrees, the largest first."""

    def __init__(self, hashed: Hashed) -> None:
        self.hashed, self.size = hashed, 0
        self.peaks: List[bytes] = []

    def add(self, leaves: Iterable[bytes]) -> None:
        """Let it grow by these leaves, level by level."""
        nodes, size, odd = list(leaves), self.size, []
        self.size += len(nodes)
        while nodes:
            if size & 1:
                nodes.insert(0, self.peaks.pop())
            if len(nodes) & 1:
                odd.append(nodes.pop())
            nodes = [self.hashed(b"\x01" + left + right) for left, right in zip(nodes[::2], nodes[1::2])]
            size >>= 1
        self.peaks += reversed(odd)

    def root(self) -> bytes:
        if not self.peaks:
            return self.hashed(b"")
        node = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            node = self.hashed(b"\x01" + peak + node)
        return node


def includes(hashed: Hashed, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path leads from a leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    last = size - 1
    for one in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            leaf = hashed(b"\x01" + one + leaf)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            leaf = hashed(b"\x01" + leaf + one)
        index, last = index >> 1, last >> 1
    return last == 0 and leaf == root


# ---- Ed25519 (RFC 8032), verification only ---------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
ZERO = (0, 1, 1, 0)


def ready(a: Point) -> Point:
    """A point in the form in which it is added to others."""
    x, y, z, t = a
    return y - x, y + x, 2 * z, 2 * D * t % P


def plus(a: Point, b: Point) -> Point:
    """A point in extended coordinates, and one that is ready, added."""
    x, y, z, t = a
    minus, sum_, twice, t2 = b
    e, f, g, h = (y - x) * minus % P, (y + x) * sum_ % P, t * t2 % P, z * twice % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def point(raw: bytes) -> Optional[Point]:
    """The point that 32 bytes write down; None when they write down none, or not in the one right way."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if x * x % P != x2:
        x = x * ROOT_OF_MINUS_ONE % P
    if x * x % P != x2 or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def written(a: Point) -> bytes:
    """A point as 32 bytes."""
    x, y, z, _ = a
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def small(a: Point) -> bool:
    """Whether a point is one of the eight for which anybody can make signatures up."""
    for _ in range(3):
        a = plus(a, ready(a))
    return a[0] % P == 0 and (a[1] - a[2]) % P == 0


class Multiples:
    """j·16^i·A for every i and j, and pairs of them as they are needed: any multiple of A is then a sum of 32 pairs."""

    def __init__(self, a: Point) -> None:
        rows = []
        for _ in range(64):
            row, one = [ZERO], ready(a)
            for _ in range(15):
                row.append(plus(row[-1], one))
            rows.append(row)
            a = plus(row[-1], one)
        self.rows: List[Tuple[List[Point], List[Point], Dict[int, Point]]]
        self.rows = [(low, [ready(one) for one in high], {}) for low, high in zip(rows[::2], rows[1::2])]

    def times(self, n: int) -> Point:
        found = ZERO
        for low, high, pairs in self.rows:
            pair = pairs.get(n & 255)
            if pair is None:
                pair = pairs[n & 255] = ready(plus(low[n & 15], high[n >> 4 & 15]))
            found = plus(found, pair)
            n >>= 8
        return found


BASE = Multiples(point(bytes.fromhex("58" + "66" * 31)) or ZERO)


class Key:
    """The public key of one log, as `origin+id+base64` writes it down. Raises WrongUse."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.origin, _, rest = self.text.partition("+")
        said, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
            named = self.origin.encode() + b"\n"
        except ValueError:
            raw = named = b""
        self.raw = raw[1:]
        self.id = hashlib.sha256(named + raw).digest()[:4]
        a = point(self.raw) if len(raw) == 33 and raw[0] == 1 else None
        if a is None or small(a) or self.id.hex() != said:
            raise WrongUse("密钥写错了 / not a key, or copied wrongly: %s" % plain(self.text))
        x, y, z, t = a
        self.minus = Multiples((P - x, y, z, P - t))

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's. Only the one smallest form of a signature counts."""
        if len(signature) != 64:
            return False
        s = int.from_bytes(signature[32:], "little")
        if s >= L:
            return False
        k = int.from_bytes(hashlib.sha512(signature[:32] + self.raw + message).digest(), "little") % L
        return written(plus(BASE.times(s), ready(self.minus.times(k)))) == signature[:32]


# ---- checkpoints -----------------------------------------------------------------------------------------------------

NOTE = re.compile(
    r"(?P<text>(?P<origin>[^\n+\s]+)\n(?P<size>0|[1-9]\d{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"time (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n)\n— (?P<name>\S+) (?P<signature>[A-Za-z0-9+/]+={0,2})\n"
)


class Note:
    """A signed checkpoint: so many entries, this root. `wrong`: why it does not count, as (code, zh, en), or None.

    `size`: -1 where the text says none.
    """

    def __init__(self, text: str, key: Optional[Key], origin: str) -> None:
        self.size, self.root, self.at = -1, b"", 0.0
        self.wrong = self._read(text, key, origin)

    def _read(self, text: str, key: Optional[Key], origin: str) -> Optional[Tuple[str, str, str]]:
        found = NOTE.fullmatch(text)
        try:
            at = datetime.strptime(found["at"] if found else "", "%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            found = None
        if found is None:
            return "checkpoint_malformed", "不是完整的检查点，或没有签名", "is no checkpoint, or is not signed"
        self.size, self.root = int(found["size"]), base64.b64decode(found["root"])
        self.at = at.replace(tzinfo=timezone.utc).timestamp()
        if found["origin"] != origin or found["name"] != origin:
            return "checkpoint_of_another_log", "属于另一份留痕", "belongs to another log"
        if base64.b64encode(self.root).decode() != found["root"]:
            return "checkpoint_malformed", "树根的写法不规范", "writes its root in an irregular way"
        if key is None or _signs(key, found["text"], found["signature"]):
            return None
        return "signature_wrong", "签名不是本留痕密钥的", "is not signed by the key of this log"


def _signs(key: Key, text: str, encoded: str) -> bool:
    try:
        signature = base64.b64decode(encoded, validate=True)
    except ValueError:
        return False
    regular = base64.b64encode(signature).decode() == encoded
    return regular and signature[:4] == key.id and key.signed(text.encode(), signature[4:])


# ---- how entries are written -----------------------------------------------------------------------------------------

decode = json.JSONDecoder().raw_decode
WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_make = getattr(json.encoder, "c_make_encoder", None)
_parts = _make and _make(None, WRITER.default, json.encoder.encode_basestring, None, ":", ",", True, False, False)


def encode(value: Any) -> str:
    """As WRITER does, without making an encoder anew for each of a million lines."""
    return "".join(_parts(value, 0)) if _parts else WRITER.encode(value)


def read(text: str) -> Any:
    """The value that a text writes down in the one canonical way. Raises ValueError, RecursionError."""
    value, _ = decode(text)
    if encode(value) != text:
        raise ValueError("not canonical")
    return value


STRING = r'"[^"\\\x00-\x1f]*"'  # in which nothing is, or need be, escaped
NUMBER = r"(?:0|-?[1-9][0-9]{0,17})"
LIST = r"\[(?:(?:%s|%s)(?:,(?:%s|%s))*)?\]" % (STRING, NUMBER, STRING, NUMBER)
REST = (
    r',"hash":"([0-9a-f]{64})","index":(0|[1-9][0-9]{0,17}),"kind":"event",'
    r'"prev":(?:null|"([0-9a-f]{64})"),"priv":(?:null|"([0-9a-f]{64})")\}'
)
EVENT = re.compile(r'\{"body":(\{.*\})' + REST, re.S)
TOLD = ("action", "at", "case_id", "from_state", "outcome", "role", "seq", "stream", "to_state")


def shape(value: Any) -> str:
    """The pattern of what is written as this value is, with other words and whole numbers in the same places.

    What fits it is canonical because the value is: the same keys and marks in the same order, strings in which nothing needs
    an escape, whole numbers written in the one way; all else is the same text.
    """
    if isinstance(value, dict):
        return r"\{" + ",".join(re.escape(encode(key)) + ":" + shape(one) for key, one in value.items()) + r"\}"
    if isinstance(value, list):
        short = all(isinstance(one, str) or type(one) is int for one in value)
        return LIST if short else r"\[" + ",".join(map(shape, value)) + r"\]"
    if isinstance(value, str):
        return STRING
    return NUMBER if type(value) is int else re.escape(encode(value))


def entry_shape(body: Dict[str, Any]) -> str:
    """The pattern of lines whose entry is of the same action and shape; its groups are those of EVENT and each of TOLD."""
    pattern, comma = r'\{"body":(\{', ""
    for name in sorted({*body, *TOLD}):
        if name not in body:
            pattern += "()"
            continue
        value = body[name]
        pattern += comma + re.escape(encode(name)) + ":"
        if name == "action":
            pattern += '"(' + re.escape(value) + ')"'
        elif name in ("seq", "case_id") and type(value) is int:
            pattern += "(" + NUMBER + ")"
        elif name in TOLD and isinstance(value, str):
            pattern += '"(' + STRING[1:-1] + ')"'
        else:
            pattern += "()" * (name in TOLD) + shape(value)
        comma = ","
    return pattern + r"\})" + REST


class Reader:
    """Reads entries: the long way, which decodes, writes anew and compares; or by a pattern that one so read has made."""

    def __init__(self, often: int = 200) -> None:
        self.often = often  # entries of an action read the long way, which is what making a pattern costs
        self.patterns: Dict[str, List[Any]] = {}
        self.slow: Dict[str, int] = {}

    def fields(self, text: str) -> Optional[Sequence[Any]]:
        """(body, each of TOLD, hash, index, prev, priv) of a line that is an entry, as texts; None for another line.

        Raises ValueError, KeyError, TypeError, RecursionError where the body is not canonical, or no entry's.
        """
        action = text[19 : text.find('"', 19)]  # after {"body":{"action":"
        for pattern in self.patterns.get(action, ()):
            found = pattern.fullmatch(text)
            if found is not None:
                fields: Sequence[Any] = found.groups()
                return fields
        event = EVENT.fullmatch(text)
        if event is None:
            return None
        body = read(event[1])
        must = [body[one] for one in ("action", "at", "outcome", "stream", "to_state")]
        if type(body["seq"]) is not int or not all(isinstance(one, str) for one in must):
            raise ValueError("not an entry")
        if action == must[0] and len(text) < 8000:
            self._learn(action, body)
        numbers = {one: str(body[one]) for one in ("seq", "case_id") if type(body.get(one)) is int}
        told = ({**body, **numbers}.get(one) for one in TOLD)
        return (event[1], *(one if isinstance(one, str) else "" for one in told), *event.groups()[1:])

    def _learn(self, action: str, body: Dict[str, Any]) -> None:
        self.slow[action] = self.slow.get(action, 0) + 1
        known = self.patterns.setdefault(action, [])
        if self.slow[action] % self.often == 0 and len(known) < 8:
            known.append(re.compile(entry_shape(body)))


READER = Reader()  # what is canonical depends on no log, so all verifications share what was learned

# ---- one piece of the file -------------------------------------------------------------------------------------------

# An entry: its line and place in the piece, index, stream, number in the stream, hash of the entry before, its own hash.
Entry = Tuple[int, int, int, str, int, Optional[bytes], bytes]
# What a thing with a lifecycle did: line, index, stream, number, action, outcome, state after, state before, role.
Move = Tuple[int, int, str, int, str, str, str, str, str]
# What is wrong: line in the piece, code, which entry, in Chinese, in English.
Found = Tuple[int, str, str, str, str]
AFTER_THE_END = ("after_the_end", "", "结尾之后还有内容", "something stands after the end")
NONE = bytes(32)
WITHHELD = "withheld"
STARTS = tuple(kind + "/" for kind in LIFECYCLES)
LIVING = re.compile(r"(?:%s)/[1-9][0-9]*|call/[^/]+/standing" % "|".join(set(LIFECYCLES) - {"call"}))
SALT = re.compile(
    r"[0-9a-f]{64}"
)  # 32 bytes: were they more or fewer, salt could pass for payload and payload for salt


def named(index: int, stream: str, seq: int) -> str:
    return "entry %d, %s#%d" % (index, stream, seq)


class Piece:
    """What a piece of the file holds, and what is wrong with it whatever stands in the others. Lines count from 1."""

    def __init__(self, lines: int, whole: bool) -> None:
        self.lines, self.whole = lines, whole
        self.entries: List[Entry] = []
        self.leaves: List[bytes] = []
        self.times: List[Optional[float]] = []
        self.moves: List[Move] = []
        self.notes: List[Tuple[int, Note]] = []
        self.things: List[Tuple[int, str, Any, Any, Any]] = []
        self.end: Optional[Tuple[Any, Any]] = None
        self.found: List[Found] = []
        self.proofs: List[Tuple[int, int, List[bytes]]] = []
        self.said: List[str] = []  # of a passport: what each entry says


class Examiner:
    """Examines pieces of one file, in whichever process."""

    def __init__(self, hashed: Hashed, key: Optional[Key], origin: str, passport: bool = False) -> None:
        self.hashed, self.key, self.origin, self.passport = hashed, key, origin, passport
        self.piece = Piece(0, True)
        self.last: Tuple[int, Optional[str]] = (-1, None)  # index of the last entry, hash of its personal part

    def examine(self, content: bytes, first: bool) -> Piece:
        """A piece of the file; `first`: the first one, which begins with the head."""
        lines = content.split(b"\n")
        whole = not lines[-1]
        if whole:
            lines.pop()
        piece = self.piece = Piece(len(lines), whole)
        hashed, raw, entries, leaves, times = self.hashed, bytes.fromhex, piece.entries, piece.leaves, piece.times
        self.last = (-1, None)
        for line, written in enumerate(lines, 1):
            try:
                text = written.decode()
                fields = READER.fields(text)
            except (ValueError, KeyError, TypeError, RecursionError):
                self._unreadable(line, written)
                continue
            if fields is None:
                self._other(line, text, first and line == 1)
                if piece.end is None:
                    continue
                for late in range(line + 1, len(lines) + 1):
                    self._find(late, *AFTER_THE_END)
                break
            body, action, at, case, source, outcome, role, number, stream, target, said, place, before, priv = fields
            index, seq, leaf, prev = int(place), int(number), raw(said), raw(before) if before else None
            content = written[8 : len(written) - (len(text) - 8 - len(body))]  # all around it is ASCII
            if hashed(b"\0" + (prev or NONE) + (raw(priv) if priv else NONE) + content) != leaf:
                zh, en = "内容与哈希不符：这一条被改过", "its content does not have its hash: it was changed"
                self._find(line, "entry_changed", named(index, stream, seq), zh, en)
            when = moment(at)
            if when is None:
                zh, en = "时间的写法不对", "its time is malformed"
                self._find(line, "time_malformed", named(index, stream, seq), zh, en)
            if stream.startswith(STARTS) and LIVING.fullmatch(stream):
                piece.moves.append((line, index, stream, seq, action, outcome, target, source, role))
            if stream.startswith("case/") and stream.split("/", 2)[1] != case:
                zh, en = (
                    "它在一个案例的链上，说的却是另一个案例",
                    "it stands in the chain of one case and speaks of another",
                )
                self._find(line, "stray_entry", named(index, stream, seq), zh, en)
            entries.append((line, len(leaves), index, stream, seq, prev, leaf))
            leaves.append(leaf)
            times.append(when)
            self.last = index, priv
            if self.passport:
                piece.said.append(body)
        return piece

    def _find(self, line: int, code: str, entry: str, zh: str, en: str) -> None:
        self.piece.found.append((line, code, entry, zh, en))

    def _unreadable(self, line: int, raw: bytes = b"") -> None:
        event = EVENT.fullmatch(raw.decode("utf-8", "replace"))
        if event is None:
            zh, en = "这一行读不懂，或不是规范的写法", "cannot be read, or is not canonical"
            self._find(line, "line_unreadable", "", zh, en)
        else:
            zh, en = "内容不是规范的 JSON", "its content is not canonical JSON"
            self._find(line, "entry_not_canonical", "entry " + event[3], zh, en)

    def _other(self, line: int, text: str, first: bool) -> None:
        try:
            value = read(text)
            kind = value["kind"]
            if kind == "private":
                self._private(line, value)
            elif kind == "missing":
                self._missing(line, value)
            elif kind == "checkpoint":
                self.piece.notes.append((line, Note(str(value["note"]), self.key, self.origin)))
            elif kind == "thing":
                thing = (line, str(value["stream"]), value["version"], value["state"], value["head"])
                self.piece.things.append(thing)
            elif kind == "proof" and self.passport:
                self.piece.proofs.append((line, int(value["index"]), [bytes.fromhex(one) for one in value["path"]]))
            elif kind == "withheld" and self.passport:
                self._withheld(line, value)
            elif kind == "end":
                self.piece.end = value["lines"], value["sha256"]
            elif kind == "log" and not first:
                self._find(line, "second_header", "", "文件头出现了两次", "a second head")
            elif kind != "log":
                self._unreadable(line)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._unreadable(line)

    def _private(self, line: int, value: Dict[str, Any]) -> None:
        """The personal part that an entry keeps apart: salt and payload give the hash that the entry holds."""
        index, priv = self.last
        salt = value["salt"]
        if value["index"] != index:
            zh, en = "个人信息部分不在它的条目之后", "a personal part that follows no entry of its own"
            self._find(line, "private_stray", "", zh, en)
        elif (
            not SALT.fullmatch(salt)
            or not self.hashed(bytes.fromhex(salt) + value["payload"].encode()).hex() == value["hash"] == priv
        ):
            zh, en = "个人信息部分与留痕中的哈希不符", "the personal part does not have the hash that the entry holds"
            self._find(line, "private_changed", "entry %d" % index, zh, en)

    def _withheld(self, line: int, value: Dict[str, Any]) -> None:
        """An entry whose words whoever took the passport may not read: its place and hashes stand here, and no more."""
        index, stream, seq, state = int(value["index"]), str(value["stream"]), int(value["seq"]), str(value["to_state"])
        prev, leaf = bytes.fromhex(value["prev"]) if value["prev"] else None, bytes.fromhex(value["hash"])
        self.piece.entries.append((line, len(self.piece.leaves), index, stream, seq, prev, leaf))
        self.piece.leaves.append(leaf)
        self.piece.times.append(None)
        if LIVING.fullmatch(stream):
            self.piece.moves.append((line, index, stream, seq, "", WITHHELD, state, "", ""))

    def _missing(self, line: int, value: Dict[str, Any]) -> None:
        """The log knows an entry that the table does not hold any more."""
        zh, en = "这一条在总账中有登记，内容却不在了", "the log knows this entry, and its content is gone"
        self._find(line, "entry_missing", "entry %s" % value["index"], zh, en)
        self.piece.leaves.append(bytes.fromhex(value["hash"]))
        self.piece.times.append(None)
        self.last = (-1, None)


def moment(written_at: str) -> Optional[float]:
    """The seconds of a time that names its zone; None when it is written in another way."""
    try:
        at = datetime.fromisoformat(written_at)
    except ValueError:
        return None
    return at.timestamp() if at.tzinfo is not None else None


Part = Tuple[int, int]  # of the file: the byte that it begins at, and how many it has


def _examined(path: str, parts: Sequence[Part], examiner: Examiner, processes: int) -> Iterator[Tuple[bytes, Piece]]:
    """Each part as it stands in the file, and examined. The first process takes fewer: it fits all of them together."""
    turn = processes**2 + 1
    whose = [0 if at % turn in (0, turn // 2) else at % (processes - 1) + 1 for at in range(len(parts))]
    pipes, others = [], []
    for number in range(1, processes):
        pipe, end = multiprocessing.Pipe(duplex=False)
        share = [part for part, who in zip(parts, whose) if who == number]
        others.append(multiprocessing.Process(target=_send, args=(end, path, share, examiner), daemon=True))
        others[-1].start()
        end.close()
        pipes.append(pipe)
    try:
        with open(path, "rb") as file:
            for (start, length), who in zip(parts, whose):
                content = file.read(length)
                yield content, pipes[who - 1].recv() if who else examiner.examine(content, start == 0)
    except EOFError:
        raise WrongUse("一个进程被中断 / a process was killed") from None
    finally:
        for other in others:
            other.terminate()
            other.join()


def _send(end: Any, path: str, share: Sequence[Part], examiner: Examiner) -> None:
    """In a process of its own."""
    with open(path, "rb") as file:
        for start, length in share:
            file.seek(start)
            end.send(examiner.examine(file.read(length), start == 0))


def _parts_of(path: str) -> Iterator[Part]:
    """Parts of about PIECE bytes that end where a line ends; none parts an entry from the personal part that follows it."""
    size, start = os.path.getsize(path), 0
    with open(path, "rb") as file:
        while start < size:
            file.seek(min(start + PIECE, size))
            file.readline()
            stop = file.tell()
            while file.readline(8) == b'{"hash":':
                file.readline()
                stop = file.tell()
            stop = min(stop, size)
            yield start, stop - start
            start = stop


# ---- the whole -------------------------------------------------------------------------------------------------------


def written_otherwise(first: bytes) -> Tuple[str, str]:
    """Why the first line is no head of an export: what programs on the way do to files, else only that it is none."""
    if first.startswith(b"\x1f\x8b"):
        return "文件是压缩过的（gzip），请先解压", "the file is compressed (gzip): unpack it first"
    if first.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return (
            "文件被编辑器另存过（开头有编码标记），请用原来的文件",
            "an editor has saved the file anew (with a mark of its encoding): use the file as it was exported",
        )
    if first.endswith(b"\r\n"):
        return (
            "文件的换行被改成了 CRLF（编辑器或邮件所为），请用原来的文件",
            "an editor or a mail program has changed the ends of its lines (CRLF): use the file as it was exported",
        )
    return "这不是留痕导出文件，或文件头被改过", "this is no export of a trail, or its head was changed"


class Chain:
    """Where one stream has come to: its last number and hash, and the state that it left."""

    __slots__ = ("head", "seq", "state")

    def __init__(self) -> None:
        self.seq, self.state = 0, ""
        self.head: Optional[bytes] = None


class Verification:
    """Everything about one export. `findings`: what is wrong; `unchecked`: what could not be told, as (zh, en)."""

    def __init__(
        self, key: Optional[Key] = None, anchors: Sequence[str] = (), receipts: Sequence[str] = (), most: int = 200
    ) -> None:
        self.key, self.pinned, self.anchors, self.receipts, self.most = key, key is not None, anchors, receipts, most
        self.findings: List[Finding] = []
        self.unchecked: List[Tuple[str, str]] = []
        self.more = self.size = self.checked_notes = 0
        self.header: Dict[str, Any] = {}
        self.hashed = digest("sha256")
        self.streams: Dict[str, Chain] = {}
        self.notes: List[Tuple[str, Note]] = []
        self.things: Dict[str, Tuple[Any, Any, Any, str]] = {}
        self.leaves: List[bytes] = []
        self.times: List[Optional[float]] = []
        self.roots: Dict[int, bytes] = {}
        self.end: Optional[Tuple[Any, Any]] = None
        self._anchored: List[Tuple[int, bytes, str]] = []
        self._held: List[Tuple[str, Dict[str, Any], Optional[Note]]] = []
        self._wanted: Dict[Tuple[str, int], Optional[bytes]] = {}
        self._lines, self._whole = 0, hashlib.sha256()

    def find(self, code: str, where: str, zh: str, en: str) -> None:
        if len(self.findings) < self.most:
            self.findings.append(Finding(code, where, zh, en))
        else:
            self.more += 1

    # -- reading --

    def file(self, path: str, processes: Optional[int] = None) -> Verification:
        """Verify the export in a file. Raises WrongUse, OSError."""
        with open(path, "rb") as file:
            self._begin(file.readline())
        if not self.header:
            return self
        for text in self.anchors:
            self._anchored.append(self._anchor(text))
        for text in self.receipts:
            self._receipt(text)
        parts = list(_parts_of(path))
        examiner = Examiner(self.hashed, self.key, self.header["origin"])
        workers = max(1, min(processes or os.cpu_count() or 1, len(parts) // WORTHWHILE))
        for number, (content, piece) in enumerate(_examined(path, parts, examiner, workers), 1):
            last = number == len(parts)
            self._whole.update(content[: content.rfind(b"\n", 0, -1) + 1] if last else content)
            self._take(piece)
        self._finish()
        return self

    def _begin(self, first: bytes) -> None:
        try:
            header = read(first.rstrip(b"\n").decode())
            good = (
                header["kind"] == "log"
                and header["format"] == FORMAT
                and isinstance(header["origin"], str)
                and header["algorithm"] in ("sha256", "sm3")
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            good = False
        if not good:
            self.find("no_header", "line 1", *written_otherwise(first))
            return
        self.header, self.hashed = header, digest(header["algorithm"])
        if self.key is None and header.get("key"):
            try:
                self.key = Key(str(header["key"]))
            except WrongUse:
                self.find("key_malformed", "line 1", "文件头中的公钥不能用", "the key in the head cannot be used")
        if self.key is not None and self.key.origin != header["origin"]:
            self.find(
                "another_log",
                "line 1",
                "这份留痕叫 %s，您给的密钥属于 %s" % (header["origin"], self.key.origin),
                "this log is %s, the key is that of %s" % (header["origin"], self.key.origin),
            )

    def _anchor(self, text: str) -> Tuple[int, bytes, str]:
        """(size, root, what it is called) of a checkpoint kept elsewhere: a signed note, or SIZE:ROOT."""
        plain = re.fullmatch(r"\s*(\d{1,18})\s*[:：]\s*([0-9a-fA-F]{64}|[A-Za-z0-9+/]{43}=)\s*", text)
        if plain:
            root = bytes.fromhex(plain[2]) if len(plain[2]) == 64 else base64.b64decode(plain[2])
            return int(plain[1]), root, "anchor %s" % plain[1]
        note = Note(text if text.endswith("\n") else text + "\n", self.key, self.header["origin"])
        if note.wrong:
            self.find(note.wrong[0], "anchor", "您给的检查点%s" % note.wrong[1], "the anchor %s" % note.wrong[2])
        if note.size < 0:
            return 0, self.hashed(b""), "anchor"
        return note.size, note.root, "anchor %d" % note.size

    def _receipt(self, text: str) -> None:
        try:
            held = json.loads(text)
            held["stream"], held["seq"], held["hash"] = str(held["stream"]), int(held["seq"]), str(held["hash"])
            held["origin"], said = str(held["origin"]), held.get("checkpoint")
            note = Note(str(said), self.key, self.header["origin"]) if said is not None else None
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            self.find("receipt_malformed", "receipt", "这不是回执", "this is no receipt")
            return
        self._held.append(("receipt %s#%d" % (held["stream"], held["seq"]), held, note))
        self._wanted[held["stream"], held["seq"]] = None

    def _take(self, piece: Piece) -> None:
        """Fit the next piece to those before it, and say what is wrong line by line."""
        lines, self._lines = self._lines, self._lines + piece.lines
        found = piece.found
        if self.end is not None:
            found = [(line, *AFTER_THE_END) for line in range(1, piece.lines + 1)]
        else:
            found += self._chains(piece)
            found += self._moves(piece.moves)
            self.size += len(piece.leaves)
            self.leaves += piece.leaves
            self.times += piece.times
            self.notes += (("line %d" % (lines + line), note) for line, note in piece.notes)
            for line, stream, version, state, head in piece.things:
                if stream in self.things:
                    found.append((line, "thing_twice", stream, "表里的状态写了两次", "its state is told twice"))
                self.things[stream] = version, state, head, "line %d" % (lines + line)
            self.end = piece.end
        for line, code, entry, zh, en in sorted(found, key=lambda one: one[0]):
            self.find(code, "line %d%s" % (lines + line, entry and ", " + entry), zh, en)
        if not piece.whole:
            self.find("truncated", "line %d" % self._lines, "文件在一行中间断了", "the file ends in mid-line")

    # -- entries --

    def _chains(self, piece: Piece) -> Iterator[Found]:
        """Whether every entry has the next place in the log, and links to the one before it in its stream."""
        for line, place, index, stream, seq, prev, said in piece.entries:
            chain = self.streams.get(stream)
            if chain is None:
                chain = self.streams[stream] = Chain()
            if index != self.size + place:
                yield (
                    line,
                    "order_broken",
                    named(index, stream, seq),
                    "序号应为 %d，却是 %d：有条目缺失、多出或换了位置" % (self.size + place, index),
                    "its index is %d and should be %d: entries are missing, added or moved"
                    % (index, self.size + place),
                )
            if seq != chain.seq + 1:
                yield (
                    line,
                    "chain_gap",
                    named(index, stream, seq),
                    "本链的上一条是第 %d 条，这一条却是第 %d 条" % (chain.seq, seq),
                    "the entry before it in its chain is number %d, and this is number %d" % (chain.seq, seq),
                )
            elif prev != chain.head:
                yield (
                    line,
                    "chain_broken",
                    named(index, stream, seq),
                    "与本链的上一条接不上",
                    "it does not link to the entry before it in its chain",
                )
            chain.seq, chain.head = seq, said
            if self._wanted and (stream, seq) in self._wanted:
                self._wanted[stream, seq] = said

    def _moves(self, moves: Sequence[Move]) -> Iterator[Found]:
        """Whether what lives by a lifecycle moved as that allows, and by whom it may be moved."""
        for line, index, stream, seq, action, outcome, target, source, role in moves:
            kind, chain = stream.partition("/")[0], self.streams[stream]
            state, chain.state = chain.state or (LIFECYCLES[kind]["initial"] if kind == "call" else ""), target
            name = action[len(kind) + 1 :] if action.startswith(kind + ".") else ""
            if seq == 1 and kind != "call":  # a call is open before anything is done to it
                good = name == "create" and target == LIFECYCLES[kind]["initial"]
            elif name == "migrate" and kind in ("case", "batch"):  # to another version of its call, where it stands
                good = target == state and role in ("director", "system")
            else:
                step = LIFECYCLES[kind]["transitions"].get(name)
                good = step and source == state and state in step[0] and target == step[1] and role in step[2]
            if not good or outcome != "done":
                yield (
                    line,
                    "forbidden_move",
                    named(index, stream, seq),
                    "不合流程：%s 由 %s 从“%s”到“%s”（实际状态“%s”）"
                    % (action, role or "—", source or "—", target, state or "—"),
                    "no such move: %s by %s from %s to %s (it stood at %s)"
                    % (action, role or "—", source or "—", target, state or "—"),
                )

    # -- the end --

    def _whole_file(self) -> None:
        """The last line counts the lines before it and hashes them: a file that was cut says so."""
        if self.end is None:
            self.find(
                "truncated",
                "line %d" % self._lines,
                "文件没有结尾行：导出不完整",
                "the file has no last line: it is not whole",
            )
        elif self.end != (self._lines - 1, self._whole.hexdigest()):
            self.find(
                "file_changed",
                "line %d" % self._lines,
                "文件导出之后被改过，或传输时损坏",
                "the file was changed or damaged after it was exported",
            )

    def _grow(self) -> None:
        """The tree over all entries, and its roots at the sizes that checkpoints, anchors and receipts speak of."""
        sizes = {note.size for _, note in self.notes} | {size for size, _, _ in self._anchored}
        sizes |= {note.size for _, _, note in self._held if note} | {self.size}
        tree = Tree(self.hashed)
        for size in sorted(size for size in sizes if 0 <= size <= self.size):
            tree.add(self.leaves[tree.size : size])
            self.roots[size] = tree.root()

    def _finish(self) -> None:
        self._whole_file()
        self._grow()
        self._size_said()
        self._checkpoints()
        self._anchors()
        self._check_receipts()
        self._check_things()
        if not self.pinned:
            self.unchecked.append(
                (
                    "没有给出 --key：签名是用导出文件自带的公钥核对的，无法证明不是伪造者自己的密钥",
                    "no --key was given: signatures were checked with the key that the export itself brings",
                )
            )
        if not self._anchored:
            self.unchecked.append(
                (
                    "没有给出 --anchor（打印件、邮件或回执上的检查点）：末尾被整齐截掉，或用偷来的密钥重签，都看不出来",
                    "no --anchor was given: a neatly cut tail, or a log signed anew with a stolen key, would not show",
                )
            )
        self.unchecked.append(
            (
                "不核对：当时是否持有该职责、规则判断所依据的事实是否属实、文件本身（另有摘要可核对）",
                "not checked: whether the person held the role then, whether the facts that rules saw were true, the files",
            )
        )

    def _size_said(self) -> None:
        if self.header.get("size") != self.size:
            self.find(
                "tail_cut",
                "entry %d" % self.size,
                "文件头说有 %s 条，实有 %d 条" % (self.header.get("size"), self.size),
                "the head speaks of %s entries, there are %d" % (self.header.get("size"), self.size),
            )
        if self.header.get("root") != self.roots[self.size].hex():
            self.find(
                "root_differs",
                "line 1",
                "文件头中的树根与全部条目不符",
                "the root in the head is not that of the entries",
            )

    def _checkpoints(self) -> None:
        good, span = 0, []
        seen: Dict[int, bytes] = {}
        for where, note in self.notes:
            if note.wrong:
                self.find(note.wrong[0], where, "检查点%s" % note.wrong[1], "the checkpoint %s" % note.wrong[2])
                continue
            called = "%s, checkpoint %d" % (where, note.size)
            if note.size in seen:
                if seen[note.size] != note.root:
                    self.find(
                        "fork", called, "同一长度有两个不同的检查点", "two different checkpoints of the same size"
                    )
                continue
            seen[note.size] = note.root
            self.checked_notes += 1
            if self._leads_to(note.size, note.root, called, good):
                good = max(good, note.size)
                span.append((note.size, note.at))
        if self.key is None:
            self.unchecked.append(("没有公钥，检查点的签名没有核对", "there is no key: no signature was checked"))
        if self.pinned and self.size and not self.checked_notes:
            self.find("no_checkpoint", "", "没有一个可用的签名检查点", "there is no valid signed checkpoint")
        if good < self.size:
            self.unchecked.append(
                (
                    "最后 %d 条还没有被检查点覆盖" % (self.size - good),
                    "the last %d entries are not covered by a checkpoint yet" % (self.size - good),
                )
            )
        self._times(sorted(span))

    def _leads_to(self, size: int, root: bytes, called: str, good: int) -> bool:
        if size > self.size:
            self.find(
                "tail_cut",
                called,
                "它覆盖 %d 条，这里只有 %d 条：末尾缺 %d 条" % (size, self.size, size - self.size),
                "it covers %d entries, here are %d: %d are cut off" % (size, self.size, size - self.size),
            )
            return False
        if self.roots.get(size) != root:
            self.find(
                "root_differs",
                called,
                "第 %d 条至第 %d 条之间有条目被改、删、增或换位" % (good, size - 1),
                "something between entries %d and %d was changed, deleted, added or moved" % (good, size - 1),
            )
            return False
        return True

    def _times(self, span: Sequence[Tuple[int, float]]) -> None:
        """An entry lies between two checkpoints; so must the time that it says, give or take what clocks differ."""
        if self.header.get("demo") is True:
            self.unchecked.append(
                (
                    "这是演示系统的留痕，时间可以任意移动，没有核对",
                    "a demo's log: its clock can be moved, so times were not checked",
                )
            )
            return
        slack, start, since = CLOCKS.total_seconds(), 0, float("-inf")
        for size, until in (*span, (self.size, float("inf"))):
            for index, when in enumerate(self.times[start:size], start):
                if when is not None and not since - slack <= when <= until + slack:
                    self.find(
                        "time_impossible",
                        "entry %d" % index,
                        "它写的时间与前后的检查点不合：可能是倒签或补记",
                        "its time does not fit the checkpoints around it: it was back-dated or added later",
                    )
            start, since = size, until

    def _anchors(self) -> None:
        for size, root, called in self._anchored:
            self._leads_to(size, root, called, 0)

    def _check_receipts(self) -> None:
        for called, held, note in self._held:
            there = self._wanted[held["stream"], held["seq"]]
            if held["origin"] != self.header["origin"]:
                zh, en = "回执属于另一份留痕 %s", "the receipt is of another log, %s"
                self.find("another_log", called, zh % held["origin"], en % held["origin"])
            elif there is None:
                self.find("receipt_not_found", called, "留痕里没有这一条", "the log holds no such entry")
            elif there.hex() != held["hash"]:
                self.find(
                    "receipt_differs",
                    called,
                    "留痕里的这一条与回执不同",
                    "the entry in the log is not that of the receipt",
                )
            if note is not None:
                self._receipt_proof(called, held, note)

    def _receipt_proof(self, called: str, held: Dict[str, Any], note: Note) -> None:
        if note.wrong:
            self.find(note.wrong[0], called, "回执上的检查点%s" % note.wrong[1], "its checkpoint %s" % note.wrong[2])
            return
        try:
            path = [bytes.fromhex(one) for one in held["proof"]]
            leaf, index = bytes.fromhex(held["hash"]), int(held["index"])
        except (ValueError, KeyError, TypeError, OverflowError):
            path, leaf, index = [], b"", -1
        if not includes(self.hashed, leaf, index, note.size, path, note.root):
            self.find("proof_wrong", called, "回执上的证明不成立", "the proof on the receipt does not hold")
        self._leads_to(note.size, note.root, called, 0)

    def _check_things(self) -> None:
        """That the tables of cases, batches, pushes, judgements and objections say what the trail says."""
        for stream, (version, state, head, where) in self.things.items():
            chain = self.streams.get(stream)
            called = "%s, %s" % (where, stream)
            if chain is None:
                self.find("no_trail", called, "表里有它，留痕里没有", "it stands in the table, and has no trail")
            elif type(version) is not int or (version, state, head) != (
                chain.seq,
                chain.state,
                chain.head and chain.head.hex(),
            ):
                self.find(
                    "state_differs",
                    called,
                    "表里是第 %s 步“%s”，留痕里是第 %d 步“%s”" % (version, state, chain.seq, chain.state),
                    "the table says step %s, %s; the trail says step %d, %s" % (version, state, chain.seq, chain.state),
                )
        for stream in self.streams:
            if stream.startswith(STARTS) and LIVING.fullmatch(stream) and stream not in self.things:
                self.find("no_thing", stream, "留痕里有它，表里没有", "it has a trail, and does not stand in the table")

    def as_json(self) -> Dict[str, Any]:
        return {
            "origin": self.header.get("origin"),
            "entries": self.size,
            "root": self.roots[self.size].hex() if self.size in self.roots else None,
            "checkpoints": self.checked_notes,
            "findings": [one.as_json() for one in self.findings],
            "more_findings": self.more,
            "not_checked": [{"zh": zh, "en": en} for zh, en in self.unchecked],
        }


# ---- the passport of a case ------------------------------------------------------------------------------------------

HASH = re.compile(r'"([0-9a-f]{64})"')


def members(path: str) -> Dict[str, bytes]:
    """Every file of a passport. Raises ValueError, saying why in both languages, where it is no archive to be opened."""
    found: Dict[str, bytes] = {}
    room = MOST_BYTES
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > MOST_FILES:
                raise ValueError("文件太多", "it holds too many files")
            for one in infos:
                parts = one.filename.replace("\\", "/").split("/")
                strange = one.flag_bits & 1 or one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                if one.filename in found or ".." in parts or not all(parts) or strange:
                    raise ValueError(
                        "“%s”重名、加密、压缩方法不常见或路径不合规" % one.filename,
                        "%s is a second one, encrypted, strangely packed or ill-named" % one.filename,
                    )
                with archive.open(one) as member:
                    content = member.read(room + 1)
                room -= len(content)
                if room < 0:
                    raise ValueError("展开后太大", "it inflates too far")
                found[one.filename] = content
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError, UnicodeError) as wrong:
        raise ValueError("压缩包打不开：%s" % wrong, "the archive cannot be opened: %s" % wrong) from None
    except zlib.error as wrong:
        raise ValueError("压缩包已损坏：%s" % wrong, "the archive is damaged: %s" % wrong) from None
    return found


class Passport(Verification):
    """Everything about the passport of one case: its entries by proofs to one checkpoint, its files by the entries."""

    def file(self, path: str, processes: Optional[int] = None) -> Passport:
        self.manifest: Dict[str, Any] = {}
        self.note: Optional[Note] = None
        try:
            self.members = members(path)
            self.manifest = read_manifest(self.members)
        except ValueError as wrong:
            zh, en = wrong.args if len(wrong.args) == 2 else ("manifest.json 读不懂", "manifest.json cannot be read")
            self.find("no_passport", "manifest.json", zh, en)
            return self
        self._files()
        content = self.members.get("trail.jsonl", b"")
        self._begin(content.partition(b"\n")[0])
        if not self.header:
            return self
        for text in self.anchors:
            self._anchored.append(self._anchor(text))
        for text in self.receipts:
            self._receipt(text)
        piece = Examiner(self.hashed, self.key, self.header["origin"], passport=True).examine(content, True)
        self._whole.update(content[: content.rfind(b"\n", 0, -1) + 1])
        self._take(piece)
        self._fit(piece)
        return self

    # -- files --

    def _files(self) -> None:
        """That the archive holds the files that its manifest lists, and no other."""
        listed = self.manifest["files"]
        for name in sorted(set(self.members) - set(listed) - {"manifest.json"}):
            self.find("file_unlisted", name, "清单里没有这个文件", "the manifest does not list this file")
        for name, said in sorted(listed.items()):
            content = self.members.get(name)
            if content is None:
                self.find(
                    "file_missing", name, "清单里有这个文件，包里没有", "the manifest lists it, and it is not there"
                )
            elif hashlib.sha256(content).hexdigest() != said["sha256"]:
                self.find(
                    "file_differs",
                    name,
                    "文件与清单里的摘要不符：被改过",
                    "it does not have its digest: it was changed",
                )

    # -- entries --

    def _chains(self, piece: Piece) -> Iterator[Found]:
        """Of one case, entries are some of the log: in its order, and each stream without a gap."""
        for found in super()._chains(piece):
            if found[1] != "order_broken":
                yield found
        before = -1
        for line, _, index, stream, seq, _, _ in piece.entries:
            if index <= before:
                yield (
                    line,
                    "order_broken",
                    named(index, stream, seq),
                    "条目的先后与总账不符",
                    "the entries do not stand in the order of the log",
                )
            before = index

    def _moves(self, moves: Sequence[Move]) -> Iterator[Found]:
        hidden = 0
        for one in moves:
            if one[5] == WITHHELD:
                self.streams[one[2]].state, hidden = one[6], hidden + 1
            else:
                for found in super()._moves([one]):
                    yield found
        if hidden:
            self.unchecked.append(
                (
                    "有 %d 步的内容不在取出者的职责范围内，只核对了哈希" % hidden,
                    "the words of %d steps were beyond the reach of whoever took the passport; only hashes were checked"
                    % hidden,
                )
            )

    def _fit(self, piece: Piece) -> None:
        self._whole_file()
        self._one_case(piece)
        self._proved(piece)
        self._anchors()
        self._check_receipts()
        self._check_things()
        self._bound(piece)
        for given, zh, en in (
            (
                self.pinned,
                "没有给出 --key：签名是用档案包自带的公钥核对的",
                "no --key: signatures were checked with its own key",
            ),
            (False, "档案包取出之后又发生的事不在里面", "what happened after it was taken is not in it"),
            (
                False,
                "通知文本、英文版和签发只核对了清单里的摘要",
                "the call, the English and sign-offs were held against the manifest alone",
            ),
            (
                False,
                "不核对：当时是否持有该职责、规则判断所依据的事实是否属实",
                "not checked: roles held then, and whether facts were true",
            ),
        ):
            if not given:
                self.unchecked.append((zh, en))

    def _one_case(self, piece: Piece) -> None:
        """All entries are of the case that the manifest names, from its creation on."""
        case = self.manifest["case"]
        stream = str(case["stream"])
        for line, _, index, of, seq, _, _ in piece.entries:
            if of not in (stream, stream + "/content", stream + "/tries"):
                self.find(
                    "another_case", "line %d, %s" % (line, named(index, of, seq)), "不是本案例的条目", "of another case"
                )
        told: Iterator[Dict[str, Any]] = map(json.loads, piece.said)
        first: Dict[str, Any] = next((one for one in told if one["stream"] == stream and one["seq"] == 1), {})
        if first.get("number") != case["number"]:
            self.find(
                "another_case", "manifest.json", "案例编号与留痕不符", "the case's number is not that of its entries"
            )
        thing = self.things.get(stream)
        if thing is None or thing[:3] != (case["version"], case["state"], case["head"]):
            self.find(
                "state_differs", "manifest.json", "案例状态与留痕不符", "the case's state is not that of its entries"
            )

    def _proved(self, piece: Piece) -> None:
        """That each entry is in the log under one signed checkpoint."""
        if len(self.notes) != 1:
            self.find("no_checkpoint", "trail.jsonl", "应有且只有一个检查点", "there should be one checkpoint")
            return
        where, note = self.notes[0]
        if note.wrong:
            self.find(note.wrong[0], where, "检查点%s" % note.wrong[1], "the checkpoint %s" % note.wrong[2])
            return
        if self.key is None:
            self.find(
                "no_key", "line 1", "没有公钥，检查点无法核对", "there is no key: the checkpoint cannot be checked"
            )
        self.note, self.checked_notes, self.roots = note, 1, {self.size: note.root}
        paths = {index: path for _, index, path in piece.proofs}
        for line, _, index, stream, seq, _, leaf in piece.entries:
            path = paths.get(index)
            if path is None or not includes(self.hashed, leaf, index, note.size, path, note.root):
                self.find(
                    "proof_wrong",
                    "line %d, %s" % (line, named(index, stream, seq)),
                    "证明不成立：这一条不在检查点覆盖的总账里",
                    "its proof does not hold: it is not in the log under the checkpoint",
                )

    def _leads_to(self, size: int, root: bytes, called: str, good: int) -> bool:
        if self.note is not None and size == self.note.size:
            if root == self.note.root:
                return True
            self.find("root_differs", called, "与档案包里的检查点不同", "it differs from the passport's checkpoint")
            return False
        zh, en = (
            "%s 与档案包的检查点条数不同，无法比较",
            "%s is of another size than the passport's checkpoint: not compared",
        )
        self.unchecked.append((zh % called, en % called))
        return False

    # -- what entries say of files --

    def _bound(self, piece: Piece) -> None:
        """That papers and revisions are those that the entries speak of."""
        told: Set[str] = set()
        for body in piece.said:
            told.update(HASH.findall(body))
        hidden = len(piece.entries) > len(piece.said)
        for paper in self.manifest["papers"]:
            if paper["sha256"] not in told and not hidden:
                self.find("paper_not_told", str(paper["name"]), "留痕里没有收到这个文件", "no entry tells of this file")
        last = ""
        for number, one in enumerate(self.manifest["revisions"], 1):
            called, last = str(one["file"]), str(one["content"])
            content = self.members.get(called, b"")
            if one["revision"] != number or hashlib.sha256(content).hexdigest() != last:
                self.find("revision_differs", called, "稿件与它的摘要不符", "the revision does not have its digest")
            elif last not in told:
                self.unchecked.append(
                    ("%s：没有留痕提到它的摘要" % called, "%s: no entry tells of its digest" % called)
                )
        if last != self.manifest["case"]["content"]:
            self.find(
                "revision_differs",
                "manifest.json",
                "现在的内容不是最后一稿",
                "the present content is not the last revision",
            )


def read_manifest(found: Dict[str, bytes]) -> Dict[str, Any]:
    """What a passport says of itself. Raises ValueError where that is not of its form."""
    try:
        said = json.loads(found["manifest.json"].decode())
        case = said["case"]
        strings = [case["stream"], case["number"], case["state"], case["head"], case["content"]]
        strings += [one["sha256"] for one in (*said["papers"], *said["files"].values())]
        strings += [one["name"] for one in said["papers"]]
        strings += [one[name] for one in said["revisions"] for name in ("file", "content")]
        good = (
            said["format"] == PASSPORT
            and all(isinstance(one, str) for one in strings)
            and LIVING.fullmatch(case["stream"])
        )
        good = good and type(case["version"]) is int and all(type(one["revision"]) is int for one in said["revisions"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        good = False
    if not good:
        raise ValueError("这不是案例档案包，或清单被改过", "this is no passport of a case, or its manifest was changed")
    return dict(said)


# ---- the command -----------------------------------------------------------------------------------------------------


def _text_of(given: str) -> str:
    """An anchor or receipt: the file of that name, else the words themselves."""
    if os.path.exists(given):
        with open(given, encoding="utf-8") as file:
            return file.read()
    return given


def show(done: Verification, out: TextIO) -> None:
    """Say in both languages what was found, and what was not checked."""
    for one in done.findings:
        out.write("✗ [%s] %s：%s\n    %s\n" % (one.code, one.where, one.zh, one.en))
    if done.more:
        out.write("… 另有 %d 处 / and %d more\n" % (done.more, done.more))
    for zh, en in done.unchecked:
        out.write("· %s\n  %s\n" % (plain(zh), plain(en)))
    counted = "%d 条留痕，%d 个检查点 / %d entries, %d checkpoints" % ((done.size, done.checked_notes) * 2)
    if done.findings:
        out.write("不成立：%s，发现问题 %d 处\n" % (counted, len(done.findings) + done.more))
    else:
        out.write("成立 / holds：%s\n" % counted)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(description="征集留痕校验器 / verify an export of a Zhengji trail")
    parser.add_argument("export", help="导出的留痕或案例档案包 / an exported trail, or the passport of a case")
    parser.add_argument("--key", help="公钥一行，或存有它的文件 / the log's public key, or a file with it")
    parser.add_argument(
        "--anchor",
        action="append",
        default=[],
        help="另存的检查点：文件，或“条数:树根” / a checkpoint kept elsewhere, or SIZE:ROOT",
    )
    parser.add_argument("--receipt", action="append", default=[], help="回执的 JSON 文件 / a receipt's JSON file")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出 / print JSON")
    asked = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # where its encoding (as GBK) lacks a sign, that is no reason to end
            stream.reconfigure(errors="backslashreplace")
    try:
        key = Key(_text_of(asked.key)) if asked.key else None
        anchors, receipts = [_text_of(one) for one in asked.anchor], [_text_of(one) for one in asked.receipt]
        with open(asked.export, "rb") as file:
            kind = Passport if file.read(2) == b"PK" else Verification
        done = kind(key, anchors, receipts).file(asked.export)
    except (WrongUse, OSError, UnicodeDecodeError) as wrong:
        sys.stderr.write("%s\n" % wrong)
        return 2
    if asked.json:
        sys.stdout.write(json.dumps(done.as_json(), ensure_ascii=False, indent=2) + "\n")
    else:
        show(done, sys.stdout)
    return 1 if done.findings else 0


if __name__ == "__main__":
    sys.exit(main())
