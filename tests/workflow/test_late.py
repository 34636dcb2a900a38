"""Modules that wait until something in them is asked for."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from workflow import late

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[2]


@pytest.fixture
def module(tmp_path: Path) -> Iterator[tuple[ModuleType, Path]]:
    """A module that waits, and its file."""
    file = tmp_path / "waiting_here.py"
    file.write_text("import threading\nRUNS = []\nRUNS.append(threading.get_ident())\nWORD = '案例'\n")
    loader = SourceFileLoader("waiting_here", str(file))
    spec = spec_from_file_location("waiting_here", file, loader=late.Later(loader))
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    sys.modules["waiting_here"] = made
    yield made, file
    del sys.modules["waiting_here"]


def test_a_module_is_run_when_something_in_it_is_asked_for(module: tuple[ModuleType, Path]) -> None:
    waiting, file = module
    assert waiting.__file__ == str(file)
    assert type(waiting) is not ModuleType
    assert waiting.WORD == "案例"
    assert type(waiting) is ModuleType


def test_many_threads_run_a_module_once_and_see_all_of_it(module: tuple[ModuleType, Path]) -> None:
    waiting, file = module
    file.write_text("import time\n" + file.read_text().replace("WORD", "time.sleep(0.05)\nWORD"))
    ready, seen = threading.Barrier(8), []

    def ask() -> None:
        ready.wait()
        seen.append((waiting.WORD, len(waiting.RUNS)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert seen == [("案例", 1)] * 8


def test_a_module_that_cannot_be_run_says_so_each_time(module: tuple[ModuleType, Path]) -> None:
    waiting, file = module
    file.write_text("raise RuntimeError('no such table')\n")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no such table"):
            waiting.WORD  # noqa: B018
    file.write_text("WORD = '修好了'\n")
    assert waiting.WORD == "修好了"


def test_a_web_process_runs_no_part_of_workflow_before_its_screens_are_asked_for() -> None:
    """What `web` imports by name is run with it: the bench's bound of its import hangs on this."""
    code = """
import sys
import web.app
from types import ModuleType
print(*sorted(name for name, one in sys.modules.items() if name.startswith("workflow.") and type(one) is ModuleType))
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert set(run.stdout.split()) <= AT_START


AT_START = {
    "workflow.audit",
    "workflow.audit.canonical",
    "workflow.finding.bigrams",
    "workflow.calls",
    "workflow.calls.loader",
    "workflow.calls.tables",
    "workflow.calls.written",
    "workflow.clock",
    "workflow.content",
    "workflow.documents",
    "workflow.documents.kinds",
    "workflow.documents.limits",
    "workflow.documents.problems",
    "workflow.engine",
    "workflow.failpoints",
    "workflow.interchange",
    "workflow.operation",
    "workflow.finding",
    "workflow.incoming",
    "workflow.wipo",
    "workflow.publishing",
    "workflow.objecting",
    "workflow.selection",
    "workflow.identity",
    "workflow.jobs",
    "workflow.late",
    "workflow.personal",
    "workflow.proof",
    "workflow.finding.queries",
    "workflow.identity.scopes",
    "workflow.identity.secret_key",
    "workflow.settings",
    "workflow.store",
    "workflow.store.database",
    "workflow.store.files",
    "workflow.store.guard",
    "workflow.store.trouble",
    "workflow.identity.throttle",
}
"""What every page needs, and what screens need to say which addresses they have."""
