"""Rulings that wait, for those who may decide."""

from __future__ import annotations

import pytest

from states.case import CaseState
from tests.web.conftest import As, send
from tests.worlds import World

pytestmark = pytest.mark.database


def alike(world: World, centre: str) -> int:
    """A case whose text was reported before by another centre; gives the later one, submitted or stamped."""
    content = world.content()
    world.case(CaseState.SUBMITTED, content, centre="university")
    state = CaseState.SUBMITTED if centre == "neighbour" else CaseState.CENTRE_STAMPED
    return world.case(state, content.changed(title="换个名称"), centre=centre)


def test_an_office_is_shown_pairs_of_its_own_centres(world: World, sign_in: As):
    case = alike(world, "institute")
    shown = sign_in("reviewer").get("/rulings").get_data(as_text=True)
    assert f"/cases/{case}/compare/" in shown


def test_the_desk_is_shown_pairs_across_offices(world: World, sign_in: As):
    case = alike(world, "neighbour")
    pages = {login: sign_in(login).get("/rulings").get_data(as_text=True) for login in ("desk", "neighbour_reviewer")}
    assert {login: f"/cases/{case}/compare/" in page for login, page in pages.items()} == {
        "desk": True,
        "neighbour_reviewer": False,
    }


def test_a_settled_pair_waits_no_more(world: World, sign_in: As):
    case = alike(world, "institute")
    reviewer = sign_in("reviewer")
    page = reviewer.get("/rulings").get_data(as_text=True)
    link = page.split(f'href="/cases/{case}/compare/')[1].partition('"')[0]
    send(reviewer, f"/cases/{case}/compare/{link}", ruling="different", reason="对象不同")
    assert "没有待裁定的相似案例" in reviewer.get("/rulings").get_data(as_text=True)
