"""What is out of reach answers like what is not there, whatever way it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from states.case import CaseState
from tests.web.conftest import As
from tests.web.programs import Asks
from tests.worlds import World

pytestmark = pytest.mark.once

NOBODYS = 987_654
"""A number that nothing has."""
THINGS = (
    "case_id",
    "batch_id",
    "push_id",
    "uid",
    "judged",
    "judgement_id",
    "objection_id",
    "arrival_id",
    "collection_id",
)
ASKING: tuple[dict[str, str], ...] = (
    {},
    {"If-None-Match": "*"},
    {"If-None-Match": '"x"', "If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"},
    {"If-Match": "*"},
    {"Range": "bytes=0-9"},
    {"X-HTTP-Method-Override": "POST", "X-Original-URL": "/", "X-Rewrite-URL": "/"},
    {"Accept": "application/json", "HX-Request": "true"},
)
_OWN = re.compile(r'(name="(?:csrf_token|form_key)" value="|"request": ?")[^"]*')


def told(answer: TestResponse, number: int) -> tuple[int, list[tuple[str, str]], str]:
    """All that an answer tells, but for the number that was asked for and what each answer has of its own."""

    def without(said: str) -> str:
        return re.sub(rf"/{number}(?!\d)", "/N", _OWN.sub(r"\1", said))

    headers = [
        (name, without(value))
        for name, value in answer.headers
        if name not in ("X-Request-Id", "Content-Length", "Set-Cookie")
    ]
    return answer.status_code, headers, without(answer.get_data(as_text=True))


def addresses(app: Flask, numbers: dict[str, int], method: str) -> Iterator[tuple[str, str, int]]:
    """Each address of a thing that there is, and the same with the number of nothing."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        name = next((one for one in THINGS if one in rule.arguments), None)
        if name is None or name not in numbers or method not in (rule.methods or ()):
            continue
        rest = {
            one: 4321 if "int" in str(rule._converters[one]).lower() else "review" for one in rule.arguments - {name}
        }
        rest |= {one: "docx" for one in rest if one in ("kind", "what")}
        try:
            there = adapter.build(rule.endpoint, {**rest, name: numbers[name]}, method=method)
        except Exception:
            continue
        yield there, adapter.build(rule.endpoint, {**rest, name: NOBODYS}, method=method), numbers[name]


@pytest.mark.parametrize("login", ["neighbour_author", "neighbour_leader", "judge", "administrator"])
def test_what_is_out_of_reach_is_as_if_it_were_not_there(
    login: str, app: Flask, sign_in: As, program: Asks, world: World
):
    case = world.case(CaseState.WIPO_PUSHED)
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    event = world.events(case, "case.stamp")[0].uid
    numbers = {"case_id": case, "judged": case, "batch_id": batch, "push_id": world.newest_push(case), "uid": event}
    app.config["WTF_CSRF_ENABLED"] = False
    client, asking = sign_in(login), program(login)
    differ = []
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        for there, nowhere, number in addresses(app, numbers, method):
            for headers in ASKING if method == "GET" else ASKING[:1]:
                if there.startswith("/api/v1/"):
                    said = [asked(asking, method, url, headers) for url in (there, nowhere)]
                else:
                    said = [client.open(url, method=method, headers=headers) for url in (there, nowhere)]
                one, other = told(said[0], number), told(said[1], NOBODYS)
                if one != other:
                    lines = set(one[2].splitlines()) ^ set(other[2].splitlines())
                    differ.append((method, there, headers, one[0], other[0], sorted(lines)[:2]))
    assert "\n".join(map(str, differ)) == ""


def asked(asking: Any, method: str, url: str, headers: dict[str, str]) -> TestResponse:
    sent = {**asking._sent(**{"Idempotency-Key": "one-key-of-many", "Zhengji-Proof": asking.proof}), **headers}
    answer: TestResponse = asking.client.open(url, method=method, headers=sent, json={} if method == "POST" else None)
    return answer


def test_many_at_once_tell_of_hidden_cases_no_more_than_of_none(program: Asks, world: World):
    own, hidden = world.case(CaseState.CENTRE_STAMPED, centre="neighbour"), world.case(CaseState.CENTRE_STAMPED)
    asking = program("neighbour_reviewer")
    said = []
    for number in (hidden, NOBODYS):
        chosen = {"cases": [{"id": one, "mark": "1.1"} for one in (own, number)], "whole": True}
        rehearsed = asking.post("/bulk/review/rehearsal", {"cases": chosen["cases"]}).get_json()
        taken = asking.post("/bulk/review", chosen).get_json()
        said.append((rehearsed, taken["act"]["missing"], [line["case"] for line in taken["act"]["lines"]]))
    assert (said[0], said[0][1:]) == (said[1], (1, [own]))
