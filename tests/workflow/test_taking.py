"""From what came in to drafts, papers at their case, and lines of a batch: in whose name, once, and told to whom."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from docx import Document as Word
from sqlalchemy import select, update

from states.case import CaseState
from tests.workflow.test_arrivals import FORM, MAIL, SCAN, WORD, came, packed, sample, take_in
from tests.worlds import World
from workflow import batches, cases, papers
from workflow.engine import NotPermitted
from workflow.incoming import arrivals, taking
from workflow.store.files import Files
from workflow.store.models import Arrival, ArrivalCase, Batch, Case, CaseRevision, Document, Job

pytestmark = pytest.mark.database

TABLE = "案例汇总表_示例省_第一阶段.xlsx"
TITLE = "一份检索报告，让一条产线少走三年弯路"


@pytest.fixture
def files(world: World) -> Files:
    return Files((world.folder / "documents").as_uri())


def take(world: World, files: Files, arrival: int, by: str = "reviewer") -> str:
    return taking.take(world.database, files, arrival, world.people[by].id, at=world.at)


def lines(world: World, arrival: int, by: str = "reviewer") -> list[tuple[str, int | None]]:
    with world.database.reading() as session:
        row = arrivals.find(session, arrival, world.people["auditor"])
        return [(one.outcome, one.case_id) for one in row.cases]


def said(world: World, arrival: int, by: str) -> list[str]:
    with world.database.reading() as session:
        row = arrivals.find(session, arrival, world.people[by])
        return [" ".join(one.zh for one in line.said) for line in taking.lines(session, row, world.people[by])]


def titled(world: World, title: str, **more: Any) -> int:
    return world.draft(world.content(title=title), **more)


# ---- drafts ----------------------------------------------------------------------------------------------------------


def test_a_draft_is_made_from_document_and_form_and_is_its_centres(world: World, files: Files):
    arrival = came(world, files, WORD, FORM, SCAN)
    assert take(world, files, arrival) == "1 cases"
    [(outcome, case)] = lines(world, arrival)
    assert outcome == "made"
    row = world.row(case)
    assert (row.state, row.title, row.centre_id, row.author_id) == (
        "draft",
        TITLE,
        world.centres["university"],
        world.people["author"].id,
    )
    assert set(row.sections) == {one.id for one in world.call.sections}
    assert row.recipient
    with world.database.reading() as session:
        revision = session.get(CaseRevision, (case, 1))
        assert (revision.how, revision.by_id) == ("mail", world.people["reviewer"].id)
        kept = session.scalars(select(Document).where(Document.case_id == case).order_by(Document.id)).all()
        assert [(one.slot, one.name) for one in kept][:2] == [("case", WORD), ("form", FORM)]


def test_the_same_once_more_makes_nothing_twice(world: World, files: Files):
    arrival = came(world, files, WORD, FORM)
    take(world, files, arrival)
    before = lines(world, arrival)
    take(world, files, arrival, by="leader")
    assert lines(world, arrival) == before
    with world.database.reading() as session:
        assert len(session.scalars(select(Case)).all()) == 1


def test_whoever_took_it_in_may_review_it_and_its_author_may_not_seal_it(world: World, files: Files):
    arrival = came(world, files, WORD, FORM)
    take(world, files, arrival)
    [(_, case)] = lines(world, arrival)
    row = world.row(case)
    content = world.content(title=row.title, sections=row.sections)
    world.edit(case, content, by="author")
    world.seal(case)
    assert world.act(case, "stamp").done
    assert world.act(case, "review", by="reviewer").done


def test_pressing_queues_a_job_in_ones_name_once(world: World, files: Files):
    arrival = came(world, files, WORD)
    for _ in range(2):
        with world.database.transaction() as session:
            taking.ask(session, arrival, actor=world.people["reviewer"], at=world.at, op="one")
    with world.database.reading() as session:
        [job] = session.scalars(select(Job).where(Job.name == "take_arrival"))
        assert job.arguments == [arrival, world.people["reviewer"].id]
        with pytest.raises(NotPermitted):
            taking.ask(session, arrival, actor=world.people["auditor"], at=world.at)


def test_who_lost_the_role_meanwhile_takes_nothing_in(world: World, files: Files):
    arrival = came(world, files, WORD)
    with pytest.raises(NotPermitted):
        take(world, files, arrival, by="neighbour_reviewer")
    assert lines(world, arrival) == [("", None)]


def test_what_is_not_read_yet_or_came_before_is_not_taken(world: World, files: Files):
    made = take_in(world, files, (WORD, sample(WORD)))
    with world.database.transaction() as session, pytest.raises(taking.NotReady):
        taking.ask(session, made.id, actor=world.people["reviewer"], at=world.at)


def test_a_centre_that_is_not_registered_or_a_bare_line_of_the_table_is_told(world: World, files: Files):
    arrival = came(world, files, MAIL)
    take(world, files, arrival)
    assert [outcome for outcome, _ in lines(world, arrival)] == ["made", "refused", "refused"]
    assert said(world, arrival, "reviewer")[1].startswith("登记中没有这个机构")
    bare = came(world, files, TABLE)
    take(world, files, bare)
    assert said(world, bare, "reviewer")[1].startswith("登记中没有这个机构")


def test_the_desk_takes_in_for_any_centre_and_an_office_for_its_own(world: World, files: Files):
    arrival = came(world, files, WORD, by="desk", office="")
    take(world, files, arrival, by="desk")
    [(outcome, case)] = lines(world, arrival)
    assert (outcome, world.row(case).centre_id) == ("made", world.centres["university"])
    other = came(world, files, WORD, by="neighbour_reviewer", office="second")
    take(world, files, other, by="neighbour_reviewer")
    assert [outcome for outcome, _ in lines(world, other)] == ["refused"]
    with world.database.reading() as session:
        centre = session.get_one(Case, case).centre
        cases.check_takes_in(centre, world.people["leader"])
        for name in ("author", "editor", "neighbour_leader"):
            with pytest.raises(NotPermitted):
                cases.check_takes_in(centre, world.people[name])


def test_text_that_fits_no_section_is_told(world: World, files: Files):
    document = Word(BytesIO(sample(WORD)))
    document.paragraphs[0].insert_paragraph_before(
        "这是一段放在最前面、不属于任何部分的话，写得足够长，不会被当作标题。"
    )
    out = BytesIO()
    document.save(out)
    made = take_in(world, files, ("案例.docx", out.getvalue()), (FORM, sample(FORM)))
    arrivals.read(world.database, files, made.id, at=world.at)
    take(world, files, made.id)
    assert "没有归入任何部分" in said(world, made.id, "auditor")[0]


# ---- what is there already -------------------------------------------------------------------------------------------


def test_a_case_that_the_centre_has_is_not_written_over_and_the_papers_lie_ready(world: World, files: Files):
    case = titled(world, TITLE)
    before = world.row(case).content
    arrival = came(world, files, WORD, FORM, SCAN)
    take(world, files, arrival)
    assert lines(world, arrival) == [("filled", case)]
    assert world.row(case).content == before
    with world.database.reading() as session:
        ready = taking.ready(session, session.get_one(Case, case))
        assert {slot: one.name for slot, one in ready.papers.items()} == {"case": WORD, "form": FORM, "scan": SCAN}
    with world.database.transaction() as session:
        given = [ready.papers["case"]]
        papers.attach(session, case, "case", given, actor=world.people["author"], at=world.at)
        assert set(taking.ready(session, session.get_one(Case, case)).papers) == {"form", "scan"}


def test_a_draft_made_from_papers_still_offers_its_scan_to_the_sealer(world: World, files: Files):
    arrival = came(world, files, WORD, FORM, SCAN)
    take(world, files, arrival)
    [(_, case)] = lines(world, arrival)
    with world.database.reading() as session:
        assert set(taking.ready(session, session.get_one(Case, case)).papers) == {"scan"}


def test_papers_come_too_late_for_a_case_that_is_sealed(world: World, files: Files):
    case = world.case(CaseState.CENTRE_STAMPED, world.content(title=TITLE))
    arrival = came(world, files, WORD)
    take(world, files, arrival)
    assert lines(world, arrival) == [("late", case)]
    assert said(world, arrival, "reviewer") == ["案例现在是“中心已盖章”，材料不再更换。"]


@pytest.mark.parametrize("has_one", [False, True], ids=["no draft", "a draft"])
def test_an_office_is_not_told_whether_its_centre_had_a_draft(world: World, files: Files, has_one: bool):
    if has_one:
        titled(world, TITLE)
    arrival = came(world, files, WORD, FORM)
    assert said(world, arrival, "reviewer")[0].startswith("将转给中心：新建草稿；中心已有同一案例的")
    take(world, files, arrival)
    assert said(world, arrival, "reviewer") == ["已转给中心，由中心核对、盖章后报送。"]
    with world.database.reading() as session:
        row = arrivals.find(session, arrival, world.people["reviewer"])
        assert [one.case for one in taking.lines(session, row, world.people["reviewer"])] == [None]


def test_a_number_in_a_files_name_does_not_tell_an_office_the_title_of_a_draft(world: World, files: Files):
    case = titled(world, "不该让省里看到的题目")
    made = take_in(world, files, (f"{world.row(case).number}.pdf", sample(SCAN)))
    arrivals.read(world.database, files, made.id, at=world.at)
    with world.database.reading() as session:
        [line] = arrivals.find(session, made.id, world.people["reviewer"]).cases
        assert (line.title, line.centre) == (line.number, "")
        assert "不该让省里看到的题目" not in arrivals.find(session, made.id, world.people["reviewer"]).answer


# ---- the batch -------------------------------------------------------------------------------------------------------


def test_an_offices_package_fills_a_batch_with_what_is_reviewed(world: World, files: Files):
    case = world.case(CaseState.PROVINCE_REVIEWED, world.content(title=TITLE))
    arrival = came(world, files, MAIL, TABLE)
    assert "batch" in take(world, files, arrival)
    with world.database.reading() as session:
        batch = session.scalars(select(Batch)).one()
        row = session.get_one(Arrival, arrival)
        assert (row.batch_id, batch.state, batch.phase) == (batch.id, "collecting", world.phase.id)
        assert [one.case.id for one in batches.lines(session, batch, world.people["reviewer"])] == [case]
        assert batch in batches.every(session, world.people["leader"])
    take(world, files, arrival)
    with world.database.reading() as session:
        assert len(session.scalars(select(Batch)).all()) == 1


def test_what_is_reviewed_later_goes_into_the_same_batch(world: World, files: Files):
    first = world.case(CaseState.PROVINCE_REVIEWED, world.content(title=TITLE))
    second = titled(world, "小厂大门口的“专利门诊”")
    arrival = came(world, files, WORD, "案例02_小厂大门口的专利门诊.docx", TABLE)
    with world.database.transaction() as session:
        row = update(ArrivalCase).where(ArrivalCase.arrival_id == arrival)
        session.execute(row.values(centre_id=world.row(second).centre_id))
    take(world, files, arrival)
    world.seal(second)
    world.walk(second, "stamp", "review")
    take(world, files, arrival)
    with world.database.reading() as session:
        batch = session.scalars(select(Batch)).one()
        assert [one.case.id for one in batches.lines(session, batch, world.people["reviewer"])] == [first, second]


def test_a_leader_makes_no_batch_and_a_centres_mail_fills_none(world: World, files: Files):
    world.case(CaseState.PROVINCE_REVIEWED, world.content(title=TITLE))
    take(world, files, came(world, files, MAIL, TABLE), by="leader")
    take(world, files, came(world, files, WORD))
    with world.database.reading() as session:
        assert session.scalars(select(Batch)).all() == []


def test_the_desk_hands_an_offices_package_on_and_the_office_makes_a_batch_of_it(world: World, files: Files):
    case = world.case(CaseState.PROVINCE_REVIEWED, world.content(title=TITLE))
    arrival = came(world, files, MAIL, TABLE, by="desk", office="")
    with world.database.transaction() as session:
        row = arrivals.find(session, arrival, world.people["desk"])
        assert arrivals.office_of(session, row) == world.offices["first"]
        assert [arrivals.waiting(session, world.people[one]) for one in ("desk", "reviewer")] == [1, 0]
        for name in ("reviewer", "auditor"):
            with pytest.raises((NotPermitted, arrivals.NoSuchArrival)):
                arrivals.hand_on(session, arrival, world.offices["first"], actor=world.people[name], at=world.at)
        with pytest.raises(arrivals.WrongArrival):
            arrivals.hand_on(session, arrival, 999, actor=world.people["desk"], at=world.at)
        arrivals.hand_on(session, arrival, world.offices["first"], actor=world.people["desk"], at=world.at)
    with world.database.reading() as session:
        assert [arrivals.waiting(session, world.people[one]) for one in ("desk", "reviewer")] == [0, 1]
        assert arrivals.find(session, arrival, world.people["desk"]).office.addressee == "示例省知识产权局"
        with pytest.raises(arrivals.NoSuchArrival):
            arrivals.find(session, arrival, world.people["neighbour_reviewer"])
    with pytest.raises(NotPermitted):
        take(world, files, arrival, by="desk")
    take(world, files, arrival)
    with world.database.reading() as session:
        batch = session.scalars(select(Batch)).one()
        assert [one.case.id for one in batches.lines(session, batch, world.people["reviewer"])] == [case]
    again = take_in(world, files, (MAIL, sample(MAIL)), ("表.zip", packed(TABLE)), by="desk", office="")
    arrivals.read(world.database, files, again.id, at=world.at)
    with world.database.reading() as session:
        assert session.get_one(Arrival, again.id).repeats_id == arrival


# ---- the answer ------------------------------------------------------------------------------------------------------


def test_the_answer_is_the_same_bytes_each_time_and_needs_a_sender(world: World, files: Files):
    arrival = came(world, files, MAIL)
    with world.database.reading() as session:
        row = arrivals.find(session, arrival, world.people["reviewer"])
        made = arrivals.answer(row, "征集 <cases@cnipa.example>")
        assert made == arrivals.answer(row, "征集 <cases@cnipa.example>")
    loose = came(world, files, WORD)
    with world.database.reading() as session, pytest.raises(arrivals.NoAnswer):
        arrivals.answer(arrivals.find(session, loose, world.people["reviewer"]), "cases@cnipa.example")
