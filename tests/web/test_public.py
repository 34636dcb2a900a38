"""Published cases are there for everybody, with nothing personal; what is not published does not exist."""

from __future__ import annotations

import io
import json
import re
import time
from dataclasses import replace
from html import unescape
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import insert, select

from rules.call import FieldType
from states.case import CaseState
from tests.web.conftest import As
from tests.worlds import World
from web import kept
from workflow.publishing import public
from workflow.store.files import Files
from workflow.store.models import Document

pytestmark = pytest.mark.database


@pytest.fixture
def anybody(app: Flask) -> FlaskClient:
    """A browser in which nobody is signed in."""
    return app.test_client()


def picture_of(
    world: World, case: int, files: Files, size: tuple[int, int] = (2000, 1000), rights: str = "本单位拍摄"
) -> None:
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
            insert(Document).values(
                case_id=case, slot="picture", caption="服务现场", rights=rights, by_id=by, at=world.at, **values
            )
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


def test_a_case_whose_consent_is_taken_back_is_shown_to_nobody_and_says_so(
    world: World, anybody: FlaskClient, sign_in: As
):
    case = world.case(CaseState.PUBLISHED, world.content(title="收回同意的案例"))
    number = world.row(case).number
    assert "收回同意的案例" in anybody.get("/public").get_data(as_text=True)
    world.consent(case, "")
    for tongue, said in (("", "书面同意已收回"), ("/en", "consent to its publication was taken back")):
        page = anybody.get(f"/public{tongue}/{number}")
        words = page.get_data(as_text=True)
        assert (page.status_code, said in words, "收回同意的案例" in words) == (410, True, False)
        for address in ("", "/feed.atom", "/feed.rss", "?text=收回同意"):
            assert number not in anybody.get(f"/public{tongue}{address}").get_data(as_text=True)
        for beside in ("share.png", "citation.bib", "pictures/1"):
            assert anybody.get(f"/public{tongue}/{number}/{beside}").status_code == 404
    assert number not in anybody.get("/sitemap.xml").get_data(as_text=True)
    editor = sign_in("editor")
    assert "公开同意已撤回" in editor.get(f"/cases/{case}/editorial").get_data(as_text=True)
    assert "收回同意的案例</b> 的公开同意已撤回" in editor.get("/").get_data(as_text=True)
    assert "公开同意已撤回，公开页面" not in sign_in("liaison").get("/").get_data(as_text=True)
    world.walk(case, "retract")
    assert "公开同意已撤回，公开页面" not in editor.get("/").get_data(as_text=True)


def test_a_retracted_case_leaves_a_notice_and_no_text(world: World, anybody: FlaskClient):
    row = world.row(world.case(CaseState.RETRACTED))
    page = anybody.get(f"/public/{row.number}")
    words = page.get_data(as_text=True)
    body = next(iter(row.sections.values()))[:20]
    assert (page.status_code, "已撤下" in words, row.title in words, body in words) == (410, True, False, False)


def test_the_english_version_is_shown_while_it_is_current(world: World, anybody: FlaskClient):
    number = world.row(world.case(CaseState.WIPO_PUSHED)).number
    english, chinese = (anybody.get(f"/public/{way}{number}").get_data(as_text=True) for way in ("en/", ""))
    assert ["What was done." in page for page in (english, chinese)] == [True, False]


def test_without_an_english_version_the_chinese_is_shown_and_said_so(world: World, anybody: FlaskClient):
    row = world.row(world.case(CaseState.PUBLISHED))
    page = anybody.get(f"/public/en/{row.number}").get_data(as_text=True)
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


@pytest.mark.parametrize(("language", "address"), [("zh", "/public"), ("en", "/public/en")])
def test_the_menu_leads_to_published_cases_when_signed_in(language: str, address: str, world: World, sign_in: As):
    assert f'href="{address}"' in sign_in("author", language).get("/").get_data(as_text=True)


def test_a_page_is_the_same_for_whoever_reads_it_and_asks_for_no_cookie(
    world: World, anybody: FlaskClient, sign_in: As
):
    number = world.row(world.case(CaseState.PUBLISHED)).number
    editor = sign_in("editor", "en")
    for address in (
        "/public",
        f"/public/{number}",
        "/public/browse",
        "/public/feed.atom",
        "/sitemap.xml",
        "/robots.txt",
    ):
        strangers, editors = anybody.get(address), editor.get(address)
        assert strangers.data == editors.data
        for answer in (strangers, editors):
            assert answer.headers["Cache-Control"] == "public, no-cache"
            assert ("Set-Cookie" in answer.headers, "Cookie" in answer.headers.get("Vary", "")) == (False, False)
            again = anybody.get(address, headers={"If-None-Match": answer.headers["ETag"]})
            assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/public?lang=en&theme=x", "/public/en?theme=x"),
        ("/public/en?lang=zh", "/public"),
        ("/public/{number}?text=en", "/public/en/{number}"),
        ("/public/en/{number}?lang=zh", "/public/{number}"),
    ],
)
def test_an_address_that_asks_for_a_language_leads_to_that_language_s_own(
    old: str, new: str, world: World, anybody: FlaskClient
):
    number = world.row(world.case(CaseState.WIPO_PUSHED)).number
    answer = anybody.get(old.format(number=number))
    assert (answer.status_code, answer.location) == (301, new.format(number=number))


def test_searching_for_a_word_that_names_a_language_is_a_search(world: World, anybody: FlaskClient):
    assert anybody.get("/public?text=en").status_code == 200


def test_each_page_names_its_address_in_both_languages(world: World, anybody: FlaskClient):
    number = world.row(world.case(CaseState.WIPO_PUSHED)).number
    for tongue, way in (("zh", ""), ("en", "en/")):
        page = anybody.get(f"/public/{way}{number}").get_data(as_text=True)
        assert f'<link rel="canonical" href="http://127.0.0.1:8000/public/{way}{number}">' in page, tongue
        assert f'hreflang="zh-CN" href="http://127.0.0.1:8000/public/{number}"' in page
        assert f'hreflang="en" href="http://127.0.0.1:8000/public/en/{number}"' in page


def structured(page: str) -> dict[str, Any]:
    [said] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    found: dict[str, Any] = json.loads(said)
    return found


def test_a_case_tells_search_engines_what_it_is(world: World, anybody: FlaskClient):
    row = world.row(world.case(CaseState.PUBLISHED, world.content(title="</script><b>题目 & 题目</b>")))
    page = anybody.get(f"/public/{row.number}").get_data(as_text=True)
    about = structured(page)
    assert (about["@type"], about["headline"], about["author"]["name"], about["inLanguage"], about["identifier"]) == (
        "Article",
        row.title,
        row.centre.name,
        "zh-CN",
        row.number,
    )
    assert "<b>题目" not in page
    assert f'property="og:image" content="http://127.0.0.1:8000/public/{row.number}/share.png"' in page


def test_the_list_tells_search_engines_which_cases_it_holds(world: World, anybody: FlaskClient):
    numbers = [world.row(world.case(CaseState.PUBLISHED)).number for _ in range(2)]
    items = structured(anybody.get("/public/en").get_data(as_text=True))["mainEntity"]["itemListElement"]
    assert sorted(one["url"].rpartition("/en/")[2] for one in items) == sorted(numbers)


def test_a_share_picture_bears_the_title_in_its_language_and_is_drawn_once(world: World, anybody: FlaskClient):
    number = world.row(world.case(CaseState.WIPO_PUSHED)).number
    pictures = [anybody.get(f"/public/{way}{number}/share.png") for way in ("", "en/")]
    for one in pictures:
        with Image.open(io.BytesIO(one.data)) as drawn:
            assert (one.mimetype, drawn.size) == ("image/png", (1200, 630))
    assert pictures[0].data != pictures[1].data
    again = anybody.get(f"/public/{number}/share.png", headers={"If-None-Match": pictures[0].headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_case_is_cited_by_programs(world: World, anybody: FlaskClient):
    row = world.row(world.case(CaseState.PUBLISHED, world.content(title="检索 100% & 导航_{一}")))
    bib, ris = (anybody.get(f"/public/{row.number}/citation.{kind}").get_data(as_text=True) for kind in ("bib", "ris"))
    assert r"title = {{检索 100\% \& 导航\_\{一\}}}" in bib
    assert bib.startswith(f"@online{{{row.number},")
    assert f"TI  - {row.title}\r\n" in ris
    assert ris.startswith("TY  - ELEC\r\n")
    assert f"UR  - http://127.0.0.1:8000/public/{row.number}\r\n" in ris


def test_feeds_and_the_map_hold_what_is_published(world: World, anybody: FlaskClient):
    shown, hidden = (world.row(world.case(state)) for state in (CaseState.PUBLISHED, CaseState.SHORTLISTED))
    pushed = world.row(world.case(CaseState.WIPO_PUSHED))
    for address in (
        "/public/feed.atom",
        "/public/feed.rss",
        "/public/en/feed.atom",
        "/public/en/feed.rss",
        "/sitemap.xml",
    ):
        words = anybody.get(address).get_data(as_text=True)
        ElementTree.fromstring(words)
        assert (shown.number in words, hidden.number in words) == (True, False), address
    mapped = anybody.get("/sitemap.xml").get_data(as_text=True)
    assert [f"/public/en/{one.number}</loc>" in mapped for one in (shown, pushed)] == [False, True]


def test_feeds_are_well_formed_while_nothing_is_published(world: World, anybody: FlaskClient):
    for address in ("/public/feed.atom", "/public/feed.rss", "/sitemap.xml"):
        ElementTree.fromstring(anybody.get(address).get_data(as_text=True))
    assert "还没有发布的案例" in anybody.get("/public/browse").get_data(as_text=True)


def test_search_engines_are_told_where_to_go(anybody: FlaskClient):
    lines = anybody.get("/robots.txt").get_data(as_text=True).splitlines()
    assert ("Disallow: /" in lines, "Allow: /public" in lines) == (True, True)
    assert "Sitemap: http://127.0.0.1:8000/sitemap.xml" in lines


def test_cases_are_browsed_by_what_they_have(world: World, anybody: FlaskClient):
    row = world.row(world.case(CaseState.PUBLISHED))
    page = anybody.get("/public/browse").get_data(as_text=True)
    links = re.findall(r'href="(/public\?[^"]+)"', page)
    assert len(links) >= 5
    for link in links:
        assert row.title in anybody.get(unescape(link)).get_data(as_text=True), link


def test_what_is_not_there_is_told_in_the_frame_and_the_language_of_the_site(anybody: FlaskClient):
    chinese, english = (anybody.get(f"/public/{way}none") for way in ("", "en/"))
    assert (chinese.status_code, "没有公开发布的案例" in chinese.get_data(as_text=True)) == (404, True)
    assert (english.status_code, "No case has been published" in english.get_data(as_text=True)) == (404, True)


def test_pages_are_light(world: World, anybody: FlaskClient):
    """Below 300 kB without pictures, all that they load counted, as sent without compression."""
    number = world.row(world.case(CaseState.PUBLISHED)).number
    for address in ("/public", f"/public/{number}"):
        page = anybody.get(address)
        words = page.get_data(as_text=True)
        loaded = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', words))
        assert loaded
        assert len(page.data) + sum(len(anybody.get(one).data) for one in loaded) < 60_000


def test_a_picture_has_its_size_in_the_text_and_smaller_copies(world: World, anybody: FlaskClient, app: Flask):
    case = world.case(CaseState.PUBLISHED)
    picture_of(world, case, app.extensions["zhengji"].files)
    address = f"/public/{world.row(case).number}"
    page = anybody.get(address).get_data(as_text=True)
    assert 'width="960" height="480"' in page
    for width, size in ((480, (480, 240)), (960, (960, 480)), (77, (1600, 800))):
        with Image.open(io.BytesIO(anybody.get(f"{address}/pictures/1?width={width}").data)) as drawn:
            assert drawn.size == size


def test_a_picture_is_drawn_once_for_all_processes_of_a_machine(world: World, anybody: FlaskClient, app: Flask):
    case = world.case(CaseState.PUBLISHED)
    store = app.extensions["zhengji"].files
    picture_of(world, case, store, (640, 320))
    address = f"/public/{world.row(case).number}/pictures/1?width=480"
    first = anybody.get(address)
    with world.database.reading() as session:
        store.drop(session.scalars(select(Document.digest).where(Document.slot == "picture")).one())
    public._drawn_again.cache_clear()  # as in another process; the original is out of reach, so it cannot be drawn anew
    again = anybody.get(address)
    assert (again.status_code, again.data, again.mimetype) == (200, first.data, "image/jpeg")
    world.consent(case, "")
    assert anybody.get(address).status_code == 404


def test_a_picture_that_is_lost_is_left_out_of_the_text(world: World, anybody: FlaskClient, app: Flask):
    case = world.case(CaseState.PUBLISHED)
    installed = app.extensions["zhengji"].files
    picture_of(world, case, installed, (30, 20))
    with world.database.reading() as session:
        installed.drop(session.scalars(select(Document.digest).where(Document.slot == "picture")).one())
    page = anybody.get(f"/public/{world.row(case).number}")
    assert (page.status_code, "<figure" in page.get_data(as_text=True)) == (200, False)


def test_the_door_and_the_gallery_lead_to_each_other(anybody: FlaskClient):
    pages = [anybody.get(path, follow_redirects=True).get_data(as_text=True) for path in ("/", "/public")]
    assert ['href="/public"' in pages[0], 'href="/sign-in' in pages[1]] == [True, True]


def test_a_page_is_sent_again_as_it_was_until_something_is_written(
    world: World, anybody: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    address = f"/public/{world.row(world.case(CaseState.PUBLISHED)).number}"
    first = anybody.get(address)
    with monkeypatch.context() as closed:
        closed.setattr(public, "find", None)  # whoever made the page anew would notice
        again = anybody.get(address)
    assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])
    world.consent(1, "另一份同意")
    with monkeypatch.context() as closed:
        closed.setattr(public, "find", None)
        assert anybody.get(address).status_code == 500


def test_a_page_is_made_anew_after_a_while_as_others_may_have_written(world: World, anybody: FlaskClient, app: Flask):
    address = f"/public/{world.row(world.case(CaseState.PUBLISHED)).number}"
    anybody.get(address)
    [(key, page)] = app.extensions["zhengji_pages"].kept.items()
    assert page.until <= time.monotonic() + kept.SECONDS
    app.extensions["zhengji_pages"].keep(key, replace(page, body=b"old", until=time.monotonic() - 1))
    assert anybody.get(address).data != b"old"


def test_only_so_many_pages_are_kept_and_none_that_is_large(
    world: World, anybody: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
):
    pages = app.extensions["zhengji_pages"].kept
    monkeypatch.setattr(kept, "MOST", 2)
    for place in range(4):
        anybody.get(f"/public?office={place}")
    assert list(pages) == ["/public?office=2", "/public?office=3"]
    monkeypatch.setattr(kept, "LARGEST", 10)
    anybody.get("/public?office=4")
    assert list(pages) == ["/public?office=2", "/public?office=3"]
