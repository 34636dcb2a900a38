"""Readers of what is published, who sign in nowhere."""

from __future__ import annotations

from datetime import date

from pytest_bdd import given, parsers, then, when

from rules.call import BEIJING
from tests.worlds import World
from workflow.cases import NoSuchCase
from workflow.publishing import citing, public
from workflow.publishing.public import Shown, Wanted

ADDRESS = "https://zhengji.example/public/1"
DAY = date(2030, 1, 1)


def _opened(world: World, case: int) -> Shown | None:
    with world.database.reading() as session:
        try:
            return public.find(session, world.row(case).number)
        except NoSuchCase:
            return None


def _read(shown: Shown | None) -> str:
    if shown is None:
        return "找不到这个案例"
    return "只读到撤下说明" if shown.retracted and not shown.parts and not shown.title else "读到全文"


@when("读者打开案例的公开页面", target_fixture="page")
def _open(world: World, case: int) -> Shown | None:
    return _opened(world, case)


@then(parsers.re("读者(?P<what>找不到这个案例|读到全文|只读到撤下说明)"))
def _saw(page: Shown | None, what: str) -> None:
    assert _read(page) == what


@given(parsers.re("中心(?P<how>没有收回公开的同意|收回了公开的同意|收回之后又登记了同意)"))
def _consented(world: World, case: int, how: str) -> None:
    for words in {"没有收回公开的同意": [], "收回了公开的同意": [""]}.get(how, ["", "书面同意"]):
        world.consent(case, words)


@given(parsers.re("它有一张图片，(?P<how>已登记由谁同意公开|没有登记由谁同意公开|登记的只有空格|登记了同意后又撤回)"))
def _picture(world: World, case: int, how: str) -> None:
    world.put_pictures(case, 1)
    said = {
        "已登记由谁同意公开": ["本单位拍摄，画面中人员书面同意"],
        "没有登记由谁同意公开": [],
        "登记的只有空格": [" 　"],
        "登记了同意后又撤回": ["本单位拍摄", ""],
    }[how]
    for words in said:
        world.allow_pictures(case, words)


@then(parsers.re("读者(?P<what>看到|看不到)这张图片"))
def _saw_picture(page: Shown | None, what: str) -> None:
    assert page is not None
    assert bool(page.pictures) is (what == "看到")


@given("读者读到了它的公开页面")
def _was_there(world: World, case: int) -> None:
    assert _read(_opened(world, case)) == "读到全文"


@then("读者再打开时只读到撤下说明")
def _gone(world: World, case: int) -> None:
    assert _read(_opened(world, case)) == "只读到撤下说明"


def _found(world: World, case: int, wanted: Wanted) -> bool:
    with world.database.reading() as session:
        return world.row(case).number in [one.number for one in public.gallery(session, wanted).cases]


@when(parsers.re("读者用(?P<words>.*的词)查找"), target_fixture="listed")
def _search(world: World, case: int, words: str) -> bool:
    content = world.content_of(case)
    said = {
        "题目中的词": content.title,
        "正文中的词": next(iter(content.sections.values()))[:6],
        "其中没有的词": "北冰洋鲸鱼",
    }
    return _found(world, case, Wanted(text=said[words]))


@when(parsers.re("读者按(?P<way>.*)浏览"), target_fixture="listed")
def _browse(world: World, case: int, way: str) -> bool:
    row = world.row(case)
    assert row.published_at is not None
    year = row.published_at.astimezone(BEIJING).year
    ways = {
        "它的主题": Wanted(theme=row.theme),
        "它的省份": Wanted(office=row.office_id),
        "它的中心": Wanted(centre=row.centre_id),
        "它发布的年份": Wanted(year=year),
        "它的征集": Wanted(call=row.call_number),
        "另一省份": Wanted(office=world.offices["second"]),
        "发布的前一年": Wanted(year=year - 1),
        "发布的后一年": Wanted(year=year + 1),
        "另一次征集": Wanted(call="none"),
    }
    return _found(world, case, ways[way])


@then(parsers.re("读者(?P<result>查到|查不到)这份案例"))
def _listed(listed: bool, result: str) -> None:
    assert listed is (result == "查到")


@when("读者引用这份案例", target_fixture="citation")
def _cite(world: World, case: int) -> str:
    shown = _opened(world, case)
    assert shown is not None
    return citing.gb_t_7714(citing.Cited(shown, ADDRESS, DAY))


@then("引文依次写明中心、题名、发布单位、发布日期、引用日期和地址")
def _complete(world: World, case: int, citation: str) -> None:
    row = world.row(case)
    assert row.published_at is not None
    day = row.published_at.astimezone(BEIJING).date()
    assert citation == (
        f"{row.centre.name}. {row.title}[EB/OL]. {world.call.issuer.zh}, {day.year}({day})[{DAY}]. {ADDRESS}."
    )
