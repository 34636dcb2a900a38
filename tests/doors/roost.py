"""A country in which cases are judged, objected to, shown and collected: every word written on the way is a canary."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from PIL import Image
from sqlalchemy import insert, select

from features.steps.proof import _made as compiled
from rules.call import BEIJING
from states.case import CaseState
from tests import judges
from tests.doors.country import SAMPLE, Country, Witness, application, sign_in
from tests.doors.policy import NATIONAL
from tests.worlds import Databases, World, went, world_under
from workflow.calls import centre_requests, deadlines, drafting
from workflow.calls.schema import EXAMPLE
from workflow.identity import people, stand_ins, tokens
from workflow.identity.scopes import Scope
from workflow.identity.sign_in import Visitor
from workflow.incoming import arrivals
from workflow.objecting import objections
from workflow.publishing import collection, editorial, proofing, publicity
from workflow.selection import judging
from workflow.settings import Settings
from workflow.store.files import Files
from workflow.store.models import Case, ImportedCase
from workflow.store.papers import Kept
from workflow.wipo import workbench

# ---- who may hear: by hand, and apart from the code ------------------------------------------------------------------

CENTRE, OFFICE = "author sealer", "reviewer leader"
OF_CASE = f"{CENTRE} {OFFICE} {NATIONAL} auditor"
"""Whoever reaches a case that was submitted."""
DECIDING = "desk director auditor"
"""Who deals with judging, decisions and objections, and who looks at that."""
PLANNING = "editor desk director auditor"
TERMS = "translator checker liaison editor auditor"
GRANTING = f"{NATIONAL} auditor"
EVERYBODY = "*"


@dataclass(frozen=True)
class Song:
    """One unique word, what it is, and the principals of tests/doors/policy.py who may come across it anywhere."""

    word: str
    said: str
    by: str

    def heard_by(self, name: str) -> bool:
        return self.by == EVERYBODY or name in self.by.split()


@dataclass
class Roost:
    """`cases`: what a case is called here → its id. `ids`: what an address calls a number → the numbers that there are."""

    world: World
    files: Files
    settings: Settings
    songs: dict[str, Song] = field(default_factory=dict)
    cases: dict[str, int] = field(default_factory=dict)
    ids: dict[str, tuple[int, ...]] = field(default_factory=dict)
    heard: dict[str, dict[str, str]] = field(default_factory=dict)
    """Principal → canary heard → where first."""

    @classmethod
    def of(cls, world: World, settings: Settings) -> Self:
        """With everything that is written on the way, in a world under the annotated call."""
        judges.judge(world, "judge")
        made = cls(world, Files((world.folder / "documents").as_uri()), settings)
        _fill(made)
        return made

    def hang(self, said: str, by: str) -> str:
        """A new canary; gives its word."""
        word = f"zq{len(self.songs):03d}qz"
        self.songs[word] = Song(word, said, by)
        return word

    def heard_in(self, data: bytes) -> set[str]:
        return {word for word in self.songs if word.encode() in data}

    def picture(self, name: str) -> Kept:
        """A small picture under a name, no two alike."""
        out = io.BytesIO()
        Image.new("RGB", (24, 24), (len(self.songs), 90, 90)).save(out, "PNG")
        return Kept(name, "image/png", self.files.put(out.getvalue()), len(out.getvalue()))


@contextmanager
def roost() -> Iterator[tuple[Roost, Country]]:
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="zhengji-roost-", dir=memory if memory.is_dir() else None) as name:
        folder, databases = Path(name), Databases(None, Path(name))
        with world_under(databases, EXAMPLE, folder) as world:
            app = application(world, folder, f"{world.at.astimezone(BEIJING):%Y-%m-%d}")
            made = Roost.of(world, app.extensions["zhengji"].settings)
            land = Country(world, app, Witness(Path(world.database.url[len("sqlite:///") :])))
            sign_in(land)
            with world.database.reading() as session:
                land.numbers = {row.id: row.number for row in session.scalars(select(Case))}
            land.witness.settle()
            yield made, land
            land.witness.watching.close()
        databases.close()


def _fill(made: Roost) -> None:
    world = made.world
    _judged(made)
    _decided(made)
    notice = _objected(made)
    _published(made)
    _asked_for(made)
    _own(made)
    _arrived(made)
    _imported(made)
    some = made.cases
    made.ids = {
        "case_id": tuple(some.values()),
        "judged": tuple(some.values()),
        "notice": (notice,),
        "judgement_id": (1, 2, 3, 4, 5),
        "person_id": (world.people["judge"].id, world.people["author"].id),
        "position": (1, 2),
        "arrival_id": (1, 2),
        "appearance_id": (1, 2),
        "seq": (1, 2, 3),
    }


def _act(world: World, login: str) -> dict[str, Any]:
    return {"actor": world.people[login], "at": world.at}


# ---- judging ---------------------------------------------------------------------------------------------------------


def _judged(made: Roost) -> None:
    """Three cases: the judge of the policy has scored the first, and not yet the last; somebody else scored all three.
    The discussion is open, so who scored a case hears what the others say of it."""
    world = made.world
    other = judges.judge(world, "second_judge", "罗评", institution=made.hang("institution of a judge", DECIDING))
    own, first = world.people["judge"], world.call.judging.criteria[0].id  # type: ignore[union-attr]
    for name, hands in {"both": (own, other), "theirs": (other,), "begun": (own, other)}.items():
        title = made.hang(f"masked word in the title of the case {name}", OF_CASE)
        plain = world.content()
        section = next(iter(plain.sections))
        reads = f"{OF_CASE} judge" if own in hands else OF_CASE
        word = made.hang(f"section of the case {name}", reads)
        sections = {**plain.sections, section: f"{word}{plain.sections[section][8:]}"}
        content = plain.changed(title=f"{title}{plain.title}", sections=sections)
        case = made.cases[name] = world.case(CaseState.SUBMITTED, content)
        with world.database.transaction() as session:
            judging.add_mask(session, case, title, "mask", **_act(world, "desk"))
        for who in hands:
            why = made.hang(f"why a judge of the case {name} was chosen", DECIDING)
            [(number, _)] = judges.try_to_invite(world, [judging.Pair(case, who.id, why)]).done
            went(judges.step(world, number, "accept"))
            hears = f"{DECIDING} judge" if who is own or name == "both" else DECIDING
            judges.write(world, number, 77, {first: ("77", made.hang(f"reason of {who.name} on {name}", hears))})
            if not (who is own and name == "begun"):
                went(judges.step(world, number, "score"))
    with world.database.transaction() as session:
        judging.set_discussion(session, world.call, opened=True, **_act(world, "desk"))
        for seen_by, hears in (("judges", f"{DECIDING} judge"), ("office", DECIDING)):
            word = made.hang(f"note for {seen_by}", hears)
            judging.add_note(session, made.cases["both"], word, seen_by, **_act(world, "desk"))
        word = made.hang("note on a case of others", DECIDING)
        judging.add_note(session, made.cases["theirs"], word, "judges", **_act(world, "desk"))
    third = judges.judge(world, "third_judge", "柳评")
    number = judges.invited(world, made.cases["theirs"], third)
    went(judges.step(world, number, "declare_conflict", remark=made.hang("why a judge steps back", DECIDING)))


# ---- decisions and objections ----------------------------------------------------------------------------------------


def _decided(made: Roost) -> None:
    world = made.world
    reason = made.hang("reason of a decision that is pending", DECIDING)
    feedback = made.hang("what a centre will be told", DECIDING)
    world.decide(made.cases["both"], "pass_over", reason=reason, feedback=feedback)


def _objected(made: Roost) -> int:
    """A case on a list in public, an objection to it, and what the office said of that."""
    world = made.world
    case = made.cases["objected to"] = world.case(CaseState.SUBMITTED)
    went(world.act(case, "shortlist"))
    notice = world.put_up_notice(case)
    said = objections.Said(
        made.hang("name of an objector", DECIDING),
        "",
        f"{made.hang('address of an objector', DECIDING)}@mail.example",
        made.hang("grounds of an objection", DECIDING),
    )
    file = made.picture(f"{made.hang('name of a file of an objection', DECIDING)}.png")
    with world.database.transaction() as session:
        number, _ = objections.receive(session, notice, case, said, [("evidence", file)], at=world.at)
        for step, login in (("accept", "desk"), ("dismiss", "director")):
            remark = made.hang(f"what was said of an objection: {step}", DECIDING)
            went(objections.act(session, number, step, remark=remark, **_act(world, login)))
    return notice


# ---- shown and collected ---------------------------------------------------------------------------------------------


def _published(made: Roost) -> None:
    """A published case with an honour, an English that was read, a place in a plan and in a collection's proof."""
    world = made.world
    case = made.cases["published"] = world.case(CaseState.PUBLISHED)
    world.translate(case)
    world.check_english(case, passed=False, words=made.hang("what a checker sends back", OF_CASE))
    day = world.call.publicity[0].from_day
    with world.database.transaction() as session:
        act = _act(world, "editor")
        editorial.give_honour(session, case, made.hang("an honour", EVERYBODY), None, **act)
        for number in range(2):
            place = made.hang(f"place of an appearance, {number}", PLANNING)
            plan = {"channel": world.call.publicity[0].id, "case_id": case, "place": place}
            one = publicity.arrange(session, world.call, day=day + timedelta(days=number), **plan, **act)
            if number:
                publicity.drop(session, one, made.hang("why an appearance was dropped", PLANNING), **act)
            else:
                link = f"https://{made.hang('link of an appearance', PLANNING)}.example/"
                said = made.hang("what was said of an appearance", PLANNING)
                publicity.record(session, one, link=link, reach="7", said=said, **act)
        foreword = made.hang("foreword of a proof", "editor auditor")
        wanted = collection.Wanted(made.hang("title of a proof", "editor auditor"), (case,), foreword)
        book, _ = collection.order(session, wanted, **act)
        proofing.comment(session, book, made.hang("comment on a proof", "editor auditor"), case, **act)
        note = made.hang("note on a term", TERMS)
        workbench.put_term(session, "专利导航", "patent navigation", note, **_act(world, "translator"))
    compiled(world, book)


# ---- asked for, and one's own ----------------------------------------------------------------------------------------


def _asked_for(made: Roost) -> None:
    """Later days that were asked for, and what a director is told with a waiver."""
    world = made.world
    phase, closes = world.phase, world.phase.closes
    with world.database.transaction() as session:
        words = made.hang("why a centre asks its office for days", f"{CENTRE} {OFFICE} {GRANTING}")
        asked = {"centre": world.centres["university"], **_act(world, "author")}
        centre_requests.ask(session, world.call_version, phase.id, closes, words, **asked)
        words = made.hang("why an office asks for days", f"{OFFICE} {GRANTING}")
        asked = {"office": world.offices["first"], **_act(world, "leader")}
        deadlines.ask(session, world.call_version, world.call, phase.id, closes + timedelta(days=9), words, **asked)
        number, _ = drafting.start(session, world.call_version, **_act(world, "desk"))
        draft = drafting.find(session, number, world.people["desk"])
        source = draft.source.replace("示例征集", made.hang("a call that is being written", DECIDING), 1)
        drafting.save(session, number, source, draft.notice, seen=draft.revision, **_act(world, "desk"))


def _own(made: Roost) -> None:
    """A token of the author's, who will be away."""
    world, settings = made.world, made.settings
    author, sealer = world.people["author"], world.people["sealer"]
    with world.database.transaction() as session:
        person = people.by_id(session, author.id)
        assert person is not None
        name = made.hang("name of the author's token", "author auditor")
        asked = {"name": name, "scopes": [Scope.READ], "days": 30}
        tokens.make(session, settings, person, **asked, at=datetime.now(UTC), visitor=Visitor())
        reason = made.hang("why the author is away", "author sealer leader administrator auditor")
        first = world.at.astimezone(BEIJING).date() + timedelta(days=30)
        stand_ins.name(session, author.id, sealer.id, first, first, reason, **_act(world, "author"))


def _arrived(made: Roost) -> None:
    """A mail in the ledger of the office and one in the national office's, each with something that is refused."""
    world = made.world
    for (
        said,
        by,
        office,
        hears,
    ) in (  # the administrator takes what was refused out of quarantine, with the mail around it
        ("the office's", "reviewer", world.offices["first"], f"{OFFICE} auditor administrator"),
        ("the national office's", "desk", None, "desk auditor administrator"),
    ):
        mail = EmailMessage()
        mail["From"], mail["To"] = f"{made.hang(f'sender of {said} mail', hears)}@example.cn", "b@example.cn"
        mail["Subject"] = made.hang(f"subject of {said} mail", hears)
        mail.set_content("请查收。")
        for name, data in (
            (f"{made.hang(f'a paper of {said} mail', hears)}.docx", SAMPLE.read_bytes()),
            (f"{made.hang(f'a refused file of {said} mail', hears)}.exe", b"MZ"),
        ):
            mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
        given = [("来件.eml", io.BytesIO(mail.as_bytes()))]
        place = {"office": office, "call_version": world.call_version, **_act(world, by)}
        came = arrivals.receive(world.database, made.files, given, **place)
        arrivals.read(world.database, made.files, came.id, at=world.at)


def _imported(made: Roost) -> None:
    """A case of another installation."""
    world, hears = made.world, "desk auditor"
    step = {"at": world.at.isoformat(), "who": "某人", "action": "case.create", "outcome": "done"}
    record = {
        "centre": made.hang("centre of an imported case", hears),
        "office": "外省知识产权局",
        "call": "某号",
        "state_zh": "已发布",
        "state_en": "Published",
        "recipient": "某公司",
        "sections": {"background": made.hang("text of an imported case", hears)},
        "papers": [],
        "history": [{**step, "remark": made.hang("remark of an imported case", hears)}],
    }
    values = {"origin": "elsewhere", "number": "2021-1", "entries": 1, "pinned": True, "state": "published"}
    values |= {"passport": made.files.put(b"PK"), "size": 2, "by_id": world.people["desk"].id, "at": world.at}
    with world.database.transaction() as session:
        title = made.hang("title of an imported case", hears)
        session.execute(insert(ImportedCase).values(title=title, record=record, **values))
