"""The version before this one, as the repository has it: the last whose tables lacked the newest step of the migration."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from tests.faults.site import ROOT
from workflow.store.migrations import Kind
from workflow.store.steps import steps

_STEPS = "workflow/store/migrations/versions"
_PROGRAM = ("rules", "states", "workflow", "web")


def version_before() -> tuple[str, int]:
    """Its commit, and how many steps it knows. Raises LookupError where the repository does not reach back so far, or where
    a step since then takes something away, so that it may not serve."""
    today = sorted(one.name for one in (ROOT / _STEPS).glob("v*.py"))
    touched = _git("log", "--format=%H", "-30", "--", _STEPS).decode().split()
    for commit in ("HEAD", *(f"{one}^" for one in touched)):
        known = _known(commit)
        if len(known) < len(today) and known == today[: len(known)]:
            if any(one.kind is Kind.CONTRACT for one in steps()[len(known) :]):
                raise LookupError("it may not serve beside a contraction")
            return commit, len(known)
    raise LookupError("the repository does not hold it")


def laid_out(commit: str, folder: Path) -> Path:
    """The program of a commit, in a folder."""
    with tarfile.open(fileobj=io.BytesIO(_git("archive", commit, *_PROGRAM))) as program:
        program.extractall(folder, filter="data")
    return folder


def _known(commit: str) -> list[str]:
    listed = _git("ls-tree", "--name-only", f"{commit}:{_STEPS}").decode().split()
    return sorted(one for one in listed if one.startswith("v"))


def _git(*words: str) -> bytes:
    """What git says. Raises LookupError where there is no repository, or it is without that commit."""
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as problem:
        raise LookupError(str(problem)) from problem
