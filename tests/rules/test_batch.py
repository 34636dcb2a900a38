"""What a province sends."""

import pytest

from rules.batch import (
    centre_reports_enough,
    every_case_document_attached,
    every_form_attached,
    province_recommends_enough,
    subject_names_call_and_office,
    summary_sealed,
)
from rules.call import Strength
from rules.facts import CentreCount, SealFacts
from rules.roles import Role
from rules.rule import Subject
from rules.words import Text
from tests.make import CONTENT, OFFICE, batch_facts, line_facts, other_call
from tests.rules import found

SHORT = (CentreCount("a", "甲中心", 1), CentreCount("b", "乙中心", 2), CentreCount("c", "丙中心", 0))


@pytest.mark.parametrize(
    ("before", "here", "holds"), [(0, 1, False), (0, 2, True), (1, 1, True), (2, 0, True), (0, 0, False), (1, 0, False)]
)
@pytest.mark.province_recommends_enough
def test_what_was_submitted_before_counts_with_this_batch(before: int, here: int, holds: bool) -> None:
    facts = batch_facts(submitted_before=before, cases=here)
    assert (province_recommends_enough.examine(facts) is None) is holds


@pytest.mark.province_recommends_enough
def test_a_shortfall_is_told_with_its_size_and_both_ways_out() -> None:
    finding = found(province_recommends_enough, batch_facts(cases=1))
    assert finding.message == Text(
        "第一阶段已报 0 个，本批 1 个，合计不足 2 个，还差 1 个。可增补案例，或由国家局主管核准豁免。",
        "Phase 1: 0 submitted before and 1 in this batch, 1 short of the 2 asked. Add cases, or ask the director for a waiver.",
    )
    assert (finding.clause, finding.strength, finding.blocks) == ("四(三)", Strength.MUST, True)
    assert finding.says == ("每个阶段推荐报送案例数量不少于2个",)
    assert (finding.lifted_by, finding.mend) == ((Role.REVIEWER, Role.DIRECTOR), "lines")


@pytest.mark.province_recommends_enough
def test_the_directors_waiver_lifts_the_minimum() -> None:
    assert province_recommends_enough.examine(batch_facts(cases=1, waived=True)) is None


@pytest.mark.parametrize(("phase", "cases", "holds"), [("spring", 2, False), ("autumn", 1, True), ("winter", 0, True)])
@pytest.mark.province_recommends_enough
def test_each_phase_has_its_own_minimum(phase: str, cases: int, holds: bool) -> None:
    facts = batch_facts(other_call(), phase=phase, cases=cases)
    assert (province_recommends_enough.examine(facts) is None) is holds


@pytest.mark.centre_reports_enough
def test_the_last_batch_owes_one_reason_for_each_centre_short() -> None:
    finding = found(centre_reports_enough, batch_facts(phase="second", final=True, centres=SHORT))
    assert finding.message == Text(
        "有 2 家中心累计不足 2 个案例：甲中心（1 个）、丙中心（0 个）。请逐家说明理由，或增补案例。",
        "2 centres have fewer than 2 cases over all phases: 甲中心 (1), 丙中心 (0). Give a reason for each, or add cases.",
    )
    assert finding.about == (Subject("a", "甲中心"), Subject("c", "丙中心"))
    assert (finding.clause, finding.strength, finding.lifted_by) == ("四(三)", Strength.IN_PRINCIPLE, (Role.LEADER,))


@pytest.mark.parametrize(
    ("reasons", "blocks"),
    [
        ({}, True),
        ({"centre_reports_enough:a": "新建"}, True),
        ({"centre_reports_enough:a": "新建", "centre_reports_enough:c": " "}, True),
        ({"centre_reports_enough:a": "新建", "centre_reports_enough:c": "筹建中"}, False),
        ({"centre_reports_enough": "一并说明"}, True),
    ],
)
@pytest.mark.centre_reports_enough
def test_the_batch_is_held_until_every_reason_is_written(reasons: dict[str, str], blocks: bool) -> None:
    facts = batch_facts(phase="second", final=True, centres=SHORT, reasons=reasons)
    assert found(centre_reports_enough, facts).blocks is blocks


@pytest.mark.parametrize(("phase", "final"), [("first", True), ("first", False), ("second", False)])
@pytest.mark.centre_reports_enough
def test_before_the_last_batch_of_the_last_phase_a_shortfall_is_a_forecast(phase: str, final: bool) -> None:
    assert centre_reports_enough.examine(batch_facts(phase=phase, final=final, centres=SHORT)) is None


@pytest.mark.parametrize(("kind", "holds"), [("tisc", False), ("other", True)])
@pytest.mark.centre_reports_enough
def test_a_centre_that_the_call_does_not_address_owes_nothing(kind: str, holds: bool) -> None:
    facts = batch_facts(phase="second", final=True, centres=(CentreCount("a", "甲中心", 0, kind),))
    assert (centre_reports_enough.examine(facts) is None) is holds


@pytest.mark.parametrize(("count", "holds"), [(1, False), (2, True), (3, True)])
@pytest.mark.centre_reports_enough
def test_a_centre_with_the_number_asked_owes_nothing(count: int, holds: bool) -> None:
    centres = (CentreCount("a", "甲中心", count),)
    facts = batch_facts(phase="second", final=True, centres=centres)
    assert (centre_reports_enough.examine(facts) is None) is holds


@pytest.mark.parametrize(
    ("seal", "words"),
    [
        (None, f"《案例汇总表》还没有盖“{OFFICE}”公章的扫描件。请打印汇总表、盖章后上传。"),
        (SealFacts("", CONTENT), f"《案例汇总表》还没有盖“{OFFICE}”公章的扫描件。请打印汇总表、盖章后上传。"),
        (SealFacts("别的单位", CONTENT), f"汇总表上的印章是“别的单位”，应为“{OFFICE}”。"),
        (SealFacts(OFFICE, "before"), "汇总表盖章之后名单又有变动，请重新生成、盖章并上传。"),
    ],
)
@pytest.mark.summary_sealed
def test_the_summary_table_bears_the_offices_seal_over_the_present_list(seal: SealFacts | None, words: str) -> None:
    finding = found(summary_sealed, batch_facts(seal=seal))
    assert (finding.message.zh, finding.clause, finding.lifted_by) == (words, "四", (Role.LEADER,))
    assert summary_sealed.examine(batch_facts()) is None


@pytest.mark.every_form_attached
def test_every_case_of_a_batch_comes_with_the_scan_of_its_form() -> None:
    lines = (line_facts(1), line_facts(2, has_form_scan=False), line_facts(3, has_form_scan=False))
    finding = found(every_form_attached, batch_facts(lines=lines))
    assert finding.message.zh == "这些案例缺少盖章的报送表扫描件：2021-205-0002、2021-205-0003。请退回中心补交。"
    assert (finding.clause, finding.lifted_by) == ("四", (Role.SEALER, Role.REVIEWER))
    assert every_form_attached.examine(batch_facts(lines=lines[:1])) is None


@pytest.mark.every_case_document_attached
def test_every_case_of_a_batch_comes_with_its_word_file() -> None:
    lines = (line_facts(1, has_document=False), line_facts(2))
    finding = found(every_case_document_attached, batch_facts(lines=lines))
    assert finding.message.zh == "这些案例缺少案例正文电子件（WORD 版）：2021-205-0001。请退回中心补交。"
    assert (finding.clause, finding.lifted_by) == ("四", (Role.AUTHOR, Role.REVIEWER))
    assert every_case_document_attached.examine(batch_facts(lines=lines[1:])) is None


@pytest.mark.every_case_document_attached
def test_an_empty_batch_cannot_be_sent() -> None:
    finding = found(every_case_document_attached, batch_facts(cases=0, submitted_before=9))
    assert finding.message.zh == "本批还没有案例，请先把审核通过的案例列入本批。"
    assert finding.lifted_by == (Role.REVIEWER,)


@pytest.mark.parametrize(
    ("subject", "missing"),
    [
        (f"优秀案例征集-{OFFICE}", None),
        (f"{OFFICE}报送优秀案例征集材料", None),
        ("优秀案例征集", f"“{OFFICE}”"),
        (OFFICE, "“优秀案例征集”"),
        ("报送材料", f"“优秀案例征集”“{OFFICE}”"),
    ],
)
@pytest.mark.subject_names_call_and_office
def test_the_subject_names_the_call_and_the_office(subject: str, missing: str | None) -> None:
    if missing is None:
        assert subject_names_call_and_office.examine(batch_facts(subject=subject)) is None
        return
    finding = found(subject_names_call_and_office, batch_facts(subject=subject))
    assert finding.message.zh == f"邮件标题“{subject}”中没有注明{missing}。请按“优秀案例征集-{OFFICE}”改写标题。"
    assert (finding.clause, finding.lifted_by, finding.mend) == ("四", (Role.LEADER,), "subject")


@pytest.mark.subject_names_call_and_office
def test_the_pattern_of_the_subject_is_the_calls_own() -> None:
    finding = found(subject_names_call_and_office, batch_facts(other_call(), subject=f"优秀案例征集-{OFFICE}"))
    assert finding.message.zh == (
        f"邮件标题“优秀案例征集-{OFFICE}”中没有注明“数据案例”。请按“数据案例（{OFFICE}）”改写标题。"
    )
