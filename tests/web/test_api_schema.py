"""The API against its own OpenAPI document: whatever is sent, as declared or not, no answer breaks and each is as declared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings, strategies
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from states.batch import BATCH
from states.call import CALL
from states.case import CASE, CaseState
from tests.web.programs import Asks
from tests.worlds import World
from web import receipts
from web.api import calls as api_calls
from web.api.gate import OPERATIONS

pytestmark = pytest.mark.once

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 8
"""Requests for each operation and mode. The same ones every time."""


@pytest.fixture(autouse=True)
def _as_often_as_one_likes(app: Flask) -> Iterator[None]:
    """Once the application is there: a limiter that is off when it is made has nothing to count with."""
    receipts.limiter.enabled = False
    yield
    receipts.limiter.enabled = True


def places(world: World) -> dict[str, list[Any]]:
    """What stands in addresses, of what there is and of what there is not."""
    cases = [world.case(one) for one in CaseState]
    reviewed = world.case(CaseState.PROVINCE_REVIEWED)
    batches = [world.batch(), world.batch([reviewed])]
    steps = [one.name for one in (*CASE.transitions, *BATCH.transitions)]
    return {
        "case_id": [*cases, reviewed, 0, 2**63 - 1],
        "batch_id": [*batches, 0],
        "bulk_id": [1, 2, 0],
        "job_id": [1, 0],
        "revision": [1, 2, 0],
        "number": [world.call.number, "x"],
        "trigger": [*steps, "x"],
    }


@pytest.mark.parametrize("mode", GenerationMode, ids=str)
@pytest.mark.parametrize("login", ["author_and_sealer", "reviewer_and_leader", "desk_and_editor", "auditor"])
def test_every_answer_is_as_declared(login: str, mode: GenerationMode, program: Asks, app: Flask, world: World):
    known, one = places(world), program(login)
    headers = {"Authorization": f"Bearer {one.token}", "Zhengji-Proof": one.proof}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    came = {one.ok().label: ask(one.ok(), mode, known, headers) for one in schema.get_all_operations()}
    assert len(came) == len(OPERATIONS)
    if mode is GenerationMode.POSITIVE:  # what is sent as it should be is served, wherever it is this person's at all
        served = {label for label, statuses in came.items() if 200 in statuses}
        assert len(served) >= 10, came


@pytest.mark.parametrize("mode", GenerationMode, ids=str)
def test_every_answer_about_a_call_as_a_whole_is_as_declared(
    mode: GenerationMode, program: Asks, app: Flask, world: World
):
    """By the director, with cases to be moved; the call's own steps in an order that leads through all of them."""
    one = program("director")
    for _ in range(3):
        world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(timedelta(days=7))
    headers = {"Authorization": f"Bearer {one.token}", "Zhengji-Proof": one.proof}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    known = {"number": [world.call.number], "trigger": [*(each.name for each in CALL.transitions), "x"]}
    served = set()
    for path, method in (
        ("migration", "GET"),
        ("migration", "POST"),
        ("standing", "GET"),
        ("standing/{trigger}", "POST"),
    ):
        statuses = ask(schema[f"/api/v1/calls/{{number}}/{path}"][method], mode, known, headers)
        served |= {(path, method)} if 200 in statuses else set()
    assert mode is GenerationMode.NEGATIVE or len(served) == 4


def test_an_answer_that_is_not_as_declared_is_noticed(
    program: Asks, app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(api_calls, "moment", lambda at: None)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    headers = {"Authorization": f"Bearer {program('author').token}"}
    call = schema["/api/v1/calls/{number}"]["GET"]
    with pytest.raises(FailureGroup):
        ask(call, GenerationMode.POSITIVE, {"number": [world.call.number]}, headers)


def ask(
    operation: APIOperation, mode: GenerationMode, known: dict[str, list[Any]], headers: dict[str, str]
) -> set[int]:
    """Send what the document has of an operation, at addresses of what there is; gives the statuses that came."""
    made = operation.as_strategy(generation_mode=mode)
    statuses: set[int] = set()
    there = strategies.fixed_dictionaries({name: strategies.sampled_from(values) for name, values in known.items()})

    @settings(max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=HealthCheck)
    @given(case=made, chosen=there)
    def go(case: Any, chosen: dict[str, Any]) -> None:
        case.path_parameters = {name: chosen[name] for name in case.path_parameters or {}}
        statuses.add(case.call_and_validate(headers=headers, checks=CHECKS).status_code)

    go()
    return statuses
