"""Many cases at once: rehearsed with nothing written, taken as rehearsed, and undone as one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select, update

from states.case import CaseState
from tests.make import CALLS
from tests.worlds import CALL_2021, Databases, World, world_under
from workflow import bulk, cases, letters, privacy
from workflow.bulk import Answers, Done, Form, NotUndone, Outcome, Rehearsal, Verdict, WrongChoice
from workflow.engine import NoSuchTransition, NotPermitted
from workflow.store import copies
from workflow.store.living import Overtaken, Unmarked
from workflow.store.models import AuditEvent, BulkAct, Case, Person
from workflow.store.pages import Filters

pytestmark = pytest.mark.database

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
"""The clock on the wall, which is not the one of the world."""
TEN = timedelta(minutes=10)
REASON = Form(remark="理由")


def submitted(world: World, number: int, centre: str = "university") -> list[int]:
    """So many submitted cases of one centre, sent in one batch."""
    made = [world.case(CaseState.PROVINCE_REVIEWED, centre=centre) for _ in range(number)]
    world.submit(*made)
    return made


def marks(world: World, *ids: int) -> dict[int, str]:
    return {one: world.row(one).mark for one in ids}


def rehearse(world: World, trigger: str, ids: Sequence[int], by: str = "desk", **more: Any) -> Rehearsal:
    with world.database.reading() as session:
        return bulk.rehearse(session, trigger, ids, actor=world.people[by], at=more.pop("at", world.at), **more)


def act(world: World, trigger: str, seen: Mapping[int, str], by: str = "desk", **more: Any) -> Done:
    values = {"at": world.at, "real": NOW, "op": "", "hold": TEN, **more}
    with world.database.transaction() as session:
        return bulk.act(session, trigger, seen, actor=world.people[by], **values)


def undo(world: World, bulk_id: int, by: str = "desk", **more: Any) -> Done:
    values = {"at": world.at, "real": NOW, "op": "", "form": REASON, **more}
    with world.database.transaction() as session:
        return bulk.undo(session, bulk_id, actor=world.people[by], **values)


def outcomes(world: World, done: Done, by: str = "desk") -> dict[int, str]:
    with world.database.reading() as session:
        return {line.case_id: line.outcome for line in bulk.find(session, done.id, world.people[by]).lines}


def verdicts(rehearsal: Rehearsal) -> dict[int, Verdict]:
    return {line.case.id: line.verdict for line in rehearsal.lines}


def of_acts(world: World) -> list[AuditEvent]:
    with world.database.reading() as session:
        found = select(AuditEvent).where(AuditEvent.action.startswith("bulk.")).order_by(AuditEvent.uid)
        return list(session.scalars(found))


def with_addresses(world: World, *people: str) -> None:
    with world.database.transaction() as session:
        for one in people:
            address = f"{one}@mail.example"
            session.execute(update(Person).where(Person.login == one).values(email=address))


def mixed(world: World) -> dict[str, int]:
    """Shortlisted cases of which some can be published, and one that cannot be at all."""
    ready, other = world.case(CaseState.SHORTLISTED), world.case(CaseState.SHORTLISTED)
    for case in (ready, other):
        world.ready_to_publish(case)
    no_consent, elsewhere = world.case(CaseState.SHORTLISTED), world.case(CaseState.SUBMITTED)
    world.sign_offs(no_consent, world.call.sign_offs)
    return {"ready": ready, "other": other, "no consent": no_consent, "submitted": elsewhere}


# ---- rehearsing ------------------------------------------------------------------------------------------------------


def test_a_rehearsal_writes_nothing(world: World) -> None:
    with_addresses(world, "author", "sealer", "reviewer")
    there = mixed(world)
    with world.database.reading() as session:
        before = copies.contents(session)
    made = rehearse(world, "publish", list(there.values()), "editor")
    assert made.mails
    with world.database.reading() as session:
        assert copies.contents(session) == before


def test_a_rehearsal_says_of_each_case_what_an_act_comes_to_in_the_words_that_it_has_alone(world: World) -> None:
    there = mixed(world)
    made = rehearse(world, "publish", list(there.values()), "editor")
    assert verdicts(made) == {
        there["ready"]: Verdict.READY,
        there["other"]: Verdict.READY,
        there["no consent"]: Verdict.REFUSED,
        there["submitted"]: Verdict.IMPOSSIBLE,
    }
    [refused] = made.of(Verdict.REFUSED)
    with world.database.reading() as session:
        case = cases.find(session, there["no consent"], world.people["editor"])
        [alone] = [
            one
            for one in cases.offers(session, case, actor=world.people["editor"], at=world.at)
            if one.transition.name == "publish"
        ]
        with pytest.raises(NoSuchTransition) as told:
            cases.act(session, [there["submitted"]], "publish", actor=world.people["editor"], at=world.at)
    assert refused.findings == alone.findings
    assert [one.rule for one in refused.obstacles] == ["consent_given"]
    assert (refused.obstacles[0].clause, [str(one) for one in refused.obstacles[0].lifted_by]) == (
        world.call.rules["consent_given"].clause,
        ["author", "sealer"],
    )
    assert made.of(Verdict.IMPOSSIBLE)[0].why == (told.value.message,)


def test_an_act_comes_to_what_was_rehearsed(world: World) -> None:
    there = mixed(world)
    made = rehearse(world, "publish", list(there.values()), "editor")
    done = act(world, "publish", {line.case.id: line.mark for line in made.lines}, "editor")
    came_to = {Verdict.READY: "done", Verdict.REFUSED: "refused", Verdict.IMPOSSIBLE: "impossible"}
    assert outcomes(world, done, "editor") == {case: came_to[one] for case, one in verdicts(made).items()}
    [event] = world.events(there["no consent"], "case.publish")
    assert json.loads(event.body)["findings"] == [one.as_json() for one in made.of(Verdict.REFUSED)[0].findings]
    assert (event.outcome, event.stream) == ("refused", f"case/{there['no consent']}/tries")
    assert world.events(there["submitted"], "case.publish") == []
    assert [world.state(case) for case in there.values()] == ["published", "published", "shortlisted", "submitted"]


def test_an_act_comes_to_what_the_same_steps_come_to_one_by_one(databases: Databases, tmp_path: Path) -> None:
    """Later ones see what earlier ones leave: alone, one after the other, each comes to the same."""
    came: list[list[Any]] = []
    for together in (True, False):
        with world_under(databases, CALL_2021, tmp_path) as world:
            first, second, third = (world.case(CaseState.CENTRE_STAMPED) for _ in range(3))
            again = world.case(CaseState.CENTRE_STAMPED, world.content(sections=world.content_of(first).sections))
            world.walk(first, "review", "submit")
            ids = [second, again, third]
            points = frozenset(one.id for one in world.call.confirmations if one.step == "review")
            if together:
                act(world, "review", marks(world, *ids), "reviewer", form=Form(confirmed=points))
            else:
                for case in ids:
                    world.act(case, "review", remark="", reasons={})
            found = [json.loads(event.body) for case in ids for event in world.events(case, "case.review")]
            came.append([comparable(body) for body in found])
    assert [[rule["rule"] for rule in one["findings"]] for one in came[0]] == [[], ["not_reported_before"], []]
    assert came[0] == came[1]


def comparable(body: dict[str, Any]) -> dict[str, Any]:
    """What an event says, but for its form's key and for digests of what is salted anew in each world."""
    facts = {name: value for name, value in body["facts"].items() if name not in ("content", "seal")}
    return {**body, "facts": facts, "op": None}


def test_what_holds_for_all_is_asked_once_and_keeps_no_case_from_being_ready(world: World) -> None:
    ids = submitted(world, 2)
    bare = rehearse(world, "pass_over", ids)
    assert (bare.needs, len(bare.ready)) == (frozenset({"remark"}), 2)
    assert rehearse(world, "pass_over", ids, form=REASON).needs == frozenset()


def test_what_only_a_person_can_judge_is_confirmed_for_all_or_for_each(world: World) -> None:
    first, second = world.case(CaseState.CENTRE_STAMPED), world.case(CaseState.CENTRE_STAMPED)
    points = [one.id for one in world.call.confirmations if one.step == "review"]
    bare = rehearse(world, "review", [first, second], "reviewer")
    assert (len(bare.asked), [one.id for one in bare.points]) == (2, points)
    own = {first: Answers(frozenset(points[:1]))}
    some = Form(confirmed=frozenset(points[1:]), own=own)
    assert verdicts(rehearse(world, "review", [first, second], "reviewer", form=some)) == {
        first: Verdict.READY,
        second: Verdict.ASKED,
    }
    done = act(world, "review", marks(world, first, second), "reviewer", form=some)
    assert outcomes(world, done, "reviewer") == {first: "done", second: "refused"}


def test_what_the_call_asks_in_principle_takes_a_reason_for_each_case(databases: Databases, tmp_path: Path) -> None:
    with world_under(databases, CALLS / "other-call.toml", tmp_path) as world:
        points = frozenset(one.id for one in world.call.confirmations if one.step == "review")
        named, nameless = world.case(CaseState.CENTRE_STAMPED), world.draft(world.content(recipient=""))
        world.seal(nameless)
        assert world.act(nameless, "stamp", reasons={"recipient_named": "应对方要求"}).done
        bare = rehearse(world, "review", [named, nameless], "reviewer", form=Form(confirmed=points))
        assert verdicts(bare) == {named: Verdict.READY, nameless: Verdict.ASKED}
        [line] = bare.asked
        assert [key for one in line.questions for key in one.reason_keys] == ["recipient_named"]
        form = Form(confirmed=points, own={nameless: Answers(reasons={"recipient_named": "应对方要求"})})
        done = act(world, "review", marks(world, named, nameless), "reviewer", form=form)
        assert outcomes(world, done, "reviewer") == {named: "done", nameless: "done"}
        [event] = world.events(nameless, "case.review")
        assert json.loads(event.body)["findings"][0]["reasons"] == {"recipient_named": "应对方要求"}


def test_those_that_cannot_be_done_stand_together_by_reason(world: World) -> None:
    there = mixed(world)
    without = world.case(CaseState.SHORTLISTED)
    world.sign_offs(without, world.call.sign_offs)
    made = rehearse(world, "publish", [*there.values(), without], "editor")
    first, second = made.groups
    assert ({one.case.id for one in first.lines}, [one.rule for one in first.cards]) == (
        {there["no consent"], without},
        ["consent_given"],
    )
    assert first.alike
    assert ([one.case.id for one in second.lines], second.cards) == ([there["submitted"]], ())


def test_the_numbers_before_and_after_are_those_that_the_act_leaves(world: World) -> None:
    ids = submitted(world, 3)
    world.act(ids[0], "shortlist")
    made = rehearse(world, "return_to_office", ids, form=REASON)
    office, centre = made.effects
    assert (office.unit, office.phase, office.counted, office.least) == (
        "示例省知识产权局",
        world.phase,
        (3, 1),
        world.phase.minimum_per_office,
    )
    assert office.waived
    assert office.moved == ((CaseState.SUBMITTED, 2, 0),)
    assert (centre.unit, centre.phase, centre.counted) == ("示例大学知识产权信息服务中心", None, (3, 1))
    act(world, "return_to_office", marks(world, *ids[1:]), form=REASON)
    with world.database.reading() as session:
        counted = session.query(Case).where(Case.state.in_(["submitted", "shortlisted"])).count()
    assert counted == office.counted[1]


def test_an_office_sees_the_states_that_cases_leave_and_come_to(world: World) -> None:
    made = rehearse(world, "review", [world.case(CaseState.CENTRE_STAMPED)], "reviewer")
    assert made.effects[0].moved == ((CaseState.CENTRE_STAMPED, 1, 0), (CaseState.PROVINCE_REVIEWED, 0, 1))
    assert made.effects[0].counted == (0, 0)


# ---- choosing --------------------------------------------------------------------------------------------------------


def test_all_that_match_are_those_that_stand_where_the_step_leaves_and_the_others_are_counted(world: World) -> None:
    ids = submitted(world, 3)
    world.act(ids[0], "shortlist")
    with world.database.reading() as session:
        chosen = bulk.matching(
            session, "shortlist", Filters(sort="oldest", text="示例大学"), actor=world.people["desk"]
        )
    assert (list(chosen.ids), chosen.total, chosen.elsewhere, chosen.cut_off) == (ids[1:], 3, 1, 0)
    assert chosen.search == {"text": "示例大学"}


def test_all_that_match_end_at_the_most_and_say_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    ids = submitted(world, 3)
    with world.database.reading() as session:
        chosen = bulk.matching(session, "shortlist", Filters(sort="oldest"), actor=world.people["desk"])
    assert (list(chosen.ids), chosen.standing, chosen.cut_off) == (ids[:2], 3, 1)
    with pytest.raises(WrongChoice) as told:
        bulk.ticked(ids)
    assert "选中了 3 件，一次最多办理 2 件" in told.value.message.zh


def test_nothing_chosen_and_nothing_that_matches_are_told(world: World) -> None:
    submitted(world, 1)
    with pytest.raises(WrongChoice):
        bulk.ticked([])
    with world.database.reading() as session, pytest.raises(WrongChoice) as told:
        bulk.matching(session, "publish", Filters(), actor=world.people["editor"])
    assert told.value.message.zh == "符合筛选条件的有 1 件，没有一件现在可以“公开发布”。"


@pytest.mark.parametrize("trigger", ["stamp", "submit", "push", "withdraw", "no_such_step"])
def test_other_steps_are_taken_one_by_one(world: World, trigger: str) -> None:
    with pytest.raises(NoSuchTransition):
        rehearse(world, trigger, [1], "sealer")


def test_a_step_is_for_whoever_may_take_it_alone(world: World) -> None:
    ids = submitted(world, 1)
    with pytest.raises(NotPermitted):
        rehearse(world, "shortlist", ids, "editor")
    with pytest.raises(NotPermitted):
        act(world, "shortlist", marks(world, *ids), "editor")
    assert [one.name for one in bulk.steps(world.people["editor"])] == ["publish", "retract", "republish"]
    assert [one.name for one in bulk.steps(world.people["desk"], "shortlisted")] == ["unshortlist"]
    assert bulk.steps(world.people["sealer"]) == []


def test_what_is_out_of_reach_is_not_there(world: World) -> None:
    near, far = world.case(CaseState.CENTRE_STAMPED), world.case(CaseState.CENTRE_STAMPED, centre="neighbour")
    draft = world.case()
    made = rehearse(world, "return_to_centre", [near, far, draft, 4711], "reviewer", form=REASON)
    assert ([line.case.id for line in made.lines], made.missing) == ([near], 3)
    seen = {**marks(world, near, far), 4711: "1.1"}
    assert act(world, "return_to_centre", seen, "reviewer", form=REASON, whole=True).refused
    done = act(world, "return_to_centre", seen, "reviewer", form=REASON)
    assert outcomes(world, done, "reviewer") == {near: "done"}
    assert world.state(far) is CaseState.CENTRE_STAMPED


# ---- taking it -------------------------------------------------------------------------------------------------------


def test_what_changed_since_is_named_and_left_and_the_others_go_on(world: World) -> None:
    ids = submitted(world, 3)
    seen = marks(world, *ids)
    world.act(ids[1], "shortlist", by="second_desk")
    done = act(world, "shortlist", seen)
    assert outcomes(world, done) == {ids[0]: "done", ids[1]: "overtaken", ids[2]: "done"}
    with world.database.reading() as session:
        [line] = [one for one in bulk.find(session, done.id, world.people["desk"]).lines if one.outcome == "overtaken"]
    assert line.said[0][0].startswith("您查看之后，尤理已先办理：入选。")
    assert len(world.events(ids[1], "case.shortlist")) == 1


def test_all_or_none_leaves_everything_where_one_changed(world: World) -> None:
    ids = submitted(world, 2)
    seen = marks(world, *ids)
    world.act(ids[1], "shortlist", by="second_desk")
    done = act(world, "shortlist", seen, whole=True)
    assert done.refused
    assert outcomes(world, done) == {ids[0]: "left", ids[1]: "overtaken"}
    assert world.state(ids[0]) is CaseState.SUBMITTED
    [event] = of_acts(world)
    assert (event.action, event.outcome) == ("bulk.act", "refused")


def test_all_or_none_records_what_a_rule_refused_and_moves_nothing(world: World) -> None:
    there = mixed(world)
    ids = [there["ready"], there["no consent"]]
    done = act(world, "publish", marks(world, *ids), "editor", whole=True)
    assert outcomes(world, done, "editor") == {ids[0]: "left", ids[1]: "refused"}
    assert [event.outcome for event in world.events(ids[1], "case.publish")] == ["refused"]
    assert world.events(ids[0], "case.publish") == []
    assert world.state(ids[0]) is CaseState.SHORTLISTED


def test_an_act_is_an_entry_of_its_own_beside_those_of_its_cases(world: World) -> None:
    ids = submitted(world, 2)
    done = act(world, "pass_over", marks(world, *ids), form=REASON, search={"state": "submitted"}, op="form")
    [event] = of_acts(world)
    body = json.loads(event.body)
    assert (event.stream, event.seq, event.outcome, event.person_id) == (
        f"bulk/{done.id}",
        1,
        "done",
        world.people["desk"].id,
    )
    numbers = [world.row(case).number for case in ids]
    assert {name: body[name] for name in ("step", "chosen", "missing", "counts", "cases", "search", "remark")} == {
        "step": "pass_over",
        "chosen": 2,
        "missing": 0,
        "counts": {"done": 2},
        "cases": {"done": numbers},
        "search": {"state": "submitted"},
        "remark": "理由",
    }
    with world.database.reading() as session:
        kept = bulk.find(session, done.id, world.people["desk"])
        receipts = {line.case_id: line.receipt for line in kept.lines}
        own = bulk.receipt(session, kept)
    assert receipts == {case: f"case/{case}#{world.row(case).version}" for case in ids}
    assert own is not None
    assert (own.number, own.hash) == (f"bulk/{done.id}#1", event.hash)


def test_the_same_form_again_has_one_effect_and_gives_what_it_came_to(world: World) -> None:
    ids = submitted(world, 2)
    seen = marks(world, *ids)
    first, second = (act(world, "shortlist", seen, op="form") for _ in range(2))
    assert (first.id, first.again, second.again) == (second.id, False, True)
    assert [len(world.events(case, "case.shortlist")) for case in ids] == [1, 1]
    with pytest.raises(Overtaken):
        act(world, "shortlist", seen, "second_desk", op="form")


def test_a_form_that_does_not_say_what_was_seen_does_nothing(world: World) -> None:
    ids = submitted(world, 2)
    with pytest.raises(Unmarked):
        act(world, "shortlist", {**marks(world, ids[0]), ids[1]: ""})
    assert [world.state(case) for case in ids] == ["submitted", "submitted"]


def test_two_people_at_once_move_each_case_once_and_the_second_is_told(world: World) -> None:
    ids = submitted(world, 4)
    seen, together = marks(world, *ids), Barrier(2)

    def take(who: str) -> Done:
        together.wait()
        return act(world, "shortlist", seen, who, op=who)

    with ThreadPoolExecutor(2) as people:
        made = dict(zip(("desk", "second_desk"), people.map(take, ("desk", "second_desk")), strict=True))
    came = {who: set(outcomes(world, done, who).values()) for who, done in made.items()}
    assert sorted(came.values(), key=sorted) == [{"done"}, {"overtaken"}]
    assert [len(world.events(case, "case.shortlist")) for case in ids] == [1] * 4
    assert len(of_acts(world)) == 2


def test_two_people_whose_choices_overlap_both_get_the_rest(world: World) -> None:
    ids = submitted(world, 5)
    seen, together = marks(world, *ids), Barrier(2)
    shares = {"desk": ids[:3], "second_desk": ids[:1:-1]}

    def take(who: str) -> Done:
        together.wait()
        return act(world, "shortlist", {case: seen[case] for case in shares[who]}, who, op=who)

    with ThreadPoolExecutor(2) as people:
        made = dict(zip(shares, people.map(take, shares), strict=True))
    came = Counter(outcome for who, done in made.items() for outcome in outcomes(world, done, who).values())
    assert came == {"done": 5, "overtaken": 1}


def test_clicks_at_once_on_one_form_have_one_effect(world: World) -> None:
    ids = submitted(world, 2)
    seen, together = marks(world, *ids), Barrier(4)

    def click(_: int) -> int:
        together.wait()
        return act(world, "shortlist", seen, op="one form").id

    with ThreadPoolExecutor(4) as clicks:
        made = set(clicks.map(click, range(4)))
    assert len(made) == 1
    assert len(of_acts(world)) == 1


# ---- mails -----------------------------------------------------------------------------------------------------------


def test_the_mails_that_leave_are_those_that_were_rehearsed(world: World) -> None:
    with_addresses(world, "author", "sealer", "reviewer", "institute_sealer")
    ids = [*submitted(world, 2), *submitted(world, 1, "institute")]
    made = rehearse(world, "pass_over", ids, form=REASON)
    done = act(world, "pass_over", {line.case.id: line.mark for line in made.lines}, form=REASON)
    with world.database.reading() as session:
        kept = letters.of_posting(session, f"bulk/{done.id}", configured=True)
    assert [(one.mail.subject, one.mail.body("https://site")) for one in kept] == [
        (one.subject, one.body("https://site")) for one in made.mails
    ]
    assert {one.mail.address: len(one.mail.cases) for one in kept} == {
        "author@mail.example": 2,
        "sealer@mail.example": 2,
        "reviewer@mail.example": 3,
        "institute_sealer@mail.example": 1,
    }
    assert {(one.where, one.until) for one in kept} == {(letters.Where.HELD, NOW + TEN)}


def test_a_number_in_the_reason_reaches_the_reader_and_is_kept_where_it_can_be_erased(world: World) -> None:
    with_addresses(world, "sealer")
    ids = submitted(world, 1)
    done = act(world, "pass_over", marks(world, *ids), form=Form(remark="请电 13800000000"), op="form")
    with world.database.reading() as session:
        assert bulk.find(session, done.id, world.people["desk"]).remark == "请电 138****0000"
        [kept] = letters.of_posting(session, f"bulk/{done.id}", configured=True)
        assert kept.mail.remark == "请电 13800000000"
    assert "13800000000" not in of_acts(world)[0].body
    with world.database.transaction() as session:
        number = session.get_one(Case, ids[0]).number
        administrator = world.people["administrator"]
        privacy.erase_case(session, number, "本人要求", papers=False, actor=administrator, at=world.at)
    with world.database.reading() as session:
        [kept] = letters.of_posting(session, f"bulk/{done.id}", configured=True)
    assert kept.mail.remark == "请电 138****0000"


# ---- undoing ---------------------------------------------------------------------------------------------------------


def test_an_undo_takes_each_back_by_its_inverse_with_its_own_event_and_reason(world: World) -> None:
    with_addresses(world, "sealer")
    ids = submitted(world, 2)
    first = act(world, "shortlist", marks(world, *ids))
    done = undo(world, first.id)
    assert outcomes(world, done) == {ids[0]: "done", ids[1]: "done"}
    assert [world.state(case) for case in ids] == ["submitted", "submitted"]
    for case in ids:
        [event] = world.events(case, "case.unshortlist")
        assert json.loads(event.body)["remark"] == "理由"
    assert [(event.action, json.loads(event.body).get("undoes")) for event in of_acts(world)] == [
        ("bulk.act", None),
        ("bulk.undo", f"bulk/{first.id}#1"),
    ]
    with world.database.reading() as session:
        [held] = letters.of_posting(session, f"bulk/{first.id}", configured=True)
        assert held.where is letters.Where.DROPPED
        assert letters.of_posting(session, f"bulk/{done.id}", configured=True) == []
        act_ = session.get_one(BulkAct, first.id)
        undone = bulk.undone_by(session, act_)
    assert undone is not None
    assert undone.id == done.id


def test_what_moved_on_meanwhile_is_named_and_left(world: World) -> None:
    ids = submitted(world, 2)
    first = act(world, "shortlist", marks(world, *ids))
    world.ready_to_publish(ids[1])
    world.act(ids[1], "publish")
    with world.database.reading() as session:
        kept = bulk.find(session, first.id, world.people["desk"])
        told = bulk.rehearse_undo(session, kept, actor=world.people["desk"], at=world.at, real=NOW, form=REASON)
    assert verdicts(told) == {ids[0]: Verdict.READY, ids[1]: Verdict.OVERTAKEN}
    done = undo(world, first.id)
    assert outcomes(world, done) == {ids[0]: "done", ids[1]: "overtaken"}
    assert [world.state(case) for case in ids] == ["submitted", "published"]


def test_the_same_undo_again_has_one_effect_and_another_one_is_refused(world: World) -> None:
    ids = submitted(world, 1)
    first = act(world, "shortlist", marks(world, *ids))
    assert undo(world, first.id, op="undo").id == undo(world, first.id, op="undo").id
    with pytest.raises(NotUndone):
        undo(world, first.id, op="another")
    assert len(world.events(ids[0], "case.unshortlist")) == 1


def test_it_is_undone_while_its_mails_are_held_and_no_longer(world: World) -> None:
    ids = submitted(world, 1)
    first = act(world, "shortlist", marks(world, *ids))
    with pytest.raises(NotUndone) as told:
        undo(world, first.id, real=NOW + TEN)
    assert "请批量办理“撤销入选”" in told.value.message.zh
    assert undo(world, first.id, real=NOW + TEN - timedelta(microseconds=1)).refused is False


def test_an_undo_needs_its_reason_as_the_step_back_does(world: World) -> None:
    ids = submitted(world, 1)
    first = act(world, "shortlist", marks(world, *ids))
    assert undo(world, first.id, form=Form()).refused
    assert world.state(ids[0]) is CaseState.SHORTLISTED
    assert not undo(world, first.id).refused  # what came to nothing may be tried again
    assert world.state(ids[0]) is CaseState.SUBMITTED


def test_a_return_is_not_the_returners_to_take_back(world: World) -> None:
    ids = [world.case(CaseState.CENTRE_STAMPED)]
    assert not rehearse(world, "return_to_centre", ids, "reviewer", form=REASON).undoable
    first = act(world, "return_to_centre", marks(world, *ids), "reviewer", form=REASON)
    with pytest.raises(NotUndone) as told:
        undo(world, first.id, "reviewer")
    assert "退回不能由退回的人收回" in told.value.message.zh


def test_nobody_undoes_or_sees_what_another_did_but_the_auditor_looks(world: World) -> None:
    ids = submitted(world, 1)
    first = act(world, "shortlist", marks(world, *ids))
    with pytest.raises(bulk.NoSuchBulkAct):
        undo(world, first.id, "second_desk")
    with world.database.reading() as session:
        with pytest.raises(bulk.NoSuchBulkAct):
            bulk.find(session, first.id, world.people["second_desk"])
        kept = bulk.find(session, first.id, world.people["auditor"])
        assert [one.act.id for one in bulk.newest(session, world.people["auditor"])] == [first.id]
        assert [one.outcomes for one in bulk.newest(session, world.people["desk"])] == [{Outcome.DONE: 1}]
        assert bulk.newest(session, world.people["second_desk"]) == []
        with pytest.raises(NotPermitted):
            bulk.check_undoable(session, kept, actor=world.people["auditor"], real=NOW)


def test_every_step_that_can_be_taken_on_many_can_be_undone_but_returns(world: World) -> None:
    everybody = world.people.values()
    ways = {name: {bulk._inverse(bulk.CASE.named(name), who) is not None for who in everybody} for name in bulk.STEPS}  # type: ignore[arg-type]
    assert {name for name, found in ways.items() if True not in found} == {"return_to_centre", "return_to_office"}
