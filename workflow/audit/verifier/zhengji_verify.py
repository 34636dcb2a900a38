#!/usr/bin/env python3
"""征集留痕校验器 · The stand-alone verifier of a Zhengji trail. One file, nothing but Python's standard library.

It reads an export of the trail (`zhengji audit export`), on any machine and without asking the system that made it, and
says whether anything was changed, left out, added later, put in another order, or done by somebody who may not; and where.
The README beside this file says how to use it, and what it cannot tell.

    python3 zhengji_verify.py trail.jsonl --key 'zhengji/…+…+…' --anchor checkpoint.txt --receipt receipt.json

Exit codes: 0 nothing wrong, 1 something is, 2 wrong use.
"""

import argparse
import base64
import hashlib
import json
import multiprocessing
import os
import re
import sys
from datetime import datetime, timedelta, timezone

FORMAT = "zhengji-audit-1"
CLOCKS = timedelta(minutes=15)  # by how much clocks of one installation may differ, and how long a request may wait
PIECE = 1 << 20  # bytes of an export that one process examines at a time

# Who may move what, from where, whither: written from the program's own lifecycles, and never read from an export,
# because whoever forges the one would forge the other. transition: [sources, target, roles].
# fmt: off
# lifecycles begin
LIFECYCLES = {
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
            "recall": [["queued", "sent", "acknowledged", "failed"], "recalled", ["liaison"]],
        },
    },
}
# lifecycles end
# fmt: on

# ---- what is found ---------------------------------------------------------------------------------------------------


class Finding:
    """One thing that is wrong. `code`: for programs; `where`: the line, the entry or the checkpoint; zh, en: for people."""

    def __init__(self, code, where, zh, en):
        self.code, self.where, self.zh, self.en = code, where, zh, en

    def as_json(self):
        return {"code": self.code, "where": self.where, "zh": self.zh, "en": self.en}


class WrongUse(Exception):
    """What was asked for cannot be done: no such file, no such key."""


# ---- hashes ----------------------------------------------------------------------------------------------------------


def digest(algorithm):
    """The hash function of that name: "sha256" (FIPS 180-4) or "sm3" (GB/T 32905-2016)."""
    if algorithm == "sha256":
        return lambda data: hashlib.sha256(data).digest()
    if algorithm == "sm3":
        if "sm3" in hashlib.algorithms_available:
            return lambda data: hashlib.new("sm3", data).digest()
        return sm3
    raise WrongUse("unknown hash %r" % (algorithm,))


def sm3(data):
    """SM3 as the standard writes it down, for a Python whose OpenSSL leaves it out."""
    mask = 0xFFFFFFFF

    def turn(x, n):
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

    def __init__(self, hashed):
        self.hashed, self.size, self.peaks = hashed, 0, []

    def add(self, leaf):
        size, peaks, hashed = self.size, self.peaks, self.hashed
        self.size = size + 1
        while size & 1:
            leaf = hashed(b"\x01" + peaks.pop() + leaf)
            size >>= 1
        peaks.append(leaf)

    def root(self):
        if not self.peaks:
            return self.hashed(b"")
        node = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            node = self.hashed(b"\x01" + peak + node)
        return node


def includes(hashed, leaf, index, size, path, root):
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
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
ZERO = (0, 1, 1, 0)


def plus(a, b):
    """Two points in extended coordinates, added."""
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    g, h = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def point(raw):
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


def written(a):
    """A point as 32 bytes."""
    x, y, z, _ = a
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def small(a):
    """Whether a point is one of the eight for which anybody can make signatures up."""
    for _ in range(3):
        a = plus(a, a)
    return a[0] % P == 0 and (a[1] - a[2]) % P == 0


class Multiples:
    """j·16^i·A for every i and j: any multiple of A is then a sum of 64 of them."""

    def __init__(self, a):
        self.rows = []
        for _ in range(64):
            row = [ZERO]
            for _ in range(15):
                row.append(plus(row[-1], a))
            self.rows.append(row)
            a = plus(row[-1], a)

    def times(self, n):
        found = ZERO
        for row in self.rows:
            if n & 15:
                found = plus(found, row[n & 15])
            n >>= 4
        return found


BASE = Multiples(point(bytes.fromhex("58" + "66" * 31)))


class Key:
    """The public key of one log, as `origin+id+base64` writes it down. Raises WrongUse."""

    def __init__(self, text):
        self.text = text.strip()
        self.origin, _, rest = self.text.partition("+")
        said, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError:
            raw = b""
        self.raw = raw[1:]
        self.id = hashlib.sha256(self.origin.encode() + b"\n" + raw).digest()[:4]
        a = point(self.raw) if len(raw) == 33 and raw[0] == 1 else None
        if a is None or small(a) or self.id.hex() != said:
            raise WrongUse("密钥写错了 / not a key, or copied wrongly: %s" % self.text)
        x, y, z, t = a
        self.minus = Multiples((P - x, y, z, P - t))

    def signed(self, message, signature):
        """Whether the signature is this key's. Only the one smallest form of a signature counts."""
        if len(signature) != 64:
            return False
        s = int.from_bytes(signature[32:], "little")
        if s >= L:
            return False
        k = int.from_bytes(hashlib.sha512(signature[:32] + self.raw + message).digest(), "little") % L
        return written(plus(BASE.times(s), self.minus.times(k))) == signature[:32]


# ---- checkpoints -----------------------------------------------------------------------------------------------------

NOTE = re.compile(
    r"(?P<text>(?P<origin>[^\n+\s]+)\n(?P<size>0|[1-9]\d{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"time (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n)\n— (?P<name>\S+) (?P<signature>[A-Za-z0-9+/]+={0,2})\n"
)


class Note:
    """A signed checkpoint: so many entries, this root. `wrong`: why it does not count, or None."""

    def __init__(self, text, key, origin):
        self.text, self.wrong, self.size, self.root, self.at = text, None, None, None, None
        found = NOTE.fullmatch(text)
        if found is None:
            self.wrong = ("checkpoint_malformed", "不是完整的检查点，或没有签名", "is no checkpoint, or is not signed")
            return
        self.size, self.root = int(found["size"]), base64.b64decode(found["root"])
        self.at = datetime.strptime(found["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        try:
            signature = base64.b64decode(found["signature"], validate=True)
        except ValueError:
            signature = b""
        if found["origin"] != origin or found["name"] != origin:
            self.wrong = ("checkpoint_of_another_log", "属于另一份留痕", "belongs to another log")
        elif base64.b64encode(self.root).decode() != found["root"]:
            self.wrong = ("checkpoint_malformed", "树根的写法不规范", "writes its root in an irregular way")
        elif key is None:
            return
        elif (
            base64.b64encode(signature).decode() != found["signature"]
            or signature[:4] != key.id
            or not key.signed(found["text"].encode(), signature[4:])
        ):
            self.wrong = ("signature_wrong", "签名不是本留痕密钥的", "is not signed by the key of this log")


# ---- entries ---------------------------------------------------------------------------------------------------------

EVENT = re.compile(
    rb'\{"body":(?P<body>\{.*\}),"hash":"(?P<hash>[0-9a-f]{64})","index":(?P<index>0|[1-9]\d*),"kind":"event",'
    rb'"prev":(?:null|"(?P<prev>[0-9a-f]{64})"),"priv":(?:null|"(?P<priv>[0-9a-f]{64})")\}',
    re.S,
)
STARTS = ("case/", "batch", "push/")
LIVING = re.compile(r"(case|batch|push)/[1-9]\d*")
decode = json.JSONDecoder().raw_decode
WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
if getattr(
    json.encoder, "c_make_encoder", None
):  # the same, without making an encoder anew for each of a million lines
    _make = (None, WRITER.default, json.encoder.encode_basestring, None, ":", ",", True, False, False)
    _parts = json.encoder.c_make_encoder(*_make)

    def encode(value):
        return "".join(_parts(value, 0))

else:
    encode = WRITER.encode


def read(line):
    """The value that a line writes down in the one canonical way. Raises ValueError."""
    text = line.decode("utf-8")
    value, _ = decode(text)
    if encode(value) != text:
        raise ValueError("not canonical")
    return value


def examine(line, hashed):
    """One line → ("event", …), ("other", value) or ("wrong", code, where, zh, en); needs no other line."""
    found = EVENT.fullmatch(line)
    if found is None:
        try:
            value = read(line)
            if isinstance(value, dict) and value.get("kind") in KINDS:
                return "other", value
        except (ValueError, RecursionError):
            pass
        return "wrong", "line_unreadable", "", "这一行读不懂，或不是规范的写法", "cannot be read, or is not canonical"
    raw = found["body"]
    try:
        body = read(raw)
        stream, seq = body["stream"], body["seq"]
        rest = (body["action"], body["outcome"], body["to_state"], body["at"])
        if not isinstance(stream, str) or type(seq) is not int or not all(isinstance(one, str) for one in rest):
            raise ValueError("not an entry")
    except (ValueError, KeyError, TypeError, RecursionError):
        where = "entry %s" % found["index"].decode()
        return "wrong", "entry_not_canonical", where, "内容不是规范的 JSON", "its content is not canonical JSON"
    prev, priv = found["prev"], found["priv"]
    leaf = hashed(
        b"\0"
        + (bytes.fromhex(prev.decode()) if prev else NONE)
        + (bytes.fromhex(priv.decode()) if priv else NONE)
        + raw
    )
    moved = (body.get("from_state"), body.get("role")) if stream[:5] in STARTS and LIVING.fullmatch(stream) else None
    links = (found["hash"].decode(), prev and prev.decode(), priv and priv.decode())
    return "event", int(found["index"]), leaf, links, stream, seq, rest, moved


NONE = bytes(32)
KINDS = ("log", "private", "missing", "checkpoint", "thing", "end")


def _piece(asked):
    """Examine a piece of the file, in a process of its own."""
    path, algorithm, start, length = asked
    hashed = digest(algorithm)
    with open(path, "rb") as file:
        file.seek(start)
        raw = file.read(length)
    whole = raw.endswith(b"\n")
    return [examine(line, hashed) for line in raw[: len(raw) - whole].split(b"\n")], whole


def _pieces(path):
    """(start, length) of pieces of about PIECE bytes that end where a line ends."""
    size, start = os.path.getsize(path), 0
    with open(path, "rb") as file:
        while start < size:
            file.seek(min(start + PIECE, size))
            file.readline()
            stop = min(file.tell(), size)
            yield start, stop - start
            start = stop


# ---- the whole -------------------------------------------------------------------------------------------------------


class Verification:
    """Everything about one export. `findings`: what is wrong; `unchecked`: what could not be told, as (zh, en)."""

    def __init__(self, key=None, anchors=(), receipts=(), most=200):
        self.key, self.pinned, self.anchors, self.receipts, self.most = key, key is not None, anchors, receipts, most
        self.findings, self.unchecked, self.more = [], [], 0
        self.size, self.streams, self.checked_notes = 0, {}, 0
        self.header = self.tree = self.end = None
        self.notes, self.things, self.roots, self.times = [], {}, {}, []
        self.demo = False
        self._anchored, self._held, self._wanted, self._number, self._last = [], [], {}, 0, None

    def find(self, code, where, zh, en):
        if len(self.findings) < self.most:
            self.findings.append(Finding(code, where, zh, en))
        else:
            self.more += 1

    # -- reading --

    def file(self, path, processes=None):
        """Verify the export in a file. Raises WrongUse, OSError."""
        with open(path, "rb") as file:
            first = file.readline()
        self._begin(first)
        if self.header is None:
            return self
        asked = [(path, self.header["algorithm"], start, length) for start, length in _pieces(path)]
        self._sizes_of_interest(path)
        workers = min(processes or os.cpu_count() or 1, len(asked))
        if workers > 1:
            with multiprocessing.Pool(workers) as pool:
                self._all(pool.imap(_piece, asked))
        else:
            self._all(map(_piece, asked))
        self._whole_file(path)
        self._finish()
        return self

    def _begin(self, first):
        try:
            header = read(first.rstrip(b"\n"))
            good = (
                header["kind"] == "log"
                and header["format"] == FORMAT
                and isinstance(header["origin"], str)
                and header["algorithm"] in ("sha256", "sm3")
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            good = False
        if not good:
            self.find(
                "no_header",
                "line 1",
                "这不是留痕导出文件，或文件头被改过",
                "this is no export of a trail, or its head was changed",
            )
            return
        self.header, self.tree, self.demo = header, Tree(digest(header["algorithm"])), header.get("demo") is True
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

    def _sizes_of_interest(self, path):
        """At which sizes the tree's root will be asked for: those of checkpoints, anchors and receipts."""
        with open(path, "rb") as file:
            for line in file:
                if line.startswith(b'{"kind":"checkpoint"'):
                    try:
                        note = Note(str(read(line.rstrip(b"\n"))["note"]), self.key, self.header["origin"])
                    except (ValueError, KeyError, TypeError):
                        continue
                    if note.size is not None:
                        self.roots[note.size] = None
        for text in self.anchors:
            self._anchored.append(self._anchor(text))
        for size, _, _ in self._anchored:
            self.roots[size] = None
        for text in self.receipts:
            self._receipt(text)

    def _anchor(self, text):
        """(size, root, what it is called) of a checkpoint kept elsewhere: a signed note, or SIZE:ROOT."""
        plain = re.fullmatch(r"\s*(\d+)\s*[:：]\s*([0-9a-fA-F]{64}|[A-Za-z0-9+/]{43}=)\s*", text)
        if plain:
            root = bytes.fromhex(plain[2]) if len(plain[2]) == 64 else base64.b64decode(plain[2])
            return int(plain[1]), root, "anchor %s" % plain[1]
        note = Note(text if text.endswith("\n") else text + "\n", self.key, self.header["origin"])
        if note.wrong:
            self.find(note.wrong[0], "anchor", "您给的检查点%s" % note.wrong[1], "the anchor %s" % note.wrong[2])
        if note.size is None:
            return 0, self.tree.hashed(b""), "anchor"
        return note.size, note.root, "anchor %d" % note.size

    def _receipt(self, text):
        try:
            held = json.loads(text)
            held["stream"], held["seq"], held["hash"] = str(held["stream"]), int(held["seq"]), str(held["hash"])
            held["origin"], note = str(held["origin"]), held.get("checkpoint")
            held["checkpoint"] = Note(str(note), self.key, self.header["origin"]) if note is not None else None
        except (ValueError, KeyError, TypeError, RecursionError):
            self.find("receipt_malformed", "receipt", "这不是回执", "this is no receipt")
            return
        self._held.append(held)
        self._wanted[held["stream"], held["seq"]] = None
        if held["checkpoint"] and held["checkpoint"].size is not None:
            self.roots[held["checkpoint"].size] = None

    def _all(self, pieces):
        if 0 in self.roots:
            self.roots[0] = self.tree.root()
        for lines, whole in pieces:
            for one in lines:
                self._number += 1
                self._line(one)
            if not whole:
                self.find("truncated", "line %d" % self._number, "文件在一行中间断了", "the file ends in mid-line")

    def _line(self, one):
        where = "line %d" % self._number
        if self.end is not None:
            self.find("after_the_end", where, "结尾之后还有内容", "something stands after the end")
        elif one[0] == "event":
            self._event(one, where)
        elif one[0] == "wrong":
            self.find(one[1], (one[2] and "%s, %s" % (where, one[2])) or where, one[3], one[4])
        else:
            self._other(one[1], where)

    def _other(self, value, where):
        kind = value["kind"]
        try:
            if kind == "log":
                if self._number != 1:
                    self.find("second_header", where, "文件头出现了两次", "a second head")
            elif kind == "private":
                self._private(value, where)
            elif kind == "missing":
                self._gone(value, where)
            elif kind == "checkpoint":
                self.notes.append((str(value["note"]), where))
            elif kind == "thing":
                self.things[str(value["stream"])] = (value["version"], value["state"], value["head"], where)
            else:
                self.end = (value["lines"], value["sha256"])
        except (KeyError, TypeError, ValueError):
            self.find("line_unreadable", where, "这一行缺少内容", "something is missing in this line")

    # -- entries --

    def _event(self, one, where):
        _, index, leaf, (said, prev, priv), stream, seq, rest, moved = one
        named = "%s, entry %d, %s#%d" % (where, index, stream, seq)
        if index != self.size:
            self.find(
                "order_broken",
                named,
                "序号应为 %d，却是 %d：有条目缺失、多出或换了位置" % (self.size, index),
                "its index is %d and should be %d: entries are missing, added or moved" % (index, self.size),
            )
        if leaf.hex() != said:
            self.find(
                "entry_changed",
                named,
                "内容与哈希不符：这一条被改过",
                "its content does not have its hash: it was changed",
            )
        self._grow(bytes.fromhex(said))
        if (stream, seq) in self._wanted:
            self._wanted[stream, seq] = said
        self._chain(stream, seq, prev, said, named)
        if moved is not None:
            self._move(stream, seq, rest, moved, named)
        self._time(rest[3], named)
        self._last = (self.size - 1, priv)

    def _grow(self, leaf):
        self.tree.add(leaf)
        self.size += 1
        if self.size in self.roots:
            self.roots[self.size] = self.tree.root()

    def _chain(self, stream, seq, prev, said, named):
        before = self.streams.get(stream)
        if before is None:
            before = self.streams[stream] = [0, None, ""]
        if seq != before[0] + 1:
            self.find(
                "chain_gap",
                named,
                "本链的上一条是第 %d 条，这一条却是第 %d 条" % (before[0], seq),
                "the entry before it in its chain is number %d, and this is number %d" % (before[0], seq),
            )
        elif prev != before[1]:
            self.find(
                "chain_broken", named, "与本链的上一条接不上", "it does not link to the entry before it in its chain"
            )
        before[0], before[1] = seq, said

    def _move(self, stream, seq, rest, moved, named):
        """Whether a case, batch or push moved as its lifecycle allows, and by whom it may be moved."""
        action, outcome, target = rest[0], rest[1], rest[2]
        kind = stream.partition("/")[0]
        lifecycle, known = LIFECYCLES.get(kind, {"initial": "", "transitions": {}}), self.streams[stream]
        state, known[2] = known[2], target
        name = action[len(kind) + 1 :] if action.startswith(kind + ".") else ""
        if seq == 1:
            good = name == "create" and target == lifecycle["initial"]
        else:
            step = lifecycle["transitions"].get(name)
            good = (
                step is not None
                and moved[0] == state
                and state in step[0]
                and target == step[1]
                and moved[1] in step[2]
            )
        if not good or outcome != "done":
            self.find(
                "forbidden_move",
                named,
                "不合流程：%s 由 %s 从“%s”到“%s”（实际状态“%s”）"
                % (action, moved[1] or "—", moved[0] or "—", target, state or "—"),
                "no such move: %s by %s from %s to %s (it stood at %s)" % (action, moved[1], moved[0], target, state),
            )

    def _time(self, written_at, named):
        try:
            at = datetime.fromisoformat(written_at)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            self.find("time_malformed", named, "时间的写法不对", "its time is malformed")
        else:
            self.times.append(at.timestamp())
            return
        self.times.append(None)

    def _private(self, value, where):
        """The personal part that an event keeps apart: salt and payload give the hash that the event holds."""
        index, priv = self._last or (None, None)
        if index is None or value["index"] != index:
            self.find(
                "private_stray",
                where,
                "个人信息部分不在它的条目之后",
                "a personal part that follows no entry of its own",
            )
            return
        made = self.tree.hashed(bytes.fromhex(value["salt"]) + value["payload"].encode())
        if not made.hex() == value["hash"] == priv:
            self.find(
                "private_changed",
                "%s, entry %d" % (where, index),
                "个人信息部分与留痕中的哈希不符",
                "the personal part does not have the hash that the entry holds",
            )

    def _gone(self, value, where):
        """The log knows an entry that the table does not hold any more."""
        self.find(
            "entry_missing",
            "%s, entry %s" % (where, value["index"]),
            "这一条在总账中有登记，内容却不在了",
            "the log knows this entry, and its content is gone",
        )
        self._grow(bytes.fromhex(value["hash"]))
        self.times.append(None)
        self._last = None

    # -- the end --

    def _whole_file(self, path):
        """The last line counts the lines before it and hashes them: a file that was cut says so."""
        if self.end is None:
            self.find(
                "truncated",
                "line %d" % self._number,
                "文件没有结尾行：导出不完整",
                "the file has no last line: it is not whole",
            )
            return
        whole, last = hashlib.sha256(), b""
        with open(path, "rb") as file:
            for line in file:
                whole.update(last)
                last = line
        if self.end != (self._number - 1, whole.hexdigest()):
            self.find(
                "file_changed",
                "line %d" % self._number,
                "文件导出之后被改过，或传输时损坏",
                "the file was changed or damaged after it was exported",
            )

    def _finish(self):
        self._size_said()
        self._notes()
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

    def _size_said(self):
        if self.header.get("size") != self.size:
            self.find(
                "tail_cut",
                "entry %d" % self.size,
                "文件头说有 %s 条，实有 %d 条" % (self.header.get("size"), self.size),
                "the head speaks of %s entries, there are %d" % (self.header.get("size"), self.size),
            )
        if self.header.get("root") != self.tree.root().hex():
            self.find(
                "root_differs",
                "line 1",
                "文件头中的树根与全部条目不符",
                "the root in the head is not that of the entries",
            )

    def _notes(self):
        good, seen, span = 0, {}, []
        for text, where in self.notes:
            note = Note(text, self.key, self.header["origin"])
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
                span.append((note.size, note.at.timestamp()))
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

    def _leads_to(self, size, root, called, good):
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

    def _times(self, span):
        """An entry lies between two checkpoints; so must the time that it says, give or take what clocks differ."""
        if self.demo:
            self.unchecked.append(
                (
                    "这是演示系统的留痕，时间可以任意移动，没有核对",
                    "a demo's log: its clock can be moved, so times were not checked",
                )
            )
            return
        slack, at, since = CLOCKS.total_seconds(), 0, None
        for index, when in enumerate(self.times):
            while at < len(span) and span[at][0] <= index:
                since, at = span[at][1], at + 1
            until = span[at][1] if at < len(span) else None
            if when is None:
                continue
            if (since is not None and when < since - slack) or (until is not None and when > until + slack):
                self.find(
                    "time_impossible",
                    "entry %d" % index,
                    "它写的时间与前后的检查点不合：可能是倒签或补记",
                    "its time does not fit the checkpoints around it: it was back-dated or added later",
                )

    def _anchors(self):
        for size, root, called in self._anchored:
            self._leads_to(size, root, called, 0)

    def _check_receipts(self):
        for held in self._held:
            called = "receipt %s#%d" % (held["stream"], held["seq"])
            there, note = self._wanted[held["stream"], held["seq"]], held["checkpoint"]
            if held["origin"] != self.header["origin"]:
                zh, en = "回执属于另一份留痕 %s", "the receipt is of another log, %s"
                self.find("another_log", called, zh % held["origin"], en % held["origin"])
            elif there is None:
                self.find("receipt_not_found", called, "留痕里没有这一条", "the log holds no such entry")
            elif there != held["hash"]:
                self.find(
                    "receipt_differs",
                    called,
                    "留痕里的这一条与回执不同",
                    "the entry in the log is not that of the receipt",
                )
            if note is not None:
                self._receipt_proof(called, held, note)

    def _receipt_proof(self, called, held, note):
        if note.wrong:
            self.find(note.wrong[0], called, "回执上的检查点%s" % note.wrong[1], "its checkpoint %s" % note.wrong[2])
            return
        try:
            path = [bytes.fromhex(one) for one in held["proof"]]
            leaf, index = bytes.fromhex(held["hash"]), int(held["index"])
        except (ValueError, KeyError, TypeError):
            path, leaf, index = [], b"", -1
        if not includes(self.tree.hashed, leaf, index, note.size, path, note.root):
            self.find("proof_wrong", called, "回执上的证明不成立", "the proof on the receipt does not hold")
        self._leads_to(note.size, note.root, called, 0)

    def _check_things(self):
        """That the tables of cases, batches and pushes say what the trail says."""
        for stream, (version, state, head, where) in self.things.items():
            known = self.streams.get(stream)
            called = "%s, %s" % (where, stream)
            if known is None:
                self.find("no_trail", called, "表里有它，留痕里没有", "it stands in the table, and has no trail")
            elif (version, state, head) != (known[0], known[2], known[1]):
                self.find(
                    "state_differs",
                    called,
                    "表里是第 %s 步“%s”，留痕里是第 %d 步“%s”" % (version, state, known[0], known[2]),
                    "the table says step %s, %s; the trail says step %d, %s" % (version, state, known[0], known[2]),
                )
        for stream in self.streams:
            if LIVING.fullmatch(stream) and stream not in self.things:
                self.find("no_thing", stream, "留痕里有它，表里没有", "it has a trail, and does not stand in the table")

    def as_json(self):
        return {
            "origin": self.header["origin"] if self.header else None,
            "entries": self.size,
            "root": self.tree.root().hex() if self.tree else None,
            "checkpoints": self.checked_notes,
            "findings": [one.as_json() for one in self.findings],
            "more_findings": self.more,
            "not_checked": [{"zh": zh, "en": en} for zh, en in self.unchecked],
        }


# ---- the command -----------------------------------------------------------------------------------------------------


def _text_of(given):
    """An anchor or receipt: the file of that name, else the words themselves."""
    if os.path.exists(given):
        with open(given, encoding="utf-8") as file:
            return file.read()
    return given


def show(done, out):
    """Say in both languages what was found, and what was not checked."""
    for one in done.findings:
        out.write("✗ [%s] %s：%s\n    %s\n" % (one.code, one.where, one.zh, one.en))
    if done.more:
        out.write("… 另有 %d 处 / and %d more\n" % (done.more, done.more))
    for zh, en in done.unchecked:
        out.write("· %s\n  %s\n" % (zh, en))
    counted = "%d 条留痕，%d 个检查点 / %d entries, %d checkpoints" % ((done.size, done.checked_notes) * 2)
    if done.findings:
        out.write("不成立：%s，发现问题 %d 处\n" % (counted, len(done.findings) + done.more))
    else:
        out.write("成立 / holds：%s\n" % counted)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="征集留痕校验器 / verify an export of a Zhengji trail")
    parser.add_argument("export", help="zhengji audit export 导出的文件 / the exported file")
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
    try:
        key = Key(_text_of(asked.key)) if asked.key else None
        anchors, receipts = [_text_of(one) for one in asked.anchor], [_text_of(one) for one in asked.receipt]
        done = Verification(key, anchors, receipts).file(asked.export)
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
