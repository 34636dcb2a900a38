"""The rulebook of a call: clause, the notice's own words, rule, examples, and how often it refused somebody."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from rules.call import Call, RuleInForce
from rules.catalogue import CATALOGUE
from rules.rule import Rule
from rules.words import Text
from states.batch import BATCH
from states.judgement import JUDGEMENT
from states.lifecycle import Transition
from states.objection import OBJECTION
from states.push import PUSH
from states.reach import Actor
from states.route import lifecycle_of
from workflow.calls import notices
from workflow.calls.loader import OWN_CLAUSE
from workflow.calls.notices import Line
from workflow.store import search
from workflow.store.models import Batch, Case

ROOT = Path(__file__).parents[2]
FEATURES = ROOT / "features"
"""The examples lie beside the packages; a rulebook without them is still complete but for these."""
DECISIONS = ROOT / "docs" / "decisions.md"

NAMED = 12
"""Cases named per rule; the rest are counted."""


@dataclass(frozen=True)
class Example:
    """One scenario as written: steps as (keyword, words), and the table of a 场景大纲."""

    id: str
    """Under which its last result is kept: “case/seal.feature: 别的单位的印章不算”."""
    title: str
    demand: str
    """The 规则: or 功能: under which it stands."""
    steps: tuple[tuple[str, str], ...]
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Refusals:
    """How often a rule stopped somebody within reach. `cases`: which, the newest first, at most `NAMED`."""

    tries: int
    cases: Sequence[Case] = ()
    batches: Sequence[Batch] = ()
    more: int = 0


@dataclass(frozen=True)
class RuleShown:
    """One rule in force. `words`: its sentence, {names} standing for what is filled in."""

    rule: Rule[Any]
    asked: RuleInForce
    words: Text
    steps: Sequence[Transition]
    examples: Sequence[Example]
    refusals: Refusals
    decision: str = ""
    """The heading of the numbered decision that a rule of our own carries out."""


@dataclass(frozen=True)
class Clause:
    """One clause with its passages of the notice and the rules that carry it out."""

    number: str
    passages: Sequence[Line]
    rules: Sequence[RuleShown]

    @property
    def ours(self) -> bool:
        return self.number == OWN_CLAUSE


def clauses(session: Session, call: Call, actor: Actor, features: Path = FEATURES) -> list[Clause]:
    """The rules in force clause by clause, in the order of the notice; demands of our own come last."""
    lines = notices.text(call)
    examples, decisions = read_examples(features), read_decisions(DECISIONS)
    refusals = _refusals(session, actor, call.number)
    by_clause: dict[str, list[RuleShown]] = {}
    lived = lifecycle_of(call.route)
    for name, asked in call.rules.items():
        by_clause.setdefault(asked.clause, []).append(
            RuleShown(
                CATALOGUE[name],
                asked,
                _blanks(CATALOGUE[name].words),
                [
                    step
                    for one in (lived, BATCH, PUSH, JUDGEMENT, OBJECTION)
                    for step in one.transitions
                    if _guards(step, name)
                ],
                examples.get(name, ()),
                refusals.get(name, Refusals(0)),
                decisions.get(asked.decision or 0, ""),
            )
        )
    found = [
        Clause(number, [line for line in lines if line.quoted & {one.rule.id for one in rules}], rules)
        for number, rules in by_clause.items()
    ]
    return sorted(found, key=lambda one: (one.ours, _position(lines, one)))


def _position(lines: Sequence[Line], clause: Clause) -> int:
    return min((lines.index(line) for line in clause.passages), default=len(lines))


def _guards(step: Transition, name: str) -> bool:
    return any(guard.id == name for guard in step.guards)


_NAME = re.compile(r"\{(\w+)\}")


def _blanks(words: Text) -> Text:
    """A rule's sentence with an ellipsis for what is filled in when it is said."""
    return Text(_NAME.sub("……", words.zh), _NAME.sub("…", words.en))


def _refusals(session: Session, actor: Actor, call: str) -> dict[str, Refusals]:
    of_cases = search.refused_by_rule(session, actor, call)
    of_batches = search.refused_batches(session, actor, call)
    first = {name: list(dict.fromkeys(ids)) for name, ids in of_cases.items()}
    cases = search.cases(session, {one for ids in first.values() for one in ids[:NAMED]})
    streams = {name: list(dict.fromkeys(many)) for name, many in of_batches.items()}
    batches = search.batches(session, {one for many in streams.values() for one in many[:NAMED]})
    return {
        name: Refusals(
            len(of_cases.get(name, ())) + len(of_batches.get(name, ())),
            [cases[one] for one in first.get(name, ())[:NAMED]],
            [batches[one] for one in streams.get(name, ())[:NAMED]],
            max(0, len(first.get(name, ())) - NAMED) + max(0, len(streams.get(name, ())) - NAMED),
        )
        for name in {*of_cases, *of_batches}
    }


# ---- examples and decisions, as written ------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def read_examples(folder: Path) -> Mapping[str, tuple[Example, ...]]:
    """Rule → its tagged scenarios, in the order of the files; nothing where the folder is not there."""
    from gherkin.parser import Parser  # loaded where it is needed, once

    found: dict[str, list[Example]] = {}
    for path in sorted(folder.rglob("*.feature")):
        document = Parser().parse(path.read_text("utf-8"))
        for tags, example in _scenarios(dict(document)["feature"], path.relative_to(folder).as_posix()):
            for tag in tags:
                found.setdefault(tag, []).append(example)
    return {name: tuple(many) for name, many in found.items()}


def _scenarios(
    part: Any, file: str, demand: str = "", tags: frozenset[str] = frozenset()
) -> list[tuple[frozenset[str], Example]]:
    """Every scenario under a 功能: or 规则:, with its own tags and those it inherits."""
    inherited = tags | _tags(part)
    found = []
    for child in part["children"]:
        if "rule" in child:
            found += _scenarios(child["rule"], file, child["rule"]["name"], inherited)
        elif "scenario" in child:
            scenario = child["scenario"]
            found.append((inherited | _tags(scenario), _example(scenario, file, demand or part["name"])))
    return found


def _tags(part: Any) -> frozenset[str]:
    return frozenset(tag["name"].removeprefix("@") for tag in part["tags"])


def _example(scenario: Any, file: str, demand: str) -> Example:
    tables = [one for one in scenario["examples"] if one.get("tableHeader")]
    header = _cells(tables[0]["tableHeader"]) if tables else ()
    return Example(
        f"{file}: {scenario['name']}",
        scenario["name"],
        demand,
        tuple((step["keyword"].strip(), step["text"]) for step in scenario["steps"]),
        header,
        tuple(_cells(row) for one in tables for row in one["tableBody"]),
    )


def _cells(row: Any) -> tuple[str, ...]:
    return tuple(cell["value"] for cell in row["cells"])


_DECISION = re.compile(r"^### (\d+)\. (.+)$", re.MULTILINE)


@lru_cache(maxsize=4)
def read_decisions(path: Path) -> Mapping[int, str]:
    """Number → heading of each numbered decision; nothing where the file is not there."""
    if not path.is_file():
        return {}
    headings = _DECISION.findall(path.read_text("utf-8"))
    return {int(number): re.sub(r"\s*\(`\w+`\)$", "", heading) for number, heading in headings}
