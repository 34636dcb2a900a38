"""Judging in a browser: the desk's boards and a judge's form, wide and narrow, in both languages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from states.case import CaseState
from tests import judges
from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.worlds import Databases, World, world_under
from workflow import plans
from workflow.calls import shipped_calls

pytestmark = pytest.mark.once
BLIND = next(path for path in shipped_calls() if path.stem == "example-2023")


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Three cases scored by three judges each, and one that still lacks judges, under a call that judges blind."""
    with world_under(databases, BLIND, tmp_path) as made:
        known = [judges.judge(made, f"judge_{n}", f"评审{n}", region=f"远方{n}省") for n in range(1, 4)]
        known.append(judges.judge(made, "judge"))
        cases = [made.case(CaseState.SUBMITTED) for _ in range(4)]
        for at, case in enumerate(cases[:3]):
            for beside, who in enumerate(known[:3]):
                judges.scored(made, case, who, 60 + 7 * at + 5 * beside)
        judges.accepted(made, cases[3], made.people["judge"])
        with made.database.transaction() as session:
            plans.suggest(session, made.call, actor=made.people["desk"], at=made.at)
        plans.make(made.database, 1)
        yield made


def test_the_screens_of_judging_are_sound_in_both_languages_and_widths(world: World, visit: Visit) -> None:
    own = 10  # the tenth judgement, after nine that were scored
    for login, language, width, addresses in (
        (
            "desk",
            "zh",
            WIDE,
            (
                "/judging",
                "/judging/plans",
                "/judging/plans/1",
                "/judging/judges",
                "/judging/cases/1",
                "/judging/results",
            ),
        ),
        ("desk", "en", NARROW, ("/judging", "/judging/plans/1", "/judging/results")),
        ("judge", "zh", NARROW, ("/judging/mine", f"/judging/{own}")),
        ("judge", "en", WIDE, (f"/judging/{own}",)),
    ):
        page = visit(login, language, width)
        for address in addresses:
            page.goto(address)
            if folder := os.environ.get("ZHENGJI_PICTURES"):
                page.screenshot(
                    path=f"{folder}/{login}-{language}-{width}{address.replace('/', '_')}.png", full_page=True
                )
            assert (address, grave(page), overflow(page)) == (address, [], 0)
