"""Decisions: chosen in the table, signed, announced together, taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_bdd import given, parsers, then, when

from features.steps.bulk import HELD, Many
from states.reach import Actor
from tests.worlds import World, went
from workflow import cases, letters, lists
from workflow.audit import search
from workflow.bulk import Verdict
from workflow.cases import Answers
from workflow.engine import Attempt
from workflow.selection import announcing, decisions
from workflow.selection.announcing import Answered, Plan
from workflow.selection.decisions import Decision, Line
from workflow.store.living import Overtaken

REASON, FEEDBACK = "两轮比较之后的意见", "成效还缺少对照的数字"
OUTSIDE = ("author", "sealer", "reviewer", "leader", "editor", "judge")


def choose(world: World, case: int, words: str, *, by: str = "desk", seen: Line | None = None) -> None:
    """A decision in its Chinese words, with its reason and its feedback."""
    [chosen] = [one for one in Decision if one.label.zh == words]
    world.decide(case, chosen, by=by, seen=seen, reason=REASON, feedback=FEEDBACK)


def _confirming(world: World) -> Answered:
    return Answered(frozenset(one.id for one in world.call.confirmations if one.step == "shortlist"))


def _announce(world: World, many: Many, *, whole: bool) -> None:
    with world.database.reading() as session:
        plan = announcing.rehearse(
            session, world.call.number, actor=world.people["desk"], at=world.at, form=_confirming(world)
        )
        many.contents = plan
    with world.database.transaction() as session:
        done = announcing.announce(
            session,
            world.call.number,
            many.listed or plan.versions,
            actor=world.people["desk"],
            at=world.at,
            real=many.now,
            op="one form",
            form=_confirming(world),
            whole=whole,
            hold=HELD,
        )
    many.done = done.id


# ---- what there is ---------------------------------------------------------------------------------------------------


@given("前两份选定为“拟入选”，第三份选定为“拟不入选”")
def _chosen(world: World, many: Many) -> None:
    for case, words in zip(many.ids, ("拟入选", "拟入选", "拟不入选"), strict=True):
        choose(world, case, words)
    many.listed = {case: world.decision(case).version for case in many.ids}


@given("选定的决定都已签齐")
def _signed(world: World) -> None:
    world.sign_decisions(world.call.decision_sign_offs)


@given("签发决定的主管有规定的人数")
def _signed_enough(world: World) -> None:
    world.sign_decisions(world.call.decision_sign_offs)


@given("签发决定的主管比规定少一人")
def _signed_too_few(world: World) -> None:
    world.sign_decisions(world.call.decision_sign_offs - 1)


@given("签发决定的主管有规定的人数，之后改了第一份")
def _signed_before(world: World, many: Many) -> None:
    world.sign_decisions(world.call.decision_sign_offs)
    world.decide(many.ids[0], "shortlist", by="second_desk", reason="换了一条理由")
    many.listed = {case: world.decision(case).version for case in many.ids}


@given("受理人已把第二份退回省级")
def _returned(world: World, many: Many) -> None:
    day = (world.at + timedelta(days=400)).date()
    went(world.act(many.ids[1], "return_to_office", new_day=day))


@given(parsers.re("受理人打开决定表之后，另一位受理人把第一份选定为“(?P<words>.*)”"))
def _faster(world: World, many: Many, words: str) -> None:
    many.contents = world.decision(many.ids[0])
    choose(world, many.ids[0], words, by="second_desk")


@given("受理人已经公布")
def _already(world: World, many: Many) -> None:
    _announce(world, many, whole=True)


# ---- what is tried ---------------------------------------------------------------------------------------------------


@when(parsers.re("受理人把第一份选定为“(?P<words>.*)”"))
def _choose(world: World, many: Many, words: str) -> None:
    choose(world, many.ids[0], words)


@when("受理人公布决定")
@when("受理人公布决定，只公布能公布的")
def _announce_some(world: World, many: Many) -> None:
    _announce(world, many, whole=False)


@when("受理人公布决定，全部能公布才公布")
def _announce_all(world: World, many: Many) -> None:
    _announce(world, many, whole=True)


@when(parsers.re("受理人按打开时的决定表把第一份选定为“(?P<words>.*)”"))
def _late(world: World, many: Many, words: str) -> None:
    with pytest.raises(Overtaken) as told:
        choose(world, many.ids[0], words, seen=many.contents)
    many.contents = told.value.message.zh


@when("受理人撤销这次公布")
def _undo(world: World, many: Many) -> None:
    with world.database.transaction() as session:
        announcing.undo(
            session, many.done, "名单有误", actor=world.people["desk"], at=world.at, real=many.now, op="undo"
        )


@when("受理人单独让它入选", target_fixture="attempt")
def _alone(world: World, case: int) -> Attempt:
    return world.act(case, "shortlist", own={case: Answers()})


# ---- what came of it -------------------------------------------------------------------------------------------------


def shown_to(world: World, who: Actor, case: int) -> list[object]:
    """What somebody sees of a case: itself, what can be done with it, its history, the trail, its mails."""
    with world.database.reading() as session:
        if not any(one.id == case for one in lists.page(session, who, lists.Filters()).cases):
            return []
        row = cases.find(session, case, who)
        offers = cases.offers(session, row, actor=who, at=world.at)
        trail = search.page(session, who, search.Filters(), limit=500)
        return [
            row.state,
            row.mark,
            [(one.transition.name, [finding.message for finding in one.findings]) for one in offers],
            [one.number for one in lists.history(session, row, who)],
            [(one.number, str(one.detail)) for one in trail.entries],
            [one.mail.body("") for one in letters.of_case(session, case, configured=True)],
        ]


@then("中心和省级看不出有任何决定")
def _unseen(world: World, many: Many) -> None:
    words = [REASON, FEEDBACK, "拟入选", "拟不入选", "decision.", "decision/"]
    for key in OUTSIDE:
        for case in many.ids:
            said = str(shown_to(world, world.people[key], case))
            assert [one for one in words if one in said] == [], key
    with world.database.reading() as session:
        for key in OUTSIDE:
            with pytest.raises(decisions.NoSuchTable):
                decisions.table(session, world.call.number, decisions.Asked(), actor=world.people[key])


@then("每件的结果都与公布前的预演相同")
def _as_rehearsed(world: World, many: Many) -> None:
    plan: Plan = many.contents
    foreseen = {
        one.case.id: str(part.step.target) for part in plan.parts for one in part.lines if one.verdict is Verdict.READY
    }
    assert foreseen == {case: str(world.state(case)) for case in many.ids}


@then("未入选的中心在邮件里读到给它的反馈")
def _told(world: World, many: Many) -> None:
    with world.database.reading() as session:
        bodies = [one.mail.body("") for one in letters.of_case(session, many.ids[2], configured=True)]
    assert [FEEDBACK in body and REASON not in body for body in bodies] == [True]


@then("说明了第二份为什么没有公布")
def _why(world: World, many: Many) -> None:
    with world.database.reading() as session:
        left = announcing.find(session, many.done, seen_by=world.people["desk"]).left
    assert [(number, why.zh != "") for number, why in left] == [(world.row(many.ids[1]).number, True)]


@then("告知另一位受理人已经选定")
def _told_who(many: Many) -> None:
    assert "尤理" in many.contents


@then(parsers.re("第一份的决定仍是“(?P<words>.*)”"))
def _still(world: World, many: Many, words: str) -> None:
    assert Decision.of(world.decision(many.ids[0]).decision).label.zh == words


@then("没有一封邮件会寄出")
def _no_mail(world: World, many: Many) -> None:
    with world.database.reading() as session:
        shown = announcing.find(session, many.done, seen_by=world.people["desk"])
        kept = [one for act in shown.acts for one in letters.of_posting(session, f"bulk/{act.id}", configured=True)]
    assert {one.where for one in kept} == {letters.Where.DROPPED}
