"""Two changes of one text: what only one changed is taken, what both changed is asked, and nothing is lost."""

from hypothesis import given
from hypothesis import strategies as st

from tests.make import call_2021
from workflow.content import Content
from workflow.merging import MINE, THEIRS, TITLE, merged, open_clashes, parts

CALL = call_2021()
words = st.sampled_from(["", "甲。", "乙。", "丙。", "甲。\n乙。", "　甲。\n\n"])
contents = st.builds(
    lambda title, texts: Content(
        title=title, sections=dict(zip((one.id for one in CALL.sections), texts, strict=True))
    ),
    words,
    st.lists(words, min_size=len(CALL.sections), max_size=len(CALL.sections)),
)


def test_what_only_one_changed_is_taken_and_what_both_changed_is_asked():
    base = Content(title="题", sections={"recipient": "甲", "service": "乙", "effect": "丙", "lessons": "丁"})
    theirs = base.changed(sections={**base.sections, "recipient": "甲一", "service": "乙一", "lessons": "丁一"})
    mine = base.changed(title="题目", sections={**base.sections, "service": "乙二", "lessons": "丁一"})
    found = parts(CALL, base, theirs, mine)
    assert open_clashes(found, {}) == {"service"}
    assert open_clashes(found, {"service": "both"}) == {"service"}
    assert open_clashes(found, {"service": MINE}) == frozenset()
    whole = {"recipient": "甲一", "service": "乙一", "effect": "丙", "lessons": "丁一"}
    assert merged(found, theirs, {"service": THEIRS}) == theirs.changed(title="题目", sections=whole)
    assert merged(found, theirs, {"service": MINE}).sections["service"] == "乙二"


def test_a_part_that_only_lost_its_indents_is_not_changed():
    base = Content(title="题", sections={"recipient": "　　甲\n\n　　乙"})
    bare = base.changed(sections={"recipient": "甲\n乙"})
    assert not any(one.mine_changed for one in parts(CALL, base, base, bare))


@given(contents, contents, contents)
def test_nothing_that_either_wrote_is_lost_without_being_asked(base, theirs, mine):
    found = parts(CALL, base, theirs, mine)
    asked = open_clashes(found, {})
    taken = merged(found, theirs, {})
    for one in found:
        now = taken.title if one.name == TITLE else taken.sections[one.name]
        if one.name in asked:
            assert now == one.theirs
            assert {one.theirs, one.mine} == {one.taken(THEIRS), one.taken(MINE)}
        elif one.mine_changed:
            assert now == one.mine
        else:
            assert now == one.theirs


@given(contents, contents)
def test_who_changed_alone_gets_it_as_it_was_written(base, other):
    assert (
        open_clashes(parts(CALL, base, base, other), {})
        == open_clashes(parts(CALL, base, other, base), {})
        == frozenset()
    )
    assert merged(parts(CALL, base, other, base), other, {}) == other
