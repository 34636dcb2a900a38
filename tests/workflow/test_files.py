"""The document store, in a folder and in a bucket: kept once, checked on every read, and plain when it is away."""

from __future__ import annotations

import hashlib
import io
import os
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest

from tests.buckets import Bucket
from workflow.store.files import Absent, Damaged, Files, NoSuchStore, StoreAway, _path
from workflow.store.trouble import Trouble, trouble

pytestmark = pytest.mark.once

SHORT = timedelta(seconds=2)


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """An empty store."""
    if request.param == "folder":
        return Files((tmp_path / "documents").as_uri())
    bucket: Bucket = request.getfixturevalue("bucket")
    return Files(bucket.url(), bucket.endpoint)


def spoil(files: Files, digest: str, data: bytes) -> None:
    """Put other bytes under a digest, past the door."""
    obstore.put(files._store, _path(digest), data, use_multipart=False)


def where(files: Files) -> set[tuple[str, int, bool]]:
    return {(one.digest, one.size, one.aside) for one in files.lying()}


def test_the_same_bytes_are_kept_once_and_read_back(files: Files):
    digests = [files.put(b"sealed"), files.put(b"sealed"), files.put(b"another")]
    assert digests == [hashlib.sha256(data).hexdigest() for data in (b"sealed", b"sealed", b"another")]
    assert [files.get(one) for one in digests] == [b"sealed", b"sealed", b"another"]
    assert where(files) == {(digests[0], 6, False), (digests[2], 7, False)}


def test_a_large_file_reads_back(files: Files):
    data = os.urandom(20 * 1024 * 1024)
    assert files.get(files.put(data)) == data


def test_a_large_file_goes_and_comes_in_pieces_that_take_no_memory(files: Files, tmp_path: Path):
    path = tmp_path / "book.pdf"
    path.write_bytes(os.urandom(20 * 1024 * 1024))
    with path.open("rb") as book:
        book.read(7)  # wherever it stands
        kept = files.put_file(book)
        assert files.put_file(book) == kept
    assert kept == hashlib.sha256(path.read_bytes()).hexdigest()
    assert where(files) == {(kept, 20 * 1024 * 1024, False)}
    tracemalloc.start()
    with files.fetch(kept) as found:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.read() == path.read_bytes()
    assert most < 1024 * 1024  # pieces lie outside what Python counts; nothing whole is made of them
    files.set_aside(kept)
    with files.fetch(kept) as found:
        assert len(found.read(9)) == 9
    assert files.get(kept) == path.read_bytes()


def test_an_empty_file_is_one_too(files: Files):
    kept = files.put_file(io.BytesIO())
    with files.fetch(kept) as found:
        assert found.read() == files.get(kept) == b""


def test_a_file_that_is_fetched_is_checked_as_one_that_is_read(files: Files):
    kept = files.put(b"sealed")
    spoil(files, kept, b"forged")
    with pytest.raises(Damaged) as damaged:
        files.fetch(kept)
    with pytest.raises(Absent) as absent:
        files.fetch("0" * 64)
    assert (damaged.value.digest, absent.value.digest) == (kept, "0" * 64)
    assert files.put_file(io.BytesIO(b"sealed")) == kept
    assert files.get(kept) == b"sealed"


def test_what_is_not_there_and_what_was_changed_are_told_apart(files: Files):
    kept = files.put(b"sealed")
    spoil(files, kept, b"forged")
    with pytest.raises(Damaged) as damaged:
        files.get(kept)
    with pytest.raises(Absent) as absent:
        files.get("0" * 64)
    assert (damaged.value.digest, absent.value.digest) == (kept, "0" * 64)


def test_the_same_bytes_sent_again_mend_what_was_damaged(files: Files):
    kept = files.put(b"sealed")
    spoil(files, kept, b"forged")
    assert files.put(b"sealed") == kept
    assert files.get(kept) == b"sealed"


def test_bytes_sent_again_are_new_to_whoever_sweeps_by_age(files: Files, tmp_path: Path):
    kept = files.put(b"sealed")
    [before] = files.lying()
    if files._folder:
        os.utime(files._folder / _path(kept), (1, 1))
        [before] = files.lying()
        assert before.at.year == 1970
    files.put(b"sealed")
    [after] = files.lying()
    assert after.at >= before.at
    assert datetime.now(UTC) - after.at < timedelta(minutes=5)


def test_what_is_dropped_is_gone_wherever_it_lay(files: Files):
    kept, aside = files.put(b"one"), files.put(b"two")
    files.set_aside(aside)
    assert [files.drop(kept), files.drop(kept), files.drop(aside)] == [True, False, True]
    assert (where(files), files.anything()) == (set(), "")


def test_what_is_set_aside_still_reads_and_comes_back(files: Files):
    kept = files.put(b"sealed")
    files.set_aside(kept)
    assert (files.get(kept), where(files)) == (b"sealed", {(kept, 6, True)})
    files.bring_back(kept)
    assert (files.get(kept), where(files)) == (b"sealed", {(kept, 6, False)})
    files.set_aside(kept)
    files.forget_aside(kept)
    assert where(files) == set()


def test_what_lies_there_besides_is_none_of_ours(files: Files):
    kept = files.put(b"sealed")
    for path in ("readme.txt", f"00/{kept}", f"other/{kept[:2]}/{kept}"):
        obstore.put(files._store, path, b"x")
    assert where(files) == {(kept, 6, False)}
    assert files.anything() != ""


def test_halves_of_killed_writers_are_found_in_a_folder(tmp_path: Path):
    files = Files(tmp_path.as_uri())
    kept = files.put(b"sealed")
    half = tmp_path / kept[:2] / f"{kept}#1"
    half.write_bytes(b"sea")
    os.utime(half, (1, 1))
    (tmp_path / kept[:2] / f"{kept}#2").write_bytes(b"being written")
    assert files.unfinished(datetime.now(UTC) - timedelta(days=1)) == [half]


@pytest.mark.parametrize("url", ["s3:", "s3:///documents", "https://example.com/x", "documents", "gs://bucket/x", ""])
def test_an_address_that_is_no_store_is_refused(url: str):
    with pytest.raises(NoSuchStore, match=r"s3://BUCKET/PREFIX"):
        Files(url)


# ---- a bucket that fails ---------------------------------------------------------------------------------------------


@pytest.fixture
def short(bucket: Bucket) -> Files:
    """A store in the bucket that waits for two seconds only."""
    return Files(bucket.url(), bucket.endpoint, SHORT)


def test_a_bucket_that_is_away_is_told_at_once_and_has_lost_nothing(bucket: Bucket, short: Files):
    kept = short.put(b"sealed")
    with bucket.away():
        for ask in (lambda: short.put(b"new"), lambda: short.get(kept), lambda: list(short.lying()), short.anything):
            with pytest.raises(StoreAway) as told:
                ask()
            assert trouble(told.value) is Trouble.STORE
    assert short.get(kept) == b"sealed"
    assert short.get(short.put(b"new")) == b"new"


def test_a_bucket_that_says_nothing_is_not_waited_for_longer_than_is_set(bucket: Bucket, short: Files):
    kept = short.put(b"sealed")
    with bucket.held():
        for ask in (lambda: short.put(b"new"), lambda: short.get(kept)):
            before = datetime.now(UTC)
            with pytest.raises(StoreAway):
                ask()
            assert datetime.now(UTC) - before < 4 * SHORT
    assert short.get(kept) == b"sealed"
    assert short.get(short.put(b"new")) == b"new"  # the first may have arrived all the same, or in part


def test_a_bucket_that_refuses_our_keys_says_so(bucket: Bucket, monkeypatch: pytest.MonkeyPatch):
    url = bucket.url()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    refused = Files(url, bucket.endpoint)
    for ask in (lambda: refused.put(b"new"), lambda: refused.get("0" * 64)):
        with pytest.raises(StoreAway, match="privileges") as told:
            ask()
        assert trouble(told.value) is Trouble.STORE


def test_a_bucket_that_is_not_there_is_no_missing_document(bucket: Bucket):
    with pytest.raises(StoreAway, match="NoSuchBucket"):
        Files("s3://nowhere/documents", bucket.endpoint).get("0" * 64)
