"""What the public site tells programs, against what the standards ask: Atom, RSS, sitemaps, schema.org, Open Graph."""

from __future__ import annotations

import io
import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import feedparser
import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree, html
from PIL import Image
from sqlalchemy import select, update

from features.steps.proof import _ordered
from states.case import CaseState
from tests.web.test_public import picture_of
from tests.worlds import World
from workflow.store.models import Case, Collection

pytestmark = pytest.mark.database

SITE = "http://127.0.0.1:8000"
ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def anybody(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def shown(world: World, app: Flask) -> list[str]:
    """The numbers of a case with a picture and a hostile title, and of one with English."""
    first = world.case(CaseState.PUBLISHED, world.content(title="</script>检索 & 导航 ]]> “一”"))
    picture_of(world, first, app.extensions["zhengji"].files, (800, 400))
    return [world.row(one).number for one in (first, world.case(CaseState.WIPO_PUSHED))]


def moment(written: str) -> datetime:
    """A moment of RFC 3339, which always says its zone."""
    found = datetime.fromisoformat(written)
    assert found.tzinfo is not None
    return found


def absolute(address: str) -> bool:
    return address.startswith(f"{SITE}/") and not urlsplit(address).fragment


# ---- feeds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["", "/en"])
def test_atom_is_as_rfc_4287_asks(way: str, shown: list[str], anybody: FlaskClient) -> None:
    data = anybody.get(f"/public{way}/feed.atom").data
    read = feedparser.parse(data)
    assert (read.bozo, read.version, len(read.entries)) == (False, "atom10", 2)
    assert {one.link.rpartition("/")[2] for one in read.entries} == set(shown)
    root = etree.fromstring(data)
    assert root.tag == f"{ATOM}feed"
    once = ("id", "title", "updated")
    assert [len(root.findall(f"{ATOM}{name}")) for name in once] == [1, 1, 1]  # 4.1.1
    [self] = root.findall(f"{ATOM}link[@rel='self']")
    assert self.get("href") == root.findtext(f"{ATOM}id") == f"{SITE}/public{way}/feed.atom"
    entries = root.findall(f"{ATOM}entry")
    for one in entries:
        assert [len(one.findall(f"{ATOM}{name}")) for name in once] == [1, 1, 1]  # 4.1.2
        assert one.findtext(f"{ATOM}author/{ATOM}name")  # 4.2.1
        assert absolute(one.findtext(f"{ATOM}id"))  # 4.2.6: an IRI, and for ever the same
        assert moment(one.findtext(f"{ATOM}published")) <= moment(one.findtext(f"{ATOM}updated"))  # 3.3
    ids = [one.findtext(f"{ATOM}id") for one in entries]
    assert len(set(ids)) == len(ids)
    updated = max(moment(one.findtext(f"{ATOM}updated")) for one in entries)
    assert moment(root.findtext(f"{ATOM}updated")) == updated  # 4.2.15


@pytest.mark.parametrize("way", ["", "/en"])
def test_rss_is_as_its_specification_asks(way: str, shown: list[str], anybody: FlaskClient) -> None:
    data = anybody.get(f"/public{way}/feed.rss").data
    read = feedparser.parse(data)
    assert (read.bozo, read.version, read.feed.link) == (False, "rss20", f"{SITE}/public{way}")
    assert read.feed.title
    assert read.feed.description
    for one in read.entries:
        assert one.title
        assert one.id == one.link  # a guid is a permanent address unless it says otherwise
        assert absolute(one.link)
        assert one.published_parsed is not None
    assert {one.id.rpartition("/")[2] for one in read.entries} == set(shown)


def test_a_feed_of_nothing_is_read_as_one(world: World, anybody: FlaskClient) -> None:
    for kind, version in (("atom", "atom10"), ("rss", "rss20")):
        read = feedparser.parse(anybody.get(f"/public/feed.{kind}").data)
        assert (read.bozo, read.version, read.entries) == (False, version, [])


def test_a_feed_that_is_narrowed_is_another_feed(shown: list[str], world: World, anybody: FlaskClient) -> None:
    office = world.offices["first"]
    root = etree.fromstring(anybody.get(f"/public/feed.atom?office={office}").data)
    assert root.findtext(f"{ATOM}id") == f"{SITE}/public/feed.atom?office={office}"


# ---- the map ---------------------------------------------------------------------------------------------------------


def test_the_map_is_as_sitemaps_org_asks(shown: list[str], released: int, anybody: FlaskClient) -> None:
    data = anybody.get("/sitemap.xml").data
    root = etree.fromstring(data)
    places = root.findall(f"{MAP}url")
    assert (root.tag, len(root), len(data) < 50 * 1024 * 1024) == (f"{MAP}urlset", len(places), True)
    addresses = [one.findtext(f"{MAP}loc") for one in places]
    assert len(set(addresses)) == len(addresses) <= 50_000
    for one, address in zip(places, addresses, strict=True):
        assert absolute(address)
        assert len(address) < 2048
        assert [part.tag for part in one if part.tag.startswith(MAP)] in ([f"{MAP}loc"], [f"{MAP}loc", f"{MAP}lastmod"])
        if written := one.findtext(f"{MAP}lastmod"):
            moment(written)
        beside = {part.get("href") for part in one.findall(f"{XHTML}link[@rel='alternate']")}
        assert not beside or (address in beside and beside <= set(addresses))  # each names itself and the other
        assert anybody.get(address.removeprefix(SITE)).status_code == 200
    assert f"{SITE}/public/collections/{released}" in addresses


# ---- what pages say of themselves ------------------------------------------------------------------------------------


@pytest.fixture
def released(shown: list[str], world: World) -> int:
    """A collection of them with a web edition."""
    with world.database.reading() as session:
        ids = list(session.scalars(select(Case.id).where(Case.number.in_(shown))))
    made = _ordered(world, *ids)
    with world.database.transaction() as session:
        which = update(Collection).where(Collection.id == made)
        session.execute(which.values(released_at=world.at, isbn="978-7-302-51121-2"))
    return made


def pages(shown: list[str], released: int) -> list[str]:
    ways = [f"/public{way}" for way in ("", "/en")]
    beside = ["", "?office=1", "/browse", "/collections", f"/collections/{released}", *(f"/{one}" for one in shown)]
    return [f"{way}{rest}" for way in ways for rest in beside]


def test_every_page_is_shared_as_the_open_graph_asks(shown: list[str], released: int, anybody: FlaskClient) -> None:
    for address in pages(shown, released):
        page = html.fromstring(anybody.get(address).get_data(as_text=True))
        said: dict[str, str] = {one.get("property"): one.get("content") for one in page.xpath("//meta[@property]")}
        assert all(said[f"og:{name}"] for name in ("title", "type", "image", "url")), (
            address
        )  # the four that must be there
        assert said["og:url"] == page.xpath("//link[@rel='canonical']/@href")[0] == f"{SITE}{address}"
        assert re.fullmatch(r"zh_CN|en_GB", said["og:locale"])
        picture = anybody.get(said["og:image"].removeprefix(SITE))
        with Image.open(io.BytesIO(picture.data)) as drawn:
            size = (said["og:image:width"], said["og:image:height"])
            assert (picture.mimetype, tuple(map(str, drawn.size))) == (said["og:image:type"], size), address
        assert said["og:image:alt"]
        assert len(page.xpath("//head/title")) == len(page.xpath("//meta[@name='description']")) == 1
        if said["og:type"] == "article":
            assert moment(said["article:published_time"]) <= moment(said["article:modified_time"])


ASKED = {
    "Article": {"headline", "url"},
    "Book": {"name", "url", "inLanguage", "isbn", "hasPart"},
    "Collection": {"name"},
    "CollectionPage": {"name", "url", "mainEntity"},
    "GovernmentOrganization": {"name"},
    "ItemList": {"itemListElement"},
    "ListItem": {"position", "url"},
    "Organization": {"name"},
    "Place": {"name"},
}
"""Type of schema.org → what whoever reads it needs to make anything of it."""


def things(said: Any) -> list[dict[str, Any]]:
    """Everything that has a type, wherever it stands."""
    if isinstance(said, list):
        return [one for each in said for one in things(each)]
    if not isinstance(said, dict):
        return []
    return [said, *(one for value in said.values() for one in things(value))]


def test_every_page_about_something_says_so_in_the_words_of_schema_org(
    shown: list[str], released: int, anybody: FlaskClient
) -> None:
    for address in pages(shown, released):
        page = html.fromstring(anybody.get(address).get_data(as_text=True))
        for written in page.xpath("//script[@type='application/ld+json']/text()"):
            about = json.loads(written)
            assert about["@context"] == "https://schema.org"
            assert about["url"] == page.xpath("//link[@rel='canonical']/@href")[0]
            for one in things(about):
                assert not ASKED[one["@type"]] - one.keys(), (address, one)
                assert not any(value in (None, "", []) for value in one.values()), (address, one)
                assert all(absolute(one[name]) for name in ("url", "mainEntityOfPage") if name in one)
                assert all(moment(one[name]) for name in ("datePublished", "dateModified") if name in one)


def test_an_article_says_what_search_engines_show_of_it(shown: list[str], anybody: FlaskClient) -> None:
    page = html.fromstring(anybody.get(f"/public/{shown[0]}").get_data(as_text=True))
    [written] = page.xpath("//script[@type='application/ld+json']/text()")
    about = json.loads(written)
    recommended = {"headline", "image", "datePublished", "dateModified", "author", "publisher"}
    assert not recommended - about.keys()
    for one in about["image"]:
        assert anybody.get(one.removeprefix(SITE)).mimetype in ("image/jpeg", "image/png")
