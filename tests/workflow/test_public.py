"""What everybody may read: which cases, in which order, and whose English."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.words import Text
from states.case import CaseState
from tests.worlds import World
from workflow.cases import NoSuchCase
from workflow.publishing import public
from workflow.publishing.public import Wanted

pytestmark = pytest.mark.database


@pytest.fixture
def published(world: World) -> list[int]:
    """Five published cases of two offices, one after the other."""
    centres = ["university", "institute", "neighbour", "university", "neighbour"]
    hours = (timedelta(hours=place) for place in range(5))
    return [
        world.case(CaseState.PUBLISHED, centre=centre, at=world.at + later)
        for centre, later in zip(centres, hours, strict=True)
    ]


EVERYTHING = Wanted()


def numbers(world: World, wanted: Wanted = EVERYTHING, after: str = "", limit: int = 18) -> tuple[list[str], str]:
    with world.database.reading() as session:
        page = public.gallery(session, wanted, after, limit)
    return [one.number for one in page.cases], page.after


def test_the_newest_comes_first_and_pages_follow_one_another(world: World, published: list[int]):
    seen, after = [], ""
    for _ in range(3):
        page, after = numbers(world, after=after, limit=2)
        seen.append(page)
    newest_first = [world.row(case).number for case in reversed(published)]
    assert (seen, after) == ([newest_first[:2], newest_first[2:4], newest_first[4:]], "")


def test_the_gallery_is_narrowed_by_theme_office_and_centre(world: World, published: list[int]):
    theme = world.row(published[0]).theme
    found = [
        len(numbers(world, wanted)[0])
        for wanted in (
            Wanted(theme=theme),
            Wanted(theme="none"),
            Wanted(office=world.offices["second"]),
            Wanted(centre=world.centres["institute"]),
            Wanted(office=world.offices["second"], centre=world.centres["institute"]),
        )
    ]
    assert found == [5, 0, 2, 1, 0]


def test_choices_are_only_what_published_cases_have(world: World, published: list[int]):
    with world.database.reading() as session:
        every, second = public.choices(session), public.choices(session, world.offices["second"])
    assert (
        [one.id for one in every.offices],
        [len(one.centres) for one in (every, second)],
        [theme.label for theme in every.themes],
    ) == (
        [world.offices["first"], world.offices["second"]],
        [3, 1],
        [world.call.themes[world.call.phases[0].themes[0]].label],
    )


def test_what_consent_hides_is_counted_nowhere(world: World, published: list[int]):
    with world.database.reading() as session:
        before = public.choices(session)
    neighbour = world.row(published[2])
    for hidden in (published[2], published[4]):
        world.consent(hidden, "")
    with world.database.reading() as session:
        after, left = public.choices(session), public.gallery(session, EVERYTHING)
    assert (before.counted["office"], after.counted["office"]) == (
        {world.offices["first"]: 3, world.offices["second"]: 2},
        {world.offices["first"]: 3},
    )
    assert [sum(after.counted[name].values()) for name in ("theme", "office", "centre", "call", "year")] == [3] * 5
    assert neighbour.centre_id not in {one.id for one in after.centres}
    assert (left.total, len(left.cases)) == (3, 3)
    for one in (published[0], published[1], published[3]):
        world.consent(one, "")
    with world.database.reading() as session:
        empty = public.choices(session)
    assert (empty.themes, empty.offices, empty.centres, empty.years, empty.calls) == ([], [], [], [], [])
    world.consent(published[2], "服务对象再次书面同意")
    assert numbers(world) == ([neighbour.number], "")


def test_a_page_is_full_whatever_consent_hides(world: World, published: list[int]):
    world.consent(published[4], "")
    assert numbers(world, limit=2)[0] == [world.row(published[place]).number for place in (3, 2)]


def test_words_are_looked_for_as_they_stand(world: World, published: list[int]):
    title = world.row(published[1]).title
    found = [len(numbers(world, Wanted(text=text))[0]) for text in (title[3:12], f" {title} ", "%", "_", "邻省大学")]
    assert found == [1, 1, 0, 0, 2]


def test_english_is_found_and_shown_only_while_it_is_current(world: World):
    case = world.case(CaseState.PUBLISHED)
    world.translate(case, "A brewery's strain")
    with world.database.reading() as session:
        shown = public.find(session, world.row(case).number)
    assert (shown.english.title, len(numbers(world, Wanted(text="BREWERY"))[0])) == ("A brewery's strain", 1)


@pytest.mark.parametrize("after", ["", "x", "~", "2021~", "2021-03-19T00:00:00~7", "2021-03-19T00:00:00+00:00~x"])
def test_a_page_key_that_somebody_made_up_begins_at_the_top(after: str, world: World, published: list[int]):
    assert numbers(world, after=after, limit=1)[0] == [world.row(published[-1]).number]


def test_a_case_that_is_published_again_is_there_again(world: World):
    case = world.case(CaseState.RETRACTED)
    with world.database.reading() as session:
        before = public.find(session, world.row(case).number)
    world.walk(case, "republish")
    with world.database.reading() as session:
        after = public.find(session, world.row(case).number)
    assert ((before.retracted, before.parts, before.title), (after.retracted, bool(after.parts))) == (
        (True, (), ""),
        (False, True),
    )


def test_what_was_never_published_does_not_exist(world: World):
    number = world.row(world.case(CaseState.SHORTLISTED)).number
    with world.database.reading() as session, pytest.raises(NoSuchCase) as refused:
        public.find(session, number)
    assert isinstance(refused.value.message, Text)
