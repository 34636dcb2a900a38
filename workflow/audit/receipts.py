"""Receipts held against the log: what whoever brings one is told, and nothing about what the event says."""

from __future__ import annotations

import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.words import Labelled, Text
from workflow.audit import log, merkle, notes
from workflow.audit.canonical import event_hash
from workflow.audit.log import Signed
from workflow.audit.notes import Checkpoint, WrongNote
from workflow.documents.receipt import qr_png
from workflow.store import log as stored
from workflow.store import receipts as found

FORMAT = "zhengji-receipt-1"
LONGEST = 64 * 1024
"""Characters of a receipt's file: a proof in a log of 2⁶³ events takes a tenth of that."""

_NUMBER = re.compile(r"([^#\s]{1,80})#([1-9]\d{0,17})")
_HASH = re.compile(r"[0-9a-f]{64}")


class Verdict(Labelled):
    """What a receipt comes to."""

    GENUINE = "genuine", "真实", "Genuine"
    UNSIGNED = "unsigned", "真实，检查点尚未签署", "Genuine, no checkpoint signed yet"
    UNLIKE = "unlike", "不符", "It does not match"
    ALTERED = "altered", "记录被改动", "The record was altered"
    UNREADABLE = "unreadable", "读不出回执", "No receipt to be read"


@dataclass(frozen=True)
class Answer:
    """What is said about a receipt. `why`: what does not match; `held`: the receipt as it stands now, where it does."""

    verdict: Verdict
    number: str = ""
    why: Sequence[Text] = ()
    held: dict[str, Any] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None

    @property
    def holds(self) -> bool:
        return self.verdict in (Verdict.GENUINE, Verdict.UNSIGNED)


UNLIKE = Text(
    "这个回执号和校验码不是本系统记录里的一对：抄写或扫描有误、回执被改动，或者它属于另一个系统。"
    "请对照原件逐字核对；如果原件确实如此，请保存好原件并联系审计员。",
    "This number and this hash are no pair in this system's log: miscopied, changed, or a receipt of another system. "
    "Compare it with the original, character by character; if that says the same, keep it and tell the auditor.",
)
_OTHER_NUMBER = Text(
    "这个校验码在记录里，但不是这个回执号的。请核对回执号。",
    "This hash is in the log, but not under this number. Check the number.",
)
_ALTERED = Text(
    "记录里有这个校验码，但记录的内容重新计算不出它：记录被改动过。请保存好回执，立即联系审计员。",
    "The hash is in the log, but what is recorded no longer gives it: the record was altered. Keep the receipt and tell "
    "the auditor at once.",
)
_GONE = Text(
    "回执上的签名和证明是真的，本系统现在的记录却与它不一致：记录被改动、删减，或被换成了旧的。"
    "请保存好回执，立即联系审计员。",
    "The signature and the proof on this receipt are genuine, and yet this system's record now disagrees with it: it was "
    "altered, cut, or put back to an older one. Keep the receipt and tell the auditor at once.",
)
_NO_RECEIPT = Text(
    "这里面没有回执号和校验码。回执号形如 case/7#3，校验码是 64 位十六进制数；或者上传回执页下载的 JSON 文件。",
    "No number and hash in here. A number looks like case/7#3 and a hash has 64 hexadecimal digits; or upload the JSON "
    "file from a receipt's page.",
)


def check(session: Session, number: str, hashed: str) -> Answer:
    """Hold a number and a hash against the log; the hash may be written in groups, in any width of letters.

    Without the right hash the answer is the same whether the number is recorded or not.
    """
    number, hashed = _plain(number), _plain(hashed).lower()
    parts = _NUMBER.fullmatch(number)
    if parts is None or not _HASH.fullmatch(hashed):
        return Answer(Verdict.UNREADABLE, number[:120], [_NO_RECEIPT])
    named = found.by_hash(session, hashed)
    if named is None:
        return Answer(Verdict.UNLIKE, number, [UNLIKE])
    if (named.stream, named.seq) != (parts[1], int(parts[2])):
        return Answer(Verdict.UNLIKE, number, [_OTHER_NUMBER])
    if event_hash(stored.algorithm(session), named.prev_hash, named.priv, named.body) != hashed:
        return Answer(Verdict.ALTERED, number, [_ALTERED])
    held, key = log.receipt(session, named.stream, named.seq, hashed), log.public_key(session)
    if held["checkpoint"] is None or key is None:
        return Answer(Verdict.UNSIGNED, number, held=held)
    if not log.proves(held, key):
        return Answer(Verdict.ALTERED, number, [_ALTERED])
    return Answer(Verdict.GENUINE, number, held=held, checkpoint=notes.opened(held["checkpoint"], key))


def _plain(written: str) -> str:
    """As typed from paper: full-width letters made plain, spaces between groups dropped."""
    return "".join(unicodedata.normalize("NFKC", written[:400]).split())


def check_file(session: Session, text: str) -> Answer:
    """Hold a receipt's JSON against the log: its key, its checkpoint and its proof too, where it brings them."""
    brought = _read(text)
    if brought is None:
        return Answer(Verdict.UNREADABLE, why=[_NO_RECEIPT])
    number = f"{brought['stream']}#{brought['seq']}"
    strange = list(_strange(session, brought))
    if strange:
        return Answer(Verdict.UNLIKE, number, strange)
    wrong, proved = _proof(session, brought)
    if proved and not (_agrees(session, brought) and found.by_hash(session, brought["hash"])):
        return Answer(Verdict.ALTERED, number, [_GONE])
    answer = check(session, number, brought["hash"])
    return replace(answer, verdict=Verdict.UNLIKE, why=wrong) if wrong and answer.holds else answer


_TYPES = {"format": str, "origin": str, "algorithm": str, "stream": str, "seq": int, "hash": str}
_LATER = {"index": int, "proof": list, "checkpoint": str, "key": str}


def _read(text: str) -> dict[str, Any] | None:
    """A receipt's JSON; None for what is none."""
    try:
        said = json.loads(text) if len(text) <= LONGEST else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or any(type(said.get(name)) is not kind for name, kind in _TYPES.items()):
        return None
    if any(said.get(name) is not None and type(said[name]) is not kind for name, kind in _LATER.items()):
        return None
    whole = all(isinstance(one, str) and _HASH.fullmatch(one) for one in [*(said.get("proof") or ()), said["hash"]])
    return said if whole and said["format"] == FORMAT else None


def _strange(session: Session, brought: dict[str, Any]) -> Sequence[Text]:
    """How a receipt shows that it is another log's."""
    head, key = stored.head(session), log.public_key(session)
    if brought["origin"] != head.origin:
        return [
            Text(
                f"这是另一份记录（{brought['origin'][:120]}）的回执，不是本系统（{head.origin}）的。",
                f"This is a receipt of another log ({brought['origin'][:120]}), not of this one ({head.origin}).",
            )
        ]
    if brought.get("key") is not None and key is not None and brought["key"] != key.text:
        return [
            Text(
                "回执上写的公钥不是本系统的公钥：回执被改动，或者有人换过密钥。请联系审计员。",
                "The public key on the receipt is not this system's: it was changed, or somebody changed the key. "
                "Tell the auditor.",
            )
        ]
    if brought["algorithm"] != head.algorithm:
        return [
            Text(
                "回执上写的校验算法与本系统的不同，回执被改动过。",
                "The receipt names another hash than this system's; it was changed.",
            )
        ]
    return []


def _proof(session: Session, brought: dict[str, Any]) -> tuple[list[Text], bool]:
    """What is wrong with the checkpoint and the proof on a receipt, and whether they prove it."""
    key = log.public_key(session)
    if brought.get("checkpoint") is None or key is None:
        return [], False
    try:
        if brought.get("proof") is not None and brought.get("index") is not None and log.proves(brought, key):
            return [], True
    except WrongNote:
        return [
            Text(
                "回执上的检查点没有本系统的有效签名，被改动过；回执号和校验码本身在记录里。",
                "The checkpoint on the receipt bears no valid signature of this system, so it was changed; number and "
                "hash themselves are in the log.",
            )
        ], False
    return [
        Text(
            "回执上的证明推不出检查点，被改动过；回执号和校验码本身在记录里。",
            "The proof on the receipt does not lead to its checkpoint, so it was changed; number and hash themselves "
            "are in the log.",
        )
    ], False


def _agrees(session: Session, brought: dict[str, Any]) -> bool:
    """Whether the log still begins as the checkpoint of a receipt says. Raises WrongNote."""
    key = log.public_key(session)
    assert key is not None
    opened = notes.opened(brought["checkpoint"], key)
    return stands(session, Seen(opened.size, opened.root, signed=True))


def written(held: dict[str, Any]) -> bytes:
    """A receipt as its file."""
    return f"{json.dumps(held, ensure_ascii=False, indent=2)}\n".encode()


# ---- checkpoints from paper ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """A checkpoint as somebody brings it: so many events, this root (hex). `signed`: under the log's key."""

    size: int
    root: str
    signed: bool = False


_ON_PAPER = re.compile(r"([1-9]\d{0,17})\D+?([0-9a-f]{64})")


def seen(session: Session, text: str) -> Seen | None:
    """A signed note, or a size and a root as printed on a summary table; None for neither. Raises WrongNote."""
    key, tidy = log.public_key(session), text.replace("\r\n", "\n").strip() + "\n"
    if key is not None and "\n\n" in tidy:
        opened = notes.opened(tidy, key)
        return Seen(opened.size, opened.root, signed=True)
    written = unicodedata.normalize("NFKC", text[:1000]).lower()
    printed = _ON_PAPER.search(re.sub(r"(?<=[0-9a-f])[ \n\r\t]+(?=[0-9a-f]{8}\b)", "", written))
    return Seen(int(printed[1]), printed[2]) if printed else None


@dataclass(frozen=True)
class Compared:
    """Two states of the log. `grew`: the later one begins with the earlier; `proof`: hex, what shows it."""

    old: Seen
    new: Seen
    grew: bool
    proof: Sequence[str] = ()

    @property
    def between(self) -> int:
        return self.new.size - self.old.size


def compare(session: Session, one: Seen, other: Seen) -> Compared:
    """Whether the larger of two states of the log grew out of the smaller. The larger must be one that the log has."""
    old, new = sorted((one, other), key=lambda each: each.size)
    if old.size == new.size:
        return Compared(old, new, old.root == new.root)
    if new.size > stored.head(session).size:
        return Compared(old, new, grew=False)
    path = log.consistency(session, old.size, new.size)
    hashed = merkle.digest(stored.algorithm(session))
    grew = merkle.extends(
        hashed, old.size, new.size, bytes.fromhex(old.root), bytes.fromhex(new.root), [bytes.fromhex(p) for p in path]
    )
    return Compared(old, new, grew, path)


def stands(session: Session, seen: Seen) -> bool:
    """Whether the log had this root when it held so many events."""
    return seen.size <= stored.head(session).size and log.root_at(session, seen.size) == seen.root


def head(session: Session) -> stored.Head:
    """How far the log goes, its name and its hash."""
    return stored.head(session)


def of(signed: Signed) -> Seen:
    """A checkpoint that the log keeps."""
    return Seen(signed.size, signed.root, signed=True)


def on_paper(session: Session, site: str) -> tuple[str, bytes] | None:
    """The newest checkpoint as a line and as a QR code (PNG); None before the first.

    The code leads to the page at `site` for checking it; without a site it holds the checkpoint itself.
    """
    newest = log.newest(session)
    if newest is None:
        return None
    at = f"{newest.at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
    said = f"{newest.size}:{newest.root}"
    address = f"{site.rstrip('/')}/receipts?size={newest.size}&root={newest.root}" if site else said
    return f"留痕检查点（条数:树根） {said}　{at}", qr_png(address)


# ---- to take along ---------------------------------------------------------------------------------------------------

_VERIFIER = Path(__file__).with_name("verifier")


def verifier() -> bytes:
    """The stand-alone verifier with its instructions, as a .zip that is the same bytes each time."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(_VERIFIER.iterdir()):
            if path.suffix in (".py", ".md"):
                one = zipfile.ZipInfo(f"zhengji_verify/{path.name}", (2021, 1, 1, 0, 0, 0))
                one.external_attr, one.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
                archive.writestr(one, path.read_bytes())
    return made.getvalue()
