"""The terms of a text and of what is sought in it: tables of examples, and that both fit each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.finding.bigrams import Phrase, folded, occurrence, phrase, runs, terms, unspaced

KEPT = {
    # text: the terms that the index keeps
    "检索报告": "检索 索报 报告 告",
    "图": "图",
    "检索，报告": "检索 索 报告 告",
    "检索 报告": "检索 索报 报告 告",
    "检索\n报告": "检索 索 报告 告",
    "WIPO": "wipo",
    "ＷＩＰＯ服务": "wipo 服务 务",
    "3D打印": "3d 打印 印",
    "2021-205-GD-0001": "2021 205 gd 0001",
    "２０２１年": "2021 年",
    "第1期": "第 1 期",
    "①㈱㎏": "1 株 kg",
    "TISC's e-mail": "tisc s e mail",
    "a_b": "a b",
    "café": "cafu0000e9",
    "cafe\u0301": "cafu0000e9",
    "ﾃｽﾄ": "u0030c6u0030b9 u0030b9u0030c8 u0030c8",
    "𠮷野家": "u020bb7野 野家 家",
    "说㐀": "说u003400 u003400",
    "人々": "人u003005 u003005",
    "，。——“”…… \u3000": "",
    "": "",
}


@pytest.mark.parametrize("text", KEPT)
def test_the_terms_that_are_kept(text: str):
    assert " ".join(terms(text)) == KEPT[text]


SOUGHT = {
    # text: what is asked of the index; * where the last term may go on
    "检索": "检索",
    "检索报告": "检索 索报 报告",
    "检索 报告": "检索 索报 报告",
    "检索，报告": "检索 索 报告",
    "图": "图*",
    "WIPO": "wipo",
    "WIPO服务": "wipo 服务",
    "服务WIPO": "服务 务 wipo",
    "第1期": "第 1 期*",
    "3D打印": "3d 打印",
    "𠮷野": "u020bb7野",
    "……": "",
}


@pytest.mark.parametrize("text", SOUGHT)
def test_what_is_asked_for(text: str):
    asked = phrase(text)
    assert " ".join(asked.terms) + "*" * asked.open == SOUGHT[text]


FOUND = {
    # (text, what is sought in it): whether it is found
    ("为企业出具检索报告一份", "检索报告"): True,
    ("检索了若干报告", "检索报告"): False,
    ("第1期限", "第1期"): True,
    ("第11期", "第1期"): False,
    ("服务于WIPO", "服务WIPO"): False,
    ("服务WIPO", "服务 wipo"): True,
    ("服务，WIPO", "服务WIPO"): True,
    ("e-commerce", "commerce"): True,
    ("ecommerce", "commerce"): False,
    ("知识 产权", "知识产权"): True,
    ("使用ＴＩＳＣ平台", "tisc"): True,
    ("在𠮷野", "𠮷野"): True,
    ("在吉野", "𠮷野"): False,
}


@pytest.mark.parametrize(("text", "sought"), FOUND)
def test_a_phrase_is_found_where_it_stands_and_nowhere_else(text: str, sought: str):
    assert [follows(terms(text), phrase(sought)), bool(occurrence(sought).search(folded(text)))] == [
        FOUND[text, sought]
    ] * 2


def follows(kept: list[str], asked: Phrase) -> bool:
    """What a database does with a phrase."""
    *whole, last = asked.terms
    return any(
        kept[at : at + len(whole)] == whole
        and (kept[at + len(whole)].startswith(last) if asked.open else kept[at + len(whole)] == last)
        for at in range(len(kept) - len(whole))
    )


TEXTS = st.text(alphabet="知识产权检aB1 ，\n\u3000Ａ𠮷々é", max_size=40)


@given(TEXTS, st.data())
def test_whatever_stands_between_two_breaks_is_found(text: str, data: st.DataObject):
    start = data.draw(st.integers(0, len(text)))
    sought = text[start : data.draw(st.integers(start, len(text)))]
    within_a_word = any(
        edge[:1].isalnum() and edge[1:].isalnum() and not any(map(unspaced, runs(edge)))
        for edge in edges(text, start, sought)
    )
    if phrase(sought).terms and not within_a_word:
        assert follows(terms(text), phrase(sought))


def edges(text: str, start: int, sought: str) -> list[str]:
    """The two pairs of characters at which a piece was cut out."""
    end = start + len(sought)
    return [folded(text[max(0, start - 1) : start + 1]), folded(text[end - 1 : end + 1])]


@given(TEXTS, TEXTS)
def test_the_index_and_the_marks_agree(text: str, sought: str):
    asked = phrase(sought)
    if asked.terms:
        assert follows(terms(text), asked) == bool(occurrence(sought).search(folded(text)))
