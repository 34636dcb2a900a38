"""`python -m tests.bench shares`: what the time of a step goes to, alone and in bulk, by samples of where the program is.

Each sample of processor time belongs to the first of these that its stack shows from the inside: the database itself, the
library in front of it, and which part of ours.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.bench import acting, bulk
from workflow.store import schema
from workflow.store.database import Database

EVERY = 0.001
"""Seconds of processor time between two samples."""
TURNS = 30

_DATABASE = {"do_execute", "do_executemany", "do_commit", "_fetchall_impl", "_fetchiter_impl"}
"""SQLAlchemy's functions that do nothing but call the driver."""
_PLACES = (
    ("/sqlalchemy/", "SQLAlchemy"),
    ("/transitions/", "transitions"),
    ("/workflow/store/facts", "facts: rows to what rules look at"),
    ("/workflow/store/prior", "prior submissions: candidates and titles"),
    ("/workflow/similar", "prior submissions: candidates and titles"),
    ("/workflow/content", "facts: rows to what rules look at"),
    ("/rules/", "rules"),
    ("/states/", "rules"),
    ("/workflow/engine", "rules"),
    ("/workflow/store/log", "trail: events, hashes, tree"),
    ("/workflow/audit/", "trail: events, hashes, tree"),
    ("/workflow/store/trail", "trail: events, hashes, tree"),
    ("/workflow/personal", "trail: events, hashes, tree"),
    ("/workflow/store/living", "trail: events, hashes, tree"),
    ("/workflow/", "the rest of ours"),
)


class Samples:
    """Counts, by part, of where the program was."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    def of(self, work: Callable[[], Any]) -> tuple[float, float]:
        """(Processor seconds, seconds) that the work took."""
        before = signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        began, spent = time.perf_counter(), time.process_time()
        try:
            work()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)
        return time.process_time() - spent, time.perf_counter() - began

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        self.counted[_part(frame)] += 1


def _part(frame: FrameType | None) -> str:
    while frame is not None:
        if frame.f_code.co_name in _DATABASE:
            return "the database itself"
        for place, part in _PLACES:
            if place in frame.f_code.co_filename:
                return part
        frame = frame.f_back
    return "the rest"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        _alone(Path(name))
    with tempfile.TemporaryDirectory() as name:
        _in_bulk(Path(name))


def _opened(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder}/shares.db")
    schema.upgrade(database)
    return database


def _alone(folder: Path) -> None:
    database = _opened(folder)
    world, drafts = acting.prepared(database, folder)
    work = acting.stamp_and_unstamp(database, world.people["sealer"], world.at, drafts)
    work()
    samples = Samples()
    took = samples.of(lambda: [work() for _ in range(TURNS)])
    _told("one step alone", samples, took, TURNS * 2 * acting.CASES)
    database.close()


def _in_bulk(folder: Path) -> None:
    database = _opened(folder)
    world, ids = bulk.prepared(database, folder)

    def work() -> None:
        for trigger in ("review", "reopen"):
            bulk.together(database, world, ids, trigger)

    work()
    samples = Samples()
    turns = 4
    took = samples.of(lambda: [work() for _ in range(turns)])
    _told(f"one of {bulk.CASES} in bulk", samples, took, turns * 2 * bulk.CASES)
    database.close()


def _told(what: str, samples: Samples, took: tuple[float, float], steps: int) -> None:
    spent, waited = took
    print(f"{what}: {spent / steps * 1e6:.0f} µs of processor time, {waited / steps * 1e6:.0f} µs in all")
    every = sum(samples.counted.values())
    for part, count in samples.counted.most_common():
        print(f"  {count / every:6.1%}  {spent / steps * 1e6 * count / every:5.0f} µs  {part}")
