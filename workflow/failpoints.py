"""Named places in the work at which a test has the program killed, stopped or failing.

In service nothing is armed and a place costs one look at an empty table. ZHENGJI_FAILPOINTS arms places of a whole
process: `NAME=kill;NAME=raise@3;NAME=hold:FOLDER`, the n-th time that it is reached (the first, where no number
stands). Such a process starts only with ZHENGJI_TESTING set as well, so that no installation is armed by mistake.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

Strike = Callable[[], None]


class Struck(Exception):
    """What an armed place raises."""


class NotTesting(RuntimeError):
    """Places are armed outside tests."""


_armed: dict[str, Strike] = {}


def reached(name: str) -> None:
    """The work has come to this place."""
    if _armed and name in _armed:
        _armed[name]()


@contextmanager
def armed(name: str, strike: Strike, *, at: int = 1) -> Iterator[None]:
    """In this process, `strike` is called the `at`-th time that the place is reached, and only then; 0: every time."""
    _armed[name] = _once(strike, at) if at else strike
    try:
        yield
    finally:
        del _armed[name]


def fail() -> None:
    """Raise Struck."""
    raise Struck


def kill() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(words: str) -> None:
    """Arm the places that the words name, for the rest of this process. Raises ValueError for what is none."""
    for one in filter(None, words.split(";")):
        name, _, what = one.partition("=")
        kind, _, number = what.partition("@")
        _armed[name] = _once(_strike(kind), int(number or 1))


def _strike(kind: str) -> Strike:
    if kind.startswith("hold:"):
        return lambda: _hold(Path(kind.removeprefix("hold:")))
    return {"kill": kill, "raise": fail}[kind]


def _hold(folder: Path) -> None:
    """Tell through the pipe `told` in a folder that the place is reached, and go on when `go` says so."""
    (folder / "told").write_text("reached\n")
    (folder / "go").read_text()


def _once(strike: Strike, at: int) -> Strike:
    times, lock = [0], Lock()

    def struck() -> None:
        with lock:
            times[0] += 1
            now = times[0] == at
        if now:
            strike()

    return struck


def _from(environ: Mapping[str, str]) -> None:
    words = environ.get("ZHENGJI_FAILPOINTS", "")
    if words and not environ.get("ZHENGJI_TESTING"):
        raise NotTesting("ZHENGJI_FAILPOINTS is for tests only: ZHENGJI_TESTING is not set")
    arm(words)


_from(os.environ)
