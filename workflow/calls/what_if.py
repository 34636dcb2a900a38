"""假如重算 on screen: the recorded steps of a call performed under a changed one, in the background; nothing of cases is written."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call
from rules.catalogue import CATALOGUE
from rules.roles import Role
from rules.words import Text
from states.reach import Actor
from workflow import privacy
from workflow.audit import actions
from workflow.calls import CallRefused, notices, parse_call
from workflow.calls.changing import DROP, changed
from workflow.calls.difference import Change, differences
from workflow.calls.places import Place, places, put
from workflow.calls.replay import ACTIONS, DONE, Changed, Replaying, read_back
from workflow.documents import writing
from workflow.engine import NoSuchThing, Receipt, WrongInput
from workflow.jobs.kinds import UNFINISHED, JobState
from workflow.jobs.queue import enqueue
from workflow.store import calls as stored_calls
from workflow.store import personal as stored_personal
from workflow.store import replay as stored_steps
from workflow.store import what_ifs as stored
from workflow.store.database import Database
from workflow.store.models import Batch, CallVersion, Case, Job, WhatIf

ASKS = frozenset({Role.DESK, Role.DIRECTOR, Role.AUDITOR})
AT_ONCE = 2_000
"""Steps of one part of the work."""
MOST = 5_000
"""Steps that are kept one by one; all are counted."""
LONGEST = 5_000
"""Characters of one value."""
KEPT = timedelta(days=90)
"""For so long it can be read what a run came to; then the night's work drops it, and it is asked again where needed."""
SHOWN = 50
"""Runs in the list, and steps on a page."""
_RULE = "rules."


class NoSuchWhatIf(NoSuchThing):
    """Not there, or not for this person (404)."""


class WrongWhatIf(WrongInput):
    """What was asked for cannot be a call; nothing was queued (422)."""


_NONE = NoSuchWhatIf(
    Text(
        "没有这个页面，或者它不在您的职责范围内。请从“征集通知”进入。",
        "There is no such page within your reach. Start from the calls.",
    )
)


def asks(actor: Actor) -> bool:
    """Whether this person may ask."""
    return bool(actor.roles & ASKS)


def check(actor: Actor) -> None:
    """Raise NoSuchWhatIf for all others."""
    if not asks(actor):
        raise _NONE


# ---- asking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """What can be changed of a call: its single values, and the rules that can be left out."""

    version: CallVersion
    call: Call
    places: Sequence[Place]
    rules: Mapping[str, Text]
    versions: Sequence[CallVersion]


def form(session: Session, number: str, *, actor: Actor) -> Form:
    """Of a call's version in force. Raises NoSuchWhatIf, NoSuchCall."""
    check(actor)
    version, call = notices.find(session, number)
    demands = {name: Text(CATALOGUE[name].demand, name.replace("_", " ").capitalize()) for name in call.rules}
    return Form(version, call, places(version.source), demands, notices.versions(session, number))


@dataclass(frozen=True)
class Wanted:
    """`number`: the call whose steps are performed again; `version`: the one to compare with, that in force by default.

    `values`: place of the file → value; `without`: rules to leave out.
    """

    number: str
    version: int | None
    values: Mapping[str, str]
    without: Sequence[str] = ()


def ask(session: Session, wanted: Wanted, *, actor: Actor, at: datetime, op: str = "") -> tuple[int, Receipt | None]:
    """Have it worked out in the background; gives its number. The same form again gives the same one.

    Raises NoSuchWhatIf, NoSuchCall, WrongValue, WrongChange, WrongWhatIf with what is wrong with the changed call.
    """
    check(actor)
    earlier = stored.by_op(session, op) if op else None
    if earlier is not None:
        return earlier, stored_personal.noted(session, f"{op}:call.ask_what_if")
    before, _ = notices.find(session, wanted.number)
    after = notices.find(session, wanted.number, wanted.version)[0] if wanted.version else before
    changes = _changes(after, wanted)
    _call_of(after, changes)
    made = stored.add(
        session,
        op=op or None,
        before_id=before.id,
        after_id=after.id,
        changes=changes,
        by_id=actor.id,
        absent_id=actor.absent_id,
        at=at,
    )
    data = {"call": wanted.number, "version": after.version, "places": sorted(changes)}
    op = f"{op}:call.ask_what_if" if op else ""
    receipt = stored_personal.note(session, "what-ifs", "call.ask_what_if", data, actor, at, op=op)
    enqueue(session, "replay_call", _key(made), made)
    return made, receipt


def _key(number: int) -> str:
    return f"what_if/{number}"


def _changes(of: CallVersion, wanted: Wanted) -> dict[str, str]:
    """What really differs from the version, place by place. Raises WrongWhatIf."""
    known = {one.path: one.value.strip() for one in places(of.source)}
    written = {path: value.replace("\r\n", "\n").strip() for path, value in wanted.values.items() if path in known}
    changes = {path: value for path, value in written.items() if value != known[path]}
    if any(len(one) > LONGEST for one in changes.values()):
        raise WrongWhatIf(
            Text(
                f"一项最多 {LONGEST:,} 字，没有重算。", f"A value has at most {LONGEST:,} characters. Nothing was done."
            )
        )
    return changes | {f"{_RULE}{name}": DROP for name in wanted.without}


def _call_of(of: CallVersion, changes: Mapping[str, str]) -> Call:
    """A version with changes put in place. Raises WrongValue, WrongChange, WrongWhatIf."""
    values = {place: value for place, value in changes.items() if not place.startswith(_RULE)}
    try:
        call = parse_call(put(of.source, values), of.notice) if values else parse_call(of.source, of.notice)
    except CallRefused as refused:
        first, more = refused.problems[0], len(refused.problems) - 1
        raise WrongWhatIf(
            Text(
                f"这样的通知不成立，没有重算：{first.text.zh}" + (f"（另有 {more} 处）" if more else ""),
                f"There can be no such call, so nothing was done: {first.text.en}"
                + (f" ({more} more)" if more else ""),
            )
        ) from refused
    for place in changes:
        if place.startswith(_RULE):
            call = changed(call, f"{place}={DROP}")
    return replace(call, version=of.version, look=of.look or b"")


# ---- in the background -----------------------------------------------------------------------------------------------

Each = Callable[[Sequence[Any], Callable[[Any], object]], None]
"""Does parts one after another; see `workflow.jobs.running.Progress.each`."""


class _Found:
    """What would come to something else, counted by step; those first that follow from no other."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self._first: list[dict[str, Any]] = []
        self._follow: list[dict[str, Any]] = []

    def add(self, changes: Iterable[Changed]) -> None:
        for one in changes:
            kind = "follows" if one.follows else one.outcome
            self.counts.setdefault(one.recorded.act, Counter())[kind] += 1
            kept = self._follow if one.follows else self._first
            if len(kept) < MOST:
                kept.append(_kept(one))

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        return [*self._first, *self._follow][:MOST]


def _kept(one: Changed) -> dict[str, Any]:
    done = one.recorded
    return {
        "uid": done.uid,
        "of": done.of,
        "case": done.case,
        "act": done.act,
        "at": done.at.isoformat(),
        "by": done.facts["actor"],
        "role": str(done.role),
        "was": done.outcome,
        "would": one.outcome,
        "follows": one.follows,
        "then": [_said(found["rule"], found["zh"], found["en"]) for found in done.findings if found["blocks"]],
        "now": [_said(found.rule, found.message.zh, found.message.en) for found in one.findings if found.blocks],
    }


def _said(rule: str, zh: str, en: str) -> dict[str, str]:
    return {"rule": rule, "zh": zh, "en": en}


def work_out(database: Database, number: int, each: Each, *, at: datetime) -> str:
    """Perform the steps again, some thousand at a time, and keep what came of it. Done once, however often it is tried."""
    with database.reading() as session:
        row = stored.one(session, number)
        if row is None or row.made_at is not None:
            return "nothing to be done"
        before, after = stored_calls.call_of(session, row.before_id), _call_of(row.after, row.changes)
        many, last = stored_steps.extent(session, before.number, ACTIONS)
    replaying, found, reached = Replaying(before, after), _Found(), 0

    def part(_: int) -> None:
        nonlocal reached
        with database.reading() as session:
            some = stored_steps.some(session, before.number, ACTIONS, reached, last, AT_ONCE)
        for uid, stream, body in some:
            found.add(replaying.compared(read_back(stream, body, uid)))
            reached = uid

    each(range(math.ceil(many / AT_ONCE)), part)
    found.add(replaying.rest())
    with database.transaction() as session:
        stored.finish(
            session,
            number,
            made_at=at,
            steps=many,
            counts={name: dict(one) for name, one in found.counts.items()},
            outcomes=found.outcomes,
        )
    return f"{many} steps, {sum(sum(one.values()) for one in found.counts.values())} differ"


def forget(database: Database, *, at: datetime) -> int:
    """Drop what was asked longer ago than `KEPT`; that it was asked stays on the trail. How many."""
    with database.transaction() as session:
        return stored.forget(session, at - KEPT)


# ---- looking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """A finding in words, and the rule that found it."""

    rule: str
    message: Text


@dataclass(frozen=True)
class Outcome:
    """A step that would come to something else. `uid`: of its entry in the trail; `then`, `now`: what stood in the way."""

    uid: int
    at: datetime
    step: Text
    who: str
    role: Role
    was: bool
    would: bool
    follows: bool
    case: Case | None
    batch: Batch | None
    then: Sequence[Said]
    now: Sequence[Said]


@dataclass(frozen=True)
class Bar:
    """One kind of step in the chart: how many would be done, be refused, or follow from others."""

    step: Text
    done: int
    refused: int
    follows: int

    @property
    def most(self) -> int:
        """All of them."""
        return self.done + self.refused + self.follows


def _called(act: str, call: Call) -> Text:
    """What a kind of step is called under a call; a batch's is told apart from a case's of the same name."""
    label = actions.label(act, call)
    return Text(f"{label.zh}（整批）", f"{label.en} (batch)") if act.startswith("batch.") else label


@dataclass(frozen=True)
class Shown:
    """A run. `job` None: it ended long ago, or that work is not known any more. `call`: under which the steps were taken."""

    row: WhatIf
    job: Job | None
    call: Call

    @property
    def made(self) -> bool:
        return self.row.made_at is not None

    @property
    def state(self) -> JobState | None:
        return JobState.of(self.job.state) if self.job else None

    @property
    def going(self) -> bool:
        return not self.made and self.job is not None and self.job.state in UNFINISHED

    @property
    def bars(self) -> list[Bar]:
        """By kind of step, those with most differences first."""
        found = [
            Bar(_called(act, self.call), one.get("done", 0), one.get("refused", 0), one.get("follows", 0))
            for act, one in self.row.counts.items()
        ]
        return sorted(found, key=lambda one: (-one.done - one.refused, -one.follows))

    @property
    def first(self) -> int:
        """How many differ of themselves."""
        return sum(one.done + one.refused for one in self.bars)

    @property
    def follow(self) -> int:
        return sum(one.follows for one in self.bars)


def every(session: Session, *, actor: Actor) -> list[Shown]:
    """The newest runs. Raises NoSuchWhatIf."""
    check(actor)
    found = stored.newest(session, SHOWN)
    jobs = stored.jobs(session, [_key(one.id) for one in found])
    return [Shown(one, jobs.get(_key(one.id)), stored_calls.call_of(session, one.before_id)) for one in found]


def find(session: Session, number: int, *, actor: Actor) -> Shown:
    """One run. Raises NoSuchWhatIf."""
    check(actor)
    row = stored.one(session, number)
    if row is None:
        raise _NONE
    job = stored.jobs(session, [_key(row.id)]).get(_key(row.id))
    return Shown(row, job, stored_calls.call_of(session, row.before_id))


def changes(session: Session, row: WhatIf) -> list[Change]:
    """In words, what differs between the call in force then and the one that was asked about."""
    return differences(stored_calls.call_of(session, row.before_id), _call_of(row.after, row.changes))


@dataclass(frozen=True)
class Page:
    """Steps within reach, some of them. `many`: how many in all; `beyond`: how many others are not for this person, or
    too many to be kept."""

    outcomes: Sequence[Outcome]
    many: int
    beyond: int
    number: int
    pages: int


def outcomes(session: Session, shown: Shown, number: int, *, actor: Actor, most: int = SHOWN) -> Page:
    """One page of the steps that would come to something else, numbered from 1."""
    kept = shown.row.outcomes
    reached = stored.within_reach(session, actor, {one["uid"] for one in kept})
    within = [one for one in kept if one["uid"] in reached]
    pages = max(1, math.ceil(len(within) / most))
    number = min(max(1, number), pages)
    some = within[(number - 1) * most : number * most]
    beyond = shown.first + shown.follow - len(within)
    return Page(_named(session, shown.call, some), len(within), beyond, number, pages)


def _named(session: Session, call: Call, some: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    of_batches = {int(one["of"].partition("/")[2]) for one in some if one["of"].startswith("batch/")}
    ids = {one["case"] for one in some if one["case"]}
    cases, batches, people = stored.named(session, ids, of_batches, {one["by"] for one in some})
    return [
        Outcome(
            one["uid"],
            datetime.fromisoformat(one["at"]),
            actions.label(one["act"], call),
            people.get(one["by"], ""),
            Role.of(one["role"]),
            one["was"] == DONE,
            one["would"] == DONE,
            one["follows"],
            cases.get(one["case"] or 0),
            batches.get(int(one["of"].partition("/")[2])) if one["of"].startswith("batch/") else None,
            _read(one["then"]),
            _read(one["now"]),
        )
        for one in some
    ]


def _read(kept: Sequence[Mapping[str, str]]) -> list[Said]:
    return [Said(one["rule"], Text(one["zh"], one["en"])) for one in kept]


_HEADS = (
    *("时间（北京）", "案例或批次", "案例名称", "步骤", "办理人", "职责"),
    *("原来", "假如", "随其他步骤改变", "原来的问题", "假如的问题"),
)
_CAME_TO = {True: "办成", False: "未办成"}


def sheet(session: Session, number: int, *, actor: Actor, at: datetime) -> bytes:
    """The steps within reach as a sheet (.xlsx); that it was taken away goes on record. Raises NoSuchWhatIf."""
    shown = find(session, number, actor=actor)
    if not shown.made:
        raise _NONE
    page = outcomes(session, shown, 1, actor=actor, most=MOST)
    told = changes(session, shown.row)
    notes = [
        ("征集通知", f"{shown.row.before.number} 第 {shown.row.before.version} 版"),
        ("假如", "；".join(one.text.zh for one in told) or "没有改动"),
        ("重算的步骤", str(shown.row.steps)),
        ("结果不同", f"{shown.first} 步，另有 {shown.follow} 步随之改变"),
        ("未列出", f"{page.beyond} 步（不在导出人的职责范围内，或超过 {MOST} 步）"),
        ("导出人", actor.name),
        ("导出时间（北京）", f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}"),
    ]
    privacy.exported(session, "what_if", page.many, actor=actor, at=at, filters={"what_if": number})
    return writing.text_table("假如重算", _HEADS, [_row(one) for one in page.outcomes], notes)


def _row(one: Outcome) -> list[str]:
    thing = one.case or one.batch
    return [
        f"{one.at.astimezone(BEIJING):%Y-%m-%d %H:%M}",
        thing.number if thing else "",
        one.case.title if one.case else "",
        one.step.zh,
        one.who,
        one.role.label.zh,
        _CAME_TO[one.was],
        _CAME_TO[one.would],
        "是" if one.follows else "",
        "\n".join(said.message.zh for said in one.then),
        "\n".join(said.message.zh for said in one.now),
    ]
