"""Personal data on the screens: masked, shown on request and on record, erased by the administrator."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient

from states.case import CaseState
from tests.web.conftest import As, send
from tests.worlds import World
from workflow import batches, papers
from workflow.content import Content
from workflow.store.files import Files
from workflow.store.models import Batch, Case, Document, Person
from workflow.store.papers import Kept

pytestmark = pytest.mark.database

NAME, PHONE, EMAIL = "欧阳金丝雀", "13987654321", "canary.bird@private.example"
CANARIES = {"contact": NAME, "phone": PHONE, "email": EMAIL}


def with_canaries(world: World) -> Content:
    content = world.content()
    return content.changed(form={**content.form, **CANARIES})


def told(page: str) -> set[str]:
    """Which contacts a page says in full."""
    return {name for name, value in CANARIES.items() if value in page}


def page(client: FlaskClient, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return answer.get_data(as_text=True)


def sought(client: FlaskClient, words: str) -> str:
    """What a search says, whatever the words are that it says again."""
    return re.sub(r"<[^>]*>", " ", page(client, f"/cases?text={words}")).replace(words, "…")


READERS = ("author", "sealer", "reviewer", "leader", "desk", "director", "editor", "translator", "liaison", "auditor")


@pytest.mark.parametrize("login", READERS)
def test_no_screen_shows_a_contact_unasked(world: World, sign_in: As, login: str) -> None:
    content = with_canaries(world)
    case = world.draft(content)
    world.edit(case, content.changed(form={**content.form, "email": "canary.bird@private.example.cn"}))
    world.seal(case)
    world.walk(case, "stamp")
    world.act(case, "return_to_centre", remark="请补充")
    world.walk(case, "stamp", "review", "submit")
    client = sign_in(login)
    urls = [f"/cases/{case}", f"/cases/{case}/revisions/1", f"/cases/{case}/revisions/2", "/cases", "/", "/trail"]
    urls += [f"/trail/{event.uid}" for event in world.events(case)] + [f"/cases/{case}/editorial"]
    for url in urls:
        assert (url, told(client.get(url).get_data(as_text=True))) == (url, set())
    assert sought(client, NAME) == sought(client, "欧阳银画眉")
    assert sought(client, PHONE) == sought(client, "13987650000")
    shown = page(client, f"/cases/{case}")
    assert "139****4321" in shown
    assert "c***@private.example.cn" in shown


@pytest.mark.parametrize(
    ("login", "shows"),
    [("author", True), ("reviewer", True), ("desk", True), ("director", False), ("auditor", False)],
)
def test_contacts_are_shown_on_request_to_those_who_handle_the_case(
    world: World, sign_in: As, login: str, shows: bool
) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    client = sign_in(login)
    button = f'action="/cases/{case}/contacts"'
    assert (button in page(client, f"/cases/{case}")) is shows
    answer = send(client, f"/cases/{case}", f"/cases/{case}/contacts")
    assert (answer.status_code, told(answer.get_data(as_text=True))) == ((200, {*CANARIES}) if shows else (403, set()))
    assert [one.person_id for one in world.events(case, "reading.contacts")] == [world.people[login].id] * shows


def test_the_centre_sees_who_looked(world: World, sign_in: As) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    send(sign_in("desk"), f"/cases/{case}", f"/cases/{case}/contacts")
    sign_in("director").get(f"/cases/{case}/form.xlsx")
    for login in ("author", "auditor"):
        shown = page(sign_in(login), f"/cases/{case}/readers")
        assert all(word in shown for word in ("杨理", "查看联系方式", "朱管", "报送表，1 个案例"))
    assert sign_in("reviewer").get(f"/cases/{case}/readers").status_code == 403
    assert "谁看过" not in page(sign_in("reviewer"), f"/cases/{case}")


@pytest.mark.parametrize(("login", "full"), [("author", True), ("desk", True), ("director", False), ("auditor", False)])
def test_a_downloaded_form_is_masked_for_those_who_do_not_handle_the_case(
    world: World, sign_in: As, login: str, full: bool
) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    data = sign_in(login).get(f"/cases/{case}/form.xlsx").data
    sheet = openpyxl.load_workbook(BytesIO(data)).active
    cells = " ".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row)
    assert told(cells) == ({*CANARIES} if full else set())
    [event] = world.events(case, "export.take")
    assert (json.loads(event.body)["what"], event.person_id) == ("form", world.people[login].id)


@pytest.fixture
def sealed(world: World, settings: Any) -> Callable[[CaseState], tuple[int, int]]:
    """A case with a sealed scan whose bytes are there: its id, and the scan's."""
    files = Files(settings.documents_url)

    def made(state: CaseState) -> tuple[int, int]:
        case = world.draft(with_canaries(world))
        with world.database.transaction() as session:
            row = session.get_one(Case, case)
            data = f"%PDF sealed {case}".encode()
            scan = Kept("扫描件.pdf", "application/pdf", files.put(data), len(data))
            papers.seal(session, case, scan, row.centre.host_unit, actor=world.people["sealer"], at=world.at)
            [found] = session.query(Document).where(Document.case_id == case)
        steps = {CaseState.DRAFT: (), CaseState.SUBMITTED: ("stamp", "review", "submit")}[state]
        world.walk(case, *steps)
        return case, found.id

    return made


@pytest.mark.parametrize(
    ("login", "status"), [("author", 200), ("reviewer", 200), ("desk", 200), ("director", 403), ("auditor", 403)]
)
def test_a_sealed_scan_is_for_those_who_handle_the_case(
    world: World, sign_in: As, sealed: Any, login: str, status: int
) -> None:
    case, scan = sealed(CaseState.SUBMITTED)
    client = sign_in(login)
    assert client.get(f"/cases/{case}/papers/{scan}").status_code == status
    shown = page(client, f"/cases/{case}")
    assert (f"/cases/{case}/papers/{scan}" in shown) is (status == 200)
    assert len(world.events(case, "document.open")) == (status == 200)
    if status == 403:
        for end in ("picture.png", "pages", "pages/1.png"):
            assert client.get(f"/cases/{case}/papers/{scan}/{end}").status_code == 403


@pytest.mark.parametrize(("login", "status"), [("leader", 200), ("desk", 200), ("director", 403), ("auditor", 403)])
def test_the_mail_of_a_batch_is_for_those_who_handle_it(
    world: World, sign_in: As, sealed: Any, settings: Any, login: str, status: int
) -> None:
    cases = [sealed(CaseState.DRAFT)[0] for _ in range(world.phase.minimum_per_office)]
    for case in cases:
        world.walk(case, "stamp", "review")
    batch = world.batch(cases)
    _seal_summary(world, settings, batch)
    for step in ("seal", "send"):
        assert world.act_on_batch(batch, step).done
    client = sign_in(login)
    assert client.get(f"/batches/{batch}/mail.eml").status_code == status
    assert (f"/batches/{batch}/mail.eml" in page(client, f"/batches/{batch}/mail")) is (status == 200)
    assert client.get(f"/batches/{batch}/summary.xlsx").status_code == 200
    with world.database.reading() as session:
        [paper] = session.query(Document).where(Document.batch_id == batch)
    assert client.get(f"/batches/{batch}/papers/{paper.id}").status_code == status


def _seal_summary(world: World, settings: Any, batch: int) -> None:
    data = f"%PDF summary {batch}".encode()
    scan = Kept("汇总表.pdf", "application/pdf", Files(settings.documents_url).put(data), len(data))
    with world.database.transaction() as session:
        office = session.get_one(Batch, batch).office
        batches.seal_summary(session, batch, scan, office.seals_as, actor=world.people["leader"], at=world.at)


# ---- erasing ---------------------------------------------------------------------------------------------------------


def test_the_administrator_erases_the_contacts_of_a_case_by_its_number(world: World, sign_in: As, sealed: Any) -> None:
    case, scan = sealed(CaseState.SUBMITTED)
    client = sign_in("administrator")
    number = world.row(case).number
    answer = send(client, "/admin/personal-data", number=number, reason="当事人来函", papers="yes")
    assert answer.status_code == 302
    assert "erasures/" in page(client, "/admin/personal-data")
    author = sign_in("author")
    assert author.get(f"/cases/{case}/papers/{scan}").status_code == 410
    shown = page(author, f"/cases/{case}")
    assert shown.count("已删除") >= 3
    assert f"/cases/{case}/papers/{scan}" not in shown
    assert client.get(f"/cases/{case}").status_code == 404


@pytest.mark.parametrize(("typed", "said"), [({"reason": ""}, "理由"), ({"number": "2021-205-XX-0000"}, "没有编号为")])
def test_what_cannot_be_erased_says_why_and_keeps_what_was_typed(
    world: World, sign_in: As, typed: dict[str, str], said: str
) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    given = {"number": world.row(case).number, "reason": "当事人来函", **typed}
    answer = send(sign_in("administrator"), "/admin/personal-data", **given)
    text = answer.get_data(as_text=True)
    assert (answer.status_code, said in text, given["number"] in text) == (422, True, True)
    assert world.row(case).form["phone"] == PHONE


@pytest.mark.parametrize("login", ["author", "desk", "auditor", "director"])
def test_nobody_else_erases(world: World, sign_in: As, login: str) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    client = sign_in(login)
    assert client.get("/admin/personal-data").status_code == 403
    form = {"number": world.row(case).number, "reason": "理由"}
    assert send(client, "/", "/admin/personal-data", **form).status_code == 403
    person = world.people["judge"].id
    assert send(client, "/", f"/admin/people/{person}/erase", reason="离岗").status_code == 403
    assert world.row(case).form["phone"] == PHONE


def test_an_account_is_erased_once_it_is_disabled(world: World, sign_in: As) -> None:
    client, person = sign_in("administrator"), world.people["judge"].id
    where = f"/admin/people/{person}/erase"
    assert send(client, where, reason="离岗").status_code == 422
    send(client, f"/admin/people/{person}", f"/admin/people/{person}/disable")
    assert where in page(client, f"/admin/people/{person}")
    assert send(client, where, reason="离岗").status_code == 302
    shown = page(client, f"/admin/people/{person}")
    assert (f"已离岗人员 {person}" in shown, where in shown, "启用" in shown) == (True, False, False)
    with world.database.reading() as session:
        assert session.get_one(Person, person).name == f"已离岗人员 {person}"
