"""What people see when the document store is away, slow, or gives other bytes than it was given."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import obstore
import pytest
from flask import Flask

from tests.buckets import Bucket
from tests.web.conftest import As, hidden, post
from tests.web.test_cases import page, started
from tests.web.test_papers import CASE, SAMPLES, upload
from tests.worlds import World
from web.app import create_app
from workflow.settings import Settings
from workflow.store.files import Files
from workflow.store.models import AuditEvent, Document

pytestmark = pytest.mark.once


@pytest.fixture
def files(bucket: Bucket) -> Files:
    """A place in the bucket, waited for no longer than three seconds."""
    return Files(bucket.url(), bucket.endpoint, timedelta(seconds=3))


@pytest.fixture
def app(world: World, settings: Settings, files: Files) -> Flask:
    """The application, with its documents in the bucket."""
    app = create_app(settings, world.database)
    app.extensions["zhengji"] = replace(app.extensions["zhengji"], files=files)
    return app


def taken_over(client, world: World) -> int:
    """A case whose text was uploaded."""
    where = started(client, world, "upload")
    shown = upload(client, where, case=CASE).get_data(as_text=True)
    number = int(where.split("/")[2])
    assert post(client, f"/cases/{number}/take-over", shown).status_code == 302
    return number


def paper(world: World, case: int) -> Document:
    with world.database.reading() as session:
        return session.query(Document).where(Document.case_id == case, Document.slot == "case").one()


def test_documents_in_a_bucket_come_back_as_they_were(sign_in: As, world: World):
    client = sign_in("author")
    case = taken_over(client, world)
    kept = paper(world, case)
    assert client.get(f"/cases/{case}/papers/{kept.id}").data == (SAMPLES / CASE).read_bytes()


def test_an_upload_while_the_store_is_away_changes_nothing_and_works_afterwards(
    sign_in: As, world: World, bucket: Bucket
):
    client = sign_in("author")
    where = started(client, world, "upload")
    case = int(where.split("/")[2])
    before = world.events(case)
    with bucket.away():
        shown = page(client, where)
        answer = upload(client, where, shown, case=CASE)
    said = answer.get_data(as_text=True)
    assert (answer.status_code, "文件库没有应答" in said, "案例没有变化" in said) == (503, True, True)
    assert [one.action for one in world.events(case)] == [one.action for one in before]
    assert "一份检索报告" in upload(client, where, shown, case=CASE).get_data(as_text=True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_paper_that_cannot_be_fetched_now_is_told_so_and_other_pages_work(
    language: str, sign_in: As, world: World, bucket: Bucket
):
    case = taken_over(sign_in("author"), world)
    client = sign_in("author", language)
    address = f"/cases/{case}/papers/{paper(world, case).id}"
    with bucket.held():
        answer = client.get(address)
        assert client.get(f"/cases/{case}").status_code == 200
    words = {"zh": "文件没有丢", "en": "it is not lost"}[language]
    assert (answer.status_code, words in answer.get_data(as_text=True)) == (503, True)
    assert not world.events(case, "document.open")
    assert client.get(address).status_code == 200


def test_other_bytes_are_refused_in_words_and_on_record_and_never_given_out(
    sign_in: As, world: World, files: Files, bucket: Bucket
):
    client = sign_in("author")
    case = taken_over(client, world)
    kept = paper(world, case)
    obstore.put(files._store, f"{kept.digest[:2]}/{kept.digest}", b"forged")
    answers = [client.get(f"/cases/{case}/papers/{kept.id}") for _ in range(2)]
    said = [(one.status_code, kept.name in one.get_data(as_text=True), b"forged" in one.data) for one in answers]
    assert said == [(500, True, False)] * 2
    with world.database.reading() as session:
        [event] = session.query(AuditEvent).where(AuditEvent.action == "document.unreadable")
        body = json.loads(event.body)
    assert (body["sha256"], body["why"], body["documents"], event.person_id) == (
        kept.digest,
        "damaged",
        [kept.id],
        world.people["author"].id,
    )


def test_a_file_that_is_gone_before_it_is_taken_over_is_told_and_on_record(sign_in: As, world: World, files: Files):
    client = sign_in("author")
    where = started(client, world, "upload")
    shown = upload(client, where, case=CASE).get_data(as_text=True)
    for one in files.lying():
        files.drop(one.digest)
    case = int(where.split("/")[2])
    answer = client.post(f"/cases/{case}/take-over", data=hidden(shown, f"/cases/{case}/take-over"))
    assert (answer.status_code, "已经记录在案" in answer.get_data(as_text=True)) == (500, True)
    assert not world.events(case, "case.edit")
