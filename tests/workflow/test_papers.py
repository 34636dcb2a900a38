"""Papers of a case: who puts them in and when, what a seal is bound to, and what is understood from them."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from PIL import Image

from states.case import CaseState
from tests.make import call_2021
from tests.worlds import World, went
from workflow import cases, papers, privacy
from workflow.cases import NotEditable
from workflow.content import Content
from workflow.documents.forms import read_report_form
from workflow.documents.problems import Unreadable
from workflow.documents.reading import read_case_document
from workflow.engine import CannotServe, NotPermitted, Receipt
from workflow.incoming import intake
from workflow.papers import Understood, understand
from workflow.store.files import Damaged, Files
from workflow.store.living import Overtaken
from workflow.store.models import Case, Document
from workflow.store.papers import Kept

SAMPLES = Path(__file__).parents[1] / "samples"
WORD = SAMPLES / "案例01_一份检索报告让一条产线少走三.docx"
FORM = SAMPLES / "报送表01_示例大学.xlsx"
SCAN = SAMPLES / "报送表01_扫描件.pdf"
REGISTERED = {"name": "示例大学知识产权信息服务中心", "host_unit": "示例大学", "region": "示例省"}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files((tmp_path / "documents").as_uri())


def kept(name: str = "案例.docx", digest: str = "1") -> Kept:
    return Kept(name, "application/octet-stream", digest * 64, 1)


def attach(world: World, case: int, slot: str, given: Sequence[Kept], *, by: str = "author", op: str = "") -> Receipt:
    with world.database.transaction() as session:
        return papers.attach(session, case, slot, given, actor=world.people[by], at=world.at, op=op)


def seal(world: World, case: int, unit: str = "示例大学", *, by: str = "sealer", **more: Any) -> Receipt:
    with world.database.transaction() as session:
        scan = kept("扫描件.pdf", "5")
        return papers.seal(session, case, scan, unit, actor=world.people[by], at=world.at, **more)


def listed(world: World, case: int, *, all_of_them: bool = False) -> list[tuple[str, str, int | None]]:
    with world.database.reading() as session:
        found = (papers.every if all_of_them else papers.current)(session, session.get_one(Case, case))
        return sorted((one.slot, one.name, one.revision) for one in found)


# ---- keeping bytes ---------------------------------------------------------------------------------------------------


def test_a_file_is_kept_under_its_digest_with_a_clean_name(files: Files) -> None:
    one = papers.keep(files, "case", f"../../{WORD.name}", WORD.read_bytes())
    assert (one.name, one.size) == (WORD.name, WORD.stat().st_size)
    assert files.get(one.digest) == WORD.read_bytes()
    assert papers.keep(files, "case", WORD.name, WORD.read_bytes()) == one


def test_a_file_that_does_not_fit_its_slot_is_not_kept(files: Files, tmp_path: Path) -> None:
    for name, data in (("案例.docx", b""), ("案例.docx", b"MZ no Word file"), (SCAN.name, SCAN.read_bytes())):
        with pytest.raises(Unreadable):
            papers.keep(files, "case", name, data)
    assert list((tmp_path / "documents").rglob("*.*")) == []


def test_the_pictures_of_a_document_are_kept(files: Files) -> None:
    [path] = SAMPLES.glob("案例04_*.docx")
    read = read_case_document(path.read_bytes(), path.name, call_2021())
    made = papers.keep_pictures(files, read)
    drawn = [
        (Image.open(io.BytesIO(files.get(kept.digest))), one) for kept, one in zip(made, read.pictures, strict=True)
    ]
    assert [(one.size, one.info.get("exif")) for one, _ in drawn] == [
        (Image.open(io.BytesIO(one.data)).size, None) for _, one in drawn
    ]
    assert [one.caption for one in made] == [one.caption for one in read.pictures]


def test_bytes_that_were_changed_or_lost_in_the_store_are_told(files: Files, tmp_path: Path) -> None:
    digest = files.put(b"true")
    path = tmp_path / "documents" / digest[:2] / digest
    path.chmod(0o644)
    path.write_bytes(b"false")
    with pytest.raises(Damaged):
        files.get(digest)
    with pytest.raises(FileNotFoundError):
        files.get("0" * 64)


# ---- putting files in ------------------------------------------------------------------------------------------------


def test_the_newest_file_of_a_slot_counts_and_earlier_ones_are_kept(world: World) -> None:
    case = world.draft()
    attach(world, case, "case", [kept("一.docx")])
    attach(world, case, "form", [kept("表.xlsx")])
    attach(world, case, "case", [kept("二.docx")])
    assert listed(world, case) == [("case", "二.docx", 1), ("form", "表.xlsx", 1)]
    assert listed(world, case, all_of_them=True) == [
        ("case", "一.docx", 1),
        ("case", "二.docx", 1),
        ("form", "表.xlsx", 1),
    ]


def test_a_file_belongs_to_the_revision_it_came_with(world: World) -> None:
    case = world.draft()
    world.edit(case, world.content())
    attach(world, case, "case", [kept()])
    assert listed(world, case) == [("case", "案例.docx", 2)]


def test_pictures_are_put_in_together_and_none_means_none(world: World) -> None:
    case = world.draft()
    attach(world, case, "picture", [kept("一.png"), kept("二.png")])
    assert [name for _, name, _ in listed(world, case)] == ["一.png", "二.png"]
    attach(world, case, "picture", [])
    assert listed(world, case) == []


def test_the_same_form_attaches_once_per_slot(world: World) -> None:
    case = world.draft()
    first = attach(world, case, "case", [kept()], op="form-1")
    assert attach(world, case, "case", [kept()], op="form-1") == first
    assert attach(world, case, "form", [kept("表.xlsx")], op="form-1") != first
    assert len(listed(world, case, all_of_them=True)) == 2


def test_the_same_form_gives_its_receipt_even_after_the_case_was_stamped(world: World) -> None:
    case = world.draft()
    first = attach(world, case, "case", [kept()], op="form-1")
    sealed = seal(world, case, op="form-2")
    went(world.act(case, "stamp"))
    assert attach(world, case, "case", [kept()], op="form-1") == first
    assert seal(world, case, op="form-2") == sealed


@pytest.mark.parametrize("person", ["sealer", "institute_author", "neighbour_author", "reviewer", "desk"])
def test_only_the_centres_authors_put_files_in(world: World, person: str) -> None:
    case = world.draft()
    with pytest.raises(NotPermitted):
        attach(world, case, "case", [kept()], by=person)


@pytest.mark.parametrize("state", [CaseState.CENTRE_STAMPED, CaseState.SUBMITTED, CaseState.WITHDRAWN])
def test_files_change_only_while_the_case_is_with_its_centre(world: World, state: CaseState) -> None:
    case = world.case(state)
    with pytest.raises(NotEditable, match=state.label.en):
        attach(world, case, "case", [kept()])
    with pytest.raises(NotEditable):
        seal(world, case)


def test_a_sealed_scan_is_not_replaced_by_an_author(world: World) -> None:
    case = world.draft()
    for slot in ("scan", "summary", "nonsense"):
        with pytest.raises(ValueError, match=slot):
            attach(world, case, slot, [kept()])


def test_opening_a_file_is_on_record(world: World) -> None:
    case = world.draft()
    attach(world, case, "case", [kept("案例.docx", "a")])
    with world.database.transaction() as session:
        found = session.get_one(Case, case)
        [one] = papers.current(session, found)
        privacy.opened(session, one, case=found, actor=world.people["auditor"], at=world.at)
    [event] = world.events(case, "document.open")
    assert (event.person_id, json.loads(event.body)["sha256"]) == (world.people["auditor"].id, "a" * 64)


# ---- the seal --------------------------------------------------------------------------------------------------------


@pytest.mark.seal_unbroken
def test_a_seal_is_bound_to_the_content_and_void_after_a_change(world: World) -> None:
    case = world.draft()
    content = world.content_of(case)
    seal(world, case)
    world.edit(case, content.changed(title="另一个题目"))
    assert [one.rule for one in world.act(case, "stamp").findings] == ["seal_unbroken"]
    world.edit(case, content)
    assert world.act(case, "stamp").done


def test_the_newest_seal_counts_and_names_what_a_person_read(world: World) -> None:
    case = world.draft()
    seal(world, case, "示例大学")
    seal(world, case, "  另一所大学 ")
    with world.database.reading() as session:
        newest = papers.newest_seal(session, session.get_one(Case, case))
    assert newest is not None
    assert (newest.unit, newest.content, newest.by_id) == (
        "另一所大学",
        world.row(case).content,
        world.people["sealer"].id,
    )
    assert listed(world, case) == [("scan", "扫描件.pdf", 1)]


@pytest.mark.parametrize("person", ["author", "institute_sealer", "reviewer", "leader"])
def test_only_the_centres_sealer_confirms_a_seal(world: World, person: str) -> None:
    case = world.draft()
    with pytest.raises(NotPermitted):
        seal(world, case, by=person)
    assert listed(world, case) == []


def test_a_seal_over_content_that_changed_meanwhile_is_overtaken_and_keeps_nothing(world: World) -> None:
    case = world.draft()
    mark = world.row(case).mark
    world.edit(case, world.content())
    with pytest.raises(Overtaken, match="赵文"):
        seal(world, case, seen=mark)
    assert listed(world, case, all_of_them=True) == []


def test_the_same_form_seals_once(world: World) -> None:
    case = world.draft()
    assert seal(world, case, op="form-1") == seal(world, case, op="form-1")
    assert len(listed(world, case, all_of_them=True)) == 1


def test_of_an_edit_and_a_seal_at_once_one_is_overtaken_and_no_seal_covers_unseen_words(world: World) -> None:
    case = world.draft()
    mark, before, after = world.row(case).mark, world.row(case).content, world.content()
    barrier = Barrier(2)

    def edit() -> Any:
        with world.database.transaction() as session:
            return cases.edit(session, case, after, actor=world.people["author"], at=world.at, seen=mark)

    def run(act: Any) -> Any:
        barrier.wait()
        try:
            return act()
        except CannotServe as refusal:
            return refusal

    with ThreadPoolExecutor(2) as pool:
        edited, sealed = (
            one.result() for one in [pool.submit(run, act) for act in (edit, lambda: seal(world, case, seen=mark))]
        )
    assert isinstance(edited, Receipt)
    with world.database.reading() as session:
        newest = papers.newest_seal(session, session.get_one(Case, case))
    if isinstance(sealed, Overtaken):
        assert newest is None
    else:
        assert newest is not None
        assert newest.content == before
    assert [one.rule for one in world.act(case, "stamp").findings][:1] in (["unit_seal_present"], ["seal_unbroken"])


# ---- understanding ---------------------------------------------------------------------------------------------------


def understood(
    before: Content | None = None, *, word: Path | None = WORD, form: Path | None = FORM, **centre: str
) -> Understood:
    call = call_2021()
    return understand(
        call,
        before or Content(),
        read_case_document(word.read_bytes(), word.name, call) if word else None,
        read_report_form(form.read_bytes(), form.name, call) if form else None,
        {**REGISTERED, **centre},
    )


def test_a_document_and_its_form_make_a_whole_case() -> None:
    read = understood()
    content = read.content
    assert (content.phase, content.theme) == ("first", "smes")
    assert set(content.sections) == {one.id for one in call_2021().sections}
    assert (content.recipient != "", content.service_from is not None, content.title != "") == (True, True, True)
    assert {"contact", "phone", "email"} <= set(content.form)
    assert not {"title", "phase", "centre", "host_unit"} & set(content.form)


def test_what_the_papers_leave_out_stays_as_it_was() -> None:
    before = Content(
        phase="second",
        theme="public",
        recipient="原服务对象",
        service_from=date(2020, 3, 1),
        form={"contact": "原联系人"},
    )
    content = understood(before, form=None).content
    kept_as_it_was = content.changed(title="", sections={})
    assert kept_as_it_was == before
    assert content.sections != {}
    by_form = understood(before.changed(sections={"effect": "原成效"}), word=None).content
    assert by_form.sections == {"effect": "原成效"}
    assert by_form.form["contact"] != "原联系人"


def test_a_documents_title_goes_before_the_forms_and_the_difference_is_told() -> None:
    other = next(path for path in sorted(SAMPLES.glob("报送表0[2-9]*.xlsx")))
    read = understood(form=other)
    assert read.content.title == understood(form=None).content.title
    assert [one.source.zh for one in read.differences if one.label.zh == "案例名称"] == ["案例正文"]


def test_a_form_of_another_unit_than_registered_is_told() -> None:
    assert [one.label.zh for one in understood(host_unit="另一所大学").differences] == ["所在单位"]


def test_taking_over_keeps_the_files_with_the_revision_they_made_and_once_per_form(world: World) -> None:
    case = world.draft(Content())
    files = world.post.files
    given = {"case": (WORD.name, WORD.read_bytes()), "form": (FORM.name, FORM.read_bytes())}
    row = world.row(case)
    with world.database.reading() as session:
        read = intake.read(session, files, world.call, session.get_one(Case, case), given)
    for _ in range(2):
        with world.database.transaction() as session:
            intake.take_over(session, row, read, actor=world.people["author"], at=world.at, seen=row.mark, op="form-1")
    assert (world.row(case).revision, world.row(case).title) == (2, read.content.title)
    assert {(slot, revision) for slot, _, revision in listed(world, case) if slot != "picture"} == {
        ("case", 2),
        ("form", 2),
    }
    with world.database.reading() as session:
        stored = {one.slot: files.get(one.digest) for one in session.query(Document) if one.slot != "picture"}
    assert stored == {"case": WORD.read_bytes(), "form": FORM.read_bytes()}
