"""One page of a list of cases within somebody's reach, by keyset both ways, and counts that are cheap or honest.

A list is asked for by each way in which a person reaches cases, because each of those is answered by an index in the
list's order, and what they give is put together. Whatever no index narrows is looked for in a stretch of the list, so that
no page costs more than that, however many cases there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    exists,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.orm import Session, defer

from states.case import CaseState
from states.push import PushState
from states.reach import Actor
from workflow.finding.queries import Query, parse
from workflow.store import words
from workflow.store.models import Case, Push
from workflow.store.reach import Way, reachable, ways

PAGE = 30
COUNTED = 10_000
"""Cases of a list that are counted; beyond that there are "more than"."""
FEW = 1_000
"""Cases that are counted where they are found by words, wait for somebody or fill a board; one more stands for "more than"."""
STRETCH = 10_000
"""Cases of a list that one page looks through for those that fit, where an index holds all that is looked at."""
ROWS = 4_000
"""The same, where each row has to be read."""
_AT_ONCE = (150, 350, 500, 500, 500)
"""Cases found by words that one page looks through for those that fit besides, as many as are asked for in one go."""


@dataclass(frozen=True)
class Filters:
    """How a list of cases is narrowed; empty means all. `sort`: "newest", "oldest", "moved" or "changed".

    What is found by words stands in the order in which it was begun.
    """

    state: str = ""
    phase: str = ""
    theme: str = ""
    office: int | None = None
    centre: int | None = None
    text: str = ""
    sort: str = "newest"

    @property
    def query(self) -> Query:
        return parse(self.text)

    @property
    def order(self) -> str:
        """The order in which the list does stand."""
        known = self.sort if self.sort in _SORTS else "newest"
        return known if not self.text.strip() or known == "oldest" else "newest"


@dataclass(frozen=True)
class Place:
    """Where a page begins (`after` that key), or ends (`before` it); neither: at the top."""

    after: str = ""
    before: str = ""


TOP = Place()


@dataclass(frozen=True)
class Page:
    """One page of a list. `after`, `before`: the places of the next page and of the one before, "" where there is none.

    `stopped`: not everything that the page asks for was looked through; the next page goes on.
    """

    cases: list[Case]
    after: str = ""
    before: str = ""
    stopped: bool = False


@dataclass(frozen=True)
class Count:
    """How many there are. `more`: at least so many."""

    number: int
    more: bool = False


_SORTS: dict[str, tuple[Any, bool]] = {
    "newest": (Case.id, True),
    "oldest": (Case.id, False),
    "moved": (Case.moved_at, True),
    "changed": (Case.changed_at, True),
}
"""Order → by what, and whether the highest comes first."""
Key = tuple[Any, int]
"""What a case is put into order by, and its id."""


@dataclass(frozen=True)
class _Order:
    column: Any
    falling: bool

    def reversed(self) -> _Order:
        return replace(self, falling=not self.falling)

    @property
    def by(self) -> tuple[Any, ...]:
        columns = (Case.id,) if self.column is Case.id else (self.column, Case.id)
        return tuple(one.desc() if self.falling else one.asc() for one in columns)

    def beyond(self, start: Key | None) -> tuple[ColumnElement[bool], ...]:
        """As one comparison of rows: an index finds its place by that, and not by two conditions with OR."""
        if start is None:
            return ()
        here: Any = self.column if self.column is Case.id else tuple_(self.column, Case.id)
        there: Any = start[1] if self.column is Case.id else tuple_(literal(start[0], self.column.type), start[1])
        return (here < there if self.falling else here > there,)

    def sorted(self, keys: Iterable[Key]) -> list[Key]:
        return sorted(keys, reverse=self.falling)

    def past(self, key: Key) -> Key:
        """A place right after a key, so that what is before it includes the key itself."""
        return key[0], key[1] - 1 if self.falling else key[1] + 1

    def written(self, key: Key) -> str:
        return f"{key[1]}~{key[1]}" if self.column is Case.id else f"{key[0].isoformat()}~{key[1]}"

    def read(self, written: str) -> Key | None:
        """Where a page begins; a key that somebody made up begins at the top."""
        value, mark, case_id = written.rpartition("~")
        if not mark or not case_id.isascii() or not case_id.isdigit() or len(case_id) > 18:
            return None
        if self.column is Case.id:
            return int(case_id), int(case_id)
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return None
        return (at, int(case_id)) if at.tzinfo else None


def page(session: Session, seen_by: Actor, filters: Filters, place: Place = TOP, limit: int = PAGE) -> Page:
    """Cases within reach: a page costs the same wherever it lies, and the same however many there are."""
    order = _Order(*_SORTS[filters.order])
    before = order.read(place.before)
    if before is not None:
        return _page_before(session, seen_by, filters, order, before, limit)
    start = order.read(place.after)
    keys, stopped = _keys(session, seen_by, filters, order, start, limit + 1)
    shown = keys[:limit]
    after = shown[-1] if len(keys) > limit else stopped
    return Page(
        _cases(session, seen_by, shown, whole=bool(filters.text)),
        order.written(after) if after else "",
        order.written(shown[0] if shown else order.past(start)) if start else "",
        stopped=len(keys) <= limit and stopped is not None,
    )


def first(
    session: Session, seen_by: Actor, filters: Filters, states: Iterable[str], most: int
) -> tuple[list[int], bool]:
    """Ids of the first cases of a list that are in these states, and whether there are more than `most`."""
    order = _Order(*_SORTS[filters.order])
    keys: set[Key] = set()
    for state in states:
        found: list[Key] = []
        start: Key | None = None
        while len(found) <= most:  # through every stretch: nothing that is acted on is left out
            some, stopped = _keys(session, seen_by, replace(filters, state=state), order, start, most + 1 - len(found))
            found += some
            if stopped is None:
                break
            start = stopped
        keys |= set(found)
    return [case_id for _, case_id in order.sorted(keys)[:most]], len(keys) > most


def _page_before(session: Session, seen_by: Actor, filters: Filters, order: _Order, before: Key, limit: int) -> Page:
    keys, stopped = _keys(session, seen_by, filters, order.reversed(), before, limit + 1)
    if len(keys) <= limit and stopped is None:  # the top is near, and the first page is a whole one
        return page(session, seen_by, filters, TOP, limit)
    shown = keys[:limit][::-1]
    before_that = shown[0] if len(keys) > limit else stopped
    return Page(
        _cases(session, seen_by, shown, whole=bool(filters.text)),
        order.written(shown[-1] if shown else before),
        order.written(before_that) if before_that else "",
    )


def _cases(session: Session, seen_by: Actor, keys: Sequence[Key], *, whole: bool = False) -> list[Case]:
    """The cases of a page, in its order. `whole`: with their text, which else is read where it is asked for."""
    ids = [case_id for _, case_id in keys]
    later = [defer(Case.form)] if whole else [defer(Case.form), defer(Case.sections)]
    statement = select(Case).where(Case.id.in_(ids), reachable(seen_by)).options(*later)
    found = {case.id: case for case in session.scalars(statement)}
    return [found[case_id] for case_id in ids if case_id in found]


# ---- by index --------------------------------------------------------------------------------------------------------


def _keys(
    session: Session, seen_by: Actor, filters: Filters, order: _Order, start: Key | None, limit: int
) -> tuple[list[Key], Key | None]:
    """The next keys of a list in its order, and where looking for them stopped short, None where it did not."""
    if filters.text.strip():
        return _found(session, seen_by, filters, order, start, limit)
    keys: set[Key] = set()
    stops = []
    for part in _parts(narrowed(seen_by, filters), filters, order.column):
        rows, stop = _by_part(session, part, order, start, limit)
        keys |= set(rows)
        stops += [stop] if stop else []
    stop = order.sorted(stops)[0] if stops else None
    found = [key for key in order.sorted(keys) if stop is None or order.sorted([key, stop])[0] == key]
    return found[:limit], stop


def narrowed(seen_by: Actor, filters: Filters) -> list[Way]:
    """The ways of reaching cases, within the centre and the office that a list is narrowed to."""
    return [
        replace(way, centre=filters.centre or way.centre, office=filters.office or way.office)
        for way in ways(seen_by)
        if not filters.centre or way.centre in (None, filters.centre)
        if not filters.office or way.office in (None, filters.office)
    ]


@dataclass(frozen=True)
class _Part:
    """Cases that stand together in an index, and what remains to be looked for among them."""

    way: Way
    state: str = ""
    rest: Mapping[str, str | int] = field(default_factory=dict)
    """Column → value."""
    in_index: bool = False
    """Whether the index holds what remains to be looked at."""
    versions: tuple[int, ...] = ()
    """Of calls that the cases live under; none: whichever. Looked at with the rest of the row, however many rows it takes."""

    @property
    def stretch(self) -> int:
        return STRETCH if self.in_index else ROWS

    def clauses(self, *, in_order: bool = True) -> tuple[ColumnElement[bool], ...]:
        """All of what decides on reach, in a form in which the index is the obvious one."""
        way = self.way
        under = [Case.call_version_id.in_(self.versions)] if self.versions else []
        if way.centre is not None:
            of_office = [Case.office_id + 0 == way.office] if way.office is not None else []
            return (replace(way, office=None).clause, *of_office, *under)
        if way.submitted and way.office is not None and in_order and not self.state:
            way = replace(
                way, stamped=True
            )  # so it was, and the index of an office's cases in order is of stamped ones
        return (way.clause, *([Case.state == self.state] if self.state else []), *under)

    def fitting(self, of: Any) -> tuple[ColumnElement[bool], ...]:
        return tuple(getattr(of, name) == value for name, value in self.rest.items())


def _parts(found: Sequence[Way], filters: Filters, by: Any = Case.id) -> list[_Part]:
    """What to ask for, as indexes of that order have it: the rest is looked for."""
    wanted = {"phase": filters.phase, "theme": filters.theme, "state": filters.state}
    rest: dict[str, str | int] = {name: value for name, value in wanted.items() if value}
    besides = {name: value for name, value in rest.items() if name != "state"}
    made = []
    for way in found:
        whole = way.centre is None and not way.stamped and not way.submitted
        if whole and by is not Case.id:
            of_office = {"office_id": way.office} if way.office is not None else {}
            made.append(_Part(Way(), rest=rest | of_office))
        elif way.centre is not None or by is Case.changed_at:  # of a centre there are few enough to look at each
            made.append(_Part(way, rest=rest))
        elif whole and way.office is not None and not filters.state:  # with its drafts, each state by itself
            made += [_Part(way, str(state), besides) for state in CaseState]
        else:
            made.append(_Part(way, filters.state, besides, in_index=by is Case.id and not whole))
    return made


def _by_part(
    session: Session, part: _Part, order: _Order, start: Key | None, limit: int
) -> tuple[list[Key], Key | None]:
    """The next keys of a part, and where its stretch ended before there were enough."""
    inner = select(order.column.label("key"), Case.id).where(*part.clauses(), *order.beyond(start)).order_by(*order.by)
    if not part.rest:
        return _read(session, inner.limit(limit)), None
    stretch = inner.add_columns(*(getattr(Case, name) for name in part.rest)).limit(part.stretch).subquery()
    # Not put in order once more: that would read the whole stretch, which is in order and is given as it is read.
    found = _read(session, select(stretch.c.key, stretch.c.id).where(*part.fitting(stretch.c)).limit(limit))
    if len(found) == limit:
        return found, None
    end = _read(session, inner.offset(part.stretch - 1).limit(2))
    return found, end[0] if len(end) == 2 else None


def _read(session: Session, statement: Any) -> list[Key]:
    return [(key, case_id) for key, case_id in session.connection().execute(statement)]


# ---- by words --------------------------------------------------------------------------------------------------------


def _found(
    session: Session,
    seen_by: Actor,
    filters: Filters,
    order: _Order,
    start: Key | None,
    limit: int,
    since: int | None = None,
) -> tuple[list[Key], Key | None]:
    """The next keys of what is found by words, and where looking stopped short. `since`: no lower id."""
    within, query = narrowed(seen_by, filters), filters.query
    if not within or query.empty:
        return [], None
    match = words.matching(session, query, within)
    beyond = start[1] if start else None
    wanted = {Case.state: filters.state, Case.phase: filters.phase, Case.theme: filters.theme}
    besides = {column: value for column, value in wanted.items() if value}
    if not besides:
        some = words.hits(session, match, newest=order.falling, beyond=beyond, since=since, limit=limit)
        return [(row.id, row.id) for row in some], None
    fitting = tuple(besides.values())
    found: list[Key] = []
    for many in _AT_ONCE:
        some = words.hits(session, match, *besides, newest=order.falling, beyond=beyond, since=since, limit=many)
        found += [(row.id, row.id) for row in some if tuple(row[1:]) == fitting]
        if len(found) >= limit or len(some) < many:
            return found[:limit], None
        beyond = some[-1].id
    return found, (beyond, beyond) if beyond is not None else None


# ---- how many --------------------------------------------------------------------------------------------------------


def count(session: Session, seen_by: Actor, filters: Filters) -> Count:
    """How many cases a list holds, counted as far as that is cheap."""
    if filters.text.strip():
        return _count_found(session, seen_by, filters)
    return _sum(*_states(session, seen_by, filters))


def _count_found(session: Session, seen_by: Actor, filters: Filters, first: Page | None = None) -> Count:
    """Exact where one page shows all; else up to FEW of the newest cases are counted, and there are at least so many.

    To count them all, the index would be read from end to end for what is often said but seldom within reach.
    `first`: the first page of the list, where that is at hand.
    """
    if first is None or filters.order != "newest":
        first = page(session, seen_by, replace(filters, sort="newest"))
    number, more = len(first.cases), bool(first.after)
    since = words.newest_begin(session)
    if not more or (first.cases and first.cases[-1].id < since):
        return Count(number, more)
    keys, stopped = _found(session, seen_by, filters, _NEWEST, None, FEW + 1, since)
    return Count(max(number, min(len(keys), FEW)), more=since > 1 or stopped is not None or len(keys) > FEW)


def counts(
    session: Session, seen_by: Actor, filters: Filters, first: Page | None = None
) -> tuple[Count, dict[str, int] | None]:
    """The same; and state → how many, as if none were chosen: None for too many to count, or what is found by words.

    `first`: the first page of the list, where that is at hand.
    """
    if filters.text.strip():
        return _count_found(session, seen_by, filters, first), None
    states, cut = _states(session, seen_by, replace(filters, state=""))
    every = _sum(states, cut)
    if every.more:
        return every if not filters.state else count(session, seen_by, filters), None
    return Count(states.get(filters.state, 0)) if filters.state else every, states


def _sum(states: Mapping[str, int], cut: bool) -> Count:
    number = sum(states.values())
    return Count(min(number, COUNTED), more=cut or number > COUNTED)


_NEWEST = _Order(*_SORTS["newest"])


def _states(session: Session, seen_by: Actor, filters: Filters) -> tuple[dict[str, int], bool]:
    """State → how many among the first so many cases, and whether there are cases that were not looked at."""
    parts = _parts(narrowed(seen_by, filters), filters)
    if not parts:
        return {}, False
    some = _together([_some(part, COUNTED + 1) for part in parts], apart=_are_apart(parts))
    few = select(some.c.state).limit(COUNTED + 1).subquery() if len(parts) > 1 else some
    counted = select(few.c.state, func.count()).group_by(few.c.state)
    numbers = {state: number for state, number in session.connection().execute(counted)}
    enough = sum(numbers.values()) > COUNTED
    return numbers, not enough and any(_goes_on(session, part) for part in parts)


def _some(part: _Part, limit: int) -> Select[Any]:
    """Ids and states of so many cases of a part, in no order."""
    columns = (getattr(Case, name) for name in {**part.rest, "state": ""})
    if not part.rest:
        return select(Case.id, *columns).where(*part.clauses(in_order=False)).limit(limit)
    stretch = select(Case.id, *columns).where(*part.clauses(in_order=False)).limit(part.stretch).subquery()
    return select(stretch.c.id, stretch.c.state).where(*part.fitting(stretch.c)).limit(limit)


def _goes_on(session: Session, part: _Part) -> bool:
    """Whether a part is longer than the stretch that is looked through."""
    beyond = select(Case.id).where(*part.clauses(in_order=False)).offset(part.stretch).limit(1)
    return bool(part.rest) and session.connection().scalar(beyond) is not None


def _are_apart(parts: Sequence[_Part]) -> bool:
    """Whether no case is in two of them: they are reached alike, and each is in a state of its own."""
    states = {part.state for part in parts}
    return len({part.way for part in parts}) == 1 and len(states) == len(parts) and "" not in states


def _together(many: Sequence[Select[Any]], *, apart: bool = False) -> Subquery:
    """The rows of all of them, each once. `apart`: no row is in two of them, so they need not be compared. One that has a limit can stand beside another only as a query of its own."""
    if len(many) == 1:
        return many[0].subquery()
    together = union_all if apart else union
    return together(*(select(one.subquery()) for one in many)).subquery()


# ---- what has waited longest -----------------------------------------------------------------------------------------


def waiting(
    session: Session,
    seen_by: Actor,
    states: Iterable[str],
    *,
    centres: Collection[int] | None = None,
    offices: Collection[int] | None = None,
    versions: Collection[int] | None = None,
    limit: int,
) -> tuple[int, list[Case]]:
    """How many cases are in these states at these units (None: wherever), up to FEW + 1; those that moved longest ago.

    `versions`: of calls that they live under; None: whichever.
    """
    chosen = [str(state) for state in dict.fromkeys(states)]
    parts = [_in_state(way, state) for way in _at_units(seen_by, centres, offices) for state in chosen]
    if versions is not None:
        parts = [replace(one, versions=tuple(versions)) for one in parts]
    number = _number(session, parts)
    order, keys = _Order(Case.moved_at, falling=False), set[Key]()
    for part in parts if number else ():
        keys |= set(_by_part(session, part, order, None, limit)[0])
    return number, _cases(session, seen_by, order.sorted(keys)[:limit])


def _in_state(way: Way, state: str) -> _Part:
    return _Part(way, rest={"state": state}) if way.centre is not None else _Part(way, state)


def _number(session: Session, parts: Sequence[_Part]) -> int:
    if not parts:
        return 0
    some = _together([_some(part, FEW + 1) for part in parts], apart=_are_apart(parts))
    return min(session.connection().scalar(select(func.count()).select_from(some)) or 0, FEW + 1)


def _at_units(seen_by: Actor, centres: Collection[int] | None, offices: Collection[int] | None) -> list[Way]:
    """The ways of reaching cases, narrowed to some centres or offices."""
    if centres is None and offices is None:
        return list(ways(seen_by))
    units = [Filters(centre=one) for one in centres or ()] + [Filters(office=one) for one in offices or ()]
    return [way for unit in units for way in narrowed(seen_by, unit)]


def numbers(
    session: Session, seen_by: Actor, states: Iterable[str], versions: Collection[int] | None = None
) -> dict[str, int]:
    """State → how many cases within reach are in it, up to FEW + 1. `versions`: as in `waiting`."""
    under, found = tuple(versions or ()), {}
    for state in states:
        parts = [replace(_in_state(way, str(state)), versions=under) for way in ways(seen_by)]
        found[str(state)] = _number(session, parts)
    return found


def outstanding(session: Session, seen_by: Actor, limit: int) -> list[Case]:
    """Shortlisted and published cases whose effect was found outstanding, not on their way abroad, the oldest first."""
    on_its_way = exists().where(Push.case_id == Case.id, Push.state.in_([PushState.QUEUED, PushState.SENT]))
    keys: set[Key] = set()
    for way, state in product(ways(seen_by), (CaseState.SHORTLISTED, CaseState.PUBLISHED)):  # each by its index
        judged = Case.state == state, Case.effect != literal_column("''"), ~on_its_way
        some = select(Case.id, Case.id).where(way.clause, *judged).order_by(Case.id).limit(limit)
        keys |= set(_read(session, some))
    return _cases(session, seen_by, sorted(keys)[:limit])


def lately(session: Session, seen_by: Actor, limit: int) -> list[int]:
    """Ids of the cases within reach that moved or changed last."""
    found: dict[int, None] = {}
    for name in ("moved", "changed"):
        keys, _ = _keys(session, seen_by, Filters(sort=name), _Order(*_SORTS[name]), None, limit)
        found |= dict.fromkeys(case_id for _, case_id in keys)
    return list(found)


def drafts_of(session: Session, offices: Collection[int]) -> int:
    """How many cases of offices' centres have not been stamped yet, up to FEW + 1: an office sees them only as a number."""
    unstamped = Case.office_id.in_(offices), Case.first_stamped_at.is_(None), Case.state != CaseState.WITHDRAWN
    some = select(Case.id).where(*unstamped).limit(FEW + 1).subquery()
    return session.connection().scalar(select(func.count()).select_from(some)) or 0
