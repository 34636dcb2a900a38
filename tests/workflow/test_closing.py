"""The closing report of a call: its numbers, what fell short, what was refused; and the Word file made of it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import docx
import pytest
import tomlkit

from states.case import CaseState
from tests.worlds import World
from workflow.calls import closing
from workflow.cases import NoSuchCase
from workflow.documents import charts
from workflow.documents.closing import document
from workflow.engine import NotPermitted
from workflow.publishing import made
from workflow.store import calls as stored_calls
from workflow.store import notices as stored_notices
from workflow.store.files import Files


def report(world: World, login: str = "desk") -> closing.Report:
    with world.database.reading() as session:
        return closing.report(session, world.people[login], world.call, world.at)


def test_it_counts_what_was_sent_chosen_and_published_and_says_what_is_short(world: World) -> None:
    world.case(CaseState.PUBLISHED)
    world.case(CaseState.NOT_SELECTED)
    world.act(world.draft(), "stamp")  # refused: its form is not sealed
    found = report(world)
    assert (found.totals.sent, found.totals.chosen, found.totals.published, found.centres) == (2, 1, 1, 1)
    assert sum(one.sent for one in found.offices) == sum(one.sent for one in found.of_centres) == 2
    assert {one.name.zh for one in found.phases if one.sent} == {world.phase.label.zh}
    assert (found.before, found.changes, found.timed) == (None, (), 2)
    short = {(one.who, one.what.zh): one.missing for one in found.short}
    assert all(missing > 0 for missing in short.values())
    assert "unit_seal_present" not in {one.rule for one in found.refused}  # a draft that never reached the desk


def test_nothing_sent_is_told_as_nothing(world: World) -> None:
    found = report(world)
    assert (found.totals.sent, found.of_centres, found.refused, found.timed) == (0, [], [], 0)


def year_later(world: World) -> World:
    """The same call a year later under another number, which is open beside it."""
    with world.database.transaction() as session:
        newest = stored_notices.versions(session, world.call.number)[0]
        written: Any = tomlkit.parse(newest.source)
        written["number"], written["document_number"] = "2022-088", "国知办函服字〔2022〕88号"
        written["opened"] += timedelta(days=365)
        for phase in written["phases"]:
            phase["closes"] += timedelta(days=365)
        made = stored_calls.load(session, tomlkit.dumps(written), newest.notice, world.at)
        call = stored_calls.call_of(session, made.id)
    later = replace(world, call=call, call_version=made.id)
    later.in_phase(call.phases[0])
    return later


def test_it_tells_what_changed_since_the_call_before_office_by_office(world: World, tmp_path: Path) -> None:
    for _ in range(3):
        world.case(CaseState.SUBMITTED)
    world.case(CaseState.SHORTLISTED, centre="neighbour")
    now = year_later(world)
    now.case(CaseState.PUBLISHED)
    now.case(CaseState.NOT_SELECTED, centre="neighbour")
    found, first = report(now), report(world)
    told = {one.name.zh: (one.now, one.before) for one in found.changes}
    days = told.pop("平均每个案例用时（天）")
    assert told == {
        "报送案例": (2, 4),
        "报送的中心": (2, 2),
        "报送的单位": (2, 2),
        "入选案例": (1, 1),
        "公开发布": (1, 0),
        "被规则拦下的次数": (0, 0),
    }
    assert days == (0, 365)  # those of the call before wait since a year
    offices = [(one.name.zh, one.now, one.before) for one in found.moved]
    assert offices == [("示例省知识产权局", 1, 3)]
    assert (found.before, first.before) == (world.call, None)
    written = docx.Document(io.BytesIO(document(found, now.at)))
    [changes, moved] = written.tables[:2]
    assert [cell.text for cell in changes.rows[1].cells] == ["报送案例", "2", "4", "-2"]
    assert [cell.text for cell in moved.rows[1].cells] == ["示例省知识产权局", "1", "3", "-2"]


def test_it_is_the_national_offices(world: World) -> None:
    with pytest.raises(NoSuchCase):
        report(world, "reviewer")


def test_the_word_file_is_made_once_with_charts_and_the_auditor_orders_none(world: World, tmp_path: Path) -> None:
    world.case(CaseState.SHORTLISTED)
    files, desk = Files((tmp_path / "documents").as_uri()), world.people["desk"]
    with world.database.transaction() as session:
        ordered = made.order(session, "closing", world.call.number, "r.docx", actor=desk, at=world.at, op="once")
        assert (
            made.order(session, "closing", world.call.number, "r.docx", actor=desk, at=world.at, op="once") == ordered
        )
        with pytest.raises(NotPermitted):
            made.order(session, "closing", world.call.number, "r.docx", actor=world.people["auditor"], at=world.at)
    assert made.make(world.database, files, ordered, at=world.at).endswith("bytes")
    assert made.make(world.database, files, ordered, at=world.at) == "nothing to be made"
    _, data = made.taken(world.database, files, ordered, actor=desk, at=world.at)
    written = docx.Document(io.BytesIO(data))
    assert len(written.inline_shapes) >= 3
    assert any("报送案例 1 个" in one.text for one in written.paragraphs)
    with world.database.reading() as session, pytest.raises(NoSuchCase):
        made.find(session, ordered, actor=world.people["author"])


def test_a_chart_is_drawn_of_anything() -> None:
    assert charts.bars([]).startswith(b"\x89PNG")
    assert charts.bars([("很长的一个名字" * 9, 0), ("b", 3.5)]).startswith(b"\x89PNG")
