"""A process that does what it is asked and may be killed at any moment: the verbs over pipes, the worker beside them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.orm import Session

from tests.faults.country import SCAN, files, settings
from tests.faults.waiting import PATIENCE
from tests.worlds import World
from workflow import batches, cases, failpoints, papers
from workflow.engine import Attempt, CannotServe, Receipt
from workflow.jobs import heart, kinds, worker
from workflow.store import trail, workers
from workflow.store.database import Database
from workflow.store.papers import Kept
from workflow.wipo import pushes


@dataclass(frozen=True)
class Wish:
    """What somebody asks for: a verb with its arguments, under the key of the form that it is sent with."""

    op: str
    verb: str
    who: str
    about: int
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What they are told. `told`: it is on record, with these receipts (stream, seq, hash); `no`: it cannot be served;
    `failed`: something broke, and they do not know."""

    kind: Literal["told", "no", "failed"]
    receipts: tuple[tuple[str, int, str], ...] = ()
    words: str = ""
    done: bool = False


class Gone(Exception):
    """The process ended before it answered."""


# ---- inside the process ----------------------------------------------------------------------------------------------

Verb = Callable[[World, Session, Wish], list[Attempt | Receipt | None]]


def _create(world: World, session: Session, wish: Wish) -> list[Attempt | Receipt | None]:
    cases.create(
        session,
        call_version=world.call_version,
        centre=world.centres["university"],
        actor=world.people[wish.who],
        at=world.at,
        op=wish.op,
        content=wish.more["content"],
    )
    [event] = trail.by_op(session, [f"{wish.op}:create"]).values()
    return [Receipt(event.stream, event.seq, event.hash)]


def _edit(world: World, session: Session, wish: Wish) -> list[Attempt | Receipt | None]:
    actor = world.people[wish.who]
    return [cases.edit(session, wish.about, wish.more["content"], actor=actor, at=world.at, op=wish.op)]


def _seal(world: World, session: Session, wish: Wish) -> list[Attempt | Receipt | None]:
    scan = Kept("扫描件.pdf", "application/pdf", files(world.folder).put(SCAN), len(SCAN))
    actor = world.people[wish.who]
    return [papers.seal(session, wish.about, scan, "示例大学", actor=actor, at=world.at, op=wish.op)]


def _act(world: World, session: Session, wish: Wish) -> list[Attempt | Receipt | None]:
    trigger = wish.more["trigger"]
    points = frozenset(one.id for one in world.call.confirmations if one.step == trigger)
    return [
        *cases.act(
            session,
            [wish.about],
            trigger,
            actor=world.people[wish.who],
            at=world.at,
            op=wish.op,
            remark="理由",
            confirmed=points,
        )
    ]


def _send(world: World, session: Session, wish: Wish) -> list[Attempt | Receipt | None]:
    return [batches.act(session, wish.about, "send", actor=world.people[wish.who], at=world.at, op=wish.op)]


def _push(world: World, session: Session, wish: Wish) -> list[Attempt | Receipt | None]:
    actor = world.people[wish.who]
    return [pushes.start(session, wish.about, world.destination, actor=actor, at=world.at, op=wish.op)]


def _retry(world: World, session: Session, wish: Wish) -> list[Attempt | Receipt | None]:
    return [pushes.retry(session, wish.about, actor=world.people[wish.who], at=world.at, op=wish.op)]


def _recall(world: World, session: Session, wish: Wish) -> list[Attempt | Receipt | None]:
    return [pushes.ask_recall(session, wish.about, "内容有误", actor=world.people[wish.who], at=world.at, op=wish.op)]


_VERBS: dict[str, Verb] = {
    "create": _create,
    "edit": _edit,
    "seal": _seal,
    "act": _act,
    "send": _send,
    "push": _push,
    "retry": _retry,
    "recall": _recall,
}


def grant(world: World, wish: Wish) -> Answer:
    """What becomes of a wish, in one transaction."""
    try:
        with world.database.transaction() as session:
            made = _VERBS[wish.verb](world, session, wish)
    except CannotServe as problem:
        return Answer("no", words=f"{type(problem).__name__}: {problem}")
    except Exception as problem:  # whatever broke, the person does not know what became of it
        return Answer("failed", words=f"{type(problem).__name__}: {problem}")
    receipts = [one.receipt if isinstance(one, Attempt) else one for one in made]
    return Answer(
        "told",
        tuple((one.stream, one.seq, one.hash) for one in receipts if one is not None),
        done=all(not isinstance(one, Attempt) or one.done for one in made),
    )


def play(
    url: str, folder: str, words: str, smtp: str, works: bool, name: str, cron: str, pipes: list[Connection]
) -> None:
    """Serve wishes that come through the pipes, each in a thread, until killed; `works`: run the queued jobs too, under a
    `name`; `cron`: when the nightly round comes."""
    os.environ["ZHENGJI_TESTING"] = "1"
    really = kinds.Waits.after
    setattr(kinds.Waits, "after", lambda waits, failed: really(waits, failed) and 0)  # noqa: B010  a failed try comes again at once
    heart.BEAT, workers.LATE = 0.2, timedelta(seconds=3)
    if cron:
        worker.SCHEDULES = (kinds.Schedule("keep_no_longer", cron),)
    database = Database(url)
    world = World.of(database, Path(folder))
    if works:
        worker.launch(replace(settings(url, Path(folder), smtp), executor=name), database, poll=0.05)
    failpoints.arm(words)
    serving = [threading.Thread(target=_serve, args=(world, pipe)) for pipe in pipes]
    for one in serving:
        one.start()
    for one in serving:
        one.join()
    if works:
        worker.stop()
    database.close()


def _serve(world: World, pipe: Connection) -> None:
    pipe.send("ready")
    while (wish := pipe.recv()) is not None:
        pipe.send(grant(world, wish))


# ---- outside ---------------------------------------------------------------------------------------------------------

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.faults.players"])  # a fork of a process that has opened nothing: milliseconds


class Player:
    """One such process, with so many people asking at once."""

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        words: str = "",
        smtp: str = "",
        works: bool = False,
        name: str = "player",
        cron: str = "",
        people: int = 1,
    ) -> None:
        ours, theirs = zip(*(_SERVER.Pipe() for _ in range(people)), strict=True)
        self._pipes: list[Connection] = list(ours)
        self.process = _SERVER.Process(
            target=play, args=(url, str(folder), words, smtp, works, name, cron, list(theirs))
        )
        self.process.start()
        for one in theirs:
            one.close()
        for person in range(people):
            self._hear(person)

    def ask(self, wish: Wish, person: int = 0) -> Answer:
        """What the process answers. Raises Gone when it ends without."""
        try:
            self._pipes[person].send(wish)
        except OSError as problem:
            raise Gone from problem
        answer: Answer = self._hear(person)
        return answer

    def _hear(self, person: int) -> Any:
        try:
            if not self._pipes[person].poll(PATIENCE):
                raise TimeoutError("no answer")
            return self._pipes[person].recv()
        except (EOFError, OSError) as problem:
            if isinstance(problem, TimeoutError):
                raise
            raise Gone from problem

    def ended(self) -> int | None:
        """Waits for the end of a process that must end; -9 where it was killed."""
        self.process.join(PATIENCE)
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def leave(self) -> None:
        """Ask no more, and let the process end by itself."""
        for one in self._pipes:
            try:
                one.send(None)
            except OSError:
                continue
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.kill()
