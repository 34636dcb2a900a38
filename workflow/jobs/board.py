"""What people see of background work, and what they make of it: retry, dismiss, call off. No title of a case is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from rules.roles import Role
from rules.words import Text
from states.reach import Actor
from workflow import mailing
from workflow.engine import CannotServe, NoSuchThing, NotPermitted, Receipt, WrongInput
from workflow.jobs.kinds import KINDS, MAILS, UNFINISHED, JobState, Kind
from workflow.jobs.queue import hand_over
from workflow.store import jobs as stored
from workflow.store import trail
from workflow.store import workers as stored_workers
from workflow.store.models import Job

LATE = timedelta(minutes=5)
"""Work that has been in the queue for longer is late."""
LONG = timedelta(hours=1)
"""Work that has been at it for longer is late."""
LATELY = timedelta(days=1)
"""What ended since then is shown."""
MOST = 10_000
"""No more than so many are counted; beyond, the screen says “over”."""
SHOWN = 50
"""Lines of a list."""
_AT_ONCE = 500
"""As many are retried by one click."""


class NoSuchJob(NoSuchThing):
    """Not there, or of a kind that others look after, which is the same (404)."""


class Settled(CannotServe):
    """It stands where this cannot be done any more (409)."""


class WhyMissing(WrongInput):
    """A reason is asked for (422)."""


@dataclass(frozen=True)
class Line:
    """One piece of work as the screen shows it.

    `about`: what it is about, by number or name; `page`: (kind, id) of what the reader may open. `elsewhere`: the reader
    retries it there. `may`: what the reader may do with it here.
    """

    id: int
    label: Text
    state: JobState
    about: Text | None
    page: tuple[str, int] | None
    queued_at: datetime
    next_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    tries: int
    most_tries: int
    part: int
    parts: int
    worker: str
    trouble: Text | None
    detail: str
    remark: str
    cancelling: bool
    elsewhere: bool
    late: bool
    may: frozenset[str]


@dataclass(frozen=True)
class Pile:
    """How much work of a kind is in the queue."""

    label: Text
    many: int


@dataclass(frozen=True)
class Worker:
    """One who runs jobs. `lives`: heard of lately; `stopped`: it said that it stops."""

    name: str
    lives: bool
    stopped: bool
    beat_at: datetime
    started_at: datetime
    running: int


@dataclass(frozen=True)
class Board:
    """Everything that somebody sees of background work. `late`: what keeps people waiting, in words."""

    given_up: Sequence[Line]
    running: Sequence[Line]
    waiting: Sequence[Line]
    queued: Sequence[Pile]
    ended: Sequence[Line]
    counts: Mapping[JobState, int]
    kinds: Sequence[tuple[Kind, int]]
    """Kinds of which something was given up that the reader may retry all at once, and how much."""
    late: Sequence[Text]
    workers: Sequence[Worker]


def seen(actor: Actor) -> Mapping[str, Kind]:
    """The kinds of work that somebody sees."""
    return {name: kind for name, kind in KINDS.items() if actor.roles & kind.seen_by}


def settles(name: str, actor: Actor) -> bool:
    """Whether somebody may retry or call off work of a kind."""
    return _settles(KINDS[name], actor)


def check_sees(actor: Actor) -> None:
    """Raise NoSuchJob for those who see none."""
    if not seen(actor):
        raise NoSuchJob(_NONE)


_NONE = Text(
    "没有这项后台任务，或者它不在您的职责范围内。", "There is no such background job among those that you look after."
)


def given_up(session: Session, actor: Actor) -> int:
    """How much was given up that somebody may settle; no more than `SHOWN` are counted."""
    mine = [name for name, kind in KINDS.items() if actor.roles & kind.settled_by]
    return len(stored.some(session, mine, JobState.GAVE_UP, SHOWN)) if mine else 0


@dataclass(frozen=True)
class Delayed:
    """Work about a thing that has failed so far. `next_at`: when it is tried again; None: it was given up."""

    why: Text
    next_at: datetime | None


def delayed(session: Session, thing: str, name: str) -> Delayed | None:
    """What keeps work of a kind about a thing, for the page of that thing; None when nothing does."""
    row = stored.about(session, thing, name)
    if row is None or not row.trouble:
        return None
    given_up = row.state == JobState.GAVE_UP
    return Delayed(Text(row.trouble["zh"], row.trouble["en"]), None if given_up else row.next_at or row.queued_at)


@dataclass(frozen=True)
class Going:
    """Work about a thing that is still to be done. `parts` 0: it has none, or has not begun."""

    label: Text
    part: int
    parts: int


def going(session: Session, thing: str, *names: str) -> Going | None:
    """What of these kinds is queued, being done or tried again about a thing; None when nothing is."""
    for name in names:
        row = stored.about(session, thing, name)
        if row is not None and row.state in UNFINISHED:
            return Going(KINDS[name].label, row.part, row.parts)
    return None


def board(session: Session, actor: Actor) -> Board:
    """What there is to see for somebody, in a fixed number of queries. Raises NoSuchJob for those who see nothing."""
    check_sees(actor)
    kinds, at = seen(actor), stored_workers.now(session)
    names = list(kinds)
    counted = stored.counts(session, names, MOST + 1)
    open_ = (JobState.GAVE_UP, JobState.RUNNING, JobState.WAITING)
    parts = [stored.some(session, names, one, SHOWN) for one in open_]
    ended = stored.ended(session, [name for name, one in kinds.items() if not one.quiet], at - LATELY, 20)
    things = stored.numbers(session, {one.about for rows in (*parts, ended) for one in rows if one.about})
    given, running, waiting, over = ([_line(one, actor, at, things) for one in rows] for rows in (*parts, ended))
    workers = _workers(session, at)
    return Board(
        given_up=given,
        running=running,
        waiting=sorted(waiting, key=lambda one: (one.next_at or at, one.id)),
        queued=[Pile(kinds[name].label, many) for (name, state), many in counted.items() if state == JobState.QUEUED],
        ended=over,
        counts={one: sum(many for (_, state), many in counted.items() if state == one) for one in JobState},
        kinds=[
            (kinds[name], many)
            for (name, state), many in counted.items()
            if state == JobState.GAVE_UP and many > 1 and _settles(kinds[name], actor) and not kinds[name].elsewhere
        ],
        late=[*_late(session, kinds, at, workers)],
        workers=workers,
    )


def _settles(kind: Kind, actor: Actor) -> bool:
    return bool(actor.roles & kind.settled_by)


def _line(row: Job, actor: Actor, at: datetime, things: Mapping[str, str]) -> Line:
    kind, state = KINDS[row.name], JobState.of(row.state)
    busy_since = {JobState.QUEUED: (row.queued_at, LATE), JobState.RUNNING: (row.started_at or at, LONG)}.get(state)
    return Line(
        id=row.id,
        label=kind.label,
        state=state,
        about=_about(row.about, actor, things),
        page=_page(row.about, actor),
        queued_at=row.queued_at,
        next_at=row.next_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        tries=row.tries,
        most_tries=kind.waits.tries,
        part=row.part,
        parts=row.parts,
        worker=row.worker,
        trouble=Text(row.trouble["zh"], row.trouble["en"]) if row.trouble else None,
        detail=row.detail if actor.roles & _READS_DETAILS else "",
        remark=row.remark,
        cancelling=row.cancel_asked,
        elsewhere=kind.elsewhere and _settles(kind, actor),
        late=busy_since is not None and at - busy_since[0] > busy_since[1],
        may=_may(kind, state, actor) if not row.cancel_asked else frozenset(),
    )


_READS_DETAILS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR, Role.LIAISON, Role.EDITOR})
_NUMBERS = frozenset({Role.DESK, Role.DIRECTOR, Role.LIAISON, Role.AUDITOR})
_THINGS = {
    "push": Text("推送", "Push"),
    "batch": Text("批次", "Batch"),
    "person": Text("账号", "Account"),
    "arrival": Text("来件", "Arrival"),
    "collection": Text("案例集", "Collection"),
    "what_if": Text("假如重算", "What if"),
}


def _about(about: str, actor: Actor, things: Mapping[str, str]) -> Text | None:
    """What it is about: by its number to those who reach cases, to an administrator as push 7; a person by name."""
    kind, _, number = about.partition("/")
    if kind not in _THINGS:
        return None
    named = kind in ("person", "collection") or actor.roles & _NUMBERS
    shown = things.get(about, number) if named else number
    return Text(f"{_THINGS[kind].zh} {shown}", f"{_THINGS[kind].en} {shown}")


def _page(about: str, actor: Actor) -> tuple[str, int] | None:
    kind, _, number = about.partition("/")
    own = {
        "person": frozenset({Role.ADMINISTRATOR}),
        "collection": frozenset({Role.EDITOR}),
        "what_if": frozenset({Role.DESK, Role.DIRECTOR, Role.AUDITOR}),
    }
    reads = {"push": _NUMBERS, "batch": _NUMBERS, **own}.get(kind)
    return (kind, int(number)) if reads and actor.roles & reads else None


def _may(kind: Kind, state: JobState, actor: Actor) -> frozenset[str]:
    if not _settles(kind, actor):
        return frozenset()
    steps = {
        "retry": state in _RETRIED_FROM and not kind.elsewhere,
        "dismiss": state is JobState.GAVE_UP,
        "cancel": kind.cancellable and state in _CANCELLED_FROM,
    }
    return frozenset(name for name, possible in steps.items() if possible)


_RETRIED_FROM = (JobState.GAVE_UP, JobState.WAITING, JobState.DISMISSED, JobState.CANCELLED)
_CANCELLED_FROM = (JobState.QUEUED, JobState.WAITING, JobState.RUNNING)


def _workers(session: Session, at: datetime) -> list[Worker]:
    running = stored.running_at(session)
    return [
        Worker(
            one.name,
            stored_workers.lives(one, at),
            one.stopped_at is not None,
            one.beat_at,
            one.started_at,
            running.get(one.name, 0),
        )
        for one in stored_workers.every(session)
    ]


def _late(session: Session, kinds: Mapping[str, Kind], at: datetime, workers: Sequence[Worker]) -> list[Text]:
    """What keeps people waiting."""
    said = []
    if not any(one.lives for one in workers):
        said.append(
            Text(
                "没有后台进程在运行，排队的任务都不会办理。请管理员启动后台进程。",
                "No worker is running, so nothing that is queued gets done; the administrator should start one.",
            )
        )
    oldest = stored.oldest(session, list(kinds), JobState.QUEUED)
    if oldest is not None and at - oldest > LATE:
        waited = _span(at - oldest)
        said.append(
            Text("排队最久的已等了{waited}。", "The oldest in the queue has waited for {waited}.").fill(waited=waited)
        )
    away = stored.failing(session, mailing.OF_THE_SERVER) if any(one.queue == MAILS for one in kinds.values()) else None
    if away is not None:
        since = _span(at - away)
        said.append(
            Text(
                "邮件寄不出去已有{since}，邮件都在等候重试。请管理员检查邮件服务器。",
                "Mails have not left for {since} and wait for their next try; the administrator should look at the mail"
                " server.",
            ).fill(since=since)
        )
    return said


def _span(waited: timedelta) -> Text:
    """A stretch of time as people say it."""
    minutes = max(1, int(waited.total_seconds() // 60))
    for size, zh, en in ((1440, "天", "day"), (60, "小时", "hour"), (1, "分钟", "minute")):
        if minutes >= size:
            many = minutes // size
            return Text(f" {many} {zh}", f"{many} {en}{'' if many == 1 else 's'}")
    raise AssertionError("less than a minute counts as one")


# ---- what people make of it ------------------------------------------------------------------------------------------


def retry(session: Session, job_id: int, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Have work tried again now, that was given up, dismissed or called off, or waits for its next try.

    Raises NoSuchJob, NotPermitted, Settled.
    """
    kind, row = _find(session, job_id, actor)
    again = _noted(session, op, "job.retry")
    if again is not None:
        return again
    if kind.elsewhere:
        raise Settled(
            Text("请在推送页面办理。", "Settle it on the page of the push."),
        )
    _check_state(row, _RETRIED_FROM)
    _queue_again(session, kind, row)
    return _note(session, "job.retry", kind, actor, at, op, {"key": row.key, "about": row.about})


def retry_all(session: Session, name: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Have everything of a kind tried again now that was given up, 500 at once. Raises NoSuchJob, NotPermitted, Settled."""
    kind = seen(actor).get(name)
    if kind is None:
        raise NoSuchJob(_NONE)
    _check_settles(kind, actor)
    again = _noted(session, op, "job.retry")
    if again is not None:
        return again
    rows = [] if kind.elsewhere else stored.some(session, [name], JobState.GAVE_UP, _AT_ONCE, lock=True)
    if not rows:
        raise Settled(_OVER)
    for row in rows:
        _queue_again(session, kind, row)
    keys = {"keys": [one.key for one in rows], "many": len(rows)}
    return _note(session, "job.retry", kind, actor, at, op, keys)


def dismiss(session: Session, job_id: int, reason: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Leave what was given up undone, for a reason. Raises NoSuchJob, NotPermitted, Settled, WhyMissing."""
    kind, row = _find(session, job_id, actor)
    again = _noted(session, op, "job.dismiss")
    if again is not None:
        return again
    _check_state(row, (JobState.GAVE_UP,))
    why = _given(reason)
    stored.change(session, row.id, state=str(JobState.DISMISSED), remark=why, ended_at=datetime.now(UTC))
    return _note(session, "job.dismiss", kind, actor, at, op, {"key": row.key, "about": row.about, "reason": why})


def cancel(session: Session, job_id: int, reason: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Call off work that is not done; what is running ends before its next part.

    Raises NoSuchJob, NotPermitted, Settled, WhyMissing.
    """
    kind, row = _find(session, job_id, actor)
    again = _noted(session, op, "job.cancel")
    if again is not None:
        return again
    if not kind.cancellable:
        raise Settled(Text("这类任务不能取消。", "Work of this kind cannot be called off."))
    _check_state(row, _CANCELLED_FROM)
    why = _given(reason)
    ends = {"state": str(JobState.CANCELLED), "ended_at": datetime.now(UTC), "next_at": None, "failing_since": None}
    stored.change(session, row.id, remark=why, cancel_asked=True, **({} if row.state == JobState.RUNNING else ends))
    return _note(session, "job.cancel", kind, actor, at, op, {"key": row.key, "about": row.about, "reason": why})


def _find(session: Session, job_id: int, actor: Actor) -> tuple[Kind, Job]:
    row = stored.one(session, job_id, lock=True)
    kind = seen(actor).get(row.name) if row else None
    if row is None or kind is None:
        raise NoSuchJob(_NONE)
    _check_settles(kind, actor)
    return kind, row


def _check_settles(kind: Kind, actor: Actor) -> None:
    if _settles(kind, actor):
        return
    who = sorted(kind.settled_by)
    raise NotPermitted(
        Text(
            f"这项后台任务由{'、'.join(one.label.zh for one in who)}处理，您没有这个职责。",
            f"This background job is for the {' or the '.join(one.label.en.lower() for one in who)}; you are none.",
        )
    )


_OVER = Text(
    "这项任务的情况已有变化，不能再这样办理。请刷新页面查看。",
    "This job has moved on, and this cannot be done any more; reload the page.",
)


def _check_state(row: Job, states: Sequence[JobState]) -> None:
    if row.state not in states:
        raise Settled(_OVER)


def _given(reason: str) -> str:
    if not reason.strip():
        raise WhyMissing(Text("请写明理由。", "Give the reason."))
    return reason.strip()[:2000]


def _queue_again(session: Session, kind: Kind, row: Job) -> None:
    number = row.number + 1
    fresh = {"tries": 0, "interrupted": 0, "cancel_asked": False, "remark": "", "next_at": None, "ended_at": None}
    fresh["failing_since"] = None
    queued = {"state": str(JobState.QUEUED), "number": number, "queued_at": datetime.now(UTC), "worker": ""}
    stored.change(session, row.id, **fresh, **queued)
    hand_over(session, kind, row.key, row.arguments, number=number)


def _noted(session: Session, op: str, action: str) -> Receipt | None:
    """The receipt of what this form already came to."""
    known = f"{op}:{action}"
    event = trail.by_op(session, [known]).get(known) if op else None
    return Receipt(event.stream, event.seq, event.hash) if event else None


def _note(
    session: Session, action: str, kind: Kind, actor: Actor, at: datetime, op: str, data: Mapping[str, object]
) -> Receipt:
    [receipt] = trail.append(
        session,
        [
            trail.Entry(
                trail.daily(session, "jobs", at),
                action,
                "done",
                at,
                actor,
                {"job": kind.name, **data},
                op=f"{op}:{action}" if op else None,
            )
        ],
    )
    return receipt
