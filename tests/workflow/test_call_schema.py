"""One declaration: what the loader reads, what the JSON Schema says and what the annotated example shows are the same."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import meta, validator_for

from rules.catalogue import CATALOGUE
from tests.make import CALLS
from workflow.calls import CallRefused, parse_call, read_call, shipped_calls
from workflow.calls.schema import EXAMPLE, example, json_schema, keys, name_of, words

EVERY = [*shipped_calls(), *sorted(CALLS.glob("*.toml")), EXAMPLE]
NOTICE = EXAMPLE.with_suffix(".zh.md").read_text("utf-8")


def as_json(toml: str) -> Any:
    """A document as JSON has it, days as words."""
    return json.loads(json.dumps(tomllib.loads(toml), default=lambda day: day.isoformat()))


def complaints(toml: str) -> list[str]:
    return [one.message for one in validator_for(json_schema()).iter_errors(as_json(toml))]


def test_the_schema_is_one() -> None:
    meta.validate(json_schema())


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_every_call_that_reads_agrees_with_the_schema(path: Path) -> None:
    assert read_call(path).number == path.stem
    assert complaints(path.read_text("utf-8")) == []


def test_the_annotated_example_shows_and_explains_every_key() -> None:
    assert keys() - words().keys() == set()
    for said in words().values():
        assert "：" in said.zh
        assert ":" in said.en
    assert [key for key in keys() if not name_of(key).zh or not name_of(key).en] == []


def test_what_the_example_leaves_to_choose_reads_when_chosen() -> None:
    """Each key that excludes another is right in its place."""
    toml = EXAMPLE.read_text("utf-8")
    since = toml[toml.index("[eligible.since]") : toml.index("[length]")]
    for chosen in ("service_from = 2020-01-01", "last_years = 3"):
        call = parse_call(toml.replace(f"#{chosen}", chosen).replace(since, ""), NOTICE)
        assert call.service_from in (date(2020, 1, 1), date(2021, 1, 2))
    share = "winners_percent = 30"
    call = parse_call(toml.replace("#winners = 30", "winners = 30").replace(f"\n{share}", ""), NOTICE)
    assert call.judging is not None
    assert (call.judging.winners, call.judging.winners_percent) == (30, None)
    with pytest.raises(CallRefused) as caught:
        parse_call(example(), NOTICE)
    assert {one.place for one in caught.value.problems} == {"eligible.last_years", "judging.winners_percent"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('counted = "words"', 'counted = "letters"'),
        ("sign_offs = 1", "sing_offs = 1"),
        ("sign_offs = 1", "sign_offs = -1"),
        ("sign_offs = 1", 'sign_offs = "1"'),
        ("opened = 2024-01-02", "opened = true"),
        ('zh = "主题一"', ""),
        ("[rules.reason_given]", "[rules.reason_givn]"),
        ('owner = "centre"', 'owner = "national"'),
        ('step = "review"', 'step = "submit"'),
        ("[mail]", "[mial]"),
    ],
)
def test_what_the_schema_refuses_the_loader_refuses_too(old: str, new: str) -> None:
    spoilt = EXAMPLE.read_text("utf-8").replace(old, new, 1)
    assert complaints(spoilt) != []
    with pytest.raises(CallRefused):
        parse_call(spoilt, NOTICE)


def test_the_schema_names_every_rule() -> None:
    rules = json_schema()["$defs"]["call"]["properties"]["rules"]
    assert set(rules["propertyNames"]["enum"]) == set(CATALOGUE)
