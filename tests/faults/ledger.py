"""What people asked for and were told, kept outside the database, and how it is compared with what the database says."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import text

from tests.faults.country import JOBS
from tests.faults.players import Answer, Wish
from tests.workflow.receivers import Mailbox
from workflow.jobs.queue import client, which
from workflow.store.database import Database


class Ledger:
    """A file to which lines are only added, each safely on disk before anything else happens.

    `since`: the last event (uid) before anybody was asked.
    """

    def __init__(self, path: Path, since: int) -> None:
        self.path = path
        self.since = since
        self.heard = 0
        """Answers so far."""
        self._file = path.open("a", encoding="utf-8")
        self._lock = Lock()

    def asked(self, wish: Wish) -> None:
        self._add({"asked": wish.op, "verb": wish.verb, "about": wish.about})

    def answered(self, wish: Wish, answer: Answer | None) -> None:
        """`None`: no answer came."""
        if answer is None:
            self._add({"lost": wish.op})
        else:
            self._add({answer.kind: wish.op, "receipts": answer.receipts, "words": answer.words})
            self.heard += 1

    def led_on(self, wish: Wish) -> None:
        """A browser was sent on to the next page, as when something is done; the receipt is on that page."""
        self._add({"led_on": wish.op})

    def _add(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def read(self) -> Told:
        """What the file says."""
        told = Told()
        for line in map(json.loads, self.path.read_text(encoding="utf-8").splitlines()):
            if "asked" in line:
                told.asked.add(line["asked"])
            elif "told" in line:
                told.receipts[line["told"]] |= {tuple(one) for one in line["receipts"]}
            elif "led_on" in line:
                told.led_on.add(line["led_on"])
            elif "no" in line:
                told.refused.add(line["no"])
            else:
                told.unknown.add(line.get("lost") or line["failed"])
        return told

    def close(self) -> None:
        self._file.close()


@dataclass
class Told:
    """`receipts`: key → (stream, seq, hash) as told, every time that it was asked. `unknown`: once left in the dark.

    `led_on`: told without words, as browsers are.
    """

    asked: set[str] = field(default_factory=set)
    led_on: set[str] = field(default_factory=set)
    receipts: defaultdict[str, set[tuple[str, int, str]]] = field(default_factory=lambda: defaultdict(set))
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Event:
    uid: int
    stream: str
    seq: int
    prev_seq: int | None
    prev_hash: str | None
    hash: str
    to_state: str
    body: str
    priv: str | None
    op: str | None
    action: str


def events(database: Database) -> list[Event]:
    """The whole trail."""
    with database.reading() as session:
        rows = session.execute(
            text(
                "select uid, stream, seq, prev_seq, prev_hash, hash, to_state, body, priv, op, action"
                " from audit_event order by uid"
            )
        )
        return [Event(*row) for row in rows]


def last_event(database: Database) -> int:
    return events(database)[-1].uid


def problems(
    database: Database, kept: Ledger, mailbox: Mailbox, outbox: Path, beside: tuple[str, ...] = ()
) -> list[str]:
    """Everything in which ledger, trail, rows, the log, mails and packages differ.

    `beside`: how the actions begin that are recorded without the key of a form, beside those of jobs.
    """
    told, trail = kept.read(), events(database)
    return [
        *_lost(trail, told),
        *_doubled(trail, told, kept.since, (*_OF_JOBS, *beside)),
        *_broken(trail),
        *_out_of_step(database, trail),
        *_unqueued(database, trail),
        *_misplaced(database, trail),
        *_unsent(database, trail, mailbox, kept.since),
        *_undelivered(database, outbox),
    ]


def _lost(trail: Sequence[Event], told: Told) -> Iterator[str]:
    """Receipts that the trail does not hold, and acts that were said to be done of which it knows nothing."""
    there = {(one.stream, one.seq, one.hash) for one in trail}
    for op, receipts in told.receipts.items():
        for one in receipts - there:
            yield f"lost: {op} was told {one}"
    known = {one.op.partition(":")[0] for one in trail if one.op is not None}
    for op in told.led_on - known:
        yield f"lost: {op} was led on"


def _doubled(trail: Sequence[Event], told: Told, since: int, unasked: tuple[str, ...]) -> Iterator[str]:
    """Wishes that came to more than was told, to something after a plain no, or events that nobody asked for."""
    for op, receipts in told.receipts.items():
        if len({stream.partition("/tries")[0] for stream, _, _ in receipts}) != len(receipts):
            yield f"doubled: {op} was told {sorted(receipts)}"
    fresh = [one for one in trail if one.uid > since]
    by_op = defaultdict(list)
    for one in fresh:
        if one.op is not None:
            by_op[one.op.partition(":")[0]].append(one)
    for op in told.refused & set(by_op):
        yield f"{op} could not be served, and yet there is {by_op[op]}"
    for op in set(by_op) - told.asked:
        yield f"nobody asked for {by_op[op]}"
    for one in fresh:
        if one.op is None and not one.action.startswith(unasked):
            yield f"nobody asked for {one}"
    attached = Counter(one.stream for one in fresh if one.action == "document.attach")
    sealed = Counter(one.stream for one in fresh if one.action == "case.seal")
    if attached != sealed:
        yield f"scans attached {attached}, sealed {sealed}"


_OF_JOBS = (
    "push.send",
    "push.acknowledge",
    "push.fail",
    "push.recall",
    "case.push",
    "case.recall_push",
    "mail.hand_over",
    "document.attach",  # within a seal
)


def _broken(trail: Sequence[Event]) -> Iterator[str]:
    """Streams that do not hang together, by their own words."""
    streams = defaultdict(list)
    for one in trail:
        streams[one.stream].append(one)
    for stream, chain in streams.items():
        before: Event | None = None
        for seq, one in enumerate(sorted(chain, key=lambda one: one.seq), start=1):
            body = json.loads(one.body)
            linked = b"\0" + _raw(before.hash if before else None) + _raw(one.priv) + one.body.encode()
            if (one.seq, one.prev_hash, one.hash) != (
                (seq, before.hash if before else None, hashlib.sha256(linked).hexdigest())
            ):
                yield f"broken: {stream}#{seq}"
            if (body["stream"], body["seq"], body["to_state"], body["action"]) != (
                (one.stream, one.seq, one.to_state, one.action)
            ):
                yield f"{stream}#{seq} says {one.body}"
            before = one


def _raw(hexed: str | None) -> bytes:
    return bytes.fromhex(hexed) if hexed else bytes(32)


def _out_of_step(database: Database, trail: Sequence[Event]) -> Iterator[str]:
    """Rows that are not where the trail puts them."""
    last = {one.stream: one for one in sorted(trail, key=lambda one: one.seq)}
    edits = Counter(one.stream for one in trail if one.action == "case.edit")
    with database.reading() as session:
        for table in ("cases", "batch", "push"):
            rows = session.execute(text(f"select stream, version, state, head from {table}"))
            for stream, version, state, head in rows:
                event = last.get(stream)
                if event is None or (event.seq, event.to_state, event.hash) != (version, state, head):
                    yield f"{stream} stands at {version} {state}, its trail at {event}"
        kept = "select c.stream, c.revision, (select count(*) from case_revision r where r.case_id = c.id) from cases c"
        for stream, revision, revisions in session.execute(text(kept)):
            if not revision == revisions == edits[f"{stream}/content"] + 1:
                yield f"{stream} has revision {revision}, {revisions} kept, {edits[f'{stream}/content']} edits"


def _unqueued(database: Database, trail: Sequence[Event]) -> Iterator[str]:
    """Work that its cause did not queue, or that nothing caused; and work that is not done."""
    caused = set()
    for one in trail:
        kind, _, number = one.stream.removesuffix("/content").partition("/")
        if one.to_state == "queued":
            caused.add(f"deliver_push/{number}/{one.seq}")
        elif one.to_state == "sent" and kind == "batch":
            caused.add(f"mail_batch/{number}/{one.seq}")
        elif one.action == "push.ask_recall":
            caused.add(f"recall_push/{number}/{one.seq}")
    with database.reading() as session:
        jobs = {
            one.key: one.state for one in session.execute(text("select key, name, state from job")) if one.name in JOBS
        }
    if set(jobs) != caused:
        yield f"queued without cause {sorted(set(jobs) - caused)}, never queued {sorted(caused - set(jobs))}"
    yield from (f"{key}: {state}" for key, state in jobs.items() if state != "done")
    for one in client(database.engine).list_workflows():
        if which(one.workflow_id)[0] not in jobs and one.name in JOBS:
            yield f"a try of nothing: {one.workflow_id}"
        if one.status != "SUCCESS" and one.name in JOBS:
            yield f"{one.workflow_id}: {one.status}"


def _misplaced(database: Database, trail: Sequence[Event]) -> Iterator[str]:
    """Events that have no place in the log, or two; places and checkpoints whose hashes are not those of the events."""
    with database.reading() as session:
        log = session.execute(text("select idx, uid, leaf from audit_log order by idx")).all()
        size, root = session.execute(text("select n, root from audit_head")).one()
        waiting = set(session.scalars(text("select uid from audit_pending")))
        signed = session.execute(text("select size, root from audit_checkpoint")).all()
    hashes = {one.uid: one.hash for one in trail}
    if [idx for idx, _, _ in log] != list(range(size)):
        yield f"the log has {len(log)} places, its head says {size}"
    if sorted([*waiting, *(uid for _, uid, _ in log)]) != sorted(hashes):
        yield "an event has no place in the log, or two"
    for idx, uid, leaf in log:
        if hashes.get(uid) != leaf:
            yield f"place {idx} holds {leaf}, the event {hashes.get(uid)}"
    leaves = [bytes.fromhex(leaf) for _, _, leaf in log]
    for upto, said in [(size, root), *signed]:
        if _root(leaves[:upto]).hex() != said:
            yield f"the first {upto} events have another root than {said}"


def _root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1; the leaves are hashed already."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _root(leaves[:middle]) + _root(leaves[middle:])).digest()


def _unsent(database: Database, trail: Sequence[Event], mailbox: Mailbox, since: int) -> Iterator[str]:
    """Mails that should have come and did not, or came and should not, or came twice in different words."""
    with database.reading() as session:
        numbers = {f"batch/{one.id}": one.number for one in session.execute(text("select id, number from batch"))}
        recorded = set(session.scalars(text("select message_id from sent_mail")))
    sent = [one for one in trail if one.to_state == "sent" and one.stream in numbers]
    ids = {one.uid: f"<{numbers[one.stream]}.v{one.seq}@zhengji>" for one in sent}
    wanted = {message_id for uid, message_id in ids.items() if uid > since}
    recorded -= set(ids.values()) - wanted
    came: dict[str, set[bytes]] = defaultdict(set)
    for mail, data in zip(mailbox.mails, list(mailbox.taken), strict=True):
        came[str(mail["Message-ID"])].add(data)
    if not wanted == recorded == set(came):
        yield f"mails wanted {sorted(wanted)}, recorded {sorted(recorded)}, come {sorted(came)}"
    for message_id, kinds in came.items():
        if len(kinds) > 1:
            yield f"{message_id} came in {len(kinds)} versions"


def _undelivered(database: Database, outbox: Path) -> Iterator[str]:
    """Packages that are not where their push says."""
    with database.reading() as session:
        rows = session.execute(text("select key, state, package, acknowledgement from push")).all()
    there = {path.name: path for path in outbox.glob("*")} if outbox.exists() else {}
    for key, state, package, words in rows:
        held, recalled = there.pop(f"{key}.zip", None), there.pop(f"{key}.recalled.json", None)
        if state == "acknowledged":
            digest = hashlib.sha256(held.read_bytes()).hexdigest() if held else ""
            if recalled or digest != package or digest not in words:
                yield f"{key} is acknowledged as {package}; there is {digest or 'nothing'}"
        elif state == "recalled":
            if held or (package and not recalled):
                yield f"{key} is recalled, and the package lies there"
        else:
            yield f"{key} is {state}"
    yield from (f"{name} belongs to no push" for name in there if not name.startswith("."))


def summary(found: Iterable[str], limit: int = 10) -> str:
    listed = list(found)
    return "\n".join(listed[:limit]) + (f"\n… {len(listed)} in all" if len(listed) > limit else "")
