"""Published cases are there for everybody, with nothing personal; what is not published does not exist."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import insert

from rules.call import FieldType
from states.case import CaseState
from tests.web.conftest import As
from tests.worlds import World
from workflow.store.files import Files
from workflow.store.models import Document

pytestmark = pytest.mark.database


@pytest.fixture
def anybody(app: Flask) -> FlaskClient:
    """A browser in which nobody is signed in."""
    return app.test_client()


def picture_of(world: World, case: int, files: Files, size: tuple[int, int] = (2000, 1000)) -> None:
    """A photograph with a place noted beside it, as one of a case's pictures."""
    exif = Image.Exif()
    exif[0x010E] = "somebody's garden"
    made = io.BytesIO()
    Image.new("RGB", size, "navy").save(made, "JPEG", exif=exif)
    digest = files.put(made.getvalue())
    with world.database.transaction() as session:
        values = {"name": "图.jpg", "media_type": "image/jpeg", "digest": digest, "size": len(made.getvalue())}
        by = world.people["author"].id
        session.execute(
            insert(Document).values(case_id=case, slot="picture", caption="服务现场", by_id=by, at=world.at, **values)
        )


def test_the_gallery_shows_published_and_pushed_cases_to_everybody(world: World, anybody: FlaskClient):
    shown = [world.row(world.case(state)).title for state in (CaseState.PUBLISHED, CaseState.WIPO_PUSHED)]
    hidden = world.row(world.case(CaseState.SHORTLISTED)).title
    page = anybody.get("/public").get_data(as_text=True)
    assert [title in page for title in (*shown, hidden)] == [True, True, False]


def test_an_empty_gallery_says_when_cases_will_come(world: World, anybody: FlaskClient):
    assert "还没有发布的案例" in anybody.get("/public").get_data(as_text=True)


@pytest.mark.parametrize(
    "state", [state for state in CaseState if state not in ("published", "wipo_pushed", "retracted")]
)
def test_a_case_that_is_not_published_is_not_there(state: CaseState, world: World, anybody: FlaskClient):
    number = world.row(world.case(state)).number
    assert anybody.get(f"/public/{number}").status_code == 404


def test_a_published_case_says_all_of_its_text_and_nothing_of_its_contacts(world: World, anybody: FlaskClient):
    row = world.row(world.case(CaseState.PUBLISHED))
    page = anybody.get(f"/public/{row.number}").get_data(as_text=True)
    contacts = [row.form[one.name] for one in world.call.report_form if one.type in (FieldType.PHONE, FieldType.EMAIL)]
    people = [actor.name for actor in world.people.values()]
    said = [row.title, row.recipient, row.centre.name, *row.sections.values()]
    assert ([one for one in said if one not in page], [one for one in (*contacts, *people) if one in page]) == ([], [])


@pytest.mark.parametrize("text", ["title", "recipient", "number"])
def test_the_gallery_is_searched_by_words(text: str, world: World, anybody: FlaskClient):
    wanted, other = (world.row(world.case(CaseState.PUBLISHED)) for _ in range(2))
    page = anybody.get("/public", query_string={"text": getattr(wanted, text)}).get_data(as_text=True)
    assert [one.title in page for one in (wanted, other)] == [True, False]


def test_a_search_that_finds_nothing_says_what_to_do(world: World, anybody: FlaskClient):
    world.case(CaseState.PUBLISHED)
    assert "请减少筛选条件" in anybody.get("/public?text=%25").get_data(as_text=True)


def test_a_retracted_case_leaves_a_notice_and_no_text(world: World, anybody: FlaskClient):
    row = world.row(world.case(CaseState.RETRACTED))
    page = anybody.get(f"/public/{row.number}")
    words = page.get_data(as_text=True)
    body = next(iter(row.sections.values()))[:20]
    assert (page.status_code, "已撤下" in words, row.title in words, body in words) == (410, True, False, False)


def test_the_english_version_is_shown_while_it_is_current(world: World, anybody: FlaskClient):
    number = world.row(world.case(CaseState.WIPO_PUSHED)).number
    english = anybody.get(f"/public/{number}?lang=en").get_data(as_text=True)
    chinese = anybody.get(f"/public/{number}?text=zh").get_data(as_text=True)
    assert ["What was done." in page for page in (english, chinese)] == [True, False]


def test_without_an_english_version_the_chinese_is_shown_and_said_so(world: World, anybody: FlaskClient):
    row = world.row(world.case(CaseState.PUBLISHED))
    page = anybody.get(f"/public/{row.number}?lang=en").get_data(as_text=True)
    assert (row.title in page, "no current English version" in page) == (True, True)


def test_pictures_are_drawn_anew_without_what_the_camera_noted(world: World, anybody: FlaskClient, app: Flask):
    case = world.case(CaseState.PUBLISHED)
    picture_of(world, case, app.extensions["zhengji"].files)
    served = anybody.get(f"/public/{world.row(case).number}/pictures/1")
    with Image.open(io.BytesIO(served.data)) as picture:
        assert (served.mimetype, picture.size, dict(picture.getexif())) == ("image/jpeg", (1600, 800), {})


@pytest.mark.parametrize("state", [CaseState.SHORTLISTED, CaseState.RETRACTED])
def test_pictures_of_what_is_not_published_are_not_there(
    state: CaseState, world: World, anybody: FlaskClient, app: Flask
):
    case = world.case(state)
    picture_of(world, case, app.extensions["zhengji"].files, (20, 20))
    assert anybody.get(f"/public/{world.row(case).number}/pictures/1").status_code == 404


def test_the_menu_leads_to_published_cases_when_signed_in(world: World, sign_in: As):
    assert 'href="/public"' in sign_in("author").get("/public").get_data(as_text=True)


def test_the_door_and_the_gallery_lead_to_each_other(anybody: FlaskClient):
    pages = [anybody.get(path, follow_redirects=True).get_data(as_text=True) for path in ("/", "/public")]
    assert ['href="/public"' in pages[0], 'href="/sign-in' in pages[1]] == [True, True]
