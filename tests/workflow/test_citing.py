"""How a published case is cited, clause by clause of GB/T 7714-2015."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from rules.words import Text
from workflow.calls import current_call, parse_call
from workflow.publishing import citing, public
from workflow.store.models import CaseEnglish

NOTICE = current_call().with_name(f"{current_call().stem}.zh.md")
CALL = parse_call(current_call().read_text("utf-8"), NOTICE.read_text("utf-8"))


def cited(english: bool = False, **more: Any) -> citing.Cited:
    """Published on the last evening of March in UTC: in Beijing it is April."""
    known: dict[str, Any] = {
        "number": "2021-205-0007",
        "title": "一份检索报告，让一条产线少走三年弯路：以示例酿造为例",
        "theme": Text("主题", "Theme"),
        "recipient": "示例清源酿造有限公司",
        "centre": "示例大学知识产权信息服务中心",
        "host_unit": "示例大学",
        "region": "示例省",
        "published_at": datetime(2021, 3, 31, 17, tzinfo=UTC),
        "changed_at": datetime(2021, 4, 2, tzinfo=UTC),
        "call": CALL,
        "english": CaseEnglish(title="A search report: three years saved"),
    }
    case = public.Shown(**known | more)
    return citing.Cited(case, "https://site.example/public/2021-205-0007", date(2026, 11, 30), english)


PARTS = re.compile(
    r"(?P<creator>[^.]+)\. "  # 8.1: who is responsible, first
    r"(?P<title>.+)\[(?P<kind>[A-Z]+)/(?P<carrier>[A-Z]+)\]\. "  # 8.2.1, annex B
    r"(?P<publisher>.+), (?P<year>\d{4})"  # 8.4.2, 8.4.3
    r"\((?P<published>\d{4}-\d\d-\d\d)\)\[(?P<read>\d{4}-\d\d-\d\d)\]\. "  # 8.4.4.2
    r"(?P<address>\S+)\."  # 8.6
)


@pytest.mark.parametrize("english", [False, True])
def test_a_citation_has_each_part_of_an_electronic_source_in_its_place(english: bool) -> None:
    found = PARTS.fullmatch(citing.gb_t_7714(cited(english)))
    assert found is not None
    assert found.groupdict() == {
        "creator": "示例大学知识产权信息服务中心",
        "title": "A search report: three years saved"
        if english
        else "一份检索报告，让一条产线少走三年弯路：以示例酿造为例",
        "kind": "EB",
        "carrier": "OL",
        "publisher": CALL.issuer.en if english else CALL.issuer.zh,
        "year": "2021",
        "published": "2021-04-01",
        "read": "2026-11-30",
        "address": "https://site.example/public/2021-205-0007",
    }


def test_a_year_is_that_of_the_day_in_beijing() -> None:
    turning = cited(published_at=datetime(2021, 12, 31, 16, tzinfo=UTC))
    assert ", 2022(2022-01-01)[" in citing.gb_t_7714(turning)
    assert "PY  - 2022\r\nDA  - 2022/01/01\r\n" in citing.ris(turning)
    assert "date = {2022-01-01}" in citing.bibtex(turning)


def test_an_entry_for_programs_says_the_language_that_is_cited() -> None:
    assert [
        ("LA  - en" in citing.ris(cited(one)), "langid = {english}" in citing.bibtex(cited(one)))
        for one in (False, True)
    ] == [
        (False, False),
        (True, True),
    ]
