"""The features run against a call's data, in a process of their own and on an empty database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rules.words import Text
from workflow.calls import shipped_calls
from workflow.engine import CannotServe

ROOT = Path(__file__).parents[2]

PASSED, FAILED, NOT_ASKED = "passed", "failed", "not_asked"


@dataclass(frozen=True)
class Run:
    """What became of each scenario (“case/seal.feature: 别的单位的印章不算” → "passed", "failed", "not_asked"), which steps
    were taken as (lifecycle, state, step), and what guards said as (lifecycle, step, guard, whether it held)."""

    scenarios: Mapping[str, str]
    taken: frozenset[tuple[str, str, str]] = frozenset()
    said: frozenset[tuple[str, str, str, bool]] = frozenset()
    failures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Scenario that failed → the “step” at which it did, in its words, and what was “said” there."""

    @property
    def failed(self) -> list[str]:
        return [name for name, outcome in self.scenarios.items() if outcome == FAILED]


class NoScenarios(CannotServe):
    """The features are not beside the program, or cannot be run."""


def there() -> bool:
    """Whether the scenarios lie beside the program."""
    return (ROOT / "features" / "steps").is_dir() and (ROOT / "tests" / "test_features.py").is_file()


Watch = Callable[[int, int], None]
"""Is told every second how many of how many have been run, and may raise to end the run."""


def run(call_file: Path | None = None, watch: Watch = lambda _done, _all: None) -> Run:
    """Run every scenario that a call asks for, by default the shipped 2021-205; takes a minute or two.

    Raises NoScenarios, and whatever `watch` raises.
    """
    call_file = call_file or next(one for one in shipped_calls() if one.stem == "2021-205")
    if not there():
        raise NoScenarios(
            Text(
                "程序旁边没有 features 和 tests 文件夹，不能用例子检验通知。请在完整的程序目录中运行。",
                "The folders features and tests are not beside the program; prove the call where the whole program is.",
            )
        )
    with tempfile.TemporaryDirectory(prefix="zhengji-prove-") as folder:
        results = Path(folder) / "results.json"
        code, said = _watched(
            [
                *(sys.executable, "-m", "pytest", "tests/test_features.py", "-q", "--tb=short"),
                *("-p", "no:cacheprovider", "-p", "features.results", "--results", str(results)),
                f"--basetemp={folder}/files",
            ],
            _environment(call_file),
            results.with_suffix(".progress"),
            watch,
        )
        if code > 1 or not results.is_file():
            raise NoScenarios(
                Text(
                    f"例子没有能运行起来：\n{said[-2000:]}",
                    "The scenarios could not be run; what they said stands above.",
                )
            )
        found = json.loads(results.read_text("utf-8"))
    return Run(
        dict(sorted(found["scenarios"].items())),
        frozenset((lifecycle, state, step) for lifecycle, state, step in found["taken"]),
        frozenset((lifecycle, step, guard, held) for lifecycle, step, guard, held in found["said"]),
        found["failures"],
    )


def _watched(command: list[str], environment: Mapping[str, str], progress: Path, watch: Watch) -> tuple[int, str]:
    """Run a process to its end, or until whoever watches it raises; its exit code, and what it said."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        child = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            while child.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(1)
                if progress.is_file() and len(far := progress.read_text("utf-8").split()) == 2:
                    watch(int(far[0]), int(far[1]))
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)  # the group that it leads: what it started ends with it
                child.wait()
        said.seek(0)
        return child.returncode, said.read()


def _environment(call_file: Path) -> dict[str, str]:
    """That of the machine, with nothing of the installation in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZHENGJI_", "PYTEST_"))}
    return {**kept, "ZHENGJI_CALL": str(call_file.resolve()), "ZHENGJI_TEST_DATABASE": "sqlite"}
