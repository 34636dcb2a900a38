"""The passport of a case: it proves itself alone, and whatever is changed in it is found and located."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from states.case import CaseState
from tests.trail.test_verifier import run
from tests.worlds import CALL_2021, Databases, World, world_under
from workflow import cases, papers
from workflow.audit import log
from workflow.audit.verifier.zhengji_verify import Key, Passport
from workflow.demo import scans
from workflow.interchange import passport
from workflow.store.files import Files

pytestmark = pytest.mark.once


@dataclass(frozen=True)
class Taken:
    """Passports of one published case, by who took them, and the public key."""

    by: dict[str, bytes]
    key: str
    number: str


def take(world: World, case: int, login: str) -> bytes:
    actor = world.people[login]
    with world.database.reading() as session:
        found = cases.find(session, case, actor)
        return passport.build(session, files_of(world), found, actor=actor, demo=False)


def files_of(world: World) -> Files:
    return Files((world.folder / "documents").as_uri())


def published(world: World) -> int:
    """A published case whose scan lies in the document store."""
    case = world.draft()
    with world.database.transaction() as session:
        unit = cases.find(session, case, world.people["sealer"]).centre.host_unit
        scan = papers.keep(
            files_of(world), "scan", "扫描件.jpg", scans.form_scan("案例报送表", {"案例名称": "一例"}, unit)
        )
        papers.seal(session, case, scan, unit, actor=world.people["sealer"], at=world.at)
    return world.walk(case, "stamp", "review", "submit", "shortlist", "publish")


def sign(world: World) -> str:
    signer = log.signer(world.database, world.folder / "key.pem", world.at)
    log.sequence(world.database)
    assert log.checkpoint(world.database, signer, world.at + timedelta(minutes=1)) is not None
    return signer.key.text


@pytest.fixture(scope="module")
def taken(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    folder = tmp_path_factory.mktemp("passport")
    with world_under(databases, CALL_2021, folder) as world:
        case = published(world)
        world.act(case, "retract", remark="")  # refused: it stands in the stream of tries
        key = sign(world)
        by = {login: take(world, case, login) for login in ("desk", "author", "editor")}
        with world.database.reading() as session:
            number = cases.find(session, case, world.people["desk"]).number
    return Taken(by, key, number)


Members = dict[str, bytes]


def opened(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(members: Members, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def verified(path: Path, key: str = "") -> Passport:
    return Passport(Key(key) if key else None).file(str(path))


def test_anybody_verifies_it_alone_by_the_key(taken: Taken, tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(taken.by["desk"])
    done = run(tmp_path, "p.zip", "--key", taken.key, "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["findings"], said["checkpoints"]) == (0, [], 1)
    members = opened(taken.by["desk"])
    manifest = json.loads(members["manifest.json"])
    assert manifest["case"]["number"] == taken.number
    assert manifest["case"]["state"] == CaseState.PUBLISHED
    assert {"case.md", "call/call.toml", "call/notice.md", "revisions/0001.json", "sign_offs.json"} <= members.keys()
    assert [one["withheld"] for one in manifest["papers"]] == ["" for _ in manifest["papers"]]


def test_papers_with_contacts_are_for_those_who_handle_the_case(taken: Taken, tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(taken.by["editor"])
    members = opened(taken.by["editor"])
    papers = {one["slot"]: one for one in json.loads(members["manifest.json"])["papers"]}
    assert (papers["scan"]["withheld"], papers["scan"]["file"]) == ("contacts", None)
    assert not any("扫描件" in name for name in members)
    assert verified(tmp_path / "p.zip", taken.key).findings == []


def test_it_is_refused_until_a_checkpoint_covers_all_of_it(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    sign(world)
    world.walk(case, "review")
    with pytest.raises(passport.NotCovered):
        take(world, case, "reviewer")


def changed_paper(members: Members) -> None:
    name = next(one for one in members if one.startswith("papers/"))
    members[name] += b"x"


def other_paper(members: Members) -> None:
    """A paper exchanged together with the manifest's digest of it."""
    manifest = json.loads(members["manifest.json"])
    paper = next(one for one in manifest["papers"] if one["file"])
    members[paper["file"]] = b"forged"
    paper["sha256"] = manifest["files"][paper["file"]]["sha256"] = hashlib.sha256(b"forged").hexdigest()
    members["manifest.json"] = json.dumps(manifest).encode()


def dropped_paper(members: Members) -> None:
    del members[next(one for one in members if one.startswith("papers/"))]


def more_files(members: Members) -> None:
    members["extra.txt"] = b"x"


def changed_text(members: Members) -> None:
    members["revisions/0001.json"] = members["revisions/0001.json"].replace(b"2021", b"2020")


def other_number(members: Members) -> None:
    members["manifest.json"] = members["manifest.json"].replace(b"2021-205-", b"2021-206-")


def other_state(members: Members) -> None:
    members["manifest.json"] = members["manifest.json"].replace(b'"state": "published"', b'"state": "wipo_pushed"')


def changed_entry(members: Members) -> None:
    members["trail.jsonl"] = members["trail.jsonl"].replace(b'"action":"case.review"', b'"action":"case.decline"', 1)


def dropped_entry(members: Members) -> None:
    lines = members["trail.jsonl"].split(b"\n")
    members["trail.jsonl"] = b"\n".join(one for one in lines if b'"action":"case.review"' not in one)


def no_checkpoint(members: Members) -> None:
    lines = members["trail.jsonl"].split(b"\n")
    members["trail.jsonl"] = b"\n".join(one for one in lines if b'"kind":"checkpoint"' not in one)


def no_manifest(members: Members) -> None:
    del members["manifest.json"]


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (changed_paper, "file_differs"),
        (other_paper, "paper_not_told"),
        (dropped_paper, "file_missing"),
        (more_files, "file_unlisted"),
        (changed_text, "revision_differs"),
        (other_number, "another_case"),
        (other_state, "state_differs"),
        (changed_entry, "entry_changed"),
        (dropped_entry, "chain_gap"),
        (no_checkpoint, "no_checkpoint"),
        (no_manifest, "no_passport"),
    ],
)
def test_what_is_changed_is_found(taken: Taken, tmp_path: Path, forge: Callable[[Members], None], code: str) -> None:
    members = opened(taken.by["desk"])
    forge(members)
    assert code in {one.code for one in verified(written(members, tmp_path / "p.zip"), taken.key).findings}


def test_a_passport_of_another_log_is_not_of_this_key(taken: Taken, tmp_path: Path, world: World) -> None:
    world.case(CaseState.CENTRE_STAMPED)
    other = sign(world)
    (tmp_path / "p.zip").write_bytes(taken.by["desk"])
    assert "signature_wrong" in {one.code for one in verified(tmp_path / "p.zip", other).findings}


@pytest.mark.parametrize("name", ["../out.txt", "/etc/passwd", "a//b", "..\\out.txt"])
def test_a_hostile_archive_is_not_opened(taken: Taken, tmp_path: Path, name: str) -> None:
    members = {**opened(taken.by["desk"]), name: b"x"}
    [found] = verified(written(members, tmp_path / "p.zip"), taken.key).findings
    assert found.code == "no_passport"


def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(b"PK\x03\x04 nothing")
    done = run(tmp_path, "p.zip")
    assert (done.returncode, "[no_passport]" in done.stdout) == (1, True)
