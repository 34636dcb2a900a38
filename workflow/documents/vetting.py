"""The one door for files from outside: received, checked in a child process, and judged once (docs/design.md, Files)."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import IO, Any
from uuid import uuid4

from rules.words import Text
from workflow.documents import checker, limits
from workflow.documents.kinds import KINDS, ending, label
from workflow.documents.names import clean_name
from workflow.documents.problems import Problem, Unreadable
from workflow.documents.refusals import CHANGES, REFUSALS, said

__all__ = ["Received", "Unreadable", "Verdict", "Vetted", "clean_name", "damaged", "judge", "slot_for", "vet"]


@dataclass(frozen=True)
class Received:
    """A file as it came: an id of our own, its clean name, bytes, and both digests of them in hexadecimal."""

    id: str
    name: str
    size: int
    sha256: str
    sm3: str


@dataclass(frozen=True)
class Vetted:
    """A file that may be opened. `data`: the bytes to use and keep, as received or cleaned; `kind`: by content (docx,
    doc, xlsx, pdf …); `papers`: what a mail or package holds, each vetted for the slot that its name tells."""

    name: str
    media_type: str
    kind: str
    slot: str
    data: bytes
    received: Received
    papers: tuple[Vetted, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What became of a file: "accept", "sanitised" or "reject", with the code ("" when accepted) and its sentence."""

    verdict: str
    code: str
    text: Text
    received: Received
    vetted: Vetted | None = None
    parts: tuple[Verdict, ...] = ()
    """Of a mail or package opened with `each`: what became of everything in it, one by one."""
    head: Mapping[str, str] = field(default_factory=dict)
    """Of a mail: from, reply-to, subject, message-id as its sender wrote them; "" where one is missing."""
    returned: Mapping[str, Any] = field(default_factory=dict)
    """Of a mail: what it says of another that did not arrive; {} where it says nothing of the kind."""
    slot: str = ""
    words: str = ""
    """Of a mail: what it says."""

    @property
    def taken(self) -> Vetted:
        """What may be opened. Raises `Unreadable` when the file was refused."""
        if self.vetted is None:
            raise Unreadable(Problem(self.code, self.text, self.received.name))
        return self.vetted


def vet(slot: str, name: str | bytes, data: bytes | IO[bytes]) -> Vetted:
    """The file, when it is fit for the slot (a key of `limits.LIMITS`); nothing of it is executed or opened here.

    Content decides, the name must agree with it. Raises `Unreadable` for an empty, too large, wrong, encrypted,
    damaged or hostile file.
    """
    return judge(slot, name, data).taken


def judge(
    slot: str, name: str | bytes, data: bytes | IO[bytes], *, any_link: bool = False, depth: int = 0, each: bool = False
) -> Verdict:
    """The same as a verdict, a refused file's digests included. `data` may be a stream: it is read once, to its end.

    `any_link`: of what LibreOffice converted, where links that lead nowhere become links to files. `depth`: in how many
    mails or packages it lies. `each`: what lies in a mail or package is judged one by one, as `parts`, and what is
    refused of it does not refuse the whole.
    """
    source = io.BytesIO(data) if isinstance(data, bytes) else data
    with judged(slot, name, source, any_link=any_link, depth=depth, each=each) as (verdict, _):
        return verdict


@contextmanager
def judged(
    slot: str, name: str | bytes, data: IO[bytes], *, any_link: bool = False, depth: int = 0, each: bool = False
) -> Iterator[tuple[Verdict, IO[bytes]]]:
    """The same, and the file as it lies in quarantine while this lasts: whole, where it is no larger than its slot takes."""
    limit = limits.LIMITS[slot]
    with tempfile.TemporaryFile(prefix="zhengji-quarantine-") as quarantine:
        received = _receive(clean_name(name), data, quarantine, limit.size)
        yield _judged_for(slot, received, quarantine, any_link, depth, each), quarantine


def _judged_for(
    slot: str, received: Received, quarantine: IO[bytes], any_link: bool, depth: int, each: bool
) -> Verdict:
    limit = limits.LIMITS[slot]
    if not received.size:
        return _rejected("empty_file", received)
    if received.size > limit.size:
        size, most = f"{received.size / limits.MIB:.1f}", limit.size // limits.MIB
        return _rejected("too_large", received, size=size, most=most)
    task = {
        "do": "check",
        "kinds": limit.kinds,
        "ending": ending(received.name),
        "any_link": any_link,
        "each": each,
    }
    answer = checker.ask(task, quarantine)
    if answer.refused:
        return _refused(limit, _NOT_A[slot], answer, received)
    return replace(_taken(slot, answer, received, quarantine, depth, each), slot=slot)


@contextmanager
def attachment(limit: limits.Limit, name: str | bytes, data: IO[bytes]) -> Iterator[tuple[Verdict, IO[bytes]]]:
    """Judge what may be too large to be held: the verdict, and the file as it lies in quarantine while this lasts.

    What was taken has no `data`; its bytes are those of the file.
    """
    with tempfile.TemporaryFile(prefix="zhengji-quarantine-") as quarantine:
        received = _receive(clean_name(name), data, quarantine, limit.size)
        verdict = _judged(limit, received, quarantine)
        quarantine.seek(0)
        yield verdict, quarantine


def _judged(limit: limits.Limit, received: Received, quarantine: IO[bytes]) -> Verdict:
    if not received.size:
        return _rejected("empty_file", received)
    if received.size > limit.size:
        size, most = f"{-(-received.size * 10 // limits.MIB) / 10}", limit.size // limits.MIB
        film = ending(received.name) in _FILMS
        return _rejected("film_too_large" if film else "too_large", received, size=size, most=most)
    task = {
        "do": "attachment",
        "kinds": limit.kinds,
        "ending": ending(received.name),
        "most": limits.HELD_ATTACHMENT,
    }
    answer = checker.ask(task, quarantine)
    if answer.refused:
        return _refused(limit, "not_such_an_attachment", answer, received)
    kind = answer.said.get("kind")
    if kind not in limit.kinds:
        return _rejected("checker_garbled", received)
    return _accepted(Vetted(received.name, KINDS[kind].media_type, kind, "attachment", b"", received), "")


_FILMS = frozenset(one for kind in ("mp4", "mov", "webm", "mp3") for one in KINDS[kind].endings)


def _receive(name: str, source: IO[bytes], quarantine: IO[bytes], most: int) -> Received:
    """Stream into quarantine, a file without a name that goes with us: no more than the limit, digests over all."""
    sha256, sm3, size = hashlib.sha256(), hashlib.new("sm3"), 0
    while piece := source.read(256 * 1024):
        sha256.update(piece)
        sm3.update(piece)
        if size < most:
            quarantine.write(piece)
        size += len(piece)
    quarantine.flush()
    return Received(uuid4().hex, name, size, sha256.hexdigest(), sm3.hexdigest())


# ---- verdicts --------------------------------------------------------------------------------------------------------


def _rejected(code: str, received: Received, words: str = "", **values: object) -> Verdict:
    return Verdict("reject", code, said(words or code, {**values, "name": received.name}), received)


_NOT_A = {
    "case": "not_a_word_file",
    "form": "not_a_workbook",
    "scan": "not_a_scan",
    "summary": "not_a_summary",
    "list": "not_a_list",
    "worklist": "not_a_list",
    "call": "not_a_text",
    "note": "not_a_text",
    "picture": "not_a_picture",
    "drawing": "not_a_picture",
    "mail": "not_a_mail",
    "package": "not_a_package",
    "passport": "not_a_package",
}


def _refused(limit: limits.Limit, not_a: str, answer: checker.Answer, received: Received) -> Verdict:
    code, values = answer.refused, answer.values
    if code not in REFUSALS:
        return _rejected("checker_garbled", received)
    if code not in ("wrong_kind", "wrong_ending"):
        named = {"found": label(str(values.get("found", "")))} if code == "too_large_for_its_kind" else {}
        return Verdict("reject", code, said(code, {**values, **named, "name": received.name}), received)
    found = str(values.get("found", ""))
    right = KINDS[found].endings[0] if found in KINDS else ""
    shown = {
        "found": label(found),
        "wanted": limit.wanted,
        "ending": ending(received.name),
        "right": right,
    }
    words = not_a if code == "wrong_kind" and not_a in REFUSALS else code
    return _rejected(not_a if code == "wrong_kind" else code, received, words, **shown)


def _taken(
    slot: str, answer: checker.Answer, received: Received, quarantine: IO[bytes], depth: int, each: bool
) -> Verdict:
    kind, change = answer.said.get("kind"), answer.said.get("cleaned", "")
    if kind not in limits.LIMITS[slot].kinds or change not in CHANGES:
        return _rejected("checker_garbled", received)
    quarantine.seek(0)
    data = answer.payload if change else quarantine.read()
    vetted = Vetted(received.name, KINDS[kind].media_type, kind, slot, data, received)
    if (
        slot == "passport"
    ):  # whoever takes it in verifies it, and vets the papers in it by what the manifest says they are
        return _accepted(vetted, change)
    if kind in ("eml", "zip"):
        return _each_for_itself(vetted, answer, depth) if each else _with_papers(vetted, answer, depth)
    return _accepted(vetted, change)


def _accepted(vetted: Vetted, change: str) -> Verdict:
    name = vetted.name
    text = CHANGES[change].fill(name=name) if change else Text(f"“{name}”可以接收。", f"“{name}” is fit to be taken.")
    return Verdict("sanitised" if change else "accept", change, text, vetted.received, vetted)


# ---- mails and packages ----------------------------------------------------------------------------------------------


def slot_for(name: str) -> str:
    """The slot that a file of this name is meant for, "" when it is for none: by the ending alone."""
    last = ending(clean_name(name))
    return next((slot for slot in _BY_ENDING if last in limits.LIMITS[slot].endings), "")


_DEEPEST = 2
"""A mail may come as a file in a mail, and an archive in that; no further."""
_BY_ENDING = ("case", "form", "scan", "package", "mail", "list", "note")


def _with_papers(vetted: Vetted, answer: checker.Answer, depth: int) -> Verdict:
    """A mail or package with everything in it vetted in its turn; it is taken only as a whole."""
    papers: list[Vetted] = []
    changed, at = "", 0
    for told in answer.said.get("parts", ()):
        name, size, inline = _told(told)
        content = answer.payload[at : at + size]
        at += size
        slot = slot_for(name) or ("drawing" if inline else "")
        if not slot or (slot in ("package", "mail") and (vetted.kind == "zip" or depth == _DEEPEST)):
            return _inside(vetted.received, "unknown_paper", said("unknown_paper", {"name": clean_name(name)}))
        verdict = judge(slot, name, content, depth=depth + 1)
        if verdict.vetted is None:
            return _inside(vetted.received, verdict.code, verdict.text)
        changed = changed or ("papers_changed" if verdict.verdict == "sanitised" else "")
        papers.append(verdict.vetted)
    return _accepted(replace(vetted, papers=tuple(papers)), changed)


def _each_for_itself(vetted: Vetted, answer: checker.Answer, depth: int) -> Verdict:
    """A mail or package with what became of each thing in it; the good stays good beside the bad."""
    parts, at = [], 0
    for told in answer.said.get("parts", ()):
        name, size, inline = _told(told)
        content = answer.payload[at : at + size]
        at += size
        parts.append(_one_part(vetted, told, name, content, inline, depth))
    papers = tuple(one.vetted for one in parts if one.vetted is not None)
    head = answer.said.get("head")
    known = {str(key): str(value) for key, value in head.items()} if isinstance(head, dict) else {}
    returned = answer.said.get("returned")
    back = returned if isinstance(returned, dict) else {}
    words = str(answer.said.get("words", ""))
    taken = _accepted(replace(vetted, papers=papers), "")
    return replace(taken, parts=tuple(parts), head=known, returned=back, words=words)


def _one_part(vetted: Vetted, told: Any, name: str, content: bytes, inline: bool, depth: int) -> Verdict:
    code, values = told.get("refused", ""), told.get("values", {})
    received = _received(name or vetted.name, content)
    if code:
        known = code if code in REFUSALS else "checker_garbled"
        return _rejected(known, received, **(values if isinstance(values, dict) else {}))
    slot = slot_for(name) or ("drawing" if inline else "")
    if not slot or (slot in ("package", "mail") and (vetted.kind == "zip" or depth == _DEEPEST)):
        return Verdict("reject", "unknown_paper", said("unknown_paper", {"name": received.name}), received)
    return judge(slot, name, content, depth=depth + 1, each=True)


def _received(name: str, content: bytes) -> Received:
    sha256, sm3 = hashlib.sha256(content).hexdigest(), hashlib.new("sm3", content).hexdigest()
    return Received(uuid4().hex, clean_name(name), len(content), sha256, sm3)


def _told(part: Any) -> tuple[str, int, bool]:
    """A part as the check tells it; anything else is none."""
    told: Mapping[str, Any] = part if isinstance(part, dict) else {}
    size = told.get("size")
    return str(told.get("name", "")), size if isinstance(size, int) and size >= 0 else 0, told.get("inline") is True


def _inside(received: Received, code: str, why: Text) -> Verdict:
    return _rejected(code, received, "paper_refused", why=why)


def damaged(name: str) -> Unreadable:
    """The refusal of a file that cannot be opened although its kind is right."""
    return Unreadable(Problem("damaged", said("damaged", {"name": name}), name))
