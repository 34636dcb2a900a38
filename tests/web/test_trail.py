"""The trail on screen: everything within reach, in words, the refused tries with why."""

from __future__ import annotations

import pytest

from states.case import CaseState
from tests.web.conftest import As
from tests.worlds import World

pytestmark = pytest.mark.database


@pytest.fixture
def refused(world: World) -> int:
    """A draft without a seal that its sealer tried to stamp."""
    case = world.draft()
    world.act(case, "stamp")
    return case


def test_a_refused_try_shows_every_finding_with_its_clause(world: World, refused: int, sign_in: As):
    page = sign_in("sealer").get("/trail?outcome=refused").get_data(as_text=True)
    clause = world.call.rules["unit_seal_present"].clause
    assert ["未办成" in page, f'lang="zh-CN">{clause}<' in page, "孙印" in page] == [True, True, True]


@pytest.mark.parametrize(
    ("login", "reads"),
    [("author", True), ("auditor", True), ("reviewer", False), ("desk", False), ("neighbour_author", False)],
)
def test_the_trail_of_a_draft_is_for_its_centre_and_the_auditor(
    login: str, reads: bool, world: World, refused: int, sign_in: As
):
    assert (world.row(refused).title in sign_in(login).get("/trail").get_data(as_text=True)) is reads


@pytest.mark.parametrize(
    ("login", "status"), [("author", 200), ("auditor", 200), ("reviewer", 404), ("administrator", 404)]
)
def test_one_entry_is_there_for_those_who_reach_it(login: str, status: int, world: World, refused: int, sign_in: As):
    event = world.events(refused, "case.stamp")[0]
    assert sign_in(login).get(f"/trail/{event.uid}").status_code == status


def test_one_entry_shows_its_body_its_hash_and_that_it_is_intact(world: World, refused: int, sign_in: As):
    event = world.events(refused, "case.stamp")[0]
    page = sign_in("author").get(f"/trail/{event.uid}").get_data(as_text=True)
    assert [event.hash in page, "内容没有被改动" in page, "from_state" in page] == [True, True, True]


@pytest.mark.parametrize(
    "query", ["person=孙", "outcome=refused", "action=case.stamp", "action=case.", "receipt=case/1/tries%231"]
)
def test_the_trail_is_narrowed(query: str, world: World, refused: int, sign_in: As):
    page = sign_in("author").get(f"/trail?{query}").get_data(as_text=True)
    assert "孙印" in page


@pytest.mark.parametrize(
    "query", ["person=无此人", "number=none", "first=2021-04-01", "last=2021-01-01", "receipt=case/1%2399"]
)
def test_a_filter_that_fits_nothing_says_so(query: str, world: World, refused: int, sign_in: As):
    assert "没有符合条件的留痕" in sign_in("author").get(f"/trail?{query}").get_data(as_text=True)


@pytest.mark.parametrize("query", ["after=x", "first=2021-99-99", "action=nothing", "outcome=x", "last=0001-01-01"])
def test_what_makes_no_sense_counts_as_not_asked(query: str, world: World, refused: int, sign_in: As):
    page = sign_in("author").get(f"/trail?{query}")
    assert (page.status_code, "孙印" in page.get_data(as_text=True)) == (200, True)


@pytest.mark.parametrize("login", ["reviewer", "leader", "desk", "director", "editor", "liaison", "auditor", "author"])
def test_every_step_up_to_abroad_is_read_by_those_it_concerns(login: str, world: World, sign_in: As):
    row = world.row(world.case(CaseState.WIPO_PUSHED))
    page = sign_in(login, "en").get(f"/trail?number={row.number}").get_data(as_text=True)
    assert ["Stamp and send to the province" in page, "Pushed to WIPO" in page] == [True, True]


def test_who_is_not_signed_in_reads_nothing(world: World, refused: int, app):
    assert app.test_client().get("/trail").status_code == 302
