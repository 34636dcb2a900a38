"""The document store: bytes under their digest, in a folder or an S3 bucket."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlparse

from rules.words import Text
from workflow.engine import CannotServe
from workflow.failpoints import reached
from workflow.store import objects

PATIENCE = timedelta(seconds=20)
"""How long a bucket may take over one request, and how long one that failed is tried again."""
TRIES_AGAIN = 2
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PIECE, PIECES = 8 * 1024 * 1024, 4
"""Bytes of a large document that go in one request, and how many such requests at a time."""
_ASIDE = "swept"
_LYING = re.compile(r"(?:(swept)/)?([0-9a-f]{2})/(\2[0-9a-f]{62})")


class NoSuchStore(CannotServe):
    """The address is none of a document store."""


class Damaged(Exception):
    """Bytes that are not what their digest says: the store was damaged or changed from outside."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest


class Absent(FileNotFoundError):
    """Nothing lies under a digest."""

    def __init__(self, digest: str) -> None:
        super().__init__(errno.ENOENT, os.strerror(errno.ENOENT), digest)
        self.digest = digest


class StoreAway(Exception):
    """The store does not answer in time, or refuses; what it would have given is still there."""


@dataclass(frozen=True)
class Lying:
    """One document in the store. `at`: when it was written last. `aside`: it was swept, and is kept for a while yet."""

    digest: str
    size: int
    at: datetime
    aside: bool


class Files:
    """Content-addressed documents: written before the transaction that names them, checked on every read.

    `url`: file:///folder or s3://bucket/prefix. `endpoint`: where an S3 server answers that is not Amazon's; keys and
    region are in the usual AWS_… variables. Raises NoSuchStore. Every method raises StoreAway; OSError without room.
    """

    def __init__(self, url: str, endpoint: str = "", patience: timedelta = PATIENCE) -> None:
        self._folder = Path(unquote(urlparse(url).path)) if url.startswith("file:") else None
        self._url, self._endpoint, self._patience = url, endpoint, patience
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
        elif not re.fullmatch(r"s3://[^/]+(/.*)?", url):
            raise NoSuchStore(
                Text(
                    f"材料库的地址不对：{url}。应为 file:///文件夹 或 s3://存储桶/前缀。",
                    f"{url} is no address of a document store: file:///FOLDER or s3://BUCKET/PREFIX.",
                )
            )

    @cached_property
    def _store(self) -> objects.ObjectStore:
        """Opened with the first document: many a web process never looks into one."""
        return objects.LocalStore(self._folder) if self._folder else _bucket(self._url, self._endpoint, self._patience)

    def put(self, data: bytes) -> str:
        """Keep bytes and give their SHA-256 digest. The same bytes are kept once."""
        digest = hashlib.sha256(data).hexdigest()
        reached("files.before_put")
        with _answered():
            try:
                objects.put(self._store, _path(digest), data, mode="create")
            except objects.AlreadyExistsError:
                # What is there may be damaged, or so old that a sweep is about to take it: the same bytes anew are neither.
                objects.put(self._store, _path(digest), data, use_multipart=False)
        self._settle(_path(digest))
        reached("files.put")
        return digest

    def put_file(self, source: IO[bytes]) -> str:
        """Keep what an open file holds, piece by piece, as large ones may be, and give its SHA-256 digest."""
        source.seek(0)
        found = hashlib.sha256()
        while piece := source.read(PIECE):
            found.update(piece)
        digest = found.hexdigest()
        source.seek(0)
        reached("files.before_put")
        with _answered():
            objects.put(self._store, _path(digest), source, chunk_size=PIECE, max_concurrency=PIECES)
        self._settle(_path(digest))
        reached("files.put")
        return digest

    def fetch(self, digest: str) -> IO[bytes]:
        """The bytes of a digest as an open file without a name, swept ones too; piece by piece, as large ones may be.

        Whoever asked closes it. Raises Absent, or Damaged when they are others.
        """
        damaged = False
        for path in (_path(digest), _path(digest, aside=True)):
            with ExitStack() as kept, suppress(FileNotFoundError):
                into = kept.enter_context(tempfile.TemporaryFile(prefix="zhengji-document-"))
                if self._fetched(path, into) == digest:
                    kept.pop_all()
                    into.seek(0)
                    return into
                damaged = True
        raise Damaged(digest) if damaged else Absent(digest)

    def get(self, digest: str) -> bytes:
        """The bytes of a digest, swept ones too. Raises Absent, or Damaged when they are others."""
        damaged = False
        for path in (_path(digest), _path(digest, aside=True)):
            data = self._read(path)
            if data is not None and hashlib.sha256(data).hexdigest() == digest:
                return data
            damaged = damaged or data is not None
        raise Damaged(digest) if damaged else Absent(digest)

    def drop(self, digest: str) -> bool:
        """Remove the bytes of a digest wherever they lie; whether there were any."""
        there = [path for path in (_path(digest), _path(digest, aside=True)) if self._there(path)]
        for path in there:
            with _answered():
                objects.delete(self._store, path)
        return bool(there)

    def anything(self) -> str:
        """The path of something that is kept; "" for an empty store."""
        with _answered():
            return next((one["path"] for some in objects.list(self._store, chunk_size=1) for one in some), "")

    # ---- for whoever keeps the store ----

    def lying(self) -> Iterator[Lying]:
        """Everything that lies here under a digest, in no order; whatever else lies here is none of ours."""
        with _answered():
            for some in objects.list(self._store, chunk_size=1000):
                for one in some:
                    if found := _LYING.fullmatch(one["path"]):
                        yield Lying(found[3], one["size"], one["last_modified"], bool(found[1]))

    def set_aside(self, digest: str) -> None:
        """Put a document, damaged or not, where only whoever asks for it by its digest finds it.

        It is written anew, not renamed, so that its time says when that was.
        """
        data = self._read(_path(digest))
        if data is None:
            return
        with _answered():
            objects.put(self._store, _path(digest, aside=True), data, use_multipart=False)
        self._settle(_path(digest, aside=True))
        reached("files.set_aside")
        with _answered():
            objects.delete(self._store, _path(digest))

    def bring_back(self, digest: str) -> None:
        """The way back; a damaged one stays aside."""
        data = self._read(_path(digest, aside=True))
        if data is not None and hashlib.sha256(data).hexdigest() == digest:
            self.put(data)
            self.forget_aside(digest)

    def forget_aside(self, digest: str) -> None:
        """Remove a document that was set aside."""
        with _answered():
            objects.delete(self._store, _path(digest, aside=True))

    def unfinished(self, before: datetime) -> list[Path]:
        """In a folder: what writers that were killed left half written. A bucket shows nothing until it is whole."""
        halves = self._folder.glob("**/*#*") if self._folder else ()
        return [one for one in halves if one.is_file() and one.stat().st_mtime < before.timestamp()]

    def _read(self, path: str) -> bytes | None:
        try:
            with _answered():
                return bytes(objects.get(self._store, path).bytes())
        except FileNotFoundError:
            return None

    def _fetched(self, path: str, into: IO[bytes]) -> str:
        """Write what lies at a path into a file, and give its digest. Raises FileNotFoundError."""
        found = hashlib.sha256()
        with _answered():
            size = objects.head(self._store, path)["size"]
        for start in range(0, size, PIECE):
            with _answered():
                piece = objects.get_range(self._store, path, start=start, end=min(start + PIECE, size))
            found.update(piece)
            into.write(piece)
        return found.hexdigest()

    def _there(self, path: str) -> bool:
        try:
            with _answered():
                objects.head(self._store, path)
        except FileNotFoundError:
            return False
        return True

    def _settle(self, path: str) -> None:
        """In a folder, have the disk keep what was written, and its name, through a power cut; the library does not."""
        if self._folder is None:
            return
        place = self._folder / path
        for one in (place, place.parent, self._folder):
            opened = os.open(one, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)


def _path(digest: str, *, aside: bool = False) -> str:
    return f"{f'{_ASIDE}/' if aside else ''}{digest[:2]}/{digest}"


def _bucket(url: str, endpoint: str, patience: timedelta) -> objects.ObjectStore:
    return objects.S3Store.from_url(
        url,
        config={"endpoint": endpoint} if endpoint else {},
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": min(patience, timedelta(seconds=5)),
            "timeout": patience,
        },
        retry_config={"max_retries": TRIES_AGAIN, "retry_timeout": patience},
    )


@contextmanager
def _answered() -> Iterator[None]:
    """Turns what the library raises into what is told about a store; a missing document stays FileNotFoundError."""
    try:
        yield
    except FileNotFoundError as problem:
        if "NoSuchBucket" in str(problem):
            raise StoreAway(_said(problem)) from problem
        raise
    except objects.AlreadyExistsError:
        raise
    except objects.BaseError as problem:
        full = next((number for number in NO_ROOM if f"os error {number})" in str(problem)), None)
        if full is not None:
            raise OSError(full, os.strerror(full)) from problem
        raise StoreAway(_said(problem)) from problem


def _said(problem: Exception) -> str:
    """The library's first paragraph; the rest is its own data."""
    return str(problem).partition("\n\n")[0].strip()
