"""Old backups: what is known of each, what a rule keeps, and that nothing goes but whole ones of ours."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.words import Text
from states.reach import SYSTEM
from tests.workflow.test_backup import Site, site
from workflow.audit import search
from workflow.operation import rotation
from workflow.operation.backup import MANIFEST, CannotBackUp, Made, alone, sealed
from workflow.operation.rotation import CannotDrop, Keep, Listed, WrongRule, keep, newest_good, outlived
from workflow.store import operations, trail

__all__ = ["site"]
NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)


@pytest.fixture
def target(site: Site) -> Path:
    return Path(site.settings.backups)


def there(site: Site, target: Path) -> dict[str, Listed]:
    with site.world.database.reading() as session:
        return {one.name: one for one in rotation.listed(session, target)}


def look(site: Site, made: Made) -> Listed:
    return there(site, made.folder.parent)[made.folder.name]


def drop(site: Site, target: Path, *names: str, **more: Any) -> rotation.Dropped:
    return rotation.drop(
        site.world.database, target, names, actor=site.world.people["administrator"], at=site.later(), **more
    )


def left(target: Path) -> list[str]:
    return sorted(one.name for one in target.iterdir() if one.name != ".lock")


# ---- what lies there -------------------------------------------------------------------------------------------------


def test_a_backup_is_listed_with_what_it_holds(site: Site) -> None:
    first = site.back_up()
    first_at = site.world.at
    site.sealed_case()
    site.sign()
    second = site.back_up()
    old, new = look(site, first), look(site, second)
    assert [old.stands, new.stands, old.created, old.manifest, old.size, old.missing, old.strangers] == [
        True, True, first_at, first.manifest, first.size + _manifest(first), 0, (),
    ]  # fmt: skip
    assert (old.entries, len(old.root), new.entries > old.entries) == (first.log_size, 64, True)
    shared = sum(one.stat().st_size for one in second.folder.glob("documents/*/*") if one.stat().st_nlink > 1)
    assert (shared > 0, new.size - new.own) == (True, shared)
    assert list(there(site, first.folder.parent)) == [second.folder.name, first.folder.name]


def _manifest(made: Made) -> int:
    return (made.folder / MANIFEST).stat().st_size


def test_where_nothing_is_nothing_is_listed(site: Site, target: Path) -> None:
    assert there(site, target) == {}
    target.mkdir()
    (target / "lost+found").mkdir()
    (target / "zhengji-notes.txt").write_text("ours, but no backup")
    assert there(site, target) == {}


def test_a_folder_that_cannot_be_read_is_told_in_words(site: Site, target: Path) -> None:
    target.write_text("a file")
    with pytest.raises(CannotDrop, match="cannot be read"):
        there(site, target)


def _other_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """A manifest that is sealed anew after a change, as whoever can write there may do."""
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(sealed(manifest)))


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file is gone": (lambda one: next(one.glob("documents/*/*")).unlink(), "1 file is missing"),
    "a file was cut": (lambda one: os.truncate(next(one.glob("database.*")), 10), "1 file is missing or of another"),
    "the manifest is gone": (lambda one: (one / MANIFEST).unlink(), "it has no manifest"),
    "the manifest is no JSON": (lambda one: (one / MANIFEST).write_text("{"), "changed, or is damaged"),
    "the manifest was changed": (
        lambda one: (one / MANIFEST).write_text((one / MANIFEST).read_text().replace('"demo"', '"dema"')),
        "changed, or is damaged",
    ),
    "the manifest was exchanged": (
        lambda one: _other_manifest(one, lambda manifest: manifest.update(version="9")),
        "not the one that the trail noted",
    ),
    "the manifest says nothing": (
        lambda one: _other_manifest(one, lambda manifest: manifest.update(files=3)),
        "changed, or is damaged",
    ),
    "the manifest is a link": (lambda one: _linked(one / MANIFEST), "changed, or is damaged"),
}


def _linked(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere.json")
    path.symlink_to(path.parent.parent / "elsewhere.json")


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_wrong_with_a_backup_is_told_and_it_counts_as_good_no_more(site: Site, name: str) -> None:
    older, made = site.back_up(), site.back_up()
    spoil, words = SPOILT[name]
    spoil(made.folder)
    found = look(site, made)
    assert (found.stands, found.ours) == (False, True)
    assert found.wrong is not None
    assert words in found.wrong.en
    assert newest_good([*there(site, made.folder.parent).values()]) == look(site, older)


def test_what_is_not_ours_is_told_apart(site: Site, target: Path) -> None:
    made = site.back_up()
    foreign = target / "zhengji-20200101T000000Z"
    shutil.copytree(made.folder, foreign)
    _other_manifest(foreign, lambda manifest: manifest["log"].update(origin="another"))
    link = target / "zhengji-20200102T000000Z"
    link.symlink_to(made.folder)
    empty = target / "zhengji-20200103T000000Z"
    empty.mkdir()
    file = target / "zhengji-20200104T000000Z"
    file.write_text("a file")
    found = there(site, target)
    assert {name: (one.ours, one.stands) for name, one in found.items()} == {
        made.folder.name: (True, True),
        **dict.fromkeys((foreign.name, link.name, empty.name, file.name), (False, False)),
    }


# ---- what a rule keeps -----------------------------------------------------------------------------------------------


def of(*days_ago: float, **more: Any) -> list[Listed]:
    """Good backups so many days old, in the order given."""
    return [
        Listed(Path(f"zhengji-{n}"), NOW - timedelta(days=days), **{"ours": True, **more})
        for n, days in enumerate(days_ago)
    ]


def going(many: list[Listed], rule: str) -> list[float]:
    return sorted((NOW - one.created) / timedelta(days=1) for one in outlived(many, keep(rule), NOW))


def test_the_last_days_stay_and_of_each_month_before_its_last() -> None:
    many = of(0, 1, 29, 30, 31, 45, 46, 74, 76, 80, 400, 401)
    # 15 June is day 0: 17, 16, 15 and 1 May are 29 to 45; 30 and 2 April 46 and 74; 31 and 27 March 76 and 80
    assert going(many, "30d") == [30, 31, 45, 46, 74, 76, 80, 400, 401]
    assert going(many, "30d,12m") == [30, 31, 45, 74, 80, 400, 401]
    assert going(many, "30d,13m") == [30, 31, 45, 74, 80, 401]
    assert going(many, "31d,2m") == [31, 45, 74, 76, 80, 400, 401]


def test_the_newest_good_one_stays_whatever_the_rule() -> None:
    broken = replace(of(1)[0], wrong=Text("坏", "broken"))
    assert going([broken, *of(500, 501)], "1d") == [1, 501]
    assert going([broken], "1d") == []


def test_a_broken_one_stands_for_no_month() -> None:
    broken = replace(of(45)[0], wrong=Text("坏", "broken"))
    assert going([*of(0, 46, 47), broken], "30d,12m") == [45, 47]


def test_what_is_not_ours_or_holds_other_things_is_never_listed_to_go() -> None:
    foreign, mixed = of(900, ours=False), of(901, strangers=("notes.txt",))
    assert going([*of(0), *foreign, *mixed], "1d") == []


@given(
    st.lists(st.integers(0, 1500), max_size=40, unique=True),
    st.integers(1, 400),
    st.integers(0, 30),
    st.sets(st.integers(0, 39)),
)
def test_pruning_again_or_every_day_keeps_as_much(ages: list[int], days: int, months: int, broken: set[int]) -> None:
    wrong = Text("坏", "broken")
    many = [replace(one, wrong=wrong) if n in broken else one for n, one in enumerate(of(*ages))]
    rule = Keep(days, months)
    gone = outlived(many, rule, NOW)
    rest = [one for one in many if one not in gone]
    assert outlived(rest, rule, NOW) == []
    assert newest_good(rest) == newest_good(many)
    late = NOW + timedelta(days=70)
    assert [one for one in rest if one not in outlived(rest, rule, late)] == [
        one for one in many if one not in outlived(many, rule, late)
    ]


@pytest.mark.parametrize(("written", "rule"), [
    ("30d", Keep(30, 0)), ("30d,12m", Keep(30, 12)), (" 7d, 3m ", Keep(7, 3)), ("1d,0m", Keep(1, 0)),
])  # fmt: skip
def test_a_rule_is_read_as_it_is_written(written: str, rule: Keep) -> None:
    assert (keep(written), keep(rule.text)) == (rule, rule)


@pytest.mark.parametrize(
    "written", ["", "30", "0d", "d", "12m", "30d 12m", "-1d", "1.5d", "99999d", "30d,12m,1y", "三十d"]
)
def test_what_is_no_rule_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(WrongRule, match="30d,12m"):
        keep(written)


# ---- dropping --------------------------------------------------------------------------------------------------------


def test_dropping_takes_the_whole_folder_frees_its_own_and_is_on_record(site: Site, target: Path) -> None:
    old, new = site.back_up(), site.back_up()
    before = look(site, old)
    done = drop(site, target, old.folder.name)
    assert (done.names, done.own, left(target)) == ((old.folder.name,), before.own, [new.folder.name])
    assert look(site, new).stands
    with site.world.database.reading() as session:
        [said] = operations.said(session, "system.drop_backups")
    assert said["backups"] == [{"name": old.folder.name, "manifest": old.manifest}]
    detail = search._detail("system.drop_backups", said)
    assert detail is not None
    assert old.folder.name in detail.zh
    assert site.put_back(site.elsewhere(), new).documents == 2


def test_the_newest_good_one_is_never_dropped(site: Site, target: Path) -> None:
    made = [site.back_up() for _ in range(3)]
    (made[2].folder / MANIFEST).write_text("{")
    with pytest.raises(CannotDrop, match="newest good"):
        drop(site, target, made[0].folder.name, made[1].folder.name)
    assert len(left(target)) == 3
    drop(site, target, made[0].folder.name, made[2].folder.name)
    assert left(target) == [made[1].folder.name]


def test_where_none_is_good_none_is_dropped(site: Site, target: Path) -> None:
    made = [site.back_up() for _ in range(2)]
    for one in made:
        (one.folder / MANIFEST).write_text("{")
    with pytest.raises(CannotDrop, match="no good backup"):
        drop(site, target, made[0].folder.name)
    assert len(left(target)) == 2


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """What must be there after everything that is tried."""
    folder = tmp_path / "precious"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "one").write_text("precious")
    yield folder
    assert (folder / "documents" / "one").read_text() == "precious"


FOREIGN: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "a link instead of a folder": (lambda one, out: (shutil.rmtree(one), one.symlink_to(out)), "no backup of this"),
    "a link in it": (lambda one, out: (one / "documents" / "more").symlink_to(out), "not the backup's"),
    "a link instead of a document": (
        lambda one, out: (path := next(one.glob("documents/*/*")), path.unlink(), path.symlink_to(out / "documents" / "one")),
        "not the backup's",
    ),
    "somebody's notes in it": (lambda one, out: (one / "notes.txt").write_text("ours"), "not the backup's"),
    "another installation's": (
        lambda one, out: _other_manifest(one, lambda manifest: manifest["log"].update(origin="another")),
        "no backup of this",
    ),
    "a folder of that name": (lambda one, out: (shutil.rmtree(one), shutil.copytree(out, one)), "not the backup's"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_nothing_but_a_whole_backup_of_ours_is_dropped(site: Site, target: Path, outside: Path, name: str) -> None:
    old, _ = site.back_up(), site.back_up()
    change, words = FOREIGN[name]
    change(old.folder, outside)
    before = sorted(target.rglob("*"))
    with pytest.raises(CannotDrop, match=words):
        drop(site, target, old.folder.name)
    assert sorted(target.rglob("*")) == before
    with site.world.database.reading() as session:
        assert operations.said(session, "system.drop_backups") == []


@pytest.mark.parametrize("name", ["", ".", "..", ".lock", "zhengji-20200101T000000Z", "../backups", "precious", "/etc"])
def test_a_name_that_is_no_backups_is_refused(site: Site, target: Path, outside: Path, name: str) -> None:
    made = site.back_up()
    with pytest.raises(CannotDrop, match="There is no backup"):
        drop(site, target, name)
    assert left(target) == [made.folder.name]


def test_no_choice_is_no_drop(site: Site, target: Path) -> None:
    site.back_up()
    with pytest.raises(CannotDrop, match="No backup was chosen"):
        drop(site, target)


def test_what_a_rule_keeps_is_not_dropped_in_its_name(site: Site, target: Path) -> None:
    old, new = site.back_up(), site.back_up()
    with pytest.raises(CannotDrop, match="changed meanwhile"):
        drop(site, target, old.folder.name, rule=Keep(30, 12))
    assert left(target) == sorted([old.folder.name, new.folder.name])
    site.world.at += timedelta(days=60)
    assert drop(site, target, old.folder.name, rule=Keep(30, 0)).names == (old.folder.name,)


def test_while_a_backup_is_made_none_is_dropped(site: Site, target: Path) -> None:
    old, _ = site.back_up(), site.back_up()
    with alone(target), pytest.raises(CannotBackUp, match="Another backup"):
        drop(site, target, old.folder.name)
    assert old.folder.is_dir()


def test_what_is_not_recorded_does_not_go(site: Site, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = site.back_up(), site.back_up()

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(trail, "append", full)
    with pytest.raises(OSError, match="disk full"):
        drop(site, target, old.folder.name)
    assert left(target) == sorted([old.folder.name, new.folder.name])
    assert look(site, old).stands


def test_what_withstands_is_no_backup_and_goes_with_the_next(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = site.back_up(), site.back_up()
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", lambda path: (_ for _ in ()).throw(OSError(5, "Input/output error", path)))
        drop(site, target, old.folder.name)
    assert list(there(site, target)) == [new.folder.name]
    last = site.back_up()
    assert left(target) == sorted([new.folder.name, last.folder.name])


def test_the_machines_command_is_told_apart(site: Site, target: Path) -> None:
    old, _ = site.back_up(), site.back_up()
    rotation.drop(site.world.database, target, [old.folder.name], actor=SYSTEM, at=site.later(), by_command=True)
    with site.world.database.reading() as session:
        [said] = operations.said(session, "system.drop_backups")
    detail = search._detail("system.drop_backups", said)
    assert detail is not None
    assert "by a command on the server" in detail.en
