"""What holds for the whole house: whoever forgets a quote, a scenario, a mark or a way out is told here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.feature import get_features

from features.asked import PARTS, asks_for
from rules.call import Call
from rules.catalogue import CATALOGUE
from rules.roles import Level, Role
from states.batch import BATCH
from states.case import CASE, CaseState
from states.judgement import JUDGEMENT
from states.lifecycle import Standing
from states.objection import OBJECTION
from states.push import PUSH
from states.reach import Actor, Grant, holds, reaches
from states.route import lifecycle_of
from tests.make import CALLS
from tests.worlds import World
from workflow import cases
from workflow.calls import read_call, shipped_calls
from workflow.engine import Attempt, NoSuchTransition, NotPermitted, Offer
from workflow.store.models import Case
from workflow.store.reach import reachable

ROOT = Path(__file__).parent.parent
SHIPPED = shipped_calls()
EVERY_CALL = [*SHIPPED, *sorted(CALLS.glob("*.toml"))]
IN_FORCE = [(path, rule) for path in SHIPPED for rule in read_call(path).rules]


def named(pair: Any) -> str:
    return f"{pair[0].stem}-{pair[1]}" if isinstance(pair, tuple) else str(pair)


# ---- every rule in force ----


@pytest.mark.parametrize("path", EVERY_CALL, ids=lambda path: path.stem)
def test_every_call_file_reads(path: Path) -> None:
    assert read_call(path).number == path.stem


@pytest.mark.parametrize("pair", IN_FORCE, ids=named)
def test_every_rule_in_force_quotes_its_call_or_names_its_decision(pair: tuple[Path, str]) -> None:
    call = read_call(pair[0])
    asked = call.rules[pair[1]]
    if asked.decision is not None:
        assert asked.decision in decisions()
        return
    assert asked.says
    plain = "".join(call.text.split())
    assert [said for said in asked.says if "".join(said.split()) not in plain] == []


@cache
def decisions() -> set[int]:
    """Numbers of the decisions in docs/decisions.md."""
    text = (ROOT / "docs" / "decisions.md").read_text("utf-8")
    return {int(number) for number in re.findall(r"^### (\d+)\. ", text, re.MULTILINE)}


@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda rule: rule.id)
def test_every_rule_speaks_both_languages_and_says_who_lifts_it(rule: Any) -> None:
    assert re.search("[\u4e00-\u9fff]", rule.words.zh)
    assert not re.search("[\u4e00-\u9fff]", re.sub(r"\{.*?\}", "", rule.words.en))
    assert set(re.findall(r"\{\w+\}", rule.words.zh)) == set(re.findall(r"\{\w+\}", rule.words.en))
    assert rule.lifted_by
    assert rule.demand


@pytest.mark.parametrize("pair", IN_FORCE, ids=named)
def test_every_rule_in_force_guards_a_step(pair: tuple[Path, str]) -> None:
    guarding = {
        guard.id
        for one in (CASE, BATCH, PUSH, JUDGEMENT, OBJECTION)
        for step in one.transitions
        for guard in step.guards
    }
    assert pair[1] in guarding


@pytest.mark.parametrize("pair", IN_FORCE, ids=named)
def test_every_rule_in_force_is_specified_by_three_examples_or_more(pair: tuple[Path, str]) -> None:
    assert examples(read_call(pair[0]))[pair[1]] >= 3


# ---- the features ----


def outlines() -> Iterator[tuple[Any, Any, set[str], int]]:
    """Every scenario with its feature, once for each table of examples: tags, and how many examples it gives."""
    for feature in get_features([str(ROOT / "features")]):
        for scenario in feature.scenarios.values():
            tags = feature.tags | scenario.tags | (scenario.rule.tags if scenario.rule else set())
            tables = [(set(table.tags or ()), len(list(table.as_contexts()))) for table in scenario.examples]
            for own, count in tables or [(set(), 1)]:
                yield feature, scenario, tags | own, count


def examples(call: Call) -> Counter[str]:
    """How many examples each rule has under a call."""
    found: Counter[str] = Counter()
    for _, _, tags, count in outlines():
        if asks_for(call, tags):
            for rule in tags & CATALOGUE.keys():
                found[rule] += count
    return found


def test_every_tag_is_a_rule_or_a_part_that_calls_may_lack() -> None:
    known = CATALOGUE.keys() | PARTS.keys()
    assert {tag for _, _, tags, _ in outlines() for tag in tags} - known == set()


def test_every_scenario_tries_one_thing() -> None:
    tries = {
        scenario.name: sum(1 for step in scenario.steps if step.type == "when") for _, scenario, _, _ in outlines()
    }
    assert {name: count for name, count in tries.items() if count != 1} == {}


def test_features_name_no_figure_that_is_the_calls_to_say() -> None:
    files = sorted((ROOT / "features").rglob("*.feature"))
    assert files
    assert [(path.name, found) for path in files for found in re.findall(r"\d+", path.read_text("utf-8"))] == []


# ---- reach ----


def actors(world: World) -> dict[str, Actor]:
    """Somebody in each role: at the cases' own unit, and at another."""
    made: dict[str, Actor] = {}
    person = world.people["administrator"].id
    for role in Role:
        units: dict[str, int | None] = {"": None}
        if role.level is Level.CENTRE:
            units = {"own": world.centres["university"], "other": world.centres["institute"]}
        if role.level is Level.OFFICE:
            units = {"own": world.offices["first"], "other": world.offices["second"]}
        for where, unit in units.items():
            made[f"{role} {where}".strip()] = Actor(person, f"{role} {where}", frozenset({Grant(role, unit)}))
    made["nobody"] = Actor(person, "nobody")
    return made


def test_who_reaches_what_says_the_same_as_a_check_and_as_a_query(world: World) -> None:
    for centre in world.centres:
        for state in (CaseState.DRAFT, CaseState.WITHDRAWN, CaseState.RETURNED, CaseState.NOT_SELECTED):
            world.case(state, centre=centre)
    with world.database.reading() as session:
        every = session.query(Case).all()
        for name, actor in actors(world).items():
            asked = {case.id for case in session.query(Case).where(reachable(actor))}
            assert (name, asked) == (name, {case.id for case in every if reaches(actor, case)})


class Undo(Exception):
    """Takes back what a try would have written."""


@pytest.mark.parametrize("state", list(CaseState))
def test_every_step_of_every_role_succeeds_or_explains_itself(world: World, state: CaseState) -> None:
    case = world.case(state)
    for actor in actors(world).values():
        if not reaches(actor, world.row(case)):
            assert not there(world, case, actor)
            continue
        offered = {one.transition.name: one for one in offers(world, case, actor)}
        lived = lifecycle_of(world.call.route)
        assert set(offered) == {step.name for step in lived.leaving(state)}
        for step in CASE.transitions:
            if lived.named(step.name) is None:
                assert_said(refusal(world, case, actor, step.name), NoSuchTransition)
            elif step.name in offered:
                succeeds_or_explains(world, case, actor, offered[step.name])
            else:
                standing = Standing(state, centre=world.row(case).centre_id, office=world.row(case).office_id)
                theirs = step.through or holds(actor, step, standing)
                assert_said(refusal(world, case, actor, step.name), NoSuchTransition if theirs else NotPermitted)


def there(world: World, case: int, actor: Actor) -> bool:
    with world.database.reading() as session:
        try:
            return cases.find(session, case, seen_by=actor).id == case
        except cases.NoSuchCase:
            return False


def offers(world: World, case: int, actor: Actor) -> list[Offer]:
    with world.database.reading() as session:
        return cases.offers(session, cases.find(session, case, seen_by=actor), actor=actor, at=world.at)


def succeeds_or_explains(world: World, case: int, actor: Actor, offer: Offer) -> None:
    step = offer.transition
    if step.through:
        assert_said(refusal(world, case, actor, step.name), NoSuchTransition)
    elif not offer.mine:
        assert_said(refusal(world, case, actor, step.name), NotPermitted)
    else:
        attempt = tried(world, case, actor, step.name)
        assert attempt.done is not any(finding.blocks for finding in offer.findings)
        assert [one.as_json() for one in attempt.findings] == [one.as_json() for one in offer.findings]
        for finding in attempt.findings:
            assert finding.message.zh
            assert finding.message.en
            assert finding.lifted_by
            assert finding.clause


def refusal(world: World, case: int, actor: Actor, step: str) -> Exception:
    with pytest.raises((NoSuchTransition, NotPermitted)) as refused:
        tried(world, case, actor, step)
    return refused.value


def assert_said(refused: Any, kind: type[Exception]) -> None:
    """The refusal is of that kind, and says so in both languages."""
    assert isinstance(refused, kind)
    assert re.search("[\u4e00-\u9fff]", refused.message.zh)
    assert refused.message.en


def tried(world: World, case: int, actor: Actor, step: str) -> Attempt:
    """One bare try, with nothing written or confirmed, and nothing left behind."""
    made: list[Attempt] = []
    try:
        with world.database.transaction() as session:
            made += cases.act(session, [case], step, actor=actor, at=world.at)
            raise Undo
    except Undo:
        return made[0]


def test_every_line_of_the_threats_names_a_test_that_is_there() -> None:
    page = (ROOT / "docs" / "threats.md").read_text("utf-8")
    named = re.findall(r"`((?:tests|features)/[^`]*)`", page)
    assert len(set(named)) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []
