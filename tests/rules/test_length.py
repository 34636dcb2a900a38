"""字数: the table shared with the browser's counter, and the bodies of the sample cases."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import Counted
from rules.length import fits, least_word_count, measured, shortest, word_count

HERE = Path(__file__).parent.parent
TABLE: list[dict[str, Any]] = json.loads((HERE / "word_counts.json").read_text("utf-8"))
SAMPLES: list[dict[str, Any]] = json.loads((HERE / "samples" / "truth.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: repr(row["text"]))
def test_words_are_counted_as_the_shared_table_says(row: dict[str, Any]) -> None:
    assert (word_count(row["text"]), least_word_count(row["text"])) == (row["count"], row["least"])


_ONE_BY_ONE = re.compile(r"——|……|[—…]|[中国。，（）𠮷‘’“”]|[^\s中国。，（）𠮷‘’“”—…]+")
"""What is counted in texts of a few characters, each by itself."""


@given(st.text(st.sampled_from("中国。，a b1—…“”‘’\u3000\n\t-.𠮷é（）A"), max_size=30))
def test_counting_by_the_run_gives_what_counting_one_by_one_gives(text: str) -> None:
    assert word_count(text) == sum(1 for _ in _ONE_BY_ONE.finditer(text))


@pytest.mark.parametrize("case", SAMPLES, ids=lambda case: case["id"])
def test_a_samples_body_counts_as_libreoffice_counted_it_but_for_doubtful_marks(case: dict[str, Any]) -> None:
    body, measured = case["body_text"], case["body_words"]
    doubtful = len(re.findall("——|……|[“”‘’]", body))
    assert measured - doubtful <= word_count(body) <= measured + doubtful
    assert least_word_count(body) <= measured


@pytest.mark.parametrize(
    ("text", "limit", "inside"),
    [
        ("甲乙丙", 2, "甲乙"),
        ("甲 WIPO 乙", 2, "甲 WIPO "),
        ("甲——乙", 1, "甲——"),
        ("甲", 1, "甲"),
        ("甲", 0, ""),
        ("", 0, ""),
    ],
)
def test_a_limit_ends_where_the_most_lenient_program_ends_it(text: str, limit: int, inside: str) -> None:
    assert text[: fits(text, limit)] == inside


@pytest.mark.parametrize(
    ("text", "words", "characters", "with_spaces"),
    [("", 0, 0, 0), ("两个 words", 3, 7, 8), ("甲\n乙", 2, 2, 3), ("“好”", 3, 3, 3)],
)
def test_a_call_says_how_a_length_is_counted(text: str, words: int, characters: int, with_spaces: int) -> None:
    assert [measured(text, one) for one in Counted] == [words, characters, with_spaces]


def test_only_words_are_doubtful_and_line_ends_are_nobodys_characters() -> None:
    assert [shortest("“好”——\n好", one) for one in Counted] == [2, 6, 6]
    assert [fits("“好好好”", 2, one) for one in Counted] == [3, 2, 2]
