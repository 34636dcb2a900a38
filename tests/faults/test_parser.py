"""The child that reads files hangs, or dies: the request is answered with a sentence, and no child is left behind."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.faults.test_answers import SCAN, case, sealer, world  # noqa: F401
from tests.faults.waiting import until
from tests.web.conftest import hidden
from tests.worlds import World
from workflow.documents import checker, limits

HANGS = """
import os, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
with open({told!r}, "w") as file:
    file.write(f"{{os.getpid()}} {{child.pid}}")
{before}
signal.pause()
"""


def there(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ("", "checker_timed_out"),
        ("os.close(1)", "checker_died"),  # says nothing, and stays
        ('os.write(1, b\'{"refused": "", "payload": 100}\\n\')', "checker_timed_out"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "checker_died"),
    ],
)
def test_a_child_that_hangs_or_dies_is_ended_and_the_file_refused(
    before: str,
    code: str,
    world: World,  # noqa: F811
    sealer: FlaskClient,  # noqa: F811
    case: int,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = tmp_path / "pids"
    address = f"/cases/{case}/seal"
    fields = hidden(sealer.get(address).get_data(as_text=True), address)

    def send() -> int:
        with SCAN.open("rb") as file:
            data = {**fields, "scan": (file, SCAN.name)}
            return sealer.post(address, data=data, content_type="multipart/form-data").status_code

    with monkeypatch.context() as bad:
        bad.setattr(checker, "_START", HANGS.format(told=str(told), before=before))
        bad.setattr(limits, "CHECK_SECONDS", 2)
        assert send() == 422
    assert [json.loads(one.body)["code"] for one in world.events(case, "document.reject")] == [code]
    pids = [int(one) for one in told.read_text().split()]
    until(lambda: not any(there(pid) for pid in pids))
    assert os.getpid() not in pids
    assert send() == 200
