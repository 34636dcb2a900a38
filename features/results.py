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

_found: dict[str, str] = {}
_names: dict[str, str] = {}
_taken: set[tuple[str, str, str]] = set()
_said: set[tuple[str, str, str, bool]] = set()


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
        written = {"scenarios": _found, "taken": sorted(_taken), "said": sorted(_said)}
        path.write_text(json.dumps(written, ensure_ascii=False), "utf-8")
