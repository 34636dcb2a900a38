"""The child process in which files from outside are opened, seen from our side of the wall.

The file goes in on standard input. One line of JSON comes back, then as many bytes as it announces. A child that dies,
takes too long or answers anything else has refused the file. It inherits no variable of our environment.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from workflow.documents import limits

ROOT = str(Path(__file__).resolve().parents[2])
LIBRARIES = [one for one in sys.path if Path(one).name in ("site-packages", "dist-packages")]
"""Where a child finds our modules, and the libraries."""
_START = (
    "import sys, json; sys.path += json.loads(sys.argv[1]);"
    " from workflow.documents.inspection import answer; answer(json.loads(sys.argv[2]))"
)
_LINE = 1024 * 1024
"""Bytes of the answer's first line."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a check came to. `refused`: a code, "" for none; `values`: what its sentence names; `said`: the whole line."""

    refused: str
    values: Mapping[str, str | int]
    said: Mapping[str, Any]
    payload: bytes = b""


def ask(task: Mapping[str, Any], source: IO[bytes]) -> Answer:
    """Have a child carry out a task over an open file, which it reads from its beginning.

    `task["do"]` names it: see `workflow.documents.inspection`. Never raises over what the file holds.
    """
    source.seek(0)
    cpu = int(task.get("cpu", limits.CHECK_CPU))
    told = {**task, "cpu": cpu, "memory": limits.CHECK_MEMORY}
    command = [sys.executable, "-I", "-S", "-c", _START, json.dumps([ROOT, *LIBRARIES]), json.dumps(told)]
    child = subprocess.Popen(
        command,
        stdin=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"LANG": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        heard, late = _listen(child)
    finally:
        status = _end(child)
    if late or status == -signal.SIGXCPU:
        return _failed("checker_timed_out")
    if status != 0:
        _log.warning("a check of a file ended with status %s", status)
        return _failed("checker_died")
    return _understood(heard)


@contextlib.contextmanager
def held(data: bytes) -> Iterator[IO[bytes]]:
    """Bytes as an open file without a name, for `ask`."""
    with tempfile.TemporaryFile(prefix="zhengji-check-") as file:
        file.write(data)
        file.flush()
        yield file


@contextlib.contextmanager
def held_in_memory(data: bytes) -> Iterator[IO[bytes]]:
    """The same for what must not touch a disk, as a key: in memory alone where the system can (Linux)."""
    if not hasattr(os, "memfd_create"):
        with held(data) as source:
            yield source
        return
    with os.fdopen(os.memfd_create("zhengji"), "w+b") as file:
        file.write(data)
        file.flush()
        yield file


def _failed(code: str) -> Answer:
    return Answer(code, {}, {})


def _listen(child: subprocess.Popen[bytes]) -> tuple[bytes, bool]:
    """What the child says until it closes its mouth; whether time or patience ran out before that."""
    assert child.stdout is not None
    until = time.monotonic() + limits.CHECK_SECONDS
    heard = bytearray()
    with child.stdout as pipe, selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0:
            if not selector.select(left):
                break
            more = os.read(pipe.fileno(), 1024 * 1024)
            if not more:
                return bytes(heard), False
            heard += more
            if len(heard) > limits.CHECK_ANSWER + _LINE:
                break
    return b"", True


def _end(child: subprocess.Popen[bytes]) -> int:
    """End the child with whatever it started; its status as `subprocess` counts."""
    if child.returncode is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(1)  # one that has answered is on its way out
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


def _understood(heard: bytes) -> Answer:
    """The answer, when it is one: it comes from a process that has read a hostile file, so nothing of it is believed."""
    line, found, payload = heard.partition(b"\n")
    try:
        said = json.loads(line) if found and len(line) <= _LINE else None
        if not isinstance(said, dict) or said.get("payload", 0) != len(payload):
            raise ValueError(said)
        refused, values = said.get("refused", ""), said.get("values", {})
        if not isinstance(refused, str) or not isinstance(values, dict):
            raise ValueError(said)
    except (ValueError, RecursionError):
        return _failed("checker_garbled")
    named = {name: one if isinstance(one, int) else _plain(str(one)) for name, one in values.items()}
    return Answer(refused, named, said, payload)


def _plain(words: str) -> str:
    """Words out of a file, fit to stand in a sentence."""
    return "".join(one if one.isprintable() else " " for one in words[:120])
