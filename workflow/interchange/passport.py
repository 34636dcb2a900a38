"""The passport of a case (案例档案包): one zip with all of it and its whole history, that proves itself without this system.

`workflow/audit/verifier/zhengji_verify.py` verifies it offline: every entry of the case's streams with its proof under one signed
checkpoint, and every paper and revision by the digests that those entries name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from rules.words import Text
from states.case import CaseState
from states.reach import Actor
from workflow import lists, papers, privacy
from workflow.audit import log, search
from workflow.audit.canonical import canonical
from workflow.audit.export import FORMAT as TRAIL
from workflow.audit.export import event_line
from workflow.documents.names import clean_name
from workflow.documents.packing import packed
from workflow.downloads import received
from workflow.engine import CannotServe
from workflow.publishing import editorial
from workflow.store import log as stored
from workflow.store.files import Files
from workflow.store.models import Case, CaseRevision, Document

FORMAT = "zhengji-passport/1"
STREAMS = ("", "/content", "/tries")
"""What runs in the streams of a case: its steps, what was done to its content, and refused tries."""


class NotCovered(CannotServe):
    """The newest checkpoint does not cover everything that happened to the case yet (409)."""


def build(session: Session, files: Files, case: Case, *, actor: Actor, demo: bool) -> bytes:
    """The zip. What the person may not read is left out and named: papers with contacts, words about another office's case.

    `demo`: the clock can be moved. Raises NotCovered, Lost.
    """
    members: dict[str, bytes] = {"trail.jsonl": _trail(session, case, actor, demo)}
    every = list(reversed(papers.every(session, case)))
    kept_papers = [_paper(place, one, case, actor, _beyond(every)) for place, one in enumerate(every, 1)]
    for listed, one in kept_papers:
        if listed["file"]:
            members[str(listed["file"])] = received(files, one)
    revisions = list(reversed(lists.revisions(session, case)))
    members |= {_revision_name(one): canonical(one.snapshot).encode() for one in revisions}
    members |= _call(case) | _editorial(session, case) | {"case.md": _readable(session, case), "README.txt": _README}
    manifest = {
        "format": FORMAT,
        "case": _about(session, case),
        "papers": [listed for listed, _ in kept_papers],
        "revisions": [
            {"revision": one.revision, "content": one.content, "file": _revision_name(one), "at": one.at.isoformat()}
            for one in revisions
        ],
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in sorted(members.items())
        },
    }
    return packed({"manifest.json": _json(manifest), **members})


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


# ---- the trail -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Told:
    """An entry as `search.bodies_within_reach` looks at it."""

    action: str
    body: dict[str, Any]


def _trail(session: Session, case: Case, actor: Actor, demo: bool) -> bytes:
    whole, lines = hashlib.sha256(), []
    for line in _lines(session, case, actor, demo):
        whole.update(line.encode() + b"\n")
        lines.append(line)
    lines.append(canonical({"kind": "end", "lines": len(lines), "sha256": whole.hexdigest()}))
    return ("\n".join(lines) + "\n").encode()


def _lines(session: Session, case: Case, actor: Actor, demo: bool) -> Iterator[str]:
    head, key = stored.head(session), log.public_key(session)
    entries = stored.of_streams(session, [case.stream + end for end in STREAMS])
    told = [_Told(one.action, json.loads(one.body)) for one in entries]
    shown = search.bodies_within_reach(session, actor, told)
    yield canonical(
        {
            "kind": "log",
            "format": TRAIL,
            "origin": head.origin,
            "algorithm": head.algorithm,
            "key": key.text if key else None,
            "demo": demo,
        }
    )
    signed = None
    for one, original, body in zip(entries, told, shown, strict=True):
        proof = log.proof(session, one.hash) if one.idx is not None else None
        if proof is None:
            raise NotCovered(
                Text(
                    "最新的检查点还没有包括本案例的最后几条留痕。系统每分钟签署一次，请稍等一分钟再取；一直不行请告知管理员。",
                    "The newest checkpoint does not cover the last entries of this case yet. One is signed each minute: try again in"
                    " a minute, and tell the administrator if that does not help.",
                )
            )
        signed = proof.checkpoint
        if dict(body) == original.body:
            yield event_line(proof.index, one)
        else:
            yield _withheld(proof.index, one)
        yield canonical({"kind": "proof", "index": proof.index, "path": list(proof.path)})
    if signed is not None:
        yield canonical({"kind": "checkpoint", "note": signed.note})
    yield canonical(
        {"kind": "thing", "stream": case.stream, "version": case.version, "state": case.state, "head": case.head}
    )


def _withheld(index: int, one: Any) -> str:
    """An entry that names another office's case: its hashes, and where it left this one."""
    named = {"index": index, "stream": one.stream, "seq": one.seq, "prev": one.prev_hash, "hash": one.hash}
    return canonical({"kind": "withheld", **named, "to_state": one.to_state})


# ---- what it is about ------------------------------------------------------------------------------------------------


def _about(session: Session, case: Case) -> dict[str, Any]:
    call = lists.call_of(session, case)
    phase, theme = call.phase(case.phase), call.themes.get(case.theme)
    version = case.call_version
    return {
        "number": case.number,
        "stream": case.stream,
        "version": case.version,
        "state": case.state,
        "state_name": _both(CaseState.of(case.state).label),
        "head": case.head,
        "revision": case.revision,
        "content": case.content,
        "title": case.title,
        "recipient": case.recipient,
        "centre": case.centre.name,
        "host_unit": case.centre.host_unit,
        "office": case.office.addressee,
        "region": case.office.region,
        "call": {
            "number": call.number,
            "document_number": call.document_number,
            "title": _both(call.title),
            "version": version.version,
            "digest": version.digest,
        },
        "phase": _both(phase.label) if phase else None,
        "theme": _both(theme.label) if theme else None,
    }


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


MOST_ATTACHED = 20 * 1024 * 1024
"""Bytes of all attachments in one passport, which is taken in whole elsewhere; the others are named with their digests."""


def _beyond(every: Sequence[Document]) -> frozenset[int]:
    """The attachments for which a passport has no room: those that count now come first, the small ones before the large."""
    attached = [one for one in every if one.slot == "attachment"]
    left, beyond = MOST_ATTACHED, set()
    for one in sorted(attached, key=lambda one: (one.superseded_at is not None, one.size, one.id)):
        if one.size <= left:
            left -= one.size
        else:
            beyond.add(one.id)
    return frozenset(beyond)


def _paper(
    place: int, one: Document, case: Case, actor: Actor, beyond: frozenset[int]
) -> tuple[dict[str, Any], Document]:
    """How the manifest lists a paper; `file` None, with the reason, where the person may not have it, or it is too large."""
    why = "erased" if one.erased_at else "" if privacy.may_open(case, one, actor) else "contacts"
    why = why or ("large" if one.id in beyond else "")
    listed = {
        "slot": one.slot,
        "name": one.name,
        "media_type": one.media_type,
        "sha256": one.digest,
        "bytes": one.size,
        "caption": one.caption,
        "revision": one.revision,
        "at": one.at.isoformat(),
        "superseded": one.superseded_at is not None,
        "file": None if why else f"papers/{place:02d}_{clean_name(one.name)}",
        "withheld": why,
    }
    return listed, one


def _revision_name(one: CaseRevision) -> str:
    return f"revisions/{one.revision:04d}.json"


def _call(case: Case) -> dict[str, bytes]:
    version = case.call_version
    return {"call/call.toml": version.source.encode(), "call/notice.md": version.notice.encode()}


def _editorial(session: Session, case: Case) -> dict[str, bytes]:
    """The English version and the sign-offs, where there are any."""
    english, signed = editorial.english(session, case), editorial.sign_offs(session, case)
    found: dict[str, bytes] = {}
    if english is not None:
        words = {"title": english.title, "summary": english.summary, "text": english.text, "of": english.of}
        found["english.json"] = _json({**words, "current": english.of == case.content})
    if signed:
        given: list[Mapping[str, Any]] = [
            {"content": one.content, "by": one.by.name, "at": one.at.isoformat(), "void": one.void_at is not None}
            for one in signed
        ]
        found["sign_offs.json"] = _json(given)
    return found


def _readable(session: Session, case: Case) -> bytes:
    """The text as it stands, to be read without any program."""
    call, content = lists.call_of(session, case), lists.content_of(case)
    parts = [f"# {content.title}", f"{case.number} · {case.centre.name}"]
    parts += [
        f"## {one.label.zh}\n\n{content.sections[one.id]}" for one in call.sections if content.sections.get(one.id)
    ]
    return ("\n\n".join(parts) + "\n").encode()


_README = """案例档案包 · The passport of a case

case.md          案例正文 / the text as it stands
revisions/       历次稿件 / every saved revision
papers/          收到的文件 / papers as received
call/            征集通知的这一版 / the version of the call that it lives under
trail.jsonl      本案例的全部留痕、证明和检查点 / every entry of its trail, with proofs and a checkpoint
manifest.json    清单和摘要 / what there is, with digests

核对（任何一台装有 Python 的电脑，不联网）/ to verify, on any machine with Python and without a network:

    python3 zhengji_verify.py 本文件.zip --key '公钥 / the public key'

zhengji_verify.py 可在任一征集系统的“回执核验”页下载。/ It can be had on the page for checking receipts.
""".encode()
