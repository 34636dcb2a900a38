"""The log: every event in one order, signed checkpoints, and proofs that an event is in one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from states.case import CaseState
from states.reach import SYSTEM
from tests.worlds import World
from workflow.audit import log, merkle, notes
from workflow.store import log as stored
from workflow.store import trail
from workflow.store.models import AuditCheckpoint, AuditEvent, AuditLog, AuditNode, AuditPending

pytestmark = pytest.mark.database

AT = datetime(2021, 3, 20, 4, 0, 7, tzinfo=UTC)


def happen(world: World, count: int, stream: str = "a") -> None:
    for number in range(count):
        with world.database.transaction() as session:
            entry = trail.Entry(f"{stream}/{number}", "test.happen", "done", world.at, SYSTEM)
            trail.append(session, [entry])


def leaves(world: World) -> list[bytes]:
    with world.database.reading() as session:
        return [bytes.fromhex(one) for one in session.scalars(select(AuditLog.leaf).order_by(AuditLog.idx))]


@pytest.fixture
def key(world: World, tmp_path: Path) -> notes.Signer:
    return log.signer(world.database, tmp_path / "keys" / "audit.pem", AT)


# ---- the one order ----


def test_every_event_gets_one_place_and_nothing_waits(world: World) -> None:
    world.case(CaseState.WIPO_PUSHED)
    log.sequence(world.database)
    with world.database.reading() as session:
        events = session.scalar(select(func.count()).select_from(AuditEvent))
        places = list(session.execute(select(AuditLog.idx, AuditLog.leaf).order_by(AuditLog.idx)))
        hashes = set(session.scalars(select(AuditEvent.hash)))
        assert session.scalar(select(func.count()).select_from(AuditPending)) == 0
        head = stored.head(session)
    assert [one.idx for one in places] == list(range(events or 0))
    assert {one.leaf for one in places} == hashes
    assert head.size == events
    assert head.root == merkle.root(merkle.digest("sha256"), leaves(world)).hex()


def test_on_sqlite_an_event_has_its_place_when_it_is_committed(world: World) -> None:
    happen(world, 1)
    with world.database.reading() as session:
        assert stored.waiting(session) is not world.database.embedded


def test_what_is_rolled_back_has_no_place(world: World) -> None:
    log.sequence(world.database)
    before = leaves(world)
    with suppress(ZeroDivisionError), world.database.transaction() as session:
        trail.append(session, [trail.Entry("a", "test.happen", "done", world.at, SYSTEM)])
        _ = 1 // 0
    log.sequence(world.database)
    assert leaves(world) == before


def test_more_than_fits_at_once_is_sequenced_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "AT_ONCE", 3)
    monkeypatch.setattr(stored, "_WAITING", stored._WAITING.limit(3))
    with world.database.transaction() as session:
        trail.append(session, [trail.Entry(f"b/{one}", "test.happen", "done", world.at, SYSTEM) for one in range(10)])
    log.sequence(world.database)
    with world.database.reading() as session:
        assert not stored.waiting(session)


def test_the_kept_nodes_are_those_of_the_leaves(world: World) -> None:
    with world.database.transaction() as session:
        for start in range(0, 600, 100):
            many = [
                trail.Entry(f"b/{one}", "test.happen", "done", world.at, SYSTEM) for one in range(start, start + 100)
            ]
            trail.append(session, many)
    log.sequence(world.database)
    all_leaves = leaves(world)
    with world.database.reading() as session:
        nodes = {(one.level, one.position): one.hash for one in session.scalars(select(AuditNode))}
        subtree = stored.subtree(session, "sha256")
        whole = merkle.of_leaves(merkle.digest("sha256"), all_leaves)
        assert set(nodes) == {(8, position) for position in range(len(all_leaves) >> 8)}
        for level in range(9):
            for position in {0, (len(all_leaves) >> level) - 1}:
                assert subtree(level, position) == whole(level, position)
    assert len(nodes) >= 2


# ---- checkpoints ----


def test_a_checkpoint_signs_how_far_the_log_goes(world: World, key: notes.Signer) -> None:
    happen(world, 3)
    log.sequence(world.database)
    made = log.checkpoint(world.database, key, AT)
    assert made is not None
    with world.database.reading() as session:
        head = stored.head(session)
        assert (made.size, made.root) == (head.size, head.root)
        public = log.public_key(session)
    assert public == key.key
    assert notes.opened(made.note, key.key) == notes.Checkpoint(head.origin, head.size, head.root, AT)
    assert log.checkpoint(world.database, key, AT) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda note: note.replace("\n4\n", "\n5\n"), "not the key's"),
        (lambda note: note.replace("time 2021", "time 2022"), "not the key's"),
        (lambda note: note.replace("\n4\n", "\n04\n"), "no checkpoint"),
        (lambda note: note + "\n", "not signed"),
        (lambda note: note.partition("\n\n")[0] + "\n\n", "not signed"),
        (lambda note: note.partition("\n\n")[0], "no checkpoint"),
        (lambda note: note.replace("\n", "\r\n"), "no checkpoint"),
        (lambda note: "other" + note, "not of"),
        (lambda note: "", "no checkpoint"),
    ],
)
def test_a_changed_note_is_refused(world: World, key: notes.Signer, change: object, why: str) -> None:
    note = key.sign(notes.Checkpoint(key.origin, 4, "ab" * 32, AT))
    assert notes.opened(note, key.key).size == 4
    with pytest.raises(notes.WrongNote, match=why):
        notes.opened(change(note), key.key)  # type: ignore[operator]


def test_another_key_or_another_log_is_noticed(tmp_path: Path) -> None:
    notes.make_key(tmp_path / "one.pem")
    notes.make_key(tmp_path / "other.pem")
    one, other = (notes.signer(tmp_path / name, "log/1") for name in ("one.pem", "other.pem"))
    note = one.sign(notes.Checkpoint("log/1", 4, "ab" * 32, AT))
    with pytest.raises(notes.WrongNote, match="another key"):
        notes.opened(note, other.key)
    with pytest.raises(notes.WrongNote, match="not of"):
        notes.opened(note, replace(one, origin="log/2").key)


def test_a_key_is_written_once_and_for_its_owner_only(tmp_path: Path) -> None:
    notes.make_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        notes.make_key(tmp_path / "key.pem")


def test_a_public_key_is_read_back_as_written() -> None:
    key = notes.Key("log/1", bytes(range(32)))
    assert notes.read_key(key.text) == key
    for wrong in (key.text[:-4], key.text.replace("log/1", "log/2"), "log/1", "", "log/1+00000000+AAAA", "log/1+0+é"):
        with pytest.raises(notes.WrongNote):
            notes.read_key(wrong)


def test_a_lost_or_strange_key_is_not_replaced(world: World, key: notes.Signer, tmp_path: Path) -> None:
    with pytest.raises(log.KeyMissing):
        log.signer(world.database, tmp_path / "nowhere.pem", AT)
    notes.make_key(tmp_path / "strange.pem")
    with pytest.raises(log.KeyMissing):
        log.signer(world.database, tmp_path / "strange.pem", AT)
    (tmp_path / "garbage.pem").write_text("no key")
    with pytest.raises(notes.WrongNote):
        log.signer(world.database, tmp_path / "garbage.pem", AT)
    assert log.signer(world.database, tmp_path / "keys" / "audit.pem", AT).key == key.key


# ---- proofs ----


def test_each_event_is_proved_under_the_newest_checkpoint(world: World, key: notes.Signer) -> None:
    case = world.case(CaseState.PUBLISHED)
    log.sequence(world.database)
    log.checkpoint(world.database, key, AT)
    for event in world.events(case):
        with world.database.reading() as session:
            held = log.receipt(session, event.stream, event.seq, event.hash)
        assert log.proves(held, key.key)
        assert not log.proves({**held, "hash": "00" * 32}, key.key)
        assert not log.proves({**held, "index": held["index"] + 1}, key.key)


def test_a_receipt_says_so_until_a_checkpoint_covers_it(world: World, key: notes.Signer) -> None:
    log.sequence(world.database)
    log.checkpoint(world.database, key, AT)
    case = world.case()
    [event, *_] = world.events(case)
    with world.database.reading() as session:
        held = log.receipt(session, event.stream, event.seq, event.hash)
    assert (held["hash"], held["proof"], held["checkpoint"]) == (event.hash, None, None)


def test_a_later_log_is_shown_to_begin_with_an_earlier_one(world: World, key: notes.Signer) -> None:
    roots = []
    for _ in range(4):
        happen(world, 3, f"s{len(roots)}")
        log.sequence(world.database)
        made = log.checkpoint(world.database, key, AT + timedelta(minutes=len(roots)))
        assert made is not None
        roots.append(made)
    with world.database.reading() as session:
        for old in roots:
            for new in roots[roots.index(old) :]:
                path = [bytes.fromhex(one) for one in log.consistency(session, old.size, new.size)]
                over = (bytes.fromhex(old.root), bytes.fromhex(new.root))
                assert merkle.extends(merkle.digest("sha256"), old.size, new.size, *over, path)
            assert log.root_at(session, old.size) == old.root
        with pytest.raises(ValueError, match="no"):
            log.consistency(session, 1, roots[-1].size + 99)


# ---- an older database ----


def test_a_shorter_or_another_log_is_noticed(world: World, key: notes.Signer) -> None:
    happen(world, 3)
    log.sequence(world.database)
    made = log.checkpoint(world.database, key, AT)
    assert made is not None
    with world.database.reading() as session:
        log.check_seen(session, made.note)
        longer = key.sign(notes.Checkpoint(key.origin, made.size + 1, made.root, AT))
        other = key.sign(notes.Checkpoint(key.origin, made.size, "ab" * 32, AT))
        with pytest.raises(log.OlderDatabase):
            log.check_seen(session, longer)
        with pytest.raises(log.OlderDatabase):
            log.check_seen(session, other)
        with pytest.raises(notes.WrongNote):
            log.check_seen(session, made.note.replace("time 2021", "time 2020"))


def test_checkpoints_are_listed_the_newest_first(world: World, key: notes.Signer) -> None:
    for number in range(3):
        happen(world, 1, f"c{number}")
        log.sequence(world.database)
        log.checkpoint(world.database, key, AT + timedelta(minutes=number))
    with world.database.reading() as session:
        sizes = [one.size for one in log.checkpoints(session)]
        assert sizes == sorted(sizes, reverse=True)
        assert [one.size for one in log.checkpoints(session, 1)] == sizes[:1]
        assert log.newest(session) == log.of_size(session, sizes[0])
        assert session.scalar(select(func.count()).select_from(AuditCheckpoint)) == 3


def test_a_remembered_checkpoint_is_whole(tmp_path: Path) -> None:
    log.remember(tmp_path / "deep" / "seen", "one\n")
    log.remember(tmp_path / "deep" / "seen", "another\n")
    assert [one.read_text() for one in (tmp_path / "deep").iterdir()] == ["another\n"]
