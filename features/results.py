"""What became of each scenario, and what it went through, for `zhengji call prove` and `zhengji states`.

`pytest -p features.results --results FILE` writes it as JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.scenario import scenario_wrapper_template_registry

from states.lifecycle import Standing
from workflow.engine import Attempt, Engine

PASSED, FAILED, NOT_ASKED = "passed", "failed", "not_asked"
_WORSE = (NOT_ASKED, PASSED, FAILED)
_LONGEST = 300
"""Characters of what was found at a step that failed."""

_found: dict[str, str] = {}
_names: dict[str, str] = {}
_taken: set[tuple[str, str, str]] = set()
_said: set[tuple[str, str, str, bool]] = set()
_failures: dict[str, dict[str, str]] = {}
_progress = [0, 0]
"""How many of how many have been run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--results", type=Path, help="where what became of each scenario is written, as JSON")


def pytest_configure() -> None:
    """Note which steps are taken, from which state, and which guards let somebody pass or stopped them."""
    usual = Engine.perform

    def perform(engine: Engine, entity: Standing, *args: Any, **more: Any) -> Attempt:
        attempt = usual(engine, entity, *args, **more)
        lifecycle, step, broken = engine.declared.name, attempt.transition.name, {one.rule for one in attempt.findings}
        if attempt.done:
            _taken.add((lifecycle, attempt.source, step))
        _said.update((lifecycle, step, guard.id, guard.id not in broken) for guard in attempt.transition.guards)
        return attempt

    Engine.perform = perform  # type: ignore[method-assign, assignment]


def scenario_of(item: pytest.Item) -> str:
    """“case/seal.feature: 别的单位的印章不算”; empty for what is no scenario. All rows of an outline are one."""
    scenario = scenario_wrapper_template_registry.get(getattr(item, "obj", None))  # type: ignore[arg-type]
    return f"{scenario.feature.rel_filename.removeprefix('features/')}: {scenario.name}" if scenario else ""


def pytest_deselected(items: list[pytest.Item]) -> None:
    for item in items:
        _keep(scenario_of(item), NOT_ASKED)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    _names.update({item.nodeid: scenario_of(item) for item in items})
    _progress[1] = len(items)


def pytest_bdd_step_error(request: pytest.FixtureRequest, step: Any, exception: Exception) -> None:
    _keep_failure(request.node, step, exception)


def pytest_bdd_step_func_lookup_error(request: pytest.FixtureRequest, step: Any, exception: Exception) -> None:
    _keep_failure(request.node, step, exception)


def _keep_failure(item: Any, step: Any, exception: Exception) -> None:
    """The step at which the first failing row of a scenario ended, in its own words, and what was found there."""
    said = next(iter(str(exception).strip().splitlines()), type(exception).__name__)
    _failures.setdefault(scenario_of(item), {"step": f"{step.keyword} {step.name}", "said": said[:_LONGEST]})


def pytest_runtest_logfinish() -> None:
    _progress[0] += 1


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    path: Path | None = item.config.getoption("--results")
    if path is not None:
        progress_of(path).write_text("{} {}".format(*_progress), "utf-8")


def progress_of(results: Path) -> Path:
    """Where it is told how far a run is: “3 120”."""
    return results.with_suffix(".progress")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.failed:
        _keep(_names.get(report.nodeid, ""), FAILED if report.failed else PASSED)


def _keep(scenario: str, outcome: str) -> None:
    """The worst that became of any of its rows."""
    if scenario:
        _found[scenario] = max(_found.get(scenario, outcome), outcome, key=_WORSE.index)


def pytest_sessionfinish(session: pytest.Session) -> None:
    path: Path | None = session.config.getoption("--results")
    if path is not None:
        written = {"scenarios": _found, "taken": sorted(_taken), "said": sorted(_said), "failures": _failures}
        path.write_text(json.dumps(written, ensure_ascii=False), "utf-8")
