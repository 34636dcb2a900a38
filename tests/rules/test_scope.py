"""Whom and what a call is for."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from rules.call import Eligible, Milestone, years_before
from rules.roles import Role
from rules.scope import CENTRE_KINDS, centre_is_eligible, no_excluded_honour, service_within_period
from rules.words import Text
from tests.make import annotated_call, case_facts, centre_facts, other_call
from tests.rules import found


@pytest.mark.parametrize(
    ("first", "last", "holds"),
    [
        (date(2019, 1, 1), date(2019, 12, 31), False),
        (date(2019, 1, 1), date(2020, 1, 1), True),
        (date(2020, 1, 1), date(2020, 1, 1), True),
        (date(2024, 1, 1), date(2024, 2, 1), True),
    ],
)
@pytest.mark.service_within_period
def test_a_service_that_overlaps_an_open_period_counts(first: date, last: date, holds: bool) -> None:
    facts = case_facts(service_from=first, service_to=last)
    assert (service_within_period.examine(facts) is None) is holds


@pytest.mark.parametrize(
    ("first", "last", "holds"),
    [
        (date(2021, 1, 1), date(2021, 6, 30), False),
        (date(2021, 1, 1), date(2021, 7, 1), True),
        (date(2022, 12, 31), date(2023, 6, 1), True),
        (date(2023, 1, 1), date(2023, 6, 1), False),
    ],
)
@pytest.mark.service_within_period
def test_a_service_that_overlaps_a_closed_period_counts(first: date, last: date, holds: bool) -> None:
    facts = case_facts(other_call(), service_from=first, service_to=last)
    assert (service_within_period.examine(facts) is None) is holds


@pytest.mark.service_within_period
def test_a_service_outside_the_period_is_told_both() -> None:
    facts = case_facts(service_from=date(2018, 3, 1), service_to=date(2019, 12, 31))
    finding = found(service_within_period, facts)
    assert finding.message == Text(
        "服务时间 2018-03 至 2019-12 不在征集时间范围（2020-01 至今）内。如填写有误，请改正服务起止时间。",
        "The service (2018-03 to 2019-12) lies outside the eligible period (2020-01 until now). "
        "If the dates are wrong, correct them.",
    )
    assert (finding.clause, finding.says) == ("一", ("征集案例时间期限为2020年至今",))
    assert (finding.lifted_by, finding.mend) == ((Role.AUTHOR,), "service_to")


@pytest.mark.parametrize(
    ("first", "last", "words", "mend"),
    [
        (None, date(2020, 5, 1), "还没有填写服务起止时间。", "service_from"),
        (date(2020, 5, 1), None, "还没有填写服务起止时间。", "service_from"),
        (date(2020, 5, 2), date(2020, 5, 1), "服务结束时间早于开始时间，请改正。", "service_to"),
    ],
)
@pytest.mark.service_within_period
def test_dates_must_be_there_and_in_order(first: date | None, last: date | None, words: str, mend: str) -> None:
    finding = found(service_within_period, case_facts(service_from=first, service_to=last))
    assert (finding.message.zh, finding.mend) == (words, mend)


@pytest.mark.parametrize("kind", sorted(CENTRE_KINDS))
@pytest.mark.centre_is_eligible
def test_the_call_says_which_kinds_of_centre_it_addresses(kind: str) -> None:
    facts = case_facts(centre=centre_facts(kind=kind))
    assert (centre_is_eligible.examine(facts) is None) is (kind in facts.call.centre_kinds)
    elsewhere = case_facts(other_call(), centre=centre_facts(kind=kind))
    assert (centre_is_eligible.examine(elsewhere) is None) is (kind in ("university", "other"))


@pytest.mark.centre_is_eligible
def test_a_centre_in_preparation_counts() -> None:
    assert centre_is_eligible.examine(case_facts(centre=centre_facts(preparing=True))) is None


@pytest.mark.centre_is_eligible
def test_a_centre_that_is_not_eligible_learns_who_can_correct_its_entry() -> None:
    finding = found(centre_is_eligible, case_facts(centre=centre_facts(name="示例协会", eligible=False)))
    assert finding.message.zh == (
        "“示例协会”不属于本次征集的对象（技术与创新支持中心（TISC）、高校国家知识产权信息服务中心、"
        "TISC 兼高校国家知识产权信息服务中心）。如登记有误，请联系管理员更正中心类型。"
    )
    assert (finding.clause, finding.lifted_by, finding.mend) == ("一", (Role.ADMINISTRATOR,), "centre")


@pytest.mark.parametrize(
    ("written", "holds"),
    [("", True), ("示例三等奖", True), ("示例优秀案例", False), ("2022年示例 优秀案例（省级）", False)],
)
@pytest.mark.no_excluded_honour
def test_a_case_with_an_excluded_honour_is_not_taken_again(written: str, holds: bool) -> None:
    case = case_facts(annotated_call(), form={"honours": written})
    assert (no_excluded_honour.examine(case) is None) is holds


@pytest.mark.no_excluded_honour
def test_the_finding_names_field_and_honour() -> None:
    finding = found(no_excluded_honour, case_facts(annotated_call(), form={"honours": "示例优秀案例"}))
    assert (
        finding.message.zh
        == "报送表“所获荣誉”一栏写有“示例优秀案例”。获得过该项荣誉的案例不再推荐；如填写有误，请改正。"
    )
    assert finding.mend == "form:honours"


@pytest.mark.parametrize(
    ("eligible", "first", "words"),
    [
        (Eligible(last_years=3), date(2021, 1, 2), "2021-01 至今，近 3 年"),
        (
            Eligible(since=Milestone(date(2021, 9, 22), Text("纲要印发", "the outline"))),
            date(2021, 9, 22),
            "2021-09 至今，纲要印发以来",
        ),
        (Eligible(service_from=date(2020, 2, 29)), date(2020, 2, 29), "2020-02 至今"),
    ],
)
@pytest.mark.service_within_period
def test_eligible_time_begins_on_a_day_so_many_years_ago_or_with_a_milestone(
    eligible: Eligible, first: date, words: str
) -> None:
    call = replace(annotated_call(), eligible=eligible)
    before = case_facts(call, service_from=date(2000, 1, 1), service_to=first - timedelta(days=1))
    assert words in found(service_within_period, before).message.zh
    on_the_day = case_facts(call, service_from=date(2000, 1, 1), service_to=first)
    assert service_within_period.examine(on_the_day) is None


def test_years_before_a_leap_day_end_on_the_28th() -> None:
    assert (years_before(date(2024, 2, 29), 1), years_before(date(2024, 2, 29), 4)) == (
        date(2023, 2, 28),
        date(2020, 2, 29),
    )
