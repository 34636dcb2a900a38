"""Consent, sign-off, English and effect on screen."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from states.case import CaseState
from tests.web.conftest import As, post, send
from tests.worlds import World
from workflow.publishing import editorial
from workflow.store.models import Case

pytestmark = pytest.mark.database


def page(case: int) -> str:
    return f"/cases/{case}/editorial"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("login", ["author", "reviewer", "director", "translator", "liaison", "auditor"])
def test_the_page_opens_for_everybody_who_reaches_the_case(login: str, language: str, world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    assert sign_in(login, language).get(page(case)).status_code == 200


def test_the_page_of_a_case_out_of_reach_does_not_exist(world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    assert sign_in("neighbour_author").get(page(case)).status_code == 404


def test_the_centre_records_the_consent(world: World, sign_in: As):
    case = world.case(CaseState.SUBMITTED)
    send(sign_in("author"), page(case), f"{page(case)}/consent", words="对方来函同意")
    assert world.row(case).consent == "对方来函同意"


def test_taking_consent_back_is_told_where_there_is_one(world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    author = sign_in("author")
    before = author.get(page(case)).get_data(as_text=True)
    send(author, page(case), f"{page(case)}/consent", words="对方来函同意")
    after = author.get(page(case)).get_data(as_text=True)
    assert ["留空为撤回" in before, after.count("留空为撤回")] == [False, 1]


def test_the_director_signs_the_content_that_was_shown(world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    director = sign_in("director")
    send(director, page(case), f"{page(case)}/sign-off")
    with world.database.reading() as session:
        [one] = editorial.sign_offs(session, session.get_one(Case, case))
        assert one.content == world.row(case).content
    assert "有效：与现在的内容一致" in director.get(page(case)).get_data(as_text=True)


def test_signing_twice_with_one_form_signs_once(world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    director = sign_in("director")
    shown = director.get(page(case)).get_data(as_text=True)
    answers = [post(director, f"{page(case)}/sign-off", shown).status_code for _ in range(2)]
    with world.database.reading() as session:
        assert (answers, len(editorial.sign_offs(session, session.get_one(Case, case)))) == ([302, 302], 1)


def test_the_centre_records_consent_to_sending_it_abroad(world: World, sign_in: As):
    case = world.case(CaseState.SUBMITTED)
    send(sign_in("author"), page(case), f"{page(case)}/consent-abroad", words="来函同意向国外推送")
    assert world.row(case).consent_abroad == "来函同意向国外推送"


def test_english_of_another_text_is_said_to_be_stale(world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    world.translate(case)
    for step in ("unshortlist", "return_to_office", "return_to_centre"):
        world.act(case, step)
    world.edit(case, world.content())
    assert "没有英文或已过时" in sign_in("translator").get(page(case)).get_data(as_text=True)


def test_the_liaison_judges_the_effect(world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    send(sign_in("liaison"), page(case), f"{page(case)}/effect", words="带动产业")
    assert world.row(case).effect == "带动产业"


def test_where_the_call_names_criteria_the_liaison_says_why_for_each(world: World, sign_in: As):
    case, liaison = world.case(CaseState.PUBLISHED), sign_in("liaison", "en")
    named = {"id": "change", "label": {"zh": "前后变化", "en": "Change"}, "hint": {"zh": "看数字", "en": "By figures"}}
    other = {"id": "example", "label": {"zh": "可供借鉴", "en": "An example"}}
    version = world.amend(lambda call: call["push"].update(criteria=[named, other]))
    with world.database.transaction() as session:
        session.execute(update(Case).where(Case.id == case).values(call_version_id=version))
    send(liaison, page(case), f"{page(case)}/effect", **{"reason:change": "增收两成", "reason:example": ""})
    assert world.row(case).effect == "【前后变化】增收两成"
    assert "is not said for: An example" in liaison.get(f"/cases/{case}/push").get_data(as_text=True)
    shown = liaison.get(page(case)).get_data(as_text=True)
    assert ["By figures" in shown, ">增收两成</textarea>" in shown] == [True, True]
    send(liaison, page(case), f"{page(case)}/effect", **{"reason:change": "增收两成", "reason:example": "乡镇能办"})
    assert "is not said for" not in liaison.get(f"/cases/{case}/push").get_data(as_text=True)


def test_a_director_looks_at_the_effect_a_second_time(world: World, sign_in: As):
    case, director, liaison = world.case(CaseState.PUBLISHED), sign_in("director"), sign_in("liaison")
    look = f"{page(case)}/effect/second-look"
    assert look not in director.get(page(case)).get_data(as_text=True)
    world.judge_effect(case)
    shown = director.get(page(case)).get_data(as_text=True)
    assert (look in shown, "还没有第二人复核" in shown) == (True, True)
    assert post(director, look, shown, then="back", words=" ").status_code == 422
    send(director, page(case), look, then="back", words="数字没有出处")
    said = liaison.get(page(case)).get_data(as_text=True)
    assert ("复核退回" in said, "数字没有出处" in said, look in said) == (True, True, False)
    world.judge_effect(case, "带动两条产业链")
    assert post(director, look, shown, then="agree").status_code == 409  # what was read is no more
    send(director, page(case), look, then="agree")
    shown = sign_in("auditor", "en").get(page(case)).get_data(as_text=True)
    assert ("Confirmed by" in shown, look in shown) == (True, False)


@pytest.mark.parametrize(
    ("login", "what"),
    [("translator", "sign-off"), ("director", "consent-abroad"), ("editor", "effect"), ("desk", "consent")],
)
def test_what_is_another_role_s_is_refused(login: str, what: str, world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    client = sign_in(login)
    shown = client.get(page(case)).get_data(as_text=True)
    answer = post(client, f"{page(case)}/{what}", shown, words="x", title="x")
    assert (f"{page(case)}/{what}" in shown, answer.status_code) == (False, 403)
