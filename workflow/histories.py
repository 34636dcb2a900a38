"""What happened to a batch or a push, in words, and who is next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.roles import Role
from rules.rule import Finding
from rules.words import Text
from states.batch import BATCH
from states.lifecycle import Lifecycle, State, Transition
from states.push import PUSH
from states.reach import Actor, Grant
from workflow import privacy
from workflow.audit import actions, search
from workflow.engine import Offer
from workflow.identity.stand_ins import Presence
from workflow.lists import migrated
from workflow.personal import together
from workflow.store import histories as stored
from workflow.store.models import Batch, Push


@dataclass(frozen=True)
class Happened:
    """One entry of a history, in words."""

    at: datetime
    who: str
    what: Text
    done: bool
    number: str
    hash: str
    remark: str = ""
    role: Role | None = None
    source: State | None = None
    target: State | None = None
    findings: tuple[Finding, ...] = ()
    detail: Text | None = None
    case: None = None
    step: str = ""
    """The name of the transition, where it was one."""
    of: str = ""
    """What it happened to: "batch", "push", or "document" for a file."""


def of_batch(session: Session, batch: Batch, seen_by: Actor) -> list[Happened]:
    """What is recorded about a batch within somebody's reach, refused attempts included, the newest first.

    Telephone numbers and addresses in remarks are read in full by those who handle the batch.
    """
    return _of(session, BATCH, batch.stream, in_full=privacy.handles_batch(batch, seen_by), seen_by=seen_by)


def of_push(session: Session, push: Push) -> list[Happened]:
    """Everything recorded about a push, the newest first."""
    return _of(session, PUSH, push.stream)


def _of(
    session: Session, lifecycle: Lifecycle, stream: str, *, in_full: bool = False, seen_by: Actor | None = None
) -> list[Happened]:
    events = stored.events_in(session, [stream, f"{stream}/content", f"{stream}/tries"], seen_by)
    if in_full:
        said = privacy.words(session, [one.uid for one in events])
        events = [replace(one, body=together(one.body, said.get(one.uid, {}))) for one in events]
    return [_happened(lifecycle, one) for one in events]


def _happened(lifecycle: Lifecycle, event: stored.Event) -> Happened:
    body = event.body
    step = lifecycle.named(event.action.removeprefix(f"{lifecycle.name}."))
    return Happened(
        at=event.at,
        step=step.name if step else "",
        of=event.action.partition(".")[0],
        who=body["actor"]["name"],
        what=actions.label(event.action),
        done=event.outcome == "done",
        number=f"{event.stream}#{event.seq}",
        hash=event.hash,
        remark=body.get("remark", "") or body.get("reason", ""),
        role=Role.of(body["role"]) if "role" in body else None,
        source=lifecycle.state(body["from_state"]) if body.get("from_state") else None,
        target=lifecycle.state(body["to_state"]) if body.get("to_state") else None,
        findings=tuple(Finding.from_json(one) for one in body.get("findings", ())),
        detail=_detail(event.action, body),
    )


def _detail(action: str, body: dict[str, Any]) -> Text | None:
    if action == "batch.collect":
        more, fewer = len(body["added"]), len(body["dropped"])
        return Text(f"列入 {more} 个，移出 {fewer} 个", f"{more} added, {fewer} taken out")
    if action == "batch.migrate":
        return migrated(body)
    if action == "batch.describe":
        last = Text("，末批", ", the last batch") if body["final"] else Text("", "")
        return Text(f"邮件标题：{body['subject']}{last.zh}", f"subject: {body['subject']}{last.en}")
    if action == "batch.seal_summary":
        unit = body["unit"]
        return Text(f"印章为“{unit}”", f"the seal reads “{unit}”") if unit else Text("无印章", "no seal")
    if action == "document.refuse":
        return search.turned_away(body)
    if action in ("document.receive", "batch.turn_away", "push.stay_behind"):
        return Text(body["zh"], body["en"])
    if action == "document.attach":
        names = "、".join(one["name"] for one in body["files"])
        return Text(names, names)
    if action == "push.create":
        return Text(f"送往 {body['destination']}", f"to {body['destination']}")
    return None


def passed(lifecycle: Lifecycle, entries: Sequence[Happened]) -> set[str]:
    """States that a thing has been in, for drawing its way."""
    return {str(lifecycle.initial), *(str(one.target) for one in entries if one.target and one.done)}


@dataclass(frozen=True)
class Next:
    """One step onward, and the names of those who can take it."""

    step: Transition
    names: tuple[str, ...]


def who_is_next(
    session: Session, offers: Sequence[Offer], office: int | None, centre: int | None = None, *, at: datetime
) -> list[Next]:
    """Who can take which step onward from here: those who are there, and “A 代 B” for those who are away."""
    onward = [one.transition for one in offers if not one.transition.backward]
    presence = Presence(session, at) if onward else None
    if presence is None:
        return []
    places = {None, office, centre}

    def names(step: Transition) -> tuple[str, ...]:
        there = stored.holders(session, [str(role) for role in step.by], office, centre, presence.away)
        lent = [
            f"{one.person.name} 代 {one.absent.name}" for one, grant in presence.lent() if _fits(grant, step, places)
        ]
        return tuple(dict.fromkeys([*there, *lent]))

    return [Next(step, names(step)) for step in onward]


def _fits(grant: Grant, step: Transition, places: set[int | None]) -> bool:
    return grant.role in step.by and grant.unit in places
