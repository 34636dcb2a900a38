"""Receivers that take a package and do not say so: one push each, in a state that people see and settle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from rules.roles import Role
from states.case import CaseState
from states.push import PushState
from tests.workflow.receivers import Depot, Mailbox, depot, mail_server
from tests.workflow.sftp_host import sftp_server
from tests.worlds import CALL_2021, Databases, World, settle, went
from workflow import failpoints, mailing
from workflow.engine import NoSuchTransition, NotPermitted
from workflow.identity import people
from workflow.interchange import delivery, sftp
from workflow.interchange.delivery import Access, NotDelivered
from workflow.mailing import Mailer
from workflow.store.database import Database
from workflow.store.models import Case, Person, PersonGrant, Push
from workflow.wipo import pushes

PUBLISHED, PUSHED = CaseState.PUBLISHED, CaseState.WIPO_PUSHED
ROOT = Path(__file__).parents[2]
SENDER = "征集 <push@zhengji.example>"


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    def publish(database: Database) -> None:
        settle(database, CALL_2021)
        made = World.of(database, tmp_path)
        made.ready_to_push(made.case(PUBLISHED))

    with databases.copy("a published case", publish) as database:
        made = World.of(database, tmp_path)
        made.content()  # the one that stands there already
        yield made


@pytest.fixture
def web() -> Iterator[Depot]:
    with depot() as made:
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for where, name in ((delivery, "TIMEOUT"), (mailing, "TIMEOUT"), (sftp, "WHOLE")):
        monkeypatch.setattr(where, name, 1)


def host_folder(folder: Path) -> Path:
    made = folder / "host"
    made.mkdir()
    return made


def queued(world: World, destination: str) -> tuple[int, int]:
    with world.database.reading() as session:
        case = session.scalars(select(Case.id)).one()
    push = world.push(case)
    world.redirect(push, destination)
    return case, push


def row(world: World, push: int) -> Push:
    with world.database.reading() as session:
        return session.get_one(Push, push)


def states(world: World, case: int, push: int) -> tuple[PushState, bool, CaseState]:
    """Push, whether it is in doubt, case."""
    return world.state_of_push(push), pushes.in_doubt(row(world, push)), world.state(case)


def resend(world: World, push: int, by: str = "liaison", op: str = "") -> Any:
    with world.database.transaction() as session:
        return pushes.resend(session, push, actor=world.people[by], at=world.at, op=op)


def retry(world: World, push: int) -> Any:
    with world.database.transaction() as session:
        return pushes.retry(session, push, actor=world.people["liaison"], at=world.at)


def ask(world: World, push: int, by: str = "liaison", op: str = "", access: Access | None = None) -> str:
    with world.database.transaction() as session:
        pushes.ask_receiver(session, push, actor=world.people[by], at=world.at, op=op)
    return pushes.ask(post(world, access=access), push, at=world.at)


def acknowledge(world: World, push: int, words: str = "来函 2021-5 号") -> Any:
    with world.database.transaction() as session:
        return pushes.acknowledge(session, push, words, actor=world.people["liaison"], at=world.at)


def post(world: World, *, mail: str = "", access: Access | None = None) -> pushes.Post:
    mailer = Mailer(mail, SENDER if mail else "", world.database)
    return pushes.Post(world.database, world.post.files, mailer, access or Access())


IN_DOUBT = (PushState.SENT, True, PUBLISHED)
DONE = (PushState.ACKNOWLEDGED, False, PUSHED)


# ---- HTTPS -----------------------------------------------------------------------------------------------------------


def test_a_receiver_that_takes_it_and_never_answers_leaves_a_doubt_that_asking_settles(
    world: World, web: Depot, impatient: None
) -> None:
    case, push = queued(world, web.url)
    web.manner = "never"
    world.deliver(push)
    assert states(world, case, push) == IN_DOUBT
    assert world.deliver(push) == "nothing to deliver"  # nothing leaves again by itself
    with pytest.raises(pushes.AlreadyOnItsWay):
        world.push(case)
    ask(world, push)
    key = row(world, push).key
    assert states(world, case, push) == DONE
    assert (web.heard, list(web.taken)) == ([f"POST {key}", f"GET {key}"], [key])
    assert [one.action for one in world.events(case, "push.send", "push.acknowledge", "case.push")] == [
        *("push.send", "case.push", "push.acknowledge")
    ]


def test_sent_again_under_the_same_key_the_receiver_holds_it_once(world: World, web: Depot, impatient: None) -> None:
    case, push = queued(world, web.url)
    web.manner = "never"
    world.deliver(push)
    before = row(world, push).package
    web.manner = "well"
    attempts = [resend(world, push, op="form-1") for _ in range(2)]
    assert attempts[0].receipt == attempts[1].receipt
    world.translate(case, "Another title")  # even so the same bytes leave, or the key would lie
    world.check_english(case)
    world.deliver(push)
    key = row(world, push).key
    assert (states(world, case, push), row(world, push).package) == (DONE, before)
    assert (web.heard, len(web.taken)) == ([f"POST {key}", f"POST {key}"], 1)


def test_an_answer_that_comes_late_is_not_heard_and_asking_finds_it(world: World, web: Depot, impatient: None) -> None:
    case, push = queued(world, web.url)
    web.manner = "never"
    world.deliver(push)
    web.release.set()  # it answers now, and nobody listens any more
    web.manner = "well"
    ask(world, push)
    assert (states(world, case, push), len(web.taken)) == (DONE, 1)


def test_a_receiver_that_answers_twice_is_heard_once(world: World, web: Depot) -> None:
    case, push = queued(world, web.url)
    web.manner = "twice"
    world.deliver(push)
    assert (states(world, case, push), len(web.taken)) == (DONE, 1)
    with pytest.raises(NoSuchTransition):  # and what comes by letter besides is told
        acknowledge(world, push)
    assert len(world.events(case, "case.push")) == 1


def test_nonsense_leaves_a_doubt_that_proof_settles(world: World, web: Depot) -> None:
    case, push = queued(world, web.url)
    web.manner = "nonsense"
    world.deliver(push)
    assert states(world, case, push) == IN_DOUBT
    assert "看不懂" in row(world, push).trouble["zh"]
    with pytest.raises(pushes.ReasonNeeded):
        acknowledge(world, push, " ")
    went(acknowledge(world, push))
    assert (states(world, case, push), row(world, push).acknowledgement) == (DONE, "来函 2021-5 号")


def test_an_answer_that_proves_nothing_leaves_the_doubt_and_is_on_record(
    world: World, web: Depot, impatient: None
) -> None:
    case, push = queued(world, web.url)
    web.manner = "never"
    world.deliver(push)
    web.taken.clear()  # it lost it
    assert "HTTP 404" in ask(world, push)
    assert states(world, case, push) == IN_DOUBT
    assert "不能证明" in row(world, push).trouble["zh"]
    assert [one.action for one in world.events(case, "push.ask_receiver", "push.answer")] == [
        *("push.ask_receiver", "push.answer")
    ]
    web.manner = "well"
    went(resend(world, push))
    world.deliver(push)
    assert (states(world, case, push), len(web.taken)) == (DONE, 1)


def test_a_receiver_in_doubt_that_is_away_keeps_the_doubt(world: World, impatient: None) -> None:
    with depot() as gone:
        case, push = queued(world, gone.url)
        gone.manner = "never"
        world.deliver(push)
    with pytest.raises(NotDelivered):
        ask(world, push)
    assert states(world, case, push) == IN_DOUBT
    went(resend(world, push))
    world.deliver(push)  # it cannot be reached, and may hold the first one all the same
    assert states(world, case, push) == IN_DOUBT


def test_a_push_in_doubt_is_recalled(world: World, web: Depot, impatient: None) -> None:
    case, push = queued(world, web.url)
    web.manner = "never"
    world.deliver(push)
    world.redirect(push, world.destination)
    world.recall(push)
    assert states(world, case, push) == (PushState.RECALLED, False, PUBLISHED)


def test_only_a_liaison_settles_a_doubt_and_only_where_there_is_one(world: World, web: Depot) -> None:
    _case, push = queued(world, web.url)
    with pytest.raises(NotPermitted):
        ask(world, push, by="desk")
    with pytest.raises(NoSuchTransition):
        resend(world, push)
    with pytest.raises(pushes.NotAskable):  # nothing has left
        ask(world, push)
    web.manner = "nonsense"
    world.deliver(push)
    with pytest.raises(NotPermitted):
        resend(world, push, by="desk")
    went(acknowledge(world, push))
    with pytest.raises(NoSuchTransition):
        resend(world, push)


# ---- the receiver has it, and its case moved on ---------------------------------------------------------------------


def moved_on_while_delivering(world: World, push: int, change: Callable[[], Any]) -> None:
    """Something happens to the case between the package's being handed over and that being recorded."""
    with failpoints.armed("push.handed_over", change):
        world.deliver(push)


def behind(world: World, push: int) -> tuple[PushState, bool, bool]:
    found = row(world, push)
    return world.state_of_push(push), pushes.stayed_behind(found), pushes.in_doubt(found)


BEHIND = (PushState.SENT, True, False)


def test_a_case_retracted_while_the_receiver_takes_it_stays_and_is_never_sent_again(world: World, web: Depot) -> None:
    case, push = queued(world, web.url)
    moved_on_while_delivering(world, push, lambda: went(world.act(case, "retract")))
    found = row(world, push)
    assert (behind(world, push), world.state(case)) == (BEHIND, CaseState.RETRACTED)
    assert found.acknowledgement.startswith("HTTP 201")
    assert found.trouble["zh"] == "案例现在是“已撤下”，不能成为“已推送 WIPO”。"
    assert [(one.action, one.outcome) for one in world.events(case, "push.acknowledge", "push.stay_behind")] == [
        ("push.acknowledge", "refused"),
        ("push.stay_behind", "done"),
    ]
    failure = pushes.failed(world.database, push)
    assert failure is not None
    assert failure.lasting
    for again in (resend, retry):
        with pytest.raises(NoSuchTransition):
            again(world, push)
    with pytest.raises(pushes.NotAskable):
        ask(world, push)
    world.deliver(push)
    went(world.act(case, "republish"))
    with pytest.raises(pushes.AlreadyOnItsWay):
        world.start_push(case)
    world.deliver(push)
    assert (behind(world, push), len(web.heard)) == (BEHIND, 1)
    went(acknowledge(world, push))
    assert (states(world, case, push), row(world, push).trouble) == (DONE, {})


def test_what_stayed_behind_is_recalled_and_only_then_sent_anew(world: World, web: Depot) -> None:
    case, push = queued(world, web.url)
    moved_on_while_delivering(world, push, lambda: went(world.act(case, "retract")))
    world.recall(push)
    assert states(world, case, push) == (PushState.RECALLED, False, CaseState.RETRACTED)
    went(world.act(case, "republish"))
    went(retry(world, push))
    assert row(world, push).acknowledgement == ""
    web.manner = "nonsense"
    world.deliver(push)
    assert states(world, case, push) == IN_DOUBT  # what it said of the first sending counts for nothing
    key = row(world, push).key
    assert [one.split()[0] for one in web.heard] == ["POST", "DELETE", "POST"]
    assert f"{key}.2" in web.taken


def test_a_letter_for_a_case_that_cannot_follow_is_kept_with_what_stands_in_the_way(world: World, web: Depot) -> None:
    case, push = queued(world, web.url)
    web.manner = "nonsense"
    world.deliver(push)
    world.agree_abroad(case, "")
    attempt = acknowledge(world, push)
    assert ([one.rule for one in attempt.findings], behind(world, push)) == (["consent_abroad_given"], BEHIND)
    assert (row(world, push).acknowledgement, world.state(case)) == ("来函 2021-5 号", PUBLISHED)
    assert "还没有登记向国外推送的书面同意" in row(world, push).trouble["zh"]
    world.agree_abroad(case)
    went(acknowledge(world, push))
    assert states(world, case, push) == DONE


def test_another_liaison_completes_what_a_former_ones_push_left(world: World, web: Depot) -> None:
    case, push = queued(world, web.url)

    def leave() -> None:
        with world.database.transaction() as session:
            session.execute(delete(PersonGrant).where(PersonGrant.person_id == world.people["liaison"].id))
            other = world.people["checker"].id
            people.grant(session, other, Role.LIAISON, actor=world.people["administrator"], at=world.at)

    moved_on_while_delivering(world, push, leave)
    assert behind(world, push) == BEHIND
    with world.database.transaction() as session:
        other = people.actor_of(session.get_one(Person, world.people["checker"].id))
        went(pushes.acknowledge(session, push, "来函", actor=other, at=world.at))
    assert states(world, case, push) == DONE


# ---- SFTP, folder, mail ----------------------------------------------------------------------------------------------


def test_an_sftp_host_that_falls_silent_after_it_took_it_is_asked(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sftp_server(host_folder(tmp_path)) as host:
        case, push = queued(world, host.url)
        real = sftp._put

        async def and_then_nothing(client: Any, *more: Any) -> str:
            await real(client, *more)
            raise TimeoutError

        with monkeypatch.context() as patched:
            patched.setattr(sftp, "_put", and_then_nothing)
            pushes.deliver(post(world, access=host.access), push, at=world.at)
        assert states(world, case, push) == IN_DOUBT
        ask(world, push, access=host.access)
        assert states(world, case, push) == DONE
        assert [one.name for one in (host.root / "incoming").iterdir()] == [f"{row(world, push).key}.zip"]


def test_a_mail_server_that_takes_it_and_never_answers_leaves_a_doubt_and_gets_no_second_mail(
    world: World, impatient: None
) -> None:
    box = Mailbox(silent=3)
    with mail_server(box):
        case, push = queued(world, "mailto:cases@wipo.example")
        carried = post(world, mail=box.url)
        for _ in range(2):
            pushes.deliver(carried, push, at=world.at)
        assert states(world, case, push) == IN_DOUBT
        assert len(box.taken) == 1
        with pytest.raises(pushes.NotAskable):
            ask(world, push)
        went(acknowledge(world, push))
        assert states(world, case, push) == DONE


# ---- the worker is killed between sending and recording --------------------------------------------------------------

KILLED = """
import sys
from datetime import datetime
from workflow.interchange.delivery import Access
from workflow.mailing import Mailer
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.wipo import pushes
database, documents, push, at, mail, sender, secret, known = sys.argv[1:]
held = Database(database)
carried = pushes.Post(held, Files(documents), Mailer(mail, sender, held), Access(secret, "", known))
pushes.deliver(carried, int(push), at=datetime.fromisoformat(at))
"""


def killed_while_delivering(world: World, push: int, *, at: str, mail: str = "", access: Access | None = None) -> None:
    """A process of its own delivers, and is killed (SIGKILL) where the receiver has taken it and nothing is recorded."""
    lets_in = access or Access()
    where = (world.database.url, (world.folder / "documents").as_uri(), str(push), world.at.isoformat())
    words = (mail, SENDER if mail else "", lets_in.secret, lets_in.known_hosts)
    armed = {**os.environ, "ZHENGJI_TESTING": "1", "ZHENGJI_FAILPOINTS": f"{at}=kill"}
    made = subprocess.run([sys.executable, "-c", KILLED, *where, *words], env=armed, cwd=ROOT, timeout=120, check=False)
    assert made.returncode == -signal.SIGKILL


def test_a_killed_worker_and_the_next_one_give_a_web_receiver_one_package(world: World, web: Depot) -> None:
    case, push = queued(world, web.url)
    killed_while_delivering(world, push, at="push.handed_over")
    assert states(world, case, push) == (PushState.QUEUED, False, PUBLISHED)
    world.deliver(push)
    key = row(world, push).key
    assert (states(world, case, push), web.heard) == (DONE, [f"POST {key}", f"POST {key}"])
    assert [name for name, _ in web.taken.values()] == [key]


def test_a_killed_worker_and_the_next_one_give_an_sftp_host_one_package(world: World, tmp_path: Path) -> None:
    with sftp_server(host_folder(tmp_path)) as host:
        case, push = queued(world, host.url)
        killed_while_delivering(world, push, at="push.handed_over", access=host.access)
        pushes.deliver(post(world, access=host.access), push, at=world.at)
        assert states(world, case, push) == DONE
        assert [one.name for one in (host.root / "incoming").iterdir()] == [f"{row(world, push).key}.zip"]


def test_a_killed_worker_sends_no_second_mail_by_itself(world: World) -> None:
    with mail_server() as box:
        case, push = queued(world, "mailto:cases@wipo.example")
        killed_while_delivering(world, push, at="mail.taken", mail=box.url)
        carried = post(world, mail=box.url)
        for _ in range(2):
            pushes.deliver(carried, push, at=world.at)
        assert (states(world, case, push), len(box.taken)) == (IN_DOUBT, 1)
        went(resend(world, push))  # a person says so, having asked
        pushes.deliver(carried, push, at=world.at)
        assert states(world, case, push) == (PushState.SENT, False, PUBLISHED)
        assert {one["Message-ID"] for one in box.mails} == {f"<push.{row(world, push).key}@zhengji>"}
