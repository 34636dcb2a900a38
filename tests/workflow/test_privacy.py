"""Personal data: masked, shown on record, kept out of the trail's open part, and erased with the trail still whole."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from rules.words import Text
from states.case import CaseState
from tests.worlds import World
from workflow import batches, lists, papers, personal, privacy, register, revisions
from workflow.audit import search
from workflow.audit.canonical import event_hash
from workflow.content import Content, digest_of
from workflow.engine import NotPermitted
from workflow.identity import people, sign_in
from workflow.identity.people import WrongPerson
from workflow.operation import configuration
from workflow.publishing import editorial
from workflow.settings import Settings, from_environment
from workflow.store import trail
from workflow.store.files import Files
from workflow.store.models import (
    AuditEvent,
    AuditPrivate,
    Batch,
    Case,
    CaseContact,
    CaseRevision,
    Document,
    JudgeProfile,
    Person,
    Push,
    SignIn,
)
from workflow.store.papers import Kept

pytestmark = pytest.mark.database

NAME, PHONE, EMAIL = "欧阳金丝雀", "13987654321", "canary.bird@private.example"
CANARIES = {"contact": NAME, "phone": PHONE, "email": EMAIL}
PASSWORD = "canary-password-77"
IDENTITY = "11010119900307123X"


@pytest.fixture
def settings(world: World) -> Settings:
    plain = from_environment({"ZHENGJI_HOME": str(world.folder)})
    return replace(plain, argon2_time=1, argon2_memory=8, secret_key="canary-key-" * 4)


@pytest.fixture
def files(world: World) -> Files:
    return world.post.files


def with_canaries(world: World, **changes: Any) -> Content:
    content = world.content(**changes)
    return content.changed(form={**content.form, **CANARIES})


def bodies(world: World) -> list[str]:
    with world.database.reading() as session:
        return list(session.scalars(select(AuditEvent.body).order_by(AuditEvent.uid)))


def whole(world: World) -> bool:
    """Whether every event's hash is that of its link, its personal part and its body."""
    with world.database.reading() as session:
        algorithm = trail.log.algorithm(session)
        return all(
            event_hash(algorithm, one.prev_hash, one.priv, one.body) == one.hash for one in session.query(AuditEvent)
        )


# ---- who sees it -----------------------------------------------------------------------------------------------------

CENTRE, OFFICE = {"author", "second_author", "sealer"}, {"reviewer", "leader", "second_reviewer"}


@pytest.mark.parametrize(
    ("state", "handle"),
    [
        (CaseState.DRAFT, CENTRE),
        (CaseState.CENTRE_STAMPED, CENTRE | OFFICE),
        (CaseState.RETURNED, CENTRE),
        (CaseState.WITHDRAWN, CENTRE),
        (CaseState.NOT_RECOMMENDED, CENTRE | OFFICE),
        (CaseState.SUBMITTED, CENTRE | OFFICE | {"desk"}),
        (CaseState.PUBLISHED, CENTRE | OFFICE | {"desk"}),
    ],
)
def test_those_who_handle_a_case_see_its_contacts_and_nobody_else(
    world: World, state: CaseState, handle: set[str]
) -> None:
    row = world.row(world.case(state, with_canaries(world)))
    asked = {*CENTRE, *OFFICE, "desk", "institute_author", "neighbour_reviewer", "director", "editor", "translator"}
    asked |= {"liaison", "judge", "auditor", "administrator"}
    assert {one for one in asked if privacy.handles(row, world.people[one])} == handle


def test_showing_contacts_is_on_record_in_the_days_stream(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED, with_canaries(world))
    before = world.row(case).version
    with world.database.transaction() as session:
        shown = privacy.show(session, session.get_one(Case, case), actor=world.people["reviewer"], at=world.at)
    assert {field.name: value for field, value in shown} == CANARIES
    [event] = world.events(case, "reading.contacts")
    assert event.stream == f"reading/contacts/{world.at:%Y-%m-%d}"
    assert json.loads(event.body)["roles"] == ["reviewer"]
    assert world.row(case).version == before
    assert not any(canary in event.body for canary in CANARIES.values())


def test_contacts_are_not_shown_to_others_and_then_nothing_is_recorded(world: World) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    for login in ("auditor", "director", "institute_author"):
        with world.database.transaction() as session, pytest.raises(NotPermitted):
            privacy.show(session, session.get_one(Case, case), actor=world.people[login], at=world.at)
    assert world.events(case, "reading.contacts") == []


def test_two_days_are_two_streams(world: World) -> None:
    case = world.case(CaseState.DRAFT, with_canaries(world))
    for day in (0, 0, 1):
        with world.database.transaction() as session:
            row = session.get_one(Case, case)
            privacy.show(session, row, actor=world.people["author"], at=world.at + timedelta(days=day))
    events = world.events(case, "reading.contacts")
    assert [one.seq for one in events] == [1, 2, 1]
    assert len({one.stream for one in events}) == 2


def test_who_looked_is_for_the_auditor_and_the_centre_itself(world: World) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    with world.database.transaction() as session:
        row = session.get_one(Case, case)
        privacy.show(session, row, actor=world.people["desk"], at=world.at)
        privacy.exported(session, "form", 1, actor=world.people["desk"], at=world.at, case=row)
    with world.database.reading() as session:
        for login, number in (("auditor", 2), ("author", 2), ("reviewer", 0), ("desk", 0), ("institute_author", 0)):
            found = search.looked_at(session, world.people[login], case)
            assert (login, len(found.entries)) == (login, number)


def test_an_export_names_its_rows_and_its_filter(world: World) -> None:
    with world.database.transaction() as session:
        narrowed = {"phase": "first", "text": "水泵"}
        privacy.exported(session, "list", 12, actor=world.people["desk"], at=world.at, filters=narrowed)
    body = json.loads(bodies(world)[-1])
    assert (body["action"], body["rows"], body["filter"]) == ("export.take", 12, narrowed)


# ---- masks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("请致电13800000000", "请致电138****0000"),
        ("138 0000 0000", "138****0000"),
        ("+86 138-0000-0000，谢谢", "138****0000，谢谢"),
        ("电话010-62083114转1", "电话010****14转1"),
        ("１３８００００１２３４", "１３８****１２３４"),
        ("身份证11010119900307123X。", "身份证110***3X。"),
        ("写信给zhang.san@example.cn。", "写信给z***@example.cn。"),
        ("IMG_13800000000.jpg", "IMG_138****0000.jpg"),
        ("2021-205-SF-0001", "2021-205-SF-0001"),
        ("2021-03-20T09:00:00.123456+00:00", "2021-03-20T09:00:00.123456+00:00"),
        ("增长 30%，共 12345678 元", "增长 30%，共 12345678 元"),
        ("a" * 53 + "13800000000", "a" * 53 + "13800000000"),
    ],
)
def test_numbers_and_addresses_are_masked_in_running_text(written: str, shown: str) -> None:
    assert personal.masked_text(written) == shown


SHAPES = (
    "@",
    "a@b.cn",
    "138",
    "1380",
    "0000",
    "0123",
    "010",
    "1234567",
    "12345678",
    "１３８",
    "２３４５",
    "110101",
    "1990",
)
BETWEEN = ("", " ", "-", "，", "x", "X", "+86", ".")


@runs(max_examples=3000)
@given(st.lists(st.sampled_from([*SHAPES, *BETWEEN, "文"]), max_size=9).map("".join))
def test_the_quick_look_before_masking_passes_over_nothing_that_is_masked(written: str) -> None:
    patterns = (personal._EMAIL, personal._IDENTITY, personal._MOBILE, personal._LANDLINE)
    if any(one.search(written) for one in patterns):
        assert personal._may_hide(written)
        shown, hidden = personal.apart({"facts": {"list": [{"words": written}]}})
        assert hidden == {"facts.list.0.words": written}
        assert shown["facts"]["list"][0]["words"] == personal.masked_text(written) != written


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("phone", "13800000000", "138****0000"),
        ("second_phone", "62083114", "****14"),
        ("email", "zhang@example.cn", "z***@example.cn"),
        ("email", "no address", "n***"),
        ("contact", "张三", "张*"),
        ("contact", "张", "张*"),
        ("abstract", "13800000000", "13800000000"),
        ("phone", "", ""),
        ("phone", personal.ERASED, personal.ERASED),
    ],
)
def test_contacts_of_a_form_are_masked_by_what_they_are(name: str, value: str, shown: str) -> None:
    assert personal.masked_field(name, value) == shown


def test_what_is_put_apart_can_be_put_together_again() -> None:
    data = {"remark": "电话 13800000000", "list": [{"zh": "a@b.cn"}, 3], "n": 1, "destination": "mailto:x@wipo.example"}
    shown, hidden = personal.apart(data)
    assert shown == {
        "remark": "电话 138****0000",
        "list": [{"zh": "a***@b.cn"}, 3],
        "n": 1,
        "destination": "mailto:x@wipo.example",
    }
    assert personal.together(shown, hidden) == data


# ---- the trail's open part -------------------------------------------------------------------------------------------

_NUMBERS = re.compile(r"(?<![0-9A-Za-z])(?:1[3-9]\d{9}|[1-9]\d{16}[0-9Xx])(?![0-9A-Za-z])")


def test_no_event_of_a_whole_life_holds_a_contact_a_password_or_a_key(
    world: World, settings: Settings, files: Files
) -> None:
    said = f"请联系 {PHONE}，或 {EMAIL}，身份证 {IDENTITY}"
    content = with_canaries(world)
    case = world.case(CaseState.CENTRE_STAMPED, content)
    world.act(case, "return_to_centre", remark=said)
    world.edit(case, content.changed(title="改过", form={**content.form, "email": "canary bird at private"}))
    world.seal(case)
    world.act(case, "stamp", remark=said)  # refused: an address that is none
    world.edit(case, content.changed(title="再改过"))
    world.seal(case)
    world.walk(case, "stamp", "review")
    batch = world.batch([case])
    world.seal_summary(batch)
    world.describe(batch, subject=f"优秀案例征集-示例省知识产权局 {PHONE}")
    with world.database.transaction() as session:
        author = world.people["author"]
        editorial.consent(session, case, said, actor=author, at=world.at)
        privacy.show(session, session.get_one(Case, case), actor=author, at=world.at)
        made = people.create(
            session,
            settings,
            login="canary.login",
            name="新人",
            password=PASSWORD,
            email=EMAIL,
            actor=world.people["administrator"],
            at=world.at,
        )
        people.knocked(session, f"/cases?text={PHONE}", Text(said, said), actor=author, at=world.at)
        office = {"region": "示例省", "addressee": "示例省知识产权局", "ip_office": "示例省局", "email": EMAIL}
        register.change_office(
            session, world.offices["first"], office, actor=world.people["administrator"], at=world.at
        )
        privacy.exported(session, "list", 1, actor=author, at=world.at, filters={"text": PHONE})
    with world.database.transaction() as session:
        people.set_password(session, settings, made, PASSWORD + "2", actor=world.people["administrator"], at=world.at)
    secret = replace(
        settings,
        smtp_url=f"smtp://user:{PASSWORD}@mail.example:25",
        mail_from=EMAIL,
        oidc_client_secret=PASSWORD,
        database_url=f"postgresql+psycopg://zhengji:{PASSWORD}@db.example/zhengji?password={PASSWORD}",
    )
    assert "smtp_url" in configuration.record(world.database, secret, at=world.at)
    with world.database.transaction() as session:
        privacy.erase_case(
            session, world.row(case).number, said, papers=True, actor=world.people["administrator"], at=world.at
        )
    for body in bodies(world):
        for canary in (NAME, PHONE, EMAIL, "canary.login", PASSWORD, IDENTITY, settings.secret_key, "canary bird"):
            assert canary not in body
        assert _NUMBERS.findall(body) == []
    assert whole(world)


def test_a_remark_is_read_in_full_by_those_who_handle_the_case(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    world.act(case, "return_to_centre", remark=f"请联系 {PHONE}")

    def remarks(login: str) -> Iterable[str]:
        with world.database.reading() as session:
            history = lists.history(session, session.get_one(Case, case), world.people[login])
            return [one.remark for one in history if one.remark.startswith("请联系")]

    assert remarks("author") == [f"请联系 {PHONE}"]
    assert remarks("auditor") == remarks("reviewer") == ["请联系 139****4321"]


# ---- bound, and yet erasable -----------------------------------------------------------------------------------------


def test_the_digest_covers_the_contacts_and_a_revision_keeps_only_their_hash(world: World) -> None:
    content = with_canaries(world)
    case = world.draft(content)
    first = world.row(case)
    world.edit(case, content.changed(form={**content.form, "phone": "13900000000"}))
    assert world.row(case).content != first.content
    with world.database.reading() as session:
        kept = session.scalars(select(CaseRevision).order_by(CaseRevision.revision)).all()
        assert [digest_of(one.snapshot) for one in kept] == [first.content, world.row(case).content]
        assert not any(
            canary in json.dumps(one.snapshot, ensure_ascii=False) for one in kept for canary in CANARIES.values()
        )
        [before, after] = [lists.content_at(session, session.get_one(Case, case), number)[1] for number in (1, 2)]
    assert (before.form["phone"], after.form["phone"]) == (PHONE, "13900000000")
    [change] = revisions.compare(world.call, before, after, masked=True)
    assert "139" not in str(change.pieces)
    assert world.edit(case, content.changed(form={**content.form, "phone": "13900000000"})) is None


def test_the_same_contacts_of_two_cases_give_two_hashes(world: World) -> None:
    content = with_canaries(world)
    cases = [world.draft(content), world.draft(content.changed(title="另一个"))]
    with world.database.reading() as session:
        hashes = {session.get_one(CaseRevision, (case, 1)).snapshot["contacts"] for case in cases}
    assert len(hashes) == 2


def erased(world: World, case: int, *, papers: bool = True) -> privacy.Erased:
    with world.database.transaction() as session:
        return privacy.erase_case(
            session,
            world.row(case).number,
            "当事人 3 月 20 日来函",
            papers=papers,
            actor=world.people["administrator"],
            at=world.at,
        )


def test_erasing_a_case_leaves_no_contact_and_the_trail_whole(world: World) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    other = world.case(CaseState.SUBMITTED, with_canaries(world))
    before = {one.uid: (one.hash, one.priv) for one in world.events(case)}
    sealed = world.row(case).content
    made = erased(world, case)
    assert (made.revisions, made.files) == (1, 1)
    assert made.events == sum(priv is not None for _, priv in before.values()) > 0
    row = world.row(case)
    assert {name: row.form[name] for name in CANARIES} == dict.fromkeys(CANARIES, "已删除")
    assert (row.content, row.salt) == (sealed, "")
    with world.database.reading() as session:
        assert digest_of(session.get_one(CaseRevision, (case, 1)).snapshot) == sealed
        left = json.dumps([one.payload for one in session.query(CaseContact).where(CaseContact.case_id == case)])
        private = [one.payload for one in session.query(AuditPrivate).where(AuditPrivate.uid.in_(before))]
        assert (left, private) == ("[]", [])
        assert session.get(CaseContact, (other, 1)) is not None
        [whole_entry] = [search.one(session, world.people["auditor"], uid) for uid in list(before)[-1:]]
    assert whole_entry.intact
    assert whole(world)
    assert {one.uid: (one.hash, one.priv) for one in world.events(case) if one.uid in before} == before
    assert [one.action for one in world.events(case)][-1] == "privacy.erase_case"


def test_nothing_in_the_database_holds_a_contact_afterwards(world: World) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    erased(world, case)
    tables = {one.name: one for one in Case.metadata.tables.values()}
    with world.database.reading() as session:
        for name, table in tables.items():
            for row in session.execute(select(table)):
                assert not any(canary in str(tuple(row)) for canary in CANARIES.values()), name


def test_an_erased_case_can_go_on_once_its_author_writes_contacts_anew(world: World) -> None:
    content = with_canaries(world)
    case = world.case(CaseState.DRAFT, content)
    erased(world, case)
    refused = world.act(case, "stamp")
    assert [one.rule for one in refused.findings if one.blocks][:1] == ["form_complete"]
    world.edit(case, content.changed(form={**content.form, "phone": "13700000000"}))
    world.seal(case)
    assert world.act(case, "stamp").done


def test_the_bytes_of_erased_papers_go_unless_something_else_names_them(world: World, files: Files) -> None:
    mine, shared = files.put(b"sealed by one"), files.put(b"the same in two")
    cases = [world.draft(), world.draft()]
    for case, digests in zip(cases, ((mine, shared), (shared,)), strict=True):
        with world.database.transaction() as session:
            for digest in digests:
                row = session.get_one(Case, case)
                scan = Kept("扫描件.png", "image/png", digest, 1)
                papers.seal(session, case, scan, row.centre.host_unit, actor=world.people["sealer"], at=world.at)
    erased(world, cases[0])
    assert privacy.sweep(world.database, files, at=world.at) == 1
    assert privacy.sweep(world.database, files, at=world.at) == 0
    with pytest.raises(FileNotFoundError):
        files.get(mine)
    assert files.get(shared) == b"the same in two"


def test_only_an_administrator_erases_and_says_why(world: World) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    number = world.row(case).number
    with world.database.transaction() as session:
        for login in ("author", "desk", "auditor", "director"):
            with pytest.raises(NotPermitted):
                privacy.erase_case(session, number, "理由", papers=False, actor=world.people[login], at=world.at)
        for wrong in ((number, "  "), ("2021-205-XX-9999", "理由")):
            with pytest.raises(privacy.NothingToErase):
                privacy.erase_case(session, *wrong, papers=False, actor=world.people["administrator"], at=world.at)
    assert world.row(case).form["phone"] == PHONE


def test_the_same_form_twice_erases_once(world: World) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    act = {"papers": True, "actor": world.people["administrator"], "at": world.at, "op": "1.key"}
    receipts = []
    for _ in range(2):
        with world.database.transaction() as session:
            receipts.append(privacy.erase_case(session, world.row(case).number, "理由", **act).receipt)
    assert receipts[0] == receipts[1]
    assert len(world.events(case, "privacy.erase_case")) == 1


# ---- people ----------------------------------------------------------------------------------------------------------


def test_an_account_of_somebody_who_left_becomes_a_pseudonym(world: World, settings: Settings) -> None:
    administrator = world.people["administrator"]
    with world.database.transaction() as session:
        made = people.create(
            session,
            settings,
            login="canary",
            name=NAME,
            password=PASSWORD,
            email=EMAIL,
            actor=administrator,
            at=world.at,
        )
        session.add(
            SignIn(
                token="t" * 64,
                person_id=made,
                epoch=1,
                means="password",
                address="192.0.2.7",
                created_at=world.at,
                seen_at=world.at,
            )
        )
        session.add(
            JudgeProfile(
                person_id=made, institution="某研究院", region="", themes=[], languages=[], changed_at=world.at
            )
        )
    with world.database.transaction() as session, pytest.raises(privacy.NothingToErase):
        privacy.erase_person(session, made, "离岗", actor=administrator, at=world.at)
    with world.database.transaction() as session:
        people.disable(session, made, actor=administrator, at=world.at)
        assert privacy.erase_person(session, made, "离岗", actor=administrator, at=world.at).events == 1
    with world.database.transaction() as session:
        left = session.get_one(Person, made)
        assert (left.name, left.login, left.email, left.password) == (f"已离岗人员 {made}", f"erased-{made}", "", "")
        assert session.query(SignIn).where(SignIn.person_id == made).count() == 0
        assert session.get(JudgeProfile, made) is None
        with pytest.raises(WrongPerson):
            people.enable(session, made, actor=administrator, at=world.at)
        with pytest.raises(privacy.NothingToErase):
            privacy.erase_person(session, made, "再来", actor=administrator, at=world.at)
    assert sign_in.authenticate(world.database, settings, f"erased-{made}", "", at=world.at) is None
    assert whole(world)


# ---- how long --------------------------------------------------------------------------------------------------------


def test_what_is_kept_no_longer_goes_at_night_and_what_is_not_due_stays(world: World, settings: Settings) -> None:
    over = world.case(CaseState.NOT_RECOMMENDED, with_canaries(world))
    busy = world.case(CaseState.CENTRE_STAMPED, with_canaries(world))
    kept = replace(settings, keep_contacts_days=200, keep_private_days=184)
    closed = max(phase.closes for phase in world.call.phases)
    soon = datetime.combine(closed, world.at.timetz()) + timedelta(days=190)
    late = soon + timedelta(days=30)
    assert privacy.keep_no_longer(world.database, world.post.files, settings, at=late) is None
    before = len(bodies(world))
    made = privacy.keep_no_longer(world.database, world.post.files, replace(kept, keep_private_days=0), at=soon)
    assert (made.cases, made.events) == (0, 0)
    assert json.loads(bodies(world)[before])["action"] == "privacy.keep_no_longer"
    made = privacy.keep_no_longer(world.database, world.post.files, kept, at=late)
    assert (made.cases, world.row(over).form["phone"], world.row(busy).form["phone"]) == (1, "已删除", PHONE)
    [note] = world.events(over, "privacy.erase_case")
    assert (note.person_id, json.loads(note.body)["reason"]) == (None, "保存期满，按设置自动删除")
    with world.database.reading() as session:
        found = session.execute(
            select(AuditEvent.case_id).join(AuditPrivate, AuditPrivate.uid == AuditEvent.uid).distinct()
        )
        assert {one for (one,) in found} == {busy}
    assert privacy.keep_no_longer(world.database, world.post.files, kept, at=late).cases == 0
    assert whole(world)


@pytest.mark.parametrize("name", ["ZHENGJI_KEEP_CONTACTS_DAYS", "ZHENGJI_KEEP_PRIVATE_DAYS"])
def test_nothing_is_kept_for_less_than_six_months(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        from_environment({name: "183"})
    kept = from_environment({name: "184"})
    assert 184 in (kept.keep_contacts_days, kept.keep_private_days)


# ---- settings --------------------------------------------------------------------------------------------------------


def test_settings_are_recorded_when_they_differ_from_the_last_ones(world: World, settings: Settings) -> None:
    assert "base_url" in configuration.record(world.database, settings, at=world.at)
    assert configuration.record(world.database, settings, at=world.at) == []
    moved = replace(settings, base_url="https://zhengji.example", mail_from="office@zhengji.example")
    later = world.at + timedelta(days=3)
    assert configuration.record(world.database, moved, at=later) == ["base_url", "mail_from"]
    assert configuration.record(world.database, moved, at=later) == []
    body = json.loads(bodies(world)[-1])
    assert (body["stream"], body["settings"]["base_url"]) == (f"settings/{later:%Y-%m-%d}", "https://zhengji.example")


# ---- what leaves the house -------------------------------------------------------------------------------------------


def test_the_package_for_abroad_holds_no_contact(world: World) -> None:
    case = world.case(CaseState.PUBLISHED, with_canaries(world))
    world.ready_to_push(case)
    push = world.push(case)
    world.deliver(push)
    with world.database.reading() as session:
        package = world.post.files.get(session.get_one(Push, push).package)
    assert not _holds(package, CANARIES.values())


def _holds(package: bytes, canaries: Iterable[str]) -> bool:
    """Whether any member of a zip, or of a zip within it, holds one of these words."""
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        for name in opened.namelist():
            data = opened.read(name)
            if name.endswith(".docx") and _holds(data, canaries):
                return True
            if any(canary.encode() in data or canary in name for canary in canaries):
                return True
    return False


@pytest.mark.parametrize(
    ("login", "masked"), [("leader", False), ("desk", False), ("director", True), ("auditor", True)]
)
def test_a_summary_table_is_full_only_for_those_who_handle_the_batch(world: World, login: str, masked: bool) -> None:
    case = world.case(CaseState.PROVINCE_REVIEWED, with_canaries(world))
    others = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(world.phase.minimum_per_office)]
    batch = world.batch([case, *others])
    world.seal_summary(batch)
    for step in ("seal", "send"):
        assert world.act_on_batch(batch, step).done
    with world.database.reading() as session:
        _, data = batches.summary(session, session.get_one(Batch, batch), at=world.at, seen_by=world.people[login])
    assert _holds(data, [PHONE]) is not masked
    assert _holds(data, ["139****4321"]) is masked


def test_an_erased_paper_opens_for_nobody(world: World) -> None:
    case = world.case(CaseState.SUBMITTED, with_canaries(world))
    erased(world, case)
    with world.database.reading() as session:
        [scan] = session.scalars(select(Document).where(Document.case_id == case, Document.slot == "scan"))
        row = session.get_one(Case, case)
        assert scan.erased_at is not None
        assert not privacy.may_open(row, scan, world.people["author"])


def test_contacts_are_erased_and_never_changed(world: World) -> None:
    world.case(CaseState.DRAFT, with_canaries(world))
    with (
        pytest.raises(DatabaseError),
        world.database.transaction() as session,
    ):
        session.execute(text("update case_contact set payload = '{}'"))


def test_the_conversion_of_an_older_file_is_on_record_once(world: World) -> None:
    case = world.draft()
    paper = Kept("案例.doc", "application/msword", "d" * 64, 1)
    for _ in range(2):
        with world.database.transaction() as session:
            row = session.get_one(Case, case)
            papers.converted(session, row, paper, actor=world.people["author"], at=world.at, op="1.key")
    [event] = world.events(case, "document.convert")
    body = json.loads(event.body)
    assert (body["name"], body["from"], body["to"]) == ("案例.doc", "application/msword", "docx")
