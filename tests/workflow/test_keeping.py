"""Documents that nothing names are swept in two steps, and nothing that anything may still name is lost."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.buckets import Bucket
from tests.worlds import World
from workflow import failpoints, papers
from workflow.operation import keeping
from workflow.operation.backup import quietly
from workflow.store import papers as stored
from workflow.store.files import Absent, Damaged, Files, StoreAway
from workflow.store.models import AuditEvent
from workflow.store.papers import Kept

NOW = datetime.now(UTC)
LATER = NOW + keeping.SAFE + timedelta(hours=1)
"""When all that tests write is old enough."""


@pytest.fixture
def files(world: World) -> Files:
    return Files((world.folder / "documents").as_uri())


def name_it(world: World, digest: str) -> None:
    """A case whose sealed scan lies under that digest."""
    case = world.draft()
    with world.database.transaction() as session:
        scan = Kept("扫描件.pdf", "application/pdf", digest, 8)
        papers.seal(session, case, scan, "示例大学", actor=world.people["sealer"], at=world.at)


def lying(files: Files) -> dict[str, bool]:
    """Digest → whether it lies aside."""
    return {one.digest: one.aside for one in files.lying()}


def said(world: World, action: str) -> list[dict[str, Any]]:
    with world.database.reading() as session:
        found = session.scalars(select(AuditEvent.body).where(AuditEvent.action == action).order_by(AuditEvent.uid))
        return [json.loads(one) for one in found]


def test_only_what_nothing_has_named_for_a_week_is_set_aside_and_a_week_later_removed(world: World, files: Files):
    kept, orphan = files.put(b"sealed"), files.put(b"abandoned")
    name_it(world, kept)
    young = keeping.sweep(world.database, files, at=NOW)
    assert (young.named, young.young, young.anything, lying(files)) == (1, 1, False, {kept: False, orphan: False})
    first = keeping.sweep(world.database, files, at=LATER)
    assert (first.aside, first.gone, first.size) == ([orphan], [], len(b"abandoned"))
    assert (lying(files), files.get(orphan)) == ({kept: False, orphan: True}, b"abandoned")
    waiting = keeping.sweep(world.database, files, at=NOW)
    assert (waiting.anything, waiting.young) == (False, 1)
    second = keeping.sweep(world.database, files, at=LATER)
    assert (second.gone, lying(files)) == ([orphan], {kept: False})
    assert [(one["set_aside"], one["removed"], one["digests"]) for one in said(world, "system.sweep")] == [
        (1, 0, {"aside": [orphan], "back": [], "gone": []}),
        (0, 1, {"aside": [], "back": [], "gone": [orphan]}),
    ]


def test_a_rehearsal_says_the_same_and_changes_nothing(world: World, files: Files):
    orphan = files.put(b"abandoned")
    assert keeping.sweep(world.database, files, at=LATER, rehearse=True).aside == [orphan]
    assert (lying(files), said(world, "system.sweep")) == ({orphan: False}, [])


def test_what_is_named_while_it_is_swept_still_reads_and_comes_back(world: World, files: Files):
    """The worst moment: an old orphan is uploaded again and named after the sweep has asked who names it."""
    digest = files.put(b"sealed")

    def upload_again() -> None:
        assert files.put(b"sealed") == digest
        name_it(world, digest)

    with failpoints.armed("sweep.before", upload_again):
        made = keeping.sweep(world.database, files, at=LATER)
    assert (made.aside, lying(files)) == ([digest], {digest: True})
    assert files.get(digest) == b"sealed"
    again = keeping.sweep(world.database, files, at=LATER)
    assert (again.back, again.gone, lying(files), files.get(digest)) == ([digest], [], {digest: False}, b"sealed")


def test_a_sweep_that_is_killed_between_copy_and_removal_is_gone_on_with(world: World, files: Files):
    digest = files.put(b"sealed")
    with failpoints.armed("files.set_aside", failpoints.fail), pytest.raises(failpoints.Struck):
        keeping.sweep(world.database, files, at=LATER)
    assert sorted(one.aside for one in files.lying()) == [False, True]
    name_it(world, digest)
    made = keeping.sweep(world.database, files, at=LATER)
    assert (made.back, made.named, lying(files), files.get(digest)) == ([digest], 1, {digest: False}, b"sealed")


def test_files_of_erased_papers_and_packages_of_pushes_are_told_apart(world: World, files: Files):
    package = files.put(b"package")
    name_it(world, erased := files.put(b"with a telephone number"))
    with world.database.transaction() as session:
        assert stored.named(session, [package, erased]) == {erased}
        for one in session.query(stored.Document):
            one.erased_at = world.at
        assert stored.named(session, [package, erased]) == set()
    assert sorted(keeping.sweep(world.database, files, at=LATER).aside) == sorted([package, erased])


def test_a_sweep_of_most_of_the_store_is_refused_as_the_wrong_database(
    world: World, files: Files, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(keeping, "FEW", 2)
    name_it(world, files.put(b"sealed"))
    orphans = {files.put(f"abandoned {one}".encode()) for one in range(3)}
    with pytest.raises(keeping.TooManyOrphans) as refused:
        keeping.sweep(world.database, files, at=LATER)
    assert "3" in refused.value.message.en
    assert not any(lying(files).values())
    assert set(keeping.sweep(world.database, files, at=LATER, even_most=True).aside) == orphans


def test_halves_of_killed_writers_are_removed_when_they_are_old(world: World, files: Files):
    digest = files.put(b"sealed")
    half = Path(world.folder) / "documents" / digest[:2] / f"{digest}#1"
    half.write_bytes(b"sea")
    assert keeping.sweep(world.database, files, at=NOW).halves == 0
    assert keeping.sweep(world.database, files, at=LATER).halves == 1
    assert not half.exists()


def test_a_bucket_is_swept_alike(world: World, bucket: Bucket):
    files = Files(bucket.url(), bucket.endpoint)
    kept, orphan = files.put(b"sealed"), files.put(b"abandoned")
    name_it(world, kept)
    assert keeping.sweep(world.database, files, at=LATER).aside == [orphan]
    assert (files.get(orphan), lying(files)) == (b"abandoned", {kept: False, orphan: True})
    assert keeping.sweep(world.database, files, at=LATER).gone == [orphan]
    assert lying(files) == {kept: False}


def test_a_document_that_does_not_read_back_is_on_record_once_a_day(world: World):
    name_it(world, "a" * 64)
    auditor = world.people["auditor"]
    for problem in (Absent("a" * 64), Absent("a" * 64), Damaged("b" * 64)):
        keeping.unreadable(world.database, problem, actor=auditor, at=world.at)
    keeping.unreadable(world.database, Damaged("a" * 64), actor=auditor, at=world.at + timedelta(days=1))
    assert [(one["sha256"][0], one["why"], len(one["documents"])) for one in said(world, "document.unreadable")] == [
        ("a", "absent", 1),
        ("b", "damaged", 0),
        ("a", "damaged", 1),
    ]


# ---- to another store ------------------------------------------------------------------------------------------------


def moved(world: World, source: Files, target: Files, folder: Path) -> keeping.Moved:
    return keeping.move(world.database, source, target, folder / "notes", "there", at=world.at, tell=quietly)


def test_all_documents_are_moved_to_a_bucket_and_back_and_read_as_they_were(
    world: World, files: Files, bucket: Bucket, tmp_path: Path
):
    there, back = Files(bucket.url(), bucket.endpoint), Files((tmp_path / "back").as_uri())
    (tmp_path / "other").mkdir()
    data = [f"document {one}".encode() for one in range(20)]
    digests = [files.put(one) for one in data]
    name_it(world, digests[0])
    files.set_aside(digests[1])
    first = moved(world, files, there, tmp_path)
    assert (first.documents, first.copied, first.size, first.missing) == (20, 20, sum(map(len, data)), {})
    assert [there.get(one) for one in digests] == data
    again = moved(world, files, there, tmp_path)
    assert (again.documents, again.copied) == (20, 0)
    assert moved(world, there, back, tmp_path / "other").copied == 20
    assert [back.get(one) for one in digests] == data
    assert [(one["to"], one["documents"], one["copied"]) for one in said(world, "system.move_documents")] == [
        ("there", 20, 20),
        ("there", 20, 0),
        ("there", 20, 20),
    ]


def test_what_is_absent_or_damaged_is_named_and_the_rest_is_moved(world: World, files: Files, tmp_path: Path):
    there = Files((tmp_path / "there").as_uri())
    kept, damaged = files.put(b"sealed"), files.put(b"true")
    (world.folder / "documents" / damaged[:2] / damaged).write_bytes(b"false")
    name_it(world, "a" * 64)
    made = moved(world, files, there, tmp_path)
    assert (made.documents, made.missing, lying(there)) == (1, {damaged: "damaged", "a" * 64: "absent"}, {kept: False})


def test_a_move_that_was_cut_off_goes_on_where_it_was(
    world: World, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(keeping, "AT_ONCE", 5)
    there = Files((tmp_path / "there").as_uri())
    digests = sorted(files.put(f"document {one}".encode()) for one in range(12))
    with failpoints.armed("documents.some_moved", failpoints.fail, at=2), pytest.raises(failpoints.Struck):
        moved(world, files, there, tmp_path)
    assert len(lying(there)) == 10
    there.drop(digests[0])  # noted, and lost there meanwhile
    made = moved(world, files, there, tmp_path)
    assert (made.documents, made.copied, sorted(lying(there))) == (12, 3, digests)


def test_a_bucket_that_goes_away_in_mid_move_is_told_and_gone_on_with(
    world: World, files: Files, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(keeping, "AT_ONCE", 5)
    there = Files(bucket.url(), bucket.endpoint)
    digests = [files.put(f"document {one}".encode()) for one in range(12)]
    with (
        ExitStack() as gone,
        failpoints.armed("documents.some_moved", lambda: gone.enter_context(bucket.away())),
        pytest.raises(StoreAway),
    ):
        moved(world, files, there, tmp_path)
    made = moved(world, files, there, tmp_path)
    assert (made.documents, made.copied) == (12, 7)
    assert {there.get(one) for one in digests} == {files.get(one) for one in digests}
