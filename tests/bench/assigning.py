"""How long the assignment of a large call's judges takes, and how far it is from what any assignment costs at least.

2,400 cases of 32 provinces and seven themes, 120 judges who know one to three of them, three for each case, no judge for a case of
their own province and one pair in a hundred barred besides. Seeded, so each run asks the same. Beside it the call that `zhengji demo
--size call` makes: 240 cases, 12 judges, with the conflicts that are found in it.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workflow.selection.assigning import Assignment
from workflow.selection.pairing import OneCase, OneJudge, Problem, apart, figures
from workflow.store import calls as stored_calls
from workflow.store.database import Database

CASES, JUDGES, EACH = 2_400, 120, 3
SECONDS = 30
OVER_BOUND = 1.01


def problem(cases: int = CASES, judges: int = JUDGES, each: int = EACH, seed: int = 20210326) -> Problem:
    """A call of that size."""
    some = random.Random(seed)
    provinces, themes = [f"省{n}" for n in range(32)], [f"theme{n}" for n in range(7)]
    home = [some.choice(provinces) for _ in range(cases)]
    made = [
        OneCase(at, some.choice(themes), "en" if some.random() < 0.05 else "zh", each) for at in range(1, cases + 1)
    ]
    known = [
        OneJudge(
            at,
            some.choice(provinces),
            tuple(some.sample(themes, some.randint(1, 3))),
            ("zh", "en") if some.random() < 0.3 else ("zh",),
            most=None if some.random() < 0.9 else 50,
        )
        for at in range(1, judges + 1)
    ]
    barred = {
        (one.id, judge.id)
        for one, province in zip(made, home, strict=True)
        for judge in known
        if judge.province == province or some.random() < 0.01
    }
    return Problem(made, known, frozenset(barred))


def measured(ratio: Callable[[float, float, str, str], dict[str, Any]]) -> dict[str, Any]:
    """Seconds from the plain question to the plain answer, the solver's own process included; and the cost over the bound."""
    asked = problem()
    start = time.perf_counter()
    found = apart(asked)
    took = time.perf_counter() - start
    came = figures(asked, found.pairs)
    what = f"{CASES} cases × {JUDGES} judges × {EACH}"
    return {
        "assignment_seconds": ratio(took, SECONDS, "max", f"{what}; loads {came.least_load} to {came.most_load}"),
        "assignment_over_bound": ratio(
            came.cost / found.bound, OVER_BOUND, "max", f"{what}; cost {came.cost}, at least {found.bound}"
        ),
        **_of_the_demo(ratio),
    }


def _of_the_demo(ratio: Callable[[float, float, str, str], dict[str, Any]]) -> dict[str, Any]:
    """The cost over the bound in the demo's call, as the desk would ask for it."""
    with tempfile.TemporaryDirectory(prefix="zhengji-demo-") as folder:
        cheap = {"ZHENGJI_HOME": folder, "ZHENGJI_ARGON2_TIME": "1", "ZHENGJI_ARGON2_MEMORY": "1024"}
        command = [sys.executable, "-m", "web.cli", "demo", "--size", "call"]
        subprocess.run(command, env=os.environ | cheap, check=True, stdout=subprocess.DEVNULL)
        database = Database(f"sqlite:///{Path(folder) / 'zhengji.db'}")
        with database.reading() as session:
            [call] = [call for _, call in stored_calls.open_calls(session) if call.judging and call.judging.criteria]
            asked = Assignment(session, call).problem()
        database.close()
    found = apart(asked)
    came = figures(asked, found.pairs)
    detail = (
        f"the demo's {len(asked.cases)} cases × {len(asked.judges)} judges; cost {came.cost}, at least {found.bound}; "
        f"loads {came.least_load} to {came.most_load}"
    )
    return {"assignment_demo_over_bound": ratio(came.cost / found.bound, OVER_BOUND, "max", detail)}
