"""Consent, sign-offs, English and effect: who gives them, what they are bound to, and how they are taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rules.roles import Level, Role
from states.case import CaseState
from states.reach import Absent, Grant
from tests.worlds import World, went
from workflow.cases import NotEditable
from workflow.engine import Attempt, NotPermitted, Receipt
from workflow.publishing import editorial
from workflow.store.living import Overtaken
from workflow.store.models import Case
from workflow.wipo import workbench

SHORTLISTED, PUBLISHED = CaseState.SHORTLISTED, CaseState.PUBLISHED


def translate(session: Any, case: int, **more: Any) -> Receipt:
    return workbench.translate(session, case, title=" A case ", summary="Short. ", text=" Long.", **more)


def consent(session: Any, case: int, **more: Any) -> Receipt:
    return editorial.consent(session, case, " 书面同意 ", **more)


def consent_abroad(session: Any, case: int, **more: Any) -> Receipt:
    return editorial.consent_abroad(session, case, " 书面同意 ", **more)


def judge_effect(session: Any, case: int, **more: Any) -> Receipt:
    return editorial.judge_effect(session, case, " 成效显著 ", **more)


VERBS: dict[str, tuple[Callable[..., Receipt], tuple[Role, ...], str]] = {
    "translate": (translate, (Role.TRANSLATOR,), "translator"),
    "consent": (consent, (Role.AUTHOR, Role.SEALER), "author"),
    "consent_abroad": (consent_abroad, (Role.AUTHOR, Role.SEALER), "author"),
    "judge_effect": (judge_effect, (Role.LIAISON,), "liaison"),
    "sign_off": (editorial.sign_off, (Role.DIRECTOR,), "director"),
}
"""Verb → (how it is done, whose it is, one of these people)."""


def able_to(world: World, verb: str) -> set[str]:
    """Everybody who holds one of the verb's roles, at the university where it is a centre's."""
    roles = VERBS[verb][1]
    units = {role: None if role.level is Level.NATIONAL else world.centres["university"] for role in roles}
    wanted = {Grant(role, unit) for role, unit in units.items()}
    return {key for key, actor in world.people.items() if actor.grants & wanted}


def does(world: World, verb: str, case: int, by: str, **more: Any) -> Receipt:
    with world.database.transaction() as session:
        return VERBS[verb][0](session, case, actor=world.people[by], at=world.at, **more)


def rules(attempt: Attempt) -> list[str]:
    return [finding.rule for finding in attempt.findings]


def may(world: World, case: int, verb: str) -> set[str]:
    with world.database.reading() as session:
        row = session.get_one(Case, case)
        return {key for key, actor in world.people.items() if editorial.may(row, verb, actor)}


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_for_its_own_role_and_may_says_the_same(world: World, verb: str) -> None:
    case = world.case(SHORTLISTED)
    able = able_to(world, verb)
    assert may(world, case, verb) == able
    for person in world.people:
        if person in able:
            does(world, verb, case, person)
            continue
        with pytest.raises(NotPermitted):
            does(world, verb, case, person)
    assert {one.person_id for one in world.events(case, f"case.{verb}")} >= {world.people[one].id for one in able}


@pytest.mark.parametrize("verb", ["translate", "judge_effect", "sign_off"])
@pytest.mark.parametrize("state", [CaseState.DRAFT, CaseState.SUBMITTED, CaseState.NOT_SELECTED])
def test_nothing_editorial_comes_before_the_shortlist(world: World, verb: str, state: CaseState) -> None:
    case = world.case(state)
    assert may(world, case, verb) == set()
    with pytest.raises(NotEditable, match=state.label.en):
        does(world, verb, case, VERBS[verb][2])


def test_consent_is_recorded_at_any_time(world: World) -> None:
    for state in (CaseState.DRAFT, CaseState.SUBMITTED, PUBLISHED):
        case = world.case(state)
        does(world, "consent", case, "author")
        assert world.row(case).consent == "书面同意"


@pytest.mark.parametrize("verb", VERBS)
def test_the_same_form_acts_once(world: World, verb: str) -> None:
    case = world.case(SHORTLISTED)
    person = VERBS[verb][2]
    before = len(world.events(case, f"case.{verb}"))
    assert does(world, verb, case, person, op="form-1") == does(world, verb, case, person, op="form-1")
    assert len(world.events(case, f"case.{verb}")) == before + 1


def test_a_sign_off_is_overtaken_when_the_text_moved(world: World) -> None:
    case, verb = world.case(SHORTLISTED), "sign_off"
    mark = world.row(case).mark
    world.walk(case, "unshortlist", "shortlist")
    with pytest.raises(Overtaken):
        does(world, verb, case, VERBS[verb][2], seen=mark)
    does(world, verb, case, VERBS[verb][2], seen=world.row(case).mark)


@pytest.mark.consent_given
def test_consent_that_was_taken_back_holds_no_more(world: World) -> None:
    case = world.case(SHORTLISTED)
    world.ready_to_publish(case)
    world.consent(case, "  ")
    assert rules(world.act(case, "publish")) == ["consent_given"]
    last = json.loads(world.events(case, "case.consent")[-1].body)
    assert (last["consent"], last["before"] != "") == ("", True)
    world.consent(case)
    assert world.act(case, "publish").done


@pytest.mark.effect_outstanding
def test_a_judgement_of_the_effect_can_be_taken_back(world: World) -> None:
    case = world.case(PUBLISHED)
    world.ready_to_push(case)
    world.judge_effect(case, "")
    assert rules(world.start_push(case)) == ["effect_outstanding", "effect_confirmed"]
    with pytest.raises(editorial.NotConfirmable):
        world.confirm_effect(case)


@pytest.mark.effect_confirmed
def test_a_second_look_holds_for_the_reasons_and_the_content_that_were_seen(world: World) -> None:
    case = world.case(PUBLISHED)
    world.ready_to_push(case)
    with world.database.reading() as session:
        seen = editorial.effect_mark(session.get_one(Case, case))
    world.judge_effect(case, "带动两条产业链")
    with pytest.raises(Overtaken):
        world.confirm_effect(case, seen=seen)
    with pytest.raises(editorial.NotConfirmable):
        world.confirm_effect(case, passed=False, words=" ")
    world.confirm_effect(case, passed=False, words="数字没有出处")
    assert rules(world.start_push(case)) == ["effect_confirmed"]
    world.judge_effect(case)  # the very words that were confirmed, and the newest word on them counts
    assert rules(world.start_push(case)) == ["effect_confirmed"]
    world.confirm_effect(case)
    went(world.start_push(case))


@pytest.mark.another_person_acts
def test_whoever_judged_the_effect_once_confirms_it_never(world: World) -> None:
    case = world.case(PUBLISHED)
    liaison = world.people["liaison"]
    world.judge_effect(case)
    with pytest.raises(NotPermitted, match="found the effect of this case outstanding"):
        world.confirm_effect(case, by=replace(liaison, grants=liaison.grants | {Grant(Role.DIRECTOR)}))
    standing_in = replace(world.people["director"], absent=Absent(liaison.id, liaison.name))
    with pytest.raises(NotPermitted, match="The colleague you stand in for"):
        world.confirm_effect(case, by=standing_in)
    with pytest.raises(NotPermitted):
        world.confirm_effect(case, by=world.people["editor"])
    world.confirm_effect(case)


@pytest.mark.sign_offs_complete
def test_a_sign_off_counts_once_per_director_and_is_void_after_the_shortlist_was_left(world: World) -> None:
    case = world.case(SHORTLISTED)
    world.consent(case)
    world.sign_off(case)
    world.sign_off(case)
    world.walk(case, "unshortlist", "shortlist")
    assert rules(world.act(case, "publish")) == ["sign_offs_complete"]
    with world.database.reading() as session:
        given = editorial.sign_offs(session, session.get_one(Case, case))
    assert [one.void_at is not None for one in given] == [True, True]
    world.sign_off(case, by="second_director")
    assert world.act(case, "publish").done


def changed_and_shortlisted_again(world: World, case: int) -> None:
    """The case goes back to its centre, is changed by one character and comes to the shortlist again."""
    world.walk(case, "unshortlist", "return_to_office", "return_to_centre")
    before = world.content_of(case)
    world.edit(case, before.changed(title=before.title + "字"))
    world.seal(case)
    world.walk(case, "stamp", "review", "submit", "shortlist")


@pytest.mark.sign_offs_complete
def test_a_sign_off_of_other_words_does_not_count(world: World) -> None:
    case = world.case(SHORTLISTED)
    world.ready_to_publish(case)
    changed_and_shortlisted_again(world, case)
    assert rules(world.act(case, "publish")) == ["sign_offs_complete"]


@pytest.mark.english_is_current
def test_english_of_other_words_is_stale_until_it_is_saved_again(world: World) -> None:
    case = world.case(SHORTLISTED)
    world.translate(case, title="Old")
    old = world.row(case).content
    changed_and_shortlisted_again(world, case)
    world.walk(case, "publish")
    world.judge_effect(case)
    world.confirm_effect(case)
    world.agree_abroad(case)
    assert rules(world.start_push(case)) == ["english_is_current", "english_checked"]
    with world.database.reading() as session:
        stale = editorial.english(session, session.get_one(Case, case))
    assert stale is not None
    assert (stale.title, stale.of) == ("Old", old)
    world.translate(case, title="New")
    assert rules(world.start_push(case)) == ["english_checked"]
    world.check_english(case)
    went(world.start_push(case))


def test_english_is_kept_without_blanks_around_it_and_the_newest_counts(world: World) -> None:
    case = world.case(SHORTLISTED)
    with world.database.reading() as session:
        assert editorial.english(session, session.get_one(Case, case)) is None
    world.translate(case, title="First")
    does(world, "translate", case, "translator")
    with world.database.reading() as session:
        newest = editorial.english(session, session.get_one(Case, case))
    assert newest is not None
    assert (newest.title, newest.summary, "Long." in newest.text.splitlines()) == ("A case", "Short.", True)


def test_an_english_title_too_long_to_keep_is_refused_with_a_sentence(world: World) -> None:
    case = world.case(SHORTLISTED)
    with pytest.raises(editorial.TooLong, match="300"), world.database.transaction() as session:
        workbench.translate(
            session, case, title="x" * 301, summary="", text="", actor=world.people["translator"], at=world.at
        )
