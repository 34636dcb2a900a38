"""Proving a call: what is promised, how a broken promise is told, and that the engine is what was asked."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain, combinations
from typing import Any

import pytest

from rules.call import Call, Over, Per, Quota, Recommender, RuleInForce
from rules.catalogue import CATALOGUE
from rules.papers import seal_names_the_unit, seal_unbroken, unit_seal_present
from rules.phase import before_phase_deadline
from rules.roles import Level, Role
from rules.rule import Rule
from rules.selection import another_person_acts, reason_given
from rules.words import Labelled, Text
from states.batch import BATCH
from states.case import CASE
from states.judgement import JUDGEMENT
from states.lifecycle import Lifecycle, Transition
from states.objection import OBJECTION
from states.push import PUSH
from tests.make import CALLS, annotated_call, call_2021
from workflow.calls import read_call, shipped_calls
from workflow.calls.schema import EXAMPLE
from workflow.engine import Attempt, Engine, Offer
from workflow.proof import promises, prove
from workflow.proof.exploring import NONE, Engineered, Explored, Move
from workflow.proof.promises import PROMISES, Subject, examine_promise, lifecycles_of
from workflow.proof.supposing import GOOD, failing, good_case

pytestmark = pytest.mark.once

# ---- the calls that are shipped --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*shipped_calls(), EXAMPLE], ids=lambda path: path.stem)
def test_a_shipped_call_keeps_every_promise(path: Any) -> None:
    proof = prove(read_call(path))
    assert [story.zh for one in proof.verdicts for story in one.stories] == []
    assert [one.id for one in proof.verdicts] == list(PROMISES)
    assert all(one.looked > 0 for one in proof.verdicts)
    assert proof.explored["combinations"] > 1_000_000
    assert proof.kept


def test_the_full_lifecycle_is_proved_in_seconds() -> None:
    began = time.process_time()
    prove(call_2021())
    assert time.process_time() - began < 30


def test_rules_that_a_call_drops_are_listed() -> None:
    call = read_call(CALLS / "other-call.toml")
    assert set(prove(call).not_asked) == CATALOGUE.keys() - call.rules.keys() != set()


# ---- the engine, through every combination ---------------------------------------------------------------------------


class Small(Labelled):
    DRAFT = "draft", "草稿", "Draft"
    CENTRE_STAMPED = "centre_stamped", "中心已盖章", "Stamped"
    PROVINCE_REVIEWED = "province_reviewed", "省级已审核", "Reviewed"
    PUBLISHED = "published", "已发布", "Published"


SEALS = (unit_seal_present, seal_names_the_unit, seal_unbroken)
TAKING_BACK = (reason_given, another_person_acts)


def step(name: str, source: Small, target: Small, by: Role, undone_by: str, *guards: Rule[Any]) -> Transition:
    return Transition(name, Text(name, name), (source,), target, (by,), undone_by, guards)


SMALL = Lifecycle(
    "case",
    Text("小案例", "Small case"),
    tuple(Small),
    Small.DRAFT,
    {Small.PUBLISHED},
    (
        step(
            "stamp", Small.DRAFT, Small.CENTRE_STAMPED, Role.SEALER, "unstamp",
            *SEALS, another_person_acts, before_phase_deadline,
        ),
        step("unstamp", Small.CENTRE_STAMPED, Small.DRAFT, Role.SEALER, "stamp", reason_given),
        step(
            "review", Small.CENTRE_STAMPED, Small.PROVINCE_REVIEWED, Role.REVIEWER, "reopen",
            *SEALS, another_person_acts,
        ),
        step("reopen", Small.PROVINCE_REVIEWED, Small.CENTRE_STAMPED, Role.REVIEWER, "review", *TAKING_BACK),
        step("publish", Small.PROVINCE_REVIEWED, Small.PUBLISHED, Role.EDITOR, "retract", *SEALS, another_person_acts),
        step("retract", Small.PUBLISHED, Small.PROVINCE_REVIEWED, Role.EDITOR, "publish", *TAKING_BACK),
    ),
)  # fmt: skip


def small_call() -> Call:
    """The shipped call with the rules of the small lifecycle only."""
    asked = {guard.id for one in SMALL.transitions for guard in one.guards}
    call = call_2021()
    return replace(call, rules={name: one for name, one in call.rules.items() if name in asked}, confirmations=())


class Everything(Explored):
    """A lifecycle of which every combination was tried with the engine, and nothing is concluded."""

    def __init__(self, lifecycle: Lifecycle, call: Call) -> None:
        super().__init__(lifecycle, call)
        drive = Engineered(lifecycle, call).drive
        self._guards = sorted({guard.id for one in lifecycle.transitions for guard in one.guards})
        self._led = {
            (state, one.name, role, broken): drive(state, one.name, role, broken)
            for state in map(str, lifecycle.states)
            for one in lifecycle.transitions
            for role in Role
            for broken in subsets(self._guards)
        }

    def leaving(self, state: str, broken: Collection[str] = NONE) -> Iterator[Move]:
        for one in self.lifecycle.transitions:
            for role in Role:
                target = self._led[state, one.name, role, frozenset(broken) & frozenset(self._guards)]
                if target is not None:
                    yield Move(state, one, role, target, self._stops(state, one.name, role))

    def _stops(self, state: str, name: str, role: Role) -> frozenset[str]:
        return frozenset(one for one in self._guards if self._led[state, name, role, frozenset({one})] is None)

    def agrees(self, other: Explored) -> bool:
        """Whether another exploration says the same of every combination."""
        moves = {(one.state, one.step.name, one.role): one for one in other.moves}
        for (state, name, role, broken), target in self._led.items():
            move = moves.get((state, name, role))
            concluded = move.target if move is not None and not move.stops & broken else None
            if concluded != target:
                return False
        return True


def subsets(of: Collection[str]) -> list[frozenset[str]]:
    every = sorted(of)
    return [frozenset(one) for one in chain.from_iterable(combinations(every, size) for size in range(len(every) + 1))]


def dropped(name: str, guard: str) -> Lifecycle:
    steps = [
        replace(one, guards=tuple(rule for rule in one.guards if rule.id != guard)) if one.name == name else one
        for one in SMALL.transitions
    ]
    return replace(SMALL, transitions=tuple(steps))


VARIANTS = {
    "as it is": SMALL,
    **{
        f"{one.name} without {guard.id}": dropped(one.name, guard.id)
        for one in SMALL.transitions
        for guard in one.guards
    },
    "published unreviewed": replace(
        SMALL,
        transitions=tuple(
            replace(one, sources=(Small.CENTRE_STAMPED, Small.PROVINCE_REVIEWED)) if one.name == "publish" else one
            for one in SMALL.transitions
        ),
    ),
}


@pytest.mark.parametrize("lifecycle", VARIANTS.values(), ids=VARIANTS)
def test_the_verdict_is_that_of_driving_the_engine_through_every_combination(lifecycle: Lifecycle) -> None:
    call = small_call()
    everything = Everything(lifecycle, call)
    assert everything.agrees(Explored(lifecycle, call))
    concluded, driven = prove(call, [lifecycle]), prove(call, [lifecycle], lambda *_: everything)
    assert {one.id: set(one.stories) for one in concluded.verdicts} == {
        one.id: set(one.stories) for one in driven.verdicts
    }


def test_the_small_lifecycle_keeps_every_promise() -> None:
    assert [story.zh for one in prove(small_call(), [SMALL]).verdicts for story in one.stories] == []


def test_leaving_a_guard_out_is_told_as_a_story_in_both_languages() -> None:
    broken = {
        one.id: one.stories for one in prove(small_call(), [VARIANTS["published unreviewed"]]).verdicts if not one.kept
    }
    [story, *_] = broken["published_only_reviewed_and_sealed"]
    assert story.zh == "盖章人办理“stamp”，编辑办理“publish”：案例没有经过审核推荐，却已公开发布。"
    assert (
        story.en
        == "the sealer takes “stamp”, the editor takes “publish”: the case is public, and no province reviewed it."
    )


# ---- each promise can be broken --------------------------------------------------------------------------------------


def broken_by(lifecycle: Lifecycle = CASE, call: Call | None = None) -> dict[str, list[str]]:
    """The promises that a changed lifecycle or call breaks, each with its stories."""
    every = [lifecycle if one.name == lifecycle.name else one for one in lifecycles_of(call_2021())]
    return {
        one.id: [story.zh for story in one.stories]
        for one in prove(call or call_2021(), every).verdicts
        if not one.kept
    }


def changed(name: str, **changes: Any) -> Lifecycle:
    steps = tuple(replace(one, **changes) if one.name == name else one for one in CASE.transitions)
    return replace(CASE, transitions=steps)


def without_rules(*names: str) -> Call:
    call = call_2021()
    return replace(call, rules={name: one for name, one in call.rules.items() if name not in names})


def test_a_call_that_asks_for_no_seal_publishes_unsealed_cases() -> None:
    told = broken_by(call=without_rules("unit_seal_present"))["published_only_reviewed_and_sealed"]
    assert any("报送表没有盖章" in one for one in told)


def test_a_call_that_lets_people_act_twice_has_them_approve_their_own() -> None:
    told = broken_by(call=without_rules("another_person_acts"))["nobody_approves_their_own"]
    assert any("撰稿人，同时又是盖章人" in one for one in told)
    assert any("办理“公开发布”" in one for one in told)


def test_a_phase_that_closes_for_centres_before_it_opens_cannot_be_lived() -> None:
    call = call_2021()
    first = replace(call.phases[1], closes_for={Level.CENTRE: call.opened.replace(year=2020)})
    told = broken_by(call=replace(call, phases=(call.phases[0], first)))["no_dead_end"]
    assert any("没有一条路能把案例办到“已发布”" in one for one in told)


@pytest.mark.parametrize("by", Recommender)
def test_what_is_returned_between_two_closing_days_is_given_a_new_one(by: Recommender) -> None:
    call = call_2021()
    days = {
        Level.CENTRE: call.phases[0].closes - timedelta(days=9),
        Level.OFFICE: call.phases[0].closes - timedelta(days=4),
    }
    phases = (replace(call.phases[0], closes_for=days), *call.phases[1:])
    call = replace(call, phases=phases, route=replace(call.route, recommended_by=by))
    verdict = examine_promise("what_is_returned_can_be_sent_again", Subject(call, lifecycles_of(call)))
    assert (verdict.stories, verdict.looked >= 6) == ((), True)


def test_a_phase_without_themes_cannot_be_lived() -> None:
    call = call_2021()
    told = broken_by(call=replace(call, phases=(replace(call.phases[0], themes=()), call.phases[1])))["no_dead_end"]
    assert any("没有一条路能把案例办到“中心已盖章”" in one for one in told)


def test_a_finding_without_clause_or_anybody_to_lift_it_is_told() -> None:
    call = call_2021()
    bare = replace(call.rules["length_within_limit"], clause="", says=())
    told = broken_by(call=replace(call, rules={**call.rules, "length_within_limit": bare}))
    assert any("说不出依据哪一条" in one for one in told["every_refusal_explains_itself"])
    nobody = replace(CATALOGUE["recipient_named"], lifted_by=())
    stamp = CASE.named("stamp")
    assert stamp is not None
    guards = tuple(nobody if one.id == nobody.id else one for one in stamp.guards)
    told = broken_by(changed("stamp", guards=guards))
    assert any("说不出由谁解决" in one for one in told["every_refusal_explains_itself"])


def test_a_round_without_rest_is_a_dead_end() -> None:
    ferry = replace(FERRY, resting={Ferry.HERE})
    verdicts = {one.id: one for one in prove(replace(call_2021(), rules={}, confirmations=()), [ferry]).verdicts}
    assert "渡船处于“漂流”：此后没有任何人能办理任何一步使它有个归宿。" in verdicts["no_dead_end"].stories[0].zh


class Ferry(Labelled):
    HERE = "here", "此岸", "Here"
    THERE = "there", "彼岸", "There"
    ADRIFT = "adrift", "漂流", "Adrift"


def sail(name: str, source: Ferry, target: Ferry, undone_by: str) -> Transition:
    return Transition(name, Text(name, name), (source,), target, (Role.LIAISON,), undone_by)


FERRY = Lifecycle(
    "push",
    Text("渡船", "Ferry"),
    tuple(Ferry),
    Ferry.HERE,
    {Ferry.THERE},
    (
        sail("cross", Ferry.HERE, Ferry.THERE, "turn"),
        sail("turn", Ferry.THERE, Ferry.ADRIFT, "row"),
        sail("row", Ferry.ADRIFT, Ferry.THERE, "turn"),
    ),
)


def test_an_inverse_from_which_no_way_leads_back_is_told() -> None:
    verdicts = {one.id: one for one in prove(replace(call_2021(), rules={}, confirmations=()), [FERRY]).verdicts}
    [story] = verdicts["every_step_can_be_taken_back"].stories
    assert story.zh == "从“此岸”办理“cross”，再以“turn”撤回，到了“漂流”，从那里没有路回到“此岸”。"


def test_an_engine_that_remembers_what_was_done_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Grudging(Engine):
        """Offers less to whoever has taken something back."""

        grudges = 0

        def perform(self, *args: Any, **more: Any) -> Attempt:
            self.grudges += 1
            return super().perform(*args, **more)

        def offers(self, *args: Any) -> list[Offer]:
            return super().offers(*args)[self.grudges :]

    monkeypatch.setattr(promises, "Engine", Grudging)
    told = broken_by()["every_step_can_be_taken_back"]
    assert any("可办的事却变了" in one for one in told)


def test_a_step_of_nobody_else_is_never_open_to_another_unit() -> None:
    engineered = Engineered(CASE, call_2021())
    assert engineered.drive("draft", "stamp", Role.SEALER) == "centre_stamped"
    assert engineered.drive("draft", "stamp", Role.SEALER, home=False) is None


# ---- quotas ----------------------------------------------------------------------------------------------------------


def with_quotas(*quotas: Quota) -> Call:
    call = annotated_call()
    names = {"quotas_reached": "minimum", "quotas_not_exceeded": "maximum"}
    asked = {rule: one for rule, one in call.rules.items() if rule not in names}
    for rule, bound in names.items():
        if any(getattr(one, bound) is not None for one in quotas):
            asked[rule] = call.rules[rule]
    phases = tuple(replace(one, minimum_per_office=0) for one in call.phases)
    return replace(call, quotas=quotas, rules=asked, phases=phases)


def stories_of(call: Call, promise: str) -> list[str]:
    return [one.zh for one in examine_promise(promise, Subject(call, lifecycles_of(call))).stories]


@pytest.mark.parametrize(
    "quotas",
    [
        (Quota("least", Per.OFFICE, minimum=3), Quota("most", Per.CENTRE, maximum=1)),
        (Quota("all", Per.OFFICE, minimum=3, maximum=4), Quota("some", Per.OFFICE, minimum=2, themes=("one",))),
        (Quota("all", Per.OFFICE, minimum=3), Quota("none", Per.OFFICE, maximum=0, exempt_themes=("one",))),
    ],
)
def test_quotas_that_can_be_met_together_are_no_dead_end(quotas: tuple[Quota, ...]) -> None:
    assert [story.zh for one in prove(with_quotas(*quotas)).verdicts for story in one.stories] == []


def test_quotas_that_nobody_can_meet_together_are_told() -> None:
    least, most = Quota("least", Per.OFFICE, minimum=4, themes=("one",)), Quota("most", Per.OFFICE, maximum=3)
    told = stories_of(with_quotas(least, most), "no_dead_end")
    assert told == ["“least”最少 4 个，“most”最多 3 个，而前者计入的后者都计入：两项不能同时做到。"]


def test_a_minimum_over_earlier_phases_is_asked() -> None:
    early = Quota("early", Per.OFFICE, Over.CALL, minimum=2, phases=("first",))
    late = Quota("late", Per.OFFICE, Over.CALL, minimum=1)
    assert stories_of(with_quotas(early, late), "every_demand_is_asked") == []


def test_a_quota_that_nothing_can_break_is_told() -> None:
    idle = Quota("idle", Per.OFFICE, minimum=2, maximum=4, kinds=("tisc",), exempt_kinds=("tisc",))
    told = stories_of(with_quotas(idle), "every_demand_is_asked")
    assert told == ["通知的数量要求“idle”写了最多数，但没有一种情形会因此拦下。"]


# ---- facts made up for it --------------------------------------------------------------------------------------------


def test_nothing_speaks_against_the_facts_that_are_made_up_as_good() -> None:
    subject = Subject(call_2021(), lifecycles_of(call_2021()))
    inside = [one for one in subject.moments if one.phase.window(Level.CENTRE, subject.call.opened).opens <= one.at]
    moment = inside[0]
    for lifecycle in lifecycles_of(call_2021()):
        facts = GOOD[lifecycle.name](subject.call, moment.phase, moment.at)
        for taken in lifecycle.transitions:
            asked = replace(facts, step=taken.name)
            assert [found.rule for guard in taken.guards if (found := guard.examine(asked))] == []


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_of_every_rule_it_is_known_how_it_fails(name: str) -> None:
    call = call_2021() if name in call_2021().rules else annotated_call()
    call = replace(call, rules={name: RuleInForce("一", ("要求",)), **call.rules})
    guarded = [
        (one, each)
        for one in (CASE, BATCH, PUSH, JUDGEMENT, OBJECTION)
        for each in one.transitions
        if name in {rule.id for rule in each.guards}
    ]
    found = []
    for lifecycle, each in guarded:
        moment = Subject(call, []).moments[1]
        good = replace(GOOD[lifecycle.name](call, moment.phase, moment.at), step=each.name)
        found += [CATALOGUE[name].examine(facts) for facts in failing(name, good)]
    assert found
    assert all(one is not None and re.search("[\u4e00-\u9fff]", one.message.zh) for one in found)


def test_a_way_of_failing_that_the_call_leaves_no_room_for_is_left_out() -> None:
    call = call_2021()
    good = good_case(call, call.phases[0], Subject(call, []).moments[1].at, Level.CENTRE)
    assert len(failing("length_within_limit", good)) == 1
    unlimited = replace(good, call=replace(call, length=replace(call.length, maximum=None)))
    assert failing("length_within_limit", unlimited) == []
