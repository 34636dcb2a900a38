"""Whatever is written leaves an entry in the trail: every form, sent by everybody whose it is, and looked at by its rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from tests.doors.cells import Cell, cells
from tests.doors.country import Country
from tests.doors.policy import DOORS
from tests.doors.test_policy import filled, send
from workflow.store.models import AuditEvent

pytestmark = pytest.mark.once

UNRECORDED = {
    "sign_in": "when a session was last seen, to the minute; its beginning and end are entries",
    "challenge": "a question that waits a few minutes for its answer; what is answered is an entry",
    "failed_tries": "counts of guesses; each one at a known account is an entry",
    "access_token": "when a token was last used, to the minute; its making and ending are entries",
    "api_answer": "what a program was answered, to be given again; what was done is an entry",
    "saved_search": "what somebody keeps to find cases again; it opens none and is seen by nobody else",
    "setting": "how many unknown logins were tried on a day; the demo's clock, whose moves are entries",
}
"""Tables that may be written to without an entry, and why."""

MANY = {key for key in DOORS if key.startswith("POST ")}
READING = {"papers.original", "papers.document", "papers.form", "batches.summary", "batches.paper", "batches.mail"}
READING |= {
    "collection.download",
    "objections.file",
    "objections.mail",
    "bulk.mail",
    "pushes.package",
    "papers.form_pdf",
    "papers.document_pdf",
    "papers.pages",
    "passports.take",
    "passports.again",
    "closing.download",
    "batches.summary_pdf",
    "batches.pages",
    "arrivals.quarantined",
    "refused.original",
    "arrivals.original",
    "arrivals.paper",
}
"""What is opened or taken away by a GET, and goes on record."""


def served(key: str) -> Iterator[Cell]:
    """One cell for each thing, sent by the first person whose it is."""
    seen = set()
    for cell in cells(key, DOORS[key]):
        if isinstance(cell.expected, tuple) and 200 in cell.expected and cell.standing not in seen:
            seen.add(cell.standing)
            yield cell


def entries(land: Country) -> int:
    with land.world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


@pytest.mark.parametrize("key", sorted(MANY))
def test_what_a_form_writes_leaves_an_entry(land: Country, key: str) -> None:
    silent = []
    for cell in served(key):
        before = entries(land)
        answer = send(land, cell, filled(land, cell))
        touched = land.witness.touched() - UNRECORDED.keys()
        if touched and entries(land) == before:
            silent.append(f"{cell.name} at {key} ({cell.standing}): {answer.status_code}, wrote {sorted(touched)}")
        land.witness.put_back()
    assert silent == []


@pytest.mark.parametrize("key", sorted(key for key in DOORS if key.startswith("GET ")))
def test_looking_writes_nothing_but_what_goes_on_record(land: Country, key: str) -> None:
    wrong = []
    for cell in served(key):
        before = entries(land)
        answer = send(land, cell, {})
        touched = land.witness.touched() - UNRECORDED.keys()
        grew = entries(land) > before
        land.witness.put_back()
        if touched or (answer.status_code == 200 and grew is not (cell.endpoint in READING)):
            wrong.append(f"{cell.name} at {key} ({cell.standing}): recorded {grew}, wrote {sorted(touched)}")
    assert wrong == []


def test_every_exception_is_a_table_that_is_there(land: Country) -> None:
    names = {name for (name,) in land.witness.watching.execute("select name from sqlite_master where type = 'table'")}
    assert names >= UNRECORDED.keys()


def test_the_doors_that_write_do_write(land: Country) -> None:
    """The test above would be content with doors that do nothing; most do something here."""
    wrote = 0
    for key in sorted(MANY):
        for cell in list(served(key))[:1]:
            send(land, cell, filled(land, cell))
            wrote += bool(land.witness.touched() - UNRECORDED.keys())
            land.witness.put_back()
    assert wrote >= 25
