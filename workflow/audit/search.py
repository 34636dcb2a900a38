"""Reading the trail: who did what, when, in which role, and why it was refused; within reach, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby, islice
from typing import Any, Protocol

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call, Window
from rules.facts import Ruling
from rules.phase import before_phase_deadline
from rules.roles import Level, Role
from rules.rule import Finding
from rules.words import Text
from states.batch import BATCH
from states.case import CASE
from states.reach import Actor
from workflow.audit.actions import ACTIONS, GROUPS, label, label_under, state_label
from workflow.audit.canonical import event_hash
from workflow.engine import NoSuchThing, Outcome
from workflow.identity.sign_in import Means
from workflow.jobs.kinds import KINDS
from workflow.store import calls as stored_calls
from workflow.store import log
from workflow.store import search as stored
from workflow.store.models import Case
from workflow.store.search import Event

PER_PAGE = 40


class NoSuchEvent(NoSuchThing):
    """Not there, or out of reach, which is the same (404)."""


_NO_EVENT = Text(
    "没有这条留痕，或者它不在您的职责范围内。请从“留痕”列表进入。",
    "There is no such entry within your reach. Open it from the trail.",
)


@dataclass(frozen=True)
class Filters:
    """How the trail is narrowed, as people say it; empty means all. Days are Beijing days, both included.

    `between`: two sizes of the log, such as 12-40: what came in after its first 12, up to the 40th.
    """

    person: str = ""
    number: str = ""
    action: str = ""
    outcome: str = ""
    first: date | None = None
    last: date | None = None
    receipt: str = ""
    between: str = ""


@dataclass(frozen=True)
class Entry:
    """One entry of the trail, in words."""

    uid: int
    at: datetime
    who: str
    action: str
    what: Text
    outcome: Outcome
    number: str
    hash: str
    role: Role | None = None
    source: Text | None = None
    target: Text | None = None
    remark: str = ""
    findings: tuple[Finding, ...] = ()
    detail: Text | None = None
    case: Case | None = None
    batch_id: int | None = None
    batch_number: str = ""
    from_state: str = ""
    to_state: str = ""
    roles: tuple[Role, ...] = ()
    """All roles of somebody who looked at something."""
    person: int = 0
    """Who did it, by the id of the account; 0: the system."""

    @property
    def done(self) -> bool:
        return self.outcome is Outcome.DONE


@dataclass(frozen=True)
class Page:
    """One page of the trail. `after`: the key with which the next, older page is asked for, "" at the end."""

    entries: Sequence[Entry]
    after: str


def page(session: Session, actor: Actor, filters: Filters, after: str = "", limit: int = PER_PAGE) -> Page:
    """Entries within reach, the newest first, by keyset."""
    found = stored.page(session, actor, _wanted(filters), _before(after), limit + 1)
    return _page(session, actor, found, limit)


def looked_at(session: Session, actor: Actor, case_id: int, after: str = "", limit: int = PER_PAGE) -> Page:
    """Who looked at what is personal in a case, opened its files or took data away; within reach, the newest first."""
    return _page(session, actor, stored.looked_at(session, actor, case_id, _before(after), limit + 1), limit)


def _before(after: str) -> int | None:
    return int(after) if after.isascii() and after.isdigit() and len(after) < 16 else None


def _page(session: Session, actor: Actor, found: Sequence[Event], limit: int) -> Page:
    shown = found[:limit]
    return Page(_entries(session, actor, shown), str(shown[-1].uid) if len(found) > limit else "")


def count(session: Session, actor: Actor, filters: Filters, most: int) -> int:
    """How many entries within reach fit, counted up to `most` + 1: a long trail is not read through for a number."""
    return stored.count(session, actor, _wanted(filters), most)


def _wanted(filters: Filters) -> stored.Wanted:
    of_group = tuple(one for one in ACTIONS if filters.action.endswith(".") and one.startswith(filters.action))
    return stored.Wanted(
        filters.person,
        filters.number,
        of_group or ((filters.action,) if filters.action in ACTIONS else ()),
        filters.outcome if filters.outcome in list(Outcome) else "",
        _midnight(filters.first) if filters.first else None,
        _midnight(filters.last + timedelta(days=1)) if filters.last else None,
        filters.receipt,
        places(filters.between),
    )


def places(between: str) -> tuple[int, int] | None:
    """The two sizes of the log that somebody wrote down; None for what are none."""
    found = re.fullmatch(r"([0-9]{1,15})-([0-9]{1,15})", between)
    return (int(found[1]), int(found[2])) if found else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BEIJING)


@dataclass(frozen=True)
class Group:
    """Actions about one kind of thing. `id`: what narrows the trail to all of them."""

    id: str
    label: Text
    actions: tuple[tuple[str, Text], ...]


_ABOUT_CASES = (
    "case",
    "document",
    "reading",
    "export",
    "batch",
    "arrival",
    "push",
    "bulk",
    "call",
    "prior",
    "judgement",
    "judging",
)


def groups(session: Session, actor: Actor) -> list[Group]:
    """What the trail can be narrowed to: for the auditor everything, for others what is about their work.

    Steps are called as the calls that there are call them; where they differ, by each of their words.
    """
    calls = [one for _, one in stored_calls.open_calls(session)]
    decides = ("decision", "objection") if actor.roles & {Role.DESK, Role.DIRECTOR} else ()
    names = tuple(GROUPS) if Role.AUDITOR in actor.roles else (*_ABOUT_CASES, *decides)
    return [
        Group(
            f"{name}.",
            GROUPS[name],
            tuple((action, label_under(action, calls)) for action in ACTIONS if action.startswith(f"{name}.")),
        )
        for name in names
    ]


# ---- one entry -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Whole:
    """One entry with all that its hash covers.

    `intact`: the hash computed anew is the one kept. `withheld`: what is about other offices would be left
    out of `body`; it is said whether there was anything or not. `algorithm`: the hash, "sha256" or "sm3".
    """

    entry: Entry
    body: str
    stream: str
    previous_hash: str | None
    private: str | None
    intact: bool
    withheld: bool
    algorithm: str
    before: int | None = None
    after: int | None = None


def one(session: Session, actor: Actor, uid: int) -> Whole:
    """One entry within reach. Raises NoSuchEvent."""
    event = stored.one(session, actor, uid)
    if event is None:
        raise NoSuchEvent(_NO_EVENT)
    [entry] = _entries(session, actor, [event])
    shown = _within_reach(session, actor, [event])[0]
    before, after = stored.beside(session, actor, event)
    return Whole(
        entry,
        json.dumps(shown.body, ensure_ascii=False, indent=2, sort_keys=True),
        event.stream,
        event.prev_hash,
        event.priv,
        event_hash(log.algorithm(session), event.prev_hash, event.priv, event.text) == event.hash,
        _may_be_withheld(session, actor, event),
        log.algorithm(session),
        before,
        after,
    )


@dataclass(frozen=True)
class Day:
    """What happened on one day in Beijing, in order."""

    day: date
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Course:
    """The course of one case. `after`: the key with which later entries are asked for, "" at the end."""

    days: Sequence[Day]
    after: str


AT_ONCE = 200
"""Entries of one case's course on one page."""


def course(session: Session, actor: Actor, case_id: int, after: str = "") -> Course:
    """All that is within reach about a case in all its streams, its batches' included, the oldest first, day by day."""
    found = stored.of_case(session, actor, case_id, _before(after) or 0, AT_ONCE + 1)
    entries = _entries(session, actor, found[:AT_ONCE])
    days = groupby(entries, key=lambda one: one.at.astimezone(BEIJING).date())
    more = str(found[AT_ONCE - 1].uid) if len(found) > AT_ONCE else ""
    return Course([Day(day, list(many)) for day, many in days], more)


@dataclass(frozen=True)
class Thread:
    """Entries within reach about one thing, the oldest first. `thing`: the stream of its transitions, such as case/7.

    `name`: the number of a case or batch, else the stream. `steps`: each as kept, without what is another office's, and
    in words.
    """

    thing: str
    name: str
    steps: Sequence[tuple[Event, Entry]]


def threads(session: Session, actor: Actor, filters: Filters, most: int | None = None) -> Iterator[Thread]:
    """All that fits within reach (the newest `most`), thing by thing, read while it is asked for; cases come first.

    What happened to a case stands in one thread, in whichever stream it is kept: its papers, its pushes, refused tries.
    """
    found = stored.in_threads(session, actor, _wanted(filters), most)

    def told() -> Iterator[tuple[Event, Entry]]:
        while events := list(islice(found, _TOGETHER)):
            within = _within_reach(session, actor, events)
            yield from zip(within, _told(session, within), strict=True)

    def thing(step: tuple[Event, Entry]) -> str:
        event = step[0]
        return _thing(event.stream) if event.case_id is None else f"case/{event.case_id}"

    for one, many in groupby(told(), thing):
        steps = sorted(many, key=lambda step: step[0].uid)
        entry = steps[0][1]
        yield Thread(one, entry.case.number if entry.case else entry.batch_number or one, steps)


_TOGETHER = 500
"""Entries that are put in words together."""


def numbered(session: Session, actor: Actor, number: str) -> int:
    """The uid of the entry of a receipt's number, such as case/7#3. Raises NoSuchEvent."""
    stream, _, seq = number.strip().rpartition("#")
    fits = seq.isascii() and seq.isdigit() and len(seq) < 16
    uid = stored.numbered(session, actor, stream, int(seq)) if fits else None
    if uid is None:
        raise NoSuchEvent(_NO_EVENT)
    return uid


def of_stream(session: Session, stream: str) -> list[Entry]:
    """Everything in one stream, the newest first; whoever asks must be allowed to read all of it."""
    return [_entry(event) for event in stored.of_stream(session, stream)]


def _entries(session: Session, actor: Actor, events: Sequence[Event]) -> list[Entry]:
    return _told(session, _within_reach(session, actor, events))


def _told(session: Session, events: Sequence[Event]) -> list[Entry]:
    """Entries in words, of which nothing is another office's any more; a case's steps in those of the call it lives under."""
    cases = stored.cases(session, [event.case_id for event in events if event.case_id is not None])
    batches = stored.batches(session, {_thing(event.stream) for event in events if event.stream.startswith("batch/")})
    entries = []
    for event in events:
        batch, case = batches.get(_thing(event.stream)), cases.get(event.case_id or 0)
        call = stored_calls.call_of(session, case.call_version_id) if case else None
        entries.append(
            replace(
                _entry(event, call),
                case=case,
                batch_id=batch.id if batch else None,
                batch_number=batch.number if batch else "",
            )
        )
    return entries


def _thing(stream: str) -> str:
    """The stream of the thing itself: case/7 of case/7/tries."""
    return "/".join(stream.split("/")[:2])


def _entry(event: Event, call: Call | None = None) -> Entry:
    body = event.body
    return Entry(
        uid=event.uid,
        at=event.at,
        who=body["actor"]["name"],
        action=event.action,
        what=label(event.action, call),
        outcome=Outcome.of(event.outcome),
        number=f"{event.stream}#{event.seq}",
        hash=event.hash,
        role=Role.of(body["role"]) if body.get("role") and event.action not in _ABOUT_ROLES else None,
        source=state_label(event.action, body.get("from_state", ""), call),
        target=state_label(event.action, body.get("to_state", ""), call),
        from_state=body.get("from_state", ""),
        to_state=body.get("to_state", ""),
        remark=body.get("remark", "") or body.get("reason", ""),
        findings=tuple(Finding.from_json(one) for one in body.get("findings", ())),
        detail=_detail(event.action, body),
        roles=tuple(Role.of(one) for one in body.get("roles", ())),
        person=body["actor"]["id"],
    )


_ABOUT_ROLES = frozenset({"person.grant", "person.revoke"})
"""Here the role is what is given or taken, not the one in which somebody acts."""

_SLOTS = {
    "case": Text("案例正文", "case document"),
    "form": Text("报送表", "report form"),
    "scan": Text("报送表扫描件", "scan of the report form"),
    "summary": Text("汇总表扫描件", "scan of the summary table"),
    "picture": Text("图片", "pictures"),
    "attachment": Text("附件", "attachments"),
}


def _detail(action: str, body: Mapping[str, Any]) -> Text | None:
    """What an entry says besides who, what and why; None where that is all."""
    known = _DETAILS.get(action) or (_day_then if action in _BY_A_DAY and body["outcome"] == Outcome.DONE else None)
    return known(body) if known else None


_BY_A_DAY = frozenset(
    f"{lived.name}.{step.name}"
    for lived in (CASE, BATCH)
    for step in lived.transitions
    if before_phase_deadline in step.guards
)
"""Steps that are too late after a day. Of one that was not, the entry says which day it was, extensions included."""


def _day_then(body: Mapping[str, Any]) -> Text | None:
    window = body.get("facts", {}).get("window")
    if not window:
        return None
    opens, closes, *_ = map(datetime.fromisoformat, window)
    day = Window(opens, closes).last_day
    return Text(
        f"当时的截止日：{day.year}年{day.month}月{day.day}日（含当日和延期）",
        f"the last day then was {day:%-d %b %Y}, that day and extensions included",
    )


def _counted(body: Mapping[str, Any]) -> Text:
    return Text(
        f"新增 {body['added']}，更新 {body['changed']}，未采用 {body['refused']}",
        f"{body['added']} new, {body['changed']} changed, {body['refused']} not taken",
    )


def _files(body: Mapping[str, Any]) -> Text:
    names = "、".join(one["name"] for one in body["files"] or body.get("gone", ()))
    slot = _SLOTS.get(body["slot"], Text(body["slot"], body["slot"]))
    return Text(f"{slot.zh}：{names}", f"{slot.en}: {names}")


def _seal(body: Mapping[str, Any]) -> Text:
    unit = body["unit"]
    return Text(f"印章为“{unit}”", f"the seal reads “{unit}”") if unit else Text("无印章", "no seal")


def compared(body: Mapping[str, Any]) -> Text:
    """With what a case was compared, and how that was ruled."""
    ruling = Ruling.of(body["ruling"]).label if body.get("ruling") else None
    other = Text(body["other"], body["other"]) if body["other"] else Text("他省案例", "a case of another office")
    return Text(
        f"与 {other.zh} 比对" + (f"，裁定为“{ruling.zh}”" if ruling else ""),
        f"compared with {other.en}" + (f", ruled “{ruling.en}”" if ruling else ""),
    )


def pictures_allowed(pictures: Sequence[Mapping[str, Any]]) -> Text:
    """How many pictures may be published since, and how many no longer."""
    given = sum(bool(one["rights"]) for one in pictures)
    taken = len(pictures) - given
    return Text(f"登记 {given} 张，撤回 {taken} 张", f"{given} recorded, {taken} taken back")


def _role(body: Mapping[str, Any]) -> Text:
    return Role.of(body["role"]).label


def _means(body: Mapping[str, Any]) -> Text | None:
    """By what somebody proved who they are; those before there was a choice do not say."""
    known = [Means.of(one).label for one in str(body.get("means", "")).split("+") if one]
    name = body.get("name", "")
    said = Text("、".join(one.zh for one in known), ", ".join(one.en for one in known))
    return (Text(f"{said.zh}“{name}”", f"{said.en} “{name}”") if name else said) if known else None


def turned_away(body: Mapping[str, Any]) -> Text:
    """Why a file was refused, and for how long its original can be looked at in a dispute."""
    if not body.get("kept_until"):
        return Text(body["zh"], body["en"])
    day = datetime.fromisoformat(body["kept_until"]).astimezone(BEIJING).date()
    return Text(
        f"{body['zh']}原件隔离保存到 {day}，有异议可请审计员核对。",
        f"{body['en']} The original is kept apart until {day}; in a dispute the auditor can look at it.",
    )


def _plainly(key: str) -> Any:
    return lambda body: Text(str(body[key]), str(body[key])) if body.get(key) else None


def _second_look(body: Mapping[str, Any]) -> Text:
    came = Text("同意", "confirmed") if body["passed"] else Text("退回", "sent back")
    return Text(f"{came.zh}：{body['words']}", f"{came.en}: {body['words']}") if body["words"] else came


def _last_day(body: Mapping[str, Any]) -> Text:
    return Text(f"截止日改为 {body['last_day']}", f"last day {body['last_day']}")


_CONTACTS = {
    "contact": Text("联系人", "name"),
    "phone": Text("电话", "telephone"),
    "email": Text("邮箱", "e-mail"),
}


def _contact(field: str) -> Text:
    return _CONTACTS[field.rpartition("_")[2]]


EXPORTS: Mapping[str, Text] = {
    "document": Text("案例正文", "case document"),
    "form": Text("报送表", "report form"),
    "summary": Text("案例汇总表", "summary table"),
    "mail": Text("整批邮件", "mail of a batch"),
    "batch": Text("整批材料", "papers of a batch"),
    "letter": Text("通知邮件", "mail on what became of cases"),
    "objection": Text("给异议人的邮件", "mail to whoever objects"),
    "package": Text("推送包", "package of a push"),
    "passport": Text("案例档案包", "passport of a case"),
    "closing": Text("总结报告", "closing report"),
    "publicity": Text("宣传材料", "pack of publicity"),
    "list": Text("案例清单", "list of cases"),
    "worklist": Text("办理清单", "worklist"),
    "collection": Text("案例集", "collection"),
    "trail": Text("留痕清单", "list of the trail"),
    "overdue": Text("逾期案例", "what is overdue"),
    "courts": Text("各方用时", "time taken by each party"),
    "what_if": Text("假如重算", "what if"),
    "decisions": Text("决定表", "table of decisions"),
    "assignment": Text("评审分派", "who judges what"),
    "scores": Text("评审结果", "scores of judges"),
}
"""What can be taken away."""


def _taken(body: Mapping[str, Any]) -> Text:
    what, rows = EXPORTS.get(body["what"], Text(body["what"], body["what"])), body["rows"]
    narrowed = "，".join(f"{name}={value}" for name, value in body["filter"].items())
    zh, en = (f"，{narrowed}", f", {narrowed}") if narrowed else ("", "")
    if body["what"] in ("trail", "what_if"):
        return Text(f"{what.zh}，{rows} 条{zh}", f"{what.en}, {rows} entr{'y' if rows == 1 else 'ies'}{en}")
    return Text(f"{what.zh}，{rows} 个案例{zh}", f"{what.en}, {rows} case{'' if rows == 1 else 's'}{en}")


def _announced(body: Mapping[str, Any]) -> Text:
    """How many cases were announced, and how many were left."""
    won, lost, left = (len(body.get(name, ())) for name in ("shortlisted", "passed_over", "left"))
    return Text(
        f"入选 {won} 件，不入选 {lost} 件，未公布 {left} 件",
        f"{won} shortlisted, {lost} passed over, {left} not announced",
    )


def _many(body: Mapping[str, Any]) -> Text:
    """Which step, on how many cases, and of how many nothing came."""
    done = body["counts"].get("done", 0)
    left = body["chosen"] - done
    zh, en = (f"，{left} 个没有办", f", {left} not done") if left else ("", "")
    return Text(f"{body['zh']}：{done} 个案例{zh}", f"{body['en']}: {done} case{'' if done == 1 else 's'}{en}")


def _erased(body: Mapping[str, Any]) -> Text:
    files = len(body["files"])
    return Text(
        f"{body['revisions']} 稿、{body['events']} 条留痕的个人信息部分、{files} 个文件",
        f"{body['revisions']} revisions, personal parts of {body['events']} entries, {files} files",
    )


def _job(body: Mapping[str, Any]) -> Text:
    """Which work it was about, and why the system gave it up."""
    kind = KINDS[body["job"]].label if body["job"] in KINDS else Text(body["job"], body["job"])
    many = body.get("many", 1)
    zh, en = f"{kind.zh}（{many} 项）" if many > 1 else kind.zh, f"{kind.en} ({many})" if many > 1 else kind.en
    return Text(f"{zh}：{body['zh']}", f"{en}: {body['en']}") if "zh" in body else Text(zh, en)


def _backed_up(body: Mapping[str, Any]) -> Text:
    return Text(
        f"{body['folder']}，{body['log_size']} 条留痕，{body['documents']} 份材料，清单摘要 {body['manifest']}",
        f"{body['folder']}, {body['log_size']} entries, {body['documents']} documents, manifest {body['manifest']}",
    )


def _dropped(body: Mapping[str, Any]) -> Text:
    names, rule = [one["name"] for one in body["backups"]], body["rule"]
    by_hand = Text("，在服务器上用命令办理", ", by a command on the server") if body.get("by_command") else Text("", "")
    return Text(
        f"{len(names)} 份：{'、'.join(names)}" + (f"，规则 {rule}" if rule else "") + by_hand.zh,
        f"{len(names)}: {', '.join(names)}" + (f", by the rule {rule}" if rule else "") + by_hand.en,
    )


_DETAILS: Mapping[str, Any] = {
    "job.give_up": _job,
    "job.retry": _job,
    "job.dismiss": _job,
    "job.cancel": _job,
    "case.edit": lambda body: Text(
        f"第 {body['revision']} 稿，正文 {body['length']} 字",
        f"revision {body['revision']}, {body['length']} characters",
    ),
    "case.seal": _seal,
    "case.consent": lambda body: (
        Text(body["consent"], body["consent"]) if body["consent"] else Text("撤回同意", "taken back")
    ),
    "case.give_honour": _plainly("honour"),
    "case.end_honour": _plainly("honour"),
    "case.allow_pictures": lambda body: pictures_allowed(body["pictures"]),
    "case.judge_effect": _plainly("effect"),
    "case.confirm_effect": _second_look,
    "case.translate": _plainly("title"),
    "case.adjudicate": compared,
    "case.ask_ruling": compared,
    "push.stay_behind": lambda body: Text(body["zh"], body["en"]),
    "case.turn_away": lambda body: Text(body["zh"], body["en"]),
    "batch.turn_away": lambda body: Text(body["zh"], body["en"]),
    "decision.choose": lambda body: Text(f"{body['case']}：{body['zh']}", f"{body['case']}: {body['en']}"),
    "decision.sign_off": lambda body: Text(f"{body['signed']} 项决定", f"{body['signed']} decisions"),
    "decision.announce": _announced,
    "document.attach": _files,
    "document.detach": _files,
    "document.receive": lambda body: Text(body["zh"], body["en"]),
    "document.refuse": turned_away,
    "document.open": _plainly("name"),
    "document.open_refused": _plainly("name"),
    "document.drop_refused": lambda body: Text(f"{body['files']} 个", f"{body['files']} of them"),
    "document.convert": _plainly("name"),
    "reading.contacts": lambda body: Text(
        "、".join(_contact(one).zh for one in body["fields"]), ", ".join(_contact(one).en for one in body["fields"])
    ),
    "export.take": _taken,
    "privacy.erase_case": _erased,
    "privacy.keep_no_longer": lambda body: Text(
        f"{body['cases']} 个案例、{body['events']} 条留痕的个人信息部分",
        f"{body['cases']} cases, personal parts of {body['events']} entries",
    ),
    "bulk.act": _many,
    "bulk.undo": _many,
    "mail.hand_over": _plainly("subject"),
    "mail.come_back": _plainly("subject"),
    "system.backup": _backed_up,
    "system.drop_backups": _dropped,
    "system.settings": lambda body: Text("、".join(body["changed"]), ", ".join(body["changed"])),
    "arrival.receive": lambda body: Text(*[", ".join(one["name"] for one in body["files"])] * 2),
    "arrival.read": lambda body: Text(
        f"{body['cases']} 个案例，{body['papers']} 份材料，未能接收 {len(body['refused'])} 份",
        f"{body['cases']} cases, {body['papers']} papers, {len(body['refused'])} refused",
    ),
    "arrival.pass_over": _plainly("subject"),
    "arrival.hand_on": _plainly("office"),
    "arrival.take": _plainly("subject"),
    "arrival.answer": _plainly("subject"),
    "arrival.open": _plainly("name"),
    "arrival.open_quarantined": _plainly("name"),
    "batch.describe": _plainly("subject"),
    "batch.seal_summary": _seal,
    "call.ask_what_if": lambda body: Text(
        f"{body['call']} 第 {body['version']} 版，改动 {len(body['places'])} 处",
        f"{body['call']} version {body['version']}, {len(body['places'])} changes",
    ),
    "call.ask_proof": _plainly("call"),
    "call.load": lambda body: Text(f"第 {body['version']} 版", f"version {body['version']}"),
    "call.extend": _last_day,
    "call.set_centre_day": _last_day,
    "prior.import": _counted,
    "made.order": lambda body: Text(body["name"], body["name"]),
    "made.make": lambda body: Text(body["name"], body["name"]),
    "passport.import": lambda body: Text(
        f"{body['number']}，来自 {body['origin']}", f"{body['number']} of {body['origin']}"
    ),
    "passport.refuse": lambda body: Text(body["zh"], body["en"]),
    "register.offices": _counted,
    "register.centres": _counted,
    "person.create": _plainly("name"),
    "person.sign_in": _means,
    "person.confirm": _means,
    "person.add_factor": _means,
    "person.remove_factor": _means,
    "person.clear_factors": lambda body: (
        Text("在服务器上用命令办理", "by a command on the server") if body.get("by_command") else None
    ),
    "person.grant": _role,
    "person.revoke": _role,
    "door.closed": lambda body: Text(f"{body['zh']} {body['path']}", f"{body['en']} {body['path']}"),
    "demo.move_clock": _plainly("to"),
}


# ---- what others may not see -----------------------------------------------------------------------------------------


class Recorded(Protocol):
    """What of an entry tells whether it names something of another office."""

    @property
    def action(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...


def _within_reach(session: Session, actor: Actor, events: Sequence[Event]) -> list[Event]:
    bodies = bodies_within_reach(session, actor, events)
    return [replace(event, body=body) for event, body in zip(events, bodies, strict=True)]


def bodies_within_reach(session: Session, actor: Actor, events: Sequence[Recorded]) -> list[Mapping[str, Any]]:
    """Bodies without what is another office's: a report not ruled a duplicate is left out (docs/decisions.md 6).

    The trail, the page of a case and what happened lately all read through here, so they say the same.
    """
    if stored.reads_every_office(actor):
        return [event.body for event in events]
    compared_with = {str(event.body["other"]) for event in events if _names_another(event)}
    own = stored.numbers_within_reach(session, actor, compared_with) if compared_with else set()
    shown: list[Mapping[str, Any]] = []
    for event in events:
        body = dict(event.body)
        if _names_another(event) and str(body["other"]) not in own:
            body["other"] = ""
        if "matches" in body.get("facts", {}):
            body["facts"] = {**body["facts"], "matches": [one for one in body["facts"]["matches"] if _may_be_told(one)]}
        shown.append(body)
    return shown


def _names_another(event: Recorded) -> bool:
    return event.action in ("case.adjudicate", "case.ask_ruling") and event.body.get("ruling") != Ruling.DUPLICATE


def _may_be_withheld(session: Session, actor: Actor, event: Recorded) -> bool:
    """Whether an entry is of a kind that could tell an office about another's case, if there were anything to tell."""
    return not stored.reads_every_office(actor) and (_names_another(event) or "matches" in event.body.get("facts", {}))


def _may_be_told(match: Mapping[str, Any]) -> bool:
    """Whether an office may read of a likeness that was found: to its own cases, or to one ruled a duplicate."""
    return match.get("level") != Level.NATIONAL or match.get("ruling") == Ruling.DUPLICATE
