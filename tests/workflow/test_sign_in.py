"""Signing in: guesses are slow and tell nothing, sessions end, and every step is on record without a secret."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from tests.worlds import World
from workflow.identity import passwords, people, sign_in, throttle
from workflow.identity.sign_in import Means, Visitor
from workflow.identity.throttle import LockedOut
from workflow.settings import Settings, from_environment
from workflow.store import people as stored
from workflow.store import sign_in as stored_sign_in
from workflow.store.models import AuditEvent, AuditPrivate, FailedTries, SignIn

pytestmark = pytest.mark.database

PASSWORD = "a battery and a staple"
HERE = Visitor("192.0.2.7", "Chrome · Windows")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(
        from_environment({"ZHENGJI_HOME": str(tmp_path)}), argon2_time=1, argon2_memory=8, secret_key="k" * 32
    )


@pytest.fixture
def world(world: World, settings: Settings) -> World:
    """The same country; the author has a password."""
    with world.database.transaction() as session:
        hashed = passwords.hashed(settings, PASSWORD)
        stored.set_password(session, world.people["author"].id, hashed, end_sessions=False)
    return world


def tried(world: World, settings: Settings, login: str, password: str, minutes: float = 0, visitor: Visitor = HERE):
    """What came of one try: "in", "wrong", or until when one has to wait, in minutes."""
    at = world.at + minutes * MINUTE
    try:
        person = sign_in.authenticate(world.database, settings, login, password, at=at, visitor=visitor)
    except LockedOut as locked:
        return (locked.until - world.at) / MINUTE
    return "in" if person else "wrong"


def recorded(world: World, key: str = "author") -> list[tuple[str, str]]:
    with world.database.reading() as session:
        events = select(AuditEvent.action, AuditEvent.outcome)
        events = events.where(AuditEvent.stream == sign_in.stream(world.people[key].id)).order_by(AuditEvent.seq)
        return [(action, outcome) for action, outcome in session.execute(events)]


def begun(world: World, settings: Settings, minutes: float = 0, key: str = "author") -> sign_in.Opened:
    with world.database.transaction() as session:
        person = people.by_id(session, world.people[key].id)
        assert person is not None
        at = world.at + minutes * MINUTE
        return sign_in.begin(session, settings, person, [Means.PASSWORD], at=at, visitor=HERE)


def is_in(world: World, settings: Settings, token: str, minutes: float = 0) -> bool:
    return sign_in.current(world.database, settings, token, at=world.at + minutes * MINUTE) is not None


# ---- guessing --------------------------------------------------------------------------------------------------------


def test_the_fifth_failure_closes_an_account_for_a_quarter_of_an_hour(world: World, settings: Settings):
    came = [tried(world, settings, "author", "wrong", minute) for minute in range(5)]
    assert came == ["wrong"] * 5
    assert [tried(world, settings, "author", PASSWORD, minute) for minute in (5, 18.9, 19)] == [19, 19, "in"]


def test_an_account_that_is_not_there_is_closed_just_the_same(world: World, settings: Settings):
    came = [[tried(world, settings, login, "wrong") for _ in range(7)] for login in ("author", "nobody")]
    assert came[0] == came[1] == ["wrong"] * 5 + [15, 15]


def test_a_disabled_account_answers_like_a_wrong_password(world: World, settings: Settings):
    with world.database.transaction() as session:
        people.disable(session, world.people["author"].id, actor=world.people["administrator"], at=world.at)
    assert [tried(world, settings, "author", PASSWORD) for _ in range(6)] == ["wrong"] * 5 + [15]


def test_failures_far_apart_close_nothing(world: World, settings: Settings):
    assert [tried(world, settings, "author", "wrong", 16 * each) for each in range(8)] == ["wrong"] * 8


def test_upper_case_does_not_make_another_account_of_it(world: World, settings: Settings):
    for login in ("author", "AUTHOR", " Author", "author", "author"):
        tried(world, settings, login, "wrong")
    assert tried(world, settings, "author", PASSWORD) == 15


def test_an_address_from_which_many_accounts_are_tried_is_closed(world: World, settings: Settings):
    for number in range(throttle.PER_ADDRESS):
        tried(world, settings, f"nobody-{number}", "wrong")
    elsewhere = Visitor("198.51.100.9")
    came = [tried(world, settings, "author", PASSWORD), tried(world, settings, "author", PASSWORD, visitor=elsewhere)]
    assert came == [15, "in"]


def test_all_addresses_of_one_network_of_ipv6_count_as_one():
    same = {throttle.address(said) for said in ("2001:db8::1", "2001:db8::ffff:2")}
    assert (len(same), throttle.address("2001:db8:0:1::1") in same) == (1, False)


def test_a_closed_account_stays_closed_for_another_process(world: World, settings: Settings):
    for _ in range(5):
        tried(world, settings, "author", "wrong")
    with world.database.reading() as session:
        rows = session.scalars(select(FailedTries).where(FailedTries.locked_until.is_not(None)))
        assert [one.key for one in rows] == [throttle.account("author")]


def test_guesses_made_at_once_are_counted_one_by_one(world: World, settings: Settings):
    with ThreadPoolExecutor(8) as at_once:
        came = list(at_once.map(lambda _: tried(world, settings, "author", "wrong"), range(16)))
    assert sorted(came, key=str) == [15] * 11 + ["wrong"] * 5


def test_the_administrator_or_a_new_password_opens_a_closed_account(world: World, settings: Settings):
    person, administrator = world.people["author"].id, world.people["administrator"]
    came = []
    for open_again in (
        lambda session: people.unlock(session, person, actor=administrator, at=world.at),
        lambda session: people.set_password(session, settings, person, PASSWORD, actor=administrator, at=world.at),
    ):
        for _ in range(5):
            tried(world, settings, "author", "wrong")
        came.append(tried(world, settings, "author", PASSWORD))
        with world.database.transaction() as session:
            open_again(session)
        came.append(tried(world, settings, "author", PASSWORD))
    assert came == [15, "in", 15, "in"]


def test_what_was_missed_is_told_at_the_next_sign_in_and_once(world: World, settings: Settings):
    for minute in (0, 1, 2):
        tried(world, settings, "author", "wrong", minute)
    told, then = begun(world, settings, 3).missed, begun(world, settings, 4).missed
    assert (told, then) == (throttle.Missed(3, world.at), None)


def test_an_unknown_login_costs_a_hash_too(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, hashed: str, password: str) -> bool:
        checked.append(hashed.split("$")[3])
        return verify(self, hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for login in ("author", "nobody"):
        tried(world, settings, login, "wrong")
    with world.database.transaction() as session:
        people.disable(session, world.people["author"].id, actor=world.people["administrator"], at=world.at)
    tried(world, settings, "author", PASSWORD)
    assert checked == ["m=8,t=1,p=1"] * 3


@pytest.mark.parametrize(("time", "memory", "left"), [(3, 1024, 0), (2, 1024, 1), (1, 8, 3), (4, 1024, 0), (3, 512, 2)])
def test_a_wrong_guess_at_a_password_that_was_kept_at_less_cost_spends_the_rest(
    time: int, memory: int, left: int, settings: Settings
):
    """Or an account that has not signed in since the cost was raised would answer faster than one that is not there."""
    kept = passwords.hashed(replace(settings, argon2_time=time, argon2_memory=memory), PASSWORD)
    dearer = replace(settings, argon2_time=3, argon2_memory=1024)
    assert passwords.rounds_left(dearer, kept) == left
    assert [passwords.matches(dearer, kept, one) for one in (PASSWORD, "guess")] == [True, False]


def test_the_password_of_the_demo_opens_nothing_elsewhere(world: World, settings: Settings):
    with world.database.transaction() as session:
        hashed = passwords.hashed(settings, passwords.DEMO_PASSWORD)
        stored.set_password(session, world.people["author"].id, hashed, end_sessions=False)
    demo = replace(settings, demo=True)
    assert [tried(world, one, "author", passwords.DEMO_PASSWORD) for one in (settings, demo)] == ["wrong", "in"]


# ---- passwords -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("password", "taken"), [
    ("eleven char", False),
    ("twelve chars", True),
    ("四个不相干的词凑成的口令", True),
    ("correct horse battery staple", True),
    ("x7" * 64, False),
    ("Tr0ub4dor & 3" + "长" * 115, True),
    ("Tr0ub4dor & 3" + "长" * 116, False),
    ("password2024!!", False),
    ("Password1234", False),
    ("ｐａｓｓｗｏｒｄ１２３４", False),
    ("123456789012", False),
    ("abcdefghijkl", False),
    ("qwertyuiopas", False),
    ("zhengjizhengji", False),
    ("zhengji2021!!", False),
    ("wangxiaoming", False),
    ("wangxiaoming88", False),
    ("王小明王小明王小明王小明", False),
    ("aaaaaaaaaaaaaa", False),
    ("zhengji-demo", True),
])  # fmt: skip
def test_which_new_passwords_are_taken(password: str, taken: bool):
    try:
        passwords.check(password, login="wangxiaoming", name="王小明")
    except passwords.WrongPassword:
        assert not taken
    else:
        assert taken


def test_a_password_is_the_same_however_its_signs_were_typed(settings: Settings):
    kept = passwords.hashed(settings, "ｆｕｌｌ ｗｉｄｔｈ é ok")
    assert (passwords.matches(settings, kept, "full width e\u0301 ok"), passwords.matches(settings, "", "")) == (
        True,
        False,
    )


# ---- sessions --------------------------------------------------------------------------------------------------------


def test_each_sign_in_has_a_token_of_its_own_of_which_only_the_digest_is_kept(world: World, settings: Settings):
    tokens = [begun(world, settings).token for _ in range(3)]
    with world.database.reading() as session:
        kept = list(session.scalars(select(SignIn.token)))
    assert (len(set(tokens)), len(tokens[0]) >= 43, set(kept) & set(tokens)) == (3, True, set())
    assert set(kept) == {stored_sign_in.digest(one) for one in tokens}


def test_a_session_ends_by_age_however_busy_it_is(world: World, settings: Settings):
    token = begun(world, settings).token
    assert [is_in(world, settings, token, 60 * hour) for hour in range(1, 13)] == [True] * 11 + [False]


def test_a_session_ends_by_idleness(world: World, settings: Settings):
    token = begun(world, settings).token
    assert [is_in(world, settings, token, minute) for minute in (119, 238, 358)] == [True, True, False]


def test_how_long_sessions_last_can_be_set(world: World, settings: Settings):
    short = replace(settings, session_hours=1, idle_minutes=10)
    token = begun(world, short).token
    assert [is_in(world, short, token, minute) for minute in (9, 18, 28)] == [True, True, False]


def test_being_seen_is_written_down_once_a_minute(world: World, settings: Settings):
    token = begun(world, settings).token
    seen = []
    for minute in (0.5, 1, 1.9, 2):
        is_in(world, settings, token, minute)
        with world.database.reading() as session:
            seen.append((session.scalars(select(SignIn.seen_at)).one() - world.at) / MINUTE)
    assert seen == [0, 1, 1, 2]


def test_one_session_can_be_ended_and_nobody_elses(world: World, settings: Settings):
    mine, also, theirs = begun(world, settings), begun(world, settings), begun(world, settings, key="sealer")
    with world.database.transaction() as session:
        author = people.by_id(session, world.people["author"].id)
        assert author is not None
        rows = {one.token: one.id for one in session.scalars(select(SignIn))}
        wanted = [rows[stored_sign_in.digest(one.token)] for one in (also, theirs)]
        assert sign_in.end(session, settings, author, wanted, at=world.at) == 1
    assert [is_in(world, settings, one.token) for one in (mine, also, theirs)] == [True, False, True]


def test_changing_ones_password_ends_every_other_session_and_takes_the_present_one(world: World, settings: Settings):
    here, there = begun(world, settings), begun(world, settings)
    with world.database.reading() as session:
        row = stored_sign_in.by_token(session, here.token)
        author = people.by_id(session, world.people["author"].id)
        assert row is not None
        assert author is not None

    def change(present: str, wanted: str) -> bool:
        return people.change_own_password(
            world.database, settings, author, row.id, present, wanted, at=world.at, visitor=HERE
        )

    assert not change("wrong", "another long one")
    with pytest.raises(passwords.WrongPassword):
        change(PASSWORD, "short")
    assert change(PASSWORD, "another long one")
    assert [is_in(world, settings, one.token) for one in (here, there)] == [True, False]
    assert [tried(world, settings, "author", one) for one in (PASSWORD, "another long one")] == ["wrong", "in"]


def test_a_second_proof_holds_for_five_minutes_in_one_browser(world: World, settings: Settings):
    here, there = begun(world, settings), begun(world, settings)
    found = sign_in.current(world.database, settings, here.token, at=world.at)
    assert found is not None
    row, author = found
    assert not sign_in.confirmed(row, world.at)
    assert not sign_in.confirm_by_password(world.database, settings, author, row.id, "wrong", at=world.at, visitor=HERE)
    assert sign_in.confirm_by_password(world.database, settings, author, row.id, PASSWORD, at=world.at, visitor=HERE)
    confirmed = []
    for token, minutes in ((here.token, 0), (here.token, 4.9), (here.token, 5), (there.token, 0)):
        at = world.at + minutes * MINUTE
        now = sign_in.current(world.database, settings, token, at=at)
        assert now is not None
        confirmed.append(sign_in.confirmed(now[0], at))
    assert confirmed == [True, True, False, False]


def test_whoever_waits_for_the_second_factor_waits_five_minutes_and_once(world: World, settings: Settings):
    with world.database.transaction() as session:
        author = people.by_id(session, world.people["author"].id)
        assert author is not None
        tokens = [sign_in.half_way(session, author, Means.PASSWORD, "/cases", at=world.at) for _ in range(3)]

    def waits(token: str, minutes: float = 0) -> bool:
        with world.database.reading() as session:
            return sign_in.waiting(session, token, at=world.at + minutes * MINUTE) is not None

    with world.database.transaction() as session:
        sign_in.arrived(session, tokens[1], at=world.at)
    assert [waits(tokens[0], 4.9), waits(tokens[0], 5), waits(tokens[1]), waits("made up")] == [
        True,
        False,
        False,
        False,
    ]
    with world.database.transaction() as session:
        stored.end_sessions(session, author.id)
    assert not waits(tokens[2])


# ---- on record -------------------------------------------------------------------------------------------------------


def test_what_happens_to_an_account_is_on_record(world: World, settings: Settings):
    for password in ["wrong"] * 5:
        tried(world, settings, "author", password)
    token = begun(world, settings, 16).token
    with world.database.transaction() as session:
        row, author = stored_sign_in.by_token(session, token), people.by_id(session, world.people["author"].id)
        assert row is not None
        assert author is not None
        sign_in.sign_out(session, settings, author, row.id, at=world.at)
    assert recorded(world) == [
        *[("person.sign_in", "refused")] * 5,
        ("person.lock", "done"),
        ("person.sign_in", "done"),
        ("person.sign_out", "done"),
    ]


def test_no_password_no_token_and_no_address_stands_in_the_trail(world: World, settings: Settings):
    tried(world, settings, "author", "a wrong secret")
    tried(world, settings, "author", PASSWORD)
    token = begun(world, settings).token
    with world.database.reading() as session:
        bodies = "".join(session.scalars(select(AuditEvent.body)))
        private = "".join(session.scalars(select(AuditPrivate.payload)))
    for secret in ("a wrong secret", PASSWORD, token, stored_sign_in.digest(token), HERE.address):
        assert secret not in bodies
    assert (HERE.address in private, token in private, PASSWORD in private) == (True, False, False)


def test_sign_ins_that_are_long_over_are_not_kept(world: World, settings: Settings):
    begun(world, settings)
    begun(world, settings, key="sealer")
    begun(world, settings, 60 * 24 * 31)
    with world.database.reading() as session:
        people_kept = sorted(session.scalars(select(SignIn.person_id)))
    assert people_kept == sorted([world.people["author"].id, world.people["sealer"].id])
