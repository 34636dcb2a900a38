"""来件登记: the ledger of what came in by mail, archive or folder; kept whole, read once, matched case by case."""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from sqlalchemy.orm import Session

from rules.names import same_name
from rules.roles import Role
from rules.words import Labelled, Text
from states.reach import SYSTEM, Actor
from workflow import papers as case_papers
from workflow.documents import arriving, limits, matching, reply, sighting
from workflow.documents.arriving import Item
from workflow.documents.matching import Known, Lack, Matched, OneCase
from workflow.documents.names import clean_name
from workflow.documents.vetting import slot_for
from workflow.engine import CannotServe, NoSuchThing, NotPermitted, Receipt, WrongInput
from workflow.finding.similar import same_title
from workflow.incoming import bounces
from workflow.jobs.queue import enqueue
from workflow.mailing import Mailer
from workflow.store import arrivals as stored
from workflow.store import calls as stored_calls
from workflow.store import mail as stored_mail
from workflow.store import register as stored_register
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Arrival, ArrivalFile, Case, Centre, SentMail
from workflow.store.papers import Kept

MOST_FILES = 200
"""Files of one upload."""
PER_PAGE = 50
LARGEST = limits.LIMITS["package"].size
"""Bytes of one file that comes in."""


class NoSuchArrival(NoSuchThing):
    """Not there, or out of reach, which is the same (404)."""


class WrongArrival(WrongInput):
    """Nothing to take in: no file, an empty one, one that is too large, too many (422)."""


class How(Labelled):
    """By which way something came in."""

    SCREEN = "screen", "页面上传", "uploaded"
    COMMAND = "command", "命令登记", "by command"
    IMAP = "imap", "邮箱收取", "from the mailbox"


class State(Labelled):
    WAITING = "waiting", "等候核对", "Waiting to be read"
    READ = "read", "已核对", "Read"
    REPEAT = "repeat", "以前来过", "Came before"
    BOUNCE = "bounce", "退信", "A mail that came back"


@dataclass(frozen=True)
class Came:
    """What taking in came to. `new`: False where the same bytes were in the ledger already."""

    id: int
    new: bool


# ---- who -------------------------------------------------------------------------------------------------------------


def check_takes_in(actor: Actor, office: int | None) -> None:
    """Raise NotPermitted when this person takes in nothing for an office (None: the national office)."""
    if office in places(actor):
        return
    raise NotPermitted(
        Text(
            "来件由主管部门的审核人、负责人登记，寄给国家局的由受理人登记；您没有这个职责。",
            "What comes in is registered by the office's reviewers and leaders, or the national desk; you are neither.",
        )
    )


def places(actor: Actor) -> list[int | None]:
    """Whose ledgers this person writes to: offices, and None for the national office's."""
    return [*sorted(actor.units(Role.REVIEWER, Role.LEADER)), *([None] if Role.DESK in actor.roles else [])]


def check_reads(actor: Actor) -> None:
    """Raise NotPermitted for those who have no ledger to read."""
    if not places(actor) and Role.AUDITOR not in actor.roles:
        check_takes_in(actor, -1)


# ---- taking in -------------------------------------------------------------------------------------------------------


def receive(
    database: Database,
    files: Files,
    given: Sequence[tuple[str, IO[bytes]]],
    *,
    office: int | None,
    call_version: int,
    actor: Actor,
    at: datetime,
    how: How = How.SCREEN,
    came_at: datetime | None = None,
) -> Came:
    """Keep what came, whole and unopened, enter it in the ledger and queue its reading.

    The same bytes in the same ledger are one arrival, however often they come. `actor`: SYSTEM for what no person
    brought. Raises NotPermitted, WrongArrival.
    """
    if actor != SYSTEM:
        check_takes_in(actor, office)
    _check_number(len(given))
    kept = [_kept(files, name, source) for name, source in given]
    digest = hashlib.sha256("\n".join(sorted({one["digest"] for one in kept})).encode()).hexdigest()
    key = f"{office or stored.NATIONAL}:{digest}"
    with database.transaction() as session:
        stored_calls.call_of(session, call_version)
        earlier = stored.by_key(session, key)
        if earlier is not None:
            return Came(earlier.id, new=False)
        number = stored.add(
            session,
            kept,
            key=key,
            office_id=office,
            call_version_id=call_version,
            how=str(how),
            by_id=actor.id or None,
            absent_id=actor.absent_id,
            at=at,
            came_at=came_at or at,
        )
        data = {"how": str(how), "files": [{"name": one["name"], "sha256": one["digest"]} for one in kept]}
        stored.note(session, stored.held(session, number), "arrival.receive", data, actor, at)
        enqueue(session, "read_arrival", f"read_arrival/{number}", number)
    return Came(number, new=True)


def _check_number(given: int) -> None:
    if not given:
        raise WrongArrival(Text("请先选择文件。", "Choose a file first."))
    if given > MOST_FILES:
        raise WrongArrival(
            Text(
                f"一次最多 {MOST_FILES} 个文件，请打成 ZIP 包，或分几次登记。",
                f"At most {MOST_FILES} files at once; pack them as a ZIP archive, or take them in apart.",
            )
        )


def _kept(files: Files, name: str, source: IO[bytes]) -> dict[str, Any]:
    """One original, kept as it came. Nothing of it is looked at here. Raises WrongArrival."""
    data, clean = source.read(LARGEST + 1), clean_name(name)
    if not data:
        raise WrongArrival(Text(f"“{clean}”是空文件，没有登记。", f"“{clean}” is empty; nothing was taken in."))
    if len(data) > LARGEST:
        most = LARGEST // limits.MIB
        raise WrongArrival(
            Text(
                f"“{clean}”超过 {most} MB，没有登记。请分几封邮件或几个包报送。",
                f"“{clean}” is larger than {most} MB; nothing was taken in. It should be sent in parts.",
            )
        )
    return {"name": clean, "digest": files.put(data), "size": len(data)}


# ---- reading ---------------------------------------------------------------------------------------------------------

Each = Callable[[Sequence[Any], Callable[[Any], object]], None]


def in_turn(parts: Sequence[Any], do: Callable[[Any], object]) -> None:
    for one in parts:
        do(one)


def read(database: Database, files: Files, arrival_id: int, *, at: datetime, each: Each = in_turn) -> str:
    """Open an arrival, judge and match its papers, and write down what came of each. Done once; for the log.

    `each`: how the parts are gone through, one after another.
    """
    with database.reading() as session:
        row = stored.one(session, arrival_id, SYSTEM)
        if row is None or row.state != State.WAITING:
            return "read before"
        call, office = stored_calls.call_of(session, row.call_version_id), row.office_id
        originals = [(one.position, one.name, one.digest) for one in row.files]
    opened: dict[int, arriving.Arrival] = {}
    each(originals, lambda one: opened.update({one[0]: arriving.received(one[1], files.get(one[2]))}))
    arrival = arriving.together([opened[position] for position, _, _ in originals])
    if said := _came_back(database, arrival, arrival_id, [digest for _, _, digest in originals], at):
        return said
    marks: dict[str, str] = {}
    each(arrival.items, lambda item: marks.update(_numbers(item)))
    with database.reading() as session:
        known = _known(stored.cases_numbered(session, office, call.number, set(marks.values())), marks)
    found = matching.matched(arrival, call, known)
    for one in found.cases:
        _as_written(one)
    rows = _rows(files, found)
    clean = [position for position, one in opened.items() if all(item.verdict.vetted for item in one.items)]
    with database.transaction() as session:
        row = stored.held(session, arrival_id)
        if row.state != State.WAITING:
            return "read before"
        papers = arrival.key if arrival.items else row.key.partition(":")[2]
        first = stored.first_with(session, row, papers)
        stored.put_contents(session, arrival_id, _cases(session, office, found), rows)
        stored.release(session, arrival_id, clean)
        letter = arrival.letters[0] if arrival.letters else arriving.Letter("", "", "")
        stored.change(
            session,
            arrival_id,
            state=str(State.REPEAT if first else State.READ),
            repeats_id=first.id if first else None,
            sender=letter.sender[:500],
            subject=letter.subject[:500],
            message_id=letter.message_id[:500],
            papers=papers,
            named=found.office[:160],
            lacks=[_lack(one) for one in found.lacks],
            answer=reply.text(found, call),
            read_at=at,
        )
        data = {
            "subject": letter.subject,
            "sender": letter.sender,
            "cases": len(found.cases),
            "papers": len(rows),
            "refused": [{"name": item.name, "sha256": item.verdict.received.sha256} for item, _ in found.refused],
            "repeats": first.id if first else None,
        }
        stored.note(session, row, "arrival.read", data, SYSTEM, at)
    return f"{len(found.cases)} cases, {len(rows)} papers, {len(found.refused)} refused"


def _came_back(
    database: Database, arrival: arriving.Arrival, arrival_id: int, digests: Sequence[str], at: datetime
) -> str:
    """Enter a mail that says that one of ours did not arrive as what it is; "" for all others.

    A report by the standard is never searched for papers: what lies in it is our own mail.
    """
    letter = arrival.letters[0] if len(arrival.letters) == 1 and len(digests) == 1 else None
    if letter is None or not letter.returned:
        return ""
    with database.transaction() as session:
        row = stored.held(session, arrival_id)
        about = bounces.note(session, letter.returned, digests[0], arrival=arrival_id, at=at)
        if about is None and not letter.returned.get("report"):
            return ""
        head = {"sender": letter.sender[:500], "subject": letter.subject[:500], "message_id": letter.message_id[:500]}
        stored.change(session, arrival_id, state=str(State.BOUNCE), read_at=at, **head)
        data = {"subject": letter.subject, "sender": letter.sender, "cases": 0, "papers": 0, "refused": []}
        stored.note(session, row, "arrival.read", data, SYSTEM, at)
    return f"{about or 0} mails came back"


_NUMBER = re.compile(r"(?<![A-Za-z0-9])\d{4}-[A-Za-z0-9]+(?:-[A-Za-z0-9]+){1,3}(?![A-Za-z0-9])")
"""A case's number in the name of a file, as the papers that are downloaded here are called."""


def _numbers(item: Item) -> Mapping[str, str]:
    """The number that a paper bears: in its code, where it is a scan of a print of ours, else in its name."""
    vetted, sha256 = item.verdict.vetted, item.verdict.received.sha256
    if vetted is None:
        return {}
    if item.verdict.slot == "scan":
        codes = {one.number for one in sighting.look(vetted.data).marks if one.kind == "form"}
        if len(codes) == 1:
            return {sha256: codes.pop()}
    named = _NUMBER.search(item.name)
    return {sha256: named[0].upper()} if named else {}


def _known(cases: Iterable[Case], marks: Mapping[str, str]) -> dict[str, Known]:
    by_number = {one.number.upper(): Known(one.number, one.title, one.centre.name) for one in cases}
    return {sha256: by_number[number] for sha256, number in marks.items() if number in by_number}


def _cases(session: Session, office: int | None, found: Matched) -> list[dict[str, Any]]:
    registered = stored.centres(session, office)
    return [
        {
            "number": one.number,
            "title": one.title[:300],
            "centre": one.centre[:300],
            "listed": one.line is not None or found.summary is None,
            "centre_id": centre.id if (centre := _centre(registered, one)) else None,
            "lacks": [_lack(lack) for lack in one.lacks],
            "said": [],
        }
        for one in found.cases
    ]


def _as_written(case: OneCase) -> None:
    """Call a case what its papers call it: what only a number names may be a draft that neither its office nor whoever
    wrote is to know more of."""
    written = (
        case.read.title if case.read else "",
        case.filled.values.get("title", "") if case.filled else "",
        case.line.title if case.line else "",
    )
    if case.number:
        case.title = next((one for one in written if one), case.number)
        case.centre = next(iter(_centres_written(case)), "")


def _centres_written(case: OneCase) -> list[str]:
    """What the papers call the centre: the document, the form, the summary table."""
    written = (
        case.read.centre_line if case.read else "",
        case.filled.values.get("centre", "") if case.filled else "",
        case.line.centre if case.line else "",
    )
    return [one for one in written if one]


def _centre(registered: Sequence[Centre], case: OneCase) -> Centre | None:
    """The registered centre whose name a case bears."""
    return next((one for name in _centres_written(case) for one in registered if same_name(one.name, name)), None)


def _lack(one: Lack) -> dict[str, str]:
    return {"rule": one.rule, "clause": one.clause, "zh": one.text.zh, "en": one.text.en}


def _rows(files: Files, found: Matched) -> list[dict[str, Any]]:
    """Every paper with what it was taken for; what is to be used of it is kept."""
    rows = []
    for at, case in enumerate(found.cases, 1):
        for use, item in (("document", case.document), ("form", case.form), ("scan", case.scan)):
            if item is not None:
                rows.append({**_paper(item, use), **_used(files, item), "case_position": at})
    for use, item in (("summary", found.summary), ("sealed_list", found.summary_scan)):
        if item is not None:
            rows.append({**_paper(item, use), **_used(files, item)})
    rows += [_paper(item, "aside", why) for item, why in found.aside]
    return rows + [_paper(item, "refused", why) for item, why in found.refused]


def _paper(item: Item, use: str, why: Text | None = None) -> dict[str, Any]:
    received, words = item.verdict.received, why or item.verdict.text
    return {
        "name": received.name,
        "inside": list(item.inside),
        "size": received.size,
        "sha256": received.sha256,
        "verdict": item.verdict.verdict,
        "code": item.verdict.code,
        "came_to": use,
        "case_position": None,
        "said": [[words.zh, words.en]],
        "media_type": "",
        "digest": "",
        "kept_size": 0,
    }


def _used(files: Files, item: Item) -> dict[str, Any]:
    kept = case_papers.kept_as(files, item.verdict)
    return {"media_type": kept.media_type, "digest": kept.digest, "kept_size": kept.size}


# ---- looking ---------------------------------------------------------------------------------------------------------


def find(session: Session, arrival_id: int, seen_by: Actor) -> Arrival:
    """One arrival within reach. Raises NoSuchArrival."""
    found = stored.one(session, arrival_id, seen_by)
    if found is None:
        raise NoSuchArrival(
            Text(
                "没有这份来件，或者它不在您的职责范围内。请从“来件登记”列表进入。",
                "There is no such arrival within your reach. Open it from the list of arrivals.",
            )
        )
    return found


def page(session: Session, seen_by: Actor, before: int | None = None) -> tuple[Sequence[Arrival], int | None]:
    """One page of the ledger, the newest first, and the key of the next. Raises NotPermitted for those without one."""
    check_reads(seen_by)
    found = stored.many(session, seen_by, before, PER_PAGE + 1)
    return found[:PER_PAGE], found[PER_PAGE - 1].id if len(found) > PER_PAGE else None


def newest_call(session: Session) -> int:
    """The version of the call under which things come in now. Raises WrongArrival where none is open."""
    versions = [version for version, _ in stored_calls.open_calls(session)]
    if not versions:
        raise WrongArrival(Text("还没有征集通知，不能登记来件。", "There is no call yet, so nothing can be taken in."))
    return versions[0]


def complete(arrival: Arrival) -> bool:
    """Whether nothing is lacking of it."""
    refused = any(one.came_to == "refused" for one in arrival.contents)
    return not (arrival.lacks or refused or any(one.lacks for one in arrival.cases))


def as_json(arrival: Arrival) -> dict[str, Any]:
    """An arrival as the ledger has it, under the same names as `zhengji intake --json` says."""
    named = {(one.case_position, one.came_to): one.name for one in arrival.contents}
    return {
        "arrival": arrival.id,
        "state": arrival.state,
        "repeats": arrival.repeats_id,
        "at": (arrival.repeats or arrival).at.isoformat(),
        "complete": complete(arrival),
        "office": arrival.named,
        "summary": named.get((None, "summary"), ""),
        "summary_scan": named.get((None, "sealed_list"), ""),
        "cases": [
            {
                "title": one.title,
                "centre": one.centre,
                "document": named.get((one.position, "document"), ""),
                "form": named.get((one.position, "form"), ""),
                "scan": named.get((one.position, "scan"), ""),
                "listed": one.listed,
                "findings": one.lacks,
            }
            for one in arrival.cases
        ],
        "unmatched": [_told(one) for one in arrival.contents if one.came_to == "aside"],
        "refused": [{**_told(one), "code": one.code} for one in arrival.contents if one.came_to == "refused"],
        "deficiencies": [
            *({"case": "", **lack} for lack in arrival.lacks),
            *({"case": one.title, **lack} for one in arrival.cases for lack in one.lacks),
        ],
    }


def _told(paper: Any) -> dict[str, Any]:
    [zh, en] = paper.said[0]
    return {"name": paper.name, "inside": paper.inside, "zh": zh, "en": en}


def kept(paper: Any) -> Kept:
    """A paper of an arrival as a file that was vetted and kept."""
    received = paper.sha256 if paper.sha256 != paper.digest else ""
    return Kept(paper.name, paper.media_type, paper.digest, paper.kept_size, received=received)


def slot_of(name: str) -> str:
    """The slot that a file of this name is judged for when it comes in by itself."""
    return slot_for(name) or "case"


def existing(session: Session, arrival: Arrival, line: Any) -> Case | None:
    """The case that is there already: of the number that the papers bear, else of this title at this centre."""
    call = stored_calls.call_of(session, arrival.call_version_id).number
    if line.number:
        return next(iter(stored.cases_numbered(session, arrival.office_id, call, [line.number])), None)
    if line.centre_id is None or not line.title:
        return None
    of_centre = stored.cases_of(session, line.centre_id, call)
    exact = [one for one in of_centre if one.title == line.title]
    near = exact or [one for one in of_centre if one.title and same_title(one.title, line.title)]
    return near[0] if len(near) == 1 else None


# ---- handing on ------------------------------------------------------------------------------------------------------


def may_hand_on(arrival: Arrival, actor: Actor) -> bool:
    """Whether this person may hand an arrival of the national office to the office that it comes from."""
    return arrival.office_id is None and arrival.state == State.READ and Role.DESK in actor.roles


def hand_on(session: Session, arrival_id: int, office: int, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Hand what came to the national office to an office, whose people then make drafts and a batch of it.

    Raises NoSuchArrival, NotPermitted, WrongArrival.
    """
    arrival = find(session, arrival_id, actor)
    earlier = stored.noted(session, "arrival.hand_on", op)
    if earlier is not None:
        return earlier
    if Role.DESK not in actor.roles:
        raise NotPermitted(
            Text("来件由国家局受理人转给主管部门。", "What came to the national office is handed on by its desk.")
        )
    named = next((one for one in stored_register.offices(session) if one.id == office), None)
    if named is None or not may_hand_on(stored.held(session, arrival_id), actor):
        raise WrongArrival(
            Text(
                "不能转：请选择主管部门；已经转过、还没有核对完或以前来过的来件不能再转。",
                "This cannot be handed on: choose an office; what was handed on, is not read yet or came before stays.",
            )
        )
    stored.change(session, arrival_id, office_id=office)
    data = {"office": named.addressee, "subject": arrival.subject}
    return stored.note(session, stored.held(session, arrival_id), "arrival.hand_on", data, actor, at, op=op)


def office_of(session: Session, arrival: Arrival) -> int | None:
    """The office from which an arrival seems to come: as its summary table or its subject names it, or by its address."""
    said = f"{arrival.named} {arrival.subject}"
    return next(
        (
            one.id
            for one in stored_register.offices(session)
            if any(name and name in said for name in (one.addressee, one.seal_name, one.ip_office))
            or (one.email and one.email in arrival.sender)
        ),
        None,
    )


def waiting(session: Session, actor: Actor) -> int:
    """How many arrivals of this person's ledgers nothing was made of yet; no more than `PER_PAGE` are counted."""
    own = places(actor)
    return stored.waiting(session, own, PER_PAGE) if own else 0


# ---- the answer ------------------------------------------------------------------------------------------------------


class NoAnswer(CannotServe):
    """There is nobody to answer, or no way to: what came in was no mail, or no sender is set (409)."""


_NO_SERVER = Text(
    "还没有设置邮件服务器或发件人，寄不出去。请下载 .eml，用邮件软件打开后发出。",
    "No mail server or no sender is set; download the .eml and send it from a mail program.",
)


def answer(arrival: Arrival, sender: str) -> bytes:
    """The answer as it leaves, the same bytes each time. Raises NoAnswer."""
    if not arrival.sender or not arrival.answer or arrival.read_at is None:
        raise NoAnswer(
            Text(
                "来件不是邮件，没有可以答复的地址。请下载答复文字另行告知。",
                "What came in was no mail, so there is no address to answer; download the text instead.",
            )
        )
    try:
        return reply.as_mail(
            arrival.answer,
            sender=sender,
            to=arrival.sender,
            subject=arrival.subject,
            key=hashlib.sha256(arrival.key.encode()).hexdigest(),
            at=arrival.read_at,
        )
    except ValueError as problem:
        raise NoAnswer(
            Text(
                "发件人的地址不是有效的邮件地址，不能直接答复。请下载答复文字另行告知。",
                "The sender's address is none that can be written to; download the text instead.",
            )
        ) from problem


def ask_answer(session: Session, arrival_id: int, sender: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Have the answer sent as it was shown. `sender` "": no mail can leave. Raises NoSuchArrival, NotPermitted, NoAnswer."""
    arrival = find(session, arrival_id, actor)
    check_takes_in(actor, arrival.office_id)
    earlier = stored.noted(session, "arrival.answer", op)
    if earlier is not None:
        return earlier
    if not sender:
        raise NoAnswer(_NO_SERVER)
    made = answer(arrival, sender)
    message_id = str(email.message_from_bytes(made)["Message-ID"])
    data = {"subject": arrival.subject, "to": arrival.sender, "sha256": hashlib.sha256(made).hexdigest()}
    receipt = stored.note(session, arrival, "arrival.answer", data, actor, at, op=op)
    stored.change(session, arrival_id, answer_id=message_id)
    enqueue(session, "mail_answer", f"mail_answer/{arrival_id}", arrival_id)
    return receipt


def send_answer(database: Database, mailer: Mailer, arrival_id: int) -> str:
    """Hand the answer over, once; the server's words. Raises MailRefused, NoAnswer."""
    mailer.check()
    with database.reading() as session:
        made = answer(find(session, arrival_id, SYSTEM), mailer.sender)
    return mailer.send(made)


def answered(session: Session, arrival: Arrival) -> SentMail | None:
    """What the mail server was handed as the answer, with its reply."""
    return stored_mail.handed_over(session, arrival.answer_id) if arrival.answer_id else None


# ---- taking out ------------------------------------------------------------------------------------------------------


def original(
    database: Database, files: Files, arrival_id: int, position: int, *, actor: Actor, at: datetime
) -> tuple[str, bytes]:
    """An original in which nothing was refused; that it was taken out goes on record.

    Raises NoSuchArrival, also for one that is quarantined or was thrown away.
    """
    return _out(database, files, arrival_id, lambda row: row.files, position, actor, at)


def paper(
    database: Database, files: Files, arrival_id: int, position: int, *, actor: Actor, at: datetime
) -> tuple[str, bytes]:
    """One paper that is to be used, as it was judged; that it was taken out goes on record. Raises NoSuchArrival."""
    return _out(database, files, arrival_id, lambda row: row.contents, position, actor, at)


def _out(
    database: Database,
    files: Files,
    arrival_id: int,
    among: Callable[[Arrival], Sequence[Any]],
    position: int,
    actor: Actor,
    at: datetime,
) -> tuple[str, bytes]:
    with database.transaction() as session:
        row = find(session, arrival_id, actor)
        one = next((one for one in among(row) if one.position == position), None)
        if one is None or not one.digest or one.erased_at is not None or getattr(one, "quarantined", False):
            raise NoSuchArrival(
                Text("没有这个文件，或者它在隔离区。", "There is no such file, or it is in quarantine.")
            )
        name, digest = one.name, one.digest
        stored.note(session, row, "arrival.open", {"name": name, "sha256": digest}, actor, at)
    return name, files.get(digest)


# ---- quarantine ------------------------------------------------------------------------------------------------------


def _check_administrator(actor: Actor) -> None:
    if Role.ADMINISTRATOR not in actor.roles:
        raise NotPermitted(
            Text(
                "隔离区的文件可能有害，只给管理员查看。",
                "What is quarantined may do harm; it is the administrator's alone to look at.",
            )
        )


def quarantined(
    session: Session, actor: Actor, before: int | None = None
) -> tuple[Sequence[tuple[Arrival, ArrivalFile]], int | None]:
    """Originals that hold something refused, the newest first, and the key of the next page. Raises NotPermitted."""
    _check_administrator(actor)
    found = stored.quarantined(session, before, PER_PAGE + 1)
    return found[:PER_PAGE], found[PER_PAGE - 1][0].id if len(found) > PER_PAGE else None


def from_quarantine(
    database: Database, files: Files, arrival_id: int, position: int, *, actor: Actor, at: datetime
) -> tuple[str, bytes]:
    """An original that was refused, or holds something that was: name and bytes; that it was taken goes on record.

    Raises NotPermitted, NoSuchArrival.
    """
    _check_administrator(actor)
    with database.transaction() as session:
        found = stored.quarantined_one(session, arrival_id, position)
        if found is None:
            raise NoSuchArrival(Text("隔离区没有这个文件。", "There is no such file in quarantine."))
        arrival, file = found
        name, digest = file.name, file.digest
        data = {"name": name, "sha256": digest}
        stored.note(session, arrival, "arrival.open_quarantined", data, actor, at)
    return f"{name}.quarantined", files.get(digest)
