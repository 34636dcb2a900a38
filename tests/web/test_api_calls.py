"""What a call asks, as programs read it: whatever a call's file can say is as the OpenAPI document declares it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import validator_for

from tests.make import CALLS
from tests.web.conftest import As
from tests.web.programs import Asks
from tests.worlds import World
from web.api.calls import _asked
from web.api.shapes import SHAPES
from workflow.calls import read_call, shipped_calls
from workflow.calls.schema import EXAMPLE

FILES = [*shipped_calls(), *sorted(CALLS.glob("*.toml")), EXAMPLE]


@pytest.mark.once
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_every_call_asks_is_as_declared(path: Path) -> None:
    told = _asked(read_call(path))
    of_call: dict[str, Any] = SHAPES["Call"]["properties"]
    declared = {
        "type": "object",
        "properties": {name: of_call[name] for name in told},
        "components": {"schemas": SHAPES},
    }
    assert [one.message for one in validator_for(declared).iter_errors(told)] == []


@pytest.mark.once
def test_what_makes_a_call_differ_is_told() -> None:
    told = {path.stem: _asked(read_call(path)) for path in FILES}
    assert told["example-2024"]["route"]["recommended_by"]["value"] == "ministry"
    assert told["example-2024"]["public_notice"]["days"] > 0
    assert [(one["per"]["value"], one["maximum"]) for one in told["example-2022"]["quotas"]] == [("office", 5)]
    assert [told[name]["judging"]["blind"] for name in told if told[name]["judging"]].count(True) > 0


@pytest.mark.database
def test_days_asked_for_are_told_on_the_calls_page_and_to_programs(program: Asks, sign_in: As, world: World) -> None:
    day = world.phase.closes

    def asking(call: Any) -> None:
        call["phases"][0]["asks_for"] = {"centre": day - timedelta(days=5), "office": day - timedelta(days=2)}

    before = program("author").get(f"/calls/{world.call.number}").json["phases"][0]
    world.amend(asking)
    after, later = program("author").get(f"/calls/{world.call.number}").json["phases"][:2]
    page = sign_in("author").get(f"/calls/{world.call.number}").get_data(as_text=True)
    told = [(one["asks_centres_by"], one["asks_offices_by"]) for one in (before, after, later)]
    assert told == [(None, None), ("2021-03-21T16:00:00Z", "2021-03-24T16:00:00Z"), (None, None)]
    assert (page.count("希望在 2021年3月21日"), page.count("希望在 2021年3月24日")) == (1, 1)


@pytest.mark.database
def test_one_call_is_answered_with_its_route(program: Asks, world: World) -> None:
    answer = program("author").get(f"/calls/{world.call.number}")
    assert answer.json["route"]["recommended_by"]["value"] == str(world.call.route.recommended_by)
    assert answer.json["sign_offs"]["publication"] == world.call.sign_offs
