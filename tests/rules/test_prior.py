"""What has been reported before, and who decides about it."""

import pytest

from rules.facts import Match, Ruling
from rules.prior import not_reported_before
from rules.roles import Level, Role
from rules.words import Text
from tests.make import case_facts
from tests.rules import found

pytestmark = pytest.mark.not_reported_before


def match(level: Level = Level.CENTRE, ruling: Ruling | None = None, number: str = "2020-1-7") -> Match:
    return Match(number, "早先的案例", level, ruling)


@pytest.mark.parametrize(
    ("ruling", "holds"),
    [(None, False), (Ruling.DUPLICATE, False), (Ruling.CONTINUATION, True), (Ruling.DIFFERENT, True)],
)
def test_a_likeness_is_settled_only_by_a_ruling_that_the_two_differ(ruling: Ruling | None, holds: bool) -> None:
    assert (not_reported_before.examine(case_facts(matches=(match(ruling=ruling),))) is None) is holds


@pytest.mark.parametrize(
    ("acting", "stopped_by"),
    [
        (Level.CENTRE, {Level.CENTRE}),
        (Level.OFFICE, {Level.CENTRE, Level.OFFICE}),
        (Level.NATIONAL, {Level.CENTRE, Level.OFFICE, Level.NATIONAL}),
    ],
)
def test_each_level_answers_for_the_likenesses_it_can_see(acting: Level, stopped_by: set[Level]) -> None:
    stopping = {
        level
        for level in (Level.CENTRE, Level.OFFICE, Level.NATIONAL)
        if not_reported_before.examine(case_facts(level=acting, matches=(match(level),)))
    }
    assert stopping == stopped_by


@pytest.mark.parametrize("level", [Level.CENTRE, Level.OFFICE])
def test_the_finding_names_the_earlier_case_and_who_rules(level: Level) -> None:
    finding = found(not_reported_before, case_facts(level=Level.NATIONAL, matches=(match(level),)))
    assert finding.message.zh == (
        "与已报送的案例 2020-1-7《早先的案例》相同或相近，尚未裁定。须由审核人比对后裁定为“后续进展”或“不同案例”。"
    )
    assert (finding.lifted_by, finding.mend) == ((Role.REVIEWER,), "matches")
    assert (finding.clause, finding.says) == ("一", ("期间已报送过的案例不再重复报送",))


def test_an_undecided_likeness_to_another_offices_case_tells_nothing_of_that_case() -> None:
    finding = found(not_reported_before, case_facts(level=Level.NATIONAL, matches=(match(Level.NATIONAL),)))
    assert finding.message == Text(
        "与其他单位已报送的案例相近，正在比对，须由受理人裁定。",
        "Close to a case reported elsewhere; the comparison is pending and the Desk officer must rule.",
    )
    assert finding.lifted_by == (Role.DESK,)


def test_once_ruled_a_duplicate_the_other_case_is_named_by_number_and_title() -> None:
    ruled = match(Level.NATIONAL, Ruling.DUPLICATE)
    finding = found(not_reported_before, case_facts(level=Level.NATIONAL, matches=(ruled,)))
    assert finding.message.zh == ("已裁定与 2020-1-7《早先的案例》重复，不再重复报送。如有异议，请由受理人重新裁定。")
    assert finding.lifted_by == (Role.DESK,)


def test_a_ruling_of_duplicate_is_told_before_what_is_still_undecided() -> None:
    both = (match(number="undecided"), match(ruling=Ruling.DUPLICATE, number="ruled"))
    finding = found(not_reported_before, case_facts(matches=both))
    assert finding.message.zh.startswith("已裁定与 ruled《早先的案例》重复")


def test_nothing_is_decided_while_the_comparison_runs() -> None:
    finding = found(not_reported_before, case_facts(matching=True))
    assert finding.message.en == "Still being compared with earlier reports; try again shortly."
    assert not_reported_before.examine(case_facts(matching=False)) is None
