"""Report forms in the layouts that people use, and what they mean for the case."""

from datetime import date, datetime

import pytest

from rules.call import FieldType
from tests.make import call_2021
from tests.workflow.documents.hostile import edited
from tests.workflow.documents.papers import sample, sheet, truth
from workflow.documents.forms import FormRead, choices_of, form_to_case, read_report_form
from workflow.documents.problems import Unreadable
from workflow.documents.writing import report_form

LABELS = {one.label.zh: one.name for one in call_2021().report_form}


def read(data: bytes, name: str = "报送表.xlsx") -> FormRead:
    return read_report_form(data, name, call_2021())


def with_rows(*rows: list, merged: tuple[str, ...] = ()) -> FormRead:
    """A form of these rows under three that make it a form."""
    return read(sheet([["案例名称", "甲"], ["所在单位", "乙"], ["服务对象", "丙"], *rows], merged))


@pytest.fixture(scope="module", params=truth()["forms"], ids=lambda form: form["case"])
def sampled(request):
    return request.param, read(sample(request.param["file"]), request.param["file"])


def test_a_sample_gives_every_field_of_the_truth(sampled):
    form, found = sampled
    assert found.values == {LABELS[label]: value for label, value in form["fields"].items()}
    assert found.problems == ()


def test_a_sample_says_what_it_means_for_the_case(sampled):
    form, found = sampled
    call, fields = call_2021(), form["fields"]
    case = form_to_case(call, found.values)
    assert call.phase(case.phase).label.zh == fields["报送阶段"]
    assert call.themes[case.theme].label.zh == fields["主题"]
    assert (case.title, case.recipient, case.other_theme) == (fields["案例名称"], fields["服务对象"], "")
    assert f"{case.service_from:%Y-%m-%d}" == f"{fields['服务起始']}-01"
    assert f"{case.service_to:%Y-%m}" == fields["服务结束"]


def test_a_service_ends_with_the_last_day_of_its_last_month():
    case = form_to_case(call_2021(), {"service_from": "2020-02", "service_to": "2020-02"})
    assert (case.service_from, case.service_to) == (date(2020, 2, 1), date(2020, 2, 29))


def test_labels_may_stand_above_their_values():
    found = read(sheet([["案例名称", "报送阶段", "所在单位"], ["一份报告", "第一阶段", "示例大学"]]))
    assert [found.values[name] for name in ("title", "phase", "host_unit")] == ["一份报告", "第一阶段", "示例大学"]
    assert [found.cells[name] for name in ("title", "phase", "host_unit")] == ["A2", "B2", "C2"]


def test_labels_may_stand_in_the_cell_of_their_value():
    found = with_rows(["联系人：某某　手机：13800000000", ""], ["E-mail: a@b.example", ""])
    assert [found.values[name] for name in ("contact", "phone", "email")] == ["某某", "13800000000", "a@b.example"]


@pytest.mark.parametrize(
    "written",
    [
        "☑第一阶段　□第二阶段",
        "■第一阶段 □第二阶段",
        "√第一阶段  □第二阶段",
        "第一阶段☑ 第二阶段□",
        "（√）第一阶段（ ）第二阶段",
        "[x] 第一阶段 [ ] 第二阶段",
        "\uf0fe第一阶段 \uf0a8第二阶段",
        "第 一 阶 段",
        "第一阶段",
    ],
)
def test_a_choice_is_read_however_it_is_ticked(written):
    assert with_rows(["报送阶段", written]).values["phase"] == "第一阶段"


def test_a_choice_with_two_ticks_is_reported():
    found = with_rows(["报送阶段", "☑第一阶段 ☑第二阶段"])
    assert found.values["phase"] == ""
    assert [(one.code, one.where) for one in found.problems if one.code == "several_ticked"] == [
        ("several_ticked", "B4")
    ]


def test_a_choice_with_no_tick_is_empty():
    assert with_rows(["是否曾报送", "□是　□否"]).values["reported_before"] == ""


@pytest.mark.parametrize(
    "written", ["2020年3月", "2020.03", "2020-3", "2020/03/15", "2020年03月", date(2020, 3, 1), "202003"]
)
def test_a_month_is_read_however_it_is_written(written):
    assert with_rows(["服务起始", written]).values["service_from"] == "2020-03"


@pytest.mark.parametrize(
    "written",
    ["2021年3月16日", "2021.3.16", "2021-03-16", "20210316", datetime(2021, 3, 16, 9, 30), "二〇二一（2021-03-16）"],
)
def test_a_day_is_read_however_it_is_written(written):
    assert with_rows(["盖章日期", written]).values["sealed_on"] == "2021-03-16"


@pytest.mark.parametrize(
    "written", ["2020年3月—2021年1月", "2020.03-2021.01", "2020年3月至2021年1月", "2020/3～2021/1"]
)
def test_two_months_may_share_a_cell(written):
    found = with_rows(["服务起止时间", written])
    assert (found.values["service_from"], found.values["service_to"]) == ("2020-03", "2021-01")


def test_a_date_that_is_none_is_kept_and_reported():
    found = with_rows(["服务起始", "2020年13月"])
    assert found.values["service_from"] == "2020年13月"
    assert "date_unclear" in [one.code for one in found.problems]


def test_a_telephone_may_be_a_number():
    assert with_rows(["手机", 13800000000]).values["phone"] == "13800000000"


def test_merged_cells_count_as_one():
    found = with_rows(["案例主题", "", "支撑产业发展"], merged=("A4:B4",))
    assert (found.values["theme"], found.cells["theme"]) == ("支撑产业发展", "C4")


def test_what_is_missing_or_empty_or_too_long_is_reported():
    found = read(sheet([["案例名称", "长" * 61], ["所在单位", ""], ["服务对象", "丙"]]))
    told = {(one.code, one.where) for one in found.problems}
    assert {("field_too_long", "B1"), ("field_missing", "联系人")} <= told
    assert "field_empty" in {one.code for one in found.problems}


def test_a_field_given_twice_keeps_the_first_and_is_reported():
    found = with_rows(["联系人", "某甲"], ["联系人", "某乙"])
    assert found.values["contact"] == "某甲"
    assert "field_twice" in [one.code for one in found.problems]


def test_a_value_that_reads_like_a_label_is_still_a_value():
    found = read(
        sheet([["案例名称", "服务对象"], ["所在单位", "名称"], ["服务对象", "丙"], ["联系人", "摘要"], ["摘要", "甲"]])
    )
    assert [found.values[name] for name in ("title", "host_unit", "recipient", "contact", "abstract")] == [
        "服务对象",
        "名称",
        "丙",
        "摘要",
        "甲",
    ]


def test_a_workbook_without_a_form_is_refused():
    with pytest.raises(Unreadable) as caught:
        read(sheet([["品名", "数量"], ["纸", 3]]))
    assert caught.value.problem.code == "no_form_found"


@pytest.mark.parametrize(
    ("written", "theme", "other"),
    [
        ("支撑产业发展", "industry", ""),
        ("支撑产业发展。", "industry", ""),
        ("产业发展", "industry", ""),
        ("中小企业", "smes", ""),
        ("服务中小企业创新发展主题", "smes", ""),
        ("助力产学研一体化和科技成果转化", "transfer", ""),
        ("产学研一体化", "transfer", ""),
        ("其他主题：数字政府", "other", "数字政府"),
        ("数字政府", "other", "数字政府"),
        ("", None, ""),
    ],
)
def test_a_theme_is_known_by_its_label_and_by_words_close_to_it(written, theme, other):
    case = form_to_case(call_2021(), {"theme": written})
    assert (case.theme, case.other_theme) == (theme, other)


@pytest.mark.parametrize("kind", [FieldType.YES_NO])
def test_a_yes_or_no_field_offers_both(kind):
    field = next(one for one in call_2021().report_form if one.type is kind)
    assert [label.zh for label in choices_of(field, call_2021()).values()] == ["是", "否"]


def test_a_cell_with_what_no_file_can_hold_is_named_and_not_taken():
    """Excel keeps such a character under its code, which reading brings back."""
    made = report_form(call_2021(), {"title": "甲HERE乙", "recipient": "丙"})
    changed = edited(made, {"xl/worksheets/sheet1.xml": lambda old: old.replace(b"HERE", b"_x0008_")})
    found = read_report_form(changed, "表.xlsx", call_2021())
    [told] = [one for one in found.problems if one.where == "B3"]
    assert (told.code, found.values["title"], found.values["recipient"]) == ("character_unholdable", "", "丙")
    assert [one in told.text.zh for one in ("案例名称", "B3", "第 2 个", "U+0008", "“甲”之后")] == [True] * 5
