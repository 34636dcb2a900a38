"""Pushes: started by the liaison, carried by the system, completed by the receiver, and taken back."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from rules.call import Call
from rules.roles import Role
from states.case import CaseState
from states.push import PushState
from states.reach import SYSTEM
from tests.workflow.receivers import Mailbox, Web, mail_server, web_server
from tests.worlds import CALL_2021, Databases, World, settle, went
from workflow.engine import Attempt, NoSuchTransition, NotPermitted, Outcome
from workflow.identity import people
from workflow.interchange import delivery
from workflow.interchange import package as packing
from workflow.interchange.delivery import NotDelivered
from workflow.interchange.package import Published
from workflow.mailing import Mailer
from workflow.publishing import editorial
from workflow.store import papers as stored_papers
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.living import Overtaken
from workflow.store.models import AuditEvent, Case, Person, PersonGrant, Push
from workflow.wipo import pushes
from workflow.wipo.pushes import AlreadyOnItsWay, NoSuchPush, Post, ReasonNeeded

PUBLISHED, PUSHED = CaseState.PUBLISHED, CaseState.WIPO_PUSHED
NOTHING_READY = (
    "effect_outstanding",
    "effect_confirmed",
    "consent_abroad_given",
    "english_is_current",
    "english_checked",
)


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """A world with one published case that has all that a push asks for, made once for all tests."""

    def publish(database: Database) -> None:
        settle(database, CALL_2021)
        made = World.of(database, tmp_path)
        made.ready_to_push(made.case(PUBLISHED))

    with databases.copy("a published case", publish) as database:
        made = World.of(database, tmp_path)
        made.content()  # the one that stands there already
        yield made


_BUILT: dict[str, bytes] = {}


@pytest.fixture(autouse=True)
def built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package is the same bytes for the same case (test_package.py), so each is built once for all tests."""
    real = packing.build

    def build(call: Call, case: Published, key: str) -> bytes:
        same = repr((call.number, case, key))
        if same not in _BUILT:
            _BUILT[same] = real(call, case, key)
        return _BUILT[same]

    monkeypatch.setattr(packing, "build", build)


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as made:
        yield made


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


def published(world: World) -> int:
    """The published case that has all that a push asks for."""
    with world.database.reading() as session:
        return session.scalars(select(Case.id).order_by(Case.id)).first() or 0


def queued(world: World, destination: str = "") -> tuple[int, int]:
    """A case with its push, still queued."""
    case = published(world)
    push = world.push(case)
    if destination:
        world.redirect(push, destination)
    return case, push


def states(world: World, case: int, push: int) -> tuple[PushState, CaseState]:
    return world.state_of_push(push), world.state(case)


def row(world: World, push: int) -> Push:
    with world.database.reading() as session:
        return session.get_one(Push, push)


def rules(attempt: Attempt) -> list[str]:
    return [finding.rule for finding in attempt.findings]


def retry(world: World, push: int, *, by: str = "liaison", op: str = "") -> Attempt:
    with world.database.transaction() as session:
        return pushes.retry(session, push, actor=world.people[by], at=world.at, op=op)


def acknowledge(
    world: World, push: int, words: str = "来函 2021-5 号", *, by: str = "liaison", op: str = ""
) -> Attempt:
    with world.database.transaction() as session:
        return pushes.acknowledge(session, push, words, actor=world.people[by], at=world.at, op=op)


def ask_recall(world: World, push: int, reason: str = "内容有误", *, by: str = "liaison", op: str = "") -> Any:
    with world.database.transaction() as session:
        return pushes.ask_recall(session, push, reason, actor=world.people[by], at=world.at, op=op)


def lose_role(world: World, login: str = "liaison") -> None:
    with world.database.transaction() as session:
        session.execute(delete(PersonGrant).where(PersonGrant.person_id == world.people[login].id))


def another_liaison(world: World) -> str:
    with world.database.transaction() as session:
        made = world.people["checker"].id
        people.grant(session, made, Role.LIAISON, actor=world.people["administrator"], at=world.at)
    with world.database.reading() as session:
        world.people = {**world.people, "checker": people.actor_of(session.get_one(Person, made))}
    return "checker"


def abroad(world: World) -> list[str]:
    folder = world.folder / "abroad"
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


def package(world: World, push: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(world.folder / "abroad" / f"{row(world, push).key}.zip")


# ---- starting --------------------------------------------------------------------------------------------------------


def test_a_push_is_queued_and_the_case_stays_published(world: World) -> None:
    case, push = queued(world)
    assert states(world, case, push) == (PushState.QUEUED, PUBLISHED)
    assert [(one.action, one.person_id) for one in world.events(case, "push.create")] == [
        ("push.create", world.people["liaison"].id)
    ]


def test_a_push_that_a_rule_stops_is_on_the_cases_record_and_nothing_is_queued(world: World) -> None:
    case = world.case(PUBLISHED)
    attempt = world.start_push(case)
    assert (attempt.outcome, rules(attempt)) == (Outcome.REFUSED, [*NOTHING_READY])
    [event] = world.events(case, "case.push")
    assert (event.outcome, [one["rule"] for one in json.loads(event.body)["findings"]]) == (
        "refused",
        [*NOTHING_READY],
    )
    with world.database.reading() as session:
        assert session.query(Push).count() == 0


@pytest.mark.parametrize("person", ["desk", "editor", "director", "author", "auditor"])
def test_nobody_but_a_liaison_starts_a_push(world: World, person: str) -> None:
    case = published(world)
    with pytest.raises(NotPermitted):
        world.start_push(case, by=person)


def test_only_a_published_case_is_pushed(world: World) -> None:
    for state in (CaseState.SHORTLISTED, CaseState.RETRACTED, PUSHED):
        with pytest.raises(NoSuchTransition):
            world.start_push(world.case(state))


def test_the_same_form_starts_one_push_with_one_receipt(world: World) -> None:
    case = published(world)
    first, again = world.start_push(case, op="form-1"), world.start_push(case, op="form-1")
    assert (first.done, again.done, first.receipt) == (True, True, again.receipt)
    with world.database.reading() as session:
        assert session.query(Push).count() == 1


def test_a_refused_form_stays_refused_though_the_case_was_mended_meanwhile(world: World) -> None:
    case = world.case(PUBLISHED)
    first = world.start_push(case, op="form-1")
    world.ready_to_push(case)
    again = world.start_push(case, op="form-1")
    assert (again.outcome, again.receipt, rules(again)) == (Outcome.REFUSED, first.receipt, rules(first))
    assert world.start_push(case, op="form-2").done


def test_a_second_push_waits_for_the_first(world: World) -> None:
    case, _ = queued(world)
    with pytest.raises(AlreadyOnItsWay):
        world.start_push(case)


def test_who_looked_at_another_state_is_told_so(world: World) -> None:
    case = published(world)
    mark = world.row(case).mark
    world.walk(case, "retract", "republish")
    with pytest.raises(Overtaken):
        world.start_push(case, seen=mark)


def test_a_call_that_sends_nothing_abroad_has_no_push(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = published(world)
    at_home = replace(world.call, push=None)
    monkeypatch.setattr(pushes, "call_of", lambda *_: at_home)
    with pytest.raises(NoSuchTransition, match="does not send cases abroad"):
        world.start_push(case)


# ---- a folder --------------------------------------------------------------------------------------------------------


def test_a_delivery_into_a_folder_is_acknowledged_and_moves_the_case_in_the_liaisons_name(world: World) -> None:
    case, push = queued(world)
    words = world.deliver(push)
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)
    digest = hashlib.sha256((world.folder / "abroad" / f"{row(world, push).key}.zip").read_bytes()).hexdigest()
    assert (row(world, push).package, digest in words, row(world, push).acknowledgement) == (digest, True, words)
    assert [
        (one.action, one.person_id) for one in world.events(case, "push.send", "push.acknowledge", "case.push")
    ] == [
        ("push.send", None),
        ("case.push", world.people["liaison"].id),
        ("push.acknowledge", None),
    ]
    assert world.post.files.get(digest) == (world.folder / "abroad" / f"{row(world, push).key}.zip").read_bytes()


def test_a_delivery_that_runs_twice_changes_nothing_more(world: World) -> None:
    case, push = queued(world)
    world.deliver(push)
    before = [one.hash for one in world.events(case)]
    assert world.deliver(push) == "nothing to deliver"
    assert [one.hash for one in world.events(case)] == before


class Crash(Exception):
    """The power went."""


@pytest.mark.parametrize("line", ["_prepare", "deliver", "_record", "_acknowledged", "_with_case"])
def test_a_delivery_that_crashed_at_any_step_is_completed_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """The step itself still happens where it is outside the database, and is rolled back where it is inside."""
    case, push = queued(world)
    where: Any = delivery if line == "deliver" else pushes
    real: Callable[..., Any] = getattr(where, line)

    def crash(*arguments: Any, **more: Any) -> None:
        real(*arguments, **more)
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(where, line, crash)
        with pytest.raises(Crash):
            world.deliver(push)
    world.deliver(push)
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)
    assert len(world.events(case, "case.push")) == 1
    assert abroad(world) == [f"{row(world, push).key}.zip"]


def test_push_and_case_move_together_or_not_at_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case, push = queued(world)

    def crash(*_: Any, **__: Any) -> None:
        raise Crash

    real = pushes._record
    with monkeypatch.context() as patched:
        patched.setattr(
            pushes,
            "_record",
            lambda session, row, attempt, *more: (
                crash() if attempt.transition.name == "acknowledge" else real(session, row, attempt, *more)
            ),
        )
        with pytest.raises(Crash):
            world.deliver(push)
    assert states(world, case, push) == (PushState.SENT, PUBLISHED)


def test_a_folder_that_cannot_be_written_fails_the_push_and_a_retry_delivers(world: World) -> None:
    blocked = world.folder / "blocked"
    blocked.write_text("a file, no folder")
    case, push = queued(world, blocked.as_uri())
    world.deliver(push)
    assert states(world, case, push) == (PushState.FAILED, PUBLISHED)
    assert str(blocked) in row(world, push).note
    blocked.unlink()
    went(retry(world, push))
    assert (row(world, push).note, world.state_of_push(push)) == ("", PushState.QUEUED)
    world.deliver(push)
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)


def test_an_unknown_kind_of_destination_fails_the_push_with_its_name(world: World) -> None:
    case, push = queued(world, "gopher://receiver.example")
    assert world.deliver(push) == "unknown destination gopher://receiver.example"
    assert states(world, case, push) == (PushState.FAILED, PUBLISHED)


def test_a_picture_that_the_store_lost_fails_the_push_instead_of_leaving_it_queued(world: World) -> None:
    case, push = queued(world)
    with world.database.transaction() as session:
        found = session.get_one(Case, case)
        owner = stored_papers.Owner(found.stream, case_id=case)
        lost = stored_papers.Kept("图.png", "image/png", "0" * 64, 1)
        stored_papers.attach(session, owner, "picture", [lost], world.people["author"], world.at, "")
    world.deliver(push)
    assert states(world, case, push) == (PushState.FAILED, PUBLISHED)
    assert "0" * 64 in row(world, push).note
    assert abroad(world) == []


# ---- what changed on the way -----------------------------------------------------------------------------------------


def spoil_consent(world: World, case: int) -> None:
    world.consent(case, "")


def spoil_english(world: World, case: int) -> None:
    world.translate(case, title=" ")


def retract(world: World, case: int) -> None:
    went(world.act(case, "retract"))


def lose_liaison(world: World, _case: int) -> None:
    lose_role(world)


def disable_liaison(world: World, _case: int) -> None:
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.login == "liaison").values(active=False))


SPOILT = {
    spoil_consent: "同意",
    spoil_english: "英文稿缺少",
    retract: "已撤下",
    lose_liaison: "已不是国际联络人",
    disable_liaison: "已不是国际联络人",
}


@pytest.mark.parametrize(("spoil", "said"), SPOILT.items())
def test_nothing_leaves_that_can_no_longer_be_pushed(
    world: World, spoil: Callable[[World, int], None], said: str
) -> None:
    case, push = queued(world)
    spoil(world, case)
    before = world.state(case)
    assert said in world.deliver(push)
    assert (states(world, case, push), abroad(world)) == ((PushState.FAILED, before), [])
    assert said in row(world, push).note


def test_what_kept_a_queued_push_back_is_on_the_cases_record(world: World) -> None:
    case, push = queued(world)
    world.translate(case, title=" ")
    world.deliver(push)
    assert [(one.action, one.outcome) for one in world.events(case, "case.push")] == [("case.push", "refused")]


def test_english_spoilt_between_sending_and_acknowledgement_refuses_both_on_record(world: World, web: Web) -> None:
    case, push = queued(world, web.url)
    web.will_answer(202)
    world.deliver(push)
    assert states(world, case, push) == (PushState.SENT, PUBLISHED)
    world.translate(case, title=" ")
    attempt = acknowledge(world, push)
    assert (attempt.outcome, rules(attempt)) == (Outcome.REFUSED, ["english_is_current", "english_checked"])
    assert states(world, case, push) == (PushState.SENT, PUBLISHED)
    assert [one.outcome for one in world.events(case, "push.acknowledge", "case.push")] == ["refused", "refused"]
    world.translate(case)
    world.check_english(case)
    assert acknowledge(world, push).done
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)


def test_another_liaison_takes_up_what_a_former_one_started(world: World) -> None:
    case, push = queued(world)
    lose_role(world)
    world.deliver(push)
    other = another_liaison(world)
    went(retry(world, push, by=other))
    world.deliver(push)
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)
    assert [one.person_id for one in world.events(case, "case.push")] == [world.people[other].id]


def test_a_failed_push_is_not_sent_again_while_or_after_another_one_took_the_case(world: World) -> None:
    case, push = queued(world, "nowhere://closed.example")
    world.deliver(push)
    other = world.push(case)
    with pytest.raises(AlreadyOnItsWay):
        retry(world, push)
    world.deliver(other)
    with pytest.raises(NoSuchTransition):
        retry(world, push)


def test_a_retry_is_refused_with_its_findings_when_the_case_is_not_ready(world: World) -> None:
    case, push = queued(world, "nowhere://closed.example")
    world.deliver(push)
    world.consent(case, "")
    attempt = retry(world, push, op="form-1")
    assert (rules(attempt), world.state_of_push(push)) == (["consent_given"], PushState.FAILED)
    world.consent(case)
    assert retry(world, push, op="form-1").receipt == attempt.receipt
    assert retry(world, push, op="form-2").done


def test_the_same_form_retries_once(world: World) -> None:
    _, push = queued(world, "nowhere://closed.example")
    world.deliver(push)
    assert retry(world, push, op="form-1").receipt == retry(world, push, op="form-1").receipt


# ---- the package -----------------------------------------------------------------------------------------------------


def test_the_package_holds_both_languages_and_no_contact(world: World) -> None:
    form = {one.name: "机密" for one in world.call.report_form}
    content = world.content()
    private = {"contact": "联系人张三", "phone": "13912345678", "email": "zhang@private.example"}
    known = content.form
    case = world.case(PUBLISHED, content.changed(form={**known, **private}))
    world.ready_to_push(case)
    push = world.push(case)
    world.deliver(push)
    packed = package(world, push)
    everything = b"".join(deep(packed))
    assert form
    for secret in private.values():
        assert secret.encode() not in everything
    assert content.title.encode() in everything
    assert b"A case" in everything


def deep(packed: zipfile.ZipFile) -> Iterator[bytes]:
    """Every byte of a package, zips inside it unpacked too."""
    for name in packed.namelist():
        data = packed.read(name)
        yield data
        if name.endswith(".docx"):
            yield from deep(zipfile.ZipFile(BytesIO(data)))


# ---- HTTP ------------------------------------------------------------------------------------------------------------


def test_a_web_receiver_gets_the_package_under_its_key_and_its_200_acknowledges(world: World, web: Web) -> None:
    case, push = queued(world, web.url)
    world.deliver(push)
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)
    [heard] = web.heard
    assert (heard.method, heard.path, heard.headers["Content-Type"]) == ("POST", "/cases", "application/zip")
    assert heard.headers["Idempotency-Key"] == row(world, push).key
    assert heard.headers["X-Content-SHA256"] == hashlib.sha256(heard.body).hexdigest() == row(world, push).package
    assert row(world, push).acknowledgement == "HTTP 200 received"


@pytest.mark.parametrize("status", [201, 204])
def test_created_and_no_content_acknowledge_too(world: World, web: Web, status: int) -> None:
    case, push = queued(world, web.url)
    web.will_answer(status)
    world.deliver(push)
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)


@pytest.mark.parametrize("status", [400, 422])
def test_a_web_receiver_that_says_no_fails_the_push_and_a_retry_delivers(world: World, web: Web, status: int) -> None:
    case, push = queued(world, web.url)
    web.will_answer(status, 200, words=b"full\0 up")
    world.deliver(push)
    assert (states(world, case, push), row(world, push).note) == (
        (PushState.FAILED, PUBLISHED),
        f"HTTP {status} full up",
    )
    went(retry(world, push))
    world.deliver(push)
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)
    key = row(world, push).key
    assert [one.headers["Idempotency-Key"] for one in web.heard] == [key, f"{key}.2"]


def test_a_redirect_is_no_acknowledgement(world: World, web: Web) -> None:
    case, push = queued(world, web.url)
    web.will_answer(302, 200, Location=web.url)
    world.deliver(push)
    assert states(world, case, push) == (PushState.FAILED, PUBLISHED)
    assert [one.method for one in web.heard] == ["POST"]


def test_a_receiver_that_hangs_up_may_hold_the_package_and_is_asked_on_recall(world: World, web: Web) -> None:
    case, push = queued(world, web.url)
    web.will_answer(0, 404)
    world.deliver(push)
    assert states(world, case, push) == (PushState.SENT, PUBLISHED)
    world.recall(push)
    assert [one.method for one in web.heard] == ["POST", "DELETE"]
    assert states(world, case, push) == (PushState.RECALLED, PUBLISHED)


def test_nobody_listening_fails_the_push_and_its_recall_asks_nobody(world: World) -> None:
    with web_server() as gone:
        closed = gone.url
    case, push = queued(world, closed)
    world.deliver(push)
    assert states(world, case, push) == (PushState.FAILED, PUBLISHED)
    assert "refused" in row(world, push).note.lower()
    world.recall(push)
    assert states(world, case, push) == (PushState.RECALLED, PUBLISHED)


def test_taken_but_not_acknowledged_waits_for_the_liaison(world: World, web: Web) -> None:
    case, push = queued(world, web.url)
    web.will_answer(202)
    world.deliver(push)
    assert states(world, case, push) == (PushState.SENT, PUBLISHED)
    with pytest.raises(ReasonNeeded):
        acknowledge(world, push, "  ")
    with pytest.raises(NotPermitted):
        acknowledge(world, push, by="desk")
    other = another_liaison(world)
    attempts = [acknowledge(world, push, by=other, op="form-1") for _ in range(2)]
    assert attempts[0].receipt == attempts[1].receipt
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)
    assert [one.person_id for one in world.events(case, "case.push")] == [world.people[other].id]


def test_a_web_receiver_is_asked_to_delete_and_its_answer_completes_the_recall(world: World, web: Web) -> None:
    case, push = queued(world, web.url)
    world.deliver(push)
    world.recall(push, "内容有误")
    assert states(world, case, push) == (PushState.RECALLED, PUBLISHED)
    asked = web.heard[-1]
    key = row(world, push).key
    assert (asked.method, asked.path, asked.headers["Idempotency-Key"]) == ("DELETE", f"/cases/{key}", f"{key}.recall")
    assert json.loads(asked.body) == {"key": key, "recalled": True, "reason": "内容有误"}


def test_a_recall_that_the_receiver_does_not_confirm_changes_nothing_but_the_note(world: World, web: Web) -> None:
    case, push = queued(world, web.url)
    world.deliver(push)
    web.will_answer(500)
    with pytest.raises(NotDelivered):
        world.recall(push)
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)
    assert row(world, push).note == "撤回未成功：HTTP 500 received"
    web.will_answer(200)
    assert pushes.recall(world.post, push, world.people["liaison"].id, at=world.at) == "HTTP 200 received"
    assert states(world, case, push) == (PushState.RECALLED, PUBLISHED)


def test_a_recall_that_overtakes_the_delivery_is_told_to_the_receiver_again(
    world: World, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recalled between the package leaving and its being recorded as sent."""
    case, push = queued(world, web.url)
    real = delivery.deliver

    def recalled_meanwhile(*arguments: Any, **more: Any) -> Any:
        web.will_answer(404, 200)
        world.recall(push)
        return real(*arguments, **more)

    monkeypatch.setattr(delivery, "deliver", recalled_meanwhile)
    world.deliver(push)
    assert [one.method for one in web.heard] == ["DELETE", "POST", "DELETE"]
    assert states(world, case, push) == (PushState.RECALLED, PUBLISHED)


# ---- mail ------------------------------------------------------------------------------------------------------------


def by_mail(world: World, mailbox: Mailbox) -> Post:
    files = Files((world.folder / "documents").as_uri())
    return Post(world.database, files, Mailer(mailbox.url, "征集 <push@zhengji.example>", world.database))


def test_a_mailed_push_waits_for_the_acknowledgement_and_is_mailed_once(world: World, mailbox: Mailbox) -> None:
    case, push = queued(world, "mailto:cases@wipo.example")
    post = by_mail(world, mailbox)
    for _ in range(2):
        pushes.deliver(post, push, at=world.at)
    assert states(world, case, push) == (PushState.SENT, PUBLISHED)
    [mail] = mailbox.mails
    key = row(world, push).key
    assert (mail["Message-ID"], mail["To"]) == (f"<push.{key}@zhengji>", "cases@wipo.example")
    [packed] = [part for part in mail.walk() if part.get_filename()]
    assert packed.get_filename() == f"{key}.zip"
    payload = packed.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert hashlib.sha256(payload).hexdigest() == row(world, push).package
    went(acknowledge(world, push))
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)


def test_a_mailed_push_is_recalled_by_mail_and_confirmed_by_the_liaison(world: World, mailbox: Mailbox) -> None:
    case, push = queued(world, "mailto:cases@wipo.example")
    post, liaison = by_mail(world, mailbox), world.people["liaison"]
    pushes.deliver(post, push, at=world.at)
    went(acknowledge(world, push))
    ask_recall(world, push)
    for _ in range(2):
        pushes.recall(post, push, liaison.id, at=world.at)
    key = row(world, push).key
    assert [one["Message-ID"] for one in mailbox.mails] == [f"<push.{key}@zhengji>", f"<{key}.recall@zhengji>"]
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)
    with world.database.transaction() as session:
        pushes.confirm_recall(session, push, "来函确认", liaison, at=world.at)
    assert states(world, case, push) == (PushState.RECALLED, PUBLISHED)
    went(retry(world, push))
    pushes.deliver(post, push, at=world.at)
    assert mailbox.mails[-1]["Message-ID"] == f"<push.{key}.2@zhengji>"
    assert len(mailbox.taken) == 3


def test_without_a_mail_server_a_mailed_push_fails_with_the_settings_name(world: World) -> None:
    case, push = queued(world, "mailto:cases@wipo.example")
    assert "ZHENGJI_SMTP_URL" in world.deliver(push)
    assert states(world, case, push) == (PushState.FAILED, PUBLISHED)


# ---- recalling -------------------------------------------------------------------------------------------------------


def test_a_recall_from_a_folder_leaves_a_notice_and_takes_push_and_case_back(world: World) -> None:
    case, push = queued(world)
    world.deliver(push)
    world.recall(push, "内容有误")
    key = row(world, push).key
    assert (states(world, case, push), abroad(world)) == (
        (PushState.RECALLED, PUBLISHED),
        [f"{key}.recalled.json"],
    )
    notice = json.loads((world.folder / "abroad" / f"{key}.recalled.json").read_bytes())
    assert notice == {"key": key, "recalled": True, "reason": "内容有误"}
    assert [(one.action, one.person_id) for one in world.events(case, "push.recall", "case.recall_push")] == [
        ("push.recall", world.people["liaison"].id),
        ("case.recall_push", world.people["liaison"].id),
    ]
    went(retry(world, push))
    world.deliver(push)
    assert (states(world, case, push), abroad(world)) == ((PushState.ACKNOWLEDGED, PUSHED), [f"{key}.zip"])


def test_a_queued_push_is_recalled_without_asking_anybody(world: World) -> None:
    case, push = queued(world)
    world.recall(push)
    assert (states(world, case, push), abroad(world)) == ((PushState.RECALLED, PUBLISHED), [])
    assert world.deliver(push) == "nothing to deliver"


def test_a_recall_that_runs_twice_changes_nothing_more(world: World) -> None:
    case, push = queued(world)
    world.deliver(push)
    world.recall(push)
    before = [one.hash for one in world.events(case)]
    assert pushes.recall(world.post, push, world.people["liaison"].id, at=world.at) == "nothing to recall"
    assert [one.hash for one in world.events(case)] == before


def test_recalling_a_failed_push_leaves_the_case_to_the_one_that_arrived(world: World, web: Web) -> None:
    case, failed = queued(world, web.url)
    web.will_answer(400)
    world.deliver(failed)
    arrived = world.push(case)
    world.deliver(arrived)
    world.recall(failed)
    assert [one.method for one in web.heard] == ["POST"]  # it said no, so it has nothing to withdraw
    assert (world.state_of_push(failed), world.state_of_push(arrived)) == (PushState.RECALLED, PushState.ACKNOWLEDGED)
    assert world.state(case) is PUSHED


@pytest.mark.reason_given
def test_a_recall_asks_for_a_reason_and_a_liaison(world: World) -> None:
    _, push = queued(world)
    with pytest.raises(ReasonNeeded):
        ask_recall(world, push, " ")
    with pytest.raises(NotPermitted):
        ask_recall(world, push, by="desk")


def test_the_same_form_asks_for_a_recall_once_even_after_it_was_recalled(world: World) -> None:
    _, push = queued(world)
    first = ask_recall(world, push, op="form-1")
    pushes.recall(world.post, push, world.people["liaison"].id, at=world.at)
    assert ask_recall(world, push, op="form-1") == first
    with pytest.raises(NoSuchTransition):
        ask_recall(world, push, op="form-2")


def test_a_recall_is_not_confirmed_in_the_name_of_somebody_who_is_no_liaison_any_more(world: World) -> None:
    case, push = queued(world)
    world.deliver(push)
    ask_recall(world, push)
    lose_role(world)
    with pytest.raises(NotPermitted, match="no liaison any more"):
        pushes.recall(world.post, push, world.people["liaison"].id, at=world.at)
    other = another_liaison(world)
    ask_recall(world, push, by=other)
    pushes.recall(world.post, push, world.people[other].id, at=world.at)
    assert states(world, case, push) == (PushState.RECALLED, PUBLISHED)


@pytest.mark.recall_confirmed
def test_a_recall_that_nobody_asked_for_is_not_confirmed(world: World) -> None:
    _, push = queued(world)
    world.deliver(push)
    with pytest.raises(ReasonNeeded), world.database.transaction() as session:
        pushes.confirm_recall(session, push, "来函", world.people["liaison"], at=world.at)


# ---- who sees it -----------------------------------------------------------------------------------------------------


def test_a_push_is_found_by_those_who_reach_its_case(world: World) -> None:
    _, push = queued(world)
    for person, there in {"author": True, "reviewer": True, "desk": True, "neighbour_author": False}.items():
        with world.database.reading() as session:
            if there:
                assert pushes.find(session, push, world.people[person]).id == push
                continue
            with pytest.raises(NoSuchPush):
                pushes.find(session, push, world.people[person])
    with world.database.reading() as session, pytest.raises(NoSuchPush):
        pushes.find(session, 4711, world.people["desk"])


def test_the_list_of_pushes_is_the_national_offices(world: World) -> None:
    _, push = queued(world)
    with world.database.reading() as session:
        seen = {key: [one.id for one in pushes.every(session, actor)] for key, actor in world.people.items()}
    assert {key for key, listed in seen.items() if listed == [push]} == {
        key
        for key, actor in world.people.items()
        if actor.roles & {Role.LIAISON, Role.DIRECTOR, Role.DESK, Role.AUDITOR}
    }


def test_what_the_system_does_by_itself_is_offered_to_nobody(world: World) -> None:
    _, push = queued(world, "nowhere://closed.example")
    with world.database.reading() as session:
        before = pushes.offers(session, session.get_one(Push, push), actor=world.people["liaison"], at=world.at)
    world.deliver(push)
    with world.database.reading() as session:
        after = pushes.offers(session, session.get_one(Push, push), actor=world.people["liaison"], at=world.at)
    assert [one.transition.name for one in before] == ["recall"]
    assert [one.transition.name for one in after] == ["retry", "recall"]


def test_every_event_of_a_push_is_within_reach_of_its_office(world: World) -> None:
    case, push = queued(world)
    world.deliver(push)
    world.recall(push)
    with world.database.reading() as session:
        offices = set(session.scalars(select(AuditEvent.office_id).where(AuditEvent.stream.startswith(f"push/{push}"))))
    assert offices == {world.offices["first"]}
    assert SYSTEM.id == 0
    assert world.state(case) is PUBLISHED


def test_deliver_waiting_carries_the_queued_push_of_a_case(world: World) -> None:
    case, push = queued(world)
    pushes.deliver_waiting(world.post, case, at=world.at)
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)
    pushes.deliver_waiting(world.post, case, at=world.at)


def test_consent_taken_back_after_the_push_does_not_undo_it_by_itself(world: World) -> None:
    case, push = queued(world)
    world.deliver(push)
    with world.database.transaction() as session:
        editorial.consent(session, case, "", actor=world.people["author"], at=world.at)
    assert states(world, case, push) == (PushState.ACKNOWLEDGED, PUSHED)


def test_the_key_of_a_push_names_a_file_that_stays_in_its_folder(world: World) -> None:
    _, push = queued(world)
    key = row(world, push).key
    assert Path(key).name == key
