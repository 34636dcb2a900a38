"""The workbench on screen: paragraphs beside paragraphs, conflicts, the second reader, and the glossary."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from states.case import CaseState
from tests.web.conftest import As, post, send
from tests.worlds import World
from workflow.wipo import workbench

pytestmark = pytest.mark.database


def english(case: int) -> str:
    return f"/cases/{case}/english"


def fields(page: str) -> dict[str, str]:
    """Paragraph fields of the page, each with what must have been seen."""
    seen = dict(re.findall(r'name="seen:([^"]+)" value="(\d+)"', page))
    return {unescape(key): value for key, value in seen.items()}


def written(client: FlaskClient, case: int, words: str, page: str = "") -> tuple[int, str]:
    shown = page or client.get(english(case)).get_data(as_text=True)
    form = {f"seen:{key}": seen for key, seen in fields(shown).items()}
    answer = post(client, english(case), shown, **form, **{f"en:{key}": words for key in fields(shown)})
    return answer.status_code, answer.get_data(as_text=True)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("login", ["author", "translator", "checker", "auditor"])
def test_it_opens_for_whoever_reaches_the_case_with_forms_for_those_whose_it_is(
    login: str, language: str, world: World, sign_in: As
):
    case = world.case(CaseState.SHORTLISTED)
    world.translate(case)
    page = sign_in(login, language).get(english(case)).get_data(as_text=True)
    assert [bool(fields(page)), 'value="pass"' in page] == [login == "translator", login == "checker"]


def test_a_translator_fills_all_paragraphs_and_the_checker_passes_them(world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    assert written(sign_in("translator"), case, "English.")[0] == 302
    checker = sign_in("checker")
    back = send(checker, english(case), f"{english(case)}/check", then="back", words="")
    assert (back.status_code, "请写明要改什么" in back.get_data(as_text=True)) == (422, True)
    send(checker, english(case), f"{english(case)}/check", then="pass", **seen(checker, case))
    assert "校对已通过" in checker.get(english(case)).get_data(as_text=True)


def seen(client: FlaskClient, case: int) -> dict[str, str]:
    page = client.get(english(case)).get_data(as_text=True)
    found = re.search(r'name="english" value="(\d+)"', page)
    return {"english": found[1]} if found else {}


def test_what_somebody_else_saved_meanwhile_stands_beside_and_is_not_written_over(world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    translator = sign_in("translator")
    before, meanwhile = (translator.get(english(case)).get_data(as_text=True) for _ in range(2))
    written(translator, case, "Theirs.", meanwhile)
    status, page = written(translator, case, "Mine, later.", before)
    assert (status, "Mine, later." in page, "Theirs." in page, "没有覆盖" in page) == (409, True, True, True)


def test_a_whole_text_is_dealt_out(world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    translator = sign_in("translator")
    send(translator, english(case), f"{english(case)}/whole", title="A title", summary="In short", text="All of it")
    page = translator.get(english(case)).get_data(as_text=True)
    assert ["A title" in page, "In short" in page, "All of it" in page] == [True] * 3
    long = send(translator, english(case), f"{english(case)}/whole", title="x" * 301, summary="", text="kept words")
    assert (long.status_code, "kept words" in long.get_data(as_text=True)) == (422, True)


def test_terms_are_kept_on_screen_and_marked_in_the_text(world: World, sign_in: As):
    case = world.case(CaseState.SHORTLISTED)
    word = next(words for words in world.content_of(case).sections.values() if words)[:2]
    translator = sign_in("translator")
    send(translator, "/glossary", "/glossary", zh=word, en="a term of ours")
    written(translator, case, "English without it.")
    page = translator.get(english(case)).get_data(as_text=True)
    assert [f'<mark title="a term of ours">{word}</mark>' in page, f"“{word}”应译作“a term of ours”" in page] == [
        True,
        True,
    ]
    wrong = send(translator, "/glossary", "/glossary", zh="", en="x")
    send(translator, "/glossary", "/glossary/remove", zh=word)
    with world.database.reading() as session:
        assert (wrong.status_code, workbench.terms(session)) == (422, [])
    assert sign_in("desk").get("/glossary").status_code == 403
