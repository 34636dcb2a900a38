"""Cases found by what they say: in Chinese, within reach, and by what they say at this moment."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from states.reach import Actor
from tests.masses import Mass, Vocabulary, fill
from tests.workflow.test_pages import ACTORS, expected, ids, page, walked
from tests.worlds import CALL_2021, Databases, World, settle
from workflow import register
from workflow.finding import bigrams, searches
from workflow.finding.queries import parse
from workflow.store import pages, words
from workflow.store.database import Database
from workflow.store.models import Case, Centre
from workflow.store.pages import Count, Filters, Place

pytestmark = pytest.mark.database


def found(world: World, text: str, who: str = "author", **more: Any) -> list[int]:
    return ids([page(world.database, world.people[who], Filters(text=text, **more))])


# ---- what is found ---------------------------------------------------------------------------------------------------

SAID = {
    "title": "一座小镇水泵企业的 WIPO 之路",
    "recipient": "示例水泵厂（有限公司）",
    "sections": {
        "recipient": "企业求助，第3期培训。",
        "service": "出具检索报告２０２１份，使用𠮷字牌。",
        "effect": "省下36万元",
    },
}
SOUGHT = {
    "水泵": True,
    "水泵企业": True,
    "小镇企业": False,
    "小镇 企业": True,
    '"小镇 水泵"': True,
    "“检索报告”": True,
    "检索服务": False,
    "wipo之路": True,
    "ＷＩＰＯ": True,
    "WIP": False,
    "2021份": True,
    "36万": True,
    "第3期": True,
    "第3次": False,
    "𠮷字": True,
    "吉字": False,
    "标题:水泵": True,
    "标题：检索": False,
    "title:小镇": True,
    "正文:检索报告": True,
    "text:小镇": False,
    "服务对象:水泵厂": True,
    "recipient:小镇": False,
    "中心:示例大学": True,
    "centre:水泵": False,
    "示例大学": True,
    "编号:0001": True,
    "编号:水泵": False,
    "2021-205-SF-0001": True,
    "标题:水泵 正文:检索 中心:大学": True,
    "标题:水泵 正文:水泵": False,
    "企业 求助": True,
    "公司企业": False,
    "元企业": False,
}


@pytest.fixture
def said(databases: Databases, world: World) -> World:
    world.draft(world.content().changed(**SAID))
    return world


@pytest.mark.parametrize("text", SOUGHT)
def test_what_is_found(text: str, said: World):
    assert bool(found(said, text)) is SOUGHT[text]


@pytest.mark.parametrize(
    ("text", "short"), [("水", ("水",)), ("水 的", ("水", "的")), ("A", ("A",)), ("水 检索", ("水",))]
)
def test_one_character_is_not_looked_for(text: str, short: tuple[str, ...], said: World):
    query = parse(text)
    assert (query.short, bool(found(said, text))) == (short, bool(query.terms))


@pytest.mark.parametrize(
    "text", ["", "  ", "，。", '""', "标题:", "%", "*", "a* OR b", "'=c1'", 'x" OR whose : "c1', "NEAR(", "\\", "-"]
)
def test_whatever_is_written_is_only_words(text: str, said: World):
    assert found(said, text) in ([], [1] if not text.strip() else [])


# ---- at this moment --------------------------------------------------------------------------------------------------


def test_an_edit_is_found_by_its_new_words_and_not_by_the_old(world: World):
    case = world.draft(world.content(title="沉睡的秸秆"))
    world.edit(case, world.content_of(case).changed(title="醒来的水泵"))
    assert (found(world, "秸秆"), found(world, "水泵")) == ([], [case])


def test_what_is_rolled_back_is_not_found(world: World):
    case = world.draft(world.content(title="沉睡的秸秆"))

    def edited_in_vain(session: Session) -> None:
        row = session.get_one(Case, case)
        row.title = "醒来的水泵"
        session.flush()
        words.keep(session, [case])
        raise ZeroDivisionError

    with world.database.reading() as session, pytest.raises(ZeroDivisionError):
        edited_in_vain(session)
    assert (found(world, "秸秆"), found(world, "水泵")) == ([case], [])


def test_a_case_is_found_by_more_people_from_the_moment_at_which_they_reach_it(world: World):
    case = world.draft(world.content(title="沉睡的秸秆"))
    world.seal(case)
    people = ("author", "reviewer", "desk", "auditor", "neighbour_author", "neighbour_reviewer", "judge")

    def finders() -> list[str]:
        return [who for who in people if found(world, "秸秆", who)]

    seen = [finders()]
    for step in ("stamp", "review", "submit"):
        world.walk(case, step)
        seen.append(finders())
    assert seen == [
        ["author", "auditor"],
        ["author", "reviewer", "auditor"],
        ["author", "reviewer", "auditor"],
        ["author", "reviewer", "desk", "auditor"],
    ]


def test_a_centre_that_is_renamed_is_found_by_its_new_name(world: World):
    case = world.draft()
    administrator = world.people["administrator"]
    with world.database.transaction() as session:
        fields = {"name": "新名大学服务中心", "host_unit": "示例大学", "kind": "university", "name_verified": "no"}
        register.change_centre(session, world.centres["university"], fields, actor=administrator, at=world.at)
    assert (found(world, "中心:示例大学"), found(world, "中心:新名")) == ([], [case])


def test_entries_that_are_missing_or_old_are_made_up_for(world: World):
    first, second, third = (
        world.draft(world.content(title=title)) for title in ("沉睡的秸秆", "小镇的水泵", "夜市的课堂")
    )
    table: Any = words._FTS if world.database.embedded else words._VECTORS
    key = table.c.rowid if world.database.embedded else table.c.case_id
    with world.database.transaction() as session:
        session.connection().execute(delete(table).where(key.in_([first, third])))
        row = session.get_one(Case, second)  # as the version before would write it
        row.title, row.revision = "大城的水泵", 2
    assert [found(world, text) for text in ("秸秆", "小镇", "大城", "课堂")] == [[], [second], [], []]
    made = searches.complete(world.database)
    assert [found(world, text) for text in ("秸秆", "小镇", "大城", "课堂")] == [[first], [], [second], [third]]
    assert (made, searches.complete(world.database)) == (3, 0)


# ---- many ------------------------------------------------------------------------------------------------------------

CASES = 240


@pytest.fixture
def masses(databases: Databases):
    def filled(database: Database) -> None:
        settle(database, CALL_2021)
        fill(database, Mass(CASES, 6, sentences=1), alike=False)

    with databases.copy("masses", filled) as made:
        yield made


TEXTS = [Vocabulary().word(rank) for rank in (0, 3, 40, 400)] + [
    f"{Vocabulary().word(0)} {Vocabulary().word(2)}",
    "有限公司",
]


def by_looking(database: Database, actor: Actor, filters: Filters) -> list[int]:
    """What a search finds, found by looking into every case."""
    sought = [bigrams.occurrence(term.written) for term in filters.query.terms]
    within = expected(database, actor, Filters(**{**vars(filters), "sort": filters.order}))
    with database.reading() as session:
        names = {one.id: one.name for one in session.scalars(select(Centre))}
        said = {
            case.id: [case.title, case.number, case.recipient, names[case.centre_id], *case.sections.values()]
            for case in session.scalars(select(Case))
        }
    return [one for one in within if all(any(it.search(bigrams.folded(text)) for text in said[one]) for it in sought)]


@pytest.mark.parametrize("name", ACTORS)
@pytest.mark.parametrize("text", TEXTS)
def test_a_search_finds_what_is_within_reach_and_nothing_else(name: str, text: str, masses: Database):
    for more in (
        {},
        {"state": "submitted"},
        {"sort": "oldest"},
        {"office": 1},
        {"centre": 2, "phase": "first"},
        {"sort": "moved"},
    ):
        filters = Filters(text=text, **more)  # type: ignore[arg-type]
        there, back = walked(masses, ACTORS[name], filters, 7)
        looked = by_looking(masses, ACTORS[name], filters)
        assert (more, ids(there), [ids([one]) for one in back][::-1]) == (more, looked, [ids([one]) for one in there])
        with masses.reading() as session:
            assert pages.count(session, ACTORS[name], filters) == Count(len(looked))


def test_many_hits_are_counted_as_far_as_is_cheap_and_looked_through_in_stretches(
    masses: Database, monkeypatch: pytest.MonkeyPatch
):
    desk, text = ACTORS["desk"], TEXTS[0]
    monkeypatch.setattr(pages, "FEW", 35)
    monkeypatch.setattr(pages, "_AT_ONCE", (3, 3))
    with masses.reading() as session:
        assert pages.count(session, desk, Filters(text=text)) == Count(35, more=True)
    for more in ({"state": "retracted"}, {"state": "published", "phase": "second"}, {"phase": "none"}):
        filters = Filters(text=text, **more)
        there, _ = walked(masses, desk, filters, 4)
        assert ids(there) == by_looking(masses, desk, filters)
        assert any(one.stopped for one in there)


@pytest.mark.parametrize("text", TEXTS)
def test_among_many_blocks_of_ids_a_count_is_exact_or_owns_that_there_are_more(
    text: str, masses: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(words, "BLOCK", 16)
    with masses.transaction() as session:
        words.keep(session, list(session.scalars(select(Case.id))))
    for name, sort in product(ACTORS, ("newest", "oldest")):
        filters = Filters(text=text, sort=sort)
        truth = len(by_looking(masses, ACTORS[name], filters))
        with masses.reading() as session:
            found = pages.count(session, ACTORS[name], filters)
        assert (found == Count(truth)) if truth <= pages.PAGE else (found.more and pages.PAGE <= found.number < truth)


def test_ids_far_apart_are_found_in_order(masses: Database, monkeypatch: pytest.MonkeyPatch):
    """On PostgreSQL the nearest blocks of ids are asked first; here there are many of them."""
    monkeypatch.setattr(words, "BLOCK", 16)
    with masses.transaction() as session:
        words.keep(session, list(session.scalars(select(Case.id))))
    for sort in ("newest", "oldest"):
        filters = Filters(text=TEXTS[1], sort=sort)
        there, _ = walked(masses, ACTORS["auditor"], filters, 5)
        assert ids(there) == by_looking(masses, ACTORS["auditor"], filters)


def test_a_word_search_never_reads_every_case(masses: Database):
    from tests.workflow.test_pages import asked, slow

    for name in ACTORS:
        for filters in (
            Filters(text=TEXTS[2]),
            Filters(text=TEXTS[0], state="submitted"),
            Filters(text=TEXTS[0], sort="oldest"),
        ):
            with asked(masses) as sent, masses.reading() as session:
                pages.page(session, ACTORS[name], filters)
                pages.page(session, ACTORS[name], filters, Place(after="100~100"))
                pages.count(session, ACTORS[name], filters)
            assert (
                slow(masses, [(sql, values) for sql, values in sent if "max(" not in sql], in_order=masses.embedded)
                == []
            )
