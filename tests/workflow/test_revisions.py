"""Differences of two texts: character by character where that is cheap, and never at any price."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.revisions import GONE, NEW, SAME, pieces

CHINESE = st.text("甲乙丙丁，。\n", max_size=60)


def both(found: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """The two texts that pieces were made of."""
    old = "".join(words for kind, words in found if kind != NEW)
    return old, "".join(words for kind, words in found if kind != GONE)


@given(CHINESE, CHINESE)
def test_pieces_put_together_give_both_texts(old: str, new: str):
    assert both(pieces(old, new)) == (old, new)


def test_a_difference_is_told_by_the_character():
    assert pieces("服务三十六家企业。", "服务三十八家企业。") == (
        (SAME, "服务三十"),
        (GONE, "六"),
        (NEW, "八"),
        (SAME, "家企业。"),
    )


def test_a_long_text_is_compared_by_lines_and_by_characters_within_them():
    lines = [f"第 {one} 段：中心做了检索。" for one in range(3_000)]
    changed = [*lines[:1_500], "第 1500 段：中心作了检索。", *lines[1_501:]]
    old, new = "\n".join(lines), "\n".join(changed)
    found = pieces(old, new)
    assert both(found) == (old, new)
    assert [one for one in found if one[0] != SAME] == [(GONE, "做"), (NEW, "作")]


@pytest.mark.parametrize(
    ("old", "new"),
    [("的" * 200_000, "的" * 199_999), ("的\n" * 100_000, "是\n" * 100_000), ("甲乙" * 100_000, "乙丙" * 100_000)],
    ids=["one line", "many lines", "nothing alike"],
)
def test_texts_made_to_be_slow_are_compared_in_bounded_time(old: str, new: str):
    began = process_time()
    assert both(pieces(old, new)) == (old, new)
    assert process_time() - began < 5
