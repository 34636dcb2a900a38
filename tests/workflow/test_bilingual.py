"""Chinese and English side by side: what is current, stale or open, how a whole text is dealt out, and the terms."""

from __future__ import annotations

import csv

import pytest

from tests.make import call_2021
from workflow.content import Content
from workflow.register import REFERENCE
from workflow.wipo.bilingual import (
    CAPTION,
    SUMMARY,
    TITLE,
    Glossary,
    Pair,
    Passage,
    Rendering,
    Term,
    composed,
    disagreeing,
    distributed,
    facing,
    of_section,
    passages,
)

CALL = call_2021()
FIRST, SECOND = CALL.sections[0], CALL.sections[1]


def content(title: str = "题目", first: str = "甲段。\n\n乙段。", second: str = "丙段。") -> Content:
    return Content("first", "smes", "", title, {FIRST.id: first, SECOND.id: second}, "公司", None, None, {})


def translated(*chinese: Passage, en: str = "English") -> list[Rendering]:
    return [Rendering(at, one, f"{en} {at}", 1) for at, one in enumerate(chinese, 1)]


def test_title_summary_paragraphs_and_captions_are_what_is_translated() -> None:
    found = passages(CALL, content(), ["图一", " "])
    assert [(one.place, one.zh) for one in found] == [
        (TITLE, "题目"),
        (SUMMARY, "甲段。\n乙段。\n丙段。"),
        (of_section(FIRST.id), "甲段。"),
        (of_section(FIRST.id), "乙段。"),
        (of_section(SECOND.id), "丙段。"),
        (CAPTION, "图一"),
    ]


def test_paragraphs_that_read_the_same_are_told_apart() -> None:
    found = [one for one in passages(CALL, content(first="甲。\n甲。")) if one.place == of_section(FIRST.id)]
    assert [one.nth for one in found] == [0, 1]
    assert len({one.key for one in found}) == 2


def test_only_the_paragraph_whose_chinese_changed_is_stale_and_shows_what_it_translated() -> None:
    before = passages(CALL, content(first="中心派出三名馆员驻厂检索。\n乙段。"))
    now = passages(CALL, content(first="中心派出四名馆员驻厂检索。\n乙段。"))
    found = facing(now, translated(*before))
    assert [(one.passage.place, one.state) for one in found.pairs] == [
        (TITLE, "current"),
        (SUMMARY, "stale"),
        (of_section(FIRST.id), "stale"),
        (of_section(FIRST.id), "current"),
        (of_section(SECOND.id), "current"),
    ]
    [changed] = [one for one in found.pairs if one.passage.place == of_section(FIRST.id) and one.state == "stale"]
    assert changed.earlier is not None
    assert (changed.earlier.passage.zh, changed.earlier.en) == ("中心派出三名馆员驻厂检索。", "English 3")
    assert (found.open, found.left_over) == (2, ())


def test_another_paragraph_is_no_other_wording_and_what_is_gone_is_kept_aside() -> None:
    before = passages(CALL, content(first="中心派出三名馆员驻厂检索。"))
    now = passages(CALL, content(first="Qwerty uiop."))
    found = facing(now, translated(*before))
    [other] = found.of(of_section(FIRST.id))
    assert (other.state, [one.passage.zh for one in found.left_over]) == ("open", ["中心派出三名馆员驻厂检索。"])


def test_the_whole_is_composed_under_english_headings() -> None:
    made = composed(CALL, facing(passages(CALL, content()), translated(*passages(CALL, content()))))
    assert (made.title, made.summary) == ("English 1", "English 2")
    assert made.text.splitlines() == [FIRST.label.en, "English 3", "English 4", SECOND.label.en, "English 5"]


def test_a_whole_text_is_dealt_out_by_headings_or_in_order() -> None:
    chinese = passages(CALL, content())
    text = f"{FIRST.label.en}\nOne.\nTwo.\nThree.\n\n{SECOND.label.en}\nFour."
    assert [(one.zh, en) for one, en in distributed(CALL, chinese, text).items()] == [
        ("甲段。", "One."),
        ("乙段。", "Two. Three."),
        ("丙段。", "Four."),
    ]
    assert list(distributed(CALL, chinese, "One.\nTwo.").values()) == ["One.", "Two."]


def test_terms_are_found_the_longest_first_and_asked_for_in_the_english() -> None:
    long, short = (
        Term(1, "技术与创新支持中心", "TISC / Technology and Innovation Support Center"),
        Term(2, "技术", "technique"),
    )
    glossary = Glossary([short, long])
    zh = "某技术与创新支持中心 2020 年服务 12 家。"
    assert [one.term for one in glossary.pieces(zh) if one.term] == [long]
    assert "".join(one.text for one in glossary.pieces(zh)) == zh

    def warned(en: str) -> list[str]:
        passage = Passage(of_section(FIRST.id), zh)
        return [one.zh for one in glossary.warnings(Pair(passage, Rendering(1, passage, en, 1)))]

    assert warned("A tisc served 12 firms in 2020.") == []
    assert [one[:10] for one in warned("A center served 12 firms in 2020.")] == ["“技术与创新支持中心"]
    assert warned("A TISC served 13 firms in 2020.") == ["译文中没有原文的数字：12。"]
    assert Glossary([]).pieces(zh)[0].text == zh


@pytest.mark.parametrize(
    ("zh", "en", "missing"),
    [
        ("中小企业", "Small- and medium-sized enterprises came.", []),
        ("中小企业", "SMEs came.", []),
        ("中小企业", "They were mesmerised.", ["中小企业"]),
        ("产学研结合", "Industry-university-research links.", []),
        ("国家知识产权局和示例大学知识产权信息服务中心", "CNIPA and the IP Information Service Center.", []),
        ("与高校国家知识产权信息服务中心", "With a university IP information service center.", []),
        ("技术与创新支持中心（TISC）开展专利导航", "The TISC did patent navigation.", []),
        ("技术与创新支持中心", "The centre of technology.", ["技术与创新支持中心"]),
    ],
)
def test_the_terms_shipped_are_found_however_english_joins_and_bends_them(zh: str, en: str, missing: list[str]) -> None:
    with (REFERENCE / "glossary.csv").open(encoding="utf-8", newline="") as file:
        shipped = [Term(at, one["zh"], one["en"]) for at, one in enumerate(csv.DictReader(file))]
    passage = Passage(of_section(FIRST.id), zh)
    said = Glossary(shipped).warnings(Pair(passage, Rendering(1, passage, en, 1)))
    assert [one.zh.split("”")[0].lstrip("“") for one in said] == missing


@pytest.mark.parametrize(
    ("zh", "en", "missing"),
    [
        ("共1500件", "1,500 in all.", False),
        ("共1,500件", "1500 in all.", False),
        ("派出3人", "Three people went.", False),
        ("派出13人", "Thirteen people went.", True),
        ("提高18%", "Up by 81%.", True),
        ("收入430万元", "4.3 million yuan.", False),
    ],
)
def test_numbers_are_known_grouped_and_written_out(zh: str, en: str, missing: bool) -> None:
    passage = Passage(of_section(FIRST.id), zh)
    assert bool(Glossary([]).warnings(Pair(passage, Rendering(1, passage, en, 1)))) is missing


def test_the_same_chinese_in_two_kinds_of_english_is_told() -> None:
    chinese = [one for one in passages(CALL, content(first="甲。", second="甲。")) if one.place not in (TITLE, SUMMARY)]
    assert len(disagreeing(facing(chinese, translated(*chinese)))) == 2
    same = [Rendering(at, one, "Same.", 1) for at, one in enumerate(chinese)]
    assert disagreeing(facing(chinese, same)) == {}
