"""The board of what is overdue, on screen."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from states.case import CaseState
from tests.web.conftest import As, send
from tests.worlds import World
from workflow.settings import Settings
from workflow.store.models import AuditEvent

pytestmark = pytest.mark.database


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Two days after the first phase has closed."""
    return replace(settings, clock="2021-03-28")


def test_an_office_sees_counts_names_what_it_reaches_and_takes_it_away_on_record(world: World, sign_in: As) -> None:
    draft, stamped = world.case(), world.case(CaseState.CENTRE_STAMPED)
    browser = sign_in("reviewer")
    shown = browser.get("/overdue").get_data(as_text=True)
    assert world.row(stamped).number in shown
    assert world.row(draft).number not in shown
    answer = send(browser, "/overdue", "/overdue/sheet")
    numbers = [row[0] for row in load_workbook(BytesIO(answer.data)).worksheets[0].iter_rows(values_only=True)]
    assert world.row(stamped).number in numbers
    with world.database.reading() as session:
        taken = session.scalars(select(AuditEvent.body).where(AuditEvent.action == "export.take")).one()
    assert '"overdue"' in taken


def test_with_nothing_late_the_page_says_so(sign_in: As) -> None:
    assert "Nothing is overdue" in sign_in("desk", "en").get("/overdue").get_data(as_text=True)
