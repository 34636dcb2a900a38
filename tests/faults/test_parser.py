"""The child that reads files hangs, or dies: the request is answered with a sentence, and no child is left behind."""

from __future__ import annotations

import html
import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.faults.test_answers import SCAN, case, sealer, world  # noqa: F401
from tests.faults.waiting import until
from tests.web.conftest import hidden
from tests.worlds import World
from workflow.documents import checker, limits
from workflow.documents.refusals import said

HANGS = """
import os, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], stdout=subprocess.DEVNULL)
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

    def send() -> tuple[int, str]:
        with SCAN.open("rb") as file:
            data = {**fields, "scan": (file, SCAN.name)}
            answer = sealer.post(address, data=data, content_type="multipart/form-data")
            return answer.status_code, answer.get_data(as_text=True)

    with monkeypatch.context() as bad:
        bad.setattr(checker, "_START", HANGS.format(told=str(told), before=before))
        bad.setattr(limits, "CHECK_SECONDS", 5)
        status, shown = send()
    assert (status, said(code, {"name": SCAN.name}).zh in html.unescape(shown)) == (422, True)
    assert world.events(case)[-1].outcome == "refused"
    pids = [int(one) for one in told.read_text().split()]
    until(lambda: not any(there(pid) for pid in pids))
    assert os.getpid() not in pids
    assert send()[0] == 200
