"""The sequencer: gives events their places in the log and signs how far it goes. Any number may run at once."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, date, datetime
from pathlib import Path

from rules.call import BEIJING
from workflow.audit import log
from workflow.audit.log import Signed
from workflow.audit.notes import Signer, WrongNote
from workflow.operation import checkpoint_mail
from workflow.settings import Settings
from workflow.store.database import Database

_log = logging.getLogger("zhengji.log")


class Sequencer(threading.Thread):
    """Runs until told to stop; what it has not done then, the next one does.

    It alone reads the key. Without it (`ZHENGJI_AUDIT_KEY` names no key of this log) events still get their places, and
    the log says at each start that nothing is signed.
    """

    def __init__(self, settings: Settings, database: Database, *, every: float = 1.0) -> None:
        super().__init__(name="sequencer", daemon=True)
        self._settings, self._database = settings, database
        self._mailed: date | None = None
        self._every = every
        self._seen = last_seen(settings)
        self._key = Path(settings.audit_key)
        self._signer: Signer | None = None
        self._without_key = False
        self._ended = threading.Event()

    def run(self) -> None:
        signed = None
        while not self._ended.wait(self._every):
            now = datetime.now(UTC)
            due = signed is None or now - signed >= log.EVERY
            if self._try(due):
                signed = now
        self._try(due=True)

    def stop(self) -> None:
        """Sign what there is, and end."""
        self._ended.set()
        self.join()

    def _read_key(self) -> Signer | None:
        try:
            return log.signer(self._database, self._key, datetime.now(UTC))
        except (log.KeyMissing, WrongNote, OSError) as wrong:
            _log.error("checkpoints are not signed: %s", wrong)
            self._without_key = True
            return None

    def _try(self, due: bool) -> bool:
        """One round; whether a checkpoint was signed. A database that is away is asked again in the next round."""
        try:
            if self._signer is None and not self._without_key:
                self._signer = self._read_key()
            log.sequence(self._database)
            made = self._signed(self._signer) if due and self._signer else None
            if made is not None:
                log.remember(self._seen, made.note)
                self._hand_out(made)
            return made is not None
        except Exception:
            _log.exception("the log could not be moved on")
            return False

    def _signed(self, signer: Signer) -> Signed | None:
        """A new checkpoint. An older database put back under the running program is not signed: raises OlderDatabase."""
        if self._seen.exists():
            with self._database.reading() as session:
                log.check_seen(session, self._seen.read_text(encoding="utf-8"))
        return log.checkpoint(self._database, signer, datetime.now(UTC))

    def _hand_out(self, made: Signed) -> None:
        """Have the first checkpoint of a day mailed to those who keep it outside."""
        day = made.at.astimezone(BEIJING).date()
        if day != self._mailed and checkpoint_mail.queue(self._database, self._settings, made):
            self._mailed = day


def last_seen(settings: Settings) -> Path:
    """Where the last checkpoint is kept outside the database, to notice an older database put back."""
    return settings.home / "last_checkpoint"
