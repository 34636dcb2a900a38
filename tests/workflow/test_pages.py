"""Lists of cases: within reach, in every order, both ways, and by an index whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import event, select, text, update

from rules.roles import Role
from states.case import COUNTED, CaseState
from states.reach import Actor, Grant, reaches
from tests.masses import Mass, fill
from tests.worlds import CALL_2021, Databases, World, settle
from workflow.store import batches, pages, public
from workflow.store.database import Database
from workflow.store.models import Case, Centre
from workflow.store.pages import TOP, Count, Filters, Page, Place

pytestmark = pytest.mark.database

CASES = 240


@pytest.fixture
def masses(databases: Databases) -> Iterator[Database]:
    """Two offices with six centres, and cases of theirs in every state."""

    def filled(database: Database) -> None:
        settle(database, CALL_2021)
        fill(database, Mass(CASES, 6, sentences=1), alike=False)

    with databases.copy("masses", filled) as made:
        yield made


def who(*grants: Grant) -> Actor:
    return Actor(1, "甲", frozenset(grants))


ACTORS = {
    "author": who(Grant(Role.AUTHOR, 1)),
    "reviewer": who(Grant(Role.REVIEWER, 1)),
    "desk": who(Grant(Role.DESK)),
    "auditor": who(Grant(Role.AUDITOR)),
    "author and reviewer": who(Grant(Role.AUTHOR, 1), Grant(Role.REVIEWER, 1)),
    "author of two and desk": who(Grant(Role.AUTHOR, 2), Grant(Role.SEALER, 3), Grant(Role.DESK)),
    "judge": who(Grant(Role.JUDGE)),
}
NARROWED = {
    "all": Filters(),
    "a state": Filters(state="submitted"),
    "a state before": Filters(state="draft"),
    "a phase": Filters(phase="second"),
    "a theme and a state": Filters(state="published", theme="public"),
    "an office": Filters(office=1),
    "another office, a state": Filters(office=2, state="submitted"),
    "a centre": Filters(centre=1),
    "a centre, a phase": Filters(centre=2, phase="first"),
    "a centre of another office": Filters(centre=1, office=2),
    "nothing that there is": Filters(phase="none"),
}
SORTS = ("newest", "oldest", "moved", "changed")


def expected(database: Database, actor: Actor, filters: Filters) -> list[int]:
    """What a list holds, found by looking at every case."""
    wanted = {"state": filters.state, "phase": filters.phase, "theme": filters.theme}
    wanted |= {"office_id": filters.office, "centre_id": filters.centre}
    with database.reading() as session:
        found = [
            case
            for case in session.scalars(select(Case))
            if reaches(actor, case) and all(getattr(case, name) == one for name, one in wanted.items() if one)
        ]
    key: Callable[[Case], Any] = {
        "newest": lambda case: -case.id,
        "oldest": lambda case: case.id,
        "moved": lambda case: (-case.moved_at.timestamp(), -case.id),
        "changed": lambda case: (-case.changed_at.timestamp(), -case.id),
    }[filters.sort]
    return [case.id for case in sorted(found, key=key)]


def page(database: Database, actor: Actor, filters: Filters, place: Place = TOP, limit: int = 30) -> Page:
    with database.reading() as session:
        return pages.page(session, actor, filters, place, limit)


def walked(database: Database, actor: Actor, filters: Filters, limit: int) -> tuple[list[Page], list[Page]]:
    """All pages there and all pages back."""
    there = [page(database, actor, filters, TOP, limit)]
    while there[-1].after:
        there.append(page(database, actor, filters, Place(after=there[-1].after), limit))
    back = [there[-1]]
    while back[-1].before:
        back.append(page(database, actor, filters, Place(before=back[-1].before), limit))
    return there, back


def ids(many: Sequence[Page]) -> list[int]:
    return [case.id for one in many for case in one.cases]


@pytest.mark.parametrize("name", ACTORS)
def test_a_list_holds_what_is_within_reach_and_fits_in_its_order(name: str, masses: Database):
    for filters, sort in product(NARROWED.values(), SORTS):
        asked = Filters(**{**vars(filters), "sort": sort})
        there, _ = walked(masses, ACTORS[name], asked, 50)
        assert (asked, ids(there)) == (asked, expected(masses, ACTORS[name], asked))


@pytest.mark.parametrize("name", ["author", "desk", "author of two and desk"])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_go_back_the_way_they_went(name: str, sort: str, masses: Database):
    there, back = walked(masses, ACTORS[name], Filters(sort=sort), 9)
    assert [ids([one]) for one in back] == [ids([one]) for one in there][::-1]


def test_a_page_back_at_the_top_is_a_whole_one(masses: Database):
    first, second = walked(masses, ACTORS["desk"], Filters(), 9)[0][:2]
    a_little_back = pages._Order(Case.id, True).written((second.cases[0].id, second.cases[2].id))
    found = page(masses, ACTORS["desk"], Filters(), Place(before=a_little_back), 12)
    assert (ids([found])[:9], len(found.cases), found.before) == (ids([first]), 12, "")


@pytest.mark.parametrize("name", ["author", "reviewer", "desk", "auditor", "author of two and desk"])
@pytest.mark.parametrize("sort", ["newest", "moved"])
def test_a_page_looks_through_a_stretch_and_says_when_there_is_more(
    name: str, sort: str, masses: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pages, "STRETCH", 7)
    monkeypatch.setattr(pages, "ROWS", 7)
    for filters in (
        Filters(phase="second", sort=sort),
        Filters(theme="public", sort=sort),
        Filters(phase="none", sort=sort),
    ):
        there, _ = walked(masses, ACTORS[name], filters, 5)
        assert ids(there) == expected(masses, ACTORS[name], filters)
        assert not any(one.stopped and not one.after for one in there)
        back, place = [], there[-1].before
        while place:
            one = page(masses, ACTORS[name], filters, Place(before=place), 5)
            back.append(one)
            place = one.before
        assert set(ids(back)) == set(ids(there[:-1]))


def test_a_stretch_holds_nothing_that_is_out_of_reach(masses: Database, monkeypatch: pytest.MonkeyPatch):
    """What one may not see does not even make one's pages shorter."""
    for name, filters in product(("author", "reviewer", "desk"), NARROWED.values()):
        reached = len(expected(masses, ACTORS[name], Filters(centre=filters.centre, office=filters.office)))
        monkeypatch.setattr(pages, "STRETCH", max(reached, 1))
        monkeypatch.setattr(pages, "ROWS", max(reached, 1))
        assert not page(masses, ACTORS[name], filters, limit=CASES).stopped


@pytest.mark.parametrize("name", ACTORS)
def test_a_list_is_counted(name: str, masses: Database):
    with masses.reading() as session:
        for filters in NARROWED.values():
            there = len(expected(masses, ACTORS[name], filters))
            assert pages.count(session, ACTORS[name], filters) == Count(there)
            total, by_state = pages.counts(session, ACTORS[name], filters)
            assert total == Count(there)
            any_state = expected(masses, ACTORS[name], Filters(**{**vars(filters), "state": ""}))
            assert by_state is not None
            assert (sum(by_state.values()), by_state.get(filters.state, there if not filters.state else 0)) == (
                len(any_state),
                there,
            )


def test_a_long_list_is_counted_as_far_as_is_cheap(masses: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "COUNTED", 20)
    monkeypatch.setattr(pages, "STRETCH", 30)
    desk = ACTORS["desk"]
    with masses.reading() as session:
        assert pages.count(session, desk, Filters()) == Count(20, more=True)
        assert pages.counts(session, desk, Filters()) == (Count(20, more=True), None)
        chosen = len(expected(masses, desk, Filters(state="retracted")))
        assert pages.counts(session, desk, Filters(state="retracted")) == (Count(chosen), None)
        some = pages.count(session, desk, Filters(theme="public"))
        assert (0 < some.number < 20, some.more) == (True, True)


def test_what_waits_is_counted_and_the_longest_first(masses: Database, monkeypatch: pytest.MonkeyPatch):
    states = ["centre_stamped", "province_reviewed"]
    for name, units, mine in (
        ("author", {"centres": [1]}, lambda case: case.centre_id == 1),
        ("reviewer", {"offices": [1]}, lambda case: case.office_id == 1),
        ("auditor", {}, lambda case: True),
        ("author", {"centres": []}, lambda case: False),
        ("desk", {"centres": [1]}, lambda case: False),
    ):
        with masses.reading() as session:
            waits = [case for case in session.scalars(select(Case)) if case.state in states and mine(case)]
            number, found = pages.waiting(session, ACTORS[name], states, limit=5, **units)
            oldest = sorted(waits, key=lambda case: (case.moved_at, case.id))[:5]
            assert (number, [case.id for case in found]) == (len(waits), [case.id for case in oldest])
    monkeypatch.setattr(pages, "FEW", 3)
    with masses.reading() as session:
        assert pages.waiting(session, ACTORS["auditor"], states, limit=5)[0] == 4
        assert pages.numbers(session, ACTORS["author"], ["draft"])["draft"] == 4
        assert pages.drafts_of(session, [1, 2]) == 4


# ---- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", SORTS)
def test_ties_are_kept_apart_by_the_order_of_beginning(world: World, sort: str):
    made = [world.draft(at=world.at + timedelta(minutes=number // 2)) for number in range(5)]
    there, back = walked(world.database, world.people["author"], Filters(sort=sort), 2)
    assert (ids(there), [ids([one]) for one in back][::-1]) == (
        made if sort == "oldest" else made[::-1],
        [ids([one]) for one in there],
    )


@pytest.mark.parametrize(
    "key", ["x", "1~x", "~", "9999~²", "2020-01-01~1; drop table cases", "2020-01-01~1", "1~" + "9" * 30]
)
@pytest.mark.parametrize("sort", ["newest", "moved"])
def test_a_key_that_somebody_made_up_begins_at_the_top(sort: str, key: str, world: World):
    case = world.draft()
    if (sort, key) == ("newest", "2020-01-01~1"):
        pytest.skip("for this order it is a key")
    for place in (Place(after=key), Place(before=key)):
        assert ids([page(world.database, world.people["author"], Filters(sort=sort), place)]) == [case]


# ---- by which way ----------------------------------------------------------------------------------------------------


@contextmanager
def asked(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is sent meanwhile, with its values."""
    sent: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, sql: str, values: Any, _context: Any, _many: bool) -> None:
        sent.append((sql, values))

    event.listen(database.engine, "before_cursor_execute", keep)
    yield sent
    event.remove(database.engine, "before_cursor_execute", keep)


def slow(
    database: Database, sent: Sequence[tuple[str, Any]], *, in_order: bool = True, whole: bool = False
) -> list[str]:
    """Statements that read all cases, or put cases into order after reading them, with how the database would do it.

    `whole`: what is asked for is everything there is, so reading an index of everything in its order is right.
    """
    found = []
    with database.reading() as session:
        cursor = session.connection().connection.cursor()
        if not database.embedded:
            for kind in (
                "seqscan",
                "sort",
                "bitmapscan",
                "material",
                "hashagg",
            ):  # taken only where there is no other way
                cursor.execute(f"set local enable_{kind} = off")
        for sql, values in sent:
            if "cases" not in sql and "case_words" not in sql:
                continue
            cursor.execute(("explain query plan " if database.embedded else "explain ") + sql, values)
            plan = [str(row[-1]) for row in cursor.fetchall()]
            if any(
                (not whole and _reads_all(line))
                or _reads_table(line)
                or (in_order and "ORDER BY" in sql and _sorts(line))
                for line in plan
            ):
                found.append("\n".join([sql, *plan]))
    return found


def _reads_table(line: str) -> bool:
    return line in ("SCAN cases", "SCAN case_words") or "Seq Scan on cases" in line or "Seq Scan on case_words" in line


def _reads_all(line: str) -> bool:
    """Whether SQLite reads an index of all cases, and not of those that were submitted."""
    return line.startswith("SCAN cases USING") and "ix_cases_nation" not in line


def _sorts(line: str) -> bool:
    return "TEMP B-TREE FOR ORDER BY" in line or line.strip(" ->").startswith("Sort")


INDEXED = [
    (name, filters)
    for name, (what, filters) in product(ACTORS, NARROWED.items())
    if not (name == "auditor" and what in ("all", "a phase", "nothing that there is"))  # everything, as it lies
]


WHOLE = {("auditor", sort) for sort in ("moved", "changed")}
"""Everything there is, in an order of everything's."""


@pytest.mark.parametrize(("name", "filters"), INDEXED)
def test_every_list_is_read_in_the_order_of_an_index(name: str, filters: Filters, masses: Database):
    for sort in SORTS:
        narrowed = Filters(**{**vars(filters), "sort": sort})
        for place in (TOP, Place(after="5~200"), Place(before="2022-01-01T00:00:00+00:00~100")):
            with asked(masses) as sent:
                page(masses, ACTORS[name], narrowed, place, 5)
            assert slow(masses, sent, whole=(name, sort) in WHOLE) == []


@pytest.mark.parametrize(("name", "filters"), INDEXED)
def test_every_count_reads_what_it_counts(name: str, filters: Filters, masses: Database):
    with asked(masses) as sent, masses.reading() as session:
        pages.count(session, ACTORS[name], filters)
        if name != "auditor":  # who counts the first so many of everything there is
            pages.counts(session, ACTORS[name], filters)
    assert slow(masses, sent, in_order=False) == []


@pytest.mark.parametrize("name", [name for name in ACTORS if name != "auditor"])
def test_what_waits_and_what_moved_is_read_by_an_index(name: str, masses: Database):
    with asked(masses) as sent, masses.reading() as session:
        centres = sorted(ACTORS[name].units(Role.AUTHOR, Role.SEALER))
        offices = sorted(ACTORS[name].units(Role.REVIEWER))
        units = {"centres": centres} if centres else {"offices": offices} if offices else {}
        pages.waiting(session, ACTORS[name], ["submitted", "returned"], limit=8, **units)
        pages.numbers(session, ACTORS[name], list(CaseState))
        pages.lately(session, ACTORS[name], 8)
        pages.drafts_of(session, offices or [1])
    assert slow(masses, sent) == []


def test_boards_read_no_more_than_they_show(masses: Database):
    """An office's and the nation's boards, what is to be pushed, what is public."""
    with asked(masses) as sent, masses.reading() as session:
        minimums = {"first": 2, "second": 2}
        batches.standings(session, "2021-205", minimums)
        batches.standings(session, "2021-205", minimums, [1])
        batches.centre_counts(session, "2021-205", 1)
        batches.reviewed_in_no_batch(session, [1])
        pages.outstanding(session, ACTORS["desk"], 5)
        public.page(session, public.Wanted(), None, 5)
    assert slow(masses, sent) == []


def test_cases_to_be_pushed_are_those_found_outstanding(masses: Database):
    with masses.transaction() as session:
        session.execute(update(Case).where(Case.id % 3 == 0).values(effect="突出"))
    with masses.reading() as session:
        there = session.scalars(
            select(Case).where(Case.state.in_(["shortlisted", "published"]), Case.effect != "").order_by(Case.id)
        ).all()
        found = pages.outstanding(session, ACTORS["desk"], 100)
    assert there
    assert [case.id for case in found] == [case.id for case in there]


def test_standings_are_counted_as_far_as_a_board_says(masses: Database, monkeypatch: pytest.MonkeyPatch):
    with masses.reading() as session:
        [exact] = [one for one in batches.standings(session, "2021-205", {"second": 2}, [1])]
        monkeypatch.setattr(batches, "FEW", 2)
        [bounded] = batches.standings(session, "2021-205", {"second": 2}, [1])
        mine = [case for case in session.scalars(select(Case)) if (case.office_id, case.phase) == (1, "second")]
    assert exact.submitted == len([case for case in mine if case.state in {str(one) for one in COUNTED}])
    assert (bounded.submitted, bounded.minimum, bounded.office.id) == (3, 2, 1)


def test_a_list_without_an_index_is_noticed(masses: Database):
    with asked(masses) as sent, masses.reading() as session:
        session.scalars(select(Case.id).where(Case.theme_name == "x")).all()
        session.scalars(select(Case.id).order_by(Case.length)).all()
    assert len(slow(masses, sent)) == 2


def test_the_masses_are_what_the_models_allow(masses: Database):
    with masses.reading() as session:
        assert session.scalar(text("select count(*) from cases")) == CASES
        assert len(session.scalars(select(Centre)).all()) == 6
        assert {case.state for case in session.scalars(select(Case))} >= {"draft", "submitted", "published"}
