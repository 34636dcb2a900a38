"""What a call is proved to keep before it opens: promises, each kept or broken with a story."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, combinations
from typing import Any

from rules.call import Call, Leg, Recommender, Route, Strength
from rules.catalogue import CATALOGUE
from rules.quotas import contradictions
from rules.roles import Level, Role
from rules.rule import Finding, Rule
from rules.selection import HANDS
from rules.words import Text
from states.batch import BATCH, BatchState
from states.case import EDITABLE, CaseState
from states.judgement import JUDGEMENT, JudgementState
from states.lifecycle import Lifecycle, Transition
from states.objection import OBJECTION
from states.push import PUSH, PushState
from states.reach import Actor, Grant
from states.route import level_of, lifecycle_of, reporting
from workflow.engine import Engine, examine, not_yours
from workflow.proof.exploring import HERE, NONE, NOWHEN, Explored, Move, Supposed, supposed
from workflow.proof.supposing import GOOD, QUOTAS, Moment, failing, moments


def lifecycles_of(call: Call) -> tuple[Lifecycle, ...]:
    """The lifecycles that things live by under a call: cases by its route, batches and pushes where the route has them,
    judgements where it asks for judging, objections where lists stand in public."""
    batch = () if call.route.recommended_by is Recommender.SELF else (BATCH,)
    push = (PUSH,) if Leg.PUSH in call.route.legs else ()
    judgement = (JUDGEMENT,) if call.judging is not None else ()
    objection = (OBJECTION,) if Leg.PUBLIC_NOTICE in call.route.legs else ()
    return (lifecycle_of(call.route), *batch, *push, *judgement, *objection)


Explore = Callable[[Lifecycle, Call], Explored]


class Subject:
    """A call with its lifecycles, as they were explored; `times`: what the time alone forbids, moment by moment."""

    def __init__(self, call: Call, lifecycles: Iterable[Lifecycle], explore: Explore = Explored) -> None:
        self.call = call
        self.explored: Mapping[str, Explored] = {one.name: explore(one, call) for one in lifecycles}
        self.moments = moments(call)
        self._untimely: dict[tuple[str, Moment, Level], frozenset[str]] = {}

    @cached_property
    def case(self) -> Explored | None:
        return self.explored.get("case")

    def untimely(self, lifecycle: Lifecycle, moment: Moment, level: Level) -> frozenset[str]:
        """The rules that do not hold at a moment, whatever else is as it should be."""
        key = (lifecycle.name, moment, level)
        if key not in self._untimely:
            good = _at_level(GOOD[lifecycle.name](self.call, moment.phase, moment.at), level)
            rules = {
                guard.id: guard for step in lifecycle.transitions for guard in step.guards if guard.id not in QUOTAS
            }
            self._untimely[key] = frozenset(
                one.id for one in rules.values() if (found := one.examine(good)) is not None and found.blocks
            )
        return self._untimely[key]


def _at_level(facts: Any, level: Level) -> Any:
    """The same facts in the window of another level, where they know levels."""
    if getattr(facts, "level", level) is level or facts.phase is None:
        return facts
    return replace(facts, level=level, window=facts.phase.window(reporting(level, facts.call.route), facts.call.opened))


@dataclass(frozen=True)
class Verdict:
    """A promise, and what became of it. `looked`: how many situations were looked at; `stories`: how it is broken."""

    id: str
    words: Text
    looked: int
    stories: tuple[Text, ...] = ()
    notes: tuple[Text, ...] = ()
    """What the call's route leaves out of it."""

    @property
    def kept(self) -> bool:
        return not self.stories


@dataclass
class Telling:
    """Collects what a promise finds."""

    looked: int = 0
    stories: list[Text] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)

    def tell(self, zh: str, en: str) -> None:
        self.stories.append(Text(zh, en))


Promise = Callable[[Subject, Telling], None]
PROMISES: dict[str, tuple[Text, Promise]] = {}


def promise(zh: str, en: str) -> Callable[[Promise], Promise]:
    """Enter a promise under its function's name."""

    def enter(made: Promise) -> Promise:
        PROMISES[made.__name__] = (Text(zh, en), made)
        return made

    return enter


def examine_promise(name: str, subject: Subject) -> Verdict:
    """What became of one promise."""
    words, looks = PROMISES[name]
    telling = Telling()
    looks(subject, telling)
    return Verdict(name, words, telling.looked, tuple(dict.fromkeys(telling.stories)), tuple(telling.notes))


# ---- published only what was reviewed and sealed ---------------------------------------------------------------------

_OUT = frozenset({CaseState.PUBLISHED, CaseState.WIPO_PUSHED})
_BEFORE_REVIEW = EDITABLE | {CaseState.CENTRE_STAMPED}
_SEALS: Mapping[str, frozenset[str]] = {
    "good": NONE,
    "none": frozenset({"unit_seal_present"}),
    "another's": frozenset({"seal_names_the_unit"}),
    "void": frozenset({"seal_unbroken"}),
}
_SEAL_WORDS = {
    "none": Text("报送表没有盖章", "the report form bears no seal"),
    "another's": Text("报送表盖的是别的单位的章", "the form bears another unit's seal"),
    "void": Text("盖章之后内容有改动，印章已失效", "the content changed after it was sealed, so the seal is void"),
}


@dataclass(frozen=True)
class _Way:
    """How a case came to where it is; a story is told from it."""

    state: str
    seal: str
    reviewed: bool
    steps: tuple[Move, ...] = field(default=(), compare=False)

    def told(self) -> Text:
        zh = "，".join(f"{one.role.label.zh}办理“{one.step.label.zh}”" for one in self.steps)
        en = ", ".join(f"the {one.role.label.en.lower()} takes “{one.step.label.en}”" for one in self.steps)
        return Text(zh, en)


@promise(
    "没有经过审核推荐、没有有效盖章的案例，不会公开发布",
    "Nothing is published without review, a recommendation and a valid seal",
)
def published_only_reviewed_and_sealed(subject: Subject, telling: Telling) -> None:
    """Every way of a case from draft to the public, while content and seal change under it."""
    if subject.case is None:
        return
    route = subject.call.route
    if route.recommended_by is Recommender.SELF:
        telling.notes.append(
            Text("本通知由中心自荐，不经主管部门审核", "centres report themselves, without review by an office")
        )
    if Leg.CENTRE_SEAL not in route.legs:
        telling.notes.append(Text("本通知不要求盖章", "no seal is asked for"))
    start = [_Way(str(subject.case.lifecycle.initial), seal, False) for seal in _SEALS]
    seen, waiting = set(start), list(start)
    while waiting:
        here = waiting.pop(0)
        for there in _next(subject.case, here):
            telling.looked += 1
            if there.state in _OUT and here.state not in _OUT:
                _told_of_publication(route, there, telling)
            if there not in seen:
                seen.add(there)
                waiting.append(there)


def _next(case: Explored, here: _Way) -> Iterator[_Way]:
    if here.state in EDITABLE:
        yield from (replace(here, seal=seal, reviewed=False) for seal in _SEALS)
    elif here.seal == "good" and here.state not in _OUT:
        yield replace(here, seal="void")  # a signed file is lost, or its certificate is no longer trusted
    for move in case.leaving(here.state, _SEALS[here.seal]):
        yield _Way(move.target, here.seal, _reviewed(move, here.reviewed), (*here.steps, move))


def _reviewed(move: Move, before: bool) -> bool:
    """Whether the province has reviewed what is there now: a step back to the centre's side leaves that behind."""
    if move.target in _BEFORE_REVIEW:
        return False
    return before or (move.role.level is Level.OFFICE and move.target == CaseState.PROVINCE_REVIEWED)


def _told_of_publication(route: Route, way: _Way, telling: Telling) -> None:
    told = way.told()
    if not way.reviewed and route.recommended_by is not Recommender.SELF:
        telling.tell(
            f"{told.zh}：案例没有经过审核推荐，却已公开发布。",
            f"{told.en}: the case is public, and no province reviewed it.",
        )
    if way.seal != "good" and Leg.CENTRE_SEAL in route.legs:
        why = _SEAL_WORDS[way.seal]
        telling.tell(f"{told.zh}：{why.zh}，案例却已公开发布。", f"{told.en}: {why.en}, and yet the case is public.")


# ---- nobody approves their own ---------------------------------------------------------------------------------------

_JUDGED: Mapping[Role, tuple[str, ...]] = {
    Role.SEALER: ("author",),
    Role.REVIEWER: ("centre",),
    Role.LEADER: ("centre", "reviewer"),
    Role.DESK: ("centre", "office"),
    Role.EDITOR: ("centre", "office"),
    Role.LIAISON: ("centre", "office"),
}
"""Whose step it is → whose work the step passes judgement on (docs/decisions.md 12)."""
_PUBLISHER = ("centre", "office", "selector")
_NO_JUDGEMENT = frozenset(
    {
        ("case", "unstamp"),
        ("case", "withdraw"),
        ("case", "resume"),
        ("case", "submit"),
        ("case", "apply"),
        ("case", "recall_push"),
        ("batch", "reopen"),
    }
)
"""Steps that judge nobody's work: a unit takes back its own, or hands on what was judged (a batch is judged when sent)."""

_OWN = "another_person_acts"
_PERSON = 7


@promise("谁也不能审批自己或本单位经手的案例", "Nobody passes judgement on what they or their own unit had a hand in")
def nobody_approves_their_own(subject: Subject, telling: Telling) -> None:
    """Every step that judges, tried by somebody with any set of hands in the thing."""
    for explored in subject.explored.values():
        lifecycle = explored.lifecycle
        if lifecycle.name not in GOOD or lifecycle.name in (
            "push",
            "judgement",
            "objection",
        ):  # a judge is kept off by conflicts
            continue
        for step in _judging(lifecycle):
            role = step.by[0]
            of = _PUBLISHER if step.target == CaseState.PUBLISHED and not step.through else _JUDGED[role]
            for hands in _subsets(HANDS):
                telling.looked += 1
                judged = [one for one in of if one in hands]
                if judged and not _kept_off(subject, lifecycle, step, hands):
                    hand = HANDS[judged[0]]
                    telling.tell(
                        f"有一个人是这件{lifecycle.label.zh}的{hand.zh}人，同时又是{role.label.zh}。"
                        f"他办理“{step.label.zh}”，系统没有拦下：他审批了自己经手的事。",
                        f"Somebody {hand.en} and is {role.label.en.lower()} as well. They take “{step.label.en}” of this "
                        f"{lifecycle.label.en.lower()}, and nothing stops them: they approve their own work.",
                    )
                    break


def _judging(lifecycle: Lifecycle) -> Iterator[Transition]:
    for step in lifecycle.transitions:
        if step.by[0] in _JUDGED and (lifecycle.name, step.name) not in _NO_JUDGEMENT:
            yield step


def _distances(lifecycle: Lifecycle) -> Mapping[str, int]:
    """State → the fewest steps to it from the start."""
    far, edge = {str(lifecycle.initial): 0}, [str(lifecycle.initial)]
    while edge:
        here = edge.pop(0)
        for step in lifecycle.leaving(here):
            if str(step.target) not in far:
                far[str(step.target)] = far[here] + 1
                edge.append(str(step.target))
    return far


def _kept_off(subject: Subject, lifecycle: Lifecycle, step: Transition, hands: frozenset[str]) -> bool:
    """Whether the step is refused to somebody with these hands, by the rules as they are on the facts as they would be."""
    moment = subject.moments[0]
    facts = replace(
        GOOD[lifecycle.name](subject.call, moment.phase, moment.at),
        actor=_PERSON,
        hands={one: frozenset({_PERSON}) for one in hands},
    )
    return any(one.rule == _OWN and one.blocks for one in examine(step, facts))


def _subsets(of: Iterable[str]) -> Iterator[frozenset[str]]:
    every = list(of)
    return (frozenset(one) for one in chain.from_iterable(combinations(every, size) for size in range(len(every) + 1)))


# ---- no dead end -----------------------------------------------------------------------------------------------------


@promise(
    "没有死路：不论何时走到哪一步，都有人能把事情办到一个归宿；每个阶段都能从头办到底",
    "No dead end: from wherever things stand, whenever, somebody can bring them to rest; and every phase can be lived whole",
)
def no_dead_end(subject: Subject, telling: Telling) -> None:
    """Every state at every moment of every phase: who can do what there, and whether it leads to rest."""
    for explored in subject.explored.values():
        lifecycle = explored.lifecycle
        for phase in subject.call.phases:
            times = [one for one in subject.moments if one.phase is phase]
            met = met_at(subject, explored, times)
            telling.looked += len(met)
            at_rest = _can_rest(subject, explored, times)
            for state, number in sorted(met - at_rest, key=lambda one: (one[1], one[0])):
                here, when = lifecycle.state(state).label, times[number].label
                telling.tell(
                    f"{when.zh}，{lifecycle.label.zh}处于“{here.zh}”：此后没有任何人能办理任何一步使它有个归宿。",
                    f"At {when.en} a {lifecycle.label.en.lower()} is “{here.en}”: nobody can bring it to rest from there.",
                )
            missed = {str(one) for one in lifecycle.states} - {state for state, _ in met}
            for state in sorted(missed):
                here = lifecycle.state(state).label
                telling.tell(
                    f"在{phase.label.zh}，没有一条路能把{lifecycle.label.zh}办到“{here.zh}”，即使处处符合要求。",
                    f"In {phase.label.en} no way leads a {lifecycle.label.en.lower()} to “{here.en}”, even when all is in order.",
                )
        for state in map(str, lifecycle.states):
            telling.looked += 1
            if not any(True for _ in explored.leaving(state)):
                here = lifecycle.state(state).label
                telling.tell(
                    f"{lifecycle.label.zh}处于“{here.zh}”时，没有任何职责能办理任何一步。",
                    f"While a {lifecycle.label.en.lower()} is “{here.en}” there is no role that can take any step.",
                )
    if all(_binding(subject.call, one) for one in QUOTAS):
        for least, most in contradictions(subject.call):
            telling.tell(
                f"“{least.id}”最少 {least.minimum} 个，“{most.id}”最多 {most.maximum} 个，而前者计入的后者都计入：两项不能同时做到。",
                f"“{least.id}” asks at least {least.minimum} and “{most.id}” at most {most.maximum}, and whatever counts for the "
                "former counts for the latter: nobody can do both.",
            )


def _binding(call: Call, rule: str) -> bool:
    """Whether a rule is in force and no reason answers it."""
    return rule in call.rules and call.rules[rule].strength is Strength.MUST


_EXTENDED = frozenset({"before_phase_deadline"})
"""What the director lifts for one office or for all, on record (`workflow.calls.deadlines`)."""


def _moves(
    subject: Subject, explored: Explored, state: str, moment: Moment, lifted: frozenset[str] = NONE
) -> Iterator[Move]:
    """What can be done at a moment when all else is in order."""
    for move in explored.leaving(state):
        if not move.stops & subject.untimely(explored.lifecycle, moment, move.role.level) - lifted:
            yield move


def met_at(subject: Subject, explored: Explored, times: Sequence[Moment]) -> set[tuple[str, int]]:
    start = (str(explored.lifecycle.initial), 0)
    reached, waiting = {start}, [start]
    while waiting:
        state, number = waiting.pop()
        after = [(move.target, number) for move in _moves(subject, explored, state, times[number])]
        if number + 1 < len(times):
            after.append((state, number + 1))
        new = set(after) - reached
        reached |= new
        waiting.extend(new)
    return reached


def _can_rest(subject: Subject, explored: Explored, times: Sequence[Moment]) -> set[tuple[str, int]]:
    """(State, moment) from which a resting place is reached, then or later; the director may extend the phase for it."""
    resting = {str(one) for one in explored.lifecycle.resting}
    found = {(state, number) for state in resting for number in range(len(times))}
    every = [(str(state), number) for state in explored.lifecycle.states for number in reversed(range(len(times)))]
    grown = True
    while grown:
        grown = False
        for state, number in every:
            if (state, number) in found:
                continue
            moves = _moves(subject, explored, state, times[number], _EXTENDED)
            if (state, number + 1) in found or any((move.target, number) in found for move in moves):
                found.add((state, number))
                grown = True
    return found


# ---- every refusal explains itself -----------------------------------------------------------------------------------

_UNFILLED = re.compile(r"\{\w*\}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@promise(
    "每一次“未办成”都说得清楚：有原话、有条款，说明由谁能解决或到何时可办",
    "Every refusal explains itself: words, clause, and who can lift it or from when it holds",
)
def every_refusal_explains_itself(subject: Subject, telling: Telling) -> None:
    """Each guard of each step, failing in each way that the call leaves open, as the rule itself says it."""
    for explored in subject.explored.values():
        for step in explored.lifecycle.transitions:
            _told_of_others(step, telling)
            for guard in explored.guards(step):
                _told_of_guard(subject, explored.lifecycle, step, guard, telling)


def _told_of_others(step: Transition, telling: Telling) -> None:
    telling.looked += 1
    said = not_yours(step)
    if not step.by or not all(step.label) or _UNFILLED.search(said.zh + said.en):
        telling.tell(
            f"别人来办“{step.label.zh}”时，拒绝的话里说不出该由谁办理。",
            f"Somebody else tries “{step.label.en}”, and the refusal does not say whose step it is.",
        )


def _told_of_guard(
    subject: Subject, lifecycle: Lifecycle, step: Transition, guard: Rule[Any], telling: Telling
) -> None:
    findings = list(findings_of(subject, lifecycle, step, guard))
    if not findings and guard.id not in _MAY_BE_IDLE:
        telling.tell(
            f"“{step.label.zh}”要核对“{guard.demand}”，但本通知之下没有一种情形会使它不成立，说不出会怎样拒绝。",
            f"“{step.label.en}” asks {guard.id}, but under this call nothing makes it fail, so its refusal is not known.",
        )
    for finding in findings:
        telling.looked += 1
        for zh, en in _lacking(subject.call, finding):
            telling.tell(
                f"“{step.label.zh}”因“{guard.demand}”未办成时，{zh}。当时的原话是：“{finding.message.zh}”",
                f"“{step.label.en}” is refused by {guard.id}, and {en}. It said: “{finding.message.en}”",
            )


_MAY_BE_IDLE = frozenset(
    {"contents_confirmed", "province_recommends_enough", "centre_reports_enough", "length_within_limit", _OWN}
)
"""Rules that ask for nothing where the call gives no number, list or point to confirm, or at a step that judges nobody."""


def findings_of(subject: Subject, lifecycle: Lifecycle, step: Transition, guard: Rule[Any]) -> Iterator[Finding]:
    """What a guard of a step says, failing in each way and in each phase."""
    for phase in subject.call.phases:
        moment = next(one for one in subject.moments if one.phase is phase)
        good = GOOD[lifecycle.name](subject.call, phase, moment.at)
        good = replace(good, step=step.name)
        for facts in failing(guard.id, good):
            found = guard.examine(facts)
            if found is not None:
                yield found


def _lacking(call: Call, finding: Finding) -> Iterator[tuple[str, str]]:
    message, asked = finding.message, call.rules[finding.rule]
    if not _CHINESE.search(message.zh) or not message.en.strip():
        yield "少了中文或英文的话", "it lacks words in Chinese or English"
    if _UNFILLED.search(message.zh + message.en):
        yield "话里留有没有填上的空", "its words hold blanks"
    if not finding.clause.strip() or not (asked.says or asked.decision):
        yield "说不出依据哪一条", "it names no clause and no words of the notice"
    people = [role for role in finding.lifted_by if role is not Role.SYSTEM]
    if not people and finding.holds_from is None:
        yield "说不出由谁解决、到何时可办", "it names nobody who can lift it and no time"


# ---- every step can be taken back ------------------------------------------------------------------------------------


@promise(
    "每一步都能撤回：回到原来的状态，或回到一个有路可回的状态；状态相同、事实相同，可办的事也相同",
    "Every step can be taken back, to the state it left or to one from which a way leads back; where the state is the same, "
    "equal facts give equal offers",
)
def every_step_can_be_taken_back(subject: Subject, telling: Telling) -> None:
    """Each step taken and its inverse after it, by the engine, with everything else that guards may say before and after."""
    for explored in subject.explored.values():
        engine = Engine(supposed(explored.lifecycle))
        for move in explored.moves:
            backs = [one for one in explored.leaving(move.target) if one.step.name == move.step.undone_by]
            telling.looked += 1
            if not backs:
                _told_of_no_way_back(explored.lifecycle, move, telling)
            for back in backs:
                if back.target == move.state:
                    _compare_offers(subject.call, explored, engine, move, back, telling)
                elif not _leads(explored, back.target, move.state) and not _parked(explored, move, back):
                    here, there = (
                        explored.lifecycle.state(move.state).label,
                        explored.lifecycle.state(back.target).label,
                    )
                    telling.tell(
                        f"从“{here.zh}”办理“{move.step.label.zh}”，再以“{back.step.label.zh}”撤回，到了“{there.zh}”，"
                        f"从那里没有路回到“{here.zh}”。",
                        f"From “{here.en}” “{move.step.label.en}” is taken, and taken back by “{back.step.label.en}”; it is now "
                        f"“{there.en}”, from where no way leads back to “{here.en}”.",
                    )


def _told_of_no_way_back(lifecycle: Lifecycle, move: Move, telling: Telling) -> None:
    here = lifecycle.state(move.state).label
    telling.tell(
        f"从“{here.zh}”办理“{move.step.label.zh}”之后，没有人能用“{move.step.undone_by}”把它撤回。",
        f"After “{move.step.label.en}” from “{here.en}” nobody can take it back by “{move.step.undone_by}”.",
    )


def _parked(explored: Explored, move: Move, back: Move) -> bool:
    """Whether taking back leads to a named resting place from where the step can be taken anew."""
    return back.target in explored.lifecycle.resting and _leads(explored, back.target, move.target)


def _leads(explored: Explored, start: str, goal: str) -> bool:
    reached, waiting = {start}, [start]
    while waiting:
        for move in explored.leaving(waiting.pop()):
            if move.target not in reached:
                reached.add(move.target)
                waiting.append(move.target)
    return goal in reached


def _compare_offers(call: Call, explored: Explored, engine: Engine, move: Move, back: Move, telling: Telling) -> None:
    """The engine's offers before a step, and after it and its inverse, for each guard failing alone and all at once."""
    rules = {guard.id for step in explored.lifecycle.leaving(move.state) for guard in explored.guards(step)}
    for broken in (NONE, *(frozenset({one}) for one in sorted(rules)), frozenset(rules)):
        where, facts = replace(HERE, state=move.state), Supposed(call, broken)
        before = engine.offers(where, _holder(move.role), facts)
        for one in (move, back):
            engine.perform(where, one.step.name, _holder(one.role), Supposed(call), NOWHEN)
        telling.looked += 1
        if engine.offers(where, _holder(move.role), facts) != before:
            here = explored.lifecycle.state(move.state).label
            telling.tell(
                f"从“{here.zh}”办理“{move.step.label.zh}”又撤回，状态和事实都没有变，可办的事却变了。",
                f"“{move.step.label.en}” is taken from “{here.en}” and taken back; state and facts are as before, yet other "
                "steps are offered.",
            )
            return


def _holder(role: Role) -> Actor:
    unit = {Level.CENTRE: HERE.centre, Level.OFFICE: HERE.office}.get(role.level)
    return Actor(1, "", frozenset({Grant(role, unit)}))


# ---- what the notice asks is asked -----------------------------------------------------------------------------------

_OF_CONTENT = frozenset({"rules.scope", "rules.text", "rules.papers", "rules.prior"})
_GATES = (CaseState.CENTRE_STAMPED, CaseState.PROVINCE_REVIEWED, CaseState.SUBMITTED)
_REPORTING = frozenset(
    {
        ("case", Level.CENTRE, CaseState.CENTRE_STAMPED),
        ("case", Level.CENTRE, CaseState.SUBMITTED),
        ("case", Level.OFFICE, CaseState.SUBMITTED),
        ("batch", Level.OFFICE, BatchState.SENT),
    }
)
"""(Lifecycle, who, where it leads): the steps that report to the next level."""


@promise("通知的每一项要求，都有一步会核对", "Everything that the notice asks is asked at some step")
def every_demand_is_asked(subject: Subject, telling: Telling) -> None:
    """Each rule in force, looked for among the guards that stop a step."""
    stopping = {guard for one in subject.explored.values() for move in one.moves for guard in move.stops}
    for name in subject.call.rules:
        telling.looked += 1
        if name not in stopping:
            demand = CATALOGUE[name].demand
            telling.tell(
                f"通知要求“{demand}”，但没有一步会因此拦下：不符合的也一路办到底。",
                f"The notice asks {name}, yet no step is ever stopped by it: what does not comply passes to the end.",
            )
    _told_of_quotas(subject, telling)
    confirmed = subject.call.confirmations if "contents_confirmed" in subject.call.rules else ()
    for one in confirmed:
        telling.looked += 1
        moves = [move for move in subject.case.moves if move.step.name == one.step] if subject.case else []
        if not moves or not all("contents_confirmed" in move.stops for move in moves):
            telling.tell(
                f"通知要求在“{one.step}”这一步由人确认“{one.text.zh}”，但没有确认也办得成。",
                f"The notice has “{one.text.en}” confirmed at {one.step}, yet that step is taken without it.",
            )


_BOUNDS = {"quotas_reached": Text("最少数", "minimum"), "quotas_not_exceeded": Text("最多数", "maximum")}


def _told_of_quotas(subject: Subject, telling: Telling) -> None:
    """Each bound of each quota, by itself: something must be stopped by it."""
    if BATCH.name not in subject.explored:
        return
    moment = subject.moments[0]
    good = GOOD[BATCH.name](subject.call, moment.phase, moment.at)
    for name, bound in _BOUNDS.items():
        for facts in failing(name, good) if name in subject.call.rules else ():
            telling.looked += 1
            if CATALOGUE[name].examine(facts) is None:
                [quota] = facts.call.quotas
                telling.tell(
                    f"通知的数量要求“{quota.id}”写了{bound.zh}，但没有一种情形会因此拦下。",
                    f"The quota “{quota.id}” has a {bound.en}, yet nothing is ever stopped by it.",
                )


@dataclass(frozen=True)
class _Concern:
    """Demands, and the moves of a lifecycle that they concern, in whatever way a thing comes to them."""

    lifecycle: str
    rules: Callable[[Rule[Any]], bool]
    moves: Callable[[Lifecycle, Move], bool]


def _named(*names: str) -> Callable[[Rule[Any]], bool]:
    return lambda one: one.id in names


def _of_content(one: Rule[Any]) -> bool:
    return one.module in _OF_CONTENT or one.id == "theme_belongs_to_phase"


def _to(*targets: str) -> Callable[[Lifecycle, Move], bool]:
    return lambda _, move: move.target in targets


def _through_a_gate(lifecycle: Lifecycle, move: Move) -> bool:
    far = _distances(lifecycle)
    return move.target in _GATES and (far[move.target] > far[move.state] or move.state in EDITABLE)


def _made_public(_: Lifecycle, move: Move) -> bool:
    return move.target == CaseState.PUBLISHED and move.state not in _OUT


def _gone_abroad(_: Lifecycle, move: Move) -> bool:
    return move.target == CaseState.WIPO_PUSHED


def _come_back_from_abroad(_: Lifecycle, move: Move) -> bool:
    return move.state == CaseState.WIPO_PUSHED


def _sealed_or_sent(_: Lifecycle, move: Move) -> bool:
    return move.role is Role.LEADER


def _undoing(_: Lifecycle, move: Move) -> bool:
    return move.step.undoes is not None


def _reported(lifecycle: Lifecycle, move: Move) -> bool:
    """By a step of its own: of what goes in a batch it is asked once, of the batch."""
    return (lifecycle.name, move.role.level, move.target) in _REPORTING and not move.step.through


def _selected(_: Lifecycle, move: Move) -> bool:
    return move.state == CaseState.SUBMITTED and move.target in (CaseState.SHORTLISTED, CaseState.NOT_SELECTED)


def _taking(*steps: str) -> Callable[[Lifecycle, Move], bool]:
    return lambda _, move: move.step.name in steps


_OF_SCORES = ("case_names_nobody", "every_picture_looked_at", "scores_within_scale", "every_criterion_scored")

_CONCERNS = (
    _Concern("case", _of_content, _through_a_gate),
    _Concern(
        "case",
        _named("consent_given", "sign_offs_complete", "public_notice_has_ended", "no_open_objection"),
        _made_public,
    ),
    _Concern(
        "case",
        _named(
            "consent_given",
            "consent_abroad_given",
            "picture_rights_cleared",
            "effect_outstanding",
            "effect_confirmed",
            "english_is_current",
            "english_checked",
        ),
        _gone_abroad,
    ),
    *(_Concern(name, _named("reported_by_the_day_asked_for"), _reported) for name in ("case", "batch")),
    _Concern("case", _named("decision_signed_off"), _selected),
    _Concern("case", _named("recall_confirmed"), _come_back_from_abroad),
    _Concern("push", _named("recall_confirmed"), _to(PushState.RECALLED)),
    _Concern("push", _named("reason_given"), _to(PushState.FAILED)),
    _Concern(
        "batch",
        _named("summary_sealed", "every_form_attached", "every_case_document_attached"),
        _sealed_or_sent,
    ),
    _Concern("judgement", _named("judge_has_no_conflict", "case_is_being_selected"), _taking("accept", "invite_again")),
    _Concern("judgement", _named("case_names_nobody", "every_picture_looked_at"), _taking("accept")),
    _Concern("judgement", _named("reason_given"), _taking("invite_again")),
    *(
        _Concern("judgement", _named("judge_has_no_conflict", "case_is_being_selected", *_OF_SCORES), _to(state))
        for state in (JudgementState.SCORED, JudgementState.LOCKED)
    ),
    *(_Concern(name, _named("reason_given"), _undoing) for name in ("case", "batch", "push", "judgement", "objection")),
)


@promise(
    "一项要求关系到的每一步都核对它：内容和印章在每一关，签发在每次入选和不入选，同意、签发和公示在每次发布，确认在每次撤回，理由在每次撤销",
    "A demand is asked at every step that it concerns: content and seal at each gate, sign-offs whenever a case is "
    "chosen or passed over, consent, sign-offs and public notice whenever something is published, a confirmation at each "
    "recall, a reason for whatever undoes something",
)
def every_step_asks_what_concerns_it(subject: Subject, telling: Telling) -> None:
    """Between two steps anything may change, so what was asked before is asked again."""
    for concern in _CONCERNS:
        explored = subject.explored.get(concern.lifecycle)
        for move in explored.moves if explored else ():
            if explored and concern.moves(explored.lifecycle, move):
                _told_unasked(subject.call, explored.lifecycle, move, concern, telling)


def _told_unasked(call: Call, lifecycle: Lifecycle, move: Move, concern: _Concern, telling: Telling) -> None:
    for name in call.rules:
        if concern.rules(one := CATALOGUE[name]):
            telling.looked += 1
            if name not in move.stops:
                here = lifecycle.state(move.state).label
                telling.tell(
                    f"{lifecycle.label.zh}处于“{here.zh}”，这时不符合“{one.demand}”；{move.role.label.zh}办理"
                    f"“{move.step.label.zh}”，没有被拦下。",
                    f"A {lifecycle.label.en.lower()} is “{here.en}” and does not meet {one.id}; the "
                    f"{move.role.label.en.lower()} takes “{move.step.label.en}”, and nothing stops it.",
                )


@promise("截止之后退回的，都给出重新报送的日子", "What is returned after the close is given a day for sending it again")
def what_is_returned_can_be_sent_again(subject: Subject, telling: Telling) -> None:
    """Each return by the national office of what was reported to it, whenever it is too late to send it again."""
    for explored in subject.explored.values():
        for move in explored.moves:
            back = move.target in (CaseState.PROVINCE_REVIEWED, CaseState.RETURNED, BatchState.COLLECTING)
            if back and move.role.level is Level.NATIONAL and "new_day_given" in subject.call.rules:
                for moment in subject.moments:
                    _told_of_no_day(subject, explored, move, moment, telling)


def _told_of_no_day(subject: Subject, explored: Explored, move: Move, moment: Moment, telling: Telling) -> None:
    call, lifecycle = subject.call, explored.lifecycle
    again = level_of(move.target, call.route) if lifecycle.name == "case" else Level.OFFICE
    if moment.at < moment.phase.window(again, call.opened).closes:
        return
    telling.looked += 1
    good = _at_level(GOOD[lifecycle.name](call, moment.phase, moment.at), move.role.level)
    found = CATALOGUE["new_day_given"].examine(replace(good, step=move.step.name, new_day=None))
    if "new_day_given" in move.stops and found is not None and found.blocks:
        return
    here = lifecycle.state(move.state).label
    telling.tell(
        f"{moment.label.zh}，{again.label.zh}已经截止，{move.role.label.zh}对处于“{here.zh}”的{lifecycle.label.zh}办理"
        f"“{move.step.label.zh}”，没有给新的截止日，也没有被拦下：再也报不上来。",
        f"At {moment.label.en} it is too late for “{again.label.en}”. The {move.role.label.en.lower()} takes "
        f"“{move.step.label.en}” on what is “{here.en}” without giving a new last day, and nothing stops it: it can never be "
        "sent again.",
    )


@promise("不在受理期内的，哪一级都不能向上报送", "Outside its phase nothing is reported to the next level")
def nothing_is_sent_outside_its_phase(subject: Subject, telling: Telling) -> None:
    """Each step that reports onwards, at each moment of each phase, by the rules as they are."""
    for explored in subject.explored.values():
        for move in explored.moves:
            if (explored.lifecycle.name, move.role.level, move.target) in _REPORTING:
                for moment in subject.moments:
                    telling.looked += 1
                    _told_of_time(subject, explored, move, moment, telling)


def _told_of_time(subject: Subject, explored: Explored, move: Move, moment: Moment, telling: Telling) -> None:
    window = moment.phase.window(move.role.level, subject.call.opened)
    if window.opens <= moment.at < window.closes:
        return
    name = "phase_has_opened" if moment.at < window.opens else "before_phase_deadline"
    stopped = move.stops & subject.untimely(explored.lifecycle, moment, move.role.level)
    if name in subject.call.rules and name not in stopped:
        telling.tell(
            f"{moment.label.zh}，{move.role.label.zh}办理“{move.step.label.zh}”，没有被拦下。",
            f"At {moment.label.en} the {move.role.label.en.lower()} takes “{move.step.label.en}”, and nothing stops it.",
        )
