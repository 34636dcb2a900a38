"""Choosing, publishing and sending abroad; and the hands that must not be the same."""

from dataclasses import replace

import pytest

from rules.call import EffectCriterion, Push
from rules.effect import reasons, written
from rules.facts import EnglishFacts
from rules.roles import Role
from rules.selection import (
    another_person_acts,
    consent_abroad_given,
    consent_given,
    contents_confirmed,
    effect_confirmed,
    effect_outstanding,
    english_checked,
    english_is_current,
    picture_rights_cleared,
    reason_given,
    recall_confirmed,
    sign_offs_complete,
)
from rules.words import Text
from tests.make import CONTENT, batch_facts, case_facts, other_call, push_facts
from tests.rules import found

ALL = frozenset({"true_and_vivid", "about_the_recipient", "relevant", "form_matches"})


@pytest.mark.parametrize(
    ("step", "hand", "role"),
    [
        ("stamp", "author", Role.SEALER),
        ("seal", "reviewer", Role.LEADER),
        ("send", "reviewer", Role.LEADER),
        ("publish", "selector", Role.EDITOR),
        ("republish", "selector", Role.EDITOR),
        ("review", "centre", Role.REVIEWER),
        ("decline", "centre", Role.REVIEWER),
        ("seal", "centre", Role.LEADER),
        ("receive", "office", Role.DESK),
        ("shortlist", "centre", Role.DESK),
        ("shortlist", "office", Role.DESK),
        ("publish", "office", Role.EDITOR),
        ("retract", "centre", Role.EDITOR),
        ("push", "office", Role.LIAISON),
    ],
)
@pytest.mark.another_person_acts
def test_whoever_had_the_earlier_hand_leaves_the_step_to_another(step: str, hand: str, role: Role) -> None:
    make = batch_facts if step in ("seal", "send", "receive") else case_facts
    hands = {hand: frozenset({7, 8})}
    finding = found(another_person_acts, make(step=step, actor=7, hands=hands))
    assert (finding.lifted_by, finding.clause) == ((role,), "系统")
    assert finding.message.zh.endswith(f"请由另一位{role.label.zh}办理。")
    assert another_person_acts.examine(make(step=step, actor=9, hands=hands)) is None
    assert another_person_acts.examine(make(step=step, actor=7, hands={"other": frozenset({7})})) is None


@pytest.mark.another_person_acts
def test_steps_that_need_no_second_person_ask_for_none() -> None:
    hands = {name: frozenset({7}) for name in ("author", "reviewer", "selector", "centre", "office")}
    assert another_person_acts.examine(case_facts(step="withdraw", actor=7, hands=hands)) is None
    upward = {name: frozenset({7}) for name in ("reviewer", "selector", "office")}
    assert another_person_acts.examine(case_facts(step="review", actor=7, hands=upward)) is None


@pytest.mark.another_person_acts
def test_the_words_say_which_hand_it_was() -> None:
    finding = found(another_person_acts, case_facts(step="stamp", actor=7, hands={"author": frozenset({7})}))
    assert finding.message == Text(
        "您是本件的撰稿人，不能再由您办理这一步。请由另一位盖章人办理。",
        "You wrote this text, so this step is not yours to take. Another Sealer must take it.",
    )


@pytest.mark.parametrize(("remark", "holds"), [("正文与报送表不一致", True), ("", False), (" 　\n", False)])
@pytest.mark.reason_given
def test_a_reason_is_words_and_not_blanks(remark: str, holds: bool) -> None:
    for facts in (case_facts(remark=remark), batch_facts(remark=remark), push_facts(remark=remark)):
        assert (reason_given.examine(facts) is None) is holds


@pytest.mark.reason_given
def test_a_missing_reason_is_asked_for_in_the_same_form() -> None:
    finding = found(reason_given, case_facts(remark=""))
    assert (finding.asked, finding.answerable, finding.mend, finding.clause) == ("remark", True, "remark", "系统")
    assert finding.message.zh == "请写明理由；对方会看到这段话，并据此修改或申诉。"


@pytest.mark.contents_confirmed
def test_what_only_a_person_can_judge_is_confirmed_point_by_point() -> None:
    finding = found(contents_confirmed, case_facts(step="review", confirmed=ALL - {"relevant"}))
    assert finding.message.zh == ("还有 1 项须由您核对确认：与 TISC 或高校国家知识产权信息服务中心的服务内容相关。")
    assert (finding.asked, finding.mend, finding.clause) == ("confirmed", "confirmed", "二(一)1")
    assert found(contents_confirmed, case_facts(step="review", confirmed=frozenset())).message.zh.startswith(
        "还有 4 项"
    )
    assert contents_confirmed.examine(case_facts(step="review", confirmed=ALL)) is None


@pytest.mark.contents_confirmed
def test_only_the_points_of_the_step_are_asked() -> None:
    assert contents_confirmed.examine(case_facts(step="stamp", confirmed=frozenset())) is None


@pytest.mark.parametrize(("consent", "holds"), [("书面同意", True), ("", False), (" ", False)])
@pytest.mark.consent_given
def test_publication_needs_consent_on_record(consent: str, holds: bool) -> None:
    assert (consent_given.examine(case_facts(consent=consent)) is None) is holds


@pytest.mark.consent_given
def test_a_missing_consent_names_who_obtains_it() -> None:
    finding = found(consent_given, case_facts(consent=""))
    assert finding.message.zh == "还没有登记公开发布的书面同意。请由中心取得服务对象和作者同意后登记。"
    assert (finding.clause, finding.lifted_by, finding.mend) == ("系统", (Role.AUTHOR, Role.SEALER), "consent")


@pytest.mark.parametrize(("persons", "holds"), [((), False), ((1,), False), ((1, 1), False), ((1, 2), True)])
@pytest.mark.sign_offs_complete
def test_sign_offs_are_counted_by_person(persons: tuple[int, ...], holds: bool) -> None:
    assert (sign_offs_complete.examine(case_facts(other_call(), sign_offs=persons)) is None) is holds


@pytest.mark.sign_offs_complete
def test_missing_sign_offs_are_told_by_number() -> None:
    finding = found(sign_offs_complete, case_facts(sign_offs=()))
    assert finding.message.zh == "发布须经 1 人签发，现有 0 人。"
    assert (finding.clause, finding.lifted_by, finding.mend) == ("系统", (Role.DIRECTOR,), "sign_offs")
    assert sign_offs_complete.examine(case_facts(sign_offs=(3,))) is None


@pytest.mark.parametrize(("effect", "holds"), [("带动出口", True), ("", False), (" ", False)])
@pytest.mark.effect_outstanding
def test_only_an_outstanding_effect_goes_abroad(effect: str, holds: bool) -> None:
    assert (effect_outstanding.examine(case_facts(effect=effect)) is None) is holds


@pytest.mark.effect_outstanding
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"change": "增收两成", "example": "乡镇也能办\n两人即可"}, ""),
        ({"change": "增收两成"}, "认定成效显著，还有标准没有写明理由：可供借鉴。请由国际联络人逐项写明。"),
        (
            {"change": "增收两成", "example": "  "},
            "认定成效显著，还有标准没有写明理由：可供借鉴。请由国际联络人逐项写明。",
        ),
    ],
)
def test_where_the_call_names_criteria_each_has_its_reason(given: dict[str, str], words: str) -> None:
    facts = case_facts()
    criteria = (
        EffectCriterion("change", Text("前后变化", "Change")),
        EffectCriterion("example", Text("可供借鉴", "An example")),
    )
    call = replace(facts.call, push=Push(Text("某组织", "Somebody"), criteria=criteria))
    text = written(criteria, given)
    assert reasons(criteria, text) == {name: said for name, said in given.items() if said.strip()}
    finding = effect_outstanding.examine(replace(facts, call=call, effect=text))
    assert (finding.message.zh if finding else "") == words


@pytest.mark.effect_outstanding
def test_an_effect_not_yet_found_outstanding_names_the_clause_and_the_liaison() -> None:
    finding = found(effect_outstanding, case_facts(effect=""))
    assert finding.message.zh == "还没有认定服务成效显著。请由国际联络人写明认定理由。"
    assert (finding.clause, finding.lifted_by) == ("三", (Role.LIAISON,))


@pytest.mark.parametrize(
    ("english", "words"),
    [
        (None, "还没有英文稿。请由翻译录入英文题目、摘要和正文。"),
        (EnglishFacts(CONTENT, ("title", "text")), "英文稿缺少：题目、正文。请由翻译补齐。"),
        (EnglishFacts(CONTENT, captions_open=2), "有 2 条图注没有英文，或翻译之后中文图注又改过。请由翻译补齐。"),
        (EnglishFacts("before"), "中文稿改动后，英文稿还没有更新。请由翻译核对并重新保存英文稿。"),
    ],
)
@pytest.mark.english_is_current
def test_the_english_is_whole_and_translates_the_present_chinese(english: EnglishFacts | None, words: str) -> None:
    finding = found(english_is_current, case_facts(english=english))
    assert (finding.message.zh, finding.clause, finding.lifted_by) == (words, "系统", (Role.TRANSLATOR,))
    assert english_is_current.examine(case_facts(english=EnglishFacts(CONTENT))) is None


@pytest.mark.recall_confirmed
def test_a_recall_waits_for_the_receivers_confirmation() -> None:
    for make in (case_facts, push_facts):
        finding = found(recall_confirmed, make(recall_confirmed=False))
        assert finding.message.zh == "接收方还没有确认撤回。系统收到确认后会自动办结，无需重复操作。"
        assert (finding.clause, finding.lifted_by) == ("系统", (Role.LIAISON,))
        assert recall_confirmed.examine(make(recall_confirmed=True)) is None


@pytest.mark.english_is_current
def test_half_a_translation_is_none() -> None:
    finding = found(english_is_current, case_facts(english=EnglishFacts("", open=2)))
    assert finding.message.zh.startswith("还有 2 段没有英文")


@pytest.mark.effect_confirmed
@pytest.mark.parametrize(
    ("confirmed", "judged", "words"),
    [
        (None, (), "成效认定还没有经第二人复核"),
        (1, (1, 2), "复核人也认定过这个案例的成效"),
        (3, (1, 2), ""),
    ],
)
def test_an_effect_is_confirmed_by_somebody_who_did_not_judge_it(
    confirmed: int | None, judged: tuple[int, ...], words: str
) -> None:
    facts = case_facts(effect_confirmed_by=confirmed, hands={"effect": frozenset(judged)})
    finding = effect_confirmed.examine(facts)
    assert (finding.message.zh if finding else "").startswith(words)
    assert (finding is None) is (words == "")


@pytest.mark.english_checked
@pytest.mark.parametrize(
    ("english", "translators", "words"),
    [
        (None, (), "英文稿还没有经第二人"),
        (EnglishFacts(CONTENT), (), "英文稿还没有经第二人"),
        (EnglishFacts(CONTENT, checker=1), (1, 2), "校对人也翻译过这个案例"),
        (EnglishFacts(CONTENT, checker=3), (1, 2), ""),
    ],
)
def test_a_second_person_reads_the_english(
    english: EnglishFacts | None, translators: tuple[int, ...], words: str
) -> None:
    facts = case_facts(english=english, hands={"translator": frozenset(translators)})
    finding = english_checked.examine(facts)
    assert (finding.message.zh if finding else "").startswith(words)
    assert (finding is None) is (words == "")


@pytest.mark.consent_abroad_given
@pytest.mark.parametrize(("words", "holds"), [("", False), (" ", False), ("同意", True)])
def test_consent_to_publication_is_none_to_sending_it_abroad(words: str, holds: bool) -> None:
    assert (consent_abroad_given.examine(case_facts(consent="同意公开", consent_abroad=words)) is None) is holds


@pytest.mark.picture_rights_cleared
@pytest.mark.parametrize(("missing", "holds"), [(0, True), (1, False)])
def test_pictures_go_abroad_only_with_their_rights(missing: int, holds: bool) -> None:
    facts = case_facts(pictures=2, pictures_not_cleared=missing)
    assert (picture_rights_cleared.examine(facts) is None) is holds
