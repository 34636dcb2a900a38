"""The content of a case: its length, its digest, and that a kept revision reads back as it was."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import pytest

from rules.call import Counted
from rules.facts import Attachment
from tests.make import call_2021
from workflow.content import DERIVED, Content, form_values, from_snapshot

CONTENT = Content(
    phase="second",
    theme="other",
    theme_name="自拟主题",
    title="一份检索报告",
    sections={"recipient": "甲公司。", "effect": "增长 30% 以上", "lessons": ""},
    recipient="甲公司",
    service_from=date(2020, 6, 1),
    service_to=date(2020, 12, 31),
    form={"contact": "张三", "phone": "", "title": "typed twice"},
    attachments=(Attachment("video", "视频.mp4", "mp4", 9, "digest"),),
)


def values(content: Content = CONTENT, kind: str = "both") -> dict[str, str]:
    return form_values(call_2021(), content, centre="中心", kind=kind, host_unit="大学", region="示例省")


def test_the_body_is_its_sections_and_its_length_counts_them() -> None:
    assert CONTENT.body == "甲公司。\n增长 30% 以上"
    assert (CONTENT.length, CONTENT.least_length_as(Counted.WORDS)) == (9, 9)
    quoted = CONTENT.changed(sections={"effect": "“好”——"})
    assert quoted.least_length_as(Counted.WORDS) < quoted.length


def test_a_kept_revision_reads_back_with_the_same_digest() -> None:
    kept = from_snapshot(CONTENT.snapshot())
    assert kept.snapshot() == CONTENT.snapshot()
    assert kept.digest == CONTENT.digest
    assert from_snapshot(Content().snapshot()) == Content()


def test_what_is_empty_and_the_order_of_keys_do_not_change_the_digest() -> None:
    same = CONTENT.changed(
        sections={"effect": "增长 30% 以上", "recipient": "甲公司。"}, form={"title": "typed twice", "contact": "张三"}
    )
    assert same.digest == CONTENT.digest


def test_what_has_no_attachments_has_the_digest_that_it_had_before_there_were_any() -> None:
    assert "attachments" not in CONTENT.changed(attachments=()).snapshot()


@pytest.mark.parametrize("name", [one.name for one in fields(Content)])
def test_every_field_is_covered_by_the_digest(name: str) -> None:
    others = {
        "sections": {"recipient": "乙公司。"},
        "form": {"contact": "李四"},
        "service_from": date(2020, 6, 2),
        "service_to": None,
        "attachments": (Attachment("video", "视频.mp4", "mp4", 9, "another digest"),),
    }
    assert CONTENT.changed(**{name: others.get(name, "别的")}).digest != CONTENT.digest


def test_the_form_takes_from_the_case_and_the_register_what_they_say_already() -> None:
    assert {name: value for name, value in values().items() if value} == {
        "title": "一份检索报告",
        "phase": "第二阶段",
        "theme": "自拟主题",
        "centre": "中心",
        "centre_kind": "TISC 兼高校国家知识产权信息服务中心",
        "host_unit": "大学",
        "region": "示例省",
        "recipient": "甲公司",
        "service_from": "2020-06",
        "service_to": "2020-12",
        "contact": "张三",
    }
    assert list(values()) == [one.name for one in call_2021().report_form]


def test_a_theme_of_the_list_is_written_by_its_label() -> None:
    assert values(CONTENT.changed(theme="public", theme_name=""))["theme"] == "服务社会公众意识提升"


def test_an_empty_case_fills_only_what_the_register_says() -> None:
    known = {name for name, value in values(Content()).items() if value}
    assert known == {"centre", "centre_kind", "host_unit", "region"}
    assert known < set(DERIVED)
