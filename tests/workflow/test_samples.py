"""The samples as people send them, carried to the stamp: good papers pass, each faulty one is refused for what is wrong."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from rules.roles import Role
from states.reach import Actor, Grant
from tests.worlds import World
from workflow import cases, papers
from workflow.content import Content
from workflow.documents.forms import read_report_form
from workflow.documents.reading import read_case_document
from workflow.engine import Attempt
from workflow.store.files import Files
from workflow.store.models import Centre, Office, Person, PersonGrant

SAMPLES = Path(__file__).parents[1] / "samples"
TRUTH: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text("utf-8"))
FORMS = {one["case"]: one for one in TRUTH["forms"]}
SCANS = {one["case"]: one for one in TRUTH["scans"]}

FAULT_BREAKS = {
    "section_missing:启示": "template_complete",
    "over_length": "length_within_limit",
    "seal_names_other_unit": "seal_names_the_unit",
    "seal_missing": "unit_seal_present",
}
"""What truth.json calls a fault → the rule that says so."""


def _expected(truth: dict[str, Any]) -> set[str]:
    faults = (*truth["faults"], *FORMS[truth["id"]]["faults"], *SCANS[truth["id"]]["faults"])
    return {FAULT_BREAKS[fault] for fault in faults}


def _carried(world: World, truth: dict[str, Any]) -> Attempt:
    """One sample from its files to the sealer's try: read, taken over, sealed as the scan reads, stamped."""
    files = Files((world.folder / "documents").as_uri())
    form, scan = FORMS[truth["id"]], SCANS[truth["id"]]
    document = read_case_document((SAMPLES / truth["file"]).read_bytes(), truth["file"], world.call)
    filled = read_report_form((SAMPLES / form["file"]).read_bytes(), form["file"], world.call)
    registered = {"name": truth["centre"], "host_unit": truth["host_unit"], "region": truth["province"]}
    understood = papers.understand(world.call, Content(), document, filled, registered)
    assert understood.differences == ()
    at = world.at.replace(month=6 if truth["phase"] == 2 else 3)
    kept = papers.keep(files, "scan", scan["file"], (SAMPLES / scan["file"]).read_bytes())
    with world.database.transaction() as session:
        centre = _centre(session, world, truth)
        author = _person(session, f"author {truth['id']}", Role.AUTHOR, centre)
        sealer = _person(session, f"sealer {truth['id']}", Role.SEALER, centre)
        case = cases.create(
            session, call_version=world.call_version, centre=centre, actor=author, at=at, content=understood.content
        )
        papers.seal(session, case, kept, scan["seal_text"] or "", actor=sealer, at=at)
        [attempt] = cases.act(session, [case], "stamp", actor=sealer, at=at)
    return attempt


def _centre(session: Session, world: World, truth: dict[str, Any]) -> int:
    """The sample's centre: the world's own, or one made under an office of the sample's province."""
    known = session.query(Centre).filter_by(name=truth["centre"]).one_or_none()
    if known is not None:
        return known.id
    office = session.query(Office).filter_by(region=truth["province"]).one_or_none()
    office_id = office.id if office else _made(session, Office, code="XX", region=truth["province"], addressee=truth["province"], ip_office="")  # fmt: skip
    kind = "tisc" if truth["kind"] == "TISC" else "university"
    return _made(session, Centre, name=truth["centre"], host_unit=truth["host_unit"], kind=kind, office_id=office_id)


def _person(session: Session, login: str, role: Role, centre: int) -> Actor:
    person = _made(session, Person, login=login, name=login, password="")
    session.execute(insert(PersonGrant).values(person_id=person, role=str(role), centre_id=centre))
    return Actor(person, login, frozenset({Grant(role, centre)}))


def _made(session: Session, model: type[Any], **values: Any) -> int:
    return int(session.execute(insert(model).values(**values).returning(model.id)).scalar_one())


@pytest.mark.parametrize("truth", TRUTH["cases"], ids=lambda one: one["id"])
def test_each_sample_is_stamped_or_refused_for_what_is_wrong_with_it(world: World, truth: dict[str, Any]):
    attempt = _carried(world, truth)
    assert {finding.rule for finding in attempt.findings if finding.blocks} == _expected(truth)
    assert attempt.done is not bool(_expected(truth))


@pytest.mark.parametrize("truth", TRUTH["cases"], ids=lambda one: one["id"])
def test_each_sample_is_understood_as_it_was_meant(world: World, truth: dict[str, Any]):
    document = read_case_document((SAMPLES / truth["file"]).read_bytes(), truth["file"], world.call)
    form = FORMS[truth["id"]]
    filled = read_report_form((SAMPLES / form["file"]).read_bytes(), form["file"], world.call)
    content = papers.understand(world.call, Content(), document, filled, {}).content
    phase = world.call.phases[truth["phase"] - 1]
    began, ended = (date.fromisoformat(f"{truth[name]}-01") for name in ("service_from", "service_to"))
    assert (content.title, content.recipient, content.phase) == (truth["title"], truth["recipient"], phase.id)
    assert world.call.themes[content.theme].label.zh == truth["theme"]
    assert content.service_from == began
    assert content.service_to is not None
    assert (content.service_to.year, content.service_to.month) == (ended.year, ended.month)
