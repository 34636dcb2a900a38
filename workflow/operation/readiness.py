"""Whether this process can serve now, told in words that give nothing away: for proxies, which ask every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

from workflow.operation.processes import leaving
from workflow.store.database import Database
from workflow.store.figures import migrated
from workflow.store.files import Files
from workflow.store.trouble import trouble

REMEMBERED = 5.0
"""Seconds for which a good answer of the document store is remembered."""
PATIENCE = 1.0
"""Seconds for which the document store is waited for; whoever asks meanwhile shares one question to it."""


class Readiness:
    """`lacking` tells what is missing; nothing when everything is there."""

    def __init__(self, database: Database, files: Files, documents_url: str) -> None:
        self._database = database
        self._files = files
        self._folder = Path(unquote(urlparse(documents_url).path)) if documents_url.startswith("file:") else None
        self._lock = threading.Lock()
        self._asking: threading.Thread | None = None
        self._reached_at = -REMEMBERED

    def lacking(self) -> list[str]:
        """In short words, none of which names a place or a reason."""
        return [*self._leaving(), *self._of_database(), *self._of_documents()]

    def _leaving(self) -> Iterator[str]:
        if leaving():
            yield "stopping"

    def _of_database(self) -> Iterator[str]:
        try:
            with self._database.reading() as session:
                if migrated(session):
                    return
        except Exception as error:
            if trouble(error) is not None:
                yield "database not reached"
                return
        yield "database not migrated"  # or empty, and so without the table that would tell

    def _of_documents(self) -> Iterator[str]:
        with self._lock:
            due = time.monotonic() - self._reached_at >= REMEMBERED
            if due and (self._asking is None or not self._asking.is_alive()):
                self._asking = threading.Thread(target=self._ask, name="readiness", daemon=True)
                self._asking.start()
            asking = self._asking
        if due and asking is not None:
            asking.join(PATIENCE)
        if time.monotonic() - self._reached_at >= REMEMBERED + PATIENCE:
            yield "documents not reached"

    def _ask(self) -> None:
        if self._folder and not self._folder.is_dir():  # to the library a folder that is gone looks empty
            return
        try:
            self._files.anything()
        except Exception as error:
            if trouble(error) is None and not isinstance(error, OSError):
                raise
            return
        self._reached_at = time.monotonic()
