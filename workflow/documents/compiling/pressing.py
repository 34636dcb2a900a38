"""The child process in which a collection is made, seen from both sides of the wall.

It finds book.json and pictures in a folder, writes what it makes to a file that we opened for it, and answers one line of
JSON. What it reads was written by us or by the child that opens authors' files; it has no network, and bounds all the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rules.words import Text
from workflow.documents import limits
from workflow.documents.checker import LIBRARIES, ROOT
from workflow.documents.confinement import confine
from workflow.failure import Failure

_START = (
    "import sys, json; sys.path += json.loads(sys.argv[1]);"
    " from workflow.documents.compiling.pressing import answer; answer(json.loads(sys.argv[2]))"
)


def press(what: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Make "pdf" or "docx" of the book in a folder: the file, and what was said of it.

    Raises Failure when it takes too long or too much, or comes to nothing.
    """
    product = folder / f"made.{what}"
    with product.open("w+b") as made:
        task = {"what": what, "folder": str(folder), "out": made.fileno()}
        command = [sys.executable, "-I", "-S", "-c", _START, json.dumps([ROOT, *LIBRARIES]), json.dumps(task)]
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={"LANG": "C.UTF-8"},
            pass_fds=[made.fileno()],
            start_new_session=True,
        )
        try:
            heard, errors = child.communicate(timeout=limits.PRESS_SECONDS)
        except subprocess.TimeoutExpired:
            raise _failed("press_too_slow", f"{limits.PRESS_SECONDS} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if child.returncode != 0:
        raise _failed("press_died", errors.decode("utf-8", "replace")[-2000:])
    said: dict[str, Any] = json.loads(heard)
    return product, said


def _failed(code: str, said: str) -> Failure:
    why = Text(
        "排版没有完成。请减少案例件数后重试；仍不行的，请联系管理员。",
        "The book could not be made. Try with fewer cases; if that fails too, ask the administrator.",
    )
    return Failure(code, why, said, lasting=True)


def answer(task: Mapping[str, Any]) -> None:
    """In the child: put up the walls, make it, answer."""
    confine(
        cpu=limits.PRESS_SECONDS,
        memory=limits.PRESS_MEMORY,
        output=limits.PRESS_OUTPUT,
        processes=task["what"] == "pdf",  # typst works in threads
    )
    folder = Path(task["folder"])
    said: dict[str, Any]
    with os.fdopen(task["out"], "w+b") as out:
        if task["what"] == "pdf":
            from workflow.documents.compiling.typesetting import pdf

            made, lacking = pdf(folder)
            out.write(made)
            said = {"lacking": lacking}
        else:
            from workflow.documents.compiling.binding import word

            said = word(folder, out)
    sys.stdout.write(json.dumps(said))
    sys.stdout.flush()
    os._exit(0)
