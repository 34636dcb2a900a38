"""Second factors: a code is taken once, a recovery code too, and an answer belongs to what was asked; and resets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select, text, update

from tests.workflow.receivers import Mailbox, mail_server
from tests.worlds import World
from workflow.identity import account_mail, factors, passwords, people, resets, sign_in, throttle
from workflow.identity.factors import WrongFactor
from workflow.identity.sign_in import Means, Visitor
from workflow.jobs.queue import client
from workflow.mailing import Mailer
from workflow.settings import Settings, from_environment
from workflow.store import people as stored
from workflow.store.models import AuditEvent, AuditPrivate, Authenticator, PasswordReset, Person, RecoveryCode

pytestmark = pytest.mark.database

PASSWORD = "a battery and a staple"
HERE = Visitor("192.0.2.7", "Chrome · Windows")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    plain = from_environment({"ZHENGJI_HOME": str(tmp_path), "ZHENGJI_SECRET_KEY": "k" * 32})
    return replace(plain, argon2_time=1, argon2_memory=8, base_url="https://zhengji.example/")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


def author(world: World) -> Person:
    with world.database.reading() as session:
        found = people.by_id(session, world.people["author"].id)
    assert found is not None
    return found


def after(world: World, seconds: float):
    return world.at + timedelta(seconds=seconds)


def enrolled(world: World, settings: Settings) -> pyotp.TOTP:
    """The author's app, turned on a minute ago."""
    with world.database.transaction() as session:
        enrolment = factors.enrol(session, settings, author(world), at=after(world, -60))
        app = pyotp.TOTP(enrolment.secret.replace(" ", ""))
        code = app.at(after(world, -60))
        assert factors.finish_enrolment(session, settings, author(world), enrolment.token, code, at=after(world, -60))
    return app


def right(world: World, settings: Settings, code: str, seconds: float = 0) -> bool:
    with world.database.transaction() as session:
        return factors.code_right(session, settings, author(world).id, code, at=after(world, seconds))


# ---- codes of an app -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("early", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_one_step_of_drift_is_forgiven(early: int, taken: bool, world: World, settings: Settings):
    app = enrolled(world, settings)
    assert right(world, settings, app.at(after(world, early))) is taken


def test_a_code_is_taken_once_and_none_before_it_after_it(world: World, settings: Settings):
    app = enrolled(world, settings)
    now, before = app.at(world.at), app.at(after(world, -30))
    assert [right(world, settings, code) for code in (now, now, before)] == [True, False, False]


def test_a_code_may_be_typed_with_a_space(world: World, settings: Settings):
    code = enrolled(world, settings).at(world.at)
    assert right(world, settings, f" {code[:3]} {code[3:]} ")


@pytest.mark.parametrize("typed", ["", "0", "١٢٣٤٥٦", "x" * 200, "12345", "1234567"])
def test_what_is_no_code_is_none(typed: str, world: World, settings: Settings):
    enrolled(world, settings)
    assert not right(world, settings, typed)


def test_the_secret_is_kept_encrypted_and_useless_under_another_key(world: World, settings: Settings):
    app = enrolled(world, settings)
    with world.database.reading() as session:
        kept = session.scalars(select(Authenticator.secret)).one()
    assert app.secret.encode() not in bytes(kept)
    assert not right(world, replace(settings, secret_key="j" * 32), app.at(world.at))


def test_an_app_counts_only_once_a_code_of_it_was_typed_in_time_and_by_its_owner(world: World, settings: Settings):
    with world.database.transaction() as session:
        enrolment = factors.enrol(session, settings, author(world), at=world.at)
        app = pyotp.TOTP(enrolment.secret.replace(" ", ""))
        sealer = people.by_id(session, world.people["sealer"].id)
        assert sealer is not None
        assert not factors.finish_enrolment(session, settings, author(world), enrolment.token, "000000", at=world.at)
        with pytest.raises(WrongFactor):
            factors.finish_enrolment(session, settings, sealer, enrolment.token, app.at(world.at), at=world.at)
        late = after(world, 601)
        with pytest.raises(WrongFactor):
            factors.finish_enrolment(session, settings, author(world), enrolment.token, app.at(late), at=late)
        assert not factors.of_person(session, author(world).id).any


# ---- recovery codes --------------------------------------------------------------------------------------------------


def answered(world: World, settings: Settings, typed: str) -> Means | None:
    looked = factors.answer(world.database, settings, author(world), typed)
    with world.database.transaction() as session:
        return factors.answer_right(session, settings, author(world), looked, at=world.at)


def test_each_recovery_code_works_once_however_it_is_written(world: World, settings: Settings):
    enrolled(world, settings)
    codes = factors.new_recovery_codes(world.database, settings, author(world), at=world.at)
    typed = [codes[3], codes[3], codes[4].upper().replace("-", " "), "aaaaa-aaaaa", ""]
    means = [answered(world, settings, one) for one in typed]
    assert means == [Means.RECOVERY, None, Means.RECOVERY, None, None]
    with world.database.reading() as session:
        assert factors.of_person(session, author(world).id).codes == 8


def test_new_recovery_codes_void_the_old_and_only_slow_hashes_are_kept(world: World, settings: Settings):
    enrolled(world, settings)
    old = factors.new_recovery_codes(world.database, settings, author(world), at=world.at)
    new = factors.new_recovery_codes(world.database, settings, author(world), at=world.at)
    with world.database.reading() as session:
        kept = list(session.scalars(select(RecoveryCode.hashed)))
    assert (len(set(new)), len(kept), any(code.replace("-", "") in " ".join(kept) for code in new)) == (10, 10, False)
    assert [answered(world, settings, old[0]), answered(world, settings, new[0])] == [None, Means.RECOVERY]


def test_a_code_of_the_app_answers_too(world: World, settings: Settings):
    app = enrolled(world, settings)
    assert answered(world, settings, app.at(world.at)) is Means.CODE


def test_without_the_last_factor_recovery_codes_are_gone(world: World, settings: Settings):
    enrolled(world, settings)
    factors.new_recovery_codes(world.database, settings, author(world), at=world.at)
    with world.database.transaction() as session:
        factors.remove_authenticator(session, settings, author(world), at=world.at)
        has = factors.of_person(session, author(world).id)
    assert (has.any, has.codes) == (False, 0)


def test_the_administrator_clears_factors_and_every_session_ends(world: World, settings: Settings):
    enrolled(world, settings)
    before = author(world).session_epoch
    with world.database.transaction() as session:
        administrator = world.people["administrator"]
        people.clear_factors(session, settings, author(world).id, actor=administrator, at=world.at)
        assert not sign_in.needs_second(session, author(world))
    assert author(world).session_epoch == before + 1


# ---- passkeys --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("address", "possible"), [
    ("https://zhengji.example", True),
    ("http://localhost:8000", True),
    ("http://zhengji.example", False),
    ("http://127.0.0.1:8000", False),
    ("https://192.0.2.1", False),
])  # fmt: skip
def test_passkeys_need_a_name_and_an_encrypted_line(address: str, possible: bool, settings: Settings):
    assert factors.passkeys_possible(replace(settings, base_url=address)) is possible


@pytest.mark.parametrize(
    "said", ["", "[]", "null", "{}", '{"token": 1, "credential": 2}', "[" * 5000, '{"token": "x"}']
)
def test_what_is_no_answer_of_a_passkey_proves_nothing(said: str, world: World, settings: Settings):
    with world.database.transaction() as session:
        assert factors.passkey_right(session, settings, said, at=world.at) is None
        with pytest.raises(WrongFactor):
            factors.add_passkey(session, settings, author(world), said, "x", at=world.at)


def test_each_question_to_a_passkey_is_asked_once_and_soon(world: World, settings: Settings):
    with world.database.transaction() as session:
        asked = [factors.passkey_wanted(session, settings, author(world), at=world.at) for _ in range(2)]
        assert asked[0]["options"]["rp"]["id"] == "zhengji.example"
        assert asked[0]["options"]["challenge"] != asked[1]["options"]["challenge"]
        said = json.dumps({"token": asked[0]["token"], "credential": {"id": "x", "response": {}}})
        told = []
        for _ in range(2):
            with pytest.raises(WrongFactor) as wrong:
                factors.add_passkey(session, settings, author(world), said, "x", at=world.at)
            told.append("失效" in wrong.value.message.zh)
    assert told == [False, True]


# ---- a forgotten password --------------------------------------------------------------------------------------------


def with_mail(settings: Settings, mailbox: Mailbox) -> Settings:
    return replace(settings, smtp_url=mailbox.url, mail_from="zhengji@office.example")


def has_address(world: World, key: str = "author", address: str = "zhao@centre.example") -> None:
    with world.database.transaction() as session:
        person = world.people[key].id
        session.execute(update(Person).where(Person.id == person).values(email=address))
        hashed = passwords.hashed(from_environment({"ZHENGJI_ARGON2_MEMORY": "8"}), PASSWORD)
        stored.set_password(session, person, hashed, end_sessions=False)


def ask(world: World, settings: Settings, typed: str, seconds: float = 0, visitor: Visitor = HERE) -> None:
    with world.database.transaction() as session:
        resets.ask(session, settings, typed, at=after(world, seconds), visitor=visitor)


def send(world: World, settings: Settings, seconds: float = 0) -> list[str]:
    """Send what was queued, as the worker does; gives what came of each."""
    mailer = Mailer(settings.smtp_url, settings.mail_from, world.database)
    said = []
    for job in client(world.database.engine).list_workflows(name="mail_reset"):
        [number] = job.input["args"] if job.input else [0]
        said.append(account_mail.send_reset(world.database, settings, mailer, number, at=after(world, seconds)))
    return said


def link(mailbox: Mailbox) -> str:
    """The token in the newest mail."""
    body = mailbox.mails[-1].get_payload()[0].get_payload(decode=True).decode()
    return re.findall(r"https://zhengji\.example/reset/(\S+)", body)[0]


def test_a_link_sets_a_new_password_once_ends_sessions_and_opens_a_closed_account(
    world: World, settings: Settings, mailbox: Mailbox
):
    settings = with_mail(settings, mailbox)
    has_address(world)
    before = author(world).session_epoch
    with world.database.transaction() as session:
        for _ in range(5):
            throttle.failed(session, throttle.account("author"), world.at)
    ask(world, settings, "ZHAO@centre.example")
    send(world, settings)
    token = link(mailbox)
    with pytest.raises(passwords.WrongPassword):
        resets.use(world.database, settings, token, "short", at=world.at)
    resets.use(world.database, settings, token, "another long one", at=world.at)
    with pytest.raises(resets.NoSuchReset):
        resets.use(world.database, settings, token, "yet another long one", at=world.at)
    person = sign_in.authenticate(world.database, settings, "author", "another long one", at=world.at)
    assert (person is not None, author(world).session_epoch) == (True, before + 1)


@pytest.mark.parametrize(("seconds", "works"), [(1799, True), (1800, False)])
def test_a_link_works_for_half_an_hour(seconds: int, works: bool, world: World, settings: Settings, mailbox: Mailbox):
    settings = with_mail(settings, mailbox)
    has_address(world)
    ask(world, settings, "author")
    send(world, settings)
    with world.database.reading() as session:
        try:
            resets.meant(session, link(mailbox), at=after(world, seconds))
        except resets.NoSuchReset:
            assert not works
        else:
            assert works


def test_a_new_link_voids_the_one_before(world: World, settings: Settings, mailbox: Mailbox):
    settings = with_mail(settings, mailbox)
    has_address(world)
    ask(world, settings, "author")
    send(world, settings)
    first = link(mailbox)
    ask(world, settings, "author", 1)
    with world.database.reading() as session, pytest.raises(resets.NoSuchReset):
        resets.meant(session, first, at=after(world, 2))


def test_nobody_learns_whether_anybody_is_meant(world: World, settings: Settings, mailbox: Mailbox):
    settings = with_mail(settings, mailbox)
    has_address(world)
    has_address(world, "sealer", "")
    with world.database.transaction() as session:
        people.disable(session, world.people["judge"].id, actor=world.people["administrator"], at=world.at)
    for typed in ("author", "sealer", "judge", "nobody", ""):
        ask(world, settings, typed, visitor=Visitor(f"192.0.2.{len(typed)}"))
    with world.database.reading() as session:
        asked = list(session.scalars(select(PasswordReset.person_id)))
    assert (asked, len(send(world, settings)), len(mailbox.mails)) == ([author(world).id], 5, 1)


def test_asking_again_and_again_sends_three_and_then_the_address_has_to_wait(
    world: World, settings: Settings, mailbox: Mailbox
):
    settings = with_mail(settings, mailbox)
    has_address(world)
    for second in range(10):
        ask(world, settings, "author", second)
    with pytest.raises(throttle.LockedOut):
        ask(world, settings, "author", 10)
    with world.database.reading() as session:
        assert len(list(session.scalars(select(PasswordReset.id)))) == 3


def test_the_token_stands_in_no_row_of_the_database(world: World, settings: Settings, mailbox: Mailbox):
    settings = with_mail(settings, mailbox)
    has_address(world)
    ask(world, settings, "author")
    send(world, settings)
    token = link(mailbox)
    with world.database.reading() as session:
        rows = [
            str(list(session.scalars(select(column))))
            for column in (AuditEvent.body, AuditPrivate.payload, PasswordReset.token)
        ]
        status = "dbos.workflow_status" if not world.database.embedded else "workflow_status"
        rows.append(str(session.execute(text(f"select * from {status}")).all()))
    assert [token in one for one in rows] == [False] * 4


def test_a_mail_that_must_be_made_again_holds_the_link_that_works(world: World, settings: Settings, mailbox: Mailbox):
    settings = with_mail(settings, mailbox)
    has_address(world)
    ask(world, settings, "author")
    dead = Mailer("smtp://127.0.0.1:1", settings.mail_from, world.database)
    with world.database.reading() as session:
        number = session.scalars(select(PasswordReset.id)).one()
    with pytest.raises(Exception, match="refused"):
        account_mail.send_reset(world.database, settings, dead, number, at=world.at)
    send(world, settings)
    with world.database.reading() as session:
        assert resets.meant(session, link(mailbox), at=world.at)[1].login == "author"


def test_a_mail_that_comes_too_late_is_not_sent(world: World, settings: Settings, mailbox: Mailbox):
    settings = with_mail(settings, mailbox)
    has_address(world)
    ask(world, settings, "author")
    assert (send(world, settings, 1800), mailbox.mails) == (["too late"], [])


def test_somebody_is_told_by_mail_that_their_account_was_closed(world: World, settings: Settings, mailbox: Mailbox):
    settings = with_mail(settings, mailbox)
    has_address(world)
    for _ in range(5):
        sign_in.authenticate(world.database, settings, "author", "wrong", at=world.at, visitor=HERE)
    [job] = client(world.database.engine).list_workflows(name="mail_notice")
    assert job.input is not None
    mailer = Mailer(settings.smtp_url, settings.mail_from, world.database)
    for _ in range(2):
        account_mail.send_notice(world.database, mailer, *job.input["args"])
    [mail] = mailbox.mails
    body = mail.get_payload()[0].get_payload(decode=True).decode()
    assert ("暂停登录" in body, "可登录时间" in body, "wrong" in body) == (True, True, False)


def test_without_a_mail_server_nothing_is_queued(world: World, settings: Settings):
    has_address(world)
    for _ in range(5):
        sign_in.authenticate(world.database, settings, "author", "wrong", at=world.at, visitor=HERE)
    assert client(world.database.engine).list_workflows(name="mail_notice") == []
