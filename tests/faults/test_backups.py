"""Backing up and restoring killed, cut off and out of room: nothing half is taken for whole, nothing half is served."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.waiting import until
from tests.workflow.test_backup import Site, database_file, opened, said
from workflow import failpoints
from workflow.operation import anchors, installation
from workflow.operation.backup import MANIFEST, Made, back_up, backups, manifest_in
from workflow.operation.restore import BackupDamaged, CannotRestore, Restored, restore
from workflow.operation.rotation import listed
from workflow.settings import Settings
from workflow.store import copies
from workflow.store.files import Files

ROOT = Path(__file__).parents[2]
SECONDS = float(os.environ.get("ZHENGJI_SOAK_SECONDS", "0"))
"""How long things are killed at random at least."""
KILLS = 5
"""How often at least, however slow the machine is."""
SEED = int(os.environ.get("ZHENGJI_SOAK_SEED", "205")) + 20

TURNED_AWAY = 75
"""How a restore ends that finds the pg_restore of one killed before still writing."""


# ---- in a process of its own -----------------------------------------------------------------------------------------


def restored_apart(settings: Settings, folder: Path, at: datetime, words: str) -> None:
    failpoints.arm(words)
    try:
        restore(settings, folder, at=at)
    except CannotRestore as refused:
        if "pg_restore" not in refused.message.en:
            raise
        sys.exit(TURNED_AWAY)


def backed_up_apart(settings: Settings, target: Path, at: datetime, words: str) -> None:
    failpoints.arm(words)
    with closing(opened(settings)) as database:
        back_up(settings, database, Files(settings.documents_url), target, at=at)


_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.faults.players", "tests.faults.test_backups"])


def apart(work: Callable[..., None], *given: Any, words: str = "") -> Any:
    process = _SERVER.Process(target=work, args=(*given, words))
    process.start()
    return process


def unhurried(work: Callable[..., None], *given: Any) -> float:
    """Seconds that it takes where nobody kills it."""
    began = time.monotonic()
    process = apart(work, *given)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - began


def killed_after(process: Any, seconds: float) -> bool:
    """Kill a process after a time; whether it was not done by then."""
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, TURNED_AWAY, -9)
    return bool(process.exitcode)


# ---- what must hold --------------------------------------------------------------------------------------------------


def served(settings: Settings) -> bool:
    """Whether anything is there that would be served.

    Looked for once: the pg_restore of a restore that was killed may put it there at any moment.
    """
    if not there(settings):
        return False
    try:
        installation.open_to_serve(settings).close()
    except anchors.RestoreUnfinished:
        return False
    return True


def there(settings: Settings) -> bool:
    """Whether there is a database with anything in it."""
    owner = settings.owner_database_url
    return bool(copies.anything(owner)) if owner else copies.file_of(settings.database_url).exists()


def put_back(site: Site, settings: Settings, made: Made) -> Restored:
    """The same command until no pg_restore of an earlier one is in its way."""
    done: list[Restored] = []

    def through() -> bool:
        try:
            done.append(site.put_back(settings, made))
        except CannotRestore as refused:
            if "pg_restore" not in refused.message.en:
                raise
        return bool(done)

    until(through)
    return done[0]


def is_whole(settings: Settings, made: Made) -> None:
    """The place serves what the backup holds and one entry more, and nothing of the way there is left."""
    manifest = manifest_in(made.folder)
    assert manifest is not None
    with closing(installation.open_to_serve(settings)) as database:
        assert [one["manifest"] for one in said(database, "system.restore")] == [made.manifest]
        with database.reading() as session:
            events = session.connection().exec_driver_sql("select count(*) from audit_event").scalar_one()
    assert events == manifest["database"]["counts"]["audit_event"] + 1
    files = Files(settings.documents_url)
    documents = [one["sha256"] for place, one in manifest["files"].items() if place.startswith("documents/")]
    assert [hashlib.sha256(files.get(one)).hexdigest() for one in documents] == documents
    assert [str(one) for one in settings.home.rglob("*restoring*")] == []


def as_it_lies(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


# ---- restores killed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        *("files.put@2", "restore.documents_put", "restore.database_put", "transaction.before_commit"),
        *("transaction.after_commit", "restore.before_rename", "restore.renamed"),
    ],
)
def test_a_restore_killed_at_a_named_place(place: str, site: Site) -> None:
    name, _, number = place.partition("@")
    other, made, settings = site.back_up(), site.back_up(), site.elsewhere()
    process = apart(restored_apart, settings, made.folder, site.later(), words=f"{name}=kill@{number or 1}")
    process.join()
    assert (process.exitcode, served(settings)) == (-9, False), f"{place} was not reached"
    with pytest.raises(CannotRestore, match=r"there already|pg_restore"):
        site.put_back(settings, other)
    assert not served(settings)
    put_back(site, settings, made)
    is_whole(settings, made)


def test_restores_killed_at_random(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    some, made = random.Random(SEED), site.back_up()
    usual = min(
        unhurried(restored_apart, site.elsewhere(f"unhurried_{one}"), made.folder, site.later()) for one in "ab"
    )
    ends, kills, places = time.monotonic() + SECONDS, 0, 0
    while kills < KILLS or time.monotonic() < ends:
        places += 1
        settings = site.elsewhere(f"hurried_{places}")
        for _ in range(3):
            process = apart(restored_apart, settings, made.folder, site.later())
            if not killed_after(process, some.uniform(0, 0.9 * usual)):
                break
            kills += process.exitcode != TURNED_AWAY
            marked = (settings.home / anchors.RESTORING).exists()
            assert served(settings) == (there(settings) and not marked)
            if served(settings):
                break
        else:
            put_back(site, settings, made)
        is_whole(settings, made)
    with capsys.disabled():
        print(f"\n  seed {SEED}: {kills} restores killed, {places} places whole in the end")


def test_two_restores_do_not_go_into_one_place(site: Site) -> None:
    made, settings = site.back_up(), site.elsewhere()
    before: list[dict[str, bytes]] = []

    def another() -> None:
        before.append(as_it_lies(settings.home))
        with pytest.raises(CannotRestore, match="Another restore is writing"):
            site.put_back(settings, made)
        before.append(as_it_lies(settings.home))

    with failpoints.armed("restore.database_put", another):
        site.put_back(settings, made)
    assert before[0] == before[1]
    is_whole(settings, made)


def test_what_a_killed_pg_restore_leaves_running_is_waited_for(site: Site, database_kind: str) -> None:
    if database_kind != "postgresql":
        pytest.skip("about a program of PostgreSQL's")
    made, settings = site.back_up(), site.elsewhere()
    url = settings.owner_database_url.replace("+psycopg", "", 1)
    with psycopg.connect(url, application_name="pg_restore"), pytest.raises(CannotRestore, match="still writes"):
        site.put_back(settings, made)
    put_back(site, settings, made)
    is_whole(settings, made)


# ---- backups killed --------------------------------------------------------------------------------------------------


@contextmanager
def people_at_work(site: Site) -> Iterator[list[tuple[str, int, str]]]:
    """Somebody stamps and takes it back all the while; gives the receipts that they were told, as they come."""
    told: list[tuple[str, int, str]] = []
    case, stop = site.sealed_case(), threading.Event()

    def work() -> None:
        while not stop.is_set():
            for trigger in ("stamp", "unstamp"):
                receipt = site.world.act(case, trigger).receipt
                told.append((receipt.stream, receipt.seq, receipt.hash))

    working = threading.Thread(target=work)
    working.start()
    try:
        yield told
    finally:
        stop.set()
        working.join()


def test_backups_killed_at_random_while_people_work(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    some, target = random.Random(SEED + 1), Path(site.settings.backups)
    kills, finished = 0, 0
    with people_at_work(site) as told:
        usual = min(unhurried(backed_up_apart, site.settings, target, site.later()) for _ in range(2))
        ends = time.monotonic() + SECONDS
        while kills < KILLS or time.monotonic() < ends:
            process = apart(backed_up_apart, site.settings, target, site.later())
            killed = killed_after(process, some.uniform(0, 0.9 * usual))
            kills, finished = kills + killed, finished + (not killed)
            if some.random() < 0.3:
                site.sealed_case()
        until(lambda: len(told) > 2)
        before = list(told)
        made = site.back_up()
    with site.world.database.reading() as session:
        found = listed(session, target)
    assert [one.wrong and one.wrong.en for one in found] == [None] * len(found)
    assert {one.name for one in target.iterdir()} == {one.name for one in found} | {".lock"}
    assert len(found) == len(backups(target)) >= finished + 3
    settings = site.elsewhere()
    site.put_back(settings, made)
    is_whole(settings, made)
    with closing(opened(settings)) as database, database.reading() as session:
        held = session.connection().exec_driver_sql("select stream, seq, hash from audit_event").all()
    assert set(before) <= {tuple(one) for one in held}
    with capsys.disabled():
        print(f"\n  seed {SEED + 1}: {kills} backups killed, {len(found)} whole, {len(before)} acts in the last")


@pytest.mark.parametrize("place", ["backup.database_copied", "backup.document_copied", "backup.before_rename"])
def test_a_backup_killed_at_a_named_place(place: str, site: Site) -> None:
    target = Path(site.settings.backups)
    process = apart(backed_up_apart, site.settings, target, site.later(), words=f"{place}=kill")
    process.join()
    assert (process.exitcode, backups(target)) == (-9, []), f"{place} was not reached"
    made = site.back_up()
    assert {one.name for one in target.iterdir()} == {made.folder.name, ".lock"}
    settings = site.elsewhere()
    site.put_back(settings, made)
    is_whole(settings, made)


# ---- no room ---------------------------------------------------------------------------------------------------------


def test_a_restore_without_room_for_documents_is_done_again(site: Site) -> None:
    made, settings = site.back_up(), site.elsewhere()

    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with failpoints.armed("files.before_put", full, at=2), pytest.raises(CannotRestore, match="The disk is full"):
        site.put_back(settings, made)
    assert not served(settings)
    site.put_back(settings, made)
    is_whole(settings, made)


@pytest.fixture
def small_disk(tmp_path: Path) -> Callable[..., list[str]]:
    """Runs lines of shell on a disk of so many KiB at $DISK that really gets full; gives what they print."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    inside = ["unshare", "--mount", *as_root, "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*inside, "mount -t tmpfs none /mnt"], check=False).returncode:
        pytest.skip("this machine lets nobody mount a disk; the tests beside this one hold the same without")
    disk = tmp_path / "disk"
    disk.mkdir()

    def run(kib: int, script: str, settings: Settings, **more: str) -> list[str]:
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ZHENGJI_")},
            "DISK": str(disk),
            "zhengji": f"{sys.executable} -m web.cli",
            "ZHENGJI_HOME": str(settings.home),
            "ZHENGJI_DATABASE_URL": settings.database_url,
            "ZHENGJI_OWNER_DATABASE_URL": settings.owner_database_url,
            "ZHENGJI_DOCUMENTS_URL": settings.documents_url,
            "ZHENGJI_AUDIT_KEY": settings.audit_key,
            "ZHENGJI_SECRET_KEY": settings.secret_key,
            "ZHENGJI_DEMO": "1",
            **more,
        }
        made = f'mount -t tmpfs -o size={kib}k none "$DISK" || exit 9\n{script}'
        ended = subprocess.run([*inside, made], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.stdout.splitlines()

    return run


def test_a_backup_onto_a_full_disk_leaves_nothing(site: Site, small_disk: Callable[..., list[str]]) -> None:
    whole = sum(path.stat().st_size for path in site.back_up().folder.rglob("*") if path.is_file()) // 1024
    script = '$zhengji backup --to "$DISK/to" >/dev/null; echo $?; ls -A "$DISK/to"; df --output=used "$DISK" | tail -1'
    ended, *left, used = small_disk(whole // 2, script, site.settings)
    assert (ended, set(left) - {".lock"}, int(used) < 8) == ("1", set(), True)
    ended, *left, _ = small_disk(4 * whole + 1000, script, site.settings)
    assert (ended, len(set(left) - {".lock"})) == ("0", 1)


def test_a_restore_onto_a_full_disk_is_done_again_when_there_is_room(
    site: Site, small_disk: Callable[..., list[str]], tmp_path: Path
) -> None:
    for _ in range(6):
        site.sealed_case()
    made, plain = site.back_up(), site.elsewhere()
    settings = replace(plain, home=tmp_path / "disk" / "home")
    if not site.server:
        settings = replace(settings, database_url=f"sqlite:///{settings.home / 'zhengji.db'}")
    settings = replace(settings, documents_url=(settings.home / "documents").as_uri())
    script = """
        $zhengji restore "$BACKUP" >/dev/null; echo $?
        timeout 100 $zhengji run --port 1 2>&1 | grep -c 'zhengji restore'
        mount -o remount,size=64m "$DISK"
        $zhengji restore "$BACKUP" >/dev/null; echo $?
        $zhengji audit verify >/dev/null; echo $?
        find "$ZHENGJI_HOME/documents" -type f | grep -cv '#'
    """
    said = small_disk(20, script, settings, BACKUP=str(made.folder))
    assert said == ["1", "2", "0", "0", str(made.documents)]


def test_a_restore_into_a_server_whose_disk_is_full_is_done_again_when_there_is_room(
    site: Site, small_disk: Callable[..., list[str]], tmp_path: Path
) -> None:
    if not site.server:
        pytest.skip("about PostgreSQL")
    made = site.back_up()
    home = tmp_path / "home"
    settings = replace(site.elsewhere(), home=home, documents_url=(home / "documents").as_uri())
    # the server's own user does not get through to the folder of a test
    script = 'mount --bind "$DISK" /mnt && DISK=/mnt "$python" -m tests.faults.small_server "$BACKUP"'
    said = small_disk(120_000, script, settings, BACKUP=str(made.folder), python=sys.executable)
    assert said == ["True", "1", "0", "0"]


# ---- backups that were hurt ------------------------------------------------------------------------------------------


def flipped(path: Path, _other: Path, some: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[some.randrange(len(data))] ^= 1 << some.randrange(8)
    path.write_bytes(data)


def cut(path: Path, _other: Path, some: random.Random) -> None:
    os.truncate(path, some.randrange(path.stat().st_size))


def grown(path: Path, _other: Path, some: random.Random) -> None:
    path.write_bytes(path.read_bytes() + some.randbytes(some.randint(1, 9)))


def gone(path: Path, _other: Path, _some: random.Random) -> None:
    path.unlink()


def swapped(path: Path, other: Path, _some: random.Random) -> None:
    ours, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(ours)


def a_folder(path: Path, _other: Path, _some: random.Random) -> None:
    path.unlink()
    path.mkdir()


def test_whatever_file_of_a_backup_is_hurt_is_named_and_nothing_is_written(site: Site) -> None:
    some, made, settings = random.Random(SEED + 2), site.back_up(), site.elsewhere()
    names = sorted(as_it_lies(made.folder))
    for turn in range(40):
        hurt = site.folder / "hurt"
        shutil.copytree(made.folder, hurt)
        name, other = some.sample(names, 2)
        harm = some.choice([flipped, cut, grown, gone, swapped, a_folder])
        harm(hurt / name, hurt / other, some)
        with pytest.raises(BackupDamaged) as refused:
            site.put_back(settings, hurt, manifest_digest=made.manifest)
        words = [one.en for one in refused.value.problems]
        named = name if harm is not swapped or MANIFEST not in other else MANIFEST
        assert any(named in one for one in words), f"{turn}: {harm.__name__} {name}: {words}"
        assert not settings.home.exists(), f"{turn}: {harm.__name__} {name}"
        shutil.rmtree(hurt)


def test_the_database_of_another_backup_is_refused(site: Site) -> None:
    earlier = site.back_up()
    site.sealed_case()
    made, settings = site.back_up(), site.elsewhere()
    shutil.copyfile(database_file(earlier.folder), database_file(made.folder))
    with pytest.raises(BackupDamaged, match=r"database\.\w+ (should have|was changed)"):
        site.put_back(settings, made)
    assert not settings.home.exists()


# ---- places that are not empty ---------------------------------------------------------------------------------------


def test_a_place_that_is_in_use_is_left_as_it_lies(site: Site) -> None:
    """Documents alone, a database alone, what serves, and a place whose mark says that it was being restored elsewhere."""
    made, settings = site.back_up(), site.elsewhere()
    site.put_back(settings, made)
    half = site.elsewhere("half")
    with failpoints.armed("restore.documents_put", failpoints.fail), pytest.raises(failpoints.Struck):
        site.put_back(half, made)
    strange = replace(half, database_url=settings.database_url, owner_database_url=settings.owner_database_url)
    fresh = site.elsewhere("fresh")
    documents = replace(fresh, documents_url=settings.documents_url)
    database = replace(fresh, database_url=settings.database_url, owner_database_url=settings.owner_database_url)
    for place in (settings, strange, documents, database):
        before = [as_it_lies(one.home) for one in (settings, half)]
        with pytest.raises(CannotRestore, match="there already"):
            site.put_back(place, made)
        assert [as_it_lies(one.home) for one in (settings, half)] == before
    assert not fresh.home.exists() or as_it_lies(fresh.home) == {}
    put_back(site, half, made)
    is_whole(half, made)
    is_whole(settings, made)
