"""假如重算 on screen: a changed call asked for by a form, worked out in the background, told step by step, taken away."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from states.case import CaseState
from tests.web.conftest import As, hidden, post, send_fields
from tests.worlds import World
from workflow.calls import what_if
from workflow.jobs.kinds import KINDS
from workflow.jobs.running import Progress, Runner
from workflow.store import notices as rows
from workflow.store.models import AuditEvent, CallVersion, Case, WhatIf

pytestmark = pytest.mark.database


def asked(world: World, client: Any, **fields: Any) -> str:
    """The address of what was asked, by the form for single values or, with `version`, by the one above it."""
    form = f"/what-if/new?call={world.call.number}"
    shown = client.get(form).get_data(as_text=True)
    answer = send_fields(client, "/what-if", {**hidden(shown, "/what-if"), **fields})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return str(answer.location)


def worked(world: World, where: str) -> str:
    """Do the work as a worker does."""
    number = int(where.rpartition("/")[2])

    def work(progress: Progress) -> str:
        return what_if.work_out(world.database, number, progress.each, at=world.at)

    return Runner(world.database, "worker-1").run(KINDS["replay_call"], f"what_if/{number}", (number,), work)


@pytest.fixture
def lived(world: World) -> int:
    """A published case, one that was refused unseen by the national office, and one stamped too late."""
    published = world.case(CaseState.PUBLISHED)
    world.act(published, "retract", remark="")
    late = world.draft()
    world.seal(late)
    world.act(late, "stamp", at=world.window(world.phase).closes)
    return published


def test_a_longer_phase_is_told_within_reach_with_the_rest_as_a_number(world: World, lived: int, sign_in: As) -> None:
    desk, closes = sign_in("desk"), world.phase.closes + timedelta(days=3)
    where = asked(world, desk, **{"at:phases[0].closes": str(closes)})
    assert "在排队" in desk.get(where).get_data(as_text=True)
    with world.database.reading() as session:
        before = session.scalar(select(func.count()).select_from(AuditEvent))
        stands = session.execute(select(Case.id, Case.state, Case.version)).all()
    assert "1 differ" in worked(world, where)
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == before
        assert session.execute(select(Case.id, Case.state, Case.version)).all() == stands
    assert desk.get(f"{where}/progress").headers["HX-Refresh"] == "true"
    of_desk, of_auditor = (sign_in(who).get(where).get_data(as_text=True) for who in ("desk", "auditor"))
    for page in (of_desk, of_auditor):
        assert ("1 步结果不同" in page, "1 步改为办成" in page, f"{closes.day}日</ins>" in page) == (True, True, True)
    assert ("另有 1 步不列出" in of_desk, "before_phase_deadline" in of_desk) == (True, False)
    assert ("另有 1 步不列出" in of_auditor, "#before_phase_deadline" in of_auditor) == (False, True)


def test_a_rule_left_out_has_what_it_alone_refused_done_and_a_sheet_says_so(
    world: World, lived: int, sign_in: As
) -> None:
    director = sign_in("director", "en")
    where = asked(world, director, without="reason_given")
    worked(world, where)
    page = director.get(where).get_data(as_text=True)
    assert ("1 done instead" in page, f'href="/cases/{lived}"' in page, "#reason_given" in page) == (True, True, True)
    answer = post(director, f"{where}/sheet", page)
    book = load_workbook(BytesIO(answer.data))
    line = [cell.value for cell in book["假如重算"][2]]
    assert line[6:8] == ["未办成", "办成"]
    with world.database.reading() as session:
        [taken] = session.scalars(select(AuditEvent.body).where(AuditEvent.action == "export.take")).all()
    assert '"what":"what_if"' in taken


def test_no_change_gives_no_difference_in_its_own_words(world: World, lived: int, sign_in: As) -> None:
    auditor = sign_in("auditor")
    where = asked(world, auditor)
    assert worked(world, where).endswith(" 0 differ")
    page = auditor.get(where).get_data(as_text=True)
    assert ("没有改动，就没有不同" in page, "没有改动：与现行的通知完全一样" in page) == (True, True)
    assert post(auditor, f"{where}/sheet", auditor.get("/what-if").get_data(as_text=True)).status_code == 200


def test_what_can_be_no_call_is_refused_with_what_was_written(world: World, sign_in: As) -> None:
    desk, form = sign_in("desk"), f"/what-if/new?call={world.call.number}"
    fields = hidden(desk.get(form).get_data(as_text=True), "/what-if")
    for place, value, said in (
        ("length.maximum", "很多", "应为一个整数"),
        ("phases[0].closes", "2031-01-01", "这样的通知不成立"),
    ):
        answer = send_fields(desk, "/what-if", {**fields, f"at:{place}": value})
        page = answer.get_data(as_text=True)
        assert (answer.status_code, said in page, f'value="{value}"' in page) == (422, True, True)


def test_another_version_is_compared_with_that_in_force(world: World, lived: int, sign_in: As) -> None:
    with world.database.transaction() as session:
        first = rows.by_id(session, world.call_version)
        session.add(
            CallVersion(
                number=first.number,
                version=2,
                source=first.source.replace("maximum = 1500", "maximum = 1600"),
                notice=first.notice,
                digest="x",
                loaded_at=world.at,
                opened_at=world.at,
            )
        )
    director = sign_in("director")
    where = asked(world, director, version="1")
    assert worked(world, where).endswith(" 0 differ")
    page = director.get(where).get_data(as_text=True)
    assert ("这样改动不影响任何一步" in page, "1600" in page, "（第 1 版）" in page) == (True, True, True)


def test_nobody_else_asks(world: World, sign_in: As) -> None:
    assert [sign_in(who).get("/what-if").status_code for who in ("author", "leader", "editor")] == [404] * 3
    assert "还没有重算过" in sign_in("auditor").get("/what-if").get_data(as_text=True)
    assert 'href="/what-if"' in sign_in("auditor").get("/calls").get_data(as_text=True)


def test_what_a_run_came_to_is_kept_for_90_days(world: World, lived: int, sign_in: As) -> None:
    desk = sign_in("desk")
    where = asked(world, desk, **{"at:phases[0].closes": str(world.phase.closes + timedelta(days=3))})
    worked(world, where)
    assert "结果保留 90 天" in desk.get("/what-if").get_data(as_text=True)
    with world.database.reading() as session:
        asked_at = session.scalars(select(WhatIf.at)).one()
    assert what_if.forget(world.database, at=asked_at + what_if.KEPT) == 0
    assert desk.get(where).status_code == 200
    assert what_if.forget(world.database, at=asked_at + what_if.KEPT + timedelta(seconds=1)) == 1
    assert desk.get(where).status_code == 404
    with world.database.reading() as session:
        kept = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "call.ask_what_if")
        assert session.scalar(kept) == 1
