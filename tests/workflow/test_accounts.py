"""Accounts from a list: who is taken, who is not and why, and how somebody new comes to a password."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import openpyxl
import pytest

from rules.call import BEIJING
from rules.roles import Role
from states.reach import Grant
from tests.workflow.receivers import Mailbox, mail_server
from tests.worlds import World
from workflow import imports
from workflow.engine import NotPermitted
from workflow.identity import account_mail, accounts, people, resets, sign_in
from workflow.identity.accounts import Invitation
from workflow.imports import Kind
from workflow.jobs.queue import client
from workflow.mailing import Mailer
from workflow.operation import setting_up
from workflow.register import Imported, WrongList
from workflow.settings import Settings
from workflow.store import people as stored

pytestmark = pytest.mark.database

HEAD = "登录名,姓名,邮箱,职责,单位\n"


@pytest.fixture
def settings(world: World) -> Settings:
    made = Settings(
        home=world.folder, database_url=world.database.url, documents_url=world.folder.as_uri(), secret_key=""
    )
    return replace(made, argon2_time=1, argon2_memory=8, base_url="https://zhengji.example")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as served:
        yield served


def taken(world: World, settings: Settings, lines: str, head: str = HEAD) -> tuple[Imported, tuple[Invitation, ...]]:
    with world.database.transaction() as session:
        data = (head + lines).encode()
        who, at = world.people["administrator"], world.at
        return accounts.take(session, settings, "名单.csv", data, actor=who, at=at, clock=at)


def grants(world: World, login: str) -> frozenset[Grant]:
    with world.database.reading() as session:
        person = people.by_login(session, login)
        assert person is not None
        return people.actor_of(person).grants


def units(world: World) -> tuple[str, str]:
    """What the author's centre and its office are called."""
    with world.database.reading() as session:
        author = people.by_login(session, "author")
        reviewer = people.by_login(session, "reviewer")
        assert author is not None
        assert reviewer is not None
        return people.positions(author)[0].unit, people.positions(reviewer)[0].unit


# ---- what is taken ---------------------------------------------------------------------------------------------------


def test_new_accounts_have_their_roles_and_a_link_that_sets_the_password_once(world: World, settings: Settings) -> None:
    centre, office = units(world)
    lines = f"li.lei,李磊,,撰稿人、盖章人,{centre}\nwang,王审,,审核人,{office}\nzhang,张受理,,受理人 主管,\n"
    done, invited = taken(world, settings, lines)
    assert (done.added, done.changed, done.same, done.problems) == (3, 0, 0, ())
    assert {one.role for one in grants(world, "li.lei")} == {Role.AUTHOR, Role.SEALER}
    assert {one.role for one in grants(world, "zhang")} == {Role.DESK, Role.DIRECTOR}
    first = invited[0]
    assert (first.login, first.unit, bool(first.token)) == ("li.lei", centre, True)
    assert sign_in.authenticate(world.database, settings, "li.lei", "", at=world.at) is None
    nearly = world.at + accounts.VALID - timedelta(seconds=1)
    resets.use(world.database, settings, first.token, "several unrelated words", at=nearly)
    with pytest.raises(resets.NoSuchReset):
        resets.use(world.database, settings, first.token, "other unrelated words", at=nearly)
    assert sign_in.authenticate(world.database, settings, "li.lei", "several unrelated words", at=nearly)
    with pytest.raises(resets.NoSuchReset):
        resets.use(world.database, settings, invited[1].token, "several unrelated words", at=world.at + accounts.VALID)


def test_one_person_on_several_lines_is_one_account_and_the_same_list_again_changes_nothing(
    world: World, settings: Settings
) -> None:
    centre, _ = units(world)
    lines = f"li.lei,李磊,,撰稿人,{centre}\n,,,,\nli.lei,李磊,,盖章人,{centre}\n"
    done, invited = taken(world, settings, lines)
    assert (done.added, done.changed, len(invited)) == (1, 0, 1)
    assert {one.role for one in grants(world, "li.lei")} == {Role.AUTHOR, Role.SEALER}
    again, invited = taken(world, settings, lines)
    assert (again.added, again.changed, again.same, invited) == (0, 0, 2, ())


def test_an_account_that_is_there_is_given_what_it_lacks_and_keeps_what_it_has(
    world: World, settings: Settings
) -> None:
    centre, _ = units(world)
    with world.database.reading() as session:
        person = people.by_login(session, "author")
        assert person is not None
        name, email = person.name, person.email
    done, invited = taken(world, settings, f"author,{name},another@example.org,盖章人,{centre}\n")
    assert (done.changed, invited) == (1, ())
    assert {one.role for one in grants(world, "author")} == {Role.AUTHOR, Role.SEALER}
    with world.database.reading() as session:
        person = people.by_login(session, "author")
        assert person is not None
        assert person.email == email


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("new,,,受理人,", "缺少：姓名"),
        ("new,新人,no-address,受理人,", "不是邮箱地址"),
        ("new,新人,,国王,", "没有“国王”这个职责"),
        ("new,新人,,管理员,", "管理员不能用名单设"),
        ("new,新人,,撰稿人,", "须写明中心"),
        ("new,新人,,审核人,没有这个局", "登记中没有叫“没有这个局”的主管部门"),
        ("author,别人,,受理人,", "已是"),
        ("x" * 81 + ",新人,,受理人,", "最多 80 个字"),
    ],
)
def test_a_line_that_cannot_be_taken_says_why_and_the_others_are(
    line: str, said: str, world: World, settings: Settings
) -> None:
    done, invited = taken(world, settings, f"{line}\nzhang,张受理,,受理人,\n")
    [problem] = done.problems
    assert (problem.line, said in problem.text.zh, [one.login for one in invited]) == (2, True, ["zhang"])


def test_a_national_role_stands_at_no_centre(world: World, settings: Settings) -> None:
    centre, _ = units(world)
    done, _ = taken(world, settings, f"new,新人,,受理人,{centre}\n")
    assert "是国家局的职责" in done.problems[0].text.zh


def test_a_disabled_account_is_not_brought_back_by_a_list(world: World, settings: Settings) -> None:
    with world.database.transaction() as session:
        person = people.by_login(session, "desk")
        assert person is not None
        name = person.name
        people.disable(session, person.id, actor=world.people["administrator"], at=world.at)
    done, _ = taken(world, settings, f"desk,{name},,主管,\n")
    assert "已停用" in done.problems[0].text.zh


def test_what_is_no_list_of_accounts_and_who_may_not_take_one(world: World, settings: Settings) -> None:
    with pytest.raises(WrongList):
        taken(world, settings, "a,b\n", head="这,那\n")
    who, at = world.people["desk"], world.at
    with world.database.transaction() as session, pytest.raises(NotPermitted):
        accounts.take(session, settings, "名单.csv", HEAD.encode(), actor=who, at=at, clock=at)


def test_a_list_that_is_too_long_is_refused_before_anything_is_made(world: World, settings: Settings) -> None:
    with pytest.raises(WrongList, match="Divide it"):
        taken(world, settings, "".join(f"n{at},新人,,受理人,\n" for at in range(accounts.MOST + 1)))
    with world.database.reading() as session:
        assert people.by_login(session, "n0") is None


def test_a_rehearsal_makes_no_account_and_queues_no_mail(world: World, settings: Settings) -> None:
    settings = replace(settings, smtp_url="smtp://127.0.0.1:9", mail_from="office@example.org")
    found = imports.rehearse(
        world.database,
        settings,
        Kind.PEOPLE,
        "名单.csv",
        (HEAD + "zhang,张受理,zhang@example.org,受理人,\n").encode(),
        office=None,
        actor=world.people["administrator"],
        at=world.at,
    )
    [change] = found.changes
    assert (change.after["person"], change.after["roles"]) == ("张受理", "受理人")
    with world.database.reading() as session:
        assert people.by_login(session, "zhang") is None
    assert list(client(world.database.engine).list_workflows(name="mail_invitation")) == []


def test_the_empty_list_can_be_filled_in_and_taken(world: World, settings: Settings) -> None:
    with world.database.reading() as session:
        book = openpyxl.load_workbook(io.BytesIO(accounts.blank(session, world.people["administrator"])))
    sheet, register = book.worksheets
    names = [row[1] for row in register.iter_rows(min_row=2, values_only=True)]
    centre, office = units(world)
    assert {centre, office} <= set(names)
    sheet.append(["li.lei", "李磊", None, "撰稿人", centre])
    out = io.BytesIO()
    book.save(out)
    with world.database.transaction() as session:
        who, at = world.people["administrator"], world.at
        done, _ = accounts.take(session, settings, "账号名单.xlsx", out.getvalue(), actor=who, at=at, clock=at)
    assert (done.added, done.problems) == (1, ())


# ---- by mail ---------------------------------------------------------------------------------------------------------


def test_whoever_has_an_address_is_mailed_the_link_and_nobody_else_sees_it(
    world: World, settings: Settings, mailbox: Mailbox
) -> None:
    settings = replace(settings, smtp_url=mailbox.url, mail_from="zhengji@office.example")
    _, [invited] = taken(world, settings, "zhang,张受理,zhang@example.org,受理人,\n")
    assert invited.token == ""
    mailer = Mailer(settings.smtp_url, settings.mail_from, world.database)
    [job] = client(world.database.engine).list_workflows(name="mail_invitation")
    [number] = job.input["args"] if job.input else [0]
    account_mail.send_invitation(world.database, settings, mailer, number, at=world.at)
    body = mailbox.mails[-1].get_payload()[0].get_payload(decode=True).decode()
    [token] = re.findall(r"https://zhengji\.example/reset/(\S+)", body)
    assert ("登录名：zhang" in body, f"{(world.at + accounts.VALID).astimezone(BEIJING):%Y-%m-%d %H:%M}" in body) == (
        True,
        True,
    )
    resets.use(world.database, settings, token, "several unrelated words", at=world.at)
    assert "too late" in account_mail.send_invitation(world.database, settings, mailer, number, at=world.at)


# ---- setting up ------------------------------------------------------------------------------------------------------


def unsettled(world: World, settings: Settings, person: str = "administrator") -> list[str]:
    with world.database.reading() as session:
        steps = setting_up.steps(session, settings, world.people[person], world.at)
    return [one.name for one in steps if not one.settled]


def found(world: World, settings: Settings) -> Iterator[str]:
    with world.database.reading() as session:
        for one in setting_up.steps(session, settings, world.people["administrator"], world.at):
            yield one.found.zh


def test_an_administrator_is_told_what_a_new_installation_lacks_until_it_is_there(
    world: World, settings: Settings
) -> None:
    before = unsettled(world, settings)
    assert {"second_factor", "administrators", "mail"} <= set(before)
    assert "call" not in before
    mails = replace(settings, smtp_url="smtp://127.0.0.1:9", mail_from="office@example.org")
    with world.database.transaction() as session:
        second = people.by_login(session, "second_desk")
        assert second is not None
        people.revoke(session, second.id, Role.DESK, actor=world.people["administrator"], at=world.at)
        people.grant(session, second.id, Role.ADMINISTRATOR, actor=world.people["administrator"], at=world.at)
    assert not {"administrators", "mail"} & set(unsettled(world, mails))
    assert "现有 2 位" in " ".join(found(world, mails))
    with world.database.transaction() as session:
        for editor in stored.holding(session, "editor", None, None):
            people.disable(session, editor.id, actor=world.people["administrator"], at=world.at)
    assert "还没有：编辑" in " ".join(found(world, mails))
    with world.database.reading() as session:
        late = setting_up.steps(session, mails, world.people["administrator"], world.at + timedelta(days=400))
    assert "call" in [one.name for one in late if not one.settled]


def test_nobody_else_is_told_and_nothing_of_a_demo(world: World, settings: Settings) -> None:
    assert (unsettled(world, settings, "desk"), unsettled(world, replace(settings, demo=True))) == ([], [])
