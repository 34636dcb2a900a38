"""A country in which something stands in every state, and somebody signed in waits at every door."""

from __future__ import annotations

import io
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from rules.roles import Role
from states.case import CaseState
from tests.doors.policy import JOBS, PRINCIPALS
from tests.worlds import CALL_2021, Databases, World, went, world_under
from web.app import create_app
from workflow import batches, bulk, papers, register
from workflow.calls import deadlines, what_if
from workflow.finding import priors
from workflow.identity import people, stand_ins, tokens
from workflow.identity.sign_in import Visitor
from workflow.incoming import arrivals, reception
from workflow.publishing import collection, editorial
from workflow.settings import from_environment
from workflow.store import centre_requests as stored_requests
from workflow.store import people as stored_people
from workflow.store.files import Files
from workflow.store.models import (
    AccessToken,
    AuditEvent,
    Batch,
    BulkAct,
    Case,
    Collection,
    Document,
    Job,
    Letter,
    Person,
    Push,
    SignIn,
)
from workflow.store.papers import Kept
from workflow.wipo import pushes

PASSWORD = "right horse"
_HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
DAY = "2021-03-19"
SAMPLE = next((Path(__file__).parent.parent / "samples").glob("案例01*.docx"))

LOGINS = {
    "author next door": "institute_author",
    "author elsewhere": "neighbour_author",
    "sealer next door": "institute_sealer",
    "sealer elsewhere": "neighbour_sealer",
    "reviewer elsewhere": "neighbour_reviewer",
    "leader elsewhere": "neighbour_leader",
    "reviewer until a moment ago": "second_reviewer",
    "sealer disabled a moment ago": "second_sealer",
}
"""Principal → login, where they differ."""


def login_of(principal: str) -> str:
    return LOGINS.get(principal, principal)


@dataclass
class Witness:
    """Tells which tables were written to, by triggers of its own in the database; and puts everything back."""

    path: Path
    before: sqlite3.Connection = field(init=False)
    watching: sqlite3.Connection = field(init=False)
    _version: int = 0

    def __post_init__(self) -> None:
        self.watching = sqlite3.connect(self.path, isolation_level=None)
        self.watching.execute("create table touched (name text)")
        for (name,) in self.watching.execute("select name from sqlite_master where type = 'table'").fetchall():
            if name.startswith(("audit_", "sqlite_", "touched", "case_words")):
                continue
            for what in ("insert", "update", "delete"):
                self.watching.execute(
                    f'create trigger "seen_{what}_{name}" after {what} on "{name}" '
                    f"begin insert into touched values ('{name}'); end"
                )
        self.before = sqlite3.connect(":memory:")
        self.keep()

    def keep(self) -> None:
        """From now on, this is what everything is put back to."""
        self.watching.backup(self.before)
        self._version = self._now()

    def settle(self) -> None:
        """What was written so far is part of the country."""
        self.watching.execute("delete from touched")
        self.keep()

    def _now(self) -> int:
        return int(self.watching.execute("pragma data_version").fetchone()[0])

    def touched(self) -> set[str]:
        """Tables beside the trail's that were written to since everything was put back."""
        if self._now() == self._version:
            return set()
        return {name for (name,) in self.watching.execute("select distinct name from touched")}

    def put_back(self) -> None:
        """Undo what was done, but for entries that the trail got: they change nothing that is asked here."""
        if self.touched():
            self.before.backup(self.watching)
        self._version = self._now()


@dataclass
class Country:
    """`cases`, `batches` …: the name of a standing in the policy → the id of what stands so."""

    world: World
    app: Flask
    witness: Witness
    clients: dict[str, FlaskClient] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    """Principal → a token for all that they may; none for strangers."""
    cases: dict[str, int] = field(default_factory=dict)
    batches: dict[str, int] = field(default_factory=dict)
    pushes: dict[str, int] = field(default_factory=dict)
    pairs: dict[str, tuple[int, str]] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    arrivals: dict[str, int] = field(default_factory=dict)
    many: tuple[int, int] = (0, 0)
    """A bulk act of the desk's, and a mail of it."""
    collection: int = 0
    """A collection that an editor had made, as a PDF."""
    jobs: dict[tuple[str, str], int] = field(default_factory=dict)
    """(state, kind of background work) → one of that kind in that state."""
    papers: dict[tuple[str, int], int] = field(default_factory=dict)
    """("case", "scan" or "batch", id) → a picture of the case, its sealed form, the batch's sealed table."""
    numbers: dict[int, str] = field(default_factory=dict)
    marks: dict[tuple[str, int], str] = field(default_factory=dict)
    """(kind, id) → what somebody looking at it now is looking at."""

    def person(self, principal: str) -> int:
        return self.world.people[login_of(principal)].id

    def browser(self, principal: str) -> FlaskClient:
        """A browser of its own with the session of a principal, so that what one request leaves meets no other."""
        client = self.app.test_client()
        client._cookies = dict(self.clients[principal]._cookies)
        return client

    def ask(self, principal: str, method: str, url: str, body: Any = None) -> TestResponse:
        """What a program of somebody's is answered, that was told the password too."""
        headers = {"Idempotency-Key": str(uuid4()), "Zhengji-Proof": PASSWORD}
        if principal in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[principal]}"
        return self.app.test_client(use_cookies=False).open(url, method=method, json=body, headers=headers)


_WAYS: dict[str, tuple[str, ...]] = {
    "draft": (),
    "draft again": ("stamp", "unstamp"),
    "withdrawn unseen": ("withdraw",),
    "withdrawn": ("stamp", "withdraw"),
    "stamped": ("stamp",),
    "returned": ("stamp", "return_to_centre"),
    "not recommended": ("stamp", "decline"),
    "reviewed": ("stamp", "review"),
    "reviewed again": ("stamp", "review", "submit", "return_to_office"),
    "returned again": ("stamp", "review", "submit", "return_to_office", "return_to_centre"),
    "submitted": ("stamp", "review", "submit"),
    "shortlisted": ("stamp", "review", "submit", "shortlist"),
    "not selected": ("stamp", "review", "submit", "pass_over"),
    "published": ("stamp", "review", "submit", "shortlist", "publish"),
    "retracted": ("stamp", "review", "submit", "shortlist", "publish", "retract"),
    "pushed": ("stamp", "review", "submit", "shortlist", "publish", "push"),
}


@contextmanager
def country() -> Iterator[Country]:
    """The country, with everybody signed in. Always on SQLite, of which a copy can be taken and put back at once."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="zhengji-doors-", dir=memory if memory.is_dir() else None) as name:
        folder = Path(name)
        databases = Databases(None, folder)
        with world_under(databases, CALL_2021, folder) as world:
            made = Country(world, application(world, folder), Witness(Path(world.database.url[len("sqlite:///") :])))
            _settle(made)
            yield made
            made.witness.watching.close()
        databases.close()


def application(world: World, folder: Path, day: str = DAY) -> Flask:
    """The program on a day half-way through the first phase."""
    plain = from_environment({"ZHENGJI_HOME": str(folder)})
    settings = replace(
        plain, demo=True, clock=day, secret_key="not secret", argon2_time=1, argon2_memory=8, push_url=world.destination
    )
    app = create_app(settings, world.database)
    app.config["WTF_CSRF_ENABLED"] = False  # whether forms are ours is asked elsewhere; here, whose they are
    return app


def _settle(made: Country) -> None:
    world, files = made.world, Files((made.world.folder / "documents").as_uri())
    for standing, way in _WAYS.items():
        made.cases[standing] = case_with_papers(made, files, way)
    _batches(made, files)
    _pushes(made, files)
    _jobs(made)
    _pairs(made)
    _many_at_once(made, files)
    _collection(made, files)
    _what_if(made)
    _arrivals(made, files)
    _refused(made, files)
    _absence(made)
    _asked_of_the_office(made)
    sign_in(made)
    _events(made)
    with world.database.reading() as session:
        for row in session.scalars(select(Case)):
            made.numbers[row.id], made.marks["case", row.id] = row.number, row.mark
        made.marks |= {("batch", row.id): f"{row.version}.0" for row in session.scalars(select(Batch))}
        made.marks |= {("push", row.id): f"{row.version}.0" for row in session.scalars(select(Push))}
    made.witness.settle()


def case_with_papers(made: Country, files: Files, way: tuple[str, ...], centre: str = "university") -> int:
    """A case with a picture and a sealed scan, walked to where it stands."""
    world = made.world
    case = world.draft(centre=centre)
    author, sealer = (
        world.people[f"{'' if centre == 'university' else centre + '_'}{one}"] for one in ("author", "sealer")
    )
    with world.database.transaction() as session:
        row = session.get_one(Case, case)
        picture = kept_picture(files, f"图{case}.png", case)
        papers.attach(session, case, "picture", [picture], actor=author, at=world.at)
        allowed = {one.id: "同意公开" for one in editorial.pictures(session, row)}
        editorial.allow_pictures(session, case, allowed, actor=author, at=world.at)
        scan = kept_picture(files, f"扫描件{case}.png", case + 100)
        papers.seal(session, case, scan, row.centre.host_unit, actor=sealer, at=world.at)
    with world.database.reading() as session:
        for slot, name in (("picture", "case"), ("scan", "scan")):
            found = session.scalars(select(Document.id).where(Document.case_id == case, Document.slot == slot))
            made.papers[name, case] = found.one()
    return world.walk(case, *way)


def kept_picture(files: Files, name: str, shade: int) -> Kept:
    """A small picture, no two alike, kept under its digest."""
    out = io.BytesIO()
    Image.new("RGB", (24, 24), (shade % 256, shade // 256, 90)).save(out, "PNG")
    return Kept(name, "image/png", files.put(out.getvalue()), len(out.getvalue()))


def _batches(made: Country, files: Files) -> None:
    world = made.world
    for standing, steps in {
        "collecting": (),
        "sealed": ("seal",),
        "sent": ("seal", "send"),
        "received": ("seal", "send", "receive"),
        "collecting again": ("seal", "send", "return_batch"),
        "sealed again": ("seal", "send", "return_batch", "seal"),
    }.items():
        batch = made.batches[standing] = world.batch([case_with_papers(made, files, ("stamp", "review"))])
        with world.database.transaction() as session:
            found = session.get_one(Batch, batch)
            scan = kept_picture(files, f"汇总表{batch}.png", 5000 + batch)
            batches.seal_summary(session, batch, scan, found.office.seals_as, actor=world.people["leader"], at=world.at)
        for step in steps:
            went(world.act_on_batch(batch, step))
        with world.database.reading() as session:
            made.papers["batch", batch] = (
                session.scalars(select(Document.id).where(Document.batch_id == batch)).first() or 0
            )


def _jobs(made: Country) -> None:
    """Background work of each kind that the policy names, given up and waiting for its next try."""
    with made.world.database.transaction() as session:
        for state in ("gave_up", "waiting"):
            for kind in JOBS:
                row = Job(key=f"{kind}/{state}", name=kind, arguments=[1], state=state, queued_at=datetime.now(UTC))
                session.add(row)
                session.flush()
                made.jobs[state, kind] = row.id


def _pushes(made: Country, files: Files) -> None:
    world = made.world
    for state in ("queued", "sent", "acknowledged", "failed", "recalled"):
        case = case_with_papers(made, files, _WAYS["published"])
        world.ready_to_push(case)
        push = made.pushes[state] = world.push(case)
        if state in ("acknowledged", "recalled"):
            world.deliver(push)
        if state == "recalled":
            world.recall(push)
        if state == "failed":
            world.redirect(push, "nowhere://closed.example")
            world.deliver(push)
        if state == "sent":
            _half_way(world, push)
        assert world.state_of_push(push) == state


def _half_way(world: World, push: int) -> None:
    """Handed over to a receiver who has not answered yet."""
    post = world.post
    with world.database.transaction() as session:
        row = pushes.stored_facts.push_row(session, push, lock=True)
        made = pushes._try(session, row, "send", pushes.SYSTEM, world.at)
        doubt = {"trouble": {"zh": "没有答复", "en": "No answer"}}
        pushes._record(session, row, made, {"package": post.files.put(b"package"), "note": "", **doubt})


def _pairs(made: Country) -> None:
    """A later report of each centre that looks like one submitted before by the same, a sister and a foreign centre."""
    world = made.world
    for name, earlier, state in (
        ("same centre", "university", None),
        ("same office", "institute", CaseState.CENTRE_STAMPED),
        ("other office", "neighbour", CaseState.SUBMITTED),
    ):
        content = world.content()
        first = world.case(CaseState.SUBMITTED, content, centre=earlier)
        again = content.changed(title="换个名称")
        if state is not None:
            made.pairs[name] = (world.case(state, again), f"c{first}")
            continue
        # Of one centre: it is stamped before the earlier one is submitted, or the likeness would keep it from it.
        other = world.content()
        later = world.case(CaseState.CENTRE_STAMPED, other)
        early = world.case(CaseState.DRAFT, other.changed(title="先报的"))
        made.pairs[name] = (later, f"c{world.walk(early, 'stamp', 'review', 'submit')}")


def _many_at_once(made: Country, files: Files) -> None:
    """One step that the desk took on two cases at once, whose mail is still held."""
    world, real = made.world, datetime.now(UTC) + timedelta(days=1)
    chosen = [case_with_papers(made, files, _WAYS["submitted"]) for _ in range(2)]
    with world.database.transaction() as session:
        sealer = update(Person).where(Person.id == world.people["sealer"].id)
        session.execute(sealer.values(email="sealer@centre.example"))
        seen = {row.id: row.mark for row in session.scalars(select(Case).where(Case.id.in_(chosen)))}
        done = bulk.act(session, "shortlist", seen, actor=world.people["desk"], at=world.at, real=real, op="")
        letter = session.scalars(select(Letter.id).where(Letter.posting == f"bulk/{done.id}")).one()
        session.execute(update(BulkAct).where(BulkAct.id == done.id).values(held_until=real + timedelta(days=1)))
    made.many = (done.id, letter)


def _arrivals(made: Country, files: Files) -> None:
    """A mail with a case and something bad in it, in the ledger of the office and in the national office's."""
    world = made.world
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.cn", "b@example.cn", "优秀案例征集"
    mail.set_content("请查收。")
    for name, data in (("案例01.docx", SAMPLE.read_bytes()), ("不认识.exe", b"MZ")):
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    for standing, by, office in (
        ("the office's", "reviewer", world.offices["first"]),
        ("the national office's", "desk", None),
    ):
        came = arrivals.receive(
            world.database,
            files,
            [("来件.eml", io.BytesIO(mail.as_bytes())), (SAMPLE.name, io.BytesIO(SAMPLE.read_bytes()))],
            office=office,
            call_version=world.call_version,
            actor=world.people[by],
            at=world.at,
        )
        arrivals.read(world.database, files, came.id, at=world.at)
        made.arrivals[standing] = came.id


def _refused(made: Country, files: Files) -> None:
    """An upload that did not pass the check, for a case of the centre's."""
    world = made.world
    case, author = made.cases["draft"], world.people["author"]
    with suppress(reception.Refused):
        given = io.BytesIO(b"%PDF-1.7")
        reception.receive(world.database, files, "case", "不是.docx", given, actor=author, at=world.at, case=case)


def _collection(made: Country, files: Files) -> None:
    """A collection of one published case, whose file is in the store."""
    world = made.world
    with world.database.transaction() as session:
        wanted = collection.Wanted("案例集", (made.cases["published"],), formats=("pdf",))
        made.collection, _ = collection.order(session, wanted, actor=world.people["editor"], at=world.at)
        written = {"made_at": world.at, "pdf_digest": files.put(b"%PDF-1.7"), "pdf_size": 8}
        session.execute(update(Collection).where(Collection.id == made.collection).values(**written))


def _what_if(made: Country) -> None:
    """The desk has asked what would be with another length: of every step that was taken here."""
    world = made.world
    with world.database.transaction() as session:
        wanted = what_if.Wanted(world.call.number, None, {"phases[0].closes": DAY})
        number, _ = what_if.ask(session, wanted, actor=world.people["desk"], at=world.at)
    what_if.work_out(world.database, number, lambda parts, do: [do(one) for one in parts] and None, at=world.at)


def _asked_of_the_office(made: Country) -> None:
    """The centre has asked its office for a later day, and waits for the answer."""
    world = made.world
    asked = {"wanted": world.phase.closes, "reason": "盖章人出差", "call_number": world.call.number, "at": world.at}
    with world.database.transaction() as session:
        stored_requests.add(
            session,
            call_version_id=world.call_version,
            phase=world.phase.id,
            centre_id=world.centres["university"],
            office_id=world.offices["first"],
            by_id=world.people["author"].id,
            **asked,
        )


def _absence(made: Country) -> None:
    """The author is away for a day, and the sealer stands in."""
    world, day = made.world, date.fromisoformat(DAY)
    author, sealer = world.people["author"], world.people["sealer"]
    with world.database.transaction() as session:
        stand_ins.name(session, author.id, sealer.id, day, day, "出差", actor=author, at=world.at)


def sign_in(made: Country) -> None:
    """Everybody, of whom one then loses the role and one the account."""
    with made.world.database.transaction() as session:
        for person in made.world.people.values():
            stored_people.set_password(session, person.id, _HASHED, end_sessions=False)
    for name, who in PRINCIPALS.items():
        client = made.clients[name] = made.app.test_client()
        if name != "stranger":
            answer = client.post("/sign-in", data={"login": login_of(name), "password": PASSWORD})
            assert answer.status_code == 302, (name, answer.status_code, answer.get_data(as_text=True)[-2000:])
            assert client.get("/").status_code == 200
            made.tokens[name] = _token(made, name)
        assert who.signed_in or name in ("stranger", "sealer disabled a moment ago")
    world, administrator = made.world, made.world.people["administrator"]
    with world.database.transaction() as session:
        reviewer, sealer = world.people["second_reviewer"].id, world.people["second_sealer"].id
        people.revoke(session, reviewer, Role.REVIEWER, world.offices["first"], actor=administrator, at=world.at)
        people.disable(session, sealer, actor=administrator, at=world.at)
        # Whoever is signed in stays so, and has just given the password once more, however long the run takes.
        later = datetime.now(UTC) + timedelta(days=1)
        session.execute(update(SignIn).values(created_at=later, seen_at=later, confirmed_at=later))
        session.execute(update(AccessToken).values(used_at=later))


def _token(made: Country, name: str) -> str:
    with made.world.database.transaction() as session:
        person = people.by_login(session, login_of(name))
        assert person is not None
        asked = {"name": "程序", "scopes": list(tokens.Scope), "days": 365}
        settings = made.app.extensions["zhengji"].settings
        return tokens.make(session, settings, person, **asked, at=datetime.now(UTC), visitor=Visitor())


def _events(made: Country) -> None:
    """One entry of each kind, some of them made here."""
    world = made.world
    act = {"actor": world.people["director"], "at": world.at}
    phase = world.phase.id
    with world.database.transaction() as session:
        deadlines.extend(session, world.call, phase, world.phase.closes.replace(year=2022), "延期", office=None, **act)
        people.grant(session, world.people["judge"].id, Role.CHECKER, actor=world.people["administrator"], at=world.at)
        people.revoke(session, world.people["judge"].id, Role.CHECKER, actor=world.people["administrator"], at=world.at)
        register.change_office(
            session,
            world.offices["second"],
            {"region": "邻省", "addressee": "邻省知识产权局", "ip_office": "邻省局"},
            actor=world.people["administrator"],
            at=world.at,
        )
        listed = "编号,案例名称\n旧-1,从前的案例\n".encode()
        office = world.offices["first"]
        priors.import_list(session, "本省.csv", listed, office=office, actor=world.people["reviewer"], at=world.at)
        priors.import_list(
            session, "全国.csv", listed.replace(b"-1", b"-2"), office=None, actor=world.people["desk"], at=world.at
        )
    submitted = made.cases["submitted"]
    made.clients["desk"].get(f"/cases/{submitted}/papers/{made.papers['case', submitted]}")
    made.clients["desk"].post(f"/cases/{submitted}/pass_over")  # without a reason
    made.clients["editor"].post(f"/cases/{submitted}/editorial/sign-off")
    made.events = {
        "a draft": _uid(made, "case.create", case_id=made.cases["draft"]),
        "a stamped case": _uid(made, "case.stamp", case_id=made.cases["stamped"]),
        "a submitted case": _uid(made, "case.submit", case_id=submitted),
        "a push": _uid(made, "push.create"),
        "a refused try on a submitted case": _uid(made, "case.pass_over", case_id=submitted, outcome="refused"),
        "a paper that was opened": _uid(made, "document.open"),
        "a batch not yet sent": _uid(made, "batch.create", stream=f"batch/{made.batches['collecting']}"),
        "a batch once sent": _uid(made, "batch.send", stream=f"batch/{made.batches['sent']}"),
        "an extension for all": _uid(made, "call.extend"),
        "a waiver for this office": _uid(made, "call.waive", office_id=world.offices["first"]),
        "this office's earlier reports": _uid(made, "prior.import", office_id=world.offices["first"]),
        "the national list of earlier reports": _uid(made, "prior.import", office_id=None),
        "a sign-in": _uid(made, "person.sign_in"),
        "a role given": _uid(made, "person.grant"),
        "a door found closed": _uid(made, "door.closed"),
        "what the desk did to many cases at once": _uid(made, "bulk.act"),
        "a collection that the editor ordered": _uid(made, "collection.order"),
        "a corrected register": _uid(made, "register.change_office"),
    }


def _uid(made: Country, action: str, **columns: Any) -> int:
    wanted = [getattr(AuditEvent, name) == value for name, value in columns.items()]
    with made.world.database.reading() as session:
        found = session.scalars(select(AuditEvent.uid).where(AuditEvent.action == action, *wanted)).first()
    assert found, (action, columns)
    return found
