"""A call as a whole through the API: closed and archived, and its running cases moved to another version."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from states.case import CaseState
from tests.web.programs import Asks, made
from tests.worlds import World
from workflow.settings import Settings
from workflow.store.calls import call_of

pytestmark = pytest.mark.database

CALL = "/calls/2021-205"
MOVE = f"{CALL}/migration"
WEEK = timedelta(days=7)


def version(world: World, case: int) -> int:
    with world.database.reading() as session:
        return call_of(session, world.row(case).call_version_id).version


def chosen(world: World, *cases: int) -> list[dict[str, Any]]:
    return [{"id": one, "mark": world.row(one).mark} for one in cases]


def test_the_director_sees_what_would_change_and_moves_all(program: Asks, world: World) -> None:
    stamped, submitted = world.case(CaseState.CENTRE_STAMPED), world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(WEEK)
    director = program("director")
    told = director.get(MOVE).get_json()
    assert (told["version"], told["movable"], [one["id"] for one in told["cases"]]) == (2, 2, [submitted])
    assert (told["unseen"][0]["office"]["name"], told["unseen"][0]["verdicts"][0]["cases"]) == ("示例省知识产权局", 1)
    assert world.row(stamped).title not in director.get(MOVE).get_data(as_text=True)  # by number alone
    [difference] = told["differences"][0]["changes"]
    assert (difference["place"], "4" in difference["zh"]) == ("phases[first].closes", True)
    answer = director.post(MOVE, {}, key="move-1")
    assert (answer.status_code, answer.json["moved"], answer.json["batches"]) == (200, 2, 1)
    assert [version(world, one) for one in (stamped, submitted)] == [2, 2]
    again = director.post(MOVE, {}, key="move-1")
    assert (again.json, again.headers["Idempotency-Replayed"]) == (answer.json, "true")
    assert len(world.events(submitted, "case.migrate")) == 1


def test_only_what_was_chosen_moves_and_what_changed_meanwhile_is_told(program: Asks, world: World) -> None:
    first, second, third = (world.case(CaseState.SUBMITTED) for _ in range(3))
    world.extend_by_amendment(WEEK)
    wanted = chosen(world, first, second)
    world.act(second, "shortlist")
    director = program("director")
    answer = director.post(MOVE, {"cases": wanted})
    assert [version(world, one) for one in (first, second, third)] == [2, 1, 1]
    assert answer.json["numbers"] == [world.row(first).number]
    [left] = answer.json["refused"]
    assert (left["number"], "先办理" in left["why"]["zh"]) == (world.row(second).number, True)
    alone = director.post(MOVE, {"cases": wanted[1:]})
    assert (alone.status_code, alone.json["migrated"]["refused"]) == (422, answer.json["refused"])


def test_going_back_asks_for_a_reason(program: Asks, world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(WEEK)
    director = program("director")
    director.post(MOVE, {})
    assert director.post(MOVE, {"to": 1}).status_code == 422
    assert director.post(MOVE, {"to": 1, "remark": "延期有误"}).status_code == 200
    assert version(world, case) == 1


def test_a_call_is_closed_archived_and_taken_out_again(program: Asks, world: World) -> None:
    world.case(CaseState.DRAFT)
    director, standing = program("director"), f"{CALL}/standing"
    told = director.get(standing).get_json()
    assert (told["state"]["value"], told["open_cases"][0]["cases"]) == ("open", 1)
    assert [(one["step"]["name"], one["ready"]) for one in told["offers"]] == [("close", True)]
    answer = director.post(f"{standing}/close", {"mark": told["mark"]})
    assert (answer.status_code, answer.json["to"]) == (200, "closed")
    assert director.post(f"{standing}/archive", {"mark": told["mark"]}).status_code == 409  # seen before it was closed
    refused = director.post(f"{standing}/reopen", {})
    assert (refused.status_code, refused.json["findings"][0]["rule"]) == (422, "reason_given")
    assert director.post(f"{standing}/archive", {}).json["to"] == "archived"
    assert director.post(f"{standing}/unarchive", {"remark": "更正"}).json["to"] == "closed"


def test_it_is_the_directors_and_asks_for_scope_and_proof(program: Asks, world: World, settings: Settings) -> None:
    desk, author, director = program("desk"), program("author"), program("director")
    assert [one.get(f"{CALL}/standing").status_code for one in (desk, author)] == [200, 404]
    assert [one.get(MOVE).status_code for one in (desk, author)] == [200, 404]
    assert [one.post(f"{CALL}/standing/close", {}).status_code for one in (desk, author)] == [403, 404]
    assert [one.post(MOVE, {}).status_code for one in (desk, author)] == [403, 404]
    director.proof = ""
    answer = director.post(MOVE, {})
    assert (answer.status_code, answer.json["type"]) == (403, "/api#proof-needed")
    director.token = made(world, settings, "director", ["read"])
    answer = director.post(f"{CALL}/standing/close", {})
    assert (answer.status_code, answer.json["type"]) == (403, "/api#scope-missing")
