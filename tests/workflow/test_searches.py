"""Searches that people keep: their own, under a name, and few enough to find one."""

from __future__ import annotations

import pytest

from tests.worlds import World
from workflow.finding import searches
from workflow.finding.searches import MOST, NoSuchSearch, NotKept

pytestmark = pytest.mark.database


def keep(world: World, name: str, address: str = "text=水泵", who: str = "author") -> str:
    with world.database.transaction() as session:
        return searches.keep(session, name, address, actor=world.people[who], at=world.at)


def kept(world: World, who: str = "author") -> dict[str, str]:
    with world.database.reading() as session:
        return {one.name: one.address for one in searches.of(session, world.people[who])}


def only(world: World) -> int:
    with world.database.reading() as session:
        [one] = searches.of(session, world.people["author"])
        return one.id


def test_a_search_is_kept_under_its_name_and_is_its_owners_alone(world: World):
    keep(world, "  水泵  案例 ", "sort=oldest&text=水泵&after=3~3&other=1")
    assert kept(world) == {"水泵 案例": "text=%E6%B0%B4%E6%B3%B5&sort=oldest"}
    assert kept(world, "second_author") == {}


def test_the_same_again_is_kept_once(world: World):
    assert [keep(world, "水泵"), keep(world, "水泵")] == ["text=%E6%B0%B4%E6%B3%B5"] * 2
    assert len(kept(world)) == 1


@pytest.mark.parametrize(
    ("name", "address", "said"),
    [
        ("", "text=x", "起个名字"),
        (" \n ", "text=x", "起个名字"),
        ("长" * 41, "text=x", "最多 40 个字"),
        ("水泵", "", "先写明"),
        ("水泵", "after=3~3", "先写明"),
        ("有了", "text=x", "换个名字"),
    ],
)
def test_what_cannot_be_kept(name: str, address: str, said: str, world: World):
    keep(world, "有了", "state=draft")
    with pytest.raises(NotKept) as refused:
        keep(world, name, address)
    assert said in refused.value.message.zh


def test_one_person_keeps_few_enough(world: World):
    for number in range(MOST):
        keep(world, f"查找 {number}")
    with pytest.raises(NotKept, match=str(MOST)):
        keep(world, "再一个")
    assert keep(world, "再一个", who="second_author")


def test_a_search_is_renamed_and_deleted(world: World):
    keep(world, "水泵")
    search, author = only(world), world.people["author"]
    with world.database.transaction() as session:
        searches.rename(session, search, "秸秆", actor=author)
        searches.rename(session, search, "秸秆", actor=author)
    assert list(kept(world)) == ["秸秆"]
    keep(world, "水泵")
    with world.database.transaction() as session, pytest.raises(NotKept):
        searches.rename(session, search, "水泵", actor=author)
    with world.database.transaction() as session:
        searches.forget(session, search, actor=author)
    assert list(kept(world)) == ["水泵"]


def test_somebody_elses_search_is_not_there(world: World):
    keep(world, "水泵")
    search, other = only(world), world.people["auditor"]
    with world.database.transaction() as session:
        with pytest.raises(NoSuchSearch):
            searches.rename(session, search, "秸秆", actor=other)
        with pytest.raises(NoSuchSearch):
            searches.forget(session, search, actor=other)
    assert list(kept(world)) == ["水泵"]
