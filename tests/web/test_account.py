"""My account: the password, factors, where one is signed in, and what happened lately."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.web.conftest import PASSWORD, As, send
from tests.web.test_sign_in import text, turn_codes_on
from tests.worlds import World
from workflow.store.models import Authenticator, SignIn

pytestmark = pytest.mark.database

NEW = "four unrelated words here"


@pytest.mark.parametrize(("language", "words"), [("zh", "登录在哪里"), ("en", "Where you are signed in")])
def test_the_page_is_reached_from_ones_name_and_speaks_both_languages(language: str, words: str, sign_in: As):
    client = sign_in("author", language)
    assert 'href="/account"' in text(client.get("/"))
    assert words in text(client.get("/account"))


def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one(sign_in: As):
    here, there = sign_in("author"), sign_in("author")
    answer = send(here, "/account", "/account/password", present=PASSWORD, wanted=NEW, wanted_again=NEW)
    assert [answer.status_code, here.get("/account").status_code, there.get("/account").status_code] == [302, 200, 302]


@pytest.mark.parametrize(("fields", "words"), [
    ({"present": "wrong", "wanted": NEW, "wanted_again": NEW}, "现在的密码不对"),
    ({"present": PASSWORD, "wanted": NEW, "wanted_again": NEW + "x"}, "不一样"),
    ({"present": PASSWORD, "wanted": "short", "wanted_again": "short"}, "至少 12 位"),
    ({"present": PASSWORD, "wanted": "password1234", "wanted_again": "password1234"}, "太常见"),
    ({}, "至少 12 位|现在的密码不对"),
])  # fmt: skip
def test_a_password_that_cannot_be_is_told_and_nothing_changes(fields: dict[str, str], words: str, sign_in: As):
    client = sign_in("author")
    answer = send(client, "/account", "/account/password", **fields)
    assert answer.status_code == 422
    assert any(one in text(answer) for one in words.split("|"))
    assert sign_in("author").get("/account").status_code == 200


def test_sessions_are_listed_and_ended_one_by_one_or_all_but_this(sign_in: As, world: World):
    clients = [sign_in("author") for _ in range(3)]
    with world.database.reading() as session:
        rows = sorted(session.scalars(select(SignIn.id)))
    assert text(clients[0].get("/account")).count("登录于") == 3
    send(clients[0], "/account", f"/account/sessions/{rows[1]}/end")
    one = [client.get("/account").status_code for client in clients]
    send(clients[0], "/account", "/account/sessions/end-others")
    assert (one, [client.get("/account").status_code for client in clients]) == ([200, 302, 200], [200, 302, 302])


def test_the_session_of_somebody_else_cannot_be_ended(sign_in: As, world: World):
    mine, theirs = sign_in("author"), sign_in("sealer")
    with world.database.reading() as session:
        row = session.scalars(select(SignIn.id).where(SignIn.person_id == world.people["sealer"].id)).one()
    send(mine, "/account", f"/account/sessions/{row}/end")
    assert theirs.get("/account").status_code == 200


def test_codes_are_turned_on_and_off(sign_in: As, world: World):
    client = sign_in("author")
    _, codes = turn_codes_on(client)
    shown = text(client.get("/account"))
    assert (len(codes), "还剩 10 个" in shown, "停用动态码" in shown) == (10, True, True)
    send(client, "/account", "/account/authenticator/remove")
    with world.database.reading() as session:
        assert list(session.scalars(select(Authenticator.person_id))) == []


def test_new_recovery_codes_take_the_place_of_the_old(sign_in: As):
    client = sign_in("author")
    _, old = turn_codes_on(client)
    new = text(send(client, "/account", "/account/codes"))
    assert [one in new for one in old] == [False] * 10


def test_without_a_factor_there_are_no_recovery_codes(sign_in: As):
    assert send(sign_in("author"), "/account", "/account/codes").headers["Location"] == "/account"


def test_a_passkey_that_is_none_is_told(sign_in: As):
    client = sign_in("author")
    answer = send(client, "/account", "/account/passkeys", passkey="{}", name="电脑")
    assert (answer.status_code, "没有登记成功" in text(answer)) == (422, True)


def test_what_happened_lately_is_told_with_its_means(sign_in: As):
    client = sign_in("author")
    turn_codes_on(client)
    shown = text(client.get("/account"))
    assert [words in shown for words in ("增加登录方式", "再次确认身份", "生成备用码")] == [True] * 3
    assert "/trail/receipt?number=person" not in shown  # it would open to the auditor alone


def test_the_administrator_clears_the_factors_of_somebody_who_lost_the_phone(sign_in: As, world: World):
    author = sign_in("author")
    turn_codes_on(author)
    client, page = sign_in("administrator"), f"/admin/people/{world.people['author'].id}"
    send(client, f"{page}/factors")
    assert (author.get("/account").status_code, sign_in("author").get("/account").status_code) == (302, 200)
