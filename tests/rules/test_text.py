"""What the text of a case must be."""

from dataclasses import replace

import pytest

from rules.call import Counted, Strength
from rules.roles import Role
from rules.text import length_within_limit, recipient_named, sections_within_limits, template_complete
from rules.words import Text
from tests.make import annotated_call, call_2021, case_facts, other_call
from tests.rules import found


@pytest.mark.parametrize(("length", "holds"), [(0, True), (1499, True), (1500, True), (1501, False)])
@pytest.mark.length_within_limit
def test_the_length_may_reach_the_limit_but_not_exceed_it(length: int, holds: bool) -> None:
    assert (length_within_limit.examine(case_facts(length=length)) is None) is holds


@pytest.mark.length_within_limit
def test_a_text_over_the_limit_says_by_how_much_and_whose_demand_it_is() -> None:
    finding = found(length_within_limit, case_facts(length=1640))
    assert finding.message == Text(
        "正文 1640 字，超过 1500 字的上限 140 字。请删减后再试。",
        "The text has 1640 characters, 140 more than the limit of 1500. Shorten it and try again.",
    )
    assert (finding.clause, finding.strength) == ("二(一)3", Strength.MUST)
    assert finding.says == ("篇幅控制在1500字以内，可包含必要的图表、标注等",)
    assert (finding.lifted_by, finding.mend, finding.holds_from) == ((Role.AUTHOR,), "sections", None)


@pytest.mark.length_within_limit
def test_the_lowest_count_of_a_common_program_is_compared_with_the_limit() -> None:
    assert length_within_limit.examine(case_facts(length=1510, least_length=1500)) is None
    assert length_within_limit.examine(case_facts(length=1510, least_length=1501)) is not None


@pytest.mark.parametrize(("length", "holds"), [(299, False), (300, True), (800, True), (801, False)])
@pytest.mark.length_within_limit
def test_a_call_may_ask_for_a_least_length_too(length: int, holds: bool) -> None:
    assert (length_within_limit.examine(case_facts(other_call(), length=length)) is None) is holds


@pytest.mark.length_within_limit
def test_the_higher_count_is_compared_with_the_least_length() -> None:
    finding = found(length_within_limit, case_facts(other_call(), length=299, least_length=290))
    assert finding.message.zh == "正文 299 字，不足 300 字的下限。"
    assert length_within_limit.examine(case_facts(other_call(), length=300, least_length=290)) is None


@pytest.mark.parametrize("section", ["recipient", "service", "effect", "lessons"])
@pytest.mark.template_complete
def test_every_section_of_the_template_must_be_written(section: str) -> None:
    written = {one.id: "一段话" for one in call_2021().sections}
    finding = found(template_complete, case_facts(sections={**written, section: " \n　"}))
    assert finding.mend == f"section:{section}"
    assert template_complete.examine(case_facts(sections=written)) is None


@pytest.mark.template_complete
def test_all_that_is_missing_from_the_template_is_named_the_title_first() -> None:
    finding = found(template_complete, case_facts(title=" ", sections={"recipient": "谁", "service": "什么"}))
    assert finding.message == Text(
        "案例模板中的“案例名称”“服务成效”“启示”还没有写。请补上后再试。",
        "These parts of the template are still empty: Title, Effect, Lessons. Write them and try again.",
    )
    assert (finding.clause, finding.lifted_by, finding.mend) == ("二(一)3", (Role.AUTHOR,), "title")


@pytest.mark.template_complete
def test_a_section_that_the_call_leaves_open_may_be_empty() -> None:
    sections = {"background": "背景", "practice": "做法"}
    assert template_complete.examine(case_facts(other_call(), sections=sections)) is None


@pytest.mark.parametrize(("recipient", "holds"), [("示例新材料有限公司", True), ("", False), (" 　", False)])
@pytest.mark.recipient_named
def test_a_case_names_whom_it_served(recipient: str, holds: bool) -> None:
    assert (recipient_named.examine(case_facts(recipient=recipient)) is None) is holds


@pytest.mark.recipient_named
def test_a_demand_in_principle_blocks_until_its_reason_is_written() -> None:
    silent = found(recipient_named, case_facts(other_call(), recipient=""))
    explained = found(
        recipient_named, case_facts(other_call(), recipient="", reasons={"recipient_named": "服务对象要求匿名"})
    )
    blank = found(recipient_named, case_facts(other_call(), recipient="", reasons={"recipient_named": " "}))
    assert [silent.blocks, explained.blocks, blank.blocks] == [True, False, True]
    assert [silent.strength, silent.answerable] == [Strength.IN_PRINCIPLE, True]
    assert explained.as_json()["reasons"] == {"recipient_named": "服务对象要求匿名"}


@pytest.mark.parametrize(("length", "holds"), [(99, False), (100, True), (800, True), (801, False)])
@pytest.mark.sections_within_limits
def test_a_part_may_reach_its_bounds_but_not_pass_them(length: int, holds: bool) -> None:
    case = case_facts(annotated_call(), sections={"background": "字" * length})
    assert (sections_within_limits.examine(case) is None) is holds


@pytest.mark.sections_within_limits
def test_every_part_out_of_bounds_is_named_with_how_far() -> None:
    finding = found(sections_within_limits, case_facts(annotated_call(), sections={"background": "字" * 850}))
    assert finding.message == Text(
        "这些部分的篇幅不合要求：“背景” 850 字，超过 800 字的上限 50 字。请增删后再试。",
        "These parts do not have the length asked for: “Background” has 850 characters, 50 more than the limit of 800. "
        "Write more or less and try again.",
    )
    assert (finding.mend, finding.strength) == ("section:background", Strength.IN_PRINCIPLE)


@pytest.mark.sections_within_limits
def test_a_part_that_may_be_left_out_and_is_has_no_least_length() -> None:
    call = annotated_call()
    call = replace(call, sections=tuple(replace(one, required=False) for one in call.sections))
    for text, holds in (("", True), ("一句话", False)):
        assert (sections_within_limits.examine(case_facts(call, sections={"background": text})) is None) is holds


@pytest.mark.sections_within_limits
def test_parts_are_counted_as_the_whole_is() -> None:
    call = annotated_call()
    call = replace(call, length=replace(call.length, counted=Counted.CHARACTERS))
    case = case_facts(call, sections={"background": "ab " * 50})
    assert sections_within_limits.examine(case) is None
