"""What no Word or Excel file can hold is found with its place, by the measure of the library that writes them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from tests.worlds import World
from workflow.characters import Unholdable, check, strange, without
from workflow.engine import Text

anything = st.text(
    st.one_of(
        st.characters(exclude_categories=()), st.sampled_from("\x00\x08\x0b\x1f\x7f\x85\ufffe\uffff\ud800\udfff\u2028")
    )
)


def held(text: str) -> bool:
    try:
        etree.Element("a").text = text
    except ValueError:
        return False
    return True


@given(anything)
@example("\t\n\r \x7f\x85\u2028\ufffd\U0010ffff")
@example("\ufffe")
def test_a_text_is_strange_exactly_when_xml_cannot_hold_it(text: str):
    assert (strange(text) is None) is held(text)
    assert held(without(text))
    if held(text):
        assert without(text) == text


def test_its_place_is_told_in_both_languages_with_what_stands_before_it():
    found = strange("甲乙\n丙\x08丁\x0b")
    assert found is not None
    assert (found.position, found.code, found.before, found.count) == (5, "U+0008", "甲乙 丙", 2)
    for said in found.said:
        assert [one in said for one in ("5", "U+0008", "甲乙 丙", "2")] == [True] * 4


def test_a_field_is_named_where_it_has_a_name():
    with pytest.raises(Unholdable) as refused:
        check("\ud800", Text("理由", "Reason"))
    assert (refused.value.message.zh[:5], refused.value.message.en[:9]) == ("“理由”：", "“Reason”:")
    check("理由", Text("理由", "Reason"))


@pytest.mark.database
@pytest.mark.parametrize("text", ["\x00", "一\x08二", "\ud800", "\uffff"])
def test_no_verb_takes_it_and_nothing_is_changed(text: str, world: World):
    case = world.draft()
    content = world.content_of(case)
    for changed in (
        content.changed(title=text),
        content.changed(sections={**content.sections, "effect": text}),
        content.changed(form={**content.form, "contact": text}),
    ):
        with pytest.raises(Unholdable):
            world.edit(case, changed)
        with pytest.raises(Unholdable):
            world.draft(changed)
    assert (world.row(case).revision, world.content_of(case)) == (1, content)
