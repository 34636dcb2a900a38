"""Cases: finding them, writing them, and everything that may be done with one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy.orm import Session, object_session

from rules.call import Call, Route
from rules.facts import CaseFacts
from rules.roles import Level, Role
from rules.rule import Finding
from rules.selection import another_person_acts
from rules.words import Text
from states.case import CASE, CONTENT, EDITABLE
from states.lifecycle import Standing
from states.reach import Actor, reaches
from states.route import lifecycle_of
from workflow import characters, letters
from workflow.calls import call_standing
from workflow.content import Content
from workflow.engine import Attempt, CannotServe, Engine, NoSuchThing, NoSuchTransition, NotPermitted, Offer, Receipt
from workflow.failpoints import reached
from workflow.store import cases as stored
from workflow.store import facts as stored_facts
from workflow.store import living, papers, people, words
from workflow.store.calls import call_of
from workflow.store.living import Overtaken
from workflow.store.models import MAILED, Case
from workflow.store.reach import whereabouts


@cache
def _engine(route: Route) -> Engine:
    return Engine(lifecycle_of(route), CASE)


def engine_of(call: Call) -> Engine:
    """What moves the cases of a call: the lifecycle that its route derives from the whole one."""
    return _engine(call.route)


class NoSuchCase(NoSuchThing):
    """Not there, or out of reach, which is the same (404)."""


class NotEditable(CannotServe):
    """The content is sealed or under review; it cannot be changed now (409)."""


def find(session: Session, case_id: int, seen_by: Actor) -> Case:
    """One case within a person's reach. Raises NoSuchCase."""
    return _there(stored.one(session, case_id, seen_by))


def numbered(session: Session, number: str, seen_by: Actor) -> Case:
    """The case of a number, within a person's reach. Raises NoSuchCase."""
    return _there(stored.numbered(session, number.strip(), seen_by))


def turned_away(session: Session, case_id: int, said: Text, *, actor: Actor, at: datetime) -> None:
    """Record with a case that somebody sent what could not be served: an unreadable file, or a step too late.

    Raises NoSuchCase.
    """
    case = find(session, case_id, actor)
    owner = papers.Owner(case.stream, case_id=case.id, office_id=case.office_id, revision=case.revision)
    data = {"zh": said.zh, "en": said.en}
    papers.note(session, owner, "case.turn_away", data, actor, at, outcome="refused")


def _there(case: Case | None) -> Case:
    if case is None:
        raise _nothing()
    return case


def _nothing() -> NoSuchCase:
    return NoSuchCase(
        Text(
            "没有这个案例，或者它不在您的职责范围内。请从“案例”列表进入。",
            "There is no such case within your reach. Open it from the list of cases.",
        )
    )


def offers(session: Session, case: Case, *, actor: Actor, at: datetime) -> list[Offer]:
    """Every transition from where the case stands, with every finding: “why not?” answered before anybody tries."""
    rows = stored_facts.case_rows(session, [case.id])
    [facts] = stored_facts.case_facts(session, rows, stored_facts.Inputs.of(actor, at))
    return call_standing.with_bars(
        session, case.call_number, engine_of(facts.call).offers(_standing(rows[0]), actor, facts)
    )


def complete(session: Session, case: Case, *, actor: Actor, at: datetime) -> bool:
    """Whether the content is what the call demands of it, so that a print of it may be sealed."""
    rows = stored_facts.case_rows(session, [case.id])
    [facts] = stored_facts.case_facts(session, rows, stored_facts.Inputs.of(actor, at))
    return all(one.examine(facts) is None for one in CONTENT)


@dataclass(frozen=True)
class Answers:
    """What somebody confirms, and gives as reasons, for one case of many.

    `remark`: in the place of what is said to all of them. `signers`: of the decision that is announced of it.
    """

    confirmed: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""
    signers: tuple[int, ...] = ()

    def on(self, inputs: stored_facts.Inputs) -> stored_facts.Inputs:
        """With what holds for all of them."""
        return replace(
            inputs,
            confirmed=inputs.confirmed | self.confirmed,
            reasons={**inputs.reasons, **self.reasons},
            remark=self.remark.strip() or inputs.remark,
            signers=self.signers,
        )


def act(
    session: Session,
    cases: Sequence[int],
    trigger: str,
    *,
    actor: Actor,
    at: datetime,
    seen: Mapping[int, str] | None = None,
    op: str = "",
    remark: str = "",
    confirmed: frozenset[str] = frozenset(),
    reasons: Mapping[str, str] | None = None,
    new_day: date | None = None,
    own: Mapping[int, Answers] | None = None,
    whole: bool = False,
    posting: letters.Posting | None = None,
    held: Sequence[Any] | None = None,
) -> list[Attempt]:
    """Try one transition on each of the cases, in their order; one is a list of one.

    `seen`: case → the mark (`Case.mark`) of what the person was looking at; another one raises Overtaken, and an empty
    one Unmarked where the step would be taken. `op`: the
    idempotency key; the same key again gives the same attempts and changes nothing. `new_day`: the own last day of a
    line that is returned after the close. `own`: case → answers for it alone, beside those for all. `whole`: all of
    them or none: where one is refused, the refusals are recorded, and the others are not tried. `posting`: when the
    mails leave that the step causes; at once by default. `held`: the rows of these cases, where the caller has them
    locked already. A case that a rule refuses is recorded and left as it is;
    raises NoSuchCase, NoSuchTransition, NotPermitted, Overtaken when it cannot be served at all.
    """
    inputs = stored_facts.Inputs.of(actor, at, remark.strip(), confirmed, reasons or {}, new_day)
    rows = stored_facts.case_rows(session, cases, lock=True) if held is None else held
    if len(rows) < len(set(cases)) or not all(reaches(actor, whereabouts(row)) for row in rows):
        raise _nothing()
    check_alone(trigger)
    already = living.replayed(session, CASE, [row.stream for row in rows], op, actor)
    _check_open(session, {row.call_number for row in rows}, trigger)
    fresh = [row for row in rows if row.stream not in already]
    for row in fresh:
        check_seen(session, row, (seen or {}).get(row.id))
    if trigger == "apply" and fresh:
        stored_facts.lock_counted(session, fresh)
    attempts = rehearse(session, fresh, trigger, actor=actor, inputs=inputs, own=own)
    tried = list(zip(fresh, attempts, strict=True))
    for row, attempt in tried:
        check_marked(attempt, (seen or {}).get(row.id))
    if whole and not all(one.done for one in attempts):
        tried = [(row, one) for row, one in tried if not one.done]
    write(session, tried, op=op, new_day=new_day, posting=posting)
    made = {row.stream: attempt for row, attempt in tried} | already
    return [made[row.stream] for row in rows if row.stream in made]


def _check_open(session: Session, calls: Collection[str], trigger: str) -> None:
    """Raise CallBarred where one of these calls is closed to whoever takes the step, or archived."""
    step = CASE.named(trigger)
    if step is not None:
        for call in calls:
            call_standing.check(session, call, step.by[0].level)


def check_alone(trigger: str) -> None:
    """Raise NoSuchTransition for a step that is only ever part of another act."""
    chosen = CASE.named(trigger)
    if chosen is None or not chosen.through:
        return
    whole = {
        "batch.send": Text("随“汇总报送”的批次一并办理", "part of sending a batch"),
        "push.acknowledge": Text(
            "由国际联络人发起推送、接收方确认后自动办结", "completed when the receiver acknowledges"
        ),
        "push.recall": Text("由国际联络人请接收方撤回、确认后自动办结", "completed when the receiver confirms"),
    }[chosen.through]
    raise NoSuchTransition(
        Text(f"“{chosen.label.zh}”不能单独办理：{whole.zh}。", f"“{chosen.label.en}” is never taken alone: {whole.en}.")
    )


def rehearse(
    session: Session,
    rows: Sequence[Any],
    trigger: str,
    *,
    actor: Actor,
    inputs: stored_facts.Inputs,
    own: Mapping[int, Answers] | None = None,
    known: Mapping[int, CaseFacts] | None = None,
) -> list[Attempt]:
    """What an act would come to, with nothing written. `known`: facts that were gathered for all of these with the same inputs."""
    reached("act.before_facts")
    if known is not None:
        facts = [known[row.id] for row in rows]
    else:
        each = {case: answers.on(inputs) for case, answers in (own or {}).items()}
        facts = stored_facts.case_facts(session, rows, inputs, each)
    reached("act.after_facts")
    return [
        engine_of(one.call).perform(_standing(row), trigger, actor, one, inputs.at, one.remark)
        for row, one in zip(rows, facts, strict=True)
    ]


def write(
    session: Session,
    tried: Sequence[tuple[Any, Attempt]],
    *,
    op: str = "",
    new_day: date | None = None,
    within_batch: bool = False,
    posting: letters.Posting | None = None,
) -> None:
    """Record attempts, move the rows of those that were done, and let what depends on a case follow it.

    `within_batch`: the batch moves with its cases, so they stay its lines.
    """
    made = [living.Tried(row, attempt, _also(row, attempt, new_day), row.id, row.office_id) for row, attempt in tried]
    living.record(session, Case, CASE, made, op)
    moved = [one.row.id for one in made if one.attempt.done]
    words.keep(session, [one.row.id for one in made if one.attempt.done and _comes_further(one)])
    if moved and not within_batch:
        stored.follow(session, moved, tried[0][1].transition.name, tried[0][1].at)
    letters.follow(session, tried, posting)


def _comes_further(one: living.Tried) -> bool:
    """Whether a case is now shown to more people than ever before."""
    name = one.attempt.transition.name
    return name in ("stamp", "submit", "apply") and getattr(one.row, _FIRSTS[name]) is None


_HANDS = {"review": "reviewer_id", "shortlist": "selector_id", "take_up": "selector_id"}
_FIRSTS = {
    "stamp": "first_stamped_at",
    "submit": "first_submitted_at",
    "apply": "first_submitted_at",
    "publish": "published_at",
}


def _also(row: Any, attempt: Attempt, new_day: date | None) -> dict[str, Any]:
    """What else changes in the row: whose hand it was, and when it first came this far."""
    name = attempt.transition.name
    also: dict[str, Any] = {"moved_at": attempt.at}
    if name in _HANDS:
        also[_HANDS[name]] = attempt.actor.id
    if name in _FIRSTS:
        also[_FIRSTS[name]] = getattr(row, _FIRSTS[name]) or attempt.at
    if name in ("return_to_office", "turn_back"):
        also["own_day"] = new_day or row.own_day
    return also


def check_seen(session: Session, row: Any, mark: str | None) -> None:
    """Raise Overtaken, naming who and what, when the case is not what the person was looking at."""
    if not mark or mark == mark_of(row):
        return
    raise Overtaken(stored.who_was_faster(session, [row.id]).get(row.id) or living.FASTER)


def mark_of(row: Any) -> str:
    """What somebody who looks at a row sees: `Case.mark`."""
    return f"{row.version}.{row.revision}"


def check_marked(attempt: Attempt | None, mark: str | None) -> None:
    """Raise Unmarked when somebody would have approved (`attempt` None: sealed, signed) without saying what he saw.

    None: asked for by no form, such as a job of the system. Refusals approve nothing.
    """
    if mark == "" and (attempt is None or attempt.done):
        raise living.Unmarked(living.UNMARKED)


def check_apart(session: Session, case_id: int, step: str, *, actor: Actor, at: datetime) -> None:
    """Raise NotPermitted, saying who may instead, where somebody signs off or rules on what is their own unit's.

    These are no transitions, and follow the same rule (docs/decisions.md 12).
    """
    finding = not_by(session, case_id, step, actor=actor, at=at)
    if finding is not None:
        raise NotPermitted(finding.message)


def not_by(session: Session, case_id: int, step: str, *, actor: Actor, at: datetime) -> Finding | None:
    """Why this person leaves a step that is no transition of the case to somebody else; None where it is theirs."""
    rows = stored_facts.case_rows(session, [case_id])
    [facts] = stored_facts.case_facts(session, rows, stored_facts.Inputs.of(actor, at))
    return another_person_acts.examine(replace(facts, step=step))


def _standing(row: Any) -> Standing:
    return Standing(row.state, centre=row.centre_id, office=row.office_id)


# ---- writing ---------------------------------------------------------------------------------------------------------


def create(
    session: Session,
    *,
    call_version: int,
    centre: int,
    actor: Actor,
    at: datetime,
    op: str = "",
    content: Content | None = None,
    how: str = "screen",
) -> int:
    """Start a case as a draft of a centre; its author is whoever starts it. Gives the case's id.

    Raises NotPermitted when the person is no author of that centre, Unholdable for text that no file can hold.
    """
    check_starts(centre, actor)
    earlier = stored.created_by_op(session, op) if op else None
    if earlier is not None:
        return earlier
    _check_holdable(content or Content())
    call_standing.check(session, call_of(session, call_version).number, Level.CENTRE)
    return stored.insert(session, call_version, centre, content or Content(), how, actor, at, op)


def take_in(
    session: Session,
    *,
    call_version: int,
    centre: Any,
    content: Content,
    actor: Actor,
    at: datetime,
    op: str,
) -> int:
    """Start a case as a draft from papers that its centre sent; it is the centre's author's. Gives the case's id.

    `centre`: its row. Raises NotPermitted for all but the reviewers and leaders of its office, and the national desk.
    """
    check_takes_in(centre, actor)
    earlier = stored.created_by_op(session, op)
    if earlier is not None:
        return earlier
    _check_holdable(content)
    call_standing.check(session, call_of(session, call_version).number, Level.CENTRE)
    authors = people.holding(session, str(Role.AUTHOR), centre.id, None)
    author = authors[0].id if authors else actor.id
    return stored.insert(session, call_version, centre.id, content, MAILED, actor, at, op, author=author)


def check_takes_in(centre: Any, actor: Actor) -> None:
    """Raise NotPermitted when this person takes in nothing that this centre sends."""
    if centre.office_id in actor.units(Role.REVIEWER, Role.LEADER) or Role.DESK in actor.roles:
        return
    raise NotPermitted(
        Text(
            "来件由推荐单位的审核人、负责人或国家局受理人登记，您没有这个职责。",
            "What a centre sends is taken in by its office's reviewers and leaders, or the national desk; you are none.",
        )
    )


def check_starts(centre: int, actor: Actor) -> None:
    """Raise NotPermitted when this person starts no cases for a centre."""
    if centre not in actor.units(Role.AUTHOR):
        raise NotPermitted(
            Text(
                "新建案例由中心的撰稿人办理，您没有这个职责。",
                "Cases are started by an author of the centre; you are none.",
            )
        )


def is_of_centre(case: Any, actor: Actor) -> bool:
    """Whether this person writes or seals for the centre of a case."""
    return case.centre_id in actor.units(Role.AUTHOR, Role.SEALER)


def may_edit(case: Any, actor: Actor) -> bool:
    """Whether this person may change the content now: an author of the centre, while the case is with it."""
    return case.state in EDITABLE and case.centre_id in actor.units(Role.AUTHOR) and takes_changes(case)


def takes_changes(case: Any) -> bool:
    """Whether its call still has centres change it: it is neither closed nor archived."""
    session = object_session(case)
    return session is None or call_standing.closed(session, case.call_number) is None


def check_author(row: Any, actor: Actor) -> None:
    """Raise NotPermitted, saying who could, when this person never changes this case's content."""
    if row.centre_id not in actor.units(Role.AUTHOR):
        raise NotPermitted(
            Text(
                "案例内容由本中心撰稿人修改；其他单位只能退回，不能代改。",
                "Only the centre's authors change a case; others return it.",
            )
        )


def check_editable(session: Session, row: Any, actor: Actor) -> None:
    """Raise NotPermitted or NotEditable, saying who could, when this person may not change the content now."""
    check_author(row, actor)
    if row.state not in EDITABLE:
        here, way = where_it_is(session, row)
        raise NotEditable(
            Text(
                f"案例现在是“{here.zh}”，内容不能修改。{way.zh}",
                f"The case is “{here.en}”; its content cannot change. {way.en}",
            )
        )


def where_it_is(session: Session, row: Any) -> tuple[Text, Text]:
    """Its state as its call has it, and who brings it back from there towards its centre, by which step."""
    lived = engine_of(call_of(session, row.call_version_id)).declared
    leaving = [one for one in lived.leaving(row.state) if one.backward]
    steps = [one for one in leaving if one.target in EDITABLE] or leaving
    here = lived.state(row.state).label
    if not steps:
        return here, Text("现在没有退回的步骤。", "There is no step that brings it back now.")
    zh = "，或".join(f"由{'、'.join(role.label.zh for role in one.by)}“{one.label.zh}”" for one in steps)
    en = ", or ".join(f"“{one.label.en}” ({', '.join(role.label.en for role in one.by)})" for one in steps)
    return here, Text(f"需要修改时，请先{zh}。", f"To change it, it must first go back: {en}.")


def edit(
    session: Session,
    case_id: int,
    content: Content,
    *,
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    how: str = "screen",
    op: str = "",
) -> Receipt | None:
    """Save new content as the next revision; a seal, sign-off or translation of the old one no longer holds.

    Gives None when nothing changed. Raises NotEditable, NotPermitted, Overtaken, Unholdable.
    """
    [row] = stored_facts.case_rows(session, [case_id], lock=True)
    check_author(row, actor)
    earlier = stored.edited_by_op(session, op, case_id)
    if earlier is not None:
        return earlier
    check_editable(session, row, actor)
    call_standing.check(session, row.call_number, Level.CENTRE)
    check_seen(session, row, seen)
    check_marked(None, seen)
    _check_holdable(content)
    if content.changed(salt=row.salt).digest == row.content:
        return None
    return stored.revise(session, row, content, how, actor, at, op)


def _check_holdable(content: Content) -> None:
    """Raise Unholdable where any text has a character that no Word or Excel file can hold."""
    own = (content.title, content.recipient, content.theme_name)
    for text in (*own, *content.sections.values(), *content.form.values()):
        characters.check(text)
