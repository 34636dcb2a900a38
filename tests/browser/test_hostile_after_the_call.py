"""Hostile words in what is written once cases are sent: judging, decisions, objections, publicity, proofs, mails that came,
drafts, tokens, absences. Seen in Chromium on every page of it: shown as written, and nothing happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import NARROW, Visit
from tests.browser.test_hostile_words import Eye
from tests.doors.roost import Roost, Song
from tests.worlds import Databases, World, world_under
from workflow.calls.schema import EXAMPLE
from workflow.settings import from_environment


class Spiteful(Roost):
    """Where canaries sit, somebody breaks out of texts and attributes; but for addresses, which are held to their form."""

    def hang(self, said: str, by: str) -> str:
        number = len(self.songs)
        evil = f"\"'><img src=x onerror=alert({number})>{{{{7*7}}}}"
        word = f"evil{number}" if any(one in said for one in ("link", "address", "sender")) else evil
        self.songs[word] = Song(word, said, by)
        return word


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    with world_under(databases, EXAMPLE, tmp_path) as made:
        Spiteful.of(made, from_environment({"ZHENGJI_HOME": str(tmp_path)}))
        yield made


PLACES = {
    "desk": [
        *(
            "/judging",
            "/judging/judges",
            "/judging/cases/1",
            "/judging/cases/1/discussion",
            "/judging/1",
            "/judging/blind",
        ),
        *(
            "/judging/results",
            "/judging/replacements",
            "/objections",
            "/objections/1",
            "/decisions",
            "/decisions/annotated",
        ),
        *(
            "/publicity?month=2025-04",
            "/publicity/1",
            "/passports",
            "/passports/1",
            "/arrivals",
            "/arrivals/2",
            "/drafts",
        ),
        *("/drafts/1", "/closing", "/desk/grants", "/notices/1/objection", "/arrivals/2/answer", "/cases/4", "/mails"),
    ],
    "judge": ["/judging/mine", "/judging/1", "/judging/1/discussion", "/judging/4"],
    "editor": ["/collection", "/collection/1", "/collection/1/proof", "/publicity/1", "/cases/5", "/cases/5/editorial"],
    "translator": ["/glossary", "/cases/5/english"],
    "author": ["/account", "/account/tokens", "/account/stand-ins", "/extensions", "/cases/1", "/cases/4", "/trail"],
    "reviewer": ["/arrivals", "/arrivals/1", "/extensions"],
    "administrator": ["/arrivals/quarantine", "/jobs"],
    "auditor": ["/trail", "/trail?action=objection.create", "/collection", "/judging/cases/3", "/trail/cases/1"],
    None: ["/notices", "/notices/1", "/notices/1/objection", "/public"],
}


def test_nothing_that_somebody_wrote_after_the_call_does_anything(visit: Visit, world: World) -> None:
    eye, statuses = Eye(), {}
    for login, places in PLACES.items():
        page = eye.watch(visit(login, "en", NARROW))
        for place in places:
            eye.at = f"{login} {place}"
            answer = page.goto(place)
            statuses[eye.at] = answer.status if answer else 0
            eye.look(page, eye.at)
    assert {where: status for where, status in statuses.items() if status not in (200, 403)} == {}
    assert "\n".join(" ".join(one) for one in eye.happened) == ""
