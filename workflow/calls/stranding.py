"""What would strand running cases, if a call's file became its next version: place and reason, before anything is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from rules.call import Call
from rules.words import Text
from states.migration import Placed, at_rest, strands
from workflow.calls import CallProblem
from workflow.store import amending as stored
from workflow.store.calls import call_of


def problems(session: Session, after: Call) -> list[CallProblem]:
    """What would strand cases of the call that are worked on, if this were its next version: place and reason of each."""
    found: dict[tuple[str, Text], list[Any]] = defaultdict(list)
    dos: dict[tuple[str, Text], Text] = {}
    for row in stored.kinds_of_standing(session, after.number):
        before = call_of(session, row.call_version_id)
        if at_rest(row.state, before):
            continue
        placed = Placed(row.state, row.phase, row.theme, pushing=row.pushing)
        for one in strands(placed, before, after):
            found[one.place, one.why].append(row)
            dos[one.place, one.why] = one.do
    return [*_problems(found, dos), *_dropped_parts(session, after)]


def _problems(
    found: Mapping[tuple[str, Text], Sequence[Any]], dos: Mapping[tuple[str, Text], Text]
) -> Iterator[CallProblem]:
    for (place, why), rows in found.items():
        number, do = sum(row.cases for row in rows), dos[place, why]
        yield CallProblem(
            place,
            Text(
                f"{place}：有 {number} 个在办案例会没有出路。{why.zh}{do.zh}",
                f"{place}: {number} running cases would be stranded. {why.en} {do.en}",
            ),
        )


def _dropped_parts(session: Session, after: Call) -> Iterator[CallProblem]:
    """The same of sections that cases have filled: texts are read only where a version drops one."""
    kept = {part.id for part in after.sections}
    versions = {row.call_version_id for row in stored.kinds_of_standing(session, after.number)}
    if all({part.id for part in call_of(session, one).sections} <= kept for one in versions):
        return
    found: dict[tuple[str, Text], list[Any]] = defaultdict(list)
    dos: dict[tuple[str, Text], Text] = {}
    for row in stored.texts(session, after.number):
        before = call_of(session, row.call_version_id)
        if at_rest(row.state, before):
            continue
        written = [name for name, text in row.sections.items() if text.strip()]
        for one in strands(Placed(row.state, written=written), before, after):
            if one.place == "sections":
                found[one.place, one.why].append(SimpleNamespace(cases=1))
                dos[one.place, one.why] = one.do
    yield from _problems(found, dos)
