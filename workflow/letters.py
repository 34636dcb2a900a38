"""Mails that tell centres and offices what became of their cases: whom, in which words, held for how long.

A mail is rendered here and nowhere else: what the rehearsal of an act shows is what leaves.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from rules.call import BEIJING, Recommender
from rules.roles import Level, Role
from rules.words import Labelled, Text
from states.case import CASE
from states.reach import Actor
from workflow import mailing
from workflow.audit import actions
from workflow.documents import mail as paper
from workflow.documents.vetting import clean_name
from workflow.engine import Attempt, NoSuchThing
from workflow.identity.stand_ins import Presence
from workflow.jobs.queue import enqueue
from workflow.store import letters as stored
from workflow.store.calls import call_of
from workflow.store.database import Database
from workflow.store.models import Letter, LetterLine

_CENTRE, _OFFICE, _BOTH = (Level.CENTRE,), (Level.OFFICE,), (Level.CENTRE, Level.OFFICE)
_EDITORS = (Level.NATIONAL,)


@dataclass(frozen=True)
class Told:
    """A step that people are told of. `to`: whom. `came`: what became of the cases. `next`: what comes now.

    `act`: what a centre did that is no step of a case.
    """

    to: tuple[Level, ...]
    came: Text
    next: Text = Text("", "")
    act: Text | None = None


TOLD: Mapping[str, Told] = {
    "return_to_centre": Told(
        _CENTRE,
        Text("已退回中心修改", "returned to the centre"),
        Text("请修改后由盖章人重新报送。", "Please change them and have them sent again."),
    ),
    "return_to_office": Told(
        _OFFICE,
        Text("已退回推荐单位", "returned to whoever recommended them"),
        Text("处理之后可以另行组批重新报送。", "Once settled they can be sent again in another batch."),
    ),
    "turn_back": Told(
        _CENTRE,
        Text("已退回中心修改", "returned to the centre"),
        Text("请修改后重新报送。", "Please change them and send them again."),
    ),
    "shortlist": Told(
        _BOTH,
        Text("已入选", "shortlisted"),
        Text(
            "公开发布之前，请中心取得服务对象和作者的书面同意并登记。",
            "Before publication the centre obtains and records the written consent of the served party and the author.",
        ),
    ),
    "unshortlist": Told(_BOTH, Text("已撤销入选", "taken off the shortlist")),
    "pass_over": Told(_BOTH, Text("未入选", "not selected")),
    "take_up": Told(_BOTH, Text("重新进入遴选", "taken up again")),
    "publish": Told(_BOTH, Text("已公开发布", "published")),
    "retract": Told(_BOTH, Text("已撤下发布", "retracted")),
    "republish": Told(_BOTH, Text("已重新发布", "published again")),
    "migrate": Told(
        _BOTH,
        Text("已转到征集通知的另一个版本", "moved to another version of the call"),
        Text("对每个案例有什么变化，见案例页面的留痕。", "What changes for each is in the history on its page."),
    ),
    "consent_taken_back": Told(
        _EDITORS,
        Text("不再公开显示", "no longer shown to the public"),
        Text(
            "公开页面已只留说明。请与中心联系，撤下发布；或等中心重新登记同意，即恢复显示。",
            "Its page shows a notice only. Ask the centre and retract it; or it is shown again once the centre records consent.",
        ),
        Text("撤回公开同意", "Taking back consent to publication"),
    ),
    "consent_given_again": Told(
        _EDITORS,
        Text("恢复公开显示", "shown to the public again"),
        act=Text("重新登记公开同意", "Recording consent to publication again"),
    ),
}
"""Step → who is told of it, and how. Of the other steps nobody is: the next hand finds them under “我的工作”."""

NEUTRAL = {"return_to_office": Text("退回推荐单位", "Return to whoever recommended")}
"""What a step is called where cases of calls of several routes may be meant: in a mail, and taken on many at once."""
_PUBLIC = ("publish", "republish")
INSTEAD = Text(
    "这些案例由您代{absent}办理：登录后先在“我的账号—代办”中开始代办。",
    "You stand in for {absent} here: begin to under “My account – Standing in”.",
)
"""What a mail says to whoever stands in, so that they find the cases."""


class NoSuchLetter(NoSuchThing):
    """There is no such mail for this person (404)."""


@dataclass(frozen=True)
class Posting:
    """When mails leave, and what they belong to. `key`: "" for the receipt of the one step that causes them."""

    due: datetime
    key: str = ""


class Where(Labelled):
    """What became of a mail."""

    HELD = "held", "保留中", "Held"
    DROPPED = "dropped", "已截下，不寄", "Held back, not sent"
    LEAVING = "leaving", "等待寄出", "About to leave"
    SENT = "sent", "已寄出", "Sent"
    BY_HAND = "by_hand", "未设邮件服务器，请下载后寄出", "No mail server is set: download it and send it by hand"


@dataclass(frozen=True)
class About:
    """One case in a mail. `remark`: what is said of it alone."""

    id: int
    number: str
    title: str
    remark: str = ""


@dataclass(frozen=True)
class Mail:
    """One mail to one recipient: a person by account, or an office by its own address.

    `absent`: the name of whom that person stands in for, where it is to the other that it would go alone.
    """

    name: str
    address: str
    step: str
    unit: str
    at: datetime
    cases: tuple[About, ...]
    remark: str = ""
    new_day: date | None = None
    person_id: int | None = None
    office_id: int | None = None
    absent_id: int | None = None
    absent: str = ""

    @property
    def whom(self) -> str:
        """Who gets it: “A 代 B” where A stands in for B."""
        return f"{self.name} 代 {self.absent}" if self.absent else self.name

    @property
    def subject(self) -> str:
        instead = f"代{self.absent}办理，" if self.absent else ""
        return f"征集系统：{instead}{len(self.cases)} 个案例{TOLD[self.step].came.zh}"

    def body(self, site: str) -> str:
        """The words, in Chinese and then in English. `site`: the address under which the system is reached."""
        told, day = TOLD[self.step], self.at.astimezone(BEIJING)
        label = NEUTRAL.get(self.step) or called(self.step)
        number = len(self.cases)
        zh = [
            f"{self.name}，您好！",
            "",
            f"{self.unit}于 {day.year} 年 {day.month} 月 {day.day} 日办理“{label.zh}”。下列 {number} 个案例{told.came.zh}：",
            "",
            *self._listed(site),
            "",
            *([f"理由：{self.remark}", ""] if self.remark else []),
            *([f"重新报送的截止日：{self.new_day.isoformat()}", ""] if self.new_day else []),
            *([told.next.zh, ""] if told.next.zh else []),
            *([INSTEAD.zh.format(absent=self.absent), ""] if self.absent else []),
            "详细情况和回执，请登录后在案例页面查看。本邮件由系统发出，不必回复。",
            "",
        ]
        cases = f"{number} case{'' if number == 1 else 's'}"
        en = [
            f"On {day:%Y-%m-%d} {self.unit} took the step “{label.en}”. The {cases} listed above {_be(number)} {told.came.en}.",
            *([f"Reason: {self.remark}"] if self.remark else []),
            *([f"New last day for sending again: {self.new_day.isoformat()}"] if self.new_day else []),
            *([told.next.en] if told.next.en else []),
            *([INSTEAD.en.format(absent=self.absent)] if self.absent else []),
            "Details and receipts are on the page of each case, once signed in. Sent by the system; no reply is needed.",
            "",
        ]
        return "\n".join([*zh, *en])

    def _listed(self, site: str) -> Iterable[str]:
        for place, one in enumerate(self.cases, 1):
            page = f"public/{one.number}" if self.step in _PUBLIC else f"cases/{one.id}"
            yield f"{place}. {one.number} 《{one.title}》 {site.rstrip('/')}/{page}"
            if one.remark:
                yield f"   反馈 Feedback: {one.remark}"


def called(step: str) -> Text:
    """What a step is called, or what a centre did that people are told of."""
    told = TOLD.get(step)
    return told.act if told and told.act else actions.label(f"case.{step}")


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


# ---- who is told -----------------------------------------------------------------------------------------------------


def due_for(
    session: Session,
    rows: Sequence[Any],
    step: str,
    actor: Actor,
    *,
    each: Mapping[int, str] | None = None,
    **said: Any,
) -> list[Mail]:
    """The mails that a step on these cases causes, one for each recipient; none to whoever takes it. Three queries.

    `each`: case → what is said of it alone.

    A centre: the case's author and the centre's sealers. An office: its reviewers, and where none of them has an
    address the office's own. The national office: its editors. Whoever stands in for one of them gets one as well, while
    the absence lasts.
    `said`: `at`, `remark`, `new_day`.
    """
    told = TOLD.get(step)
    if told is None or not rows:
        return []
    offices = stored.offices(session, {row.office_id for row in rows})
    known = _Holders(session, rows, told.to, said["at"])
    mails: dict[tuple[_Recipient, str], list[About]] = defaultdict(list)
    for row in rows:
        unit = _unit(session, row, step, offices)
        itself = call_of(session, row.call_version_id).route.recommended_by is Recommender.SELF
        unknown = itself or row.first_stamped_at is None  # to its office: it reaches nothing that was never stamped
        to = tuple(one for one in told.to if one is not Level.OFFICE) if unknown else told.to
        for recipient in _recipients(row, to, known, offices):
            if recipient.person_id != actor.id:
                mails[recipient, unit].append(About(row.id, row.number, row.title, (each or {}).get(row.id, "")))
    return [
        Mail(step=step, unit=unit, cases=tuple(about), **recipient._asdict(), **said)
        for (recipient, unit), about in mails.items()
    ]


class _Recipient(NamedTuple):
    """Somebody with an address. `absent_id`, `absent`: whom they stand in for."""

    name: str
    address: str
    person_id: int | None = None
    office_id: int | None = None
    absent_id: int | None = None
    absent: str = ""


class _Holders:
    """Who holds which role where, and who stands in for whom."""

    def __init__(self, session: Session, rows: Sequence[Any], levels: Collection[Level], at: datetime) -> None:
        self._at: dict[tuple[str, int | None], list[Any]] = defaultdict(list)
        centres, offices = ({getattr(row, name) for row in rows} for name in ("centre_id", "office_id"))
        found = stored.editors(session) if Level.NATIONAL in levels else stored.holders(session, centres, offices)
        for one in found:
            self._at[one.role, one.centre_id or one.office_id].append(one)
        self._lent: dict[tuple[int, str], list[_Recipient]] = defaultdict(list)
        for one, grant in Presence(session, at).lent():
            instead = _Recipient(one.person.name, one.person.email, one.person_id, None, one.absent_id, one.absent.name)
            self._lent[one.absent_id, str(grant.role)].append(instead)

    def of(self, role: Role, unit: int | None, only: int | None = None) -> Iterable[_Recipient]:
        """Those with a role, or only one of them; each followed by whoever stands in. Some have no address."""
        for one in self._at[str(role), unit]:
            if only is None or one.id == only:
                yield _Recipient(one.name, one.email, one.id)
                yield from self._lent[one.id, str(role)]


def _recipients(
    row: Any, levels: Collection[Level], known: _Holders, offices: Mapping[int, Any]
) -> Iterable[_Recipient]:
    centre, office = [], offices[row.office_id]
    if Level.CENTRE in levels:
        centre = [
            *known.of(Role.AUTHOR, row.centre_id, only=row.author_id),
            *known.of(Role.SEALER, row.centre_id),
        ]
    reviewers = [one for one in known.of(Role.REVIEWER, row.office_id) if one.address] if Level.OFFICE in levels else []
    editors = known.of(Role.EDITOR, None) if Level.NATIONAL in levels else ()
    people: dict[int | None, _Recipient] = {}
    for one in sorted([*centre, *reviewers, *editors], key=lambda one: one.absent != ""):  # one's own mail comes first
        if one.address:
            people.setdefault(one.person_id, one)
    yield from people.values()
    if Level.OFFICE in levels and not reviewers and office.email:
        yield _Recipient(office.addressee, office.email, office_id=office.id)


def _unit(session: Session, row: Any, step: str, offices: Mapping[int, Any]) -> str:
    """Who took the step, as the others know it."""
    if TOLD[step].act:
        return str(row.centre_name)
    transition = CASE.named(step)
    if transition is not None and transition.by[0].level is Level.OFFICE:
        return str(offices[row.office_id].addressee)
    return call_of(session, row.call_version_id).issuer.zh


# ---- held, dropped, let go -------------------------------------------------------------------------------------------


def follow(session: Session, tried: Sequence[tuple[Any, Attempt]], posting: Posting | None) -> None:
    """Keep the mails that steps just taken cause, and queue their leaving, in the same transaction.

    Where the step takes another one back whose mail is still held, that is dropped instead, and nobody hears of either.
    """
    done = [(row, one) for row, one in tried if one.done]
    if not done or done[0][1].transition.name not in TOLD:
        return
    first = done[0][1]
    step = first.transition.name
    back = [one.name for one in CASE.transitions if one.undone_by == step]
    dropped = stored.drop(session, [row.id for row, _ in done], back, first.at)
    new_day = first.facts.new_day if step in ("return_to_office", "turn_back") else None
    rows = [row for row, _ in done if row.id not in dropped]
    remark, each = said_of({row.id: one.remark for row, one in done})
    mails = due_for(session, rows, step, first.actor, each=each, at=first.at, remark=remark, new_day=new_day)
    sent = posting or Posting(datetime.now(UTC))
    _keep(session, mails, sent.key or (first.receipt.number if first.receipt else ""), sent.due, first.actor)


def tell(
    session: Session, rows: Sequence[Any], step: str, actor: Actor, *, at: datetime, remark: str, key: str
) -> None:
    """Tell at once what became of these cases by an act that is no step of their lifecycle, in the same transaction."""
    _keep(session, due_for(session, rows, step, actor, at=at, remark=remark), key, datetime.now(UTC), actor)


def _keep(session: Session, mails: Sequence[Mail], key: str, due: datetime, actor: Actor) -> None:
    if not mails:
        return
    stored.add(session, key, due, actor.id, [_new(one) for one in mails])
    wait = max(0.0, (due - datetime.now(UTC)).total_seconds())
    enqueue(session, "mail_letters", f"mail_letters/{key}", key, after=wait)


def said_of(remarks: Mapping[int, str]) -> tuple[str, Mapping[int, str]]:
    """What is said to all in a mail, and case by case where it is not the same of each."""
    different = set(remarks.values())
    return (different.pop(), {}) if len(different) == 1 else ("", remarks)


def _new(mail: Mail) -> stored.New:
    return stored.New(
        mail.step,
        mail.remark,
        mail.new_day,
        mail.unit,
        mail.at,
        mail.person_id,
        mail.office_id,
        mail.absent_id,
        [(one.id, one.remark) for one in mail.cases],
    )


def send(
    database: Database,
    mailer: mailing.Mailer,
    site: str,
    posting: str,
    each: Callable[[Sequence[int], Callable[[int], object]], None],
    *,
    at: datetime,
) -> str:
    """Let the mails of a posting go, and hand each to the mail server, once. Without a server they wait to be fetched.

    `each` does one after another. Raises MailRefused.
    """
    with database.transaction() as session:
        letters = stored.release(session, posting, at)
    if not mailer.configured:
        return "no mail server is set"
    each(letters, lambda letter: _send(database, mailer, site, letter))
    return f"{len(letters)} mails"


def _send(database: Database, mailer: mailing.Mailer, site: str, letter_id: int) -> None:
    with database.reading() as session:
        letter = stored.one(session, letter_id)
        mail = _mail(letter) if letter else None
        if letter is None or mail is None or not mail.address:
            return  # an account that has lost its address, or its step
        data = _composed(letter, mail, mailer.sender, site)
    mailer.send(data)


def _composed(letter: Letter, mail: Mail, sender: str, site: str) -> bytes:
    return paper.compose(
        sender=sender,
        to=mail.address,
        subject=mail.subject,
        body=mail.body(site),
        attachments=[],
        message_id=_message_id(letter),
        at=letter.at,
    )


def _message_id(letter: Letter) -> str:
    digest = hashlib.sha256(f"{letter.posting} {letter.id} {letter.at.isoformat()}".encode()).hexdigest()[:24]
    return f"<letter-{digest}@zhengji>"


def _mail(letter: Letter) -> Mail | None:
    """The mail as it leaves now; None when all its cases were taken out."""
    left = [one for one in letter.lines if one.dropped_at is None]
    return _of(letter, left) if left else None


def _of(letter: Letter, lines: Sequence[LetterLine]) -> Mail:
    name, address = "", ""
    if letter.person is not None:
        name, address = letter.person.name, letter.person.email if letter.person.active else ""
    elif letter.office is not None:
        name, address = letter.office.addressee, letter.office.email
    return Mail(
        name,
        address,
        letter.trigger,
        letter.unit,
        letter.at,
        tuple(About(one.case_id, one.case.number, one.case.title, one.remark) for one in lines),
        letter.remark,
        letter.new_day,
        letter.person_id,
        letter.office_id,
        letter.absent_id,
        letter.absent.name if letter.absent else "",
    )


# ---- looked at -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A mail that was caused: as it leaves, or as it would have; and what became of it. `until`: while it is held.

    `by`: whose step caused it.
    """

    id: int
    by: int
    mail: Mail
    where: Where
    until: datetime
    sent_at: datetime | None


def of_posting(session: Session, posting: str, *, configured: bool) -> list[Kept]:
    """The mails of one posting. `configured`: whether there is a mail server."""
    return _kept(session, stored.of_posting(session, posting), configured)


_NEWEST = 20


def of_case(session: Session, case_id: int, *, configured: bool) -> list[Kept]:
    """The newest mails about one case."""
    return _kept(session, stored.of_case(session, case_id, _NEWEST), configured)


def _kept(session: Session, letters: Sequence[Letter], configured: bool) -> list[Kept]:
    sent = stored.sent(session, [_message_id(one) for one in letters])
    made = []
    for one in letters:
        mail, at = _mail(one), sent.get(_message_id(one))
        made.append(
            Kept(one.id, one.by_id, mail or _of(one, one.lines), _where(one, mail, at, configured), one.due_at, at)
        )
    return made


def _where(letter: Letter, mail: Mail | None, sent_at: datetime | None, configured: bool) -> Where:
    if sent_at is not None:
        return Where.SENT
    if mail is None:
        return Where.DROPPED
    if letter.released_at is None:
        return Where.HELD
    return Where.LEAVING if configured else Where.BY_HAND


def as_file(session: Session, letter_id: int, *, actor: Actor, sender: str, site: str) -> tuple[str, bytes, Mail]:
    """One mail as .eml, for whoever took the step: its name, its bytes, and what is in it.

    Raises NoSuchLetter where it is not there for this person, or was held back.
    """
    letter = stored.one(session, letter_id)
    mail = _mail(letter) if letter is not None and letter.by_id == actor.id else None
    if letter is None or mail is None or not mail.address:
        raise NoSuchLetter(Text("没有这封邮件，或者它已被截下。", "There is no such mail, or it was held back."))
    return clean_name(f"{mail.subject}_{mail.name}.eml"), _composed(letter, mail, sender, site), mail
