"""The words that were found, marked in the title and in a line of the case."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from workflow.finding.excerpts import Piece, hit, pieces
from workflow.finding.queries import Field, parse


def case(**said: Any) -> Any:
    plain = {"title": "小镇水泵", "recipient": "水泵厂", "sections": {}, "centre": SimpleNamespace(name="示例大学中心")}
    return SimpleNamespace(**plain | said)


def written(shown: tuple[Piece, ...]) -> str:
    return "".join(f"[{words}]" if sought else words for words, sought in shown)


MARKED = {
    ("小镇水泵企业", "水泵"): "小镇[水泵]企业",
    ("水泵与水泵", "水泵"): "[水泵]与[水泵]",
    ("水泵企业", "水泵 泵企"): "[水泵企]业",
    ("使用ＷＩＰＯ平台", "wipo"): "使用[ＷＩＰＯ]平台",
    ("㈱水泵", "水泵"): "㈱[水泵]",
    ("第①期cafe\u0301课", "1期"): "第[①期]cafe\u0301课",
    ("cafe\u0301课", "café"): "[cafe\u0301]课",
    ("知识 产权", "知识产权"): "[知识 产权]",
    ("在𠮷野家", "𠮷野"): "在[𠮷野]家",
    ("<b>水泵</b>", "水泵"): "<b>[水泵]</b>",
    ("没有", "水泵"): "没有",
    ("", "水泵"): "",
}


@pytest.mark.parametrize(("text", "query"), MARKED)
def test_words_are_marked_as_they_are_written(text: str, query: str):
    assert written(hit(case(title=text), parse(query)).title) == MARKED[text, query]


def test_a_line_shows_where_the_first_word_stands():
    text = "前" * 60 + "检索报告" + "后" * 100
    found = hit(case(sections={"a": "没有", "b": text}), parse("检索"))
    assert (found.of, written(found.line)) == (Field.TEXT, f"……{'前' * 24}[检索]报告{'后' * 68}……")


def test_a_line_is_of_the_served_party_or_the_centre_where_the_text_says_nothing():
    assert [
        (found.of, written(found.line))
        for found in (
            hit(case(), parse(query)) for query in ("水泵", "示例大学", "标题:水泵", "中心:大学", "编号:0001")
        )
    ] == [
        (Field.RECIPIENT, "[水泵]厂"),
        (Field.CENTRE, "[示例大学]中心"),
        (None, ""),
        (Field.CENTRE, "示例[大学]中心"),
        (None, ""),
    ]


def test_a_field_marks_nothing_elsewhere():
    found = hit(case(sections={"a": "水泵的故事"}), parse("正文:水泵"))
    assert (written(found.title), written(found.line)) == ("小镇水泵", "[水泵]的故事")


def test_pieces_are_the_whole_text_again():
    text = "水泵，小镇的水泵"
    assert "".join(words for words, _ in pieces(text, [])) == text
    assert "".join(words for words, _ in hit(case(title=text), parse("水泵 小镇")).title) == text
