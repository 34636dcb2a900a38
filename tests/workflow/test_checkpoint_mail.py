"""Checkpoints handed out: by mail once a day, and on the papers that offices print and seal."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import update

from states.case import CaseState
from tests.workflow.receivers import Mailbox, mail_server
from tests.workflow.test_jobs import queued, result, settings_of, working
from tests.worlds import World
from workflow import batches, downloads
from workflow.audit import log, notes, receipts
from workflow.documents import marks
from workflow.documents.receipt import qr_png
from workflow.incoming import sealing
from workflow.jobs.kinds import JobState
from workflow.jobs.sequencing import Sequencer
from workflow.mailing import Mailer
from workflow.operation import checkpoint_mail
from workflow.settings import Settings
from workflow.store import jobs as stored_jobs
from workflow.store import witnesses
from workflow.store.models import Batch, Office, Person

pytestmark = pytest.mark.database

AT = datetime(2021, 3, 20, 4, 0, 7, tzinfo=UTC)
FIRST, AUDITOR = "office@province.example", "auditor@office.example"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture
def signer(world: World, tmp_path: Path) -> notes.Signer:
    """The log's key, elsewhere than where a worker of the test looks for it."""
    with world.database.transaction() as session:
        session.execute(update(Office).where(Office.id == world.offices["first"]).values(email=FIRST))
        for login, address in (("auditor", AUDITOR), ("desk", "desk@office.example")):
            session.execute(update(Person).where(Person.id == world.people[login].id).values(email=address))
    return log.signer(world.database, tmp_path / "elsewhere" / "audit.pem", AT)


def sign(world: World, signer: notes.Signer, later: timedelta = timedelta()) -> log.Signed:
    log.sequence(world.database)
    made = log.checkpoint(world.database, signer, AT + later)
    assert made is not None
    return made


def posting(world: World, mailbox: Mailbox) -> Settings:
    return settings_of(world, smtp_url=mailbox.url, mail_from="zhengji@office.example", base_url="https://site.example")


def keys(world: World) -> list[str]:
    return [one for one in queued(world) if one.startswith("mail_checkpoints/")]


# ---- by mail ---------------------------------------------------------------------------------------------------------


def test_offices_and_auditors_with_an_address_get_it(world: World, signer: notes.Signer) -> None:
    with world.database.reading() as session:
        assert witnesses.addresses(session) == sorted([FIRST, AUDITOR])
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.id == world.people["auditor"].id).values(active=False))
    with world.database.reading() as session:
        assert witnesses.addresses(session) == [FIRST]


def test_a_day_has_its_mails_once_however_often_they_are_queued(world: World, signer: notes.Signer) -> None:
    settings = replace(settings_of(world), smtp_url="smtp://127.0.0.1:9", mail_from="a@b.example")
    world.draft()
    first = sign(world, signer)
    assert [checkpoint_mail.queue(world.database, settings, first) for _ in range(2)] == [True, True]
    world.draft()
    checkpoint_mail.queue(world.database, settings, sign(world, signer, timedelta(hours=3)))
    assert len(keys(world)) == 1
    world.draft()
    checkpoint_mail.queue(world.database, settings, sign(world, signer, timedelta(days=1)))
    assert len(keys(world)) == 2


def test_nothing_is_queued_without_a_mail_server(world: World, signer: notes.Signer) -> None:
    world.draft()
    assert checkpoint_mail.queue(world.database, settings_of(world), sign(world, signer)) is False
    assert keys(world) == []


def test_the_mail_holds_the_checkpoint_as_text_and_as_a_file(
    world: World, signer: notes.Signer, mailbox: Mailbox
) -> None:
    world.draft()
    made, settings = sign(world, signer), posting(world, mailbox)
    mailer = Mailer(settings.smtp_url, settings.mail_from, world.database)
    for _ in range(2):
        assert checkpoint_mail.send(world.database, settings, mailer, made.size, FIRST) == "250 queued as 1"
    [mail] = mailbox.mails
    text, attached = (part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart())
    assert isinstance(text, bytes)
    assert isinstance(attached, bytes)
    assert (mail["To"], notes.opened(attached.decode(), signer.key).size) == (FIRST, made.size)
    told = text.decode()
    assert [one in told for one in (made.note.strip(), signer.key.text, "https://site.example/receipts")] == [True] * 3


def test_a_worker_sends_what_was_queued(world: World, signer: notes.Signer, mailbox: Mailbox) -> None:
    world.draft()
    settings = posting(world, mailbox)
    checkpoint_mail.queue(world.database, settings, sign(world, signer))
    with working(world, smtp_url=settings.smtp_url, mail_from=settings.mail_from):
        assert [result(world, key) for key in keys(world)] == ["2 mails"]
    assert sorted(mail["To"] for mail in mailbox.mails) == sorted([FIRST, AUDITOR])


def test_an_address_that_is_refused_keeps_no_other_waiting(
    world: World, signer: notes.Signer, mailbox: Mailbox
) -> None:
    world.draft()
    settings = posting(world, mailbox)
    mailbox.refuses[AUDITOR] = "550 no such mailbox"
    checkpoint_mail.queue(world.database, settings, sign(world, signer))
    with working(world, smtp_url=settings.smtp_url, mail_from=settings.mail_from):
        [said] = [result(world, key) for key in keys(world)]
    assert [mail["To"] for mail in mailbox.mails] == [FIRST]
    assert "550 no such mailbox" in said
    with world.database.reading() as session:
        [left] = stored_jobs.some(session, ["mail_checkpoints"], JobState.GAVE_UP, 2)
    assert (left.part, left.parts, left.trouble["zh"][:14]) == (2, 2, "2 项中有 1 项没有办成：")


def test_the_sequencer_hands_out_the_first_checkpoint_that_it_signs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[int] = []
    monkeypatch.setattr(checkpoint_mail, "queue", lambda _database, _settings, made: handed.append(made.size) or True)
    settings = settings_of(world, audit_key=str(world.folder / "audit.pem"))
    world.draft()
    for _ in range(2):  # the second one finds that the log has not grown
        sequencer = Sequencer(settings, world.database)
        sequencer.start()
        sequencer.stop()
    with world.database.reading() as session:
        newest = log.newest(session)
    assert newest is not None
    assert handed == [newest.size]


# ---- on paper --------------------------------------------------------------------------------------------------------


def test_the_summary_table_bears_the_newest_checkpoint_as_a_line_and_a_code(world: World, signer: notes.Signer) -> None:
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED)])

    def printed() -> tuple[str, list[bytes], bytes]:
        with world.database.reading() as session:
            row = session.get_one(Batch, batch)
            leader = world.people["leader"]
            own = marks.code(sealing.mark_of_batch(row, batches.content(session, row)))
            _, data = batches.summary(session, row, at=world.at, seen_by=leader, site="https://site.example/")
        sheet = openpyxl.load_workbook(io.BytesIO(data)).active
        words = "\n".join(str(one) for line in sheet.iter_rows(values_only=True) for one in line if one)
        return words, [one._data() for one in sheet._images], own

    words, pictures, own = printed()
    assert ("留痕检查点" in words, pictures) == (False, [own])
    made = sign(world, signer)
    words, pictures, own = printed()
    address = f"https://site.example/receipts?size={made.size}&root={made.root}"
    assert (f"{made.size}:{made.root}" in words, pictures) == (True, [qr_png(address), own])
    with world.database.reading() as session:
        [line] = [one for one in words.splitlines() if "留痕检查点" in one]
        assert receipts.seen(session, line) == receipts.Seen(made.size, made.root)


def test_the_report_form_names_the_newest_checkpoint(world: World, signer: notes.Signer) -> None:
    case = world.draft()
    made = sign(world, signer)
    with world.database.reading() as session:
        row = world.row(case)
        _, data = downloads.report_form(session, row, actor=world.people["author"], at=world.at)
    sheet = openpyxl.load_workbook(io.BytesIO(data))["案例报送表"]
    assert f"{made.size}:{made.root}" in str(sheet["A3"].value)
