"""The worker: one process that runs what was queued."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dbos import DBOS, DBOSConfig
from sqlalchemy.orm import Session

from workflow import batches, clock, electronic, letters, privacy, reminders
from workflow.calls import proofs, what_if
from workflow.finding import searches
from workflow.identity import account_mail, tokens
from workflow.incoming import arrivals, mailbox, refused, taking
from workflow.interchange.delivery import Access
from workflow.jobs import clearing
from workflow.jobs.heart import Heart
from workflow.jobs.kinds import KINDS, QUEUES, SCHEDULES, Kind
from workflow.jobs.queue import VERSION, dbos_url, enqueue
from workflow.jobs.running import Progress, Runner
from workflow.jobs.sequencing import Sequencer
from workflow.mailing import Mailer
from workflow.objecting import objection_mail
from workflow.operation import checkpoint_mail, keeping, telemetry, timestamps
from workflow.publishing import collection, drawn, made, publicity
from workflow.selection import judging_mail, plans
from workflow.settings import Settings
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.wipo import pushes

_log = logging.getLogger("zhengji.jobs")

GRACE = 12
"""Seconds that work begun has to come to its end when the worker is told to stop; then it is handed back."""


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
        said = self.settings
        access = Access(said.push_secret, said.push_key, said.push_known_hosts, said.push_roots)
        return pushes.Post(self.database, self.files, self.mailer, access)


# ---- the work --------------------------------------------------------------------------------------------------------


def _deliver_push(here: Workshop, _progress: Progress, push_id: int) -> str:
    """Carry one push to its destination."""
    words = pushes.deliver(here.post, push_id, at=here.now())
    failure = pushes.failed(here.database, push_id)
    if failure is not None:
        raise failure
    return words


def _recall_push(here: Workshop, _progress: Progress, push_id: int, asked_by: int, absent_id: int = 0) -> str:
    """Have one push withdrawn by its receiver."""
    return pushes.recall(here.post, push_id, asked_by, absent_id, at=here.now())


def _ask_receiver(here: Workshop, _progress: Progress, push_id: int) -> str:
    """Ask the receiver of a push whether it holds it."""
    return pushes.ask(here.post, push_id, at=here.now())


_NO_SERVER = "no mail server is set"


def _mail_batch(here: Workshop, _progress: Progress, batch_id: int) -> str:
    """Send one batch to the prescribed mailbox, where a mail server is set."""
    if not here.mailer.configured:
        return _NO_SERVER
    return batches.send_mail(here.database, here.files, here.mailer, batch_id, at=here.now())


def _mail_notice(here: Workshop, _progress: Progress, person_id: int, kind: str, at: str, until: str) -> str:
    """Tell somebody by mail what happened to their account."""
    if not here.mailer.configured:
        return _NO_SERVER
    return account_mail.send_notice(here.database, here.mailer, person_id, kind, at, until)


def _mail_reset(here: Workshop, _progress: Progress, reset_id: int) -> str:
    """Mail the link for a new password. 0: nobody was meant."""
    if not here.mailer.configured:
        return _NO_SERVER
    return account_mail.send_reset(here.database, here.settings, here.mailer, reset_id, at=datetime.now(UTC))


def _mail_invitation(here: Workshop, _progress: Progress, reset_id: int) -> str:
    """Mail somebody new the link by which they choose a password."""
    if not here.mailer.configured:
        return _NO_SERVER
    return account_mail.send_invitation(here.database, here.settings, here.mailer, reset_id, at=datetime.now(UTC))


def _mail_checkpoints(here: Workshop, progress: Progress, size: int) -> str:
    """Send the checkpoint of that size to everybody who keeps it."""
    if not here.mailer.configured:
        return _NO_SERVER
    everybody = checkpoint_mail.addresses(here.database)
    progress.each(everybody, lambda one: checkpoint_mail.send(here.database, here.settings, here.mailer, size, one))
    return f"{len(everybody)} mails"


def _mail_letters(here: Workshop, progress: Progress, posting: str) -> str:
    """Let the mails go that a step on cases has caused, once they were held long enough."""
    site = here.settings.base_url
    return letters.send(here.database, here.mailer, site, posting, progress.each, at=datetime.now(UTC))


def _remind(here: Workshop, progress: Progress) -> str:
    """Remind those whose court the ball is in of deadlines that are near."""
    if not here.mailer.configured:
        return _NO_SERVER
    publicity.remind(here.database, here.mailer, here.settings.base_url, progress.each, at=here.now())
    return reminders.send(here.database, here.mailer, here.settings.base_url, progress.each, at=here.now())


def _read_arrival(here: Workshop, progress: Progress, arrival_id: int) -> str:
    """Open what came in, judge and match its papers."""
    return arrivals.read(here.database, here.files, arrival_id, at=here.now(), each=progress.each)


def _make_file(here: Workshop, _progress: Progress, made_id: int) -> str:
    """Make a closing report or a pack that was ordered."""
    return made.make(here.database, here.files, made_id, at=here.now(), site=here.settings.base_url)


def _compile_collection(here: Workshop, progress: Progress, collection_id: int) -> str:
    """Make a collection that was ordered."""
    return collection.compile_ordered(here.database, here.files, collection_id, progress.each, at=here.now())


def _prove_call(here: Workshop, progress: Progress, digest: str, person: int) -> str:
    """Run the scenarios on a call's data, in a process of their own."""
    return proofs.work_out(here.database, digest, person, progress.tell, at=here.now())


def _replay_call(here: Workshop, progress: Progress, number: int) -> str:
    """Perform recorded steps under a changed call."""
    return what_if.work_out(here.database, number, progress.each, at=here.now())


def _mail_judges(here: Workshop, progress: Progress, first: int, last: int) -> str:
    """Tell judges that they are invited."""
    if not here.mailer.configured:
        return _NO_SERVER
    site = here.settings.base_url
    return judging_mail.invite(here.database, here.mailer, site, first, last, progress.each, at=here.now())


def _mail_objection(here: Workshop, _progress: Progress, number: int, seq: int) -> str:
    """Tell whoever objects what became of it."""
    if not here.mailer.configured:
        return _NO_SERVER
    return objection_mail.send(here.database, here.mailer, number, seq, site=here.settings.base_url)


def _mail_released(here: Workshop, progress: Progress, version: int, *numbers: int) -> str:
    """Tell a judge what somebody else judges now."""
    if not here.mailer.configured:
        return _NO_SERVER
    site = here.settings.base_url
    return judging_mail.released(here.database, here.mailer, site, version, numbers, progress.each, at=here.now())


def _remind_judges(here: Workshop, progress: Progress) -> str:
    """Remind judges of what is due soon or late."""
    if not here.mailer.configured:
        return _NO_SERVER
    return judging_mail.remind(here.database, here.mailer, here.settings.base_url, progress.each, at=here.now())


def _plan_judging(here: Workshop, _progress: Progress, plan_id: int) -> str:
    """Work out who judges what."""
    return plans.make(here.database, plan_id)


def _look_into_mailbox(here: Workshop, progress: Progress) -> str:
    """Take in what came to the mailbox, where one is set."""
    if not here.settings.imap_url:
        return "no mailbox is set"
    return mailbox.look(here.database, here.files, here.settings.imap_url, at=here.now(), each=progress.each).words


def _take_arrival(here: Workshop, progress: Progress, arrival_id: int, person_id: int, absent_id: int = 0) -> str:
    """Make drafts of what came in, and fill what is there already."""
    return taking.take(here.database, here.files, arrival_id, person_id, absent_id, at=here.now(), each=progress.each)


def _mail_answer(here: Workshop, _progress: Progress, arrival_id: int) -> str:
    """Send the answer to whoever sent something in, as it was shown."""
    if not here.mailer.configured:
        return _NO_SERVER
    return arrivals.send_answer(here.database, here.mailer, arrival_id)


def _keep_no_longer(here: Workshop, progress: Progress) -> str:
    """Throw away what is personal and is kept no longer."""
    made = privacy.keep_no_longer(here.database, here.files, here.settings, at=here.now(), each=progress.each)
    return f"{made.cases} cases, {made.events} events, {made.files} files" if made else "everything is kept"


def _sweep_documents(here: Workshop, _progress: Progress) -> str:
    """Remove from the document store what was thrown away, and what nothing names."""
    refused.forget(here.database, at=here.now())
    thrown_away = privacy.sweep(here.database, here.files, at=here.now())
    made = keeping.sweep(here.database, here.files, at=datetime.now(UTC))  # the store knows no demo's day
    drawn.Drawings(here.settings.home / drawn.FOLDER).sweep()
    return f"{thrown_away} thrown away, {len(made.aside)} set aside, {len(made.gone)} removed"


def _complete_words(here: Workshop, _progress: Progress) -> str:
    """Put into the index of words what the version before wrote while this one was being installed."""
    return f"{searches.complete(here.database)} cases"


def _clear_work(here: Workshop, _progress: Progress) -> str:
    """Forget work that was done long ago, what programs were answered, and what would have been."""
    at = datetime.now(UTC)
    pieces, tries = clearing.clear(here.database, at)
    answers, over = tokens.forget(here.database, at=at)
    runs = what_if.forget(here.database, at=here.now())
    return f"{pieces} pieces of work, {tries} tries, {answers} answers, {over} tokens, {runs} runs of what if"


def _verify_seals(here: Workshop, progress: Progress) -> str:
    """Verify the electronic seals anew that were verified under other issuers."""
    return electronic.verify_kept(here.database, here.files, here.settings, progress.each)


def _stamp_checkpoint(here: Workshop, _progress: Progress) -> str:
    """Have the newest checkpoint stamped by a third party, where one is set."""
    made = timestamps.stamp(here.settings, here.database, datetime.now(UTC))
    return f"{made.size} entries, {made.at.isoformat()}" if made else "nothing to stamp"


_WORK: Mapping[str, Callable[..., str]] = {
    "deliver_push": _deliver_push,
    "recall_push": _recall_push,
    "ask_receiver": _ask_receiver,
    "mail_batch": _mail_batch,
    "mail_notice": _mail_notice,
    "mail_reset": _mail_reset,
    "mail_invitation": _mail_invitation,
    "mail_checkpoints": _mail_checkpoints,
    "mail_letters": _mail_letters,
    "remind": _remind,
    "read_arrival": _read_arrival,
    "compile_collection": _compile_collection,
    "make_file": _make_file,
    "prove_call": _prove_call,
    "replay_call": _replay_call,
    "mail_judges": _mail_judges,
    "mail_objection": _mail_objection,
    "mail_released": _mail_released,
    "remind_judges": _remind_judges,
    "plan_judging": _plan_judging,
    "look_into_mailbox": _look_into_mailbox,
    "take_arrival": _take_arrival,
    "mail_answer": _mail_answer,
    "keep_no_longer": _keep_no_longer,
    "sweep_documents": _sweep_documents,
    "complete_words": _complete_words,
    "clear_work": _clear_work,
    "verify_seals": _verify_seals,
    "stamp_checkpoint": _stamp_checkpoint,
}
"""Name of a kind → the work itself, with what it works with, its progress, and the arguments it was queued with."""

if _WORK.keys() != KINDS.keys():
    raise RuntimeError(f"kinds of jobs and work differ: {sorted(_WORK.keys() ^ KINDS.keys())}")


def _known_to_dbos(kind: Kind) -> None:
    """Let DBOS call a kind of work by its name."""

    def workflow(*arguments: Any) -> str:
        here = _at_work[-1]
        work = _WORK[kind.name]
        return here.runner.run(
            kind, DBOS.workflow_id or "", arguments, lambda progress: work(here.shop, progress, *arguments)
        )

    DBOS.workflow(name=kind.name)(workflow)


for _kind in KINDS.values():
    _known_to_dbos(_kind)


@DBOS.workflow(name="by_the_clock")
def by_the_clock(due: datetime, job: str) -> None:
    """Queue what is due. Every worker has the clock; the moment is part of the key, so the work is queued once."""

    needs = next((one.needs for one in SCHEDULES if one.job == job), "")
    if needs and not getattr(_at_work[-1].shop.settings, needs):
        return  # it was set when the clock was told

    def queue(session: Session) -> None:
        enqueue(session, job, f"{job}/{due.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")

    _at_work[-1].runner.persistently(queue)


# ---- starting and stopping -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _AtWork:
    shop: Workshop
    runner: Runner
    heart: Heart
    sequencer: Sequencer


_at_work: list[_AtWork] = []
"""The one worker of this process, once it is launched."""


def workshop(settings: Settings, database: Database) -> Workshop:
    """What jobs need, from the settings."""
    return Workshop(
        settings,
        database,
        Files(settings.documents_url, settings.documents_endpoint),
        Mailer(settings.smtp_url, settings.mail_from, database, settings.mail_limit),
    )


def check_name(settings: Settings, database: Database) -> None:
    """Raise AnotherWorker when a live process runs jobs under the name that is set."""
    heart = Heart(database, settings.executor, lambda: None)
    heart.take_name()
    heart.stop()


def launch(
    settings: Settings, database: Database, *, poll: float = 0.5, lost: Callable[[], None] = lambda: None
) -> None:
    """Start running jobs in this process. `settings.executor`: its own stable name among all workers.

    `lost`: called when another process is found to work under that name. Raises AnotherWorker when one does already.
    """
    runner = Runner(database, settings.executor)
    heart = Heart(database, settings.executor, lost, runner)
    heart.take_name()
    at_work = _AtWork(workshop(settings, database), runner, heart, Sequencer(settings, database))
    _at_work.append(at_work)
    config: DBOSConfig = {
        "name": "zhengji",
        "system_database_url": dbos_url(settings.database_url),
        "application_version": VERSION,
        "executor_id": settings.executor,
        "log_level": "WARNING",
        "run_migrations": False,
        "enable_otlp": telemetry.on(),
        "notification_listener_polling_interval_sec": poll,
    }
    DBOS(config=config)
    DBOS.launch()
    for queue, at_once in QUEUES.items():
        DBOS.register_queue(queue, worker_concurrency=at_once, polling_interval_sec=poll, on_conflict="always_update")
    DBOS.apply_schedules(
        [
            {
                "schedule_name": one.job,
                "workflow_fn": by_the_clock,
                "schedule": one.cron,
                "context": one.job,
                "automatic_backfill": one.missed,
            }
            for one in SCHEDULES
            if not one.needs or getattr(settings, one.needs)
        ]
    )
    heart.start()
    at_work.sequencer.start()
    _log.info("worker %s runs", settings.executor)


def stop() -> bool:
    """Take up no more work; what is begun may come to its end for a while, and is then handed back to be done by others.

    Whether everything came to its end: where not, threads of this process are still at it.
    """
    if not _at_work:
        return True
    at_work = _at_work.pop()
    at_work.runner.ended.set()
    at_work.sequencer.stop()
    DBOS.destroy(workflow_completion_timeout_sec=GRACE if at_work.runner.making else 0)
    try:
        at_work.heart.stop()
        left = at_work.runner.hand_back(KINDS.__getitem__) if at_work.heart.holds else 1
    except Exception:  # the database is away: others take it up when this worker counts as dead
        _log.exception("what is unfinished could not be handed back")
        return False
    return left == 0
