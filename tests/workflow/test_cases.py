"""Cases: found within reach, written, acted on once, and never behind somebody's back."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select

from rules.roles import Role
from states.case import CaseState
from states.reach import Actor, Grant
from tests.worlds import World
from workflow import cases
from workflow.engine import NoSuchTransition, NotPermitted, Outcome, Receipt
from workflow.store import facts as stored_facts
from workflow.store import living, pages
from workflow.store.living import Overtaken
from workflow.store.models import Case, CaseRevision
from workflow.store.pages import Filters


@pytest.mark.parametrize("state", list(CaseState))
def test_every_state_is_reached_by_the_verbs_alone(world: World, state: CaseState) -> None:
    assert world.state(world.case(state)) is state


# ---- acting ----


def test_an_act_gives_a_receipt_that_names_its_event(world: World) -> None:
    case = world.case()
    receipt = world.act(case, "stamp").receipt
    [event] = world.events(case, "case.stamp")
    assert receipt is not None
    assert (receipt.number, receipt.hash) == (f"case/{case}#2", event.hash)
    row = world.row(case)
    assert (row.version, row.state, row.head) == (2, "centre_stamped", event.hash)


def test_the_record_says_who_when_in_which_role_and_on_which_facts(world: World) -> None:
    case = world.case()
    world.act(case, "stamp")
    [event] = world.events(case, "case.stamp")
    body = json.loads(event.body)
    assert body["actor"] == {"id": world.people["sealer"].id, "name": "孙印"}
    assert (body["at"], body["role"], body["from_state"]) == (world.at.isoformat(), "sealer", "draft")
    assert (body["facts"]["content"], body["facts"]["length"]) == (world.row(case).content, world.row(case).length)


def test_a_refusal_is_recorded_beside_the_chain_and_moves_nothing(world: World) -> None:
    case = world.draft()
    attempt = world.act(case, "stamp")
    [event] = world.events(case, "case.stamp")
    assert (attempt.outcome, event.outcome, event.stream) == (Outcome.REFUSED, "refused", f"case/{case}/tries")
    assert [one["rule"] for one in json.loads(event.body)["findings"]] == ["unit_seal_present"]
    assert (world.row(case).version, world.state(case)) == (1, CaseState.DRAFT)


def test_contact_details_are_kept_apart_from_the_chain(world: World) -> None:
    case = world.case()
    world.act(case, "stamp")
    [event] = world.events(case, "case.stamp")
    assert "13800000000" not in event.body
    assert event.priv is not None


def test_the_same_form_again_has_one_effect_and_the_same_receipt(world: World) -> None:
    case = world.case()
    first = world.act(case, "stamp", op="form-1")
    again = world.act(case, "stamp", op="form-1", at=world.at + timedelta(minutes=1))
    assert first.receipt == again.receipt is not None
    assert (again.done, again.transition.name, again.at) == (True, "stamp", world.at)
    assert len(world.events(case, "case.stamp")) == 1


def test_a_refused_form_again_gives_the_same_findings_in_the_same_words(world: World) -> None:
    case = world.draft()
    first = world.act(case, "stamp", op="form-1")
    world.seal(case)
    again = world.act(case, "stamp", op="form-1")
    assert [one.as_json() for one in again.findings] == [one.as_json() for one in first.findings]
    assert (again.outcome, again.receipt) == (Outcome.REFUSED, first.receipt)
    assert world.act(case, "stamp", op="form-2").done


def test_somebody_elses_key_is_not_answered_with_their_receipt(world: World) -> None:
    case = world.case()
    world.act(case, "stamp", op="form-1")
    with pytest.raises(Overtaken):
        world.act(case, "stamp", op="form-1", by="second_sealer")


def test_the_second_of_two_is_told_who_was_faster_and_with_what(world: World) -> None:
    case = world.case()
    seen = world.row(case).mark
    world.act(case, "stamp", by="second_sealer")
    with pytest.raises(Overtaken) as refused:
        world.act(case, "stamp", seen={case: seen})
    assert refused.value.message.zh == (
        "您查看之后，李印已先办理：盖章报送省级。您这次操作没有生效，请查看最新情况后再决定。"
    )
    assert "李印 was faster: Stamp" in refused.value.message.en


def test_of_many_at_the_same_moment_one_wins_and_the_others_are_told(world: World) -> None:
    case = world.case()
    seen = {case: world.row(case).mark}
    together = Barrier(6)

    def stamp(number: int) -> str:
        together.wait()
        try:
            world.act(case, "stamp", by=("sealer", "second_sealer")[number % 2], seen=seen, op=f"form-{number}")
        except Overtaken as refused:
            return refused.message.zh.partition("。")[0]
        return "done"

    with ThreadPoolExecutor(6) as people:
        came_to = sorted(people.map(stamp, range(6)))
    [winner] = world.events(case, "case.stamp")
    name = "孙印" if winner.person_id == world.people["sealer"].id else "李印"
    assert came_to == ["done", *[f"您查看之后，{name}已先办理：盖章报送省级"] * 5]
    assert world.row(case).version == 2


def test_of_many_rows_those_that_moved_meanwhile_are_named_and_none_is_kept(world: World) -> None:
    mine = [world.case() for _ in range(3)]
    actor = world.people["sealer"]
    inputs = stored_facts.Inputs(actor.id, world.at)
    with world.database.reading() as session:
        rows = stored_facts.case_rows(session, mine)
        attempts = cases.rehearse(session, rows, "stamp", actor=actor, inputs=inputs)
    world.act(mine[1], "stamp")
    tried = [living.Tried(row, one) for row, one in zip(rows, attempts, strict=True)]
    for one in tried:
        one.attempt.receipt = Receipt(one.row.stream, one.row.version + 1, f"{one.row.id:064x}")
    with pytest.raises(Overtaken) as told, world.database.transaction() as session:
        living._move(session, Case, tried)
    assert told.value.message.zh.startswith(f"{rows[1].number}：您查看之后，已有人先办理。")
    assert [world.row(case).version for case in mine] == [1, 2, 1]


def test_one_form_sent_by_many_clicks_at_once_has_one_effect(world: World) -> None:
    case = world.case()
    together = Barrier(6)

    def click(_: int) -> str:
        together.wait()
        receipt = world.act(case, "stamp", op="one form").receipt
        assert receipt is not None
        return receipt.hash

    with ThreadPoolExecutor(6) as clicks:
        receipts = set(clicks.map(click, range(6)))
    [event] = world.events(case, "case.stamp")
    assert receipts == {event.hash}


def test_many_cases_are_acted_on_at_once_each_with_its_own_outcome(world: World) -> None:
    good, bare = world.case(), world.draft()
    with world.database.transaction() as session:
        sealer = world.people["sealer"]
        attempts = cases.act(session, [bare, good], "stamp", actor=sealer, at=world.at, op="bulk")
    assert [one.outcome for one in attempts] == [Outcome.REFUSED, Outcome.DONE]
    assert [world.state(case) for case in (bare, good)] == [CaseState.DRAFT, CaseState.CENTRE_STAMPED]


@pytest.mark.not_reported_before
def test_two_that_are_alike_are_both_stamped_as_neither_was_reported(world: World) -> None:
    content = world.content()
    first = world.case(content=content)
    second = world.case(content=world.content(sections=content.sections))
    with world.database.transaction() as session:
        sealer = world.people["sealer"]
        attempts = cases.act(session, [first, second], "stamp", actor=sealer, at=world.at)
    assert [one.outcome for one in attempts] == [Outcome.DONE, Outcome.DONE]


@pytest.mark.parametrize("wanted", [[999], [1, 999]])
def test_a_case_that_is_not_there_stops_the_whole_act(world: World, wanted: list[int]) -> None:
    world.case()
    with world.database.transaction() as session, pytest.raises(cases.NoSuchCase):
        cases.act(session, wanted, "stamp", actor=world.people["sealer"], at=world.at)
    assert world.state(1) is CaseState.DRAFT


def test_out_of_reach_and_not_there_read_the_same(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    said = []
    for wanted in (case, 999):
        with world.database.transaction() as session, pytest.raises(cases.NoSuchCase) as refused:
            cases.act(session, [wanted], "review", actor=world.people["neighbour_reviewer"], at=world.at)
        said.append(refused.value.message)
    assert said[0] == said[1]


@pytest.mark.parametrize(("state", "step"), [(CaseState.PROVINCE_REVIEWED, "submit"), (CaseState.PUBLISHED, "push")])
def test_what_is_part_of_another_act_is_never_taken_alone(world: World, state: CaseState, step: str) -> None:
    case = world.case(state)
    by = {"submit": "leader", "push": "liaison"}[step]
    with pytest.raises(NoSuchTransition, match="is never taken alone"):
        world.act(case, step, by=by)
    assert world.state(case) is state


def test_an_exception_leaves_nothing_behind(world: World) -> None:
    case = world.case()
    events = len(world.events(case))

    def fail() -> None:
        with world.database.transaction() as session:
            cases.act(session, [case], "stamp", actor=world.people["sealer"], at=world.at)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (world.state(case), len(world.events(case))) == (CaseState.DRAFT, events)


# ---- writing ----


def test_a_new_case_is_a_numbered_draft_with_its_first_revision_and_event(world: World) -> None:
    case = world.draft()
    row = world.row(case)
    office = row.office.code
    assert (row.state, row.version, row.revision) == ("draft", 1, 1)
    assert row.number == f"{world.call.number}-{office}-{case:04d}"
    assert [event.action for event in world.events(case)] == ["case.create"]


def test_the_same_form_starts_one_case(world: World) -> None:
    made = []
    for _ in range(2):
        with world.database.transaction() as session:
            made.append(
                cases.create(
                    session,
                    call_version=world.call_version,
                    centre=world.centres["university"],
                    actor=world.people["author"],
                    at=world.at,
                    op="form-1",
                )
            )
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 1
    assert made[0] == made[1]


@pytest.mark.parametrize("who", ["sealer", "institute_author", "reviewer", "administrator"])
def test_only_an_author_of_the_centre_starts_its_cases(world: World, who: str) -> None:
    with pytest.raises(NotPermitted, match="author of the centre"):
        world.draft(author=who)


def test_an_edit_is_the_next_revision_and_keeps_the_one_before(world: World) -> None:
    case = world.draft()
    before = world.content_of(case)
    receipt = world.edit(case, before.changed(title="改过的题目"), by="second_author")
    row = world.row(case)
    assert (row.revision, row.version, row.title, row.author_id) == (
        2,
        1,
        "改过的题目",
        world.people["second_author"].id,
    )
    assert receipt is not None
    assert receipt.number == f"case/{case}/content#1"
    with world.database.reading() as session:
        kept = session.scalars(select(CaseRevision).where(CaseRevision.case_id == case).order_by(CaseRevision.revision))
        assert [one.snapshot["title"] for one in kept] == [before.title, "改过的题目"]


def test_an_edit_that_changes_nothing_is_no_revision(world: World) -> None:
    case = world.draft()
    assert world.edit(case, world.content_of(case)) is None
    assert world.row(case).revision == 1


@pytest.mark.parametrize("state", [CaseState.CENTRE_STAMPED, CaseState.SUBMITTED, CaseState.WITHDRAWN])
def test_content_changes_only_while_it_is_with_the_centre(world: World, state: CaseState) -> None:
    case = world.case(state)
    with pytest.raises(cases.NotEditable, match=state.label.en):
        world.edit(case, world.content_of(case).changed(title="改过的题目"))


@pytest.mark.parametrize("who", ["sealer", "institute_author", "reviewer", "desk"])
def test_every_text_is_its_authors_to_change(world: World, who: str) -> None:
    case = world.draft()
    with pytest.raises(NotPermitted):
        world.edit(case, world.content(), by=who)


def test_an_edit_over_somebody_elses_edit_is_told_whose(world: World) -> None:
    case = world.draft()
    seen = world.row(case).mark
    world.edit(case, world.content_of(case).changed(title="同事改的题目"), by="second_author")
    actor = world.people["author"]
    with world.database.transaction() as session, pytest.raises(Overtaken) as refused:
        cases.edit(session, case, world.content(), actor=actor, at=world.at, seen=seen)
    assert "钱文已先办理：修改内容" in refused.value.message.zh
    assert world.row(case).title == "同事改的题目"


# ---- finding ----


def page(world: World, who: str, filters: Filters | None = None) -> pages.Page:
    with world.database.reading() as session:
        return pages.page(session, world.people[who], filters or Filters())


def test_a_list_holds_what_the_person_reaches(world: World) -> None:
    draft, stamped = world.case(), world.case(CaseState.CENTRE_STAMPED)
    elsewhere = world.case(CaseState.CENTRE_STAMPED, centre="neighbour")
    seen = {who: {case.id for case in page(world, who).cases} for who in ("author", "reviewer", "desk", "auditor")}
    assert seen == {
        "author": {draft, stamped},
        "reviewer": {stamped},
        "desk": set(),
        "auditor": {draft, stamped, elsewhere},
    }


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (Filters(state="draft"), 1),
        (Filters(state="published"), 0),
        (Filters(text="水泵"), 1),
        (Filters(text="%"), 0),
        (Filters(text="0001"), 1),
        (Filters(text="示例大学"), 2),
        (Filters(phase="second"), 0),
    ],
)
def test_a_list_is_narrowed_by_state_phase_and_words(world: World, filters: Filters, count: int) -> None:
    world.draft(world.content(title="一座小镇水泵企业的三年"))
    world.case(CaseState.CENTRE_STAMPED)
    assert len(page(world, "author", filters).cases) == count


def test_whoever_holds_two_roles_sees_each_case_once(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    author, desk = Grant(Role.AUTHOR, world.centres["university"]), Grant(Role.DESK)
    both = Actor(1, "甲", frozenset({author, desk}))
    with world.database.reading() as session:
        assert [one.id for one in pages.page(session, both, Filters()).cases] == [case]
