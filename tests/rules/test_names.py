"""When two written names mean the same unit."""

import pytest

from rules.names import same_name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("示例大学", "示例大学", True),
        ("示例 大学", "示例大学　", True),
        ("示例大学（医学部）", "示例大学(医学部)", True),
        ("示例大学", "示例大学图书馆", False),
        ("", "示例大学", False),
    ],
)
def test_names_are_compared_without_spaces_and_width_of_brackets(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same
