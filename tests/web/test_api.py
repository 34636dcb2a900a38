"""The API: the same cases, offers and steps as on screen, once for each key, refused in words of both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from states.case import CaseState
from states.route import lifecycle_of
from tests.web.conftest import As
from tests.web.programs import Asks, Program
from tests.web.test_sign_in import turn_codes_on, unused
from tests.worlds import World, went
from web.api.gate import OPERATIONS
from web.request import BODY_OF_PROGRAM
from workflow import cases
from workflow.identity import throttle, tokens
from workflow.store.models import ApiAnswer, AuditEvent, Case, FailedTries, SignatureCheck

pytestmark = pytest.mark.database

PHONE = "13812345678"


def step(world: World, case: int, **more: Any) -> dict[str, Any]:
    """What is sent with a step on a case as it stands now."""
    return {"mark": world.row(case).mark, "confirmed": [one.id for one in world.call.confirmations], **more}


def events(world: World) -> int:
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


# ---- looking ---------------------------------------------------------------------------------------------------------


def test_a_list_is_read_page_by_page_and_holds_what_is_within_reach(program: Asks, world: World):
    mine = [world.case(CaseState.DRAFT) for _ in range(5)]
    world.draft(centre="neighbour")
    one, found, after = program("author"), [], ""
    for _ in range(3):
        page = one.get("/cases", limit=2, after=after).get_json()
        found += [each["id"] for each in page["cases"]]
        after = page["after"]
    assert (sorted(found), after, page["total"]) == (mine, "", 5)


def test_a_list_is_narrowed_as_on_screen(program: Asks, world: World):
    world.case(CaseState.DRAFT)
    stamped = world.case(CaseState.CENTRE_STAMPED)
    found = program("author").get("/cases", state="centre_stamped").get_json()["cases"]
    assert [one["id"] for one in found] == [stamped]


def test_one_case_says_what_it_says_with_contacts_masked(program: Asks, world: World):
    case = world.case(CaseState.DRAFT)
    told, content = program("author").get(f"/cases/{case}").get_json(), world.content_of(case)
    assert (told["title"], told["content"]["sections"], told["mark"]) == (
        content.title,
        dict(content.sections),
        world.row(case).mark,
    )
    long = [value for value in content.contacts.values() if len(value) > 6]
    assert (len(long) > 1, [value for value in long if value in json.dumps(told, ensure_ascii=False)]) == (True, [])


def test_a_number_in_a_remark_stays_masked_for_programs_of_those_who_read_it_on_screen(
    program: Asks, sign_in: As, world: World
):
    case = world.case(CaseState.CENTRE_STAMPED)
    program("reviewer").post(f"/cases/{case}/return_to_centre", step(world, case, remark=f"请致电{PHONE}"))
    told = program("author").get(f"/cases/{case}/history").get_data(as_text=True)
    screen = sign_in("author").get(f"/cases/{case}").get_data(as_text=True)
    assert (PHONE in screen, PHONE in told, "请致电138****5678" in told) == (True, False, True)


def test_numbers_in_what_is_said_of_a_batch_stay_masked_for_programs(program: Asks, world: World):
    world.in_phase(world.call.last_phase)
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED)], world.call.last_phase)
    key = f"centre_reports_enough:{world.centres['institute']}"
    world.describe(batch, subject=f"报送 {PHONE}", final=True, reasons={key: f"正在筹建，电话{PHONE}"})
    world.seal_summary(batch)
    assert world.act_on_batch(batch, "seal").done
    leader = program("leader")
    asked = {"mark": leader.get(f"/batches/{batch}").get_json()["mark"]}
    answers = [
        leader.get(f"/batches/{batch}/offers"),
        leader.post(f"/batches/{batch}/send", asked),
        leader.get(f"/batches/{batch}/history"),
    ]
    texts = [one.get_data(as_text=True) for one in answers]
    with world.database.reading() as session:
        texts += session.scalars(select(ApiAnswer.answer)).all()  # kept for a week, and reached by no erasure of a case
    assert [(PHONE in one, "138****5678" in one) for one in texts] == [(False, True)] * 4


def test_versions_hold_every_text(program: Asks, world: World):
    case = world.case(CaseState.DRAFT)
    before = world.content_of(case).title
    world.edit(case, world.content_of(case).changed(title="改过的题目"))
    one = program("author")
    listed = one.get(f"/cases/{case}/versions").get_json()["versions"]
    titles = [one.get(f"/cases/{case}/versions/{each['revision']}").get_json()["content"]["title"] for each in listed]
    assert titles == ["改过的题目", before]


@pytest.mark.parametrize("path", ["", "/versions", "/versions/1", "/history", "/offers"])
def test_what_one_cannot_reach_is_not_there(path: str, program: Asks, world: World):
    case = world.case(CaseState.DRAFT)
    answers = [program(who).get(f"/cases/{number}{path}") for who, number in (("reviewer", case), ("author", 999))]
    assert {(one.status_code, one.get_json()["type"]) for one in answers} == {(404, "/api#not-found")}


def test_offers_say_what_the_screen_says(program: Asks, world: World):
    case = world.draft(world.content(length=2 * (world.call.length.maximum or 0)))
    told = program("author").get(f"/cases/{case}/offers").get_json()
    with world.database.reading() as session:
        row = session.get_one(Case, case)
        made = cases.offers(session, row, actor=world.people["author"], at=world.at)
    assert [(one["step"]["name"], [each["rule"] for each in one["findings"]]) for one in told["offers"]] == [
        (one.transition.name, [each.rule for each in one.findings]) for one in made
    ]
    [too_long] = [each for one in told["offers"] for each in one["findings"] if each["rule"] == "length_within_limit"]
    asked = world.call.rules["length_within_limit"]
    assert (too_long["clause"], too_long["says"], too_long["strength"]) == (asked.clause, list(asked.says), "must")
    assert [one["value"] for one in too_long["lifted_by"]] == ["author"]
    assert too_long["link"].startswith(f"/cases/{case}/edit#section")
    assert too_long["zh"] != too_long["en"]
    assert too_long["rule_link"].endswith("#length_within_limit")


def test_the_link_of_a_finding_leads_to_a_field(program: Asks, sign_in: As, world: World):
    case = world.draft(world.content(title=""))
    told = program("author").get(f"/cases/{case}/offers").get_json()
    links = [each["link"] for one in told["offers"] for each in one["findings"] if each["rule"] == "template_complete"]
    page, _, field = links[0].partition("#")
    assert f'id="{field}"' in sign_in("author").get(page).get_data(as_text=True)


def test_mending_what_is_listed_and_then_what_was_announced_makes_the_step_succeed(program: Asks, world: World):
    """In a real database; tests/rules/test_waiting.py does it for every step and combination, on facts."""
    good = world.content()
    case = world.draft(good.changed(title="", recipient="", service_from=None, service_to=None))
    world.seal(case)

    def edit(*names: str) -> None:
        world.edit(case, world.content_of(case).changed(**{name: getattr(good, name) for name in names}))

    mends = {
        "template_complete": lambda: edit("title"),
        "recipient_named": lambda: edit("recipient"),
        "service_within_period": lambda: edit("service_from", "service_to"),
        "seal_unbroken": lambda: world.seal(case),
    }
    one, told, mended = program("sealer"), None, []
    while True:
        offers = one.get(f"/cases/{case}/offers").get_json()["offers"]
        [stamp] = [each for each in offers if each["step"]["name"] == "stamp"]
        listed = [each["rule"] for each in stamp["findings"]]
        assert told is None or set(listed) <= told
        if not listed:
            break
        told = {*listed, *(each["rule"] for each in stamp["not_yet_examined"])}
        mends[listed[0]]()
        mended.append(listed[0])
    answer = one.post(f"/cases/{case}/stamp", step(world, case))
    assert (answer.status_code, mended[-1], stamp["ready"]) == (200, "seal_unbroken", True)


# ---- what would happen -----------------------------------------------------------------------------------------------


def test_a_rehearsal_says_what_would_happen_and_writes_nothing(program: Asks, world: World):
    case = world.case(CaseState.SUBMITTED)
    with world.database.transaction() as session:
        session.get_one(type(world.row(case).office), world.offices["first"]).email = "office@example.cn"
    one, before = program("desk"), events(world)
    told = one.post(f"/cases/{case}/shortlist/rehearsal", step(world, case)).get_json()
    assert (told["verdict"]["value"], told["findings"], events(world)) == ("ready", [], before)
    assert [(mail["to"], mail["address"], mail["cases"]) for mail in told["mails"]] == [
        (world.row(case).office.addressee, "o***@example.cn", [case])
    ]
    [office] = [one for one in told["effects"] if one["phase"]]
    assert (
        office["counted"],
        {each["state"]["value"]: each["after"] - each["before"] for each in office["moved"]},
    ) == (
        {"before": 1, "after": 1},
        {"submitted": -1, "shortlisted": 1},
    )


@pytest.mark.parametrize(("remark", "verdict"), [("", "asked"), ("请补充", "ready")])
def test_a_rehearsal_asks_for_the_reason_that_the_step_asks_for(remark: str, verdict: str, program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    told = program("reviewer").post(f"/cases/{case}/return_to_centre/rehearsal", {"remark": remark}).get_json()
    assert (told["verdict"]["value"], [one["answer_in"] for one in told["findings"]]) == (
        verdict,
        [] if remark else ["remark"],
    )


@pytest.mark.parametrize(("who", "verdict", "said"), [("author", "impossible", True), ("reviewer", "asked", False)])
def test_a_rehearsal_is_for_everybody_who_reaches_the_case(
    who: str, verdict: str, said: bool, program: Asks, world: World
):
    case = world.case(CaseState.CENTRE_STAMPED)
    told = program(who).post(f"/cases/{case}/review/rehearsal", {"mark": world.row(case).mark}).get_json()
    assert (told["verdict"]["value"], told["said"] is not None) == (verdict, said)


def test_a_rehearsal_names_the_batch_whose_seal_would_be_void(program: Asks, world: World):
    case = world.case(CaseState.PROVINCE_REVIEWED)
    batch = world.batch([case])
    world.seal_summary(batch)
    asked = step(world, case, remark="重看")
    told = program("reviewer").post(f"/cases/{case}/reopen/rehearsal", asked).get_json()
    theirs = program("author").post(f"/cases/{case}/reopen/rehearsal", asked).get_json()
    assert ["汇总表随之失效" in one["zh"] for one in told["seals"]] == [True]
    assert theirs["seals"] == []


def test_what_would_follow_is_shown_before_it_is_confirmed(sign_in: As, world: World):
    case = world.case(CaseState.PROVINCE_REVIEWED)
    batch = world.batch([case])
    world.seal_summary(batch)
    reviewer = sign_in("reviewer")
    assert f'href="/cases/{case}/return_to_centre"' in reviewer.get(f"/cases/{case}").get_data(as_text=True)
    page = reviewer.get(f"/cases/{case}/return_to_centre").get_data(as_text=True)
    assert [words in page for words in ("办理后会怎样", "汇总表随之失效", "计入报送数量", "不寄邮件")] == [True] * 4


def test_a_centre_is_told_no_numbers_of_its_office(program: Asks, world: World):
    world.case(CaseState.SUBMITTED)
    world.case(CaseState.CENTRE_STAMPED, centre="institute")
    case = world.draft()
    world.seal(case)
    told = program("sealer").post(f"/cases/{case}/stamp/rehearsal", step(world, case)).get_json()
    names = {"示例大学知识产权信息服务中心"}
    assert (told["verdict"]["value"], {one["unit"] for one in told["effects"]}) == ("ready", names)


# ---- acting ----------------------------------------------------------------------------------------------------------


def test_a_step_is_taken_once_for_each_key(program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    one, body = program("reviewer"), step(world, case)
    first = one.post(f"/cases/{case}/review", body, key="the-same")
    after = events(world)
    again = one.post(f"/cases/{case}/review", body, key="the-same")
    assert (first.status_code, first.get_json()["to"], world.state(case)) == (
        200,
        "province_reviewed",
        CaseState.PROVINCE_REVIEWED,
    )
    assert (again.status_code, again.get_json(), events(world)) == (200, first.get_json(), after)
    assert (first.headers.get("Idempotency-Replayed"), again.headers.get("Idempotency-Replayed")) == (None, "true")


def test_a_key_belongs_to_one_request_of_one_person(program: Asks, world: World):
    first, second = (world.case(CaseState.CENTRE_STAMPED) for _ in range(2))
    one, other = program("reviewer"), program("second_reviewer")
    one.post(f"/cases/{first}/review", step(world, first), key="k")
    answers = [
        one.post(f"/cases/{first}/review", step(world, first, remark="另一个"), key="k"),
        one.post(f"/cases/{second}/review", step(world, second), key="k"),
    ]
    assert [(each.status_code, each.get_json()["type"]) for each in answers] == [(422, "/api#other-request")] * 2
    assert other.post(f"/cases/{second}/review", step(world, second), key="k").status_code == 200


def days_later(world: World, days: int) -> None:
    """Let what programs were answered be that old."""
    with world.database.transaction() as session:
        session.execute(update(ApiAnswer).values(at=datetime.now(UTC) - timedelta(days=days)))


@pytest.mark.parametrize("cleared", [False, True], ids=["before the night", "after it"])
def test_a_key_stays_taken_when_its_answer_is_kept_no_longer(cleared: bool, program: Asks, world: World):
    """What the trail has of an earlier request is no answer to this one."""
    case = world.case(CaseState.CENTRE_STAMPED)
    one, body = program("reviewer"), step(world, case)
    assert one.post(f"/cases/{case}/review", body, key="case-review").status_code == 200
    went(world.act(case, "reopen"))
    days_later(world, 8)
    if cleared:
        assert tokens.forget(world.database, at=datetime.now(UTC)) == (1, 0)
    answers = [one.post(f"/cases/{case}/review", each, key="case-review") for each in (body, step(world, case))]
    assert [(each.status_code, each.get_json()["type"]) for each in answers] == [(422, "/api#other-request")] * 2
    assert world.state(case) == CaseState.CENTRE_STAMPED
    assert one.post(f"/cases/{case}/review", step(world, case)).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 41, "not a key", "键"])
def test_without_a_key_nothing_is_done(key: str, program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    one = program("reviewer")
    one.headers = {"Idempotency-Key": key.encode().decode("latin-1")} if key else {}
    answer = one.post(f"/cases/{case}/review", step(world, case), key="")
    assert (answer.status_code, "Idempotency-Key" in answer.get_json()["detail"], world.state(case)) == (
        422,
        True,
        CaseState.CENTRE_STAMPED,
    )


def test_what_was_refused_leaves_its_key_free(program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    one = program("reviewer")
    stale = {**step(world, case), "mark": "1.1"}
    assert one.post(f"/cases/{case}/review", stale, key="k").status_code == 409
    with world.database.reading() as session:
        assert session.scalars(select(ApiAnswer.key)).all() == []
    assert one.post(f"/cases/{case}/review", step(world, case), key="k").status_code == 200


def test_a_refusal_by_rules_is_on_record_with_all_its_findings(program: Asks, world: World):
    case = world.draft(world.content(title="", recipient=""))
    answer = program("sealer").post(f"/cases/{case}/stamp", step(world, case))
    told = answer.get_json()
    assert (answer.status_code, answer.mimetype, told["type"]) == (422, "application/problem+json", "/api#refused")
    assert {"template_complete", "recipient_named", "unit_seal_present"} <= {one["rule"] for one in told["findings"]}
    assert [one.outcome for one in world.events(case, "case.stamp")] == ["refused"]


@pytest.mark.parametrize(
    ("trigger", "more", "status", "code"),
    [
        ("submit", {}, 409, "no-such-step"),
        ("publish", {}, 403, "not-permitted"),
        ("nonsense", {}, 409, "no-such-step"),
        ("review", {"mark": "1.1"}, 409, "overtaken"),
    ],
)
def test_what_cannot_be_tried_says_why(
    trigger: str, more: dict[str, str], status: int, code: str, program: Asks, world: World
):
    case = world.case(CaseState.CENTRE_STAMPED)
    answer = program("reviewer").post(f"/cases/{case}/{trigger}", {**step(world, case), **more})
    told = answer.get_json()
    assert (answer.status_code, told["type"], bool(told["detail"]), bool(told["detail_en"])) == (
        status,
        f"/api#{code}",
        True,
        True,
    )


def test_nothing_is_approved_by_whoever_does_not_say_what_they_saw(program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    body = {name: value for name, value in step(world, case).items() if name != "mark"}
    answer = program("reviewer").post(f"/cases/{case}/review", body)
    assert (answer.status_code, answer.get_json()["type"]) == (409, "/api#unmarked")


@pytest.mark.parametrize(("proof", "status"), [("", 403), ("wrong", 403), ("right horse", 200)])
def test_stamping_asks_once_more_who_one_is(proof: str, status: int, program: Asks, world: World):
    case = world.draft()
    world.seal(case)
    one = program("sealer")
    one.proof = proof
    answer = one.post(f"/cases/{case}/stamp", step(world, case))
    assert (answer.status_code, world.state(case)) == (
        status,
        CaseState.CENTRE_STAMPED if status == 200 else CaseState.DRAFT,
    )
    if status == 403:
        assert answer.get_json()["type"] == "/api#proof-needed"


def failures(world: World, login: str) -> int:
    """Wrong proofs that count against an account."""
    with world.database.reading() as session:
        found = session.get(FailedTries, throttle.account(login))
    return found.count if found else 0


def test_a_step_proved_by_a_code_is_answered_the_same_when_it_is_sent_again(program: Asks, sign_in: As, world: World):
    """The answer got lost, and the code is spent: a code is taken once."""
    case = world.draft()
    world.seal(case)
    codes, one, body = turn_codes_on(sign_in("sealer"))[0], program("sealer"), step(world, case)
    unused(world)
    one.proof = codes.at(datetime.now(UTC))
    answers = [one.post(f"/cases/{case}/stamp", body, key="lost") for _ in range(7)]
    assert [each.status_code for each in answers] == [200] * 7
    assert ({each.get_data() for each in answers}, failures(world, "sealer")) == ({answers[0].get_data()}, 0)


@pytest.mark.parametrize(("body", "key"), [({"mark": "x"}, "k"), (None, "k"), ({"mark": "1.1"}, "")])
def test_a_code_is_not_spent_on_what_is_not_as_declared(
    body: dict[str, str] | None, key: str, program: Asks, sign_in: As, world: World
):
    case = world.draft()
    world.seal(case)
    codes, one = turn_codes_on(sign_in("sealer"))[0], program("sealer")
    unused(world)
    one.proof = codes.at(datetime.now(UTC))
    wrong = one.post(f"/cases/{case}/stamp", body, key=key).status_code
    assert (wrong in (415, 422), one.post(f"/cases/{case}/stamp", step(world, case)).status_code) == (True, 200)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {"mark": 1},
        {"mark": "1.1", "more": "x"},
        {"mark": "1.1", "confirmed": "x"},
        {"mark": "1.1", "remark": "x" * 2001},
        {"mark": "1.1", "remark": "a\x00b"},
        {"mark": "1.1", "new_day": "tomorrow"},
    ],
)
def test_a_body_that_is_not_as_declared_is_refused_before_anything(body: Any, program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    one = program("reviewer")
    before = events(world)
    answer = one.post(f"/cases/{case}/return_to_centre", body)
    assert (answer.status_code in (415, 422), world.state(case)) == (True, CaseState.CENTRE_STAMPED)
    assert events(world) - before <= 1  # a character that cannot be held is on record, as on screen


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"mark":' * 20_000,
        b'{"remark": NaN}',
        b'{"remark": "a", "remark": "b"}',
        b'{"reasons": {"a": "x", "a": "y"}}',
        b'{"reasons": {"\\ud800": 1}}',
        b'{"reasons": {"\\ud800": "x"}}',
        b'{"remark": "\\ud800"}',
    ],
    ids=lambda sent: repr(sent[:40]),
)
@pytest.mark.parametrize("trigger", ["return_to_centre", "return_to_centre/rehearsal"])
def test_bodies_that_are_no_json_or_none_that_can_be_kept_are_told_so(
    trigger: str, sent: bytes, program: Asks, world: World
):
    case = world.case(CaseState.CENTRE_STAMPED)
    one = program("reviewer")
    headers = one._sent(**{"Idempotency-Key": "k", "Content-Type": "application/json"})
    answer = one.client.post(f"/api/v1/cases/{case}/{trigger}", data=sent, headers=headers)
    assert (answer.status_code, answer.get_json()["type"], world.state(case)) == (
        422,
        "/api#wrong-body",
        CaseState.CENTRE_STAMPED,
    )


@pytest.mark.parametrize(
    ("reasons", "status"),
    [
        ({f"r{one}": "x" for one in range(100)}, 200),
        ({f"r{one}": "x" for one in range(101)}, 422),
        ({"k" * 80: "x"}, 200),
        ({"k" * 81: "x"}, 422),
    ],
    ids=["100", "101", "key of 80", "key of 81"],
)
def test_reasons_are_as_many_and_as_long_as_anybody_writes(
    reasons: dict[str, str], status: int, program: Asks, world: World
):
    case = world.case(CaseState.CENTRE_STAMPED)
    answer = program("reviewer").post(f"/cases/{case}/return_to_centre/rehearsal", {"reasons": reasons})
    assert answer.status_code == status


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("path", ["/cases/1/stamp", "/jobs/1/retry"])
def test_what_is_larger_than_any_request_is_not_read(path: str, kind: str, program: Asks, world: World):
    one = program("administrator")
    headers = one._sent(**{"Idempotency-Key": "k", "Content-Type": kind})
    answers = [
        one.client.post(f"/api/v1{path}", data=b" " * size, headers=headers)
        for size in (BODY_OF_PROGRAM + 1, BODY_OF_PROGRAM)
    ]
    assert [one.status_code == 413 for one in answers] == [True, False]
    assert (answers[0].mimetype, "1 MiB" in answers[0].get_json()["detail"]) == ("application/problem+json", True)


@pytest.mark.parametrize("body", [{}, {"remark": "某某的电话\x00"}], ids=["name of a step", "body"])
def test_what_only_looks_writes_nothing_into_the_history(body: dict[str, str], program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    one, before = program("reviewer", "read"), events(world)
    answer = one.post(f"/cases/{case}/{'随便写的话' if not body else 'review'}/rehearsal", body)
    asked = one.post(f"/cases/{case}/另一句随便写的话", {})
    assert (answer.status_code, asked.status_code, events(world)) == (422 if body else 409, 403, before)


def test_the_name_of_a_step_that_there_is_not_is_cut(program: Asks, world: World):
    case, name = world.case(CaseState.CENTRE_STAMPED), "长" * 500
    answers = [
        program("reviewer").post(f"/cases/{case}/{name}", step(world, case)),
        program("desk").post(f"/bulk/{name}/rehearsal", {"matching": {}}),
    ]
    assert [max(map(len, re.findall("长+", one.get_json()["detail"]))) for one in answers] == [40, 40]
    assert "长" * 41 not in world.events(case, "case.turn_away")[0].body


# ---- many at once ----------------------------------------------------------------------------------------------------


def test_many_are_rehearsed_taken_looked_at_and_undone(program: Asks, world: World):
    chosen = [world.case(CaseState.SUBMITTED) for _ in range(3)]
    one = program("desk")
    asked = {"cases": [{"id": case, "mark": world.row(case).mark} for case in chosen]}
    foreseen = one.post("/bulk/shortlist/rehearsal", asked).get_json()
    assert [line["verdict"]["value"] for line in foreseen["lines"]] == ["ready"] * 3
    done = one.post("/bulk/shortlist", {**asked, "hold_minutes": 5}).get_json()
    assert [line["outcome"]["value"] for line in done["lines"]] == ["done"] * 3
    assert one.get(f"/bulk/{done['id']}").get_json()["receipt"] == done["receipt"]
    undone = one.post(f"/bulk/{done['id']}/undo", {"remark": "再看"}).get_json()
    assert ([world.state(case) for case in chosen], undone["undoes"]) == ([CaseState.SUBMITTED] * 3, done["id"])


def test_all_or_none_that_comes_to_nothing_says_why(program: Asks, world: World):
    submitted, draft = world.case(CaseState.SUBMITTED), world.case(CaseState.SHORTLISTED)
    asked = {"cases": [{"id": case, "mark": world.row(case).mark} for case in (submitted, draft)], "whole": True}
    answer = program("desk").post("/bulk/shortlist", asked)
    outcomes = [line["outcome"]["value"] for line in answer.get_json()["act"]["lines"]]
    assert (answer.status_code, outcomes, world.state(submitted)) == (
        422,
        ["left", "impossible"],
        CaseState.SUBMITTED,
    )


# ---- seals -----------------------------------------------------------------------------------------------------------


def found_of_seal(world: World) -> str:
    with world.database.reading() as session:
        return session.scalars(select(SignatureCheck.outcome)).one()


@pytest.mark.parametrize(
    ("who", "ask"),
    [
        ("neighbour_author", lambda one, case: one.get(f"/cases/{case}/offers")),
        ("neighbour_author", lambda one, case: one.post(f"/cases/{case}/review/rehearsal", {})),
        ("neighbour_sealer", lambda one, case: one.post(f"/cases/{case}/stamp", {})),
        ("neighbour_reviewer", lambda one, case: one.post("/bulk/review", {"cases": [{"id": case}]})),
        ("author", lambda one, case: one.post("/bulk/review", {"cases": [{"id": case}]})),
        ("author", lambda one, case: one.post("/bulk/nonsense", {"cases": [{"id": case}]})),
    ],
)
def test_no_seal_is_verified_for_whoever_cannot_act_on_it(
    who: str, ask: Callable[[Program, int], TestResponse], program: Asks, world: World
):
    case = world.draft()
    world.seal_electronically(case)
    went(world.act(case, "stamp"))
    world.lose_signed_file(case)
    answer, found = ask(program(who), case), found_of_seal(world)
    program("reviewer").post(f"/cases/{case}/review/rehearsal", {})
    assert (answer.status_code in (403, 404, 409, 422), found, found_of_seal(world)) == (True, "good", "unreadable")


def test_no_seal_of_a_batch_is_verified_for_whoever_does_not_reach_it(program: Asks, world: World):
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    world.seal_summary_electronically(batch)
    world.signed_file(batch=batch).unlink()
    answer, found = program("neighbour_leader").get(f"/batches/{batch}/offers"), found_of_seal(world)
    program("leader").get(f"/batches/{batch}/offers")
    assert (answer.status_code, found, found_of_seal(world)) == (404, "good", "unreadable")


def test_what_was_answered_before_is_answered_without_verifying_anything(program: Asks, world: World):
    case = world.draft()
    world.seal_electronically(case)
    one, body = program("sealer"), step(world, case)
    first = one.post(f"/cases/{case}/stamp", body, key="k")
    world.lose_signed_file(case)
    again = one.post(f"/cases/{case}/stamp", body, key="k")
    assert (first.status_code, again.get_data(), found_of_seal(world)) == (200, first.get_data(), "good")


# ---- batches, receipts, jobs -----------------------------------------------------------------------------------------


def test_a_batch_goes_from_its_list_to_the_national_office(program: Asks, world: World):
    case = world.case(CaseState.PROVINCE_REVIEWED)
    reviewer, leader = program("reviewer"), program("leader")
    asked = {"call": world.call.number, "phase": world.phase.id, "office": world.offices["first"]}
    made = reviewer.post("/batches", asked).get_json()
    assert reviewer.post(f"/batches/{made['id']}/lines", {"cases": [case]}).get_json()["receipt"]
    world.seal_summary(made["id"])
    world.waive(world.phase)

    def take(one: Program, trigger: str) -> int:
        told = one.get(f"/batches/{made['id']}/offers").get_json()
        findings = [each for offer in told["offers"] if offer["step"]["name"] == trigger for each in offer["findings"]]
        reasons = {key["key"]: "说明" for each in findings for key in each["reasons_for"]}
        details = {"subject": made["subject"], "last": False, "reasons": reasons}
        if reasons:
            assert one.post(f"/batches/{made['id']}/details", details).status_code == 200
        body = {"mark": one.get(f"/batches/{made['id']}").get_json()["mark"], "reasons": reasons}
        return one.post(f"/batches/{made['id']}/{trigger}", body).status_code

    assert [take(leader, "seal"), take(leader, "send")] == [200, 200]
    assert (world.state(case), program("desk").get(f"/batches/{made['id']}").get_json()["lines"][0]["case"]) == (
        CaseState.SUBMITTED,
        case,
    )


def test_the_receipt_of_a_step_is_found_by_its_number_and_holds(program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    one = program("reviewer")
    given = one.post(f"/cases/{case}/review", step(world, case)).get_json()["receipt"]
    held = one.get("/receipts", number=given["number"]).get_json()
    assert (held["hash"], one.get("/receipts/check", **given).get_json()["holds"]) == (given["hash"], True)
    assert program("neighbour_author").get("/receipts", number=given["number"]).status_code == 404


def test_background_work_is_seen_by_those_who_look_after_it(program: Asks):
    assert [program(one).get("/jobs").status_code for one in ("administrator", "author")] == [200, 404]


# ---- what there is ---------------------------------------------------------------------------------------------------


def test_every_step_of_a_case_can_be_taken_where_it_stands_alone(program: Asks, world: World):
    """Whatever the lifecycle has is found by its name: a new step needs nothing here."""
    case = world.case(CaseState.DRAFT)
    alone = [one.name for one in lifecycle_of(world.call.route).transitions if not one.through]
    came = {one: program("auditor").post(f"/cases/{case}/{one}/rehearsal", {}).status_code for one in alone}
    assert set(came.values()) == {200}


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/cases", {"office": "abc"}, 400),
        ("/cases", {"office": "0"}, 400),
        ("/cases", {"centre": "-1"}, 400),
        ("/cases", {"limit": "201"}, 400),
        ("/cases", {"limit": "200"}, 200),
        ("/cases", {"sort": "by chance"}, 400),
        ("/cases", {"sort": "moved"}, 200),
        ("/cases", {"state": "x" * 41}, 400),
        ("/cases", {"state": ["draft", "x" * 41]}, 400),
        ("/cases", {"something": "else"}, 200),
        ("/batches", {"office": "1.5"}, 400),
        ("/receipts", {"number": "x" * 121}, 400),
    ],
)
def test_what_stands_behind_an_address_is_as_declared_or_told(
    path: str, query: dict[str, Any], status: int, program: Asks, world: World
):
    answer = program("auditor").get(path, **query)
    assert answer.status_code == status
    if status == 400:
        assert (answer.get_json()["type"], next(iter(query)) in answer.get_json()["detail"]) == (
            "/api#wrong-request",
            True,
        )


@pytest.mark.parametrize("day", ["2021-02-30", "2021-13-01", "1021-03-20"])
@pytest.mark.parametrize("path", ["/cases/{}/return_to_centre", "/cases/{}/return_to_centre/rehearsal"])
def test_a_day_that_there_is_not_is_not_taken_for_none(path: str, day: str, program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    answer = program("reviewer").post(path.format(case), {"remark": "请补充", "new_day": day})
    assert (answer.status_code, day in answer.get_json()["detail"], world.state(case)) == (
        422,
        True,
        CaseState.CENTRE_STAMPED,
    )


def test_the_document_declares_the_headers_and_refusals_that_come(program: Asks, world: World):
    case, one = world.case(CaseState.CENTRE_STAMPED), program("reviewer")
    declared = one.get("/openapi.json").get_json()["paths"]
    every = [ways[method]["responses"] for ways in declared.values() for method in ways]
    assert [{"405", "410", "429", "500", "503"} - each.keys() for each in every] == [set()] * len(every)
    assert all(each[code]["headers"]["Retry-After"] for each in every for code in ("429", "503"))
    body = step(world, case)
    came = [one.post(f"/cases/{case}/review", body, key="k") for _ in range(2)][1]
    step_taken = declared["/api/v1/cases/{case_id}/{trigger}"]["post"]["responses"][str(came.status_code)]
    assert [name for name in step_taken["headers"] if name in came.headers] == ["Idempotency-Replayed"]


def test_the_page_for_people_lists_what_there_is(sign_in: As):
    page = sign_in("author").get("/api").get_data(as_text=True)
    assert [one.name for one in OPERATIONS.values() if one.words.zh not in page] == []


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/cases/1/stamp/rehearsal", 405)])
def test_addresses_that_there_are_not_are_told_as_problems(path: str, status: int, program: Asks):
    answer = program("author").get(path)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
