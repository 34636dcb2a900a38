"""The engine: one door, all guards, and refusals that say why."""

from __future__ import annotations

from typing import Any

import pytest

from rules.call import Strength
from rules.roles import Role
from rules.rule import Finding
from states.case import CASE
from states.lifecycle import Standing
from states.reach import Actor, Grant
from tests.make import call_2021, case_facts
from workflow.engine import Attempt, Engine, NoSuchTransition, NotPermitted, Outcome, examine

ENGINE = Engine(CASE)
SEALER = Actor(7, "孙印", frozenset({Grant(Role.SEALER, 1)}))


def standing(state: str = "draft") -> Standing:
    return Standing(state, centre=1, office=10)


def attempt(where: Standing, trigger: str = "stamp", actor: Actor = SEALER, **changes: Any) -> Attempt:
    facts = case_facts(**changes)
    return ENGINE.perform(where, trigger, actor, facts, facts.at, facts.remark)


def test_a_step_whose_rules_hold_moves_the_thing() -> None:
    where = standing()
    made = attempt(where)
    assert (made.done, made.source, where.state, made.role) == (True, "draft", "centre_stamped", Role.SEALER)
    assert made.findings == ()


def test_every_guard_is_examined_and_not_only_the_first_to_fail() -> None:
    where = standing()
    made = attempt(where, length=1501, title="", seal=None, theme="")
    assert made.outcome is Outcome.REFUSED
    assert where.state == "draft"
    assert [finding.rule for finding in made.findings] == [
        "template_complete",
        "length_within_limit",
        "theme_belongs_to_phase",
        "unit_seal_present",
    ]


def test_a_guard_is_told_which_step_it_guards() -> None:
    own = case_facts(hands={"author": frozenset({7})}, actor=7)
    refused = ENGINE.perform(standing(), "stamp", SEALER, own, own.at)
    assert [finding.rule for finding in refused.findings] == ["another_person_acts"]
    unstamp = ENGINE.perform(standing("centre_stamped"), "unstamp", SEALER, own, own.at)
    assert unstamp.done


def test_what_the_state_has_not_cannot_be_tried() -> None:
    with pytest.raises(NoSuchTransition) as refused:
        attempt(standing("published"))
    assert refused.value.message.zh == (
        "现在的状态是“已发布”，不能“盖章报送省级”。可能已有人先办理，请刷新页面看最新情况。"
    )
    assert "“Published”" in refused.value.message.en


@pytest.mark.parametrize("trigger", ["to_published", "paint", "", "initial", "__class__"])
def test_there_is_no_door_past_the_guards(trigger: str) -> None:
    where = standing()
    with pytest.raises(NoSuchTransition):
        attempt(where, trigger)
    assert where.state == "draft"


def test_the_machine_knows_the_declared_steps_and_no_others() -> None:
    assert set(ENGINE._machine.events) == {one.name for one in CASE.transitions}


def test_a_step_of_another_role_is_refused_by_name() -> None:
    author = Actor(8, "赵文", frozenset({Grant(Role.AUTHOR, 1)}))
    with pytest.raises(NotPermitted) as refused:
        attempt(standing(), actor=author)
    assert refused.value.message.zh == "“盖章报送省级”由盖章人办理，您没有这个职责。"
    assert "Sealer" in refused.value.message.en


def test_whose_step_it_is_is_looked_at_before_the_state() -> None:
    """Somebody whose step it never is learns nothing of where the thing stands."""
    with pytest.raises(NotPermitted):
        attempt(standing("published"), actor=Actor(8, "赵文"))


def test_a_finding_in_principle_blocks_until_a_reason_is_written() -> None:
    rules = {**call_2021().rules}
    asked = rules["recipient_named"]
    rules["recipient_named"] = type(asked)(asked.clause, asked.says, Strength.IN_PRINCIPLE)
    call = type(call_2021())(**{**call_2021().__dict__, "rules": rules})
    blocked = attempt(standing(), call=call, recipient="")
    explained = attempt(standing(), call=call, recipient="", reasons={"recipient_named": "应服务对象要求隐去名称"})
    assert (blocked.done, explained.done) == (False, True)
    assert [finding.rule for finding in explained.findings] == ["recipient_named"]


def test_offers_name_every_step_from_here_with_all_its_findings_and_whose_it_is() -> None:
    offers = {one.transition.name: one for one in ENGINE.offers(standing(), SEALER, case_facts(seal=None, remark=""))}
    assert list(offers) == ["stamp", "withdraw"]
    assert (offers["stamp"].mine, offers["stamp"].ready) == (True, False)
    assert [finding.rule for finding in offers["stamp"].obstacles] == ["unit_seal_present"]
    assert [finding.rule for finding in offers["withdraw"].questions] == ["reason_given"]
    assert offers["withdraw"].ready


def test_an_offer_says_what_the_attempt_will_say() -> None:
    facts = case_facts(length=1501, remark="")
    [stamp] = [one for one in ENGINE.offers(standing(), SEALER, facts) if one.transition.name == "stamp"]
    tried = ENGINE.perform(standing(), "stamp", SEALER, facts, facts.at)
    assert stamp.findings == tried.findings


def test_a_finding_is_the_same_after_it_was_recorded() -> None:
    stamp = CASE.named("stamp")
    assert stamp is not None
    [finding] = examine(stamp, case_facts(length=1501))
    again = Finding.from_json(finding.as_json())
    assert again.as_json() == finding.as_json()
    assert (again.message, again.blocks, again.lifted_by) == (finding.message, finding.blocks, finding.lifted_by)
