"""The features, run under each shipped call and under another one; ZHENGJI_CALL names one file to run them under."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_bdd import scenarios

from tests.make import CALLS
from tests.worlds import CALL_2021, Databases, World, world_under
from workflow.calls import shipped_calls

pytest_plugins = [
    f"features.steps.{name}"
    for name in (
        "people",
        "outcomes",
        "moments",
        "contents",
        "cases",
        "batches",
        "pushes",
        "bulk",
        "decisions",
        "objections",
        "worklists",
        "amending",
        "judging",
        "site",
        "proof",
        "stand_ins",
        "publicity",
        "call_standing",
    )
]
pytestmark = pytest.mark.database

_CHOSEN = os.environ.get("ZHENGJI_CALL")
_ON_BOTH = [CALL_2021, CALLS / "other-call.toml"]
_ON_SQLITE = [path for path in shipped_calls() if path not in _ON_BOTH]
"""What a call says differs from database to database no more than another's does, so two on PostgreSQL are enough."""
CALL_FILES = (
    [Path(_CHOSEN)]
    if _CHOSEN
    else _ON_BOTH + ([] if os.environ.get("ZHENGJI_TEST_DATABASE") == "postgresql" else _ON_SQLITE)
)


@pytest.fixture(autouse=True, params=CALL_FILES, ids=lambda path: path.stem)
def call_file(request: pytest.FixtureRequest) -> Path:
    """The call that a scenario is run under; what it does not ask for is left out (features/asked.py)."""
    path: Path = request.param
    return path


@pytest.fixture
def world(databases: Databases, call_file: Path, tmp_path: Path) -> Iterator[World]:
    """A world under that call."""
    with world_under(databases, call_file, tmp_path) as made:
        yield made


scenarios("objection", "case", "batch", "push", "judgement", "public")
