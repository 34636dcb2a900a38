"""Case documents read, against python-docx merely opening them, in a process that does nothing else."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from docx import Document

from tests.make import call_2021
from workflow.documents.reading import read_vetted

SAMPLES = Path(__file__).parents[1] / "samples"
_TURNS = 41

Ratio = Callable[[float, float, str, str], dict[str, Any]]


def measured(ratio: Ratio) -> dict[str, Any]:
    """Times as long as opening, without the check beforehand and the start of the process."""
    made = subprocess.run([sys.executable, "-m", __name__], check=True, capture_output=True, text=True).stdout
    value, ours, files = json.loads(made)
    return {"reading_vs_opening": ratio(value, 2.0, "max", f"{files} case documents, {ours * 1000:.0f} ms")}


def _both() -> tuple[float, float, int]:
    """The ratio, seconds of all files read once, and how many they are."""
    papers = [one.read_bytes() for one in sorted(SAMPLES.glob("案例*.docx"))]
    call = call_2021()

    def ours() -> None:
        for data in papers:
            read_vetted(data, "案例.docx", "docx", call)

    def opened() -> None:
        for data in papers:
            Document(io.BytesIO(data))

    ours(), opened()
    pairs = [(_seconds(ours), _seconds(opened)) for _ in range(_TURNS)]
    return median(one / other for one, other in pairs), min(one for one, _ in pairs), len(papers)


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps(_both()))
