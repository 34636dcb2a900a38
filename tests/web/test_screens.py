"""Every screen of a case opens for those who reach it, and says what it should."""

from __future__ import annotations

import pytest

from states.case import CaseState
from tests.web.conftest import As
from tests.worlds import World

pytestmark = pytest.mark.database


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", list(CaseState))
def test_the_page_of_a_case_opens_in_every_state(state: CaseState, language: str, world: World, sign_in: As):
    case = world.case(state)
    pages = [sign_in(login, language).get(f"/cases/{case}") for login in ("author", "auditor")]
    assert [page.status_code for page in pages] == [200, 200]
