"""`make bench`: measures, prints a table, and writes benchmarks/latest.json (`make bench-large`: benchmarks/large.json).

Ratios, taken side by side in one run.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from transitions import Machine

from rules.length import word_count
from states.case import CASE
from states.lifecycle import Standing
from states.reach import Actor, Grant
from tests.bench import (
    acting,
    assigning,
    books,
    bulk,
    compiling,
    deciding,
    jobs,
    last_hour,
    lighthouse,
    lists,
    moving,
    papers,
    processes,
    proving,
    serving,
    shares,
    sheets,
    trust,
)
from tests.make import case_facts
from workflow.engine import Engine

LATEST = Path(__file__).parents[2] / "benchmarks" / "latest.json"
LARGE = LATEST.with_name("large.json")
ROUNDS = 5
BROKEN: list[str] = []
"""Parts of this run that gave no figures."""


def main() -> int:
    """Measure everything, or with `large` what takes a million cases; 1 when a bound is not kept. `shares`: tell what time goes to;
    `books`: make large collections with pictures; `moving`: move 30,000 cases to PostgreSQL."""
    if "shares" in sys.argv[1:]:
        shares.main()
        return 0
    if "moving" in sys.argv[1:]:
        moving.main()
        return 0
    if sys.argv[1:2] == ["books"]:
        books.main(Path(sys.argv[2]) if sys.argv[2:] else None)
        return 0
    large = "large" in sys.argv[1:]
    began = time.monotonic()
    ratios = _told("lists", lambda: lists.measured(_ratio, lists.LARGE)) if large else _small()
    took = time.monotonic() - began
    made = {
        "machine": {"cpus": os.cpu_count(), "machine": platform.machine(), "system": platform.system()},
        "versions": {name: version(name) for name in ("sqlalchemy", "transitions", "flask", "dbos")}
        | {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version},
        "seconds": round(took),
        "ratios": ratios,
    }
    if not BROKEN:
        (LARGE if large else LATEST).write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    missed = [name for name, one in ratios.items() if not _kept(one)]
    print(f"\n{len(ratios)} figures in {took / 60:.1f} minutes; bounds missed: {', '.join(missed) or 'none'}")
    if BROKEN:
        print(f"broken off, nothing written: {', '.join(BROKEN)}")
    return 1 if missed or BROKEN else 0


def _told(part: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a part measures, printed as soon as it is known: a run takes minutes. A part that breaks off leaves the others theirs."""
    began = time.monotonic()
    try:
        ratios = measure()
    except Exception:
        traceback.print_exc()
        BROKEN.append(part)
        ratios = {}
    print(f"\n{part}, {time.monotonic() - began:.0f} s")
    for name, one in ratios.items():
        mark = " " if _kept(one) else "!"
        print(
            f"{mark} {name:<30}{one['value']:>8.3f}  {one['direction']} {one['bound']:<6} {one['detail']}", flush=True
        )
    return ratios


def _small() -> dict[str, Any]:
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "perform": _perform,
        "act": _act,
        "bulk": lambda: bulk.measured(ROUNDS, _ratio),
        "counting": _counting,
        "proving": lambda: proving.measured(_side_by_side, _ratio),
        "serving": lambda: serving.measured(_ratio),
        "lighthouse": lambda: lighthouse.measured(_ratio),
        "trust": lambda: trust.measured(_side_by_side, _ratio),
        "jobs": lambda: jobs.measured(_ratio),
        "last hour": lambda: last_hour.measured(_ratio),
        "processes": lambda: processes.measured(_ratio),
        "lists": lambda: lists.measured(_ratio),
        "sheets": lambda: sheets.measured(_ratio),
        "papers": lambda: papers.measured(_ratio),
        "compiling": lambda: compiling.measured(_ratio),
        "assigning": lambda: assigning.measured(_ratio),
        "deciding": lambda: deciding.measured(_ratio),
    }
    return {name: one for part, measure in parts.items() for name, one in _told(part, measure).items()}


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
    """One durable transition through `act`, against the same statements sent bare."""
    found = {
        "act_vs_bare_sqlite": (acting.against_sqlite(ROUNDS), 0.2, "no queued effect"),
        "act_queueing_vs_bare_sqlite": (acting.against_sqlite(ROUNDS, effect=True), 0.12, "one queued effect"),
        "act_vs_best_peer": (acting.against_peers(3), 2.0, "the same work, commit each, SQLite"),
        "act_vs_bare_postgresql_1": (acting.against_postgresql(ROUNDS, 1), 0.35, "durable"),
        "act_vs_bare_postgresql_8": (acting.against_postgresql(ROUNDS, acting.CLIENTS), 0.35, "durable"),
    }
    return {name: _ratio(one[0], bound, "min", f"{one[1]}; {what}") for name, (one, bound, what) in found.items()}


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
