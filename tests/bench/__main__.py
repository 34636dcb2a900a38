"""`make bench`: measures, prints a table, and writes benchmarks/latest.json. Ratios, taken side by side in one run."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

from transitions import Machine

from rules.length import word_count
from states.case import CASE
from states.lifecycle import Standing
from states.reach import Actor, Grant
from tests.bench import trust
from tests.make import case_facts
from tests.worlds import CALL_2021, World, settle
from workflow import cases
from workflow.engine import Engine
from workflow.store import schema
from workflow.store.database import Database

LATEST = Path(__file__).parents[2] / "benchmarks" / "latest.json"
ROUNDS = 5


def main() -> int:
    """Measure everything; 1 when a bound is not kept."""
    ratios = {**_perform(), **_act(), **_counting(), **trust.measured(_side_by_side, _ratio)}
    made = {
        "machine": {"cpus": os.cpu_count(), "machine": platform.machine(), "system": platform.system()},
        "versions": {name: version(name) for name in ("sqlalchemy", "transitions", "flask", "dbos")}
        | {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version},
        "ratios": ratios,
    }
    LATEST.write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    for name, one in ratios.items():
        print(f"{name:<28}{one['value']:>8.3f}  {one['direction']} {one['bound']:<6} {one['detail']}")
    return 0 if all(_kept(one) for one in ratios.values()) else 1


def _kept(one: dict[str, Any]) -> bool:
    return bool(one["value"] >= one["bound"] if one["direction"] == "min" else one["value"] <= one["bound"])


def _ratio(value: float, bound: float, direction: str, detail: str) -> dict[str, Any]:
    return {"value": round(value, 4), "bound": bound, "direction": direction, "detail": detail}


def _rate(work: Callable[[], int]) -> float:
    """Things per second, once."""
    began = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - began)


def _side_by_side(ours: Callable[[], int], peer: Callable[[], int]) -> float:
    """Median ratio of the two rates, measured in turn."""
    ours(), peer()
    return statistics.median(_rate(ours) / _rate(peer) for _ in range(ROUNDS))


def _perform() -> dict[str, Any]:
    """In-memory `perform` of `stamp` with its whole guard set, against bare transitions with no guard."""
    engine = Engine(CASE)
    facts = case_facts()
    stamp = CASE.named("stamp")
    assert stamp is not None
    sealer = Actor(9, "盖章人", frozenset({Grant(stamp.by[0], 1)}))
    bare = Machine(model=None, states=["draft", "stamped"], initial="draft", auto_transitions=False, send_event=True)
    bare.add_transition("stamp", "draft", "stamped")

    def ours() -> int:
        for _ in range(3000):
            if not engine.perform(Standing("draft", centre=1, office=1), "stamp", sealer, facts, facts.at).done:
                raise AssertionError("the case of the bench is refused")
        return 3000

    def peer() -> int:
        for _ in range(3000):
            bare.events["stamp"].trigger(Standing("draft"))
        return 3000

    guards = len(stamp.guards)
    return {"perform_vs_transitions": _ratio(_side_by_side(ours, peer), 0.3, "min", f"{guards} guards, against none")}


def _act() -> dict[str, Any]:
    """One durable transition through `act`, SQLite, synchronous=FULL, against the same writes issued bare."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/act.db")
        schema.upgrade(database)
        settle(database, CALL_2021)
        world = World.of(database, Path(folder))
        drafts, ops = [world.draft() for _ in range(40)], count()
        for case in drafts:
            world.seal(case)

        sealer = world.people["sealer"]

        def ours() -> int:
            for trigger in ("stamp", "unstamp"):
                for case in drafts:
                    with database.transaction() as session:
                        cases.act(session, [case], trigger, actor=sealer, at=world.at, op=f"{next(ops)}", remark="理由")
            return 2 * len(drafts)

        peer = _bare(f"{folder}/bare.db")
        value = _side_by_side(ours, peer)
        database.close()
    return {
        "act_vs_bare_sqlite": _ratio(value, 0.2, "min", "3 selects, 1 update, 2 inserts, commit each; no queued effect")
    }


def _bare(path: str) -> Callable[[], int]:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(
        "create table event (uid integer primary key, stream text, seq int, hash text unique, body text,"
        " unique (stream, seq));"
        "create table private (uid integer primary key references event, payload text);"
        "create table thing (id integer primary key, state text, version int, head text);"
    )
    connection.executemany("insert into thing values (?, 'draft', 1, '')", [(n,) for n in range(40)])
    body = "x" * 1500

    def work() -> int:
        for turn in range(80):
            thing = turn % 40
            connection.execute("begin immediate")
            state, seq = connection.execute("select state, version from thing where id = ?", (thing,)).fetchone()
            connection.execute("select count(*) from event where stream = ?", (str(thing),)).fetchone()
            connection.execute("select max(seq) from event where stream = ?", (str(thing),)).fetchone()
            mark = f"{thing}/{seq}/{state}"
            made = connection.execute(
                "insert into event (stream, seq, hash, body) values (?, ?, ?, ?)", (str(thing), seq, mark, body)
            )
            connection.execute("insert into private values (?, ?)", (made.lastrowid, body))
            connection.execute(
                "update thing set state = ?, version = version + 1, head = ? where id = ? and version = ?",
                ("stamped" if state == "draft" else "draft", mark, thing, seq),
            )
            connection.execute("commit")
        return 80

    return work


def _counting() -> dict[str, Any]:
    """字数 of a megabyte of text, against one pass of a regular expression over it."""
    import re

    text = "知识产权信息公共服务，2021 年为 36 家企业提供检索。“好”——真的……\n" * 12_000
    one = re.compile(r"[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+")

    def ours() -> int:
        word_count(text)
        return 1

    def peer() -> int:
        sum(1 for _ in one.finditer(text))
        return 1

    value = 1 / _side_by_side(ours, peer)
    return {"word_count_vs_one_pass": _ratio(value, 3.0, "max", f"{len(text.encode()) / 1e6:.1f} MB, times as long")}


if __name__ == "__main__":
    print(f"{datetime.now():%Y-%m-%d %H:%M}")
    sys.exit(main())
