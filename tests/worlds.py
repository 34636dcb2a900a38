"""A small country to test in: two offices, three centres, people in every role, and cases walked by the verbs."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import tomlkit
from psycopg import sql
from sqlalchemy import event, insert, select, update
from sqlalchemy.orm import Session

from rules.call import Call, Phase, Recommender, Window
from rules.effect import throughout
from rules.roles import Level, Role
from states.batch import BatchState
from states.case import CaseState
from states.push import PushState
from states.reach import SYSTEM, Actor
from tests.certificates import PASSWORD, Issued, authority, revoked_list, roots_file, seal_of
from tests.make import attachment, filled
from tests.postgres import new_database
from workflow import attachments, batches, cases, downloads, electronic, papers
from workflow.calls import current_call, deadlines
from workflow.content import DERIVED, Content
from workflow.documents import signing
from workflow.engine import Attempt, Receipt
from workflow.identity import people
from workflow.incoming import sealing
from workflow.incoming.sealing import Sighting
from workflow.mailing import Mailer
from workflow.objecting import public_notices
from workflow.publishing import editorial
from workflow.selection import decisions
from workflow.settings import Settings, from_environment
from workflow.store import calls as stored_calls
from workflow.store import facts, log, schema
from workflow.store import notices as stored_notices
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.guard import authorize
from workflow.store.models import AuditEvent, Batch, Case, Centre, Document, Office, Person, PersonGrant, Push, Seal
from workflow.store.papers import Kept
from workflow.wipo import pushes, workbench
from workflow.wipo.bilingual import SUMMARY, TITLE, passages

CALL_2021 = current_call()


# ---- databases -------------------------------------------------------------------------------------------------------


WHY_LATE = {"reported_by_the_day_asked_for": "盖章流程延误"}
"""What is written where a call asks for reports by a day that is past."""
RUNTIME = "zhengji_runtime"
"""The role as which tests work on PostgreSQL: not the owner of the tables, as it should be everywhere."""


class Databases:
    """Databases for one run: templates made once, and for each test a fresh copy of one.

    A template's copy always lies at the same address, so that SQL compiled for one test serves the next.
    """

    def __init__(self, server: str | None, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._copies: dict[str, tuple[str, str, Database]] = {}
        if server:
            with psycopg.connect(server.replace("+psycopg", "", 1), autocommit=True) as connection:
                connection.execute(f"CREATE ROLE {RUNTIME} LOGIN")

    @contextmanager
    def copy(self, template: str, fill: Callable[[Database], None] = lambda database: None) -> Iterator[Database]:
        """A migrated database of one's own; `fill` puts in what every copy of that template begins with."""
        if template not in self._copies:
            name = f"{os.getpid()}_{len(self._copies)}"
            self._copies[template] = self._template(name, fill)
        source, target, database = self._copies[template]
        self._drop(target)
        self._copy(source, target)
        stored_calls.forget()
        log.forget()
        try:
            yield database
        finally:
            database.close()

    def close(self) -> None:
        """Throw everything away."""
        for source, target, _ in self._copies.values():
            self._drop(source)
            self._drop(target)

    def _template(self, name: str, fill: Callable[[Database], None]) -> tuple[str, str, Database]:
        source, target = f"template_{name}", f"test_{name}"
        if self._server:
            new_database(self._server, source)
        database = self._open(source)
        schema.upgrade(database)
        fill(database)
        database.close()
        return source, target, self._open(target)

    def _url(self, name: str) -> str:
        if self._server:
            return self._server.replace("@/postgres?", f"@/{name}?", 1)
        return f"sqlite:///{self._folder / name}.db"

    def _copy(self, source: str, target: str) -> None:
        if self._server:
            new_database(self._server, target, source)
            with psycopg.connect(self._server.replace("+psycopg", "", 1), autocommit=True) as connection:
                # Rights on the database itself are no part of what a copy copies.
                connection.execute(
                    sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(target))
                )
            return
        for path in self._folder.glob(f"{source}.db*"):
            shutil.copyfile(path, self._folder / path.name.replace(source, target, 1))

    def _open(self, name: str) -> Database:
        url = self._url(name)
        database = Database(url.replace("postgres@", f"{RUNTIME}@", 1), url)
        if database.embedded:

            @event.listens_for(database.engine, "connect")
            def _careless(connection: Any, _record: Any) -> None:
                connection.set_authorizer(None)
                connection.execute("PRAGMA synchronous=OFF")  # what a test writes need not outlive a power cut
                connection.set_authorizer(authorize)

        return database

    def _drop(self, name: str) -> None:
        if self._server is None:
            for path in self._folder.glob(f"{name}.db*"):
                path.unlink()
            return
        with psycopg.connect(self._server.replace("+psycopg", "", 1), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def databases(database_kind: str, request: pytest.FixtureRequest) -> Iterator[Databases]:
    """The databases of this run, in memory's folder where the machine has one."""
    server = request.getfixturevalue("postgres_server") if database_kind == "postgresql" else None
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="zhengji-db-", dir=memory if memory.is_dir() else None) as folder:
        made = Databases(server, Path(folder))
        yield made
        made.close()


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    """A migrated, empty database."""
    with databases.copy("empty") as made:
        yield made


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """The shipped call with offices, centres and people, and no case yet."""
    with world_under(databases, CALL_2021, tmp_path) as made:
        yield made


@contextmanager
def world_under(databases: Databases, call_file: Path, folder: Path) -> Iterator[World]:
    """A world under the call of a file; files and what is sent abroad lie in the folder."""
    with databases.copy(str(call_file), lambda empty: settle(empty, call_file)) as made:
        yield World.of(made, folder)


# ---- who there is ----------------------------------------------------------------------------------------------------

OFFICES = {
    "first": {"code": "SF", "region": "示例省", "addressee": "示例省知识产权局"},
    "second": {"code": "LS", "region": "邻省", "addressee": "邻省知识产权局"},
}
CENTRES = {
    "university": ("first", "示例大学知识产权信息服务中心", "示例大学"),
    "institute": ("first", "示例研究院技术与创新支持中心", "示例研究院"),
    "neighbour": ("second", "邻省大学知识产权信息服务中心", "邻省大学"),
}
PEOPLE: Mapping[str, tuple[str, tuple[tuple[Role, str], ...]]] = {
    "author": ("赵文", ((Role.AUTHOR, "university"),)),
    "second_author": ("钱文", ((Role.AUTHOR, "university"),)),
    "sealer": ("孙印", ((Role.SEALER, "university"),)),
    "second_sealer": ("李印", ((Role.SEALER, "university"),)),
    "author_and_sealer": ("周全", ((Role.AUTHOR, "university"), (Role.SEALER, "university"))),
    "institute_author": ("吴文", ((Role.AUTHOR, "institute"),)),
    "institute_sealer": ("郑印", ((Role.SEALER, "institute"),)),
    "reviewer": ("王审", ((Role.REVIEWER, "first"),)),
    "second_reviewer": ("冯审", ((Role.REVIEWER, "first"),)),
    "leader": ("陈领", ((Role.LEADER, "first"),)),
    "reviewer_and_leader": ("褚全", ((Role.REVIEWER, "first"), (Role.LEADER, "first"))),
    "neighbour_author": ("卫文", ((Role.AUTHOR, "neighbour"),)),
    "neighbour_sealer": ("蒋印", ((Role.SEALER, "neighbour"),)),
    "neighbour_reviewer": ("沈审", ((Role.REVIEWER, "second"),)),
    "neighbour_leader": ("韩领", ((Role.LEADER, "second"),)),
    "desk": ("杨理", ((Role.DESK, ""),)),
    "second_desk": ("尤理", ((Role.DESK, ""),)),
    "director": ("朱管", ((Role.DIRECTOR, ""),)),
    "second_director": ("许管", ((Role.DIRECTOR, ""),)),
    "third_director": ("金管", ((Role.DIRECTOR, ""),)),
    "editor": ("秦编", ((Role.EDITOR, ""),)),
    "desk_and_editor": ("何全", ((Role.DESK, ""), (Role.EDITOR, ""))),
    "translator": ("吕译", ((Role.TRANSLATOR, ""),)),
    "checker": ("施校", ((Role.CHECKER, ""),)),
    "judge": ("张评", ((Role.JUDGE, ""),)),
    "liaison": ("孔联", ((Role.LIAISON, ""),)),
    "auditor": ("曹察", ((Role.AUDITOR, ""),)),
    "administrator": ("严管", ((Role.ADMINISTRATOR, ""),)),
}
"""Key → (name, grants as (role, key of the centre or office))."""


def settle(database: Database, call_file: Path) -> None:
    """Load a call and put offices, centres and people into an empty database."""
    source = call_file.read_text("utf-8")
    notice = call_file.with_suffix(".zh.md").read_text("utf-8")
    with database.transaction() as session:
        version = stored_calls.load(session, source, notice, datetime.fromisoformat("2021-03-01T09:00:00+08:00"))
        kind = stored_calls.call_of(session, version.id).centre_kinds[0]
        offices = {
            key: _made(session, Office, ip_office=values["addressee"], **values) for key, values in OFFICES.items()
        }
        centres = {
            key: _made(session, Centre, name=name, host_unit=unit, kind=kind, office_id=offices[office])
            for key, (office, name, unit) in CENTRES.items()
        }
        for key, (name, grants) in PEOPLE.items():
            person = _made(session, Person, login=key, name=name, password="")
            for role, unit in grants:
                session.execute(
                    insert(PersonGrant).values(
                        person_id=person, role=str(role), centre_id=centres.get(unit), office_id=offices.get(unit)
                    )
                )


def _made(session: Session, model: type[Any], **values: Any) -> int:
    return int(session.execute(insert(model).values(**values).returning(model.id)).scalar_one())


# ---- the world -------------------------------------------------------------------------------------------------------

_HANDS = {
    "stamp": "sealer",
    "apply": "sealer",
    "turn_back": "desk",
    "unstamp": "sealer",
    "withdraw": "sealer",
    "resume": "sealer",
    "review": "reviewer",
    "reopen": "reviewer",
    "return_to_centre": "reviewer",
    "decline": "reviewer",
    "reconsider": "reviewer",
    "return_to_office": "desk",
    "shortlist": "desk",
    "unshortlist": "desk",
    "pass_over": "desk",
    "take_up": "desk",
    "publish": "editor",
    "retract": "editor",
    "republish": "editor",
}
"""Transition → key of the person who usually takes it."""

_WAYS: Mapping[CaseState, tuple[str, ...]] = {
    CaseState.DRAFT: (),
    CaseState.CENTRE_STAMPED: ("stamp",),
    CaseState.PROVINCE_REVIEWED: ("stamp", "review"),
    CaseState.SUBMITTED: ("stamp", "review", "submit"),
    CaseState.SHORTLISTED: ("stamp", "review", "submit", "shortlist"),
    CaseState.PUBLISHED: ("stamp", "review", "submit", "shortlist", "publish"),
    CaseState.WIPO_PUSHED: ("stamp", "review", "submit", "shortlist", "publish", "push"),
    CaseState.RETURNED: ("stamp", "return_to_centre"),
    CaseState.WITHDRAWN: ("withdraw",),
    CaseState.NOT_RECOMMENDED: ("stamp", "decline"),
    CaseState.NOT_SELECTED: ("stamp", "review", "submit", "pass_over"),
    CaseState.RETRACTED: ("stamp", "review", "submit", "shortlist", "publish", "retract"),
}

_BY_THEMSELVES = {"review": (), "submit": ("apply",), "return_to_centre": ("apply", "turn_back")}
"""Step of an office → what is done in its place where centres recommend themselves."""

_SIGNS = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"


@dataclass
class World:
    """One database under one call. `at`, `phase`: when and in which phase things happen where nothing else is said."""

    database: Database
    call: Call
    call_version: int
    offices: Mapping[str, int]
    centres: Mapping[str, int]
    people: Mapping[str, Actor]
    at: datetime
    phase: Phase
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    def of(cls, database: Database, folder: Path) -> World:
        """The world that `settle` put into a database."""
        with database.reading() as session:
            [(version, call)] = stored_calls.open_calls(session)
            offices = {one.addressee: one.id for one in session.query(Office)}
            centres = {one.name: one.id for one in session.query(Centre)}
            actors = {one.login: people.actor_of(one) for one in session.query(Person)}
        return cls(
            database,
            call,
            version,
            {key: offices[values["addressee"]] for key, values in OFFICES.items()},
            {key: centres[name] for key, (_, name, _) in CENTRES.items()},
            actors,
            middle(call.phases[0].window(Level.CENTRE, call.opened)),
            call.phases[0],
            folder,
        )

    granted: date | None = None
    """A later last day that an office gave one centre."""

    def window(self, phase: Phase, level: Level = Level.CENTRE) -> Window:
        return phase.window(level, self.call.opened)

    def in_phase(self, phase: Phase) -> None:
        """From now on, half-way through another phase."""
        self.phase, self.at = phase, middle(self.window(phase))

    @property
    def destination(self) -> str:
        """Where pushes go."""
        return (self.folder / "abroad").as_uri()

    @property
    def post(self) -> pushes.Post:
        """What carries pushes; no mail server."""
        files = Files((self.folder / "documents").as_uri())
        return pushes.Post(self.database, files, Mailer("", "", self.database))

    # ---- another version of the call ----

    def amend(self, change: Callable[[Any], object]) -> int:
        """The next version of the call: its file, changed as a document by a function. Gives the version's id."""
        with self.database.transaction() as session:
            newest = stored_notices.versions(session, self.call.number)[0]
            document = tomlkit.parse(newest.source)
            change(document)
            return stored_calls.load(session, tomlkit.dumps(document), newest.notice, self.at).id

    def extend_by_amendment(self, by: timedelta) -> int:
        """A version in which the first phase closes so much later, at every level."""

        def later(call: Any) -> None:
            phase = call["phases"][0]
            phase["closes"] += by
            for level in phase.get("closes_for", {}):
                phase["closes_for"][level] += by

        return self.amend(later)

    # ---- what is written ----

    def content(self, phase: Phase | None = None, **changes: Any) -> Content:
        """Content against which no rule of the call has anything; no two of them are alike.

        `length`: 字 of the whole body, spread over the sections.
        """
        chosen = phase or self.phase
        theme = self.call.themes[self.call.themes_of(chosen, self.call.centre_kinds[0])[0]]
        number = next(self._numbers)
        some = random.Random(number)
        limits = self.call.length
        length = changes.pop("length", ((limits.minimum or 0) + (limits.maximum or 1000)) // 2)
        values = {
            "phase": chosen.id,
            "theme": theme.id,
            "theme_name": "写出的主题" if theme.needs_name else "",
            "title": f"第{number}号：{prose(some, 16)}",
            "sections": spread(self.call, some, length),
            "recipient": prose(some, 8),
            "service_from": self.call.service_from,
            "service_to": self.call.eligible.service_to or self.call.opened,
            "form": {one.name: filled(one) for one in self.call.report_form if one.name not in DERIVED},
            "attachments": tuple(attachment(one) for one in self.call.attachments if one.required),
        }
        return Content(**{**values, **changes})

    def draft(
        self,
        content: Content | None = None,
        *,
        centre: str = "university",
        author: str = "",
        at: datetime | None = None,
    ) -> int:
        """A draft of a centre, by its author."""
        with self.database.transaction() as session:
            return cases.create(
                session,
                call_version=self.call_version,
                centre=self.centres[centre],
                actor=self.people[author or _at(centre, "author")],
                at=at or self.at,
                content=content or self.content(),
            )

    def edit(self, case: int, content: Content, *, by: str = "", at: datetime | None = None) -> Receipt | None:
        """Other content for a case."""
        with self.database.transaction() as session:
            actor = self.people[by or self._hand(case, "author")]
            return cases.edit(session, case, content, actor=actor, at=at or self.at)

    def seal(
        self,
        case: int,
        unit: str | None = None,
        *,
        by: str = "",
        at: datetime | None = None,
        sighting: Sighting | None = None,
    ) -> Receipt:
        """The sealed scan of the report form; `unit`: what the seal reads, the host unit by default, "" for no seal."""
        with self.database.transaction() as session:
            reads = session.get_one(Case, case).centre.host_unit if unit is None else unit
            actor = self.people[by or self._hand(case, "sealer")]
            scan = Kept(f"扫描件{case}.png", "image/png", f"{case:064x}", 1)
            return papers.seal(session, case, scan, reads, actor=actor, at=at or self.at, sighting=sighting)

    def consent(self, case: int, words: str = "服务对象和作者书面同意", *, at: datetime | None = None) -> Receipt:
        with self.database.transaction() as session:
            actor = self.people[self._hand(case, "author")]
            return editorial.consent(session, case, words, actor=actor, at=at or self.at)

    def allow_pictures(self, case: int, words: str = "本单位拍摄") -> Receipt:
        """The same words for each picture of a case."""
        with self.database.transaction() as session:
            said = {one.id: words for one in editorial.pictures(session, session.get_one(Case, case))}
            actor = self.people[self._hand(case, "author")]
            return editorial.allow_pictures(session, case, said, actor=actor, at=self.at)

    def sign_off(self, case: int, *, by: str = "director", at: datetime | None = None) -> Receipt:
        with self.database.transaction() as session:
            return editorial.sign_off(session, case, actor=self.people[by], at=at or self.at)

    def judge_effect(self, case: int, words: str = "带动一条产业链", *, at: datetime | None = None) -> Receipt:
        """The same words for each criterion, where the call names some."""
        with self.database.transaction() as session:
            return editorial.judge_effect(
                session, case, throughout(self.call, words), actor=self.people["liaison"], at=at or self.at
            )

    def confirm_effect(
        self,
        case: int,
        *,
        by: Actor | None = None,
        passed: bool = True,
        words: str = "",
        seen: str = "",
        at: datetime | None = None,
    ) -> Receipt:
        """A second person's look at it."""
        with self.database.transaction() as session:
            return editorial.confirm_effect(
                session,
                case,
                seen=seen or editorial.effect_mark(session.get_one(Case, case)),
                passed=passed,
                words=words,
                actor=by or self.people["director"],
                at=at or self.at,
            )

    def translate(
        self, case: int, title: str = "A case", text: str = "What was done.", *, at: datetime | None = None
    ) -> Receipt:
        """A whole English text; the last line of it stands for all paragraphs that it is too short for."""
        with self.database.transaction() as session:
            chinese = passages(self.call, facts.content_of(session.get_one(Case, case)))
            lines = text.splitlines()
            lines += lines[-1:] * (sum(one.place not in (TITLE, SUMMARY) for one in chinese) - len(lines))
            return workbench.translate(
                session,
                case,
                title=title,
                summary="In short.",
                text="\n".join(lines),
                captions=["A figure."] * 20,
                actor=self.people["translator"],
                at=at or self.at,
            )

    def check_english(
        self, case: int, *, by: Actor | None = None, passed: bool = True, words: str = "", at: datetime | None = None
    ) -> Receipt:
        """The English read by a second person."""
        with self.database.transaction() as session:
            english = editorial.english(session, session.get_one(Case, case))
            return workbench.check(
                session,
                case,
                seen=english.id if english else 0,
                passed=passed,
                words=words,
                actor=by or self.people["checker"],
                at=at or self.at,
            )

    def retranslate(self, case: int, words: str, *, at: datetime | None = None) -> workbench.Saved:
        """Other English for the first paragraph of the text."""
        with self.database.transaction() as session:
            rows = workbench.desk(session, session.get_one(Case, case)).rows
            row = next(one for one in rows if one.place not in (TITLE, SUMMARY))
            typed = [workbench.Typed(row.key, words, row.seen)]
            return workbench.save(session, case, typed, actor=self.people["translator"], at=at or self.at)

    def agree_abroad(self, case: int, words: str = "书面同意对外推送", *, at: datetime | None = None) -> None:
        """Consent to sending it abroad, and the rights in its pictures."""
        with self.database.transaction() as session:
            actor = self.people[self._hand(case, "author")]
            editorial.consent_abroad(session, case, words, actor=actor, at=at or self.at)
        self.allow_pictures(case)

    # ---- what is done ----

    def act(
        self,
        case: int,
        trigger: str,
        *,
        by: str = "",
        at: datetime | None = None,
        remark: str = "理由",
        confirmed: frozenset[str] | None = None,
        **more: Any,
    ) -> Attempt:
        """One transition tried, by whoever usually takes it, with a reason and everything confirmed."""
        points = frozenset(one.id for one in self.call.confirmations if one.step == trigger)
        if trigger in ("shortlist", "pass_over"):
            more = {"own": {case: self.signed()}, **more}
        with self.database.transaction() as session:
            [attempt] = cases.act(
                session,
                [case],
                trigger,
                actor=self.people[by or self._hand(case, _HANDS[trigger])],
                at=at or self.at,
                remark=remark,
                confirmed=points if confirmed is None else confirmed,
                **{"reasons": WHY_LATE, **more},
            )
        return attempt

    def signed(self) -> cases.Answers:
        """What an announcement says of a case that as many have signed as the call asks for."""
        return cases.Answers(signers=tuple(range(1, self.call.decision_sign_offs + 1)))

    def decide(
        self,
        case: int,
        decision: str,
        *,
        by: str = "desk",
        reason: str = "两轮比较之后的意见",
        feedback: str = "成效还缺少对照的数字",
        seen: decisions.Line | None = None,
        **more: Any,
    ) -> Receipt | None:
        """What is to become of a submitted case, chosen and not announced. `seen`: the line that was looked at."""
        looked = seen or self.decision(case)
        with self.database.transaction() as session:
            return decisions.choose(
                session,
                self.call.number,
                case,
                decision,
                reason,
                feedback,
                seen=looked.version,
                mark=looked.mark,
                actor=self.people[by],
                at=self.at,
                **more,
            )

    def decision(self, case: int) -> decisions.Line:
        """The line of a case in the table of decisions."""
        with self.database.reading() as session:
            return decisions.find(session, self.call.number, case, actor=self.people["desk"])

    def sign_decisions(self, number: int) -> None:
        """So many directors sign whatever is pending."""
        for by in ("director", "second_director", "third_director")[:number]:
            with self.database.transaction() as session:
                seen = decisions.to_sign(session, self.call, actor=self.people[by]).seen
                decisions.sign(session, self.call.number, seen=seen, actor=self.people[by], at=self.at)

    def case(
        self,
        state: CaseState = CaseState.DRAFT,
        content: Content | None = None,
        *,
        centre: str = "university",
        at: datetime | None = None,
    ) -> int:
        """A case in a state, walked there by the people who usually take the steps; sealed, even as a draft."""
        case = self.draft(content, centre=centre, at=at)
        self.seal(case, at=at)
        return self.walk(case, *_WAYS[state], at=at)

    def walk(self, case: int, *steps: str, at: datetime | None = None) -> int:
        """Take steps one after the other, each with what it needs; each must succeed.

        Where centres recommend themselves nobody reviews, and what an office would send they send.
        """
        if self.itself:
            steps = tuple(each for one in steps for each in _BY_THEMSELVES.get(one, (one,)))
        for step in steps:
            if step == "submit":
                self.submit(case, at=at)
                continue
            if step == "push":
                self.ready_to_push(case, at=at)
                self.deliver(self.push(case, at=at), at=at)
                continue
            if step == "publish":
                self.ready_to_publish(case, at=at)
            went(self.act(case, step, at=at))
            if step == "shortlist":
                self.notice_is_over(case, at=at)
        return case

    @property
    def itself(self) -> bool:
        """Whether centres recommend themselves."""
        return self.call.route.recommended_by is Recommender.SELF

    def notice_is_over(self, case: int, *, at: datetime | None = None) -> None:
        """A public notice of a shortlisted case, long over; nothing where the call has none, or it stands in one."""
        with self.database.reading() as session:
            waits = {one.id for many in public_notices.waiting(session, self.at) for one in many.cases}
        if case in waits:
            self.put_up_notice(case, at=(at or self.at) - timedelta(days=90))

    def put_up_notice(self, *cases: int, at: datetime | None = None) -> int:
        """A list with these cases, put up by the desk; gives its number."""
        with self.database.transaction() as session:
            public_notices.put_up(session, cases, actor=self.people["desk"], at=at or self.at)
            return public_notices.every(session)[0].notice.id

    def take_down_notice(self, number: int) -> Receipt:
        with self.database.transaction() as session:
            return public_notices.take_down(session, number, "名单有误", actor=self.people["desk"], at=self.at)

    def notices(self) -> list[public_notices.Shown]:
        with self.database.reading() as session:
            return public_notices.every(session)

    def notice(self, number: int) -> public_notices.Shown:
        with self.database.reading() as session:
            return public_notices.find(session, number)

    def ready_to_publish(self, case: int, *, at: datetime | None = None) -> None:
        """Consent, a public notice that is over and as many sign-offs as the call asks for."""
        self.notice_is_over(case, at=at)
        self.consent(case, at=at)
        self.sign_offs(case, self.call.sign_offs, at=at)

    def sign_offs(self, case: int, number: int, *, at: datetime | None = None) -> None:
        """So many directors sign off."""
        for by in ("director", "second_director", "third_director")[:number]:
            self.sign_off(case, by=by, at=at)

    def ready_to_push(self, case: int, *, at: datetime | None = None) -> None:
        """An outstanding effect that a second person confirmed, consents, and the English, read by a second person."""
        self.judge_effect(case, at=at)
        self.confirm_effect(case, at=at)
        self.agree_abroad(case, at=at)
        self.translate(case, at=at)
        self.check_english(case, at=at)

    # ---- batches ----

    def batch(
        self,
        cases: Sequence[int] = (),
        phase: Phase | None = None,
        *,
        office: str = "first",
        at: datetime | None = None,
    ) -> int:
        """A batch of an office with these reviewed cases, still collecting."""
        chosen = phase or self.phase
        actor = self.people["reviewer" if office == "first" else "neighbour_reviewer"]
        with self.database.transaction() as session:
            batch = batches.start(
                session,
                call_version=self.call_version,
                phase=chosen.id,
                office=self.offices[office],
                actor=actor,
                at=at or self.at,
            )
            if cases:
                batches.collect(session, batch, cases, actor=actor, at=at or self.at)
        return batch

    def collect(self, batch: int, cases: Sequence[int], *, at: datetime | None = None) -> None:
        """Make these the lines of a batch."""
        with self.database.transaction() as session:
            actor = self.people[self._reviewer(session.get_one(Batch, batch).office_id)]
            batches.collect(session, batch, cases, actor=actor, at=at or self.at)

    def describe(
        self,
        batch: int,
        *,
        subject: str | None = None,
        final: bool = False,
        reasons: Mapping[str, str] | None = None,
        at: datetime | None = None,
    ) -> Receipt:
        """Another subject, 末批 or reasons for a batch."""
        with self.database.transaction() as session:
            row = session.get_one(Batch, batch)
            return batches.describe(
                session,
                batch,
                subject=row.subject if subject is None else subject,
                final=final,
                reasons=reasons or {},
                actor=self.people[self._leader(row.office_id)],
                at=at or self.at,
            )

    def seal_summary(self, batch: int, unit: str | None = None, *, by: str = "", at: datetime | None = None) -> Receipt:
        """The sealed scan of the summary table; `unit`: what the seal reads, the office's own by default."""
        with self.database.transaction() as session:
            office = session.get_one(Batch, batch).office
            scan = Kept(f"汇总表{batch}.png", "image/png", f"{batch:064x}", 1)
            actor = self.people[by or self._leader(office.id)]
            reads = office.seals_as if unit is None else unit
            return batches.seal_summary(session, batch, scan, reads, actor=actor, at=at or self.at)

    def act_on_batch(
        self, batch: int, trigger: str, *, by: str = "", at: datetime | None = None, remark: str = "理由", **more: Any
    ) -> Attempt:
        """One transition of a batch tried, by whoever usually takes it."""
        with self.database.transaction() as session:
            office = session.get_one(Batch, batch).office_id
            usual = {"seal": self._leader(office), "send": self._leader(office), "reopen": self._reviewer(office)}
            actor = self.people[by or usual.get(trigger, "desk")]
            more = {"reasons": WHY_LATE, **more}
            return batches.act(session, batch, trigger, actor=actor, at=at or self.at, remark=remark, **more)

    def submit(self, *cases: int, at: datetime | None = None) -> int:
        """Send reviewed cases of one office in a batch of their own, the minimum waived; gives the batch.

        Where centres recommend themselves they send them, and there is none (0).
        """
        if self.itself:
            for case in cases:
                went(self.act(case, "apply", at=at))
            return 0
        batch, attempt = self._sent(cases, at)
        went(attempt)
        return batch

    def send_alone(self, case: int, *, at: datetime | None = None) -> Attempt:
        """Try to send one reviewed case in a batch of its own, the minimum waived; or as its centre does it itself."""
        if self.itself:
            return self.act(case, "apply", at=at)
        return self._sent([case], at)[1]

    def _sent(self, cases: Sequence[int], at: datetime | None) -> tuple[int, Attempt]:
        row = self.row(cases[0])
        office = next(key for key, one in self.offices.items() if one == row.office_id)
        phase = self.call.phase(row.phase)
        assert phase is not None
        self.waive(phase, office, at=at)
        batch = self.batch(cases, phase, office=office, at=at)
        self.seal_summary(batch, at=at)
        went(self.act_on_batch(batch, "seal", at=at))
        return batch, self.act_on_batch(batch, "send", at=at)

    def waive(self, phase: Phase, office: str = "first", *, at: datetime | None = None) -> None:
        """Release an office from the minimum of a phase, once."""
        with self.database.transaction() as session:
            if any(
                (one.phase, one.office_id) == (phase.id, self.offices[office])
                for one in deadlines.waivers(session, self.call)
            ):
                return
            deadlines.waive(
                session,
                self.call,
                phase.id,
                "理由",
                office=self.offices[office],
                actor=self.people["director"],
                at=at or self.at,
            )

    # ---- pushes ----

    def push(self, case: int, *, by: str = "liaison", at: datetime | None = None) -> int:
        """A push of a published case, queued."""
        went(self.start_push(case, by=by, at=at))
        return self.newest_push(case)

    def start_push(self, case: int, *, by: str = "liaison", at: datetime | None = None, **more: Any) -> Attempt:
        """A push tried."""
        with self.database.transaction() as session:
            return pushes.start(session, case, self.destination, actor=self.people[by], at=at or self.at, **more)

    def newest_push(self, case: int) -> int:
        with self.database.reading() as session:
            return pushes.of_case(session, session.get_one(Case, case))[0].id

    def deliver(self, push: int, *, at: datetime | None = None) -> str:
        """Carry a push to its destination, as the worker does."""
        return pushes.deliver(self.post, push, at=at or self.at)

    def recall(self, push: int, reason: str = "理由", *, at: datetime | None = None) -> str:
        """Ask for a recall and have it carried out."""
        with self.database.transaction() as session:
            pushes.ask_recall(session, push, reason, actor=self.people["liaison"], at=at or self.at)
        return pushes.recall(self.post, push, self.people["liaison"].id, at=at or self.at)

    # ---- what befalls ----

    def register(self, centre: str, **columns: Any) -> None:
        """Another entry for a centre in the register."""
        with self.database.transaction() as session:
            session.execute(update(Centre).where(Centre.id == self.centres[centre]).values(**columns))

    def put_pictures(self, case: int, number: int, caption: str = "") -> None:
        """Its author's Word file holds so many pictures, each with this caption."""
        with self.database.transaction() as session:
            for at in range(number):
                values = {"slot": "picture", "name": f"图{at}.png", "media_type": "image/png", "size": 1, "at": self.at}
                values |= {"caption": caption, "rights": "本单位拍摄" if caption else ""}
                by = self.people[self._hand(case, "author")].id
                session.execute(
                    insert(Document).values(case_id=case, digest=f"{case:032x}{at:032x}", by_id=by, **values)
                )

    def caption(self, case: int, words: str) -> None:
        """Its author's newer Word file says this under its pictures."""
        with self.database.transaction() as session:
            pictures = update(Document).where(Document.case_id == case, Document.slot == "picture")
            session.execute(pictures.values(caption=words))

    def attach(
        self, case: int, paper: str, file: str = "文件.pdf", kind: str = "application/pdf", *, by: str = ""
    ) -> None:
        """A file for a paper that the call asks for; a name tells it from others."""
        with self.database.transaction() as session:
            actor, digest = self.people[by or self._hand(case, "author")], hashlib.sha256(file.encode()).hexdigest()
            attachments.put(session, case, paper, Kept(file, kind, digest, 9), actor=actor, at=self.at)

    def detach(self, case: int) -> None:
        """The newest attachment is removed."""
        with self.database.transaction() as session:
            actor, row = self.people[self._hand(case, "author")], session.get_one(Case, case)
            newest = next(one for one in papers.current(session, row) if one.slot == "attachment")
            attachments.remove(session, case, newest.id, actor=actor, at=self.at)

    def lose_scan(self, case: int) -> None:
        """The scan of a sealed form counts no more."""
        with self.database.transaction() as session:
            lost = update(Document).where(Document.case_id == case, Document.slot == "scan")
            session.execute(lost.values(superseded_at=self.at))

    # ---- electronic seals ----

    @property
    def _files(self) -> Files:
        return Files((self.folder / "documents").as_uri())

    def _settings(self) -> Settings:
        """Those of an installation whose authority for seals is the tests' own, until `trust_nobody`."""
        path = self.folder / "roots.pem"
        if not path.exists():
            roots_file(self.folder, authority())
        known = {"ZHENGJI_HOME": str(self.folder), "ZHENGJI_SEAL_ROOTS": str(path)}
        lists = self.folder / "revoked.crl"
        return from_environment({**known, "ZHENGJI_SEAL_CRLS": str(lists)} if lists.exists() else known)

    def trust_nobody(self) -> None:
        """Another authority takes the place of the tests' own."""
        roots_file(self.folder, authority("别的机构"))

    def revoke(self, *issued: Issued, since: int = -1) -> None:
        """The tests' own authority gives out the list of the certificates that it revoked, so many days from today."""
        (self.folder / "revoked.crl").write_bytes(revoked_list(*issued, since=since, days=(0, 7)))

    def seal_electronically(
        self,
        case: int,
        unit: str = "",
        *,
        days: tuple[int, int] = (-30, 365),
        password: str = PASSWORD,
        with_key: Issued | None = None,
    ) -> Receipt:
        """A real signature with the host unit's certificate, or another unit's. Raises NotSealed."""
        by = self.people[self._hand(case, "sealer")]
        with self.database.reading() as session:
            row = session.get_one(Case, case)
            name, paper = downloads.report_form_pdf(session, row, actor=by, at=self.at)
            own, host = sealing.mark_of(row), row.centre.host_unit
        issued = with_key or seal_of(unit or host, days=days)
        key, now = signing.Key(issued.pkcs12(), password), datetime.now(UTC)
        proof = electronic.made(self._settings(), self._files, paper, name, own, host, key, at=now)
        with self.database.transaction() as session:
            return papers.seal(session, case, proof.kept, host, actor=by, at=self.at, proof=proof)

    def seal_summary_electronically(self, batch: int) -> Receipt:
        """A real signature on the summary table with the office's certificate."""
        with self.database.reading() as session:
            row = session.get_one(Batch, batch)
            by, unit = self.people[self._leader(row.office_id)], row.office.seals_as
            name, paper = batches.summary_pdf(session, row, at=self.at, seen_by=by)
            own = sealing.mark_of_batch(row, batches.content(session, row))
        key, now = signing.Key(seal_of(unit).pkcs12(), PASSWORD), datetime.now(UTC)
        proof = electronic.made(self._settings(), self._files, paper, name, own, unit, key, at=now)
        with self.database.transaction() as session:
            return batches.seal_summary(session, batch, proof.kept, unit, actor=by, at=self.at, proof=proof)

    def signed_file(self, case: int = 0, *, batch: int = 0) -> Path:
        """Where the file of the newest seal lies."""
        with self.database.reading() as session:
            of = Seal.batch_id == batch if batch else Seal.case_id == case
            digest = session.scalars(
                select(Document.digest).join(Seal, Seal.document_id == Document.id).where(of).order_by(Seal.id.desc())
            ).first()
        assert digest is not None
        return self.folder / "documents" / digest[:2] / digest

    def damage_signed_file(self, case: int) -> None:
        """One byte of the signed file is another."""
        path = self.signed_file(case)
        data = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(data[:9000] + bytes([data[9000] ^ 1]) + data[9001:])

    def lose_signed_file(self, case: int = 0, *, batch: int = 0) -> None:
        self.signed_file(case, batch=batch).unlink()
        if batch:
            self.verify_seals(batch=batch)

    def verify_seals(self, *cases: int, batch: int | None = None) -> None:
        """What is done before each step."""
        everywhere = self.people["auditor"]
        electronic.verify_again(
            self.database, self._files, self._settings(), seen_by=everywhere, cases=cases, batch=batch
        )

    def verify_kept(self, told: Callable[[int], object] = lambda parts: None) -> str:
        """What background work does."""

        def each(parts: Sequence[Any], do: Callable[[Any], object]) -> None:
            told(len(parts))
            for one in parts:
                do(one)

        return electronic.verify_kept(self.database, self._files, self._settings(), each)

    def redirect(self, push: int, destination: str) -> None:
        """The receiver is to be found elsewhere, or nowhere."""
        with self.database.transaction() as session:
            session.execute(update(Push).where(Push.id == push).values(destination=destination))

    # ---- what is there ----

    def row(self, case: int) -> Case:
        with self.database.reading() as session:
            return session.get_one(Case, case)

    def content_of(self, case: int) -> Content:
        return facts.content_of(self.row(case))

    def office_of(self, batch: int) -> Office:
        with self.database.reading() as session:
            return session.get_one(Batch, batch).office

    def lines(self, batch: int) -> list[int]:
        """The cases of a batch, in order."""
        with self.database.reading() as session:
            return facts.lines_of(session, batch)

    def ever_lines(self, batch: int) -> list[int]:
        """Every case that a batch ever held, in order."""
        with self.database.reading() as session:
            return [one.case.id for one in batches.lines(session, session.get_one(Batch, batch), SYSTEM)]

    def state(self, case: int) -> CaseState:
        return CaseState.of(self.row(case).state)

    def state_of_batch(self, batch: int) -> BatchState:
        with self.database.reading() as session:
            return BatchState.of(session.get_one(Batch, batch).state)

    def state_of_push(self, push: int) -> PushState:
        with self.database.reading() as session:
            return PushState.of(session.get_one(Push, push).state)

    def events(self, case: int, *actions: str) -> list[AuditEvent]:
        """What the trail holds about a case, in order; `actions` narrows it."""
        with self.database.reading() as session:
            found = session.scalars(select(AuditEvent).where(AuditEvent.case_id == case).order_by(AuditEvent.uid))
            return [one for one in found if not actions or one.action in actions]

    def _leader(self, office: int) -> str:
        return "leader" if office == self.offices["first"] else "neighbour_leader"

    def _reviewer(self, office: int) -> str:
        return "reviewer" if office == self.offices["first"] else "neighbour_reviewer"

    def _hand(self, case: int, role: str) -> str:
        """The person of that role at the case's own centre or office."""
        row = self.row(case)
        centre = next(key for key, one in self.centres.items() if one == row.centre_id)
        return _at(centre, role)


def went(attempt: Attempt) -> None:
    """Fail the test, with the findings, where an attempt that must succeed was refused."""
    assert attempt.done, [finding.message.zh for finding in attempt.findings]


def _at(centre: str, role: str) -> str:
    """Key of the person who holds a role over a centre."""
    if role in ("author", "sealer"):
        return {"university": role, "institute": f"institute_{role}", "neighbour": f"neighbour_{role}"}[centre]
    if role in ("reviewer", "leader") and centre == "neighbour":
        return f"neighbour_{role}"
    return role


def middle(window: Window) -> datetime:
    """A moment half-way through a window, to the second."""
    return (window.opens + (window.closes - window.opens) / 2).replace(microsecond=0)


def prose(some: random.Random, length: int) -> str:
    """Characters that look like no other text; each counts one 字."""
    return "".join(some.choices(_SIGNS, k=length))


def spread(call: Call, some: random.Random, length: int) -> dict[str, str]:
    """Text of that many 字 over all sections of the template, each within its own limits as far as these allow."""
    most = {part.id: part.maximum or length for part in call.sections}
    lengths = {part.id: min(part.minimum or 0, length) for part in call.sections}
    for left in range(len(lengths), 0, -1):  # what one part cannot take, the next ones do
        part = sorted(lengths, key=lambda one: most[one])[-left]
        share = -(-(length - sum(lengths.values())) // left)
        lengths[part] = min(most[part], lengths[part] + max(0, share))
    return {part: prose(some, number) for part, number in lengths.items()}
