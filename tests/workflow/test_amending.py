"""Running cases moved to another version of their call: what is told, who is told, what stays behind and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from states.batch import BatchState
from states.case import CaseState
from states.reach import SYSTEM
from tests.worlds import World, went
from workflow import histories, letters, lists
from workflow.calls import CallRefused, amending, notices
from workflow.calls.amending import Chosen, Moved, NotMoved, Preview, Verdict
from workflow.calls.notices import NoSuchCall
from workflow.courts import Party
from workflow.engine import NotPermitted
from workflow.store.calls import call_of
from workflow.store.models import Batch, Person

pytestmark = pytest.mark.database

WEEK = timedelta(days=7)
ALL = Chosen()


def look(world: World, who: str = "director", to: int | None = None) -> Preview:
    with world.database.reading() as session:
        actor = world.people[who] if who else SYSTEM
        return amending.preview(session, world.call.number, to=to, actor=actor, at=world.at)


def move(world: World, chosen: Chosen = ALL, **more: object) -> Moved:
    with world.database.transaction() as session:
        who = world.people[str(more.pop("who", "director"))]
        return amending.migrate(session, world.call.number, chosen=chosen, actor=who, at=world.at, **more)


def version(world: World, case: int) -> int:
    with world.database.reading() as session:
        return call_of(session, world.row(case).call_version_id).version


def without_theme(call) -> None:
    """The version does not know the theme of the first phase any more."""
    call["phases"][0]["themes"] = ["public"]
    call["phases"][1]["themes"] = [one for one in call["phases"][1]["themes"] if one != "smes"]
    del call["themes"]["smes"]


def with_addresses(world: World) -> None:
    with world.database.transaction() as session:
        for login in ("author", "sealer", "reviewer", "neighbour_reviewer"):
            session.execute(update(Person).where(Person.login == login).values(email=f"{login}@mail.example"))


# ---- what is told ----------------------------------------------------------------------------------------------------


def test_cases_beyond_reach_are_counted_and_the_others_named(world: World) -> None:
    draft, submitted = world.case(CaseState.DRAFT), world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(WEEK)
    seen = look(world)
    assert [one.row.id for one in seen.lines] == [submitted]
    assert [(one.office, one.cases) for one in seen.unseen] == [("示例省知识产权局", 1)]
    everything = look(world, who="")
    assert [one.row.id for one in everything.lines] == [draft, submitted]
    assert everything.unseen == []


def test_a_submitted_case_is_not_told_of_a_day_that_concerns_it_no_more(world: World) -> None:
    world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(WEEK)
    [line] = look(world).lines
    assert (line.verdict, line.changes) == (Verdict.SAME, ())


def test_to_others_it_is_not_there_and_the_desk_only_looks(world: World) -> None:
    world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(WEEK)
    for who in ("author", "reviewer", "editor", "administrator"):
        with pytest.raises(NoSuchCall):
            look(world, who)
        with pytest.raises(NoSuchCall):
            move(world, who=who)
    assert len(look(world, "desk").lines) == 1
    with pytest.raises(NotPermitted):
        move(world, who="desk")


# ---- moving ----------------------------------------------------------------------------------------------------------


def test_those_for_whom_something_changes_get_a_mail_and_nobody_else(world: World) -> None:
    draft, stamped = world.case(CaseState.DRAFT), world.case(CaseState.CENTRE_STAMPED)
    world.case(CaseState.SUBMITTED)
    with_addresses(world)
    world.extend_by_amendment(WEEK)
    moved = move(world)
    assert (moved.moved, moved.told) == (3, 2)
    assert moved.receipt is not None
    with world.database.reading() as session:
        kept = letters.of_posting(session, moved.receipt.number, configured=True)
        told = {one.mail.name: [about.id for about in one.mail.cases] for one in kept}
        assert told == {"赵文": [draft, stamped], "孙印": [draft, stamped], "王审": [stamped]}
        body = kept[0].mail.body("https://example.org")
        assert ("转到征集通知的另一个版本" in body, "2021年3月26日 → 2021年4月2日" in body) == (True, True)


def test_the_case_says_under_which_version_it_is_and_what_changed(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    world.extend_by_amendment(WEEK)
    went_on = world.row(case).moved_at
    move(world, remark="顺延一周")
    with world.database.reading() as session:
        entry = lists.history(session, world.row(case), world.people["author"])[0]
        assert (entry.version, entry.remark) == (2, "顺延一周")
        assert entry.detail is not None
        assert entry.detail.zh == "第 1 版 → 第 2 版：截止日：2021-03-26 → 2021-04-02"
        assert lists.moved_last([entry]) is entry
    assert world.row(case).moved_at == went_on  # it was no step: it has waited as long as before


def test_it_is_no_move_from_court_to_court(world: World) -> None:
    from states.route import lifecycle_of
    from workflow.courts import course

    lived, at = lifecycle_of(world.call.route), world.at
    moves = [(at, "draft"), (at + WEEK, "draft")]
    found = course(lived, moves, at + 2 * WEEK)
    assert found is not None
    assert (found.party, found.since, len(found.stays)) == (Party.CENTRE, at, 1)


def test_a_case_that_would_have_no_way_on_stays_and_says_why(world: World) -> None:
    stamped, draft = world.case(CaseState.CENTRE_STAMPED), world.case(CaseState.DRAFT)
    world.amend(without_theme)
    seen = {one.row.id: one for one in look(world, who="").lines}
    assert (seen[stamped].verdict, seen[draft].verdict) == (Verdict.STUCK, Verdict.CHANGES)
    moved = move(world)
    assert (moved.moved, [one.number for one in moved.refused]) == (
        1,
        ["示例省知识产权局（1）"],
    )  # not yet the director's
    assert "服务中小企业创新发展" in moved.refused[0].why.zh
    assert "退回中心修改" in moved.refused[0].do.zh or "撤销盖章" in moved.refused[0].do.zh
    assert (version(world, stamped), version(world, draft)) == (1, 2)
    went(world.act(stamped, "return_to_centre"))
    assert move(world).moved == 1
    assert version(world, stamped) == 2


def test_what_rests_moves_only_where_it_is_chosen(world: World) -> None:
    resting = world.case(CaseState.NOT_SELECTED)
    world.extend_by_amendment(WEEK)
    with pytest.raises(NotMoved):
        move(world)
    assert move(world, Chosen([resting])).moved == 1


def test_chosen_offices_bring_along_what_the_director_does_not_reach(world: World) -> None:
    here, there = world.case(CaseState.DRAFT), world.case(CaseState.DRAFT, centre="neighbour")
    world.extend_by_amendment(WEEK)
    moved = move(world, Chosen([], [world.offices["second"]]))
    assert (moved.moved, moved.numbers) == (1, [])
    assert (version(world, here), version(world, there)) == (1, 2)
    with pytest.raises(NotMoved):  # a draft is not named by somebody who does not reach it
        move(world, Chosen([here]))


def test_lengths_are_counted_as_the_version_counts(world: World) -> None:
    case = world.case(CaseState.DRAFT)
    world.amend(lambda call: call["length"].update(counted="all_characters"))
    words = world.row(case).length
    content = world.content_of(case)
    move(world)
    from rules.call import Counted

    assert (words, world.row(case).length) == (
        content.length_as(Counted.WORDS),
        content.length_as(Counted.ALL_CHARACTERS),
    )


def test_whoever_looked_before_it_moved_is_told(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    seen = {case: world.row(case).mark}
    world.extend_by_amendment(WEEK)
    move(world)
    from workflow.store.living import Overtaken

    with pytest.raises(Overtaken) as told:
        world.act(case, "review", seen=seen)
    assert "朱管已先办理：转到征集通知的另一个版本" in told.value.message.zh


def test_the_second_of_two_directors_is_told_that_it_moved_already(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(WEEK)
    seen = {case: world.row(case).mark}
    move(world, Chosen([case], seen=seen), op="first")
    second = move(world, Chosen([case], seen=seen), op="second", who="second_director")
    assert (second.moved, second.receipt) == (0, None)
    assert "已有人先转到第 2 版" in second.refused[0].why.zh
    assert len(world.events(case, "case.migrate")) == 1


# ---- batches ---------------------------------------------------------------------------------------------------------


def test_a_batch_moves_once_all_its_cases_live_under_the_version(world: World) -> None:
    first, second = (world.case(CaseState.PROVINCE_REVIEWED) for _ in range(2))
    batch = world.batch([first, second])
    world.extend_by_amendment(WEEK)
    move(world, Chosen([], [world.offices["first"]]))
    with world.database.reading() as session:
        row = session.get_one(Batch, batch)
        assert call_of(session, row.call_version_id).version == 2
        [entry, *_] = histories.of_batch(session, row, world.people["reviewer"])
        assert entry.detail is not None
        assert "第 1 版 → 第 2 版：截止日" in entry.detail.zh
    world.at = world.window(world.phase).closes
    world.seal_summary(batch)
    went(world.act_on_batch(batch, "seal"))
    went(world.act_on_batch(batch, "send"))
    assert world.state_of_batch(batch) is BatchState.SENT


def test_a_batch_stays_with_a_case_that_cannot_move(world: World) -> None:
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED), world.case(CaseState.PROVINCE_REVIEWED)])
    world.amend(without_theme)
    seen = look(world, who="")
    assert [(one.row.id, one.verdict) for one in seen.batches] == [(batch, Verdict.STUCK)]
    moved = move(world)
    assert (moved.moved, moved.batches, moved.receipt) == (0, 0, None)


def test_a_changed_minimum_is_told_of_the_batch(world: World) -> None:
    world.batch([world.case(CaseState.PROVINCE_REVIEWED), world.case(CaseState.PROVINCE_REVIEWED)])
    world.amend(lambda call: call["phases"][0].update(minimum_per_office=5))
    world.amend(lambda call: call["phases"][0].update(minimum_per_office=6))
    [line] = look(world, who="").batches
    assert line.changes == ()  # being collected, it is sealed next: numbers are asked when it is sent
    [batch] = [line.row.id]
    world.seal_summary(batch)
    went(world.act_on_batch(batch, "seal"))
    [line] = look(world, who="").batches
    assert any("“报送国家局”将受阻" in one.zh and "6" in one.zh for one in line.changes)


# ---- before it opens -------------------------------------------------------------------------------------------------


def amended(world: World, *changes: tuple[str, str]) -> tuple[str, str]:
    with world.database.reading() as session:
        row = notices.find(session, world.call.number)[0]
        source = row.source
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return source, row.notice


WITHOUT_SECOND_THEMES = (
    ('themes = ["smes"]', 'themes = ["public"]'),
    ('themes = ["smes", ', "themes = ["),
    ('smes = { zh = "服务中小企业创新发展", en = "Innovation by small and medium-sized enterprises" }\n', ""),
)


def test_a_version_that_would_strand_running_cases_is_refused_with_place_and_reason(world: World) -> None:
    world.case(CaseState.CENTRE_STAMPED)
    source, notice = amended(world, *WITHOUT_SECOND_THEMES)
    with world.database.transaction() as session, pytest.raises(CallRefused) as refused:
        notices.load(session, source, notice, actor=world.people["administrator"], at=world.at)
    [problem] = refused.value.problems
    assert problem.place == "themes"
    assert "有 1 个在办案例会没有出路" in problem.text.zh
    assert "服务中小企业创新发展" in problem.text.zh
    with world.database.reading() as session:
        assert len(notices.versions(session, world.call.number)) == 1


def test_what_authors_can_still_change_or_what_rests_bars_no_version(world: World) -> None:
    world.case(CaseState.DRAFT)
    world.case(CaseState.NOT_SELECTED)
    source, notice = amended(world, *WITHOUT_SECOND_THEMES)
    with world.database.transaction() as session:
        assert notices.load(session, source, notice, actor=world.people["administrator"], at=world.at)[1]


def test_a_dropped_section_that_cases_have_filled_is_named(world: World) -> None:
    world.case(CaseState.SUBMITTED)
    source, notice = amended(world)
    start, end = source.index('[[sections]]\nid = "lessons"'), source.index("# 附件2 案例报送表")
    with world.database.transaction() as session:
        checked = notices.check(session, source[:start] + source[end:], notice)
    assert any(one.place == "sections" and "启示" in one.text.zh for one in checked.problems)
