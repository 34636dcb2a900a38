"""The heart of a worker: holds its name, says that it lives, and takes up what others left when they died."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rules.words import Text
from workflow.engine import CannotServe
from workflow.jobs.kinds import KINDS
from workflow.jobs.queue import client
from workflow.jobs.running import Runner
from workflow.store import workers as stored
from workflow.store.database import Database
from workflow.store.models import Worker

if TYPE_CHECKING:
    from dbos import DBOSClient  # a large library: loaded where it is used

_log = logging.getLogger("zhengji.jobs")

_FAILED = 100
"""Of what DBOS counts as failed so many are looked at, the newest first."""
BEAT = 5.0
"""Seconds between two beats."""
STEADY = 3
"""Beats in a row before a worker calls others dead: after an outage of the database all had fallen silent."""


class AnotherWorker(CannotServe):
    """A live process works under this name: two of one name would do the same work twice."""


class Heart(threading.Thread):
    """Beats until told to stop. `lost`: called when the name turns out to be another process's.

    `runner`: makes the tries of this worker, so that what the queue believes of it can be held against what it does.
    """

    def __init__(self, database: Database, name: str, lost: Callable[[], None], runner: Runner | None = None) -> None:
        super().__init__(name="heart", daemon=True)
        self.worker = name
        self._database, self._lost, self._runner = database, lost, runner
        self._idle: frozenset[str] = frozenset()
        self._instance = secrets.token_hex(16)
        self._beats = 0
        self._ended = threading.Event()
        self.holds = True
        """Whether the name is still this process's."""

    def take_name(self) -> None:
        """Take the name, or wait until its holder is seen to live or counts as dead. Raises AnotherWorker."""
        seen = None
        while (holder := self._holder()) is not None:
            if seen not in (None, holder.beat_at):
                raise _taken(holder)
            seen = holder.beat_at
            self._ended.wait(min(BEAT, 1.0))

    def _holder(self) -> Worker | None:
        """Take the name and give None; who holds it, where somebody may."""
        with self._database.transaction() as session:
            holder = stored.one(session, self.worker)
            if holder is not None and stored.lives(holder, stored.now(session)) and not _ended_here(holder):
                return holder
            before = holder.instance if holder else ""
            columns = {"instance": self._instance, "place": _place(), "process": _process(os.getpid())}
            if stored.take(session, self.worker, before, **columns):
                return None
            return stored.one(session, self.worker)

    def run(self) -> None:
        while not self._ended.wait(BEAT):
            try:
                if not self._beat():
                    _log.error("the name %s is held by another process; this one stops working", self.worker)
                    self.holds = False
                    self._lost()
                    return
                self.reclaim()
                if self._beats >= STEADY:
                    self.adopt()
            except Exception:
                _log.exception("a beat was missed")
                self._beats, self._idle = 0, frozenset()

    def _beat(self) -> bool:
        with self._database.transaction() as session:
            alive = stored.beat(session, self.worker, self._instance)
        self._beats += 1
        return alive

    def adopt(self) -> int:
        """Queue anew what dead workers were at; how much. Of all live workers the first by name does so."""
        with self._database.reading() as session:
            at = stored.now(session)
            live = [one.name for one in stored.every(session) if stored.lives(one, at)]
        if live[:1] != [self.worker]:
            return 0
        queue = client(self._database.engine)
        begun = queue.list_workflows(status="PENDING", load_input=False, load_output=False)
        left = [one for one in begun if one.executor_id not in live]
        for one in left:
            queue.resume_workflow(one.workflow_id, queue_name=one.queue_name)
            _log.warning("took up %s, which %s left", one.workflow_id, one.executor_id)
        return len(left) + self._take_up_failed(queue)

    def _take_up_failed(self, queue: DBOSClient) -> int:
        """Queue anew what DBOS counts as failed and has come to no end."""
        if self._runner is None:
            return 0
        failed = queue.list_workflows(
            status=["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            sort_desc=True,
            limit=_FAILED,
            load_input=False,
            load_output=False,
        )
        return self._runner.again([one.workflow_id for one in failed], KINDS)

    def reclaim(self) -> int:
        """Queue anew what the queue handed to this worker and what never reached it; how much.

        The queue marks work as this worker's first and reads it then: where the database goes away in between, it would
        lie until this process ends. Work counts as lost when two beats in a row find it marked and not being done.
        """
        if self._runner is None:
            return 0
        queue = client(self._database.engine)
        marked = queue.list_workflows(status="PENDING", executor_id=self.worker, load_input=False, load_output=False)
        idle = {one.workflow_id: one.queue_name for one in marked if one.workflow_id not in self._runner.making}
        lost = self._idle & idle.keys()
        self._idle = frozenset(idle.keys() - lost)
        for workflow in sorted(lost):
            queue.resume_workflow(workflow, queue_name=idle[workflow])
            _log.warning("queued %s anew, which never reached %s", workflow, self.worker)
        return len(lost)

    def stop(self) -> None:
        """Beat no more, and leave the name."""
        self._ended.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join()
        with self._database.transaction() as session:
            stored.stop(session, self.worker, self._instance)


def _taken(holder: Worker) -> AnotherWorker:
    where = holder.place.partition(" ")[0] or "?"
    return AnotherWorker(
        Text(
            f"已有一个后台进程在用“{holder.name}”这个名称（机器 {where}，进程 {holder.process.partition(':')[0]}）。"
            "每个进程要有自己固定的名称，请另设 ZHENGJI_EXECUTOR。",
            f"A worker named “{holder.name}” is running (machine {where}, process {holder.process.partition(':')[0]})."
            " Each process needs a stable name of its own: set another ZHENGJI_EXECUTOR.",
        )
    )


# ---- telling a dead process of this machine from a silent one --------------------------------------------------------


def _place() -> str:
    """This machine since it was started, and the space that its process numbers are told in; "" where it does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{socket.gethostname()} {boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _process(pid: int) -> str:
    """A process of this machine, by its number and when it was started (proc(5), stat); "" where there is none."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in "ZX" else f"{pid}:{words[19]}"


def _ended_here(holder: Worker) -> bool:
    """Whether a worker ran on this machine and is gone: then nobody need wait until it counts as dead."""
    pid = holder.process.partition(":")[0]
    return bool(holder.place) and holder.place == _place() and pid.isdigit() and _process(int(pid)) != holder.process
