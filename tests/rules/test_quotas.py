"""How many cases there must and may be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rules.call import Call, Over, Per, Quota, Recommender, Route, Strength, TwoRoles
from rules.facts import BatchFacts, CentreCount, Tally
from rules.quotas import contradictions, outlook, quotas_not_exceeded, quotas_reached
from rules.roles import Role
from tests.make import annotated_call, batch_facts, case_facts
from tests.rules import found

CENTRES = (CentreCount("a", "甲中心", 0, "tisc"), CentreCount("b", "乙中心", 0, "both"))


def call(*, two_roles: TwoRoles = TwoRoles.ONCE, **quota: Any) -> Call:
    """The annotated example with one quota, by default for each office in each phase."""
    made = Quota(**{"id": "one", "per": Per.OFFICE, **quota})
    return replace(annotated_call(), quotas=(made,), two_roles=two_roles)


def facts(of: Call, *tally: tuple[str, str, str, str, int], **more: Any) -> BatchFacts:
    """Facts with these counts: (phase, centre, kind, theme, number)."""
    phase = more.pop("phase", "first")
    return batch_facts(of, phase=phase, centres=CENTRES, tally=tuple(Tally(*one) for one in tally), **more)


@pytest.mark.parametrize(
    ("count", "reached", "within"), [(2, False, True), (3, True, True), (5, True, True), (6, True, False)]
)
@pytest.mark.quotas_reached
@pytest.mark.quotas_not_exceeded
def test_both_bounds_still_hold(count: int, reached: bool, within: bool) -> None:
    batch = facts(call(minimum=3, maximum=5), ("first", "a", "tisc", "one", count))
    assert (quotas_reached.examine(batch) is None) is reached
    assert (quotas_not_exceeded.examine(batch) is None) is within


@pytest.mark.quotas_not_exceeded
def test_a_phase_counts_by_itself_and_all_phases_together_where_the_call_says_so() -> None:
    tally = ("first", "a", "tisc", "one", 3), ("second", "a", "tisc", "one", 3)
    assert quotas_not_exceeded.examine(facts(call(maximum=5), *tally)) is None
    said = found(quotas_not_exceeded, facts(call(maximum=5, over=Over.CALL), *tally)).message
    assert said.zh == "报送数量超出：每个汇总报送单位各阶段累计不超过 5 个，现有 6 个。请把多出的案例移出本批。"
    assert (
        said.en == "Too many cases: Each office over all phases: at most 5; has 6. Take the surplus out of this batch."
    )


@pytest.mark.quotas_not_exceeded
@pytest.mark.parametrize(("centre", "count", "within"), [("a", 2, True), ("a", 3, False), ("b", 3, True)])
def test_what_a_centre_sends_by_itself_is_counted_with_what_it_sent_before(
    centre: str, count: int, within: bool
) -> None:
    of = replace(call(per=Per.CENTRE, maximum=2), route=Route(recommended_by=Recommender.SELF))
    case = case_facts(of, phase="first", tally=(Tally("first", centre, "tisc", "one", count),))
    case = replace(case, centre=replace(case.centre, id="a", kind="tisc"))
    assert (quotas_not_exceeded.examine(case) is None) is within


@pytest.mark.quotas_not_exceeded
def test_a_centre_that_sent_too_many_is_told_who_can_turn_one_back_and_a_case_without_a_time_nothing() -> None:
    of = replace(call(per=Per.CENTRE, maximum=2), route=Route(recommended_by=Recommender.SELF))
    tally = (Tally("first", "a", "tisc", "one", 3),)
    case = case_facts(of, phase="first", tally=tally)
    case = replace(case, centre=replace(case.centre, id="a", name="甲中心", kind="tisc"))
    finding = found(quotas_not_exceeded, case)
    assert finding.message.zh == (
        "连同这一个，报送数量超出：每家中心每个阶段不超过 2 个，甲中心 现有 3 个。要报这一个，须先由国家局退回已报的一个。"
    )
    assert finding.lifted_by == (Role.DESK,)
    assert quotas_not_exceeded.examine(replace(case, phase=None)) is None


@pytest.mark.quotas_not_exceeded
def test_a_quota_of_one_phase_is_not_asked_in_another() -> None:
    batch = facts(call(maximum=1, phases=("second",)), ("first", "a", "tisc", "one", 2))
    assert quotas_not_exceeded.examine(batch) is None


@pytest.mark.quotas_not_exceeded
@pytest.mark.parametrize(
    ("narrowed", "counted"),
    [
        ({}, 7),
        ({"kinds": ("tisc",)}, 3),
        ({"exempt_kinds": ("tisc",)}, 4),
        ({"themes": ("one",)}, 1),
        ({"exempt_themes": ("one",)}, 6),
        ({"kinds": ("tisc",), "themes": ("two",)}, 2),
        ({"kinds": ("tisc",), "two_roles": TwoRoles.EACH}, 7),
    ],
)
def test_only_what_counts_is_counted(narrowed: dict[str, Any], counted: int) -> None:
    tally = ("first", "a", "tisc", "one", 1), ("first", "a", "tisc", "two", 2), ("first", "b", "both", "two", 4)
    assert quotas_not_exceeded.examine(facts(call(maximum=counted, **narrowed), *tally)) is None
    assert quotas_not_exceeded.examine(facts(call(maximum=counted - 1, **narrowed), *tally)) is not None


@pytest.mark.quotas_not_exceeded
def test_each_centre_is_named_with_its_number_and_two_roles_may_have_twice_as_many() -> None:
    tally = ("first", "a", "tisc", "one", 3), ("first", "b", "both", "one", 3)
    finding = found(quotas_not_exceeded, facts(call(per=Per.CENTRE, maximum=2), *tally))
    assert "甲中心 现有 3 个" in finding.message.zh
    assert "乙中心 现有 3 个" in finding.message.zh
    assert [one.key for one in finding.about] == ["one/a", "one/b"]
    finding = found(quotas_not_exceeded, facts(call(per=Per.CENTRE, maximum=2, two_roles=TwoRoles.EACH), *tally))
    assert [one.key for one in finding.about] == ["one/a"]


@pytest.mark.quotas_reached
def test_a_minimum_over_all_phases_is_asked_of_the_last_batch_alone() -> None:
    asked = call(minimum=3, over=Over.CALL)
    few = ("first", "a", "tisc", "one", 2)
    for phase, final, holds in (("first", True, True), ("second", False, True), ("second", True, False)):
        assert (quotas_reached.examine(facts(asked, few, phase=phase, final=final)) is None) is holds


@pytest.mark.quotas_reached
def test_the_directors_waiver_is_for_a_phase_and_not_for_the_whole() -> None:
    assert quotas_reached.examine(facts(call(minimum=3), waived=True)) is None
    assert (
        quotas_reached.examine(facts(call(minimum=3, over=Over.CALL), phase="second", final=True, waived=True))
        is not None
    )


@pytest.mark.quotas_reached
def test_a_centre_without_any_case_is_short_too_and_each_needs_its_reason_in_principle() -> None:
    asked = call(per=Per.CENTRE, over=Over.CALL, minimum=1)
    rules = {**asked.rules, "quotas_reached": replace(asked.rules["quotas_reached"], strength=Strength.IN_PRINCIPLE)}
    asked = replace(asked, rules=rules)
    one = ("first", "a", "tisc", "one", 1)
    finding = found(quotas_reached, facts(asked, one, phase="second", final=True))
    assert ([subject.label for subject in finding.about], finding.blocks) == (["乙中心"], True)
    reasons = {"quotas_reached:one/b": "新成立"}
    assert not found(quotas_reached, facts(asked, one, phase="second", final=True, reasons=reasons)).blocks


@pytest.mark.quotas_reached
@pytest.mark.parametrize(
    ("narrowed", "short"),
    [
        ({}, ["甲中心", "乙中心"]),
        ({"exempt_kinds": ("tisc",)}, ["乙中心"]),
        ({"exempt_kinds": ("tisc",), "two_roles": TwoRoles.EACH}, []),
        ({"kinds": ("tisc",)}, ["甲中心"]),
    ],
)
def test_a_minimum_is_asked_of_no_centre_that_is_exempt(narrowed: dict[str, Any], short: list[str]) -> None:
    asked = call(per=Per.CENTRE, over=Over.CALL, minimum=1, **narrowed)
    finding = quotas_reached.examine(facts(asked, phase="second", final=True))
    assert [one.label for one in (finding.about if finding else ())] == short


@pytest.mark.quotas_reached
def test_a_minimum_is_asked_of_no_centre_that_the_call_does_not_address() -> None:
    asked = replace(call(per=Per.CENTRE, over=Over.CALL, minimum=1), centre_kinds=("tisc",))
    finding = found(quotas_reached, facts(asked, phase="second", final=True))
    assert [one.label for one in finding.about] == ["甲中心"]


@pytest.mark.quotas_reached
@pytest.mark.parametrize(("first", "second", "holds"), [(2, 0, True), (1, 0, False), (1, 5, False), (0, 2, False)])
def test_a_minimum_over_earlier_phases_is_asked_of_the_last_batch_and_counts_those_alone(
    first: int, second: int, holds: bool
) -> None:
    asked = call(minimum=2, over=Over.CALL, phases=("first",))
    tally = ("first", "a", "tisc", "one", first), ("second", "a", "tisc", "one", second)
    assert quotas_reached.examine(facts(asked, *tally, phase="first", final=True)) is None
    assert (quotas_reached.examine(facts(asked, *tally, phase="second", final=True)) is None) is holds


@pytest.mark.parametrize(
    ("least", "most", "contradict"),
    [
        ({}, {}, True),
        ({"minimum": 3}, {}, False),
        ({"themes": ("one",)}, {}, True),
        ({}, {"themes": ("one",)}, False),
        ({}, {"exempt_kinds": ("tisc",)}, False),
        ({"kinds": ("university",)}, {"exempt_kinds": ("tisc",)}, True),
        ({}, {"per": Per.CENTRE}, False),
        ({}, {"over": Over.CALL}, True),
        ({"over": Over.CALL}, {}, False),
        ({"phases": ("first",)}, {"phases": ("second",)}, False),
        ({"over": Over.CALL}, {"over": Over.CALL, "phases": ("first",)}, False),
        ({"over": Over.CALL, "phases": ("first",)}, {"over": Over.CALL}, True),
    ],
)
def test_a_minimum_above_the_maximum_of_what_holds_it_is_known(
    least: dict[str, Any], most: dict[str, Any], contradict: bool
) -> None:
    least = {"id": "least", "per": Per.OFFICE, "minimum": 4, **least}
    most = {"id": "most", "per": Per.OFFICE, "maximum": 3, **most}
    of = replace(annotated_call(), quotas=(Quota(**least), Quota(**most)))
    assert [(one.id, other.id) for one, other in contradictions(of)] == ([("least", "most")] if contradict else [])


@pytest.mark.parametrize(
    ("bounds", "reported", "coming", "lacks", "room"),
    [
        ({"minimum": 3, "maximum": 5}, 1, 1, 2, 4),
        ({"minimum": 3, "maximum": 5}, 5, 2, 0, 0),
        ({"minimum": 3}, 4, 0, 0, None),
        ({"maximum": 5}, 7, 0, 0, 0),
    ],
)
def test_what_an_office_lacks_and_may_still_send_is_foreseen(
    bounds: dict[str, int], reported: int, coming: int, lacks: int, room: int | None
) -> None:
    tallies = [[Tally("first", "a", "tisc", "one", number)] for number in (reported, coming)]
    [one] = outlook(call(**bounds), "first", CENTRES, *tallies)
    assert (one.count, one.coming, one.lacks, one.room) == (reported, coming, lacks, room)


def test_a_centre_of_two_roles_may_send_twice_as_many_and_another_phase_asks_nothing() -> None:
    of = call(per=Per.CENTRE, maximum=2, phases=("first",), two_roles=TwoRoles.EACH)
    found = outlook(of, "first", CENTRES, [Tally("first", "b", "both", "one", 1)], [])
    assert [(one.unit.name if one.unit else "", one.room) for one in found] == [("甲中心", 2), ("乙中心", 3)]
    assert outlook(of, "second", CENTRES, [], []) == []
