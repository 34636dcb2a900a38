"""The workbench: paragraphs saved and never written over, staleness, the second reader, and the glossary."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from states.case import CaseState
from tests.worlds import World
from workflow.engine import NotPermitted
from workflow.publishing import editorial
from workflow.publishing.editorial import TooLong
from workflow.store.living import Overtaken
from workflow.store.models import AuditEvent, Case
from workflow.wipo import workbench
from workflow.wipo.workbench import Desk, NotReady, Typed, WrongTerm

pytestmark = pytest.mark.database


def desk(world: World, case: int) -> Desk:
    with world.database.reading() as session:
        return workbench.desk(session, session.get_one(Case, case))


def save(world: World, case: int, *typed: Typed, by: str = "translator", op: str = "") -> workbench.Saved:
    with world.database.transaction() as session:
        return workbench.save(session, case, typed, actor=world.people[by], at=world.at, op=op)


def test_paragraphs_are_saved_one_by_one_until_the_english_is_whole(world: World) -> None:
    case = world.case(CaseState.SHORTLISTED)
    rows = desk(world, case).rows
    typed = [Typed(one.key, f"English {at}.", one.seen) for at, one in enumerate(rows)]
    assert save(world, case, typed[0]).count == 1
    first = desk(world, case)
    assert first.english is not None
    assert (first.open, first.english.of, first.english.title) == (len(rows) - 1, "", "English 0.")
    again = [replace(one, seen=row.seen) for one, row in zip(typed, first.rows, strict=True)]
    assert save(world, case, *again).count == len(rows) - 1
    whole = desk(world, case)
    assert whole.english is not None
    assert (whole.open, whole.english.of, whole.translators) == (0, world.row(case).content, ["吕译"])
    assert [one.en for one in whole.rows] == [one.en for one in typed]


def test_saving_nothing_new_records_nothing(world: World) -> None:
    case = world.case(CaseState.SHORTLISTED)
    world.translate(case)
    rows = desk(world, case).rows
    before = _entries(world)
    assert save(world, case, *(Typed(one.key, one.en, one.seen) for one in rows)) == workbench.Saved(None, 0)
    assert _entries(world) == before


def _entries(world: World) -> int:
    with world.database.reading() as session:
        return session.query(AuditEvent).count()


def test_two_people_at_one_paragraph_lose_nothing(world: World) -> None:
    case = world.case(CaseState.SHORTLISTED)
    one, other = desk(world, case).rows[2:4]
    save(world, case, Typed(one.key, "Theirs.", one.seen))
    came = save(world, case, Typed(one.key, "Mine.", one.seen), Typed(other.key, "Another.", other.seen))
    assert (came.count, [(two.typed.en, two.row and two.row.en) for two in came.conflicts]) == (
        1,
        [("Mine.", "Theirs.")],
    )
    assert {row.key: row.en for row in desk(world, case).rows}[one.key] == "Theirs."
    gone = save(world, case, Typed("section:effect.0123.0", "Of a paragraph that is there no more.", 0))
    assert [(two.typed.en, two.row) for two in gone.conflicts] == [("Of a paragraph that is there no more.", None)]


def test_a_change_of_the_chinese_makes_its_paragraph_stale_until_somebody_says_that_it_fits(world: World) -> None:
    case = world.case(CaseState.SHORTLISTED)
    world.translate(case)
    world.check_english(case)
    world.walk(case, "unshortlist", "return_to_office", "return_to_centre")
    content = world.content_of(case)
    name, words = next((name, words) for name, words in content.sections.items() if words)
    world.edit(case, content.changed(sections={**content.sections, name: words + "又一句。"}))
    world.seal(case)
    world.walk(case, "stamp", "review", "submit", "shortlist")
    found = desk(world, case)
    assert {one.place: one.state for one in found.rows if one.state != "current"} == {
        "summary": "stale",
        f"section:{name}": "stale",
    }
    stale = [one for one in found.rows if one.state == "stale"]
    untouched = save(world, case, *(Typed(one.key, one.earlier_en, 0) for one in stale))
    assert untouched.count == 0
    assert save(world, case, *(Typed(one.key, one.earlier_en, 0, keep=True) for one in stale)).count == 2
    mended = desk(world, case)
    assert (mended.open, mended.check) == (0, None)


def test_nobody_else_translates_and_nothing_too_long_is_kept(world: World) -> None:
    case = world.case(CaseState.SHORTLISTED)
    title = desk(world, case).rows[0]
    with pytest.raises(NotPermitted):
        save(world, case, Typed(title.key, "x", 0), by="checker")
    with pytest.raises(TooLong):
        save(world, case, Typed(title.key, "x" * 301, 0))
    assert desk(world, case).english is None


def test_the_second_reader_passes_what_was_read_and_whole(world: World) -> None:
    case = world.case(CaseState.SHORTLISTED)
    world.translate(case)
    with pytest.raises(NotReady):
        world.check_english(case, passed=False)
    world.check_english(case, passed=False, words="第二段漏译")
    back = desk(world, case)
    assert back.check is not None
    assert (back.check.passed, back.check.words) == (False, "第二段漏译")
    seen = back.english.id if back.english else 0
    world.retranslate(case, "")
    with pytest.raises(NotReady):
        world.check_english(case)
    with world.database.transaction() as session, pytest.raises(Overtaken):
        workbench.check(session, case, seen=seen, passed=True, words="", actor=world.people["checker"], at=world.at)
    world.retranslate(case, "Done.")
    world.check_english(case)
    read = desk(world, case)
    assert read.check is not None
    assert (read.check.passed, any(one.since_check for one in read.rows)) == (True, False)


def test_terms_are_put_replaced_and_taken_off_on_record(world: World) -> None:
    with world.database.transaction() as session:
        act = {"actor": world.people["translator"], "at": world.at}
        workbench.put_term(session, " 水泵 ", "pump", "", **act)  # type: ignore[arg-type]
        workbench.put_term(session, "水泵", "water pump / pump", "", **act)  # type: ignore[arg-type]
        assert [(one.zh, one.en) for one in workbench.terms(session)] == [("水泵", "water pump / pump")]
        workbench.remove_term(session, "水泵", **act)  # type: ignore[arg-type]
        with pytest.raises(WrongTerm):
            workbench.remove_term(session, "水泵", **act)  # type: ignore[arg-type]
        with pytest.raises(WrongTerm):
            workbench.put_term(session, "水泵", " / ", "", **act)  # type: ignore[arg-type]
        with pytest.raises(NotPermitted):
            workbench.put_term(session, "水泵", "pump", "", actor=world.people["liaison"], at=world.at)
        said = [
            json.loads(one.body)["before"]
            for one in session.query(AuditEvent).filter(AuditEvent.action == "glossary.put")
        ]
        assert said == ["", "pump"]


def test_the_shipped_terms_come_once(world: World) -> None:
    with world.database.transaction() as session:
        workbench.ship_terms(session, world.at)
        shipped = workbench.terms(session)
        assert {"TISC", "专利导航"} <= {one.zh for one in shipped}
        workbench.remove_term(session, "TISC", actor=world.people["checker"], at=world.at)
        workbench.ship_terms(session, world.at)
        assert len(workbench.terms(session)) == len(shipped) - 1


def test_who_may_what_is_told(world: World) -> None:
    case = world.row(world.case(CaseState.SHORTLISTED))
    told = {
        who: [editorial.may(case, what, world.people[who]) for what in ("translate", "check_english")]
        for who in ("translator", "checker", "liaison")
    }
    assert told == {"translator": [True, False], "checker": [False, True], "liaison": [False, False]}
