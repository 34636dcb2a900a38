"""The demo: cases in every state, an honest trail, nothing that stands in a visitor's way."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from rules.roles import Role
from states.batch import BatchState
from states.case import CaseState
from states.push import PushState
from tests.worlds import Databases
from workflow import clock, demo, register
from workflow.audit.canonical import event_hash
from workflow.clock import BEIJING
from workflow.demo import large, scans
from workflow.demo.stage import Stage, Unexpected
from workflow.finding import comparisons, similar
from workflow.identity import people, sign_in
from workflow.identity.passwords import DEMO_PASSWORD
from workflow.mailing import Mailer
from workflow.settings import Settings, from_environment
from workflow.store import prior
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import (
    AuditEvent,
    Batch,
    Case,
    Document,
    Fingerprint,
    JudgeProfile,
    Office,
    Person,
    PriorReport,
    Push,
)
from workflow.wipo import pushes

SAMPLES = Path(__file__).parents[1] / "samples"
FIRST_DAY = datetime(2021, 3, 20, tzinfo=BEIJING)


def settings_in(folder: Path, **more: str) -> Settings:
    return from_environment({"ZHENGJI_HOME": str(folder), "ZHENGJI_DEMO": "1", **more})


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of the demo lie that all tests here look at."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
def built(databases: Databases, home: Path) -> Iterator[Database]:
    """A copy of a database filled with the demo once."""

    def fill(database: Database) -> None:
        settings = settings_in(home)
        demo.build(database, Files(settings.documents_url), settings)

    with databases.copy("demo", fill) as database:
        yield database


def everything(database: Database, model: Any) -> list[Any]:
    with database.reading() as session:
        return list(session.scalars(select(model).order_by(*model.__table__.primary_key.columns)))


def test_a_case_stands_in_every_state(built: Database) -> None:
    assert {case.state for case in everything(built, Case)} == set(CaseState)


def test_one_batch_is_collecting_one_sent_and_one_received(built: Database) -> None:
    assert sorted(batch.state for batch in everything(built, Batch)) == sorted(
        [BatchState.COLLECTING, BatchState.SENT, BatchState.RECEIVED]
    )


def test_one_push_was_acknowledged_and_one_failed(built: Database) -> None:
    assert [push.state for push in everything(built, Push)] == [PushState.ACKNOWLEDGED, PushState.FAILED]


def test_what_is_invented_goes_to_a_folder_whatever_address_is_set(database: Database, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, ZHENGJI_PUSH_URL="https://wipo.example/cases")
    demo.build(database, Files(settings.documents_url), settings)
    sent = everything(database, Push)[0]
    assert sent.destination == (tmp_path / "outbox" / "wipo").as_uri()
    assert [path.name for path in (tmp_path / "outbox" / "wipo").glob("*.zip")] == [f"{sent.key}.zip"]


def test_the_worker_finds_nothing_left_to_deliver(built: Database, home: Path) -> None:
    post = pushes.Post(built, Files(settings_in(home).documents_url), Mailer("", "", built))
    said = [pushes.deliver(post, push.id, at=FIRST_DAY) for push in everything(built, Push)]
    assert said == ["nothing to deliver", "nothing to deliver"]


# ---- the trail -------------------------------------------------------------------------------------------------------


def test_every_chain_of_events_is_intact(built: Database) -> None:
    heads: dict[str, tuple[int, str]] = {}
    for event in everything(built, AuditEvent):
        seq, head = heads.get(event.stream, (0, ""))
        assert (event.seq, event.prev_hash or "") == (seq + 1, head)
        assert event.hash == event_hash("sha256", head or None, event.priv, event.body)
        heads[event.stream] = event.seq, event.hash


def test_every_state_is_the_one_of_its_last_event(built: Database) -> None:
    last = {event.stream: event.to_state for event in everything(built, AuditEvent) if event.to_state}
    living = [*everything(built, Case), *everything(built, Batch), *everything(built, Push)]
    assert {one.stream: one.state for one in living} == {one.stream: last[one.stream] for one in living}


def test_everything_happened_in_order_between_the_notice_and_the_first_day_of_the_demo(built: Database) -> None:
    moments = [event.at for event in everything(built, AuditEvent)]
    assert moments == sorted(moments)
    assert moments[0] >= datetime(2021, 3, 12, tzinfo=BEIJING)
    assert moments[-1] < FIRST_DAY


def test_the_trail_tells_who_was_refused_and_why(built: Database) -> None:
    told = [
        (event.action, [one["rule"] for one in json.loads(event.body)["findings"]])
        for event in everything(built, AuditEvent)
        if event.outcome == "refused"
    ]
    assert told == [
        ("case.stamp", ["length_within_limit"]),
        ("case.stamp", ["seal_names_the_unit"]),
        ("case.publish", ["sign_offs_complete"]),
        ("batch.send", ["province_recommends_enough"]),
        ("case.stamp", ["not_reported_before"]),
    ]


def test_a_case_once_refused_for_its_length_was_mended_and_stamped(built: Database) -> None:
    events = everything(built, AuditEvent)
    refused = next(event for event in events if event.outcome == "refused")
    after = [event.outcome for event in events if event.case_id == refused.case_id and event.action == "case.stamp"]
    assert after == ["refused", "done"]


# ---- likeness --------------------------------------------------------------------------------------------------------


def test_only_the_pair_that_waits_for_its_office_is_alike(built: Database) -> None:
    with built.reading() as session:
        cases = list(session.scalars(select(Case).order_by(Case.id)))
        found = [one for many in prior.find(session, cases).values() for one in many]
        reviewer = people.by_login(session, "reviewer")
        assert reviewer is not None
        waiting = comparisons.waiting(session, people.actor_of(reviewer))
        assert [(one.case_id, one.key) for one in found] == [(case.id, one.key) for case, one in waiting]
    assert [(case.state, one.why, one.ruling) for case, one in waiting] == [(CaseState.DRAFT, "text", None)]


def test_a_visitor_can_bring_the_samples_as_new_cases(built: Database) -> None:
    truth = json.loads((SAMPLES / "truth.json").read_text("utf-8"))
    known = everything(built, Fingerprint)
    cases = everything(built, Case)
    for sample in truth["cases"]:
        mine = similar.signature(sample["body_text"])
        scores = [similar.resemblance(mine, one.signature) for one in known]
        assert {similar.likeness(score) for score in scores} == {similar.Likeness.NONE}
        assert not any(similar.same_title(sample["title"], case.title) for case in cases)


def test_the_earlier_report_can_be_found(built: Database) -> None:
    [earlier] = everything(built, PriorReport)
    assert (earlier.title, earlier.reported_on) == ("把标准文献送进灯具车间", date(2020, 9, 18))
    assert [one.prior_id for one in everything(built, Fingerprint) if one.prior_id] == [earlier.id]


# ---- people and register ---------------------------------------------------------------------------------------------


def test_there_is_an_account_named_as_each_role(built: Database) -> None:
    with built.reading() as session:
        held = {one.login: {p.role for p in people.positions(one)} for one in people.everybody(session)}
    assert {role: held[str(role)] for role in Role if role is not Role.SYSTEM} == {
        role: {role} for role in Role if role is not Role.SYSTEM
    }


def test_an_account_opens_with_the_password_of_the_demo(built: Database, home: Path) -> None:
    settings = settings_in(home, ZHENGJI_ARGON2_TIME="1", ZHENGJI_ARGON2_MEMORY="64")
    for login in ("author", "reviewer_zj", "liaison"):
        person = sign_in.authenticate(built, settings, login, DEMO_PASSWORD, at=FIRST_DAY)
        assert person is not None
        assert person.login == login


def test_whoever_signs_in_gets_a_password_hashed_at_the_cost_that_is_set(built: Database, home: Path) -> None:
    settings = settings_in(home, ZHENGJI_ARGON2_TIME="2", ZHENGJI_ARGON2_MEMORY="64")
    sign_in.authenticate(built, settings, "desk", DEMO_PASSWORD, at=FIRST_DAY)
    with built.reading() as session:
        person = people.by_login(session, "desk")
    assert person is not None
    assert "m=64,t=2" in person.password


def test_all_real_offices_and_centres_are_there_beside_the_marked_example(built: Database) -> None:
    with built.reading() as session:
        offices, centres = register.offices(session), register.centres(session)
        office = {one.name: one.office.addressee for one in centres}
    shipped = {one["institution"] for one in register.shipped_centres()}
    assert [one.addressee for one in offices if one.example] == ["示例省知识产权局"]
    assert len(offices) == len(register.shipped_offices()) + 1
    assert {name for name in office if "示例" not in name} == shipped
    assert office["新疆大学图书馆"] == "新疆维吾尔自治区知识产权局"
    assert office["山东示例知识产权保护中心"] == "山东省知识产权局"


# ---- files -----------------------------------------------------------------------------------------------------------


def test_every_file_is_kept_whole_and_small(built: Database, home: Path) -> None:
    files = Files(settings_in(home).documents_url)
    for document in everything(built, Document):
        assert len(files.get(document.digest)) == document.size < 150_000


def test_every_stamped_case_has_its_sealed_scan_and_some_have_papers_and_a_figure(built: Database) -> None:
    slots = Counter(document.slot for document in everything(built, Document) if document.superseded_at is None)
    stamped = [case for case in everything(built, Case) if case.first_stamped_at]
    assert slots == {"scan": len(stamped) + 1, "case": 2, "form": 2, "picture": 2, "summary": 2}


def test_a_scan_is_an_a4_page_with_a_red_seal() -> None:
    def reds(unit: str) -> int:
        page = Image.open(io.BytesIO(scans.form_scan("案例报送表", {"案例名称": "一例"}, unit)))
        assert page.size == (827, 1169)
        colours = page.getcolors(page.width * page.height) or []
        return sum(count for count, (red, green, blue) in colours if red > 150 and green < 90 and blue < 90)

    assert (reds("示例大学") > 1000, reds("")) == (True, 0)


def test_pages_are_drawn_on_a_machine_without_chinese_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans, "_font", lambda size: None)
    scans._seal.cache_clear()
    page = Image.open(io.BytesIO(scans.summary_scan("案例汇总表", ["序号"], [["1"]], "示例省知识产权局")))
    scans._seal.cache_clear()
    assert page.size == (1169, 827)


# ---- building --------------------------------------------------------------------------------------------------------


def test_a_second_build_is_refused_with_a_sentence_and_changes_nothing(built: Database, home: Path) -> None:
    settings = settings_in(home)
    before = len(everything(built, AuditEvent))
    with pytest.raises(demo.NotEmpty) as refusal:
        demo.build(built, Files(settings.documents_url), settings)
    assert refusal.value.message.zh == "库里已有账号，演示数据只放入空库。请另设 ZHENGJI_HOME 或另用一个数据库。"
    assert len(everything(built, AuditEvent)) == before


def test_a_build_that_breaks_off_leaves_the_database_empty(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(stage: Stage) -> None:
        stage.draft("soy")
        raise OSError("no space left")

    monkeypatch.setattr("workflow.demo.building.story", broken)
    settings = settings_in(tmp_path)
    with pytest.raises(OSError, match="no space left"):
        demo.build(database, Files(settings.documents_url), settings)
    with database.reading() as session:
        assert [session.scalar(select(func.count()).select_from(one)) for one in (Person, Case, Office)] == [0, 0, 0]


def test_a_story_told_otherwise_than_it_comes_out_stops_the_build(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsealed(stage: Stage) -> None:
        stage.draft("tea")
        stage.act("tea", "stamp")

    monkeypatch.setattr("workflow.demo.building.story", unsealed)
    settings = settings_in(tmp_path)
    with pytest.raises(Unexpected, match="盖章扫描件"):
        demo.build(database, Files(settings.documents_url), settings)


def test_time_in_the_story_only_runs_forward(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.demo.building.story", lambda stage: stage.on("2021-03-11 09:00"))
    settings = settings_in(tmp_path)
    with pytest.raises(Unexpected, match="2021-03-11 09:00 lies before"):
        demo.build(database, Files(settings.documents_url), settings)


def test_the_moments_of_the_trail_are_written_in_universal_time(built: Database) -> None:
    events = everything(built, AuditEvent)
    assert {json.loads(event.body)["at"] for event in events} == {
        event.at.astimezone(UTC).isoformat() for event in events
    }


def test_a_visitor_finds_a_day_of_the_first_phase_or_the_day_that_is_set(
    built: Database, database: Database, home: Path, tmp_path: Path
) -> None:
    chosen = settings_in(tmp_path, ZHENGJI_CLOCK="2021-06-01")
    demo.build(database, Files(chosen.documents_url), chosen)
    with built.reading() as session, database.reading() as other:
        days = clock.demo_day(session, settings_in(home)), clock.demo_day(other, chosen)
    assert days == (FIRST_DAY.date(), date(2021, 6, 1))


def test_every_case_of_the_first_phase_fits_its_theme(built: Database) -> None:
    assert {case.theme for case in everything(built, Case) if case.phase == "first"} == {"smes"}
    assert all(case.service_from >= date(2020, 1, 1) for case in everything(built, Case) if case.service_from)


# ---- a call at its real size -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def script() -> large.Script:
    return large.Script(register.shipped_offices())


def test_a_call_has_240_cases_of_98_centres_in_32_offices_and_12_judges(script: large.Script) -> None:
    judges = [one for one in script.people.values() if one["role"] == "judge"]
    centres = {one.centre for one in script.cases}
    assert (len(script.cases), len(centres), len({one.office for one in script.cases}), len(judges)) == (
        240,
        98,
        32,
        12,
    )


def test_judges_of_a_call_come_from_different_provinces_and_together_know_every_theme(script: large.Script) -> None:
    known = [one["judges"] for one in script.people.values() if "judges" in one]
    themes = {one.text["theme"] for one in script.cases}
    assert {theme for one in known for theme in one["themes"]} == themes
    regions = [one["region"] for one in known]
    assert (len(known), len(set(regions)), set(regions) - {one["region"] for one in script.offices}) == (12, 12, set())
    assert {language for one in known for language in one["languages"]} == {"zh", "en"}


def test_a_call_is_the_same_each_time(script: large.Script) -> None:
    assert large.Script(register.shipped_offices()).texts == script.texts


def test_no_two_cases_of_a_call_serve_the_same_party_or_look_alike(script: large.Script) -> None:
    made = [similar.signature("\n".join(one.text["sections"].values())) for one in script.cases]
    alike = [similar.resemblance(one, other) for at, one in enumerate(made) for other in made[:at]]
    assert {similar.likeness(score) for score in alike} == {similar.Likeness.NONE}
    assert len({one.text["recipient"] for one in script.cases}) == 240


def test_each_office_sends_two_in_each_phase_but_the_one_that_is_released(script: large.Script) -> None:
    sent = Counter((one.office, one.phase) for one in script.cases)
    assert {key for key, many in sent.items() if many < 2} == {(large.SHORT, "second")}
    assert len(sent) == 64


def test_the_judge_of_the_tour_is_described_by_the_desk(built: Database) -> None:
    [profile] = everything(built, JudgeProfile)
    assert (profile.region, set(profile.languages)) == ("北京市", {"zh", "en"})


class TwoOffices(large.Script):
    """The call as two of its offices live it: the one that is released from a minimum, and the one that is given days."""

    def _cases(self) -> list[large.Planned]:
        return [one for one in super()._cases() if one.office in (large.SHORT, large.LATE)]


def test_a_call_is_received_whole_by_the_verbs_with_what_was_refused_and_granted(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "Script", TwoOffices)
    settings = settings_in(tmp_path)
    demo.build(database, Files(settings.documents_url), settings, demo.Size.CALL)
    cases, events = everything(database, Case), everything(database, AuditEvent)
    assert {case.state for case in cases} == {CaseState.SUBMITTED}
    assert [batch.state for batch in everything(database, Batch)] == [BatchState.RECEIVED] * 4
    profiles = everything(database, JudgeProfile)
    assert [bool(one.region and one.themes and one.languages and one.most) for one in profiles] == [True] * 12
    last = {event.stream: event.to_state for event in events if event.to_state}
    assert {case.stream: case.state for case in cases} == {case.stream: last[case.stream] for case in cases}
    assert {"call.waive", "call.extend", "batch.describe"} <= {event.action for event in events}
    assert [event.at for event in events] == sorted(event.at for event in events)
    with database.reading() as session:
        assert not any(prior.find(session, cases).values())
