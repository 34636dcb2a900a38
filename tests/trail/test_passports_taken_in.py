"""Passports from another installation: taken in once, whole, and counted nowhere; refused with place and reason."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import func, select

from rules.roles import Role
from states.reach import SYSTEM, Actor
from tests.trail.test_passport import opened, published, sign, take, taken, written  # noqa: F401 (the fixture)
from tests.worlds import CALL_2021, Databases, World, world_under
from workflow.audit import log
from workflow.documents.problems import Unreadable
from workflow.engine import NotPermitted
from workflow.identity import people
from workflow.settings import from_environment
from workflow.store import copies
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import AuditEvent, Case, ImportedCase, PriorReport
from workflow.wipo import passports

pytestmark = pytest.mark.once


@pytest.fixture
def elsewhere(database: Database, tmp_path: Path, world: World) -> tuple[Database, Files, dict[str, Actor]]:
    """Another installation, with a desk officer, an auditor and an editor."""
    settings = from_environment(
        {"ZHENGJI_HOME": str(tmp_path), "ZHENGJI_ARGON2_TIME": "1", "ZHENGJI_ARGON2_MEMORY": "64"}
    )
    actors = {}
    with database.transaction() as session:
        for role in (Role.DESK, Role.AUDITOR, Role.EDITOR):
            made = people.create(
                session, settings, login=str(role), name="王理", password="a long password 1", actor=SYSTEM, at=world.at
            )
            people.grant(session, made, role, None, actor=SYSTEM, at=world.at)
            person = people.by_id(session, made)
            assert person is not None
            actors[str(role)] = people.actor_of(person)
    return database, Files((tmp_path / "documents").as_uri()), actors


def counted(database: Database, model: type) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_it_comes_in_once_with_its_history_and_is_no_case_of_ours(taken, elsewhere, world) -> None:  # noqa: F811
    database, files, actors = elsewhere
    done = [
        passports.take_in(database, files, "p.zip", taken.by["desk"], key=taken.key, actor=actors["desk"], at=world.at)
        for _ in range(2)
    ]
    assert [(one.number, one.again) for one in done] == [(taken.number, False), (taken.number, True)]
    assert (counted(database, ImportedCase), counted(database, Case), counted(database, PriorReport)) == (1, 0, 1)
    with database.reading() as session:
        kept = passports.find(session, done[0].id, actor=actors["auditor"])
        assert (kept.pinned, files.get(kept.passport)) == (True, taken.by["desk"])
        assert kept.passport in copies.documents(session)
        told = [(one.what.zh, one.done) for one in passports.history(kept)]
        actions = list(session.scalars(select(AuditEvent.action).where(AuditEvent.stream.like("passports/%"))))
    assert {("新建案例", True), ("公开发布", True), ("撤下发布", False)} <= set(told)
    assert actions == ["passport.import"]


def test_what_does_not_verify_is_refused_with_place_and_reason(taken, elsewhere, world, tmp_path: Path) -> None:  # noqa: F811
    database, files, actors = elsewhere
    members = opened(taken.by["desk"])
    members["case.md"] += b"x"
    data = written(members, tmp_path / "forged.zip").read_bytes()
    with pytest.raises(passports.NotImported, match=r"case\.md"):
        passports.take_in(database, files, "p.zip", data, actor=actors["desk"], at=world.at)
    assert counted(database, ImportedCase) == 0
    with database.reading() as session:
        [refused] = session.scalars(select(AuditEvent).where(AuditEvent.action == "passport.refuse"))
    assert refused.outcome == "refused"


def test_a_key_of_another_log_a_wrong_key_and_our_own_case_are_refused(taken, elsewhere, world, tmp_path) -> None:  # noqa: F811
    database, files, actors = elsewhere
    own = log.signer(database, tmp_path / "key.pem", world.at).key.text
    for key in (own, "zhengji/nothing"):
        with pytest.raises(passports.NotImported):
            passports.take_in(database, files, "p.zip", taken.by["desk"], key=key, actor=actors["desk"], at=world.at)
    with pytest.raises(passports.NotImported, match=r"自己的案例|our own case"):
        passports.take_in(world.database, files, "p.zip", taken.by["desk"], actor=world.people["desk"], at=world.at)


@pytest.fixture(scope="module")
def pushed(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The passport of a case that has English, went abroad and was recalled."""
    with world_under(databases, CALL_2021, tmp_path_factory.mktemp("pushed")) as there:
        case = published(there)
        there.ready_to_push(case)
        push = there.push(case)
        there.deliver(push)
        there.recall(push)
        sign(there)
        return take(there, case, "desk")


def test_a_case_that_went_abroad_and_was_recalled_comes_with_its_english_and_all_of_that(
    pushed: bytes, elsewhere, world
) -> None:
    database, files, actors = elsewhere
    done = passports.take_in(database, files, "p.zip", pushed, actor=actors["desk"], at=world.at)
    with database.reading() as session:
        kept = passports.find(session, done.id, actor=actors["auditor"])
        told = [one.what.zh for one in passports.history(kept) if one.done]
    assert {"认定成效显著", "复核成效认定", "保存英文版", "校对英文", "推送 WIPO", "撤回推送"} <= set(told)
    english = kept.record["english"]
    assert (english["title"], english["current"], "What was done." in english["text"]) == ("A case", True, True)
    assert kept.record["headings"].keys() == {one.id for one in world.call.sections}


def listed_anew(members: dict[str, bytes], name: str, data: bytes) -> None:
    """A file that no entry binds, exchanged together with the manifest's digest of it."""
    members[name] = data
    manifest = json.loads(members["manifest.json"])
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    members["manifest.json"] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("english.json", b"[1]"),
        ("english.json", b'{"title": "x"}'),
        ("english.json", b"\xff"),
        ("english.json", b"[" * 200_000),
        ("call/call.toml", b"x = " + b"[" * 200_000),
        ("call/call.toml", b"sections = 3"),
        ("call/call.toml", b"[[sections]]\nid = 'x'"),
        ("call/call.toml", b"\x00"),
    ],
)
def test_what_no_entry_binds_is_not_believed_to_be_well_formed(
    pushed: bytes, elsewhere, world, tmp_path: Path, name: str, data: bytes
) -> None:
    database, files, actors = elsewhere
    members = opened(pushed)
    listed_anew(members, name, data)
    forged = written(members, tmp_path / "p.zip").read_bytes()
    with pytest.raises(passports.NotImported):
        passports.take_in(database, files, "p.zip", forged, actor=actors["desk"], at=world.at)
    assert counted(database, ImportedCase) == 0


@pytest.mark.parametrize("name", ["../p.json", "/etc/passwd"])
def test_a_hostile_archive_is_refused_at_the_door(taken, elsewhere, world, name: str) -> None:  # noqa: F811
    database, files, actors = elsewhere
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(Unreadable):
        passports.take_in(database, files, "p.zip", made.getvalue(), actor=actors["desk"], at=world.at)


def test_the_desk_imports_the_auditor_looks_and_others_know_of_nothing(elsewhere, world) -> None:
    _, _, actors = elsewhere
    passports.check_imports(actors["desk"])
    with pytest.raises(NotPermitted):
        passports.check_imports(actors["auditor"])
    with pytest.raises(passports.NoSuchPassport):
        passports.check_imports(actors["editor"])
