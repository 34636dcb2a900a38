"""Searching the trail: who reads what, every action has a label, and other offices' cases stay nameless."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rules.facts import Ruling
from states.case import CaseState
from tests.worlds import World
from workflow import lists, papers, privacy
from workflow.audit import search
from workflow.audit.actions import ACTIONS, GROUPS
from workflow.audit.search import Filters
from workflow.finding import comparisons
from workflow.store.models import AuditEvent, Case

ROOT = Path(__file__).parents[2]
RECORDING = {"Entry", "note", "_note", "noted", "_record", "_earlier"}
ACTION = re.compile(r"[a-z]+\.[a-z_]+")


def recorded() -> Iterator[tuple[str, str]]:
    """(file, action) of every action that the source writes into the trail."""
    for path in [*ROOT.glob("workflow/**/*.py"), *ROOT.glob("web/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in RECORDING:
                values = [*node.args, *(keyword.value for keyword in node.keywords)]
                for value in values:
                    if isinstance(value, ast.Constant) and isinstance(value.value, str) and path.name != "menu.py":
                        yield from ((path.name, one) for one in [value.value] if ACTION.fullmatch(one))


def test_every_action_that_the_source_records_has_a_label():
    assert sorted({one for one in recorded() if one[1] not in ACTIONS}) == []


def test_the_scan_finds_what_it_should():
    found = {action for _, action in recorded()}
    assert {
        "case.create",
        "case.seal",
        "batch.collect",
        "push.create",
        "call.extend",
        "register.offices",
    } - found == set()


def test_every_action_belongs_to_a_group_and_speaks_both_languages():
    assert [
        name for name, said in ACTIONS.items() if name.partition(".")[0] not in GROUPS or not (said.zh and said.en)
    ] == []


def actions(world: World, login: str, **filters: object) -> set[str]:
    with world.database.reading() as session:
        page = search.page(session, world.people[login], Filters(**filters), limit=500)
    return {one.action for one in page.entries}


@pytest.mark.database
@pytest.mark.parametrize(
    ("login", "reads"),
    [
        ("author", {"case"}),
        ("reviewer", {"batch", "call", "case"}),
        ("leader", {"batch", "call", "case"}),
        ("neighbour_leader", set()),
        ("desk", {"batch", "call", "case"}),
        ("editor", {"batch", "call", "case"}),
        ("liaison", {"batch", "call", "case"}),
        ("auditor", {"batch", "call", "case", "document"}),
        ("judge", set()),
        ("administrator", set()),
    ],
)
def test_each_role_reads_what_is_within_its_reach(login: str, reads: set[str], world: World):
    world.case(CaseState.SUBMITTED)
    assert {name.partition(".")[0] for name in actions(world, login)} - {"document"} == reads - {"document"}


@pytest.mark.database
@pytest.mark.parametrize(
    ("login", "reads"), [("auditor", True), ("author", True), ("desk", False), ("reviewer", False)]
)
def test_who_opened_which_paper_is_for_the_auditor_and_the_centre_itself(login: str, reads: bool, world: World):
    row = world.row(world.case(CaseState.SUBMITTED))
    with world.database.transaction() as session:
        [scan, *_] = papers.every(session, row)
        privacy.opened(session, scan, case=row, actor=world.people["desk"], at=world.at)
    assert ("document.open" in actions(world, login)) is reads


@pytest.mark.database
def test_pages_follow_one_another_without_gap_or_repetition(world: World):
    world.case(CaseState.SUBMITTED)
    seen, after = [], ""
    with world.database.reading() as session:
        while True:
            page = search.page(session, world.people["auditor"], Filters(), after, limit=3)
            seen += [one.uid for one in page.entries]
            after = page.after
            if not after:
                break
        everything = [uid for (uid,) in session.query(AuditEvent.uid).order_by(AuditEvent.uid.desc())]
    assert seen == everything


@pytest.mark.database
def test_days_are_beijing_days_and_both_count(world: World):
    late = world.at.replace(hour=23, minute=59)
    world.case(at=late)
    day = late.date()
    assert [
        bool(actions(world, "author", first=day, last=day)),
        bool(actions(world, "author", first=day + timedelta(days=1))),
        bool(actions(world, "author", last=day - timedelta(days=1))),
    ] == [True, False, False]


@pytest.mark.database
@pytest.mark.parametrize("ruling", [Ruling.DIFFERENT, Ruling.DUPLICATE])
@pytest.mark.parametrize("login", ["author", "reviewer", "desk", "auditor"])
def test_a_case_of_another_office_is_named_only_where_it_was_ruled_a_duplicate(
    login: str, ruling: Ruling, world: World
):
    content = world.content()
    other = world.case(CaseState.SUBMITTED, content, centre="neighbour")
    case = world.case(CaseState.SUBMITTED, content.changed(title="另一个题目"), at=world.at + timedelta(hours=1))
    with world.database.transaction() as session:
        comparisons.rule(
            session, case, f"c{other}", ruling, "理由", actor=world.people["desk"], at=world.at + timedelta(hours=2)
        )
    world.act(case, "shortlist", at=world.at + timedelta(hours=3))
    number = world.row(other).number
    with world.database.reading() as session:
        found = search.page(session, world.people[login], Filters(number=world.row(case).number), limit=500)
        bodies = [search.one(session, world.people[login], one.uid).body for one in found.entries]
        history = lists.history(session, session.get_one(Case, case), world.people[login])
        lately = lists.lately(session, world.people[login], limit=100)
    named = [body for body in bodies if number in body]
    on_the_page = [number in one.detail.zh for one in history if one.detail and "比对" in one.detail.zh]
    at_home = [number in one.detail.zh for one in lately if one.detail and "比对" in one.detail.zh]
    allowed = ruling is Ruling.DUPLICATE or login in ("desk", "auditor")
    assert (len(found.entries) > 5, bool(named), on_the_page, at_home) == (True, allowed, [allowed], [allowed])


@pytest.mark.database
def test_one_entry_holds_all_that_its_hash_covers(world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    event = world.events(case, "case.stamp")[0]
    with world.database.reading() as session:
        wholes = [search.one(session, world.people[login], event.uid) for login in ("author", "auditor")]
    assert [(json.loads(one.body), one.intact) for one in wholes] == [(json.loads(event.body), True)] * 2
    assert [one.withheld for one in wholes] == [True, False]


@pytest.mark.database
def test_a_receipt_is_found_by_its_number_and_by_how_its_hash_begins(world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    event = world.events(case, "case.stamp")[0]
    number = f"{event.stream}#{event.seq}"
    assert [actions(world, "author", receipt=one) for one in (number, event.hash[:12])] == [{"case.stamp"}] * 2
