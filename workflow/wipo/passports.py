"""Passports of cases from another installation: verified, looked at, and kept with their history (docs/decisions.md 84)."""

from __future__ import annotations

import io
import json
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from rules.call import Paper
from rules.roles import Level, Role
from rules.words import Text
from states.reach import Actor
from workflow.audit import actions, log
from workflow.audit.verifier import zhengji_verify as verifier
from workflow.cases import NoSuchCase
from workflow.documents import limits, vetting
from workflow.documents.problems import Unreadable
from workflow.engine import CannotServe, NotPermitted
from workflow.store import passports as stored
from workflow.store import priors as stored_priors
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import ImportedCase

PER_PAGE = 50
_LONGEST_ENGLISH = 60_000
"""Characters of an English text, as at the workbench."""
_READS = (Role.DESK, Role.AUDITOR)


class NotImported(CannotServe):
    """A passport that does not verify, or is of this installation (422)."""


class NoSuchPassport(NoSuchCase):
    """Not there, or not this person's to see (404)."""


@dataclass(frozen=True)
class Imported:
    """What came of a passport. `again`: it had been imported before, and nothing changed."""

    id: int
    number: str
    again: bool = False


def take_in(
    database: Database, files: Files, name: str, data: bytes, *, key: str = "", actor: Actor, at: datetime
) -> Imported:
    """Import a passport: vetted like any file from outside, verified whole, kept beside our own cases and never as one.

    `key`: the other installation's public key, had by another way; without it the passport's own is believed, and that is shown.
    A case that was reported there counts as an earlier report here. The same again has no second effect. What is refused is on
    record. Raises NotPermitted, Unreadable, NotImported.
    """
    check_imports(actor)
    try:
        found = _looked_at(name, data, key)
        return _kept(database, files, data, found, pinned=bool(key), actor=actor, at=at)
    except (Unreadable, NotImported) as refused:
        said = refused.problem.text if isinstance(refused, Unreadable) else refused.message
        with database.transaction() as session:
            data_said = {"file": name[-160:], "zh": said.zh, "en": said.en}
            stored.note(session, "passport.refuse", data_said, actor, at, outcome="refused")
        raise


@dataclass(frozen=True)
class _Found:
    """A passport that verifies."""

    origin: str
    entries: int
    manifest: Mapping[str, Any]
    record: dict[str, Any]


def _looked_at(name: str, data: bytes, key: str) -> _Found:
    """Verify a passport and everything in it. Raises Unreadable, NotImported."""
    vetting.vet("passport", name, data)
    try:
        given = verifier.Key(key) if key.strip() else None
    except verifier.WrongUse:
        raise NotImported(
            Text("公钥写错了，请从对方另行取得后原样粘贴。", "This is no public key; paste the other side's as it is.")
        ) from None
    with tempfile.TemporaryDirectory(prefix="zhengji-passport-") as folder:
        path = Path(folder) / "passport.zip"
        path.write_bytes(data)
        done = verifier.Passport(given).file(str(path))
    if done.findings:
        first, more = done.findings[0], len(done.findings) - 1 + done.more
        zh, en = (f"（另有 {more} 处）", f" ({more} more)") if more else ("", "")
        raise NotImported(
            Text(
                f"档案包没有通过核对，没有导入。{first.where}：{first.zh}{zh}。",
                f"The passport does not verify and was not imported. {first.where}: {first.en}{en}.",
            )
        )
    for paper in done.manifest["papers"]:
        if paper.get("file"):
            _vet(_slot(paper), str(paper["name"]), done.members[str(paper["file"])])
    return _Found(str(done.header["origin"]), done.size, done.manifest, _record(done))


def _vet(slot: str, name: str, data: bytes) -> None:
    """Raise Unreadable for a paper that would not be taken here."""
    if slot != "attachment":
        vetting.vet(slot, name, data)
        return
    anything = Paper(slot, Text("附件", "Attachment"), Level.CENTRE)
    with vetting.attachment(limits.of_attachment(anything), name, io.BytesIO(data)) as (verdict, _):
        verdict.taken  # noqa: B018 - raises


def _slot(paper: Mapping[str, Any]) -> str:
    """The slot by which a paper is vetted; one that no passport has is none that passes."""
    slot = str(paper.get("slot"))
    if slot not in ("case", "form", "scan", "picture", "attachment"):
        raise NotImported(
            Text(
                f"档案包里有不认识的材料：{paper['name']}",
                f"The passport holds a paper of no known kind: {paper['name']}",
            )
        )
    return slot


def _record(done: verifier.Passport) -> dict[str, Any]:
    """What is shown of an imported case. Raises NotImported where it is not of the form in which passports are made."""
    try:
        case = done.manifest["case"]
        last = json.loads(done.members[done.manifest["revisions"][-1]["file"]])
        told = [json.loads(one) for one in _bodies(done.members["trail.jsonl"])]
        return {
            "centre": str(case["centre"])[:160],
            "office": str(case["office"])[:160],
            "call": str(case["call"]["document_number"])[:120],
            "state_zh": str(case["state_name"]["zh"])[:40],
            "state_en": str(case["state_name"]["en"])[:40],
            "recipient": str(last["recipient"])[:300],
            "sections": {str(name): str(words) for name, words in last["sections"].items()},
            "headings": _headings(done.members.get("call/call.toml", b"")),
            "english": _english(done.members.get("english.json", b"{}")),
            "papers": [
                {"name": str(one["name"])[:200], "sha256": one["sha256"], "withheld": str(one["withheld"])}
                for one in done.manifest["papers"]
            ],
            "history": [_step(one) for one in sorted(told, key=lambda one: str(one["at"]))],
        }
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
        raise NotImported(
            Text(
                "档案包通过了核对，但清单或稿件的写法不是本系统认得的。",
                "The passport verifies, but its manifest or text is not of a form that is known here.",
            )
        ) from None


def _headings(call: bytes) -> dict[str, dict[str, str]]:
    """What the parts of the text are called, by the call that the case lives under; raises ValueError where that is none."""
    sections = tomllib.loads(call.decode()).get("sections", [])
    return {str(one["id"]): {way: str(one["label"][way])[:120] for way in ("zh", "en")} for one in sections}


def _english(said: bytes) -> dict[str, Any]:
    """The English that came along; empty where there is none."""
    english = json.loads(said)
    if not english:
        return {}
    return {
        **{name: str(english[name])[:_LONGEST_ENGLISH] for name in ("title", "summary", "text")},
        "current": bool(english["current"]),
    }


def _bodies(trail: bytes) -> Sequence[str]:
    lines = (verifier.EVENT.fullmatch(one) for one in trail.decode().splitlines())
    return [one[1] for one in lines if one is not None]


def _step(body: Mapping[str, Any]) -> dict[str, str]:
    return {
        "at": datetime.fromisoformat(body["at"]).isoformat(),
        "who": str(body["actor"]["name"])[:80],
        "action": str(body["action"])[:60],
        "outcome": str(body["outcome"])[:10],
        "remark": str(body.get("remark", ""))[:2000],
    }


def _kept(
    database: Database, files: Files, data: bytes, found: _Found, *, pinned: bool, actor: Actor, at: datetime
) -> Imported:
    case = found.manifest["case"]
    number = str(case["number"])[:60]
    with database.reading() as session:
        if found.origin == log.origin(session):
            raise NotImported(
                Text(
                    f"这是本系统自己的案例 {number}，不用导入。",
                    f"This is our own case {number}; there is nothing to import.",
                )
            )
    digest = files.put(data)
    with database.transaction() as session:
        there = stored.known(session, found.origin, number, found.entries)
        if there is not None:
            return Imported(there.id, number, again=True)
        values = {
            "origin": found.origin,
            "number": number,
            "entries": found.entries,
            "pinned": pinned,
            "title": str(case["title"])[:300],
            "state": str(case["state"])[:30],
            "passport": digest,
            "size": len(data),
            "record": found.record,
        }
        made = stored.put(session, values, actor, at)
        reported = _reported(found, number)
        if reported is not None:
            stored_priors.put(session, [reported], None, f"案例档案包 {found.origin}"[-160:], actor, at)
        noted = {"number": number, "origin": found.origin, "entries": found.entries, "sha256": digest, "pinned": pinned}
        stored.note(session, "passport.import", noted, actor, at)
    return Imported(made, number)


def _reported(found: _Found, number: str) -> dict[str, Any] | None:
    """What a case counts as here that was once submitted there: an earlier report."""
    sent = [one for one in found.record["history"] if one["action"] in ("case.submit", "case.apply")]
    done = [one["at"] for one in sent if one["outcome"] == "done"]
    if not done:
        return None
    return {
        "number": number,
        "title": str(found.manifest["case"]["title"])[:300],
        "centre_name": found.record["centre"],
        "recipient": found.record["recipient"],
        "text": "\n".join(found.record["sections"].values()),
        "reported_on": date.fromisoformat(done[0][:10]),
    }


# ---- reading ---------------------------------------------------------------------------------------------------------


def imported(session: Session, *, actor: Actor, before: int | None = None) -> tuple[Sequence[ImportedCase], int | None]:
    """One page of what was imported, the newest first, and the key of the next page. Raises NoSuchPassport."""
    _check_reads(actor)
    found = stored.newest(session, before, PER_PAGE + 1)
    return found[:PER_PAGE], found[PER_PAGE - 1].id if len(found) > PER_PAGE else None


def find(session: Session, imported_id: int, *, actor: Actor) -> ImportedCase:
    """Raises NoSuchPassport."""
    _check_reads(actor)
    found = stored.one(session, imported_id)
    if found is None:
        raise _nothing()
    return found


@dataclass(frozen=True)
class Happened:
    """One entry of an imported case's history, in words."""

    at: datetime
    who: str
    what: Text
    done: bool
    remark: str


def history(found: ImportedCase) -> list[Happened]:
    """What happened to the case where it came from, the oldest first."""
    return [
        Happened(
            datetime.fromisoformat(one["at"]),
            one["who"],
            actions.label(one["action"]),
            one["outcome"] == "done",
            one["remark"],
        )
        for one in found.record["history"]
    ]


def may_import(actor: Actor) -> bool:
    return Role.DESK in actor.roles


def check_imports(actor: Actor) -> None:
    """Raise NoSuchPassport where this person never sees any, and NotPermitted where they only read."""
    _check_reads(actor)
    if not may_import(actor):
        raise NotPermitted(
            Text(
                "案例档案包由国家局受理人导入，您没有这个职责。",
                "Passports are imported by the national desk; you are not of it.",
            )
        )


def _check_reads(actor: Actor) -> None:
    if not actor.roles & set(_READS):
        raise _nothing()


def _nothing() -> NoSuchPassport:
    return NoSuchPassport(
        Text(
            "没有这个案例档案包，或者它不在您的职责范围内。",
            "There is no such passport within your reach.",
        )
    )
