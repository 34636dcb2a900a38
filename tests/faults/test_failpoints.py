"""The work killed, and failing, at every place that the code names: nothing told is lost, nothing happens twice."""

from __future__ import annotations

import ast
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import ledger
from tests.faults.conftest import Check, Start
from tests.faults.country import Country, busy
from tests.faults.ledger import Ledger
from tests.faults.players import Answer, Gone, Wish
from tests.faults.waiting import until
from workflow.audit import log

ROOT = Path(__file__).parents[2]


def named() -> set[str]:
    """Every place that the code names."""
    found = set()
    for path in itertools.chain(*((ROOT / package).rglob("*.py") for package in ("workflow", "web"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reached":
                [name] = node.args
                assert isinstance(name, ast.Constant), f"{path}: a place has a plain name"
                found.add(name.value)
    return found


def stamp(here: Country) -> Wish:
    return Wish("1.stamp", "act", "sealer", here.drafts[0], {"trigger": "stamp"})


def send(here: Country) -> Wish:
    return Wish("1.send", "send", "leader", here.batches[0])


def push(here: Country) -> Wish:
    return Wish("1.push", "push", "liaison", here.published[0])


def seal(here: Country) -> Wish:
    return Wish("1.seal", "seal", "sealer", here.drafts[0])


REACHED_BY: dict[str, Callable[[Country], Wish]] = {
    "act.before_facts": stamp,
    "act.after_facts": stamp,
    "trail.before_append": stamp,
    "trail.appended": stamp,
    "act.before_row": stamp,
    "act.after_row": stamp,
    "act.before_enqueue": send,
    "act.after_enqueue": send,
    "transaction.before_commit": stamp,
    "transaction.after_commit": stamp,
    "files.before_put": seal,
    "files.put": seal,
    "mail.before_sending": send,
    "mail.taken": send,
    "mail.recorded": send,
    "push.made": push,
    "push.noted": push,
    "folder.before_rename": push,
    "push.handed_over": push,
    "push.sent": push,
    "push.acknowledged": push,
    "job.begun": push,
    "job.worked": push,
    "job.done": push,
}
"""Place → what somebody asks for that leads there. The places of jobs are reached after the answer."""
ELSEWHERE = {
    *("job.part", "job.failed", "recall.handed_over", "log.sequenced", "log.signed"),
    *("migration.queue_ready", "migration.before_commit"),
    *("migration.batch", "migration.blocked", "migration.index_built"),
    *("transfer.table_copied", "move.before_commit", "move.copied", "move.marked_there"),
    *("backup.database_copied", "backup.document_copied", "backup.before_rename"),
    *("restore.documents_put", "restore.database_put", "restore.before_rename", "restore.renamed"),
    *("sweep.before", "files.set_aside", "documents.some_moved"),
}
"""Places that tests of their own reach."""
IN_JOBS = ("job.", "mail.", "push.", "folder.")


def test_every_place_that_the_code_names_is_tried() -> None:
    assert named() == set(REACHED_BY) | ELSEWHERE


def settle(start: Start, here: Country, kept: Ledger, wish: Wish) -> Answer:
    """A new process: the same form again, and then whatever was queued."""
    player = start(works=wish.verb in ("send", "push", "recall"))
    answer = player.ask(wish)
    kept.answered(wish, answer)
    until(lambda: not busy(here.world.database))
    player.leave()
    return answer


@pytest.mark.parametrize("name", sorted(REACHED_BY))
def test_killed_at_a_named_place(name: str, here: Country, start: Start, kept: Ledger, all_is_well: Check) -> None:
    wish = REACHED_BY[name](here)
    player = start(words=f"{name}=kill", works=name.startswith(IN_JOBS))
    kept.asked(wish)
    try:
        kept.answered(wish, player.ask(wish))
    except Gone:
        kept.answered(wish, None)
    assert player.ended() == -9, f"{name} was not reached"
    assert settle(start, here, kept, wish).done
    all_is_well()


@pytest.mark.parametrize("name", sorted(name for name in REACHED_BY if not name.startswith("job.")))
def test_failing_at_a_named_place(name: str, here: Country, start: Start, kept: Ledger, all_is_well: Check) -> None:
    wish = REACHED_BY[name](here)
    in_jobs = name.startswith(IN_JOBS)
    player = start(words=f"{name}=raise", works=in_jobs)
    kept.asked(wish)
    answer = player.ask(wish)
    kept.answered(wish, answer)
    assert (answer.kind, answer.words) == (("told", "") if in_jobs else ("failed", "Struck: ")), f"{name} not reached"
    until(lambda: not in_jobs or not busy(here.world.database))
    player.leave()
    assert settle(start, here, kept, wish).done
    all_is_well()


@pytest.mark.parametrize("strike", ["kill", "raise"])
def test_a_recall_cut_off_after_the_receiver_confirmed(
    strike: str, here: Country, start: Start, kept: Ledger, all_is_well: Check
) -> None:
    asked = push(here)
    kept.asked(asked)
    settle(start, here, kept, asked)
    recall = Wish("1.recall", "recall", "liaison", here.world.newest_push(here.published[0]))
    player = start(words=f"recall.handed_over={strike}", works=True)
    kept.asked(recall)
    try:
        kept.answered(recall, player.ask(recall))
    except Gone:
        kept.answered(recall, None)
    if strike == "kill":
        assert player.ended() == -9
    else:
        until(lambda: not busy(here.world.database))
        player.leave()
    assert settle(start, here, kept, recall).done
    all_is_well()


@pytest.mark.parametrize("strike", ["kill", "raise"])
@pytest.mark.parametrize("name", ["log.sequenced", "log.signed"])
def test_a_log_cut_off_while_it_grows(
    name: str, strike: str, here: Country, start: Start, kept: Ledger, all_is_well: Check
) -> None:
    database = here.world.database
    if name == "log.sequenced" and database.embedded:
        pytest.skip("SQLite has one writer, so an event has its place at once")
    wish = stamp(here)
    kept.asked(wish)
    kept.answered(wish, start().ask(wish))
    player = start(words=f"{name}={strike}", works=True)
    if strike == "kill":
        assert player.ended() == -9
        player = start(works=True)
    until(lambda: signed_whole(here))
    player.leave()
    all_is_well()


def signed_whole(here: Country) -> bool:
    """Whether a checkpoint covers every event."""
    with here.world.database.reading() as session:
        newest = log.newest(session)
    return newest is not None and newest.size == len(ledger.events(here.world.database))


def test_places_are_armed_only_where_somebody_is_testing() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ZHENGJI_")}
    started = subprocess.run(
        [sys.executable, "-c", "import workflow.failpoints"],
        cwd=ROOT,
        env={**environ, "ZHENGJI_FAILPOINTS": "act.before_row=kill"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 1
    assert "ZHENGJI_TESTING is not set" in started.stderr
