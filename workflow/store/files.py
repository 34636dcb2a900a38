"""The document store: bytes under their digest, in a folder or an S3 bucket."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlparse

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, ObjectStore, from_url

from workflow.failpoints import reached


class Damaged(Exception):
    """Bytes that are not what their digest says: the store was damaged or changed from outside."""


class Files:
    """Content-addressed documents: written before the transaction that names them, checked on every read."""

    def __init__(self, url: str) -> None:
        if url.startswith("file:"):
            folder = Path(unquote(urlparse(url).path))
            folder.mkdir(parents=True, exist_ok=True)
            self._store: ObjectStore = LocalStore(folder)
        else:
            self._store = from_url(url)

    def put(self, data: bytes) -> str:
        """Keep bytes and give their SHA-256 digest. The same bytes are kept once."""
        digest = hashlib.sha256(data).hexdigest()
        reached("files.before_put")
        with suppress(AlreadyExistsError):
            obstore.put(self._store, _path(digest), data, mode="create")
        reached("files.put")
        return digest

    def drop(self, digest: str) -> bool:
        """Remove the bytes of a digest; whether there were any."""
        try:
            obstore.head(self._store, _path(digest))
        except FileNotFoundError:
            return False
        obstore.delete(self._store, _path(digest))
        return True

    def anything(self) -> str:
        """The path of something that is kept; "" for an empty store."""
        return next((one["path"] for some in obstore.list(self._store, chunk_size=1) for one in some), "")

    def get(self, digest: str) -> bytes:
        """The bytes of a digest. Raises FileNotFoundError, or Damaged when they are others."""
        data = bytes(obstore.get(self._store, _path(digest)).bytes())
        if hashlib.sha256(data).hexdigest() != digest:
            raise Damaged(digest)
        return data


def _path(digest: str) -> str:
    return f"{digest[:2]}/{digest}"
