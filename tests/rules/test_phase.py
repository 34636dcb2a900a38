"""Phases, their windows and their themes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from rules.call import BEIJING, Window
from rules.phase import (
    before_phase_deadline,
    new_day_given,
    phase_has_opened,
    reported_by_the_day_asked_for,
    theme_belongs_to_phase,
)
from rules.roles import Level, Role
from rules.words import Text
from tests.make import annotated_call, batch_facts, call_2021, case_facts, centre_facts
from tests.rules import found

TICK = timedelta(microseconds=1)
CLOSES = datetime(2021, 3, 27, tzinfo=BEIJING)
OPENS = datetime(2021, 3, 12, tzinfo=BEIJING)
ZONES = [BEIJING, UTC, timezone(timedelta(hours=-11))]


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.before_phase_deadline
def test_the_deadlines_own_day_counts_until_midnight_in_beijing(zone: timezone) -> None:
    for facts in (case_facts, batch_facts):
        assert before_phase_deadline.examine(facts(at=(CLOSES - TICK).astimezone(zone))) is None
        assert before_phase_deadline.examine(facts(at=CLOSES.astimezone(zone))) is not None


@pytest.mark.before_phase_deadline
def test_who_comes_late_reads_the_deadline_in_beijing_time_and_who_can_extend_it() -> None:
    finding = found(before_phase_deadline, case_facts(at=datetime(2021, 3, 26, 16, 5, tzinfo=UTC)))
    assert finding.message == Text(
        "第一阶段已于 2021年3月26日 24:00 截止，现在是 2021年3月27日 00:05。如有特殊情况，请由国家局主管批准延期。",
        "Phase 1 closed at 2021-03-26 24:00 Beijing time; it is now 2021-03-27 00:05 Beijing time. "
        "The national office's director can grant an extension.",
    )
    assert (finding.clause, finding.lifted_by, finding.holds_from) == ("二(二)", (Role.DIRECTOR,), None)
    assert finding.says == call_2021().rules["before_phase_deadline"].says


@pytest.mark.before_phase_deadline
def test_an_extension_moves_the_deadline() -> None:
    phase = call_2021().phases[0]
    window = phase.window(Role.SEALER.level, call_2021().opened, last_day=datetime(2021, 3, 31).date())
    late = datetime(2021, 4, 1, tzinfo=BEIJING)
    assert before_phase_deadline.examine(case_facts(window=window, at=late - TICK)) is None
    assert before_phase_deadline.examine(case_facts(window=window, at=late)) is not None


def soft(at: datetime, **also: object):
    window = Window(OPENS, CLOSES, asked=CLOSES - timedelta(days=7))
    return case_facts(**{"call": annotated_call(), "window": window, "at": at, **also})


@pytest.mark.reported_by_the_day_asked_for
def test_the_day_asked_for_counts_whole_and_late_is_explained_until_the_phase_closes() -> None:
    asked = CLOSES - timedelta(days=7)
    assert [reported_by_the_day_asked_for.examine(soft(at)) is None for at in (asked - TICK, CLOSES, asked)] == [
        *(True, True, False)
    ]
    late = found(reported_by_the_day_asked_for, soft(asked))
    assert (late.blocks, late.answerable, "最迟 2021年3月26日 24:00" in late.message.zh) == (True, True, True)
    why = {"reported_by_the_day_asked_for": "盖章延误"}
    assert not found(reported_by_the_day_asked_for, soft(asked, reasons=why)).blocks


@pytest.mark.before_phase_deadline
def test_a_day_asked_for_that_is_not_before_the_closing_day_asks_for_nothing() -> None:
    phase = replace(call_2021().phases[0], asks_for={Level.CENTRE: date(2021, 3, 20)})
    opened = call_2021().opened
    assert phase.window(Level.CENTRE, opened).asked == datetime(2021, 3, 21, tzinfo=BEIJING)
    assert phase.window(Level.CENTRE, opened, date(2021, 3, 20)).asked is None
    assert phase.window(Level.OFFICE, opened).asked is None


@pytest.mark.before_phase_deadline
def test_a_case_without_phase_is_told_to_choose_one() -> None:
    finding = found(before_phase_deadline, case_facts(phase=None))
    assert (finding.message.zh, finding.mend) == ("还没有选择报送阶段。", "phase")
    assert finding.lifted_by == (Role.AUTHOR,)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.phase_has_opened
def test_a_phase_takes_cases_from_the_first_instant_of_its_opening_day(zone: timezone) -> None:
    for facts in (case_facts, batch_facts):
        assert phase_has_opened.examine(facts(at=OPENS.astimezone(zone))) is None
        assert phase_has_opened.examine(facts(at=(OPENS - TICK).astimezone(zone))) is not None


@pytest.mark.phase_has_opened
def test_who_comes_early_reads_from_when_it_is_possible() -> None:
    finding = found(phase_has_opened, case_facts(at=datetime(2021, 3, 11, 9, 30, tzinfo=BEIJING)))
    assert finding.message.zh == (
        "第一阶段从 2021年3月12日 00:00 起受理，现在是 2021年3月11日 09:30。到时再办即可，已填内容会保留。"
    )
    assert (finding.holds_from, finding.clause, finding.says) == (OPENS, "系统", ())
    assert finding.as_json()["holds_from"] == "2021-03-12T00:00:00+08:00"


@pytest.mark.phase_has_opened
def test_before_a_phase_is_chosen_nothing_is_said_about_its_opening() -> None:
    assert phase_has_opened.examine(case_facts(phase=None)) is None


@pytest.mark.parametrize(
    ("phase", "theme", "name", "holds"),
    [
        ("first", "smes", "", True),
        ("first", "industry", "", False),
        ("first", "other", "数据知识产权", False),
        ("second", "smes", "", True),
        ("second", "industry", "", True),
        ("second", "other", "数据知识产权", True),
        ("second", "other", " ", False),
        ("second", "unheard_of", "", False),
        ("second", "", "", False),
    ],
)
@pytest.mark.theme_belongs_to_phase
def test_a_theme_is_one_of_its_phase_and_the_open_one_is_written_out(
    phase: str, theme: str, name: str, holds: bool
) -> None:
    facts = case_facts(phase=phase, theme=theme, theme_name=name)
    assert (theme_belongs_to_phase.examine(facts) is None) is holds


@pytest.mark.theme_belongs_to_phase
def test_a_wrong_theme_is_answered_with_the_right_ones() -> None:
    finding = found(theme_belongs_to_phase, case_facts(theme="industry"))
    assert finding.message == Text(
        "“支撑产业发展”不是第一阶段征集的主题。第一阶段可选：服务中小企业创新发展。",
        "“Industrial development” is not a theme of Phase 1. "
        "Choose one of: Innovation by small and medium-sized enterprises.",
    )
    assert (finding.clause, finding.lifted_by, finding.mend) == ("二(二)", (Role.AUTHOR,), "theme")


@pytest.mark.parametrize(
    ("facts", "mend", "words"),
    [
        ({"phase": None}, "phase", "还没有选择报送阶段。"),
        ({"theme": ""}, "theme", "还没有选择主题。第一阶段可选：服务中小企业创新发展。"),
        ({"phase": "second", "theme": "other"}, "theme_name", "选择了“其他主题”，请写出主题名称。"),
    ],
)
@pytest.mark.theme_belongs_to_phase
def test_what_is_missing_about_the_theme_is_said(facts: dict[str, str], mend: str, words: str) -> None:
    finding = found(theme_belongs_to_phase, case_facts(**facts))  # type: ignore[arg-type]
    assert (finding.mend, finding.message.zh) == (mend, words)


@pytest.mark.parametrize(
    ("at", "new_day", "holds"),
    [
        (CLOSES - TICK, None, True),
        (CLOSES, None, False),
        (CLOSES, CLOSES.date(), False),
        (CLOSES, CLOSES.date() + timedelta(days=1), True),
    ],
)
@pytest.mark.new_day_given
def test_a_return_after_the_close_gives_a_later_day(at: datetime, new_day: date | None, holds: bool) -> None:
    for facts in (case_facts, batch_facts):
        assert (new_day_given.examine(facts(at=at, new_day=new_day)) is None) is holds


@pytest.mark.parametrize(
    ("kind", "theme", "holds"),
    [("university", "one", True), ("tisc", "two", True), ("tisc", "one", False), ("both", "one", True)],
)
@pytest.mark.theme_belongs_to_phase
def test_a_kind_of_centre_may_have_themes_of_its_own(kind: str, theme: str, holds: bool) -> None:
    case = case_facts(annotated_call(), theme=theme, centre=centre_facts(kind=kind))
    assert (theme_belongs_to_phase.examine(case) is None) is holds


@pytest.mark.theme_belongs_to_phase
def test_a_phase_may_take_any_theme_of_the_call_and_none_of_another() -> None:
    for theme, holds in (("one", True), ("own", True), ("elsewhere", False)):
        case = case_facts(annotated_call(), phase="second", theme=theme, theme_name="自拟")
        assert (theme_belongs_to_phase.examine(case) is None) is holds
