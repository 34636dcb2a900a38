"""What is written into the search box, read as words, phrases and fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.finding.queries import LONGEST, NAMES, Field, parse

READ = {
    # written: (field, words) of each term
    "导航 水泵": [(None, "导航"), (None, "水泵")],
    "  导航\u3000水泵  ": [(None, "导航"), (None, "水泵")],
    "“检索 报告” 水泵": [(None, "检索 报告"), (None, "水泵")],
    '"检索报告': [(None, "检索报告")],
    "「检索」『报告』": [(None, "检索"), (None, "报告")],
    "标题:导航": [(Field.TITLE, "导航")],
    "标题：导航 正文:水泵": [(Field.TITLE, "导航"), (Field.TEXT, "水泵")],
    "标题： “一份 报告”": [(Field.TITLE, "一份 报告")],
    "TITLE:wipo centre:大学": [(Field.TITLE, "wipo"), (Field.CENTRE, "大学")],
    "服务对象:水泵厂 对象:水泵": [(Field.RECIPIENT, "水泵厂"), (Field.RECIPIENT, "水泵")],
    "编号:2021-205": [(Field.NUMBER, "2021-205")],
    "来源:水泵": [(None, "来源:水泵")],
    "导航 导航": [(None, "导航")],
    "标题:": [],
    "，。 “”": [],
    "": [],
}


@pytest.mark.parametrize("written", READ)
def test_how_a_query_is_read(written: str):
    assert [(term.field, term.written) for term in parse(written).terms] == READ[written]


@pytest.mark.parametrize(
    ("written", "short"), [("水", ["水"]), ("水 导航 A", ["水", "A"]), ("标题:水", ["水"]), ("导航", [])]
)
def test_words_of_one_character_are_set_aside(written: str, short: list[str]):
    assert list(parse(written).short) == short


def test_every_field_can_be_named_in_both_languages():
    assert {field for name, field in NAMES.items() if name.isascii()} == set(Field)
    assert {field for name, field in NAMES.items() if not name.isascii()} == set(Field)


@given(st.text(alphabet='标题：:"“”「」 水泵a-\n，', max_size=30))
def test_a_term_by_itself_is_read_as_it_was(written: str):
    for term in parse(written).terms:
        assert [(one.field, one.phrase) for one in parse(term.again).terms] == [(term.field, term.phrase)]


@given(st.text(max_size=LONGEST + 20))
def test_nothing_that_is_written_is_wrong(written: str):
    assert len(parse(written).terms) <= LONGEST
