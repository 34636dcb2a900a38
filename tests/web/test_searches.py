"""Finding cases on screen: the box, the chips, what is marked, and searches that are saved."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote, unquote

import pytest
from flask.testing import FlaskClient

from states.case import CaseState
from tests.web.conftest import As, post
from tests.web.test_cases import page, titles
from tests.worlds import World

pytestmark = pytest.mark.database


def saved(shown: str) -> list[tuple[str, str]]:
    """Name and address of each search that a page offers."""
    found = re.findall(r'href="(/cases\?[^"]*)"[^>]*>(?:<svg.*?</svg>)?\s*([^<]+)<', shown)
    return [(name.strip(), unquote(unescape(address))) for address, name in found]


def save(client: FlaskClient, address: str, name: str):
    shown = page(client, address)
    [written] = re.findall(r'name="address" value="([^"]*)"', shown)
    return post(client, "/searches", shown, name=name, address=unescape(written))


def test_what_was_found_is_marked_and_escaped(sign_in: As, world: World):
    sections = {**world.content().sections, "service": "出具<b>检索报告</b>一份，供企业参考。"}
    world.draft(world.content(title="一份<i>检索</i>报告", sections=sections))
    shown = page(sign_in("author"), "/cases?text=检索")
    assert [
        "一份&lt;i&gt;<mark>检索</mark>&lt;/i&gt;报告" in shown,
        "出具&lt;b&gt;<mark>检索</mark>报告&lt;/b&gt;一份" in shown,
        '<p class="hit">' in shown,
        "<b>检索" in shown.replace("<b>检索</b></span>", ""),
    ] == [True, True, True, False]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_word_of_one_character_is_told(language: str, sign_in: As, world: World):
    world.draft(world.content(title="水泵"))
    client = sign_in("author", language)
    shown = page(client, "/cases?text=水")
    words = {"zh": "请至少写两个字", "en": "write two at least"}[language]
    assert (titles(shown), words in shown) == ([], True)
    both = page(client, "/cases?text=水+水泵")
    assert (re.sub(r"</?mark>", "", re.findall(r'class="case-title"[^>]*>(.*?)</a>', both)[0]), words in both) == (
        "水泵",
        True,
    )


def test_each_condition_can_be_dropped_by_itself(sign_in: As, world: World):
    world.draft()
    address = f"/cases?text=检索&state=draft&phase={world.call.phases[0].id}&centre={world.centres['university']}"
    shown = page(sign_in("author"), address)
    chips = [unquote(unescape(one)) for one in re.findall(r'class="chip chip-clear" href="([^"]+)"', shown)]
    wanted = dict(part.split("=") for part in address.partition("?")[2].split("&"))
    assert [{*re.findall(r"(\w+)=", one)} for one in chips] == [
        wanted.keys() - {name} for name in ("text", "state", "phase", "centre")
    ]


def test_found_by_words_stands_in_the_order_of_beginning_and_says_so(sign_in: As, world: World):
    first, second = (world.draft(world.content(title="水泵案例")) for _ in range(2))
    world.edit(first, world.content_of(first).changed(recipient="另一家水泵厂"))
    client = sign_in("author")
    shown = page(client, "/cases?text=水泵&sort=changed")
    assert [int(one) for one in re.findall(r'class="case-title" href="/cases/(\d+)"', shown)] == [second, first]
    assert ["按建立先后排列" in one for one in (shown, page(client, "/cases?text=水泵"))] == [True, False]


def test_pages_of_a_search_go_both_ways(sign_in: As, world: World):
    for number in range(32):
        world.draft(world.content(title=f"水泵 {number}"))
    client = sign_in("author")
    first = page(client, "/cases?text=水泵")
    second = page(client, unescape(re.findall(r'rel="next" href="([^"]+)"', first)[0]))
    back = page(client, unescape(re.findall(r'rel="prev" href="([^"]+)"', second)[0]))
    listed = [re.findall(r'class="case-title" href="/cases/(\d+)"', one) for one in (first, second, back)]
    assert ([len(one) for one in listed], listed[0] == listed[2], "共 32 件" in second) == ([30, 2, 30], True, True)


def test_a_list_goes_both_ways_where_the_desk_selects(sign_in: As, world: World):
    for _ in range(21):
        world.case(CaseState.SUBMITTED)
    client = sign_in("desk")
    first = page(client, "/desk/select")
    second = page(client, unescape(re.findall(r'rel="next" href="([^"]+)"', first)[0]))
    back = page(client, unescape(re.findall(r'rel="prev" href="([^"]+)"', second)[0]))
    listed = [re.findall(r'class="case-title" href="/cases/(\d+)"', one) for one in (first, second, back)]
    assert ([len(one) for one in listed], listed[0] == listed[2], "共 21 件" in second) == ([20, 1, 20], True, True)


# ---- saved -----------------------------------------------------------------------------------------------------------


def test_a_search_is_saved_and_found_again_on_the_list_and_at_home(sign_in: As, world: World):
    world.draft(world.content(title="水泵"))
    client = sign_in("author")
    answer = save(client, "/cases?text=水泵&state=draft", "水泵草稿")
    address = "/cases?text=水泵&state=draft"
    assert (answer.status_code, unquote(answer.headers["Location"])) == (302, address)
    for place in ("/", "/cases", "/searches"):
        assert ("水泵草稿", address) in saved(page(client, place))
    assert 'aria-current="true">水泵草稿' in page(client, address)
    assert "水泵草稿" not in page(sign_in("second_author"), "/cases")


def test_a_saved_search_is_renamed_and_deleted(sign_in: As, world: World):
    client = sign_in("author")
    save(client, "/cases?state=draft", "草稿")
    here = page(client, "/searches")
    [number] = re.findall(r'action="/searches/(\d+)"', here)
    assert post(client, f"/searches/{number}", here, name="我的草稿").status_code == 302
    assert [name for name, _ in saved(page(client, "/searches"))] == ["我的草稿"]
    assert post(client, f"/searches/{number}/delete", here).status_code == 302
    shown = page(client, "/searches")
    assert (saved(shown), "还没有保存的查找" in shown) == ([], True)


@pytest.mark.parametrize(("name", "status"), [("", 422), ("x" * 60, 422), ("草稿", 422), ("另一个", 302)])
def test_a_name_that_cannot_be_is_told(name: str, status: int, sign_in: As, world: World):
    client = sign_in("author")
    save(client, "/cases?state=draft", "草稿")
    assert save(client, "/cases?state=published", name).status_code == status


def test_somebody_elses_search_is_not_there(sign_in: As, world: World):
    client, other = sign_in("author"), sign_in("auditor")
    save(client, "/cases?state=draft", "草稿")
    [number] = re.findall(r'action="/searches/(\d+)"', page(client, "/searches"))
    here = page(other, "/cases")
    for address in (f"/searches/{number}", f"/searches/{number}/delete", "/searches/999"):
        assert post(other, address, here, name="x").status_code == 404


def test_an_address_that_is_made_up_is_written_anew(sign_in: As, world: World):
    client = sign_in("author")
    shown = page(client, "/cases?state=draft")
    made_up = "state=draft&next=//evil.example&text=" + quote("水泵\r\nX: y")
    answer = post(client, "/searches", shown, name="x", address=made_up)
    assert answer.headers["Location"] == f"/cases?text={quote('水泵')}%0D%0AX%3A+y&state=draft"
