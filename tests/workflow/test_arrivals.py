"""The ledger of what came in: kept whole, read once, matched, the same twice without effect, and who sees what."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from states.reach import SYSTEM
from tests.worlds import World
from workflow import cases, downloads, privacy
from workflow.documents import preview
from workflow.engine import NotPermitted
from workflow.incoming import arrivals
from workflow.incoming.arrivals import Came, NoSuchArrival, WrongArrival
from workflow.operation import keeping
from workflow.settings import from_environment
from workflow.store import copies
from workflow.store import papers as stored_papers
from workflow.store.files import Files
from workflow.store.models import Arrival, AuditEvent, Job

pytestmark = pytest.mark.database

SAMPLES = Path(__file__).parents[1] / "samples"
MAIL = "邮件01_优秀案例征集-示例省知识产权局.eml"
FAULTY = "邮件02_报送材料.eml"
WORD, FORM, SCAN = "案例01_一份检索报告让一条产线少走三.docx", "报送表01_示例大学.xlsx", "报送表01_扫描件.pdf"


@pytest.fixture
def files(world: World) -> Files:
    return Files((world.folder / "documents").as_uri())


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def take_in(world: World, files: Files, *given: tuple[str, bytes], by: str = "reviewer", office: str = "first") -> Came:
    return arrivals.receive(
        world.database,
        files,
        [(name, io.BytesIO(data)) for name, data in given],
        office=world.offices.get(office),
        call_version=world.call_version,
        actor=world.people[by],
        at=world.at,
    )


def came(world: World, files: Files, *names: str, by: str = "reviewer", office: str = "first") -> int:
    made = take_in(world, files, *((name, sample(name)) for name in names), by=by, office=office)
    arrivals.read(world.database, files, made.id, at=world.at)
    return made.id


def told(world: World, number: int, by: str = "auditor") -> dict:
    with world.database.reading() as session:
        return arrivals.as_json(arrivals.find(session, number, world.people[by]))


def packed(*names: str, **more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, sample(name))
        for name, data in more.items():
            archive.writestr(name, data)
    return out.getvalue()


def a_mail(*attachments: tuple[str, bytes], subject: str = "优秀案例征集-示例省知识产权局") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "联系人 <a@example.cn>", "b@example.cn", subject
    made.set_content("请查收。")
    for name, data in attachments:
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()


# ---- taking in -------------------------------------------------------------------------------------------------------


def test_what_comes_is_kept_whole_entered_and_queued_to_be_read(world: World, files: Files):
    made = take_in(world, files, (MAIL, sample(MAIL)))
    with world.database.reading() as session:
        row = arrivals.find(session, made.id, world.people["reviewer"])
        assert (row.state, row.how, row.by.name, row.office.addressee) == (
            "waiting",
            "screen",
            "王审",
            "示例省知识产权局",
        )
        [one] = row.files
        assert files.get(one.digest) == sample(MAIL)
        assert one.quarantined
        job = session.scalars(select(Job).where(Job.name == "read_arrival")).one()
        assert (job.about, job.arguments) == (f"arrival/{made.id}", [made.id])


def test_a_mail_is_read_case_by_case_with_what_is_lacking_and_the_answer(world: World, files: Files):
    number = came(world, files, FAULTY)
    with world.database.reading() as session:
        row = arrivals.find(session, number, world.people["leader"])
        assert (row.state, row.sender, row.subject) == ("read", "联系人子 <zi@ip-office.example>", "报送材料")
        assert row.message_id
        assert [(one.title, [lack["rule"] for lack in one.lacks]) for one in row.cases] == [
            ("伴随科研全程的“第四位导师”", []),
            ("为一项产业政策装上“专利罗盘”", ["every_form_attached"]),
        ]
        assert [lack["rule"] for lack in row.lacks] == ["subject_names_call_and_office"]
        assert "【案例2】《为一项产业政策装上“专利罗盘”》" in row.answer
        assert not row.files[0].quarantined
        assert row.cases[0].registered.name == "示例大学知识产权信息服务中心"
        assert row.cases[1].registered is None
    assert told(world, number)["cases"][0]["scan"] == "报送表04_扫描件.jpg"


def test_the_same_bytes_are_one_arrival_and_are_read_once(world: World, files: Files):
    first = take_in(world, files, (MAIL, sample(MAIL)))
    assert take_in(world, files, ("别的名字.eml", sample(MAIL)), by="leader") == Came(first.id, new=False)
    assert arrivals.read(world.database, files, first.id, at=world.at).startswith("3 cases")
    assert arrivals.read(world.database, files, first.id, at=world.at) == "read before"
    with world.database.reading() as session:
        assert len(session.scalars(select(Arrival)).all()) == 1
        assert [one.action for one in session.scalars(select(AuditEvent).where(AuditEvent.stream == "arrival/1"))] == [
            "arrival.receive",
            "arrival.read",
        ]


def test_the_same_papers_packed_otherwise_say_when_they_first_came(world: World, files: Files):
    first = came(world, files, WORD, FORM)
    made = take_in(world, files, ("材料.zip", packed(WORD, FORM)))
    arrivals.read(world.database, files, made.id, at=world.at)
    assert (told(world, made.id)["state"], told(world, made.id)["repeats"]) == ("repeat", first)
    other = take_in(world, files, ("材料.zip", packed(WORD, FORM)), by="neighbour_reviewer", office="second")
    arrivals.read(world.database, files, other.id, at=world.at)
    assert told(world, other.id)["state"] == "read"


@pytest.mark.parametrize("data", [b"", b"x" * (arrivals.LARGEST + 1)], ids=["empty", "too large"])
def test_what_is_empty_or_too_large_is_not_taken_in(world: World, files: Files, data: bytes):
    with pytest.raises(WrongArrival):
        take_in(world, files, ("来件.eml", data))
    with pytest.raises(WrongArrival):
        take_in(world, files)
    with world.database.reading() as session:
        assert session.scalars(select(Arrival)).all() == []


# ---- matching to what is there ---------------------------------------------------------------------------------------


def test_a_paper_that_bears_a_cases_number_belongs_to_it_whatever_its_title(world: World, files: Files):
    case = world.draft()
    number = world.row(case).number
    made = take_in(world, files, (f"{number}_正文.docx", sample(WORD)), (f"扫描_{number}.pdf", sample(SCAN)))
    arrivals.read(world.database, files, made.id, at=world.at)
    with world.database.reading() as session:
        row = arrivals.find(session, made.id, world.people["reviewer"])
        [line] = row.cases
        assert line.number == number
        assert arrivals.existing(session, row, line).id == case
        assert [one.came_to for one in row.contents] == ["document", "scan"]


def test_a_scan_is_known_by_the_code_on_its_paper_whatever_its_file_is_called(world: World, files: Files):
    case = world.draft()
    with world.database.transaction() as session:
        row = cases.find(session, case, seen_by=world.people["sealer"])
        _, paper = downloads.report_form_pdf(session, row, actor=world.people["sealer"], at=world.at)
    photo = io.BytesIO(preview.page(paper, "application/pdf", 1, 1400) or b"")
    turned = io.BytesIO()
    Image.open(photo).convert("RGB").rotate(90, expand=True).save(turned, "JPEG", quality=70)
    made = take_in(world, files, ("IMG_20210320_101010.jpg", turned.getvalue()), (WORD, sample(WORD)))
    arrivals.read(world.database, files, made.id, at=world.at)
    with world.database.reading() as session:
        row = arrivals.find(session, made.id, world.people["reviewer"])
        [scanned] = [one for one in row.cases if one.number == world.row(case).number]
        assert {one.name: (one.came_to, one.case_position == scanned.position) for one in row.contents} == {
            "IMG_20210320_101010.jpg": ("scan", True),
            WORD: ("document", False),
        }


def test_another_offices_number_means_nothing_to_an_office(world: World, files: Files):
    case = world.draft(centre="neighbour")
    made = take_in(world, files, (f"{world.row(case).number}.docx", sample(WORD)))
    arrivals.read(world.database, files, made.id, at=world.at)
    with world.database.reading() as session:
        assert [one.number for one in arrivals.find(session, made.id, world.people["reviewer"]).cases] == [""]


# ---- what is bad -----------------------------------------------------------------------------------------------------


def test_the_good_is_matched_beside_the_bad_and_the_original_is_quarantined(world: World, files: Files):
    mail = a_mail((WORD, sample(WORD)), ("案例09.docx", b"MZ" + b"\0" * 99), (SCAN, sample(SCAN)))
    made = take_in(world, files, ("来件.eml", mail), (FORM, sample(FORM)))
    arrivals.read(world.database, files, made.id, at=world.at)
    said = told(world, made.id)
    assert [(one["document"], one["form"], one["scan"]) for one in said["cases"]] == [(WORD, FORM, SCAN)]
    assert [(one["name"], one["inside"], one["code"]) for one in said["refused"]] == [
        ("案例09.docx", ["来件.eml"], "not_a_word_file")
    ]
    with world.database.reading() as session:
        found, _ = arrivals.quarantined(session, world.people["administrator"])
        assert [(arrival.id, file.name) for arrival, file in found] == [(made.id, "来件.eml")]
        with pytest.raises(NotPermitted):
            arrivals.quarantined(session, world.people["reviewer"])
    taken = {"actor": world.people["administrator"], "at": world.at}
    assert arrivals.from_quarantine(world.database, files, made.id, 1, **taken) == ("来件.eml.quarantined", mail)
    with pytest.raises(NoSuchArrival):
        arrivals.from_quarantine(world.database, files, made.id, 2, **taken)
    with world.database.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "arrival.open_quarantined")).one()
        assert json.loads(event.body)["name"] == "来件.eml"


def test_what_nobody_can_open_is_entered_and_quarantined(world: World, files: Files):
    made = take_in(world, files, ("来件.eml", b"\0" * 500))
    arrivals.read(world.database, files, made.id, at=world.at)
    assert [one["code"] for one in told(world, made.id)["refused"]] == ["not_a_mail"]


def test_a_mail_in_a_mail_in_a_mail_with_raw_gbk_and_hostile_members_leaves_the_rest_to_be_used(
    world: World, files: Files
):
    inner = EmailMessage()
    inner["From"], inner["To"], inner["Subject"] = "a@example.cn", "b@example.cn", "转发"
    inner.set_content("请查收。")
    for name, data in ((WORD, sample(WORD)), ("winmail.dat", b"\x78\x9f\x3e\x22" * 9)):
        inner.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    for _ in range(2):
        around = EmailMessage()
        around["From"], around["To"], around["Subject"] = "a@example.cn", "b@example.cn", "转发"
        around.set_content("转")
        around.add_attachment(inner)
        inner = around
    inner.add_attachment(
        packed(FORM, **{"坏.docx": b"MZ" + b"\0" * 99}), maintype="application", subtype="zip", filename="a.zip"
    )
    raw = inner.as_bytes().replace(b"a.zip", "材料.zip".encode("gbk"))
    made = take_in(world, files, ("来件.eml", raw), (SCAN, sample(SCAN)))
    arrivals.read(world.database, files, made.id, at=world.at)
    said = told(world, made.id)
    assert [(one["document"], one["form"], one["scan"]) for one in said["cases"]] == [(WORD, FORM, SCAN)]
    assert sorted((one["inside"][-1], one["code"]) for one in said["refused"]) == [
        ("材料.zip", "not_a_word_file"),
        ("来件.eml", "winmail_dat"),
    ]
    with world.database.reading() as session:
        row = arrivals.find(session, made.id, world.people["reviewer"])
        assert [(one.name, one.quarantined) for one in row.files] == [("来件.eml", True), (SCAN, False)]


# ---- who sees it -----------------------------------------------------------------------------------------------------


def test_an_office_sees_its_own_and_the_desk_the_national_offices(world: World, files: Files):
    office = take_in(world, files, (MAIL, sample(MAIL))).id
    nation = take_in(world, files, (MAIL, sample(MAIL)), by="desk", office="").id
    sees = {
        name: {one.id for one in page}
        for name in ("reviewer", "leader", "neighbour_reviewer", "desk", "auditor")
        for page in [_page(world, name)]
    }
    assert sees == {
        "reviewer": {office},
        "leader": {office},
        "neighbour_reviewer": set(),
        "desk": {nation},
        "auditor": {office, nation},
    }
    with world.database.reading() as session:
        for name in ("author", "director", "administrator", "editor"):
            with pytest.raises(NotPermitted):
                arrivals.page(session, world.people[name])
        with pytest.raises(NoSuchArrival):
            arrivals.find(session, office, world.people["desk"])


def _page(world: World, name: str):
    with world.database.reading() as session:
        return arrivals.page(session, world.people[name])[0]


@pytest.mark.parametrize(
    ("by", "office"), [("reviewer", "second"), ("reviewer", ""), ("author", "first"), ("desk", "first")]
)
def test_nobody_takes_in_for_others(world: World, files: Files, by: str, office: str):
    with pytest.raises(NotPermitted):
        take_in(world, files, (MAIL, sample(MAIL)), by=by, office=office)


# ---- keeping and throwing away ---------------------------------------------------------------------------------------


def test_what_came_in_is_named_so_that_no_sweep_takes_it_and_a_backup_has_it(world: World, files: Files):
    came(world, files, FAULTY)
    with world.database.reading() as session:
        row = session.scalars(select(Arrival)).one()
        digests = {one.digest for one in row.files} | {one.digest for one in row.contents if one.digest}
        assert digests <= copies.documents(session)
        assert stored_papers.named(session, sorted(digests)) == digests
    later = world.at + timedelta(days=3650)
    assert not keeping.sweep(world.database, files, at=later).anything


def test_what_came_in_goes_with_the_contacts_of_its_call(world: World, files: Files):
    number = came(world, files, MAIL)
    settings = from_environment({"ZHENGJI_HOME": str(world.folder), "ZHENGJI_KEEP_CONTACTS_DAYS": "200"})
    with world.database.reading() as session:
        digest = arrivals.find(session, number, SYSTEM).files[0].digest
    soon = world.at + timedelta(days=199)
    privacy.keep_no_longer(world.database, files, settings, at=soon)
    assert files.get(digest)
    privacy.keep_no_longer(world.database, files, settings, at=world.at + timedelta(days=700))
    with pytest.raises(FileNotFoundError):
        files.get(digest)
    with world.database.reading() as session:
        assert all(one.erased_at for one in arrivals.find(session, number, SYSTEM).files)
