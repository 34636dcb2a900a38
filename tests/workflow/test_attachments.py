"""Attachments on their way out: in the batch's files under the call's names, in its mail, and in the case's passport."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rules.papers import attachments_complete
from tests.films import movie
from tests.make import call_2021, case_facts
from tests.trail.test_passport import sign
from tests.workflow.documents import hostile
from tests.worlds import Databases, World, world_under
from workflow import attachments, batches, papers
from workflow.batches import MAILED_ATTACHMENT
from workflow.calls.schema import EXAMPLE
from workflow.interchange import passport
from workflow.store.files import Files
from workflow.store.models import Batch, Case
from workflow.wipo.passports import _vet

pytestmark = pytest.mark.database

FILM = movie(media=bytes(MAILED_ATTACHMENT))
LONG = movie(media=bytes(passport.MOST_ATTACHED))


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    with world_under(databases, EXAMPLE, tmp_path) as made:
        yield made


@pytest.fixture
def files(world: World) -> Files:
    return Files((world.folder / "documents").as_uri())


def put(world: World, files: Files, case: int, paper: str, name: str, data: bytes) -> None:
    """As the screen does."""
    asked = attachments.asked_for(world.call, paper)
    act = {"actor": world.people["author"], "at": world.at}
    kept = attachments.receive(world.database, files, asked, name, io.BytesIO(data), case=case, **act)
    with world.database.transaction() as session:
        attachments.put(session, case, paper, kept, **act)


def test_they_leave_with_the_batch_under_the_calls_names_and_large_ones_by_no_mail(world: World, files: Files):
    case = world.draft(world.content(attachments=(), title="案例一"))
    statement = hostile.pdf()
    put(world, files, case, "statement", "意见.pdf", statement)
    put(world, files, case, "statement", "补充.pdf", hostile.pdf(pages=2))
    put(world, files, case, "video", "宣传片.MP4", FILM)
    world.seal(case)
    world.walk(case, "stamp", "review")
    batch = world.batch([case])
    with world.database.reading() as session:
        row = session.get_one(Batch, batch)
        made = batches.letter(session, files, row)
        whole = batches.package(session, files, row, actor=world.people["leader"], at=world.at)
        mailed = {one.name: one for one in made.enclosures}
        assert list(mailed)[-2:] == ["附件01_案例一_服务对象意见_1.pdf", "附件01_案例一_服务对象意见_2.pdf"]
        assert mailed["附件01_案例一_服务对象意见_1.pdf"].read() == statement
        [film] = made.apart
        assert film.name == "附件01_案例一_视频.MP4"
        assert f"附件01_案例一_视频.MP4（10.0 MB，SHA-256 {hashlib.sha256(FILM).hexdigest()}）" in made.body
        assert {*mailed, film.name} < {one.name for one in whole.files}
        assert film.fetch is not None
        with film.fetch() as opened:
            assert opened.read() == FILM


def test_a_passport_holds_them_and_names_those_for_which_it_has_no_room(world: World, files: Files):
    case = world.draft(world.content(attachments=()))
    put(world, files, case, "video", "长片.mp4", LONG)
    put(world, files, case, "statement", "意见.pdf", hostile.pdf())
    sign(world)
    with world.database.reading() as session:
        made = passport.build(session, files, session.get_one(Case, case), actor=world.people["author"], demo=False)
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        listed = json.loads(opened.read("manifest.json"))["papers"]
        assert [(one["name"], one["withheld"]) for one in listed] == [("长片.mp4", "large"), ("意见.pdf", "")]
        _vet("attachment", "意见.pdf", opened.read(listed[1]["file"]))
        kept = json.loads(opened.read("revisions/0003.json"))["attachments"]
    assert [one["digest"] for one in kept] == [one["sha256"] for one in listed]


def test_a_call_without_attachments_asks_for_none():
    assert attachments.of_case(call_2021(), (), ()) == []


def test_what_is_asked_no_more_is_shown_behind_the_others_and_takes_no_more(world: World, files: Files):
    case = world.draft(world.content(attachments=()))
    put(world, files, case, "video", "片.mp4", movie())
    later = replace(world.call, papers=tuple(one for one in world.call.papers if one.id != "video"))
    with world.database.reading() as session:
        current = papers.current(session, session.get_one(Case, case))
        [statement, video] = attachments.of_case(later, current, world.content_of(case).attachments)
        assert (statement.paper.id, statement.files, statement.full) == ("statement", (), False)
        assert (video.paper.id, [one.name for one in video.files], video.full) == ("video", ["片.mp4"], True)
    left = case_facts(later, attachments=(*case_facts(later).attachments, *world.content_of(case).attachments))
    assert attachments_complete.examine(left) is None
