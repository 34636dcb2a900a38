"""The trail in XES and OCEL: shaped as the standards want it, and read back it is the trail that somebody reads."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import validator_for
from lxml import etree
from sqlalchemy import update

from states.case import CaseState
from tests.worlds import World
from workflow.audit import search
from workflow.audit.search import Entry, Filters
from workflow.interchange import taking
from workflow.store.models import Case

pytestmark = pytest.mark.database

XES = etree.RelaxNG(etree.parse(str(Path(__file__).with_name("xes.rng"))))
OCEL = validator_for(json.loads(Path(__file__).with_name("ocel.schema.json").read_text("utf-8")), validate_formats=True)
SMALL = {
    "eventTypes": [{"name": "case.stamp", "attributes": [{"name": "what", "type": "string"}]}],
    "objectTypes": [{"name": "case", "attributes": [{"name": "state", "type": "string"}]}],
    "events": [
        {
            "id": "case/1#1",
            "type": "case.stamp",
            "time": "2021-03-19T04:00:00Z",
            "attributes": [{"name": "what", "value": "盖章"}],
            "relationships": [{"objectId": "case/1", "qualifier": "about"}],
        }
    ],
    "objects": [
        {
            "id": "case/1",
            "type": "case",
            "attributes": [{"name": "state", "value": "draft", "time": "1970-01-01T00:00:00Z"}],
            "relationships": [],
        }
    ],
}
"""The smallest log with a part of each kind."""
READERS = ("author", "reviewer", "neighbour_leader", "desk", "auditor", "judge")


@pytest.fixture
def lived(world: World) -> World:
    """One case pushed abroad, one passed over, one refused, one next door, one draft; a telephone number in a reason."""
    world.case(CaseState.WIPO_PUSHED)
    world.case(CaseState.NOT_SELECTED)
    world.act(world.draft(), "stamp")
    world.act(world.case(CaseState.CENTRE_STAMPED), "return_to_centre", remark="请致电 13912345678")
    world.case(CaseState.CENTRE_STAMPED, centre="neighbour")
    world.draft()
    return world


def taken(world: World, form: str, login: str, most: int | None = None, **narrowed: str) -> bytes:
    out = io.BytesIO()
    with world.database.reading() as session:
        actor = world.people[login]
        taking.write(session, form, out, Filters(**narrowed), narrowed, actor=actor, at=world.at, most=most)  # type: ignore[arg-type]
    return out.getvalue()


def entries(world: World, login: str, limit: int = 5000) -> list[Entry]:
    with world.database.reading() as session:
        found = search.page(session, world.people[login], Filters(), limit=limit).entries
        return sorted(found, key=lambda one: one.uid)


def attributes(element: etree._Element) -> dict[str, str]:
    return {one.get("key", ""): one.get("value", "") for one in element if one.get("key")}


# ---- XES -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", READERS)
def test_xes_read_back_gives_the_entries_that_one_reads(lived: World, login: str) -> None:
    root = etree.fromstring(taken(lived, "xes", login))
    read = {
        one["concept:instance"]: (
            one["concept:name"],
            datetime.fromisoformat(one["time:timestamp"]),
            one["org:resource"],
            one["outcome"],
            one.get("from_state", ""),
            one.get("to_state", ""),
            one.get("remark", ""),
            one["hash"],
        )
        for one in map(attributes, root.iter("event"))
    }
    assert read == {
        one.number: (one.action, one.at, one.who, str(one.outcome), one.from_state, one.to_state, one.remark, one.hash)
        for one in entries(lived, login)
    }


@pytest.mark.parametrize("login", READERS)
def test_xes_is_shaped_as_the_standard_says(lived: World, login: str) -> None:
    root = etree.fromstring(taken(lived, "xes", login))
    XES.assertValid(root)
    declared = {one.get("prefix") for one in root.iter("extension")}
    keys = {one.get("key", "") for one in root.iter() if one.get("key")}
    assert {key.partition(":")[0] for key in keys if ":" in key} <= declared
    everywhere = {one.get("key") for one in root.findall("global[@scope='event']/*")}
    for event in root.iter("event"):
        mine = [one.get("key") for one in event]
        assert everywhere <= set(mine)
        assert len(mine) == len(set(mine))
    [classifier] = root.iter("classifier")
    assert set(classifier.get("keys", "").split()) <= everywhere


def test_the_shape_is_refused_where_it_is_wrong(lived: World) -> None:
    root = etree.fromstring(taken(lived, "xes", "auditor"))
    next(root.iter("date")).set("value", "yesterday")
    assert not XES.validate(root)


def test_there_is_one_trace_for_each_case_and_its_events_stand_in_order(lived: World) -> None:
    root = etree.fromstring(taken(lived, "xes", "auditor"))
    names = [attributes(trace)["concept:name"] for trace in root.iter("trace")]
    assert len(names) == len(set(names))
    with lived.database.reading() as session:
        assert {case.number for case in session.query(Case)} <= set(names)
    for trace in root.iter("trace"):
        times = [attributes(event)["time:timestamp"] for event in trace.iter("event")]
        assert times == sorted(times)


def test_the_newest_so_many_are_taken(lived: World) -> None:
    newest = sorted(one.number for one in entries(lived, "auditor")[-7:])
    root = etree.fromstring(taken(lived, "xes", "auditor", most=7))
    assert sorted(attributes(one)["concept:instance"] for one in root.iter("event")) == newest


def test_what_it_is_narrowed_to_is_all_that_is_in_it_and_is_said(lived: World) -> None:
    number = entries(lived, "desk")[0].case.number  # type: ignore[union-attr]
    root = etree.fromstring(taken(lived, "xes", "desk", number=number))
    assert [attributes(trace)["concept:name"] for trace in root.iter("trace")] == [number]
    assert attributes(root)["filter"] == f"number={number}"


@pytest.mark.parametrize("form", taking.FORMATS)
def test_personal_data_is_masked_as_on_the_trail(lived: World, form: str) -> None:
    for login in READERS:
        assert b"13912345678" not in taken(lived, form, login)
    assert b"139****5678" in taken(lived, form, "reviewer")


@pytest.mark.parametrize("form", taking.FORMATS)
def test_it_goes_on_record_with_its_rows_and_its_form(lived: World, form: str) -> None:
    with lived.database.transaction() as session:
        taking.record(session, form, 12, {"number": "EX"}, actor=lived.people["desk"], at=lived.at)
    newest = entries(lived, "auditor")[-1]
    assert (newest.action, newest.who) == ("export.take", "杨理")
    assert newest.detail is not None
    assert newest.detail.zh == f"留痕清单，12 条，as={form}，number=EX"


# ---- OCEL ------------------------------------------------------------------------------------------------------------


def ocel(world: World, login: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(taken(world, "ocel", login))
    return read


@pytest.mark.parametrize("login", READERS)
def test_ocel_read_back_gives_the_entries_that_one_reads(lived: World, login: str) -> None:
    read = {
        one["id"]: (
            one["type"],
            datetime.fromisoformat(one["time"]),
            {a["name"]: a["value"] for a in one["attributes"]}["hash"],
        )
        for one in ocel(lived, login)["events"]
    }
    assert read == {one.number: (one.action, one.at, one.hash) for one in entries(lived, login)}


@pytest.mark.parametrize("login", READERS)
def test_ocel_is_shaped_as_the_standard_says(lived: World, login: str) -> None:
    """Beyond the shape: names are declared, ids are unique and resolve, attributes are of their type."""
    log = ocel(lived, login)
    assert [one.message for one in OCEL.iter_errors(log)] == []
    for things, types in (("events", "eventTypes"), ("objects", "objectTypes")):
        declared = {one["name"]: {a["name"]: a["type"] for a in one["attributes"]} for one in log[types]}
        assert set(declared) == {one["type"] for one in log[things]}
        ids = [one["id"] for one in log[things]]
        assert len(ids) == len(set(ids))
        for one in log[things]:
            for attribute in one["attributes"]:
                assert declared[one["type"]][attribute["name"]] == "string"
                assert isinstance(attribute["value"], str)
    known = {one["id"] for one in log["objects"]}
    related = [r["objectId"] for things in ("events", "objects") for one in log[things] for r in one["relationships"]]
    assert set(related) <= known
    assert all(r["qualifier"] for one in log["events"] for r in one["relationships"])


@pytest.mark.once
@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda log: log.pop("objectTypes"), []),
        (lambda log: log["events"][0].update(time="yesterday"), ["events", 0, "time"]),
        (lambda log: log["events"][0]["attributes"][0].update(value=1), ["events", 0, "attributes", 0, "value"]),
        (lambda log: log["objects"][0]["attributes"][0].pop("time"), ["objects", 0, "attributes", 0]),
        (
            lambda log: log["objectTypes"][0]["attributes"][0].update(type="text"),
            ["objectTypes", 0, "attributes", 0, "type"],
        ),
        (lambda log: log["events"][0]["relationships"][0].pop("qualifier"), ["events", 0, "relationships", 0]),
    ],
)
def test_the_shape_of_ocel_is_refused_where_it_is_wrong(change: Any, place: list[str | int]) -> None:
    log = json.loads(json.dumps(SMALL))
    assert OCEL.is_valid(log)
    change(log)
    [wrong] = OCEL.iter_errors(log)
    assert wrong.instance_path == place


def test_one_event_is_about_its_batch_its_cases_and_the_person(lived: World) -> None:
    log = ocel(lived, "auditor")
    sent = next(one for one in log["events"] if one["type"] == "batch.send")
    kinds = {one["id"]: one["type"] for one in log["objects"]}
    assert sorted((kinds[one["objectId"]], one["qualifier"]) for one in sent["relationships"]) == [
        ("batch", "about"),
        ("case", "listed"),
        ("person", "by"),
    ]


def test_the_states_of_a_case_are_told_with_their_times(lived: World) -> None:
    log = ocel(lived, "auditor")
    first = next(one for one in log["objects"] if one["type"] == "case")
    states = [one["value"] for one in first["attributes"] if one["name"] == "state"]
    assert states == [
        "draft",
        "centre_stamped",
        "province_reviewed",
        "submitted",
        "shortlisted",
        "published",
        "wipo_pushed",
    ]


def test_a_reader_of_little_gets_an_empty_log_and_no_names(lived: World) -> None:
    assert ocel(lived, "judge")["events"] == []
    assert ocel(lived, "judge")["objects"] == []


def test_old_control_characters_do_not_spoil_the_file(lived: World) -> None:
    with lived.database.transaction() as session:
        session.execute(update(Case).where(Case.id == 1).values(title="a\x01b"))
    root = etree.fromstring(taken(lived, "xes", "auditor"))
    assert "ab" in {attributes(trace).get("title") for trace in root.iter("trace")}
