"""Guards dropped one at a time, and who notices: a promise of the proof, or else a scenario.

`python -m tests.dropping` prints who notices what. As a pytest plugin (`-p tests.dropping --dropped FILE`) it runs each
scenario once more for each guard that refused somebody in it, with that guard dropped, until one fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from features.results import scenario_of
from rules.call import Call, Leg, Recommender, Route
from rules.facts import BatchFacts, CaseFacts, PushFacts
from rules.rule import Rule
from states.batch import BATCH
from states.case import CASE
from states.lifecycle import Lifecycle, Transition
from states.push import PUSH
from tests.make import annotated_call, call_2021
from tests.worlds import CALL_2021
from workflow.proof.exploring import Explored
from workflow.proof.promises import PROMISES, Subject, examine_promise, lifecycles_of

ROOT = Path(__file__).parent.parent
LEGS = (Leg.CENTRE_SEAL, Leg.REVIEW, Leg.SELECTION, Leg.PUBLIC_NOTICE, Leg.PUBLICATION, Leg.PUSH)

Drop = tuple[str, str, str]
"""Lifecycle, step, guard."""


def every_drop() -> list[Drop]:
    """Each guard of each step of the whole lifecycles."""
    return [
        (lifecycle.name, step.name, guard.id)
        for lifecycle in (CASE, BATCH, PUSH)
        for step in lifecycle.transitions
        for guard in step.guards
    ]


# ---- promises --------------------------------------------------------------------------------------------------------


@cache
def calls() -> tuple[Call, ...]:
    """Calls that together have every step and every guard: by the office, with public notice, and by the centre; and one that
    asks for what 2021-205 does not."""
    shipped = call_2021()
    noticed = replace(shipped.rules["sign_offs_complete"], decision=None, clause="公示", says=("公示",))
    [confirmed, *_] = shipped.confirmations
    through = replace(
        shipped,
        rules={**shipped.rules, "public_notice_has_ended": noticed},
        route=Route(LEGS),
        confirmations=(*shipped.confirmations, replace(confirmed, id="shortlisted", step="shortlist")),
    )
    by_themselves = [
        _asking_what_is_there(replace(one, route=Route(LEGS, Recommender.SELF))) for one in (through, annotated_call())
    ]
    return (shipped, through, annotated_call(), *by_themselves)


def _asking_what_is_there(call: Call) -> Call:
    """The call less the rules and confirmations that no step of its route examines."""
    steps = [step for lifecycle in lifecycles_of(call) for step in lifecycle.transitions]
    asked = {guard.id for step in steps for guard in step.guards}
    names = {step.name for step in steps}
    return replace(
        call,
        rules={name: one for name, one in call.rules.items() if name in asked},
        confirmations=tuple(one for one in call.confirmations if one.step in names),
    )


def promise_broken(drop: Drop) -> str:
    """The first promise that is broken, under any of the calls, once the guard is dropped; empty where all are kept."""
    return next((name for call in calls() for name in _broken(call, drop)), "")


def _broken(call: Call, drop: Drop) -> Iterator[str]:
    name, step, guard = drop
    usual = {one.name: one for one in lifecycles_of(call)}
    if name not in usual or (taken := usual[name].named(step)) is None or _left(taken, guard) == taken.guards:
        return
    steps = tuple(replace(one, guards=_left(one, guard)) if one is taken else one for one in usual[name].transitions)
    changed = {**usual, name: replace(usual[name], transitions=steps)}

    def explore(lifecycle: Lifecycle, call: Call) -> Explored:
        return (
            _untouched(calls().index(call), lifecycle.name)
            if lifecycle is usual[lifecycle.name]
            else Explored(lifecycle, call)
        )

    subject = Subject(call, changed.values(), explore)
    yield from (one for one in PROMISES if not examine_promise(one, subject).kept)


@cache
def _untouched(of: int, name: str) -> Explored:
    call = calls()[of]
    return Explored(next(one for one in lifecycles_of(call) if one.name == name), call)


def _left(step: Transition, guard: str) -> tuple[Rule[Any], ...]:
    return tuple(one for one in step.guards if one.id != guard)


# ---- scenarios -------------------------------------------------------------------------------------------------------


def scenarios_broken(drops: list[Drop]) -> dict[Drop, str]:
    """For each of these guards, a scenario tagged with it that fails once it is dropped; one that none notices is not there."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "drops.json"
        file.write_text(json.dumps(drops))
        command = [sys.executable, "-m", "pytest", "tests/test_features.py", "-q", "-p", "no:cacheprovider"]
        command += ["-p", "tests.dropping", "--dropped", str(file), f"--basetemp={folder}/files"]
        command += ["-m", " or ".join(sorted({guard for _, _, guard in drops}))]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZHENGJI_", "PYTEST_"))}
        done = subprocess.run(
            command, cwd=ROOT, env={**kept, "ZHENGJI_CALL": str(CALL_2021)}, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(done.stdout[-3000:] + done.stderr[-3000:])
        return {tuple(drop): scenario for drop, scenario in json.loads(file.read_text("utf-8"))}


_KINDS = {CaseFacts: "case", BatchFacts: "batch", PushFacts: "push"}


class Dropping:
    """The plugin: which guards are still unnoticed, and what each scenario saw refused."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._left: set[Drop] = {tuple(one) for one in json.loads(file.read_text())}
        self._noticed: list[tuple[Drop, str]] = []
        self._seen: set[Drop] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self._seen.clear()
        with self._watching():
            reports = runtestprotocol(item, log=True, nextitem=item)
        if not any(one.failed for one in reports):
            for drop in sorted(self._seen & self._left):
                self._try(item, drop)
        item.session._setupstate.teardown_exact(nextitem)  # what its last run did not put away
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_sessionfinish(self) -> None:
        self._file.write_text(json.dumps(self._noticed, ensure_ascii=False), "utf-8")

    def _try(self, item: pytest.Item, drop: Drop) -> None:
        with dropped(drop):
            reports = runtestprotocol(item, log=False, nextitem=item)
        if any(one.failed and one.when == "call" for one in reports):
            self._left.discard(drop)
            self._noticed.append((drop, scenario_of(item)))

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Note which guards refused a step."""
        usual, seen = Rule.found, self._seen

        def found(rule: Rule[Any], breach: Any, asked: Any, facts: Any) -> Any:
            if type(facts) in _KINDS:
                seen.add((_KINDS[type(facts)], facts.step, rule.id))
            return usual(rule, breach, asked, facts)

        Rule.found = found  # type: ignore[method-assign]
        try:
            yield
        finally:
            Rule.found = usual  # type: ignore[method-assign]


@contextmanager
def dropped(drop: Drop) -> Iterator[None]:
    """A guard taken off a step of the lifecycle that the shipped call's cases live by."""
    name, step_name, guard = drop
    lifecycle = next(one for one in lifecycles_of(call_2021()) if one.name == name)
    step = lifecycle.named(step_name)
    assert step is not None
    usual = step.guards
    object.__setattr__(step, "guards", _left(step, guard))
    try:
        yield
    finally:
        object.__setattr__(step, "guards", usual)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--dropped", type=Path, help="the guards to drop, as JSON; written over with who noticed")


def pytest_configure(config: pytest.Config) -> None:
    file: Path | None = config.getoption("--dropped", None)
    if file is not None:
        config.pluginmanager.register(Dropping(file), "dropping")


def main() -> None:
    """Print, for each guard of each step, who notices that it is gone."""
    by_promise = {drop: promise_broken(drop) for drop in every_drop()}
    by_scenario = scenarios_broken([drop for drop, name in by_promise.items() if not name])
    for drop, name in by_promise.items():
        print(f"{'.'.join(drop[:2]):28} {drop[2]:32} {name or by_scenario.get(drop, '-- NOBODY --')}")


if __name__ == "__main__":
    main()
