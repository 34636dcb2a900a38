"""The worker: one process that runs what was queued."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from dbos import DBOS, DBOSConfig

from workflow import account_mail, batches, checkpoint_mail, clock, keeping, privacy, pushes, timestamps
from workflow.engine import CannotServe
from workflow.jobs.queue import MAILS, QUEUE, VERSION, dbos_url
from workflow.jobs.sequencing import Sequencer
from workflow.mailing import Mailer, MailNotConfigured
from workflow.settings import Settings
from workflow.store.database import Database
from workflow.store.files import Files

_log = logging.getLogger("zhengji.jobs")


@dataclass(frozen=True)
class Workshop:
    """What jobs work with; set once, when the worker starts."""

    settings: Settings
    database: Database
    files: Files
    mailer: Mailer

    def now(self) -> datetime:
        with self.database.reading() as session:
            return clock.now(session, self.settings)

    @property
    def post(self) -> pushes.Post:
        return pushes.Post(self.database, self.files, self.mailer)


_workshop: list[Workshop] = []
_sequencers: list[Sequencer] = []


def _here() -> Workshop:
    return _workshop[-1]


@DBOS.workflow(name="deliver_push")
def deliver_push(push_id: int) -> str:
    """Carry one push to its destination."""
    return _deliver(push_id)


@DBOS.step(name="deliver", retries_allowed=True, max_attempts=8, interval_seconds=2, backoff_rate=3)
def _deliver(push_id: int) -> str:
    here = _here()
    return pushes.deliver(here.post, push_id, at=here.now())


@DBOS.workflow(name="recall_push")
def recall_push(push_id: int, asked_by: int) -> str:
    """Have one push withdrawn by its receiver."""
    return _recall(push_id, asked_by)


@DBOS.step(name="recall", retries_allowed=True, max_attempts=8, interval_seconds=5, backoff_rate=3)
def _recall(push_id: int, asked_by: int) -> str:
    here = _here()
    try:
        return pushes.recall(here.post, push_id, asked_by, at=here.now())
    except CannotServe as problem:  # trying again would not help
        return f"{problem.message.zh} {problem.message.en}"


A_WEEK = 180
"""So many attempts last a week: at first seconds apart, in the end an hour, which is the longest that DBOS waits."""


@DBOS.workflow(name="mail_batch")
def mail_batch(batch_id: int) -> str:
    """Send one batch to the prescribed mailbox, where a mail server is set."""
    if not _here().mailer.configured:
        return "no mail server is set"
    return _mail(batch_id)


@DBOS.step(name="mail", retries_allowed=True, max_attempts=A_WEEK, interval_seconds=10, backoff_rate=2)
def _mail(batch_id: int) -> str:
    here = _here()
    try:
        return batches.send_mail(here.database, here.files, here.mailer, batch_id, at=here.now())
    except MailNotConfigured:
        return "no mail server is set"


@DBOS.workflow(name="mail_notice")
def mail_notice(person_id: int, kind: str, at: str, until: str) -> str:
    """Tell somebody by mail what happened to their account."""
    return _mail_notice(person_id, kind, at, until)


@DBOS.step(name="mail_notice", retries_allowed=True, max_attempts=A_WEEK, interval_seconds=10, backoff_rate=2)
def _mail_notice(person_id: int, kind: str, at: str, until: str) -> str:
    here = _here()
    try:
        return account_mail.send_notice(here.database, here.mailer, person_id, kind, at, until)
    except MailNotConfigured:
        return "no mail server is set"


@DBOS.workflow(name="mail_checkpoint")
def mail_checkpoint(size: int, address: str) -> str:
    """Send the checkpoint of that size to somebody who keeps it."""
    return _mail_checkpoint(size, address)


@DBOS.step(name="mail_checkpoint", retries_allowed=True, max_attempts=A_WEEK, interval_seconds=10, backoff_rate=2)
def _mail_checkpoint(size: int, address: str) -> str:
    here = _here()
    try:
        return checkpoint_mail.send(here.database, here.settings, here.mailer, size, address)
    except MailNotConfigured:
        return "no mail server is set"


@DBOS.workflow(name="mail_reset")
def mail_reset(reset_id: int) -> str:
    """Mail the link for a new password. 0: nobody was meant."""
    return _mail_reset(reset_id)


@DBOS.step(name="mail_reset", retries_allowed=True, max_attempts=6, interval_seconds=10, backoff_rate=2)
def _mail_reset(reset_id: int) -> str:
    here = _here()
    try:
        return account_mail.send_reset(here.database, here.settings, here.mailer, reset_id, at=datetime.now(UTC))
    except MailNotConfigured:
        return "no mail server is set"


@DBOS.workflow(name="keep_no_longer")
def keep_no_longer(_due: datetime, _context: object) -> None:
    """Once a day: throw away what is personal and is kept no longer."""
    _keep_no_longer()


@DBOS.step(name="keep_no_longer", retries_allowed=True, max_attempts=5, interval_seconds=60, backoff_rate=3)
def _keep_no_longer() -> str:
    here = _here()
    made = privacy.keep_no_longer(here.database, here.files, here.settings, at=here.now())
    return f"{made.cases} cases, {made.events} events, {made.files} files" if made else "everything is kept"


@DBOS.workflow(name="sweep_documents")
def sweep_documents(_due: datetime, _context: object) -> None:
    """Once a day: remove from the document store what was thrown away, and what nothing names."""
    _sweep()


@DBOS.step(name="sweep", retries_allowed=True, max_attempts=5, interval_seconds=60, backoff_rate=3)
def _sweep() -> str:
    here = _here()
    thrown_away = privacy.sweep(here.database, here.files, at=here.now())
    try:
        made = keeping.sweep(here.database, here.files, at=datetime.now(UTC))  # the store knows no demo's day
    except keeping.TooManyOrphans as refused:
        _log.error("documents are not swept: %s", refused.message.en)
        return refused.message.en
    return f"{thrown_away} thrown away, {len(made.aside)} set aside, {len(made.gone)} removed"


@DBOS.workflow(name="stamp_checkpoint")
def stamp_checkpoint(_due: datetime, _context: object) -> None:
    """Once a day: have the newest checkpoint stamped by a third party, where one is set."""
    _stamp()


@DBOS.step(name="stamp", retries_allowed=True, max_attempts=12, interval_seconds=30, backoff_rate=2)
def _stamp() -> str:
    here = _here()
    made = timestamps.stamp(here.settings, here.database, datetime.now(UTC))
    return f"{made.size} entries, {made.at.isoformat()}" if made else "nothing to stamp"


DAILY = "15 19 * * *"
"""A quarter past three at night in Beijing, in UTC."""

NIGHTLY = "45 19 * * *"
"""Half an hour after it."""

EVENING = "30 15 * * *"
"""Half past eleven in the evening in Beijing, in UTC."""


def workshop(settings: Settings, database: Database) -> Workshop:
    """What jobs need, from the settings."""
    return Workshop(
        settings,
        database,
        Files(settings.documents_url, settings.documents_endpoint),
        Mailer(settings.smtp_url, settings.mail_from, database),
    )


def launch(settings: Settings, database: Database, *, poll: float = 1.0) -> None:
    """Start running jobs in this process. `settings.executor`: its own stable name among all workers."""
    _workshop.append(workshop(settings, database))
    config: DBOSConfig = {
        "name": "zhengji",
        "system_database_url": dbos_url(settings.database_url),
        "application_version": VERSION,
        "executor_id": settings.executor,
        "log_level": "WARNING",
        "run_migrations": False,
        "notification_listener_polling_interval_sec": poll,
    }
    DBOS(config=config)
    DBOS.launch()
    for queue, at_once in ((QUEUE, 4), (MAILS, 64)):  # a waiting mail costs a sleeping thread, and there are 32 offices
        DBOS.register_queue(queue, worker_concurrency=at_once, polling_interval_sec=poll, on_conflict="always_update")
    DBOS.apply_schedules(
        [
            {
                "schedule_name": "keep_no_longer",
                "workflow_fn": keep_no_longer,
                "schedule": DAILY,
                "automatic_backfill": True,
            },
            {"schedule_name": "sweep_documents", "workflow_fn": sweep_documents, "schedule": NIGHTLY},
            {"schedule_name": "stamp_checkpoint", "workflow_fn": stamp_checkpoint, "schedule": EVENING},
        ]
    )
    _sequencers.append(Sequencer(settings, database))
    _sequencers[-1].start()
    _log.info("worker %s runs", settings.executor)


def stop() -> None:
    """Stop running jobs; what is unfinished is taken up at the next start."""
    for one in _sequencers:
        one.stop()
    _sequencers.clear()
    DBOS.destroy()
    _workshop.clear()
