"""Batches: who collects and sends, what the list's seal covers, all lines or none, and the mail that leaves."""

from __future__ import annotations

import email
import io
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.header import decode_header, make_header
from io import BytesIO
from pathlib import Path
from threading import Barrier
from typing import Any

import openpyxl
import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from rules.roles import Level
from states.batch import BatchState
from states.case import CaseState
from tests.workflow.receivers import Mailbox, mail_server
from tests.worlds import CALL_2021, Databases, World, went, world_under
from workflow import batches, papers
from workflow.batches import NoSuchBatch, NotCollecting, WrongBatch
from workflow.calls import deadlines
from workflow.cases import NoSuchCase
from workflow.documents.mail import in_mails
from workflow.engine import Attempt, CannotServe, NoSuchTransition, NotPermitted, Outcome, Receipt
from workflow.mailing import Mailer, MailRefused, TooLarge
from workflow.store.files import Files
from workflow.store.living import Overtaken
from workflow.store.models import AuditEvent, Batch, BatchLine, Centre
from workflow.store.papers import Kept

REVIEWED, SUBMITTED = CaseState.PROVINCE_REVIEWED, CaseState.SUBMITTED


def reviewed(world: World, count: int = 2, **more: Any) -> list[int]:
    return [world.case(REVIEWED, **more) for _ in range(count)]


def sealed(world: World, cases: Sequence[int] = ()) -> int:
    """A batch whose list is sealed; two reviewed cases by default, as many as the call asks for."""
    batch = world.batch(cases or reviewed(world))
    world.seal_summary(batch)
    went(world.act_on_batch(batch, "seal"))
    return batch


def sent(world: World, cases: Sequence[int] = ()) -> int:
    batch = sealed(world, cases)
    went(world.act_on_batch(batch, "send"))
    return batch


def collect(world: World, batch: int, cases: Sequence[int], *, by: str = "reviewer", op: str = "") -> Receipt | None:
    with world.database.transaction() as session:
        return batches.collect(session, batch, cases, actor=world.people[by], at=world.at, op=op)


def describe(world: World, batch: int, *, by: str = "reviewer", **changes: Any) -> Receipt:
    values = {"subject": world_subject(world, batch), "final": False, "reasons": {}, "op": ""}
    with world.database.transaction() as session:
        return batches.describe(session, batch, actor=world.people[by], at=world.at, **{**values, **changes})


def world_subject(world: World, batch: int) -> str:
    return world.call.mail.subject.format(addressee=world.office_of(batch).addressee)


def offered(world: World, batch: int, trigger: str, *, by: str = "leader", at: datetime | None = None) -> list[str]:
    """Rules that stand in the way of a transition, as offered before anybody tries."""
    with world.database.reading() as session:
        found = batches.offers(session, session.get_one(Batch, batch), actor=world.people[by], at=at or world.at)
    [offer] = [one for one in found if one.transition.name == trigger]
    return [finding.rule for finding in offer.findings]


def rules(attempt: Attempt) -> list[str]:
    return [finding.rule for finding in attempt.findings]


def tries(world: World, stream: str) -> list[AuditEvent]:
    with world.database.reading() as session:
        found = session.query(AuditEvent).filter(AuditEvent.stream.in_([stream, f"{stream}/tries"]))
        return list(found.order_by(AuditEvent.uid))


# ---- starting and collecting -----------------------------------------------------------------------------------------


def test_a_batch_is_numbered_within_its_office_and_phase(world: World) -> None:
    first, second = world.batch(), world.batch()
    other = world.batch(office="second")
    with world.database.reading() as session:
        numbers = [session.get_one(Batch, one).number for one in (first, second, other)]
    assert numbers == ["2021-205-SF-P1-01", "2021-205-SF-P1-02", "2021-205-LS-P1-01"]


def test_only_the_offices_own_reviewer_starts_a_batch(world: World) -> None:
    for person in ("leader", "neighbour_reviewer", "author", "desk"):
        with pytest.raises(NotPermitted), world.database.transaction() as session:
            start(world, session, person)


def start(world: World, session: Any, person: str, phase: str = "", op: str = "") -> int:
    return batches.start(
        session,
        call_version=world.call_version,
        phase=phase or world.phase.id,
        office=world.offices["first"],
        actor=world.people[person],
        at=world.at,
        op=op,
    )


def test_the_same_form_starts_one_batch(world: World) -> None:
    with world.database.transaction() as session:
        made = [start(world, session, "reviewer", op="form-1") for _ in range(2)]
    with world.database.reading() as session:
        assert (made[0], session.query(Batch).count()) == (made[1], 1)


def test_a_phase_that_the_call_has_not_is_refused_with_a_sentence(world: World) -> None:
    with pytest.raises(WrongBatch, match="no phase “third”"), world.database.transaction() as session:
        start(world, session, "reviewer", phase="third")


def test_lines_stand_in_the_order_in_which_they_were_chosen(world: World) -> None:
    one, two, three = reviewed(world, 3)
    batch = world.batch([three, one])
    assert world.lines(batch) == [three, one]
    collect(world, batch, [one, two, three])
    assert world.lines(batch) == [one, two, three]
    collect(world, batch, [three, two, one])
    assert world.lines(batch) == [three, two, one]


def test_a_new_order_is_on_record_and_voids_the_seal(world: World) -> None:
    one, two = reviewed(world)
    batch = world.batch([one, two])
    world.seal_summary(batch)
    assert collect(world, batch, [two, one]) is not None
    assert rules(world.act_on_batch(batch, "seal")) == ["summary_sealed"]


def test_collecting_what_is_there_already_records_nothing(world: World) -> None:
    cases = reviewed(world)
    batch = world.batch(cases)
    assert collect(world, batch, cases) is None


def test_the_same_form_collects_once(world: World) -> None:
    one, two = reviewed(world)
    batch = world.batch([])
    first = collect(world, batch, [one], op="form-1")
    collect(world, batch, [one, two], op="form-2")
    assert first is not None
    assert collect(world, batch, [one], op="form-1") == first
    assert world.lines(batch) == [one, two]


def test_the_same_form_gives_its_receipt_even_after_the_batch_was_sealed(world: World) -> None:
    cases = reviewed(world)
    batch = world.batch([])
    first = collect(world, batch, cases, op="form-1")
    subject = describe(world, batch, op="form-2")
    with world.database.transaction() as session:
        seal = confirm(world, session, batch, op="form-3")
    went(world.act_on_batch(batch, "seal"))
    assert collect(world, batch, cases, op="form-1") == first
    assert describe(world, batch, op="form-2") == subject
    with world.database.transaction() as session:
        assert confirm(world, session, batch, op="form-3") == seal


def confirm(world: World, session: Any, batch: int, *, by: str = "leader", **more: Any) -> Receipt:
    scan = Kept("汇总表.pdf", "application/pdf", "0" * 64, 1)
    actor = world.people[by]
    return batches.seal_summary(session, batch, scan, "示例省知识产权局", actor=actor, at=world.at, **more)


@pytest.mark.parametrize("person", ["leader", "neighbour_reviewer", "author", "desk"])
def test_nobody_but_its_offices_reviewer_collects(world: World, person: str) -> None:
    batch, cases = world.batch(), reviewed(world)
    with pytest.raises(NotPermitted):
        collect(world, batch, cases, by=person)


def test_only_reviewed_cases_of_the_same_office_and_phase_in_no_other_batch_are_taken(world: World) -> None:
    batch = world.batch()
    unfit = {
        "not reviewed": world.case(CaseState.CENTRE_STAMPED),
        "another office": world.case(REVIEWED, centre="neighbour"),
        "another phase": world.case(REVIEWED, world.content(world.call.phases[1])),
        "in another batch": reviewed(world, 1)[0],
        "nowhere": 4711,
    }
    world.batch([unfit["in another batch"]])
    for case in unfit.values():
        with pytest.raises(NoSuchCase):
            collect(world, batch, [case])
    assert world.lines(batch) == []


def test_the_database_itself_refuses_a_case_in_two_batches(world: World) -> None:
    [case] = reviewed(world, 1)
    world.batch([case])
    other = world.batch()
    with pytest.raises(IntegrityError), world.database.transaction() as session:
        session.execute(insert(BatchLine).values(batch_id=other, case_id=case, position=1))


def test_two_reviewers_who_take_one_case_at_once_get_it_into_one_batch(world: World) -> None:
    [case] = reviewed(world, 1)
    pair = [world.batch(), world.batch()]
    outcomes = at_once([lambda batch=batch: collect(world, batch, [case]) for batch in pair])
    assert sorted(type(one).__name__ for one in outcomes) == ["NoSuchCase", "Receipt"]
    assert sorted(world.lines(pair[0]) + world.lines(pair[1])) == [case]


def at_once(acts: Sequence[Any]) -> list[Any]:
    """Do things in threads that start together; gives what each returned, or the refusal it met."""
    barrier = Barrier(len(acts))

    def run(act: Any) -> Any:
        barrier.wait()
        try:
            return act()
        except CannotServe as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as pool:
        return [one.result() for one in [pool.submit(run, act) for act in acts]]


# ---- sealing ---------------------------------------------------------------------------------------------------------


@pytest.mark.summary_sealed
@pytest.mark.parametrize("unit", ["", "另一个单位"])
def test_a_list_without_its_offices_own_seal_is_not_sealed(world: World, unit: str) -> None:
    batch = world.batch(reviewed(world))
    world.seal_summary(batch, unit)
    attempt = world.act_on_batch(batch, "seal")
    assert (rules(attempt), world.state_of_batch(batch)) == (["summary_sealed"], BatchState.COLLECTING)


@pytest.mark.summary_sealed
def test_a_list_that_was_never_sealed_is_not_sealed(world: World) -> None:
    assert rules(world.act_on_batch(world.batch(reviewed(world)), "seal")) == ["summary_sealed"]


@pytest.mark.every_case_document_attached
def test_an_empty_batch_is_not_sealed(world: World) -> None:
    batch = world.batch()
    world.seal_summary(batch)
    assert rules(world.act_on_batch(batch, "seal")) == ["every_case_document_attached"]


@pytest.mark.every_form_attached
def test_a_case_whose_scan_is_lost_keeps_the_batch_from_being_sealed(world: World) -> None:
    cases = reviewed(world)
    batch = world.batch(cases)
    world.seal_summary(batch)
    world.lose_scan(cases[0])
    assert rules(world.act_on_batch(batch, "seal")) == ["every_form_attached"]


@pytest.mark.summary_sealed
def test_a_changed_list_voids_the_seal_until_it_is_sealed_anew(world: World) -> None:
    one, two, three = reviewed(world, 3)
    batch = world.batch([one, two])
    world.seal_summary(batch)
    collect(world, batch, [one, two, three])
    assert rules(world.act_on_batch(batch, "seal")) == ["summary_sealed"]
    world.seal_summary(batch)
    assert world.act_on_batch(batch, "seal").done


@pytest.mark.parametrize("trigger", ["reopen", "return_to_centre", "decline"])
def test_a_case_that_leaves_a_sealed_batch_voids_its_seal(world: World, trigger: str) -> None:
    one, two = reviewed(world)
    batch = sealed(world, [one, two])
    went(world.act(one, trigger))
    assert (world.lines(batch), world.ever_lines(batch)) == ([two], [one, two])
    assert rules(world.act_on_batch(batch, "send")) == ["summary_sealed", "province_recommends_enough"]


def test_only_the_offices_leader_confirms_the_summarys_seal(world: World) -> None:
    batch = world.batch(reviewed(world))
    for person in ("reviewer", "neighbour_leader", "desk"):
        with pytest.raises(NotPermitted), world.database.transaction() as session:
            confirm(world, session, batch, by=person)


def test_a_seal_confirmed_over_a_list_that_changed_meanwhile_is_overtaken(world: World) -> None:
    one, two = reviewed(world)
    batch = world.batch([one])
    with world.database.reading() as session:
        seen = batches.content(session, session.get_one(Batch, batch))
    collect(world, batch, [one, two])
    with pytest.raises(Overtaken), world.database.transaction() as session:
        confirm(world, session, batch, seen=seen)


def test_a_sealed_batch_takes_no_other_list_and_no_other_seal(world: World) -> None:
    one, two, three = reviewed(world, 3)
    batch = sealed(world, [one, two])
    with pytest.raises(NotCollecting):
        collect(world, batch, [one, two, three])
    with pytest.raises(NotCollecting), world.database.transaction() as session:
        confirm(world, session, batch)


@pytest.mark.another_person_acts
def test_who_reviewed_a_case_of_the_batch_does_not_seal_it(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    went(world.act(case, "review", by="reviewer_and_leader"))
    batch = world.batch([case])
    world.seal_summary(batch)
    assert rules(world.act_on_batch(batch, "seal", by="reviewer_and_leader")) == ["another_person_acts"]
    assert world.act_on_batch(batch, "seal").done


# ---- sending ---------------------------------------------------------------------------------------------------------


def test_sending_submits_every_case_each_with_its_own_record(world: World) -> None:
    cases = reviewed(world)
    batch = sent(world, cases)
    assert world.state_of_batch(batch) is BatchState.SENT
    assert [world.state(case) for case in cases] == [SUBMITTED, SUBMITTED]
    assert [len(world.events(case, "case.submit")) for case in cases] == [1, 1]
    assert [world.row(case).first_submitted_at for case in cases] == [world.at, world.at]


def test_one_line_refused_and_none_is_sent_with_the_case_named(world: World) -> None:
    good, bad = world.case(REVIEWED), world.case(REVIEWED, centre="institute")
    batch = sealed(world, [good, bad])
    world.register("institute", eligible=False)
    attempt = world.act_on_batch(batch, "send")
    number = world.row(bad).number
    assert [(one.rule, one.message.zh.startswith(f"{number}：")) for one in attempt.findings] == [
        ("centre_is_eligible", True)
    ]
    assert [world.state(good), world.state(bad), world.state_of_batch(batch)] == [REVIEWED, REVIEWED, BatchState.SEALED]
    assert [[one.outcome for one in world.events(case, "case.submit")] for case in (good, bad)] == [[], ["refused"]]
    assert tries(world, f"batch/{batch}")[-1].outcome == "refused"


def test_the_offer_says_beforehand_what_sending_would_be_refused_for(world: World) -> None:
    good, bad = world.case(REVIEWED), world.case(REVIEWED, centre="institute")
    batch = sealed(world, [good, bad])
    world.register("institute", eligible=False)
    assert offered(world, batch, "send") == rules(world.act_on_batch(batch, "send")) == ["centre_is_eligible"]


@pytest.mark.not_reported_before
def test_of_two_near_equal_cases_in_one_batch_the_second_is_refused(world: World) -> None:
    first = world.case(REVIEWED)
    copied = world.content(sections=world.content_of(first).sections)
    second = world.case(REVIEWED, copied, centre="institute")
    batch = sealed(world, [first, second])
    attempt = world.act_on_batch(batch, "send")
    assert [(one.rule, one.message.zh.partition("：")[0]) for one in attempt.findings] == [
        ("not_reported_before", world.row(second).number)
    ]
    assert world.state(first) is REVIEWED


def test_the_same_form_sends_once_and_gives_the_same_receipt(world: World) -> None:
    cases = reviewed(world)
    batch = sealed(world, cases)
    attempts = [world.act_on_batch(batch, "send", op="form-1") for _ in range(2)]
    assert [one.done for one in attempts] == [True, True]
    assert attempts[0].receipt == attempts[1].receipt
    assert [one.action for one in tries(world, f"batch/{batch}")].count("batch.send") == 1


def test_a_refused_form_sent_again_stays_refused_and_another_form_succeeds(world: World) -> None:
    batch = sealed(world, reviewed(world, 1))
    first = world.act_on_batch(batch, "send", op="form-1")
    world.waive(world.phase)
    again = world.act_on_batch(batch, "send", op="form-1")
    assert (first.outcome, again.outcome, again.receipt) == (Outcome.REFUSED, Outcome.REFUSED, first.receipt)
    assert rules(again) == ["province_recommends_enough"]
    assert world.act_on_batch(batch, "send", op="form-2").done


@pytest.mark.province_recommends_enough
def test_a_shortfall_is_lifted_by_what_was_sent_before_or_by_a_waiver(world: World) -> None:
    sent(world)
    assert world.act_on_batch(sealed(world, reviewed(world, 1)), "send").done
    alone = world.batch(reviewed(world, 1, centre="neighbour"), office="second")
    world.seal_summary(alone)
    went(world.act_on_batch(alone, "seal"))
    assert rules(world.act_on_batch(alone, "send")) == ["province_recommends_enough"]
    world.waive(world.phase, "second")
    assert world.act_on_batch(alone, "send").done


@pytest.mark.province_recommends_enough
def test_what_was_returned_counts_no_more(world: World) -> None:
    cases = reviewed(world)
    sent(world, cases)
    went(world.act(cases[0], "return_to_office"))
    batch = sealed(world, [cases[0]])
    assert world.act_on_batch(batch, "send").done
    went(world.act(cases[1], "return_to_office"))
    went(world.act(cases[0], "return_to_office"))
    assert rules(world.act_on_batch(sealed(world, [cases[0]]), "send")) == ["province_recommends_enough"]


def last_batch(world: World) -> int:
    """A sealed batch in the last phase, marked as the office's last."""
    world.in_phase(world.call.last_phase)
    cases = reviewed(world)
    batch = world.batch(cases, world.call.last_phase)
    describe(world, batch, final=True)
    world.seal_summary(batch)
    went(world.act_on_batch(batch, "seal"))
    return batch


@pytest.mark.centre_reports_enough
def test_the_last_batch_explains_each_centre_that_is_short(world: World) -> None:
    batch = last_batch(world)
    attempt = world.act_on_batch(batch, "send")
    assert rules(attempt) == ["centre_reports_enough"]
    key = f"centre_reports_enough:{world.centres['institute']}"
    assert [finding.reason_keys for finding in attempt.findings] == [(key,)]
    describe(world, batch, by="leader", final=True, reasons={key: "  正在筹建  ", "other": " "})
    done = world.act_on_batch(batch, "send")
    assert done.done
    assert [finding.as_json()["reasons"] for finding in done.findings] == [{key: "正在筹建"}]


@pytest.mark.centre_reports_enough
def test_a_centre_that_the_call_does_not_address_is_neither_asked_nor_forecast(world: World) -> None:
    institute = world.centres["institute"]
    with world.database.transaction() as session:
        session.get_one(Centre, institute).kind = "other"
    batch = last_batch(world)
    with world.database.reading() as session:
        assert batches.short_centres(session, session.get_one(Batch, batch)) == []
        counts = batches.centre_counts(session, world.call, world.offices["first"])
    assert [centre.id for centre, _, _ in counts] == [world.centres["university"]]
    assert world.act_on_batch(batch, "send").done


@pytest.mark.centre_reports_enough
def test_reasons_can_be_given_while_sending(world: World) -> None:
    batch = last_batch(world)
    key = f"centre_reports_enough:{world.centres['institute']}"
    assert world.act_on_batch(batch, "send", reasons={key: "正在筹建"}).done


@pytest.mark.centre_reports_enough
def test_short_centres_are_a_forecast_everywhere_but_in_the_last_batch(world: World) -> None:
    batch = last_batch(world)
    describe(world, batch, final=False)
    assert world.act_on_batch(batch, "send").done


@pytest.mark.subject_names_call_and_office
@pytest.mark.parametrize("subject", ["报送材料", "优秀案例征集", "示例省知识产权局", "优秀案例征集-邻省知识产权局"])
def test_a_subject_that_lacks_the_call_or_the_office_is_not_sent(world: World, subject: str) -> None:
    batch = sealed(world)
    describe(world, batch, subject=subject)
    assert rules(world.act_on_batch(batch, "send")) == ["subject_names_call_and_office"]
    describe(world, batch)
    assert world.act_on_batch(batch, "send").done


def test_a_subject_is_one_line_and_not_too_long(world: World) -> None:
    batch = world.batch()
    describe(world, batch, subject="优秀案例征集\r\n Bcc: x\t- 示例省")
    with world.database.reading() as session:
        assert session.get_one(Batch, batch).subject == "优秀案例征集 Bcc: x - 示例省"
    with pytest.raises(WrongBatch, match="301 characters"):
        describe(world, batch, subject="长" * 301)


def test_only_reviewers_and_leaders_of_the_office_describe_a_batch_and_not_after_it_was_sent(world: World) -> None:
    batch = sealed(world)
    for person in ("neighbour_leader", "author", "desk"):
        with pytest.raises(NotPermitted):
            describe(world, batch, by=person)
    went(world.act_on_batch(batch, "send"))
    with pytest.raises(NotCollecting):
        describe(world, batch)


@pytest.mark.before_phase_deadline
def test_an_extension_lets_a_late_batch_be_sent(world: World) -> None:
    batch = sealed(world)
    closing = world.window(world.phase, Level.OFFICE).closes
    assert offered(world, batch, "send", at=closing) == ["before_phase_deadline"] * 3
    assert rules(world.act_on_batch(batch, "send", at=closing)) == ["before_phase_deadline"] * 3
    with world.database.transaction() as session:
        deadlines.extend(
            session,
            world.call,
            world.phase.id,
            world.phase.closes + timedelta(days=1),
            "疫情",
            office=world.offices["first"],
            actor=world.people["director"],
            at=closing,
        )
    assert offered(world, batch, "send", at=closing) == []
    assert world.act_on_batch(batch, "send", at=closing).done


@pytest.mark.another_person_acts
def test_a_leader_of_another_office_and_a_reviewer_do_not_send(world: World) -> None:
    batch = sealed(world)
    for person in ("neighbour_leader", "reviewer", "desk"):
        with pytest.raises(NotPermitted):
            world.act_on_batch(batch, "send", by=person)


def test_a_batch_that_is_still_collecting_is_not_sent(world: World) -> None:
    with pytest.raises(NoSuchTransition):
        world.act_on_batch(world.batch(reviewed(world)), "send")


def test_who_looked_at_another_version_is_told_so(world: World) -> None:
    batch = sealed(world)
    with world.database.reading() as session:
        version = session.get_one(Batch, batch).version
    went(world.act_on_batch(batch, "reopen"))
    went(world.act_on_batch(batch, "seal"))
    with pytest.raises(Overtaken):
        world.act_on_batch(batch, "send", seen=version)


def test_of_two_leaders_who_send_at_once_one_sends_and_the_other_is_told(world: World) -> None:
    batch = sealed(world)
    with world.database.reading() as session:
        seen = session.get_one(Batch, batch).version
    leaders = ["leader", "reviewer_and_leader"]
    outcomes = at_once([lambda by=by: world.act_on_batch(batch, "send", by=by, seen=seen) for by in leaders])
    assert sorted(type(one).__name__ for one in outcomes) == ["Attempt", "Overtaken"]
    assert [one.action for one in tries(world, f"batch/{batch}")].count("batch.send") == 1


def test_a_double_click_that_arrives_twice_at_once_sends_once(world: World) -> None:
    batch = sealed(world)
    outcomes = at_once([lambda: world.act_on_batch(batch, "send", op="form-1")] * 2)
    assert outcomes[0].receipt == outcomes[1].receipt
    assert [one.action for one in tries(world, f"batch/{batch}")].count("batch.send") == 1


def test_sending_races_with_the_reopening_of_one_of_its_cases(world: World) -> None:
    cases = reviewed(world)
    batch = sealed(world, cases)
    send, reopen = at_once([lambda: world.act_on_batch(batch, "send"), lambda: world.act(cases[0], "reopen")])
    if isinstance(reopen, NoSuchTransition):
        assert (send.done, world.state(cases[0])) == (True, SUBMITTED)
    else:
        assert (reopen.done, send.done, world.state(cases[1])) == (True, False, REVIEWED)


# ---- coming back -----------------------------------------------------------------------------------------------------


def test_a_line_returned_alone_leaves_the_batch_and_may_enter_another(world: World) -> None:
    one, two = reviewed(world)
    batch = sent(world, [one, two])
    went(world.act(one, "return_to_office"))
    assert (world.state_of_batch(batch), world.lines(batch), world.ever_lines(batch)) == (
        BatchState.SENT,
        [two],
        [one, two],
    )
    again = sent(world, [one])
    assert (world.lines(again), world.state(one)) == ([one], SUBMITTED)


def test_a_batch_returned_as_a_whole_keeps_its_cases_and_can_be_sent_again(world: World) -> None:
    cases = reviewed(world)
    batch = sent(world, cases)
    went(world.act_on_batch(batch, "receive"))
    went(world.act_on_batch(batch, "return_batch"))
    assert (world.state_of_batch(batch), world.lines(batch)) == (BatchState.COLLECTING, cases)
    assert [world.state(case) for case in cases] == [REVIEWED, REVIEWED]
    went(world.act_on_batch(batch, "seal"))
    assert world.act_on_batch(batch, "send").done


def test_what_the_national_office_decided_on_stays_with_it_when_the_batch_is_returned(world: World) -> None:
    chosen, open_still = reviewed(world)
    batch = sent(world, [chosen, open_still])
    went(world.act(chosen, "shortlist"))
    went(world.act_on_batch(batch, "return_batch"))
    assert [world.state(chosen), world.state(open_still)] == [CaseState.SHORTLISTED, REVIEWED]
    assert (world.lines(batch), world.ever_lines(batch)) == ([open_still], [chosen, open_still])
    world.seal_summary(batch)
    went(world.act_on_batch(batch, "seal"))
    assert world.act_on_batch(batch, "send").done


@pytest.mark.reason_given
@pytest.mark.new_day_given
def test_a_batch_of_returned_cases_is_returned_with_a_day_as_soon_as_one_of_them_is_late(world: World) -> None:
    cases = reviewed(world)
    sent(world, cases)
    day, late = timedelta(days=1), world.window(world.phase, Level.OFFICE).closes
    for number, case in enumerate(cases):
        went(world.act(case, "return_to_office", at=late, new_day=late.date() + (2 + 5 * number) * day))
    world.at = late + day
    batch = sent(world, cases)
    world.at = late + 4 * day  # too late for the one, not for the other
    assert rules(world.act_on_batch(batch, "return_batch")) == ["new_day_given"]
    assert {world.state(case) for case in cases} == {SUBMITTED}
    went(world.act_on_batch(batch, "return_batch", new_day=world.at.date() + day))
    assert {world.state(case) for case in cases} == {REVIEWED}


@pytest.mark.parametrize("trigger", ["return_batch", "unreceive", "reopen"])
def test_taking_a_batch_back_asks_for_a_reason(world: World, trigger: str) -> None:
    batch = sealed(world)
    if trigger != "reopen":
        went(world.act_on_batch(batch, "send"))
        went(world.act_on_batch(batch, "receive"))
    assert rules(world.act_on_batch(batch, trigger, remark="  ")) == ["reason_given"]
    assert world.act_on_batch(batch, trigger, remark="名单有误").done


def test_returning_twice_with_one_form_returns_once(world: World) -> None:
    batch = sent(world)
    attempts = [world.act_on_batch(batch, "return_batch", op="form-1") for _ in range(2)]
    assert attempts[0].receipt == attempts[1].receipt


# ---- who sees it -----------------------------------------------------------------------------------------------------


def test_a_batch_is_the_offices_own_until_it_is_sent(world: World) -> None:
    batch = sealed(world)
    reach = {"reviewer": True, "leader": True, "auditor": True}
    others = ("neighbour_reviewer", "author", "desk", "director", "liaison", "judge", "administrator")
    for person in (*reach, *others):
        assert found(world, batch, person) is reach.get(person, False), person
    went(world.act_on_batch(batch, "send"))
    assert [found(world, batch, person) for person in others] == [False, False, True, True, True, False, False]


def found(world: World, batch: int, person: str) -> bool:
    with world.database.reading() as session:
        listed = [one.id for one in batches.every(session, world.people[person])]
        try:
            batches.find(session, batch, world.people[person])
        except NoSuchBatch:
            assert batch not in listed
            return False
    assert batch in listed
    return True


def test_an_offices_standing_counts_what_was_sent_and_what_is_on_its_way(world: World) -> None:
    sent(world)
    for state in (REVIEWED, CaseState.CENTRE_STAMPED, CaseState.DRAFT):
        world.case(state)
    with world.database.reading() as session:
        [first, second] = batches.standings(session, world.call, [world.offices["first"]])
        counts = batches.centre_counts(session, world.call, world.offices["first"])
    assert (first.submitted, first.reviewed, first.stamped, first.drafts, first.short) == (2, 1, 1, 1, 0)
    assert (second.phase, second.submitted, second.short) == (world.call.phases[1].id, 0, 2)
    assert [(centre.id, done, coming) for centre, done, coming in counts] == [
        (world.centres["university"], 2, 2),
        (world.centres["institute"], 0, 0),
    ]


# ---- the papers that leave -------------------------------------------------------------------------------------------


def mail_of(world: World, batch: int) -> tuple[str, Any]:
    files = Files((world.folder / "documents").as_uri())
    with world.database.reading() as session:
        made = batches.mail(session, files, session.get_one(Batch, batch), sender="office@example.org", at=world.at)
    return made.name, email.message_from_bytes(made.data)


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def with_papers(world: World) -> tuple[int, list[int]]:
    """A batch whose scans are really in the document store."""
    files = Files((world.folder / "documents").as_uri())
    cases = []
    for _ in range(2):
        case = world.draft()
        scan = Kept("扫描 件.pdf", "application/pdf", files.put(b"%PDF-1.7 scan"), 13)
        with world.database.transaction() as session:
            papers.seal(session, case, scan, "示例大学", actor=world.people["sealer"], at=world.at)
        cases.append(world.walk(case, "stamp", "review"))
    batch = world.batch(cases)
    summary = Kept("summary.pdf", "application/pdf", files.put(b"%PDF-1.7 summary"), 16)
    with world.database.transaction() as session:
        batches.seal_summary(session, batch, summary, "示例省知识产权局", actor=world.people["leader"], at=world.at)
    return batch, cases


def names(message: Any) -> list[str]:
    return [part.get_filename() for part in message.walk() if part.get_filename()]


def test_the_mail_holds_the_sealed_summary_every_form_and_every_case_under_the_prescribed_subject(world: World) -> None:
    batch, cases = with_papers(world)
    name, message = mail_of(world, batch)
    assert name == "优秀案例征集-示例省知识产权局.eml"
    assert str(make_header(decode_header(message["Subject"]))) == "优秀案例征集-示例省知识产权局"
    assert message["To"] == world.call.mail.to
    titles = [world.row(case).title for case in cases]
    assert names(message) == [
        "案例汇总表_示例省_第一阶段_盖章扫描件.pdf",
        f"案例01_{titles[0]}.docx",
        f"报送表01_{titles[0]}_扫描件.pdf",
        f"案例02_{titles[1]}.docx",
        f"报送表02_{titles[1]}_扫描件.pdf",
    ]


def test_a_batch_too_large_for_one_mail_is_downloaded_as_a_zip_of_numbered_ones(world: World) -> None:
    batch, _ = with_papers(world)
    files, whole = Files((world.folder / "documents").as_uri()), mail_of(world, batch)[1]
    with world.database.reading() as session:
        row = session.get_one(Batch, batch)
        made = batches.mail(session, files, row, sender="office@example.org", at=world.at, most=60_000)
        of = len(batches.in_mails(batches.letter(session, files, row), 60_000))
    subject = "优秀案例征集-示例省知识产权局"
    assert of > 1
    assert (made.name, made.media_type) == (f"{subject}（共{of}封）.zip", "application/zip")
    with zipfile.ZipFile(io.BytesIO(made.data)) as opened:
        assert opened.namelist() == [f"{at}_{subject}（第{at}封，共{of}封）.eml" for at in range(1, of + 1)]
        mails = [email.message_from_bytes(opened.read(name)) for name in opened.namelist()]
    assert [name for one in mails for name in names(one)] == names(whole)
    subjects = [str(make_header(decode_header(one["Subject"]))) for one in mails]
    assert subjects == [f"{subject}（{at}/{of}）" for at in range(1, of + 1)]
    assert len({one["Message-ID"] for one in mails}) == of


def test_a_call_may_want_all_of_it_in_one_zip_and_each_of_several_mails_then_has_one(
    databases: Databases, tmp_path: Path
) -> None:
    file = tmp_path / CALL_2021.name
    file.write_text(CALL_2021.read_text("utf-8").replace("[push]", '[package]\npacking = "zip"\n\n[push]'), "utf-8")
    file.with_suffix(".zh.md").write_text(CALL_2021.with_suffix(".zh.md").read_text("utf-8"), "utf-8")
    with world_under(databases, file, tmp_path) as world:
        batch, _ = with_papers(world)
        files, message = Files((world.folder / "documents").as_uri()), mail_of(world, batch)[1]
        with world.database.reading() as session:
            row = session.get_one(Batch, batch)
            wanted = [one.name for one in batches.letter(session, files, row).enclosures]
            several = batches.mail(session, files, row, sender="office@example.org", at=world.at, most=60_000)
        assert names(message) == [f"示例省_第一阶段_{row.number}.zip"]
        assert members(message) == wanted
        with zipfile.ZipFile(io.BytesIO(several.data)) as opened:
            mails = [email.message_from_bytes(opened.read(name)) for name in opened.namelist()]
        assert len(mails) > 1
        assert [name for one in mails for name in members(one)] == wanted


def members(message: Any) -> list[str]:
    """What the one zip of a mail holds."""
    [part] = [part for part in message.walk() if part.get_filename()]
    with zipfile.ZipFile(io.BytesIO(part.get_payload(decode=True))) as opened:
        return opened.namelist()


def test_a_mail_is_the_same_bytes_again_and_keeps_its_message_id_after_it_was_received(world: World) -> None:
    batch, _ = with_papers(world)
    went(world.act_on_batch(batch, "seal"))
    went(world.act_on_batch(batch, "send"))
    first = mail_of(world, batch)[1]
    went(world.act_on_batch(batch, "receive"))
    assert mail_of(world, batch)[1]["Message-ID"] == first["Message-ID"]
    went(world.act_on_batch(batch, "return_batch"))
    went(world.act_on_batch(batch, "seal"))
    went(world.act_on_batch(batch, "send"))
    assert mail_of(world, batch)[1]["Message-ID"] != first["Message-ID"]


@pytest.mark.parametrize(
    ("change", "own"),
    [
        ({}, True),
        ({"recipient": "另一家"}, True),
        ({"title": "别的名称"}, False),
        ({"sections": {"effect": "改了。"}}, False),
    ],
)
def test_an_authors_own_file_is_reported_as_long_as_title_and_text_are_its(
    world: World, change: dict[str, Any], own: bool
) -> None:
    """Its tables and its looks stand in no content that a file could be written from."""
    files, case = Files((world.folder / "documents").as_uri()), world.draft()
    word = Kept("正文.docx", WORD, files.put(b"PK the author's own"), 19)
    with world.database.transaction() as session:
        papers.attach(session, case, "case", [word], actor=world.people["author"], at=world.at)
    content = world.content_of(case)
    sections = {**content.sections, **change.pop("sections", {})}
    world.edit(case, content.changed(sections=sections, **change))
    scan = Kept("扫描 件.pdf", "application/pdf", files.put(b"%PDF-1.7 scan"), 13)
    with world.database.transaction() as session:
        papers.seal(session, case, scan, "示例大学", actor=world.people["sealer"], at=world.at)
    batch = world.batch([world.walk(case, "stamp", "review")])
    with world.database.reading() as session:
        made = batches.letter(session, files, session.get_one(Batch, batch))
    [document] = [one for one in made.enclosures if one.media_type == WORD]
    assert (document.read() == b"PK the author's own") is own


def sent_with_papers(world: World) -> int:
    batch, _ = with_papers(world)
    went(world.act_on_batch(batch, "seal"))
    went(world.act_on_batch(batch, "send"))
    return batch


def hand_over(world: World, box: Mailbox, batch: int, *, most: int = 0) -> str:
    files = Files((world.folder / "documents").as_uri())
    mailer = Mailer(box.url, "office@example.org", world.database, most)
    return batches.send_mail(world.database, files, mailer, batch, at=world.at)


def half_of(world: World, batch: int) -> int:
    """Bytes that hold one of the two cases with the papers before it, and not both."""
    with world.database.reading() as session:
        made = batches.letter(session, Files((world.folder / "documents").as_uri()), session.get_one(Batch, batch))
    sizes = [one.size for one in made.enclosures]
    return next(most for most in range(10_000, 10_000_000, 500) if [*map(len, in_mails(sizes, most))] == [3, 2])


@pytest.mark.parametrize("said_by", ["the server", "the setting"])
def test_a_batch_too_large_for_one_mail_leaves_in_numbered_ones_once(world: World, said_by: str) -> None:
    batch = sent_with_papers(world)
    most = half_of(world, batch)
    by_server, by_setting = (most, 0) if said_by == "the server" else (2**25, most)
    replies = iter(["250 first", "451 wait", "250 second"])
    with mail_server(most=by_server) as box:
        box.on_data = lambda: next(replies)
        with pytest.raises(MailRefused):
            hand_over(world, box, batch, most=by_setting)
        with world.database.reading() as session:
            assert batches.mailed(session, session.get_one(Batch, batch)) is None
        assert [hand_over(world, box, batch, most=by_setting) for _ in range(2)] == ["250 second"] * 2
    subjects = [str(make_header(decode_header(one["Subject"]))) for one in box.mails]
    assert subjects == ["优秀案例征集-示例省知识产权局（1/2）", "优秀案例征集-示例省知识产权局（2/2）"]
    whole = mail_of(world, batch)[1]
    assert [name for one in box.mails for name in names(one)] == names(whole)
    assert box.mails[1]["Message-ID"] == whole["Message-ID"] != box.mails[0]["Message-ID"]
    assert max(map(len, box.taken)) <= most
    with world.database.reading() as session:
        kept = batches.mailed(session, session.get_one(Batch, batch))
        assert kept is not None
        assert kept.reply == "250 second"


def test_where_one_paper_alone_is_too_large_nothing_leaves(world: World) -> None:
    batch = sent_with_papers(world)
    with mail_server(most=9_000) as box, pytest.raises(TooLarge) as refused:
        hand_over(world, box, batch)
    assert (refused.value.most, refused.value.lasting, box.taken) == (9_000, True, [])


def test_a_hostile_subject_makes_no_hostile_file_name(world: World) -> None:
    batch, _ = with_papers(world)
    with world.database.transaction() as session:
        session.execute(update(Batch).where(Batch.id == batch).values(subject="../优秀案例征集/x"))
    assert mail_of(world, batch)[0] == "x.eml"


def test_the_summary_table_lists_the_cases_in_order_and_names_its_batch(world: World) -> None:
    batch, cases = with_papers(world)
    with world.database.reading() as session:
        name, data = batches.summary(
            session, session.get_one(Batch, batch), at=world.at, seen_by=world.people["leader"]
        )
    cells = [
        str(cell) for row in openpyxl.load_workbook(BytesIO(data)).active.iter_rows(values_only=True) for cell in row
    ]
    titles = [world.row(case).title for case in cases]
    assert name == "案例汇总表_示例省_第一阶段_2021-205-SF-P1-01.xlsx"
    assert [cell for cell in cells if cell in titles] == titles
