"""Objections to a list in public: received, looked into, answered."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pytest_bdd import given, parsers, then, when

from states.case import CaseState
from tests.worlds import World, went
from workflow import cases, lists
from workflow.audit import search
from workflow.engine import Attempt
from workflow.objecting import objections
from workflow.objecting.objections import Said
from workflow.store.papers import Kept

WHO, CONTACT, GROUNDS = "郑直言", "郑直言的地址", "数据与我们所见不符"


def _kept(name: str) -> Kept:
    return Kept(name, "application/pdf", f"{abs(hash(name)):064x}"[-64:], 1)


def object_to(
    world: World,
    case: int,
    *,
    at: datetime | None = None,
    name: str = WHO,
    contact: str = CONTACT,
    unit: str = "",
    seal: bool = False,
    evidence: bool = True,
) -> int:
    """An objection to the list in which a case stands; gives its number."""
    notice = next(
        one.notice.id
        for one in world.notices()
        if any(line.case_id == case and line.void_at is None for line in world.notice(one.notice.id).lines)
    )
    files = [("seal", _kept("seal.pdf"))] * seal + [("evidence", _kept("evidence.pdf"))] * evidence
    moment = at or world.notice(notice).closes - timedelta(days=1)
    with world.database.transaction() as session:
        made, _ = objections.receive(
            session, notice, case, Said(name, unit, contact, GROUNDS, bool(unit)), files, at=moment
        )
    return made


def take(world: World, objection: int, step: str, *, consequence: str = "") -> Attempt:
    by = "director" if step in ("uphold", "dismiss", "reopen") else "desk"
    with world.database.transaction() as session:
        return objections.act(
            session, objection, step, actor=world.people[by], at=world.at, remark="理由", consequence=consequence
        )


@given("一份已入选、发布所需都已备齐的案例", target_fixture="case")
def _chosen(world: World) -> int:
    made = world.case(CaseState.SHORTLISTED)
    world.ready_to_publish(made)
    return made


STEPS = {
    "没有人提出异议": None,
    "有一件刚收到的异议": (),
    "有一件正在核查的异议": ("accept",),
    "有一件已认定不成立的异议": ("accept", "dismiss"),
    "有一件认定成立、撤销入选的异议": ("accept", "uphold:take_off"),
    "有一件认定成立、不影响入选的异议": ("accept", "uphold:stands"),
    "有一件已撤回的异议": ("withdraw",),
    "有一件不予受理的异议": ("not_accept",),
}


@given(parsers.re(f"(?P<words>{'|'.join(STEPS)})"))
def _objected(world: World, case: int, words: str) -> None:
    steps = STEPS[words]
    if steps is None:
        return
    made = object_to(world, case)
    for one in steps:
        step, _, consequence = one.partition(":")
        went(take(world, made, step, consequence=consequence))


@given(parsers.re("一件(?P<words>.*)的异议"), target_fixture="objection")
def _one(world: World, words: str) -> int:
    case = world.case(CaseState.PUBLISHED if words == "发布之后提出" else CaseState.SHORTLISTED)
    [shown] = [
        one for one in world.notices() if any(line.case_id == case for line in world.notice(one.notice.id).lines)
    ]
    how: dict[str, dict[str, object]] = {
        "匿名": {"name": "", "contact": ""},
        "署名但没有联系方式": {"contact": ""},
        "单位盖了章": {"unit": "某单位", "seal": True},
        "单位没有盖章": {"unit": "某单位"},
        "没有附证据": {"evidence": False},
        "单位盖章没有证据": {"unit": "某单位", "seal": True, "evidence": False},
        "公示最后一刻提出": {"at": shown.closes - timedelta(microseconds=1)},
        "公示刚刚期满提出": {"at": shown.closes},
        "发布之后提出": {"at": shown.closes + timedelta(days=30)},
    }
    made = object_to(world, case, **how.get(words, {}))  # type: ignore[arg-type]
    if words == "已认定不成立":
        went(take(world, made, "accept"))
        went(take(world, made, "dismiss"))
    return made


@when("受理人受理这件异议", target_fixture="attempt")
def _accept(world: World, objection: int) -> Attempt:
    return take(world, objection, "accept")


@when("主管认定它成立、应当撤下发布", target_fixture="attempt")
def _uphold(world: World, objection: int) -> Attempt:
    went(take(world, objection, "accept"))
    with pytest.raises(objections.WrongObjection):
        take(world, objection, "uphold", consequence="take_off")
    return take(world, objection, "uphold", consequence="retract")


@when("主管重新核查这件异议", target_fixture="attempt")
def _reopen(world: World, objection: int) -> Attempt:
    return take(world, objection, "reopen")


@then("它按投诉办理，案例仍是“已发布”，由编辑撤下")
def _complaint(world: World, objection: int, attempt: Attempt) -> None:
    went(attempt)
    with world.database.reading() as session:
        one = objections.find(session, objection, world.people["desk"])
    assert (one.kind, one.consequence, one.case.state) == ("complaint", "retract", CaseState.PUBLISHED)
    went(world.act(one.case_id, "retract"))


@then(parsers.re("异议状态为“(?P<words>.*)”"))
def _state(world: World, objection: int, words: str) -> None:
    with world.database.reading() as session:
        found = objections.find(session, objection, world.people["auditor"])
    assert objections.state_of(found.state).label.zh == words


@then("中心、省级和编辑看不到提出人")
def _unseen(world: World, objection: int) -> None:
    with world.database.reading() as session:
        case = objections.find(session, objection, world.people["desk"]).case_id
        for key in ("author", "sealer", "reviewer", "leader", "editor", "administrator"):
            who = world.people[key]
            with pytest.raises(objections.NoSuchObjection):
                objections.find(session, objection, who)
            trail = search.page(session, who, search.Filters(), limit=500)
            said = str([(one.number, one.what, one.detail, one.remark) for one in trail.entries])
            if key != "administrator":
                row = cases.find(session, case, who)
                said += str(lists.history(session, row, who))
            assert [one for one in (WHO, CONTACT, GROUNDS, "objection/") if one in said] == [], key
