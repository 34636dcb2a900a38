"""One try at a piece of work: begun, done, to be tried again later, or given up; each in one transaction.

A try may come twice (its worker died, or seemed to): the row of the work says which one counts.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from rules.words import Text
from states.reach import SYSTEM
from workflow.failpoints import reached
from workflow.failure import Failure
from workflow.jobs.kinds import UNFINISHED, JobState, Kind
from workflow.jobs.queue import hand_over, which
from workflow.jobs.reasons import DATABASE_AWAY, INTERRUPTED, reason
from workflow.operation import logs, metrics
from workflow.personal import masked_text
from workflow.store import jobs as stored
from workflow.store import trail
from workflow.store.database import Database
from workflow.store.models import Job
from workflow.store.trouble import Trouble, trouble

_log = logging.getLogger("zhengji.jobs")
Part = TypeVar("Part")
Made = TypeVar("Made")

_PASSES = (Trouble.AWAY, Trouble.CLASH, Trouble.BUSY, Trouble.SLOW)
BROKEN_OFF = 8
"""So often a try may be broken off by the end of its worker before it is given up: it may be what ends them."""


def rest(broken: int) -> int:
    """Seconds that work rests after it was broken off so often: none at first, then twice as long each time."""
    return 0 if broken < 2 else 2**broken


class Cancelled(Exception):
    """Somebody called the work off while it ran."""


class Overtaken(Exception):
    """Another worker is at this work now, or it is settled."""


class Stopping(Exception):
    """The worker is told to stop, between two parts of the work."""


class Progress:
    """The try that is being made: how far it is, and whether it is to go on."""

    def __init__(self, database: Database, key: str, number: int, worker: str, ended: threading.Event) -> None:
        self._database, self._ended = database, ended
        self._which = (key, number, worker)

    def each(self, parts: Sequence[Part], do: Callable[[Part], object]) -> None:
        """Do the parts one after another, and let the screen say how far it is.

        A part that fails keeps no other one waiting; `do` takes a part that was done before as done. Raises what the
        first failed one did, once all were tried or one met what all would meet; it lasts if it does so for each.
        """
        failures: list[Failure] = []
        for done, part in enumerate(parts):
            self.tell(done, len(parts))
            try:
                do(part)
            except Exception as problem:
                failures.append(reason(problem))
                if failures[-1].general:
                    raise failures[-1] from problem
            reached("job.part")
        self.tell(len(parts), len(parts))
        if failures:
            first = next((one for one in failures if not one.lasting), failures[0])
            raise _of_parts(first, len(failures), len(parts))

    def tell(self, done: int, parts: int) -> None:
        """Let the screen say how far it is. Raises Stopping, Cancelled, Overtaken where it is to end."""
        if self._ended.is_set() and done < parts:
            raise Stopping
        with self._database.transaction() as session:
            cancelled = stored.of_running(session, *self._which, part=done, parts=parts)
        if cancelled is None:
            raise Overtaken
        if cancelled:
            raise Cancelled


def _of_parts(first: Failure, failed: int, parts: int) -> Failure:
    why = Text(
        f"{parts} 项中有 {failed} 项没有办成：{first.why.zh}", f"{failed} of {parts} were not done: {first.why.en}"
    )
    return Failure(first.code, why, first.said, lasting=first.lasting)


class Runner:
    """Makes tries under the name of one worker."""

    def __init__(self, database: Database, worker: str) -> None:
        self.database, self.worker = database, worker
        self.ended = threading.Event()
        self._making: set[str] = set()

    @property
    def making(self) -> frozenset[str]:
        """What DBOS calls the tries that are being made."""
        return frozenset(tuple(self._making))

    def run(self, kind: Kind, workflow: str, arguments: Sequence[Any], work: Callable[[Progress], str]) -> str:
        """Make the try that DBOS calls so; gives what came of it, for the log."""
        key, number = which(workflow)
        self._making.add(workflow)
        logs.job.set(key)
        began, outcome = time.perf_counter(), "interrupted"
        try:
            outcome, said = self._try(kind, key, number, arguments, work)
            return said
        finally:
            metrics.tried(kind.name, outcome, time.perf_counter() - began)
            self._making.discard(workflow)
            logs.job.set("")  # what this thread does next belongs to neither
            logs.request_id.set("")

    def _try(
        self, kind: Kind, key: str, number: int, arguments: Sequence[Any], work: Callable[[Progress], str]
    ) -> tuple[str, str]:
        """What came of a try, in a word and in the log's words."""
        if not self.persistently(lambda session: self._begin(session, kind, key, number, arguments)):
            return "overtaken", "not to be done any more"
        reached("job.begun")
        try:
            said = work(Progress(self.database, key, number, self.worker, self.ended))
        except (Overtaken, Cancelled, Stopping) as early:
            how = type(early)
            return "early", self.persistently(lambda session: self._end_early(session, kind, key, number, how))
        except Exception as problem:
            return "failed", self._not_done(kind, key, number, problem)
        reached("job.worked")
        self.persistently(lambda session: self._done(session, key, number, said))
        reached("job.done")
        return "done", said

    def persistently(self, write: Callable[[Session], Made]) -> Made:
        """Write in a transaction, however long the database is away: what became of the work must not be forgotten.

        Raises what the database says when that does not pass, or when the worker stops meanwhile.
        """
        wait = 0.2
        while True:
            try:
                with self.database.transaction() as session:
                    return write(session)
            except Exception as problem:
                if trouble(problem) not in _PASSES or self.ended.wait(wait):
                    raise
                wait = min(wait * 2, 15.0)

    def _begin(self, session: Session, kind: Kind, key: str, number: int, arguments: Sequence[Any]) -> bool:
        """Whether this try counts and is begun now."""
        at = datetime.now(UTC)
        row = stored.held(session, key)
        if row is None:  # queued by a version that kept no rows
            about = f"{kind.about}/{arguments[0]}" if kind.about else ""
            stored.add(session, key=key, name=kind.name, arguments=list(arguments), about=about, queued_at=at)
            row = stored.held(session, key)
        if row is None or row.number != number or row.state not in UNFINISHED:
            return False
        logs.request_id.set(row.request)
        if row.cancel_asked:
            _called_off(session, row)
            return False
        broken = row.interrupted + (row.state == JobState.RUNNING)
        if row.state == JobState.RUNNING and (broken > BROKEN_OFF or rest(broken)):
            self._broken_off(session, kind, row, at)
            return False
        running = {"state": str(JobState.RUNNING), "worker": self.worker, "started_at": at, "next_at": None}
        stored.change(session, row.id, **running, interrupted=broken)
        return True

    def _broken_off(self, session: Session, kind: Kind, row: Job, at: datetime, failure: Failure = INTERRUPTED) -> None:
        """Let work that was broken off once more rest before its next try; or give it up."""
        broken, number = row.interrupted + 1, row.number + 1
        if broken > BROKEN_OFF:
            self._give_up(session, row, failure, at)
            return
        wait = rest(broken)
        stored.change(
            session,
            row.id,
            state=str(JobState.WAITING if wait else JobState.QUEUED),
            worker="",
            started_at=None,
            next_at=at + timedelta(seconds=wait) if wait else None,
            failing_since=row.failing_since or at,
            code=failure.code,
            trouble={"zh": failure.why.zh, "en": failure.why.en},
            detail=failure.said,
            interrupted=broken,
            number=number,
        )
        hand_over(session, kind, row.key, row.arguments, number=number, wait=wait)

    def again(self, workflows: Sequence[str], kinds: Mapping[str, Kind]) -> int:
        """Queue anew work whose try DBOS counts as failed though it did not come to its end here; how much.

        That is so where the database went away while DBOS itself wrote.
        """
        made = 0
        for key, number in map(which, workflows):
            with self.database.transaction() as session:
                row = stored.held(session, key)
                if row is not None and row.number == number and row.state in UNFINISHED and row.name in kinds:
                    self._broken_off(session, kinds[row.name], row, datetime.now(UTC))
                    made += 1
        return made

    def _done(self, session: Session, key: str, number: int, said: str) -> None:
        done = {
            "state": str(JobState.DONE),
            "ended_at": datetime.now(UTC),
            "failing_since": None,
            "code": "",
            "trouble": {},
        }
        stored.of_running(session, key, number, self.worker, **done, detail=masked_text(said)[:2000])

    def _not_done(self, kind: Kind, key: str, number: int, problem: Exception) -> str:
        failure = reason(problem)
        if failure.code == "mistake":
            _log.error("%s %s failed", kind.name, key, exc_info=problem)
        else:
            _log.warning("%s %s failed: %s", kind.name, key, failure.said or failure.why.en)
        self.persistently(lambda session: self._try_later(session, kind, key, number, failure))
        reached("job.failed")
        return str(failure)

    def _try_later(self, session: Session, kind: Kind, key: str, number: int, failure: Failure) -> None:
        """Queue the next try after its wait, or give up where there is none."""
        at = datetime.now(UTC)
        row = self._ours(session, key, number)
        if row is None:
            return
        if failure.code == DATABASE_AWAY:  # no try of the work, which fails at the world outside
            self._broken_off(session, kind, row, at, failure)
            return
        wait = None if failure.lasting else kind.waits.after(row.tries + 1)
        if wait is None:
            self._give_up(session, row, failure, at)
            return
        stored.change(
            session,
            row.id,
            **_failing(row, failure, at),
            state=str(JobState.WAITING),
            next_at=at + timedelta(seconds=wait),
            number=number + 1,
            interrupted=0,
        )
        hand_over(session, kind, key, row.arguments, number=number + 1, wait=wait)

    def _give_up(self, session: Session, row: Job, failure: Failure, at: datetime) -> None:
        over = {**_failing(row, failure, at), "state": str(JobState.GAVE_UP), "ended_at": at, "failing_since": None}
        stored.change(session, row.id, **over)
        data = {
            "job": row.name,
            "key": row.key,
            "about": row.about,
            "tries": row.tries + 1,
            "zh": failure.why.zh,
            "en": failure.why.en,
        }
        trail.append(session, [trail.Entry(trail.daily(session, "jobs", at), "job.give_up", "done", at, SYSTEM, data)])
        _log.error("%s %s was given up: %s", row.name, row.key, failure.said or failure.why.en)

    def _end_early(self, session: Session, kind: Kind, key: str, number: int, how: type[Exception]) -> str:
        row = self._ours(session, key, number)
        if row is None or how is Overtaken:
            return "another worker is at it"
        if how is Cancelled:
            _called_off(session, row)
            return "cancelled"
        _hand_back(session, kind, row)
        return "handed back"

    def _ours(self, session: Session, key: str, number: int) -> Job | None:
        row = stored.held(session, key)
        ours = row is not None and (row.number, row.state, row.worker) == (number, JobState.RUNNING, self.worker)
        return row if ours else None

    def hand_back(self, kinds: Callable[[str], Kind]) -> int:
        """Queue anew what this worker has begun and will not finish; how much that was."""
        with self.database.transaction() as session:
            left = stored.run_by(session, self.worker)
            for row in left:
                _hand_back(session, kinds(row.name), row)
        return len(left)


def _called_off(session: Session, row: Job) -> None:
    stored.change(session, row.id, state=str(JobState.CANCELLED), ended_at=datetime.now(UTC), failing_since=None)


def _hand_back(session: Session, kind: Kind, row: Job) -> None:
    number = row.number + 1
    stored.change(session, row.id, state=str(JobState.QUEUED), worker="", started_at=None, number=number)
    hand_over(session, kind, row.key, row.arguments, number=number)


def _failing(row: Job, failure: Failure, at: datetime) -> dict[str, Any]:
    return {
        "tries": row.tries + 1,
        "failing_since": row.failing_since or at,
        "code": failure.code,
        "trouble": {"zh": failure.why.zh, "en": failure.why.en},
        "detail": failure.said,
        "started_at": None,
        "worker": "",
    }
