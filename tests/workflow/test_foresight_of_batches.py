"""What a step of a batch would come to, before anybody confirms it: the same as what then happens, and nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from states.case import CaseState
from tests.worlds import World
from workflow import batches, foresight
from workflow.bulk import Form
from workflow.engine import NoSuchTransition
from workflow.foresight import ForeseenBatch
from workflow.store.models import AuditEvent, Case, Job

pytestmark = pytest.mark.database


def foreseen(world: World, batch: int, trigger: str, who: str = "leader", **filled: Any) -> ForeseenBatch:
    with world.database.reading() as session:
        before = (
            session.scalar(select(func.count()).select_from(AuditEvent)),
            session.scalar(select(func.count(Job.id))),
        )
        found = batches.find(session, batch, seen_by=world.people[who])
        made = foresight.foresee_batch(
            session, found, trigger, actor=world.people[who], at=world.at, form=Form(**filled)
        )
        after = session.scalar(select(func.count()).select_from(AuditEvent)), session.scalar(select(func.count(Job.id)))
        assert before == after
    return made


def test_sending_is_foreseen_case_by_case_with_mail_numbers_and_seal(world: World) -> None:
    good, lacking = world.case(CaseState.PROVINCE_REVIEWED), world.case(CaseState.PROVINCE_REVIEWED)
    batch = world.batch([good, lacking], world.phase)
    world.seal_summary(batch)
    assert world.act_on_batch(batch, "seal").done
    made = foreseen(world, batch, "send")
    assert [(one.row.id, str(one.becomes), [f for f in one.findings if f.blocks]) for one in made.moving] == [
        (good, "submitted", []),
        (lacking, "submitted", []),
    ]
    assert made.post is not None
    assert world.call.mail.to in made.post.zh
    of_office = next(one for one in made.effects if one.phase is not None)
    assert of_office.counted == (0, 2)
    assert ["印章" in one.zh for one in made.seals] == [True]
    assert foreseen(world, batch, "reopen", "reviewer").moving == []


def test_returning_is_foreseen_with_who_stays_who_leaves_and_the_mail_to_the_office(world: World) -> None:
    stays, gone = world.case(CaseState.PROVINCE_REVIEWED), world.case(CaseState.PROVINCE_REVIEWED)
    batch = world.submit(stays, gone)
    world.act(gone, "shortlist")
    made = foreseen(world, batch, "return_batch", "desk", remark="请补正")
    assert {one.row.id: one.becomes and str(one.becomes) for one in made.moving} == {
        stays: "province_reviewed",
        gone: None,
    }
    assert ["1 个案例已进入后续环节" in one.zh for one in made.seals] == [True]
    assert [one.remark for one in made.mails] == ["请补正"] * len(made.mails)
    world.act_on_batch(batch, "return_batch", remark="请补正")
    with world.database.reading() as session:
        states = {row.id: row.state for row in session.scalars(select(Case))}
    assert states == {stays: "province_reviewed", gone: "shortlisted"}


def test_what_follows_is_told_to_whoever_may_take_the_step_alone(world: World) -> None:
    batch = world.submit(world.case(CaseState.PROVINCE_REVIEWED))
    made = foreseen(world, batch, "receive", "auditor")
    assert (made.offer.mine, made.moving, made.seals) == (False, (), ())
    with pytest.raises(NoSuchTransition):
        foreseen(world, batch, "seal")
