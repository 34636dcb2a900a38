"""What differs between two calls is told place by place, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from rules.call import Judging, Strength
from tests.make import call_2021, other_call
from workflow.calls import parse_call
from workflow.calls.difference import Change, differences
from workflow.calls.schema import EXAMPLE

TOML, NOTICE = EXAMPLE.read_text("utf-8"), EXAMPLE.with_suffix(".zh.md").read_text("utf-8")


def changes(*pairs: tuple[str, str], notice: str = NOTICE) -> list[Change]:
    """What the annotated example differs in after replacing passages."""
    changed = TOML
    for old, new in pairs:
        assert old in changed
        changed = changed.replace(old, new, 1)
    return differences(parse_call(TOML, NOTICE), parse_call(changed, notice))


def said(*pairs: tuple[str, str]) -> list[str]:
    return [one.text.zh for one in changes(*pairs)]


def test_a_call_does_not_differ_from_itself() -> None:
    assert differences(call_2021(), call_2021()) == []


def test_an_extension_names_the_phase_and_both_days() -> None:
    [one] = changes(("closes = 2024-03-31", "closes = 2024-04-10"))
    assert (one.place, one.text.zh) == (
        "phases[first].closes",
        "阶段“第一阶段” › 截止日：2024年3月31日 → 2024年4月10日",
    )
    assert one.text.en == "Phases “Phase 1” › Closes: 2024-03-31 → 2024-04-10"


def test_what_came_and_what_went_is_told_as_a_whole() -> None:
    added = changes(("[themes.own]", '[themes.three]\nzh = "主题三"\nen = "Theme three"\n[themes.own]'))
    assert [(one.place, one.text.zh) for one in added] == [("themes[three]", "主题“主题三”：（无） → 主题三")]
    call = call_2021()
    gone = {name: asked for name, asked in call.rules.items() if name != "consent_given"}
    [one] = differences(call, replace(call, rules=gone))
    assert one.place == "rules[consent_given]"
    assert one.after.zh == "（无）"
    [judged] = differences(call, replace(call, judging=Judging(3, (), winners=5)))
    assert (judged.place, judged.before.zh, judged.after.zh) == (
        "judging",
        "（无）",
        "评审人数 3；评审指标 （无）；入选个数 5",
    )


def test_numbers_strengths_lists_and_words_are_told_in_words() -> None:
    assert said(("maximum = 3000", "maximum = 3200")) == ["篇幅 › 上限：3000 → 3200"]
    assert said(("blind = true", "blind = false")) == ["评审 › 盲评：是 → 否"]
    assert said(('strength = "must"', 'strength = "in_principle"')) == [
        "规则“正文不超过通知的字数上限” › 约束力：必须 → 原则上（须说明理由）"
    ]
    assert said(('formats = ["docx", "wps"]', 'formats = ["docx"]')) == ["材料“案例正文” › 格式：docx、wps → docx"]
    assert said(('title = { zh = "示例征集"', 'title = { zh = "示例评选"')) == ["名称：“示例征集” → “示例评选”"]


def test_another_order_is_told_once() -> None:
    call = other_call()
    [one] = differences(call, replace(call, sections=call.sections[::-1]))
    assert (one.place, one.what.zh) == ("sections", "案例模板的各部分的次序")
    assert (one.before.zh, one.after.zh) == ("背景、做法、展望", "展望、做法、背景")


def test_the_notice_is_compared_by_paragraphs() -> None:
    longer = NOTICE.replace("第三条　分两个阶段征集", "第三条　现延期，分两个阶段征集") + "\n第六条　其他。\n"
    found = changes(notice=longer)
    assert [one.place for one in found] == ["text[6]", "text[9]"]
    assert "现延期" in found[0].after.zh
    assert (found[1].before.zh, found[1].after.zh) == ("（无）", "“第六条　其他。”")
    assert "现延期" not in found[0].before.zh


def test_a_difference_is_the_same_as_json() -> None:
    [one] = changes(("closes = 2024-03-31", "closes = 2024-04-10"))
    assert one.as_json()["place"] == "phases[first].closes"
    assert one.as_json()["after"] == {"zh": "2024年4月10日", "en": date(2024, 4, 10).isoformat()}


def test_two_calls_have_everything_else_between_them() -> None:
    found = differences(call_2021(), other_call())
    assert {"number", "phases[first]", "phases[spring]", "length.minimum", "rules[consent_given]"} <= {
        one.place for one in found
    }
    assert Strength.IN_PRINCIPLE.label.zh in "".join(one.text.zh for one in found)
